"""`score_function_gradient`, lesson 07: a gradient through a draw that does not."""

import math
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.answer import Answer, Wrong
from course_utils.exercises.checking.chance import expect_generator_used
from course_utils.exercises.checking.exercise import Exercise, Stage
from course_utils.exercises.checking.expect import (
    STANDARD_ERRORS,
    expect_close,
    expect_shape,
    expect_type,
)
from course_utils.exercises.checking.noting import notes
from course_utils.exercises.checking.signature import expect_attempted
from course_utils.exercises.lessons.lesson_07._draws import (
    expect_independent,
    expect_normal,
    expect_own_noise,
    implied_noise,
    stream_of,
)
from course_utils.exercises.lessons.lesson_07.score_function_gradient.problems import (
    Problem,
    bowl_problem,
    one_estimate,
    slope_problem,
    step_problem,
)


def score_function_gradient(
    f: Callable[[Tensor], Tensor],
    mu: Float[Tensor, " d"],
    log_var: Float[Tensor, " d"],
    n_samples: int,
    generator: torch.Generator,
) -> Float[Tensor, " d"]:
    """An unbiased estimate of the gradient of E[f(z)], z ~ N(mu, σ²), with respect to mu.

    log_var is log σ². f maps (n, d) to (n,), one number for each row; it may have steps, and need
    not be differentiable. The estimate is the mean of f(z) (z - mu) / σ² over n_samples draws of z,
    all made with the generator.
    """
    sigma = torch.exp(log_var / 2)
    z = mu + sigma * torch.randn(n_samples, len(mu), generator=generator)
    score = (z - mu) / sigma**2  # the gradient of log q(z) with respect to mu, (n, d)
    return (f(z)[:, None] * score).mean(dim=0)


def _score_type(answer: Answer) -> None:
    generator = stream_of(answer)
    calls = answer.memory["calls"] = []
    for d, n_samples in ((3, 7), (1, 4), (4, 4), (2, 3)):
        problem = step_problem(d, generator)
        got, f = one_estimate(answer, problem, n_samples, generator)
        expect_attempted(got, answer)
        expect_type(got, problem.mu)
        calls.append((got, f, problem, n_samples))


def _score_shape(answer: Answer) -> None:
    for got, _, problem, n_samples in answer.memory["calls"]:
        d, shape = len(problem.mu), tuple(got.shape)
        if shape == (d,):
            continue
        if shape == (n_samples, d):
            raise Wrong(
                "You have f(z) (z - mu) / σ² for every draw, (n_samples, d). The estimate is the "
                "mean over the draws, `dim=0`."
            )
        if shape == (n_samples,):
            raise Wrong(
                "You have one number for each draw: an average or a sum over the wrong axis. The "
                "draws are the first, `dim=0`; a number for each coordinate of mu is to remain."
            )
        if shape == ():
            raise Wrong(
                "You have a single number, and the gradient has one for each coordinate of mu. "
                "Average over the draws only, `dim=0`."
            )
        given = {"mu": problem.mu, "log_var": problem.log_var, "n_samples": n_samples}
        expect_shape(got, problem.mu, "(d,): one number for each coordinate of mu", given)


def _score_draws(answer: Answer) -> None:
    """The draws at which f was asked: as many as wanted, and from the right distribution."""
    for _, f, problem, n_samples in answer.memory["calls"]:
        if not notes(f):
            raise Wrong("You never called f. The estimate is made of its values, f(z), at draws z.")
        count = len(f.draws(problem.mu))
        if count == 0:
            raise Wrong(
                "You asked f only at `mu` itself. Ask it at the draws, f(z): how its value goes "
                "together with the score of the same z is all that the estimate has."
            )
        if count != n_samples:
            raise Wrong(
                f"f was asked at {count} draws of z, where n_samples is {n_samples}. Draw a table "
                "(n_samples, d), and hand it to f as a whole."
            )
    generator = stream_of(answer)
    problem = step_problem(3, generator)
    z, mu, log_var = _many_draws(answer, problem, generator)
    if z.isfinite().all():
        expect_own_noise(implied_noise(z, mu, log_var))
    columns = torch.arange(3).expand_as(z)
    expect_normal(z, mu, log_var, [columns == j for j in range(3)])
    expect_independent(implied_noise(z, mu, log_var))
    z, mu, log_var = _many_draws(answer, step_problem(4, generator, far=True), generator)
    expect_normal(z, mu, log_var, [torch.arange(4).expand_as(z) == j for j in range(4)])


def _many_draws(
    answer: Answer, problem: Problem, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """The points at which f was asked when 2000 were wanted, and mu and log_var for each."""
    _, f = one_estimate(answer, problem, 2000, generator)
    z = f.draws(problem.mu)
    if len(z) != 2000:
        raise Wrong(
            f"f was asked at {len(z)} different draws of z, where n_samples is 2000: the number is "
            "not honoured, or draws are repeated."
        )
    return z, problem.mu.expand_as(z), problem.log_var.expand_as(z)


# What people make of the values f(z), (n, 1), and the draws; what is right has the mean of
# value · (z - mu) / σ².
SCORES: Sequence[tuple[Callable[[Tensor, Tensor, Tensor, Tensor], Tensor], str]] = (
    (
        lambda value, z, mu, var: (value * (z - mu) / var).sum(0),
        "You summed over the draws; the estimate is their mean, or it would grow with n_samples.",
    ),
    (
        lambda value, z, mu, var: -(value * (z - mu) / var).mean(0),
        "The sign is turned round: the gradient of log q(z) with respect to mu is (z - mu) / σ², "
        "not (mu - z) / σ². Or did you return the gradient of a loss, -f?",
    ),
    (
        lambda value, z, mu, var: (value * (z - mu)).mean(0),
        "The 1 / σ² is missing: the score of a Gaussian is (z - mu) / σ², with σ² = exp(log_var).",
    ),
    (
        lambda value, z, mu, var: (value * (z - mu) / var.sqrt()).mean(0),
        "You divided z - mu by σ, which gives the noise ε. The score has σ² below: (z - mu) / σ², "
        "the same as ε / σ.",
    ),
    (
        lambda value, z, mu, var: (value * (z - mu) / var**1.5).mean(0),
        "You divided by σ once too often: ε / σ² where ε = (z - mu) / σ. The score is ε / σ.",
    ),
    (
        lambda value, z, mu, var: (value * (z - mu) / var**2).mean(0),
        "You divided by σ⁴: exp(log_var) is the variance already, and needs no square. (`Normal` "
        "squares what it is given: it wants the deviation, exp(log_var / 2).)",
    ),
    (
        lambda value, z, mu, var: (value * (z - mu) * var).mean(0),
        "You multiplied by σ² where you should divide: (z - mu) / σ².",
    ),
    (
        lambda value, z, mu, var: (value * (z - mu) / var.log()).mean(0),
        "You divided by `log_var`, which is a logarithm and may be negative. The variance is "
        "exp(log_var).",
    ),
    (
        lambda value, z, mu, var: (value * (z - mu) / var.log() ** 2).mean(0),
        "You divided by the square of `log_var`, as if it were the standard deviation. The "
        "variance is exp(log_var).",
    ),
    (
        lambda value, z, mu, var: (value * z / var).mean(0),
        "You have z / σ² where the score is (z - mu) / σ²: `mu` is not subtracted.",
    ),
    (
        lambda value, z, mu, var: ((z - mu) / var).mean(0),
        "f has no part in it: this is the mean of the score alone, which is 0 on average. Multiply "
        "each score by f(z) before you average.",
    ),
    (
        lambda value, z, mu, var: value.mean() * ((z - mu) / var).mean(0),
        "You multiplied two means. The mean of the product is wanted: each score times its own "
        "f(z), then the average.",
    ),
    (
        lambda value, z, mu, var: value.mean() * ((z - mu) / var).sum(0),
        "You multiplied the mean of f(z) with the sum of all scores: the log-densities were summed "
        "over the draws before each met its f(z). More draws would not calm this estimate. Sum "
        "log q(z) over the coordinates only, `dim=1`.",
    ),
    (
        lambda value, z, mu, var: value.mean().expand_as(mu),
        "This is the mean of f(z), the expectation itself. Its gradient weights each value with "
        "the score, (z - mu) / σ².",
    ),
    (
        lambda value, z, mu, var: (value * (z - mu) / var).mean(0) / len(mu),
        "Every number is divided by d: the log-density of a vector is the sum over its "
        "coordinates, not their mean.",
    ),
    (
        lambda value, z, mu, var: (value * (z - mu) / var).mean(0) / 2,
        "Every number is half of what it should be: in the derivative of -(z - mu)² / 2σ² the 2 "
        "of the square cancels the 2 below.",
    ),
    (
        lambda value, z, mu, var: 2 * (value * (z - mu) / var).mean(0),
        "Every number is twice what it should be: in the derivative of -(z - mu)² / 2σ² the 2 of "
        "the square cancels the 2 below.",
    ),
    (
        lambda value, z, mu, var: (value * (z - mu) / var).sum(0) / (len(z) - 1),
        "You divided by n_samples - 1. That belongs to a variance whose mean is estimated too; a "
        "mean is divided by n_samples.",
    ),
    (
        lambda value, z, mu, var: (value * (z - mu) / z.var(0)).mean(0),
        "You divided by the variance of your draws. The score has the σ² that they were drawn "
        "with, exp(log_var).",
    ),
    (
        lambda value, z, mu, var: (
            (value * ((z - mu) / var).sum(1, keepdim=True)).mean(0).expand_as(mu)
        ),
        "Every coordinate got the same number: you summed the scores over the coordinates. Each "
        "has a score of its own, (z - mu) / σ².",
    ),
    (
        lambda value, z, mu, var: (
            value
            * (-0.5 * ((z - mu) ** 2 / var + var.log() + math.log(2 * math.pi)))
            .sum(1, keepdim=True)
            .exp()
            * (z - mu)
            / var
        ).mean(0),
        "The density is in it once too often: you differentiated q(z) where log q(z) belongs. The "
        "draws come from q already, and so bring its weight along.",
    ),
    (
        lambda value, z, mu, var: (value * ((z - mu) ** 2 / var - 1) / 2).mean(0),
        "This is the gradient with respect to `log_var`. Asked for is the one with respect to "
        "`mu`: the score is (z - mu) / σ².",
    ),
    (
        lambda value, z, mu, var: (
            value * (-0.5 * ((z - mu) ** 2 / var + var.log() + math.log(2 * math.pi)))
        ).mean(0),
        "You weighted f(z) with the log-density itself. It is the gradient of the log-density with "
        "respect to mu that is needed, (z - mu) / σ².",
    ),
    (
        lambda value, z, mu, var: ((value - value.mean()) * (z - mu) / var).mean(0),
        "You subtract the mean of f(z) as a baseline (or from z the mean of the draws and not mu, "
        "which comes to the same), and each draw is part of its own baseline: that shrinks the "
        "estimate by the factor 1 - 1 / n_samples, a bias. Use the mean of the other draws, or no "
        "baseline.",
    ),
    *(
        (
            lambda value, z, mu, var, n=n: (
                (value - value.mean()) / value.std(correction=n) * (z - mu) / var
            ).mean(0),
            "You standardised the values of f, less their mean and by their deviation, as is done "
            "in reinforcement learning. The estimate then has the scale of something else: use "
            "f(z) as it is.",
        )
        for n in (0, 1)
    ),
    (
        lambda value, z, mu, var: (value * (z - mu) / var).median(0).values,
        "You took the median over the draws. Only their mean is right on average.",
    ),
)


def _score_value(answer: Answer) -> None:
    generator = stream_of(answer)
    problems = [  # none with two coordinates, where a half is a mean over them
        (step_problem(3, generator), 8),
        (bowl_problem(5, generator, smooth=False), 5),
        (bowl_problem(4, generator, smooth=True), 6),
        (step_problem(3, generator), 500),
        (step_problem(4, generator, far=True), 300),
    ]
    baselines = []
    for problem, n_samples in problems:
        got, f = one_estimate(answer, problem, n_samples, generator)
        z = f.draws(problem.mu)
        value, var = problem.f(z).detach()[:, None], problem.log_var.exp()
        if _close(got, (value * (z - problem.mu) / var).mean(0)):
            continue
        if (value != value[0]).any():  # else a baseline that is right may well make 0 of it
            _explain(got, f.tracked, value, z, problem)
        baselines.append(problem)
    for problem in baselines[:1]:
        _expect_unbiased(answer, problem, generator)
        _expect_unbiased(answer, slope_problem(generator), generator)


def _close(got: Tensor, expected: Tensor) -> bool:
    scale = expected.abs().max().item() or 1.0
    return torch.allclose(got.detach().to(expected.dtype), expected, rtol=0, atol=1e-4 * scale)


def _explain(got: Tensor, tracked: bool, value: Tensor, z: Tensor, problem: Problem) -> None:
    """Raise `Wrong` if an estimate is one of those that people make by mistake."""
    if not got.any():
        raise Wrong(
            "Your estimate is exactly 0."
            + (
                " Your z moves along with `mu`, so (z - mu) / σ, and with it log q(z), does not "
                "change: draw z, then detach it, and only then differentiate log q(z)."
                if tracked
                else " This f jumps, so its own gradient is 0 wherever there is one. Use its "
                "values: the mean of f(z) (z - mu) / σ²."
            )
        )
    for estimate, message in SCORES:
        if _close(got, estimate(value, z, problem.mu, problem.log_var.exp())):
            raise Wrong(message)
    inside = z.clone().requires_grad_()
    inner = problem.f(inside)
    if inner.requires_grad:
        (slope,) = torch.autograd.grad(inner.sum(), inside)
        if _close(got, slope.mean(0)):
            raise Wrong(
                "This is the reparameterised gradient, the mean of the slope of f. Asked for is "
                "the estimate that does without the slope: the mean of f(z) (z - mu) / σ²."
            )
        if tracked:
            raise Wrong(
                "Where f has a gradient, it gets into your estimate, since your z remembers `mu`. "
                "Detach z before you call f: only the log-density is to be differentiated."
            )


def _expect_unbiased(answer: Answer, problem: Problem, generator: torch.Generator) -> None:
    """Raise `Wrong` unless many estimates, each from two draws, are right on average."""
    estimates = torch.stack(
        [one_estimate(answer, problem, 2, generator)[0].detach() for _ in range(500)]
    ).double()
    mean = estimates.mean(0)
    error = estimates.std(0) / math.sqrt(len(estimates))
    if bool(((mean - problem.exact).abs() <= STANDARD_ERRORS * error + 1e-6).all()):
        return
    given = {"mu": problem.mu, "log_var": problem.log_var, "n_samples": 2}
    expect_close(
        mean.float(),
        problem.exact,
        given,
        "This is the mean of 500 of your estimates beside the true gradient: they differ by more "
        "than chance. Take one draw and carry it through: f(z), z - mu, σ² = exp(log_var), and "
        "f(z) (z - mu) / σ².",
    )


def _score_generator(answer: Answer) -> None:
    problem = step_problem(3, stream_of(answer))

    def draw(generator: torch.Generator) -> Tensor:
        _, f = one_estimate(answer, problem, 6, generator)
        return f.draws(problem.mu)

    expect_generator_used(draw)


exercise = Exercise(
    solution=score_function_gradient,
    form="half-filled",
    place=2,
    difficulty=3,
    minutes=12,
    success=(
        "For f(z) = 1 where z > 0 and 0 elsewhere, with mu = 0 and σ = 1, the gradient is "
        "1 / √(2π) = 0.399. f has no slope to learn from, and still you find it."
    ),
    hints=(
        "The gradient of E[f(z)] is E[f(z) ∇ log q(z)], with the gradient of the log-density with "
        "respect to mu. For a Gaussian you can work it out by hand: what is the derivative of "
        "-(z - mu)² / 2σ²?",
        "It is (z - mu) / σ², one number for each coordinate. Draw z, (n_samples, d), ask f for "
        "(n_samples,) values, weight each draw's score with its value, and average over the draws.",
        "`f(z)[:, None]` makes a column of the values, which multiplies every coordinate of the "
        "score. The draws are mu + exp(log_var / 2) ε with ε from "
        "`torch.randn(n_samples, len(mu), generator=generator)`.",
    ),
    stages=(
        Stage("type", _score_type),
        Stage("shape", _score_shape),
        Stage("draws", _score_draws),
        Stage("value", _score_value),
        Stage("generator", _score_generator),
    ),
)
