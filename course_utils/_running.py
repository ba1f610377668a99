"""How a network is run, whichever it is: under a seed, in evaluation mode, in pieces."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

# Whole data sets pass through a model in pieces of this size, so that a laptop's memory suffices.
CHUNK = 1000


@contextmanager
def seeded(seed: int, device: torch.device | str = "cpu") -> Iterator[None]:
    """Draw from a stream that starts at `seed`, and put the global stream back afterwards.

    Layers draw their first weights, and dropout its masks, from torch's global stream and from
    nowhere else. This makes them reproducible without moving the caller's own stream.
    """
    device = torch.device(device)
    indices = [] if device.type == "cpu" else [device.index or 0]
    kind = "cuda" if device.type == "cpu" else device.type
    with torch.random.fork_rng(devices=indices, device_type=kind):
        # torch.manual_seed would start the streams of every accelerator anew as well.
        start = torch.default_generator.manual_seed if device.type == "cpu" else torch.manual_seed
        start(seed)
        yield


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode and no gradients inside; every module's mode is put back afterwards."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, training in modes.items():
            module.training = training


def in_chunks(function: Callable[..., Tensor], *x: Tensor, size: int = CHUNK) -> Tensor:
    """function(*x), computed on pieces of at most `size` examples and joined again."""
    pieces = zip(*(each.split(size) for each in x), strict=True)
    return torch.cat([function(*piece) for piece in pieces])


def source(generator: torch.Generator | None) -> torch.Generator | None:
    """`generator` itself, or a sentence: a bare seed in its place is an easy slip."""
    if generator is None or isinstance(generator, torch.Generator):
        return generator
    seed = generator if type(generator) is int else 0
    raise ValueError(
        f"generator is {generator!r}; expected one of torch's, such as "
        f"torch.Generator().manual_seed({seed}), or None for torch's global stream"
    )
