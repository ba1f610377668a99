"""Numbers that are given as arguments, from numpy, torch or anywhere: Python's own."""

import operator
from typing import Any

from course_utils._named import named


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
        raise ValueError(
            f"{name} is {_said(value)}; expected {expected or f'a whole number{bound}'}"
        )
    return number


def real(name: str, value: Any) -> float:
    """The value as Python's float.

    Raises:
        ValueError: if it is not one number. Which numbers will do, says who asks.
    """
    try:
        if isinstance(value, str | bytes) or getattr(value, "ndim", 0) > 0:
            raise TypeError
        return float(value)
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"{name} is {_said(value)}; expected one number") from None


def _said(value: Any) -> str:
    """The value itself, if that is short; else what it is."""
    text = repr(value)
    return text if len(text) <= 40 and "object at" not in text else named(value)
