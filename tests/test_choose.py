"""The path to a model: every question is reached, every path ends, and what it names exists."""

import ast
import functools
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import course_utils
from course_utils import anomaly
from course_utils.widgets import choose_model
from course_utils.widgets.choose import QUESTIONS, Advice

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"


def reading(network, x, y):
    return {"loss": F.cross_entropy(network(x), y, reduction="none")}


def yours() -> dict:
    """What the calls take for granted: 64 random pictures, with labels, and 64 listeners."""
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(64, 1, 28, 28, generator=generator)
    plays = torch.poisson(torch.full((64, 400), 0.5), generator=generator)
    plays[0] += 1  # every song has been played
    return {
        "x": x,
        "x_new": x.flip(0),
        "x_spoiled": x.flip(0),
        "x_labelled": x[:10],
        "k": 12,
        "labels": torch.arange(64) % 10,
        "scores": torch.rand(64, generator=generator),
        "plays": plays,
        "plays_new": plays.flip(0),
        "network": nn.Sequential(nn.Flatten(), nn.Linear(784, 10)),
        "objective": reading,
    }


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
def test_every_call_runs(advice, monkeypatch):
    """As it stands, but for the length of training, which is cut to one pass or two steps."""
    brief = functools.partial(anomaly.ReconstructionDetector, steps=2)
    monkeypatch.setattr(anomaly, "ReconstructionDetector", brief)
    names = {name: getattr(course_utils, name) for name in course_utils.__all__} | yours()
    names["fit"] = functools.partial(course_utils.fit, epochs=1, batch_size=32, progress=False)
    if "auroc" in advice.call:
        names["labels"] = names["labels"] == 0  # strange or not
    *before, last = ast.parse(advice.call).body
    exec(compile(ast.Module(before, []), advice.model, "exec"), names)
    result = eval(compile(ast.Expression(last.value), advice.model, "eval"), names)
    if isinstance(result, course_utils.History):
        assert "model" in names or "fit(network" in advice.call, "the trained network is lost"
    else:
        assert torch.as_tensor(result).isfinite().all()


@pytest.mark.parametrize("advice", ADVICE, ids=lambda advice: advice.model)
def test_what_is_asked_of_a_network_is_asked_after_training(advice):
    if ".dense(" in advice.call or ".conv(" in advice.call:
        built, trained = advice.call.index("model = "), advice.call.index("fit(model, ")
        assert built < trained
        assert not re.search(r"model\.|\(model", advice.call[:trained])


def test_scaled_pca_comes_back_to_counts():
    """What is taken off before is put back after: all directions together return the plays."""
    (advice,) = (advice for advice in ADVICE if advice.model == "PCA of scaled counts")
    names = {"pca": course_utils.pca} | yours() | {"k": 400}
    *before, last = ast.parse(advice.call).body
    exec(compile(ast.Module(before, []), "scaled", "exec"), names)
    copied = eval(compile(ast.Expression(last.value), "scaled", "eval"), names)
    assert torch.allclose(copied.float(), names["plays"], atol=1e-3)


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
    for advice in ADVICE:
        assert " ".join(advice.model.split()) in shown and " ".join(advice.call.split()) in shown
    assert max(map(len, repr(choose_model()).splitlines())) <= 96
