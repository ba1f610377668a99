"""`one_layer_penalty`, lesson 05: the norm of a Jacobian, written down by hand."""

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise
from course_utils.exercises.checking.parts import NO_POWER


def one_layer_penalty(
    hidden: Float[Tensor, "batch units"], weight: Float[Tensor, "units d"]
) -> Float[Tensor, " batch"]:
    """Squared norm of the Jacobian of one sigmoid layer, h = sigmoid(W x + b).

    Row i of the Jacobian is h_i (1 - h_i) W_i: the slope of the sigmoid times a row of weights.
    """
    slopes = hidden * (1 - hidden)
    return slopes.square() @ weight.square().sum(dim=1)


def _layers(generator: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    """Outputs of a sigmoid layer from 0.03 to 0.97, and its weights."""

    def layer(batch: int, units: int, d: int) -> tuple[Tensor, Tensor]:
        hidden = 0.03 + 0.94 * torch.rand(batch, units, generator=generator)
        return hidden, 0.3 + torch.randn(units, d, generator=generator)

    small = tuple(tensor.mul(20).round().div(20) for tensor in layer(2, 3, 4))
    # Squares among them: there a transposed matrix raises no error, and only the numbers tell.
    return [small, layer(5, 4, 4), layer(3, 3, 3), layer(1, 6, 2), layer(7, 1, 5), layer(4, 9, 30)]


def _slopes(hidden: Tensor) -> Tensor:
    return hidden * (1 - hidden)


def _lengths(weight: Tensor, dim: int = 1) -> Tensor:
    return weight.square().sum(dim)


def _jacobians(hidden: Tensor, weight: Tensor) -> Tensor:
    return _slopes(hidden)[:, :, None] * weight


def _penalties(hidden: Tensor, weight: Tensor) -> Tensor:
    return _slopes(hidden).square() @ _lengths(weight)


exercise = Exercise(
    solution=one_layer_penalty,
    place=1,
    difficulty=2,
    minutes=10,
    success=(
        "For hidden = [[0.5, 0.9]] and weight = [[2., 0.], [0., 10.]] you get tensor([1.0600]): "
        "0.25² · 4 from the first unit, 0.09² · 100 from the second. And it equals what autograd "
        "finds for a sigmoid layer."
    ),
    hints=(
        "Two factors for each unit: how steep its sigmoid is there, and how long its row of "
        "weights is, both squared. Multiply the two, and add up over the units.",
        "The slope of a sigmoid whose output is h is h (1 - h), one number for each example and "
        "unit. `weight.square().sum(dim=1)` is the squared length of every row: one for each unit.",
        "The first has the shape (batch, units), the second (units,). Their product broadcasts, "
        "and a sum over `dim=1` leaves (batch,); a matrix product does both at once.",
    ),
    stages=Comparison(
        probes=_layers,
        shape="(batch,): one number for each example",
        advice=(
            "Carry the first example through by hand: the slope of each unit, its square, the "
            "squared length of its row of weights, the products, their sum."
        ),
        gradient=("hidden", "weight"),
        mistakes=[
            Mistake(lambda hidden, weight: (hidden * (1 - hidden)) ^ 2, NO_POWER),
            Mistake(
                lambda hidden, weight: _penalties(hidden, weight).sum()[None],
                "The examples were summed as well: the matrix product has added up the units "
                "already, and left a column, (batch, 1), one number for each example. The last "
                "sum over `dim=0` adds these up. Leave it out, and take `squeeze(1)` in its place.",
            ),
            Mistake(
                lambda hidden, weight: _penalties(hidden, weight).mean()[None],
                "The mean over the batch was taken as well, and left in a row of one. `fit` takes "
                "that mean; of a column, (batch, 1), `squeeze(1)` makes what is asked for.",
            ),
            Mistake(
                lambda hidden, weight: _slopes(hidden) @ _lengths(weight),
                "The slope h (1 - h) goes in once; it should be squared, as every entry of the "
                "Jacobian is. You squared the weights only.",
            ),
            Mistake(
                lambda hidden, weight: (_slopes(hidden) @ weight).square().sum(1),
                "You summed over the units first and squared afterwards, so that weights of "
                "opposite sign cancel. Square every h_i (1 - h_i) W_ij by itself, then sum.",
            ),
            Mistake(
                lambda hidden, weight: _jacobians(hidden, weight).sum((1, 2)).square(),
                "You added up all entries of the Jacobian and squared the sum. It is the other "
                "way round: square every entry, then add.",
            ),
            Mistake(
                lambda hidden, weight: _jacobians(hidden, weight).sum(2).square().sum(1),
                "You summed each row of weights before you squared it, (Σ_j W_ij)². The squared "
                "length of a row is Σ_j W_ij²: square first.",
            ),
            Mistake(
                lambda hidden, weight: _slopes(hidden).square() @ weight.sum(1),
                "The weights are added up as they are, with their signs. Their squares are wanted: "
                "the squared length of each row.",
            ),
            Mistake(
                lambda hidden, weight: _slopes(hidden).square() @ _lengths(weight).sqrt(),
                "You took the length of each row of weights, with its root: `norm` returns that. "
                "The formula has the squared length.",
            ),
            Mistake(
                lambda hidden, weight: _slopes(hidden).square() @ weight.abs().sum(1),
                "You added up the absolute weights of a row. The squared length is the sum of "
                "their squares.",
            ),
            Mistake(
                lambda hidden, weight: _penalties(hidden, weight).sqrt(),
                "This is the norm of the Jacobian; the penalty is the squared norm. Leave out the "
                "last root.",
            ),
            Mistake(
                lambda hidden, weight: _slopes(hidden).square().sum(1),
                "The weights do not appear in it. A unit with large weights moves more when x "
                "moves: each squared slope is to be multiplied by ‖W_i‖².",
            ),
            Mistake(
                lambda hidden, weight: _lengths(weight).sum().expand(len(hidden)),
                "This is the squared norm of the weights alone, the same for every example, as if "
                "each unit had the slope 1. A sigmoid's slope is h (1 - h).",
            ),
            Mistake(
                lambda hidden, weight: hidden.square() @ _lengths(weight),
                "You used h where the slope of the sigmoid should be. The derivative of a sigmoid "
                "is h (1 - h).",
            ),
            Mistake(
                lambda hidden, weight: (1 - hidden).square() @ _lengths(weight),
                "You used 1 - h where the slope should be; the factor h is missing. The "
                "derivative of a sigmoid is h (1 - h).",
            ),
            Mistake(
                lambda hidden, weight: (1 - hidden.square()).square() @ _lengths(weight),
                "1 - h² is the slope of tanh. This layer is a sigmoid, whose slope is h (1 - h).",
            ),
            Mistake(
                lambda hidden, weight: _penalties(torch.sigmoid(hidden), weight),
                "You applied the sigmoid once more. `hidden` is what the layer returned, so the "
                "sigmoid is in it already.",
            ),
            Mistake(
                lambda hidden, weight: (hidden * (1 - hidden).square()) @ _lengths(weight),
                "Only the factor 1 - h is squared. `**` binds before `*`: put h (1 - h) into "
                "brackets of its own, then square.",
            ),
            Mistake(
                lambda hidden, weight: _slopes(hidden).square().sum(1) * _lengths(weight).sum(),
                "You summed the slopes and the weights apart, and multiplied the two sums. Each "
                "slope goes with its own row of weights: multiply unit by unit, then sum.",
            ),
            Mistake(
                lambda hidden, weight: _penalties(hidden, weight).mean(),
                "You took the mean over the batch. Return one number for each example: `fit` "
                "takes that mean, once.",
            ),
            Mistake(
                lambda hidden, weight: _penalties(hidden, weight).sum(),
                "You summed over the examples too. Keep the first axis, the batch.",
            ),
            Mistake(
                lambda hidden, weight: _penalties(hidden, weight) / hidden.shape[1],
                "This is the mean over the units where their sum is wanted. The norm of a matrix "
                "adds up all of its entries.",
            ),
            Mistake(
                lambda hidden, weight: _slopes(hidden).square() @ weight.square().mean(1),
                "You took the mean over a row of squared weights. The squared length is their sum.",
            ),
            Mistake(
                lambda hidden, weight: _slopes(hidden).square() * _lengths(weight),
                "These are the shares of the units, not yet added up. Sum over `dim=1`.",
            ),
            Mistake(
                _jacobians,
                "This is the Jacobian itself, a matrix for each example. Square its entries and "
                "sum over the last two axes.",
            ),
            Mistake(
                lambda hidden, weight: _penalties(hidden, weight)[:, None],
                "The numbers are right, but they stand in a column. Leave out `keepdim=True`: the "
                "result is (batch,).",
            ),
            Mistake(
                lambda hidden, weight: _slopes(hidden).square() @ _lengths(weight, 0),
                "You summed the squared weights over `dim=0`: a number for each pixel. A row of "
                "`weight` belongs to a unit, so its squared length is a sum over `dim=1`.",
            ),
            Mistake(
                lambda hidden, weight: _slopes(hidden).square() * _lengths(weight, 0),
                "The squared weights were summed over `dim=0`, the units. What meets the slopes "
                "needs a number for each unit: sum over the pixels, `dim=1`.",
            ),
            Mistake(
                lambda hidden, weight: _slopes(hidden).square() @ weight.square(),
                "You multiplied by the squared weights but did not add them up over the pixels: a "
                "number for each pixel is left. Sum those as well.",
            ),
        ],
    ).stages,
)
