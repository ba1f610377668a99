"""Small networks on which several repairs of lesson 15 are tried."""

import torch
from torch import nn

from course_utils.models import VAE


def linear_layer(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    """A linear layer whose weights come from the generator, neither small nor special."""
    layer = nn.Linear(inputs, outputs)
    layer.weight.data = torch.randn(outputs, inputs, generator=generator) / inputs**0.5
    layer.bias.data = 0.5 * torch.randn(outputs, generator=generator)
    return layer.requires_grad_(False)


def lively_vae(features: int, latent: int, seed: int, training: bool = False) -> VAE:
    """A small VAE whose clouds and drawings are far from those of a network before training."""
    model = VAE.dense(latent, (8,), input_shape=(features,), seed=seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter *= 3
    return model.train(training).requires_grad_(False)
