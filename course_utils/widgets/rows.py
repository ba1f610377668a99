"""The layers of a network that somebody wrote around rows of pixels, found by running it.

`VAE.around` takes any network with `encode` and `decode`. What follows on what in it is said by its
code, which may write a ReLU as a layer or as a function and has two heads for the two halves of a
code. So the network is run, and each of its linear layers tells what came in and what went out. A
network that does more than linear layers and ReLUs, one after the other, is refused.
"""

from itertools import permutations
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_utils.models.blocks import DecodesRows, EncodesRows

PROBES = 16  # rows of chance numbers that the network is run on


class Unpackable(ValueError):
    """The browser cannot run this model; the message says why, as part of a sentence."""


class Call(NamedTuple):
    """One use of a linear layer: what came in, and what went out."""

    layer: nn.Linear
    given: Tensor
    result: Tensor


def layers_of_rows(module: EncodesRows | DecodesRows, width: int) -> list[nn.Module]:
    """The linear layers and ReLUs that `width` numbers pass through; pictures come and go as rows.

    Raises:
        Unpackable: if the network is not these alone.
    """
    weights = next(module.parameters())
    chance = torch.randn(PROBES, width, generator=torch.Generator().manual_seed(0))
    rows = chance.to(weights)
    calls, result = _followed(module, rows)
    parts = _chain(calls, rows, result.flatten(1))
    if parts is None:
        name = type(module.network).__name__
        raise Unpackable(f"(of the class {name}) is not linear layers and ReLUs in a row")
    if isinstance(module, EncodesRows):
        return [nn.Flatten(1), *parts]
    return [*parts, nn.Unflatten(1, module.shape)]


def _followed(module: nn.Module, rows: Tensor) -> tuple[list[Call], Tensor]:
    """What each linear layer did while the module ran, and what came out in the end."""
    calls: list[Call] = []

    def note(layer: nn.Linear, given: tuple[Tensor], result: Tensor) -> None:
        calls.append(Call(layer, given[0].clone(), result.clone()))  # a ReLU may work in place

    layers = [part for part in module.modules() if isinstance(part, nn.Linear)]
    hooks = [layer.register_forward_hook(note) for layer in layers]
    try:
        return calls, module(rows)
    finally:
        for hook in hooks:
            hook.remove()


def _chain(
    calls: list[Call], x: Float[Tensor, "rows width"], result: Float[Tensor, "rows outputs"]
) -> list[nn.Module] | None:
    """The layers on the way from x to the result, or None if they do not lead there."""
    parts: list[nn.Module] = []
    for _ in calls:
        takers = [call for call in calls if torch.equal(call.given, x)]
        if not takers:
            x = x.relu()
            parts.append(nn.ReLU())
            takers = [call for call in calls if torch.equal(call.given, x)]
        if len(takers) not in (1, 2):
            return None
        for heads in permutations(takers):
            if torch.equal(torch.cat([head.result for head in heads], dim=1), result):
                return [*parts, _joined([head.layer for head in heads])]
        parts.append(takers[0].layer)
        x = takers[0].result
    return None


def _joined(heads: list[nn.Linear]) -> nn.Linear:
    """Linear layers of the same inputs as one."""
    if len(heads) == 1:
        return heads[0]
    weight = torch.cat([head.weight for head in heads])
    joined = nn.utils.skip_init(nn.Linear, weight.shape[1], len(weight), device=weight.device)
    biases = [
        weight.new_zeros(head.out_features) if head.bias is None else head.bias for head in heads
    ]
    with torch.no_grad():
        joined.weight.copy_(weight)
        joined.bias.copy_(torch.cat(biases))
    return joined
