"""Checks of lesson 08: walking through the codes, and a tighter bound."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from course_utils.exercises.compare import Comparison, Mistake
from course_utils.exercises.exercise import Exercise
from course_utils.exercises.solutions import lesson_08 as solutions

# --- interpolate ----------------------------------------------------------------------------------


def _walks(generator: torch.Generator) -> list[tuple[Tensor, Tensor, int]]:
    def ends(latent: int) -> tuple[Tensor, Tensor]:
        z_start, z_end = torch.randn(2, latent, generator=generator)
        return z_start - 1, 1.5 * z_end + 1

    return [
        (*(z.mul(10).round().div(10) for z in ends(3)), 5),  # small enough to print
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


interpolate = Exercise(
    solution=solutions.interpolate,
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
                lambda z_start, z_end, steps: functional.normalize(
                    solutions.interpolate(z_start, z_end, steps), dim=1
                ),
                "You divide every code by its own length, so they lie on a sphere, and the ends "
                "are not z_start and z_end. Leave the mixture as it is.",
            ),
            Mistake(
                lambda z_start, z_end, steps: solutions.interpolate(z_start, z_end, steps).ravel(),
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
                lambda z_start, z_end, steps: solutions.interpolate(z_start, z_end, steps).T,
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

# --- importance_weighted_bound --------------------------------------------------------------------


def _log_weights(generator: torch.Generator) -> list[tuple[Tensor]]:
    def around(centre: float, k: int, batch: int) -> Tensor:
        return 2 * torch.randn(k, batch, generator=generator) + centre

    extreme = torch.tensor([1000.0, -1000.0, 0.0]) + around(0.0, 5, 3)
    torn = torch.tensor([[0.0], [-1000.0], [1000.0], [1000.0]]) + around(0.0, 4, 2)
    return [
        (around(-1.0, 5, 3).mul(10).round().div(10),),  # small enough to print
        (around(0.5, 2, 6),),
        (around(1.0, 1, 5),),  # one draw: the ELBO
        (around(-0.5, 4, 4),),
        (around(-2.0, 7, 1),),
        (around(-100.0, 50, 8) / 10,),
        (around(-1000.0, 3, 2),),
        (around(1000.0, 2, 3),),
        (extreme,),  # each example far from every other
        (torn,),  # and each draw
    ]


def _stabilised(log_w: Tensor, highest: Tensor) -> Tensor:
    return (log_w - highest).exp().mean(0).log() + highest


importance_weighted_bound = Exercise(
    solution=solutions.importance_weighted_bound,
    difficulty=2,
    minutes=12,
    success=(
        "Log-weights 0 and log 3 give log 2, since the mean of 1 and 3 is 2. For k = 1 the bound "
        "is the ELBO, and in the toy example of lesson 06 it climbs from -2.738 to -1.864 at "
        "k = 50, towards log p(x) = -1.859."
    ),
    hints=(
        "The mean is over the weights, not over their logarithms: exponentiate, average over the k "
        "draws, take the logarithm. Which of the two axes counts the draws?",
        "Written like that it fails: exp(1000) is inf and exp(-1000) is 0. "
        "`torch.logsumexp(log_w, dim)` does the exp, the sum and the logarithm without leaving the "
        "range.",
        "A mean is a sum divided by k, and the logarithm of that is the logarithm of the sum less "
        "`math.log(k)`, where k is `len(log_w)`.",
    ),
    stages=Comparison(
        probes=_log_weights,
        shape="(batch,): one number for each column",
        advice=(
            "Take the first column: exponentiate its k numbers, add them up, divide by k, and take "
            "the logarithm. That is the first number to return."
        ),
        gradient="log_w",
        mistakes=[
            Mistake(
                lambda log_w: log_w.mean(0),
                "This is the mean of the logarithms: the ELBO, averaged over k draws. The bound "
                "is the logarithm of the mean, which by Jensen's inequality is higher.",
            ),
            Mistake(
                lambda log_w: log_w.logsumexp(0),
                "This is the logarithm of the sum of the weights. Their mean is asked for: "
                "subtract log k.",
            ),
            Mistake(
                lambda log_w: log_w.logsumexp(0) + math.log(len(log_w)),
                "You added log k, and it is to be subtracted: dividing by k inside the logarithm "
                "is subtracting log k outside.",
            ),
            Mistake(
                lambda log_w: log_w.logsumexp(0) / len(log_w),
                "You divided the logarithm of the sum by k. Divide the sum itself: outside of the "
                "logarithm, that is - log k.",
            ),
            Mistake(
                lambda log_w: log_w.logsumexp(0) - len(log_w),
                "You subtracted k itself. Dividing by k inside the logarithm is subtracting log k "
                "outside.",
            ),
            Mistake(
                lambda log_w: log_w.logsumexp(0) - math.log(log_w.shape[1]),
                "You subtracted the logarithm of the batch size. The mean is over the k draws, the "
                "rows: `len(log_w)`.",
            ),
            Mistake(
                lambda log_w: log_w.logsumexp(0) - math.log(log_w.numel()),
                "You subtracted the logarithm of all the entries, `numel()`. You sum over the k "
                "draws of one example, so divide by k: `len(log_w)`.",
            ),
            Mistake(
                lambda log_w: log_w.logsumexp(0) - torch.tensor(len(log_w) - 1.0).log(),
                "You subtracted log(k - 1). A mean of k numbers is their sum divided by k.",
            ),
            Mistake(
                lambda log_w: log_w.logsumexp(0) - math.log10(len(log_w)),
                "You subtracted log k to the base 10. Like the logarithm of the sum, this one is "
                "natural: `math.log`.",
            ),
            Mistake(
                lambda log_w: log_w.logsumexp(0) - math.log2(len(log_w)),
                "You subtracted log k to the base 2. Like the logarithm of the sum, this one is "
                "natural: `math.log`.",
            ),
            Mistake(
                lambda log_w: log_w.mean(0) - math.log(len(log_w)),
                "You averaged the logarithms and subtracted log k as well. Replace the mean by "
                "`logsumexp`, which adds the weights themselves.",
            ),
            Mistake(
                lambda log_w: log_w.sum(0),
                "You added the logarithms, which multiplies the weights. Their mean is asked for: "
                "exponentiate before you add.",
            ),
            Mistake(
                lambda log_w: (log_w / len(log_w)).logsumexp(0),
                "You divided the logarithms by k before the sum. That takes roots of the weights; "
                "to divide a weight by k, subtract log k from its logarithm.",
            ),
            Mistake(
                lambda log_w: log_w.log().mean(0),
                "You took the logarithm of `log_w`, whose entries are logarithms already. "
                "Exponentiate them first.",
            ),
            Mistake(
                lambda log_w: log_w.mean(0).log(),
                "This is the logarithm of the mean logarithm. `log_w` holds logarithms: "
                "exponentiate before you average.",
            ),
            Mistake(
                lambda log_w: log_w.exp().mean(0).log1p(),
                "`log1p` adds 1 before the logarithm. Take the logarithm of the mean weight alone.",
            ),
            Mistake(
                lambda log_w: log_w.logsumexp(1) - math.log(log_w.shape[1]),
                "You averaged over the examples, `dim=1`, and left one number for each draw. The "
                "draws are the first axis, `dim=0`.",
            ),
            Mistake(
                lambda log_w: log_w.logsumexp(1) - math.log(len(log_w)),
                "You summed over the examples, `dim=1`, and subtracted log k. Both belong to the "
                "draws, the first axis: `dim=0`.",
            ),
            Mistake(
                lambda log_w: log_w.logsumexp(1),
                "You summed over the examples, `dim=1`, and did not divide. The draws are the "
                "first axis, `dim=0`, and log k is to be subtracted.",
            ),
            Mistake(
                lambda log_w: log_w.flatten().logsumexp(0) - math.log(log_w.numel()),
                "Draws and examples went into one mean, so the batch became one number. Average "
                "over `dim=0` only.",
            ),
            Mistake(
                lambda log_w: (log_w.logsumexp(0) - math.log(len(log_w))).mean(),
                "The bound is right, and then you took its mean over the batch. Return one number "
                "for each example.",
            ),
            Mistake(
                lambda log_w: log_w.logsumexp(0, keepdim=True) - math.log(len(log_w)),
                "The numbers are right, but they stand in a row of a table, (1, batch). Leave out "
                "`keepdim=True`.",
            ),
            Mistake(
                lambda log_w: log_w.exp().mean(0),
                "This is the mean weight, an estimate of p(x) itself. Its logarithm is asked for.",
            ),
            Mistake(
                lambda log_w: -(log_w.logsumexp(0) - math.log(len(log_w))),
                "This is the bound with its sign turned, a loss. The bound itself is asked for: "
                "higher is better.",
            ),
            Mistake(
                lambda log_w: (-log_w).logsumexp(0) - math.log(len(log_w)),
                "The sign of the log-weights is turned before the mean, so the worst draw counts "
                "most. Exponentiate `log_w` as it is.",
            ),
            Mistake(
                lambda log_w: -((-log_w).logsumexp(0) - math.log(len(log_w))),
                "You turned the sign before the mean and again after it. That is the harmonic mean "
                "of the weights, in which the worst draw counts most.",
            ),
            Mistake(
                lambda log_w: log_w.max(0).values,
                "This is the largest log-weight alone. The others count too: the logarithm of the "
                "mean of all k weights.",
            ),
            Mistake(
                lambda log_w: log_w.max(0).values - math.log(len(log_w)),
                "This is the largest log-weight less log k: the other weights are missing from the "
                "sum.",
            ),
            Mistake(
                lambda log_w: (log_w.softmax(0) * log_w).sum(0),
                "You averaged the log-weights, each in proportion to its weight. This has the "
                "right gradient if the proportions are detached, but it is not the bound, which "
                "is the logarithm of the plain mean.",
            ),
            Mistake(
                lambda log_w: log_w.log_softmax(0).mean(0),
                "`log_softmax` divides every weight by their sum, so the size of the weights, "
                "which is what the bound is about, is lost. Use `logsumexp`.",
            ),
            Mistake(
                lambda log_w: _stabilised(log_w, log_w.max(0).values) - log_w.max(0).values,
                "You subtracted the largest log-weight to keep `exp` in range, and did not add it "
                "back after the logarithm.",
            ),
            Mistake(
                lambda log_w: log_w.softmax(0).mean(0).log(),
                "`softmax` divides every weight by their sum, so their mean is always 1 / k, "
                "whatever the weights. Use `logsumexp`.",
            ),
            Mistake(
                lambda log_w: _stabilised(log_w, log_w.max(0).values) - 2 * log_w.max(0).values,
                "You subtracted the largest log-weight before `exp`, and then subtracted it once "
                "more. After the logarithm it is to be added back.",
            ),
            Mistake(
                lambda log_w: (
                    (log_w - log_w.max(0).values).exp().mean().log() + log_w.max(0).values
                ),
                "You subtract and add back the maximum of each column, but the mean between is "
                "over the whole table. Average over `dim=0` only.",
            ),
            Mistake(
                lambda log_w: _stabilised(log_w, log_w.max(1, keepdim=True).values),
                "Your maximum is that of each row, `dim=1`. Each example, a column, needs its "
                "own: `log_w.max(dim=0).values`.",
            ),
            Mistake(
                lambda log_w: (log_w.logsumexp(0) - math.log(len(log_w))) / math.log(2),
                "This is in bits: logarithms to the base 2. The course counts in nats, with "
                "natural logarithms.",
            ),
            Mistake(
                lambda log_w: log_w.exp().mean(0).log(),
                "For ordinary numbers this is right, but exp(-1000) is 0 and exp(1000) is inf, and "
                "the logarithm does not bring them back. `torch.logsumexp` stays in range.",
            ),
            *(
                Mistake(
                    lambda log_w, eps=eps: (log_w.exp().mean(0) + eps).log(),
                    "For ordinary numbers this is right, but the small number that you add before "
                    "the logarithm, or set as its lower limit, is all that is left of weights such "
                    "as exp(-1000). Use `torch.logsumexp` in its place.",
                )
                for eps in (1e-6, 1e-7, 1e-8, 1e-10, 1e-12, 1e-20, 1e-30)
            ),
            *(
                Mistake(
                    lambda log_w, most=most: (
                        log_w.clamp(-most, most).logsumexp(0) - math.log(len(log_w))
                    ),
                    "For ordinary numbers this is right, but you clamp the log-weights, and -1000 "
                    "is a result like any other. Use `torch.logsumexp` on `log_w` as it is.",
                )
                for most in (20, 30, 50, 80, 85, 88)
            ),
            Mistake(
                lambda log_w: log_w.exp().mean(0).log().nan_to_num(),
                "For ordinary numbers this is right; `nan_to_num` only hides that exp(-1000) is 0 "
                "and exp(1000) is inf. Use `torch.logsumexp`.",
            ),
            *(
                Mistake(
                    lambda log_w, middle=middle: _stabilised(log_w, middle(log_w)),
                    "You subtract a number from each column to keep `exp` in range, but not its "
                    "largest. A weight far above that number is still inf, or one is nan. Subtract "
                    "`log_w.max(dim=0).values`.",
                )
                for middle in (
                    lambda log_w: log_w.mean(0),
                    lambda log_w: log_w.min(0).values,
                    lambda log_w: log_w.median(0).values,
                    lambda log_w: log_w[0],
                )
            ),
            Mistake(
                lambda log_w: _stabilised(log_w, log_w.max()),
                "You subtract one maximum, that of the whole table. An example whose weights are "
                "far below those of another then underflows to 0. Each column needs its own: "
                "`log_w.max(dim=0).values`.",
            ),
        ],
    ).stages,
)
