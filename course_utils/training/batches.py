"""The data that `fit` goes through, and whether model, objective and data fit together."""

import inspect
import math
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from course_utils._running import evaluating
from course_utils.models.base import Model
from course_utils.objectives import Objective


class Batches:
    """Data in any accepted form, as tuples of tensors on the device."""

    def __init__(
        self, name: str, data: Any, batch_size: int, place: torch.device, *, shuffle: bool
    ) -> None:
        self.name, self.batch_size, self.place, self.shuffle = name, batch_size, place, shuffle
        self.data, self.columns = data, None
        if isinstance(data, Tensor | tuple):
            self.columns = self._to_place(data)
            lengths = {len(column) for column in self.columns}
            if len(lengths) != 1 or lengths == {0}:
                raise ValueError(
                    f"the tensors of {name} have {sorted(lengths)} examples; "
                    "expected the same number, at least one, in each"
                )
        elif not isinstance(data, Iterable) or isinstance(data, Iterator):
            raise ValueError(
                f"{name} is a {type(data).__name__}, which cannot be gone through once per epoch; "
                "pass a tensor, a tuple of tensors, a list of batches or a DataLoader"
            )

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        if self.columns is None:
            yield from map(self._to_place, self.data)
            return
        n = len(self.columns[0])
        order = torch.randperm(n) if self.shuffle else torch.arange(n)
        for indices in order.to(self.place).split(self.batch_size):
            yield tuple(column.index_select(0, indices) for column in self.columns)

    def __len__(self) -> int:
        """Batches per epoch; 0 if that is not known beforehand."""
        if self.columns is not None:
            return math.ceil(len(self.columns[0]) / self.batch_size)
        try:
            return len(self.data)
        except TypeError:
            return 0

    def sample(self) -> tuple[Tensor, ...]:
        """What is there to be checked: all of the tensors, or the first batch of an iterable."""
        if self.columns is not None:
            return self.columns
        first = next(iter(self.data), None)
        if first is None:
            raise ValueError(f"{self.name} has no batches")
        return self._to_place(first)

    def _to_place(self, data: Any) -> tuple[Tensor, ...]:
        tensors = tuple(data) if isinstance(data, tuple | list) else (data,)
        for tensor in tensors:
            if not isinstance(tensor, Tensor) or tensor.ndim == 0:
                raise ValueError(
                    f"{self.name} holds a {type(tensor).__name__} where a tensor of examples was "
                    "expected; for the course's images pass images.train, for an array "
                    "torch.as_tensor(array)"
                )
        return tuple(tensor.to(self.place) for tensor in tensors)


def wants_progress(objective: Objective) -> bool:
    return "progress" in inspect.signature(objective).parameters


def check_data(model: nn.Module, objective: Objective, batches: Batches) -> None:
    """Raise a ValueError, once and before any training, if model, objective and data disagree."""
    tensors, name = batches.sample(), batches.name
    check = _check_floats if getattr(model, "num_symbols", None) is None else _check_symbols
    check(model, tensors[0], name)
    told = {"progress": 1.0} if wants_progress(objective) else {}
    try:
        inspect.signature(objective).bind(model, *tensors, **told)
    except TypeError as error:
        raise ValueError(
            f"the objective cannot take a batch of {len(tensors)} tensors ({error}); "
            f"{name} should hold just what it needs: images.train alone, or a tuple with labels"
        ) from None
    few = [tensor[:2] for tensor in tensors]
    with evaluating(model):
        terms = objective(model, *few, **told)
    if not isinstance(terms, dict) or "loss" not in terms:
        found = sorted(terms) if isinstance(terms, dict) else f"a {type(terms).__name__}"
        raise ValueError(f"the objective returned {found}; expected a dict with the term 'loss'")
    for term, value in terms.items():
        if value.shape not in (few[0].shape[:1], ()):
            raise ValueError(
                f"the term {term!r} has shape {tuple(value.shape)} for {len(few[0])} examples; "
                "expected (batch,): sum over features, and leave the mean over the batch to fit"
            )


def _check_floats(model: nn.Module, x: Tensor, name: str) -> None:
    """Raise a ValueError unless x is what a model of real numbers takes."""
    if not x.is_floating_point():
        raise ValueError(f"{name} holds {x.dtype}; expected floats in [0, 1]: x.float() / 255")
    dtype = next(model.parameters()).dtype
    if x.dtype != dtype:
        raise ValueError(f"{name} holds {x.dtype}, the model {dtype}; convert with x.to({dtype})")
    if x.numel() == 0:
        raise ValueError(f"{name} has shape {tuple(x.shape)}; expected at least one example")
    low, high = (bound.item() for bound in x.aminmax())  # nan if there is one: a single pass
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"{name} holds nan or infinite values; find them with ~x.isfinite()")
    if isinstance(model, Model):
        model.check_shape(x)
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
    model.check_shape(x)
    if x.numel() == 0:
        raise ValueError(f"{name} has shape {tuple(x.shape)}; expected at least one example")
    low, high = (bound.item() for bound in x.aminmax())
    if low < 0 or high >= model.num_symbols:
        raise ValueError(
            f"{name} has symbols from {low} to {high}; this model knows 0 to "
            f"{model.num_symbols - 1}"
        )
