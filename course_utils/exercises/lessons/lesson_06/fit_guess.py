"""`fit_guess`, lesson 06: the guess improves itself, uphill on the bound."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.answer import Answer, Crash, Wrong
from course_utils.exercises.checking.exercise import Exercise, Stage
from course_utils.exercises.checking.expect import expect_type
from course_utils.exercises.checking.signature import expect_attempted
from course_utils.exercises.checking.words import describe_type


def fit_guess(
    log_joint: Callable[[Float[Tensor, " places"]], Float[Tensor, " places"]], steps: int, lr: float
) -> tuple[float, float]:
    """The mean and the variance of the Gaussian guess q(z) that `steps` steps uphill lead to.

    `log_joint(z)` is log p(x, z) at each of many places z, for one fixed x. The guess begins as
    N(0, 1). Each step moves it a little, `lr` times the gradient, so that its ELBO rises: the
    integral over z of q(z) (log p(x, z) - log q(z)), added up on a grid. All that matters lies
    between -6 and 6.
    """
    grid = torch.linspace(-10, 10, 1001)
    mean = torch.zeros((), requires_grad=True)
    log_var = torch.zeros((), requires_grad=True)
    for _ in range(steps):
        log_q = -0.5 * (math.log(2 * math.pi) + log_var + (grid - mean) ** 2 / log_var.exp())
        elbo = torch.trapezoid(log_q.exp() * (log_joint(grid) - log_q), grid)
        with torch.no_grad():
            for number, slope in zip(
                (mean, log_var), torch.autograd.grad(elbo, (mean, log_var)), strict=True
            ):
                number += lr * slope
    return mean.item(), log_var.exp().item()


class Joint(NamedTuple):
    """A log p(x, z) to climb, in words, and the guess that is best for it."""

    words: str
    log_density: Callable[[Tensor], Tensor]
    mean: float
    variance: float


def _toy(x: float, slope: float, noise: float) -> Joint:
    """z ~ N(0, 1) and x | z ~ N(slope · z, noise), whose posterior is a Gaussian."""
    variance = 1 / (1 + slope**2 / noise)
    return Joint(
        f"z ~ N(0, 1), x | z ~ N({slope:g} z, {noise:g}) and x = {x:g}",
        lambda z: -0.5 * (z**2 + (x - slope * z) ** 2 / noise),
        variance * slope * x / noise,
        variance,
    )


# The lesson's own, then another; and one with a long tail, whose posterior is no Gaussian. Of that
# the best guess has neither its mean (0.5772) and variance (1.6449), nor its peak (0) and curvature
# (1): where E_q[z + exp(-z)] - ½ log σ² is least, σ² = 1 and mean = ½.
JOINTS = (
    _toy(1.3, 2.0, 0.5),
    _toy(-1.0, 1.2, 1.0),
    Joint("log p(x, z) = -z - exp(-z)", lambda z: -z - torch.exp(-z), 0.5, 1.0),
)
STEPS, LR = 400, 0.06


def _elbo(joint: Joint, mean: float, variance: float) -> float:
    """The bound of a guess, without the constant that log_density leaves out."""
    noise = torch.linspace(-8, 8, 2001, dtype=torch.float64)
    weight = torch.exp(-0.5 * noise**2) / math.sqrt(2 * math.pi)
    z = mean + math.sqrt(max(variance, 1e-12)) * noise
    inner = torch.trapezoid(weight * joint.log_density(z), noise)
    return (inner + 0.5 * math.log(2 * math.pi * math.e * max(variance, 1e-12))).item()


def _guess(answer: Answer, joint: Joint, steps: int, lr: float) -> tuple[float, float]:
    try:
        got = answer(joint.log_density, steps, lr)
    except Crash as crash:
        if "does not require grad" in str(crash.error):
            raise Wrong(
                "Nothing remembers how the ELBO came from mean and variance. Make both tensors "
                "with `requires_grad=True`, and compute from them with torch to the end.\n"
                f"{crash}"
            ) from None
        if "leaf Variable" in str(crash.error):
            raise Wrong(
                "A tensor that requires a gradient is moved outside of what is being "
                "differentiated: `with torch.no_grad(): mean += lr * mean.grad`.\n"
                f"{crash}"
            ) from None
        raise
    expect_attempted(got, answer)
    if not isinstance(got, tuple | list) or len(got) != 2:
        raise Wrong(
            f"Your function returned {describe_type(got)}; expected two numbers, (mean, variance)."
        )
    for number in got:
        expect_type(number, 0.5)
    return tuple(map(float, got))


def _begins_at_the_prior(answer: Answer) -> None:
    for joint in JOINTS:
        mean, variance = _guess(answer, joint, 0, LR)
        if (abs(mean), abs(variance - 1)) > (1e-6, 1e-6) or abs(variance - 1) > 1e-6:
            hint = ""
            if abs(variance) < 1e-6:
                hint = " Is it the *logarithm* of the variance that you return?"
            raise Wrong(
                f"With steps = 0 your guess is N({mean:.4g}, {variance:.4g}). It begins at N(0, 1) "
                f"and takes `steps` steps.{hint}"
            )


def _climbs(answer: Answer) -> None:
    after = [_guess(answer, joint, 3, 1e-3) for joint in JOINTS]
    if all(guess == (0.0, 1.0) for guess in after):
        raise Wrong(
            "After three steps the guess stands where it stood. Is the gradient computed, and is "
            "`lr` times it added?"
        )
    for joint, guess in zip(JOINTS, after, strict=True):
        before, now = _elbo(joint, 0.0, 1.0), _elbo(joint, *guess)
        if now < before:
            raise Wrong(
                f"For {joint.words}, three small steps take the ELBO *down*, from {before:.4f} to "
                f"{now:.4f}. The bound is to be as large as possible: add the gradient, or "
                "minimise the negative ELBO; and sum over all places between -6 and 6."
            )


def _wrong_ends(joint: Joint) -> dict[str, tuple[float, float]]:
    """Where mistakes lead to, and what to say of them."""
    grid = torch.linspace(-10, 40, 8001, dtype=torch.float64)
    density = joint.log_density(grid).exp()
    density = density / torch.trapezoid(density, grid)
    mean = torch.trapezoid(grid * density, grid).item()
    spread = torch.trapezoid((grid - mean) ** 2 * density, grid).item()
    best, variance = joint.mean, joint.variance
    return {
        "You return the standard deviation. The variance is its square.": (best, variance**0.5),
        "You return the logarithm of the variance. Take `exp` of it.": (best, math.log(variance)),
        "You return the square of the variance, or took log σ for log σ².": (best, variance**2),
        "These are mean and variance of the posterior itself, its moments: the best guess in the "
        "other direction, KL(posterior ‖ q). The ELBO has KL(q ‖ posterior) in it.": (mean, spread),
    }


def _near(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return all(abs(a - b) < 0.01 for a, b in zip(one, other, strict=True))


def _arrives(answer: Answer) -> None:
    ends = [_guess(answer, joint, STEPS, LR) for joint in JOINTS]
    best = [(joint.mean, joint.variance) for joint in JOINTS]
    if all(map(_near, ends, best)):
        return
    (mean, variance), *_ = ends
    if not all(abs(number) < 5 for end in ends for number in end):
        raise Wrong(
            f"With lr = {LR:g} your guess runs off, to N({mean:.3g}, {variance:.3g}). Is the "
            "grid's spacing in your sum (`torch.trapezoid(values, grid)` sees to it)? And can the "
            "variance become negative? Climb with its logarithm."
        )
    if all(theirs < 0.3 * ours for (_, theirs), (_, ours) in zip(ends, best, strict=True)):
        raise Wrong(
            f"Your guesses become narrower and narrower: after {STEPS} steps the first has "
            f"variance {variance:.2g}. The term -log q is missing from the average: it rewards a "
            "guess for being wide."
        )
    if all(abs(variance - 1) < 1e-4 for _, variance in ends):
        raise Wrong(
            "The mean moves and the variance stays 1. Take the gradient with respect to both, and "
            "average over the whole of q, not at its mean alone."
        )
    for message in _wrong_ends(JOINTS[0]):
        if all(map(_near, ends, (_wrong_ends(joint)[message] for joint in JOINTS))):
            raise Wrong(message)
    number = next(i for i in range(len(JOINTS)) if not _near(ends[i], best[i]))
    joint, (mean, variance) = JOINTS[number], ends[number]
    lost = _elbo(joint, *best[number]) - _elbo(joint, mean, variance)
    raise Wrong(
        f"For {joint.words}, {STEPS} steps with lr = {LR:g} should end near N({joint.mean:.3f}, "
        f"{joint.variance:.3f}), and you end at N({mean:.3f}, {variance:.3f}), where the ELBO is "
        f"{lost:.3g} lower. Print your ELBO at both, and compare with `elbo_by_grid` of the lesson."
    )


exercise = Exercise(
    solution=fit_guess,
    place=1,
    difficulty=3,
    minutes=15,
    success=(
        "For the toy and x = 1.3 the guess walks from N(0, 1) to N(0.578, 0.111), the posterior: "
        "5.2/9 and 1/9, which nobody has told it."
    ),
    hints=(
        "Two tensors of one number each, with `requires_grad=True`: the mean, and the logarithm of "
        "the variance, which may become negative. The ELBO of the lesson, `elbo_by_grid`, is the "
        "function to climb.",
        "One step: compute the ELBO; take its gradient, `torch.autograd.grad(elbo, (mean, "
        "log_var))`; and under `torch.no_grad()` add `lr` times it to each.",
        "Or hand both tensors to `torch.optim.SGD([mean, log_var], lr=lr)` and call `backward` on "
        "the *negative* ELBO.",
    ),
    stages=(
        Stage("start", _begins_at_the_prior),
        Stage("uphill", _climbs),
        Stage("the best guess", _arrives),
    ),
)
