"""`repaired_step`, lesson 15: several workers, each of whom learns alone."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.answer import Answer, Wrong, generator_at
from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise, Specimen, Stage
from course_utils.exercises.checking.noting import Noting, notes
from course_utils.losses import squared_error


def repaired_step(
    weights: Float[Tensor, "workers size"],
    shares: Float[Tensor, "workers share *shape"],
    loss: Callable[[Tensor, Tensor], Tensor],
    lr: float,
) -> Float[Tensor, "workers size"]:
    """One step of gradient descent by several workers: the weights of each of them after it.

    Each worker has a copy of the model, a row of weights, and a share of the batch, all as large.
    The copies are equal before the step. loss(copy, share) is one number per example, and each
    worker computes it for its own share alone. After the step all copies are what one worker would
    have with the whole batch: less lr times the gradient of its mean loss.
    """
    copies = [row.detach().requires_grad_() for row in weights]
    losses = [loss(copy, share).mean() for copy, share in zip(copies, shares, strict=True)]
    gradients = torch.autograd.grad(sum(losses), copies)
    return weights - lr * torch.stack(gradients).mean(dim=0)


def specimen(
    weights: Float[Tensor, "workers size"],
    shares: Float[Tensor, "workers share *shape"],
    loss: Callable[[Tensor, Tensor], Tensor],
    lr: float,
) -> Float[Tensor, "workers size"]:
    copies = [row.detach().requires_grad_() for row in weights]
    losses = [loss(copy, share).mean() for copy, share in zip(copies, shares, strict=True)]
    together = torch.stack(losses).mean()
    gradients = torch.autograd.grad(together, copies)
    return weights - lr * torch.stack(gradients)


class _Tied:
    """A linear autoencoder whose weights, laid flat, encode and decode."""

    def __init__(self, latent: int) -> None:
        self.latent = latent

    def __call__(self, copy: Tensor, share: Tensor) -> Tensor:
        x = share.flatten(1)
        matrix = copy.reshape(self.latent, x.shape[1])
        return squared_error(x @ matrix.T @ matrix, x)

    def __repr__(self) -> str:
        return "the squared error of a small autoencoder"


def _teams(generator: torch.Generator) -> list[tuple[Tensor, Tensor, _Tied, float]]:
    def team(workers: int, share: int, latent: int, *shape: int, lr: float) -> tuple:
        shares = torch.randn(workers, share, *shape, generator=generator)
        row = 0.5 * torch.randn(latent * math.prod(shape), generator=generator)
        return row.repeat(workers, 1), shares, _Tied(latent), lr

    weights, shares, loss, lr = team(5, 3, 2, 4, lr=0.03)
    return [
        team(3, 4, 1, 2, lr=0.1),
        team(4, 5, 2, 1, 2, 3, lr=0.02),
        (weights.double(), shares.double(), loss, lr),
        team(1, 6, 1, 3, lr=0.05),
        team(2, 1, 2, 5, lr=0.3),
    ]


def _gradients(weights: Tensor, shares: Tensor, loss: Callable) -> Tensor:
    """The gradient of each worker's mean loss with respect to its own copy, one in a row."""
    copies = [row.detach().clone().requires_grad_() for row in weights]
    total = sum(loss(copy, share).mean() for copy, share in zip(copies, shares, strict=True))
    return torch.stack(torch.autograd.grad(total, copies))


def _moved(by: Callable[[Tensor], Tensor], message: str) -> Mistake:
    """A mistake in what the workers' own gradients, a row for each, are made into."""
    return Mistake(
        lambda weights, shares, loss, lr: weights - lr * by(_gradients(weights, shares, loss)),
        message,
    )


def _so_far(gradients: Tensor) -> Tensor:
    """The mean of each gradient and those before it."""
    return gradients.cumsum(0) / torch.arange(1, len(gradients) + 1)[:, None]


def _only_first(gradients: Tensor) -> Tensor:
    moves = torch.zeros_like(gradients)
    moves[0] = gradients.mean(0)
    return moves


class _Listening(Noting):
    """A loss that notes how many examples each call was about."""

    def __init__(self, loss: Callable) -> None:
        super().__init__(loss, lambda copy, share: len(share))

    def __call__(self, copy: Tensor, share: Tensor) -> Tensor:
        return self._ask(copy, share)


def _each_its_share(answer: Answer) -> None:
    weights, shares, loss, lr = _teams(answer.generator())[0]
    listening = _Listening(loss)
    answer(weights, shares, listening, lr)
    asked = notes(listening)
    if max(asked, default=0) > shares.shape[1]:
        raise Wrong(
            f"The result is right, but the loss is computed for {max(asked)} examples at "
            f"a time, where a share has {shares.shape[1]}: someone does the whole batch, and the "
            "others need not have come. Each worker computes with its own share, and what they "
            "then exchange is gradients."
        )
    if len(asked) > len(shares):
        raise Wrong(
            f"The result is right, but the loss is computed {len(asked)} times by "
            f"{len(shares)} workers: each should need its own share alone, and once."
        )


def _apart(step: Callable) -> float:
    """How far four workers end from where one arrives with all, as a share of its step."""
    shares = torch.randn(4, 5, 6, generator=generator_at())
    row = 0.5 * torch.randn(12, generator=generator_at(1))
    together = _gradients(row[None], shares.flatten(0, 1)[None], _Tied(2))
    after = step(row.repeat(4, 1), shares, _Tied(2), 0.1).detach()
    missed = (after - (row - 0.1 * together)).norm(dim=1).mean()
    return (missed / (0.1 * together).norm()).item()


_STEP = Comparison(
    probes=_teams,
    shape="(workers, size): a row of weights for each worker",
    advice=(
        "Each worker has one gradient, that of its own share. The mean of these is the gradient of "
        "the whole batch, since the shares are equally large; every copy moves by lr times that."
    ),
    mistakes=[
        _moved(
            lambda g: g,
            "Half repaired. The steps have the right length now, but each copy still follows the "
            "gradient of its own share alone, and after one step no two are alike. Average the "
            "gradients, so that all take the same step.",
        ),
        _moved(
            lambda g: (g / len(g)).mean(0).expand_as(g),
            "Half repaired. All copies take the same step now, but it is too short, once more by "
            "the number of workers: the average of the losses has divided their gradients already, "
            "and you divide again. Then it is their sum that is wanted.",
        ),
        _moved(
            lambda g: g.sum(0).expand_as(g),
            "All copies take the same step now, but it is too long, by the number of workers: the "
            "gradients are added up, where the batch's mean loss wants their mean.",
        ),
        _moved(
            lambda g: g[:1].expand_as(g),
            "The copies stay equal now, but they all follow the first worker: what the others "
            "computed is thrown away.",
        ),
        _moved(
            lambda g: g[-1:].expand_as(g),
            "The copies stay equal now, but they all follow the last worker: what the others "
            "computed is thrown away. Does a loop write over its own result?",
        ),
        _moved(
            _only_first,
            "The first copy is right now, and the others have stayed where they were. All of them "
            "have to move, or the next step begins with copies that differ.",
        ),
        _moved(
            _so_far,
            "Each worker averages what it has heard so far: the first its own gradient, the last "
            "all of them. Wait until every gradient is there, then average.",
        ),
        _moved(
            lambda g: g.mean(1, keepdim=True).expand_as(g),
            "You average over the weights of each copy. The mean is over the workers, `dim=0`.",
        ),
        _moved(
            lambda g: -g.mean(0).expand_as(g),
            "The gradients are averaged, and the step goes uphill. It is minus lr times the mean.",
        ),
        Mistake(
            lambda weights, shares, loss, lr: weights - _gradients(weights, shares, loss).mean(0),
            "The gradients are averaged now. Multiply them by `lr`.",
        ),
        Mistake(
            lambda weights, shares, loss, lr: (
                weights - lr * shares.shape[1] * _gradients(weights, shares, loss).mean(0)
            ),
            "You sum the loss over the examples of a share. Its mean is wanted, or the step grows "
            "with the batch.",
        ),
    ],
)


exercise = Exercise(
    solution=repaired_step,
    place=6,
    difficulty=3,
    minutes=12,
    success="Four workers with a quarter each now arrive where one arrives with everything.",
    hints=(
        "The losses are averaged over the workers. What does each copy get of that?",
        "Give the same weights and the whole batch to one worker, "
        "`repaired_step(weights[:1], shares.flatten(0, 1)[None], loss, lr)`, and compare.",
        "The derivative of an average of losses with respect to *one* copy knows that copy's loss "
        "alone, and a fraction of it. It is the gradients that have to be averaged: "
        "`torch.stack(gradients).mean(0)`, of losses that are not.",
    ),
    stages=(*_STEP.stages, Stage("shares", _each_its_share)),
    specimen=Specimen(
        specimen,
        "four workers with a quarter of the batch each should arrive where one worker arrives with "
        "all of it. They miss that place by {by:.2f} of the step that leads there.",
        _apart,
    ),
)
