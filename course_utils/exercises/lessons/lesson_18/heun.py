"""`heun`, lesson 18: two looks for each step, and an error that falls with its square."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise
from course_utils.exercises.lessons.lesson_18._fields import Field, blobs


def heun(
    velocity: Callable[[Tensor, Tensor], Tensor], z0: Float[Tensor, "n d"], steps: int
) -> Float[Tensor, "n d"]:
    """Where the points z0 are at t = 1, if they move with `velocity` from t = 0: by Heun's method.

    There are `steps` steps of length 1 / steps. Each looks at the velocity where the point is, goes
    a whole step with it on trial, looks again there, at the time of arrival, and then goes from the
    first place with the mean of both. `velocity(z, t)` takes points (n, d) and times (n, 1).
    """
    z, h = z0, 1 / steps
    for k in range(steps):
        t = torch.full_like(z[:, :1], k * h)
        here = velocity(z, t)
        there = velocity(z + h * here, t + h)
        z = z + h * (here + there) / 2
    return z  # at t = 1


def _journeys(generator: torch.Generator) -> list[tuple[Field, Tensor, int]]:
    """Velocities that change with place and time, so that no two methods agree."""
    grows = Field("v(z, t) = 2 z + t", lambda z, t: 2 * z + t)
    turns = Field(
        "v(z, t) = (-3 t z₂, z₁ + t²)",
        lambda z, t: torch.cat([-3 * t * z[:, 1:], z[:, :1] + t**2], dim=1),
    )
    bends = Field("v(z, t) = sin(z) + 4 t²", lambda z, t: z.sin() + 4 * t**2)
    first = torch.tensor([[1.0, -0.5], [0.3, 2.0]])
    return [
        (grows, first, 3),  # with two steps a forgotten h looks like a forgotten mean
        (grows, blobs(generator, 3, 4), 1),
        (turns, blobs(generator, 5, 2), 3),
        (bends, blobs(generator, 4, 3), 10),
        (bends, blobs(generator, 1, 5).double(), 7),
        (turns, blobs(generator, 6, 2), 40),
    ]


def _by(
    step: Callable[[Callable, Tensor, Tensor, float], Tensor],
    message: str,
    times: Callable[[int], list[float]] = lambda steps: [k / steps for k in range(steps)],
    length: Callable[[int], float] = lambda steps: 1 / steps,
) -> Mistake:
    """A mistake in one step, or in when steps are made and how long they are."""

    def answer(velocity: Callable, z0: Tensor, steps: int) -> Tensor:
        z = z0
        for t in times(steps):
            z = step(velocity, z, torch.full_like(z[:, :1], t), length(steps))
        return z

    return Mistake(answer, message)


def _right(v: Callable, z: Tensor, t: Tensor, h: float) -> Tensor:
    here = v(z, t)
    return z + h * (here + v(z + h * here, t + h)) / 2


def _from_the_trial(v: Callable, z: Tensor, t: Tensor, h: float) -> Tensor:
    here = v(z, t)
    trial = z + h * here
    return trial + h * (here + v(trial, t + h)) / 2


exercise = Exercise(
    solution=heun,
    place=3,
    difficulty=2,
    minutes=10,
    success=(
        "Twice as many steps, and a quarter of the error, where Euler's method gets half. For that "
        "each step costs two looks at the network."
    ),
    hints=(
        "A loop of `steps` rounds, k = 0, 1, ... The time of round k is k / steps, as a column "
        "with a row for each point: `torch.full_like(z0[:, :1], k / steps)`.",
        "In a round: `here = velocity(z, t)`. The trial is `z + h * here`, and what is seen there "
        "is `there = velocity(trial, t + h)`.",
        "The trial is forgotten: `z = z + h * (here + there) / 2` starts from the old z.",
    ),
    stages=Comparison(
        probes=_journeys,
        shape="(n, d), the place of each point at t = 1",
        advice=(
            "Take one step by hand: the velocity at the start; the trial, a whole step with it; "
            "the velocity there, at t + h; and from the start a step with the mean of the two."
        ),
        mistakes=[
            _by(
                lambda v, z, t, h: z + h * v(z, t),
                "This is Euler's method: it looks once and goes. Look again where that step would "
                "end, and go with the mean of both.",
            ),
            _by(
                lambda v, z, t, h: z + h * v(z + h / 2 * v(z, t), t + h / 2),
                "This is the midpoint method, which looks again half-way and goes with what it "
                "sees there. It is as good; but asked for is Heun's, which looks at both ends.",
            ),
            _by(
                lambda v, z, t, h: z + h * (v(z, t) + v(z + h * v(z, t), t)) / 2,
                "The second look is at the old time. At the end of the step it is t + h.",
            ),
            _by(
                lambda v, z, t, h: z + h * (v(z, t) + v(z, t + h)) / 2,
                "The second look is at the old place. Go there first, on trial: z + h · v(z, t).",
            ),
            _by(
                lambda v, z, t, h: z + h * (v(z, t) + v(z + v(z, t), t + h)) / 2,
                "The trial goes a whole unit of time and not a step: z + h · v(z, t).",
            ),
            _by(
                lambda v, z, t, h: z + h * (v(z, t) + v(z + h * v(z, t), t + h)),
                "You go with the sum of both velocities, twice as far as you should. Take their "
                "mean.",
            ),
            _by(
                lambda v, z, t, h: z + (v(z, t) + v(z + h * v(z, t), t + h)) / 2,
                "You go a whole unit of time with the mean, in each step. Multiply it by the "
                "length of a step, h = 1 / steps.",
            ),
            _by(
                lambda v, z, t, h: z + h * v(z + h * v(z, t), t + h),
                "You go with the second velocity alone. Heun takes the mean of both.",
            ),
            _by(
                _from_the_trial,
                "The trial step is kept, and the mean comes on top of it. The trial was for "
                "looking: start again from the old z.",
            ),
            _by(
                _right,
                "The steps have length 1, so that the journey takes as many units of time as "
                "there are steps. Each is to be 1 / steps long.",
                length=lambda steps: 1.0,
            ),
            _by(
                _right,
                "The time stands still: every step looks at t = 0. Round k begins at k / steps.",
                times=lambda steps: [0.0] * steps,
            ),
            _by(
                _right,
                "The times are those of the ends of the steps. Round k, counted from 0, begins at "
                "k / steps.",
                times=lambda steps: [(k + 1) / steps for k in range(steps)],
            ),
            _by(
                _right,
                "The times count the rounds, 0, 1, 2, ... The whole journey takes one unit of "
                "time, so round k begins at k / steps.",
                times=lambda steps: [float(k) for k in range(steps)],
            ),
            _by(
                lambda v, z, t, h: z + h * (v(z, t) + v(z + h * v(z, t), t + 1)) / 2,
                "Your times count the rounds, 0, 1, 2, ... The whole journey takes one unit of "
                "time: round k begins at k / steps, and ends at (k + 1) / steps.",
                times=lambda steps: [float(k) for k in range(steps)],
            ),
            _by(
                _right,
                "The times run backwards, from 1 to 0. At t = 0 there is noise, and the journey "
                "goes to t = 1.",
                times=lambda steps: [1 - k / steps for k in range(steps)],
            ),
            _by(
                _right,
                "There is a step too many: after `steps` of them, of length 1 / steps, it is t = "
                "1, and nothing is left to go.",
                times=lambda steps: [k / steps for k in range(steps + 1)],
            ),
            _by(
                _right,
                "A step is missing: the journey ends at t = 1 - 1 / steps.",
                times=lambda steps: [k / steps for k in range(steps - 1)],
            ),
            _by(
                lambda v, z, t, h: z - h * (v(z, t) + v(z - h * v(z, t), t + h)) / 2,
                "You go against the velocity. Points move with it: z + h · v.",
            ),
            Mistake(
                lambda velocity, z0, steps: velocity(z0, 0.0),
                "Times go to the velocity as plain numbers, and a network takes a tensor, one row "
                "for each point: `torch.full_like(z0[:, :1], t)`.",
            ),
            Mistake(
                lambda velocity, z0, steps: velocity(z0, torch.zeros(len(z0))),
                "The times stand in a row, (n,). A column, (n, 1), goes with points (n, d): "
                "`torch.full_like(z0[:, :1], t)`.",
            ),
        ],
    ).stages,
)
