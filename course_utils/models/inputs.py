"""What a model is given: are these its inputs and labels? Asked before training and scoring.

Each check returns nothing, or raises a ValueError of one sentence: what came, what was expected,
and the way out. None looks at the weights, but for their type.
"""

import math

import torch
from torch import Tensor, nn

from course_utils._named import a
from course_utils.models.base import Model

LOOK = 0.01  # how far beyond 0 and 1 rounding may take a pixel that is only looked at


def check_input(model: nn.Module, x: Tensor, name: str = "x", *, slack: float = 0.0) -> None:
    """Raise unless x is a batch that the model may be trained or scored on.

    A tensor of the model's kind of numbers, finite, of its shape; in [0, 1] where its pixels are
    Bernoulli variables (`slack` beyond, for rounding), not below 0 where it counts, and of the
    symbols that it knows.
    """
    check_tensor(x, name)
    if getattr(model, "num_symbols", None) is not None:
        check_symbols(model, x, name)
        return
    low, high = check_numbers(model, x, name)
    output = getattr(model, "output", None)
    if output == "sigmoid" and (low < -slack or high > 1 + slack):
        raise ValueError(
            f"{name} has values from {low:.4g} to {high:.4g}; this model draws images in "
            "[0, 1]: rescale with (x - x.min()) / (x.max() - x.min()), or x / 255 for bytes"
        )
    if output == "multinomial" and low < 0:
        raise ValueError(f"{name} has values down to {low:.4g}; this model wants counts, >= 0")


def check_spoilt(model: nn.Module, x: Tensor, name: str = "x") -> None:
    """Raise unless x is a batch that the model can draw again; noise may take it out of [0, 1]."""
    low, high = check_numbers(model, x, name)
    if model.output == "sigmoid" and low >= 0 and high > 2:
        raise ValueError(
            f"{name} has values from {low:.4g} to {high:.4g}; this model draws images in [0, 1]: "
            f"{name} / 255 for bytes"
        )


def check_numbers(model: nn.Module, x: Tensor, name: str = "x") -> tuple[float, float]:
    """The smallest and largest value of x, if these are numbers that the network can take."""
    check_batch(model, x, name)
    low, high = (bound.item() for bound in x.aminmax()) if x.numel() else (0.0, 0.0)
    if not (math.isfinite(low) and math.isfinite(high)):  # nan if there is one: a single pass
        raise ValueError(f"{name} holds nan or infinite values; find them with ~x.isfinite()")
    return low, high


def check_batch(model: nn.Module, x: Tensor, name: str = "x") -> None:
    """Raise unless x is a tensor of the model's own kind of numbers and of its shape."""
    check_tensor(x, name)
    if isinstance(model, Model):
        model.check_shape(x, name)
    if not x.is_floating_point():
        way_out = "x.float()" + ("" if x.dtype == torch.bool else " / 255")
        raise ValueError(f"{name} holds {x.dtype}; expected floats in [0, 1]: {way_out}")
    dtype = next((weights.dtype for weights in model.parameters()), x.dtype)
    if x.dtype != dtype and not torch.is_autocast_enabled(x.device.type):
        raise ValueError(f"{name} holds {x.dtype}, the model {dtype}; convert with x.to({dtype})")


def check_codes(z: Tensor, decoder: nn.Module, beside: int = 0, name: str = "z") -> None:
    """Raise unless z is a batch of codes that a decoder can take.

    Args:
        beside: how many of the decoder's inputs are no part of the code, such as those of a label.
    """
    check_tensor(z, name)
    first = decoder[0] if isinstance(decoder, nn.Sequential) and len(decoder) else None
    takes = getattr(first, "in_features", 0)  # 0 in a lazy layer that has seen nothing
    width = takes - beside if takes else None
    expected = f"(batch, {'latent' if width is None else width}), one row for each code"
    if z.ndim < 2:
        single = z.ndim == 1 and width in (None, len(z))
        way_out = f": {name}[None] for a single one" if single else ""
        raise ValueError(f"{name} has shape {tuple(z.shape)}; expected {expected}{way_out}")
    if width is not None and z.shape[-1] != width:
        raise ValueError(f"{name} has shape {tuple(z.shape)}; expected {expected}")


def check_symbols(model: Model, x: Tensor, name: str = "x") -> None:
    """Raise unless x holds grids of the model's symbols, whole numbers."""
    check_tensor(x, name)
    if x.dtype not in (torch.int32, torch.int64):
        raise ValueError(f"{name} holds {x.dtype}; expected symbols, whole numbers: x.long()")
    model.check_shape(x, name)
    low, high = (bound.item() for bound in x.aminmax()) if x.numel() else (0, 0)
    if low < 0 or high >= model.num_symbols:
        raise ValueError(
            f"{name} has symbols from {low} to {high}; this model knows 0 to "
            f"{model.num_symbols - 1}"
        )


def check_labels(y: Tensor, n: int, num_classes: int, of: str = "examples") -> None:
    """Raise unless y is a row of labels, one that the model knows for each of n examples."""
    expected = f"expected a row of labels, one for each of the {of}"
    if isinstance(y, int):
        raise ValueError(f"y is {y}; {expected}, such as torch.tensor([{y}])")
    check_tensor(y, "y")
    if y.ndim != 1:
        raise ValueError(f"y has shape {tuple(y.shape)}; {expected}{_as_row(y, n, num_classes)}")
    if len(y) != n:
        raise ValueError(f"there are {len(y)} labels for {n} {of}: give one for each")
    if y.is_floating_point():
        broken = y[~y.isfinite() | (y != y.round())]
        if len(broken):
            raise ValueError(
                f"y holds {broken[0].item():.4g}; expected whole numbers from 0 to "
                f"{num_classes - 1}, the names of the classes"
            )
    if n and not 0 <= y.min() <= y.max() < num_classes:
        low, high = int(y.min()), int(y.max())
        way_out = ": y - 1" if (low, high) == (1, num_classes) else ""
        raise ValueError(
            f"labels go from {low} to {high}; this model knows 0 to {num_classes - 1}{way_out}"
        )


def _as_row(y: Tensor, n: int, num_classes: int) -> str:
    """The expression that makes labels in another form a row, if there is one."""
    if y.ndim == 0:
        return ": y.reshape(1)"
    ones = y.ndim == 2 and y.shape[1] == num_classes and ((y == 0) | (y == 1)).all()
    if ones and (y != 0).sum(1).eq(1).all():
        return ": it is one-hot, so y.argmax(1)"
    if y.ndim == 2 and 1 in y.shape:
        return ": y[:, 0]" if y.shape[1] == 1 else ": y[0]"
    return ""


def check_tensor(x: object, name: str = "x") -> None:
    """Raise unless x is a tensor; an array or a list of numbers is one call away from it."""
    if isinstance(x, Tensor):
        return
    if isinstance(getattr(x, "test", None), Tensor):
        way_out = f", such as its training images, {name}.train"
    elif isinstance(x, list | tuple) and x and all(isinstance(part, Tensor) for part in x):
        alike = all(part.shape == x[0].shape for part in x)
        way_out = f": torch.stack({name})" if alike else f": the images alone, {name}[0]"
    elif hasattr(x, "__array__") or isinstance(x, list | tuple):
        way_out = f": torch.as_tensor({name})"
    else:
        way_out = ""
    raise ValueError(f"{name} is {a(type(x).__name__)}; expected a tensor{way_out}")
