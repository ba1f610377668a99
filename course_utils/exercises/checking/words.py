"""Values in words: how a message shows the learner a tensor, a number, a type, an exception."""

import numpy as np
import torch
from torch import Tensor

PRINTABLE = 30  # numbers: a tensor of no more is shown in full


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


def numbers(tensor: Tensor, before: str = "", after: str = "", digits: int = 4) -> str:
    """The numbers of a tensor with four digits, as nested lists; a table has a line for each row.

    Text stands before and after it, and the rows below the first are aligned with that.
    """
    rows = tensor.tolist()
    if tensor.ndim != 2:
        return f"{before}{_nested(rows, digits)}{after}"
    texts = [[_nested(item, digits) for item in row] for row in rows]
    width = max((len(text) for row in texts for text in row), default=0)
    lines = ["[" + ", ".join(text.rjust(width) for text in row) + "]" for row in texts]
    return f"{before}[" + (",\n" + " " * (len(before) + 1)).join(lines) + f"]{after}"


def digits_to_differ(one: float | int, other: float | int, least: int = 4) -> int:
    """How many digits two numbers need, so that one sees which is which."""
    return next(
        (digits for digits in range(least, 17) if f"{one:.{digits}g}" != f"{other:.{digits}g}"),
        17,
    )


def shown(value: object, limit: int = 200) -> str:
    """`repr(value)`, shortened, even if it raises; a float has six digits, and a point at least."""
    try:
        text = f"{value:.6g}" if isinstance(value, float) else repr(value)
        text += ".0" if isinstance(value, float) and text.lstrip("-").isdigit() else ""
    except Exception:
        return f"<{type(value).__name__}>"
    return text if len(text) <= limit else text[:limit] + " ..."


def first_lines(error: object, limit: int = 300) -> str:
    """The first lines of what an exception says, even if saying it raises."""
    try:
        text = " ".join(str(error).split())
    except Exception:
        return f"<{type(error).__name__}>"
    return text if len(text) <= limit else text[:limit] + " ..."


def _nested(item: object, digits: int = 4) -> str:
    if isinstance(item, list):
        return f"[{', '.join(_nested(part, digits) for part in item)}]"
    text = f"{item:.{digits}g}" if isinstance(item, float) else str(item)
    # "2." and not "2": pasted into a cell, it is to make a tensor of floats again.
    return f"{text}." if isinstance(item, float) and text.lstrip("-").isdigit() else text
