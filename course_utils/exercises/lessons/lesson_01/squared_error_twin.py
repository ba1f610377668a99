"""The twin of `squared_error`: the same sum, over the pixels that were seen."""

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def squared_error_twin(
    x_hat: Float[Tensor, "batch *features"],
    x: Float[Tensor, "batch *features"],
    known: Float[Tensor, "batch *features"],
) -> Float[Tensor, " batch"]:
    """Squared differences, summed over the known features of an example: one number for each.

    known is 1 where a feature was seen and 0 where it was lost; what was lost costs nothing.
    """
    return (known * (x_hat - x).square()).flatten(start_dim=1).sum(dim=1)


def _with_losses(generator: torch.Generator) -> list[tuple[Tensor, Tensor, Tensor]]:
    def case(*shape: int) -> tuple[Tensor, Tensor, Tensor]:
        x_hat, x, chance = torch.rand(3, *shape, generator=generator)
        known = (chance < 0.6).float()
        known.view(len(known), -1)[:, 0], known.view(len(known), -1)[:, -1] = 1, 0
        return 2 * x_hat + 0.3, x - 0.4, known

    small = tuple(tensor.round(decimals=1) for tensor in case(3, 4))
    return [small, case(7, 3), case(2, 9), case(1, 5), case(2, 1, 6, 5)]


def _rows(values: Tensor) -> Tensor:
    return values.flatten(1).sum(1)


exercise = Exercise(
    solution=squared_error_twin,
    place=1,
    difficulty=2,
    minutes=5,
    success=(
        "For x_hat = [[1, 2, 9]], x = [[0, 0, 0]] and known = [[1, 1, 0]] you get tensor([5.]): "
        "the 9 is no error of anybody."
    ),
    hints=(
        "As in `squared_error`, an example has one number. Where does the 0 of a lost feature have "
        "to stand, so that its difference counts for nothing?",
        "Multiply the squared differences by `known`, before they are summed over every axis but "
        "the first.",
    ),
    stages=Comparison(
        probes=_with_losses,
        shape="(batch,): one number for each example",
        advice="Carry the first row through by hand, and cross out the features that were lost.",
        gradient="x_hat",
        mistakes=[
            Mistake(
                lambda x_hat, x, known: _rows((x_hat - x).square()),
                "The lost features cost as much as the others: `known` has no influence.",
            ),
            Mistake(
                lambda x_hat, x, known: _rows((1 - known) * (x_hat - x).square()),
                "It is turned round: you count the features that were lost. `known` is 1 where a "
                "feature was seen.",
            ),
            Mistake(
                lambda x_hat, x, known: _rows(known * (x_hat - x).square()) / _rows(known),
                "This is the mean over the known features. The sum is wanted, so that an example "
                "of which more was seen weighs more.",
            ),
            Mistake(
                lambda x_hat, x, known: (known * (x_hat - x).square()).sum(),
                "You summed over the examples as well. Keep the first axis.",
            ),
            Mistake(
                lambda x_hat, x, known: (known * (x_hat - x).square()).flatten(1).mean(1),
                "You divided by the number of all features. A sum is wanted, and no mean.",
            ),
            Mistake(
                lambda x_hat, x, known: known * (x_hat - x).square(),
                "Each feature has its number still. Sum over every axis but the first.",
            ),
            Mistake(
                lambda x_hat, x, known: _rows((x_hat - known * x).square()),
                "You set the lost features of x to 0, and so a reconstruction is asked to draw a "
                "0 there. They should cost nothing: multiply the squares.",
            ),
            Mistake(
                lambda x_hat, x, known: _rows(known * (x_hat - x).abs()),
                "These are absolute differences. Squares are wanted.",
            ),
            Mistake(
                lambda x_hat, x, known: _rows(known * (x_hat - x)).square(),
                "You summed first and squared the sum, so that errors of opposite sign cancel.",
            ),
            Mistake(
                lambda x_hat, x, known: (known * (x_hat - x).square()).sum(-1),
                "Only the last axis is summed. For images that is a row of pixels: `flatten(1)` "
                "first makes one axis of all features.",
            ),
        ],
    ).stages,
)
