"""A prior over grids of symbols: how probable is a grid, and what would another one be?

van den Oord, Kalchbrenner & Kavukcuoglu, "Pixel Recurrent Neural Networks", 2016; over the codes of
a vector-quantised autoencoder: van den Oord, Vinyals & Kavukcuoglu, 2017, section 3.3.
"""

from collections.abc import Sequence
from itertools import product

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils._numbers import whole
from course_utils._running import evaluating, seeded, source
from course_utils.models.base import Model, full_precision
from course_utils.models.blocks import MaskedConv2d
from course_utils.models.inputs import check_labels, check_symbols
from course_utils.models.recipes import recorded


class SymbolPrior(Model):
    """p(k) of a grid k of symbols: the product over places of p(symbol | those before it).

    Before a place are the rows above it and the left of its own row. With `num_classes` it is
    p(k|y), and every call wants the labels y as well.

    Args:
        num_symbols: K, how many symbols there are: 0 to K - 1.
        shape: height and width of the grid.
        channels: feature maps of the network.
        depth: how many times each place looks at its neighbours once more.
        num_classes: how many labels there are, or None for a prior without labels.

    `SymbolPrior.conv` builds it from a seed.

    >>> prior = SymbolPrior.conv(num_symbols=16, shape=(7, 7))
    >>> prior.sample(4).shape
    torch.Size([4, 7, 7])
    """

    def __init__(
        self,
        num_symbols: int,
        shape: Sequence[int] = (7, 7),
        channels: int = 64,
        depth: int = 2,
        num_classes: int | None = None,
    ) -> None:
        super().__init__(input_shape=tuple(shape))
        self.num_symbols, self.num_classes = num_symbols, num_classes
        self.symbol = nn.Embedding(num_symbols, channels // 4)
        self.first = MaskedConv2d(channels // 4, channels, kernel_size=7, kind="A")
        self.place = nn.Parameter(torch.zeros(channels, *shape))  # digits stand in the middle
        self.label = None if num_classes is None else nn.Embedding(num_classes, channels)
        self.looks = nn.ModuleList(_Look(channels) for _ in range(depth))
        self.last = MaskedConv2d(channels, num_symbols, kernel_size=1, kind="B")

    @classmethod
    @recorded
    def conv(
        cls,
        num_symbols: int,
        channels: int = 64,
        depth: int = 2,
        *,
        shape: Sequence[int] = (7, 7),
        num_classes: int | None = None,
        seed: int = 0,
    ) -> "SymbolPrior":
        """Masked convolutions: 7x7 over the symbols, then `depth` times 3x3 over what was seen."""
        if len(shape) != 2:
            raise ValueError(f"shape is {shape}; expected height and width, such as (7, 7)")
        if channels < 4:
            raise ValueError(f"channels is {channels}; expected 4 or more")
        with seeded(seed):
            return cls(num_symbols, shape, channels, depth, num_classes)

    def forward(
        self, symbols: Int[Tensor, "batch height width"], y: Int[Tensor, " labels"] | None = None
    ) -> Float[Tensor, "batch symbol height width"]:
        """The logits of each place's symbol, given the symbols before it (and the label).

        Raises:
            ValueError: if the grids have not the shape of this prior, or labels are missing, too
                many, or out of range.
        """
        check_symbols(self, symbols)
        return self._logits(symbols, y)

    def nll(
        self, symbols: Int[Tensor, "batch height width"], y: Int[Tensor, " labels"] | None = None
    ) -> Float[Tensor, " batch"]:
        """-log p(k), or -log p(k|y), of each grid, in nats, at least 0. Divided by log 2: in bits.

        Raises:
            ValueError: as `forward`.
        """
        return F.cross_entropy(self(symbols, y), symbols.long(), reduction="none").sum((1, 2))

    def sample(
        self,
        n: int,
        generator: torch.Generator | None = None,
        *,
        y: Int[Tensor, " labels"] | None = None,
    ) -> Int[Tensor, "n height width"]:
        """n new grids, symbol after symbol: each is drawn before the next is asked for.

        Args:
            y: a label for each, for a prior that has labels.

        Raises:
            ValueError: if n is less than 1, or labels are missing, too many, or out of range.
        """
        n = whole("n", n, expected="the number of grids to draw, 1 or more")
        generator = source(generator)
        height, width = self.input_shape
        place = self.place.device
        grid = torch.zeros(n, height, width, dtype=torch.long, device=place)
        y = y.to(place) if isinstance(y, Tensor) else y
        with evaluating(self):
            for i, j in product(range(height), range(width)):
                # What lies below the row is not seen, so it need not be computed.
                p = self._logits(grid[:, : i + 1], y)[:, :, i, j].softmax(1)
                grid[:, i, j] = torch.multinomial(p.cpu(), 1, generator=generator)[:, 0].to(place)
        return grid

    def _logits(self, symbols: Tensor, y: Tensor | None) -> Tensor:
        """As `forward`, for the upper rows of a grid as well."""
        h = self.first(self.symbol(symbols).movedim(-1, 1)) + self.place[:, : symbols.shape[1]]
        label = self._label(y, len(symbols))
        if label is not None:
            h = h + label[:, :, None, None]
        for look in self.looks:
            h = look(h)
        return full_precision(self.last(F.relu(h)))

    def _label(self, y: Tensor | None, n: int) -> Tensor | None:
        if (y is None) != (self.label is None):
            without = "this prior knows no labels: leave out y"
            with_labels = "this prior is p(k|y): give a label y for each grid"
            raise ValueError(without if self.label is None else with_labels)
        if y is None:
            return None
        check_labels(y, n, self.num_classes, of="grids")
        return self.label(y.long())


class _Look(nn.Module):
    """One more masked look at the neighbours, added to what is known already."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.look = MaskedConv2d(channels, channels, kernel_size=3, kind="B")
        self.mix = MaskedConv2d(channels, channels, kernel_size=1, kind="B")

    def forward(self, h: Tensor) -> Tensor:
        return h + self.mix(F.relu(self.look(F.relu(h))))
