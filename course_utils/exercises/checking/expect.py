"""What can be asked of one outcome: its kind, its shape, its numbers, each with a sentence if not.

`compare` asks it of every outcome of an answer; stages of an exercise's own ask what they need.
"""

import inspect
import math
import textwrap
from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from course_utils.exercises.checking.answer import Wrong
from course_utils.exercises.checking.words import (
    PRINTABLE,
    describe,
    describe_type,
    digits_to_differ,
    numbers,
)

Number = Tensor | int | float | np.number

# What a statistical check allows for: chance goes beyond it once in 500 million times.
STANDARD_ERRORS = 6


def expect_type(got: object, expected: object) -> None:
    """Raise `Wrong` unless `got` is the kind of thing that `expected`, a tensor or number, is."""
    if isinstance(expected, Tensor):
        _expect_tensor(got, expected)
        return
    whole = isinstance(expected, int)
    kinds = (int, np.integer) if whole else (int, float, np.integer, np.floating)
    if isinstance(got, bool) or not isinstance(got, kinds):
        name, wanted = ("int", "a whole number") if whole else ("float", "a Python number")
        if inspect.iscoroutine(got):
            got.close()
        returned = f"Your function returned {describe_type(got)}; expected {wanted}."
        if got is None:
            raise Wrong(f"{returned} Is the last line a `return`?")
        raise Wrong(f"{returned} {_way_to_a_number(got, name)}")


def _way_to_a_number(got: object, name: str) -> str:
    """What to do with `got`, where an int or a float is wanted."""
    if isinstance(got, Tensor | np.ndarray) and math.prod(got.shape) != 1:
        return (
            "One number is wanted, and these are several, or none: count or sum them, say with "
            f"`.sum()`, and make a Python number of the result with `{name}(...)`."
        )
    if isinstance(got, float) and got.is_integer():
        return "It is whole, but a float: `int(...)` makes an int of it."
    if isinstance(got, float | np.floating):
        return (
            "`int(...)` would only cut off what stands behind the point. Is it a mean or a share, "
            "where something should be counted?"
        )
    return f"`{name}(...)` makes one of a tensor that holds a single number."


def _expect_tensor(got: object, expected: Tensor) -> None:
    returned = f"Your function returned {describe_type(got)}; expected a tensor"
    if got is None:
        raise Wrong(f"{returned}. Is the last line a `return`?")
    if isinstance(got, np.ndarray | np.number):
        raise Wrong(f"{returned}. `torch.as_tensor(result)` makes one of what NumPy returns.")
    if isinstance(got, bool | int | float):
        raise Wrong(
            f"{returned}. Leave out `.item()`, `float(...)` and `sum(...)` over a batch; and "
            "Python's own `max` and `min` of a tensor and a number return the number, wherever it "
            "wins: `torch.clamp` keeps the tensor."
        )
    if isinstance(got, tuple):
        raise Wrong(f"{returned}. Is there a comma at the end, or more than one result?")
    if isinstance(got, list):
        raise Wrong(f"{returned}. `torch.stack(results)` makes one of a list of tensors.")
    if not isinstance(got, Tensor):
        if inspect.iscoroutine(got):
            got.close()  # else Python warns, later and elsewhere, that it was never awaited
        raise Wrong(f"{returned}. Look at what stands after `return`.")
    if got.device != expected.device or got.layout != expected.layout:
        raise Wrong(
            f"Your function returned a tensor on device {got.device}, {got.layout}; expected it "
            f"where the input is: device {expected.device}, {expected.layout}."
        )
    if got.is_complex():
        raise Wrong(
            "Your function returned complex numbers. `torch.linalg.eig` makes them; for a "
            "symmetric matrix such as a covariance use `torch.linalg.eigh`."
        )
    if got.is_floating_point() != expected.is_floating_point():
        kind = "real" if expected.is_floating_point() else "whole"
        raise Wrong(
            f"Your function returned a tensor of {got.dtype}; expected {kind} numbers, "
            f"{expected.dtype}. Look for a comparison, a rounding or a change of dtype."
        )


def expect_shape(got: Tensor, expected: Tensor, words: str, given: dict[str, object]) -> None:
    """Raise `Wrong` unless the shapes agree.

    Args:
        words: what the shape means, for instance "(batch,): one number for each example".
        given: the inputs by name.
    """
    theirs, ours = tuple(got.shape), tuple(expected.shape)
    if theirs == ours:
        return
    if [size for size in theirs if size > 1] == [size for size in ours if size > 1]:
        reason = (
            "The same numbers but for axes of length 1: look for `keepdim=True`, `squeeze` and "
            "`unsqueeze`, and name the axis that you mean."
        )
    elif len(theirs) < len(ours):
        reason = "Too few axes: one that should have stayed was summed, averaged or indexed away."
    elif len(theirs) > len(ours):
        reason = "Too many axes: one that should be gone is still there."
    else:
        reason = "Look at which axis (`dim=`) each step works on."
    raise Wrong(
        f"The result has shape {theirs}; expected {ours}, {words}.\n{reason}\n"
        f"The input was\n{_described(given)}"
    )


def expect_close(
    got: object,
    expected: object,
    given: dict[str, object],
    advice: str,
    tolerance: float = 1e-4,
    guesses: Iterable[tuple[object, str]] = (),
) -> None:
    """Raise `Wrong` unless two tensors of the same shape, or two numbers, agree.

    Args:
        given: the inputs by name; small ones are shown in full.
        advice: the next thing to try.
        tolerance: the largest error allowed, relative to the largest number expected.
        guesses: pairs (value, message): if `got` equals a value, its message is given instead.
    """
    if same(got, expected, tolerance):
        return
    for value, message in guesses:
        if same(got, value, tolerance):
            raise Wrong(message)
    got, expected = torch.as_tensor(got).detach(), torch.as_tensor(expected).detach()
    where = (got.double() - expected).abs().nan_to_num(math.inf).argmax().item()
    worst = [value.flatten()[where].item() for value in (expected, got)]
    if expected.numel() <= PRINTABLE:
        digits = digits_to_differ(*worst)
        outcome = [
            numbers(expected, "expected = ", digits=digits),
            numbers(got, "returned = ", digits=digits),
        ]
    else:
        digits = digits_to_differ(*worst, least=5)
        index = [int(i) for i in np.unravel_index(where, expected.shape)]
        pair = zip(("expected", "returned"), worst, strict=True)
        outcome = [f"{name}{index} = {value:.{digits}g}" for name, value in pair]
    found = pattern(got, expected, tolerance)
    raise Wrong(
        f"For\n{_described(given)}\nthe two do not agree:\n{_indented(outcome)}\n{found}{advice}"
    )


def pattern(got: Tensor, expected: Tensor, tolerance: float = 1e-4) -> str:
    """What can be said of wrong numbers without knowing where they came from."""
    got, expected = got.double(), expected.double()
    if not got.isfinite().all():
        return (
            "There is nan or inf in it: look for 0 / 0, the logarithm of 0, the root of a "
            "negative number, or a value that overflows.\n"
        )
    if expected.numel() < 2:
        return ""
    factor = float((got * expected).sum() / (expected * expected).sum())
    plain = abs(factor) > tolerance and abs(factor - 1) > 5 * tolerance
    if plain and same(got, expected * factor, tolerance):
        return f"Every number is {factor:.4g} times what it should be.\n"
    offset = float((got - expected).mean())
    if same(got, expected + offset, tolerance):
        return f"Every number is too {'large' if offset > 0 else 'small'} by {abs(offset):.4g}.\n"
    return ""


def same(a: object, b: object, tolerance: float) -> bool:
    """Whether two outcomes agree: tensors and numbers within the tolerance, exceptions by text."""
    if isinstance(a, Exception) or isinstance(b, Exception):
        return type(a) is type(b) and str(a) == str(b)
    if not isinstance(a, Number) or not isinstance(b, Number):
        return False
    if isinstance(a, Tensor) != isinstance(b, Tensor):
        return False
    a, b = (torch.as_tensor(value).detach() for value in (a, b))
    if (a.shape, a.device, a.layout) != (b.shape, b.device, b.layout):
        return False
    if a.is_complex() or b.is_complex():
        return False
    a, b = a.double(), b.double()
    scale = b[b.isfinite()].abs().max().item() if b.isfinite().any() else 0.0
    return torch.allclose(a, b, rtol=0.0, atol=tolerance * (scale or 1.0), equal_nan=True)


def _described(given: dict[str, object]) -> str:
    return _indented([describe(name, value) for name, value in given.items()])


def _indented(texts: Iterable[str]) -> str:
    return textwrap.indent("\n".join(texts), "    ")
