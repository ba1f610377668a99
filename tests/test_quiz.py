"""Predictions: every question is well-formed, and what is drawn is safe, small and repeatable."""

import re
from html.parser import HTMLParser

import pytest

from course_utils.exercises.showing.quiz import LESSONS, Answer, Quiz, load_quizzes, quiz

QUIZZES = load_quizzes()
LATEX = re.compile(r"\$|\\[a-zA-Z(\[]")
MAX_BYTES = 15_000


def texts(question):
    """Everything a learner reads in a question."""
    return [question.question, *(part for a in question.answers for part in (a.text, a.feedback))]


@pytest.fixture(params=QUIZZES.values(), ids=QUIZZES)
def question(request):
    return request.param


def test_every_file_is_a_lesson_and_holds_questions():
    files = [path for path in LESSONS.glob("*/*") if path.suffix == ".toml"]
    assert {path.name for path in files} == {"quiz.toml", "cards.toml", "review.toml"}
    lessons = {path.parent.name for path in files if path.name == "quiz.toml"}
    assert lessons == {f"lesson_{key[:2]}" for key in QUIZZES}


def test_questions_about_figures_say_so():
    """One in each lesson from 01 to 18 whose figure is misread easily."""
    looked = [key for key, question in QUIZZES.items() if question.word == "Look"]
    assert looked == [key for key in QUIZZES if key.endswith(".seen")]
    assert {question.word for question in QUIZZES.values()} == {"Predict", "Look"}
    assert len(looked) == 18


def test_exactly_one_answer_is_right(question):
    assert 3 <= len(question.answers) <= 4
    assert [answer.correct for answer in question.answers].count(True) == 1


def test_the_right_answer_has_no_favourite_place():
    places = {[a.correct for a in question.answers].index(True) for question in QUIZZES.values()}
    assert places >= {0, 1, 2}


def test_every_answer_is_explained_in_plain_text(question):
    assert re.fullmatch(r"\d\d\.[a-z0-9_]+", question.key)
    for text in texts(question):
        assert text == text.strip() and text
        assert not LATEX.search(text), text
    assert len({answer.text for answer in question.answers}) == len(question.answers)
    assert len({answer.feedback for answer in question.answers}) == len(question.answers)
    assert all(len(answer.feedback) > 40 for answer in question.answers)


def test_text_form_shows_the_choice_and_keeps_the_secret(question):
    shown = " ".join(repr(question).split())
    first = question.answers[0].text
    assert shown.startswith(f"{question.word}: {question.question} A. {first} B. ")
    assert not any(answer.feedback in shown for answer in question.answers)
    assert max(map(len, repr(question).splitlines())) <= 88


def test_html_is_small_and_the_same_each_time(question):
    html = question._repr_html_()
    assert len(html.encode()) < MAX_BYTES
    assert html == quiz(question.key)._repr_html_()
    assert "http" not in html and " id=" not in html


def test_html_holds_everything_without_a_script(question):
    """What is left when JupyterLab drops style and script: all the text, the answer folded away."""
    reader = Reader()
    reader.feed(question._repr_html_())
    assert reader.open_tags == []
    read = " ".join(reader.text)
    assert all(text in read for text in texts(question))
    assert not any(answer.feedback in " ".join(reader.unfolded) for answer in question.answers)


class Reader(HTMLParser):
    """Collects the text of a page outside style and script, and the part outside <details>."""

    def __init__(self):
        super().__init__()
        self.open_tags, self.text, self.unfolded = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag != "br":
            self.open_tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open_tags.pop() == tag

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open_tags):
            self.text.append(data.strip())
            if "details" not in self.open_tags:
                self.unfolded.append(data.strip())


def test_html_in_a_question_is_shown_not_obeyed():
    wicked = '<script>alert("no")</script> & <b>'
    html = Quiz("99.x", wicked, (Answer(wicked, True, wicked),))._repr_html_()
    assert "<script>alert" not in html
    assert html.count("&lt;script&gt;alert(&quot;no&quot;)&lt;/script&gt; &amp; &lt;b&gt;") == 3


def test_unknown_question_lists_those_of_the_lesson():
    with pytest.raises(ValueError) as error:
        quiz("01.axis")
    message = str(error.value)
    assert "Did you mean '01.axes'?" in message
    assert all(key in message for key in QUIZZES if key.startswith("01."))
    assert "00.first_prediction" not in message


def test_unknown_lesson_lists_all_questions():
    with pytest.raises(ValueError) as error:
        quiz("99.nothing")
    assert all(key in str(error.value) for key in QUIZZES)
