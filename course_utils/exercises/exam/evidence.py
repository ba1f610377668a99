"""Task 2 of both papers: how likely a picture is where the code has been integrated away."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.exam.task import Task


def instruments_evidence(
    x: Float[Tensor, "batch d"],
    weight: Float[Tensor, "d k"],
    mean: Float[Tensor, " d"],
    sigma: float,
) -> tuple[Float[Tensor, ""], Float[Tensor, " batch"], Float[Tensor, " batch"]]:
    """log|C|, the squared distance (x - mean)ᵀ C⁻¹ (x - mean) and log p(x), in nats.

    z ~ N(0, I) has k numbers, and x = weight z + mean + noise, where the numbers of the noise are
    independent and normal with standard deviation sigma. C is the covariance of x.
    """
    return _steps(x - mean, weight, sigma)


def chord_evidence(
    x: Float[Tensor, "batch d"],
    tones: Float[Tensor, "d k"],
    loudness: Float[Tensor, " k"],
    hiss: float,
) -> tuple[Float[Tensor, ""], Float[Tensor, " batch"], Float[Tensor, " batch"]]:
    """log|C|, the squared distance xᵀ C⁻¹ x and log p(x), in nats.

    x = tones z + noise. The number z_j is normal with mean 0 and standard deviation loudness[j],
    each number of the noise with standard deviation hiss. C is the covariance of x.
    """
    return _steps(x, tones * loudness, hiss)


def _steps(away: Tensor, weight: Tensor, sigma: float) -> tuple[Tensor, Tensor, Tensor]:
    """By k x k matrices: log|C| = (d - k) log s² + log|M| and s² C⁻¹ = I - W M⁻¹ Wᵀ, where
    M = Wᵀ W + s² I and s is sigma."""
    d, k = weight.shape
    m = weight.T @ weight + sigma**2 * torch.eye(k)
    log_determinant = (d - k) * math.log(sigma**2) + torch.logdet(m)
    codes = away @ weight
    explained = (codes @ torch.linalg.inv(m) * codes).sum(1)
    distance = ((away**2).sum(1) - explained) / sigma**2
    return (
        log_determinant,
        distance,
        -0.5 * (d * math.log(2 * math.pi) + log_determinant + distance),
    )


def _measured(generator: torch.Generator) -> list[tuple[Tensor, Tensor, Tensor, float]]:
    def case(batch: int, d: int, k: int, sigma: float) -> tuple[Tensor, Tensor, Tensor, float]:
        weight, mean = (torch.randn(shape, generator=generator) for shape in ((d, k), (d,)))
        return 2 * torch.randn(batch, d, generator=generator), weight, mean, sigma

    return [case(4, 3, 1, 0.6), case(3, 5, 2, 1.7), case(2, 7, 3, 0.8)]


def _heard(generator: torch.Generator) -> list[tuple[Tensor, Tensor, Tensor, float]]:
    cases = _measured(generator)
    return [(x, w, 0.5 + mean[: w.shape[1]].abs(), hiss) for x, w, mean, hiss in cases]


a = Task(
    solution=instruments_evidence,
    steps={"log|C|": 3, "the squared distance": 3, "log p(x)": 4},
    probes=_measured,
    minutes=10,
)
b = Task(
    solution=chord_evidence,
    steps={"log|C|": 3, "the squared distance": 3, "log p(x)": 4},
    probes=_heard,
    minutes=10,
)
