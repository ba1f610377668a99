"""Questions that come back: which ones are asked, when they are due, and what is remembered."""

import datetime
import itertools
import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from course_utils import exercises
from course_utils.exercises import UnknownExercise, check, progress, review
from course_utils.exercises.lessons import all_exercises, find
from course_utils.exercises.showing import record
from course_utils.exercises.showing.quiz import LETTERS, load_quizzes, load_remembered
from course_utils.exercises.showing.review import (
    COUNT,
    DAYS,
    OF_ONE_LESSON,
    Review,
    draw,
    judge,
    read_answers,
)
from test_quiz import LATEX, Reader, texts

QUESTIONS = load_remembered()
TODAY = datetime.date(2026, 3, 10)


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    """A record of its own, and a kernel that has asked nothing yet, on a day that stands still."""
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.json"))
    monkeypatch.setattr(exercises, "_reviews_asked", {})
    monkeypatch.setattr(record, "today", lambda: TODAY)
    return tmp_path / "progress.json"


@pytest.fixture
def on(monkeypatch):
    """Moves the clock to so many days after TODAY."""

    def move(days):
        monkeypatch.setattr(record, "today", lambda: TODAY + datetime.timedelta(days))

    return move


def keys(asked):
    return [quiz.key for quiz in asked.questions]


def right_one(quiz):
    place = [answer.correct for answer in quiz.answers].index(True)
    return quiz.answers[place].text if quiz.typed else LETTERS[place]


def right(asked):
    return " ".join(map(right_one, asked.questions))


def wrong(asked):
    """B in place of A, and A in place of all others; nonsense where a number is asked for."""
    given = [("-7" if q.typed else "B" if right_one(q) == "A" else "A") for q in asked.questions]
    return " ".join(given)


def begin(file, *lessons, date=str(TODAY)):
    """Enter an attempt in each of these lessons."""
    names = [ex.name for ex in all_exercises().values() if ex.lesson in lessons]
    file.write_text(json.dumps({name: {"status": "attempted", "date": date} for name in names}))


def answered(file):
    return json.loads(file.read_text())["review"]


# --- the questions --------------------------------------------------------------------------------


@pytest.mark.parametrize("lesson", [f"{number:02d}" for number in range(19)])
def test_each_lesson_has_three_questions_that_stand_alone(lesson):
    assert sum(key.startswith(f"{lesson}.") for key in QUESTIONS) >= 3


def test_a_dozen_are_new_and_none_hides_another():
    new = set(QUESTIONS) - set(load_quizzes())
    assert len(new) >= 12
    assert len({quiz.question for quiz in QUESTIONS.values()}) == len(QUESTIONS)


@pytest.mark.parametrize("key", sorted(set(QUESTIONS) - set(load_quizzes())))
def test_a_new_question_keeps_what_every_question_promises(key):
    quiz = QUESTIONS[key]
    assert 3 <= len(quiz.answers) <= 4
    assert [answer.correct for answer in quiz.answers].count(True) == 1
    for text in texts(quiz):
        assert text == text.strip() and text and not LATEX.search(text), text
    assert len({answer.text for answer in quiz.answers}) == len(quiz.answers)
    assert len({answer.feedback for answer in quiz.answers}) == len(quiz.answers)
    assert all(len(answer.feedback) > 40 for answer in quiz.answers)


TYPED = [quiz for quiz in QUESTIONS.values() if quiz.typed]


def test_three_or_more_ask_for_a_number():
    assert len(TYPED) >= 3
    for quiz in TYPED:
        told = [quiz.chosen(answer.text) for answer in quiz.answers]
        assert told == list(quiz.answers)  # and none of them is near enough to pass for another


@pytest.mark.parametrize(
    ("key", "given", "text"),
    [
        ("13.pairs", "0.83", "0.83"),
        ("13.pairs", "5/6", "0.83"),
        ("13.pairs", ".8333", "0.83"),
        ("13.pairs", "+0.835", "0.83"),
        ("13.pairs", "0.84", None),
        ("13.pairs", "0.8", "0.80"),
        ("13.pairs", "1/6", "0.17"),
        ("01.parameters", "25120", "25,120"),
        ("01.parameters", "25,120.0", "25,120"),
        ("01.parameters", "25119", None),
        ("06.bits", "144.27", "144"),
        ("06.bits", "-144", None),
    ],
)
def test_a_number_is_judged_as_it_is_rounded(key, given, text):
    asked = Review((QUESTIONS[key],))
    (read,) = read_answers(given, asked)
    chosen = QUESTIONS[key].chosen(read)
    assert (chosen and chosen.text) == text
    told = " ".join(str(judge(asked, (read,))).split())
    best = next(answer for answer in QUESTIONS[key].answers if answer.correct)
    assert best.text in told or chosen is best
    assert (chosen or best).feedback in told
    assert ("1 of 1 known" in told) == (chosen is best)


def test_letters_and_numbers_share_a_line(file):
    """In any spacing; a dash is one that is not known, and a minus belongs to its number."""
    asked = Review((QUESTIONS["00.shape"], *TYPED[:2], QUESTIONS["00.mean"]), "06")
    shown = " ".join(repr(asked).split())
    assert 'and a number in place 2 and 3, as in `review("A 0.5 0.5 A", before="06")`' in shown
    assert read_answers("C 0.5 7 a", asked) == ("C", "0.5", "7", "A")
    assert read_answers("c0.5,-7A", asked) == ("C", "0.5", "-7", "A")
    assert read_answers("C--A", asked) == ("C", "-", "-", "A")
    assert read_answers("- 1/2 - -", asked) == ("-", "1/2", "-", "-")
    for bad in ("C 0.5 7", "C B 7 A", "C 1/0 7 A", "C 0.5 7 A 9", "7 0.5 C A", "C . 7 A"):
        with pytest.raises(ValueError, match="expected 4 answers, a letter for each"):
            read_answers(bad, asked)


@pytest.mark.parametrize("quiz", TYPED, ids=lambda quiz: quiz.key)
def test_a_number_is_not_shown_before_it_is_typed(quiz):
    asked = Review((quiz,))
    reader = Reader()
    reader.feed(asked._repr_html_())
    read, unfolded = " ".join(reader.text), " ".join(reader.unfolded)
    for answer in quiz.answers:
        assert f"{answer.text}: " in read and answer.feedback in read
        assert f"{answer.text}: " not in unfolded + repr(asked)
        assert not re.search(rf"(?<![\d.]){answer.text}(?!\d| nats)", unfolded + repr(asked))
    assert "type into the line below" in unfolded and "type into the line below" in repr(asked)


@pytest.mark.parametrize("key", QUESTIONS)
def test_no_question_hangs_on_its_lesson(key):
    """None asks about a cell that stands near it, nor about what has just been measured."""
    text = " ".join([QUESTIONS[key].question, *(answer.text for answer in QUESTIONS[key].answers)])
    assert not re.search(
        r"(table|figure|cell|section|as) (above|below)|this lesson|next cell", text
    )


# --- which are asked ------------------------------------------------------------------------------


@pytest.mark.parametrize("before", range(3, 20))
def test_without_a_record_the_lessons_before_are_asked(before, on):
    asked = review(before=before)
    assert len(asked.questions) == COUNT
    assert max(keys(asked)) < f"{before:02d}"
    on(200)
    assert keys(review(before=f"{before:02d}")) == keys(asked)  # whatever the day


def test_the_openings_ask_for_different_things():
    asked = [key for before in (3, 6, 9, 12, 15) for key in keys(review(before=before))]
    assert len(set(asked)) > 0.7 * len(asked)


def test_without_a_record_and_a_lesson_it_says_what_to_do_first():
    assert "try an exercise first" in str(review())


def test_only_lessons_with_an_entry_are_asked(file):
    begin(file, 2, 4, 7)
    assert {key[:2] for key in keys(review())} == {"02", "04", "07"}
    assert {key[:2] for key in keys(review(before="07"))} > {"02", "04"}


@pytest.mark.parametrize("lessons", [(1,), (2,), (0, 1), ()])
def test_before_a_lesson_it_is_five_whatever_was_checked(file, lessons):
    """What the record knows comes first, and what it does not know fills up."""
    begin(file, *lessons)
    for before in range(3, 20):
        asked = [key[:2] for key in keys(review(before=before))]
        assert len(asked) == COUNT and max(map(asked.count, asked)) <= OF_ONE_LESSON
        assert max(asked) < f"{before:02d}"
        for lesson in lessons:
            assert asked.count(f"{lesson:02d}") == OF_ONE_LESSON


def test_lessons_are_mixed_and_none_asks_more_than_two(file):
    for lessons in ((1, 2, 3), (5, 6, 7, 8), (1, 2)):
        begin(file, *lessons)
        asked = [key[:2] for key in keys(review())]
        assert max(map(asked.count, asked)) <= OF_ONE_LESSON
        assert all(one != other for one, other in itertools.pairwise(asked))
        assert len(asked) == min(COUNT, 2 * len(lessons))


def test_the_most_overdue_are_asked_first(file):
    """And then what was never asked, and last what is due later."""
    overdue = {
        "04.exact_zero": {"date": "2026-03-01", "known": 1},  # since 2 March
        "05.scale": {"date": "2026-01-29", "known": 5},  # since 5 March, though asked earlier
        "06.direction": {"date": "2026-03-07", "known": 2},  # since today
    }
    later = {key: {"date": "2026-03-09", "known": 2} for key in QUESTIONS if key[:2] != "07"}
    begun = {key[:2]: TODAY for key in QUESTIONS}
    asked = [quiz.key for quiz in draw(begun, later | overdue)]
    assert set(asked) > set(overdue)
    assert sum(key.startswith("07.") for key in asked) == COUNT - len(overdue)
    asked = [quiz.key for quiz in draw({"05": TODAY, "06": TODAY}, later | overdue)]
    assert set(asked) > {"05.scale", "06.direction"} and len(asked) == 4


def test_what_is_answered_is_not_asked_again_that_day(file, on):
    begin(file, *range(19))
    seen = []
    while isinstance(asked := review(), exercises.Review):
        seen += keys(asked)
        review(right(asked))
    assert sorted(seen) == sorted(QUESTIONS)
    assert "answered for today" in str(asked) and "due on 2026-03-11" in str(asked)
    on(1)
    assert len(keys(review())) == COUNT


# --- when they come back --------------------------------------------------------------------------


def test_known_questions_come_back_ever_later(file, on):
    file.write_text(json.dumps({"review": {"06.direction": {"date": "2026-03-09", "known": 1}}}))
    day, key = 0, "06.direction"
    for times, pause in enumerate([*DAYS[1:], DAYS[-1]], start=2):
        on(day)
        asked = review()
        assert key in keys(asked)
        review(right(asked))
        day += pause
        assert answered(file)[key] == {
            "date": str(TODAY + datetime.timedelta(day - pause)),
            "known": times,
        }


def test_what_was_not_known_comes_back_tomorrow(file, on):
    entry = {"date": "2026-01-01", "known": 4}
    file.write_text(json.dumps({"review": {"06.direction": entry}}))
    asked = review()
    place = keys(asked).index("06.direction")
    letters = right(asked).split()
    letters[place] = "-"
    told = str(review(" ".join(letters)))
    assert f"{len(letters) - 1} of {len(letters)} known; the next is due on 2026-03-11" in told
    assert "not known" in told
    assert answered(file)["06.direction"] == {"date": str(TODAY), "known": 0}


def test_before_its_day_an_answer_moves_the_day_and_counts_no_more(file, on):
    entry = {"date": "2026-03-09", "known": 3}
    file.write_text(json.dumps({"review": dict.fromkeys(QUESTIONS, entry)}))
    asked = review()
    review(right(asked))
    assert answered(file)[keys(asked)[0]] == {"date": str(TODAY), "known": 3}


def test_the_first_answer_of_a_day_counts(file):
    asked = review(before="06")
    assert "0 of 5 known" in str(review(wrong(asked)))
    first = answered(file)
    review(right(asked))
    assert answered(file) == first


def test_the_verdict_teaches(file):
    asked = review(before="06")
    told = " ".join(str(review(wrong(asked))).split())
    for letter, quiz in zip(wrong(asked).split(), asked.questions, strict=True):
        assert quiz.answers[LETTERS.index(letter)].feedback in told
        assert next(answer.text for answer in quiz.answers if answer.correct) in told
    html = review(wrong(asked))._repr_html_()
    assert html.count('scope="row"') == COUNT and "2026-03-11" in html


# --- the line of letters --------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["{}", " {} ", "{0[0]}, {0[1]}, {0[2]}, {0[3]}, {0[4]}"])
def test_letters_may_be_typed_as_one_likes(form):
    asked = review(before="06")
    letters = right(asked).replace(" ", "")
    assert "5 of 5 known" in str(review(form.format(letters).lower()))


@pytest.mark.parametrize("answers", ["BACD", "BACDAA", "ZAAAA", "06", 6, ["A"] * 5, None, b"AAAAA"])
def test_letters_that_do_not_fit_are_told_in_a_sentence(answers, file):
    review(before="06")
    with pytest.raises(ValueError, match=r"expected 5 letters.*, before=\"06\"\)`") as told:
        review(answers)
    assert repr(answers) in str(told.value)
    assert "\n" not in str(told.value)
    assert not file.exists()


def test_letters_before_any_question_are_told_to_wait():
    """As on a page of yesterday, after which the kernel was restarted."""
    with pytest.raises(ValueError, match=r"run `review\(\)` first"):
        review("BACDA")
    with pytest.raises(ValueError, match=r'run `review\(before="06"\)` first'):
        review("BACDA", before=6)


def test_the_letters_belong_to_what_was_asked(file, on):
    """Also when other questions were asked since, or midnight has passed."""
    early = review(before="06")
    late = review(before="09")
    on(1)
    review(right(early), before="06")
    assert set(answered(file)) == set(keys(early))
    review(right(late))
    assert set(answered(file)) == set(keys(early)) | set(keys(late))


@pytest.mark.parametrize("before", ["00", "44", "x", 0, 20, [], 3.5e9])
def test_a_lesson_that_is_not_there(before):
    with pytest.raises(ValueError, match=r'expected the number of a lesson, from "01" to "19"'):
        review(before=before)


# --- what is drawn --------------------------------------------------------------------------------


def test_text_asks_and_keeps_the_secret():
    asked = review(before="06")
    shown = " ".join(repr(asked).split())
    for quiz in asked.questions:
        assert quiz.question in shown
        assert not any(answer.feedback in shown for answer in quiz.answers)
    assert shown.startswith("Remember 1 of 5 (lesson ")
    assert shown.endswith('review("-----", before="06")')
    assert max(map(len, repr(asked).splitlines())) <= 88


def test_html_holds_everything_without_a_script():
    asked = review(before="06")
    reader = Reader()
    reader.feed(asked._repr_html_())
    assert reader.open_tags == []
    read, unfolded = " ".join(reader.text), " ".join(reader.unfolded)
    for quiz in asked.questions:
        assert all(text in read for text in texts(quiz))
        assert not any(answer.feedback in unfolded for answer in quiz.answers)
    assert 'review("-----", before="06")' in unfolded
    assert "http" not in asked._repr_html_() and " id=" not in asked._repr_html_()
    assert len(asked._repr_html_().encode()) < 20_000


# --- the record -----------------------------------------------------------------------------------


def test_no_exercise_has_the_name_of_the_part():
    with pytest.raises(UnknownExercise):
        find(record.REVIEW)


def test_exercises_and_questions_leave_each_other_alone(file):
    asked = review(before="06")
    review(right(asked))
    check("squared_error", lambda x_hat, x: x)
    assert set(answered(file)) == set(keys(asked))
    assert "✗ not there yet" in str(progress("01"))


@pytest.mark.parametrize(
    "part",
    [3, [], {"06.direction": 3}, {"06.direction": {"date": "yesterday", "known": 1}}]
    + [{"06.direction": {"date": "2026-01-01", "known": known}} for known in (-1, True, "1", None)],
)
def test_a_damaged_review_loses_no_exercise(file, part):
    exercise = {"squared_error": {"status": "passed", "date": "2026-01-01"}}
    whole = {"05.scale": {"date": "2026-01-01", "known": 1}}
    text = json.dumps(exercise | {"review": part | whole if isinstance(part, dict) else part})
    file.write_text(text)
    assert str(progress("01")).count("progress.json.broken") == 1
    assert "✓ passed 2026-01-01" in str(progress("01"))
    assert "progress.json.broken" not in str(progress("01"))
    assert file.with_name("progress.json.broken").read_text() == text
    assert json.loads(file.read_text()).get("review") == (whole if isinstance(part, dict) else None)


def test_a_damaged_exercise_loses_no_question(file):
    whole = {"05.scale": {"date": "2026-01-01", "known": 1}}
    file.write_text(json.dumps({"squared_error": 3, "review": whole}))
    asked = review()
    assert keys(asked)[0] == "05.scale"
    assert any("progress.json.broken" in line for line in asked.notes)
    assert "progress.json.broken" in str(asked) and "progress.json.broken" in asked._repr_html_()
    review(right(asked))
    assert answered(file)["05.scale"]["known"] == 2


def test_a_clock_that_was_set_back_does_no_harm(file):
    entry = {"date": "9999-12-31", "known": 10**30}
    begin(file, 1, 2, 3, date="9999-12-30")
    held = json.loads(file.read_text())
    file.write_text(json.dumps(held | {"review": {"05.scale": entry}}))
    asked = review()
    assert "05.scale" in keys(asked)  # and not in eight thousand years
    review(right(asked))
    assert answered(file)["05.scale"]["date"] == str(TODAY)


def test_questions_that_have_gone_are_kept_and_not_asked(file):
    gone = {"01.of_an_older_course": {"date": "2026-01-01", "known": 1}}
    file.write_text(json.dumps({"review": gone}))
    asked = review()
    review(right(asked))
    assert answered(file) == gone | {key: answered(file)[key] for key in keys(asked)}


def test_notebooks_that_write_at_once_lose_nothing(file):
    asked = [review(before=before) for before in range(3, 20)]

    def answer(one):
        name = f"exercise_{one.before}"
        return [str(review(right(one), before=one.before)), *record.note_attempt(name, True)]

    with ThreadPoolExecutor(8) as pool:
        assert not any("not saved" in line for told in pool.map(answer, asked) for line in told)
    held, _ = record.read()
    assert set(held.review) == {key for one in asked for key in keys(one)}
    assert len(held.exercises) == len(asked)


def test_a_record_that_cannot_be_written_is_a_line(file):
    asked = review(before="06")
    file.mkdir()
    told = str(review(right(asked)))
    assert "5 of 5 known" in told and "not saved" in told
