"""Whether an answer has the form that was asked for: a function or class, and its parameters."""

import dis
import inspect
from collections.abc import Callable

from torch import nn

from course_utils.exercises.checking.answer import Answer, Unsolved, Wrong
from course_utils.exercises.checking.words import describe_type, shown


def expect_callable(answer: Answer) -> None:
    """Raise `Wrong` unless the answer can be called the way the exercise asks."""
    function, name = answer.function, answer.name
    wants_class = inspect.isclass(answer.solution)
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
        _expect_class(answer)
    else:
        _expect_parameters(answer)


def _expect_parameters(answer: Answer) -> None:
    try:
        theirs = inspect.signature(answer.function)
    except (TypeError, ValueError):  # some functions written in C do not say
        return
    try:
        theirs.bind(*answer.parameters)
    except TypeError:
        raise Wrong(
            f"`{answer.name}` is called with ({', '.join(answer.parameters)}), in this order; "
            f"yours takes ({', '.join(theirs.parameters)}). Keep the first line of the cell as it "
            "was given."
        ) from None


def _expect_class(answer: Answer) -> None:
    """The base class and the constructor; what its instances can do is for a stage to see."""
    cls, name, wanted = answer.function, answer.name, answer.parameters
    own = {key for base in cls.__mro__ if not is_library(base) for key in vars(base)}
    if not own & {"__init__", *public_methods(answer.solution)}:
        raise Unsolved
    if issubclass(answer.solution, nn.Module) and not issubclass(cls, nn.Module):
        raise Wrong(
            f"`{name}` is not a network of PyTorch yet: begin with `class {name}(nn.Module):`. "
            "What it inherits from there finds the parameters, moves them and saves them."
        )
    theirs = inspect.signature(cls).parameters
    kinds = {parameter.kind for parameter in theirs.values()}
    if {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD} <= kinds:
        return  # hands on to a base class whatever comes
    by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [key for key, parameter in theirs.items() if parameter.kind in by_position]
    if tuple(names[: len(wanted)]) != wanted:
        raise Wrong(
            f"`{name}` is built with ({', '.join(wanted)}), in this order; the `__init__` of yours "
            f"takes ({', '.join(names)}). Keep its first line as it was given."
        )
    for key, parameter in inspect.signature(answer.solution).parameters.items():
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


def expect_attempted(got: object, answer: Answer) -> None:
    """Raise `Unsolved` if nothing came back because there is nothing in the function yet."""
    if got is None and returns_nothing(answer.function):
        raise Unsolved


def returns_nothing(function: object) -> bool:
    """Whether the body of a function is empty: only a docstring, `pass` or `...`."""

    def operations(code: object) -> list[tuple[str, object]]:
        steps = dis.get_instructions(code)
        return [(step.opname, step.argval) for step in steps if step.opname != "NOP"]

    code = getattr(function, "__code__", None)
    return inspect.iscode(code) and operations(code) == operations((lambda: None).__code__)
