"""`repaired_test_error`, lesson 15: an error that was measured on the wrong pictures."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.answer import generator_at
from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise, Specimen
from course_utils.losses import squared_error
from course_utils.metrics import pca


def repaired_test_error(
    train: Float[Tensor, "n features"], test: Float[Tensor, "m features"], k: int
) -> float:
    """The squared error that PCA with k directions leaves on new pictures, on average per picture.

    The mean and the directions come from train. The error is that on the pictures of test, summed
    over pixels; they are taken a hundred at a time, and the last batch may be smaller.
    """
    principal = pca(train)
    total = 0.0
    for batch in test.split(100):
        total += squared_error(principal.reconstruct(batch, k), batch).sum().item()
    return total / len(test)


def specimen(
    train: Float[Tensor, "n features"], test: Float[Tensor, "m features"], k: int
) -> float:
    principal = pca(train)
    total = 0.0
    for batch in train[: len(test)].split(100):
        total += squared_error(principal.reconstruct(batch, k), batch).sum().item()
    return total / len(test)


def _splits(generator: torch.Generator) -> list[tuple[Tensor, Tensor, int]]:
    def pictures(n: int, d: int) -> Tensor:
        return torch.randn(n, d, generator=generator) * torch.linspace(0.3, 2, d) + 1

    return [
        (pictures(7, 3), pictures(2, 3) - 0.5, 1),  # 7 / 2, 7 and 2 are not the width
        (pictures(400, 7), 1.5 * pictures(250, 7), 3),  # two batches and a half
        (pictures(30, 5), pictures(30, 5), 2),
        (pictures(20, 6), pictures(110, 6), 4),  # more to test on than to learn from
        (pictures(9, 4), pictures(1, 4), 0),
    ]


def _left_by(
    learned: Callable[[Tensor, Tensor], Tensor],
    judged: Callable[[Tensor, Tensor], Tensor],
    message: str,
) -> Mistake:
    """A mistake in which pictures the directions come from, or on which they are judged."""

    def error(train: Tensor, test: Tensor, k: int) -> float:
        x = judged(train, test)
        return squared_error(pca(learned(train, test)).reconstruct(x, k), x).mean().item()

    return Mistake(error, message)


def _summed(make: Callable[[Tensor, Tensor], float], message: str) -> Mistake:
    """A mistake in how the squares of the right differences are put together."""

    def error(train: Tensor, test: Tensor, k: int) -> float:
        return make((pca(train).reconstruct(test, k) - test) ** 2, test)

    return Mistake(error, message)


def _unseen(function: Callable) -> float:
    """How far the answer is from the error on pictures that share nothing with the others."""
    train = torch.randn(40, 12, generator=generator_at())
    test = 2 * torch.randn(25, 12, generator=generator_at(1))
    truth = squared_error(pca(train).reconstruct(test, 6), test).mean().item()
    return abs(function(train, test, 6) - truth)


exercise = Exercise(
    solution=repaired_test_error,
    place=1,
    difficulty=1,
    minutes=5,
    success=(
        "Trained on 300 digits, 100 directions leave more than twice as much of a new digit as of "
        "one of the 300. Now you measure the first."
    ),
    hints=(
        "Follow one picture of `test` through the function. Where is it drawn again?",
        "Hand in a `test` that resembles nothing, white paper for instance: "
        "`repaired_test_error(train, 0 * test, 30)`. The error of new pictures should change.",
        "The batches are cut from the wrong set: they should be `test.split(100)`.",
    ),
    stages=Comparison(
        probes=_splits,
        shape=None,
        advice=(
            "Three steps: directions from `train`; the squared error of each picture of `test`, "
            "summed over its pixels; the mean over the pictures of `test`."
        ),
        mistakes=[
            _left_by(
                lambda train, test: test,
                lambda train, test: test,
                "Now the directions come from `test` as well: the pictures are judged by what was "
                "fitted to them, the same mistake the other way round. `pca(train)` was right.",
            ),
            _left_by(
                lambda train, test: torch.cat([train, test]),
                lambda train, test: test,
                "The directions come from both sets together, so that the test pictures had a say "
                "in them. They must be found in `train` alone.",
            ),
            _left_by(
                lambda train, test: train,
                lambda train, test: torch.cat([train, test]),
                "You judge on both sets together. The training pictures in it make the error look "
                "smaller: take those of `test` alone.",
            ),
            _left_by(
                lambda train, test: train,
                lambda train, test: train,
                "This is the error on all of `train`. The question was how well *new* pictures are "
                "drawn, those of `test`.",
            ),
            _left_by(
                lambda train, test: train,
                lambda train, test: train[-len(test) :],
                "You judge on the last pictures of `train`. They were learned from too; the new "
                "ones are in `test`.",
            ),
            _left_by(
                lambda train, test: test,
                lambda train, test: train,
                "The two sets have changed places: you learn from `test` and judge on `train`.",
            ),
            _summed(
                lambda squares, test: squares.mean().item(),
                "You averaged over the pixels too. The error of a picture is the sum over its "
                "pixels; only the pictures are averaged.",
            ),
            Mistake(
                lambda train, test, k: (
                    squared_error(pca(train).reconstruct(test, k), test).sum().item() / len(train)
                ),
                "You sum over the pictures of `test` and divide by how many `train` has.",
            ),
            _summed(
                lambda squares, test: squares.sum().item(),
                "This is the sum over all pictures. Divide by how many there are, `len(test)`.",
            ),
            _summed(
                lambda squares, test: (
                    sum(part.sum(1).mean().item() for part in squares.split(100))
                    / math.ceil(len(test) / 100)
                ),
                "You average the averages of the batches, so that the pictures of a small last "
                "batch count more than the others. Sum over all pictures, and divide once.",
            ),
            _summed(
                lambda squares, test: squares[:100].sum().item() / len(test),
                "You look at the first batch and at no other, and divide by all pictures. Is the "
                "`return` inside the loop?",
            ),
            _summed(
                lambda squares, test: squares.sum(1).sqrt().mean().item(),
                "You take a root of each picture's error. The squared error is wanted.",
            ),
        ],
    ).stages,
    specimen=Specimen(
        specimen,
        "on pictures that share nothing with the training pictures its answer should be the error "
        "on these. It is off by {by:.1f} squared pixels.",
        _unseen,
    ),
)
