"""`choose_code_width`, lesson 16: the smallest width that may be as good as the best."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def choose_code_width(
    widths: Sequence[int], errors: Float[Tensor, " k"], standard_errors: Float[Tensor, " k"]
) -> int:
    """The smallest width whose error is within one standard error of the best.

    For each of k widths, in any order: the mean error on pictures that were kept back, and the
    standard error of that mean. The best width is that of the lowest error (no two are equal), and
    its standard error is the one that counts. On the limit is still within.
    """
    best = errors.argmin()
    limit = errors[best] + standard_errors[best]
    return min(width for width, error in zip(widths, errors, strict=True) if error <= limit)


def _curves(generator: torch.Generator) -> list[tuple[list[int], Tensor, Tensor]]:
    """Curves that fall and then rise a little; the standard errors are never all alike."""

    def curve(widths: list[int], errors: list[float], spread: list[float]) -> tuple:
        return widths, torch.tensor(errors), torch.tensor(spread)

    def drawn(k: int) -> tuple[list[int], Tensor, Tensor]:
        widths = (2 + torch.randperm(40, generator=generator)[:k]).tolist()
        noise = torch.rand(k, generator=generator)
        errors = 20 / torch.tensor(widths) + 0.02 * torch.tensor(widths) + noise
        return widths, errors, 0.1 + 0.8 * torch.rand(k, generator=generator)

    return [
        curve([2, 4, 8, 16, 32], [9.0, 5.4, 4.9, 4.2, 4.3], [0.9, 0.7, 0.3, 0.8, 0.1]),
        curve([2, 4, 8, 16], [8.0, 6.0, 5.0, 4.0], [0.5, 2.5, 0.4, 0.9]),
        curve([32, 16, 8, 4, 2], [4.5, 4.25, 5.0, 7.0, 9.0], [2.0, 0.5, 2.0, 3.0, 9.0]),
        curve([3, 6, 12, 24], [7.0, 5.5, 5.0, 5.25], [0.25, 0.25, 0.5, 1.0]),  # on the limit
        curve([3, 6, 12, 24], [5.0, 4.0, 6.5, 9.0], [0.5, 0.25, 0.5, 1.0]),  # it rises far
        curve([64, 4, 16, 1], [1.0, 1.75, 1.5, 9.0], [1.0, 0.1, 0.1, 0.1]),
        curve([5], [3.0], [0.1]),
        curve([10, 20, 30], [30.0, 20.0, 10.0], [5.0, 5.0, 4.0]),
        curve([4, 8, 16], [-810.0, -815.0, -816.0], [3.0, 2.0, 1.5]),  # in nats, below zero
        curve([2, 9, 33], [0.021, 0.0194, 0.019], [0.004, 0.0001, 0.0005]),
        *(drawn(k) for k in (6, 7, 9, 12, 15, 20)),
    ]


def _within(
    limit: Callable[[Tensor, Tensor, int], Tensor | float],
    message: str,
    pick: Callable[[list[int]], int] = min,
) -> Mistake:
    """A mistake in the limit, which may differ from width to width, or in who is taken below it."""

    def answer(widths: Sequence[int], errors: Tensor, standard_errors: Tensor) -> int:
        allowed = errors <= limit(errors, standard_errors, int(errors.argmin()))
        return pick([w for w, is_in in zip(widths, allowed.tolist(), strict=True) if is_in])

    return Mistake(answer, message)


def _right_limit(errors: Tensor, spread: Tensor, best: int) -> Tensor:
    return errors[best] + spread[best]


def _strictly_below(widths: Sequence[int], errors: Tensor, spread: Tensor) -> int:
    best = int(errors.argmin())
    allowed = [i for i, e in enumerate(errors) if i == best or e < errors[best] + spread[best]]
    return min(widths[i] for i in allowed)


def _until_it_stops_falling(widths: Sequence[int], errors: Tensor, spread: Tensor) -> int:
    """The first width, from the narrowest, that the next one does not beat by its own error."""
    order = sorted(range(len(widths)), key=lambda i: widths[i])
    for here, following in pairwise(order):
        if errors[following] > errors[here] - spread[here]:
            return widths[here]
    return widths[order[-1]]


def _place_of_the_right_one(widths: Sequence[int], errors: Tensor, spread: Tensor) -> int:
    return list(widths).index(choose_code_width(widths, errors, spread))


_OWN = (
    "Each width is compared by a standard error of its own. How far above the best an error may "
    "lie is a matter of how well the *best* is known: take its standard error for all."
)

exercise = Exercise(
    solution=choose_code_width,
    difficulty=2,
    minutes=8,
    success=(
        "This is the rule of one standard error (Breiman and others, 1984): what cannot be told "
        "from the best is as good as the best, and then the smaller one wins."
    ),
    hints=(
        "Which error is the lowest, and how far is one standard error above it? Every width below "
        "that limit is as good as the best, for all we know.",
        "`best = errors.argmin()`, and the limit is `errors[best] + standard_errors[best]`. Of the "
        "widths whose error is at most the limit take the smallest, with `min`: they may stand in "
        "any order.",
    ),
    stages=Comparison(
        probes=_curves,
        shape=None,
        advice=(
            "Find the lowest error, add its own standard error, and write down the widths whose "
            "errors are not above that. Which of them is the smallest?"
        ),
        mistakes=[
            _within(
                lambda errors, spread, best: errors[best],
                "This is the width of the lowest error. A smaller one may be as good, for all we "
                "know: allow one standard error.",
            ),
            _within(
                _right_limit,
                "You take the largest of the widths that are within. The smallest is as good, and "
                "costs less.",
                pick=max,
            ),
            _within(lambda errors, spread, best: errors[best] + spread, _OWN),
            _within(lambda errors, spread, best: errors[best] + spread[best] + spread, _OWN),
            _within(
                lambda errors, spread, best: errors[best] + (spread**2 + spread[best] ** 2).sqrt(),
                _OWN,
            ),
            _within(
                lambda errors, spread, best: errors[best] + 2 * spread[best],
                "Two standard errors are allowed, as in an interval of 95 %. The rule allows one.",
            ),
            _within(
                lambda errors, spread, best: errors[best] + spread[best] / 2,
                "Half a standard error is allowed. The rule allows a whole one.",
            ),
            _within(
                lambda errors, spread, best: errors[best] + spread.mean(),
                "The limit is made with the mean of all standard errors. Take that of the best.",
            ),
            _within(
                lambda errors, spread, best: errors[best] + spread.min(),
                "The limit is made with the smallest of the standard errors. Take that of the "
                "lowest *error*: `standard_errors[errors.argmin()]`.",
            ),
            _within(
                lambda errors, spread, best: errors[best] + spread.max(),
                "The limit is made with the largest of the standard errors. Take that of the best.",
            ),
            _within(
                lambda errors, spread, best: (
                    1.05 * errors[best] if errors[best] > 0 else errors[best]
                ),
                "You allow a fixed share above the best. How much is chance is what the standard "
                "error says: it is not used.",
            ),
            _within(
                _right_limit,
                "You take the first width that is within, in the order of the list. The smallest "
                "may stand further back.",
                pick=lambda widths: widths[0],
            ),
            _within(
                _right_limit,
                "You take the last width that is within, in the order of the list. The smallest "
                "may stand elsewhere.",
                pick=lambda widths: widths[-1],
            ),
            Mistake(
                _strictly_below,
                "An error that lies on the limit exactly is within: `<=` in place of `<`.",
            ),
            Mistake(
                _until_it_stops_falling,
                "You go up from the narrowest, and stop where the next step gains little. But "
                "several small steps may add up to a large one: compare each with the *best*.",
            ),
            Mistake(
                _place_of_the_right_one,
                "This is the place of the width in the list. Return the width itself.",
            ),
            Mistake(
                lambda widths, errors, spread: widths[errors.argmax()],
                "This is the width of the *highest* error. The best has the lowest: `argmin`.",
            ),
            Mistake(
                lambda widths, errors, spread: min(widths),
                "This is the smallest width, whatever its error. Only those within one standard "
                "error of the best count.",
            ),
        ],
    ).stages,
)
