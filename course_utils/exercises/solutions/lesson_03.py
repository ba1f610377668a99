"""Reference solutions of lesson 03: denoising."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor


def masking_noise(
    x: Float[Tensor, "batch *features"], rate: float, generator: torch.Generator
) -> Float[Tensor, "batch *features"]:
    """Lose pixels: each, independently of all others, becomes 0 with probability rate."""
    lost = torch.rand(x.shape, generator=generator) < rate
    return x.masked_fill(lost, 0.0)


def salt_and_pepper(
    x: Float[Tensor, "batch *features"], rate: float, generator: torch.Generator
) -> Float[Tensor, "batch *features"]:
    """Hit each pixel, independently of all others, with probability rate: it becomes 0 or 1.

    One draw decides both questions. Below rate the pixel is hit; the lower half of that range makes
    it 0, the upper half 1.
    """
    u = torch.rand(x.shape, generator=generator)
    salted = torch.where(u < rate, 1.0, x)
    return torch.where(u < rate / 2, 0.0, salted)


def denoising_loss(
    model: Callable[[Tensor], Tensor],
    clean: Float[Tensor, "batch *features"],
    noisy: Float[Tensor, "batch *features"],
) -> Float[Tensor, " batch"]:
    """Squared error, summed over pixels, of what the model makes of noisy, against clean."""
    x_hat = model(noisy)
    return (x_hat - clean).square().flatten(start_dim=1).sum(dim=1)
