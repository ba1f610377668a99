"""`shifted`, lesson 14: each picture moved by its own number of pixels, onto blank paper."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def shifted(
    x: Float[Tensor, "batch 1 height width"],
    down: Int[Tensor, " batch"],
    right: Int[Tensor, " batch"],
) -> Float[Tensor, "batch 1 height width"]:
    """Every picture moved `down` and `right` by its own whole numbers of pixels.

    A negative number moves it up, or left. What moves over the edge is lost, and what is freed is
    blank, 0. A picture may be moved as far as one likes, until nothing is left of it.
    """
    height, width = x.shape[2:]
    rows = torch.arange(height) - down[:, None]  # where each row of the new picture comes from
    columns = torch.arange(width) - right[:, None]
    inside = ((rows >= 0) & (rows < height))[:, :, None]
    inside = inside & ((columns >= 0) & (columns < width))[:, None, :]
    picture = torch.arange(len(x))[:, None, None]
    rows, columns = rows.clamp(0, height - 1)[:, :, None], columns.clamp(0, width - 1)[:, None, :]
    return (x[picture, 0, rows, columns] * inside)[:, None]


def _pictures(
    batch: int, height: int, width: int, reach: int, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Ink everywhere, at the rim too, and shifts of which none is 0."""
    x = 0.1 + 0.9 * torch.rand(batch, 1, height, width, generator=generator)
    by = torch.randint(1, reach + 1, (2, batch), generator=generator)
    signs = torch.ones(2, batch, dtype=torch.long)
    signs[0, ::2] = signs[1, 1::2] = -1
    down, right = by * signs
    return x, down, right


def _probes(generator: torch.Generator) -> list[tuple[Tensor, Tensor, Tensor]]:
    one = torch.tensor([[[[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]]])
    far, _, _ = _pictures(4, 5, 3, 1, generator)
    still, _, right = _pictures(3, 4, 6, 2, generator)
    x, down, right_too = _pictures(4, 5, 7, 2, generator)
    return [
        (one, torch.tensor([1]), torch.tensor([1])),
        (x, down, right_too),
        (still, torch.zeros(3, dtype=torch.long), right),
        _pictures(3, 6, 4, 3, generator),
        (far, torch.tensor([5, -9, 1, 0]), torch.tensor([0, 1, -3, 20])),
        (x.double().transpose(2, 3).contiguous().transpose(2, 3), down, right_too),
    ]


def _each(move: Callable[[Tensor, int, int], Tensor]) -> Callable[..., Tensor]:
    """From a function that moves one picture, (height, width), one for a batch."""

    def moved(x: Tensor, down: Tensor, right: Tensor) -> Tensor:
        by = zip(x[:, 0], down.tolist(), right.tolist(), strict=True)
        return torch.stack([move(picture, d, r) for picture, d, r in by])[:, None]

    return moved


def _moved(picture: Tensor, down: int, right: int, paper: float = 0.0) -> Tensor:
    """One picture, by two slices of equal size: where it was, and where it will be."""
    new = torch.full_like(picture, paper)
    rows, columns = (
        (
            slice(max(0, -by), max(0, size - max(0, by))),
            slice(max(0, by), max(0, size + min(0, by))),
        )
        for by, size in zip((down, right), picture.shape, strict=True)
    )
    new[rows[1], columns[1]] = picture[rows[0], columns[0]]
    return new


def _smeared(picture: Tensor, down: int, right: int) -> Tensor:
    height, width = picture.shape
    rows = (torch.arange(height) - down).clamp(0, height - 1)
    return picture[rows][:, (torch.arange(width) - right).clamp(0, width - 1)]


def _only_down_and_right(picture: Tensor, down: int, right: int) -> Tensor:
    return _moved(picture, max(0, down), max(0, right))


def _padded(x: Tensor, down: Tensor, right: Tensor) -> Tensor:
    by = zip(x, down.tolist(), right.tolist(), strict=True)
    return torch.stack([F.pad(picture, (r, -r, d, -d)) for picture, d, r in by])


exercise = Exercise(
    solution=shifted,
    place=3,
    difficulty=2,
    minutes=10,
    success="Every picture moved by its own two numbers, and nothing came back at the other edge.",
    hints=(
        "Begin with one picture and a loop over the batch: a picture of zeros, into which a part "
        "of the old one is written. Which part, for `down = 1`? And for `down = -1`?",
        "With `torch.roll(picture, (d, r), dims=(0, 1))` only the freed rows and columns are still "
        "to be made blank. Or ask for each new row which old one it comes from: "
        "`torch.arange(height) - d`.",
        "`F.pad(picture, (r, -r, d, -d))` adds zeros at the left and the top and cuts as much off "
        "on the other side; negative numbers cut. It does not go farther than the picture is "
        "large: there the answer is a blank sheet.",
    ),
    stages=Comparison(
        probes=_probes,
        shape="(batch, 1, height, width), as the pictures came",
        advice=(
            "Take one picture with the rows (0.1, 0.2, 0.3) and (0.4, 0.5, 0.6). By 1 down and 1 "
            "right it has the rows (0, 0, 0) and (0, 0.1, 0.2)."
        ),
        mistakes=[
            Mistake(
                _each(lambda x, d, r: torch.roll(x, (d, r), (0, 1))),
                "`torch.roll` brings in at one edge what left by the other. On MNIST, with its "
                "wide margin, nobody would notice; on a photograph everybody would. What is freed "
                "is blank.",
            ),
            Mistake(
                _each(lambda x, d, r: _moved(x, -d, -r)),
                "Your pictures move up and left. The new pixel in row i comes from the row "
                "i - down.",
            ),
            Mistake(
                _each(lambda x, d, r: _moved(x, r, d)),
                "The axes are swapped: `down` moves along the height, the last axis but one, and "
                "`right` along the width, the last.",
            ),
            Mistake(
                _each(lambda x, d, r: _moved(x, d, 0)),
                "Your pictures move down and not right. Both axes, please.",
            ),
            Mistake(
                _each(lambda x, d, r: _moved(x, 0, r)),
                "Your pictures move right and not down. Both axes, please.",
            ),
            Mistake(
                lambda x, down, right: _each(_moved)(
                    x, down[:1].expand_as(down), right[:1].expand_as(right)
                ),
                "All pictures move as the first one does. Each has its own two numbers.",
            ),
            Mistake(
                _each(_smeared),
                "The row at the edge is repeated where the picture left a gap. What is freed is "
                "blank: 0.",
            ),
            Mistake(
                _each(lambda x, d, r: _moved(x, d, r, paper=1.0)),
                "What is freed is 1, which is ink. Blank paper is 0.",
            ),
            Mistake(
                _each(_only_down_and_right),
                "Negative numbers move nothing in your function. They move the picture up, and "
                "left.",
            ),
            Mistake(
                _each(lambda x, d, r: _moved(x, abs(d), abs(r))),
                "Negative numbers move your pictures down and right as well. They mean up, and "
                "left.",
            ),
            Mistake(
                _padded,
                "A picture moved farther than it is large breaks your function. Nothing is left of "
                "it: return a blank sheet there, or bring the shift back to the size before you "
                "move.",
            ),
        ],
    ).stages,
)
