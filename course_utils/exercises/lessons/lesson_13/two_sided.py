"""`two_sided`, lesson 13: a score that is too low is strange as well."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def two_sided(scores: Float[Tensor, " n"], reference: Float[Tensor, " m"]) -> Float[Tensor, " n"]:
    """How far from the middle of the reference each score is: 0 in the middle, 1 beyond either end.

    The reference holds scores of examples known to be normal. The rank of a score among them is the
    share of them that are lower, and half the share that are equal. Twice its distance from one
    half is the result, one number for each of the n scores.
    """
    lower, equal = reference < scores[:, None], reference == scores[:, None]
    rank = lower.double().mean(dim=1) + 0.5 * equal.double().mean(dim=1)
    return (2 * (rank - 0.5).abs()).to(scores.dtype)


def _scored(generator: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    """Scores and a reference, skewed, never equally many; with ties and without."""

    def skewed(n: int, step: float = 1e-3) -> Tensor:
        return ((1.2 * torch.randn(n, generator=generator)).exp() / step).round() * step

    first = (torch.tensor([2.0, 0.5, 7.0, 3.0]), torch.tensor([5.0, 1.0, 2.0, 6.0, 2.0, 4.0, 9.0]))
    return [
        first,
        (skewed(6), skewed(15)),
        (skewed(40, 0.5), skewed(9, 0.5)),  # many ties
        (skewed(1), skewed(12)),
        (skewed(5), skewed(1)),
        (torch.full((3,), 0.3), torch.full((8,), 0.3)),  # all in the middle
        (torch.tensor([math.inf, -1e30, 1e30]), skewed(10)),  # beyond both ends
        (-skewed(7), -skewed(4)),  # log-likelihoods, say
        (0.5 + 1e-6 * torch.arange(5.0), 0.5 + 1e-6 * torch.arange(0.0, 9.0)),
        (skewed(8).double(), skewed(21).double()),
        (skewed(30)[::3], skewed(64)[1::2]),
        (skewed(37), skewed(1001)),
    ]


def _counts(scores: Tensor, reference: Tensor) -> tuple[Tensor, Tensor]:
    """How many of the reference are lower than each score, and how many are equal."""
    table = scores[:, None].double() - reference.double()
    return (table > 0).sum(1).double(), (table == 0).sum(1).double()


def _of_rank(result: Callable[[Tensor], Tensor], message: str) -> Mistake:
    """A mistake in what is made of the rank."""

    def answer(scores: Tensor, reference: Tensor) -> Tensor:
        lower, equal = _counts(scores, reference)
        return result((lower + equal / 2) / len(reference))

    return Mistake(answer, message)


def _of_counts(rank: Callable[[Tensor, Tensor, int], Tensor], message: str) -> Mistake:
    """A mistake in the rank itself, from the numbers of lower and of equal ones among m."""
    return Mistake(
        lambda scores, reference: (
            2 * (rank(*_counts(scores, reference), len(reference)) - 0.5).abs()
        ),
        message,
    )


def _searched_unsorted(scores: Tensor, reference: Tensor) -> Tensor:
    left, right = (torch.searchsorted(reference, scores, side=side) for side in ("left", "right"))
    return 2 * ((left + right) / (2 * len(reference)) - 0.5).abs()


def _in_range(scores: Tensor, reference: Tensor) -> Tensor:
    low, high = reference.min(), reference.max()
    return 2 * ((scores - low) / (high - low) - 0.5).abs()


exercise = Exercise(
    solution=two_sided,
    place=5,
    difficulty=2,
    minutes=8,
    success=(
        "Twenty reference scores, and a new one above nineteen of them: its rank is 0.95, and the "
        "answer 0.9. One that is above a single one of them gets 0.9 as well."
    ),
    hints=(
        "`reference < scores[:, None]` is a table with a row for each score and a column for each "
        "of the reference. What is the mean of a row?",
        "The rank runs from 0, lower than all of them, to 1, higher than all. Which rank is the "
        "most normal? Take the distance from it, without the sign, and stretch it to reach 1.",
    ),
    stages=Comparison(
        probes=_scored,
        shape="(n,): one number for each of the scores",
        advice=(
            "Take the first score alone. Count how many of the reference are lower, add half of "
            "those that are equal, and divide by how many there are: that is its rank."
        ),
        mistakes=[
            _of_rank(
                lambda rank: rank,
                "This is the rank itself, and still one-sided: only a high score is strange. A low "
                "one should be as well.",
            ),
            _of_rank(
                lambda rank: 1 - rank,
                "This is one less the rank: the share of the reference that is higher. Take its "
                "distance from one half.",
            ),
            _of_rank(
                lambda rank: (rank - 0.5).abs(),
                "The distance is not doubled, so that the strangest possible score gets 0.5. It "
                "should get 1.",
            ),
            _of_rank(
                lambda rank: 2 * (rank - 0.5),
                "The sign is still there: scores below the middle come out negative, the least "
                "strange of all. Take the distance, `.abs()`.",
            ),
            _of_rank(
                lambda rank: 2 * torch.minimum(rank, 1 - rank),
                "The scale is upside down: 1 in the middle, 0 at the ends, as with a p-value. Here "
                "1 is strangest.",
            ),
            _of_rank(
                lambda rank: torch.maximum(rank, 1 - rank),
                "This runs from 0.5 in the middle to 1 at the ends. It should begin at 0.",
            ),
            _of_rank(
                lambda rank: (2 * rank - 1) ** 2,
                "The distance is squared. The order is the same, but not the number: leave the "
                "square out.",
            ),
            _of_rank(
                lambda rank: 200 * (rank - 0.5).abs(),
                "These are per cent. The result should be from 0 to 1.",
            ),
            _of_rank(
                lambda rank: 2 * (rank - rank.mean()).abs(),
                "You measure from the mean rank of these scores. What is normal is said by the "
                "reference alone: its middle is the rank one half.",
            ),
            _of_rank(
                lambda rank: 2 * (rank - 0.5).abs().mean(),
                "You took the mean over all scores. Each needs a number of its own.",
            ),
            _of_counts(
                lambda lower, equal, m: lower / m,
                "Equal scores count nothing in your rank. Half of the share that is equal belongs "
                "to it, or a score just like all of the reference would be the strangest.",
            ),
            _of_counts(
                lambda lower, equal, m: (lower + equal) / m,
                "Equal scores count in full in your rank (`<=`). Only half of their share belongs "
                "to it.",
            ),
            _of_counts(
                lambda lower, equal, m: (lower + equal / 2 + 0.5) / (m + 1),
                "You count the score itself among the reference, m + 1 in all. Here the rank is "
                "among the m alone.",
            ),
            _of_counts(
                lambda lower, equal, m: (lower + equal / 2) / (m + 1),
                "You divide by one more than there are in the reference.",
            ),
            Mistake(
                lambda scores, reference: two_sided(scores, scores),
                "You ranked the scores among themselves. Compare each with the reference.",
            ),
            Mistake(
                lambda scores, reference: two_sided(reference, scores),
                "You ranked the reference among the scores: the two have changed places.",
            ),
            Mistake(
                _searched_unsorted,
                "`searchsorted` looks for a place in a *sorted* list, and the reference is not "
                "sorted: `reference.sort().values`.",
            ),
            Mistake(
                lambda scores, reference: (scores - reference.mean()).abs() / reference.std(),
                "This is the distance from the mean, in standard deviations. It depends on the "
                "shape of the scores, and has no upper end: count ranks.",
            ),
            Mistake(
                lambda scores, reference: (
                    2 * (torch.special.ndtr((scores - reference.mean()) / reference.std()) - 0.5)
                ).abs(),
                "Your rank is that of a normal distribution with the mean and deviation of the "
                "reference. Count instead: scores are seldom distributed so.",
            ),
            Mistake(
                lambda scores, reference: (scores - reference.median()).abs(),
                "This is the distance from the median, in units of the score. Measure it in ranks.",
            ),
            Mistake(
                _in_range,
                "You measure where a score stands between the smallest and the largest of the "
                "reference. Its rank is how many of them are lower.",
            ),
        ],
    ).stages,
)
