"""Checks of lesson 09: against collapse, and how to see it."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from course_utils.exercises.compare import Comparison, Mistake
from course_utils.exercises.exercise import Exercise
from course_utils.exercises.solutions import lesson_09 as solutions

# --- kl_warmup ------------------------------------------------------------------------------------


def _moments(generator: torch.Generator) -> list[tuple[int, int]]:
    return [
        (3, 10),
        (0, 4),
        (1, 4),
        (7, 8),
        (10, 10),
        (11, 10),
        (25, 10),
        (4999, 10_000),
        (1, 1),
        (5, 0),
        (0, 0),
    ]


def _ramp(rise: Callable[[float], float], message: str) -> Mistake:
    """A mistake in how the weight rises, from 0 to 1 of the warm-up."""
    return Mistake(lambda step, warmup_steps: rise(min(1.0, step / warmup_steps)), message)


def _unguarded(weight: Callable[[int, int], float], message: str) -> Mistake:
    """A mistake that is made before, and apart from, the case of no warm-up at all."""

    def guarded(step: int, warmup_steps: int) -> float:
        return weight(step, warmup_steps) if warmup_steps else 1.0

    return Mistake(guarded, message)


kl_warmup = Exercise(
    solution=solutions.kl_warmup,
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
    stages=Comparison(
        probes=_moments,
        shape=None,
        advice=(
            "Try a warm-up of 4 steps by hand: the weights at steps 0 to 5 are 0, 0.25, 0.5, "
            "0.75, 1 and 1."
        ),
        mistakes=[
            Mistake(
                lambda step, warmup_steps: step / warmup_steps if warmup_steps else 1.0,
                "The weight goes on growing after the warm-up. It should stay at 1: "
                "`min(1.0, ...)`.",
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
                lambda step, warmup_steps: min(1.0, step / warmup_steps),
                "With `warmup_steps = 0` your code divides by zero. No warm-up means the full "
                "weight from the start: return 1.0 in that case.",
            ),
        ],
    ).stages,
)

# --- free_bits ------------------------------------------------------------------------------------


def _costs(generator: torch.Generator) -> list[tuple[Tensor, float]]:
    """KLs of every kind: dimensions below the floor, above it, and examples on both sides of it."""

    def table(batch: int, *means: float) -> Tensor:
        spread = 0.1 + 1.8 * torch.rand(batch, len(means), generator=generator)
        return spread / spread.mean(0) * torch.tensor(means)

    return [
        (table(3, 0.2, 1.1, 0.4, 1.6).mul(10).round().div(10), 0.8),  # small enough to print
        (table(6, 0.9, 0.1), 0.5),
        (table(2, 0.05, 0.3, 2.0, 0.6, 0.2), 0.25),
        (table(1, 0.3, 1.2, 0.8), 0.5),
        (table(5, 0.1, 0.5), 0.4),
        (table(4, 0.1, 0.2, 0.3), 0.9),  # all below, even their sum: no gradient at all
        (table(5, 1.5, 2.5, 3.0), 0.1),  # all above: the plain KL
        (table(4, 0.5, 0.2, 0.3), 0.0),
        (table(64, *(0.02 + 0.05 * j for j in range(20))), 0.5),
    ]


def _of_means(cost: Callable[[Tensor, float], Tensor], message: str) -> Mistake:
    """A mistake in what is made of the right mean of each dimension."""
    return Mistake(lambda kl_per_dim, floor: cost(kl_per_dim.mean(0), floor), message)


free_bits = Exercise(
    solution=solutions.free_bits,
    difficulty=2,
    minutes=10,
    success=(
        "Two dimensions that cost 0.1 and 2 nats on average, with a floor of 0.5: 0.5 + 2 = 2.5. "
        "The first receives no gradient, so nothing pushes it further towards the prior."
    ),
    hints=(
        "Three steps: the mean of each dimension over the batch, then the floor, then the sum over "
        "dimensions. Their order matters.",
        "After `kl_per_dim.mean(dim=0)` there is one number for each dimension. "
        "`.clamp(min=floor)` lifts those below, and its gradient is 0 where it does.",
    ),
    stages=Comparison(
        probes=_costs,
        shape="(), a single number: the sum over dimensions",
        advice=(
            "Print the mean of each column, (latent,). Replace those below the floor by the floor, "
            "and leave the others. The sum of these is the result."
        ),
        gradient="kl_per_dim",
        mistakes=[
            Mistake(
                lambda kl_per_dim, floor: kl_per_dim.clamp(min=floor).mean(0).sum(),
                "The floor is applied to every example by itself, before the mean. It belongs to "
                "the mean of a dimension over the batch, so that a few examples may pay less "
                "while others pay more: first the mean, then the floor.",
            ),
            Mistake(
                lambda kl_per_dim, floor: kl_per_dim.clamp(min=floor).sum(),
                "The floor is applied to every example by itself, and then all is summed, the "
                "batch too. Take the mean over the batch first, then the floor, then the sum.",
            ),
            Mistake(
                lambda kl_per_dim, floor: kl_per_dim.clamp(min=floor).mean(),
                "The floor is applied to every example by itself, and then all is averaged, the "
                "dimensions too. Take the mean over the batch first, `dim=0`, then the floor, then "
                "the sum over dimensions.",
            ),
            Mistake(
                lambda kl_per_dim, floor: kl_per_dim.mean().clamp(min=floor),
                "You averaged over everything, so that one number is compared with the floor. Keep "
                "the dimensions apart, `mean(dim=0)`: each has a floor of its own.",
            ),
            _of_means(
                lambda cost, floor: cost.sum(),
                "The floor has no effect: this is the plain KL. Lift each dimension's mean to the "
                "floor where it is below.",
            ),
            _of_means(
                lambda cost, floor: cost.sum().clamp(min=floor),
                "You compare the total with the floor. Every dimension has a floor of its own: "
                "apply it before the sum over dimensions.",
            ),
            _of_means(
                lambda cost, floor: cost.sum().clamp(min=floor * len(cost)),
                "You compare the total with floor times the number of dimensions. Then one "
                "expensive dimension pays for all the others; apply the floor to each by itself.",
            ),
            Mistake(
                lambda kl_per_dim, floor: kl_per_dim.sum(1).clamp(min=floor).mean(),
                "You compare the total of every example with the floor. What is compared is the "
                "mean of each dimension over the batch.",
            ),
            _of_means(
                lambda cost, floor: (cost - floor).clamp(min=0).sum(),
                "You subtract the floor and keep what is above it. The gradient is the same, but "
                "not the number: a dimension below counts as floor, one above as it is.",
            ),
            _of_means(
                lambda cost, floor: (cost - floor).sum(),
                "You subtract the floor from every dimension. Instead, lift those below it to the "
                "floor: `clamp(min=floor)`.",
            ),
            _of_means(
                lambda cost, floor: (cost - floor).abs().sum(),
                "This is the distance from the floor, |KL - floor|, which pulls every dimension to "
                "one cost. Free bits leave those above as they are: `clamp(min=floor)`.",
            ),
            _of_means(
                lambda cost, floor: (cost + floor).sum(),
                "You add the floor to every dimension. The larger of the two is wanted, not the "
                "sum.",
            ),
            _of_means(
                lambda cost, floor: torch.where(cost < floor, cost + floor, cost).sum(),
                "You add the floor to each dimension below it. Such a dimension counts as the "
                "floor alone: the floor takes the place of its cost.",
            ),
            _of_means(
                lambda cost, floor: (cost - floor).clamp(min=0).sum() + floor,
                "You subtract the floor from every dimension and give it back once. Each dimension "
                "counts as the floor or more, so it must come back once for each.",
            ),
            _of_means(
                lambda cost, floor: cost.clamp(max=floor).sum(),
                "`max` where `min` should be: you cut off what is above the floor. It is a floor "
                "and no ceiling: `clamp(min=floor)`.",
            ),
            _of_means(
                lambda cost, floor: (cost * (cost > floor)).sum(),
                "You count a dimension below the floor as 0. It counts as the floor: at the moment "
                "of crossing the loss would jump otherwise.",
            ),
            _of_means(
                lambda cost, floor: cost.clamp(min=floor).mean(),
                "The mean over dimensions, where their sum is wanted. What the dimensions cost "
                "adds up.",
            ),
            _of_means(
                lambda cost, floor: cost.clamp(min=floor),
                "You have the cost of each dimension, (latent,), the floor applied. The sum over "
                "them is missing.",
            ),
            _of_means(
                lambda cost, floor: cost.clamp(min=floor / len(cost)).sum(),
                "You divide the floor among the dimensions. Each has the whole of it.",
            ),
            Mistake(
                lambda kl_per_dim, floor: kl_per_dim.sum(0).clamp(min=floor).sum(),
                "You summed each dimension over the batch where its mean is wanted, so the floor "
                "would mean less the larger the batch.",
            ),
            Mistake(
                lambda kl_per_dim, floor: kl_per_dim.mean(1).clamp(min=floor).sum(),
                "The mean is over the wrong axis, the dimensions of the code. Average over the "
                "batch, `dim=0`.",
            ),
            Mistake(
                lambda kl_per_dim, floor: kl_per_dim.clamp(min=floor).sum(1),
                "This is one number for each example, with the floor applied to each by itself. "
                "Average over the batch first: the result is a single number.",
            ),
            _of_means(
                lambda cost, floor: torch.where(
                    cost < floor, cost + (floor - cost).detach(), cost
                ).sum(),
                "The number is right, but dimensions below the floor still receive a gradient, "
                "which is what free bits are there to prevent. `clamp(min=floor)` gives them none.",
            ),
        ],
    ).stages,
)

# --- active_units ---------------------------------------------------------------------------------


def _codes(n: int, generator: torch.Generator, *groups: tuple[int, float, float]) -> Tensor:
    """Means (n, latent) in groups of (how many dimensions, mean, standard deviation), shuffled.

    Means and deviations are exact, and far enough from every threshold that it makes no difference
    whether a variance is divided by n or by n - 1.
    """
    columns = []
    for count, mean, std in groups:
        column = torch.randn(n, count, generator=generator)
        column = (column - column.mean(0)) / column.std(0, correction=0)
        columns.append(mean + std * column)
    codes = torch.cat(columns, dim=1)
    return codes[:, torch.randperm(codes.shape[1], generator=generator)]


# So many of each kind that every wrong way to count comes to a number of its own.
_ZOO = (
    (5, 0.0, 1.3),  # active
    (2, 0.0, 0.25),  # active
    (10, 1.5, 0.006),  # still, far from 0
    (4, 3.0, 0.07),  # active only after `exp`
    (1, -2.0, 0.03),
    (6, 0.0, 0.05),  # a deviation above 0.01, but no variance
    (12, 0.0, 0.011),  # a deviation just above, the mean distance below
    (16, 0.0, 0.009),  # a sum of squares above
    (23, 0.0, 0.0045),  # a range above
    (19, 0.0, 0.0005),  # nothing at all
    (3, 25 / 98, 0.0005),  # still, and as far from 0 as all entries are on average
)


def _encoders(generator: torch.Generator) -> list[tuple[Tensor] | tuple[Tensor, float]]:
    return [
        (_codes(200, generator, *_ZOO), 0.01),
        (_codes(40, generator, (3, 1.0, 0.8), (6, -1.0, 0.3), (14, 0.0, 0.02)), 0.2),
        (_codes(50, generator, (4, 0.5, 1.0), (9, 0.5, 0.2), (2, 0.5, 0.05)),),
        (_codes(30, generator, (6, 2.0, 0.001)), 0.01),  # collapsed: none
        (_codes(8, generator, (5, -1.0, 2.0)), 0.01),  # all
        (_codes(25, generator, (4, 0.0, 0.05), (9, 0.0, 0.02)), 0.001),
    ]


def _counted(spread: Callable[[Tensor], Tensor], message: str) -> Mistake:
    """A mistake in what is compared with the threshold."""
    return Mistake(lambda mu, threshold=0.01: int((spread(mu) > threshold).sum()), message)


active_units = Exercise(
    solution=solutions.active_units,
    difficulty=1,
    minutes=6,
    success=(
        "For the means (0, 5) and (1, 5) of two examples it is 1: the second dimension says the "
        "same of every image. A collapsed encoder has 0."
    ),
    hints=(
        "A dimension is active if its mean differs from example to example. Which number measures "
        "that, and over which axis?",
        "`mu.var(dim=0)` has one number for each dimension. Compare, and count the True ones: "
        "`sum` counts them, and `int` makes a Python number of it.",
    ),
    stages=Comparison(
        probes=_encoders,
        shape=None,
        advice=(
            "Print `mu.var(dim=0)`: one number for each dimension, over the examples. Count those "
            "above the threshold."
        ),
        mistakes=[
            _counted(
                lambda mu: mu.std(0),
                "You compared standard deviations with the threshold. It is meant for the "
                "variance, their square.",
            ),
            _counted(
                lambda mu: mu.var(1),
                "The variance is over the wrong axis: within each example, so you counted "
                "examples. Over the examples it is `dim=0`.",
            ),
            _counted(
                lambda mu: mu.exp().var(0),
                "You exponentiated the means. They are not logarithms: that is `log_var`.",
            ),
            _counted(
                lambda mu: mu.square().mean(0),
                "This is the mean square, which a dimension that stands still far from 0 has too. "
                "Take the variance: about the mean.",
            ),
            _counted(
                lambda mu: (mu - mu.mean()).square().mean(0),
                "You subtracted one mean of all entries. Each dimension varies about a mean of its "
                "own: `mu.mean(dim=0)`.",
            ),
            _counted(
                lambda mu: mu.abs().amax(0),
                "You counted the dimensions with an entry that is large, of either sign. One may "
                "be large and yet the same for every example: take the variance.",
            ),
            _counted(
                lambda mu: mu.abs().mean(0),
                "You averaged the sizes of the entries. A dimension may be large and yet the same "
                "for every example: take the variance.",
            ),
            _counted(
                lambda mu: mu.mean(0).abs(),
                "You looked at how far the average mean is from 0. What counts is how much it "
                "varies: the variance over the examples.",
            ),
            _counted(
                lambda mu: mu.mean(0),
                "You compared the average mean with the threshold. What counts is how much the "
                "mean varies: the variance over the examples.",
            ),
            _counted(
                lambda mu: mu.max(0).values - mu.min(0).values,
                "You compared the range, largest less smallest, with the threshold. It is meant "
                "for the variance.",
            ),
            _counted(
                lambda mu: (mu - mu.mean(0)).abs().mean(0),
                "You averaged the distances from the mean. The threshold is meant for the average "
                "of their squares, the variance.",
            ),
            _counted(
                lambda mu: (mu - mu.mean(0)).square().sum(0),
                "This is the sum of the squared deviations, which grows with the number of "
                "examples. The variance is their mean.",
            ),
            _counted(
                lambda mu: mu.var(0).square(),
                "You squared the variance. Compare it as it is.",
            ),
            Mistake(
                lambda mu, threshold=0.01: int((mu.var(0) <= threshold).sum()),
                "You counted the inactive ones, at or below the threshold. Active are those above.",
            ),
            Mistake(
                lambda mu, threshold=0.01: mu.shape[1],
                "You counted all dimensions, active or not.",
            ),
            Mistake(
                lambda mu, threshold=0.01: len(mu),
                "This is the number of examples. Dimensions are counted: those that vary.",
            ),
            Mistake(
                lambda mu, threshold=0.01: int(mu.var() > threshold),
                "You made one number of all dimensions and found whether it is above the "
                "threshold, 0 or 1. Compare the variance of each dimension, `dim=0`, then count.",
            ),
            Mistake(
                lambda mu, threshold=0.01: int((mu > threshold).sum()),
                "You counted the entries of mu above the threshold, over all examples. What is "
                "counted are dimensions, by their variance over the examples.",
            ),
            Mistake(
                lambda mu, threshold=0.01: int((mu.abs() > threshold).sum()),
                "You counted the entries of mu that are large, of either sign, over all examples. "
                "What is counted are dimensions, by their variance over the examples.",
            ),
            Mistake(
                lambda mu, threshold=0.01: int((mu.var(0) > 0.01).sum()),
                "The threshold that was handed over is ignored: there is a 0.01 written in your "
                "code. Use `threshold`.",
            ),
            *(
                Mistake(
                    lambda mu, threshold=default: int((mu.var(0) > threshold).sum()),
                    "Called without a threshold, the answer is wrong: the default was changed. "
                    "Keep the first line of the cell as it was given, `threshold=0.01`.",
                )
                for default in (0.0, 0.001, 0.05, 0.1)
            ),
        ],
    ).stages,
)
