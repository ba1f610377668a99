"""`quantize_weights`, lesson 16: weights in steps, so that a few bits say each of them."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.answer import Answer, Wrong
from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise, Stage


def quantize_weights(weight: Float[Tensor, "out in"], bits: int = 8) -> Float[Tensor, "out in"]:
    """The weights of a layer, each rounded to one of 2**bits - 1 values; a scale for each row.

    A row, which makes one output, has a scale: its largest weight without the sign, divided by
    2**(bits - 1) - 1 (127 for 8 bits). Each weight of the row is rounded to the nearest multiple of
    the scale, from -(2**(bits - 1) - 1) to 2**(bits - 1) - 1 of them. So the largest stays as it
    is, and 0 stays 0; a row of zeros stays as it is. bits is 2 or more, and on a tie either
    neighbour will do.
    """
    scale = weight.abs().amax(dim=1, keepdim=True) / (2 ** (bits - 1) - 1)
    scale = torch.where(scale > 0, scale, 1.0)  # of a row of zeros: any will do
    return (weight / scale).round() * scale


def _layers(generator: torch.Generator) -> list[tuple[Tensor, int]]:
    """Rows of very different sizes, and never with a weight half-way between two steps."""

    def layer(outputs: int, inputs: int) -> Tensor:
        weight = torch.randn(outputs, inputs, generator=generator)
        return weight * torch.exp(1.5 * torch.randn(outputs, 1, generator=generator))

    with_zeros = layer(4, 6)
    with_zeros[1] = 0
    with_zeros[2, ::2] = 0
    return [
        (torch.tensor([[0.7, -0.12, 0.33, 0.02], [-3.0, 1.1, 0.2, 2.4]]), 4),
        (layer(3, 5), 8),
        (layer(5, 3), 3),
        (with_zeros, 8),
        (torch.zeros(2, 3), 5),
        (-layer(4, 7).abs(), 6),
        (layer(6, 6).double(), 8),
        (layer(1, 9), 2),
        (layer(9, 1), 4),
        (1e-6 * layer(3, 8), 7),
        (layer(2, 40)[:, ::2], 16),
    ]


def _by_scale(
    scale: Callable[[Tensor, int], Tensor],
    message: str,
    step: Callable[[Tensor], Tensor] = torch.round,
) -> Mistake:
    """A mistake in the scale, or in how a number of steps becomes whole."""

    def answer(weight: Tensor, bits: int = 8) -> Tensor:
        by = scale(weight, bits)
        by = torch.where(by > 0, by, torch.ones_like(by))
        return step(weight / by) * by

    return Mistake(answer, message)


def _row_scale(weight: Tensor, bits: int) -> Tensor:
    return weight.abs().amax(1, keepdim=True) / (2 ** (bits - 1) - 1)


def _from_low_to_high(weight: Tensor, bits: int = 8) -> Tensor:
    low, high = weight.amin(1, keepdim=True), weight.amax(1, keepdim=True)
    scale = (high - low) / (2**bits - 1)
    scale = torch.where(scale > 0, scale, torch.ones_like(scale))
    return ((weight - low) / scale).round() * scale + low


def _is_close_and_on_steps(answer: Answer) -> None:
    """Half a step at most is lost, and no more than 2**bits - 1 different values stay."""
    weight = torch.randn(3, 4000, generator=answer.generator())
    for bits in (2, 3, 5):
        given = answer(weight.clone(), bits)
        values = max(len(row.unique()) for row in given)
        if values > 2**bits - 1:
            raise Wrong(
                f"With {bits} bits a row of yours has {values} different values; expected at most "
                f"{2**bits - 1}, or so many bits cannot tell them apart."
            )
        lost = ((given - weight).abs() / _row_scale(weight, bits)).max().item()
        if lost > 0.5 + 1e-3:
            raise Wrong(
                f"With {bits} bits a weight moves by {lost:.2f} steps; expected half a step at "
                "most, if each goes to its nearest one."
            )


_compared = Comparison(
    probes=_layers,
    shape="(out, in), like the weights",
    advice=(
        "Take one row by hand. Its largest weight without the sign, divided by "
        "2**(bits - 1) - 1, is the step; how many steps is each weight, rounded?"
    ),
    mistakes=[
        _by_scale(
            lambda w, bits: w.abs().amax() / (2 ** (bits - 1) - 1),
            "There is one scale for the whole layer. A row of small weights is then rounded to "
            "nothing: give each row its own, `amax(dim=1, keepdim=True)`.",
        ),
        _by_scale(
            lambda w, bits: w.abs().amax(0, keepdim=True) / (2 ** (bits - 1) - 1),
            "The scales belong to the columns. A row makes one output, and has a scale: `dim=1`.",
        ),
        _by_scale(
            lambda w, bits: w.abs().amax(1, keepdim=True) / 2 ** (bits - 1),
            "The largest weight is divided by 2**(bits - 1). Its step would then be number 128 "
            "with 8 bits, and a signed byte ends at 127: subtract 1.",
        ),
        _by_scale(
            lambda w, bits: w.abs().amax(1, keepdim=True) / (2**bits - 1),
            "The steps are half as large as they may be: 2**bits - 1 of them on each side of zero "
            "need one bit more. One bit is the sign's, so divide by 2**(bits - 1) - 1.",
        ),
        _by_scale(
            lambda w, bits: w.abs().amax(1, keepdim=True) / 127,
            "The number of steps is that of 8 bits, whatever `bits` is.",
        ),
        _by_scale(
            lambda w, bits: w.amax(1, keepdim=True).clamp(min=0) / (2 ** (bits - 1) - 1),
            "The largest weight is taken with its sign. A row may reach further down than up: "
            "`abs()` first.",
        ),
        *(
            _by_scale(
                _row_scale,
                f"The number of steps is rounded {where}, and a weight moves by up to a whole "
                "step. `round()` takes the nearest, and moves it by half a step at most.",
                step=step,
            )
            for where, step in (
                ("down", torch.floor),
                ("up", torch.ceil),
                ("towards zero, as `int()` does", torch.trunc),
            )
        ),
        _by_scale(
            lambda w, bits: w.std(1, keepdim=True) / (2 ** (bits - 1) - 1),
            "The scale comes from the standard deviation. Weights beyond it would need more steps "
            "than there are; take the largest without the sign.",
        ),
        Mistake(
            _from_low_to_high,
            "The steps run from the lowest weight of the row to the highest, so that 0 may lie "
            "between two of them. Here they are multiples of the scale, the same on both sides.",
        ),
        Mistake(
            lambda weight, bits=8: (
                (weight / _row_scale(weight, bits)).round() * _row_scale(weight, bits)
            ),
            "A row of zeros becomes nan: its scale is 0, and 0 / 0 is no number. Leave such a row "
            "as it is.",
        ),
        Mistake(
            lambda weight, bits=8: (
                weight / _row_scale(weight, bits).clamp(min=torch.finfo(weight.dtype).tiny)
            ).round(),
            "These are the numbers of steps, which is what a file would hold. Return the weights "
            "that they stand for: multiply by the scale again.",
        ),
        Mistake(
            lambda weight, bits=8: (
                (weight / (_row_scale(weight, bits) + 1e-8)).round()
                * (_row_scale(weight, bits) + 1e-8)
            ),
            "A small number is added to every scale, so that no row of zeros divides by zero. But "
            "it moves the rows of small weights as well: change the scale only where it is 0, as "
            "`torch.where` does.",
        ),
        Mistake(
            lambda weight, bits=8: weight,
            "The weights come back as they were: nothing is rounded.",
        ),
    ],
)

exercise = Exercise(
    solution=quantize_weights,
    place=3,
    difficulty=3,
    minutes=12,
    success=(
        "Four bytes have become one, and no weight has moved by more than half a step, a 254th "
        "part of the largest in its row."
    ),
    hints=(
        "First one row: how large is a step, if the largest weight is to be step number "
        "2**(bits - 1) - 1? How many steps is each of the others?",
        "The largest of each row is `weight.abs().amax(dim=1, keepdim=True)`; divide it by the "
        "number of steps, and count each weight in steps, `.round()`. What has it become, in "
        "weights? And what becomes of a row of zeros?",
    ),
    stages=(*_compared.stages, Stage("half a step at most", _is_close_and_on_steps)),
)
