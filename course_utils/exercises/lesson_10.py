"""Checks of lesson 10: what a number of the code means, and whether it means it alone."""

from collections.abc import Callable

import torch
from torch import Tensor

from course_utils.exercises.compare import Comparison, Mistake
from course_utils.exercises.exercise import Exercise
from course_utils.exercises.solutions import lesson_10 as solutions

# --- mutual_information_gap -----------------------------------------------------------------------


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
        (known.mul(100).round().div(100), entropy.mul(10).ceil().div(10)),  # small enough to print
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


mutual_information_gap = Exercise(
    solution=solutions.mutual_information_gap,
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

# --- latent_traversal -----------------------------------------------------------------------------


class _Decoder:
    """A small decoder that bends: every number of the code is in every entry of what it draws."""

    def __init__(self, latent: int, shape: tuple[int, ...], generator: torch.Generator) -> None:
        self.latent, self.shape = latent, shape
        size = int(torch.tensor(shape).prod())
        self.weight = torch.randn(latent, size, generator=generator)
        self.bias = torch.randn(size, generator=generator)

    def __call__(self, z: Tensor) -> Tensor:
        if z.ndim != 2 or z.shape[1] != self.latent:
            raise ValueError(
                f"decode was given codes of shape {tuple(z.shape)}; it takes (batch, "
                f"{self.latent}), one code in each row"
            )
        flat = torch.tanh(z @ self.weight) + 0.3 * z @ self.weight + self.bias
        return flat.view(len(z), *self.shape)

    def __repr__(self) -> str:
        return f"a decoder, (batch, {self.latent}) -> (batch, {', '.join(map(str, self.shape))})"


def _walks(generator: torch.Generator) -> list[tuple[_Decoder, Tensor, int, Tensor]]:
    """Decoder, code, number and values; the values are in no order, and none is that of z."""

    def walk(latent: int, shape: tuple[int, ...], dim: int, steps: int) -> tuple:
        decode = _Decoder(latent, shape, generator)
        z = torch.randn(latent, generator=generator).mul(10).round().div(10) + 0.15
        values = (3 * torch.randn(steps, generator=generator)).mul(10).round().div(10)
        return decode, z, dim, values

    return [
        walk(3, (2,), 1, 4),  # small enough to print
        walk(5, (1, 4, 3), 2, 3),
        walk(2, (1, 2, 2), 1, 6),
        walk(10, (1, 5, 5), 7, 9),
        walk(4, (3,), 0, 4),  # as many steps as numbers: a row and a column are of one length
        walk(6, (1, 3, 2), 5, 1),
    ]


def _codes(
    make: Callable[[Tensor, int, Tensor], Tensor],
    message: str,
    draw: Callable[[Callable, Tensor], Tensor] = lambda decode, codes: decode(codes),
) -> Mistake:
    """A mistake in the codes, or in what is done with them."""
    return Mistake(
        lambda decode, z, dim, values: draw(decode, make(z, dim, values)),
        message,
    )


def _right(z: Tensor, dim: int, values: Tensor) -> Tensor:
    codes = z.repeat(len(values), 1)
    codes[:, dim] = values
    return codes


def _at(place: Callable[[int, int], int]) -> Callable[[Tensor, int, Tensor], Tensor]:
    """The right codes for another dim: a function of the given one and the width of the code."""
    return lambda z, dim, values: _right(z, place(dim, len(z)), values)


def _into(z: Tensor, dim: int, entries: Tensor) -> Tensor:
    return _right(z, dim, entries)


def _alone(z: Tensor, dim: int, values: Tensor) -> Tensor:
    return _right(torch.zeros_like(z), dim, values)


def _row_assigned(z: Tensor, dim: int, values: Tensor) -> Tensor:
    codes = z.repeat(len(values), 1)
    codes[dim] = values
    return codes


def _written_into_a_view(z: Tensor, dim: int, values: Tensor) -> Tensor:
    codes = z.expand(len(values), -1)
    codes[:, dim] = values
    return codes


def _one_row(decode: Callable, codes: Tensor) -> Tensor:
    return decode(codes[0])


def _every_number(z: Tensor, dim: int, values: Tensor) -> Tensor:
    return torch.cat([_right(z, j, values) for j in range(len(z))])


latent_traversal = Exercise(
    solution=solutions.latent_traversal,
    difficulty=1,
    minutes=7,
    success=(
        "For z = (0, 0, 0), dim = 1 and the values -2, 0, 2 the codes (0, -2, 0), (0, 0, 0) and "
        "(0, 2, 0) are decoded. Drawn side by side they show what the second number does."
    ),
    hints=(
        "First make the codes, a table with one row for each value, in which all rows are z but "
        "for one column. Then decode them all at once.",
        "`z.repeat(len(values), 1)` is such a table, and a copy. `codes[:, dim]` is its column.",
    ),
    stages=Comparison(
        probes=_walks,
        shape="(steps, ...): one decoded picture for each value",
        advice=(
            "Print the codes before they are decoded: each row should be z, but for the entry "
            "`dim`, which is values[0], values[1] and so on."
        ),
        mistakes=[
            _codes(
                lambda z, dim, values: _into(z, dim, z[dim] + values),
                "You added the values to what z has there. The entry *becomes* the value: set it, "
                "`codes[:, dim] = values`.",
            ),
            _codes(
                lambda z, dim, values: _into(z, dim, z[dim] * values),
                "You multiplied what z has there by the values. The entry *becomes* the value: set "
                "it.",
            ),
            _codes(
                _alone,
                "The other entries have become 0. They stay what they are in z: start from copies "
                "of z, and not from zeros.",
            ),
            _codes(
                lambda z, dim, values: values[:, None].expand(-1, len(z)),
                "Every entry of the code was set to the value. Only the entry `dim` changes: "
                "`codes[:, dim] = values`.",
            ),
            _codes(
                lambda z, dim, values: z + values[:, None],
                "You added the values to every entry of z. Only the entry `dim` changes, and it "
                "becomes the value.",
            ),
            _codes(
                _at(lambda dim, latent: dim - 1),
                "The entry before the one that was meant is moved. `dim` is counted from 0, as "
                "Python does.",
            ),
            _codes(
                _at(lambda dim, latent: (dim + 1) % latent),
                "The entry after the one that was meant is moved. `dim` is counted from 0, as "
                "Python does.",
            ),
            _codes(
                _at(lambda dim, latent: 0),
                "You always move the first entry. Which one it is to be, `dim` says.",
            ),
            _codes(
                _at(lambda dim, latent: latent - 1),
                "You always move the last entry. Which one it is to be, `dim` says.",
            ),
            _codes(
                _at(lambda dim, latent: latent - 1 - dim),
                "You counted `dim` from the end of the code. It is counted from the beginning.",
            ),
            _codes(
                lambda z, dim, values: z.repeat(len(values), 1),
                "Every row is decoded from z itself, and the values have no effect. Set the column "
                "before you decode: `codes[:, dim] = values`.",
            ),
            _codes(
                lambda z, dim, values: _right(z, dim, values[-1:].expand(len(values))),
                "Every row is decoded from the last value. In a loop that changes one and the same "
                "tensor, all that was kept of it changes as well: make a new copy, `z.clone()`, in "
                "each round.",
            ),
            _codes(
                lambda z, dim, values: _right(z, dim, values[:1].expand(len(values))),
                "Every row is decoded from the first value. Give each row its own.",
            ),
            _codes(
                lambda z, dim, values: _right(z, dim, values.sort().values),
                "The rows are in the order of rising values. Keep the order in which the values "
                "are given.",
            ),
            _codes(
                lambda z, dim, values: _right(z, dim, values.flip(0)),
                "The rows come in the opposite order. The first is decoded from values[0].",
            ),
            *(
                _codes(
                    lambda z, dim, values, reach=reach: _right(
                        z, dim, torch.linspace(-reach, reach, len(values))
                    ),
                    f"You traverse evenly from -{reach} to {reach}, whatever the values are. Use "
                    "those that are handed over.",
                )
                for reach in (1, 2, 3)
            ),
            _codes(
                _every_number,
                "You traversed every number of the code, one after the other. Only `dim` is "
                "asked for.",
            ),
            _codes(
                lambda z, dim, values: torch.cat([z[None], _right(z, dim, values)]),
                "There is one row too many: z itself, unchanged, comes first. One row for each "
                "value, and nothing else.",
            ),
            _codes(
                lambda z, dim, values: _right(z, dim, values[1:]),
                "The first value is missing. One row for each value.",
            ),
            _codes(
                lambda z, dim, values: _right(z, dim, values[:-1]),
                "The last value is missing. One row for each value.",
            ),
            _codes(
                lambda z, dim, values: _right(z, dim, values[-1:]),
                "There is one picture, of the last value. Keep what is decoded for each value, "
                "in a list for `torch.cat`, or decode all codes at once.",
            ),
            _codes(
                lambda z, dim, values: _right(z, dim, values[:1]),
                "There is one picture, of the first value. Is the `return` inside the loop?",
            ),
            _codes(
                _right,
                "These are the codes, not what is drawn from them. Decode them: `decode(codes)`.",
                lambda decode, codes: codes,
            ),
            _codes(
                _right,
                "You applied a sigmoid to what was decoded. Return what `decode` returns, as it "
                "is; whether these are logits, the caller knows.",
                lambda decode, codes: decode(codes).sigmoid(),
            ),
            _codes(
                _right,
                "You subtracted what z itself is decoded to. Return the pictures, not how they "
                "differ.",
                lambda decode, codes: decode(codes) - decode(codes).mean(0),
            ),
            Mistake(
                lambda decode, z, dim, values: decode(_right(z, dim, values)) - decode(z[None]),
                "You subtracted what z is decoded to. Return the pictures themselves, not how they "
                "differ from that of z.",
            ),
            _codes(
                _right,
                "You laid each picture flat. Keep the shape in which `decode` returns it.",
                lambda decode, codes: decode(codes).flatten(1),
            ),
            _codes(
                _right,
                "Each picture has an axis of length 1 too many, which `decode` gave to a batch of "
                "one. Join with `torch.cat`, which lays batches end to end, not `torch.stack`.",
                lambda decode, codes: torch.stack([decode(code[None]) for code in codes]),
            ),
            _codes(
                _right,
                "You handed over single codes, (latent,). `decode` takes a batch, (batch, "
                "latent): all codes at once, or one as `code[None]`.",
                _one_row,
            ),
            _codes(
                _row_assigned,
                "`codes[dim] = values` writes into a row. Rows are the codes; the entry `dim` of "
                "all of them is a column, `codes[:, dim]`.",
            ),
            _codes(
                _written_into_a_view,
                "`expand` makes no copies: all its rows are one and the same memory, and nothing "
                "can be written into a single one. Use `repeat`, or `.clone()` after it.",
            ),
            _codes(
                lambda z, dim, values: _right(z, dim, values).T,
                "The table lies on its side: numbers of the code in rows, values in columns. "
                "`decode` takes one code in each row.",
            ),
        ],
    ).stages,
)
