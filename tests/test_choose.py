"""The path to a model: every question is reached, every path ends, and what it names exists."""

import ast
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import course_utils
from course_utils import anomaly
from course_utils.widgets import choose_model
from course_utils.widgets.choose import QUESTIONS, Advice

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"

# In the calls these stand for what the reader has.
YOURS = {"x", "k", "labels", "scores", "plays", "scaled", "model", "network", "objective"}


def paths(name="start", before=()):
    """Every walk from the first question to an advice."""
    assert name not in before, f"the path turns in a circle: {before}"
    for answer, then in QUESTIONS[name].answers.items():
        if isinstance(then, Advice):
            yield (*before, name), answer, then
        else:
            yield from paths(then, (*before, name))


ADVICE = [advice for *_, advice in paths()]


def test_every_question_is_reached_and_has_a_choice():
    assert {name for names, *_ in paths() for name in names} == set(QUESTIONS)
    assert all(len(question.answers) >= 2 for question in QUESTIONS.values())
    assert all(question.text.endswith("?") for question in QUESTIONS.values())


def test_no_path_is_long():
    assert max(len(names) for names, *_ in paths()) <= 3


@pytest.mark.parametrize("advice", ADVICE, ids=lambda advice: advice.model)
def test_every_name_in_a_call_exists(advice):
    for node in ast.walk(ast.parse(advice.call, mode="eval")):
        if isinstance(node, ast.Name) and node.id not in YOURS:
            assert hasattr(course_utils, node.id) or hasattr(anomaly, node.id), node.id
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Call):
            owner = node.value.func if isinstance(node.value, ast.Call) else node.value
            known = getattr(course_utils, getattr(owner, "id", ""), None)
            if isinstance(known, type):
                assert hasattr(known, node.attr), advice.call


@pytest.mark.parametrize("advice", ADVICE, ids=lambda advice: advice.model)
def test_every_lesson_exists(advice):
    assert (NOTEBOOKS / advice.lesson).exists()


def test_most_lessons_are_led_to():
    led_to = {advice.lesson[:2] for advice in ADVICE}
    assert led_to >= {"01", "02", "03", "04", "05", "08", "10", "11", "12", "13", "14"}


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open_tags, self.summaries, self.links = [], 0, set()

    def handle_starttag(self, tag, attrs):
        self.summaries += tag == "summary"
        self.links |= {value for name, value in attrs if name == "href"}
        if tag != "br":
            self.open_tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open_tags.pop() == tag


def test_html_is_well_formed_and_needs_no_script():
    html = choose_model()._repr_html_()
    reader = Reader()
    reader.feed(html)
    assert reader.open_tags == [] and "<script" not in html
    assert reader.links == {advice.lesson for advice in ADVICE}
    assert reader.summaries == sum(len(question.answers) for question in QUESTIONS.values())
    # Only one answer of each question is open at a time: names differ from question to question.
    assert len(set(re.findall(r'<details name="([^"]+)"', html))) == len(QUESTIONS)
    assert len(html) < 20_000


def test_text_form_is_the_whole_tree():
    shown = " ".join(repr(choose_model()).split())
    assert all(" ".join(advice.model.split()) in shown for advice in ADVICE)
    assert max(map(len, repr(choose_model()).splitlines())) <= 96
