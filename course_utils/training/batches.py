"""The data that `fit` goes through: every accepted form as tuples of tensors, each one checked.

What the values must be is said in `checks`, and whether they suit model and objective in
`matching`.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from course_utils._named import a

Batch = tuple[Tensor, ...]


class Batches:
    """Data in any accepted form, as tuples of tensors on the device.

    Args:
        name: "train" or "val", for the sentences.
        check: called as check(batch, name of the batch): once on tensors, and on every batch of an
            iterable each time that it comes, for nobody knows it beforehand.
    """

    def __init__(
        self,
        name: str,
        data: Any,
        batch_size: int,
        place: torch.device,
        *,
        shuffle: bool,
        check: Callable[[Batch, str], None] = lambda batch, name: None,
    ) -> None:
        self.name, self.batch_size, self.place, self.shuffle = name, batch_size, place, shuffle
        self.data, self.check, self.columns = data, check, None
        self.first: Batch | None = None  # of an iterable: two examples of its first batch
        self.number = 0  # of the batch that came last from an iterable
        self.smallest = 1  # how many examples the model needs at least
        if isinstance(data, Tensor | tuple):
            self.columns = self._to_place(data, name)
            lengths = {len(column) for column in self.columns}
            if not lengths:
                raise ValueError(f"{name} is an empty tuple; expected a tensor of examples in it")
            if len(lengths) != 1 or lengths == {0}:
                raise ValueError(
                    f"the tensors of {name} have {sorted(lengths)} examples; "
                    "expected the same number, at least one, in each"
                )
        elif isinstance(data, Mapping) or _frame_or_array(data):
            self._to_place(data, name)  # says what it is
        elif not isinstance(data, Iterable) or isinstance(data, Iterator):
            raise ValueError(
                f"{name} is {a(type(data).__name__)}, which cannot be gone through once per epoch; "
                f"pass a tensor, a tuple of tensors, a list of batches or {_loader(name, data)}"
            )

    def __iter__(self) -> Iterator[Batch]:
        if self.columns is None:
            yield from self._checked()
            return
        n = len(self.columns[0])
        order = torch.randperm(n) if self.shuffle else torch.arange(n)
        for indices in order.to(self.place).split(self.batch_size):
            yield tuple(column.index_select(0, indices) for column in self.columns)

    def __len__(self) -> int:
        """Batches per epoch; 0 if that is not known beforehand."""
        if self.columns is not None:
            return math.ceil(len(self.columns[0]) / self.batch_size)
        return len(self.data) if self.countable() else 0

    def countable(self) -> bool:
        """Whether it is known beforehand how many batches an epoch has."""
        try:
            return self.columns is not None or len(self.data) >= 0
        except TypeError:  # a stream; its loader has a length that cannot be asked for
            return False

    def sample(self) -> Batch:
        """What can be checked beforehand, once checked: all of the tensors, or the first batch."""
        if self.columns is not None:
            self.check(self.columns, self.name)
            return self.columns
        batch = next(self._checked(), None)
        if batch is None:
            raise ValueError(f"{self.name} has no batches")
        return batch

    def last_size(self) -> int | None:
        """How many examples the last batch of an epoch has, where that is known beforehand."""
        if isinstance(self.data, list):
            return min(len(each if isinstance(each, Tensor) else each[0]) for each in self.data)
        if self.columns is not None:
            n, size = len(self.columns[0]), self.batch_size
        elif isinstance(self.data, DataLoader) and self.data.batch_size and len(self):
            n, size = len(self.data.sampler), self.data.batch_size
            if self.data.drop_last:
                return size
        else:
            return None
        return n % size or size

    def generators(self) -> list[torch.Generator]:
        """The random streams of a DataLoader's own, which decide its order; mostly none."""
        holders = [self.data, getattr(self.data, "sampler", None)]
        found = [getattr(holder, "generator", None) for holder in holders]
        own = {id(each): each for each in found if isinstance(each, torch.Generator)}
        return list(own.values()) if isinstance(self.data, DataLoader) else []

    def forget_workers(self) -> None:
        """Have a DataLoader start new workers next time: Ctrl-C has killed those it would keep."""
        if isinstance(self.data, DataLoader) and self.data.persistent_workers:
            self.data._iterator = None

    def _checked(self) -> Iterator[Batch]:
        """The batches of an iterable, each as it should be and like the first."""
        for number, data in enumerate(self.data, start=1):
            name = f"batch {number} of {self.name}"
            batch = self._to_place(data, name)
            if self.first is None:
                self.first = tuple(tensor[:2] for tensor in batch)
            self._compare_with_first(batch, name)
            self.check(batch, name)
            if len(batch[0]) < self.smallest:
                raise ValueError(
                    f"{name} holds a single example, of which batch normalisation cannot tell the "
                    "spread; leave it out, or make larger batches"
                )
            self.number = number
            yield batch

    def oddity(self, batch: Batch) -> str | None:
        """How the examples of this batch of an iterable differ in shape from those of the first."""
        for tensor, first in zip(batch, self.first or (), strict=False):
            if tensor.shape[1:] != first.shape[1:]:
                return (
                    f"batch {self.number} of {self.name} has shape {tuple(tensor.shape)}, but the "
                    f"examples of the first have {tuple(first.shape[1:])}"
                )
        return None

    def _compare_with_first(self, batch: Batch, name: str) -> None:
        if len(batch) != len(self.first):
            raise ValueError(
                f"{name} holds {len(batch)} tensors, the first batch {len(self.first)}; expected "
                "the same number in each"
            )
        for place, (tensor, first) in enumerate(zip(batch[1:], self.first[1:], strict=True), 2):
            if tensor.dtype != first.dtype or tensor.ndim != first.ndim:
                raise ValueError(
                    f"tensor {place} of {name} holds {tensor.dtype} of shape "
                    f"{tuple(tensor.shape)}, that of the first batch {first.dtype} with "
                    f"{first.ndim} axes; expected the same in each"
                )

    def _to_place(self, data: Any, name: str) -> Batch:
        if isinstance(data, Mapping):
            raise ValueError(_take_out(data, name, whole=name == self.name))
        tensors = tuple(data) if isinstance(data, tuple | list) else (data,)
        for tensor in tensors:
            if not isinstance(tensor, Tensor) or tensor.ndim == 0:
                raise ValueError(
                    f"{name} holds a {type(tensor).__name__} where a tensor of examples was "
                    f"expected; {_tensor_of(tensor, self.name)}"
                )
            if tensor.layout != torch.strided:
                raise ValueError(f"{name} holds {tensor.layout}; make it dense with x.to_dense()")
        # What was made under inference_mode can be learned from only as a copy.
        usual = (tensor.clone() if tensor.is_inference() else tensor for tensor in tensors)
        return tuple(tensor.to(self.place) for tensor in usual)


def _take_out(data: Mapping, name: str, *, whole: bool) -> str:
    """The sentence for a dict: which of its entries is the images, and how they are taken out."""
    images = [k for k, v in data.items() if isinstance(v, Tensor) and v.ndim > 1] or [*data][:1]
    key = repr(images[0]) if images else "..."
    source = name.split()[-1]
    way = f"{source}[{key}]" if whole else f"[(batch[{key}],) for batch in {source}]"
    keys = ", ".join(map(str, data)) or "none"
    return (
        f"{name} is {a(type(data).__name__)} with the keys {keys}; expected tensors: take the "
        f"examples out with {way}"
    )


def _frame_or_array(data: Any) -> bool:
    """True for a table of pandas or polars, and for an array, which go through their own parts."""
    return hasattr(data, "to_numpy") or (hasattr(data, "__array__") and hasattr(data, "dtype"))


def _tensor_of(found: Any, source: str) -> str:
    """The way from what was found to a tensor."""
    if hasattr(found, "to_numpy"):
        return "for a table pass torch.as_tensor(frame.to_numpy(), dtype=torch.float32)"
    if isinstance(found, tuple | list):
        return f"take one pair of brackets off: what {source} holds is to be tensors"
    if found is None:
        return "is a `return` missing where it is made?"
    if isinstance(found, int | float | Tensor):
        return (
            f"single examples, such as (image, label), become batches in a "
            f"DataLoader({source}, batch_size=128)"
        )
    return "for the course's images pass images.train, for an array torch.as_tensor(array)"


def _loader(name: str, data: Any) -> str:
    """A DataLoader, or the one to write for what is a data set."""
    indexed = hasattr(data, "__getitem__") and hasattr(data, "__len__")
    return f"DataLoader({name}, batch_size=128)" if indexed else "a DataLoader"
