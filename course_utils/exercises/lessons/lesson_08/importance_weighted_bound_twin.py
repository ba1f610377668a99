"""The twin of `importance_weighted_bound`: what the same weights say of how many draws count."""

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def importance_weighted_bound_twin(log_w: Float[Tensor, "k batch"]) -> Float[Tensor, " batch"]:
    """How many of the k draws count, for every example: (Σ_i w_i)² / Σ_i w_i², from 1 to k.

    It is k if all weights are equal, and 1 if one of them has all the weight. log_w holds the
    logarithms of the weights, a row for each draw and a column for each example; the result must
    stay right for entries of ±200, whose exponentials are 0 or inf.
    """
    return 1 / log_w.softmax(dim=0).square().sum(dim=0)


def _log_weights(generator: torch.Generator) -> list[tuple[Tensor]]:
    def around(centre: float, k: int, batch: int) -> tuple[Tensor]:
        return (1.5 * torch.randn(k, batch, generator=generator) + centre,)

    (small,), (wide,), (tall,) = around(-1.0, 4, 3), around(0.0, 4, 3), around(0.0, 4, 2)
    extreme = wide + torch.tensor([200.0, -200.0, 0.0])
    torn = tall + torch.tensor([[200.0], [-200.0], [-200.0], [-200.0]])
    return [
        (small.round(decimals=1),),
        around(0.5, 2, 6),
        around(1.0, 5, 1),
        around(-0.5, 4, 4),
        around(-2.0, 7, 2),
        around(-200.0, 3, 2),
        around(200.0, 5, 3),
        (extreme,),  # each example far from every other
        (torn,),  # and each draw
    ]


def _shares(log_w: Tensor) -> Tensor:
    return log_w.softmax(0)


exercise = Exercise(
    solution=importance_weighted_bound_twin,
    place=5,
    difficulty=3,
    minutes=10,
    success=(
        "Two equal weights count 2, and weights of 3 and 1 count 1.6. If of 300 draws only three "
        "count, the bound with 300 is hardly better than with three."
    ),
    hints=(
        "A factor that all weights share cancels. So you may subtract anything from a column of "
        "log_w before you exponentiate: what keeps the numbers in range?",
        "The weights divided by their sum are `log_w.softmax(dim=0)`, which does not overflow. "
        "What is the formula in terms of these shares?",
    ),
    stages=Comparison(
        probes=_log_weights,
        shape="(batch,): one number for each column",
        advice=(
            "Take the first column: exponentiate its numbers, add them up and square that, and "
            "divide by the sum of their squares."
        ),
        gradient="log_w",
        tolerance=1e-3,  # at 400, twice 200, float32 has steps of 1/32,000
        mistakes=[
            Mistake(
                lambda log_w: log_w.exp().sum(0) ** 2 / log_w.exp().square().sum(0),
                "The formula is right, and for weights of e^±200 it divides 0 by 0, or inf by "
                "inf. Subtract the largest of each column first, or work with `logsumexp`.",
            ),
            Mistake(
                lambda log_w: _shares(log_w).square().sum(0),
                "This is one over the number of draws that count: Σ w² / (Σ w)².",
            ),
            Mistake(
                lambda log_w: 1 / log_w.softmax(1).square().sum(1),
                "You went along the examples. The draws are the rows: sum over axis 0.",
            ),
            Mistake(
                lambda log_w: (log_w.logsumexp(0) - (2 * log_w).logsumexp(0)).exp(),
                "The sum of the weights has to be squared, which doubles its logarithm.",
            ),
            Mistake(
                lambda log_w: 2 * log_w.logsumexp(0) - (2 * log_w).logsumexp(0),
                "This is the logarithm of the number of draws. Exponentiate it.",
            ),
            Mistake(
                lambda log_w: 1 / _shares(log_w).max(0).values,
                "You look at the largest weight alone. All of them count, by their squares.",
            ),
            Mistake(
                lambda log_w: (-(_shares(log_w) * _shares(log_w).log()).sum(0)).exp(),
                "This is the perplexity of the weights. It counts too, and is another number: "
                "asked for are the squares.",
            ),
            Mistake(
                lambda log_w: 1 / _shares(log_w).square().mean(0),
                "There is a mean where a sum belongs, so that k comes in once too often.",
            ),
            Mistake(
                lambda log_w: 1 / _shares(log_w).square().sum(0) / len(log_w),
                "This is the share of the draws that count. Their number is asked for.",
            ),
        ],
    ).stages,
)
