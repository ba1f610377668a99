"""`langevin`, lesson 18: noise that climbs a density without getting stuck on top."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.answer import Answer, Crash, Wrong, generator_at
from course_utils.exercises.checking.chance import expect_generator_used, is_standard_normal
from course_utils.exercises.checking.exercise import Exercise, Stage
from course_utils.exercises.checking.expect import expect_shape, expect_type
from course_utils.exercises.checking.noting import notes
from course_utils.exercises.checking.signature import expect_attempted
from course_utils.exercises.lessons.lesson_18._fields import Field, blobs


def langevin(
    score: Callable[[Tensor], Tensor],
    z: Float[Tensor, "n d"],
    step: float,
    steps: int,
    generator: torch.Generator,
) -> Float[Tensor, "n d"]:
    """The points z after `steps` rounds of z + step · score(z) + √(2 step) · noise.

    `score(z)` is the slope of the log-density, (n, d). All noise is standard normal and comes from
    the generator; every entry has noise of its own, in every round.
    """
    for _ in range(steps):
        noise = torch.randn(z.shape, generator=generator)
        z = z + step * score(z) + math.sqrt(2 * step) * noise
    return z  # after the last round


class Walk(NamedTuple):
    """One call: what went in, what came back, and where the score was asked on the way."""

    z: Tensor
    step: float
    steps: int
    got: Tensor
    asked: list[Tensor]
    slopes: list[Tensor]


# How many points, how many numbers, step and steps: none at which a wrong root looks right.
WALKS = ((500, 3, 0.1, 4), (700, 2, 0.03, 3), (3, 2, 0.2, 1), (800, 1, 0.7, 2))


def _score() -> Field:
    return Field("score(z) = 1 - z", lambda z: 1 - z)


def _walk(answer: Answer, n: int, d: int, step: float, steps: int) -> Walk:
    source = answer.generator()
    score, z = _score(), blobs(source, n, d)
    try:
        got = answer(score, z, step, steps, source)
    except Crash as crash:
        raise Crash(f"{_about(crash)}{crash}", crash.error) from None
    expect_attempted(got, answer)
    expect_type(got, z)
    asked = [noted[0] for noted in notes(score)]
    return Walk(z, step, steps, got.detach(), asked, [1 - each for each in asked])


def _about(crash: Crash) -> str:
    if isinstance(crash.error, TypeError) and "sqrt" in str(crash.error):
        return (
            "`torch.sqrt` takes a tensor, and `step` is a plain number: `math.sqrt(2 * step)`, or "
            "`(2 * step) ** 0.5`.\n"
        )
    return ""


def _type(answer: Answer) -> None:
    answer.memory["walks"] = [_walk(answer, *size) for size in WALKS]


def _shape(answer: Answer) -> None:
    for walk in answer.memory["walks"]:
        words = "(n, d): where each point is after the last round"
        expect_shape(walk.got, walk.z, words, {"z": walk.z})


def _rounds(answer: Answer) -> None:
    """The score is asked once a round, first at the beginning."""
    for walk in answer.memory["walks"]:
        asked, wanted = len(walk.asked), walk.steps
        if asked == wanted and torch.equal(walk.asked[0], walk.z):
            if wanted > 1 and torch.equal(walk.asked[0], walk.asked[1]):
                raise Wrong(
                    "Every round asks for the score at the place where the walk began. The slope "
                    "is another where the point has come to: `z = z + ...`, and `score(z)`."
                )
            continue
        if not asked:
            raise Wrong("The score is never asked: without it the points only diffuse.")
        if asked == wanted:
            raise Wrong(
                "The first time the score is not asked at the points that were handed over. Are "
                "they moved, or noise added, before the first round?"
            )
        often = "once" if asked == 1 else f"{asked} times"
        raise Wrong(
            f"With steps = {wanted} the score is asked {often}. It is to be asked once in every "
            "round, at the place where the point is."
        )


def _noise_of(walk: Walk, factor: float, spread: float) -> Tensor:
    """What must have been drawn in each round, (steps, n, d), if z moved by these rules."""
    places = torch.stack([*walk.asked, walk.got])
    moved = places[1:] - places[:-1] - factor * torch.stack(walk.slopes)
    return moved / spread


class Reading(NamedTuple):
    """A wrong rule: what multiplies score and noise, given the step, and what to say."""

    factor: Callable[[float], float]
    spread: Callable[[float], float]
    message: str


READINGS = (
    Reading(
        lambda step: step,
        lambda step: math.sqrt(step),
        "Your noise is √step wide. With `step` in front of the score it has to be √(2 step), or "
        "the points gather too closely: half of the variance is missing.",
    ),
    Reading(
        lambda step: step,
        lambda step: step,
        "Your noise is `step` wide. It is √(2 step): noise of many small rounds adds up like the "
        "root of their number, and would be lost beside the slope otherwise.",
    ),
    Reading(
        lambda step: step,
        lambda step: 2 * step,
        "Your noise is 2 step wide. That is its variance; the root of it is the width.",
    ),
    Reading(
        lambda step: step,
        lambda step: math.sqrt(2) * step,
        "Your noise is √2 · step wide: the step belongs under the root as well, √(2 step).",
    ),
    Reading(
        lambda step: step,
        lambda step: 2 * math.sqrt(step),
        "Your noise is 2 √step wide: the 2 belongs under the root, √(2 step).",
    ),
    Reading(
        lambda step: step,
        lambda step: 1.0,
        "Your noise has width 1 in every round, whatever the step. Multiply it by √(2 step).",
    ),
    Reading(
        lambda step: step / 2,
        lambda step: math.sqrt(step),
        "You go half a step along the score, with noise √step wide. That is the same walk with a "
        "step half as long, and many papers write it so. Asked for are step · score and √(2 step) "
        "· noise.",
    ),
    Reading(
        lambda step: -step,
        lambda step: math.sqrt(2 * step),
        "You go against the score, to where the density is low. It points uphill: add it.",
    ),
    Reading(
        lambda step: 1.0,
        lambda step: math.sqrt(2 * step),
        "The whole score is added in every round. Multiply it by `step`.",
    ),
    Reading(
        lambda step: math.sqrt(2 * step),
        lambda step: math.sqrt(2 * step),
        "√(2 step) multiplies the score too. That is the width of the noise; the score has `step` "
        "in front of it.",
    ),
    Reading(
        lambda step: math.sqrt(2 * step),
        lambda step: step,
        "The factors have changed places: `step` belongs to the score and √(2 step) to the noise.",
    ),
    Reading(
        lambda step: step**2,
        lambda step: math.sqrt(2 * step),
        "The score is multiplied by `step` twice.",
    ),
    Reading(
        lambda step: 0.0,
        lambda step: math.sqrt(2 * step),
        "The score is asked and not used: the points only diffuse.",
    ),
)


def _values(answer: Answer) -> None:
    """The noise that the walk implies is standard normal, or is so under a known mistake."""
    walks = [walk for walk in answer.memory["walks"] if len(walk.z) > 100]

    def fits(factor: Callable[[float], float], spread: Callable[[float], float]) -> bool:
        return all(
            is_standard_normal(_noise_of(walk, factor(walk.step), spread(walk.step)))
            for walk in walks
        )

    right = (lambda step: step), (lambda step: math.sqrt(2 * step))
    for walk in walks:
        noise = _noise_of(walk, walk.step, math.sqrt(2 * walk.step))
        _expect_own(noise)
    if fits(*right):
        return
    for reading in READINGS:
        if fits(reading.factor, reading.spread):
            raise Wrong(reading.message)
    noise = _noise_of(walks[0], walks[0].step, math.sqrt(2 * walks[0].step))
    raise Wrong(_strange(noise, walks[0]))


def _strange(noise: Tensor, walk: Walk) -> str:
    if not noise.isfinite().all():
        return "There is nan or inf among the points. Is a root taken of something negative?"
    if noise.abs().max() < 1e-3:
        return (
            "There is no noise: every point climbs to the nearest top and stays there. Add √(2 "
            "step) · noise in every round."
        )
    if noise.min() >= -1e-3:
        return (
            "Your noise is never negative. `torch.rand` draws between 0 and 1; normal noise, with "
            "both signs, is `torch.randn`."
        )
    first, last = noise[0], noise[-1]
    if is_standard_normal(first) != is_standard_normal(last):
        return (
            "The first round is not like the last one. In each of them there is noise, and √(2 "
            "step) of it: none is left out at the end, and nothing grows or shrinks on the way."
        )
    return (
        f"With step = {walk.step:g}, what is left of each move when step · score is taken off, "
        "divided by √(2 step), should be standard normal. It has mean "
        f"{noise.mean().item():.3g} and standard deviation {noise.std().item():.3g}. Move by step "
        "· score(z) + √(2 step) · torch.randn(...)."
    )


def _expect_own(noise: Tensor) -> None:
    """Raise `Wrong` if rounds, points or numbers share what should be their own."""
    if noise.abs().max() < 1e-3:
        return  # there is none
    for axis, words in ((0, "rounds"), (1, "points"), (2, "numbers of a point")):
        if noise.shape[axis] > 1:
            apart = noise.diff(dim=axis).abs().max()
            if apart < 1e-3:
                raise Wrong(
                    f"All {words} share the same noise. Draw it anew in every round, with the "
                    "shape of z: `torch.randn(z.shape, generator=generator)`."
                )


def _stays(answer: Answer) -> None:
    """On N(0, I) the walk must not leave it, but for what the length of a step does."""
    step, n = 0.2, 20_000
    source = generator_at(1)
    z = torch.randn(n, 1, generator=source)
    z = answer(Field("score(z) = -z", lambda z: -z), z, step, 30, source)
    wanted = 1 / (1 - step / 2)
    if abs(z.var().item() - wanted) > 6 * wanted * math.sqrt(2 / n):
        raise Wrong(
            f"After 30 rounds on N(0, 1), with step = {step:g}, the variance of the points is "
            f"{z.var().item():.3f}; expected {wanted:.3f}, which is 1 / (1 - step / 2)."
        )


def _generator(answer: Answer) -> None:
    z = blobs(answer.generator(), 4, 2)
    expect_generator_used(
        lambda generator: answer(_score(), z.clone(), 0.1, 2, generator).detach(),
        by="torch.randn(z.shape, generator=generator)",
    )


exercise = Exercise(
    solution=langevin,
    place=1,
    difficulty=2,
    minutes=8,
    success=(
        "A slope and noise, and the points spread over the whole density. With the slope alone "
        "they would all end on its tops."
    ),
    hints=(
        "A loop of `steps` rounds. In each, ask for the score where the points are now, and draw "
        "noise of the shape of z: `torch.randn(z.shape, generator=generator)`.",
        "The score is multiplied by `step` and the noise by `math.sqrt(2 * step)`; both are added "
        "to z, and the next round begins there.",
    ),
    stages=(
        Stage("type", _type),
        Stage("shape", _shape),
        Stage("rounds", _rounds),
        Stage("value", _values),
        Stage("stays on the density", _stays),
        Stage("generator", _generator),
    ),
)
