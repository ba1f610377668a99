"""The learner's answer, under glass: every call of it goes through `Answer`.

Whatever goes wrong in a call comes out as `Wrong`, whose text is written for the learner.
"""

import dis
import inspect
import traceback
import warnings
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.exercises.exercise import Exercise
from course_utils.exercises.frames import is_learners, learners_line

PRINTABLE = 30  # numbers: a tensor of no more is shown in full

# Kinds of warnings that speak to authors of libraries.
NOT_FOR_LEARNERS = (
    DeprecationWarning,
    PendingDeprecationWarning,
    FutureWarning,
    ImportWarning,
    ResourceWarning,
)


class Wrong(Exception):
    """The answer is wrong; the text says what it did, why, and what to try next."""


class Crash(Wrong):
    """The answer raised `error` instead of returning."""

    def __init__(self, message: str, error: BaseException) -> None:
        super().__init__(message)
        self.error = error


class Unsolved(Exception):
    """The answer is still the stub; `line` is where it says so."""

    def __init__(self, line: str = "") -> None:
        super().__init__(line)
        self.line = line


class Answer:
    """What the learner handed in, with everything that a stage needs in order to check it.

    A stage calls the answer itself with `answer(*args)`, and anything that came out of it, say a
    method of a model, with `answer.call(function, *args)`.

    Attributes:
        function: the function or class handed in.
        exercise: which it should solve.
        memory: a place where a stage leaves what a later stage needs.
    """

    def __init__(
        self,
        function: object,
        exercise: Exercise,
        seed: int = 0,
        warned: list[warnings.WarningMessage] | None = None,
    ) -> None:
        self.function = function
        self.exercise = exercise
        self.memory: dict[object, object] = {}
        self._seed = seed
        self._warned = [] if warned is None else warned
        self._warnings: list[str] = []

    def generator(self) -> torch.Generator:
        """A generator that starts at the same state each time: the source of every probe."""
        return torch.Generator().manual_seed(self._seed)

    def __call__(self, *args: object, **kwargs: object) -> object:
        return self.call(self.function, *args, **kwargs)

    def call(self, function: Callable, /, *args: object, **kwargs: object) -> object:
        """`function(*args, **kwargs)`, where function is the learner's.

        Raises:
            Unsolved: if it raises NotImplementedError itself.
            Crash: if it raises anything else.
            Wrong: if it changed one of its arguments.
        """
        given = dict(zip(_argument_names(function, len(args)), args, strict=True)) | kwargs
        before = {name: fresh(value) for name, value in given.items()}
        already = len(self._warned)
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            if _is_stub(error):
                raise Unsolved(learners_line(traceback.walk_tb(error.__traceback__))) from error
            raise Crash(explain(error, before), error) from error
        finally:
            self._warnings += _readable(self._warned[already:])
        for name, value in given.items():
            if _changed(value, before[name]):
                raise Wrong(
                    f"Your function changed its argument `{name}` in place, so whoever called it "
                    "lost their data. Operations such as `-=`, `*=`, `x[...] = `, `sub_` and "
                    "writing into `x.numpy()` do that. Make a new tensor instead: write "
                    f"`a = {name} - b` where you have `{name} -= b`, or start from "
                    f"`{name}.clone()`."
                )
        return result

    @property
    def notes(self) -> list[str]:
        """What Python warned of while the answer ran, each warning once."""
        return list(dict.fromkeys(self._warnings))


def fresh(value: object) -> object:
    """A copy that shares no memory and no random state with `value`."""
    if isinstance(value, Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, torch.Generator):
        return value.clone_state()
    if isinstance(value, list):
        return [fresh(item) for item in value]
    return value


def expect_callable(function: object, exercise: Exercise) -> None:
    """Raise `Wrong` unless `function` can be called the way the exercise asks."""
    name = exercise.name
    wants_class = inspect.isclass(exercise.solution)
    kind = "class" if wants_class else "function"
    if isinstance(function, str):
        raise Wrong(f'Hand in the {kind} itself, without quotes: `check("{name}", {name})`.')
    if not callable(function) or (wants_class and not inspect.isclass(function)):
        raise Wrong(
            f"You handed in {describe_type(function)}, perhaps because it was called already. "
            f'Hand in the {kind} itself, without parentheses: `check("{name}", {name})`.'
        )
    if inspect.isclass(function) and not wants_class:
        raise Wrong(f"`{name}` should be a function, made with `def`; you handed in a class.")
    if wants_class:
        _expect_class(function, exercise)
    else:
        _expect_parameters(function, exercise)


def _expect_parameters(function: Callable, exercise: Exercise) -> None:
    try:
        theirs = inspect.signature(function)
    except (TypeError, ValueError):  # some functions written in C do not say
        return
    try:
        theirs.bind(*exercise.parameters)
    except TypeError:
        raise Wrong(
            f"`{exercise.name}` is called with ({', '.join(exercise.parameters)}), in this order; "
            f"yours takes ({', '.join(theirs.parameters)}). Keep the first line of the cell as it "
            "was given."
        ) from None


def _expect_class(cls: type, exercise: Exercise) -> None:
    """The base class and the constructor; what its instances can do is for a stage to see."""
    name, wanted = exercise.name, exercise.parameters
    own = {key for base in cls.__mro__ if not is_library(base) for key in vars(base)}
    if not own & {"__init__", *public_methods(exercise.solution)}:
        raise Unsolved
    if issubclass(exercise.solution, nn.Module) and not issubclass(cls, nn.Module):
        raise Wrong(
            f"`{name}` is not a network of PyTorch yet: begin with `class {name}(nn.Module):`. "
            "What it inherits from there finds the parameters, moves them and saves them."
        )
    theirs = inspect.signature(cls).parameters
    by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [key for key, parameter in theirs.items() if parameter.kind in by_position]
    if tuple(names[: len(wanted)]) != wanted:
        raise Wrong(
            f"`{name}` is built with ({', '.join(wanted)}), in this order; the `__init__` of yours "
            f"takes ({', '.join(names)}). Keep its first line as it was given."
        )
    for key, parameter in inspect.signature(exercise.solution).parameters.items():
        if theirs[key].default != parameter.default:
            raise Wrong(
                f"`{key}` is {parameter.default} unless said otherwise; yours has "
                f"{_default(theirs[key])}. Keep the first line of `__init__` as it was given."
            )


def _default(parameter: inspect.Parameter) -> str:
    missing = parameter.default is inspect.Parameter.empty
    return "no default" if missing else f"the default {shown(parameter.default)}"


def public_methods(cls: type) -> dict[str, Callable]:
    """The methods that a class itself defines for others to call, by name."""
    return {
        name: value
        for name, value in vars(cls).items()
        if inspect.isfunction(value) and not name.startswith("_")
    }


def is_library(cls: type) -> bool:
    """Whether a class comes from Python or PyTorch, and not from a learner or this course."""
    return cls.__module__.partition(".")[0] in ("builtins", "abc", "typing", "torch")


def explain(error: BaseException, given: dict[str, object] | None = None) -> str:
    """What happened, where in the learner's code, on which input, and what to try."""
    line = learners_line(traceback.walk_tb(error.__traceback__))
    if isinstance(error, RecursionError):
        what = "Your code calls itself without end (RecursionError)"
        advice = "A function that calls itself needs a case in which it does not."
    elif isinstance(error, SystemExit):
        what = "Your code asked Python to exit"
        advice = "Take `exit()`, `quit()` or `sys.exit()` out: `return` is how a function ends."
    else:
        what = f"Your code stopped with {type(error).__name__}: {_text(error)}".removesuffix(": ")
        advice = _advice(error)
    parts = [what, f"    {line}" if line else "", _given(given), advice]
    return "\n".join(part for part in parts if part)


def describe(name: str, value: object) -> str:
    """`name = value`, to be pasted into a cell where it is small enough."""
    if isinstance(value, torch.Generator):
        return f"{name} = a seeded torch.Generator"
    if not isinstance(value, Tensor):
        return f"{name} = {shown(value)}"
    if value.numel() <= PRINTABLE:
        return numbers(value, f"{name} = torch.tensor(", ")")
    return f"{name} = a tensor of shape {tuple(value.shape)}"


def describe_type(value: object) -> str:
    """ "a tensor of shape (3,)", "the number 3.0", "a list": what kind of thing this is."""
    if value is None:
        return "`None`"
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"a NumPy array of shape {value.shape}"
    if isinstance(value, bool | int | float | np.number):
        return f"the number {shown(value)}"
    if isinstance(value, list | tuple | dict | set):
        return f"a {type(value).__name__} of {len(value)} things"
    name = type(value).__name__[:60]
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def numbers(tensor: Tensor, before: str = "", after: str = "") -> str:
    """The numbers of a tensor with four digits, as nested lists; a table has a line for each row.

    Text stands before and after it, and the rows below the first are aligned with that.
    """
    rows = tensor.tolist()
    if tensor.ndim != 2:
        return f"{before}{_nested(rows)}{after}"
    width = max((len(_nested(item)) for row in rows for item in row), default=0)
    lines = ["[" + ", ".join(_nested(item).rjust(width) for item in row) + "]" for row in rows]
    return f"{before}[" + (",\n" + " " * (len(before) + 1)).join(lines) + f"]{after}"


def shown(value: object, limit: int = 200) -> str:
    """`repr(value)`, shortened, even if it raises."""
    try:
        text = f"{value:.6g}" if isinstance(value, float) else repr(value)
    except Exception:
        return f"<{type(value).__name__}>"
    return text if len(text) <= limit else text[:limit] + " ..."


def returns_nothing(function: object) -> bool:
    """Whether the body of a function is empty: only a docstring, `pass` or `...`."""

    def operations(code: object) -> list[str]:
        return [step.opname for step in dis.get_instructions(code) if step.opname != "NOP"]

    code = getattr(function, "__code__", None)
    return inspect.iscode(code) and operations(code) == operations((lambda: None).__code__)


def _nested(item: object) -> str:
    if isinstance(item, list):
        return f"[{', '.join(map(_nested, item))}]"
    text = f"{item:.4g}" if isinstance(item, float) else str(item)
    # "2." and not "2": pasted into a cell, it is to make a tensor of floats again.
    return f"{text}." if isinstance(item, float) and text.lstrip("-").isdigit() else text


def _is_stub(error: BaseException) -> bool:
    """NotImplementedError raised by a `raise` of the learner's; torch raises it for other ends."""
    if not isinstance(error, NotImplementedError):
        return False
    innermost = error.__traceback__
    while innermost.tb_next:
        innermost = innermost.tb_next
    instruction = innermost.tb_frame.f_code.co_code[innermost.tb_lasti]
    return is_learners(innermost.tb_frame) and dis.opname[instruction] == "RAISE_VARARGS"


def _argument_names(function: Callable, count: int) -> Sequence[str]:
    function = function.forward if isinstance(function, nn.Module) else function
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        parameters = ()
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [parameter.name for parameter in parameters if parameter.kind in positional][:count]
    return names + [f"argument {number}" for number in range(len(names) + 1, count + 1)]


def _changed(value: object, before: object) -> bool:
    if isinstance(value, np.ndarray):
        return not np.array_equal(value, before)
    if isinstance(value, list):
        return len(value) != len(before) or any(map(_changed, value, before))
    if isinstance(value, int | float):  # an item of a list
        return value != before
    if not isinstance(value, Tensor):
        return False
    if value.shape != before.shape or value.dtype != before.dtype:
        return True
    same = (value == before) | ((value != value) & (before != before))  # NaN is what it was
    return not bool(same.all())


def _readable(warned: Iterable[warnings.WarningMessage]) -> list[str]:
    return [
        f"Python warned: {_text(entry.message)}"
        for entry in warned
        if not issubclass(entry.category, NOT_FOR_LEARNERS)
    ]


def _given(given: dict[str, object] | None) -> str:
    if not given:
        return ""
    return "It was called with " + ", ".join(
        f"{name} = {describe_type(value)}" if isinstance(value, Tensor) else describe(name, value)
        for name, value in given.items()
    )


def _advice(error: BaseException) -> str:
    if isinstance(error, NameError):
        return "Is the name spelt right, and has the cell that defines it been run?"
    if isinstance(error, RuntimeError | IndexError | ValueError):
        return "Print the shape of every tensor on that line, and read the message once more."
    return "Call the function yourself with such an input, and look at each value in turn."


def _text(error: object, limit: int = 300) -> str:
    """The first lines of what an exception says, even if saying it raises."""
    try:
        text = " ".join(str(error).split())
    except Exception:
        return f"<{type(error).__name__}>"
    return text if len(text) <= limit else text[:limit] + " ..."
