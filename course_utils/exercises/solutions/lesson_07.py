"""Reference solutions of lesson 07: two ways to a gradient through a random draw."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor


def reparameterize(
    mu: Float[Tensor, "batch latent"],
    log_var: Float[Tensor, "batch latent"],
    generator: torch.Generator | None = None,
) -> Float[Tensor, "batch latent"]:
    """One draw z from N(mu, σ²) for every entry, made so that gradients reach mu and log_var.

    log_var is log σ², the logarithm of the variance. All noise comes from the generator, or from
    torch's global one if it is None; every entry has noise of its own, and every call new noise.
    """
    epsilon = torch.randn(mu.shape, generator=generator)
    sigma = torch.exp(log_var / 2)
    return mu + sigma * epsilon


def score_function_gradient(
    f: Callable[[Tensor], Tensor],
    mu: Float[Tensor, " d"],
    log_var: Float[Tensor, " d"],
    n_samples: int,
    generator: torch.Generator,
) -> Float[Tensor, " d"]:
    """An unbiased estimate of the gradient of E[f(z)], z ~ N(mu, σ²), with respect to mu.

    log_var is log σ². f maps (n, d) to (n,), one number for each row; it may have steps, and need
    not be differentiable. The estimate is the mean of f(z) (z - mu) / σ² over n_samples draws of z,
    all made with the generator.
    """
    sigma = torch.exp(log_var / 2)
    z = mu + sigma * torch.randn(n_samples, len(mu), generator=generator)
    score = (z - mu) / sigma**2  # the gradient of log q(z) with respect to mu, (n, d)
    return (f(z)[:, None] * score).mean(dim=0)
