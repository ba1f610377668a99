"""Ways to spoil an example on purpose, for a denoising autoencoder to mend.

Each function takes a strength and returns a corruption: a function `corrupt(x, generator=None)`
that gives back a spoiled copy of x, of the same shape, and leaves x as it was. Without a generator
the noise comes from torch's global stream, which `course_utils.training.fit` seeds.

The three processes are those of Vincent, Larochelle, Lajoie, Bengio & Manzagol, "Stacked Denoising
Autoencoders", 2010, section 3.3.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

Corruption = Callable[..., Tensor]


def gaussian_noise(sigma: float) -> Corruption:
    """Add to every pixel a number of its own from N(0, σ²): x̃ = x + σ ε.

    The result is not cut back to [0, 1]. Cutting would make it another process, for which the best
    denoiser is no longer given by the score (`course_utils.metrics.noisy_score`).

    Args:
        sigma: the standard deviation, 0 or more, in units of a pixel.

    Raises:
        ValueError: if sigma is negative.

    >>> corrupt = gaussian_noise(0.5)
    >>> corrupt(torch.zeros(2, 1, 28, 28), torch.Generator().manual_seed(0)).std().round(decimals=1)
    tensor(0.5000)
    """
    if not sigma >= 0:
        raise ValueError(f"sigma is {sigma:g}; expected a standard deviation, 0 or more")

    def corrupt(
        x: Float[Tensor, "batch *features"], generator: torch.Generator | None = None
    ) -> Float[Tensor, "batch *features"]:
        return x + sigma * torch.randn(x.shape, generator=generator, dtype=x.dtype, device=x.device)

    return corrupt


def masking_noise(rate: float) -> Corruption:
    """Set each pixel to 0 with probability `rate`, and keep the others: missing values.

    Raises:
        ValueError: if rate is outside [0, 1].

    >>> masking_noise(0.25)(torch.ones(1, 8), torch.Generator().manual_seed(0))
    tensor([[1., 1., 0., 0., 1., 1., 1., 1.]])
    """
    _require_rate(rate)

    def corrupt(
        x: Float[Tensor, "batch *features"], generator: torch.Generator | None = None
    ) -> Float[Tensor, "batch *features"]:
        return x.masked_fill(_uniform_like(x, generator) < rate, 0.0)

    return corrupt


def salt_and_pepper(rate: float) -> Corruption:
    """Set each pixel with probability `rate` to 0 or to 1, either with the same chance.

    Raises:
        ValueError: if rate is outside [0, 1].

    >>> salt_and_pepper(0.5)(torch.full((1, 8), 0.3), torch.Generator().manual_seed(0))
    tensor([[1.0000, 0.3000, 0.0000, 0.0000, 1.0000, 0.3000, 1.0000, 0.3000]])
    """
    _require_rate(rate)

    def corrupt(
        x: Float[Tensor, "batch *features"], generator: torch.Generator | None = None
    ) -> Float[Tensor, "batch *features"]:
        # One draw decides both: the lower half of the chosen pixels goes to 0, the upper to 1.
        u = _uniform_like(x, generator)
        return x.masked_fill(u < rate, 1.0).masked_fill(u < rate / 2, 0.0)

    return corrupt


def _uniform_like(x: Tensor, generator: torch.Generator | None) -> Tensor:
    return torch.rand(x.shape, generator=generator, dtype=x.dtype, device=x.device)


def _require_rate(rate: float) -> None:
    if not 0 <= rate <= 1:
        raise ValueError(f"rate is {rate:g}; expected a probability, from 0 to 1")
