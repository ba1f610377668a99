"""`batch_top_k`, lesson 04: the largest of a whole batch stay, in their places."""

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def batch_top_k(code: Float[Tensor, "batch latent"], k: int) -> Float[Tensor, "batch latent"]:
    """The k · batch largest entries of the whole batch, in their places; else 0.

    So a row keeps k on average, a crowded one more. The code comes from a ReLU: nothing in it is
    negative, no two of its positive entries are equal, and at least k · batch of them are positive.
    """
    kept = code.flatten().topk(k * len(code)).indices
    mask = torch.zeros_like(code.flatten()).scatter(0, kept, 1.0)
    return code * mask.view_as(code)


def _codes(generator: torch.Generator) -> list[tuple[Tensor, int]]:
    def code(batch: int, latent: int, zeros: float = 0.4) -> Tensor:
        """Sizes that differ clearly, rows of unequal size, and a share of zeros."""
        size = 1 + torch.rand(batch * latent, generator=generator).argsort().view(batch, latent)
        size = size * torch.logspace(-0.3, 0.3, batch)[:, None]
        return size * (torch.rand(batch, latent, generator=generator) >= zeros)

    example = torch.tensor(
        [[5.0, 0.75, 3.0, 4.0, 0.2], [0.0, 1.0, 0.0, 0.5, 0.1], [0.0, 6.0, 0.25, 2.5, 0.0]]
    )
    return [
        (example, 2),
        (code(9, 4, zeros=0.1), 1),
        (code(3, 12), 4),
        (code(1, 10), 3),  # a batch of one: the k largest of its row
        (code(6, 5, zeros=0.0), 5),  # k = latent: nothing is dropped
        (code(20, 40), 6),
    ]


def _keep(code: Tensor, count: int, largest: bool = True) -> Tensor:
    """So many entries of all, in their places."""
    kept = code.flatten().topk(min(count, code.numel()), largest=largest).indices
    return code * torch.zeros_like(code.flatten()).scatter(0, kept, 1.0).view_as(code)


def _of_each(code: Tensor, count: int, dim: int) -> Tensor:
    """So many entries of each row, `dim=1`, or column, `dim=0`."""
    kept = code.topk(min(count, code.shape[dim]), dim=dim).indices
    return code * torch.zeros_like(code).scatter(dim, kept, 1.0)


exercise = Exercise(
    solution=batch_top_k,
    place=5,
    difficulty=2,
    minutes=10,
    success=(
        "For [[5, 4, 3], [0, 1, 0]] and k = 2 you get [[5, 4, 3], [0, 1, 0]]: one row keeps three "
        "numbers, the other one. The batch has paid for four, and not for two in each row."
    ),
    hints=(
        "How many numbers are kept in all? There are `len(code)` examples. And a place in the "
        "whole batch is found where the batch is *one* long row: `code.flatten()`.",
        "Two ways lead on. The smallest number that is kept is the last of "
        "`code.flatten().topk(count).values`: keep what is at least as large. Or make a mask from "
        "the indices, as in exercise 3, and give it the shape of the code: `view_as(code)`.",
        "`code * (code >= least)` has the right gradient by itself: where the mask is 0, nothing "
        "flows.",
    ),
    stages=Comparison(
        probes=_codes,
        shape="(batch, latent), the shape of the code: what is dropped leaves a 0 behind",
        advice=(
            "Write all entries of the batch in one row, mark the k · batch largest, and see in "
            "which row of the code each of them stands."
        ),
        gradient="code",
        mistakes=[
            Mistake(
                lambda code, k: _of_each(code, k, dim=1),
                "Each row keeps k of its own, as in exercise 3. Here the rows share: the k · batch "
                "largest of *all* entries stay, wherever they stand.",
            ),
            Mistake(
                lambda code, k: _of_each(code, k, dim=0),
                "You kept k entries of each column, so that every unit is used equally often. All "
                "entries of the batch compete for the same k · batch places.",
            ),
            Mistake(
                lambda code, k: _keep(code, k),
                "You kept k entries of the whole batch. It is k for each example *on average*: "
                "k · batch in all.",
            ),
            Mistake(
                lambda code, k: _keep(code, k * code.shape[1]),
                "You kept k for each *unit*, k · latent in all. It is k for each *example*: "
                "`len(code)` counts these, `code.shape[1]` the units.",
            ),
            Mistake(
                lambda code, k: _keep(code, k * len(code) - 1),
                "One entry too few: `>` loses the very number that you compare with. It is the "
                "smallest that is kept: `>=`.",
            ),
            Mistake(
                lambda code, k: _keep(code, k * len(code) + 1),
                "One entry too many. Places are counted from 0: of numbers that fall, the "
                "k · batch-th stands at `[k * len(code) - 1]`.",
            ),
            Mistake(
                lambda code, k: _keep(code, k * len(code), largest=False),
                "You kept the smallest. Sorting goes upwards unless told `descending=True`.",
            ),
            Mistake(
                lambda code, k: code - _keep(code, k * len(code)),
                "You set the largest to 0 and kept the others. It is the other way round.",
            ),
            Mistake(
                lambda code, k: code,
                "You returned the code as it is. All but k · batch of its entries become 0.",
            ),
            Mistake(
                lambda code, k: (_keep(code, k * len(code)) > 0).to(code.dtype),
                "You returned the mask. Multiply the code by it.",
            ),
            Mistake(
                lambda code, k: _keep(code, k * len(code)).flatten(),
                "The right ones are kept, but in one long row. Give it back the shape of the code: "
                "`view_as(code)`.",
            ),
            Mistake(
                lambda code, k: code.flatten().topk(k * len(code)).values,
                "You returned only the numbers that are kept. They stay in their places, with 0 in "
                "all others.",
            ),
            Mistake(
                lambda code, k: (
                    _keep(code, k * len(code)) - code.flatten().topk(k * len(code)).values[-1]
                ).relu(),
                "The right ones are kept, but shrunk by the threshold, as under a price. What is "
                "kept stays whole.",
            ),
            Mistake(
                lambda code, k: code * (code >= code.topk(k, dim=1).values[:, -1].mean()),
                "Your threshold is the mean over the rows of the k-th largest of each. That keeps "
                "about k · batch, and not exactly: take the k · batch-th largest of all entries.",
            ),
            Mistake(
                lambda code, k: code + (_keep(code, k * len(code)) - code).detach(),
                "The numbers are right, but the gradient flows through all entries, as if nothing "
                "had been dropped. What is dropped must learn nothing: multiply by the mask and "
                "leave it at that.",
            ),
        ],
    ).stages,
)
