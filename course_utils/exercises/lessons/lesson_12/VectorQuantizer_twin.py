"""The twin of `VectorQuantizer`: the same way past a step without a slope, on a ruler."""

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def VectorQuantizer_twin(
    z: Float[Tensor, "batch latent"], step: float
) -> Float[Tensor, "batch latent"]:
    """Every number rounded to the nearest multiple of step, with gradients as if nothing happened.

    The numbers that come out are multiples of step: ..., -step, 0, step, 2 step, ... A gradient
    that arrives at them passes straight through to z, unchanged. z itself is left alone.
    """
    nearest = step * torch.round(z / step)
    return z + (nearest - z).detach()


def _codes(generator: torch.Generator) -> list[tuple[Tensor, float]]:
    def case(batch: int, latent: int, step: float) -> tuple[Tensor, float]:
        whole = torch.randint(-6, 7, (batch, latent), generator=generator)
        rest, side = torch.rand(2, batch, latent, generator=generator)
        rest = (0.1 + 0.3 * rest) * (side - 0.5).sign()  # on no multiple, and never half-way
        return step * (whole + rest), step

    z, step = case(3, 2, 0.4)
    return [
        (z.round(decimals=2), step),
        case(5, 3, 0.3),
        case(2, 7, 0.7),
        case(4, 4, 2.0),
        case(1, 5, 0.1),
    ]


def _through(z: Tensor, value: Tensor) -> Tensor:
    return z + (value - z).detach()


exercise = Exercise(
    solution=VectorQuantizer_twin,
    place=1,
    difficulty=2,
    minutes=10,
    success=(
        "0.74 becomes 0.5 with a step of 0.5, and the gradient that arrives there is handed to z "
        "as it is. Networks whose weights are bytes are trained like this."
    ),
    hints=(
        "Two things: the value, which is a multiple of step, and the gradient, which should be "
        "that of z. `.detach()` lets a value pass and no gradient.",
        "Write z + correction, where the correction has the right value and no memory of z.",
    ),
    stages=Comparison(
        probes=_codes,
        shape="the shape of z",
        advice=(
            "Divide by step, round to whole numbers, multiply by step again, and print the three."
        ),
        gradient="z",
        mistakes=[
            Mistake(
                lambda z, step: step * (z / step).round(),
                "The numbers are right, and no gradient passes: rounding is flat nearly "
                "everywhere. Let the value pass rounded and the gradient as that of z.",
            ),
            Mistake(
                lambda z, step: _through(z, z.round()),
                "You round to whole numbers: `step` has no influence.",
            ),
            Mistake(
                lambda z, step: _through(z, step * (z / step).floor()),
                "You always round down. The nearest multiple may lie above.",
            ),
            Mistake(
                lambda z, step: _through(z, step * (z / step).ceil()),
                "You always round up. The nearest multiple may lie below.",
            ),
            Mistake(
                lambda z, step: _through(z, step * (z / step).trunc()),
                "You cut the rest off, towards 0. The nearest multiple may lie farther out.",
            ),
            Mistake(
                lambda z, step: _through(z, (z / step).round()),
                "These are the numbers of the steps, 0, 1, 2, … Multiply them by step again.",
            ),
            Mistake(
                lambda z, step: _through(z, (z * step).round() / step),
                "Divide by step before you round, and multiply after: you did it the other way.",
            ),
            Mistake(
                lambda z, step: 1 * z,
                "z comes back as it was: of z and its correction, the rounding is lost.",
            ),
            Mistake(
                lambda z, step: _through(z / step, step * (z / step).round()),
                "The numbers are right, and the gradient is divided by step: the part of z that "
                "keeps its memory has to be z itself.",
            ),
            Mistake(
                lambda z, step: _through(2 * z, step * (z / step).round()),
                "The numbers are right, and the gradient arrives twice: z stands there twice, each "
                "with its memory.",
            ),
        ],
    ).stages,
)
