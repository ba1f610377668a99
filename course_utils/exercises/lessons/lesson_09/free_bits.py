"""`free_bits`, lesson 09: a floor under the price of each number."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def free_bits(kl_per_dim: Float[Tensor, "batch latent"], floor: float) -> Float[Tensor, ""]:
    """The KL term of a batch, in which a dimension that costs less than the floor counts as floor.

    What is compared with the floor, in nats, is the mean of a dimension over the batch. The result
    is the sum over dimensions, one number; a dimension below the floor receives no gradient.
    """
    cost = kl_per_dim.mean(dim=0)  # of each dimension
    return cost.clamp(min=floor).sum()


def _costs(generator: torch.Generator) -> list[tuple[Tensor, float]]:
    """KLs of every kind: dimensions below the floor, above it, and examples on both sides of it."""

    def table(batch: int, *means: float) -> Tensor:
        spread = 0.1 + 1.8 * torch.rand(batch, len(means), generator=generator)
        return spread / spread.mean(0) * torch.tensor(means)

    return [
        (table(3, 0.2, 1.1, 0.4, 1.6).round(decimals=1), 0.8),  # small enough to print
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


exercise = Exercise(
    solution=free_bits,
    place=4,
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
