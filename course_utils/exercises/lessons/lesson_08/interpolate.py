"""`interpolate`, lesson 08: a straight line between two codes, both ends included."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def interpolate(
    z_start: Float[Tensor, " latent"], z_end: Float[Tensor, " latent"], steps: int
) -> Float[Tensor, "steps latent"]:
    """Codes on the straight line from z_start to z_end, evenly spaced, both ends included.

    The first row is z_start and the last is z_end; steps is the number of rows, 2 or more.
    """
    t = torch.linspace(0, 1, steps)[:, None]
    return (1 - t) * z_start + t * z_end


def _walks(generator: torch.Generator) -> list[tuple[Tensor, Tensor, int]]:
    def ends(latent: int) -> tuple[Tensor, Tensor]:
        z_start, z_end = torch.randn(2, latent, generator=generator)
        return z_start - 1, 1.5 * z_end + 1

    return [
        (*(z.round(decimals=1) for z in ends(3)), 5),  # small enough to print
        (*ends(4), 4),
        (*ends(2), 11),
        (*ends(20), 8),
        (*ends(1), 3),
        (*ends(6), 2),  # nothing but the two ends
    ]


def _mixed(
    weights: Callable[[Tensor], tuple[Tensor, Tensor]],
    message: str,
    places: Callable[[int], Tensor] = lambda steps: torch.linspace(0, 1, steps),
) -> Mistake:
    """A mistake in the weights of the two ends, or in the places t along the way."""

    def walk(z_start: Tensor, z_end: Tensor, steps: int) -> Tensor:
        a, b = weights(places(steps)[:, None])
        return a * z_start + b * z_end

    return Mistake(walk, message)


def _straight(t: Tensor) -> tuple[Tensor, Tensor]:
    return 1 - t, t


def _along_the_sphere(z_start: Tensor, z_end: Tensor, steps: int) -> Tensor:
    t = torch.linspace(0, 1, steps)[:, None]
    angle = torch.cosine_similarity(z_start, z_end, dim=0).clamp(-1, 1).acos()
    return (((1 - t) * angle).sin() * z_start + (t * angle).sin() * z_end) / angle.sin()


exercise = Exercise(
    solution=interpolate,
    place=2,
    difficulty=1,
    minutes=8,
    success=(
        "From (0, 0) to (4, 2) in 5 steps: (0, 0), (1, 0.5), (2, 1), (3, 1.5), (4, 2). Decoded, "
        "nine such codes turn one digit into another."
    ),
    hints=(
        "A point on the way is a mixture, (1 - t) z_start + t z_end. Which t give the first row, "
        "the last row, and steps rows in all?",
        "`torch.linspace(0, 1, steps)` has both ends and steps numbers. As a column, with "
        "`[:, None]`, it multiplies a row of the code into (steps, latent).",
    ),
    stages=Comparison(
        probes=_walks,
        shape="(steps, latent): one code for each step, both ends included",
        advice=(
            "Look at three rows: the first should be z_start, the last z_end, and the difference "
            "of neighbours the same everywhere, (z_end - z_start) / (steps - 1)."
        ),
        mistakes=[
            _mixed(
                _straight,
                "The end is missing: you divide the way into `steps` pieces, and stop one piece "
                "short of z_end. From the first row to the last there are steps - 1 pieces.",
                lambda steps: torch.arange(steps) / steps,
            ),
            _mixed(
                _straight,
                "The start is missing: your first row is one piece ahead of z_start. Let t run "
                "from 0 to 1, both included.",
                lambda steps: torch.arange(1, steps + 1) / steps,
            ),
            _mixed(
                _straight,
                "There are steps + 1 rows. `steps` counts the codes, and both ends are among them.",
                lambda steps: torch.linspace(0, 1, steps + 1),
            ),
            _mixed(
                _straight,
                "There are steps + 2 rows: the ends are counted among the `steps`, not added to "
                "them.",
                lambda steps: torch.linspace(0, 1, steps + 2),
            ),
            _mixed(
                _straight,
                "There are steps - 1 rows. That is the number of pieces between the codes; the "
                "codes are one more.",
                lambda steps: torch.linspace(0, 1, steps - 1),
            ),
            _mixed(
                _straight,
                "Both ends are missing: your codes all lie between them. The first row is z_start "
                "itself, the last z_end.",
                lambda steps: torch.linspace(0, 1, steps + 2)[1:-1],
            ),
            _mixed(
                _straight,
                "There are steps - 1 rows: z_end is missing. `range(steps - 1)`, "
                "`torch.arange(0, 1, ...)` and `[:-1]` all leave out the last.",
                lambda steps: torch.linspace(0, 1, steps)[:-1],
            ),
            _mixed(
                _straight,
                "There are steps - 1 rows: z_start is missing. Begin with t = 0, not one piece "
                "later.",
                lambda steps: torch.linspace(0, 1, steps)[1:],
            ),
            _mixed(
                _straight,
                "Your first row is one piece ahead of z_start and your last one piece beyond "
                "z_end: you take a step before you note down the first code.",
                lambda steps: torch.arange(1, steps + 1) / (steps - 1),
            ),
            _mixed(
                _straight,
                "Your walk stops two pieces short of z_end: you divide the way into steps + 1 "
                "pieces, and from the first row to the last there are steps - 1.",
                lambda steps: torch.arange(steps) / (steps + 1),
            ),
            *(
                _mixed(
                    _straight,
                    f"There are always {rows} rows, whatever `steps` is. Use the argument in place "
                    "of the number.",
                    lambda _, rows=rows: torch.linspace(0, 1, rows),
                )
                for rows in (3, 5, 8, 9, 10, 11)
            ),
            _mixed(
                lambda t: (t, 1 - t),
                "The walk goes backwards, from z_end to z_start: the two weights have changed "
                "places. At t = 0 all of the weight is on z_start.",
            ),
            Mistake(
                _along_the_sphere,
                "This is a spherical interpolation, along an arc. A straight line is asked for: "
                "(1 - t) z_start + t z_end.",
            ),
            _mixed(
                lambda t: ((1 - t).sqrt(), t.sqrt()),
                "Your weights are the square roots of 1 - t and t, which do not add up to 1, so "
                "the path is bent. A straight line has the weights 1 - t and t.",
            ),
            _mixed(
                lambda t: _straight((1 - (math.pi * t).cos()) / 2),
                "Right line, uneven steps: you walk slowly near the ends and fast in the middle. "
                "All steps should be of the same length.",
            ),
            _mixed(
                lambda t: _straight(3 * t**2 - 2 * t**3),
                "Right line, but your t is eased by 3t² - 2t³, so the steps are uneven. Use the "
                "evenly spaced t as it is.",
            ),
            _mixed(
                lambda t: _straight(t**2),
                "Right line, uneven steps: your t is squared, so you start slowly and end fast. "
                "Use the evenly spaced t as it is.",
            ),
            Mistake(
                lambda z_start, z_end, steps: F.normalize(
                    interpolate(z_start, z_end, steps), dim=1
                ),
                "You divide every code by its own length, so they lie on a sphere, and the ends "
                "are not z_start and z_end. Leave the mixture as it is.",
            ),
            Mistake(
                lambda z_start, z_end, steps: interpolate(z_start, z_end, steps).ravel(),
                "All the codes stand in one long row. `torch.cat` joins them end to end; "
                "`torch.stack` puts each in a row of its own.",
            ),
            Mistake(
                lambda z_start, z_end, steps: (
                    1 + torch.linspace(0, 1, steps)[:, None] * (z_end - z_start)
                ),
                "Brackets: `1 - t * z_start` multiplies first. The weight of z_start is "
                "`(1 - t)`, with brackets around it.",
            ),
            _mixed(
                lambda t: (1 + t, t),
                "You add t (z_start + z_end). The way from one to the other is the difference, "
                "z_end - z_start.",
            ),
            _mixed(
                lambda t: (torch.ones_like(t), t),
                "You add t z_end to the whole of z_start. What is to be added is t times the way "
                "between them, t (z_end - z_start).",
            ),
            _mixed(
                lambda t: (1 - t, torch.ones_like(t)),
                "z_end has the full weight from the first row on. It should grow: t z_end.",
            ),
            _mixed(
                lambda t: (1 + t, -t),
                "You walk away from z_end: the way is z_end - z_start, and you have it the other "
                "way round.",
            ),
            _mixed(
                lambda t: (1 - t, -t),
                "There is a minus where the plus should be: (1 - t) z_start plus t z_end.",
            ),
            _mixed(
                lambda t: (-t, t),
                "These are the steps t (z_end - z_start) from the start, but z_start itself is not "
                "added.",
            ),
            _mixed(
                _straight,
                "Every row but the last is z_start: t is 0 until it is 1. `//` divides whole "
                "numbers without remainder; use `/`.",
                lambda steps: (torch.arange(steps) // (steps - 1)).float(),
            ),
            _mixed(
                _straight,
                "t runs from 0 to steps - 1 here, so the walk goes far beyond z_end. Divide by "
                "steps - 1: t should end at 1.",
                lambda steps: torch.arange(steps).float(),
            ),
            _mixed(
                _straight,
                "t runs from 0 to steps here, so the walk goes far beyond z_end. t should run "
                "from 0 to 1: `torch.linspace(0, 1, steps)`.",
                lambda steps: torch.linspace(0, steps, steps),
            ),
            Mistake(
                lambda z_start, z_end, steps: interpolate(z_start, z_end, steps).T,
                "Rows and columns are exchanged: this is (latent, steps). One row for each code: "
                "make a column of t, with `[:, None]`.",
            ),
            Mistake(
                lambda z_start, z_end, steps: (
                    z_start + torch.linspace(0, 1, steps) * (z_end - z_start)
                ),
                "t has an entry for each step and the code one for each dimension, and torch "
                "cannot multiply the two entry by entry. Make a column of t, `t[:, None]`: a "
                "column times a row is a table, (steps, latent).",
            ),
        ],
    ).stages,
)
