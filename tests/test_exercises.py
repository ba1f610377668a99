"""The checkers, checked: every exercise, every promise of the core, and answers that mean harm."""

import _thread
import dataclasses
import errno
import importlib
import inspect
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from course_utils import exercises
from course_utils.exercises import (
    Comparison,
    Exercise,
    Mistake,
    NotPassed,
    Specimen,
    Stage,
    UnknownExercise,
    Wrong,
    check,
    examine,
    expect_close,
    hint,
    lessons,
    progress,
    show_source,
    solution,
    twin,
)
from course_utils.exercises.checking import frames, networks, sandbox, tries
from course_utils.exercises.checking.answer import Answer
from course_utils.exercises.checking.frames import learners_line
from course_utils.exercises.checking.runner import exposed
from course_utils.exercises.lessons import TWIN, all_exercises, find, twins
from course_utils.exercises.showing import record
from course_utils.exercises.showing.report import Report, Result
from tools import ready

ANSWERS = Path(__file__).parent / "answers"
EXERCISES = [*all_exercises().values(), *twins().values()]
SPECIMENS = [exercise for exercise in EXERCISES if exercise.specimen is not None]
SEED, OTHER_SEEDS = 0, range(1, 50)  # the others are for `make test-all`


def answers_of(exercise: Exercise, kind: str) -> dict:
    """RIGHT, WRONG or UNREPAIRED answers to one exercise, each with its phrase if wrong."""
    place = f"lesson_{exercise.lesson:02d}", exercise.name
    path = ANSWERS.joinpath(*place).with_suffix(".py")
    assert path.exists(), f"{exercise.name} has no answers yet: RIGHT and WRONG belong into {path}"
    answers = getattr(importlib.import_module(".".join(["answers", *place])), kind)
    return answers if kind == "WRONG" else dict.fromkeys(answers, "")


def label(value: object) -> str:
    """A readable id for a parametrised exercise, answer or phrase."""
    return getattr(value, "name", None) or getattr(value, "__name__", type(value).__name__)


def pairs(kind: str) -> list:
    return [
        pytest.param(exercise, answer, phrase, id=f"{exercise.name}-{label(answer)}")
        for exercise in EXERCISES
        for answer, phrase in answers_of(exercise, kind).items()
    ]


def mistakes(exercise: Exercise) -> list[Mistake]:
    """All that the exercise knows by name."""
    checks = {getattr(stage.check, "__self__", None) for stage in exercise.stages}
    return [m for check in checks if isinstance(check, Comparison) for m in check.mistakes]


@pytest.fixture(autouse=True)
def own_progress_file(tmp_path, monkeypatch) -> Path:
    path = tmp_path / "learner" / "progress.json"
    monkeypatch.setenv("COURSE_PROGRESS", str(path))
    monkeypatch.delenv("COURSE_STRICT", raising=False)
    monkeypatch.setattr(exercises, "_hints_shown", {})
    return path


# A stub, a right and a wrong answer for the tests of the core.


def stub(x_hat, x):
    """Squared differences, summed over all features."""
    raise NotImplementedError


def right(x_hat, x):
    return ((x_hat - x) ** 2).flatten(1).sum(1)


def wrong(x_hat, x):
    return (x_hat - x).abs().flatten(1).sum(1)


# --- every exercise -------------------------------------------------------------------------------


@pytest.mark.parametrize("exercise", EXERCISES, ids=label)
class TestEveryExercise:
    def test_is_described(self, exercise):
        name, long = exercise.name, 20  # characters of a sentence
        assert exercise.difficulty in range(1, 6), f"{name} has no difficulty from 1 to 5"
        assert exercise.minutes > 0, f"{name} has no minutes"
        assert len(exercise.success) > long, f"{name} lacks its sentence for success"
        assert len(exercise.hints) >= 2, f"{name} lacks hints: there are to be two or more"
        for each in exercise.hints:
            assert len(each) > long, f"{name} has a hint that is no sentence: {each!r}"

    def test_solution_is_the_specification(self, exercise):
        module = f"lessons.lesson_{exercise.lesson:02d}.{exercise.name}"
        assert exercise.solution.__module__.endswith(module), "its module has another name"
        assert inspect.getdoc(exercise.solution)
        parameters = inspect.signature(exercise.solution).parameters.values()
        assert all(parameter.annotation is not parameter.empty for parameter in parameters)

    def test_stages_come_in_order(self, exercise):
        order = ["type", "shape", "value", "gradient"]
        names = [stage.name for stage in exercise.stages]
        shared = [name for name in names if name in order]
        assert shared == sorted(shared, key=order.index)
        assert len(set(names)) == len(names)

    def test_reference_solution_passes(self, exercise):
        assert examine(exercise, exercise.solution).passed

    def test_stub_is_not_attempted(self, exercise):
        parameters = ", ".join(exercise.parameters)
        for body in ("raise NotImplementedError", "...", "pass", '"""Specification."""'):
            namespace = {}
            exec(f"def stub({parameters}):\n    {body}", namespace)
            if not inspect.isclass(exercise.solution):
                assert not examine(exercise, namespace["stub"]).attempted
        for body in (
            f"def __init__(self, {parameters}):\n        raise NotImplementedError",
            f"def __init__(self, {parameters}):\n        super().__init__()\n        raise "
            "NotImplementedError",
            "...",
            '"""Specification."""',
        ):
            namespace = {"nn": nn}
            exec(f"class stub(nn.Module):\n    {body}", namespace)
            if inspect.isclass(exercise.solution):
                assert not examine(exercise, namespace["stub"]).attempted

    def test_has_enough_answers(self, exercise):
        """Eight wrong ones, five for the smallest exercises, and three right ones."""
        for kind, wanted in (("WRONG", 5 if exercise.difficulty == 1 else 8), ("RIGHT", 3)):
            found = len(answers_of(exercise, kind))
            assert found >= wanted, f"{exercise.name} lacks answers: {found} of {wanted} in {kind}"

    def test_right_answers_are_accepted(self, exercise):
        for answer in answers_of(exercise, "RIGHT"):
            assert_accepted(exercise, answer, [SEED])

    def test_wrong_answers_get_messages_of_their_own(self, exercise):
        messages = {}
        for answer, phrase in answers_of(exercise, "WRONG").items():
            report = examine(exercise, answer, seed=SEED)
            assert_names_the_mistake(report, phrase, answer)
            assert report.message not in messages, (label(answer), messages[report.message])
            messages[report.message] = label(answer)

    def test_no_known_mistake_hides_another(self, exercise):
        """Each is named as itself when handed in, by the message written for it."""
        told = [(m.message, examine(exercise, m.answer).message) for m in mistakes(exercise)]
        assert [(own, other) for own, other in told if own not in other] == []

    def test_hints_do_not_hold_the_solution(self, exercise):
        lines = inspect.getsource(exercise.solution).splitlines()
        last = max((line.strip() for line in lines if "return" in line), key=len)
        assert last.removeprefix("return ") not in " ".join(exercise.hints)


def test_nobody_answers_what_is_not_asked():
    answered = {path.stem for path in ANSWERS.glob("lesson_*/*.py")}
    assert answered == {exercise.name for exercise in EXERCISES}


def test_looking_one_up_loads_no_other():
    program = (
        "import sys; from course_utils.exercises.lessons import find; find('interpolate');"
        "print(*sorted(name for name in sys.modules if '.lessons.lesson_' in name))"
    )
    run = subprocess.run([*ready.python(), "-c", program], capture_output=True, text=True)
    lesson = "course_utils.exercises.lessons.lesson_08"
    loaded = [name for name in run.stdout.split() if name.count(".") > lesson.count(".")]
    assert loaded == [f"{lesson}.interpolate"], run.stderr


@pytest.mark.parametrize("exercise", SPECIMENS, ids=label)
class TestEverySpecimen:
    """What the learner is given to repair runs and is found out, by a property that it breaks."""

    def test_has_the_parameters_of_the_solution(self, exercise):
        both = exercise.specimen.function, exercise.solution
        ours, theirs = (str(inspect.signature(function)) for function in both)
        assert ours == theirs

    def test_breaks_its_property(self, exercise):
        by, allowed = exercise.specimen.by, exercise.specimen.allowed
        assert by(exercise.specimen.function) > 3 * allowed
        for right in (exercise.solution, *answers_of(exercise, "RIGHT")):
            assert by(right) <= allowed

    def test_is_not_repaired_yet(self, exercise):
        for seed in range(3):
            report = examine(exercise, exercise.specimen.function, seed=seed)
            assert not report.attempted and not report.passed
            assert "still does what the specimen does" in report.message
            assert f'`hint("{exercise.name}")` helps' in report.message
            for text in (str(report), report._repr_html_()):
                assert "not repaired yet" in text
                assert "not attempted yet" not in text

    def test_its_property_is_told_by_the_second_hint(self, exercise):
        """And by nothing before: the message under the untouched cell gives nothing away."""
        broken = exercise.specimen.breaks.format(
            by=exercise.specimen.by(exercise.specimen.function)
        )
        assert broken not in examine(exercise, exercise.specimen.function).message
        told = [broken in str(hint(exercise.name)) for _ in exercise.hints]
        assert told == [number == 1 for number in range(len(told))]

    def test_is_recognised_in_another_hand(self, exercise, own_progress_file, monkeypatch):
        """Whoever rewrites the mistake has not begun either; it is no attempt, and never raises."""
        answers = answers_of(exercise, "UNREPAIRED")
        assert answers
        for answer in answers:
            assert not check(exercise.name, answer).attempted
            monkeypatch.setenv("COURSE_STRICT", "1")
            with pytest.raises(NotPassed, match="not repaired yet"):
                check(exercise.name, answer)
            monkeypatch.delenv("COURSE_STRICT")
        assert not own_progress_file.exists()


def assert_names_the_mistake(report, phrase, answer):
    assert report.attempted, label(answer)
    assert not report.passed, label(answer)
    assert phrase in report.message, label(answer)
    *before, last = report.results
    assert all(result.passed for result in before)
    assert not last.passed


def assert_accepted(exercise, answer, seeds):
    for seed in seeds:
        report = examine(exercise, answer, seed=seed)
        assert report.passed, f"{label(answer)}, seed {seed}\n{report}"


@pytest.mark.thorough
@pytest.mark.parametrize(("exercise", "answer", "phrase"), pairs("WRONG"))
def test_wrong_answer_gets_its_own_message_for_other_seeds(exercise, answer, phrase):
    for seed in OTHER_SEEDS[:2]:
        assert_names_the_mistake(examine(exercise, answer, seed=seed), phrase, answer)


@pytest.mark.thorough
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("exercise", "answer", "phrase"), pairs("RIGHT"))
def test_right_answer_is_accepted_over_fifty_seeds(exercise, answer, phrase):
    assert_accepted(exercise, answer, OTHER_SEEDS)


# --- the oracles of lesson 01 ---------------------------------------------------------------------


@pytest.mark.parametrize(("n", "d", "k"), [(7, 3, 2), (4, 9, 2), (12, 4, 4), (30, 6, 1)])
def test_pca_solution_agrees_with_scikit_learn(n, d, k):
    from sklearn.decomposition import PCA

    x = torch.randn(n, d, generator=torch.Generator().manual_seed(n), dtype=torch.float64)
    model = PCA(n_components=k).fit(x)
    expected = torch.as_tensor(model.inverse_transform(model.transform(x)))
    torch.testing.assert_close(find("pca_reconstruction").solution(x, k), expected)


@pytest.mark.parametrize("shape", [(3, 4), (1, 5), (2, 1, 28, 28)])
def test_squared_error_solution_agrees_with_torch(shape):
    x_hat, x = torch.randn(2, *shape, generator=torch.Generator().manual_seed(0))
    expected = nn.functional.mse_loss(x_hat, x, reduction="none").flatten(1).sum(1)
    torch.testing.assert_close(find("squared_error").solution(x_hat, x), expected)


# --- the slider of lesson 08 ---------------------------------------------------------------------


def test_no_widget_of_a_check_stays_in_the_kernel():
    """Neither of an answer that passes nor of one that stops; and the learner's own are left."""
    import ipywidgets

    constructed = []
    sliders = [ipywidgets.FloatSlider()]

    def answer(show, z, dim):
        sliders.append(find("latent_slider").solution(show, z, dim))
        return sliders[-1]

    def stops(show, z, dim):
        raise ValueError(answer(show, z, dim))

    ipywidgets.Widget.on_widget_constructed(constructed.append)
    try:
        assert check("latent_slider", answer).passed
        assert "ValueError" in check("latent_slider", stops).message
        mine = ipywidgets.FloatSlider()
    finally:
        ipywidgets.Widget.on_widget_constructed(None)
    assert [slider.comm is not None for slider in sliders] == [True] + [False] * 8
    assert mine in constructed
    assert not set(sliders) & set(constructed)


def endless(change):
    while True:
        pass


def again(change):
    change.owner.value = -change.new + 0.1


def stops_python(change):
    sys.exit()


def closes(change):
    change.owner.close()


@pytest.mark.parametrize(
    ("move", "phrase"),
    [
        (endless, "did not finish within 0.5 seconds"),
        (again, "calls itself without end"),
        (stops_python, "asked Python to exit"),
        (closes, "the slider moves and nothing is"),
    ],
    ids=label,
)
def test_a_hostile_slider_does_no_harm(move, phrase):
    import ipywidgets

    def answer(show, z, dim):
        slider = ipywidgets.FloatSlider(z[dim].item(), min=-3, max=3, description=str(dim))
        slider.observe(move, names="value")
        show(z)
        return slider

    report = check("latent_slider", answer, time_limit=0.5)
    assert report.attempted
    assert phrase in report.message


# --- the report -----------------------------------------------------------------------------------


def test_report_of_a_right_answer():
    report = check("squared_error", right)
    assert (report.name, report.passed, report.attempted) == ("squared_error", True, True)
    assert [tuple(result) for result in report.results] == [
        (name, True, "") for name in ("type", "shape", "value", "gradient")
    ]
    assert report.success in str(report)
    assert report.message == report.success


def test_report_of_a_wrong_answer():
    report = check("squared_error", wrong)
    assert [(name, passed) for name, passed, _ in report.results] == [
        ("type", True),
        ("shape", True),
        ("value", False),
    ]
    assert report.to_come == ("gradient",)
    text = str(report)
    for words in ("✗ squared_error", "✓ passed", "✗ not yet", "absolute differences", "to come"):
        assert words in text
    assert text == repr(report)
    assert text.count("absolute differences") == 1


def test_report_in_html_says_the_same():
    report = check("squared_error", wrong)
    html = report._repr_html_()
    assert "<caption" in html
    assert html.count('scope="col"') == 3
    assert html.count('scope="row"') == 4
    for words in ("✗ squared_error", "✓ passed", "✗ not yet", "absolute differences", "to come"):
        assert words in html
    assert "not attempted yet" in check("squared_error", stub)._repr_html_()


def test_what_the_learner_wrote_is_escaped_in_html():
    def answer(x_hat, x):
        raise ValueError("<script>alert('&')</script>")

    report = check("squared_error", answer)
    assert "<script>" in str(report)
    assert "<script>" not in report._repr_html_()
    assert "&lt;script&gt;" in report._repr_html_()


@pytest.mark.parametrize("answer", [stub, None, ...], ids=["stub", "None", "Ellipsis"])
def test_unsolved_is_not_attempted_and_never_raises(answer):
    report = check("squared_error", answer)
    assert not report.attempted
    assert not report.passed
    assert "not attempted yet" in str(report)
    assert "not attempted yet" in report._repr_html_()
    assert len(report.results) == 1


def test_strict_mode(monkeypatch):
    monkeypatch.setenv("COURSE_STRICT", "1")
    assert check("squared_error", right).passed
    with pytest.raises(NotPassed, match="not attempted yet"):
        check("squared_error", stub)
    with pytest.raises(AssertionError, match="absolute differences"):
        check("squared_error", wrong)
    monkeypatch.setenv("COURSE_STRICT", "0")
    assert not check("squared_error", wrong).passed


def test_a_failing_stage_shows_an_input_that_reproduces_it():
    message = check("squared_error", lambda x_hat, x: 3 * right(x_hat, x)).message
    tensor, numbers = r"torch\.tensor\([^)]*\)", r"\[.*\]"
    x_hat, x = (eval(text) for text in re.findall(rf"= ({tensor})", message))
    expected = eval(re.search(rf"expected = ({numbers})", message)[1])
    returned = eval(re.search(rf"returned = ({numbers})", message)[1])
    assert x_hat.dtype == x.dtype == torch.float32
    torch.testing.assert_close(right(x_hat, x), torch.tensor(expected), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(3 * right(x_hat, x), torch.tensor(returned), rtol=1e-3, atol=1e-3)


def test_large_results_are_summarised():
    def answer(x_hat, x):
        result = right(x_hat, x)
        return result + (x.shape[1] == 784) * torch.arange(len(x))

    assert "x = a tensor of shape (3, 784)" in check("squared_error", answer).message

    def of_pca(x, k):
        result = find("pca_reconstruction").solution(x, k)
        result[-1, -1] += 5 * (len(x) == 50)
        return result

    assert "returned[49, 19] = " in check("pca_reconstruction", of_pca).message


@pytest.mark.parametrize(
    ("result", "phrase"),
    [
        (lambda good: good * -2, "-2 times"),
        (lambda good: good + 1.5, "too large by 1.5"),
        (lambda good: good.clone().fill_(torch.nan), "nan or inf"),
        (lambda good: good.half(), "first row through by hand"),
        (lambda good: good.to("meta"), "device meta"),
        (lambda good: good.to_sparse(), "torch.sparse_coo"),
        (lambda good: good > 0, "torch.bool"),
        (lambda good: good[None], "axes of length 1"),
        (lambda good: good.expand(2, len(good)), "Too many axes"),
        (lambda good: good[:1].sum(), "Too few axes"),
        (lambda good: good.repeat(2), "which axis"),
        (lambda good: [good], "list"),
        (lambda good: good.numpy(), "NumPy array"),
        (lambda good: np.float32(3), "NumPy"),
        (lambda good: 3.0, "the number 3"),
        (lambda good: {}, "a dict"),
        (lambda good: None, "`return`"),
        (lambda good: (value for value in good), "a generator"),
        (lambda good: right, "a function"),
    ],
)
def test_messages_for_mistakes_that_nobody_listed(result, phrase):
    report = check("squared_error", lambda x_hat, x: result(right(x_hat, x)))
    assert not report.passed
    assert phrase in report.message


# --- how it is called -----------------------------------------------------------------------------


@pytest.mark.parametrize("function", [lambda name: check(name, right), hint, solution])
def test_unknown_name(function):
    with pytest.raises(UnknownExercise, match=r'did you mean "squared_error".*pca_reconstruction'):
        function("squared_eror")
    with pytest.raises(ValueError, match=r"`progress\(\)` lists all"):
        function("zzz")


def test_a_function_where_its_name_should_be():
    assert 'check("squared_error", squared_error)' in check(right, "squared_error").message
    with pytest.raises(ValueError, match="in quotes"):
        hint(right)


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        (torch.zeros(3), "without parentheses"),
        (5, "without parentheses"),
        ("squared_error", "without quotes"),
        (lambda x_hat: x_hat, "is called with (x_hat, x)"),
        (lambda x_hat, x, scale: x_hat, "is called with (x_hat, x)"),
        (lambda *, x_hat, x: x_hat, "is called with (x_hat, x)"),
        (nn.Linear, "handed in a class"),
    ],
)
def test_something_else_handed_in(answer, phrase):
    report = check("squared_error", answer)
    assert not report.passed
    assert len(report.results) == 1
    assert phrase in report.message


def test_time_limit_must_be_positive():
    with pytest.raises(ValueError, match="time_limit"):
        check("squared_error", right, time_limit=0)


@pytest.mark.parametrize("outside", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_the_learners_grad_mode_does_not_matter(outside):
    with outside():
        assert check("squared_error", right).passed
        assert not check("squared_error", lambda a, b: right(a, b).detach()).passed


def test_the_learners_default_dtype_and_seed_do_not_matter():
    reports = []
    for seed, dtype in ((0, torch.float32), (1, torch.float64)):
        torch.manual_seed(seed)
        torch.set_default_dtype(dtype)
        try:
            reports.append(str(check("squared_error", lambda a, b: right(a, b) + torch.rand(1))))
            assert torch.get_default_dtype() == dtype
        finally:
            torch.set_default_dtype(torch.float32)
    assert reports[0] == reports[1]


# --- hostile answers ------------------------------------------------------------------------------


class Spiteful:
    """Nothing can be done with it."""

    def __getattribute__(self, name):
        raise RuntimeError("no")

    def __repr__(self):
        raise RuntimeError("no repr")

    def __eq__(self, other):
        raise RuntimeError("no eq")

    __hash__ = None


class SpitefulError(Exception):
    def __str__(self):
        raise RuntimeError("no str")


class SpitefulTensor(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        raise RuntimeError(f"no {function.__name__}")


def raises_inside(x_hat, x):
    y = x_hat - x
    return y @ y


def raises_system_exit(x_hat, x):
    sys.exit(3)


def raises_interrupt(x_hat, x):
    raise KeyboardInterrupt


def recurses(x_hat, x):
    return recurses(x_hat, x)


def returns_itself_nested(x_hat, x):
    nested = []
    nested.append(nested)
    return nested


def returns_spite(x_hat, x):
    return Spiteful()


def raises_spite(x_hat, x):
    raise SpitefulError


def returns_spiteful_tensor(x_hat, x):
    return right(x_hat, x).as_subclass(SpitefulTensor)


def returns_huge_repr(x_hat, x):
    return type("Huge", (), {"__repr__": lambda self: "x" * 10**7})()


def calls_check(x_hat, x):
    return check("squared_error", right)


def needs_another_torch(x_hat, x):
    return torch.empty(3, device="meta").tolist()


def writes_through_numpy(x_hat, x):
    array = x.numpy()
    array -= array.mean()
    return right(x_hat, x)


def resizes(x_hat, x):
    x.unsqueeze_(0)
    return right(x_hat, x[0])


async def asynchronous(x_hat, x):
    return right(x_hat, x)


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        (raises_inside, "`return y @ y`"),
        (raises_system_exit, "asked Python to exit"),
        (raises_interrupt, "KeyboardInterrupt"),
        (recurses, "calls itself without end"),
        (returns_itself_nested, "a list of 1 things"),
        (returns_spite, "could not be examined"),
        (raises_spite, "<SpitefulError>"),
        (returns_spiteful_tensor, "no "),
        (returns_huge_repr, "a Huge"),
        (calls_check, "cannot be called from inside"),
        (needs_another_torch, "`return torch.empty"),
        (writes_through_numpy, "changed its argument `x` in place"),
        (resizes, "changed its argument `x` in place"),
        (asynchronous, "coroutine"),
    ],
    ids=label,
)
def test_hostile_answer_does_no_harm(answer, phrase):
    report = check("squared_error", answer)
    assert report.attempted
    assert not report.passed
    assert phrase in report.message
    assert len(str(report)) < 3000
    assert report._repr_html_()


def test_a_hostile_object_handed_in():
    assert "could not be examined" in check("squared_error", Spiteful()).message


def test_the_learners_own_line_is_shown():
    message = check("squared_error", raises_inside).message
    number = inspect.getsourcelines(raises_inside)[1] + 2
    assert f"line {number} of test_exercises.py: `return y @ y`" in message
    assert "RuntimeError" in message
    assert "x_hat = a tensor of shape (3, 4)" in message


def test_the_line_in_a_cell():
    """Code without a file: what a notebook's cell looks like to a traceback."""
    cell = compile("def f(x_hat, x):\n    y = x\n    return y / nothing\n", "<cell 3>", "exec")
    namespace = {}
    exec(cell, namespace)
    assert "line 3 of your cell" in check("squared_error", namespace["f"]).message


def test_a_result_that_shares_memory_with_the_input_is_no_crime():
    assert check("pca_reconstruction", lambda x, k: find("pca_reconstruction").solution(x, k)[:])
    assert "returned x itself" in check("pca_reconstruction", lambda x, k: x).message


def test_a_list_that_is_changed_in_place():
    def total(values: list) -> float:
        return float(sum(values))

    def probes(generator):
        return [([1.0, 2.5],), ([torch.ones(2)[0], 3.0],)]

    exercise = exercise_of(total, Comparison(probes, None, "add them", []).stages)
    assert examine(exercise, lambda values: float(sum(values))).passed
    assert "in place" in examine(exercise, lambda values: values.pop()).message
    assert "in place" in examine(exercise, lambda values: values.sort(reverse=True)).message


def test_an_answer_that_reuses_its_buffer_is_judged_call_by_call():
    buffer = torch.zeros(100)

    def answer(x_hat, x):
        buffer[: len(x)] = right(x_hat, x).detach()
        return buffer[: len(x)]

    report = check("squared_error", answer)
    assert [result.name for result in report.results] == ["type", "shape", "value", "gradient"]


def test_warnings_become_a_note_even_where_they_are_errors():
    def answer(x_hat, x):
        warnings.warn("mind the step", stacklevel=1)
        warnings.warn("not for you", DeprecationWarning, stacklevel=1)
        return right(x_hat, x)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = check("squared_error", answer)
    assert report.passed
    assert report.notes == ("Python warned: mind the step",)
    assert "mind the step" in str(report)
    assert "mind the step" in report._repr_html_()

    broadcast = check("squared_error", lambda a, b: nn.functional.mse_loss(a, b[:1])).message
    assert "Python warned: Using a target size" in broadcast


def test_prints_are_let_through(capsys):
    def answer(x_hat, x):
        print("here I am", x.shape)
        return right(x_hat, x)

    assert check("squared_error", answer).passed
    assert "here I am" in capsys.readouterr().out


def test_a_stub_that_is_half_solved_is_attempted():
    def answer(x_hat, x):
        if x_hat.requires_grad:
            raise NotImplementedError
        return right(x_hat, x)

    report = check("squared_error", answer)
    assert report.attempted
    assert "NotImplementedError` left: line" in report.message


# --- time -----------------------------------------------------------------------------------------


def loops(x_hat, x):
    while True:
        pass


def loops_and_swallows(x_hat, x):
    while True:
        try:
            int("7")
        except BaseException:
            continue


def sleeps(x_hat, x):
    time.sleep(3600)


def waits(x_hat, x):
    threading.Event().wait()


def naps(x_hat, x):
    while True:
        time.sleep(0.01)


def computes_in_c(x_hat, x):
    while True:  # each decomposition takes seconds, in which Python has no say
        torch.linalg.svd(torch.randn(1500, 1500))


@pytest.mark.parametrize("answer", [loops, loops_and_swallows], ids=label)
def test_an_endless_loop_is_stopped(answer):
    threads = threading.active_count()
    report = check("squared_error", answer, time_limit=0.2)
    assert not report.passed
    assert "did not finish within 0.2 seconds of work" in report.message
    assert "of test_exercises.py: `" in report.message
    assert "slept" not in report.message
    assert "still runs" not in report.message
    assert threading.active_count() <= threads


@pytest.mark.parametrize(
    ("answer", "line"), [(sleeps, "`time.sleep(3600)`"), (waits, "`threading.Event().wait()`")]
)
def test_code_that_cannot_be_stopped_is_left_behind_and_said_so(answer, line):
    report = check("squared_error", answer, time_limit=0.05)
    assert f"did not finish within {0.05 * sandbox.PATIENCE:.1f}" in report.message
    assert "the rest it slept, or waited" in report.message
    assert "of work" not in report.message
    assert line in report.message
    assert "restart the kernel" in report.message
    assert check("squared_error", right).passed


def test_a_loop_that_mostly_sleeps_is_stopped_and_said_so():
    threads = threading.active_count()
    report = check("squared_error", naps, time_limit=0.05)
    assert "the rest it slept, or waited" in report.message
    assert "`time.sleep(0.01)`" in report.message
    assert threading.active_count() <= threads


def test_native_code_that_does_not_return_ends_the_check(monkeypatch):
    monkeypatch.setattr(sandbox, "GRACE", 0.05)
    others = set(threading.enumerate())
    report = check("squared_error", computes_in_c, time_limit=0.1)
    assert "did not finish within 0.1 seconds of work" in report.message
    assert "`torch.linalg.svd" in report.message
    assert check("squared_error", right).passed
    for left_behind in set(threading.enumerate()) - others:
        left_behind.join()  # it was told to end, and does so when it is back in Python


def test_time_that_others_take_is_not_counted():
    """An answer that is kept waiting for longer than its limit, as by a busy machine, and works
    for less."""
    kept_waiting = iter([0.5])

    def answer(x_hat, x):
        time.sleep(next(kept_waiting, 0))
        return right(x_hat, x)

    assert check("squared_error", answer, time_limit=0.25).passed


@pytest.mark.parametrize("whose", ["a library", "the learner's"])
def test_loading_a_library_is_not_counted(tmp_path, monkeypatch, whose):
    """As a first optimiser loads one, for seconds. But a module of the learner's own is work."""
    (tmp_path / "long_to_load.py").write_text(
        "import time\nend = time.thread_time() + 0.8\nwhile time.thread_time() < end:\n    pass"
    )
    monkeypatch.syspath_prepend(tmp_path)
    if whose == "a library":
        monkeypatch.setattr(frames, "LIBRARIES", (*frames.LIBRARIES, str(tmp_path)))

    def answer(x_hat, x):
        importlib.import_module("long_to_load")
        return right(x_hat, x)

    try:
        report = check("squared_error", answer, time_limit=0.4)
    finally:
        sys.modules.pop("long_to_load", None)
    assert report.passed == (whose == "a library")
    assert report.passed or "within 0.4 seconds of work" in report.message


def test_the_clock_counts_the_work_of_one_thread():
    """Of the answer's; while this one, and a third, work too."""
    clock, started, enough = sandbox._WorkClock(), threading.Event(), threading.Event()

    def idle():
        clock.start()
        started.set()
        enough.wait()

    worker = threading.Thread(target=idle)
    worker.start()
    started.wait()
    if clock._clock is None:
        enough.set()
        pytest.skip("here a thread's time is told to the thread alone")
    before = time.thread_time()
    while time.thread_time() - before < 0.3:
        pass
    assert clock.seconds() < 0.1
    enough.set()
    worker.join()
    while clock.seconds() != 0.0:  # of a thread that has ended: for the system, a moment later
        time.sleep(0.01)


WITHOUT_A_CLOCK = """
import time, warnings
warnings.simplefilter("error")
from course_utils.exercises import check
del time.pthread_getcpuclockid

def right(x_hat, x):
    return ((x_hat - x) ** 2).flatten(1).sum(1)

def loops(x_hat, x):
    while True:
        pass

def sleeps(x_hat, x):
    time.sleep(3600)

print(check("squared_error", right))
print(check("squared_error", loops, time_limit=0.2))
print(check("squared_error", sleeps, time_limit=0.5))
"""


@pytest.mark.skipif(
    not hasattr(time, "pthread_getcpuclockid"), reason="the rule here, no exception"
)
def test_without_a_clock_of_the_thread_the_process_counts():
    """As on macOS and Windows. In a process of its own: other tests leave threads behind."""
    command = [*ready.python(), "-c", WITHOUT_A_CLOCK]
    run = subprocess.run(command, capture_output=True, text=True)
    passed, looped, slept = re.split(r"(?m)^✗", run.stdout)
    assert "✓ squared_error: passed" in passed, run.stderr
    assert "did not finish within 0.2 seconds of work" in looped
    assert "the rest it slept, or waited" in slept


FOLLOWED = """
import contextlib, gc, sys, threading, time
from course_utils.exercises.checking import sandbox

@contextlib.contextmanager
def entered(n):
    yield n

def numbers(n):
    for i in range(n):
        yield from range(i)

class Cycle:
    def __init__(self):
        self.itself = self
    def __del__(self):
        sum(numbers(4))

def busy(depth):
    with entered(depth):
        if depth:
            Cycle()
            busy(depth - 1)
    return sum(numbers(3))

def work():
    while True:
        busy(12)

gc.set_threshold(20)
sys.setswitchinterval(1e-6)
worker = threading.Thread(target=work, daemon=True)
worker.start()
looked, lost, deep, end = 0, 0, 0, time.process_time() + 3
while time.process_time() < end:
    stack = sandbox._stack(worker)
    looked += 1
    lost += stack[0][0].f_code.co_name != "_bootstrap"
    deep = max(deep, len(stack))
    time.sleep(0)
print(looked > 100, lost, deep > 10, gc.isenabled(), flush=True)
"""


def test_looking_where_a_thread_is_never_loses_its_way():
    """While it runs, and its frames go. In a process of its own, which would crash."""
    command = [*ready.python(), "-c", FOLLOWED]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.stdout.split() == ["True", "0", "True", "True"], run.stderr


def test_the_stages_passed_before_the_time_was_up_are_shown():
    def answer(x_hat, x):
        while x_hat.requires_grad:
            pass
        return right(x_hat, x)

    report = check("squared_error", answer, time_limit=0.5)
    assert [result.passed for result in report.results] == [True, True, True, False]


def test_who_is_done_just_when_the_time_is_up_has_passed(monkeypatch):
    def ends_too_late(work, time_limit):
        work()
        raise sandbox.TimeUp(time_limit, time_limit, waited=False, stack=[], stopped=True)

    monkeypatch.setattr(sandbox, "run", ends_too_late)
    assert examine(find("squared_error"), right).passed


def test_control_c_stops_the_answer_and_propagates():
    # A process that was started in the background may have been told to ignore Ctrl-C.
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    threads = threading.active_count()
    before = torch.get_rng_state()
    timer = threading.Timer(0.3, _thread.interrupt_main)
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            check("squared_error", loops, time_limit=10)
    finally:
        signal.signal(signal.SIGINT, handler)
    timer.join()
    assert threading.active_count() <= threads
    assert torch.equal(before, torch.get_rng_state())


# --- what must be as it was -----------------------------------------------------------------------


def state() -> dict[str, object]:
    return {
        "torch": torch.get_rng_state().tolist(),
        "numpy": repr(np.random.get_state()),
        "dtype": torch.get_default_dtype(),
        "grad": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "deterministic": torch.get_deterministic_debug_mode(),
        "threads": torch.get_num_threads(),
        "precision": torch.get_float32_matmul_precision(),
        "anomaly": torch.is_anomaly_enabled(),
        "recursion": sys.getrecursionlimit(),
        "filters": list(warnings.filters),
    }


def disturbs(then):
    def answer(x_hat, x):
        torch.manual_seed(99)
        np.random.seed(99)
        random.seed(99)
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        torch.use_deterministic_algorithms(True)
        torch.set_num_threads(1)
        torch.set_float32_matmul_precision("medium")
        torch.autograd.set_detect_anomaly(True, check_nan=False)
        sys.setrecursionlimit(5000)
        warnings.simplefilter("ignore")
        return then(x_hat, x)

    return answer


@pytest.mark.parametrize("then", [right, raises_inside, raises_system_exit, loops], ids=label)
def test_every_setting_is_restored(then):
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    torch.use_deterministic_algorithms(False)  # its first call imports half of torch: not on time
    try:
        before = state()
        check("squared_error", disturbs(then), time_limit=0.5)
        assert state() == before
        # A new thread asks for the number anew, and must get the old one too.
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(torch.get_num_threads).result() == 2
    finally:
        torch.set_num_threads(threads)


def test_pythons_own_random_state_is_restored():
    """Apart, because beartype draws from it when it checks the types of `check` itself."""
    before = random.getstate()
    with sandbox.sealed(0):
        random.seed(99)
    assert random.getstate() == before


def test_an_answer_that_draws_does_not_move_the_learners_stream():
    def answer(x_hat, x):
        return right(x_hat, x) + 0 * (torch.rand(()) + np.random.rand() + random.random())

    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    first = torch.rand(1)
    assert check("squared_error", answer).passed
    assert torch.equal(torch.cat([first, torch.rand(1)]), expected)


# --- hints, solution, source ----------------------------------------------------------------------


@pytest.mark.parametrize("exercise", EXERCISES, ids=label)
def test_hints_come_one_at_a_time(exercise):
    for number, text in enumerate(exercise.hints, start=1):
        shown = hint(exercise.name)
        assert f"Hint {number} of {len(exercise.hints)}" in str(shown)
        assert text in str(shown)
        assert not any(other in str(shown) for other in exercise.hints if other != text)
    for _ in range(2):
        assert f'solution("{exercise.name}")' in str(hint(exercise.name))


@pytest.mark.parametrize("exercise", EXERCISES, ids=label)
def test_solution_shows_its_source(exercise):
    shown = solution(exercise.name, now=True)
    source = inspect.getsource(exercise.solution)
    assert source.rstrip() in str(shown)
    assert "<pre" in shown._repr_html_()
    assert "def" in re.sub(r"<[^>]+>", "", shown._repr_html_())


def test_a_solution_waits_for_an_attempt(own_progress_file):
    """The stub is none, a wrong answer is one, and a slip in the call is none either."""
    source = inspect.getsource(find("squared_error").solution).rstrip()
    for call in (
        lambda: None,
        lambda: check("squared_error", stub),
        lambda: check("squared_error"),
    ):
        call()
        told = str(solution("squared_error"))
        assert source not in told
        for way in ("check", "hint", "solution"):
            assert f'`{way}("squared_error"' in told
        assert "now=True" in told
    assert not own_progress_file.exists()  # and to have asked is nothing to remember
    check("squared_error", wrong)
    assert source in str(solution("squared_error"))


class Empty:
    def __init__(self, *anything):
        pass


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("elbo", lambda *anything: 0),
        ("squared_error", lambda x_hat, x: x_hat - y),  # noqa: F821
        ("squared_error", lambda x_hat: x_hat),
        ("squared_error", 3),
        ("squared_error", Empty()),
        ("conv_output_size", lambda *anything: 0),  # which has the right type
        ("SmallVAE", Empty),
    ],
)
def test_an_answer_of_another_type_opens_no_solution(name, answer):
    """Only a second one does, and the same one again is none."""
    for _ in range(3):
        assert check(name, answer).attempted
        told = str(solution(name))
        assert inspect.getsource(find(name).solution).rstrip() not in told
        assert f"First try `{name}` once more" in told and "now=True" in told
        assert re.search(rf"{name} .*✗ not there yet, 1 try$", str(progress()), re.MULTILINE)
    check(name, lambda *anything: "")
    assert re.search(rf"{name} .*✗ not there yet, 2 tries$", str(progress()), re.MULTILINE)
    assert inspect.getsource(find(name).solution).rstrip() in str(solution(name))


def test_an_answer_is_another_if_what_it_calls_has_changed():
    def helped(x_hat, x):
        return helper(x_hat)

    helper = len
    assert not check("squared_error", helped).passed
    helper = str
    check("squared_error", helped)
    assert "def squared_error" in str(solution("squared_error"))


def test_the_same_code_in_another_cell_is_the_same_answer():
    text = """
def f(x_hat, x):
    return [{scale} * sum(x_hat) for x_hat in x if x in {{1, 2, 3}}]
"""
    marks = []
    for number, scale in enumerate((1, 1, 2)):
        namespace = {}
        exec(compile("\n" * number + text.format(scale=scale), f"cell {number}", "exec"), namespace)
        report = Report("squared_error", [Result("type", False, "")])
        marks.append(tries.told_apart(namespace["f"], report))
    assert marks[0] == marks[1] != marks[2]


@pytest.mark.parametrize("attempts", [0, 1])
def test_what_was_seen_is_remembered_until_it_is_solved(own_progress_file, attempts):
    for _ in range(attempts):
        check("squared_error", wrong)
    solution("squared_error", now=True)
    assert re.search(r"squared_error +.*◐ seen, not solved", str(progress()))
    check("squared_error", wrong)
    assert re.search(r"squared_error +.*◐ seen, not solved", str(progress()))
    assert str(progress()).startswith("0 of")
    check("squared_error", right)
    assert re.search(r"squared_error +.*✓ passed", str(progress()))


def test_a_look_after_the_pass_is_no_news(own_progress_file):
    check("squared_error", right)
    before = own_progress_file.read_text()
    solution("squared_error")
    assert own_progress_file.read_text() == before
    assert check("squared_error", right).notes == ()


def test_a_solution_is_shown_where_nothing_can_be_remembered(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "file" / "progress.json"))
    shown = solution("squared_error", now=True)
    assert "return" in str(shown) and "not saved" in str(shown)
    assert "not saved" in shown._repr_html_()


# --- twins ----------------------------------------------------------------------------------------


def test_ten_exercises_have_a_twin():
    assert len(twins()) >= 10
    asked = {name.removesuffix(TWIN) for name in lessons.modules() if name.endswith(TWIN)}
    assert asked == set(twins())  # and no twin is an orphan
    assert all(other.lesson == find(name).lesson for name, other in twins().items())


def test_a_twin_is_offered_to_whoever_has_seen_the_solution():
    assert "twin" not in str(check("squared_error", right))
    record.change(lambda held: record.Held({}, {}))
    solution("squared_error", now=True)
    assert "twin" not in str(check("squared_error", wrong))
    report = check("squared_error", right)
    for shown in (str(report), report._repr_html_()):
        assert "twin(" in shown and "same idea in other clothes" in shown
    assert "squared_error_twin" not in str(progress())  # nobody is asked to do it
    check("squared_error_twin", lambda x_hat, x, known: right(known * x_hat, known * x))
    assert re.search(r"squared_error_twin .*✓ passed", str(progress()))
    assert "twin(" not in str(check("squared_error", right))


def test_an_exercise_without_a_twin_offers_none():
    solution("mean_image", now=True)
    report = check("mean_image", lambda images: images.mean(dim=0))
    assert report.passed and report.notes == ()
    with pytest.raises(UnknownExercise, match=r"`mean_image` has no twin; .*squared_error"):
        twin("mean_image")


@pytest.mark.parametrize("name", twins())
def test_a_twin_shows_its_stub(name):
    """It can be put into a cell as it is, and is then not attempted yet."""
    other = twins()[name]
    assert repr(twin(name)) == repr(twin(other.name))
    *code, last = str(twin(name)).splitlines()
    assert f'check("{other.name}", {other.name})' in last
    assert inspect.getdoc(other.solution).splitlines()[0] in "\n".join(code)
    namespace = {}
    exec("\n".join(code), namespace)
    given = namespace[other.name]
    assert not check(other.name, given).attempted
    assert list(inspect.signature(given).parameters) == list(other.parameters)
    last_line = inspect.getsource(other.solution).rstrip().splitlines()[-1].strip()
    assert last_line not in "\n".join(code)


def test_source_is_highlighted_and_escaped():
    shown = show_source(test_source_is_highlighted_and_escaped)
    html = shown._repr_html_()
    assert "--jp-mirror-editor-keyword-color" in html
    assert "<b>" not in html
    plain = re.sub(r"<[^>]+>", "", html)
    assert "&lt;b&gt;" in plain


def test_source_without_pygments(monkeypatch):
    monkeypatch.setitem(sys.modules, "pygments.lexers", None)
    html = show_source(right)._repr_html_()
    assert "def right(x_hat, x):" in html
    assert "keyword-color" not in html


@pytest.mark.parametrize("thing", [right, Wrong, Answer.call, record], ids=label)
def test_source_of_functions_classes_methods_and_modules(thing):
    assert inspect.getdoc(thing) is None or inspect.getdoc(thing)[:30] in str(show_source(thing))


@pytest.mark.parametrize("thing", [len, 3, "squared_error"])
def test_source_of_what_has_none(thing):
    with pytest.raises(ValueError, match="no Python source"):
        show_source(thing)


# --- the progress file ----------------------------------------------------------------------------


def statuses(path: Path) -> dict[str, str]:
    return {name: entry["status"] for name, entry in json.loads(path.read_text()).items()}


def test_progress_is_kept(own_progress_file):
    assert "0 of" in str(progress())
    check("squared_error", stub)
    assert not own_progress_file.exists()
    check("squared_error", wrong)
    assert statuses(own_progress_file) == {"squared_error": "attempted"}
    check("squared_error", right)
    first = own_progress_file.read_text()
    assert statuses(own_progress_file) == {"squared_error": "passed"}
    check("squared_error", wrong)
    assert own_progress_file.read_text() == first
    assert re.search(r"squared_error.*✓ passed \d{4}-\d\d-\d\d", str(progress()))
    assert re.search(r"pca_reconstruction.*to do", str(progress()))
    own_progress_file.unlink()
    assert "✓" not in str(progress())


def test_progress_lists_every_exercise():
    text, html = str(progress()), progress()._repr_html_()
    for exercise in all_exercises().values():
        assert exercise.name in text
        assert exercise.name in html
        assert f"{exercise.minutes} min" in text
    assert "<caption" in html


def test_tries_are_counted_up_to_the_first_pass(own_progress_file):
    """Each other answer is one; a look at the solution changes nothing."""
    check("squared_error", lambda x_hat, x: 0)
    check("squared_error", wrong)
    check("squared_error", wrong)
    solution("squared_error")
    assert "◐ seen, not solved, 2 tries" in str(progress("01"))
    for answer in (right, wrong, right):
        check("squared_error", answer)
    assert json.loads(own_progress_file.read_text())["squared_error"] == {
        "status": "passed",
        "date": str(record.today()),
        "tries": 3,
        "seen": str(record.today()),
    }
    assert re.search(r"squared_error.*✓ passed \d{4}-\d\d-\d\d, try 3\n", str(progress()))


def test_a_record_without_tries_goes_on(own_progress_file):
    """As earlier versions wrote it: an attempt counts as one, and opened the solution."""
    old = {"mean_image": "passed", "squared_error": "attempted"}
    entries = {name: {"status": each, "date": "2026-01-01"} for name, each in old.items()}
    own_progress_file.parent.mkdir()
    own_progress_file.write_text(json.dumps(entries))
    assert re.search(r"mean_image .*✓ passed 2026-01-01\n", str(progress()))
    assert "def squared_error" in str(solution("squared_error"))
    check("squared_error", wrong)
    held = json.loads(own_progress_file.read_text())
    assert held["squared_error"]["tries"] == 2
    assert held["squared_error"]["date"] == "2026-01-01"
    assert held["mean_image"] == entries["mean_image"]


@pytest.mark.parametrize(
    "bad", [{"tries": n} for n in ("3", 0, -2, True, 1.5, None)] + [{"last": 3}]
)
def test_a_damaged_count_loses_nothing_else(own_progress_file, bad):
    entry = {"status": "attempted", "date": "2026-01-01", "seen": "2026-01-02"}
    text = json.dumps({"squared_error": entry | bad, "mean_image": entry | {"tries": 4}})
    own_progress_file.parent.mkdir()
    own_progress_file.write_text(text)
    assert "progress.json.broken" in str(progress())
    held = json.loads(own_progress_file.read_text())
    assert held == {"squared_error": entry, "mean_image": entry | {"tries": 4}}
    assert own_progress_file.with_name("progress.json.broken").read_text() == text
    check("squared_error", wrong)
    assert "◐ seen, not solved, 2 tries" in str(progress("01"))


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[1, 2]", b'{"squared_error": 3}', b"\xff\xfe", b'{"a": {"status": "great"}}'],
)
def test_a_damaged_file_is_set_aside(own_progress_file, content):
    own_progress_file.parent.mkdir()
    own_progress_file.write_bytes(content)
    report = check("squared_error", right)
    assert report.passed
    assert len(report.notes) == 1
    assert "progress.json.broken" in str(report)
    assert "progress.json.broken" in report._repr_html_()
    broken = own_progress_file.with_name("progress.json.broken")
    assert broken.read_bytes() == content
    assert statuses(own_progress_file) == {"squared_error": "passed"}
    assert check("squared_error", right).notes == ()


@pytest.mark.parametrize("nothing", ["", "  "])
def test_an_empty_setting_is_none_and_says_so(tmp_path, monkeypatch, nothing):
    monkeypatch.setenv("COURSE_PROGRESS", nothing)
    monkeypatch.setattr(record, "DEFAULT", tmp_path / "progress.json")
    expected = f"COURSE_PROGRESS is empty, so it counts as not set: your progress is in {tmp_path}"
    assert expected in check("squared_error", right).notes[0]
    assert statuses(tmp_path / "progress.json") == {"squared_error": "passed"}
    assert expected in str(progress())
    monkeypatch.delenv("COURSE_PROGRESS")
    assert check("squared_error", right).notes == ()


def test_no_test_can_write_the_learners_own_file(monkeypatch):
    """conftest.py has put another in its place, also where nothing is set."""
    monkeypatch.delenv("COURSE_PROGRESS")
    assert Path(__file__).parents[1] not in record.path().parents


def test_progress_says_that_the_file_was_damaged(own_progress_file):
    own_progress_file.parent.mkdir()
    own_progress_file.write_text("{")
    assert "progress.json.broken" in str(progress())
    assert "progress.json.broken" not in str(progress())


def test_entries_of_other_exercises_are_kept(own_progress_file):
    own_progress_file.parent.mkdir()
    own_progress_file.write_text('{"from_the_future": {"status": "passed", "date": "2030-01-01"}}')
    check("squared_error", wrong)
    assert statuses(own_progress_file) == {
        "from_the_future": "passed",
        "squared_error": "attempted",
    }
    assert "from_the_future" not in str(progress())


def test_a_folder_that_cannot_be_made(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "file" / "progress.json"))
    report = check("squared_error", right)
    assert report.passed
    assert len(report.notes) == 1
    assert "not saved" in str(report)
    assert "0 of" in str(progress())


def test_a_folder_in_place_of_the_file(own_progress_file):
    own_progress_file.mkdir(parents=True)
    report = check("squared_error", right)
    assert report.passed
    assert len(report.notes) == 1
    assert own_progress_file.is_dir()


def test_a_full_disk_leaves_the_old_file(own_progress_file, monkeypatch):
    check("squared_error", wrong)
    before = own_progress_file.read_text()

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(record.json, "dump", full)
    report = check("squared_error", right)
    assert report.passed
    assert "No space left" in report.notes[0]
    assert own_progress_file.read_text() == before
    assert not list(own_progress_file.parent.glob("*.tmp"))


def test_a_lock_that_is_never_given_back(own_progress_file, monkeypatch):
    from filelock import FileLock

    monkeypatch.setattr(record, "LOCK_PATIENCE", 0.05)
    own_progress_file.parent.mkdir()
    with FileLock(f"{own_progress_file}.lock"):
        report = check("squared_error", right)
    assert report.passed
    assert "another notebook" in report.notes[0]


def test_many_writers_lose_nothing(own_progress_file):
    names = [f"exercise_{number}" for number in range(24)]

    def write(name: str) -> list[str]:
        lines = record.note_attempt(name, passed=True)
        return lines + record.read()[1]

    with ThreadPoolExecutor(8) as pool:
        assert not any(pool.map(write, names))
    assert set(statuses(own_progress_file)) == set(names)


# --- for the authors of later lessons -------------------------------------------------------------


def exercise_of(solution, stages) -> Exercise:
    return Exercise(solution, 1, 5, "you will see", ("first", "second"), stages)


def conv_output_size(size: int, kernel: int, stride: int, padding: int) -> int:
    return (size + 2 * padding - kernel) // stride + 1


def test_an_exercise_that_returns_a_number():
    stages = Comparison(
        probes=lambda generator: [(28, 3, 2, 1), (7, 4, 3, 0)],
        shape=None,
        advice="draw the first two positions of the kernel",
        mistakes=[
            Mistake(lambda size, kernel, stride, padding: (size - kernel) // stride + 1, "padding"),
        ],
    ).stages
    exercise = exercise_of(conv_output_size, stages)
    assert [stage.name for stage in stages] == ["type", "value"]
    assert examine(exercise, conv_output_size).passed
    assert examine(exercise, lambda s, k, t, p: np.int64(conv_output_size(s, k, t, p))).passed
    for answer, phrase in (
        (lambda s, k, t, p: (s - k) // t + 1, "padding"),
        (lambda s, k, t, p: s, "draw the first two"),
        (lambda s, k, t, p: (s + 2 * p - k) / t + 1, "a whole number"),
        (lambda s, k, t, p: torch.tensor(3), "`int(...)`"),
        (asynchronous_number, "coroutine"),
    ):
        assert phrase in examine(exercise, answer).message


async def asynchronous_number(s, k, t, p):
    return 3


def masking_noise(x: Tensor, rate: float, generator: torch.Generator) -> Tensor:
    keep = torch.rand(x.shape, generator=generator) >= rate
    return x * keep


def test_an_exercise_with_a_generator():
    stages = Comparison(
        probes=lambda generator: [(torch.rand(3, 5, generator=generator), 0.3, generator)],
        shape="the shape of x",
        advice="count the zeros",
        mistakes=[Mistake(lambda x, rate, generator: masking_noise(x, 1 - rate, generator), "!")],
    ).stages
    exercise = exercise_of(masking_noise, stages)
    assert examine(exercise, masking_noise).passed
    assert examine(exercise, lambda x, r, g: masking_noise(x, 1 - r, g)).message == "!"
    assert "in place" in examine(exercise, lambda x, r, g: x.mul_(0)).message


class Scaler(nn.Module):
    """A model with one method beside `forward`."""

    def __init__(self, factor: float = 2.0) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * x

    def loss(self, x: Tensor) -> Tensor:
        return self(x).square().flatten(1).sum(1).mean()


def _loss_stage(answer: Answer) -> None:
    x = torch.randn(3, 4, generator=answer.generator())
    model = answer(factor=3.0)
    expected = Scaler(3.0).loss(x)
    expect_close(
        answer.call(model.loss, x),
        expected,
        given={"x": x},
        advice="look at the reduction",
        guesses=[(expected * 3, "summed over the batch")],
    )


def test_an_exercise_that_is_a_class():
    exercise = exercise_of(Scaler, [Stage("loss", _loss_stage)])
    assert examine(exercise, Scaler).passed

    class Summed(Scaler):
        def loss(self, x):
            return self(x).square().sum()

    class Stub(nn.Module):
        def __init__(self, factor=2.0):
            raise NotImplementedError

    class Broken(Scaler):
        def forward(self, x):
            return self.facto * x

    class WithoutForward(nn.Module):
        def __init__(self, factor=2.0):
            super().__init__()

        def loss(self, x):
            return self(x)

    assert examine(exercise, Summed).message == "summed over the batch"
    assert not examine(exercise, Stub).attempted
    assert "`return self.facto * x`" in examine(exercise, Broken).message
    assert 'missing the required "forward"' in examine(exercise, WithoutForward).message
    assert "without parentheses" in examine(exercise, Scaler()).message
    assert "without parentheses" in examine(exercise, right).message


class HalfDone(Scaler):
    """`__init__` is written, `forward` is still the stub."""

    def forward(self, x):
        raise NotImplementedError


class InPlace(Scaler):
    def forward(self, x):
        return x.mul_(self.factor)


class Other(Scaler):
    def __init__(self, scale: float = 2.0) -> None:
        super().__init__(scale)


class NotAModule:
    def __init__(self, factor: float = 2.0) -> None:
        self.factor = factor


class Reseeds(Scaler):
    def __init__(self, factor: float = 2.0) -> None:
        super().__init__(factor)
        torch.manual_seed(0)


class WithoutLoss(nn.Module):
    def __init__(self, factor: float = 2.0) -> None:
        super().__init__()

    def forward(self, x):
        return x


class LossOfTwo(Scaler):
    def loss(self, x, target):
        return self(x)


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        (HalfDone, "`raise NotImplementedError` left: line"),
        (InPlace, "changed its argument `x` in place"),
        (Other, "is built with (factor)"),
        (NotAModule, "begin with `class Scaler(nn.Module):`"),
        (Reseeds, "Your `__init__` seeds"),
        (WithoutLoss, "no method `loss`"),
        (LossOfTwo, "yours takes (x, target)"),
    ],
    ids=label,
)
def test_what_is_said_of_a_class(answer, phrase):
    def builds(answer: Answer) -> None:
        networks.build(answer, factor=3.0)

    def runs(answer: Answer) -> None:
        answer.call(networks.build(answer, 3.0), torch.ones(2, 3))

    exercise = exercise_of(Scaler, [Stage("builds", builds), Stage("runs", runs)])
    assert examine(exercise, Scaler).passed
    assert phrase in examine(exercise, answer).message


def test_the_far_end_of_a_graph():
    layer, scale = nn.Linear(3, 2), torch.ones(2, requires_grad=True)
    result = (layer(torch.ones(4, 3)) * scale).sum()
    assert {id(leaf) for leaf in networks.leaves(result)} == {
        id(scale),
        *map(id, layer.parameters()),
    }
    assert networks.leaves(torch.ones(2)) == []
    networks.expect_all_reached(layer, result)
    with pytest.raises(Wrong, match="not among its `parameters"):
        networks.expect_registered(layer, result)
    with pytest.raises(Wrong, match="No gradient reaches `weight`, `bias`"):
        networks.expect_all_reached(layer, scale.sum())


def test_the_courses_own_function_is_not_an_answer():
    """After the check a lesson imports the package's version under the same name."""
    from course_utils.losses import squared_error

    report = check("squared_error", squared_error)
    assert not report.passed
    assert "the course's own" in report.message


def test_an_exercise_that_begins_with_a_specimen():
    def specimen(size: int, kernel: int, stride: int, padding: int) -> int:
        return (size - kernel) // stride + 1

    stages = Comparison(lambda generator: [(28, 3, 2, 1), (7, 4, 3, 0)], None, "draw it", []).stages
    breaks = "of two paddings it forgets {by:.0f}."
    exercise = dataclasses.replace(
        exercise_of(conv_output_size, stages),
        specimen=Specimen(specimen, breaks, lambda f: float(f(28, 3, 2, 1) != 14)),
    )
    assert examine(exercise, conv_output_size).passed
    report = examine(exercise, lambda s, k, t, p: 1 + (s - k) // t)
    assert not report.attempted
    assert str(report).startswith("○ conv_output_size: not repaired yet")
    assert "of two paddings" not in report.message
    assert "of two paddings it forgets 1." in exposed(exercise)
    assert "draw it" in examine(exercise, lambda s, k, t, p: s).message
    assert not examine(exercise, None).attempted
    assert "without quotes" in examine(exercise, "conv_output_size").message


def test_a_number_that_no_guess_explains():
    with pytest.raises(Wrong, match=r"(?s)expected = 2.*look again"):
        expect_close(2.5, 2.0, {"x": 1}, "look again", guesses=[(3.0, "three")])


def test_no_line_of_the_learner():
    assert learners_line([]) == ""


# --- the surroundings -----------------------------------------------------------------------------


def test_in_a_real_kernel(tmp_path):
    """What only a notebook has: cells as files, prints from threads, and an `exit` that kills."""
    import nbformat
    from nbclient import NotebookClient

    from tools.execute import CELL_SECONDS, PATIENT

    cells = [
        "from course_utils import check, hint, show_source, squared_error",
        "def answer(x_hat, x):\n    print('hello there')\n    y = 1\n    return x_hat @ x",
        "check('squared_error', answer)",
        "def leaves(x_hat, x):\n    exit()",
        "check('squared_error', leaves)",
        "hint('squared_error')",
        "show_source(squared_error)",
        "print('still alive')",
        "import ipywidgets\ndef displays(show, z, dim):\n    slider = ipywidgets.FloatSlider()\n"
        "    display(slider)\n    return slider",
        "check('latent_slider', displays)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    resources = {"metadata": {"path": tmp_path}}
    options = {"timeout": CELL_SECONDS, "kernel_name": "python3", "config": PATIENT}
    options["kernel_manager_class"] = ready.manager()
    NotebookClient(notebook, resources=resources, **options).execute()
    outputs = [json.dumps(cell.outputs, ensure_ascii=False) for cell in notebook.cells]
    assert "hello there" in outputs[2]
    assert "line 4 of your cell: `return x_hat @ x`" in outputs[2]
    assert "asked Python to exit" in outputs[4]
    assert "text/html" in outputs[5]
    assert "text/html" in outputs[6]
    assert "still alive" in outputs[7]
    assert "displays a FloatSlider itself" in outputs[9]
    assert "widget-view" not in outputs[9]
