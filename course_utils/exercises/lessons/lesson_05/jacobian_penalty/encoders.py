"""Small encoders to try a Jacobian penalty on, which can be read in a message."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn


class Encoder(nn.Module):
    """An encoder that can be read in a message: `words` is its formula, with numbers if few."""

    def __init__(self, words: str, *layers: nn.Module) -> None:
        super().__init__()
        self.words = words
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)

    def __repr__(self) -> str:
        return self.words


def _linear(d: int, units: int, generator: torch.Generator) -> nn.Linear:
    layer = nn.utils.skip_init(nn.Linear, d, units)
    with torch.no_grad():
        layer.weight.copy_(1.5 / math.sqrt(d) * torch.randn(units, d, generator=generator) + 0.1)
        layer.bias.copy_(0.5 * torch.randn(units, generator=generator))
    return layer


def _printed(generator: torch.Generator) -> Encoder:
    """One tanh layer from three numbers to two, whose formula can be pasted into a cell."""
    layer = _linear(3, 2, generator)
    with torch.no_grad():
        layer.weight.copy_(layer.weight.round(decimals=1))
        layer.bias.zero_()
    rows = [[round(value, 1) for value in row] for row in layer.weight.tolist()]
    return Encoder(f"lambda x: torch.tanh(x @ torch.tensor({rows}).T)", layer, nn.Tanh())


def draw_encoders(generator: torch.Generator) -> list[tuple[Encoder, Tensor]]:
    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    def linear(d: int, units: int) -> nn.Linear:
        return _linear(d, units, generator)

    return [
        (_printed(generator), normal(4, 3).round(decimals=1)),
        (Encoder("a sigmoid layer, 5 to 4", linear(5, 4), nn.Sigmoid()), normal(6, 5)),
        (Encoder("a linear layer, 4 to 3", linear(4, 3)), normal(3, 4)),
        (
            Encoder("two sigmoid layers, 4 to 6 to 3", *_sigmoids(linear)),
            normal(5, 4),
        ),
        (
            Encoder("ReLU in the middle, 6 to 20 to 2", linear(6, 20), nn.ReLU(), linear(20, 2)),
            normal(4, 6),
        ),
        (Encoder("tanh, 3 to 1: a code of one number", linear(3, 1), nn.Tanh()), normal(4, 3)),
        (Encoder("tanh, 2 to 7: a code wider than x", linear(2, 7), nn.Tanh()), normal(1, 2)),
        (
            Encoder(
                "images, flattened, then tanh, 16 to 3", nn.Flatten(), linear(16, 3), nn.Tanh()
            ),
            torch.rand(3, 1, 4, 4, generator=generator),
        ),
    ]


def _sigmoids(linear: Callable[[int, int], nn.Linear]) -> tuple[nn.Module, ...]:
    return linear(4, 6), nn.Sigmoid(), linear(6, 3), nn.Sigmoid()
