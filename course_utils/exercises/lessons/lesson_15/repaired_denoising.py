"""`repaired_denoising`, lesson 15: a denoiser that was asked to draw the noise too."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_utils.exercises.checking.answer import Answer, Wrong, generator_at
from course_utils.exercises.checking.compare import Comparison, Mistake, before_value
from course_utils.exercises.checking.exercise import Exercise, Specimen, Stage
from course_utils.exercises.checking.noting import Noting, notes
from course_utils.exercises.lessons.lesson_15._small_networks import linear_layer
from course_utils.losses import squared_error


def repaired_denoising(
    model: Callable[[Tensor], Tensor],
    x: Float[Tensor, "batch *features"],
    corrupt: Callable[[Tensor], Tensor],
) -> Float[Tensor, " batch"]:
    """What a denoiser is trained to make small: the squared error of what it draws, per picture.

    corrupt spoils pictures, and model draws a picture from each spoilt one. x is clean. The error
    is summed over pixels.
    """
    x_hat = model(corrupt(x))
    return squared_error(x_hat, x)


def specimen(
    model: Callable[[Tensor], Tensor],
    x: Float[Tensor, "batch *features"],
    corrupt: Callable[[Tensor], Tensor],
) -> Float[Tensor, " batch"]:
    x = corrupt(x)
    x_hat = model(x)
    return squared_error(x_hat, x)


class _Spoil:
    """A corruption that does the same each time: it fades the picture and adds a pattern."""

    def __call__(self, x: Tensor) -> Tensor:
        return 0.7 * x + torch.randn(x.shape[1:], generator=generator_at(5)).to(x)

    def __repr__(self) -> str:
        return "a corruption that adds noise"


def _spoilt(generator: torch.Generator) -> list[tuple[nn.Module, Tensor, Callable]]:
    def on_images() -> nn.Module:
        return nn.Sequential(
            nn.Flatten(), linear_layer(25, 25, generator), nn.Unflatten(1, (1, 5, 5))
        )

    return [
        (linear_layer(4, 4, generator), torch.rand(3, 4, generator=generator), _Spoil()),
        (linear_layer(6, 6, generator), torch.rand(1, 6, generator=generator), _Spoil()),
        (on_images(), torch.rand(5, 1, 5, 5, generator=generator), _Spoil()),
    ]


def _compared(pair: Callable, message: str) -> Mistake:
    """A mistake in which two pictures are compared: pair(model, x, corrupt) gives them."""
    return Mistake(lambda model, x, corrupt: squared_error(*pair(model, x, corrupt)), message)


def _rows(make: Callable[[Tensor], Tensor], message: str) -> Mistake:
    """A mistake in how the right differences, a row for each picture, are put together."""

    def error(model: Callable, x: Tensor, corrupt: Callable) -> Tensor:
        return make((model(corrupt(x)) - x).flatten(1))

    return Mistake(error, message)


class _AnotherEachTime(Noting):
    """A corruption that never spoils twice in the same way, and notes what was seen of it."""

    def __init__(self) -> None:
        super().__init__(Tensor.clone, lambda shown: shown.detach().clone())

    def __call__(self, x: Tensor) -> Tensor:
        noise = torch.randn(x.shape, generator=generator_at(len(notes(self))))
        return self._ask(x + noise)


def _target_is_clean(answer: Answer) -> None:
    model, x, _ = _spoilt(answer.generator())[0]
    corrupt = _AnotherEachTime()
    got = answer(model, x.clone(), corrupt)
    for shown in notes(corrupt):
        for target in notes(corrupt):
            if target is not shown and torch.allclose(got, squared_error(model(shown), target)):
                raise Wrong(
                    "The target is still spoilt: `corrupt` is called twice, so that the model is "
                    "shown one spoilt picture and is to draw another. Compare with the clean one."
                )


def _oracle_pays(denoising: Callable) -> float:
    """What a model pays that knows the clean pictures and draws them, whatever it is shown."""
    x = torch.rand(50, 16, generator=generator_at())
    noise = torch.randn(50, 16, generator=generator_at(1))
    return denoising(lambda _: x, x, lambda clean: clean + noise).mean().item()


_DENOISING = Comparison(
    probes=_spoilt,
    shape="(batch,): one error for each picture",
    advice=(
        "Three pictures have a part in it: the clean one, the spoilt one, and what the model "
        "draws from the spoilt one. Say for each line which of them it holds."
    ),
    gradient="x",
    mistakes=[
        _compared(
            lambda model, x, corrupt: (model(x), x),
            "The noise is gone: the model is shown the clean picture, as an ordinary "
            "autoencoder is. Show it `corrupt(x)`, and compare with `x`.",
        ),
        _compared(
            lambda model, x, corrupt: (model(x), corrupt(x)),
            "Clean and spoilt have changed places: the model is shown the clean picture and is "
            "to draw the noise.",
        ),
        _compared(
            lambda model, x, corrupt: (corrupt(x), x),
            "The model has no part in it: this is how large the noise is.",
        ),
        _compared(
            lambda model, x, corrupt: (corrupt(model(x)), x),
            "The noise is added to what the model draws. It belongs on what the model is shown.",
        ),
        _compared(
            lambda model, x, corrupt: (model(corrupt(x)), model(x)),
            "You compare two drawings of the model, one from the spoilt and one from the clean "
            "picture. A model that always draws the same would pay nothing: compare with `x`.",
        ),
        _compared(
            lambda model, x, corrupt: (model(corrupt(corrupt(x))), x),
            "The picture is spoilt twice.",
        ),
        _compared(
            lambda model, x, corrupt: (corrupt(x) - model(corrupt(x)), x),
            "You subtract the drawing from the spoilt picture, as if the model drew the noise. "
            "Here it draws the picture itself.",
        ),
        _rows(
            lambda difference: (difference**2).mean(1),
            "You averaged over the pixels. Their squares are summed.",
        ),
        _rows(
            lambda difference: difference.abs().sum(1),
            "These are absolute differences. The squares are wanted.",
        ),
        _rows(
            lambda difference: (difference**2).sum(),
            "The batch is summed too. Keep one number for each picture.",
        ),
        _rows(
            lambda difference: (difference**2).sum(1).mean(),
            "The batch is averaged too. Keep one number for each picture; the training loop "
            "takes the mean.",
        ),
    ],
)


exercise = Exercise(
    solution=repaired_denoising,
    place=2,
    difficulty=1,
    minutes=5,
    success="A model that draws the clean picture pays nothing, one that copies pays the noise.",
    hints=(
        "Which picture does the name `x` stand for in the last line?",
        "Imagine the best denoiser there could be, which draws the clean picture whatever it is "
        "shown: `repaired_denoising(lambda spoilt: x, x, corrupt)`. What should it cost?",
        "Give the spoilt picture no name, or one of its own: `x_hat = model(corrupt(x))`. Then `x` "
        "is still the clean one when the two are compared.",
    ),
    stages=before_value(
        _DENOISING.stages,
        Stage("target", _target_is_clean),
    ),
    specimen=Specimen(
        specimen,
        "a model that draws the clean picture, whatever it is shown, should pay nothing. Here it "
        "pays {by:.1f} squared pixels.",
        _oracle_pays,
    ),
)
