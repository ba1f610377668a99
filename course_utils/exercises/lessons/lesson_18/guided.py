"""`guided`, lesson 18: further in the direction in which the label points."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise
from course_utils.exercises.lessons.lesson_18._fields import Field, blobs


def guided(
    velocity: Callable,
    z: Float[Tensor, "n d"],
    t: Float[Tensor, "n 1"],
    y: Int[Tensor, " n"],
    weight: float,
) -> Float[Tensor, "n d"]:
    """The velocity without a label, and `weight` times the way from there to that with the label.

    `velocity(z, t, y)` takes points (n, d), times (n, 1) and labels (n,), or None in their place
    where no label is told. With weight 0 the label says nothing, with 1 it is told as usual, and
    with more it counts for more.
    """
    without = velocity(z, t, None)
    return without + weight * (velocity(z, t, y) - without)


def _told(z: Tensor, t: Tensor, y: Tensor | None = None) -> Tensor:
    """A velocity that a label changes, not by the same everywhere."""
    if y is None:
        return t - z
    if y.shape != (len(z),) or y.is_floating_point():
        raise ValueError(f"y has shape {tuple(y.shape)} and {y.dtype}, and labels are whole, (n,)")
    return (1 + t) * y[:, None] - 0.5 * z.cos()


def _calls(generator: torch.Generator) -> list[tuple]:
    velocity = Field("v(z, t, y), or v(z, t, None)", _told)

    def call(n: int, d: int, weight: float) -> tuple:
        y = torch.randint(1, 10, (n,), generator=generator)
        return velocity, blobs(generator, n, d), torch.rand(n, 1, generator=generator), y, weight

    first = torch.tensor([[1.0, 0.5], [-0.4, 2.0]]), torch.tensor([[0.25], [0.5]])
    return [
        (velocity, *first, torch.tensor([1, 3]), 3.0),
        call(4, 3, 1.7),
        call(3, 5, 0.0),
        call(5, 2, 1.0),
        call(1, 4, 7.5),
        call(6, 1, 0.4),
    ]


def _of(mix: Callable[[Tensor, Tensor, float], Tensor], message: str) -> Mistake:
    """A mistake in how the velocity without the label and that with it are put together."""
    return Mistake(
        lambda velocity, z, t, y, weight: mix(velocity(z, t, None), velocity(z, t, y), weight),
        message,
    )


exercise = Exercise(
    solution=guided,
    place=4,
    difficulty=2,
    minutes=5,
    success=(
        "With a weight of 1 it is the velocity that was trained; beyond it nobody has trained "
        "anything, and the digits become plainer all the same."
    ),
    hints=(
        "Ask the network twice: with the labels, and with `None` in their place. What does the "
        "label add?",
        "The difference of the two is what the label adds. Begin at the velocity *without* label, "
        "and add `weight` times that difference.",
    ),
    stages=Comparison(
        probes=_calls,
        shape="(n, d), a velocity for each point",
        advice=(
            "Take one point: what is the velocity with its label, what without? From the one "
            "without, go `weight` times the way to the other."
        ),
        mistakes=[
            _of(
                lambda without, told, weight: told + weight * (told - without),
                "You begin at the velocity with the label, so that a weight of 0 already tells it "
                "(some papers count so, and theirs is less by 1). Begin at the one without.",
            ),
            _of(
                lambda without, told, weight: without + (weight - 1) * (told - without),
                "Your weight is less by 1 than the one that was handed over: with a weight of 1 "
                "the label says nothing. It is to be told as usual then.",
            ),
            _of(
                lambda without, told, weight: told + weight * (without - told),
                "The two have changed places: your weight leads away from the label. Begin at the "
                "velocity without it.",
            ),
            _of(
                lambda without, told, weight: without + weight * (without - told),
                "The difference has the wrong sign, and leads away from the label: told minus "
                "untold.",
            ),
            _of(
                lambda without, told, weight: without + weight * told,
                "You add the whole velocity with the label, where its difference from the one "
                "without is meant.",
            ),
            _of(
                lambda without, told, weight: weight * (told - without),
                "This is the difference alone. It is to be added to the velocity without label.",
            ),
            _of(
                lambda without, told, weight: weight * told,
                "This is the velocity with the label, multiplied. It would carry every point too "
                "far, whatever its class: multiply what the label *adds*.",
            ),
            _of(
                lambda without, told, weight: (without + weight * told) / (1 + weight),
                "This is a weighted mean, which never goes beyond the velocity with the label. "
                "Guidance does: begin at the one without, and go `weight` times the way.",
            ),
            _of(
                lambda without, told, weight: without + min(weight, 1.0) * (told - without),
                "Your weight ends at 1. Guidance begins beyond it.",
            ),
            _of(
                lambda without, told, weight: told,
                "`weight` has no effect: this is the velocity with the label.",
            ),
            _of(
                lambda without, told, weight: without,
                "The label has no effect: this is the velocity without it.",
            ),
            Mistake(
                lambda velocity, z, t, y, weight: (
                    velocity(z, t, torch.zeros_like(y)) * (1 - weight) + weight * velocity(z, t, y)
                ),
                "You told the label 0 in the place of none, and 0 is a class like the others. "
                "Without label is `velocity(z, t, None)`.",
            ),
        ],
    ).stages,
)
