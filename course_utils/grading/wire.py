"""Values as plain bytes: all that ever comes out of a box.

A value is written as a tree of JSON, and the numbers of its tensors as raw bytes behind it. Reading
makes numbers, texts, lists and tensors, and can make nothing else: there is no pickle in it, no
name of a class, and nothing that would run. What has no such form comes out as `Opaque`, a thing of
which only the kind is known.
"""

import json
import math
import socket
import struct
import time
from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

TREE_LIMIT, LIMIT = 2**22, 2**26  # bytes of one message's tree, and of its numbers
MANY = 1000  # members of a set, keys of a dict: those of one hash take the square of their number
HEAD = struct.Struct("<QQ")  # bytes of the tree, and of the numbers behind it
DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        *(torch.bool, torch.uint8, torch.uint16, torch.uint32, torch.uint64),
        *(torch.int8, torch.int16, torch.int32, torch.int64),
        *(torch.float16, torch.bfloat16, torch.float32, torch.float64),
        *(torch.complex64, torch.complex128),
    )
}


class Garbled(Exception):
    """What came is no value in this form."""


class Closed(Exception):
    """The other side has gone."""


class Late(Exception):
    """Nothing came in time."""


class Opaque:
    """A thing that stayed where it was: a sister of this class, named as its kind, stands for it.

    >>> type(opaque("Sequential")).__name__
    'Sequential'
    """


def opaque(kind: str) -> Opaque:
    """What stands for a thing of this kind."""
    return type(kind[:60] or "thing", (Opaque,), {})()


def named(kind: str, items: Iterable) -> tuple:
    """A tuple of another kind, such as what `topk` returns: it keeps the name of its kind alone."""
    return type(kind[:60] or "tuple", (tuple,), {})(items)


def pack(value: object) -> bytes:
    """The bytes of a value."""
    numbers: list[bytes] = []
    tree = json.dumps(_tree(value, numbers)).encode()
    behind = b"".join(numbers)
    return HEAD.pack(len(tree), len(behind)) + tree + behind


def unpack(tree: bytes, behind: bytes) -> object:
    """The value of the two parts of a message.

    Raises:
        Garbled: if they are not what `pack` makes.
    """
    try:
        return _value(json.loads(tree), memoryview(bytearray(behind)))
    except Garbled:
        raise
    except Exception as error:
        raise Garbled(f"{type(error).__name__}: {error}") from None


def send(line: socket.socket, value: object) -> None:
    """Send a value.

    Raises:
        Closed: if nobody is there to take it.
    """
    send_bytes(line, pack(value))


def send_bytes(line: socket.socket, message: bytes) -> None:
    """Send bytes that begin with their own length, as `pack` makes them."""
    try:
        line.sendall(message)
    except OSError:
        raise Closed from None


def receive(line: socket.socket, deadline: float | None = None) -> object:
    """The next value.

    Args:
        deadline: a moment of `time.monotonic()` by which all of it has come; None waits.

    Raises:
        Closed: if the other side has gone.
        Late: if it is not there in time.
        Garbled: if it is no value, or too large.
    """
    tree, behind = HEAD.unpack(exactly(line, HEAD.size, deadline))
    if tree > TREE_LIMIT or behind > LIMIT:
        raise Garbled(
            f"it takes {(tree + behind) / 1e6:,.0f} MB, and {LIMIT / 1e6:.0f} are allowed"
        )
    return unpack(exactly(line, tree, deadline), exactly(line, behind, deadline))


def exactly(line: socket.socket, count: int, deadline: float | None) -> bytes:
    """The next `count` bytes; raises as `receive` does."""
    parts = []
    while count:
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            raise Late
        line.settimeout(left)
        try:
            part = line.recv(min(count, 2**20))
        except TimeoutError:
            raise Late from None
        except OSError:
            raise Closed from None
        if not part:
            raise Closed
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _tree(value: object, numbers: list[bytes]) -> object:
    """A value as JSON has it; what JSON does not know is an object with one key, its kind."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, Tensor):
        return _tensor(value, numbers)
    if isinstance(value, np.ndarray | np.number | np.bool_) and value.dtype.kind in "biufc":
        kind = "array" if isinstance(value, np.ndarray) else "scalar"
        return {kind: _tensor(torch.as_tensor(np.array(value)), numbers)}
    if type(value) is list:
        return [_tree(item, numbers) for item in value]
    if isinstance(value, tuple):
        kind, items = type(value).__name__, [_tree(item, numbers) for item in value]
        return {"tuple": items} if type(value) is tuple else {"named": [kind, items]}
    if type(value) in (set, frozenset):
        return {"set": [_tree(item, numbers) for item in value]}
    if type(value) is dict:
        return {"dict": [[_tree(key, numbers), _tree(value[key], numbers)] for key in value]}
    return {"opaque": type(value).__name__}


def _tensor(value: Tensor, numbers: list[bytes]) -> object:
    """Its bytes go to the others; what says how to read them stays in the tree."""
    dtype = str(value.dtype).removeprefix("torch.")
    if value.layout is not torch.strided or dtype not in DTYPES:
        return {"opaque": "Tensor"}
    plain = value.detach().cpu().resolve_conj().resolve_neg()
    flat = torch.empty(plain.numel(), dtype=plain.dtype)  # without the strides of a view
    flat.view_as(plain).copy_(plain)
    numbers.append(flat.view(torch.uint8).numpy().tobytes())
    start = sum(map(len, numbers[:-1]))
    return {"tensor": [dtype, list(value.shape), start]}


def _value(tree: object, behind: memoryview) -> object:
    if isinstance(tree, list):
        return [_value(item, behind) for item in tree]
    if not isinstance(tree, dict):
        return tree
    ((kind, inner),) = tree.items()
    if kind == "tensor":
        return _read_tensor(*inner, behind)
    if kind == "array":
        return _value(inner, behind).numpy()
    if kind == "scalar":
        return _value(inner, behind).numpy()[()]
    if kind == "opaque":
        return opaque(str(inner))
    if kind == "named":
        return named(inner[0], [_value(item, behind) for item in inner[1]])
    if kind in ("dict", "set") and len(inner) > MANY:
        raise Garbled(f"a {kind} of {len(inner)}, and {MANY} are allowed")
    if kind == "dict":
        return {_value(key, behind): _value(item, behind) for key, item in inner}
    return {"tuple": tuple, "set": set}[kind](_value(item, behind) for item in inner)


def _read_tensor(dtype: str, shape: list[int], start: int, behind: memoryview) -> Tensor:
    if any(type(number) is not int or number < 0 for number in (*shape, start)):
        raise Garbled("a tensor of no size")
    count, kind = math.prod(shape), DTYPES[dtype]
    if count == 0:
        return torch.empty(shape, dtype=kind)
    end = start + count * kind.itemsize
    if end > len(behind):
        raise Garbled("a tensor without its numbers")
    return torch.frombuffer(behind[start:end], dtype=kind).reshape(shape).clone()
