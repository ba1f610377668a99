"""The twin of `training_step`: the same step, without an optimiser."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def training_step_twin(
    weight: Float[Tensor, "features outputs"],
    x: Float[Tensor, "batch features"],
    y: Float[Tensor, "batch outputs"],
    lr: float,
) -> Float[Tensor, "features outputs"]:
    """The weights of a linear model after one step of gradient descent; weight is left alone.

    The model answers x @ weight. The loss of an example is the squared error, summed over the
    outputs; what is made small is the mean of that over the batch.
    """
    weight = weight.detach().clone().requires_grad_()
    loss = (x @ weight - y).square().sum(dim=1).mean()
    (gradient,) = torch.autograd.grad(loss, weight)
    return weight.detach() - lr * gradient


def _batches(generator: torch.Generator) -> list[tuple[Tensor, Tensor, Tensor, float]]:
    def case(batch: int, features: int, outputs: int, lr: float) -> tuple:
        weight = torch.randn(features, outputs, generator=generator)
        x = torch.randn(batch, features, generator=generator)
        return weight, x, torch.randn(batch, outputs, generator=generator), lr

    *small, lr = case(4, 3, 2, 0.1)
    return [
        (*(tensor.round(decimals=1) for tensor in small), lr),
        case(7, 2, 3, 0.05),
        case(3, 5, 5, 0.2),
        case(6, 4, 2, 0.3),
        case(2, 3, 4, 0.02),
    ]


def _step(change: Callable[[Tensor, float, tuple[int, int]], Tensor], message: str) -> Mistake:
    """A mistake in what is taken from the weights: of the right gradient, lr, (batch, outputs)."""

    def answer(weight: Tensor, x: Tensor, y: Tensor, lr: float) -> Tensor:
        gradient = 2 * x.mT @ (x @ weight - y) / len(x)
        return weight - change(gradient, lr, (len(x), y.shape[1]))

    return Mistake(answer, message)


exercise = Exercise(
    solution=training_step_twin,
    place=4,
    difficulty=2,
    minutes=10,
    success=(
        "With weight = [[0]], x = [[1], [2]], y = [[1], [2]] and lr = 0.1 the step leads to 0.5, "
        "half of the way to the 1 that fits both."
    ),
    hints=(
        "Three steps as in `training_step`: the loss, its gradient, a step against it. What did "
        "the optimiser do there that you have to do by hand?",
        "`torch.autograd.grad(loss, weight)` hands the gradient out and leaves nothing behind. "
        "The weights have to ask for it first: a copy of them, with `requires_grad_()`.",
    ),
    stages=Comparison(
        probes=_batches,
        shape="(features, outputs): the new weights",
        advice=(
            "With a batch of one and a single output, the gradient is 2 (x · weight - y) x. Carry "
            "that through by hand."
        ),
        mistakes=[
            _step(
                lambda gradient, lr, n: -lr * gradient,
                "The step goes up the slope: the gradient shows where the loss grows. Take it "
                "away from the weights.",
            ),
            _step(
                lambda gradient, lr, n: lr * gradient * n[0],
                "You summed over the batch, so that a larger batch makes a larger step. The mean "
                "over the examples is made small.",
            ),
            _step(
                lambda gradient, lr, n: lr * gradient / n[1],
                "You took the mean over the outputs as well, as `F.mse_loss` does. The outputs of "
                "an example are summed.",
            ),
            _step(
                lambda gradient, lr, n: lr * gradient / 2,
                "Half a step: a square has the derivative 2 u, and the loss has no ½.",
            ),
            _step(
                lambda gradient, lr, n: gradient,
                "The learning rate is left out.",
            ),
            _step(
                lambda gradient, lr, n: 0 * gradient,
                "The weights are as they were. A step makes new ones of the gradient.",
            ),
            _step(
                lambda gradient, lr, n: lr * gradient.sign(),
                "Only the sign of the gradient is used, which is nearly what Adam's first step "
                "does. Here the step is in proportion to it.",
            ),
            _step(
                lambda gradient, lr, n: lr * gradient / gradient.norm(),
                "You divided the gradient by its length, so that every step is equally long.",
            ),
            Mistake(
                lambda weight, x, y, lr: 2 * x.mT @ (x @ weight - y) / len(x),
                "This is the gradient. The weights after the step are wanted.",
            ),
            Mistake(
                lambda weight, x, y, lr: torch.linalg.pinv(x) @ y,
                "You solved it altogether. Asked for is one step on the way.",
            ),
        ],
    ).stages,
)
