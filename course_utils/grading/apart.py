"""An answer that is somewhere else: what `check` is given in its place.

It is called like the answer. Its arguments go into the box, what came of them comes back as plain
values, and is put before the check in this process, which no code of the learner's ever enters. A
result that can be trained has a gradient here too, for which the box is asked; an exception is
raised here once more, in a line that has the learner's text.
"""

import builtins
import inspect
import linecache
import warnings
from collections.abc import Callable, Sequence
from itertools import count
from types import FunctionType
from typing import NoReturn

import torch
from torch import Tensor

from course_utils.grading import crossing
from course_utils.grading.boxes import Box


def stand_in(box: Box, name: str, pieces: Sequence[tuple[str, str]]) -> object:
    """Load the source of an answer in a box, and return what stands for it here.

    Raises:
        Exception: what it raised there, if it did not come to its end.
    """
    for filename, text in pieces:
        linecache.cache[filename] = len(text), None, text.splitlines(keepends=True), filename
    known = box.ask("load", name, pieces)
    if "failed" in known:
        raise_again(known)
    if known["kind"] == "value":
        return known["value"]
    if known["kind"] == "class":
        return type(name, (), {})
    return _function(box, name, known)


def _function(box: Box, name: str, known: dict) -> Callable:
    """A function that asks the box, and looks like the one in there."""
    # A check knows a function without a body by its code, which is empty here too.
    answer = (lambda *args, **kwargs: None) if known["empty"] else _asking(box)
    answer.__name__ = name
    if known["parameters"] is not None:
        answer.__signature__ = inspect.Signature(
            [
                inspect.Parameter(
                    word, kind, default=default[0] if default else inspect.Parameter.empty
                )
                for word, kind, *default in known["parameters"]
            ]
        )
    if place := _handed_in(known["place"]):
        answer.__wrapped__ = _text_of(*place)
    return answer


def _text_of(filename: str, line: int) -> Callable:
    """A function that is never called: whoever wants the text of an answer finds it here."""
    nothing = (lambda: None).__code__
    return FunctionType(nothing.replace(co_filename=filename, co_firstlineno=line), {})


def _asking(box: Box) -> Callable:
    numbers = count()

    def answer(*args: object, **kwargs: object) -> object:
        number, places = next(numbers), list(crossing.places((args, kwargs)))
        grads = [place.grad if isinstance(place, Tensor) else None for place in places]
        here = torch.is_grad_enabled(), crossing.streams()
        reply = box.ask("call", number, args, kwargs, grads, *here)
        return _received(box, number, places, reply)

    return answer


def _received(box: Box, number: int, places: list, reply: dict) -> object:
    """Do here what a call has done there; then return what it returned, or raise what it raised."""
    for place, then in reply.get("changed", ()):
        crossing.restore(places[place], then)
    if reply.get("streams") is not None:
        crossing.set_streams(reply["streams"])
    for text in reply.get("warned", ()):
        warnings.warn(text, stacklevel=2)
    if "failed" in reply:
        raise_again(reply)
    watched = iter(reply["watched"])
    outputs = [each for each in crossing.tensors(reply["value"]) if next(watched)]
    if not outputs:
        return reply["value"]
    inputs = [places[place] for place in reply["by"]] or [torch.zeros(1, requires_grad=True)]
    trained = iter(
        _Across.apply(lambda weights: box.ask("gradient", number, weights), outputs, *inputs)
    )
    watched = iter(reply["watched"])
    return crossing.exchanged(reply["value"], lambda each: next(trained) if next(watched) else each)


class _Across(torch.autograd.Function):
    """A result that came out of a box: its gradient is asked for in there."""

    @staticmethod
    def forward(ctx, ask: Callable, outputs: list[Tensor], *inputs: Tensor) -> tuple[Tensor, ...]:
        ctx.ask, ctx.inputs = ask, inputs
        return tuple(outputs)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, *weights: Tensor) -> tuple:
        found = ctx.ask([each.clone() for each in weights])
        if isinstance(found, dict):
            raise_again(found)
        fits = len(found) == len(ctx.inputs) and all(
            each is None or each.shape == place.shape
            for each, place in zip(found, ctx.inputs, strict=True)
        )
        return None, None, *(found if fits else [None] * len(ctx.inputs))


def raise_again(failed: dict) -> None:
    """Raise an exception as it was raised in the box, in the line of the learner's that did it."""
    error = _error(failed["failed"], failed["builtin"], failed["text"])
    place = _handed_in(failed["place"])
    if place is None:
        raise error
    filename, line = place
    # What is not yet written says so by a `raise` of its own; torch's NotImplementedError does not.
    how = "raise error" if failed["raised"] else "throw(error)"
    exec(compile("\n" * (line - 1) + how, filename, "exec"), {"error": error, "throw": _throw})


def _throw(error: BaseException) -> NoReturn:
    raise error


def _handed_in(place: object) -> tuple[str, int] | None:
    """A line of a cell, if that is what the box says: it could name any line of any file here."""
    match place:
        case [str(filename), int(line)] if filename.startswith("<cell "):
            if 1 <= line <= len(linecache.getlines(filename)):
                return filename, line
    return None


def _error(name: str, builtin: str, text: str) -> BaseException:
    base = getattr(builtins, builtin, None)
    if not (inspect.isclass(base) and issubclass(base, Exception | SystemExit)):
        base = Exception
    try:
        error = base(text)
    except TypeError:  # some take more than a text
        base = Exception
    if base.__name__ == name and str(error) == text:
        return error
    return type(name[:60], (base,), {"__str__": lambda self: text})(text)
