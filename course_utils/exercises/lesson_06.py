"""Checks of lesson 06: the evidence lower bound."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.answer import Answer, Wrong
from course_utils.exercises.compare import Comparison, Mistake, fresh_all
from course_utils.exercises.exercise import Exercise, Stage
from course_utils.exercises.solutions import lesson_06 as solutions

# --- gaussian_kl ----------------------------------------------------------------------------------


def _gaussians(batch: int, latent: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Means and log-variances far from 0, where the variance, σ and log σ are easily told apart.

    The log-variances of the first example are positive: a formula that takes their logarithm is
    nan elsewhere, and numbers there.
    """
    mu = 1.5 * torch.randn(batch, latent, generator=generator) + 0.5
    log_var = 4 * torch.rand(batch, latent, generator=generator) - 2
    log_var[0] = log_var[0].abs() + 0.1
    return mu, log_var


def _rounded(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Numbers of one digit after the point, to be read and carried by hand."""
    return tuple(tensor.mul(10).round().div(10) for tensor in tensors)


def _gaussian_probes(generator: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    return [
        _rounded(*_gaussians(3, 4, generator)),  # small enough to print
        _gaussians(5, 2, generator),
        _gaussians(2, 7, generator),
        _gaussians(1, 3, generator),
        _gaussians(6, 1, generator),
        _gaussians(4, 4, generator),
        _gaussians(64, 20, generator),
    ]


def _summed(per_dimension: Callable[[Tensor, Tensor], Tensor], message: str) -> Mistake:
    """A mistake in the cost of one dimension."""
    return Mistake(lambda mu, log_var: per_dimension(mu, log_var).sum(1), message)


def _reduced(reduction: Callable[[Tensor], Tensor], message: str) -> Mistake:
    """A mistake in what is made of the right costs, (batch, latent)."""
    return Mistake(lambda mu, log_var: reduction(_kl(mu, log_var)), message)


def _kl(mu: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (mu**2 + log_var.exp() - log_var - 1)


def _reversed_kl(mu: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (log_var + (1 + mu**2) / log_var.exp() - 1)


def _expect_repeatable(answer: Answer) -> None:
    """Raise `Wrong` if two calls on the same input differ."""
    args = _gaussians(4, 3, answer.generator())
    first, second = (answer(*fresh_all(args)) for _ in range(2))
    if not torch.allclose(first, second, equal_nan=True):
        raise Wrong(
            "Two calls with the same input returned different numbers: you estimate the KL from a "
            "draw of z. For two Gaussians it is known exactly; write the formula, without noise."
        )


_gaussian_kl_stages = Comparison(
    probes=_gaussian_probes,
    shape="(batch,): one number for each example",
    advice=(
        "Carry the first entry through by hand: μ², σ² = exp(log_var), log_var itself, and 1. Then "
        "½ (μ² + σ² - log_var - 1), and the sum of these over the row."
    ),
    gradient=("mu", "log_var"),
    mistakes=[
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
            lambda mu, log_var: _kl(mu, log_var) / 2,
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
            lambda mu, log_var: -_kl(mu, log_var),
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
            "The sign of σ² is wrong: it is added. A large variance should be dear, and here it "
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
            _reversed_kl,
            "This is the KL the wrong way round, KL(N(0, 1) ‖ N(μ, σ²)). The average is to be over "
            "q, the Gaussian of the encoder, which comes first: KL(N(μ, σ²) ‖ N(0, 1)).",
        ),
        _summed(
            lambda mu, log_var: 0.5 * (mu**2 + log_var.exp() + math.log(2 * math.pi)),
            "This is the cross-entropy, the average of -log p(z), with its ½ log 2π. A KL also "
            "subtracts the entropy of q, ½ (log 2π + log σ² + 1), and the constant cancels.",
        ),
        _summed(
            lambda mu, log_var: _kl(mu, log_var) / math.log(2),
            "This is the KL in bits. The course counts in nats: natural logarithms, no division "
            "by log 2.",
        ),
        Mistake(
            lambda mu, log_var: _kl(log_var, mu).sum(1),
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

gaussian_kl = Exercise(
    solution=solutions.gaussian_kl,
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
        *_gaussian_kl_stages[:2],
        Stage("repeatable", _expect_repeatable),
        *_gaussian_kl_stages[2:],
    ),
)

# --- bernoulli_log_likelihood ---------------------------------------------------------------------


def _pixels(*shape: int, generator: torch.Generator, grey: bool) -> tuple[Tensor, Tensor]:
    logits = 2 * torch.randn(shape, generator=generator) + 0.5
    logits = logits + 0.1 * logits.sign()  # never 0, where `abs` and `relu` have no derivative
    x = torch.rand(shape, generator=generator)
    return logits, (x if grey else x.round())


def _far_out(*shape: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Logits of ±200, right for some pixels and wrong for others."""
    logits, x = _pixels(*shape, generator=generator, grey=False)
    logits[0] = 200 * logits[0].sign()
    x.view(-1)[:2] = torch.tensor([0.0, 1.0])
    logits.view(-1)[:2] = torch.tensor([-200.0, -200.0])
    return logits, x


def _pixel_probes(generator: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    return [
        _rounded(*_pixels(3, 4, generator=generator, grey=False)),  # small enough to print
        _pixels(5, 2, generator=generator, grey=False),
        _rounded(*_pixels(2, 5, generator=generator, grey=True)),
        _pixels(1, 6, generator=generator, grey=True),
        _pixels(4, 4, generator=generator, grey=True),
        _pixels(2, 1, 28, 28, generator=generator, grey=True),
        _pixels(1, 1, 28, 28, generator=generator, grey=False),
        _rounded(*_far_out(2, 6, generator=generator)),
        _far_out(3, 1, 4, 5, generator=generator),
    ]


def _log_p(logits: Tensor, x: Tensor) -> Tensor:
    """log p of every feature."""
    return x * logits - F.softplus(logits)


def _rows(values: Tensor) -> Tensor:
    return values.flatten(1).sum(1)


def _by_probability(
    logits: Tensor, x: Tensor, change: Callable[[Tensor], Tensor], eps: float = 0.0
) -> Tensor:
    """The formula with p = sigmoid(logits) written out, after a change of p, with eps in the logs.

    A p of exactly 0 or 1 makes it infinite or nan.
    """
    p = change(logits.sigmoid())
    return _rows(x * (p + eps).log() + (1 - x) * (1 - p + eps).log())


def _held_up(log_p: Callable[[Tensor, Tensor], Tensor]) -> Mistake:
    """The formula with a guard against the logarithm of 0, invisible for ordinary logits."""
    return Mistake(
        log_p,
        "For ordinary logits this is right, but the small number that you add inside the logarithm "
        "(or clamp p to) holds log p up, where a logit of -200 should give -200. Nothing needs "
        "rescuing if you start from the logits: log p is `F.logsigmoid(logits)`.",
    )


def _with_eps(eps: float) -> Mistake:
    return _held_up(lambda logits, x: _by_probability(logits, x, lambda p: p, eps))


def _with_clamp(eps: float) -> Mistake:
    return _held_up(lambda logits, x: _by_probability(logits, x, lambda p: p.clamp(eps, 1 - eps)))


def _likelihood_reduced(reduction: Callable[[Tensor], Tensor], message: str) -> Mistake:
    """A mistake in what is made of the right log-probabilities of all features."""
    return Mistake(lambda logits, x: reduction(_log_p(logits, x)), message)


bernoulli_log_likelihood = Exercise(
    solution=solutions.bernoulli_log_likelihood,
    difficulty=2,
    minutes=15,
    success=(
        "With all logits 0 every pixel has probability ½, and an image of 784 pixels gets "
        "-784 log 2 = -543.4 nats, whatever it shows. Good logits come closer to 0 from below."
    ),
    hints=(
        "Start with one pixel: log p if x is 1 and log(1 - p) if x is 0. The weights x and 1 - x "
        "choose between the two. Then sum over the pixels of an image.",
        "Do not compute p: for a logit of 200 it is exactly 1, and log(1 - p) is -inf. "
        "`F.logsigmoid(logits)` is log p, and `F.logsigmoid(-logits)` is log(1 - p), both without "
        "a detour.",
        "torch has it as a loss: `F.binary_cross_entropy_with_logits(logits, x, "
        'reduction="none")` is -log p of every pixel. Turn the sign, `flatten(1)`, and sum over '
        "`dim=1`.",
    ),
    stages=Comparison(
        probes=_pixel_probes,
        shape="(batch,): one number for each example",
        advice=(
            "Carry the first pixel through by hand: p = 1 / (1 + exp(-logit)), then log p if x is "
            "1 and log(1 - p) if x is 0. Add these up along the row."
        ),
        gradient="logits",
        mistakes=[
            _likelihood_reduced(
                lambda log_p: -_rows(log_p),
                "The size is right and the sign is not: this is the loss, -log p. A log-likelihood "
                "is at most 0, and higher is better.",
            ),
            Mistake(
                lambda logits, x: -F.binary_cross_entropy(logits, x),
                "`F.binary_cross_entropy` expects probabilities, and these are logits, which may "
                "be any number. Use `F.binary_cross_entropy_with_logits`.",
            ),
            Mistake(
                lambda logits, x: _rows(_log_p(logits.sigmoid(), x)),
                "The sigmoid is applied twice: what works with logits applies it itself. Hand over "
                "the logits as they are.",
            ),
            _likelihood_reduced(
                lambda log_p: log_p.mean(),
                "This is the mean over pixels and examples, one number, as the functions of torch "
                'return it unless told otherwise. Ask for `reduction="none"`, and sum over the '
                "pixels only.",
            ),
            _likelihood_reduced(
                lambda log_p: -log_p.mean(),
                "This is the mean loss over pixels and examples: the sign is that of a loss, and "
                'the reduction is the one that torch chooses. Ask for `reduction="none"`, turn the '
                "sign, and sum over the pixels.",
            ),
            _likelihood_reduced(
                lambda log_p: log_p.sum(),
                "You summed over everything, the examples too, so the batch became one number. "
                "Keep the first axis.",
            ),
            _likelihood_reduced(
                lambda log_p: -log_p.sum(),
                "This is the loss of the whole batch, one number: turn the sign, and sum over "
                "every axis but the first.",
            ),
            _likelihood_reduced(
                lambda log_p: _rows(log_p).mean(),
                "The sum over pixels is right, but then you took the mean over the batch. Return "
                "one number for each example.",
            ),
            _likelihood_reduced(
                lambda log_p: log_p.flatten(1).mean(1),
                "This is the mean over the pixels where the sum is wanted. The probability of an "
                "image is the product over its pixels, so the logarithm is a sum.",
            ),
            _likelihood_reduced(
                lambda log_p: log_p,
                "You have log p of every pixel, with the shape of x. Sum them over every axis but "
                "the first: one number for each example.",
            ),
            _likelihood_reduced(
                lambda log_p: -log_p,
                "You have the loss of every pixel, with the shape of x. Turn the sign, and sum "
                "over every axis but the first.",
            ),
            _likelihood_reduced(
                lambda log_p: log_p.sum(0),
                "You summed over the batch, the first axis. That axis is to stay; the features "
                "after it are to be summed.",
            ),
            _likelihood_reduced(
                lambda log_p: log_p.flatten(1).sum(1, keepdim=True),
                "The numbers are right, but they stand in a column, (batch, 1). Leave out "
                "`keepdim=True`.",
            ),
            _likelihood_reduced(
                lambda log_p: log_p.sum(-1),
                "Right for (batch, features), but for images of shape (batch, 1, 28, 28) only the "
                "last axis is summed, one row of pixels. `flatten(1)` first makes one axis of all.",
            ),
            _likelihood_reduced(
                lambda log_p: log_p.sum(1),
                "Right for (batch, features), but for images of shape (batch, 1, 28, 28) axis 1 is "
                "the channel, and the pixels stay. `flatten(1)` before the sum mends it.",
            ),
            _likelihood_reduced(
                lambda log_p: log_p.sum((1, 2, 3)),
                "You named axes that only images have, such as (1, 2, 3). A batch of rows has two: "
                "`flatten(1)` first makes the same line work for both.",
            ),
            Mistake(
                lambda logits, x: _rows(x * F.logsigmoid(logits)),
                "Only the pixels with x = 1 count here. Paper, x = 0, has a probability too: add "
                "(1 - x) log(1 - p).",
            ),
            Mistake(
                lambda logits, x: _rows((1 - x) * F.logsigmoid(-logits)),
                "Only the pixels with x = 0 count here. Those with ink are missing: add x log p.",
            ),
            Mistake(
                lambda logits, x: _rows(
                    x * F.logsigmoid(logits) + (1 - x) * (1 - F.logsigmoid(logits))
                ),
                "For x = 0 you have 1 - log p, and it is log(1 - p) that belongs there: the "
                "subtraction comes before the logarithm. `F.logsigmoid(-logits)` is log(1 - p).",
            ),
            Mistake(
                lambda logits, x: _rows(
                    x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(1 - logits)
                ),
                "For x = 0 you have `F.logsigmoid(1 - logits)`. It is the probability that is "
                "taken from 1; of a logit the sign is turned: `F.logsigmoid(-logits)`.",
            ),
            Mistake(
                lambda logits, x: _rows(x * logits + (1 - x) * (1 - logits)),
                "You used the logits as they are, as if they were log p and 1 - logits were "
                "log(1 - p). log p is `F.logsigmoid(logits)`.",
            ),
            Mistake(
                lambda logits, x: _rows(x * logits),
                "This is x · logit alone, which grows without end. Subtract log(1 + exp(logit)), "
                "`F.softplus(logits)`, for every pixel.",
            ),
            Mistake(
                lambda logits, x: _rows(x * F.logsigmoid(logits) - (1 - x) * F.logsigmoid(-logits)),
                "The part for x = 0 is subtracted. Both parts are logarithms of probabilities, "
                "negative numbers, and they are added.",
            ),
            Mistake(
                lambda logits, x: _rows(_log_p(-logits, x)),
                "Ink and paper are exchanged: log p belongs to x, and log(1 - p) to 1 - x. Or is "
                "the sign of the logits turned?",
            ),
            Mistake(
                lambda logits, x: _rows(F.logsigmoid(logits) + F.logsigmoid(-logits)),
                "x does not appear: you added log p and log(1 - p) of every pixel. Weight the "
                "first with x and the second with 1 - x.",
            ),
            Mistake(
                lambda logits, x: _rows(_log_p(x, logits)),
                "The two arguments have changed places: x was taken for the logits. The functions "
                "of torch take the prediction first, then the target.",
            ),
            Mistake(
                lambda logits, x: _rows(_log_p(logits, x)).exp(),
                "This is the likelihood itself, a product of probabilities. Its logarithm is "
                "wanted; for a whole image the product is 0 in floating point.",
            ),
            Mistake(
                lambda logits, x: -_rows((logits.sigmoid() - x) ** 2),
                "This is a squared error. It belongs to Gaussian pixels; those here are Bernoulli "
                "variables: x log p + (1 - x) log(1 - p).",
            ),
            Mistake(
                lambda logits, x: -0.5 * _rows((logits.sigmoid() - x) ** 2),
                "This is half a squared error, the log-density of Gaussian pixels but for a "
                "constant. Those here are Bernoulli variables: x log p + (1 - x) log(1 - p).",
            ),
            Mistake(
                lambda logits, x: _rows(x * logits.flatten(1).log_softmax(1).view_as(x)),
                "You used a softmax, for which exactly one pixel could be ink. Every pixel has a "
                "probability of its own: a sigmoid.",
            ),
            Mistake(
                lambda logits, x: _rows(_log_p(logits, x)) / math.log(2),
                "This is in bits: logarithms to the base 2. The course counts in nats, with "
                "natural logarithms.",
            ),
            Mistake(
                lambda logits, x: torch.distributions.Bernoulli(logits=logits).log_prob(x).sum(1),
                "`torch.distributions.Bernoulli` refuses grey pixels: its x is 0 or 1. The formula "
                "is good for greys as well; `validate_args=False` lets them pass.",
            ),
            Mistake(
                lambda logits, x: _rows(_log_p(logits, (x > 0.5).float())),
                "You made black and white of the grey pixels. Leave x as it is: a grey of 0.3 "
                "takes 0.3 of log p and 0.7 of log(1 - p).",
            ),
            Mistake(
                lambda logits, x: _rows(
                    torch.where(x == 1, F.logsigmoid(logits), F.logsigmoid(-logits))
                ),
                "You ask whether x is 1 and take all other pixels for paper. A grey pixel is "
                "neither: weight log p with x and log(1 - p) with 1 - x.",
            ),
            Mistake(
                lambda logits, x: (
                    (logits.sigmoid() ** x * (1 - logits.sigmoid()) ** (1 - x))
                    .flatten(1)
                    .prod(1)
                    .log()
                ),
                "For a few pixels this is right, but the product over 784 of them is 0 in floating "
                "point, and its logarithm -inf. Take the logarithm of every pixel first, and sum.",
            ),
            *(
                Mistake(
                    lambda logits, x, most=most: _rows(_log_p(logits.clamp(-most, most), x)),
                    f"You clamp the logits to ±{most}, so a wrong pixel with a logit of 200 costs "
                    f"{most} nats and not 200. `F.logsigmoid` needs no such help.",
                )
                for most in (10, 15, 16, 20, 30, 50, 80)
            ),
            Mistake(
                lambda logits, x: _by_probability(logits, x, lambda p: p),
                "For ordinary logits this is right, but at ±200 the sigmoid is exactly 0 or 1, and "
                "the logarithm of 0 makes nan or -inf of the rest. Never form p: "
                "`F.logsigmoid(logits)` is log p, and `F.logsigmoid(-logits)` is log(1 - p).",
            ),
            Mistake(
                lambda logits, x: _rows(x * logits - (1 + logits.exp()).log()),
                "For ordinary logits this is right, but at ±200 it becomes inf: exp(200) is too "
                "large for a float32, and if you formed p, it is exactly 0 or 1 and has no finite "
                "logarithm. `F.softplus(logits)` is log(1 + exp(logits)), and "
                "`F.logsigmoid(logits)` is log p, both without overflow.",
            ),
            Mistake(
                lambda logits, x: (
                    -_rows(F.binary_cross_entropy(logits.sigmoid(), x, reduction="none"))
                ),
                "For ordinary logits this is right, but the logarithms are cut off at -100, as "
                "`F.binary_cross_entropy` does it, so a logit of -200 counts as -100. Give "
                "`F.binary_cross_entropy_with_logits` the logits, without a sigmoid.",
            ),
            Mistake(
                lambda logits, x: _rows(
                    torch.distributions.Bernoulli(logits.sigmoid(), validate_args=False).log_prob(x)
                ),
                "For ordinary logits this is right, but `Bernoulli(probs=...)`, or a clamp of your "
                "own, keeps p about 1e-7 away from 0 and 1, so a logit of -200 counts as -16. "
                "Start from the logits: `Bernoulli(logits=logits)`, or `F.logsigmoid(logits)`.",
            ),
            *(_with_eps(10.0**-digits) for digits in (5, 6, 7, 8, 9, 10, 12, 20)),
            *(_with_clamp(10.0**-digits) for digits in (4, 5, 6, 7)),
        ],
    ).stages,
)

# --- elbo -----------------------------------------------------------------------------------------


def _elbo_probes(generator: torch.Generator) -> list[tuple[Tensor, Tensor, Tensor, Tensor]]:
    def one(batch: int, latent: int, *features: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        pixels = _pixels(batch, *features, generator=generator, grey=len(features) > 1)
        return (*pixels, *_gaussians(batch, latent, generator))

    return [
        _rounded(*one(3, 5, 4)),  # small enough to print
        one(5, 3, 2),
        one(4, 4, 4),
        one(1, 2, 6),
        one(2, 5, 1, 7, 6),
        one(2, 3, 1, 28, 28),
        (*_far_out(3, 6, generator=generator), *_gaussians(3, 4, generator)),
    ]


def _combined(combine: Callable[[Tensor, Tensor], Tensor], message: str) -> Mistake:
    """A mistake in what is made of the right log p(x|z) and the right KL of each example."""
    return Mistake(
        lambda logits, x, mu, log_var: combine(_rows(_log_p(logits, x)), _kl(mu, log_var).sum(1)),
        message,
    )


def _other_kl(kl: Callable[[Tensor, Tensor], Tensor], message: str) -> Mistake:
    """The right log p(x|z), less another KL."""
    return Mistake(
        lambda logits, x, mu, log_var: _rows(_log_p(logits, x)) - kl(mu, log_var), message
    )


def _other_likelihood(log_p: Callable[[Tensor, Tensor], Tensor], message: str) -> Mistake:
    """Another log p(x|z), less the right KL."""
    return Mistake(
        lambda logits, x, mu, log_var: log_p(logits, x) - _kl(mu, log_var).sum(1), message
    )


elbo = Exercise(
    solution=solutions.elbo,
    difficulty=2,
    minutes=10,
    success=(
        "A reconstruction term of -80 nats and a KL of 25 make an ELBO of -105: about what a small "
        "VAE reaches for an image of MNIST. It is negative, and training moves it up."
    ),
    hints=(
        "Two terms: how well z explains x, and what z costs. Both are exercises of this lesson, "
        "one number for each example. One of them is subtracted.",
        "Good reconstruction raises the bound; a posterior far from the prior lowers it. No mean, "
        "no weight: call your two functions and combine what they return.",
    ),
    stages=Comparison(
        probes=_elbo_probes,
        shape="(batch,): one number for each example",
        advice=(
            "Compute the two terms one by one and print them: log p(x|z), at most 0, from the "
            "logits and x, and the KL, at least 0, from mu and log_var. The ELBO is the first "
            "less the second."
        ),
        gradient=("logits", "mu", "log_var"),
        mistakes=[
            _combined(
                lambda log_p, kl: log_p + kl,
                "The KL is added, and it is a cost: log p(x|z) - KL. Its sign is turned in your "
                "formula, or already in your `gaussian_kl`.",
            ),
            _combined(
                lambda log_p, kl: kl - log_p,
                "This is the negative ELBO, the loss that `fit` minimises. The bound itself is "
                "asked for, and higher is better: log p(x|z) - KL.",
            ),
            _combined(
                lambda log_p, kl: -log_p - kl,
                "You started from the loss, -log p(x|z), and subtracted the KL. The reconstruction "
                "term of the bound is the log-likelihood with its own sign, at most 0.",
            ),
            _combined(
                lambda log_p, kl: log_p,
                "The KL is forgotten: this is the reconstruction term alone, log p(x|z), and no "
                "bound on log p(x). Subtract KL(q(z|x) ‖ p(z)).",
            ),
            _combined(
                lambda log_p, kl: -kl,
                "Only the cost of the code is here, -KL. Add the reconstruction term log p(x|z).",
            ),
            _combined(
                lambda log_p, kl: kl,
                "This is the KL alone. The ELBO is the reconstruction term log p(x|z) less the KL.",
            ),
            _combined(
                lambda log_p, kl: log_p - 2 * kl,
                "The KL counts twice: either its factor ½ is lost, or you used β = 2. The ELBO has "
                "β = 1; any other β is another objective.",
            ),
            _combined(
                lambda log_p, kl: log_p - kl / 2,
                "The KL counts half: either its factor ½ is in it twice, or you used β = ½. With a "
                "β below 1 the result need not be a lower bound.",
            ),
            *(
                _combined(
                    lambda log_p, kl, beta=beta: log_p - beta * kl,
                    f"The KL is weighted with β = {beta:g}. That is the objective of a β-VAE; the "
                    "ELBO has β = 1.",
                )
                for beta in (0.01, 0.1, 0.25, 4.0, 10.0)
            ),
            _combined(
                lambda log_p, kl: log_p - kl.mean(),
                "You subtracted the mean KL of the batch from every example. Each has a KL of its "
                "own; the mean over the batch is taken once, later, by `fit`.",
            ),
            _combined(
                lambda log_p, kl: log_p - kl.sum(),
                "You subtracted the KL of the whole batch from every example. Each has a KL of its "
                "own: sum over `dim=1` only.",
            ),
            _combined(
                lambda log_p, kl: log_p.mean() - kl,
                "The reconstruction term is averaged over the batch, the KL is not. Keep one "
                "number for each example in both.",
            ),
            _combined(
                lambda log_p, kl: log_p - kl / len(kl),
                "The KL is divided by the size of the batch, the reconstruction is not. Each "
                "example has the whole of its own KL.",
            ),
            _combined(
                lambda log_p, kl: (log_p - kl).mean(),
                "The ELBO is right, and then you took its mean over the batch. Return one number "
                "for each example.",
            ),
            _combined(
                lambda log_p, kl: (kl - log_p).mean(),
                "This is the training loss: the negative ELBO, averaged over the batch. Return the "
                "bound itself, log p(x|z) - KL, one number for each example.",
            ),
            _combined(
                lambda log_p, kl: (kl - log_p).sum(),
                "This is the negative ELBO, summed over the batch. Return the bound itself, "
                "log p(x|z) - KL, one number for each example.",
            ),
            _combined(
                lambda log_p, kl: (log_p - kl).sum(),
                "You summed the ELBO over the batch. Return one number for each example.",
            ),
            _combined(
                lambda log_p, kl: log_p[:, None] - kl,
                "A column less a row makes a square: every example is paired with the KL of every "
                "other. Leave out `keepdim=True`, so that both terms have the shape (batch,).",
            ),
            _combined(
                lambda log_p, kl: log_p - kl[:, None],
                "A row less a column makes a square: the KL stands in a column, (batch, 1), and "
                "every example is paired with every KL. Leave out `keepdim=True` there.",
            ),
            _other_likelihood(
                lambda logits, x: _log_p(logits, x).flatten(1).mean(1),
                "The reconstruction term is averaged over the pixels and the KL is not, so the KL "
                "weighs as many times too much as there are pixels. Sum over the pixels.",
            ),
            _other_likelihood(
                lambda logits, x: _log_p(logits, x).mean(),
                "The reconstruction term is one mean over pixels and examples, as torch's "
                "functions return it unless told otherwise. Sum over the pixels, and keep the "
                "examples.",
            ),
            _other_likelihood(
                lambda logits, x: _log_p(logits, x).sum(),
                "The reconstruction term is summed over the whole batch and then combined with the "
                "KL of each example. Sum over every axis but the first.",
            ),
            _other_kl(
                lambda mu, log_var: _kl(mu, log_var).mean(1),
                "The KL is averaged over the dimensions of the code. It is their sum; with the "
                "mean this is a β of 1 / latent.",
            ),
            _other_kl(
                lambda mu, log_var: _kl(mu, log_var).mean(),
                "The KL is one mean over dimensions and examples. Sum over the dimensions, "
                "`dim=1`, and keep the examples.",
            ),
            _other_kl(
                lambda mu, log_var: 0.5 * (mu**2 + (log_var / 2).exp() - log_var - 1).sum(1),
                "In the KL, the standard deviation, `exp(log_var / 2)`, stands where the variance "
                "belongs, `exp(log_var)`.",
            ),
            Mistake(
                lambda logits, x, mu, log_var: (
                    _log_p(logits, x).flatten(1).mean(1) - _kl(mu, log_var).mean(1)
                ),
                "Both terms are means, over pixels and over dimensions, and so their balance "
                "depends on both numbers. Sum in both.",
            ),
            _other_kl(
                lambda mu, log_var: 0.5 * (mu**2 + (2 * log_var).exp() - 2 * log_var - 1).sum(1),
                "In the KL, `log_var` was taken for log σ. It is log σ²: the variance is "
                "`log_var.exp()`.",
            ),
            _other_kl(
                lambda mu, log_var: 0.5 * (mu**2 + log_var.exp() - log_var).sum(1),
                "The -1 in the KL is forgotten: ½ (μ² + σ² - log σ² - 1) in every dimension.",
            ),
            _other_kl(
                lambda mu, log_var: _reversed_kl(mu, log_var).sum(1),
                "The KL is the wrong way round: KL(p ‖ q). The ELBO has KL(q(z|x) ‖ p(z)), the "
                "average over q.",
            ),
            _other_kl(
                lambda mu, log_var: _kl(log_var, mu).sum(1),
                "In the KL, `mu` and `log_var` have changed places. The function is called with "
                "(mu, log_var), in this order.",
            ),
            _other_likelihood(
                lambda logits, x: _rows(_log_p(x, logits)),
                "In the reconstruction term, the logits and x have changed places. The function is "
                "called with (logits, x), in this order.",
            ),
            _other_likelihood(
                lambda logits, x: _rows(_log_p(logits.sigmoid(), x)),
                "A sigmoid is applied to the logits, and then what works with logits applies it "
                "again. Hand over the logits as they are.",
            ),
            _other_likelihood(
                lambda logits, x: -_rows((logits.sigmoid() - x) ** 2),
                "The reconstruction term is a squared error, which belongs to Gaussian pixels. "
                "Here it is the Bernoulli log-likelihood of x.",
            ),
            _other_likelihood(
                lambda logits, x: _log_p(logits, x).sum(-1),
                "Right for (batch, features), but for images of shape (batch, 1, 28, 28) the "
                "reconstruction is summed over the last axis alone. `flatten(1)` first makes one "
                "axis of all.",
            ),
            _other_likelihood(
                lambda logits, x: _log_p(logits, x).sum(1),
                "Right for (batch, features), but for images of shape (batch, 1, 28, 28) the "
                "reconstruction is summed over the channel alone. `flatten(1)` before the sum "
                "mends it.",
            ),
            _other_likelihood(
                lambda logits, x: _by_probability(logits, x, lambda p: p),
                "For ordinary logits this is right, but at ±200 the sigmoid is exactly 0 or 1, and "
                "its logarithm spoils the sum. Start from the logits: `F.logsigmoid`.",
            ),
            _other_likelihood(
                lambda logits, x: (
                    -_rows(F.binary_cross_entropy(logits.sigmoid(), x, reduction="none"))
                ),
                "For ordinary logits this is right, but in the reconstruction a logit of -200 "
                "counts as -100: `F.binary_cross_entropy` cuts off there. The one `_with_logits` "
                "takes the logits and does not.",
            ),
            *(
                _other_likelihood(
                    lambda logits, x, eps=eps: _by_probability(logits, x, lambda p: p, eps),
                    "For ordinary logits this is right, but the small number inside the logarithms "
                    "of the reconstruction holds them up, where a logit of -200 should give -200. "
                    "Start from the logits: `F.logsigmoid`.",
                )
                for eps in (1e-6, 1e-7, 1e-8, 1e-10, 1e-12)
            ),
        ],
    ).stages,
)
