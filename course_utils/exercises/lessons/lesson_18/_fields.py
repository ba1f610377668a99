"""What lesson 18 asks an answer with: scores and velocities that say how they want to be called."""

from collections.abc import Callable

import torch
from torch import Tensor

from course_utils.exercises.checking.noting import Noting

NOT_GIVEN = object()


class Field(Noting):
    """A function of points z (n, d), or of times t (n, 1) and labels y too; it notes the arguments
    of each call."""

    def __init__(self, words: str, function: Callable[..., Tensor]) -> None:
        super().__init__(function, _copied)
        self.words = words

    def __call__(self, z: Tensor, t: object = NOT_GIVEN, y: object = NOT_GIVEN) -> Tensor:
        more = [each for each in (t, y) if each is not NOT_GIVEN]
        if more:
            _expect_column(more[0], len(z))
        return self._ask(z, *more)

    def __repr__(self) -> str:
        return f"the function {self.words}"


def _copied(*call: object) -> tuple:
    return tuple(each.clone() if isinstance(each, Tensor) else each for each in call)


def _expect_column(t: object, n: int) -> None:
    """Raise unless t is a tensor (n, 1), as a network needs it."""
    if not isinstance(t, Tensor):
        raise ValueError(f"t is {t!r}, and a velocity wants a tensor ({n}, 1), a time for each row")
    if t.shape != (n, 1):
        raise ValueError(f"t has shape {tuple(t.shape)}, and a velocity wants ({n}, 1)")


def blobs(generator: torch.Generator, n: int, d: int) -> Tensor:
    """Points far from the origin on all sides."""
    return 2 * torch.randn(n, d, generator=generator) + torch.arange(d) - 0.5
