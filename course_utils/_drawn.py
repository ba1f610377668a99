"""What is to be drawn, from torch, numpy or a list: arrays, and pictures in grey."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_utils._named import a


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


def grey_pictures(name: str, pictures: Any, limits: tuple[float, float] | None) -> np.ndarray:
    """Grey pictures of any kind as an array (n, height, width)."""
    if isinstance(pictures, list | tuple) and all(isinstance(each, Tensor) for each in pictures):
        if len({each.shape for each in pictures}) > 1:
            raise ValueError(f"{name} has images of several shapes; expected one: crop or pad them")
        pictures = torch.stack(list(pictures)) if pictures else torch.empty(0)
    pixels = array(name, pictures)
    shape = pixels.shape
    if pixels.ndim == 4 and pixels.shape[1] == 1:
        pixels = pixels[:, 0]
    if pixels.ndim != 3 or 0 in pixels.shape:
        raise ValueError(
            f"{name} has shape {shape}; expected grey images, (n, 1, height, width){_grey(shape)}"
        )
    if pixels.dtype.kind in "iu" and limits and pixels.max() > limits[1]:
        raise ValueError(
            f"{name} has whole numbers from {pixels.min()} to {pixels.max()}; expected pixels from "
            f"{limits[0]:g} to {limits[1]:g}: x / 255 for bytes"
        )
    return pixels


def _grey(shape: tuple[int, ...]) -> str:
    """The way to grey images from others."""
    if len(shape) == 2:
        return ": of one image make a row with x[None, None]"
    if len(shape) == 4 and 3 in (shape[1], shape[3]):
        return f"; grey only: x.mean({1 if shape[1] == 3 else 3}), the mean of the colours"
    if len(shape) == 4 and shape[3] == 1:
        return ": x[..., 0]"
    return ""
