"""`repaired_psnr`, lesson 15: differences that do not fit into a byte."""

from collections.abc import Callable

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise, Specimen


def repaired_psnr(
    drawn: UInt8[Tensor, "batch *shape"], x: UInt8[Tensor, "batch *shape"]
) -> Float[Tensor, " batch"]:
    """The peak signal-to-noise ratio of each drawing, in decibels: 10 log10(255² / error).

    drawn and x hold pictures as files do, in whole numbers from 0 to 255 (torch.uint8). error is
    the mean over a picture's pixels of the squared difference. The worst, black against white, is
    0 decibels, and higher is better.
    """
    difference = drawn.float() - x.float()
    error = (difference**2).flatten(1).mean(dim=1)
    return 10 * torch.log10(255**2 / error)


def specimen(
    drawn: UInt8[Tensor, "batch *shape"], x: UInt8[Tensor, "batch *shape"]
) -> Float[Tensor, " batch"]:
    error = ((drawn - x) ** 2).float().flatten(1).mean(dim=1)
    return 10 * torch.log10(255**2 / error)


def _pictures(generator: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    def pixels(*shape: int) -> Tensor:
        return torch.randint(256, shape, generator=generator, dtype=torch.uint8)

    def near(x: Tensor, by: int) -> Tensor:
        moved = x.int() + torch.randint(-by, by + 1, x.shape, generator=generator)
        return moved.clamp(0, 255).to(torch.uint8)

    small, long, large = pixels(2, 3), pixels(1, 40), pixels(6, 1, 5, 4)
    turned = pixels(4, 7).T
    return [
        (255 - small, small),
        (near(long, 90), long),
        (near(large, 20), large),
        (near(turned, 60), turned),
        (torch.tensor([[0, 255], [3, 5]]).byte(), torch.tensor([[255, 0], [5, 3]]).byte()),
    ]


def _decibels(error: Tensor) -> Tensor:
    return 10 * torch.log10(255**2 / error)


def _mean(squares: Tensor) -> Tensor:
    return squares.float().flatten(1).mean(1)


def _squares(make: Callable[[Tensor, Tensor], Tensor], message: str) -> Mistake:
    """A mistake in the squared differences, of two pictures in bytes."""
    return Mistake(lambda drawn, x: _decibels(_mean(make(drawn, x))), message)


def _after(make: Callable[[Tensor], Tensor], message: str) -> Mistake:
    """A mistake in what is made of the right differences."""
    return Mistake(lambda drawn, x: make((drawn.float() - x.float()).flatten(1)), message)


def _black_and_white(psnr: Callable) -> float:
    """How many decibels black gets where white was wanted: 0 would be right."""
    white = torch.full((1, 4), 255, dtype=torch.uint8)
    return abs(psnr(torch.zeros_like(white), white).item())


exercise = Exercise(
    solution=repaired_psnr,
    place=5,
    difficulty=2,
    minutes=8,
    success="Black against white is 0 decibels now, and a sheet of white paper is no good drawing.",
    hints=(
        "A byte holds 0 to 255. Which of the steps has a result that is none of these?",
        "Hand in the worst drawing there is, black where white was wanted: "
        "`black = torch.zeros(1, 4, dtype=torch.uint8)`, `repaired_psnr(black, 255 - black)`. "
        "The error is 255² for each pixel, so it should be 0.",
        "In bytes 3 - 5 is 254, and the square of 16 is 0. Make both pictures real numbers before "
        "anything else: `drawn.float() - x.float()`.",
    ),
    stages=Comparison(
        probes=_pictures,
        shape="(batch,): one number for each picture",
        advice=(
            "Take one pixel with a pen: what is 3 - 5, and what is 200², where only 0 to 255 can "
            "be written down? Then the mean of the squares, and 10 log10(255² / mean)."
        ),
        mistakes=[
            _squares(
                lambda drawn, x: (drawn - x).float() ** 2,
                "Half repaired. The squares have room now, but the difference is still taken in "
                "bytes, where 3 - 5 is 254. Convert both pictures before you subtract.",
            ),
            _squares(
                lambda drawn, x: (drawn.to(torch.int8) - x.to(torch.int8)) ** 2,
                "`int8` has a sign, and is no larger than a byte: it ends at 127, and squares do "
                "not fit into it either.",
            ),
            _squares(
                lambda drawn, x: (drawn.to(torch.int8) - x.to(torch.int8)).float() ** 2,
                "`int8` has a sign, and therefore ends at 127: a pixel of 200 becomes -56.",
            ),
            _squares(
                lambda drawn, x: (drawn.to(torch.int16) - x.to(torch.int16)) ** 2,
                "Nearly. `int16` has room for every difference, but ends at 32,767, and 255² is "
                "65,025. Real numbers (`.float()`) or `int32` hold all of it.",
            ),
            _squares(
                lambda drawn, x: (drawn.float() - x.float()).clamp(min=0) ** 2,
                "Only pixels that are too bright count. A negative difference is an error too.",
            ),
            _squares(
                lambda drawn, x: (drawn.float() - x.float()).abs(),
                "These are absolute differences. The squares are wanted.",
            ),
            _after(
                lambda d: 10 * torch.log10(255 / (d**2).mean(1)),
                "255 belongs in it squared, as the error is: 10 log10(255² / error).",
            ),
            _after(
                lambda d: -10 * torch.log10((d**2).mean(1)),
                "The peak is missing: pictures that reach from 0 to 255 need 255² / error.",
            ),
            _after(
                lambda d: 10 * torch.log10(255**2 / ((d / 255) ** 2).mean(1)),
                "You divide the pixels by 255 and put 255² on top all the same. From 0 to 1 the "
                "peak is 1: use one scale or the other.",
            ),
            _after(
                lambda d: 20 * torch.log10(255**2 / (d**2).mean(1)),
                "20 log10 is for 255 / √error. With the squares it is 10 log10.",
            ),
            _after(
                lambda d: 10 * torch.log(255**2 / (d**2).mean(1)),
                "This is the natural logarithm. Decibels take the one of base 10, `torch.log10`.",
            ),
            _after(
                lambda d: 10 * torch.log10((d**2).mean(1) / 255**2),
                "The fraction stands on its head: 255² is above, so that higher is better.",
            ),
            _after(
                lambda d: 10 * torch.log10(255**2 / (d**2).sum(1)),
                "You sum over the pixels. Here, for once, their mean is wanted.",
            ),
            _after(
                lambda d: 10 * torch.log10(255**2 / (d**2).mean()),
                "All pictures share one number. Each has its own mean over its pixels.",
            ),
        ],
    ).stages,
    specimen=Specimen(
        specimen,
        "black where white was wanted is the worst that a drawing can be, 0 decibels. It gets "
        "{by:.1f}, which would be an excellent picture.",
        _black_and_white,
    ),
)
