"""`flow_matching_loss`, lesson 18: a velocity learns from straight lines."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.answer import Answer, Wrong, generator_at
from course_utils.exercises.checking.chance import expect_generator_used, is_standard_normal
from course_utils.exercises.checking.exercise import Exercise, Stage
from course_utils.exercises.checking.expect import STANDARD_ERRORS, expect_shape, expect_type
from course_utils.exercises.checking.noting import notes
from course_utils.exercises.checking.signature import expect_attempted
from course_utils.exercises.lessons.lesson_18._fields import Field, blobs


def flow_matching_loss(
    velocity: Callable[[Tensor, Tensor], Tensor],
    z1: Float[Tensor, "batch d"],
    generator: torch.Generator,
) -> Float[Tensor, " batch"]:
    """How far the velocity is from the straight way, squared and summed: one number for each code.

    For each code z1 a time t is drawn, uniform in [0, 1], and a start z0, standard normal. Between
    them, on the straight line that is at z0 when t = 0 and at z1 when t = 1, `velocity(z, t)` is
    asked: points (batch, d), times (batch, 1). It should say how fast the line runs, z1 - z0. All
    chance comes from the generator.
    """
    z0 = torch.randn(z1.shape, generator=generator)
    t = torch.rand(len(z1), 1, generator=generator)
    v = velocity((1 - t) * z0 + t * z1, t)
    return (v - (z1 - z0)).square().sum(dim=1)


class Lesson(NamedTuple):
    """One call: the codes, where and when the velocity was asked, what it said, and the loss."""

    z1: Tensor
    z: Tensor
    t: Tensor
    v: Tensor
    got: Tensor

    @property
    def z0(self) -> Tensor:
        """Where the line must have begun, if z is on it."""
        return (self.z - self.t * self.z1) / (1 - self.t)

    @property
    def sure(self) -> Tensor:
        """The rows in which rounding leaves that to be seen."""
        return (self.t[:, 0] > 0.05) & (self.t[:, 0] < 0.95)


def _velocity() -> Field:
    return Field("v(z, t) = sin(z) + 2 t", lambda z, t: z.sin() + 2 * t)


def _lessons(answer: Answer) -> None:
    source = answer.generator()
    lessons = answer.memory["lessons"] = []
    for batch, d in ((3, 2), (3000, 3), (2000, 1), (1, 4)):
        velocity, z1 = _velocity(), blobs(source, batch, d)
        got = answer(velocity, z1, source)
        expect_attempted(got, answer)
        expect_type(got, z1)
        asked = notes(velocity)
        if len(asked) != 1:
            raise Wrong(
                f"The velocity is asked {len(asked)} times; once is enough, for the whole "
                "batch, at one point of each line."
            )
        z, t = notes(velocity)[0]
        if z.shape != z1.shape:
            raise Wrong(
                f"The velocity is asked at points of shape {tuple(z.shape)}, and the codes have "
                f"shape {tuple(z1.shape)}: one point for each."
            )
        lessons.append(Lesson(z1, z, t, _velocity()(z, t), got.detach()))


def _shape(answer: Answer) -> None:
    for lesson in answer.memory["lessons"]:
        expect_shape(
            lesson.got,
            lesson.z1[:, 0],
            "(batch,): one number for each code",
            {"z1": lesson.z1},
        )


def _times(answer: Answer) -> None:
    """Uniform in [0, 1], each row's own."""
    t = answer.memory["lessons"][1].t[:, 0]
    if t.diff().abs().max() < 1e-6:
        raise Wrong(
            "All codes of a batch have the same time. Draw one for each: "
            "`torch.rand(len(z1), 1, generator=generator)`."
        )
    places = torch.linspace(-1, 1, len(t)) * math.sqrt(3)  # of deviation 1
    if abs((t - t.mean()) @ places) > STANDARD_ERRORS * t.std() * math.sqrt(len(t)):
        raise Wrong(
            "Your times go up or down with the place in the batch. Each is drawn on its own: use "
            "what `torch.rand` draws, without `torch.linspace` and without sorting it."
        )
    if t.min() < 0 or t.max() > 1:
        raise Wrong(
            f"Your times go from {t.min():.2g} to {t.max():.2g}. They are uniform in [0, 1], as "
            "`torch.rand` draws them; `torch.randn` is normal."
        )
    n = len(t)
    gap = (t.sort().values - torch.arange(n) / n).abs().max()
    if gap > 3.25 / math.sqrt(n):  # Kolmogorov's bound at six standard errors
        raise Wrong(
            f"Your times are between 0 and 1, but not uniform: their mean is {t.mean():.2f} and "
            f"their spread {t.std():.2f}, where 0.50 and 0.29 are expected. Use what `torch.rand` "
            "draws as it is."
        )


class Path(NamedTuple):
    """A wrong way between noise and code: the noise that it implies, and what to say."""

    noise: Callable[[Lesson], Tensor]
    message: str


PATHS = (
    Path(
        lambda at: (at.z - (1 - at.t) * at.z1) / at.t,
        "The line runs backwards: at t = 0 you stand at the code and at t = 1 at the noise. It is "
        "(1 - t) z0 + t z1, and the time that the velocity is told is this t.",
    ),
    Path(
        lambda at: at.z,
        "The velocity is asked at the noise itself. Ask on the line, at (1 - t) z0 + t z1.",
    ),
    Path(
        lambda at: at.z - at.z1,
        "You add noise to the code whatever the time, as a denoiser does. Here the point is on "
        "the line from z0 to z1: (1 - t) z0 + t z1.",
    ),
    Path(
        lambda at: at.z - at.t * at.z1,
        "The noise is not multiplied by 1 - t, so that some of it would be left at t = 1.",
    ),
    Path(
        lambda at: (at.z - at.z1) / (1 - at.t),
        "The code is not multiplied by t, so that you do not start at the noise when t = 0.",
    ),
    Path(
        lambda at: (at.z - at.t.sqrt() * at.z1) / (1 - at.t).sqrt(),
        "Both are multiplied by roots, as in diffusion models that keep the variance. The straight "
        "line is (1 - t) z0 + t z1.",
    ),
)


def _way(answer: Answer) -> None:
    """The points lie on lines that begin at standard normal noise."""
    lessons = answer.memory["lessons"][1:3]
    if all(_normal(lesson, lesson.z0) for lesson in lessons):
        for lesson in lessons:
            _expect_own(lesson)
        return
    for path in PATHS:
        if all(_normal(lesson, path.noise(lesson)) for lesson in lessons):
            raise Wrong(path.message)
    for lesson in lessons:
        _expect_unshared(lesson)
    if torch.equal(lessons[0].z, lessons[0].z1):
        raise Wrong(
            "The velocity is asked at the codes themselves. Ask on the line from the noise, at "
            "(1 - t) z0 + t z1."
        )
    if all(_told_another_time(lesson) for lesson in lessons):
        raise Wrong(
            "The time that the velocity is told has nothing to do with its point. Draw t once, "
            "and use it twice: for the point, (1 - t) z0 + t z1, and beside it, velocity(z, t)."
        )
    z0 = lessons[0].z0[lessons[0].sure]
    if z0.min() > -0.01:
        raise Wrong(
            "The noise z0 is never negative. `torch.rand` draws the times; the noise is normal, "
            "`torch.randn`."
        )
    raise Wrong(
        "The points at which the velocity is asked are not on lines that begin at standard normal "
        f"noise: their beginning, (z - t z1) / (1 - t), has mean {z0.mean():.2f} and deviation "
        f"{z0.std():.2f}. Ask at (1 - t) z0 + t z1, with z0 from `torch.randn`."
    )


def _normal(lesson: Lesson, noise: Tensor) -> bool:
    return is_standard_normal(noise[lesson.sure])


def _told_another_time(lesson: Lesson) -> bool:
    """Whether the share of the code in the point is no larger where a later time is told."""
    late = lesson.t - 0.5
    slope = (late * lesson.z * lesson.z1).sum() / (late * lesson.z1).square().sum()
    return bool(slope.abs() < 0.3)


def _expect_own(lesson: Lesson) -> None:
    _expect_unshared(lesson)
    z0 = lesson.z0[lesson.sure]
    together = ((z0 * (lesson.t[lesson.sure] - 0.5)).mean(0) * math.sqrt(12 * len(z0))).abs().max()
    if together > STANDARD_ERRORS:
        raise Wrong("The noise goes together with the time. Draw each on its own.")


def _expect_unshared(lesson: Lesson) -> None:
    z0 = lesson.z0[lesson.sure]
    shared = {
        "All codes share the same noise": z0.diff(dim=0),
        "All numbers of a code share the same noise": z0.diff(dim=1),
    }
    for words, apart in shared.items():
        if apart.numel() and apart.abs().max() < 1e-3:
            raise Wrong(
                f"{words}. Draw it with the shape of z1: `torch.randn(z1.shape, "
                "generator=generator)`."
            )


TARGETS = (
    (
        lambda at: at.z0 - at.z1,
        "The target has the wrong sign: the line runs from noise to code, z1 - z0.",
    ),
    (
        lambda at: at.z1,
        "The target is the code, as in a denoiser. A velocity is to be learned: z1 - z0.",
    ),
    (
        lambda at: at.z0,
        "The target is the noise, as in many diffusion models. A velocity is to be learned: "
        "z1 - z0.",
    ),
    (
        lambda at: at.z1 - at.z,
        "The target is the way that is left, z1 - z. The speed is that of the whole line: it is "
        "the same at every time, z1 - z0.",
    ),
    (lambda at: at.z, "The target is the point itself. The speed of its line is wanted: z1 - z0."),
)

REDUCTIONS = (
    (
        lambda square: square.mean(1),
        "This is the mean over the numbers of a code where the sum is wanted.",
    ),
    (lambda square: square.sum(1) / 2, "This is half the squared error: leave out the ½."),
    (lambda square: square.sum(1).sqrt(), "You took the root. Leave the distance squared."),
    (lambda square: square.sqrt().sum(1), "You summed absolute differences. Square them."),
)


def _value(answer: Answer) -> None:
    """The loss is the squared distance from z1 - z0, or from what a known mistake aims at."""
    lessons = answer.memory["lessons"][1:3]

    def fits(target: Callable, reduce: Callable = lambda square: square.sum(1)) -> bool:
        def off(at: Lesson) -> Tensor:
            wanted = reduce((at.v - target(at)).square())
            return ((at.got - wanted).abs() / (1 + wanted.abs()))[at.sure]

        return all(off(lesson).max() < 1e-3 for lesson in lessons)

    def right(at: Lesson) -> Tensor:
        return at.z1 - at.z0

    if fits(right):
        return
    for target, message in TARGETS:
        if fits(target):
            raise Wrong(message)
    for reduce, message in REDUCTIONS:
        if fits(right, reduce):
            raise Wrong(message)
    at = lessons[0]
    wanted = (at.v - right(at)).square().sum(1).mean()
    raise Wrong(
        f"The points are right, but the loss is not: its mean is {at.got.mean():.3f}, and "
        f"expected is {wanted:.3f}, the mean of ‖v - (z1 - z0)‖². Subtract z1 - z0 from what the "
        "velocity says, square, and sum over the numbers of a code."
    )


def _gradient(answer: Answer) -> None:
    """The loss remembers what the velocity said."""
    weight = torch.tensor(0.5, requires_grad=True)
    z1 = blobs(answer.generator(), 5, 3)
    said: list[Tensor] = []

    def velocity(z: Tensor, t: Tensor) -> Tensor:
        said.append(weight * (z + t))
        return said[-1]

    loss = answer(velocity, z1, answer.generator())
    if not loss.requires_grad:
        raise Wrong(
            "The numbers are right, but no gradient would reach the velocity, so that it could not "
            "learn. `.detach()`, `.item()`, `.numpy()`, `torch.no_grad()` and `torch.tensor(...)` "
            "cut the thread."
        )
    (got,) = torch.autograd.grad(loss.sum(), said[0])
    sizes = got.square().sum(1) / 4  # the gradient of a square is twice the difference
    if not torch.allclose(sizes, loss.detach(), rtol=1e-3, atol=1e-4):
        raise Wrong(
            "The numbers are right, but their gradient is not: is one of two factors detached?"
        )


def _generator(answer: Answer) -> None:
    z1 = blobs(answer.generator(), 4, 2)
    expect_generator_used(
        lambda generator: answer(_velocity(), z1.clone(), generator).detach(),
        by="torch.rand(..., generator=generator), and torch.randn as well",
    )
    _expect_all_from_it(answer, z1)


def _expect_all_from_it(answer: Answer, z1: Tensor) -> None:
    """Raise `Wrong` if another generator gives other losses, but the same times or noise."""
    seen = []
    for place in (1, 2):
        velocity = _velocity()
        answer(velocity, z1.clone(), generator_at(place))
        z, t = notes(velocity)[0]
        seen.append((t, (z - t * z1) / (1 - t)))
    (times, noise), (other_times, other_noise) = seen
    for what, one, other in (("times are", times, other_times), ("noise is", noise, other_noise)):
        if torch.allclose(one, other, atol=1e-3):
            raise Wrong(
                f"Your {what} the same in every call, whatever generator is handed over, as of "
                "a generator of your own. Draw both, times and noise, from `generator`."
            )


exercise = Exercise(
    solution=flow_matching_loss,
    place=2,
    difficulty=3,
    minutes=12,
    success=(
        "A line, a point on it, and a squared error: no equation is solved in training, and no "
        "chain of a thousand steps is followed."
    ),
    hints=(
        "Three things are drawn or made: noise z0 of the shape of z1, `torch.randn`; times t, a "
        "column with a row for each code, `torch.rand(len(z1), 1, ...)`; and the point of the line "
        "at that time.",
        "The point is (1 - t) * z0 + t * z1. Moving along the line from t = 0 to t = 1 one covers "
        "z1 - z0 in one unit of time, so that is its speed, everywhere.",
        "Ask the velocity at the point and its time, subtract that speed, square, and sum over the "
        "numbers of each code.",
    ),
    stages=(
        Stage("type", _lessons),
        Stage("shape", _shape),
        Stage("times", _times),
        Stage("on the line", _way),
        Stage("value", _value),
        Stage("gradient", _gradient),
        Stage("generator", _generator),
    ),
)
