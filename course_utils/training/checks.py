"""What the values of a batch must be: kind, shape, range, and labels that the model knows."""

import math

import torch
from torch import Tensor, nn

from course_utils.models.base import Model


def bare(model: nn.Module) -> nn.Module:
    """The network itself, where torch.compile has put a wrapper around it."""
    return getattr(model, "_orig_mod", model)


def check_values(model: nn.Module, batch: tuple[Tensor, ...], name: str) -> None:
    """Raise a ValueError unless the batch, which the sentence calls by `name`, suits the model."""
    model = bare(model)
    if len(batch) > 1 and isinstance(model, Model) and batch[0].shape == model.input_shape:
        raise ValueError(
            f"{name} is a tuple of {len(batch)} single examples; make one tensor of them with "
            f"torch.stack({name.split()[-1]})"
        )
    check = _check_floats if getattr(model, "num_symbols", None) is None else _check_symbols
    check(model, batch[0], name)
    if isinstance(model, Model) and getattr(model, "num_classes", None) and len(batch) == 2:
        _check_labels(model.num_classes, batch[1], len(batch[0]), name)


def _check_floats(model: nn.Module, x: Tensor, name: str) -> None:
    """Raise a ValueError unless x is what a model of real numbers takes."""
    if not x.is_floating_point():
        way = "x.float()" if x.dtype == torch.bool else "x.float() / 255"
        raise ValueError(f"{name} holds {x.dtype}; expected floats in [0, 1]: {way}")
    dtype = next(model.parameters()).dtype
    if x.dtype != dtype:
        raise ValueError(f"{name} holds {x.dtype}, the model {dtype}; convert with x.to({dtype})")
    if x.numel() == 0:
        raise ValueError(f"{name} has shape {tuple(x.shape)}; expected at least one example")
    low, high = (bound.item() for bound in x.aminmax())  # nan if there is one: a single pass
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"{name} holds nan or infinite values; find them with ~x.isfinite()")
    if isinstance(model, Model):
        _check_shape(model, x, name)
        if model.output == "sigmoid" and (low < 0 or high > 1):
            raise ValueError(
                f"{name} has values from {low:.4g} to {high:.4g}; this model draws images in "
                "[0, 1]: rescale with (x - x.min()) / (x.max() - x.min()), or x / 255 for bytes"
            )
        if model.output == "multinomial" and low < 0:
            raise ValueError(f"{name} has values down to {low:.4g}; this model wants counts, >= 0")


def _check_symbols(model: Model, x: Tensor, name: str) -> None:
    """Raise a ValueError unless x holds grids of the model's symbols, whole numbers."""
    if x.dtype not in (torch.int32, torch.int64):
        raise ValueError(f"{name} holds {x.dtype}; expected symbols, whole numbers: x.long()")
    _check_shape(model, x, name)
    if x.numel() == 0:
        raise ValueError(f"{name} has shape {tuple(x.shape)}; expected at least one example")
    low, high = (bound.item() for bound in x.aminmax())
    if low < 0 or high >= model.num_symbols:
        raise ValueError(
            f"{name} has symbols from {low} to {high}; this model knows 0 to "
            f"{model.num_symbols - 1}"
        )


def _check_shape(model: Model, x: Tensor, name: str) -> None:
    """As the model checks it, with the number of the batch; and a batch is not one example."""
    if name.startswith("batch") and tuple(x.shape) == model.input_shape:
        source = name.split()[-1]
        raise ValueError(
            f"{name} is a single example, of shape {tuple(x.shape)}; join a list of them with "
            f"torch.stack({source}), or let a DataLoader({source}, batch_size=128) make batches"
        )
    try:
        model.check_shape(x)
    except ValueError as error:
        raise ValueError(f"{name}: {error}" if name.startswith("batch") else str(error)) from None


def _check_labels(num_classes: int, y: Tensor, n: int, name: str) -> None:
    """Raise a ValueError unless y holds one label of the model's for each example."""
    if y.shape != (n,):
        ways = {(n, 1): ": y[:, 0]", (n, num_classes): ": y.argmax(1)"}
        raise ValueError(
            f"{name} has labels of shape {tuple(y.shape)} for {n} examples; expected one for each, "
            f"({n},){ways.get(tuple(y.shape), '')}"
        )
    if y.is_floating_point() or y.dtype == torch.bool:
        raise ValueError(f"{name} has labels of {y.dtype}; expected whole numbers: y.long()")
    low, high = (bound.item() for bound in y.aminmax())
    if low < 0 or high >= num_classes:
        raise ValueError(
            f"{name} has labels from {low} to {high}; this model knows 0 to {num_classes - 1}"
        )
