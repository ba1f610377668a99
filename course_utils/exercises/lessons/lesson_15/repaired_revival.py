"""`repaired_revival`, lesson 15: a bias that is added twice."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.answer import Answer, Wrong, generator_at
from course_utils.exercises.checking.compare import CUT_THREAD, Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise, Specimen, Stage
from course_utils.losses import squared_error


def repaired_revival(
    x: Float[Tensor, "batch features"],
    code: Float[Tensor, "batch units"],
    dead: Float[Tensor, "batch units"],
    weight: Float[Tensor, "units features"],
    bias: Float[Tensor, " features"],
) -> Float[Tensor, " batch"]:
    """How badly the dead units draw what the living ones leave over, per example.

    The decoder of this sparse autoencoder is x̂ = code · weight + bias. What it leaves over is
    x - x̂. To give the dead units something to do, their activations, dead, are to draw just that,
    each unit with its own row of weight. Squared error, summed over features.
    """
    left_over = x - (code @ weight + bias)
    return squared_error(dead @ weight, left_over)


def specimen(
    x: Float[Tensor, "batch features"],
    code: Float[Tensor, "batch units"],
    dead: Float[Tensor, "batch units"],
    weight: Float[Tensor, "units features"],
    bias: Float[Tensor, " features"],
) -> Float[Tensor, " batch"]:
    def draw(units):
        return units @ weight + bias

    left_over = x - draw(code)
    return squared_error(draw(dead), left_over)


def _units(generator: torch.Generator) -> list[tuple[Tensor, ...]]:
    def case(batch: int, units: int, features: int) -> tuple[Tensor, ...]:
        return (
            torch.rand(batch, features, generator=generator),
            (torch.rand(batch, units, generator=generator) - 0.4).relu(),
            torch.rand(batch, units, generator=generator),
            torch.randn(units, features, generator=generator),
            torch.randn(features, generator=generator) + 0.5,
        )

    return [
        tuple(part.round(decimals=1) for part in case(2, 3, 4)),
        case(5, 7, 3),
        case(1, 4, 6),
        case(20, 6, 6),
    ]


def _drawn(left_over: Callable, drawn: Callable, message: str) -> Mistake:
    """A mistake in what is left over, (x, code·weight, bias), or drawn, (dead·weight, bias)."""

    def error(x: Tensor, code: Tensor, dead: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return squared_error(
            drawn(dead @ weight, bias).expand_as(x), left_over(x, code @ weight, bias)
        )

    return Mistake(error, message)


def _error_of_dead(make: Callable[[Tensor], Tensor], message: str) -> Mistake:
    """A mistake in how the right differences are put together."""
    return Mistake(
        lambda x, code, dead, weight, bias: make(dead @ weight - (x - code @ weight - bias)),
        message,
    )


def _silence_pays(revival: Callable) -> float:
    """What dead units that do nothing pay where nothing is left over: 0 would be right."""
    code = torch.rand(30, 5, generator=generator_at())
    weight, bias = torch.randn(5, 8, generator=generator_at(1)), torch.full((8,), 0.7)
    x = code @ weight + bias
    return revival(x, code, torch.zeros(30, 5), weight, bias).mean().item()


def _rows_learn(answer: Answer) -> None:
    """A gradient reaches weight through the dead units; what is left over may be held still."""
    for x, code, dead, weight, bias in _units(answer.generator()):
        weight.requires_grad_()
        found = answer(x, code, dead, weight, bias)
        if not found.requires_grad:
            raise Wrong(CUT_THREAD.format(name="weight"))
        (got,) = torch.autograd.grad(found.sum(), weight)
        left_over = x - (code @ weight + bias)
        accepted = [
            torch.autograd.grad(squared_error(dead @ weight, target).sum(), weight)[0]
            for target in (left_over, left_over.detach())
        ]
        if not any(torch.allclose(got, right, rtol=1e-3, atol=1e-4) for right in accepted):
            raise Wrong(
                "The numbers are right, but not how they depend on `weight`: the dead units should "
                "learn to draw with it. Detach nothing of what they draw."
            )


_REVIVAL = Comparison(
    probes=_units,
    shape="(batch,): one error for each example",
    advice=(
        "Write the two things to be compared on paper: x - (code · weight + bias), and what "
        "the dead units add to a drawing that is there already."
    ),
    gradient="dead",
    mistakes=[
        _drawn(
            lambda x, living, bias: x - living,
            lambda dead, bias: dead,
            "The bias is gone from the comparison, or is taken off on both sides. "
            "The living units draw code · weight + bias, and that is what is taken off x; the "
            "dead units draw without it.",
        ),
        _drawn(
            lambda x, living, bias: x,
            lambda dead, bias: dead,
            "The dead units are to draw x by themselves, without bias. They are asked for what "
            "the others left over.",
        ),
        _drawn(
            lambda x, living, bias: x,
            lambda dead, bias: dead + bias,
            "The dead units are to draw all of x by themselves. They are asked for what the "
            "others left over.",
        ),
        _drawn(
            lambda x, living, bias: living + bias - x,
            lambda dead, bias: dead,
            "What is left over has the wrong sign: it is x - x̂.",
        ),
        _drawn(
            lambda x, living, bias: x - living - bias,
            lambda dead, bias: 0 * dead,
            "The dead units have no part in it: this is the error of the living ones.",
        ),
        _drawn(
            lambda x, living, bias: living + bias,
            lambda dead, bias: dead,
            "The dead units are to copy what the living ones draw. They are asked for what is "
            "missing in it.",
        ),
        _drawn(
            lambda x, living, bias: x - living - bias,
            lambda dead, bias: dead + 2 * bias,
            "The bias is in it more often than before. It should not be in what the dead units "
            "draw at all.",
        ),
        _error_of_dead(
            lambda difference: (difference**2).mean(1),
            "The mean over the features. Their squares are summed.",
        ),
        _error_of_dead(
            lambda difference: (difference**2).sum(),
            "The batch is summed too. Keep one error for each example.",
        ),
        _error_of_dead(
            lambda difference: difference.abs().sum(1),
            "These are absolute differences. The squares are wanted.",
        ),
    ],
)


exercise = Exercise(
    solution=repaired_revival,
    place=7,
    difficulty=3,
    minutes=10,
    success="Where nothing is left over, silent units are perfect.",
    hints=(
        "The living units have drawn something already. Does what is left over still contain "
        "everything that a decoder adds?",
        "Let the living units draw x exactly, and the dead ones be silent: with "
        "`x = code @ weight + bias`, what should `repaired_revival(x, code, 0 * dead, weight, "
        "bias)` be?",
        "The bias is in x̂, so what is left over has it taken off already. The dead units add only "
        "their own part to it, `dead @ weight`.",
    ),
    stages=(
        *_REVIVAL.stages,
        Stage("weight", _rows_learn),
    ),
    specimen=Specimen(
        specimen,
        "where the living units draw x exactly, silent units should pay nothing. Here they pay "
        "{by:.2f}.",
        _silence_pays,
    ),
)
