"""The share of a batch that one of several processes computes, and the noise that belongs to it.

Each process draws the noise of the whole batch and keeps the rows of its own examples. So an
example meets the noise that it would have met in a single process, and the random streams of all
processes stand at the same place after every step.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from course_utils.training.batches import Batch

# What draws from a random stream, row by row, by the names that torch gives it.
DRAWS = {
    *("rand", "randn", "randint", "normal", "rand_like", "randn_like", "randint_like"),
    *("bernoulli", "multinomial", "poisson", "rrelu", "gumbel_softmax", "_standard_gamma"),
    *("normal_", "uniform_", "bernoulli_", "exponential_", "random_", "cauchy_", "log_normal_"),
    *("geometric_", "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout"),
    "feature_alpha_dropout",
}


class Share(NamedTuple):
    """What one process has of a batch.

    Attributes:
        batch: its examples, at least one.
        start: the place of the first of them in the whole batch.
        whole: how many examples the whole batch has.
        examples: for how many its result counts: 0 where there were too few to go round, and the
            process has borrowed the first one, to keep its random stream in step.
    """

    batch: Batch
    start: int
    whole: int
    examples: int


def share_of(batch: Batch, rank: int, size: int, *, divided: bool) -> Share:
    """The share of process `rank` among `size`.

    Args:
        divided: whether the batch is the same in all processes, and each takes its part; if not,
            each has brought its own, and the whole is all of them, one after the other.
    """
    n = len(batch[0])
    if not divided:
        return Share(batch, rank * n, size * n, n)
    start, stop = -(-n * rank // size), -(-n * (rank + 1) // size)  # the first is never empty
    if start == stop:
        return Share(tuple(tensor[:1] for tensor in batch), 0, n, 0)
    return Share(tuple(tensor[start:stop] for tensor in batch), start, n, stop - start)


class NoiseOfTheWhole(TorchFunctionMode):
    """Inside, what is drawn with one row for each example of a share is drawn for the whole batch.

    Tensors and sizes are known as such by the length of their first axis.
    """

    def __init__(self, share: Share) -> None:
        super().__init__()
        self.share, self.n = share, len(share.batch[0])

    def __torch_function__(
        self, function: Any, types: Any, args: Sequence[Any] = (), kwargs: dict | None = None
    ) -> Any:
        name, kwargs = getattr(function, "__name__", ""), kwargs or {}
        if name not in DRAWS:
            return function(*args, **kwargs)
        wide = [self._widened(each) for each in args]
        if name in ("rand", "randn") and args and args[0] == self.n:
            wide[0] = self.share.whole  # the size as so many arguments: torch.randn(n, 3)
        more = {key: self._widened(each) for key, each in kwargs.items()}
        given = zip([*wide, *more.values()], [*args, *kwargs.values()], strict=True)
        if all(wider is each for wider, each in given):
            return function(*args, **kwargs)
        own = function(*wide, **more)[self.share.start : self.share.start + self.n]
        return args[0].copy_(own) if name.endswith("_") else own

    def _widened(self, value: Any) -> Any:
        """A tensor or a size of the share as one of the whole batch, ones in the others' rows."""
        if isinstance(value, Tensor) and value.ndim and len(value) == self.n:
            after = self.share.whole - self.share.start - self.n
            ones = [value.new_ones((rows, *value.shape[1:])) for rows in (self.share.start, after)]
            return torch.cat([ones[0], value, ones[1]])
        if isinstance(value, tuple | list) and list(value[:1]) == [self.n]:
            return (self.share.whole, *value[1:])
        return value
