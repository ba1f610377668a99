"""Pictures as bytes in memory, which are floats in [0, 1] wherever anybody looks.

MNIST takes 55 MB in bytes and 220 MB in floats. And where the bytes are those of the file itself,
mapped into memory, all processes of a machine have them in common.
"""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.utils._pytree import tree_map_only

SMALL = 2**21  # values that may as well be floats: 8 MB of them, 2,675 pictures of MNIST

# What is answered by the tensor of floats that this one seems to be, without any of its values.
ASKED = {
    Tensor.__hash__,
    Tensor.__len__,
    Tensor.dim,
    Tensor.element_size,
    Tensor.is_floating_point,
    Tensor.is_inference,
    Tensor.numel,
    Tensor.size,
    torch.is_floating_point,
    torch.is_inference,
    torch.numel,
    *(
        getattr(Tensor, name).__get__
        for name in (
            "device",
            "dtype",
            "grad",
            "is_leaf",
            "layout",
            "ndim",
            "requires_grad",
            "shape",
        )
    ),
}
PARTS = {
    Tensor.__getitem__,
    Tensor.chunk,
    Tensor.contiguous,
    Tensor.detach,
    Tensor.flatten,
    Tensor.index_select,
    Tensor.narrow,
    Tensor.reshape,
    Tensor.split,
    Tensor.squeeze,
    Tensor.unsqueeze,
    Tensor.view,
    torch.flatten,
    torch.index_select,
    torch.reshape,
    torch.split,
}
MOVES = {Tensor.cpu, Tensor.float, Tensor.to}
ARITHMETIC = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")
WRITING = {"__set__", "__setitem__", *(f"__i{name}__" for name in ARITHMETIC)}


def as_floats(
    pixels: UInt8[Tensor, "n channels height width"],
) -> Float[Tensor, "n channels height width"]:
    """Bytes from 0 to 255 as floats from 0 to 1; many of them stay bytes inside."""
    return _part(pixels)


class Compact(Tensor):
    """A float32 tensor in [0, 1] for everybody who asks, with bytes inside.

    A part of it, such as a batch, is computed from the bytes: a small one as an ordinary tensor, a
    large one as another of this kind. For anything else all of it becomes floats, for as long as
    that takes; and for good once somebody writes into it. Until then a part, or the array of
    `numpy()`, is a copy: what is written there does not change the whole.

    Attributes:
        inside: the bytes, or the floats that have taken their place.
    """

    inside: Tensor

    @staticmethod
    def __new__(cls, pixels: UInt8[Tensor, "*shape"]) -> "Compact":
        seeming = {"dtype": torch.float32, "device": pixels.device, "strides": pixels.stride()}
        self = Tensor._make_wrapper_subclass(cls, pixels.shape, **seeming)
        self.inside = pixels
        return self

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        with torch._C.DisableTorchFunctionSubclass():
            x = args[0] if args else None
            if isinstance(x, Compact) and x.inside.dtype == torch.uint8:
                if function in ASKED:
                    return function(*args, **kwargs)
                if function in PARTS and not _of_bits(*args, *kwargs.values()):
                    return tree_map_only(Tensor, _part, function(x.inside, *args[1:], **kwargs))
                if function in MOVES and _would_stay(x, function, args[1:], kwargs):
                    return x
                if function is Tensor.aminmax:  # the order of bytes is that of floats
                    return type(bounds := function(x.inside, **kwargs))(map(_floats, bounds))
            for written in (x if _writes(function) else None, kwargs.get("out")):
                if isinstance(written, Compact):
                    written.inside = _floats(written.inside)
            args, kwargs = tree_map_only(Compact, _plain, (args, kwargs))
            return function(*args, **kwargs)

    @classmethod
    def __torch_dispatch__(cls, operation, types, args=(), kwargs=None):
        """What torch computes without having gone through `__torch_function__`, as by as_tensor."""
        args, kwargs = tree_map_only(Compact, _plain, (args, kwargs or {}))
        return operation(*args, **kwargs)


def _part(pixels: UInt8[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    return _floats(pixels) if pixels.numel() < SMALL else Compact(pixels)


def _floats(values: Tensor) -> Tensor:
    return values.float().div_(255) if values.dtype == torch.uint8 else values


def _of_bits(*arguments: Any) -> bool:
    """Whether this is a view of the same bits as another type of numbers."""
    return any(isinstance(argument, torch.dtype) for argument in arguments)


def _plain(x: Compact) -> Tensor:
    return _floats(x.inside)


def _would_stay(x: Compact, function: Callable, args: tuple, kwargs: dict[str, Any]) -> bool:
    """Whether x has already the dtype and the device that it would be moved to."""
    like_it = torch.empty(0, device=x.device)
    return function(like_it, *args, **kwargs) is like_it


def _writes(function: Callable) -> bool:
    """Whether a function changes its first argument, by its name: `add_`, `+=`, `x[0] =`."""
    name = function.__name__
    return name in WRITING or (name.endswith("_") and not name.endswith("__"))
