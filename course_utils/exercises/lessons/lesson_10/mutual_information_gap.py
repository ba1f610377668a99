"""`mutual_information_gap`, lesson 10: the best number against the second, factor by factor."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def mutual_information_gap(
    mutual_information: Float[Tensor, "latent factors"],
    factor_entropy: Float[Tensor, " factors"],
) -> float:
    """How far, for each factor, the number that knows it best is ahead of the second best.

    Row j holds what number j of the code knows of each factor, in nats; there are two rows or more.
    For each factor, the gap as a share of the factor's entropy; then the mean over factors.
    """
    best, second = mutual_information.topk(2, dim=0).values
    return ((best - second) / factor_entropy).mean().item()


def _tables(generator: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    """Tables of information, each entry at most its factor's entropy, and the entropies."""

    def table(latent: int, factors: int) -> tuple[Tensor, Tensor]:
        entropy = 0.6 + 1.8 * torch.rand(factors, generator=generator)
        return entropy * torch.rand(latent, factors, generator=generator), entropy

    def perfect(factors: int) -> tuple[Tensor, Tensor]:
        entropy = 0.6 + 1.8 * torch.rand(factors, generator=generator)
        return entropy.diag().flip(0), entropy

    def twice(latent: int, factors: int) -> tuple[Tensor, Tensor]:
        known, entropy = table(latent, factors)
        return torch.cat([known, known]), entropy

    known, entropy = table(4, 3)
    return [
        (known.round(decimals=2), entropy.mul(10).ceil().div(10)),  # small enough to print
        table(3, 5),
        table(10, 5),
        table(2, 4),
        table(6, 2),
        twice(3, 4),  # no number is ahead of its copy
        perfect(4),
        (torch.zeros(5, 3), table(5, 3)[1]),  # a code that knows nothing
    ]


def _of_ranks(gap: Callable[[Tensor, Tensor, Tensor], Tensor], message: str) -> Mistake:
    """A mistake in what is made of the best, the second best and the entropy of each factor."""

    def answer(mutual_information: Tensor, factor_entropy: Tensor) -> float:
        best, second = mutual_information.topk(2, dim=0).values
        return float(gap(best, second, factor_entropy))

    return Mistake(answer, message)


def _against(rival: Callable[[Tensor, Tensor], Tensor], message: str) -> Mistake:
    """A mistake in what the best number of each factor is compared with."""

    def answer(mutual_information: Tensor, factor_entropy: Tensor) -> float:
        best = mutual_information.amax(0)
        return float(((best - rival(mutual_information, best)) / factor_entropy).mean())

    return Mistake(answer, message)


def _best_row(known: Tensor) -> Tensor:
    """For each factor the row of the number that knows it best, (factors, factors)."""
    return known[known.argmax(0)]


def _strictly_below(known: Tensor, best: Tensor) -> Tensor:
    return torch.where(known < best, known, 0.0).amax(0)


def _by_rows(known: Tensor, entropy: Tensor) -> float:
    best, second = known.topk(2, dim=1).values.T
    return float(((best - second) / entropy).mean())


def _by_rows_each_its_own(known: Tensor, entropy: Tensor) -> float:
    share = (known / entropy).topk(2, dim=1).values
    return float((share[:, 0] - share[:, 1]).mean())


exercise = Exercise(
    solution=mutual_information_gap,
    place=2,
    difficulty=2,
    minutes=10,
    success=(
        "One factor with an entropy of 2 nats, of which three numbers know 1.5, 0.5 and 0.1: the "
        "gap is (1.5 - 0.5) / 2 = 0.5. A perfect code has 1, a code that says everything twice 0."
    ),
    hints=(
        "Each column of the table belongs to a factor. Which two entries of a column do you need, "
        "and what is their difference to be divided by?",
        "`mutual_information.topk(2, dim=0).values` holds the largest entry of each column in its "
        "first row, and the second largest in its second. Divide before you take the mean.",
    ),
    stages=Comparison(
        probes=_tables,
        shape=None,
        advice=(
            "Take one column by hand: its largest entry less its second largest, divided by that "
            "factor's entropy. The result is the mean of these over the columns."
        ),
        mistakes=[
            _of_ranks(
                lambda best, second, entropy: (best - second).mean(),
                "The gaps are left in nats. Each is a share of its factor's entropy: a gap of one "
                "nat is much for a factor of two levels, and little for one of a thousand.",
            ),
            _of_ranks(
                lambda best, second, entropy: (best - second).sum() / entropy.sum(),
                "You divided the sum (or mean) of the gaps by that of the entropies, so factors "
                "with more levels count for more. Divide each gap by its own factor's entropy, "
                "then take the mean.",
            ),
            _of_ranks(
                lambda best, second, entropy: ((best - second) / entropy).sum(),
                "You summed over the factors. Their mean is wanted, so that 1 is the most.",
            ),
            _of_ranks(
                lambda best, second, entropy: (best / entropy).mean(),
                "This is how much the best number knows, with nothing taken off: a code that says "
                "everything twice would be perfect. Subtract what the second best knows.",
            ),
            _of_ranks(
                lambda best, second, entropy: ((second - best) / entropy).mean(),
                "The sign is turned: second best less best. `sort` begins with the smallest unless "
                "it is told `descending=True`.",
            ),
            _of_ranks(
                lambda best, second, entropy: (1 - second / best).mean(),
                "You divided each gap by what the best number knows. It is a share of the factor's "
                "*entropy*: a number that is ahead, but knows little, should not count as much.",
            ),
            _of_ranks(
                lambda best, second, entropy: (second / best).mean(),
                "This is the ratio of second best to best. The gap is their difference, as a share "
                "of the entropy.",
            ),
            _of_ranks(
                lambda best, second, entropy: (best - second / entropy).mean(),
                "Brackets: `best - second / entropy` divides the second alone. The difference is "
                "what is divided.",
            ),
            _of_ranks(
                lambda best, second, entropy: ((best - second) * entropy).mean(),
                "You multiplied by the entropy. The gap is a share of it: divide.",
            ),
            _of_ranks(
                lambda best, second, entropy: ((best - second) / entropy).max(),
                "You kept the largest of the factors' gaps. Their mean is wanted.",
            ),
            _of_ranks(
                lambda best, second, entropy: ((best - second) / entropy).min(),
                "You kept the smallest of the factors' gaps. Their mean is wanted.",
            ),
            _of_ranks(
                lambda best, second, entropy: ((best - second) / entropy).median(),
                "You took the median over the factors. Their mean is wanted.",
            ),
            _of_ranks(
                lambda best, second, entropy: ((best - second) / entropy.exp()).mean(),
                "You divided by the exponential of the entropy, the number of levels. Divide by "
                "the entropy itself.",
            ),
            _of_ranks(
                lambda best, second, entropy: ((best - second) / entropy.max()).mean(),
                "You divided every gap by the largest entropy. Each factor has its own.",
            ),
            _against(
                lambda known, best: known.amin(0),
                "You subtracted the *worst* number from the best, and some number always knows "
                "next to nothing. The second best is the rival.",
            ),
            _against(
                lambda known, best: known.mean(0),
                "You subtracted the average over all numbers. The rival is one number, the second "
                "best.",
            ),
            _against(
                lambda known, best: (known.sum(0) - best) / (len(known) - 1),
                "You subtracted the average of the other numbers. The rival is one of them, the "
                "second best.",
            ),
            _against(
                lambda known, best: known.sum(0) - best,
                "You subtracted what all other numbers know, added up. Only the second best is "
                "taken off.",
            ),
            _against(
                lambda known, best: known.median(0).values,
                "You subtracted the median of all numbers, or the third best where that is the "
                "same. The rival is the second best.",
            ),
            Mistake(
                lambda known, entropy: float(
                    ((known.sort(0).values[0] - known.sort(0).values[1]) / entropy).mean()
                ),
                "Your gap is that of the two smallest entries, and negative: `sort` begins with "
                "the smallest. Say `descending=True`, or use `topk`.",
            ),
            _against(
                _strictly_below,
                "Two numbers that know a factor equally well have no gap between them. You looked "
                "for the largest entry *below* the best and jumped over the copy; take the two "
                "largest entries, equal or not.",
            ),
            Mistake(
                lambda known, entropy: float(
                    ((known.amax(0) - known.kthvalue(2, dim=0).values) / entropy).mean()
                ),
                "You subtracted the second *smallest* entry. `sort` and `kthvalue` begin with the "
                "smallest; `topk` and `descending=True` begin with the largest.",
            ),
            Mistake(
                lambda known, entropy: float(
                    (
                        (known.amax(0) - torch.topk(_best_row(known), 2, dim=1).values[:, 1])
                        / entropy
                    ).mean()
                ),
                "You compared two factors within one row: what the best number knows of this "
                "factor, and of another. The gap is between two *numbers*, down a column.",
            ),
            Mistake(
                _by_rows,
                "The two largest were taken from each row, `dim=1`, so you have a gap for each "
                "number of the code. A column belongs to a factor: `dim=0`.",
            ),
            Mistake(
                _by_rows_each_its_own,
                "You have a gap for each number of the code, between the two factors that it "
                "knows best, within its row. MIG goes by factors: down each column, `dim=0`.",
            ),
            Mistake(
                lambda known, entropy: float(
                    ((known.flatten().topk(2).values.diff().neg()) / entropy).mean()
                ),
                "You took the two largest entries of the whole table. Every column has its own "
                "best and second best: `dim=0`.",
            ),
            Mistake(
                lambda known, entropy: float(((known[0] - known[1]) / entropy).mean()),
                "You took the first two rows as best and second best. The table is not sorted, and "
                "each factor has its own order.",
            ),
            Mistake(
                lambda known, entropy: float(
                    (known.topk(2, 0).values.diff(dim=0).neg() / entropy).sum() / len(known)
                ),
                "You divided the sum by the number of rows. It is a mean over factors, and those "
                "are the columns.",
            ),
            Mistake(
                lambda known, entropy: float(
                    (known.topk(2, 0).indices.diff(dim=0).neg().float() / entropy).mean()
                ),
                "`topk` returns values and indices, and you used the indices: which number it is, "
                "and not what it knows. Take `.values`.",
            ),
        ],
    ).stages,
)
