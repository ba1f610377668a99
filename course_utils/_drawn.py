"""What is to be drawn, from torch, numpy or a list: arrays, and pictures in grey or in colour.

A picture of one channel is ink on paper: 0 is white, 1 is black. One of three is light: red, green
and blue, of which 0 is none and 1 is all.
"""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageChops
from torch import Tensor

from course_utils._named import a

CHANNELS = (1, 3)
"""Of pictures that can be drawn: grey, or colour."""
EXPECTED = "expected images in grey or colour, (n, 1 or 3, height, width)"


def array(name: str, values: Any) -> np.ndarray:
    """Numbers of any kind as an array: of a tensor its values, on the processor."""
    if not isinstance(values, Tensor):
        try:
            values = torch.as_tensor(values)
        except (TypeError, ValueError, RuntimeError):
            raise ValueError(
                f"{name} is {a(type(values).__name__)}; expected numbers: a tensor, an array or a "
                "list"
            ) from None
    values = values.detach().cpu()
    return (values.float() if values.dtype == torch.bfloat16 else values).numpy()


def pictures_of(name: str, values: Any, limits: tuple[float, float] | None) -> np.ndarray:
    """Pictures of any kind as an array: (n, height, width) in grey, and in colour (…, width, 3)."""
    if isinstance(values, list | tuple) and all(isinstance(each, Tensor) for each in values):
        if len({each.shape for each in values}) > 1:
            raise ValueError(f"{name} has images of several shapes; expected one: crop or pad them")
        values = torch.stack(list(values)) if values else torch.empty(0)
    pixels = array(name, values)
    shape = pixels.shape
    if pixels.ndim == 4 and shape[1] in CHANNELS:
        pixels = pixels[:, 0] if shape[1] == 1 else np.moveaxis(pixels, 1, -1)
    elif pixels.ndim != 3:
        move = "transpose" if isinstance(values, np.ndarray) else "permute"
        way_out = with_channels("x", shape, move) if pixels.ndim == 4 else ""
        way_out = ": of one image make a row with x[None, None]" if pixels.ndim == 2 else way_out
        raise ValueError(f"{name} has shape {shape}; {EXPECTED}{way_out}")
    if 0 in shape:
        raise ValueError(f"{name} has shape {shape}; {EXPECTED}, at least one")
    if pixels.dtype.kind in "iu" and limits and pixels.max() > limits[1]:
        raise ValueError(
            f"{name} has whole numbers from {pixels.min()} to {pixels.max()}; expected pixels from "
            f"{limits[0]:g} to {limits[1]:g}: x / 255 for bytes"
        )
    return pixels


def light(pixels: np.ndarray, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    """Numbers of colours as bytes: low is no light, high is all; what is no number stays paper."""
    share = (np.asarray(pixels, dtype=np.float64) - low) / (high - low)
    return np.rint(255 * np.nan_to_num(share, nan=1.0).clip(0, 1)).astype(np.uint8)


def one_picture(image: Tensor, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    """What matplotlib's picture is made of: an image's numbers in grey, and in colour its light.

    Args:
        image: (1 or 3, height, width).
        low, high: the ends of the scale; grey leaves them to the colour map.
    """
    pixels = array("image", image)
    return pixels[0] if len(pixels) == 1 else light(np.moveaxis(pixels, 0, -1), low, high)


def with_channels(name: str, shape: tuple[int, ...], move: str = "permute") -> str:
    """The way to one or three channels from others: what to add to an error about such a shape.

    Args:
        name: of the image or images, (..., channels, height, width).
        move: the name of the method that moves axes.
    """
    if len(shape) < 3 or shape[-3] in CHANNELS:
        return ""
    before = len(shape) - 3
    if shape[-1] in CHANNELS:
        order = ", ".join(map(str, (*range(before), before + 2, before, before + 1)))
        return f": the channels come first, {name}.{move}({order})"
    which = f"{name}[{':, ' * before}"
    if shape[-3] == 4:
        return f": without the transparency they are {which}:3]"
    return f": of {shape[-3]} channels draw one, {which}:1]"


def few_colours(picture: Image.Image) -> Image.Image:
    """A picture in few bytes: in greys, which are exact, if it has no other colours; else in 256
    colours, which are more than the eye misses."""
    greys = picture.convert("L")
    coloured = ImageChops.difference(picture, greys.convert("RGB")).getbbox()
    return picture.quantize(256) if coloured else greys


def in_colour(fig: Any) -> bool:
    """Whether a figure has a picture in colour: that takes more of them than curves and letters."""
    return any(image.get_array().ndim == 3 for ax in fig.axes for image in ax.images)


def gif(stills: Sequence[bytes], seconds: float, colours: int) -> bytes:
    """Pictures as the bytes of a GIF that plays over and over.

    They share their colours: what stands still is then stored only once.

    Args:
        stills: files of pictures.
        seconds: how long each one stays; the last stays five times as long.
        colours: how many there are, at most 256.

    Raises:
        ValueError: if there is no picture, or they differ in size.
    """
    pictures = [Image.open(io.BytesIO(still)).convert("RGB") for still in stills]
    sizes = sorted({picture.size for picture in pictures})
    if len(sizes) != 1:
        raise ValueError(f"frames have the sizes {sizes} in pixels; expected figures of one size")
    milliseconds = [round(1000 * seconds)] * len(pictures)
    milliseconds[-1] *= 5
    strip = Image.fromarray(np.concatenate([np.asarray(picture) for picture in pictures]))
    (width, height), strip, film = sizes[0], strip.quantize(colours), io.BytesIO()
    first, *rest = (strip.crop((0, y, width, y + height)) for y in range(0, strip.height, height))
    first.save(film, "GIF", save_all=True, append_images=rest, duration=milliseconds, loop=0)
    return film.getvalue()
