"""What both sides of a box's wall do alike: which things of a call can change, and how they look.

A call takes copies of its arguments into the box. So what the code in there does to them, to the
streams of random numbers, or to the mode of a model, is told afterwards as plain values, and done
again on this side.
"""

import random
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.exercises.checking.noting import notes
from course_utils.grading import wire


def places(value: object) -> Iterator[object]:
    """All in a value that can be changed in place, always in the same order."""
    if isinstance(value, Tensor | np.ndarray | torch.Generator):
        yield value
    elif isinstance(value, nn.Module):
        yield value
        yield from value.parameters()
        yield from value.buffers()
    elif isinstance(value, list | tuple):
        if isinstance(value, list):
            yield value
        for item in value:
            yield from places(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from places(item)
    elif (noted := notes(value)) is not None:  # a function of ours that notes its calls
        yield noted


def version(place: object) -> int:
    """How often a tensor was written to, which its numbers alone do not always show."""
    return place._version if isinstance(place, Tensor) else 0


def snapshot(place: object, since: int = 0) -> object:
    """What can be changed of a place, as a plain value; of a tensor the writes since a version."""
    if isinstance(place, Tensor):
        return [place, place.grad, place.requires_grad, place._version - since]
    if isinstance(place, torch.Generator):
        return place.get_state()
    if isinstance(place, nn.Module):
        return [module.training for module in place.modules()]
    return place


def restore(place: object, then: object) -> None:
    """Make of a place what a snapshot says."""
    if isinstance(place, Tensor):
        _restore_tensor(place, *then)
    elif isinstance(place, torch.Generator):
        place.set_state(then)
    elif isinstance(place, nn.Module):
        for module, training in zip(place.modules(), then, strict=True):
            module.training = training
    else:
        place[:] = then


def _restore_tensor(
    place: Tensor, value: Tensor, grad: Tensor | None, requires_grad: bool, writes: int
) -> None:
    if value.shape != place.shape or value.dtype != place.dtype:
        place.data = value
    elif writes or not torch.equal(value, place):
        with torch.no_grad():
            place.copy_(value)
    if place.is_leaf:
        place.requires_grad_(requires_grad)
        place.grad = grad


def streams() -> list[object]:
    """Where each global stream of random numbers stands: torch's, NumPy's, Python's."""
    _, keys, *rest = np.random.get_state()
    return [torch.get_rng_state(), [keys, *rest], [*map(_listed, random.getstate())]]


def set_streams(states: list[object]) -> None:
    """Put the global streams where `streams` found them."""
    ours, (keys, place, *rest), theirs = states
    if not 0 <= place <= len(keys):
        raise wire.Garbled("a stream of random numbers that stands nowhere")
    torch.set_rng_state(ours)
    np.random.set_state(("MT19937", keys, place, *rest))
    random.setstate(tuple(tuple(part) if isinstance(part, list) else part for part in theirs))


def tensors(value: object) -> Iterator[Tensor]:
    """The tensors of a plain value, in order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from tensors(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from tensors(item)


def exchanged(value: object, how: Callable[[Tensor], Tensor]) -> object:
    """A plain value with another tensor in place of each, asked for in the order of `tensors`."""
    if isinstance(value, Tensor):
        return how(value)
    if isinstance(value, list | tuple):
        return type(value)(exchanged(item, how) for item in value)
    if isinstance(value, dict):
        return {key: exchanged(item, how) for key, item in value.items()}
    return value


def _listed(part: object) -> object:
    return list(part) if isinstance(part, tuple) else part
