"""`repaired_contraction`, lesson 15: the slope of another activation."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.answer import generator_at
from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise, Specimen
from course_utils.losses import jacobian_penalty


def repaired_contraction(
    x: Float[Tensor, "batch d"], weight: Float[Tensor, "units d"], bias: Float[Tensor, " units"]
) -> Float[Tensor, " batch"]:
    """How strongly a ReLU layer answers to small changes of x: ‖∂h/∂x‖²_F, per example.

    The layer is h = relu(weight · x + bias), and the norm is the sum over all units and all inputs
    of the squared derivatives. A gradient must reach weight.
    """
    h = torch.relu(x @ weight.T + bias)
    slope = (h > 0).to(x)
    return slope**2 @ (weight**2).sum(dim=1)


def specimen(
    x: Float[Tensor, "batch d"], weight: Float[Tensor, "units d"], bias: Float[Tensor, " units"]
) -> Float[Tensor, " batch"]:
    h = torch.relu(x @ weight.T + bias)
    slope = h * (1 - h)
    return slope**2 @ (weight**2).sum(dim=1)


def _layers(generator: torch.Generator) -> list[tuple[Tensor, Tensor, Tensor]]:
    def case(batch: int, units: int, d: int) -> tuple[Tensor, Tensor, Tensor]:
        return (
            torch.randn(batch, d, generator=generator),
            torch.randn(units, d, generator=generator),
            0.3 * torch.randn(units, generator=generator),
        )

    return [
        tuple(part.round(decimals=1) + 0.03 for part in case(2, 4, 3)),
        case(6, 4, 5),
        case(1, 7, 3),
        case(30, 6, 6),
    ]


def _slopes(slope: Callable[[Tensor], Tensor], message: str) -> Mistake:
    """A mistake in the slope of the unit, given W x + b; what is made of it is right."""

    def penalty(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return slope(x @ weight.T + bias) ** 2 @ (weight**2).sum(1)

    return Mistake(penalty, message)


def _norms(make: Callable[[Tensor, Tensor], Tensor], message: str) -> Mistake:
    """A mistake in what is made of the right slopes, (batch, units), and the weights."""
    return Mistake(lambda x, weight, bias: make((x @ weight.T + bias > 0).to(x), weight), message)


def _off_autograd(contraction: Callable) -> float:
    """The mean difference from autograd's own Jacobian, as a share of that."""
    x, weight = torch.randn(2, 50, 8, generator=generator_at()) * 8**-0.25
    bias = torch.zeros(50)
    truth = jacobian_penalty(lambda x: torch.relu(x @ weight.T + bias), x)
    return ((contraction(x, weight, bias) - truth).abs().mean() / truth.mean()).item()


exercise = Exercise(
    solution=repaired_contraction,
    place=8,
    difficulty=3,
    minutes=10,
    success="It is autograd's Jacobian, to the last digit.",
    hints=(
        "The formula of lesson 05 is here, term by term. For which layer was it derived?",
        "Ask autograd: `jacobian_penalty(lambda x: torch.relu(x @ weight.T + bias), x)` of the "
        "package knows no formula and needs none.",
        "`h * (1 - h)` is the slope of a sigmoid. That of a ReLU is 1 where its output is above 0, "
        "and 0 elsewhere.",
    ),
    stages=Comparison(
        probes=_layers,
        shape="(batch,): one number for each example",
        advice=(
            "For one unit: its output is w · x + b where that is positive, so its derivatives are "
            "w there and 0 elsewhere. Square them, and sum over inputs and units."
        ),
        gradient="weight",
        mistakes=[
            _slopes(
                lambda a: a.sigmoid() * (1 - a.sigmoid()),
                "Now it is right for another layer: h = sigmoid(...). The layer here is a ReLU; "
                "leave it, and repair the slope.",
            ),
            _slopes(
                lambda a: torch.relu(a),
                "The slope of a ReLU is not its output: however large that is, the slope is 1.",
            ),
            _slopes(
                lambda a: torch.ones_like(a),
                "You count every unit with slope 1. Those whose output is 0 do not answer at all.",
            ),
            _slopes(
                lambda a: (a <= 0).to(a),
                "The condition is turned round: you count the units that are silent.",
            ),
            _slopes(
                lambda a: 1 - torch.tanh(a) ** 2,
                "This is the slope of tanh. The layer here is a ReLU.",
            ),
            _slopes(
                lambda a: torch.relu(a).sign() * (1 - torch.relu(a).sign()),
                "This is always 0: `h * (1 - h)` is the sigmoid's slope, and where the output is "
                "replaced by 0 or 1 it vanishes.",
            ),
            _norms(
                lambda slope, weight: slope @ weight.sum(1) ** 2,
                "The weights of a unit are summed and then squared. First the squares, then the "
                "sum: otherwise positive and negative ones cancel.",
            ),
            _norms(
                lambda slope, weight: ((slope @ weight) ** 2).sum(1),
                "The units are summed before squaring, so that they cancel each other. Each "
                "derivative is squared by itself.",
            ),
            _norms(
                lambda slope, weight: (slope @ (weight**2).sum(1)).sqrt(),
                "You have taken the root: that is the norm. The squared norm is wanted.",
            ),
            _norms(
                lambda slope, weight: 0.5 * slope @ (weight**2).sum(1),
                "Half of it. A ½ belongs in front of some squared errors; the squared norm of the "
                "Jacobian has none.",
            ),
            _norms(
                lambda slope, weight: slope @ (weight**2).mean(1),
                "The mean over the inputs. The squares are summed.",
            ),
            _norms(
                lambda slope, weight: (slope @ (weight**2).sum(1)).mean(),
                "The batch is averaged too. Keep one number for each example.",
            ),
            _norms(
                lambda slope, weight: slope.sum(1) * (weight**2).sum(),
                "Each unit that answers is charged for the weights of all units. It has its own "
                "row of weight.",
            ),
        ],
    ).stages,
    specimen=Specimen(
        specimen,
        "it should be what autograd computes without any formula. On average it is off by "
        "{by:.0%} of that.",
        _off_autograd,
    ),
)
