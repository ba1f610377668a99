"""`blame`, lesson 16: of a strange row, the column that speaks against it most."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def blame(
    x: Float[Tensor, "n d"], x_hat: Float[Tensor, "n d"], spread: Float[Tensor, " d"]
) -> Int[Tensor, " n"]:
    """For each of n rows, the column whose residual is largest in units of its spread.

    x is what was seen, x_hat what a model expected. spread, positive, says how large residuals
    usually are in each of the d columns. Too much and too little count alike. Columns are numbered
    from 0; of equal ones the first is named.
    """
    return ((x - x_hat) / spread).abs().argmax(dim=1)


def _rows(generator: torch.Generator) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Columns of very different spreads, and rows whose largest residual has either sign."""

    def table(n: int, d: int, far: float = 3.0) -> tuple[Tensor, Tensor, Tensor]:
        spread = torch.exp(1.5 * torch.randn(d, generator=generator))
        x_hat = far * torch.randn(n, d, generator=generator) + torch.arange(float(d))
        x = x_hat + spread * torch.randn(n, d, generator=generator)
        return x, x_hat, spread

    first = (
        torch.tensor([[5.0, 1.0, 30.0], [2.0, 4.0, 10.0], [2.5, 1.0, 20.0]]),
        torch.tensor([[2.0, 1.5, 25.0], [2.0, 1.5, 18.0], [2.0, 3.0, 19.0]]),
        torch.tensor([1.0, 0.5, 4.0]),
    )
    alone = (torch.tensor([[1.0, -7.0]]), torch.tensor([[3.0, -5.5]]), torch.tensor([2.0, 1.0]))
    return [
        first,
        table(6, 4),
        table(30, 5),
        alone,
        table(40, 7, far=30.0),
        tuple(part.double() for part in table(25, 3)),
        table(1, 6),
        (torch.zeros(3, 4), torch.zeros(3, 4), torch.ones(4)),  # as expected: the first
        table(12, 1),
    ]


def _largest(
    score: Callable[[Tensor, Tensor, Tensor], Tensor], message: str, dim: int | None = 1
) -> Mistake:
    """A mistake in what is compared among the columns, or along what."""
    return Mistake(lambda x, x_hat, spread: score(x, x_hat, spread).argmax(dim=dim), message)


def _in_spreads(x: Tensor, x_hat: Tensor, spread: Tensor) -> Tensor:
    return ((x - x_hat) / spread).abs()


_SIGNED = (
    "The sign is kept, so that only too much (or only too little) is found. Both are wrong: take "
    "`.abs()` before the largest is chosen."
)

exercise = Exercise(
    solution=blame,
    place=2,
    difficulty=2,
    minutes=6,
    success=(
        "Half a millimetre is much in a length, and half a dollar is nothing in a price. The "
        "spread of the residuals, not of the column, is what makes them comparable."
    ),
    hints=(
        "What is left of x when you subtract what was expected? In which unit are the columns of "
        "that comparable?",
        "Divide by `spread`, which has one number for each column, and drop the sign. Then the "
        "place of the largest in each row: `argmax(dim=1)`.",
    ),
    stages=Comparison(
        probes=_rows,
        shape="(n,): the number of one column for each row",
        advice=(
            "Take the first row by hand: subtract, divide each column by its spread, drop the "
            "signs. Which place has the largest?"
        ),
        mistakes=[
            _largest(lambda x, x_hat, spread: (x - x_hat) / spread, _SIGNED),
            _largest(lambda x, x_hat, spread: (x_hat - x) / spread, _SIGNED),
            _largest(
                lambda x, x_hat, spread: (x - x_hat).abs(),
                "The residuals are not divided by `spread`, so that the column with the largest "
                "numbers is blamed for everything.",
            ),
            *(
                _largest(
                    score,
                    "Division comes before subtraction: put brackets around `x - x_hat`, and "
                    "divide all of it.",
                )
                for score in (
                    lambda x, x_hat, spread: (x - x_hat / spread).abs(),
                    lambda x, x_hat, spread: (x / spread - x_hat).abs(),
                )
            ),
            _largest(
                lambda x, x_hat, spread: (x - x_hat).abs() - spread,
                "The spread is subtracted. Divide by it: the question is how many spreads a "
                "residual has, and not by how much it exceeds one.",
            ),
            _largest(
                lambda x, x_hat, spread: (x - x_hat).abs() * spread,
                "The residuals are multiplied by the spread. Divide: three of a spread of one is "
                "more than three of a spread of four.",
            ),
            _largest(
                lambda x, x_hat, spread: (x - x_hat) ** 2 / spread,
                "The residual is squared and the spread is not (or the root of the spread is "
                "taken, which gives the same order). Square both, or neither.",
            ),
            _largest(
                lambda x, x_hat, spread: (x - x_hat).abs() / spread**2,
                "The spread is squared and the residual is not. Square both, or neither. (Is it "
                "taken for a variance? It is a standard deviation.)",
            ),
            _largest(
                lambda x, x_hat, spread: x.abs() / spread,
                "You compare the values themselves. Subtract what was expected, `x_hat`: a large "
                "value is no error if it was to be large.",
            ),
            _largest(
                lambda x, x_hat, spread: -_in_spreads(x, x_hat, spread),
                "This is the column with the *smallest* residual, the least to blame.",
            ),
            _largest(
                _in_spreads,
                "The largest is looked for along the rows, and comes out once for each column. "
                "Each row is to be told its column: `dim=1`.",
                dim=0,
            ),
            _largest(
                _in_spreads,
                "Without `dim` the table is read as one long line, and a single place comes out. "
                "Each row is to be told its column: `dim=1`.",
                dim=None,
            ),
            _largest(
                lambda x, x_hat, spread: ((x - x_hat) / x_hat).abs(),
                "You divide by what was expected: a residual in per cent. A column in which one "
                "per cent is much and another in which it is nothing are then compared alike; "
                "divide by `spread`.",
            ),
            _largest(
                lambda x, x_hat, spread: ((x - x_hat) / x).abs(),
                "You divide by what was seen: a residual in per cent. Divide by `spread`, which "
                "says what is usual in the column.",
            ),
            _largest(
                lambda x, x_hat, spread: ((x - x_hat) / (x - x_hat).std(dim=0)).abs(),
                "You divide by the spread of the residuals of *these* rows. They are under "
                "suspicion, and what is wrong with many of them would look usual: divide by the "
                "`spread` that was handed over.",
            ),
            Mistake(
                lambda x, x_hat, spread: _in_spreads(x, x_hat, spread).argmax(dim=1) + 1,
                "Your columns are numbered from 1. The first has the number 0.",
            ),
        ],
    ).stages,
)
