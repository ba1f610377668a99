"""Small networks on which several repairs of lesson 15 are tried."""

import torch
from torch import nn


def linear_layer(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    """A linear layer whose weights come from the generator, neither small nor special."""
    layer = nn.Linear(inputs, outputs)
    layer.weight.data = torch.randn(outputs, inputs, generator=generator) / inputs**0.5
    layer.bias.data = 0.5 * torch.randn(outputs, generator=generator)
    return layer.requires_grad_(False)
