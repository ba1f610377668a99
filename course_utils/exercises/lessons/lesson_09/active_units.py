"""`active_units`, lesson 09: numbers whose means vary from picture to picture."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def active_units(mu: Float[Tensor, "n latent"], threshold: float = 0.01) -> int:
    """How many dimensions of the code vary: those whose mean has a variance above the threshold.

    Row i holds the means that the encoder gives for example i; the variance is over the examples.
    """
    variance = mu.var(dim=0, correction=0)
    return int((variance > threshold).sum())


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


def _with_copies(mu: Tensor) -> Tensor:
    """Two more dimensions that say what one says already: each counts, though all turn together."""
    said = mu[:, mu.var(0).argmax()]
    return torch.cat([mu, said[:, None], -0.5 * said[:, None]], dim=1)


def _late(mu: Tensor) -> Tensor:
    """The first three quarters of the examples are the same one: the rest alone varies."""
    return torch.cat([mu[:1].expand(300, -1), mu[300:]])


def _rarely(mu: Tensor) -> Tensor:
    """All but the last eighth of the examples are one: what is rare moves no median."""
    return torch.cat([mu[:1].expand(35, -1), mu[35:]])


def _encoders(generator: torch.Generator) -> list[tuple[Tensor] | tuple[Tensor, float]]:
    return [
        (_codes(200, generator, *_ZOO), 0.01),
        (_codes(40, generator, (3, 1.0, 0.8), (6, -1.0, 0.3), (14, 0.0, 0.02)), 0.2),
        (_codes(50, generator, (4, 0.5, 1.0), (9, 0.5, 0.12), (3, 0.5, 0.08), (2, 0.5, 0.05)),),
        (_codes(30, generator, (6, 2.0, 0.001)), 0.01),  # collapsed: none
        (_codes(8, generator, (5, -1.0, 2.0)), 0.01),  # all
        (_codes(25, generator, (4, 0.0, 0.05), (9, 0.0, 0.02)), 0.001),
        (_with_copies(_codes(60, generator, (3, 0.0, 0.9), (5, 1.0, 0.01))), 0.04),
        (_rarely(_codes(40, generator, (7, 0.0, 1.0), (2, 0.0, 0.03))), 0.01),
        (_late(_codes(400, generator, (4, 0.5, 0.8), (3, 0.5, 0.01))), 0.01),
    ]


def _middle(mu: Tensor) -> Tensor:
    return mu.median(dim=0).values


def _counted(spread: Callable[[Tensor], Tensor], message: str) -> Mistake:
    """A mistake in what is compared with the threshold."""
    return Mistake(lambda mu, threshold=0.01: int((spread(mu) > threshold).sum()), message)


exercise = Exercise(
    solution=active_units,
    place=1,
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
                "You count as if standard deviations were compared with the threshold. It is meant "
                "for the variance, their square.",
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
                lambda mu, threshold=0.01: int(
                    (torch.linalg.eigvalsh(torch.atleast_2d(mu.T.cov())) > threshold).sum()
                ),
                "You counted eigenvalues of the covariance, directions in which the code varies. "
                "What is counted are its dimensions, each by its own variance: two that say the "
                "same are both active.",
            ),
            Mistake(
                lambda mu, threshold=0.01: int(torch.linalg.matrix_rank(mu - mu.mean(0))),
                "This is the rank of the means. What is counted are dimensions, each by its own "
                "variance, above the threshold.",
            ),
            Mistake(
                lambda mu, threshold=0.01: int(
                    torch.linalg.matrix_rank(mu - mu.mean(0), tol=threshold)
                ),
                "This is a rank, the singular values above the threshold. What is counted are "
                "dimensions, each by its own variance.",
            ),
            _counted(
                lambda mu: (1.4826 * _middle((mu - _middle(mu)).abs())).square(),
                "You measured the spread by medians, which what is rare does not move. Take the "
                "variance, to which every example counts.",
            ),
            *(
                Mistake(
                    lambda mu, threshold=0.01, first=first: int(
                        (mu[:first].var(0) > threshold).sum()
                    ),
                    "Only the first examples are looked at. The variance is over all of them.",
                )
                for first in (10, 64, 100, 128, 256)
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
