"""A network, or frames of a film, as bytes that a browser can read: `frontend.js` unpacks them.

Linear, convolutional and transposed convolutional layers are one thing here: each number of the
input, times a weight, is added to the outputs in its neighbourhood. A linear layer is the case of
one place that sees everything. So the browser needs a single kind of layer. Batch normalisation in
evaluation mode is a scale and a shift, and is folded into the layer before it. Grids are packed
with the channels last; a reshape from or to (channels, height, width) is a matter of order, and is
gone.

Weights are whole numbers times one scale for each layer; scales and biases are float32. What the
layers give is compared with what the model gives, and the whole numbers get as many bits, from 8
up, as bring the two near enough: pictures of codes given to `pack` within `LEVELS` grey levels of
255. Where 14 do not, the layers are not the whole of the model, and it is refused. Measured on a
trained decoder 20-400-784: 10 bits, 315 kB. A scale for each output instead of each layer took 13 %
more for the same error: what is finer than it needs to be does not compress.
"""

import base64
import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.models.blocks import DecodesRows, EncodesRows, Transposed
from course_utils.widgets.rows import Unpackable, layers_of_rows

LEVELS = 6  # grey levels by which a picture in the browser may differ from the model's
LIMIT = 1_000_000  # bytes of a packed network; a third more in the notebook, which needs text
COARSEST, FINEST = 8, 14  # bits of a weight


@dataclass(frozen=True)
class Layer:
    """Each input, times a weight, added to the outputs around it; then a bias, then maybe a ReLU.

    Attributes:
        weight: (inputs, kernel height, kernel width, outputs).
        bias: (outputs,).
        source, target: height and width of the grid before and after.
        stride, padding, transposed: as in torch's convolutions, the padding of height and width.
        relu: whether negative outputs become 0.
    """

    weight: Float[Tensor, "inputs rows columns outputs"]
    bias: Float[Tensor, " outputs"]
    source: tuple[int, int] = (1, 1)
    target: tuple[int, int] = (1, 1)
    stride: int = 1
    padding: tuple[int, int] = (0, 0)
    transposed: bool = False
    relu: bool = False

    def header(self) -> dict[str, Any]:
        """What the browser must know beside the numbers."""
        inputs, *kernel, outputs = self.weight.shape
        return {
            "inputs": inputs,
            "kernel": kernel,
            "outputs": outputs,
            "source": list(self.source),
            "target": list(self.target),
            "stride": self.stride,
            "padding": list(self.padding),
            "transposed": self.transposed,
            "relu": self.relu,
        }


def pack(
    decoder: nn.Module,
    picture: Callable[[Tensor], Tensor],
    probes: Float[Tensor, "probes inputs height width"],
    output: str,
    limit: int = LIMIT,
) -> dict[str, Any]:
    """The decoder for the browser: layers, scales and weights, checked on the probes.

    Args:
        decoder: what maps a probe to logits.
        picture: probes → the model's own pictures `(probes, channels, height, width)`, the
            reference.
        probes: inputs of the decoder, as (inputs, 1, 1) or on a grid.
        output: "sigmoid" or "linear", the last step to a picture.
        limit: the most bytes that are still sent.

    Returns:
        A dictionary for JSON: `layers`, `output`, `floats` (how many numbers of 32 bits come first;
        then, for all weights, a byte of the lower bits, and again for all one of the upper),
        `bits`, `levels` (by how much the probes' pictures differ) and `bytes`.

    Raises:
        Unpackable: if a layer is unknown, the pictures cannot be met, or the bytes are too many.
    """
    expected = picture(probes)
    image = tuple(expected.shape[1:])
    layers = layers_of("decoder", decoder, tuple(probes.shape[1:]), image)

    def misses(restored: list[Layer]) -> float:
        return levels_between(run(restored, probes, output, image), expected) / LEVELS

    packed, missed = pack_layers("decoder", layers, misses, limit=limit)
    if missed > 1:
        raise Unpackable(
            "its picture is not what its decoder's layers alone give "
            f"(they differ by {LEVELS * missed:.0f} grey levels)"
        )
    return {**packed, "output": output, "levels": round(LEVELS * missed, 2)}


def pack_layers(
    part: str,
    layers: list[Layer],
    misses: Callable[[list[Layer]], float],
    *,
    small: float = 0.0,
    limit: int = LIMIT,
) -> tuple[dict[str, Any], float]:
    """The layers in as few bits as are needed, and by how much they miss then.

    Args:
        part: what the layers are of the model, such as "decoder".
        misses: layers with rounded weights → how far they are from the model, where 1 is allowed.
        small: a layer with less than this share of all weights has the finest bits at once.
        limit: the most bytes that are still sent.

    Returns:
        (a dictionary as of `pack`, without `output` and `levels`, what `misses` says: beyond 1 if
        the finest bits do not suffice)

    Raises:
        Unpackable: if the bytes are too many.
    """
    for bits in range(COARSEST, FINEST + 1):
        whole = _rounded(layers, bits, small)
        missed = misses(
            [
                replace(layer, weight=numbers * scale)
                for layer, (numbers, scale) in zip(layers, whole, strict=True)
            ]
        )
        if missed <= 1:
            break
    floats = [
        number
        for layer, (_, scale) in zip(layers, whole, strict=True)
        for number in (scale, layer.bias)
    ]
    numbers = torch.cat([numbers.flatten() for numbers, _ in whole]).numpy().astype(np.int16)
    low = numbers.astype(np.int8)  # what is left of a number beyond -128 to 127 is mostly 0
    high = (numbers - low >> 8).astype(np.int8)
    data = torch.cat(floats).numpy().astype("<f4").tobytes() + low.tobytes() + high.tobytes()
    packed = zlib.compress(data, 9)
    if len(packed) > limit:
        raise Unpackable(f"its {part} is {len(packed):,} bytes when packed, above {limit:,}")
    return {
        "layers": [layer.header() for layer in layers],
        "bits": bits,
        "floats": sum(part.numel() for part in floats),
        "bytes": base64.b64encode(packed).decode(),
    }, missed


def layers_of(
    part: str, network: nn.Module, given: tuple[int, int, int], taken: tuple[int, int, int]
) -> list[Layer]:
    """The layers of a model's encoder or decoder, between two shapes (channels, height, width).

    Raises:
        Unpackable: as `flatten`, in words that name the part.
    """
    channels, *grid = given
    try:
        return list(flatten(network, channels, tuple(grid), taken))
    except Unpackable as reason:
        raise Unpackable(f"its {part} {reason}") from None


def flatten(
    network: nn.Module, inputs: int, grid: tuple[int, int], target: tuple[int, int, int]
) -> Iterator[Layer]:
    """The network as `Layer`s, from `inputs` numbers at each place of a grid to another such shape.

    Raises:
        Unpackable: at the first part of it that is not one of the layers known here.
    """
    last: Layer | None = None
    channels, before = inputs, None
    for part in _parts(network, inputs * math.prod(grid)):
        if isinstance(part, nn.ReLU) and last:
            last = replace(last, relu=True)
        elif isinstance(part, nn.Unflatten) and last and len(part.unflattened_size) == 3:
            channels, *grid = part.unflattened_size
            last = _channels_last(last, channels)
        elif isinstance(part, nn.Flatten) and part.start_dim == 1:
            before = (channels, *grid)
            channels, grid = math.prod(before), (1, 1)
        elif isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d) and last:
            last = _normalised(last, part)
        elif isinstance(part, nn.Linear | Transposed | nn.Conv2d | nn.ConvTranspose2d):
            if last is not None:
                yield last
            last = _layer(part, channels, tuple(grid))
            if before:
                last, before = _taking_channels_last(last, before), None
            channels, grid = len(last.bias), last.target
        else:
            raise Unpackable(f"has a {type(part).__name__} where none is expected")
    if last is None or (channels, *grid) != target:
        raise Unpackable(f"does not end in the channels, height and width {target}")
    yield last


def quantise(
    weight: Float[Tensor, "inputs rows columns outputs"], bits: int
) -> tuple[Float[Tensor, "inputs rows columns outputs"], Float[Tensor, " one"]]:
    """(whole numbers of so many bits, their scale), whose product is nearly the weight."""
    largest = weight.abs().amax().clamp(min=1e-30)[None]
    scale = largest / (2 ** (bits - 1) - 1)
    return (weight / scale).round(), scale


def run(
    layers: list[Layer],
    x: Float[Tensor, "batch inputs height width"],
    output: str,
    image: tuple[int, int, int],
) -> Float[Tensor, "batch channels rows columns"]:
    """The pictures that the layers draw: what `frontend.js` computes, here by torch."""
    for layer in layers:
        # The numbers before it, read as a grid with the channels last.
        x = x.movedim(1, -1).reshape(len(x), *layer.source, -1).movedim(-1, 1)
        options = {"bias": layer.bias, "stride": layer.stride, "padding": layer.padding}
        if layer.transposed:
            weight = layer.weight.permute(0, 3, 1, 2)
            least = F.conv_transpose2d(x[:1], weight, **options).shape[-2:]
            missing = [wanted - side for wanted, side in zip(layer.target, least, strict=True)]
            x = F.conv_transpose2d(x, weight, output_padding=missing, **options)
        else:
            x = F.conv2d(x, layer.weight.permute(3, 0, 1, 2), **options)
        x = x.relu() if layer.relu else x
    # A dense decoder ends with all pixels at a single place, the channels last.
    channels, *sides = image
    x = x.movedim(1, -1).reshape(len(x), *sides, channels).movedim(-1, 1)
    return x.sigmoid() if output == "sigmoid" else x


def pack_frames(frames: UInt8[np.ndarray, "frames *pixels"]) -> str:
    """Frames of a film as text: each as its difference to the one before, then compressed."""
    changes = np.diff(frames, axis=0, prepend=np.zeros_like(frames[:1]))  # modulo 256
    return pack_bytes(changes.tobytes())


def pack_bytes(data: bytes) -> str:
    """Bytes as text: compressed, then in base64."""
    return base64.b64encode(zlib.compress(data, 9)).decode()


def _rounded(layers: list[Layer], bits: int, small: float) -> list[tuple[Tensor, Tensor]]:
    """(whole numbers, their scale) of each layer's weights; of small layers the finest."""
    least = small * sum(layer.weight.numel() for layer in layers)
    return [
        quantise(layer.weight, FINEST if layer.weight.numel() < least else bits) for layer in layers
    ]


def _parts(module: nn.Module, width: int) -> Iterator[nn.Module]:
    """The layers in their order, without those that do nothing in evaluation mode.

    `width` is how many numbers the network takes in all.
    """
    if isinstance(module, nn.Sequential):
        for part in module:
            yield from _parts(part, width)
    elif isinstance(module, EncodesRows | DecodesRows):
        yield from layers_of_rows(module, width)
    elif not isinstance(module, nn.Identity | nn.Dropout):
        yield module


def _layer(part: nn.Module, inputs: int, grid: tuple[int, int]) -> Layer:
    if type(part) in (nn.Linear, Transposed):
        matrix = part.weight if isinstance(part, nn.Linear) else part._layer[0].weight.T
        if grid != (1, 1) or matrix.shape[1] != inputs:
            raise Unpackable(f"has a {type(part).__name__} above a grid")
        return Layer(_plain(matrix.T[:, None, None, :]), _bias(part, len(matrix)))
    if type(part) not in (nn.Conv2d, nn.ConvTranspose2d) or not _is_plain(part):
        raise Unpackable(f"has a {type(part).__name__} of a kind that is not known")
    transposed = type(part) is nn.ConvTranspose2d
    weight = part.weight.permute(0, 2, 3, 1) if transposed else part.weight.permute(1, 2, 3, 0)
    with torch.no_grad():
        target = part(torch.zeros(1, inputs, *grid).to(part.weight)).shape[-2:]
    return Layer(
        _plain(weight),
        _bias(part, part.out_channels),
        source=grid,
        target=tuple(target),
        stride=part.stride[0],
        padding=part.padding,
        transposed=transposed,
    )


def _is_plain(part: nn.Conv2d | nn.ConvTranspose2d) -> bool:
    """Whether a convolution has no option beyond a stride, the same each way, and padding."""
    square, padded = len(set(part.stride)) == 1, isinstance(part.padding, tuple)
    plain = part.groups == 1 and set(part.dilation) == {1} and part.padding_mode == "zeros"
    return square and padded and plain


def _bias(part: nn.Module, outputs: int) -> Tensor:
    return torch.zeros(outputs) if part.bias is None else _plain(part.bias)


def _plain(numbers: Tensor) -> Tensor:
    return numbers.detach().float().cpu()


def _channels_last(layer: Layer, channels: int) -> Layer:
    """The layer with its outputs in the order height, width, channel."""
    order = torch.arange(len(layer.bias)).reshape(channels, -1).T.flatten()
    return replace(layer, weight=layer.weight[..., order], bias=layer.bias[order])


def _taking_channels_last(layer: Layer, shape: tuple[int, ...]) -> Layer:
    """The layer for inputs (channels, height, width) in the order height, width, channel."""
    order = torch.arange(len(layer.weight)).reshape(shape[0], -1).T.flatten()
    return replace(layer, weight=layer.weight[order])


def _normalised(layer: Layer, norm: nn.BatchNorm1d | nn.BatchNorm2d) -> Layer:
    """The layer with the batch normalisation that follows it folded in."""
    if layer.relu or norm.running_var is None:
        raise Unpackable("has a batch normalisation that is not fixed beforehand")
    scale = (_plain(norm.running_var) + norm.eps).rsqrt()
    scale = scale if norm.weight is None else scale * _plain(norm.weight)
    shift = -_plain(norm.running_mean) * scale + _bias(norm, norm.num_features)
    places = len(layer.bias) // norm.num_features
    scale, shift = scale.repeat(places), shift.repeat(places)
    return replace(layer, weight=layer.weight * scale, bias=layer.bias * scale + shift)


def levels_between(drawn: Tensor, expected: Tensor) -> float:
    """The largest difference between two pictures in grey levels, of which there are 255."""
    return 255 * (drawn.clamp(0, 1) - expected.clamp(0, 1)).abs().max().item()
