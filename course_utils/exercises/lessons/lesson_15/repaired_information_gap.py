"""`repaired_information_gap`, lesson 15: a table turned by a reshape."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.exercises.checking.answer import generator_at
from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise, Specimen
from course_utils.metrics import factor_entropy, mutual_information


def repaired_information_gap(
    codes: Float[Tensor, "n latent"], factors: Int[Tensor, "n factors"]
) -> float:
    """The mutual information gap of codes: does one number alone know each factor?

    For each factor, what the best number of the code tells about it less what the second best
    tells, as a share of the factor's entropy; the mean over factors. Row i of codes and row i of
    factors belong to the same example.
    """
    rows = codes.T
    known = torch.cat([mutual_information(row[:, None], factors) for row in rows])
    best, second = known.topk(2, dim=0).values
    return ((best - second) / factor_entropy(factors)).mean().item()


def specimen(codes: Float[Tensor, "n latent"], factors: Int[Tensor, "n factors"]) -> float:
    n, latent = codes.shape
    rows = codes.reshape(latent, n)
    known = torch.cat([mutual_information(row[:, None], factors) for row in rows])
    best, second = known.topk(2, dim=0).values
    return ((best - second) / factor_entropy(factors)).mean().item()


def _tables(generator: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    def case(n: int, latent: int, factors: int, levels: int) -> tuple[Tensor, Tensor]:
        columns = [torch.randint(levels + j, (n,), generator=generator) for j in range(factors)]
        values = torch.stack(columns, dim=1)
        codes = torch.randn(n, latent, generator=generator)
        for j in range(latent):  # each number knows one factor, more or less well
            codes[:, j] += (1 + j) * values[:, j % factors]
        return codes, values

    return [
        case(60, 3, 2, 2),
        case(200, 5, 3, 4),
        case(150, 2, 2, 5),
        case(101, 4, 1, 3),
        case(300, 6, 4, 2),
    ]


def _known(codes: Tensor, factors: Tensor) -> Tensor:
    return mutual_information(codes, factors)


def _gap(make: Callable[[Tensor, Tensor], Tensor], message: str) -> Mistake:
    """A mistake in what is made of the information, (latent, factors), and the entropies."""
    return Mistake(
        lambda codes, factors: make(_known(codes, factors), factor_entropy(factors)).item(),
        message,
    )


def _two(known: Tensor) -> Tensor:
    return known.topk(2, dim=0).values


def _short_of_one(gap: Callable) -> float:
    """How far below 1 the gap of a perfect code is: its numbers are the factors, in other order."""
    factors = torch.randint(4, (600, 3), generator=generator_at())
    return 1 - gap(factors[:, [2, 0, 1]].float(), factors)


exercise = Exercise(
    solution=repaired_information_gap,
    place=11,
    difficulty=3,
    minutes=10,
    success="A perfect code has a gap of 1, in whatever order its numbers are.",
    hints=(
        "The last two lines are those of lesson 10, and they are right. Follow a single value of "
        "`codes`, say `codes[1, 0]`: in which row, and in which place of it, does it end up?",
        "Make a perfect code: its numbers are the factors, in another order. "
        "`repaired_information_gap(factors[:, [2, 0, 1]].float(), factors)` should be 1.",
        "`reshape` gives a matrix another shape and leaves the values in the order in which they "
        "were read; rows do not become columns. `codes.T` turns it round.",
    ),
    stages=Comparison(
        probes=_tables,
        shape=None,
        advice=(
            "`rows` should have one row for each number of the code, with the values of all n "
            "examples in the order of the examples: check that `rows[1, 0]` is `codes[0, 1]`."
        ),
        tolerance=1e-3,
        mistakes=[
            _gap(
                lambda known, entropy: (known.amax(0) / entropy).mean(),
                "This is what the best number knows. The second best is not taken off, so a code "
                "in which two numbers know the same would look as good.",
            ),
            _gap(
                lambda known, entropy: (_two(known)[0] - _two(known)[1]).mean(),
                "The gap in nats. Divide each by the entropy of its factor, so that factors with "
                "few values count as much as others.",
            ),
            _gap(
                lambda known, entropy: (_two(known)[0] - _two(known)[1]).mean() / entropy.mean(),
                "You divide the mean gap by the mean entropy. Each factor's gap is divided by its "
                "own entropy, before the mean.",
            ),
            _gap(
                lambda known, entropy: ((_two(known)[0] - _two(known)[1]) / entropy).sum(),
                "The sum over the factors. Their mean is wanted, so that 1 is the best.",
            ),
            _gap(
                lambda known, entropy: ((_two(known)[0] - _two(known)[1]) / entropy).amax(),
                "The gap of the best factor. The mean over all factors is wanted.",
            ),
            _gap(
                lambda known, entropy: ((_two(known)[1] - _two(known)[0]) / entropy).mean(),
                "The sign is turned: the best less the second best.",
            ),
            _gap(
                lambda known, entropy: (
                    (known.amax(0) - known.sort(dim=0).values[0]) / entropy
                ).mean(),
                "The best less the *worst* number. It is the second best that must not know the "
                "factor too.",
            ),
            _gap(
                lambda known, entropy: ((known.amax(0) - known.mean(0)) / entropy).mean(),
                "The best number less the mean of all. Compare it with the second best.",
            ),
            _gap(
                lambda known, entropy: (1 - _two(known)[1] / _two(known)[0]).mean(),
                "You divide by what the best number knows. Then a code that knows next to nothing "
                "could reach 1: divide by the entropy of the factor.",
            ),
            Mistake(
                lambda codes, factors: (
                    (
                        (_two(_known(codes.flip(0), factors)) * torch.tensor([[1.0], [-1.0]])).sum(
                            0
                        )
                        / factor_entropy(factors)
                    )
                    .mean()
                    .item()
                ),
                "The examples are in reverse order: row i of the codes no longer belongs to row i "
                "of the factors.",
            ),
        ],
    ).stages,
    specimen=Specimen(
        specimen,
        "a perfect code, whose numbers are the factors themselves in another order, should have a "
        "gap of 1. It falls short of that by {by:.2f}.",
        _short_of_one,
        allowed=0.05,  # counting 600 examples finds a little information everywhere
    ),
)
