"""The bound of a VAE, its parts, what it bounds, and which numbers of the code are in use."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils._running import evaluating
from course_utils.losses import (
    gaussian_kl,
    gaussian_kl_per_dimension,
    gaussian_log_density,
    importance_weighted_bound,
)
from course_utils.models import VAE, reparameterize


def elbo(
    model: VAE,
    x: Float[Tensor, "batch *shape"],
    samples: int = 1,
    generator: torch.Generator | None = None,
) -> Float[Tensor, " batch"]:
    """The evidence lower bound of each example: z drawn from q(z|x), the KL in closed form.

    Kingma & Welling, 2014, equation 7.

    Args:
        samples: draws of z to average over; the result is unbiased for any number.
        generator: source of the draws; None for torch's global stream.

    Returns:
        One number per example, in nats, higher is better; at most log p(x) on average over draws.

    Raises:
        ValueError: if samples is less than 1.
    """
    _require_samples(samples)
    with evaluating(model):
        mu, log_var = model.encode(x)
        total = torch.zeros(len(x), dtype=mu.dtype, device=mu.device)
        for _ in range(samples):
            z = reparameterize(mu, log_var, generator)
            total -= model.nll(model.decode_beside(z, x), x)
        return total / samples - gaussian_kl(mu, log_var)


class BoundParts(NamedTuple):
    """What a bound is made of, on average over a data set, in nats per image.

    Attributes:
        reconstruction: -log p(x|z), with z drawn from q(z|x).
        kl_per_dimension: (latent,), what each dimension of the code costs, at least 0.
        active_units: how many dimensions vary with x (`active_units`).
    """

    reconstruction: float
    kl_per_dimension: Tensor
    active_units: int

    @property
    def kl(self) -> float:
        """KL(q(z|x) ‖ p(z)), the sum over dimensions."""
        return self.kl_per_dimension.sum().item()

    @property
    def negative_elbo(self) -> float:
        """Reconstruction + KL, with β = 1 whatever the model was trained with; lower is better."""
        return self.reconstruction + self.kl


def bound_parts(
    model: VAE,
    x: Float[Tensor, "batch *shape"],
    samples: int = 1,
    generator: torch.Generator | None = None,
) -> BoundParts:
    """Minus the ELBO, taken apart: what the drawing costs, and what each dimension of the code.

    Args:
        samples, generator: as in `elbo`.

    Raises:
        ValueError: if samples is less than 1.
    """
    total = -elbo(model, x, samples, generator).mean().item()
    with evaluating(model):
        mu, log_var = model.encode(x)
    kl_per_dimension = gaussian_kl_per_dimension(mu, log_var).mean(0)
    return BoundParts(total - kl_per_dimension.sum().item(), kl_per_dimension, active_units(mu))


def log_likelihood(
    model: VAE,
    x: Float[Tensor, "batch *shape"],
    samples: int = 5000,
    generator: torch.Generator | None = None,
) -> Float[Tensor, " batch"]:
    """log p(x) of each example by importance sampling, with q(z|x) to propose the codes.

    It is `importance_weighted_bound` with k = samples: a lower bound on average, and close to
    log p(x) when samples are many. Rezende, Mohamed & Wierstra, 2014, appendix E.

    Returns:
        One number per example, in nats, higher is better.

    Raises:
        ValueError: if samples is less than 1.
    """
    _require_samples(samples)
    with evaluating(model):
        mu, log_var = model.encode(x)
        log_w = [_log_weight(model, x, mu, log_var, generator) for _ in range(samples)]
        return importance_weighted_bound(torch.stack(log_w))


def _log_weight(
    model: VAE, x: Tensor, mu: Tensor, log_var: Tensor, generator: torch.Generator | None
) -> Tensor:
    """log p(x, z) - log q(z|x) for one draw of z."""
    z = reparameterize(mu, log_var, generator)
    joint = gaussian_log_density(z) - model.nll(model.decode_beside(z, x), x)
    return joint - gaussian_log_density(z, mu, log_var)


def reconstruction_probability(
    model: VAE,
    x: Float[Tensor, "batch *shape"],
    samples: int = 16,
    generator: torch.Generator | None = None,
) -> Float[Tensor, " batch"]:
    """How well a model draws each example again: E_q[log p(x|z)], the mean over draws of z.

    It is the ELBO without what the code costs. The *logarithm* is averaged: the mean of the density
    itself would be the one best draw. An & Cho, "Variational Autoencoder based Anomaly Detection
    using Reconstruction Probability", 2015, algorithm 4 (the name is theirs; for grey pixels, or a
    Gaussian decoder, it is no probability).

    Args:
        samples: draws of z, each a new one; the error of the mean falls as 1 / √samples.
        generator: source of the draws; None for torch's global stream.

    Returns:
        One number per example, in nats, higher is more normal.

    Raises:
        ValueError: if samples is less than 1.
    """
    with evaluating(model):
        kl = gaussian_kl(*model.encode(x))
    return elbo(model, x, samples, generator) + kl


def active_units(mu: Float[Tensor, "n latent"], threshold: float = 0.01) -> int:
    """How many dimensions of the code say anything about x: Var_x E_q[z_j|x] > threshold.

    Burda, Grosse & Salakhutdinov, 2016, section 5.2 (their threshold is 0.01).

    Args:
        mu: the posterior means of n examples.

    Returns:
        From 0, a collapsed model, to the number of dimensions.

    >>> active_units(torch.tensor([[0.0, 5.0], [1.0, 5.0]]))
    1
    """
    return int((mu.var(0, correction=0) > threshold).sum())


def _require_samples(samples: int) -> None:
    if samples < 1:
        raise ValueError(f"samples is {samples}; expected 1 or more draws")
