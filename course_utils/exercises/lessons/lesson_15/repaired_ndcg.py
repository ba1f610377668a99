"""`repaired_ndcg`, lesson 15: the best possible ranking, taken from the wrong list."""

import math
from collections.abc import Callable, Sequence

import torch

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise, Specimen


def repaired_ndcg(ranked: Sequence[int], wanted: Sequence[int], k: int) -> float:
    """How good the first k of a ranking are for a user, from 0 to 1 for the best possible ranking.

    ranked holds items, best first, and wanted those that the user really took, at least one. A hit
    at rank r = 1, 2, ... gains 1 / log2(r + 1); the sum is divided by that of a ranking in which
    wanted items fill the first places, k of them, or all of them if they are fewer.
    """
    hits = [float(item in wanted) for item in ranked[:k]]
    best = [1.0] * min(k, len(wanted))
    gain, ideal = (
        sum(hit / math.log2(rank + 1) for rank, hit in enumerate(row, start=1))
        for row in (hits, best)
    )
    return gain / ideal


def specimen(ranked: Sequence[int], wanted: Sequence[int], k: int) -> float:
    hits = [float(item in wanted) for item in ranked[:k]]
    best = sorted(hits, reverse=True)
    gain, ideal = (
        sum(hit / math.log2(rank + 1) for rank, hit in enumerate(row, start=1))
        for row in (hits, best)
    )
    return gain / ideal if ideal else 0.0


def _rankings(generator: torch.Generator) -> list[tuple[list[int], list[int], int]]:
    def case(items: int, wanted: int, k: int) -> tuple[list[int], list[int], int]:
        ranked = torch.randperm(items, generator=generator).tolist()
        return ranked, torch.randperm(items, generator=generator)[:wanted].tolist(), k

    return [
        ([4, 1, 7, 9, 3], [1, 9, 3, 5], 4),
        ([3, 8, 6], [3, 5, 7], 3),  # one hit, in the first place
        ([5, 2, 8, 1, 0, 7], [2, 1], 6),  # fewer wanted than places
        ([1, 2, 3, 4], [9], 3),  # no hit at all
        ([6, 2, 4, 8, 0], [2, 6, 4], 3),  # perfect
        case(30, 6, 10),
        case(50, 20, 12),
        case(12, 3, 12),
    ]


def _gains(hits: list[float], discount: Callable[[int], float]) -> float:
    return sum(hit * discount(rank) for rank, hit in enumerate(hits, start=1))


def _log_discount(rank: int) -> float:
    return 1 / math.log2(rank + 1)


def _ranked(
    ideal: Callable[[list[int], list[int], int], list[float]],
    message: str,
    discount: Callable[[int], float] = _log_discount,
) -> Mistake:
    """A mistake in the best ranking, a list of hits, or in what a hit at a rank is worth."""

    def ndcg(ranked: list[int], wanted: list[int], k: int) -> float:
        hits = [float(item in wanted) for item in ranked[:k]]
        best = _gains(ideal(ranked, wanted, k), discount)
        return _gains(hits, discount) / best if best else 0.0

    return Mistake(ndcg, message)


def _best(ranked: list[int], wanted: list[int], k: int) -> list[float]:
    return [1.0] * min(k, len(wanted))


def _hits(ranked: list[int], wanted: list[int], k: int) -> list[float]:
    return [float(item in wanted) for item in ranked[:k]]


def _one_of_five(ndcg: Callable) -> float:
    """By how much a list that has one of five wanted items, in the first place, scores too high."""
    return abs(ndcg([0, 10, 11, 12, 13], [0, 1, 2, 3, 4], 5) - 1 / _gains([1.0] * 5, _log_discount))


exercise = Exercise(
    solution=repaired_ndcg,
    place=10,
    difficulty=3,
    minutes=10,
    success="Only a list in which nothing better was possible scores 1.",
    hints=(
        "Which ranking does the divisor stand for? Whose hits are in it?",
        "A list that finds one of five wanted items, in the first place: "
        "`repaired_ndcg([0, 10, 11, 12, 13], [0, 1, 2, 3, 4], 5)`. Is that as good as it gets?",
        "The best ranking sorts everything that is wanted to the front, and not only what was "
        "found: its hits are `[1.0] * min(k, len(wanted))`.",
    ),
    stages=Comparison(
        probes=_rankings,
        shape=None,
        advice=(
            "For k = 3 and two wanted items of which one is found, at rank 2: gain 1/log2(3) = "
            "0.631, ideal 1 + 0.631 = 1.631, score 0.387."
        ),
        mistakes=[
            _ranked(
                lambda ranked, wanted, k: [1.0] * k,
                "The ideal fills all k places with hits, even if fewer items are wanted. Then "
                "nobody with few wishes could ever be served perfectly: `min(k, len(wanted))`.",
            ),
            _ranked(
                lambda ranked, wanted, k: [1.0] * len(wanted),
                "The ideal counts all wanted items, even if there are more than k places. Then no "
                "list of k could be perfect: `min(k, len(wanted))`.",
            ),
            _ranked(
                lambda ranked, wanted, k: sorted(
                    (float(item in wanted) for item in ranked), reverse=True
                )[:k],
                "The ideal sorts the wanted items of the *whole* ranking to the front. Better, but "
                "items that the ranking does not contain at all are wanted too, and are missing.",
            ),
            _ranked(
                lambda ranked, wanted, k: [1.0],
                "You divide by 1: this is the gain itself. Divide by that of the best ranking.",
            ),
            Mistake(
                lambda ranked, wanted, k: sum(_hits(ranked, wanted, k)) / len(wanted),
                "This is the recall, the share of what was wanted. NDCG also asks how far up the "
                "hits are.",
            ),
            Mistake(
                lambda ranked, wanted, k: sum(_hits(ranked, wanted, k)) / min(k, len(wanted)),
                "This counts hits, wherever they are. NDCG discounts them by their rank.",
            ),
            Mistake(
                lambda ranked, wanted, k: sum(_hits(ranked, wanted, k)) / k,
                "This is the precision, the share of the k places that are hits.",
            ),
            _ranked(
                _best,
                "The logarithm is the natural one, and its argument is the rank: log(1) = 0 for "
                "the first. It is log2(rank + 1).",
                lambda rank: 1 / math.log(rank) if rank > 1 else 1.0,
            ),
            _ranked(
                _best,
                "The discount is 1/rank. It is 1/log2(rank + 1), which falls more gently.",
                lambda rank: 1 / rank,
            ),
            _ranked(
                _best,
                "The ranks begin at 0 in one of the sums, or 1 is added once too often: the first "
                "place gains 1/log2(2) = 1.",
                lambda rank: 1 / math.log2(rank + 2),
            ),
            Mistake(
                lambda ranked, wanted, k: (
                    _gains(_best(ranked, wanted, k), _log_discount)
                    / (_gains(_hits(ranked, wanted, k), _log_discount) or math.inf)
                ),
                "The fraction is upside down: gain over ideal.",
            ),
        ],
    ).stages,
    specimen=Specimen(
        specimen,
        "only the best possible ranking should score 1. A list that finds one of five wanted "
        "items, in the first place, scores {by:.2f} too much.",
        _one_of_five,
    ),
)
