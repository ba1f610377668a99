"""`latent_traversal`, lesson 10: one number of a code takes other values, all else stays."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def latent_traversal(
    decode: Callable[[Tensor], Tensor],
    z: Float[Tensor, " latent"],
    dim: int,
    values: Float[Tensor, " steps"],
) -> Float[Tensor, "steps *shape"]:
    """What `decode` makes of one code as a single number of it takes other values.

    Row i is decoded from a copy of z whose entry `dim`, counted from 0, is values[i]; all other
    entries stay as they are, and z itself too. `decode` takes codes (batch, latent).
    """
    codes = z.repeat(len(values), 1)  # a row for each value
    codes[:, dim] = values
    return decode(codes)


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
        z = torch.randn(latent, generator=generator).round(decimals=1) + 0.15
        values = (3 * torch.randn(steps, generator=generator)).round(decimals=1)
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


def _alone(z: Tensor, dim: int, values: Tensor) -> Tensor:
    return _right(torch.zeros_like(z), dim, values)


def _side_by_side(z: Tensor, dim: int, values: Tensor) -> Tensor:
    codes = z.repeat(1, len(values))
    codes[:, dim] = values
    return codes


def _side_by_side_in_a_row(z: Tensor, dim: int, values: Tensor) -> Tensor:
    codes = z.repeat(1, len(values))
    codes[dim, :] = values
    return codes


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


exercise = Exercise(
    solution=latent_traversal,
    place=3,
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
                lambda z, dim, values: _right(z, dim, z[dim] + values),
                "You added the values to what z has there. The entry *becomes* the value: set it, "
                "`codes[:, dim] = values`.",
            ),
            _codes(
                lambda z, dim, values: _right(z, dim, z[dim] * values),
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
            *(
                _codes(
                    make,
                    "`z.repeat(1, n)` lays the copies side by side, in one long row. Each is to be "
                    "a row of its own: `z.repeat(n, 1)`.",
                )
                for make in (_side_by_side, _side_by_side_in_a_row)
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
