"""The learner's answer, under glass: every call of it goes through `Answer`.

Whatever goes wrong in a call comes out as `Wrong`, whose text is written for the learner.
"""

import dis
import inspect
import traceback
import warnings
from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.exercises.checking.frames import is_learners, learners_line
from course_utils.exercises.checking.words import describe, describe_type, first_lines

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
        solution: the reference, of the same name and with the same parameters.
        memory: a place where a stage leaves what a later stage needs.
    """

    def __init__(
        self,
        function: object,
        solution: Callable,
        seed: int = 0,
        warned: list[warnings.WarningMessage] | None = None,
    ) -> None:
        self.function = function
        self.solution = solution
        self.memory: dict[object, object] = {}
        self._seed = seed
        self._warned = [] if warned is None else warned
        self._warnings: list[str] = []

    @property
    def name(self) -> str:
        return self.solution.__name__

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(inspect.signature(self.solution).parameters)

    def generator(self) -> torch.Generator:
        """A generator that starts at the same state each time: the source of every probe."""
        return generator_at(self._seed)

    def __call__(self, *args: object, **kwargs: object) -> object:
        return self.call(self.function, *args, **kwargs)

    def call(self, function: Callable, /, *args: object, **kwargs: object) -> object:
        """`function(*args, **kwargs)`, where function is the learner's.

        Raises:
            Unsolved: if it raises NotImplementedError itself.
            Crash: if it raises anything else.
            Wrong: if it changed one of its arguments, or had autograd watch it.
        """
        given = (*args, *kwargs.values())
        before = [fresh(value) for value in given]
        already = len(self._warned)
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            if _is_stub(error):
                raise Unsolved(learners_line(traceback.walk_tb(error.__traceback__))) from error
            names = _argument_names(function, args, kwargs)
            raise Crash(explain(error, dict(zip(names, before, strict=True))), error) from error
        finally:
            self._warnings += _readable(self._warned[already:])
        for place, value in enumerate(given):
            changed = _changed(value, before[place])
            if changed or _newly_watched(value, before[place]):
                name = _argument_names(function, args, kwargs)[place]
                raise Wrong(_told_changed(name, value) if changed else WATCHED.format(name=name))
        return result

    @property
    def notes(self) -> list[str]:
        """What Python warned of while the answer ran, each warning once."""
        return list(dict.fromkeys(self._warnings))


def generator_at(seed: int = 0) -> torch.Generator:
    """A generator of its own, at the beginning of the stream that belongs to a seed."""
    return torch.Generator().manual_seed(seed)


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
        what = f"Your code stopped with {type(error).__name__}: {first_lines(error)}"
        what = what.removesuffix(": ")
        advice = _advice(error)
    parts = [what, f"    {line}" if line else "", _given(given), advice]
    return "\n".join(part for part in parts if part)


def _is_stub(error: BaseException) -> bool:
    """NotImplementedError raised by a `raise` of the learner's; torch raises it for other ends."""
    if not isinstance(error, NotImplementedError):
        return False
    innermost = error.__traceback__
    while innermost.tb_next:
        innermost = innermost.tb_next
    instruction = innermost.tb_frame.f_code.co_code[innermost.tb_lasti]
    return is_learners(innermost.tb_frame) and dis.opname[instruction] == "RAISE_VARARGS"


def _argument_names(function: Callable, args: tuple, kwargs: dict[str, object]) -> list[str]:
    function = function.forward if isinstance(function, nn.Module) else function
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        parameters = ()
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [parameter.name for parameter in parameters if parameter.kind in positional][
        : len(args)
    ]
    unnamed = [f"argument {number}" for number in range(len(names) + 1, len(args) + 1)]
    return names + unnamed + list(kwargs)


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


def _newly_watched(value: object, before: object) -> bool:
    return isinstance(value, Tensor) and value.requires_grad and not before.requires_grad


WATCHED = (
    "Your code switched on `requires_grad` of the caller's own `{name}`, and autograd would watch "
    "it ever after. Work on a copy: `{name}.detach().clone().requires_grad_()`."
)


def _told_changed(name: str, value: object) -> str:
    lost = (
        f"Your function changed its argument `{name}` in place, so whoever called it lost their "
        "data. "
    )
    if isinstance(value, list):
        return (
            f"{lost}Methods such as `append`, `pop`, `sort` and `reverse` do that, and so does "
            f"`{name}[...] = `. Start from a copy, `list({name})`; `sorted` and `reversed` leave "
            "it alone."
        )
    return (
        f"{lost}Operations such as `-=`, `*=`, `x[...] = `, `sub_` and writing into `x.numpy()` do "
        f"that. Make a new tensor instead: write `a = {name} - b` where you have `{name} -= b`, or "
        f"start from `{name}.clone()`."
    )


def _readable(warned: Iterable[warnings.WarningMessage]) -> list[str]:
    return [
        f"Python warned: {first_lines(entry.message)}"
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


# A part of what torch says → what it means in the code of somebody who learns.
SAID = {
    "bitwise_xor": "In Python `^` is no power: write `**`.",
    "bitwise_and": (
        "`&` joins truth values: put brackets around each comparison, `(a < b) & (c < d)`."
    ),
    "bitwise_or": (
        "`|` joins truth values: put brackets around each comparison, `(a < b) | (c < d)`."
    ),
    "operator.invert": "`~` turns truth values round: put brackets around it, `~(a < b)`.",
    "with a bool tensor": (
        "A comparison gives truth values, with which torch does not calculate: turn them round "
        "with `~`, or make numbers of them with `.float()`."
    ),
    "is ambiguous": (
        "`and`, `or`, `not` and `if` want a single truth value, and a tensor has many: use `&`, "
        "`|` and `~`, with brackets around each comparison, or `torch.where`."
    ),
    "can be converted to Python scalars": (
        "The functions of `math` take one number. Torch has its own for tensors, such as "
        "`torch.log` for `math.log`."
    ),
}


def _advice(error: BaseException) -> str:
    said = first_lines(error)
    for part, advice in SAID.items():
        if part in said:
            return advice
    if isinstance(error, NameError):
        return "Is the name spelt right, and has the cell that defines it been run?"
    if isinstance(error, ZeroDivisionError):
        return "For which input is the divisor 0? Treat that case by itself, before you divide."
    if isinstance(error, RuntimeError | IndexError | ValueError):
        return "Print the shape of every tensor on that line, and read the message once more."
    return "Call the function yourself with such an input, and look at each value in turn."
