"""`anomaly_scores`, lesson 13: one score for each example, from a model left as it was."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.exercises.checking import networks
from course_utils.exercises.checking.answer import Answer
from course_utils.exercises.checking.chance import expect_chance_left_alone
from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise, Stage


def anomaly_scores(model: nn.Module, x: Float[Tensor, "n *features"]) -> Float[Tensor, " n"]:
    """How badly the model draws each example again: higher is stranger.

    The score of an example is the squared error of its reconstruction, summed over all features.
    model.reconstruct(x) gives the reconstruction of a whole batch, shaped as x. The model and x are
    left as they were.
    """
    return ((model.reconstruct(x) - x) ** 2).flatten(start_dim=1).sum(dim=1)


_SHAPE = "(n,): one number for each example"
_CALLED = (
    "A call of one of the course's models, `model(x)`, returns two things: the logits and the code."
)


class Redrawing(nn.Module):
    """A stand-in for an autoencoder: squeezes each example to two numbers and draws it again.

    As with the course's own, a call returns logits and code.
    """

    def __init__(self, features: int, generator: torch.Generator) -> None:
        super().__init__()
        self.down = torch.randn(features, 2, generator=generator) / math.sqrt(features)
        self.up = torch.randn(2, features, generator=generator)

    def encode(self, x: Tensor) -> Tensor:
        return torch.tanh(x.flatten(1) @ self.down)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = self.encode(x)
        return (z @ self.up).view_as(x), z

    def reconstruct(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self(x)[0])

    def __repr__(self) -> str:
        return "a small network with model.reconstruct(x); model(x) is (logits, code)"


class Linear(Redrawing):
    """Its reconstruction is no sigmoid: any number, beyond 0 and 1 too. It has weights to train."""

    def __init__(self, features: int, generator: torch.Generator) -> None:
        super().__init__(features, generator)
        self.down, self.up = nn.Parameter(2 * self.down), nn.Parameter(self.up)

    def encode(self, x: Tensor) -> Tensor:
        return x.flatten(1) @ self.down

    def reconstruct(self, x: Tensor) -> Tensor:
        return self(x)[0]


def _models_and_examples(generator: torch.Generator) -> list[tuple[nn.Module, Tensor]]:
    def trial(*shape: int) -> tuple[nn.Module, Tensor]:
        x = torch.rand(shape, generator=generator)
        # Some examples are harder than others, so that a score of the wrong one shows.
        x = x + 0.8 * torch.arange(shape[0]).view(-1, *[1] * (len(shape) - 1)) / shape[0]
        return Redrawing(math.prod(shape[1:]), generator), x.round(decimals=1)

    any_number = torch.randn(7, 9, generator=generator).round(decimals=1)
    return [
        *[trial(3, 4), trial(5, 3), trial(1, 6), trial(4, 1, 5, 3), trial(20, 784)],
        (Linear(9, generator), any_number),
    ]


def _of_difference(score: Callable[[Tensor], Tensor], message: str) -> Mistake:
    """A mistake in what is made of reconstruction less original, (n, features)."""
    return Mistake(lambda model, x: score((model.reconstruct(x) - x).flatten(1)), message)


def _leaves_no_traces(answer: Answer) -> None:
    generator = answer.generator()
    model, x = Linear(6, generator), torch.randn(4, 6, generator=generator)
    what = "`anomaly_scores(model, x)`"
    for training in (True, False):
        model.train(training)
        with (
            networks.expect_left_alone(model, what),
            expect_chance_left_alone(what, "Nothing in a score is random."),
        ):
            answer(model, x)


_redrawn = Comparison(
    probes=_models_and_examples,
    shape=_SHAPE,
    advice=(
        "Print `model.reconstruct(x)`, subtract the first row of x from its first row by hand, "
        "square each difference, and add them up."
    ),
    mistakes=[
        _of_difference(
            lambda d: d.square().mean(1),
            "This is the mean over the features. The course sums over them: a score should not "
            "change its scale with the size of the picture.",
        ),
        _of_difference(
            lambda d: d.square().sum(),
            "You summed over the batch as well, and all examples share one score. Keep the "
            "first axis: `flatten(1).sum(1)`.",
        ),
        _of_difference(
            lambda d: d.square().mean(),
            "This is one mean over everything, as `F.mse_loss` gives it. Here each example "
            "needs a score of its own.",
        ),
        _of_difference(
            lambda d: -d.square().sum(1),
            "The sign is turned: higher should be *stranger*. (scikit-learn's `score_samples` "
            "has your sign, the exercise has not.)",
        ),
        _of_difference(
            lambda d: d.abs().sum(1),
            "You summed the absolute differences. The squared ones are asked for.",
        ),
        _of_difference(
            lambda d: d.norm(dim=1),
            "There is a square root too many: this is the length of the difference. The order "
            "is the same, but not the number.",
        ),
        _of_difference(
            lambda d: d.square().mean(1).sqrt(),
            "This is the root of the mean square. The plain sum of the squares is asked for.",
        ),
        _of_difference(
            lambda d: d.sum(1),
            "The differences are summed without being squared, so that too much ink here pays "
            "for too little there.",
        ),
        _of_difference(
            lambda d: d.sum(1).square(),
            "First the sum, then the square: errors of opposite sign have cancelled. Square "
            "each difference, then sum.",
        ),
        _of_difference(
            lambda d: d.square().amax(1),
            "You took the worst feature of each example. All features count: sum.",
        ),
        _of_difference(
            lambda d: d.square().sum(0),
            "You summed over the examples, and have a score for each *feature*. Sum over the "
            "features, `dim=1`.",
        ),
        *(
            Mistake(
                called,
                f"{_CALLED} What you can compare with x is `model.reconstruct(x)`.",
            )
            for called in (
                lambda model, x: model(x) - x,
                lambda model, x: x - model(x),
                lambda model, x: F.mse_loss(model(x), x, reduction="none"),
            )
        ),
        Mistake(
            lambda model, x: (model(x)[0] - x).flatten(1).square().sum(1),
            f"{_CALLED} The logits are no picture yet; `model.reconstruct(x)` is.",
        ),
        *(
            Mistake(
                lambda model, x, cut=cut: (
                    (cut(model.reconstruct(x)) - x).flatten(1).square().sum(1)
                ),
                "You cut or squeeze the reconstruction to between 0 and 1. A model may draw beyond "
                "that, and the score is to say so: take what `model.reconstruct(x)` gives as it "
                "is.",
            )
            for cut in (lambda x_hat: x_hat.clamp(0, 1), torch.sigmoid)
        ),
        Mistake(
            lambda model, x: (model.reconstruct(x) - x.clamp(0, 1)).flatten(1).square().sum(1),
            "You cut the examples to between 0 and 1. Not every table and picture lies there: "
            "compare with x as it is.",
        ),
        Mistake(
            lambda model, x: (model.reconstruct(x) - x).square().sum(-1),
            "Only the last axis is summed. An image has three axes: `flatten(1)` first, then "
            "`sum(1)`.",
        ),
        _of_difference(
            lambda d: 0.5 * d.square().sum(1),
            "There is a factor ½, as in the density of a Gaussian. The plain sum is asked for.",
        ),
        Mistake(
            lambda model, x: (
                (model.reconstruct(x) - x).square().flatten(1).sum(1) / x.square().flatten(1).sum(1)
            ),
            "You divided by the size of each example. That can be a good idea (section 4), but "
            "here the plain squared error is asked for.",
        ),
        _of_difference(
            lambda d: d.square().sum(1) / d.square().sum(1).max(),
            "You divided by the largest score of the batch. Then a score depends on which "
            "other examples happen to be beside it.",
        ),
        Mistake(
            lambda model, x: x.flatten(1).square().sum(1),
            "This is the size of x: the model was not asked. Subtract `model.reconstruct(x)`.",
        ),
        Mistake(
            lambda model, x: (model.reconstruct(x) - x.mean(0)).flatten(1).square().sum(1),
            "You compared the reconstruction with the mean of the batch. Compare it with x.",
        ),
        Mistake(
            lambda model, x: (
                (model.reconstruct(model.reconstruct(x)) - model.reconstruct(x))
                .flatten(1)
                .square()
                .sum(1)
            ),
            "The model is applied twice, and its two answers are compared. Compare the first "
            "with x itself.",
        ),
        Mistake(
            lambda model, x: model.encode(x).square().sum(1),
            "This is the length of the code. A code may be long and its picture quite normal: "
            "compare pictures.",
        ),
    ],
)

exercise = Exercise(
    solution=anomaly_scores,
    place=1,
    difficulty=1,
    minutes=5,
    success=(
        "A model that returns x itself gives 0 for everything. One that returns white paper gives "
        "the sum of the squared pixels, about 90 for an MNIST digit."
    ),
    hints=(
        "Draw the whole batch again, subtract what it should have been, square. Which axes are "
        "then too many?",
        "`model.reconstruct(x)` has the shape of x. `.flatten(1)` makes a row of each example, and "
        "`.sum(1)` one number of each row.",
    ),
    stages=(
        *_redrawn.stages,
        Stage("left as it was", _leaves_no_traces),
    ),
)
