"""The bound of a VAE, its parts, what it bounds, and which numbers of the code are in use."""

from functools import partial
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils._named import a
from course_utils._numbers import whole
from course_utils._running import CHUNK, evaluating, in_chunks
from course_utils.losses import (
    gaussian_kl_per_dimension,
    gaussian_log_density,
    importance_weighted_bound,
)
from course_utils.models import VAE, reparameterize
from course_utils.models.inputs import check_input, check_tensor
from course_utils.models.priors import code_cost, require_normal

MOST_WEIGHTS = 50_000_000
"""So many log-weights of `log_likelihood` lie in memory at a time: 200 MB."""


def elbo(
    model: VAE,
    x: Float[Tensor, "batch *shape"],
    samples: int = 1,
    generator: torch.Generator | None = None,
) -> Float[Tensor, " batch"]:
    """The evidence lower bound of each example: z drawn from q(z|x), the KL in closed form.

    Kingma & Welling, 2014, equation 7. Under another prior than N(0, I) the KL has no closed form,
    and log q(z|x) - log p(z) at the same draws stands in its place.

    Args:
        samples: draws of z to average over; the result is unbiased for any number.
        generator: source of the draws; None for torch's global stream.

    Returns:
        One number per example, in nats, higher is better; at most log p(x) on average over draws.

    Raises:
        ValueError: if samples is less than 1, or x is no batch that the model could be trained on.

    Whole data sets pass in pieces. The draws are those of the whole, whatever the pieces.

    >>> from course_utils import VAE, elbo
    >>> elbo(VAE.dense(8), torch.rand(5, 1, 28, 28)).shape
    torch.Size([5])
    """
    log_p, kl = _parts(model, x, samples, generator)
    return log_p - kl


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

    For the prior N(0, I) alone, under which the KL is a sum over dimensions.

    Args:
        samples, generator: as in `elbo`.

    Raises:
        ValueError: as `elbo`, and if there is no example, or the prior is another.
    """
    mu, log_var = _encoded(model, x, samples)
    require_normal(
        model,
        "under it the KL is no sum over dimensions",
        "elbo(model, x) is right for any prior, and so are both terms of negative_elbo()",
    )
    if not len(x):
        raise ValueError(f"x has shape {tuple(x.shape)}; expected at least one example")
    total = -elbo(model, x, samples, generator).mean().item()
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
        ValueError: if samples is less than 1, or x is no batch that the model could be trained on.

    As long as samples · examples is at most 50 million, the draws are those of the whole; beyond
    that one part of x after the other has its own, so that memory suffices.
    """
    mu, log_var = _encoded(model, x, samples)
    size = max(1, MOST_WEIGHTS // samples)
    with evaluating(model):
        parts = zip(x.split(size), mu.split(size), log_var.split(size), strict=True)
        return torch.cat([_bound(model, *part, samples, generator) for part in parts])


def _bound(
    model: VAE,
    x: Tensor,
    mu: Tensor,
    log_var: Tensor,
    samples: int,
    generator: torch.Generator | None,
) -> Tensor:
    """The importance-weighted bound of each example from so many draws."""
    log_w = torch.empty(samples, len(x), dtype=mu.dtype, device=mu.device)
    for row in log_w:
        z = reparameterize(mu, log_var, generator)
        joint = in_chunks(model.prior.log_prob, z) - _nll(model, z, x)
        row.copy_(joint - gaussian_log_density(z, mu, log_var))
    return torch.cat([importance_weighted_bound(part) for part in log_w.split(CHUNK, dim=1)])


def _encoded(model: VAE, x: Tensor, samples: int) -> tuple[Tensor, Tensor]:
    """μ and log σ² of every example, in pieces, once model, x and samples have been checked."""
    if not (hasattr(model, "decode_beside") and hasattr(model, "nll")):
        raise ValueError(
            f"the model is {a(type(model).__name__)}; expected a VAE, which has a bound on log p(x)"
            " (-negative_elbo()(model, x, y)['loss'] is a ConditionalVAE's, on log p(x|y))"
        )
    whole("samples", samples, expected="1 or more draws")
    check_input(model, x)
    with evaluating(model):
        both = in_chunks(lambda piece: torch.cat(model.encode(piece), dim=1), x)
    mu, log_var = both.chunk(2, dim=1)
    return mu, log_var


def _nll(model: VAE, z: Tensor, x: Tensor) -> Tensor:
    """-log p(x|z) of each example, in pieces."""
    return in_chunks(lambda z, x: model.nll(model.decode_beside(z, x), x), z, x)


def _parts(
    model: VAE, x: Tensor, samples: int, generator: torch.Generator | None
) -> tuple[Tensor, Tensor]:
    """E_q[log p(x|z)] and the KL of each example, both from the same draws of z."""
    mu, log_var = _encoded(model, x, samples)
    with evaluating(model):
        log_p, kl = torch.zeros(2, len(x), dtype=mu.dtype, device=mu.device)
        for _ in range(samples):
            z = reparameterize(mu, log_var, generator)
            log_p -= _nll(model, z, x)
            kl += in_chunks(partial(code_cost, model), mu, log_var, z)
        return log_p / samples, kl / samples


def reconstruction_probability(
    model: VAE,
    x: Float[Tensor, "batch *shape"],
    samples: int = 16,
    generator: torch.Generator | None = None,
) -> Float[Tensor, " batch"]:
    """How well a model draws each example again: E_q[log p(x|z)], the mean over draws of z.

    It is the ELBO without what the code costs. The *logarithm* is averaged: the mean of the density
    itself would be the one best draw. An & Cho, "Variational Autoencoder based Anomaly Detection
    using Reconstruction Probability", 2015 (the name is theirs; for grey pixels, or a Gaussian
    decoder, it is no probability).

    Args:
        samples: draws of z, each a new one; the error of the mean falls as 1 / √samples.
        generator: source of the draws; None for torch's global stream.

    Returns:
        One number per example, in nats, higher is more normal.

    Raises:
        ValueError: as `elbo`.
    """
    return _parts(model, x, samples, generator)[0]


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
    check_tensor(mu, "mu")
    if mu.ndim != 2 or not len(mu):
        raise ValueError(f"mu has shape {tuple(mu.shape)}; expected (n, latent), at least one row")
    return int((mu.var(0, correction=0) > threshold).sum())
