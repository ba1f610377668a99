"""Task 5 of both papers: what a loss pays for a nat, once its averages are counted. Numbers only.

With squared error E = ‖x - x̂‖², the loss E / n + weight · KL / k is 2 / n times E / 2 + β · KL,
where β = weight · n / (2 k): a Gaussian of standard deviation 1. And E / (2 σ²) + KL is the same
loss up to a factor where σ² = β.
"""

import math

import torch

from course_utils.exercises.exam.task import Task


def what_ada_trained() -> tuple[float, float, float]:
    """The β of Ada's loss, the σ that makes it a bound as it is, and the weight for β = 4."""
    return _numbers(3 * 32 * 32, 64, weight=1.0, wanted=4.0)


def what_ben_trained() -> tuple[float, float, float]:
    """The β of Ben's loss, the σ that makes it a bound as it is, and the weight for β = 1."""
    return _numbers(80 * 100, 16, weight=0.008, wanted=1.0)


def _numbers(pixels: int, latent: int, weight: float, wanted: float) -> tuple[float, float, float]:
    beta_of_one = pixels / (2 * latent)  # β where the weight is 1
    beta = weight * beta_of_one
    return beta, math.sqrt(beta), wanted / beta_of_one


def _nothing(generator: torch.Generator) -> list[tuple[()]]:
    """There is nothing to try: the function takes no arguments."""
    return [()]


a = Task(
    solution=what_ada_trained,
    steps={"β": 4, "σ": 3, "the weight for β = 4": 3},
    probes=_nothing,
    minutes=7,
)
b = Task(
    solution=what_ben_trained,
    steps={"β": 4, "σ": 3, "the weight for β = 1": 3},
    probes=_nothing,
    minutes=7,
)
