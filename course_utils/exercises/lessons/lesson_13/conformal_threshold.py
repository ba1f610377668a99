"""`conformal_threshold`, lesson 13: a threshold that keeps its promise for the next example."""

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


def conformal_threshold(scores: Float[Tensor, " n"], false_positive_rate: float) -> float:
    """The smallest of the scores that a new normal example exceeds seldom enough.

    The scores are those of n normal examples. A new normal one is exchangeable with them: all
    orders of the n + 1 scores are equally likely. The probability that its score is *above* the
    threshold may be at most false_positive_rate, from 0 to less than 1. If no score is high enough
    for that, the threshold is infinite: math.inf. (A computer's 10 * (1 - 0.7) is a hair above 3:
    where rounding decides, the next larger score is as right.)
    """
    # The tiny number undoes rounding: 10 * (1 - 0.7) is 3.0000000000000004.
    rank = math.ceil((len(scores) + 1) * (1 - false_positive_rate) - 1e-9)
    return scores.sort().values[rank - 1].item() if rank <= len(scores) else math.inf


def _normal_scores(generator: torch.Generator) -> list[tuple[Tensor, float]]:
    """Skewed scores, as errors are; with rates for which n and n + 1 count differently."""

    def scores(n: int) -> Tensor:
        return (1.2 * torch.randn(n, generator=generator)).exp()

    ties = torch.tensor([3.0, 1.0, 2.0, 2.0, 2.0, 5.0, 1.0, 2.0, 5.0])
    return [
        (scores(8).round(decimals=2), 0.25),  # the seventh; among n it would be the sixth
        (scores(7), 0.4),  # the fifth, by either count
        (scores(12), 0.2),
        (scores(30), 0.15),
        (scores(19), 0.03),  # too few: infinite
        (scores(7), 0.125),  # just enough: the largest
        (scores(41), 0.05),
        (scores(5), 0.0),  # no alarm at all: infinite
        (scores(23), 0.45),
        (scores(3), 0.9),  # the smallest
        (ties, 0.5),
        (scores(1), 0.25),
        (scores(1000), 0.0625),
        (-scores(18), 0.3),  # log-likelihoods, say: a threshold may be negative
        (1e30 * scores(10).double(), 0.375),
        (scores(64)[::2], 0.2),
    ]


def _rounded_shares(generator: torch.Generator) -> list[tuple[Tensor, float]]:
    """Ranks that are whole numbers, but not for a computer."""
    sizes = ((9, 0.7), (99, 0.29), (49, 0.58), (999, 0.005), (9, 0.1))
    return [(torch.randperm(n, generator=generator) + 1.0, rate) for n, rate in sizes]


def _allowed(scores: Tensor, rate: float) -> set[float]:
    """The right thresholds: two, where (n + 1) · rate is whole but for rounding."""
    n = len(scores)
    rank = math.ceil((n + 1) * (1 - rate) - 1e-9)
    exact = (n + 1) * (1 - Fraction(rate))
    rounded = exact != rank and abs(float(exact) - rank) < 1e-9
    ordered = [*scores.sort().values.tolist(), math.inf, math.inf]
    return {ordered[rank - 1], ordered[rank - 1 + rounded]}


def _is_one_of_the_scores(answer: Answer) -> None:
    generator = answer.generator()
    for scores, rate in (*_normal_scores(generator), *_rounded_shares(generator)):
        threshold = float(answer(scores.clone(), rate))
        if threshold in _allowed(scores, rate):
            continue
        right, n = conformal_threshold(scores, rate), len(scores)
        if threshold not in scores.tolist():
            raise Wrong(
                f"Your threshold is {threshold!r}, and none of the scores; expected {right!r}. "
                "Return a score as it is: add, subtract or round nothing."
            )
        places = int((scores > threshold).sum()) + 1
        raise Wrong(
            f"With {n} scores and a rate of {rate:g}: above your threshold a new score has "
            f"{places} of the {n + 1} places, a probability of {places / (n + 1):.4g}. Count again "
            "how many it may have."
        )


def _at_rank(
    rank: Callable[[int, float], float], message: str, beyond: float | None = math.inf
) -> Mistake:
    """A mistake in which score, the smallest being number 1, is taken; `beyond` the last of n."""

    def pick(scores: Tensor, false_positive_rate: float) -> float:
        n = len(scores)
        number = max(1, int(rank(n, false_positive_rate)))
        if number > n:
            return scores.max().item() if beyond is None else beyond
        return scores.sort().values[number - 1].item()

    return Mistake(pick, message)


def _rank(n: int, rate: float) -> int:
    return math.ceil((n + 1) * (1 - rate) - 1e-9)


def _counted_down(scores: Tensor, rate: float) -> float:
    """From the largest, and where no alarm is allowed from the wrong end: index -1."""
    alarms = int(rate * (len(scores) + 1) + 1e-9)
    return scores.sort(descending=True).values[alarms - 1].item()


def _of_different_values(scores: Tensor, rate: float) -> float:
    return conformal_threshold(scores.unique(), rate)


def _quantiles() -> Iterator[Mistake]:
    """What libraries offer: the first two invent numbers, the last is one place too high."""
    between = (
        "This quantile invents a number between two scores. Nothing is known of what lies between "
        "them: return one of the scores, and count which."
    )
    yield Mistake(lambda s, rate: torch.quantile(s, 1 - rate).item(), between)
    yield Mistake(lambda s, rate: float(np.quantile(s.double().numpy(), 1 - rate)), between)
    rounded_up_once_more = (
        'This is one place too high: `np.quantile(..., method="higher")` counts its places from 0 '
        "to n - 1, and rounds up once more. The promise is kept, but a smaller score keeps it too; "
        '`method="inverted_cdf"` counts as you mean.'
    )

    def at_level(scores: Tensor, rate: float, method: str, beyond: float | None) -> float:
        n, rank = len(scores), _rank(len(scores), rate)
        if rank > n:
            return scores.max().item() if beyond is None else beyond
        return float(np.quantile(scores.double().numpy(), rank / n, method=method))

    yield Mistake(lambda s, rate: at_level(s, rate, "linear", math.inf), between)
    yield Mistake(lambda s, rate: at_level(s, rate, "linear", None), between)
    yield Mistake(lambda s, rate: at_level(s, rate, "higher", math.inf), rounded_up_once_more)


def _spreads() -> Iterator[Mistake]:
    for k, correction in itertools.product((1, 2, 3), (0, 1)):
        yield Mistake(
            lambda scores, rate, k=k, c=correction: (
                scores.mean() + k * scores.std(correction=c)
            ).item(),
            "This is the mean and so many standard deviations. It promises nothing unless the "
            "scores are distributed like a bell: count places instead.",
        )


_compared = Comparison(
    probes=_normal_scores,
    shape=None,
    advice=(
        "The new score is equally likely to take any of the n + 1 places in the order. Write down "
        "how many of these places are above your threshold, and divide by n + 1."
    ),
    mistakes=[
        _at_rank(
            _rank,
            "Where even the largest score is exceeded too often you return it all the same. There "
            "no score keeps the promise, and the threshold is `math.inf`.",
            beyond=None,
        ),
        *(
            _at_rank(
                lambda n, rate: math.ceil(n * (1 - rate) - 1e-9),
                "This counts the alarms among the n scores, as `pick_threshold` does. The new one "
                "is not among them: with it they are n + 1, and it has one more place above your "
                "threshold than you allowed for.",
                beyond=beyond,
            )
            for beyond in (math.inf, None)
        ),
        *(
            _at_rank(
                lambda n, rate: (n + 1) * (1 - rate) + 1e-9,
                "The rank is rounded down, and so the new score is above the threshold too often. "
                "Round it up: `math.ceil`.",
                beyond=beyond,
            )
            for beyond in (math.inf, None)
        ),
        *(
            _at_rank(
                lambda n, rate: _rank(n, rate) + 1,
                "One place too high: the first of the sorted scores has the index 0, so the one "
                "with rank k is at k - 1.",
                beyond=beyond,
            )
            for beyond in (math.inf, None)
        ),
        *(
            _at_rank(
                lambda n, rate: n - int(rate * (n + 1) + 1e-9),
                "One place too low. Above your threshold a new score has one more place than there "
                "are scores above it: it may be the highest of all.",
                beyond=beyond,
            )
            for beyond in (math.inf, None)
        ),
        *(
            _at_rank(
                lambda n, rate: round((n + 1) * (1 - rate)),
                "The rank is rounded to the nearest whole number, which is too low half of the "
                "time. Round it up: `math.ceil`.",
                beyond=beyond,
            )
            for beyond in (math.inf, None)
        ),
        Mistake(
            _counted_down,
            "Where not a single place is allowed, your index becomes -1, and Python counts that "
            "from the other end: the threshold is then the *smallest* score. There it is "
            "`math.inf`.",
        ),
        *_quantiles(),
        *_spreads(),
        Mistake(
            lambda scores, rate: (
                scores.mean() + scores.std() * torch.special.ndtri(torch.tensor(1 - rate))
            ).item(),
            "This is the quantile of a normal distribution with the mean and deviation of the "
            "scores. The promise is to hold for any distribution: count places.",
        ),
        _at_rank(
            lambda n, rate: rate * (n + 1),
            "You counted from the smallest score, so that nearly every new example is above your "
            "threshold. Count the allowed places from the largest.",
        ),
        Mistake(
            lambda scores, rate: (
                scores[_rank(len(scores), rate) - 1].item()
                if _rank(len(scores), rate) <= len(scores)
                else math.inf
            ),
            "The rank is right, but the scores are not sorted. `scores.sort().values` is.",
        ),
        Mistake(
            lambda scores, rate: float(_rank(len(scores), rate)),
            "This is the rank. Return the score that has it.",
        ),
        Mistake(
            _of_different_values,
            "Equal scores are counted once (`unique`). Each belongs to an example, and takes a "
            "place of its own: count them all.",
        ),
        Mistake(
            lambda scores, rate: scores.max().item(),
            "The largest score, whatever the rate: with many scores it is exceeded far less often "
            "than allowed, and with few of them too often.",
        ),
        *(
            _at_rank(
                lambda n, rate, fixed=fixed: _rank(n, fixed),
                "The rate that was handed over is ignored: there is a fixed one in your code. Use "
                "`false_positive_rate`.",
            )
            for fixed in (0.01, 0.05, 0.1)
        ),
    ],
)

exercise = Exercise(
    solution=conformal_threshold,
    place=4,
    difficulty=3,
    minutes=10,
    success=(
        "With nineteen scores and a rate of 0.05 it is the largest of them, as the twentieth score "
        "is the highest once in twenty times. With eighteen there is no such score."
    ),
    hints=(
        "Say the k-th smallest of the n scores is the threshold. The new score has n + 1 places to "
        "fall into, all equally likely. How many of them are above the threshold?",
        "They are n + 1 - k. So k must be at least (n + 1)(1 - rate): which way do you round, and "
        "what if k comes out larger than n?",
    ),
    stages=(*_compared.stages, Stage("one of the scores", _is_one_of_the_scores)),
)
