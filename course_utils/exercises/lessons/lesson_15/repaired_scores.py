"""`repaired_scores`, lesson 15: a detector that is trained in one unit and asked in another."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.answer import generator_at
from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise, Specimen
from course_utils.losses import squared_error
from course_utils.metrics import pca


def repaired_scores(
    train: Float[Tensor, "n features"], x: Float[Tensor, "m features"], k: int
) -> Float[Tensor, " m"]:
    """How strange each row of x is: what k principal directions of the training rows leave of it.

    Columns have units of their own, so a row is first standardised: each number less the mean of
    its column among the training rows, divided by its deviation there, `train.std(0)`. PCA learns
    from the standardised training rows. The score of a row is the squared error of its
    reconstruction, in standardised numbers, summed over the columns.
    """
    mean, deviation = train.mean(0), train.std(0)
    principal = pca((train - mean) / deviation)
    rows = (x - mean) / deviation
    return squared_error(principal.reconstruct(rows, k), rows)


def specimen(
    train: Float[Tensor, "n features"], x: Float[Tensor, "m features"], k: int
) -> Float[Tensor, " m"]:
    mean, deviation = train.mean(0), train.std(0)
    principal = pca((train - mean) / deviation)
    return squared_error(principal.reconstruct(x, k), x)


def _tables(generator: torch.Generator) -> list[tuple[Tensor, Tensor, int]]:
    def table(n: int, m: int, d: int) -> tuple[Tensor, Tensor]:
        mix = torch.randn(d, d, generator=generator)
        unit, zero = torch.logspace(-0.5, 1, d), 3 * torch.randn(d, generator=generator)
        rows = (torch.randn(n + m, d, generator=generator) @ mix + zero) * unit
        return rows[:n], 1.5 * rows[n:] + unit

    train, x = table(40, 20, 4)
    return [
        (*(part.round(decimals=2) for part in table(6, 2, 3)), 1),
        (*table(25, 9, 5), 2),
        (train.double(), x.double(), 3),
        (*table(30, 3, 6), 4),
        (*table(12, 1, 4), 2),
    ]


def _judged(rows: Callable[[Tensor, Tensor], Tensor], message: str) -> Mistake:
    """A mistake in how new rows, (train, x), are made ready for the right PCA."""

    def scores(train: Tensor, x: Tensor, k: int) -> Tensor:
        ready = rows(train, x)
        learned = pca((train - train.mean(0)) / train.std(0))
        return squared_error(learned.reconstruct(ready, k), ready)

    return Mistake(scores, message)


def _alike(statistics: Callable[[Tensor, Tensor], tuple], message: str) -> Mistake:
    """A mistake in what is taken off all rows, and what they are divided by: of (train, x)."""

    def scores(train: Tensor, x: Tensor, k: int) -> Tensor:
        mean, deviation = statistics(train, x)
        rows = (x - mean) / deviation
        return squared_error(pca((train - mean) / deviation).reconstruct(rows, k), rows)

    return Mistake(scores, message)


def _error(make: Callable[[Tensor, Tensor], Tensor], message: str) -> Mistake:
    """A mistake in what is made of the right differences, and the columns' deviations."""

    def scores(train: Tensor, x: Tensor, k: int) -> Tensor:
        mean, deviation = train.mean(0), train.std(0)
        rows = (x - mean) / deviation
        learned = pca((train - mean) / deviation)
        return make(learned.reconstruct(rows, k) - rows, deviation)

    return Mistake(scores, message)


def _in_other_units(scores: Callable) -> float:
    """How much the scores change, in the mean, when each column is measured in another unit."""
    train, x = (torch.randn(n, 4, generator=generator_at(n)) + 2 for n in (50, 20))
    unit = torch.tensor([1000.0, 0.01, 1.0, 2.54])
    before, after = scores(train, x, 2), scores(train * unit, x * unit, 2)
    return ((after - before).abs().mean() / before.mean()).item()


exercise = Exercise(
    solution=repaired_scores,
    place=9,
    difficulty=2,
    minutes=8,
    success="In metres or in inches, together or alone: a row now has one score.",
    hints=(
        "Follow a training row through the function, then a new one. Do they take the same way?",
        "Measure a column in another unit, in `train` and in `x`: "
        "`repaired_scores(train * unit, x * unit, k)`. No row has become stranger by that.",
        "PCA has seen standardised rows only, so it must be asked about standardised rows, by the "
        "same two numbers for each column: `(x - mean) / deviation`, in both places.",
    ),
    stages=Comparison(
        probes=_tables,
        shape="(m,): one score for each row of x",
        advice=(
            "Three steps: mean and deviation of each column of `train`; both tables standardised "
            "by them; PCA of the first, and what it leaves of the second."
        ),
        mistakes=[
            _judged(
                lambda train, x: (x - x.mean(0)) / x.std(0),
                "Half repaired. New rows are standardised now, but by a mean and a deviation of "
                "their own. A row then has another score in other company, and a table that is "
                "strange throughout looks normal. Use the training rows' two numbers.",
            ),
            _judged(
                lambda train, x: (x - x.mean(0)) / train.std(0),
                "Half repaired. The deviation is the training rows' now, but the mean is still "
                "that of `x`. Both come from `train`.",
            ),
            _judged(
                lambda train, x: (x - train.mean(0)) / x.std(0),
                "Half repaired. The mean is the training rows' now, but the deviation is still "
                "that of `x`. Both come from `train`.",
            ),
            _judged(
                lambda train, x: x - train.mean(0),
                "Half repaired. The mean is taken off, and the units are still there: divide by "
                "the deviation as well.",
            ),
            _judged(
                lambda train, x: x / train.std(0),
                "Half repaired. The units are gone, but the mean is still there: it is taken off "
                "first.",
            ),
            _judged(
                lambda train, x: x / train.std(0) - train.mean(0),
                "First the mean is taken off, then comes the division: `(x - mean) / deviation`. "
                "Without brackets the mean is not divided.",
            ),
            _judged(
                lambda train, x: (x - train.mean(0)) / train.var(0),
                "You divide by the variance. The deviation is its root.",
            ),
            _alike(
                lambda train, x: (0.0, 1.0),
                "Training rows and new ones are treated alike now, but none is standardised: the "
                "column with the largest numbers decides alone. Standardise both.",
            ),
            _alike(
                lambda train, x: (
                    torch.cat([train, x]).mean(0),
                    torch.cat([train, x]).std(0),
                ),
                "Mean and deviation come from both tables together. The new rows should have no "
                "say in it: their scores would depend on their company.",
            ),
            _alike(
                lambda train, x: (train.mean(0), train.std()),
                "One deviation for the whole table leaves the units as they were. Each column has "
                "its own, `train.std(0)`.",
            ),
            _alike(
                lambda train, x: (train.mean(0), train.std(0, correction=0)),
                "Right but for one thing: this deviation is divided by n, as scikit-learn's scaler "
                "does it. Here it is `train.std(0)`, which divides by n - 1.",
            ),
            _error(
                lambda difference, deviation: ((difference * deviation) ** 2).sum(1),
                "Half repaired. PCA is asked about standardised rows now, but the error is "
                "measured in the columns' own units, and so the largest numbers decide again.",
            ),
            _error(
                lambda difference, deviation: (difference**2).mean(1),
                "You averaged over the columns. Their squares are summed.",
            ),
            _error(
                lambda difference, deviation: (difference**2).sum(1).sqrt(),
                "You take a root at the end. The squared error is wanted.",
            ),
            _error(
                lambda difference, deviation: difference.abs().sum(1),
                "These are absolute differences. The squares are wanted.",
            ),
        ],
    ).stages,
    specimen=Specimen(
        specimen,
        "no row becomes stranger by being measured in other units. Here the scores change by "
        "{by:,.0f} times their size.",
        _in_other_units,
        allowed=1e-3,
    ),
)
