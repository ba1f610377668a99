"""`top_k_code`, lesson 04: the k largest by magnitude stay, in their places."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.checking.answer import Answer, Wrong, fresh
from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise, Stage


def top_k_code(code: Float[Tensor, "batch latent"], k: int) -> Float[Tensor, "batch latent"]:
    """The k entries of largest magnitude in each row of the code, in their places; else 0.

    Exactly k entries of a row are kept: of equal ones just so many that there are k. The gradient
    flows through what is kept and through nothing else.
    """
    kept = code.abs().topk(k, dim=1).indices
    mask = torch.zeros_like(code).scatter(1, kept, 1.0)
    return code * mask


def _codes(generator: torch.Generator) -> list[tuple[Tensor, int]]:
    def code(batch: int, latent: int) -> Tensor:
        """Magnitudes that differ clearly within a row, of either sign; rows of unequal size."""
        size = 2 + torch.rand(batch, latent, generator=generator).argsort(1)
        sign = torch.randint(0, 2, (batch, latent), generator=generator) * 2 - 1
        return size * sign * torch.logspace(-1, 1, batch)[:, None]

    example = torch.tensor(
        [[0.5, -3.0, 0.25, 2.0, -1.0], [-7.5, 5.0, -25.0, -15.0, 12.5], [0.4, 0.1, 0.3, -0.5, 0.2]]
    )
    return [
        (example, 2),
        (code(7, 3), 1),
        (code(3, 12), 5),
        (code(1, 6), 4),
        (-code(5, 8).abs(), 3),  # nothing is positive
        (code(4, 4), 4),  # k = latent: nothing is dropped
        (code(20, 40), 10),
    ]


def _keep(code: Tensor, kept: Tensor) -> Tensor:
    return torch.zeros_like(code).scatter(1, kept, code.gather(1, kept))


def _with_ones(code: Tensor, *places: object) -> Tensor:
    """The code where a mask is 1 that was filled by an index, `mask[places] = 1`."""
    mask = torch.zeros_like(code)
    mask[places] = 1.0
    return code * mask


def _has_ties(answer: Answer) -> None:
    """Exactly k survive where magnitudes are equal; which of the equal ones, is free."""
    _has_near_ties(answer)
    for code, k in (
        (torch.tensor([[1.0, -1.0, 1.0, 0.5], [2.0, 2.0, -2.0, -2.0]]), 2),
        (torch.tensor([[-3.0, 0.5, 0.5, 0.5, -0.5], [1.0, 1.0, 1.0, 1.0, 1.0]]), 3),
    ):
        leaf = fresh(code).requires_grad_()
        result = answer(leaf, k)
        counts = (result != 0).sum(1)
        if not bool((counts == k).all()):
            raise Wrong(
                f"Where magnitudes are equal, k = {k} is not kept: of {code.tolist()} there are "
                f"{counts.tolist()} numbers left in the rows. A threshold, `>=` or `>`, cannot "
                "tell equal ones apart; take the *indices* that `topk` returns."
            )
        wanted = code.abs().topk(k, dim=1).values.sum(1)
        if not torch.equal(result.abs().sum(1), wanted) or bool(
            ((result != 0) & (result != code)).any()
        ):
            raise Wrong(
                f"Where magnitudes are equal, the result is {result.tolist()} for {code.tolist()} "
                f"and k = {k}: not k of the largest, unchanged and in their places."
            )
        (gradient,) = torch.autograd.grad(result.sum(), leaf)
        if not torch.equal(gradient, (result != 0).float()):
            raise Wrong(
                f"Where magnitudes are equal, the gradient for {code.tolist()} is "
                f"{gradient.tolist()}: it must be 1 where a number was kept, and 0 elsewhere."
            )


def _has_near_ties(answer: Answer) -> None:
    """Magnitudes that differ by a ten-thousandth are not equal."""
    generator = answer.generator()
    order = torch.rand(8, 20, generator=generator).argsort(1)
    sign = torch.randint(0, 2, (8, 20), generator=generator) * 2 - 1
    code = (1 + 1e-4 * order) * sign
    if not torch.equal(answer(fresh(code), 7) != 0, order >= 13):
        raise Wrong(
            "Where magnitudes differ by no more than 0.0001, you kept others than the k largest. "
            "Is something added to the magnitudes, to tell equal ones apart, or are they rounded? "
            "Leave them as they are: `topk` returns exactly k indices where some are equal too."
        )


exercise = Exercise(
    solution=top_k_code,
    place=3,
    difficulty=2,
    minutes=15,
    success=(
        "For [[0.5, -3, 0, 2]] and k = 2 you get [[0, -3, 0, 2]], and the gradient of its sum is "
        "[[0, 1, 0, 1]]: what was dropped learns nothing."
    ),
    hints=(
        "Which entries are kept depends on their magnitude, `code.abs()`; what is kept is the "
        "entry itself, with its sign. `topk` works along an axis and also returns indices.",
        "Make a mask with 1 at those indices and 0 elsewhere: `torch.zeros_like(code)`, and then "
        "its method `scatter` along `dim=1`.",
        "The product of code and mask has the right gradient by itself: where the mask is 0, "
        "nothing flows.",
    ),
    stages=(
        *Comparison(
            probes=_codes,
            shape="(batch, latent), the shape of the code: what is dropped leaves a 0 behind",
            advice=(
                "Take the first row: sort its magnitudes in your head, mark the k largest, and "
                "compare with what came back."
            ),
            gradient="code",
            mistakes=[
                Mistake(
                    lambda code, k: _with_ones(
                        code, slice(None), code.abs().topk(k, dim=1).indices
                    ),
                    "`[:, kept]` takes the columns of *all* rows for every row, so whatever one "
                    "picture keeps, all keep. Each row has columns of its own: "
                    "`mask.scatter(1, kept, 1.0)` puts them row by row.",
                ),
                Mistake(
                    lambda code, k: _with_ones(code, code.abs().topk(k, dim=1).indices),
                    "`[kept]`, with nothing before it, counts rows, and what `topk` returned are "
                    "columns. `code.gather(1, kept)` reads and `scatter(1, kept, ...)` writes, row "
                    "by row, at columns.",
                ),
                Mistake(
                    lambda code, k: _with_ones(
                        code, torch.arange(len(code)), code.abs().topk(k, dim=1).indices
                    ),
                    "Rows and columns do not pair off: there is one row number for each row, and "
                    "there are k columns for each. Stand the rows in a column, "
                    "`torch.arange(len(code))[:, None]`, or use `scatter(1, kept, 1.0)`.",
                ),
                Mistake(
                    lambda code, k: code,
                    "You returned the code as it is. All but k entries of each row become 0.",
                ),
                Mistake(
                    lambda code, k: _keep(code, code.topk(k, dim=1).indices),
                    "You kept the k largest, so a large negative number is dropped for a small "
                    "positive one. Magnitude decides: `topk` of `code.abs()`.",
                ),
                Mistake(
                    lambda code, k: _keep(code, code.abs().topk(k, dim=1).indices).abs(),
                    "The right ones are kept, but without their sign. `abs()` is only for "
                    "choosing: return the entries of `code` itself.",
                ),
                Mistake(
                    lambda code, k: _keep(code, code.abs().topk(k, dim=1).indices).relu(),
                    "Negative entries are gone. A large negative number is as much a part of the "
                    "code as a positive one; no ReLU is wanted here.",
                ),
                Mistake(
                    lambda code, k: _keep(code, code.abs().topk(k, 1, largest=False).indices),
                    "You kept the k smallest. Sorting and `argsort` go upwards: the largest are at "
                    "the end, unless you ask for `descending=True`.",
                ),
                Mistake(
                    lambda code, k: code - _keep(code, code.abs().topk(k, dim=1).indices),
                    "You set the k largest to 0 and kept the others. It is the other way round.",
                ),
                Mistake(
                    lambda code, k: code.gather(1, code.abs().topk(k, dim=1).indices),
                    "You returned only the k kept entries. They stay in their places, with 0 in "
                    "all others, so that each unit keeps its own column of the decoder.",
                ),
                Mistake(
                    lambda code, k: code.abs().topk(k, dim=1).values,
                    "You returned the k largest magnitudes. The entries themselves, with their "
                    "sign, stay in their places, and the others become 0.",
                ),
                Mistake(
                    lambda code, k: _keep(torch.ones_like(code), code.abs().topk(k, dim=1).indices),
                    "You returned the mask. Multiply the code by it.",
                ),
                Mistake(
                    lambda code, k: torch.cat(
                        [
                            code.gather(1, code.abs().topk(k, dim=1).indices),
                            torch.zeros_like(code[:, k:]),
                        ],
                        dim=1,
                    ),
                    "The right ones are kept, but moved to the front. Each stays in its place.",
                ),
                Mistake(
                    lambda code, k: code * (torch.arange(code.shape[1]) < k),
                    "You kept the first k columns. Magnitude decides, in each row anew.",
                ),
                Mistake(
                    lambda code, k: _keep(code.T, code.T.abs().topk(k, dim=1).indices).T,
                    "You kept k entries of each column. The k largest of each *row* are wanted: "
                    "one row is one picture, `dim=1`.",
                ),
                Mistake(
                    lambda code, k: code.abs().topk(k, dim=0).values,
                    "You chose along the columns, `dim=0`, and there are not always k pictures to "
                    "choose from. The k largest of each *row* are wanted, `dim=1`.",
                ),
                Mistake(
                    lambda code, k: _keep(
                        code.reshape(1, -1), code.reshape(1, -1).abs().topk(k, dim=1).indices
                    ).view_as(code),
                    "You kept k entries of the whole batch. Each row keeps k of its own: `dim=1`.",
                ),
                Mistake(
                    lambda code, k: _keep(
                        code.reshape(1, -1),
                        code.reshape(1, -1).abs().topk(k * len(code), dim=1).indices,
                    ).view_as(code),
                    "You kept k per row on average, the largest of the whole batch. Each row keeps "
                    "exactly k of its own: `dim=1`.",
                ),
                Mistake(
                    lambda code, k: _keep(
                        code,
                        code.abs().mean(0).topk(k).indices.expand(len(code), k),
                    ),
                    "Every row keeps the same k units, those that are largest on average. Each "
                    "picture chooses its own.",
                ),
                Mistake(
                    lambda code, k: _keep(
                        code, code.abs().topk(min(k + 1, code.shape[1]), dim=1).indices
                    ),
                    "You kept k + 1 entries of each row, one too many.",
                ),
                Mistake(
                    lambda code, k: _keep(code, code.abs().topk(k, dim=1).indices[:, : k - 1]),
                    "You kept k - 1 entries of each row: a threshold with `>` loses the k-th "
                    "itself, and so does a slice that ends too early.",
                ),
                Mistake(
                    lambda code, k: F.normalize(_keep(code, code.abs().topk(k, 1).indices), dim=1),
                    "The right ones are kept, but scaled to length 1. Leave them as they are.",
                ),
                Mistake(
                    lambda code, k: (
                        code + (_keep(code, code.abs().topk(k, dim=1).indices) - code).detach()
                    ),
                    "The numbers are right, but the gradient flows through all entries, as if "
                    "nothing had been dropped. What is dropped must learn nothing: multiply by the "
                    "mask and leave it at that.",
                ),
            ],
        ).stages,
        Stage("ties", _has_ties),
    ),
)
