"""How a sentence names what somebody passed, and what counts as a number."""

import functools
import numbers
from typing import Any

from torch import Tensor


def is_number(value: Any) -> bool:
    """True for what can be multiplied with a loss: Python's, NumPy's, or a tensor of one number."""
    if isinstance(value, Tensor):
        return value.ndim == 0 and not value.is_complex()
    return isinstance(value, numbers.Real)


def named(value: Any) -> str:
    """What a value is, in a few words: `'1e-3'`, `None`, `a list`, `the class VAE`, `the function
    reconstruction`, `a tensor of shape (3,)`."""
    if value is None or isinstance(value, str | numbers.Number):
        text = repr(value)
        return text if len(text) <= 40 else f"{text[:38]}…"
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, functools.partial) or hasattr(value, "__qualname__"):
        return f"the function {name_of(value)}"
    return a(type(value).__name__)


def name_of(function: Any) -> str:
    """What a function is called where it is used: `negative_elbo` also for what that returned."""
    while isinstance(function, functools.partial):
        function = function.func
    name = getattr(function, "__qualname__", type(function).__name__)
    return name.split(".<locals>")[0]


def a(noun: str) -> str:
    """A noun with its article: a VAE, an Autoencoder; and a digit with its own, an 8."""
    return f"{'an' if noun[:1] in 'AEIOUaeiou8' else 'a'} {noun}"
