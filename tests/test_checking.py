"""The core of the checkers, whatever is checked: causes, modes, traces, cells and calls."""

import contextlib
import json
import linecache
import math
import types

import pytest
import torch
from torch import nn

from course_utils.exercises import (
    UnknownExercise,
    check,
    examine,
    hint,
    progress,
    quiz,
    solution,
    twin,
)
from course_utils.exercises.checking import cells, networks
from course_utils.exercises.checking.answer import Answer, Wrong
from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise
from course_utils.exercises.checking.expect import expect_close, expect_type
from course_utils.exercises.checking.modes import (
    Unjudged,
    in_both_modes,
    train_without_noise,
)
from course_utils.exercises.checking.words import digits_to_differ, numbers, shown
from course_utils.exercises.lessons import all_exercises, find


@pytest.fixture(autouse=True)
def own_progress_file(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.json"))
    monkeypatch.delenv("COURSE_STRICT", raising=False)


# --- a cause is named only if it explains more than one number ----------------------------------


def from_a_quarter_on(step, warmup_steps):
    return 1.0 if 4 * step >= warmup_steps else 0.0


def from_half_on(step, warmup_steps):
    return 1.0 if 2 * step >= warmup_steps else 0.0


def three_stairs(step, warmup_steps):
    return min(1.0, math.floor(3 * step / warmup_steps) / 3) if warmup_steps else 1.0


def late_ramp(step, warmup_steps):
    return max(0.0, min(1.0, 1.5 * step / warmup_steps - 0.5)) if warmup_steps else 1.0


def above_a_share(indices, num_embeddings):
    shares = indices.flatten().bincount(minlength=num_embeddings) / indices.numel()
    return float((shares > 0.1).sum())


def always_one(indices, num_embeddings):
    return 1.0


def one_symbol_less(indices, num_embeddings):
    return float(len(indices.unique()) - 1)


def youden(scores, labels):
    anomalies, normal = scores[labels == 1], scores[labels == 0]
    gains = [
        (anomalies > score).double().mean() - (normal > score).double().mean() for score in scores
    ]
    return max(0.0, *map(float, gains))


def half_of_youden(scores, labels):
    return youden(scores, labels) / 2 + 0.5


def balanced_accuracy(scores, labels):
    called = scores > scores.median()
    right = called[labels == 1].double().mean() + (~called)[labels == 0].double().mean()
    return float(right / 2)


def all_pairs(scores, labels):
    differences = scores[:, None] - scores
    return float(((differences > 0) + 0.5 * (differences == 0)).double().mean())


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("kl_warmup", from_a_quarter_on),
        ("kl_warmup", from_half_on),
        ("kl_warmup", three_stairs),
        ("kl_warmup", late_ramp),
        ("codebook_perplexity", above_a_share),
        ("codebook_perplexity", always_one),
        ("codebook_perplexity", one_symbol_less),
        ("auroc", youden),
        ("auroc", half_of_youden),
        ("auroc", balanced_accuracy),
        ("auroc", all_pairs),
    ],
)
@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(n, marks=pytest.mark.thorough) for n in (1, 2))]
)
def test_no_cause_is_named_on_the_strength_of_a_coincidence(name, answer, seed):
    assert "the two do not agree" in examine(find(name), answer, seed=seed).message


def half_a_cosine(step, warmup_steps):
    done = max(0, min(1, step / max(warmup_steps, 1)))
    return (1 - math.cos(done * math.pi)) / 2


def test_a_cause_that_explains_most_of_the_numbers_is_named():
    """And not the last of them, a warm-up of 0 steps, which is wrong in another way."""
    assert "half a cosine" in examine(find("kl_warmup"), half_a_cosine).message


def hypotenuse(a: float, b: float) -> float:
    return math.hypot(a, b)


PROBES = [(3.0, 4.0), (1.0, 2.0), (0.0, 2.5), (5.0, 6.0)]
OF_ONE_NUMBER = Exercise(
    hypotenuse,
    1,
    5,
    "you will see it",
    ("first", "second"),
    Comparison(
        lambda generator: PROBES,
        None,
        "draw it",
        [Mistake(lambda a, b: a + b, "the sum"), Mistake(lambda a, b: b / a, "a ratio")],
    ).stages,
)


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        (lambda a, b: a + b, "the sum"),
        (lambda a, b: a + b if a < 4 else 7.0, "the sum"),
        (lambda a, b: 7.0 if a else 2.5, "draw it"),  # as the sum, for one input
        (lambda a, b: a + b if a < 2 else 1.0, "draw it"),  # as the sum, for another
        (lambda a, b: a + b if a else 1.0, "the sum"),
        (lambda a, b: b / a if a else 2.5, "a ratio"),  # the ratio stops where this is right
        (lambda a, b: 10 * math.hypot(a, b), "Every number is 10 times"),
        (lambda a, b: math.hypot(a, b) + 0.5, "Every number is too large by 0.5"),
        (lambda a, b: torch.tensor(math.inf).item(), "nan or inf"),
    ],
)
def test_how_much_a_cause_has_to_explain(answer, phrase):
    assert phrase in examine(OF_ONE_NUMBER, answer).message


def test_what_is_kept_from_one_call_to_the_next_is_found():
    """Each number is right at first, and the next time the same question gets another."""
    asked = []

    def tired(a, b):
        asked.append((a, b))
        return math.hypot(a, b) / asked.count((a, b))

    report = examine(OF_ONE_NUMBER, tired)
    assert not report.passed
    assert "with the first inputs once more your function returns something else" in report.message


# --- numbers and their kinds ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expected", "got", "lines"),
    [
        (12.4512, 12.4483, ["expected = 12.451", "returned = 12.448"]),
        (torch.tensor([1.0, 12.4512]), torch.tensor([1.0, 12.4483]), ["[1., 12.451]", "12.448"]),
        (torch.ones(40) * 3.14159265, torch.ones(40) * 3.1419, ["3.1416", "3.1419"]),
        (2.0, 3.0, ["expected = 2.", "returned = 3."]),
    ],
)
def test_numbers_have_as_many_digits_as_they_need_to_differ(expected, got, lines):
    with pytest.raises(Wrong) as wrong:
        expect_close(got, expected, {}, "look again", tolerance=1e-6)
    assert all(line in str(wrong.value) for line in lines)


def test_digits_that_suffice():
    assert digits_to_differ(1.0, 2.0) == 4
    assert digits_to_differ(12.4512, 12.4483) == 5
    assert digits_to_differ(0.1 + 0.2, 0.3) == 17
    assert digits_to_differ(7, 7) == 17
    assert numbers(torch.tensor([[1.0, 2.71828]]), digits=6) == "[[     1., 2.71828]]"
    assert [shown(7.0), shown(-3.0), shown(0.25), shown(math.inf)] == ["7.0", "-3.0", "0.25", "inf"]


@pytest.mark.parametrize(
    ("got", "expected", "phrase"),
    [
        (7.0, 7, "the number 7.0; expected a whole number. It is whole, but a float"),
        (0.069, 7, "Is it a mean or a share"),
        (torch.ones(101, dtype=torch.bool), 7, "count or sum them"),
        (torch.ones(3), 2.5, "make a Python number of the result with `float(...)`"),
        (torch.tensor(7), 7, "`int(...)` makes one of a tensor"),
        (4.0, torch.ones(()), "Python's own `max` and `min`"),
    ],
)
def test_what_is_said_of_a_number_of_the_wrong_kind(got, expected, phrase):
    with pytest.raises(Wrong) as wrong:
        expect_type(got, expected)
    assert phrase in str(wrong.value)


def test_a_division_by_zero_is_told_as_one():
    def answer(step, warmup_steps):
        return 1 / (step - step)

    assert "For which input is the divisor 0?" in check("kl_warmup", answer).message


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        (lambda a, b: ((a - b) ^ 2).sum(1), "write `**`"),
        (lambda a, b: torch.where((a > 0) and (b > 0), a, b), "`&`, `|` and `~`"),
        (lambda a, b: a.sum(1) > 0.0 & b.sum(1), "brackets around each comparison"),
        (lambda a, b: math.log(a) + b, "`torch.log` for `math.log`"),
    ],
)
def test_common_slips_of_python_are_told_the_way_out(slip, said):
    def squared_error(x_hat, x):
        return slip(x_hat, x)

    assert said in check("squared_error", squared_error).message


# --- both modes, and what is left behind ---------------------------------------------------------


class Doubled(nn.Module):
    """Twice x; in the modes of `wrong_in` three times x."""

    def __init__(self, wrong_in=(), layer=None):
        super().__init__()
        self.wrong_in = wrong_in
        self.layer = nn.Dropout(0.5) if layer is None else layer
        self.weight = nn.Parameter(torch.ones(3))

    def forward(self, x):
        return (3 if self.training in self.wrong_in else 2) * self.layer(x) * self.weight


def judged(model: nn.Module) -> str:
    """What a stage that runs in both modes says of it."""

    @in_both_modes
    def doubles(answer: Answer, training: bool) -> None:
        if training:
            train_without_noise(model)
            if not torch.equal(answer.call(model, torch.ones(3)), model(torch.ones(3))):
                raise Unjudged
        else:
            model.eval()
        expect_close(answer.call(model, torch.ones(3)), torch.full((3,), 2.0), {}, "double it")

    try:
        doubles(Answer(Doubled, Doubled))
    except Wrong as wrong:
        return str(wrong)
    return "right"


class Noisy(nn.Module):
    def forward(self, x):
        return x + torch.randn_like(x) if self.training else x


class Stops(nn.Module):
    def forward(self, x):
        raise ValueError("stop") if self.training else TypeError("halt")


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (Doubled(), "right"),  # dropout is steady in `train_without_noise`
        (Doubled([True]), "In evaluation mode all is right; in training mode, after"),
        (Doubled([False]), "In training mode all is right; in evaluation mode, after"),
        (Doubled([True, False]), "For\n"),
        (Doubled(layer=Noisy()), "right"),  # nothing to compare
        (Doubled([False], layer=Noisy()), "For\n"),  # and so no word about the other mode
        (Doubled(layer=Stops()), "Your code stopped with TypeError: halt"),
    ],
)
def test_the_mode_in_which_something_is_wrong_is_named(model, said):
    assert judged(model).startswith(said)


def reads(model, x):
    with torch.no_grad():
        return model.eval()(x).sum() + model.train(False)(x).sum()


def restores(model, x):
    was = model.training
    total = model.eval()(x.detach().clone().requires_grad_()).sum()
    torch.autograd.grad(total, model.weight)
    model.train(was)
    return total + 0 * torch.rand(())


def steps(model, x):
    with torch.no_grad():
        model.weight -= 1e-4


def seeds(model, x):
    torch.manual_seed(0)
    torch.rand(1)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (restores, ""),
        (lambda model, x: model(x), ""),
        (reads, "came back in evaluation mode"),
        (lambda model, x: model.layer.train(not model.training), "came back in"),
        (lambda model, x: model.zero_grad(), "sets back the gradients"),
        (lambda model, x: model(x).sum().backward(), "adds to the gradients"),
        (steps, "its parameter `weight` was written to"),
        (lambda model, x: model.requires_grad_(False), "switches `requires_grad`"),
        (seeds, "seeds the random numbers of the whole program"),
    ],
)
def test_what_a_call_leaves_behind_is_told(call, said):
    model, x = Doubled(layer=nn.Identity()), torch.ones(3)
    with pytest.raises(Wrong, match=said) if said else contextlib.nullcontext():
        with networks.expect_left_alone(model, "`score`"):
            call(model, x)
        with networks.expect_no_seeding("`score`", lambda: call(model, x)):
            call(model, x)


# --- how it is called -----------------------------------------------------------------------------


def squared_error(x_hat, x):
    return ((x_hat - x) ** 2).flatten(1).sum(1)


@pytest.mark.parametrize(
    "arguments",
    [(squared_error,), ("squared_error",), (squared_error, "squared_error")],
    ids=["function", "name", "swapped"],
)
def test_a_check_that_is_called_wrongly_says_the_right_call(arguments, tmp_path):
    report = check(*arguments)
    assert not report.passed
    assert '`check("squared_error", squared_error)`' in report.message
    assert not (tmp_path / "progress.json").exists()  # no attempt at the exercise


@pytest.mark.parametrize(
    ("call", "right_call"),
    [
        (lambda: check(), 'check("mean_image", mean_image)'),
        (lambda: check(hypotenuse), 'check("mean_image", mean_image)'),
        (lambda: check(hypotenuse, hypotenuse), 'check("mean_image", mean_image)'),
        (lambda: hint(), 'hint("mean_image")'),
        (lambda: hint(squared_error), 'hint("squared_error")'),
        (lambda: hint("squared_error", squared_error), 'hint("squared_error")'),
        (lambda: solution(), 'solution("mean_image")'),
        (lambda: solution(squared_error), 'solution("squared_error")'),
        (lambda: solution(squared_error, "squared_error"), 'solution("squared_error")'),
        (lambda: twin(squared_error), 'twin("squared_error")'),
        (lambda: twin("squared_error", squared_error), 'twin("squared_error")'),
        (lambda: quiz(), 'quiz("00.'),
        (lambda: quiz("01.axes", "B"), 'quiz("01.axes")'),
        (lambda: progress("99"), 'progress("01")'),
        (lambda: progress("squared_error"), 'progress("01")'),
    ],
)
def test_what_does_not_know_what_is_meant_says_the_right_call(call, right_call):
    with pytest.raises(ValueError) as told:
        call()
    assert right_call in str(told.value)


@pytest.mark.parametrize("lesson", ["01", 1, "1", "01_bottleneck_and_pca"])
def test_progress_of_one_lesson(lesson):
    text = str(progress(lesson))
    mine = [item.name for item in all_exercises().values() if item.lesson == 1]
    assert text.startswith(f"0 of {len(mine)} exercises")
    assert text.count("\n") == len(mine)
    assert all(name in text for name in mine)


def test_an_unknown_exercise_names_only_those_near():
    with pytest.raises(UnknownExercise) as told:
        check("squared_eror", squared_error)
    named = [name for name in all_exercises() if name in str(told.value)]
    assert named == [item.name for item in all_exercises().values() if item.lesson == 1]
    with pytest.raises(UnknownExercise, match=r"`progress\(\)` lists all") as told:
        check("zzz", squared_error)
    assert len(str(told.value)) < 100


# --- a cell that did not run ----------------------------------------------------------------------


DEFINES = "def answer(x):\n    return x + 1"
BROKEN = "def answer(x):\n    return (x - 1"
OUTSIDE = "def answer(x):\n    y = x\nreturn y"
STOPS = "nothing\ndef answer(x):\n    return x - 1"
CHECKS = "check('answer', answer)"


def from_cell(cell: str, name: str = "answer") -> object:
    """What a kernel makes of a cell: its text is where tracebacks look for it."""
    filename = f"<cell {hash(cell)}>"
    linecache.cache[filename] = (len(cell), None, cell.splitlines(keepends=True), filename)
    namespace = {}
    exec(compile(cell, filename, "exec"), namespace)
    return namespace[name]


@pytest.mark.parametrize(
    ("history", "said"),
    [
        ([DEFINES], ""),
        ([BROKEN, DEFINES], ""),
        ([DEFINES, BROKEN], "SyntaxError in line 2"),
        ([DEFINES, OUTSIDE], "SyntaxError in line 3: 'return' outside function"),
        ([DEFINES, "def answer(x):\nreturn x"], "IndentationError in line 2"),
        ([DEFINES, "answer = lambda x: x +"], "SyntaxError in line 1"),
        ([DEFINES, BROKEN, "1 + 1", CHECKS], "did not run"),
        ([DEFINES, "(", "answer(3"], ""),  # of another cell the reader has seen enough
        ([DEFINES, "def answers(x):\n    return (x"], ""),
        ([DEFINES, STOPS], "stopped with an error before it came to it"),
        ([STOPS, DEFINES], ""),
        ([DEFINES, STOPS, DEFINES], ""),
        ([DEFINES + "\n", "await answer(3)"], ""),
        (["print('of a cell with %%time, whose text is not known')", STOPS], ""),
    ],
)
def test_a_cell_that_did_not_run_is_told(history, said):
    told = cells._outdated("answer", from_cell(DEFINES), ["", *history, CHECKS])
    assert said in told
    assert bool(told) == bool(said)
    assert not told or "this judges the version before" in told


def test_of_a_cell_that_did_not_run_only_what_is_judged_matters():
    mine, other = from_cell(DEFINES), from_cell("def mine(x):\n    return x", "mine")
    assert cells._outdated("answer", other, ["", BROKEN, CHECKS]) == ""
    assert cells._outdated("answer", mine, ["", DEFINES, BROKEN, f"{DEFINES}\n{CHECKS}"]) == ""
    assert cells._outdated("answer", mine, []) == ""
    model = from_cell("class Answer:\n    def run(self):\n        return 1", "Answer")
    broken = "class Answer:\n    def run(self):\n        return (1"
    assert "SyntaxError in line 3" in cells._outdated("Answer", model, ["", broken, CHECKS])
    stops = "class Answer(nothing):\n    def run(self):\n        return 2"
    history = ["", "class Answer:\n    def run(self):\n        return 1", stops, CHECKS]
    assert "stopped with an error" in cells._outdated("Answer", model, history)


@pytest.mark.parametrize("answer", [squared_error, lambda x_hat, x: x_hat], ids=["right", "wrong"])
def test_the_report_says_first_that_a_cell_did_not_run(monkeypatch, answer):
    shell = types.SimpleNamespace(user_ns={"In": ["", "def squared_error(x_hat, x):\n  (", ""]})
    fake = types.SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setattr(cells, "sys", types.SimpleNamespace(modules={"IPython": fake}))
    report = check("squared_error", answer)
    assert report.passed == (answer is squared_error)
    first = "Your cell did not run (SyntaxError in line 2"
    assert report.message.startswith(first)
    assert str(report).splitlines()[1].strip().startswith(first)
    assert first in report._repr_html_()


@pytest.mark.thorough
def test_a_cell_that_did_not_run_in_a_real_kernel(tmp_path):
    import nbformat
    from nbclient import NotebookClient

    from tools.execute import CELL_SECONDS, PATIENT

    sources = [
        "from course_utils import check",
        "def squared_error(x_hat, x):\n    return (x_hat - x).abs().flatten(1).sum(1)",
        "check('squared_error', squared_error).message",
        "def squared_error(x_hat, x):\n    return ((x_hat - x)**2.sum(",
        "check('squared_error', squared_error).message",
        "import nothing_of_this_name\ndef squared_error(x_hat, x):\n    return 0",
        "check('squared_error', squared_error).message",
        "def squared_error(x_hat, x):\n    return ((x_hat - x)**2).flatten(1).sum(1)",
        "check('squared_error', squared_error).message",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        config=PATIENT,
        allow_errors=True,
        resources={"metadata": {"path": tmp_path}},
    ).execute()
    told = [json.dumps(cell.outputs, ensure_ascii=False) for cell in notebook.cells]
    assert "absolute differences" in told[2] and "judges" not in told[2]
    assert "Your cell did not run (SyntaxError in line 2" in told[4]
    assert "stopped with an error before it came to it" in told[6]
    assert "judges" not in told[8]


# --- exercises that begin half-filled, or with their lines shuffled -------------------------------


def _score_function_gradient(noise, score, weight):
    """The half-filled stub of lesson 07, with these expressions in its holes."""
    source = f"""\
def score_function_gradient(f, mu, log_var, n_samples, generator):
    sigma = torch.exp(log_var / 2)
    z = mu + sigma * {noise}
    score = {score}
    return ({weight} * score).mean(dim=0)
"""
    name = f"<half-filled {hash(source)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    namespace = {"torch": torch}
    exec(compile(source, name, "exec"), namespace)
    return namespace["score_function_gradient"]


DRAW = "torch.randn(n_samples, len(mu), generator=generator)"
SCORE = "(z - mu) / sigma**2"


def test_holes_are_an_exercise_to_be_done():
    report = check("score_function_gradient", _score_function_gradient("...", "...", "..."))
    assert not report.attempted
    assert "an expression in place of each `...`" in report.message


@pytest.mark.parametrize(
    ("filled", "line"),
    [
        (("...", SCORE, "f(z)[:, None]"), "    z = mu + sigma * ..."),
        ((DRAW, "...", "f(z)[:, None]"), "    score = ..."),
        ((DRAW, SCORE, "..."), "    return (... * score).mean(dim=0)"),
        ((DRAW, "...", "..."), "    score = ..."),
    ],
)
def test_a_hole_that_is_left_is_shown(filled, line):
    report = check("score_function_gradient", _score_function_gradient(*filled))
    assert report.attempted and not report.passed
    assert report.message.endswith(f"a `...` left to fill:\n{line}")


@pytest.mark.parametrize("weight", ["f(z)[:, None]", "f(z)[..., None]", "f(z).unsqueeze(1)"])
def test_holes_that_are_filled_are_judged(weight):
    """An ellipsis that indexes is no hole."""
    assert check("score_function_gradient", _score_function_gradient(DRAW, SCORE, weight)).passed
    report = check("score_function_gradient", _score_function_gradient(DRAW, "z - mu", weight))
    assert "The 1 / σ² is missing" in report.message


def test_lines_in_disorder_are_an_exercise_to_be_done():
    def jacobian_penalty(encode, x):
        raise NotImplementedError

    report = check("jacobian_penalty", jacobian_penalty)
    assert not report.attempted
    assert "Bring the lines into order, indented," in report.message
