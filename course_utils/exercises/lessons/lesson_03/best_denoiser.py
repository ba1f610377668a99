"""`best_denoiser`, lesson 03: the mean of all the pictures it could have been."""

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def best_denoiser(
    noisy: Float[Tensor, "batch d"], data: Float[Tensor, "n d"], sigma: float
) -> Float[Tensor, "batch d"]:
    """The best guess at x, given x + σ ε, when x is one of the rows of `data`, each as likely.

    The one with the least expected squared error is the mean E[x | noisy]. The noise ε is standard
    normal. It works for small sigma too, where noisy lies many σ away from every row.
    """
    squares = torch.cdist(noisy, data, compute_mode="donot_use_mm_for_euclid_dist").square()
    return torch.softmax(-squares / (2 * sigma**2), dim=1) @ data


def _weights(noisy: Tensor, data: Tensor, power: float = 2.0) -> Tensor:
    return (noisy[:, None] - data).abs().pow(2).sum(-1).pow(power / 2)


def _soft(noisy: Tensor, data: Tensor, divisor: float, power: float = 2.0) -> Tensor:
    return torch.softmax(-_weights(noisy, data, power) / divisor, 1)


def _naive(noisy: Tensor, data: Tensor, sigma: float) -> Tensor:
    weights = torch.exp(-_weights(noisy, data) / (2 * sigma**2))
    return weights @ data / weights.sum(1, keepdim=True)


def _spoilt_data(generator: torch.Generator) -> list[tuple[Tensor, Tensor, float]]:
    """(noisy, data, sigma): a small case, unequal sizes, then σ from very small to large."""

    def case(batch: int, n: int, d: int, sigma: float) -> tuple[Tensor, Tensor, float]:
        data = torch.randn(n, d, generator=generator)
        kept = torch.randint(n, (batch,), generator=generator)
        noise = torch.randn(batch, d, generator=generator)
        return data[kept] + sigma * noise, data, sigma

    noisy, data, sigma = case(2, 3, 2, 0.8)
    near, rows, little = case(4, 6, 5, 0.02)
    return [
        (noisy.round(decimals=1), data.round(decimals=1), sigma),
        case(5, 7, 3, 0.6),
        case(7, 5, 4, 1.5),
        case(3, 9, 30, 2.0),
        (near + 3, rows, little),  # many σ from every row, where exp(...) is 0 in all of them
        case(1, 4, 2, 0.5),
    ]


exercise = Exercise(
    solution=best_denoiser,
    place=4,
    difficulty=3,
    minutes=15,
    success=(
        "With little noise it returns the picture that was spoilt; with much, the mean of all of "
        "them. In between lies everything that section 6 is about."
    ),
    hints=(
        "By Bayes, the probability of row x_i given noisy is proportional to exp(-|noisy - x_i|² / "
        "(2σ²)). The best guess is the mean of the rows with these weights.",
        "The weights of one noisy row sum to 1: that is a softmax over the rows of data. "
        "`torch.softmax` does not overflow or divide 0 by 0, as exp and a division of your own do.",
        "Squared distances of every noisy row to every row of data: `torch.cdist(noisy, "
        "data).square()`, of shape (batch, n).",
    ),
    stages=Comparison(
        probes=_spoilt_data,
        shape="(batch, d): one picture for each noisy one",
        advice=(
            "Take one noisy row and three rows of data. Compute the three squared distances, then "
            "exp(-distance / (2σ²)), then divide by their sum: the weights of the mean."
        ),
        mistakes=[
            Mistake(
                _naive,
                "The formula is right, and for small sigma every exp(...) in it is 0, so that you "
                "divide 0 by 0. Take the softmax of -distance² / (2σ²): it subtracts the largest "
                "exponent first.",
            ),
            Mistake(
                lambda noisy, data, sigma: _soft(noisy, data, sigma**2) @ data,
                "The 2 is missing: the density of normal noise is exp(-distance² / (2σ²)).",
            ),
            Mistake(
                lambda noisy, data, sigma: _soft(noisy, data, 2 * sigma) @ data,
                "Sigma is the standard deviation. What stands in the exponent is its square.",
            ),
            Mistake(
                lambda noisy, data, sigma: _soft(noisy, data, sigma) @ data,
                "You divided by sigma. The exponent is -distance² / (2σ²), with σ squared.",
            ),
            Mistake(
                lambda noisy, data, sigma: _soft(noisy, data, 2 * sigma**2, 1.0) @ data,
                "The distance in the exponent is squared.",
            ),
            Mistake(
                lambda noisy, data, sigma: _soft(noisy, data, -2 * sigma**2) @ data,
                "There is a minus missing: as it stands, the row that is farthest away weighs "
                "most.",
            ),
            Mistake(
                lambda noisy, data, sigma: _soft(noisy, data, 1.0) @ data,
                "Sigma does not appear in your weights. The more noise, the more rows it could "
                "have been.",
            ),
            Mistake(
                lambda noisy, data, sigma: data[_weights(noisy, data).argmin(1)],
                "This is the nearest row, the most likely one. The best guess in squared error is "
                "the *mean* over all rows, each weighted by how likely it is.",
            ),
            Mistake(
                lambda noisy, data, sigma: data.mean(0).expand_as(noisy),
                "This is the mean of all rows, whatever came in. Those near to noisy are more "
                "likely: weigh them.",
            ),
            Mistake(
                lambda noisy, data, sigma: (
                    torch.softmax(-_weights(noisy, data) / (2 * sigma**2), 0) @ data
                ),
                "The softmax runs over the batch. The weights of *one* noisy row, over all rows of "
                "data, sum to 1: `dim=1`.",
            ),
            Mistake(
                lambda noisy, data, sigma: (
                    torch.softmax(-(noisy[:, None] - data).square().mean(-1) / (2 * sigma**2), 1)
                    @ data
                ),
                "You took the mean of the squared differences. The distance is their sum, over all "
                "d numbers.",
            ),
            Mistake(
                lambda noisy, data, sigma: _soft(noisy, data, 2 * sigma**2),
                "These are the weights, one for each row of data. The guess is the mean of the "
                "rows with these weights: `weights @ data`.",
            ),
            Mistake(
                lambda noisy, data, sigma: (
                    torch.exp(-_weights(noisy, data) / (2 * sigma**2)) @ data
                ),
                "The weights do not sum to 1. Divide by their sum; best by a softmax.",
            ),
            Mistake(
                lambda noisy, data, sigma: (
                    noisy - sigma**2 * _soft(noisy, data, 2 * sigma**2) @ data
                ),
                "You mixed the answer with Tweedie's formula: what you computed is already "
                "E[x | noisy]. Return it as it is.",
            ),
            Mistake(
                lambda noisy, data, sigma: _soft(noisy, data, 2 * sigma**2) @ data - noisy,
                "This is the arrow from noisy to the best guess. Return the guess itself.",
            ),
        ],
    ).stages,
)
