"""The priors that answers to `sample_grid` are handed: one that decides, and one of chances."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.checking.noting import Noting, notes


class Prior(Noting):
    """What an answer is handed: it keeps the grids that it was asked about, and says which it
    cannot read.

    It notes of each call what was wrong with it, "" if nothing, and the grids.
    """

    symbols: int

    def __init__(self, shape: tuple[int, int], dtype: torch.dtype = torch.float32) -> None:
        super().__init__(lambda *call: None, lambda *call: call)
        self.shape, self.dtype = shape, dtype

    def __call__(self, k: Tensor) -> Tensor:
        complaint = self._complaint(k)
        self._ask(complaint, None if complaint else k.detach().clone())
        if complaint:
            raise ValueError(complaint)
        return self.logits(k.detach().long()).to(self.dtype)

    def __repr__(self) -> str:
        return f"a prior of grids, shape {self.shape}"

    @property
    def complaint(self) -> str:
        """What was wrong with the last call."""
        return notes(self)[-1][0] if notes(self) else ""

    @property
    def asked(self) -> list[Tensor]:
        """The grids of each call with which nothing was wrong."""
        return [k for complaint, k in notes(self) if not complaint]

    def _complaint(self, k: Tensor) -> str:
        wanted = f"(n, {self.shape[0]}, {self.shape[1]})"
        if not isinstance(k, Tensor):
            return f"The prior was asked about {type(k).__name__}; it reads a tensor of grids."
        if k.shape[1:] != self.shape:
            return (
                f"The prior was asked about grids of shape {tuple(k.shape)}; it reads {wanted}. "
                "Height and width stand in `prior.shape`, and are not always 7."
            )
        if k.is_floating_point() or k.dtype == torch.bool:
            return (
                f"The prior was asked about numbers of {k.dtype}. Symbols are whole numbers: begin "
                "with `torch.zeros(..., dtype=torch.long)`."
            )
        if k.numel() and (k.min() < 0 or k.max() >= self.symbols):
            return (
                f"The prior was asked about symbol {int(k.min() if k.min() < 0 else k.max())}; it "
                f"knows 0 to {self.symbols - 1}. Whatever stands where nothing has been drawn yet "
                "has no influence, but a symbol it must be, such as 0."
            )
        return ""

    def logits(self, k: Tensor) -> Tensor:
        raise NotImplementedError


class Decided(Prior):
    """The first symbol is free, and those before a place decide the one at it.

    Args:
        impossible: the logit of every symbol that is not the one.
    """

    symbols = 5

    def __init__(self, shape: tuple[int, int], dtype=torch.float32, impossible=-60.0) -> None:
        super().__init__(shape, dtype)
        self.impossible = impossible

    def next(self, k: Tensor) -> Tensor:
        """Which symbol follows at each place: (n, height · width)."""
        flat = k.flatten(1)
        before = flat.cumsum(1) - flat  # the sum of all symbols before each place
        last = F.pad(flat, (1, 0))[:, :-1]
        return (2 * before + last + torch.arange(flat.shape[1]) + 1) % self.symbols

    def logits(self, k: Tensor) -> Tensor:
        decided = F.one_hot(self.next(k), self.symbols).bool()
        decided[:, 0] = True
        highest = 0.0 if self.impossible == -math.inf else -self.impossible
        scores = torch.full(decided.shape, self.impossible).masked_fill(decided, highest)
        scores[:, 0] -= 0.3 * torch.arange(self.symbols)
        return scores.movedim(2, 1).reshape(len(k), self.symbols, *self.shape)


class Chancy(Prior):
    """Each place has chances of its own, which depend on the symbol just before it."""

    symbols = 3

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__((2, 3))
        order = torch.rand(6, self.symbols, self.symbols, generator=generator).argsort(2)
        noise = 0.3 * torch.rand(6, self.symbols, self.symbols, generator=generator)
        self.table = 2 - 1.3 * order + noise  # two of three above 0

    def logits(self, k: Tensor) -> Tensor:
        last = F.pad(k.flatten(1), (1, 0))[:, :-1]
        scores = self.table[torch.arange(6), last]  # (n, places, symbols)
        return scores.movedim(2, 1).reshape(len(k), self.symbols, *self.shape)
