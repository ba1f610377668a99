"""`finite_scalar_quantize`, lesson 12: symbols without a codebook, by rounding."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def finite_scalar_quantize(
    z: Float[Tensor, "*places d"], levels: Sequence[int]
) -> Float[Tensor, "*places d"]:
    """Each number of z squashed by tanh and rounded to one of a few values.

    The j-th number of each vector goes to the nearest of levels[j] equally spaced values, which
    begin at -1 and end at 1 (two levels: -1 and 1; three: -1, 0 and 1). Straight-through: backward
    the rounding passes the gradient as it is, and the tanh as a tanh does.
    """
    bounded = torch.tanh(z)
    steps = torch.tensor(levels, dtype=z.dtype) - 1  # between -1 and 1
    rounded = ((bounded + 1) / 2 * steps).round() / steps * 2 - 1
    return bounded + (rounded - bounded).detach()


def _codes(generator: torch.Generator) -> list[tuple[Tensor, list[int]]]:
    def drawn(*shape: int) -> Tensor:
        return 1.5 * torch.randn(*shape, generator=generator)

    # No number squashed or not is the same as another, none lies between two levels, and in the
    # first every level but one occurs.
    first = torch.tensor([[0.9, -0.55], [-0.2, 2.2], [-1.6, 0.1]])
    return [
        (first, [4, 3]),
        (drawn(50, 3), [5, 2, 8]),
        (drawn(4, 7, 2), [8, 4]),
        (drawn(9), [3] * 9),
    ]


def _levels_of(z: Tensor, levels: Sequence[int]) -> Tensor:
    return torch.tensor(levels, dtype=z.dtype)


def _of_squashed(function: Callable[[Tensor, Tensor], Tensor], message: str) -> Mistake:
    """A mistake that is made after the tanh, in numbers from -1 to 1 with so many levels each."""
    return Mistake(lambda z, levels: function(torch.tanh(z), _levels_of(z, levels)), message)


def _through(rounded: Tensor, z: Tensor) -> Tensor:
    return z + (rounded - z).detach()


def _rounded(b: Tensor, n: Tensor) -> Tensor:
    return ((b + 1) / 2 * (n - 1)).round() / (n - 1) * 2 - 1


exercise = Exercise(
    solution=finite_scalar_quantize,
    place=3,
    difficulty=2,
    minutes=10,
    success=(
        "Two numbers with 8 and 4 levels make 32 symbols, and no codebook was learned. Every one "
        "of them is within reach of the encoder, wherever it begins."
    ),
    hints=(
        "After the tanh the numbers lie between -1 and 1. Stretch them so that neighbouring levels "
        "lie one apart, and the lowest at 0: then `round` finds the nearest.",
        "With n levels there are n - 1 steps from -1 to 1, so (b + 1) / 2 · (n - 1) runs from 0 to "
        "n - 1. Round, and go the same way back.",
        "`round` has no gradient. Send the rounded value forward and the squashed one backward, as "
        "in section 2: b + (rounded - b).detach().",
    ),
    stages=Comparison(
        probes=_codes,
        shape="that of z: one number for each number",
        gradient="z",
        advice=(
            "By hand: tanh(0.9) is 0.72; of the four levels -1, -1/3, 1/3 and 1 the nearest is 1."
        ),
        mistakes=[
            Mistake(
                lambda z, levels: _through(_rounded(torch.tanh(z), _levels_of(z, levels)), z),
                "Forward all is right. Backward you pass the gradient by the tanh as well: only "
                "the rounding is to be jumped over, b + (rounded - b).detach() with b = tanh(z).",
            ),
            _of_squashed(
                _rounded,
                "Forward all is right, but `round` has the gradient 0 everywhere, so nothing "
                "reaches the encoder. Send the rounded value forward and the squashed one "
                "backward: b + (rounded - b).detach().",
            ),
            _of_squashed(
                lambda b, n: b,
                "These are the squashed numbers, not yet rounded to their levels.",
            ),
            Mistake(
                lambda z, levels: _rounded(z.clamp(-1, 1), _levels_of(z, levels)),
                "The tanh is missing: you rounded z itself, cut off at -1 and 1. Cut off, a number "
                "outside would get no gradient and could never come back.",
            ),
            Mistake(
                lambda z, levels: _rounded(z, _levels_of(z, levels)),
                "The tanh is missing: z itself is rounded, and some of your values lie outside of "
                "-1 to 1.",
            ),
            Mistake(
                lambda z, levels: _rounded(2 * torch.sigmoid(z) - 1, _levels_of(z, levels)),
                "You squash by a sigmoid, stretched to -1 to 1. That is tanh(z / 2); asked for is "
                "tanh(z).",
            ),
            _of_squashed(
                lambda b, n: ((b + 1) / 2 * n).round() / n * 2 - 1,
                "You round to levels[j] + 1 values. From -1 to 1 there is one step fewer than "
                "there are levels.",
            ),
            _of_squashed(
                lambda b, n: ((b + 1) / 2 * (n - 1)).floor() / (n - 1) * 2 - 1,
                "You take the level below (`floor`, or a conversion to whole numbers), not the "
                "nearest one.",
            ),
            _of_squashed(
                lambda b, n: (((b + 1) / 2 * n).floor() + 0.5) / n * 2 - 1,
                "You take the middles of levels[j] equal pieces of the way from -1 to 1. The ends "
                "-1 and 1 themselves are to be among the values.",
            ),
            _of_squashed(
                lambda b, n: ((b + 1) / 2 * n).floor() / (n - 1) * 2 - 1,
                "You cut the way from -1 to 1 into levels[j] equal pieces, each for one level. "
                "That is not the nearest level: the outer ones have half a piece on their side.",
            ),
            _of_squashed(
                lambda b, n: ((b + 1) / 2 * (n - 1)).round(),
                "These are the numbers of the levels, 0, 1, 2 and so on. Return their values, from "
                "-1 to 1.",
            ),
            _of_squashed(
                lambda b, n: ((b + 1) / 2 * (n - 1)).round() / (n - 1),
                "Your values run from 0 to 1. Stretch them back to -1 to 1.",
            ),
            _of_squashed(
                lambda b, n: (b * (n - 1) / 2).round() * 2 / (n - 1),
                "With an even number of levels there is none at 0, and two levels are -1 and 1. "
                "You round around 0. Count from the lowest level instead, (b + 1) / 2 · (n - 1).",
            ),
            _of_squashed(
                lambda b, n: (b * (n - 1) / 2).round(),
                "You round to whole numbers around 0. The values are to run from -1 to 1, and with "
                "an even number of levels there is none at 0.",
            ),
            _of_squashed(
                lambda b, n: (b * (n // 2)).round() / (n // 2),
                "With an even number of levels there is none at 0, and you have one level more "
                "than asked for. Count from the lowest level, (b + 1) / 2 · (n - 1).",
            ),
            _of_squashed(
                lambda b, n: (b * n / 2).round() / (n / 2),
                "You round to levels[j] + 1 values around 0. From -1 to 1 there is one step fewer "
                "than there are levels.",
            ),
            Mistake(
                lambda z, levels: _rounded(
                    torch.tanh(z), torch.full_like(_levels_of(z, levels), levels[0])
                ),
                "All numbers of a vector get levels[0] levels. The j-th has levels[j].",
            ),
            Mistake(
                lambda z, levels: _rounded(torch.tanh(z), _levels_of(z, levels).flip(-1)),
                "The levels are taken in the wrong order: the j-th number of a vector has "
                "levels[j].",
            ),
            _of_squashed(
                lambda b, n: b.sign(),
                "You keep only the sign, which is what two levels do. The j-th number has "
                "levels[j] of them.",
            ),
            Mistake(
                lambda z, levels: torch.tanh(_rounded(z, _levels_of(z, levels))),
                "First the tanh, then the rounding: the other way round your values lie on no "
                "level.",
            ),
        ],
    ).stages,
)
