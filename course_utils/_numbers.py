"""Numbers that are given as arguments, from numpy, torch or anywhere: Python's own."""

import math
import operator
from typing import Any


def whole(name: str, value: Any, at_least: int | None = 1, expected: str = "") -> int:
    """The value as Python's int.

    Args:
        name: of the argument.
        at_least: the smallest that will do; None for any.
        expected: what is, in words; by default a whole number, so many or more.

    Raises:
        ValueError: if it is no whole number (4.0 is none, nor is True), or too small.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    truth = isinstance(value, bool) or str(getattr(value, "dtype", "")).endswith("bool")
    if number is None or truth or (at_least is not None and number < at_least):
        bound = "" if at_least is None else f", {at_least} or more"
        raise ValueError(f"{name} is {value!r}; expected {expected or f'a whole number{bound}'}")
    return number


def real(name: str, value: Any) -> float:
    """The value as Python's float.

    Raises:
        ValueError: if it is not one finite number.
    """
    try:
        one = not isinstance(value, str | bytes) and getattr(value, "ndim", 0) == 0
        number = float(value) if one else math.nan
    except (TypeError, ValueError, RuntimeError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{name} is {value!r}; expected one finite number")
    return number
