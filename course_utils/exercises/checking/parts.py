"""A loss that is put together of parts: which of them are right, and which wrong in a known way."""

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

from course_utils.exercises.checking.answer import Wrong


class Part(NamedTuple):
    """One way to write a part of a loss, and what to say of it; nothing, if it is right."""

    value: Callable
    message: str = ""


def explained(fits: Callable[..., bool], *parts: Sequence[Part]) -> bool:
    """Whether a choice of one from each of the parts fits, those with the fewest mistakes first.

    Args:
        fits: whether the values of such a choice, put together, are what the answer returned.

    Raises:
        Wrong: with the messages of the choice that fits, if there are mistakes in it.
    """
    choices = itertools.product(*parts)
    for choice in sorted(choices, key=lambda choice: sum(bool(part.message) for part in choice)):
        if fits(*(part.value for part in choice)):
            if messages := [part.message for part in choice if part.message]:
                raise Wrong(" ".join(messages))
            return True
    return False


# What is said of slips that any formula may hold. Known by the exception that they end in.
NO_POWER = (
    "In Python `^` is no power: it compares bits, which only whole numbers have. A square is "
    "`** 2`, or `.square()`."
)
ONE_NUMBER = (
    "The functions of Python's `math` take a single number, and here are many. torch has the same "
    "for tensors: `torch.{0}(...)`, or `.{0}()`."
)
