"""`top_pictures`, lesson 04: what wakes a unit."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def top_pictures(activations: Float[Tensor, "n units"], unit: int, k: int) -> Int[Tensor, " k"]:
    """Indices of the k examples that wake a unit most, the strongest first.

    `activations` holds one example in each row and one unit in each column; some may be negative.
    No two examples wake the unit equally, and k is at most n.
    """
    return activations[:, unit].topk(k).indices


def _activations(generator: torch.Generator) -> list[tuple[Tensor, int, int]]:
    """(activations, unit, k), first a table to print; no two values or sums are equal."""

    def table(n: int, units: int) -> Tensor:
        return torch.randn(n, units, generator=generator) - 0.3  # more negative than positive

    # Many, so that what only parts them, as `argpartition` does, leaves them unsorted.
    ranks = torch.rand(400, 3, generator=generator).argsort(0)
    crowd = ranks + 0.9 * torch.rand(400, 3, generator=generator) - 250
    return [
        (table(5, 3).round(decimals=2), 1, 2),
        (table(6, 6), 4, 3),
        (table(9, 4), 0, 9),
        (table(40, 7), 6, 5),
        (table(8, 20), 3, 1),
        (table(30, 5).exp(), 2, 4),
        (crowd, 1, 300),
    ]


exercise = Exercise(
    solution=top_pictures,
    place=4,
    difficulty=2,
    minutes=5,
    success="For a unit that answers to crossbars you get pictures with crossbars, loudest first.",
    hints=(
        "Which axis counts the examples? Take the column of your unit first; what is left has one "
        "number for each example.",
        "`column.topk(k)` returns the k largest values *and* where they stand, in falling order.",
    ),
    stages=Comparison(
        probes=_activations,
        shape="(k,): an index for each of the k examples",
        by_all=True,
        advice=(
            "Write the column of the unit down and number its entries from 0. Which entry is the "
            "largest, which the next?"
        ),
        mistakes=[
            Mistake(
                lambda activations, unit, k: activations[:, unit].argsort()[:k],
                "These are the examples that wake the unit *least*: `argsort` begins with the "
                "smallest unless told `descending=True`.",
            ),
            Mistake(
                lambda activations, unit, k: activations[:, unit].argsort()[-k:],
                "The right examples, the weakest of them first. Turn the order round.",
            ),
            Mistake(
                lambda activations, unit, k: (
                    activations[:, unit].abs().argsort(descending=True)[:k]
                ),
                "You went by magnitude. A unit is awake where it is large and positive; a large "
                "negative number is the opposite.",
            ),
            Mistake(
                lambda activations, unit, k: activations[unit].argsort(descending=True)[:k],
                "`activations[unit]` is a row, an *example*, and you ranked its units. The unit is "
                "a column: `activations[:, unit]`.",
            ),
            Mistake(
                lambda activations, unit, k: activations.topk(k, dim=0).indices,
                "This ranks the examples for every unit at once. Take the column of the one that "
                "is asked for.",
            ),
            Mistake(
                lambda activations, unit, k: activations.sum(1).argsort(descending=True)[:k],
                "You ranked the examples by all units together. Take the column of the one that is "
                "asked for.",
            ),
            Mistake(
                lambda activations, unit, k: activations[:, unit].topk(k).indices.sort().values,
                "The right examples, in the order of the data. The strongest comes first.",
            ),
            Mistake(
                lambda activations, unit, k: activations[:, unit].argsort(descending=True)[
                    1 : k + 1
                ],
                "You left out the strongest one. It counts.",
            ),
            Mistake(
                lambda activations, unit, k: activations[:, unit].argsort().argsort()[:k],
                "`argsort` of `argsort` gives ranks: how many examples are weaker. Wanted is the "
                "place of the strongest, and the next.",
            ),
            Mistake(
                lambda activations, unit, k: (activations[:, unit] > 0).nonzero().flatten()[:k],
                "These are the first k examples that wake the unit at all. Wanted are those that "
                "wake it most.",
            ),
            Mistake(
                lambda activations, unit, k: activations[:, unit - 1].topk(k).indices,
                "You looked at the unit before. Units are counted from 0, as columns are.",
            ),
        ],
    ).stages,
)
