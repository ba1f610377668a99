"""The path to a model: every question is reached, every path ends, and what it names exists."""

import ast
import functools
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import torch

import course_utils
from course_utils import anomaly
from course_utils.widgets import choose_model
from course_utils.widgets.choose import QUESTIONS, Advice

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"


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
        "x_labelled": x,
        "k": 12,
        "x_kept": torch.rand(64, 1, 28, 28, generator=generator),
        "labels": torch.arange(64) % 10,
        "strange": torch.arange(64) % 2,
        "rows": torch.randn(64, 6, generator=generator),
        "rows_kept": torch.randn(64, 6, generator=generator),
        "rows_new": torch.randn(16, 6, generator=generator),
        "plays": plays,
        "plays_new": plays.flip(0),
        "torch": torch,
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
    *before, last = ast.parse(advice.call).body
    exec(compile(ast.Module(before, []), advice.model, "exec"), names)
    result = eval(compile(ast.Expression(last.value), advice.model, "eval"), names)
    assert MADE[kind_of(advice)](result)


def kind_of(advice) -> str:
    """What the answers on the way to an advice ask for."""
    ((names, answer, _),) = (walk for walk in paths() if walk[-1] is advice)
    last = {"Say how probable": "probable", "Repair": "pictures", "A row": "rows"}
    last |= {"Symbols": "symbols", "With an": "clouds", "Each one a factor": "pictures"}
    last |= {"Labels of both": "chances"}
    found = [kind for words, kind in last.items() if answer.startswith(words)]
    return found[0] if found else names[1]


def is_code(z):
    """Few numbers for each example, and other numbers for others."""
    return z.ndim == 2 and len(z) == 64 and z.shape[1] <= 256 and z.std(0).max() > 0


def is_pictures(x):
    return x.shape[1:] == (1, 28, 28) and len(x) >= 16 and 0 <= x.min() <= x.max() <= 1


def is_symbols(k):
    return k.shape == (64, 7, 7) and not k.is_floating_point() and 0 <= k.min() <= k.max() < 512


def is_advice(items):
    """Twenty items, for everybody or for each, no two of them the same."""
    return items.shape[-1] == 20 and all(len(set(row)) == 20 for row in items.view(-1, 20).tolist())


def is_alarms(verdicts):
    return len(verdicts) >= 16 and set(verdicts.tolist()) <= {-1, 1}


def is_scores(scores, verdicts):
    return scores.shape == verdicts.shape and torch.as_tensor(scores).isfinite().all()


MADE = {
    "code": is_code,
    "symbols": is_symbols,
    "clouds": lambda q: len(q) == 2 and all(map(is_code, q)),
    "pictures": is_pictures,
    "generate": is_pictures,
    "strange": is_alarms,
    "rows": lambda both: is_scores(both[0], both[1]) and is_alarms(both[1]),
    "chances": lambda p: len(p) == 64 and 0 <= p.min() <= p.max() <= 1,
    "probable": lambda estimate: torch.as_tensor(estimate).isfinite().all(),
    "recommend": is_advice,
    "labels": lambda digits: len(digits) == 64 and set(digits.tolist()) <= set(range(10)),
}


def test_nobody_is_offered_what_they_have():
    """Where the person's plays are known, the last line leaves them out."""
    for advice in ADVICE:
        if "topk" in advice.call and "reconstruct" in advice.call:
            assert re.search(
                r"masked_fill\((plays|plays_new) > 0, -torch\.inf\)\.topk", advice.call
            )


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
    *before, _ = ast.parse(advice.call).body
    exec(compile(ast.Module(before, []), "scaled", "exec"), names)
    assert torch.allclose(names["ranked"].float(), names["plays"], atol=1e-3)


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
