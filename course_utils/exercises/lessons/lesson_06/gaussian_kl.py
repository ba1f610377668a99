"""`gaussian_kl`, lesson 06: the price of a code, in closed form."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.checking.answer import Answer, Wrong
from course_utils.exercises.checking.compare import Comparison, Mistake, before_value, fresh_all
from course_utils.exercises.checking.exercise import Exercise, Stage
from course_utils.exercises.checking.parts import NO_POWER, ONE_NUMBER
from course_utils.exercises.lessons.lesson_06._terms import (
    draw_gaussians,
    expect_followed,
    kl_terms,
    reversed_kl,
    rounded,
)


def gaussian_kl(
    mu: Float[Tensor, "batch latent"], log_var: Float[Tensor, "batch latent"]
) -> Float[Tensor, " batch"]:
    """KL(N(mu, σ²) ‖ N(0, 1)) of every example, in nats, in closed form.

    log_var is log σ², the logarithm of the variance. Each dimension costs ½ (μ² + σ² - log σ² - 1),
    and the cost of an example is the sum over its dimensions.
    """
    per_dimension = 0.5 * (mu.square() + log_var.exp() - log_var - 1)
    return per_dimension.sum(dim=1)


def _gaussian_probes(generator: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    return [
        rounded(*draw_gaussians(3, 4, generator)),  # small enough to print
        draw_gaussians(5, 2, generator),
        draw_gaussians(2, 7, generator),
        draw_gaussians(1, 3, generator),
        draw_gaussians(6, 1, generator),
        draw_gaussians(4, 4, generator),
        draw_gaussians(64, 20, generator),
    ]


def _summed(per_dimension: Callable[[Tensor, Tensor], Tensor], message: str) -> Mistake:
    """A mistake in the cost of one dimension."""
    return Mistake(lambda mu, log_var: per_dimension(mu, log_var).sum(1), message)


def _reduced(reduction: Callable[[Tensor], Tensor], message: str) -> Mistake:
    """A mistake in what is made of the right costs, (batch, latent)."""
    return Mistake(lambda mu, log_var: reduction(kl_terms(mu, log_var)), message)


def _expect_repeatable(answer: Answer) -> None:
    """Raise `Wrong` if two calls on the same input differ."""
    args = draw_gaussians(4, 3, answer.generator())
    first, second = (answer(*fresh_all(args)) for _ in range(2))
    if not torch.allclose(first, second, equal_nan=True):
        raise Wrong(
            "Two calls with the same input returned different numbers: you estimate the KL from a "
            "draw of z. For two Gaussians it is known exactly; write the formula, without noise."
        )


def _follows_far(answer: Answer) -> None:
    """As far as trained encoders go, too."""
    expect_followed(lambda mu, log_var: answer(mu, log_var).detach())


_stages = Comparison(
    probes=_gaussian_probes,
    shape="(batch,): one number for each example",
    advice=(
        "Carry the first entry through by hand: μ², σ² = exp(log_var), log_var itself, and 1. Then "
        "½ (μ² + σ² - log_var - 1), and the sum of these over the row."
    ),
    gradient=("mu", "log_var"),
    mistakes=[
        Mistake(lambda mu, log_var: 0.5 * (mu ^ 2), NO_POWER),
        Mistake(lambda mu, log_var: math.exp(log_var), ONE_NUMBER.format("exp")),
        _summed(
            lambda mu, log_var: 0.5 * (mu**2 + (2 * log_var).exp() - 2 * log_var - 1),
            "This is what you get when `log_var` is taken for log σ, the logarithm of the standard "
            "deviation. It is log σ²: the variance is `log_var.exp()`, the deviation "
            "`(log_var / 2).exp()`.",
        ),
        _summed(
            lambda mu, log_var: 0.5 * (mu**2 + log_var**2 - (log_var**2).log() - 1),
            "You took `log_var` for σ itself, and squared it for the variance. It is a logarithm, "
            "log σ²: the variance is `log_var.exp()`.",
        ),
        _summed(
            lambda mu, log_var: 0.5 * (mu**2 + log_var - log_var.log() - 1),
            "You took `log_var` for the variance σ², and its logarithm again, which is nan where "
            "`log_var` is negative. It is log σ² already: only the variance needs an `exp`.",
        ),
        _summed(
            lambda mu, log_var: 0.5 * (mu**2 + log_var - log_var - 1),
            "The `exp` is missing: in place of the variance stands `log_var`, and it cancels with "
            "the other one. σ² is `log_var.exp()`.",
        ),
        _summed(
            lambda mu, log_var: 0.5 * (mu**2 + log_var**2 - log_var - 1),
            "In place of the variance you have `log_var ** 2`. It is the logarithm of σ² that you "
            "were given, and `exp` undoes a logarithm.",
        ),
        _summed(
            lambda mu, log_var: 0.5 * (mu**2 + (log_var / 2).exp() - log_var - 1),
            "Where the variance belongs you have the standard deviation, `exp(log_var / 2)`. "
            "The formula takes σ²: `exp(log_var)`, without the half.",
        ),
        _summed(
            lambda mu, log_var: 0.5 * (mu**2 + (log_var / 2).exp() - log_var / 2 - 1),
            "You halve `log_var` everywhere, so that σ and log σ stand where the formula has σ² "
            "and log σ². Use `log_var` as it is.",
        ),
        _summed(
            lambda mu, log_var: 0.5 * (mu**2 + log_var.exp() - log_var / 2 - 1),
            "The logarithm in the formula is that of the variance, log σ², and you have log σ, "
            "`log_var / 2`. Subtract the whole of `log_var`.",
        ),
        _summed(
            lambda mu, log_var: 0.5 * (mu**2 + (2 * log_var).exp() - log_var - 1),
            "The variance is squared: `exp(log_var)` is σ² already, and you have σ⁴. Leave out the "
            "square, or the factor 2 in the exponent.",
        ),
        _summed(
            lambda mu, log_var: 0.5 * (mu**2 + (-log_var).exp() - log_var - 1),
            "There is a minus in the exponent: exp(-log_var) is 1 / σ². The variance is "
            "`log_var.exp()`.",
        ),
        _summed(
            lambda mu, log_var: 0.5 * (mu**2 + F.softplus(log_var) - log_var - 1),
            "You used `softplus` to make a positive number of `log_var`. Some networks do, but "
            "then its output has another meaning; here log σ² is given, and `exp` gives σ².",
        ),
        _summed(
            lambda mu, log_var: mu**2 + log_var.exp() - log_var - 1,
            "Every number is twice what it should be: the factor ½ in front of the sum is lost.",
        ),
        _summed(
            lambda mu, log_var: kl_terms(mu, log_var) / 2,
            "Every number is half of what it should be: the factor ½ is in it twice.",
        ),
        _summed(
            lambda mu, log_var: 0.5 * mu**2 + log_var.exp() - log_var - 1,
            "Only μ² is halved. The factor ½ belongs to the whole of μ² + σ² - log σ² - 1: put the "
            "four terms in brackets.",
        ),
        _summed(
            lambda mu, log_var: 0.5 * (mu**2 / 2 + log_var.exp() - log_var - 1),
            "μ² is halved twice, once for itself and once with the others. The ½ in front of the "
            "bracket is the only one.",
        ),
        _summed(
            lambda mu, log_var: 0.5 * (mu**2 + log_var.exp()) - log_var - 1,
            "The bracket closes too early: ½ (μ² + σ²) is halved, log σ² and 1 are not. All four "
            "terms belong inside.",
        ),
        _summed(
            lambda mu, log_var: 0.5 * (mu**2 + log_var.exp() - log_var) - 1,
            "The bracket closes one term too early: a whole 1 is subtracted in each dimension "
            "where it should be half of it. Put the 1 inside the bracket.",
        ),
        Mistake(
            lambda mu, log_var: 0.5 * ((mu**2 + log_var.exp() - log_var).sum(1) - 1),
            "The 1 is subtracted once for an example; it belongs to every dimension. Subtract it "
            "before the sum, or subtract the number of dimensions after.",
        ),
        _summed(
            lambda mu, log_var: 0.5 * (mu**2 + log_var.exp() - log_var),
            "The -1 is forgotten: every dimension comes out ½ too large, and the KL of the prior "
            "with itself would not be 0.",
        ),
        _summed(
            lambda mu, log_var: -kl_terms(mu, log_var),
            "The sign of the whole is turned round. A KL divergence is never negative: the formula "
            "with 1 + log σ² - μ² - σ² has a factor -½ in front.",
        ),
        _summed(
            lambda mu, log_var: 0.5 * (mu**2 + log_var.exp() + log_var - 1),
            "The sign of log σ² is wrong: it is subtracted. Check at μ = 0, log σ² = -1, where a "
            "KL of less than 0 would come out.",
        ),
        _summed(
            lambda mu, log_var: 0.5 * (-(mu**2) + log_var.exp() - log_var - 1),
            "The sign of μ² is wrong: a mean far from 0 should cost more, and here it costs less.",
        ),
        _summed(
            lambda mu, log_var: 0.5 * (mu**2 - log_var.exp() - log_var - 1),
            "The sign of σ² is wrong: it is added. A large variance should cost more, and here it "
            "makes the cost fall without end.",
        ),
        _summed(
            lambda mu, log_var: 0.5 * (mu**2 + log_var.exp() - log_var + 1),
            "You add the 1, and it is to be subtracted: at μ = 0, σ = 1 the terms σ² and 1 cancel, "
            "and the KL is 0.",
        ),
        Mistake(
            lambda mu, log_var: 0.5 * (mu.sum(1) ** 2 + (log_var.exp() - log_var - 1).sum(1)),
            "You summed the means and then squared: (Σ μ)² is not Σ μ². Square every mean first, "
            "and sum afterwards.",
        ),
        Mistake(
            lambda mu, log_var: (
                0.5 * ((mu**2 - log_var - 1).sum(1) + log_var.sum(1, keepdim=True).exp()[:, 0])
            ),
            "You summed the log-variances and then took `exp`, which multiplies the variances. "
            "Every dimension has a σ² of its own: first `exp`, then the sum.",
        ),
        Mistake(
            lambda mu, log_var: 0.5 * (mu.norm(dim=1) + (log_var.exp() - log_var - 1).sum(1)),
            "`norm` takes a root at the end. The formula has the sum of the μ², without a root.",
        ),
        _summed(
            lambda mu, log_var: 0.5 * (mu + log_var.exp() - log_var - 1),
            "μ is not squared. A mean of -1 costs as much as a mean of 1: ½ μ².",
        ),
        _summed(
            lambda mu, log_var: 0.5 * (mu**2 + log_var.exp() - 1),
            "The term -log σ² is missing. It is what keeps the variance from shrinking to 0.",
        ),
        _summed(
            lambda mu, log_var: 0.5 * (mu**2 - log_var - 1),
            "The term σ², `log_var.exp()`, is missing from μ² + σ² - log σ² - 1.",
        ),
        _summed(
            lambda mu, log_var: 0.5 * (log_var.exp() - log_var - 1),
            "The term μ² is missing: a code far from the prior's centre would cost nothing.",
        ),
        _summed(
            reversed_kl,
            "This is the KL the wrong way round, KL(N(0, 1) ‖ N(μ, σ²)). The average is to be over "
            "q, the Gaussian of the encoder, which comes first: KL(N(μ, σ²) ‖ N(0, 1)).",
        ),
        _summed(
            lambda mu, log_var: 0.5 * (mu**2 + log_var.exp() + math.log(2 * math.pi)),
            "This is the cross-entropy, the average of -log p(z), with its ½ log 2π. A KL also "
            "subtracts the entropy of q, ½ (log 2π + log σ² + 1), and the constant cancels.",
        ),
        _summed(
            lambda mu, log_var: kl_terms(mu, log_var) / math.log(2),
            "This is the KL in bits. The course counts in nats: natural logarithms, no division "
            "by log 2.",
        ),
        Mistake(
            lambda mu, log_var: kl_terms(log_var, mu).sum(1),
            "`mu` and `log_var` have changed places: you square the log-variance and exponentiate "
            "the mean.",
        ),
        _reduced(
            lambda kl: kl.mean(1),
            "This is the mean over the dimensions of the code; the KL of independent dimensions is "
            "their sum. With the mean, a β of 1 would no longer be 1.",
        ),
        _reduced(
            lambda kl: kl.sum(),
            "You summed over everything, the examples too. Keep the first axis: sum over the "
            "dimensions of the code, `dim=1`.",
        ),
        _reduced(
            lambda kl: kl.sum(1).mean(),
            "The sum over dimensions is right, but then you took the mean over the batch. `fit` "
            "takes that mean, once; return one number for each example.",
        ),
        _reduced(
            lambda kl: kl.mean(),
            "You averaged over everything, dimensions and examples. Sum over the dimensions of the "
            "code, and leave the examples as they are.",
        ),
        _reduced(
            lambda kl: kl.sum(0),
            "You summed over the batch, the first axis, which leaves a number for each dimension "
            "of the code. It is the other way round: `dim=1`.",
        ),
        _reduced(
            lambda kl: kl.mean(0),
            "You averaged over the batch, the first axis, so a number for each dimension of the "
            "code is left. One for each example is wanted: the sum over `dim=1`.",
        ),
        _reduced(
            lambda kl: kl,
            "You have the KL of every dimension, with the shape of mu. One number for each example "
            "is missing a step: the sum over `dim=1`.",
        ),
        _reduced(
            lambda kl: kl.sum(1, keepdim=True),
            "The numbers are right, but they stand in a column, (batch, 1). Leave out "
            "`keepdim=True`: a column and a row would later broadcast into a square.",
        ),
    ],
).stages

exercise = Exercise(
    solution=gaussian_kl,
    place=2,
    difficulty=2,
    minutes=10,
    success=(
        "At the prior itself, μ = 0 and log σ² = 0, it is 0; ten dimensions with μ = 1 and "
        "log σ² = 0 cost 5 nats, and with log σ² = 1 they cost 8.591."
    ),
    hints=(
        "For one dimension the formula is ½ (μ² + σ² - log σ² - 1). Which of these do you have "
        "already, and which do you have to compute from `log_var`?",
        "`log_var` is log σ². So the variance is `log_var.exp()`, and the term log σ² is `log_var` "
        "just as it is.",
        "Compute the four terms, in brackets, times 0.5: that has the shape (batch, latent). Then "
        "sum over `dim=1`, so that one number for each example remains.",
    ),
    stages=(
        *before_value(_stages[:-1], Stage("repeatable", _expect_repeatable)),
        Stage("far out", _follows_far),
        _stages[-1],
    ),
)
