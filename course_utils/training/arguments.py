"""The small arguments of `fit`: numbers, the learning rate, callbacks. One sentence for each that
will not do."""

import inspect
import math
from collections.abc import Callable, Iterable
from typing import Any

from course_utils._named import is_number, named
from course_utils._numbers import whole
from course_utils.schedules import Schedule

RATE = "expected a number such as 1e-3, or a schedule such as cosine_decay(1e-3)"


def whole_seed(seed: Any) -> int:
    """The seed as Python's own number; torch takes any of 64 bits."""
    expected = "a whole number, such as 0"
    number = whole("seed", seed, at_least=-(2**63), expected=expected)
    if number >= 2**64:
        raise ValueError(f"seed is {number}; expected {expected}, of 64 bits")
    return number


def schedule_of(lr: Any) -> Schedule:
    """The learning rate as a function of progress, each value of which is checked.

    Raises:
        ValueError: if lr is neither a number, 0 or more, nor a function.
    """
    if isinstance(lr, type | bool) or not (callable(lr) or is_number(lr)):
        raise ValueError(f"lr is {named(lr)}; {RATE}")
    if not callable(lr):
        return lambda progress: _rate(lr, "lr")
    if not can_be_called(lr, 0.5):
        raise ValueError(f"lr is {named(lr)}, which cannot be called as lr(progress); {RATE}")
    return lambda progress: _rate(lr(progress), f"lr at progress {progress:g}")


def _rate(rate: Any, name: str) -> float:
    if not is_number(rate):
        raise ValueError(f"{name} is {named(rate)}; {RATE}")
    if not 0 <= rate < math.inf:
        raise ValueError(f"lr is {float(rate):g}; expected 0 or more, such as 1e-3")
    return float(rate)


def can_be_called(function: Any, *given: Any) -> bool:
    """False if Python knows that the function does not take these arguments."""
    try:
        inspect.signature(function).bind(*given)
    except TypeError:
        return False
    except ValueError:  # of some built-in functions Python knows nothing
        return True
    return True


def checked_callbacks(callbacks: Any) -> tuple[Callable[..., None], ...]:
    """The callbacks as a tuple, so that a generator of them serves every epoch.

    Raises:
        ValueError: if they are not functions of (model, history).
    """
    if callable(callbacks) or not isinstance(callbacks, Iterable):
        way = "put it into a list, callbacks=[...]" if callable(callbacks) else "leave it out"
        raise ValueError(
            f"callbacks is {named(callbacks)}; expected a list of functions of (model, history): "
            f"{way}"
        )
    found = tuple(callbacks)
    for callback in found:
        if isinstance(callback, type) or not callable(callback):
            raise ValueError(
                f"callbacks holds {named(callback)}; expected functions of (model, history)"
            )
        if not can_be_called(callback, "model", "history"):
            raise ValueError(
                f"callbacks holds {named(callback)}, which cannot be called as "
                "callback(model, history)"
            )
    return found
