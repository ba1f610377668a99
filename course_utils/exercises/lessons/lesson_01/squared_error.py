"""`squared_error`, lesson 01: squares, summed over features and not over the batch."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise
from course_utils.exercises.checking.parts import NO_POWER


def squared_error(
    x_hat: Float[Tensor, "batch *features"], x: Float[Tensor, "batch *features"]
) -> Float[Tensor, " batch"]:
    """Squared differences, summed over all features of an example: one number for each."""
    return (x_hat - x).square().flatten(start_dim=1).sum(dim=1)


def _pairs(generator: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    def pair(*shape: int) -> tuple[Tensor, Tensor]:
        x_hat, x = torch.randn(2, *shape, generator=generator)
        return 1.5 * x_hat + 0.5, x - 0.5

    def images(*shape: int) -> tuple[Tensor, Tensor]:
        x_hat, x = torch.rand(2, *shape, generator=generator)
        return x_hat, x

    return [
        tuple(tensor.round(decimals=1) for tensor in pair(3, 4)),  # small enough to print
        pair(7, 3),
        pair(2, 9),
        pair(1, 5),
        images(3, 784),
        images(2, 1, 28, 28),
        images(1, 1, 28, 28),
    ]


exercise = Exercise(
    solution=squared_error,
    place=1,
    difficulty=1,
    minutes=5,
    success=(
        "For x_hat = [[1, 2], [3, 5]] and x = [[0, 0], [3, 3]] you get tensor([5., 4.]), and "
        "a batch of 128 images gives 128 numbers."
    ),
    hints=(
        "Subtract, square, sum. The only question is over which axes: all but the first, which "
        "counts the examples.",
        "`flatten(1)` turns a batch of any shape into (batch, features), and leaves one axis to "
        "sum over: `dim=1`.",
    ),
    stages=Comparison(
        probes=_pairs,
        shape="(batch,): one number for each example",
        advice=(
            "Carry the first row through by hand: the differences, their squares, the sum of "
            "those. Then print the same three things in your function."
        ),
        gradient="x_hat",
        mistakes=[
            Mistake(lambda x_hat, x: (x_hat - x) ^ 2, NO_POWER),
            Mistake(
                lambda x_hat, x: (x_hat - x).square(),
                "You returned a squared difference for each feature, with the shape of x. The "
                "loss of an example is one number: sum over every axis but the first.",
            ),
            Mistake(
                lambda x_hat, x: F.mse_loss(x_hat, x),
                "This is the mean over features and examples, what `F.mse_loss` returns unless "
                'told otherwise. Ask it for `reduction="none"`, or write the square yourself, and '
                "sum over the features only.",
            ),
            Mistake(
                lambda x_hat, x: (x_hat - x).square().sum(),
                "You summed over everything, the examples too, so the batch became one number. "
                "Keep the first axis and sum over the others.",
            ),
            Mistake(
                lambda x_hat, x: (x_hat - x).square().flatten(1).sum(1).mean(),
                "The sum over features is right, but then you took the mean over the batch. "
                "`fit` takes that mean, once, at the end; a loss returns one number per example.",
            ),
            Mistake(
                lambda x_hat, x: (x_hat - x).square().flatten(1).mean(1),
                "This is the mean over the features where the sum is wanted: it is smaller by "
                "their number. The course sums over features, so that a loss counts whole images.",
            ),
            Mistake(
                lambda x_hat, x: (x_hat - x).square().sum(0),
                "You summed over the first axis, the examples. That axis must stay: sum over the "
                "features, which come after it.",
            ),
            Mistake(
                lambda x_hat, x: (x_hat - x).square().mean(0),
                "You took the mean over the batch, the first axis, and left one number per "
                "feature. It is the other way round: keep the examples, sum over the features.",
            ),
            Mistake(
                lambda x_hat, x: (x_hat - x).square().flatten(1).sum(1, keepdim=True),
                "The numbers are right, but they stand in a column, (batch, 1). Leave out "
                "`keepdim=True`: a column and a row would later broadcast into a square.",
            ),
            Mistake(
                lambda x_hat, x: (x_hat - x).abs().flatten(1).sum(1),
                "You summed the absolute differences. Squares are wanted: they punish one large "
                "error more than many small ones.",
            ),
            Mistake(
                lambda x_hat, x: (x_hat - x).flatten(1).sum(1),
                "Nothing is squared here: errors above and below the target cancel. Square each "
                "difference before the sum.",
            ),
            Mistake(
                lambda x_hat, x: (x - x_hat).flatten(1).sum(1),
                "Nothing is squared here, and the difference is x - x_hat: errors of opposite "
                "sign cancel. Square each difference before the sum.",
            ),
            Mistake(
                lambda x_hat, x: (x_hat - x).flatten(1).sum(1).square(),
                "You summed first and squared the sum, so errors of opposite sign cancel. Square "
                "each difference, then sum.",
            ),
            Mistake(
                lambda x_hat, x: (x_hat - x).square().flatten(1).sum(1) / 2,
                "This is half the squared error. The factor ½ belongs to the Gaussian likelihood, "
                "not to this loss.",
            ),
            Mistake(
                lambda x_hat, x: (x_hat - x).square().flatten(1).sum(1).sqrt(),
                "You took the square root: this is the Euclidean distance. Leave it squared; the "
                "root's gradient blows up where the reconstruction is perfect.",
            ),
            Mistake(
                lambda x_hat, x: (x_hat - x).square().flatten(1).mean(1).sqrt(),
                "This is the root of the mean square. No root and no mean are wanted: the sum of "
                "the squares as it is.",
            ),
            Mistake(
                lambda x_hat, x: -(x_hat - x).square().flatten(1).sum(1),
                "The sign is turned round. A loss is smaller when the reconstruction is better, "
                "and 0 when it is perfect.",
            ),
            Mistake(
                lambda x_hat, x: (x_hat.square() - x.square()).flatten(1).sum(1),
                "You subtracted the squares, x_hat² - x². The square of the difference is "
                "something else: subtract first, then square.",
            ),
            Mistake(
                lambda x_hat, x: (x.square() - x_hat.square()).flatten(1).sum(1),
                "You subtracted the squares, x² - x_hat². Take the difference first and square "
                "that: it is then 0 only where the two agree.",
            ),
            Mistake(
                lambda x_hat, x: (x_hat + x).square().flatten(1).sum(1),
                "There is a plus where the minus should be: a perfect reconstruction would cost "
                "4x².",
            ),
            Mistake(
                lambda x_hat, x: (x_hat - x).square().sum(-1),
                "Right for (batch, features), but for images of shape (batch, 1, 28, 28) only the "
                "last axis is summed, one row of pixels. Sum over every axis but the first: "
                "`flatten(1)` makes one of them.",
            ),
            Mistake(
                lambda x_hat, x: (x_hat - x).square().sum(1),
                "Right for (batch, features), but for images of shape (batch, 1, 28, 28) axis 1 is "
                "the colour channel, and the pixels stay. `flatten(1)` before the sum puts all "
                "features into axis 1.",
            ),
            Mistake(
                lambda x_hat, x: (x_hat - x).square().mean(-1),
                "You took the mean over the last axis. Sum instead, and over every axis but the "
                "first, so that images of shape (batch, 1, 28, 28) work as well.",
            ),
            Mistake(
                lambda x_hat, x: (x_hat - x).square().sum((1, 2, 3)),
                "You named axes that only images have, such as (1, 2, 3). A batch of rows has two, "
                "(batch, features): `flatten(1)` first makes the same line work for both.",
            ),
            Mistake(
                lambda x_hat, x: torch.einsum("bd,bd->b", x_hat - x, x_hat - x),
                "Your `einsum` expects two axes, and images have four. `flatten(1)` first makes "
                "the same line work for both.",
            ),
            Mistake(
                lambda x_hat, x: torch.cdist(x_hat.flatten(1), x.flatten(1)).square(),
                "This compares every reconstruction with every example, (batch, batch). Only "
                "pairs of the same row are wanted: the diagonal.",
            ),
            Mistake(
                lambda x_hat, x: ((x_hat - x) * (x_hat - x).detach()).flatten(1).sum(1),
                "The numbers are right but the gradient is half of what it should be: one of the "
                "two factors is detached. Square the one difference.",
            ),
        ],
    ).stages,
)
