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


def dense_encoder(shape: Sequence[int], hidden: Sequence[int], out_features: int) -> nn.Sequential:
    """Flatten, then linear layers with ReLU between. With hidden=() it is one linear map."""
    return nn.Sequential(nn.Flatten(1), *_stack([math.prod(shape), *hidden, out_features]))


class UnitLength(nn.Module):
    """Each example divided by its Euclidean length; one of zeros stays what it is."""

    def forward(self, x: Tensor) -> Tensor:
        return F.normalize(x.flatten(1), dim=1).view_as(x)


def dense_decoder(latent_dim: int, hidden: Sequence[int], shape: Sequence[int]) -> nn.Sequential:
    """The way back: linear layers with ReLU between, then the features folded into `shape`."""
    return nn.Sequential(
        *_stack([latent_dim, *hidden, math.prod(shape)]), nn.Unflatten(1, tuple(shape))
    )


def tied_decoder(encoder: nn.Sequential, shape: Sequence[int]) -> nn.Sequential:
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


def conv_encoder(channels: Sequence[int], out_features: int, size: int = 28) -> nn.Sequential:
    """3x3 convolutions of stride 2, each halving the image (28 → 14 → 7 → 4), then a linear layer.

    Args:
        channels: number of feature maps after each convolution.
        out_features: width of the last, linear layer.
        size: height and width of the input, which has one channel.
    """
    side = _sides(size, len(channels))[-1]
    flat = channels[-1] * side * side
    return nn.Sequential(*_halvings(channels), nn.Flatten(1), nn.Linear(flat, out_features))


def conv_decoder(latent_dim: int, channels: Sequence[int], size: int = 28) -> nn.Sequential:
    """The mirror of `conv_encoder`: a linear layer, then transposed convolutions that double.

    Args:
        latent_dim: width of the code.
        channels: number of feature maps before each transposed convolution, widest first.
        size: height and width of the image to come out, which has one channel.
    """
    sides = _sides(size, len(channels))[::-1]
    return nn.Sequential(
        nn.Linear(latent_dim, channels[0] * sides[0] ** 2),
        nn.Unflatten(1, (channels[0], sides[0], sides[0])),
        nn.ReLU(),
        *_doublings(channels, sides),
    )


def conv_grid_encoder(channels: Sequence[int], out_channels: int) -> nn.Sequential:
    """As `conv_encoder`, but the places stay: (batch, out_channels, height, width), 28 → 14 → 7."""
    return nn.Sequential(*_halvings(channels), nn.Conv2d(channels[-1], out_channels, kernel_size=1))


def conv_grid_decoder(in_channels: int, channels: Sequence[int], size: int = 28) -> nn.Sequential:
    """The mirror of `conv_grid_encoder`, which first looks at each place with its neighbours."""
    sides = _sides(size, len(channels))[::-1]
    return nn.Sequential(
        nn.Conv2d(in_channels, channels[0], kernel_size=3, padding=1),
        nn.BatchNorm2d(channels[0]),
        nn.ReLU(),
        *_doublings(channels, sides),
    )


def patch_encoder(hidden: int, out_channels: int) -> nn.Sequential:
    """A grid of codes, (batch, out_channels, 7, 7), one for each patch of a 28×28 image.

    The patches are 8×8 pixels and begin every 4, so each overlaps its neighbours by half; what is
    seen in one then passes through a layer of its own. All feature maps are small, and on a
    processor that is what counts.
    """
    return nn.Sequential(
        nn.Conv2d(1, hidden, kernel_size=8, stride=4, padding=2),
        nn.BatchNorm2d(hidden),
        nn.ReLU(),
        nn.Conv2d(hidden, hidden, kernel_size=1),
        nn.BatchNorm2d(hidden),
        nn.ReLU(),
        nn.Conv2d(hidden, out_channels, kernel_size=1),
    )


def patch_decoder(in_channels: int, hidden: int) -> nn.Sequential:
    """The way back from `patch_encoder`: two looks at the neighbours, then a patch for each place.

    The patches overlap as they did on the way in, and their logits add up.
    """
    return nn.Sequential(
        nn.Conv2d(in_channels, hidden, kernel_size=3, padding=1),
        nn.BatchNorm2d(hidden),
        nn.ReLU(),
        nn.Conv2d(hidden, hidden, kernel_size=3, padding=1),
        nn.BatchNorm2d(hidden),
        nn.ReLU(),
        nn.ConvTranspose2d(hidden, 1, kernel_size=8, stride=4, padding=2),
    )


def _halvings(channels: Sequence[int]) -> list[nn.Module]:
    """Convolutions of stride 2, from one channel up."""
    layers: list[nn.Module] = []
    for before, after in pairwise([1, *channels]):
        convolution = nn.Conv2d(before, after, kernel_size=3, stride=2, padding=1)
        layers += [convolution, nn.BatchNorm2d(after), nn.ReLU()]
    return layers


def _doublings(channels: Sequence[int], sides: Sequence[int]) -> list[nn.Module]:
    """Transposed convolutions of stride 2, down to one channel of logits."""
    layers: list[nn.Module] = []
    steps = zip(pairwise([*channels, 1]), pairwise(sides), strict=True)
    for (before, after), (small, large) in steps:
        # A stride of 2 takes `small` to 2·small - 1; output_padding adds the pixel that is missing.
        layers.append(
            nn.ConvTranspose2d(
                before,
                after,
                kernel_size=3,
                stride=2,
                padding=1,
                output_padding=large - (2 * small - 1),
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

    def __init__(self, network: nn.Module, shape: Sequence[int]) -> None:
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


def _sides(size: int, halvings: int) -> list[int]:
    """Height of the image before and after each convolution: 28, 14, 7, 4, ..."""
    sides = [size]
    for _ in range(halvings):
        sides.append((sides[-1] + 1) // 2)
    return sides
