"""`kl_warmup`, lesson 09: a straight line from 0 to 1, and then 1."""

import math
from collections.abc import Callable

import torch

from course_utils.exercises.checking.answer import Answer, Wrong
from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise, Stage


def kl_warmup(step: int, warmup_steps: int) -> float:
    """The weight of the KL at a training step: from 0 at step 0, along a straight line, to 1.

    It reaches 1 at step warmup_steps and stays there. With warmup_steps = 0 it is 1 from the start.
    """
    if step >= warmup_steps:
        return 1.0
    return step / warmup_steps


def _moments(generator: torch.Generator) -> list[tuple[int, int]]:
    return [
        (3, 10),
        (0, 4),
        (1, 4),
        (1, 10),
        (7, 8),
        (10, 10),
        (11, 10),
        (25, 10),
        (40, 10),
        (41, 10),
        (1007, 10),
        (4999, 10_000),
        (0, 1),
        (1, 1),
        (5, 0),
        (0, 0),
    ]


def _begins_and_ends_exactly(answer: Answer) -> None:
    """At both ends the weight is one number and no other: 0, and then 1, but for its rounding."""
    for step in range(10, 1000):
        if (weight := float(answer(step, 10))) < 0.999:
            raise Wrong(
                f"A warm-up of 10 steps is over for good, but at step {step} your weight is down "
                f"to {weight:.4g}. This one rises once and stays at 1: a weight that falls again "
                "and again is a cyclical schedule."
            )
    for step, warmup_steps in ((0, 10), (0, 4), (0, 1), (10, 10), (12, 10), (10_000, 7), (0, 0)):
        weight, wanted = answer(step, warmup_steps), kl_warmup(step, warmup_steps)
        if abs(weight - wanted) > (1e-9 if wanted else 0):
            raise Wrong(
                f"At step {step} of a warm-up of {warmup_steps} steps your weight is "
                f"{float(weight):.10g}; it should be {wanted:g} exactly. Is a small number added, "
                "or a floor or a ceiling set, so that it never is? Leave it out."
            )


def _ramp(rise: Callable[[float], float], message: str) -> Mistake:
    """A mistake in how the weight rises, from 0 to 1 of the warm-up."""
    return _unguarded(lambda step, warmup_steps: rise(min(1.0, step / warmup_steps)), message)


def _unguarded(weight: Callable[[int, int], float], message: str) -> Mistake:
    """A mistake that is made before, and apart from, the case of no warm-up at all."""

    def guarded(step: int, warmup_steps: int) -> float:
        return weight(step, warmup_steps) if warmup_steps else 1.0

    return Mistake(guarded, message)


_compared = Comparison(
    probes=_moments,
    shape=None,
    advice=(
        "Try a warm-up of 4 steps by hand: the weights at steps 0 to 5 are 0, 0.25, 0.5, "
        "0.75, 1 and 1."
    ),
    mistakes=[
        Mistake(
            lambda step, warmup_steps: step / warmup_steps if warmup_steps else 1.0,
            "The weight goes on growing after the warm-up. It should stay at 1: `min(1.0, ...)`.",
        ),
        Mistake(
            lambda step, warmup_steps: step / warmup_steps,
            "The weight goes on growing after the warm-up, beyond 1; and a warm-up of 0 steps "
            "would be a division by 0. Keep it at 1 in both cases.",
        ),
        _unguarded(
            lambda step, warmup_steps: float(min(1, step // warmup_steps)),
            "Your weight jumps from 0 to 1 at the end of the warm-up; it should rise along a "
            "straight line. If you divide with `//`, it drops the remainder: use `/`.",
        ),
        _unguarded(
            lambda step, warmup_steps: max(0.0, 1 - step / warmup_steps),
            "Your weight falls from 1 to 0. It should rise from 0, where the code is free of "
            "charge, to 1, where the loss is the negative ELBO.",
        ),
        _unguarded(
            lambda step, warmup_steps: min(1.0, (step + 1) / warmup_steps),
            "You are one step ahead: at step 0 the weight should be 0, and at step "
            "`warmup_steps` it should be 1 for the first time.",
        ),
        _unguarded(
            lambda step, warmup_steps: max(0, min(1.0, (step - 1) / warmup_steps)),
            "You are one step behind: at step `warmup_steps` the weight should already be 1.",
        ),
        _unguarded(
            lambda step, warmup_steps: min(1.0, step / max(warmup_steps - 1, 1)),
            "You divide by warmup_steps - 1, so that 1 is reached one step too early. At step "
            "`warmup_steps` the warm-up is over, and not before.",
        ),
        _unguarded(
            lambda step, warmup_steps: min(1.0, step / (warmup_steps + 1)),
            "You divide by warmup_steps + 1, perhaps to avoid a division by 0, so that 1 is "
            "reached one step too late. Treat `warmup_steps == 0` as a case of its own.",
        ),
        _unguarded(
            lambda step, warmup_steps: max(1.0, step / warmup_steps),
            "`max` where `min` should be: the weight is never below 1. The smaller of the two "
            "is wanted.",
        ),
        _unguarded(
            lambda step, warmup_steps: float(step > 0),
            "Your weight is 1 from the first step on. It should rise along a straight line, "
            "over `warmup_steps` steps.",
        ),
        _unguarded(
            lambda step, warmup_steps: min(1.0, warmup_steps / max(step, 1)),
            "The fraction is upside down: the share that is done is step / warmup_steps.",
        ),
        _unguarded(
            lambda step, warmup_steps: (step % warmup_steps) / warmup_steps,
            "`%` starts again from 0 after each warm-up: that is a cyclical schedule. This one "
            "rises once and stays at 1.",
        ),
        Mistake(
            lambda step, warmup_steps: step / warmup_steps if step < warmup_steps else 0.0,
            "Once the warm-up is over you return 0, with no warm-up too: the KL would not "
            "count. From step `warmup_steps` on it counts in full: 1.",
        ),
        _unguarded(
            lambda step, warmup_steps: step / warmup_steps if step < warmup_steps else 0.0,
            "Once the warm-up is over you return 0, and the KL no longer counts. From step "
            "`warmup_steps` on the weight is 1.",
        ),
        _unguarded(
            lambda step, warmup_steps: 100 * min(1.0, step / warmup_steps),
            "This is a percentage. The weight is a number from 0 to 1.",
        ),
        _ramp(
            lambda done: (1 - math.cos(math.pi * done)) / 2,
            "Your weight rises along half a cosine. A straight line is asked for.",
        ),
        _ramp(
            lambda done: 1 - math.cos(math.pi * done / 2),
            "Your weight rises along a quarter of a cosine, slowly at first. A straight line "
            "is asked for.",
        ),
        _ramp(
            lambda done: math.floor(5 * done) / 5,
            "Your weight rises in five stairs. A straight line is asked for.",
        ),
        _ramp(
            lambda done: max(0.0, 2 * done - 1),
            "Your weight is 0 for half of the warm-up, and rises twice as fast afterwards. It "
            "should rise from the first step on.",
        ),
        _ramp(
            lambda done: min(1.0, 2 * done),
            "Your weight is 1 after half of the warm-up. It should reach 1 at step "
            "`warmup_steps`, and not before.",
        ),
        *(
            _unguarded(
                lambda step, warmup_steps, period=period, full=full: min(
                    1.0, (step % (period * warmup_steps)) / (full * warmup_steps)
                ),
                "Your weight falls back to 0 again and again: that is a cyclical schedule. "
                "This one rises once and stays at 1.",
            )
            for period, full in ((2, 1), (4, 1), (4, 2), (4, 4))
        ),
        _ramp(
            lambda done: 1 / (1 + math.exp(-12 * (done - 0.5))),
            "Your weight rises along a sigmoid, which is never quite 0 or 1. A straight line "
            "is asked for.",
        ),
        _ramp(
            lambda done: done**2,
            "Your weight rises with the square of the share that is done. A straight line is "
            "asked for, the share itself.",
        ),
        Mistake(
            lambda step, warmup_steps: (
                (step / warmup_steps if step < warmup_steps else 1.0) if warmup_steps else 0.0
            ),
            "With `warmup_steps = 0` you return 0, so the KL would never count at all. No "
            "warm-up means the full weight from the start: 1.",
        ),
        Mistake(
            lambda step, warmup_steps: min(1.0, step / max(warmup_steps, 1)),
            "With `warmup_steps = 0` your weight at step 0 is 0. Making the divisor a little "
            "larger avoids the error, but 0 divided by anything is 0. It should be 1 from the "
            "start: treat that case by itself.",
        ),
        Mistake(
            lambda step, warmup_steps: (
                (step / warmup_steps if warmup_steps > 1 else float(warmup_steps < 2))
                if step < warmup_steps
                else 1.0
            ),
            "A warm-up of 1 step begins at 0 as well, at step 0. Only `warmup_steps = 0` is a "
            "case of its own.",
        ),
        Mistake(
            lambda step, warmup_steps: 1.0 if step > warmup_steps else step / warmup_steps,
            "With `warmup_steps = 0` your code divides by zero at step 0, which is not *above* "
            "0. No warm-up means the full weight from the start: `>=` where `>` stands.",
        ),
        Mistake(
            lambda step, warmup_steps: min(1.0, step / warmup_steps),
            "With `warmup_steps = 0` your code divides by zero. No warm-up means the full "
            "weight from the start: return 1.0 in that case.",
        ),
    ],
)

exercise = Exercise(
    solution=kl_warmup,
    place=3,
    difficulty=1,
    minutes=5,
    success=(
        "With a warm-up of 4 steps: 0, 0.25, 0.5, 0.75, 1, 1, 1 and so on; with none at all, 1 "
        "from the first step."
    ),
    hints=(
        "Which share of the warm-up is done at this step? And what should be returned once it is "
        "over?",
        "`min(1.0, ...)` keeps a number from growing beyond 1. Dividing by 0 steps is an error: "
        "treat that case first.",
    ),
    stages=(
        *_compared.stages,
        Stage("both ends", _begins_and_ends_exactly),
    ),
)
