"""Encoders and decoders, dense and convolutional. They know no probability.

An encoder maps `(batch, *shape)` to `(batch, out_features)`, a decoder maps `(batch, latent)` back
to `(batch, *shape)`. Neither ends in an activation: what the numbers mean is the model's business.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Shape = Sequence[int]
"""Of one example: of an image its channels, height and width."""


def dense_encoder(shape: Shape, hidden: Sequence[int], out_features: int) -> nn.Sequential:
    """Flatten, then linear layers with ReLU between. With hidden=() it is one linear map."""
    return nn.Sequential(nn.Flatten(1), *_stack([math.prod(shape), *hidden, out_features]))


class UnitLength(nn.Module):
    """Each example divided by its Euclidean length; one of zeros stays what it is."""

    def forward(self, x: Tensor) -> Tensor:
        return F.normalize(x.flatten(1), dim=1).view_as(x)


def dense_decoder(latent_dim: int, hidden: Sequence[int], shape: Shape) -> nn.Sequential:
    """The way back: linear layers with ReLU between, then the features folded into `shape`."""
    return nn.Sequential(
        *_stack([latent_dim, *hidden, math.prod(shape)]), nn.Unflatten(1, tuple(shape))
    )


def tied_decoder(encoder: nn.Sequential, shape: Shape) -> nn.Sequential:
    """The way back through a dense encoder by its own matrices, transposed."""
    _, *layers = encoder  # the first flattens
    back = [Transposed(layer) if isinstance(layer, nn.Linear) else nn.ReLU() for layer in layers]
    return nn.Sequential(*reversed(back), nn.Unflatten(1, tuple(shape)))


class Transposed(nn.Module):
    """The way back through a linear layer: its matrix transposed, and a bias of its own."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.in_features = layer.out_features
        self.bias = nn.Parameter(torch.zeros(layer.in_features))
        # In a tuple, where nn.Module does not look: the matrix is the encoder's, and counts once.
        self._layer = (layer,)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self._layer[0].weight.T, self.bias)


def conv_encoder(shape: Shape, channels: Sequence[int], out_features: int) -> nn.Sequential:
    """3x3 convolutions of stride 2, each halving the image (28 → 14 → 7 → 4), then a linear layer.

    Args:
        shape: channels, height and width of the input. An odd side is halved upwards: 7 → 4.
        channels: number of feature maps after each convolution.
        out_features: width of the last, linear layer.
    """
    grids = _grids(shape, len(channels))
    flat = channels[-1] * math.prod(grids[-1])
    down = _halvings([shape[0], *channels])
    return nn.Sequential(*down, nn.Flatten(1), nn.Linear(flat, out_features))


def conv_decoder(latent_dim: int, channels: Sequence[int], shape: Shape) -> nn.Sequential:
    """The mirror of `conv_encoder`: a linear layer, then transposed convolutions that double.

    Args:
        latent_dim: width of the code.
        channels: number of feature maps before each transposed convolution, widest first.
        shape: channels, height and width of the image to come out.
    """
    grids = _grids(shape, len(channels))[::-1]
    smallest = (channels[0], *grids[0])
    return nn.Sequential(
        nn.Linear(latent_dim, math.prod(smallest)),
        nn.Unflatten(1, smallest),
        nn.ReLU(),
        *_doublings([*channels, shape[0]], grids),
    )


def conv_grid_encoder(shape: Shape, channels: Sequence[int], out_channels: int) -> nn.Sequential:
    """As `conv_encoder`, but the places stay: (batch, out_channels, height, width), 28 → 14 → 7."""
    down = _halvings([shape[0], *channels])
    return nn.Sequential(*down, nn.Conv2d(channels[-1], out_channels, kernel_size=1))


def conv_grid_decoder(in_channels: int, channels: Sequence[int], shape: Shape) -> nn.Sequential:
    """The mirror of `conv_grid_encoder`, which first looks at each place with its neighbours."""
    return nn.Sequential(
        nn.Conv2d(in_channels, channels[0], kernel_size=3, padding=1),
        nn.BatchNorm2d(channels[0]),
        nn.ReLU(),
        *_doublings([*channels, shape[0]], _grids(shape, len(channels))[::-1]),
    )


def patch_encoder(shape: Shape, hidden: int, out_channels: int) -> nn.Sequential:
    """A grid of codes, (batch, out_channels, 7, 7), one for each patch of a 28×28 image.

    The patches are 8×8 pixels and begin every 4, so each overlaps its neighbours by half; what is
    seen in one then passes through a layer of its own. All feature maps are small, and on a
    processor that is what counts. A side that is no multiple of 4 gets one place more, and what is
    missing there is margin on both sides: no pixel goes unseen.
    """
    padding, _ = _margins(shape)
    return nn.Sequential(
        nn.Conv2d(shape[0], hidden, kernel_size=8, stride=4, padding=padding),
        nn.BatchNorm2d(hidden),
        nn.ReLU(),
        nn.Conv2d(hidden, hidden, kernel_size=1),
        nn.BatchNorm2d(hidden),
        nn.ReLU(),
        nn.Conv2d(hidden, out_channels, kernel_size=1),
    )


def patch_decoder(in_channels: int, hidden: int, shape: Shape) -> nn.Sequential:
    """The way back from `patch_encoder`: two looks at the neighbours, then a patch for each place.

    The patches overlap as they did on the way in, and their logits add up.
    """
    padding, odd = _margins(shape)
    return nn.Sequential(
        nn.Conv2d(in_channels, hidden, kernel_size=3, padding=1),
        nn.BatchNorm2d(hidden),
        nn.ReLU(),
        nn.Conv2d(hidden, hidden, kernel_size=3, padding=1),
        nn.BatchNorm2d(hidden),
        nn.ReLU(),
        nn.ConvTranspose2d(
            hidden, shape[0], kernel_size=8, stride=4, padding=padding, output_padding=odd
        ),
    )


def _margins(shape: Shape) -> tuple[tuple[int, int], tuple[int, int]]:
    """Padding of both sides of the patches, and what the way back must add, by height and width.

    The patches of n places reach over 4n + 4 pixels, of which 4n - missing are the image.
    """
    missing = [-side % 4 for side in shape[1:]]
    height, width = (2 + (few + 1) // 2 for few in missing)
    return (height, width), (missing[0] % 2, missing[1] % 2)


def _halvings(channels: Sequence[int]) -> list[nn.Module]:
    """Convolutions of stride 2, from the image's channels up."""
    layers: list[nn.Module] = []
    for before, after in pairwise(channels):
        convolution = nn.Conv2d(before, after, kernel_size=3, stride=2, padding=1)
        layers += [convolution, nn.BatchNorm2d(after), nn.ReLU()]
    return layers


def _doublings(channels: Sequence[int], grids: Sequence[tuple[int, int]]) -> list[nn.Module]:
    """Transposed convolutions of stride 2, down to the logits of the image's channels."""
    layers: list[nn.Module] = []
    for (before, after), (small, large) in zip(pairwise(channels), pairwise(grids), strict=True):
        # A stride of 2 takes a side n to 2n - 1; output_padding adds the pixel that is missing.
        missing = tuple(wanted - (2 * side - 1) for side, wanted in zip(small, large, strict=True))
        layers.append(
            nn.ConvTranspose2d(
                before, after, kernel_size=3, stride=2, padding=1, output_padding=missing
            )
        )
        layers += [nn.BatchNorm2d(after), nn.ReLU()]
    return layers[:-2]  # the last layer's output is the logits: nothing after it


class MaskedConv2d(nn.Conv2d):
    """A convolution that sees only what comes before: the rows above, and the left of its own row.

    So a stack of them can predict each pixel from those before it. Kind "A" does not see the pixel
    itself and stands first; kind "B" does, and stands above another, whose output at a place no
    longer knows the pixel there. The image keeps its size. van den Oord, Kalchbrenner &
    Kavukcuoglu, "Pixel Recurrent Neural Networks", 2016, section 3.4. The first weights are drawn
    for a ReLU and as many inputs as are seen (He et al., 2015), not for the whole kernel.

    Args:
        in_channels, out_channels: numbers of feature maps; all maps of a pixel count as one place.
        kernel_size: odd; 2k + 1 reaches k rows up and k columns to either side.
        kind: "A" or "B".

    Raises:
        ValueError: if kernel_size is not odd, kind is neither of the two, or nothing would be seen.

    >>> MaskedConv2d(1, 1, kernel_size=3, kind="A").mask
    tensor([[1., 1., 1.],
            [1., 0., 0.],
            [0., 0., 0.]])
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, kind: Literal["A", "B"]
    ) -> None:
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"kernel_size is {kernel_size}; expected an odd number, such as 7")
        if kind not in ("A", "B"):
            raise ValueError(f"kind is {kind!r}; expected 'A' or 'B'")
        if kernel_size == 1 and kind == "A":
            raise ValueError("a kernel of size 1 and kind 'A' sees nothing; expected 3 or more")
        reach = kernel_size // 2
        super().__init__(in_channels, out_channels, kernel_size, padding=reach)
        mask = torch.ones(kernel_size, kernel_size)
        mask[reach, reach + (kind == "B") :] = 0
        mask[reach + 1 :] = 0
        self.register_buffer("mask", mask, persistent=False)  # made anew by every constructor
        nn.init.normal_(self.weight, std=math.sqrt(2 / (in_channels * mask.sum().item())))

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight * self.mask.to(self.weight.dtype)
        if self.kernel_size == (1, 1):  # a sum over maps: as a matrix product, six times as fast
            mixed = torch.einsum("...chw,oc->...ohw", x, weight[:, :, 0, 0])
            return mixed + self.bias[:, None, None]
        return self._conv_forward(x, weight, self.bias)


class EncodesRows(nn.Module):
    """The encoder of a network that takes pictures as rows: (batch, 2 · latent), μ then log σ²."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        mu, log_var = self.network.encode(x.flatten(1))
        return torch.cat([mu, log_var], dim=1)


class DecodesRows(nn.Module):
    """The decoder of a network that gives rows of logits, which become pictures here."""

    def __init__(self, network: nn.Module, shape: Shape) -> None:
        super().__init__()
        self.network, self.shape = network, tuple(shape)

    def forward(self, z: Tensor) -> Tensor:
        return self.network.decode(z).reshape(len(z), *self.shape)


def _stack(sizes: Sequence[int]) -> list[nn.Module]:
    """Linear layers between consecutive sizes, with ReLU after each but the last."""
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return layers[:-1]


def _grids(shape: Shape, halvings: int) -> list[tuple[int, int]]:
    """Height and width of the image before and after each convolution: 28, 14, 7, 4, ..."""
    _, height, width = shape
    grids = [(height, width)]
    for _ in range(halvings):
        height, width = (height + 1) // 2, (width + 1) // 2
        grids.append((height, width))
    return grids
