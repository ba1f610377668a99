"""`denoising_loss`, lesson 03: show the spoilt picture, compare with the clean one."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.exercises.checking import networks
from course_utils.exercises.checking.answer import Answer, Wrong
from course_utils.exercises.checking.chance import expect_chance_left_alone
from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise, Stage
from course_utils.exercises.checking.parts import NO_POWER
from course_utils.losses import squared_error


def denoising_loss(
    model: Callable[[Tensor], Tensor],
    clean: Float[Tensor, "batch *features"],
    noisy: Float[Tensor, "batch *features"],
) -> Float[Tensor, " batch"]:
    """Squared error, summed over pixels, of what the model makes of noisy, against clean."""
    x_hat = model(noisy)
    return (x_hat - clean).square().flatten(start_dim=1).sum(dim=1)


class Network(nn.Module):
    """A stand-in for a model: mixes the pixels of each example and bends the result, unless linear.

    A linear one paints outside of [0, 1] as well, as any model does whose last layer is linear.
    """

    def __init__(
        self, shape: tuple[int, ...], generator: torch.Generator, *, linear: bool = False
    ) -> None:
        super().__init__()
        self.shape, self.linear = shape, linear
        features = math.prod(shape)
        weight = torch.randn(features, features, generator=generator) / math.sqrt(features)
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(0.3 * torch.randn(features, generator=generator))

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[1:] != self.shape:
            raise ValueError(
                f"the model was shown {tuple(x.shape)}; expected (batch, {str(self.shape)[1:]}"
            )
        mixed = (2 * x.flatten(1) @ self.weight + self.bias).view(x.shape)
        return mixed if self.linear else torch.sigmoid(mixed)

    def __repr__(self) -> str:
        return "a small network, whose output has the shape of its input"


def _models_and_pairs(generator: torch.Generator) -> list[tuple[nn.Module, Tensor, Tensor]]:
    def trial(*shape: int, linear: bool = False) -> tuple[nn.Module, Tensor, Tensor]:
        clean = torch.rand(shape, generator=generator)
        noisy = clean + 0.7 * torch.randn(shape, generator=generator)
        clean, noisy = (tensor.round(decimals=1) for tensor in (clean, noisy))
        return Network(shape[1:], generator, linear=linear), clean, noisy

    bent = [trial(3, 4), trial(5, 3), trial(1, 6), trial(4, 1, 5, 3), trial(2, 784)]
    return [*bent, trial(4, 5, linear=True), trial(2, 1, 3, 4, linear=True)]


def _per_pixel(model: Callable, clean: Tensor, noisy: Tensor) -> Tensor:
    return (model(noisy) - clean).square()


def _half_detached(model: Callable, clean: Tensor, noisy: Tensor) -> Tensor:
    error = model(noisy) - clean
    return (error * error.detach()).flatten(1).sum(1)


def _leaves_no_traces(answer: Answer) -> None:
    """The model, the images and the program's random numbers are afterwards what they were."""
    no_chance = "Nothing in this loss is random: leave it out."
    for training in (True, False):
        model, clean, noisy = _models_and_pairs(answer.generator())[3]
        model.train(training)
        with (
            networks.expect_left_alone(model, "Your function"),
            expect_chance_left_alone("Your function", no_chance),
        ):
            answer(model, clean, noisy)


def _gradient_reaches_the_model(answer: Answer) -> None:
    """The loss changes with the model's weights as the reference's does."""
    for model, clean, noisy in _models_and_pairs(answer.generator()):
        weights = 0.5 + torch.rand(len(clean), generator=answer.generator())

        def gradient(
            loss: Callable, at: tuple = (model, clean, noisy), weights: Tensor = weights
        ) -> Tensor | None:
            value = loss(*at)
            if not value.requires_grad:
                return None
            return torch.autograd.grad(value, at[0].weight, weights.to(value.dtype))[0]

        got, wanted = gradient(answer), gradient(answer.solution)
        if got is None:
            raise Wrong(
                "The numbers are right, but no gradient would reach the weights of the model, so "
                "it could not learn. `.detach()`, `.item()`, `.numpy()`, `torch.no_grad()` and "
                "`torch.tensor(...)` around a result all cut the thread."
            )
        if torch.allclose(got, wanted, atol=1e-4 * wanted.abs().max().item()):
            continue
        if torch.allclose(got, gradient(_half_detached), atol=1e-4 * wanted.abs().max().item()):
            raise Wrong(
                "The numbers are right but the gradient is half of what it should be: one of the "
                "two factors is detached. Square the one difference."
            )
        raise Wrong(
            "The numbers are right, but their gradient with respect to the model's weights is not. "
            "Look for a part that is detached, rounded or computed outside of torch."
        )


exercise = Exercise(
    solution=denoising_loss,
    place=3,
    difficulty=1,
    minutes=5,
    success=(
        "A model that returned the clean images would cost 0. One that returned what it was shown "
        "would cost the squared size of the noise, about 196 for each image below."
    ),
    hints=(
        "Which of the two does the model get to see, and with which is its answer compared?",
        "The model sees `noisy`, and its answer is compared with `clean`. The rest is the squared "
        "error of lesson 01: sum over all axes but the first.",
    ),
    stages=(
        *Comparison(
            probes=_models_and_pairs,
            shape="(batch,): one number for each example",
            advice=(
                "Print `model(noisy)`, subtract `clean` from it by hand, square, and add up the "
                "first row."
            ),
            mistakes=[
                Mistake(
                    lambda model, clean, noisy: squared_error(model(noisy), noisy),
                    "You compared the model's answer with the noisy image. A model trained so "
                    "learns to draw the noise as well: the target is `clean`.",
                ),
                Mistake(
                    lambda model, clean, noisy: squared_error(model(clean), clean),
                    "You showed the model the clean image; this is the plain autoencoder of "
                    "lesson 01. What it is to be shown is `noisy`.",
                ),
                Mistake(
                    lambda model, clean, noisy: squared_error(model(clean), noisy),
                    "The two are exchanged: the model is shown the clean image and asked for the "
                    "noisy one. It sees `noisy` and is asked for `clean`.",
                ),
                Mistake(
                    lambda model, clean, noisy: squared_error(noisy, clean),
                    "This is the size of the noise: the model was never asked. Compare "
                    "`model(noisy)` with `clean`.",
                ),
                Mistake(
                    lambda model, clean, noisy: squared_error(model(noisy), model(clean)),
                    "You sent both images through the model and compared its two answers. A model "
                    "that always draws the same would be perfect; compare with `clean` itself.",
                ),
                Mistake(
                    lambda model, clean, noisy: squared_error(model(model(noisy)), clean),
                    "The model was applied twice, to its own answer. Once: `model(noisy)`.",
                ),
                Mistake(
                    lambda model, clean, noisy: squared_error(model(noisy), noisy - clean),
                    "You took the model's answer for the noise, `noisy - clean`. Some diffusion "
                    "models are trained so; here its answer is to be the clean image itself.",
                ),
                Mistake(
                    lambda model, clean, noisy: squared_error(noisy + model(noisy), clean),
                    "You added the model's answer to the noisy image. The model's answer is "
                    "already the reconstruction.",
                ),
                Mistake(
                    lambda model, clean, noisy: (
                        squared_error(model(noisy), clean) + squared_error(model(clean), clean)
                    ),
                    "There are two errors in your sum: that of the noisy image and that of the "
                    "clean one. The denoising loss is the first alone.",
                ),
                Mistake(
                    lambda model, clean, noisy: squared_error(
                        model(noisy).logits,
                        clean,
                    ),
                    "Here `model(x)` is already the reconstruction, a plain tensor: leave out "
                    "`.logits`. (The course's own models return more; see `denoising` below.)",
                ),
                Mistake(
                    lambda model, clean, noisy: squared_error(model.reconstruct(noisy), clean),
                    "Here `model(x)` is the reconstruction; any function may be a model, and this "
                    "one has no `reconstruct`. (In training that would also cut the gradient.)",
                ),
                Mistake(
                    lambda model, clean, noisy: squared_error(model(noisy).clamp(0, 1), clean),
                    "You cut the model's answer to [0, 1] before you compared it. A model whose "
                    "last layer is linear paints outside of that range too: there it would pay "
                    "less than it owes, and get no gradient. Compare the answer as it is.",
                ),
                Mistake(
                    lambda model, clean, noisy: squared_error(model(noisy).relu(), clean),
                    "You cut away what the model paints below 0. A model whose last layer is "
                    "linear does that, and would get no gradient there. Compare the answer as it "
                    "is.",
                ),
                Mistake(
                    lambda model, clean, noisy: squared_error(model(noisy).sigmoid(), clean),
                    "You put a sigmoid on the model's answer. Whether it needs one is the model's "
                    "business: compare what it returns, as it is.",
                ),
                Mistake(
                    lambda model, clean, noisy: squared_error(model(noisy.clamp(0, 1)), clean),
                    "You cut the spoilt images to [0, 1] before you showed them to the model. Show "
                    "them as they are.",
                ),
                Mistake(
                    lambda model, clean, noisy: (model(noisy) - clean) ^ 2,
                    NO_POWER,
                ),
                Mistake(
                    _per_pixel,
                    "You returned a squared difference for each pixel, with the shape of the "
                    "images. The loss of an example is one number: sum over all axes but the "
                    "first.",
                ),
                Mistake(
                    lambda model, clean, noisy: F.mse_loss(model(noisy), clean),
                    "This is the mean over pixels and examples, what `F.mse_loss` returns unless "
                    "told otherwise. Sum over the pixels, and keep one number for each example.",
                ),
                Mistake(
                    lambda model, clean, noisy: _per_pixel(model, clean, noisy).sum(),
                    "You summed over everything, the examples too. Keep the first axis and sum "
                    "over the others.",
                ),
                Mistake(
                    lambda model, clean, noisy: squared_error(model(noisy), clean).mean(),
                    "The sum over pixels is right, but then you took the mean over the batch. "
                    "`fit` takes that mean, once, at the end.",
                ),
                Mistake(
                    lambda model, clean, noisy: _per_pixel(model, clean, noisy).flatten(1).mean(1),
                    "This is the mean over the pixels where the sum is wanted: it is smaller by "
                    "their number.",
                ),
                Mistake(
                    lambda model, clean, noisy: _per_pixel(model, clean, noisy).sum(0),
                    "You summed over the first axis, the examples. That axis must stay: sum over "
                    "those that come after it.",
                ),
                Mistake(
                    lambda model, clean, noisy: (
                        _per_pixel(model, clean, noisy).flatten(1).sum(1, keepdim=True)
                    ),
                    "The numbers are right, but they stand in a column, (batch, 1). Leave out "
                    "`keepdim=True`.",
                ),
                Mistake(
                    lambda model, clean, noisy: _per_pixel(model, clean, noisy).sum(-1),
                    "Right for (batch, features), but for images only the last axis is summed, "
                    "one row of pixels. Sum over every axis but the first: `flatten(1)` makes one "
                    "of them.",
                ),
                Mistake(
                    lambda model, clean, noisy: _per_pixel(model, clean, noisy).sum(1),
                    "Right for (batch, features), but for images axis 1 is the colour channel, and "
                    "the pixels stay. `flatten(1)` before the sum puts all of them into axis 1.",
                ),
                Mistake(
                    lambda model, clean, noisy: _per_pixel(model, clean, noisy).sum((1, 2, 3)),
                    "You named axes that only images have, such as (1, 2, 3). `flatten(1)` first "
                    "makes the same line work for rows as well.",
                ),
                Mistake(
                    lambda model, clean, noisy: (model(noisy) - clean).abs().flatten(1).sum(1),
                    "You summed the absolute differences. Squares are wanted: their best answer is "
                    "the mean of the possible clean images, on which the rest of the lesson "
                    "stands.",
                ),
                Mistake(
                    lambda model, clean, noisy: (model(noisy) - clean).flatten(1).sum(1),
                    "Nothing is squared here: errors above and below the target cancel. Square "
                    "each difference before the sum.",
                ),
                Mistake(
                    lambda model, clean, noisy: squared_error(model(noisy), clean) / 2,
                    "This is half the squared error. The factor ½ belongs to the Gaussian "
                    "likelihood, not to this loss.",
                ),
                Mistake(
                    lambda model, clean, noisy: squared_error(model(noisy), clean).sqrt(),
                    "You took the square root: this is the Euclidean distance. Leave it squared.",
                ),
                Mistake(
                    lambda model, clean, noisy: (
                        F.binary_cross_entropy(model(noisy), clean, reduction="none")
                        .flatten(1)
                        .sum(1)
                    ),
                    "This is the cross-entropy of lesson 01, section 9. Here the squared error is "
                    "wanted.",
                ),
            ],
        ).stages,
        Stage("no traces", _leaves_no_traces),
        Stage("gradient", _gradient_reaches_the_model),
    ),
)
