"""`pick_threshold`, lesson 13: the lowest threshold with few enough false alarms."""

import itertools
import math
from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.answer import Answer, Wrong
from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise, Stage


def pick_threshold(scores: Float[Tensor, " n"], false_positive_rate: float) -> float:
    """The lowest of the scores that, as a threshold, raises few enough false alarms.

    The scores are those of n examples known to be normal, and an alarm is a score *above* the
    threshold. At most the share false_positive_rate of the n scores may be above it; the rate is
    from 0, no alarm at all, to less than 1. (A computer's 0.29 * 100 is a hair below 29: 28 alarms
    are then as right as 29.)
    """
    ordered = scores.sort().values
    # The tiny number undoes rounding: 0.29 * 100 is 28.999999999999996, and 29 alarms are allowed.
    alarms = int(false_positive_rate * len(scores) + 1e-9)
    return ordered[len(scores) - 1 - alarms].item()


def _rounded_shares(generator: torch.Generator) -> list[tuple[Tensor, float]]:
    """A share of the scores that is a whole number, but not for a computer, or a hair less."""
    sizes = ((100, 0.29), (10, 0.7), (50, 0.58), (1000, 0.005), (10, 0.2999))
    return [(torch.randperm(n, generator=generator) + 1.0, rate) for n, rate in sizes]


def _allowed(scores: Tensor, rate: float) -> set[float]:
    """The right thresholds: two, where rate · n is whole in decimals and not in binary digits."""
    alarms = int(rate * len(scores) + 1e-9)
    rounded = 0 < alarms != Fraction(rate) * len(scores) and abs(rate * len(scores) - alarms) < 1e-9
    ordered = scores.sort(descending=True).values
    return {ordered[number].item() for number in (alarms, alarms - rounded)}


def _is_one_of_the_scores(answer: Answer) -> None:
    generator = answer.generator()
    for scores, rate in (*_normal_scores(generator), *_rounded_shares(generator)):
        threshold = float(answer(scores.clone(), rate))
        if threshold in _allowed(scores, rate):
            continue
        right = pick_threshold(scores, rate)
        if threshold not in scores.tolist():
            raise Wrong(
                f"Your threshold is {threshold!r}, and none of the scores; the nearest of them is "
                f"{right!r}. A hair is enough for an alarm too many, or for one less: return the "
                "score as it is, and add, subtract or round nothing."
            )
        above = int((scores > threshold).sum())
        raise Wrong(
            f"Of {len(scores)} scores, with a rate of {rate:g}, {above} are above your threshold; "
            f"{int((scores > right).sum())} may be. Count the alarms that are allowed."
        )


def _normal_scores(generator: torch.Generator) -> list[tuple[Tensor, float]]:
    """Skewed scores, as errors are; rates that leave a remainder, or are exact in binary."""

    def scores(n: int) -> Tensor:
        return (1.2 * torch.randn(n, generator=generator)).exp()

    ties = torch.tensor([3.0, 1.0, 2.0, 2.0, 2.0, 5.0, 1.0, 2.0])
    return [
        (scores(11).round(decimals=2), 0.2),  # two alarms
        (scores(8), 0.25),  # exactly two
        (scores(30), 0.15),  # four
        (scores(37), 0.05),  # one
        (scores(23), 0.4),  # nine
        (scores(7), 0.1),  # less than one: none
        (scores(5), 0.0),
        (ties, 0.5),
        (torch.tensor([3.0, 1.0, 1.0, 1.0, 1.0, 1.0]), 0.2),  # one alarm, however many values
        (scores(2), 0.3),
        (scores(1001), 0.125),
        (1000 + 0.001 * scores(60), 0.25),  # close together
        (-scores(19), 0.3),  # log-likelihoods, say: a threshold may be negative
    ]


def _at_place(place: Callable[[int, float], float], message: str) -> Mistake:
    """A mistake in which of the sorted scores, counted from the smallest, is taken."""

    def pick(scores: Tensor, false_positive_rate: float) -> float:
        n = len(scores)
        index = max(0, min(n - 1, int(place(n, false_positive_rate))))
        return scores.sort().values[index].item()

    return Mistake(pick, message)


def _quantiles(method: str, message: str) -> Iterator[Mistake]:
    """Torch's in float32 and NumPy's in float64, which round to different places."""
    yield Mistake(
        lambda scores, rate: torch.quantile(scores, 1 - rate, interpolation=method).item(), message
    )
    yield Mistake(
        lambda scores, rate: float(np.quantile(scores.double().numpy(), 1 - rate, method=method)),
        message,
    )


def _spreads() -> Iterator[Mistake]:
    """The mean, or the median, and so many standard deviations: the commonest rule of all."""
    for k, correction in itertools.product((1, 1.5, 2, 2.5, 3, 4, 6), (0, 1)):
        yield Mistake(
            lambda scores, rate, k=k, c=correction: (
                scores.mean() + k * scores.std(correction=c)
            ).item(),
            f"This is the mean plus {_words(k)} standard deviations, whatever the rate. On skewed "
            "scores nobody knows how many alarms that raises: count instead.",
        )


def _words(k: float | int) -> str:
    return {1: "one", 2: "two", 3: "three"}.get(k, f"{k:g}")


def _conformal(scores: Tensor, rate: float) -> float:
    n = len(scores)
    return scores.sort().values[min(n - 1, math.ceil((n + 1) * (1 - rate) - 1e-9) - 1)].item()


def _not_at_the_threshold(scores: Tensor, rate: float) -> float:
    """The lowest score at or above which there are few enough, or the largest if there is none."""
    enough = [s for s in scores.sort().values if (scores >= s).double().mean() <= rate]
    return min(enough, default=scores.max()).item()


def _infinite_at_rate_zero(scores: Tensor, rate: float) -> float:
    return math.inf if rate == 0 else pick_threshold(scores, rate)


def _infinite_without_alarms(scores: Tensor, rate: float) -> float:
    return math.inf if int(rate * len(scores)) == 0 else pick_threshold(scores, rate)


def _of_different_values(scores: Tensor, rate: float) -> float:
    values = scores.unique().flip(0)
    return values[int(rate * len(values))].item()


_QUANTILE = (
    "This is `torch.quantile`, whose places count from 0 to n - 1; where it must fall between two "
    "scores, "
)

_compared = Comparison(
    probes=_normal_scores,
    shape=None,
    advice=(
        "Sort the scores and count how many are above your threshold: at most rate · n. Then "
        "try the next lower score: it should allow too many."
    ),
    mistakes=[
        Mistake(
            _conformal,
            "This is the conformal threshold, which counts the next example too, among n + 1: "
            "it keeps the promise for examples to come, and is the better one there. Here the "
            "alarms are counted among these n scores.",
        ),
        _at_place(
            lambda n, rate: n - int(rate * n),
            "Your threshold is the lowest score that may raise an alarm. An alarm is a score "
            "*above* the threshold, so this one no longer does: take the score below it.",
        ),
        Mistake(
            lambda scores, rate: (
                scores.sort(descending=True).values[int(rate * len(scores)) - 1].item()
            ),
            "Your threshold is the lowest score that may raise an alarm, and an alarm is a score "
            "*above* the threshold: take the next one below. Where no alarm is allowed, your "
            "place is -1, the smallest score of all.",
        ),
        Mistake(
            _not_at_the_threshold,
            "A score *at* your threshold counts as an alarm, `>=`, and so the threshold comes "
            "out too high. An alarm is a score above it: `>`.",
        ),
        *_spreads(),
        Mistake(
            lambda scores, rate: (
                scores.mean() + scores.std() * torch.special.ndtri(torch.tensor(1 - rate))
            ).item(),
            "This is the quantile of a normal distribution with the mean and deviation of the "
            "scores. Errors are not distributed so: count instead.",
        ),
        *_quantiles(
            "linear",
            f"{_QUANTILE}it invents a number between them, and one alarm too many may be above "
            "it. Count the alarms that are allowed.",
        ),
        *_quantiles(
            "lower",
            f"{_QUANTILE}you take the lower, and one alarm too many may be above it.",
        ),
        *_quantiles(
            "higher",
            f"{_QUANTILE}you take the higher, which may allow one alarm less than it could.",
        ),
        *_quantiles(
            "nearest",
            f"{_QUANTILE}you take the nearest, which is sometimes too high and sometimes too low.",
        ),
        Mistake(
            lambda scores, rate: torch.quantile(scores, rate).item(),
            "This is the quantile at the wrong end: nearly all normal examples would raise an "
            "alarm. Few should be *above* the threshold.",
        ),
        _at_place(
            lambda n, rate: rate * n,
            "You counted from the smallest score, so that nearly all raise an alarm. Count the "
            "allowed alarms from the largest.",
        ),
        *(
            Mistake(
                infinite,
                "Where no alarm is allowed you return infinity. The lowest of the *scores* "
                "that will do is asked for: above the largest there is none.",
            )
            for infinite in (_infinite_at_rate_zero, _infinite_without_alarms)
        ),
        Mistake(
            _of_different_values,
            "Scores that occur several times are counted once (`unique`). Each is an example, "
            "and would be an alarm: count them all.",
        ),
        _at_place(
            lambda n, rate: n - 2 - int(rate * n),
            "One alarm too many is above your threshold. The largest of n sorted scores is at "
            "place n - 1.",
        ),
        _at_place(
            lambda n, rate: n - 1 - math.ceil(rate * n),
            "The number of alarms is rounded up, and so there are more than the rate allows. "
            "Round it down: `int` or `//`.",
        ),
        _at_place(
            lambda n, rate: n - 1 - round(rate * n),
            "The number of alarms is rounded to the nearest whole number, which may be one too "
            "many. Round it down: `int` or `//`.",
        ),
        Mistake(
            lambda scores, rate: scores.max().item(),
            "The largest score never raises an alarm at all. The rate allows some, and a lower "
            "threshold finds more anomalies.",
        ),
        Mistake(
            lambda scores, rate: scores.median().item(),
            "This is the median, whatever the rate: half of the normal scores are above it.",
        ),
        Mistake(
            lambda scores, rate: scores[len(scores) - 1 - int(rate * len(scores))].item(),
            "The place is right, but the scores are not sorted. `scores.sort().values` is.",
        ),
        Mistake(
            lambda scores, rate: float(int(rate * len(scores))),
            "This is the number of alarms that are allowed. Return the score that has so many "
            "above it.",
        ),
        Mistake(
            lambda scores, rate: float(len(scores) - 1 - int(rate * len(scores))),
            "This is the place of the threshold in the sorted list. Return the score that "
            "stands there.",
        ),
        Mistake(
            lambda scores, rate: (1 - rate) * scores.max().item(),
            "This is a share of the largest score. What is shared out are the examples: so "
            "many of them may be above.",
        ),
        Mistake(
            lambda scores, rate: (scores.min() + (1 - rate) * (scores.max() - scores.min())).item(),
            "This is a share of the range from the smallest to the largest score. What is "
            "shared out are the examples: so many of them may be above.",
        ),
        *(
            _at_place(
                lambda n, rate, fixed=fixed: n - 1 - int(fixed * n),
                "The rate that was handed over is ignored: there is a fixed one in your code. "
                "Use `false_positive_rate`.",
            )
            for fixed in (0.01, 0.05, 0.1)
        ),
    ],
)

exercise = Exercise(
    solution=pick_threshold,
    place=2,
    difficulty=2,
    minutes=10,
    success=(
        "Of the ten scores 1, 2, ..., 10 and a rate of 0.25 it is 8: 9 and 10 are above it, two of "
        "ten, and a third alarm would be too many."
    ),
    hints=(
        "Sort the scores. How many of them may be above the threshold? It is a whole number; which "
        "way must it be rounded?",
        "With `alarms = int(false_positive_rate * n + 1e-9)` allowed (the tiny number undoes the "
        "rounding of 0.29 * 100), the threshold is the score that has just so many above it in the "
        "sorted list: `ordered[n - 1 - alarms]`.",
    ),
    stages=(*_compared.stages, Stage("one of the scores", _is_one_of_the_scores)),
)
