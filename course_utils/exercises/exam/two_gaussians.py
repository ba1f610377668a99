"""Task 1 of both papers: the KL of two arbitrary Gaussians, by way of the two averages in it."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.exam.task import Task


def nats_lost(
    mean_q: Float[Tensor, " d"],
    cov_q: Float[Tensor, "d d"],
    mean_p: Float[Tensor, " d"],
    cov_p: Float[Tensor, "d d"],
) -> tuple[Float[Tensor, ""], Float[Tensor, ""], Float[Tensor, ""]]:
    """E_q[log q(z)], E_q[log p(z)] and KL(q ‖ p) of two Gaussians, in nats.

    q = N(mean_q, cov_q) and p = N(mean_p, cov_p). The covariances are full matrices.
    """
    own = _average_log_density(mean_q, cov_q, mean_q, cov_q)
    other = _average_log_density(mean_q, cov_q, mean_p, cov_p)
    return own, other, own - other


def forecast_prices(
    mean_true: Float[Tensor, " d"],
    precision_true: Float[Tensor, "d d"],
    mean_said: Float[Tensor, " d"],
    precision_said: Float[Tensor, "d d"],
) -> tuple[Float[Tensor, ""], Float[Tensor, ""], Float[Tensor, ""]]:
    """What a forecast costs a day on average, what it would cost at best, and the difference.

    The weather z has d numbers; it is Gaussian and so is what the forecast says of it. A precision
    is the inverse of a covariance, a full matrix. A day on which z comes true costs -log density(z)
    nats, by the density that was said; at best, by the true one.
    """
    cov_true, cov_said = torch.linalg.inv(precision_true), torch.linalg.inv(precision_said)
    cost = -_average_log_density(mean_true, cov_true, mean_said, cov_said)
    best = -_average_log_density(mean_true, cov_true, mean_true, cov_true)
    return cost, best, cost - best


def _average_log_density(at: Tensor, spread: Tensor, mean: Tensor, cov: Tensor) -> Tensor:
    """The average of log N(z; mean, cov) over z ~ N(at, spread)."""
    inverse = torch.linalg.inv(cov)
    squares = torch.trace(inverse @ spread) + (at - mean) @ inverse @ (at - mean)
    return -0.5 * (len(mean) * math.log(2 * math.pi) + torch.logdet(cov) + squares)


def _pairs(generator: torch.Generator) -> list[tuple[Tensor, ...]]:
    """Two means, each with a positive definite matrix that is far from diagonal."""

    def case(d: int) -> tuple[Tensor, ...]:
        means = torch.randn(2, d, generator=generator)
        mixes = 0.4 * torch.randn(2, d, d, generator=generator) + torch.eye(d)
        one, other = mixes @ mixes.mT + 0.3 * torch.eye(d)
        return means[0], one, means[1], 0.6 * other

    return [case(2), case(3), case(5)]


a = Task(
    solution=nats_lost,
    steps={"E_q[log q]": 3, "E_q[log p]": 3, "KL(q ‖ p)": 4},
    probes=_pairs,
    minutes=10,
)
b = Task(
    solution=forecast_prices,
    steps={"what the forecast costs": 3, "the cost at best": 3, "the difference": 4},
    probes=_pairs,
    minutes=10,
)
