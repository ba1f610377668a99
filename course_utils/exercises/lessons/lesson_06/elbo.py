"""`elbo`, lesson 06: the two terms together, with their signs."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.checking.answer import Answer
from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise, Stage
from course_utils.exercises.lessons.lesson_06._terms import (
    by_probability,
    draw_gaussians,
    draw_pixels,
    expect_followed,
    far_out,
    kl_terms,
    log_p_terms,
    over_features,
    reversed_kl,
    rounded,
)
from course_utils.exercises.lessons.lesson_06.bernoulli_log_likelihood import (
    bernoulli_log_likelihood,
)
from course_utils.exercises.lessons.lesson_06.gaussian_kl import gaussian_kl


def elbo(
    logits: Float[Tensor, "batch *features"],
    x: Float[Tensor, "batch *features"],
    mu: Float[Tensor, "batch latent"],
    log_var: Float[Tensor, "batch latent"],
) -> Float[Tensor, " batch"]:
    """The evidence lower bound of every example, estimated from one draw of z. Higher is better.

    It is log p(x|z) - KL(q(z|x) ‖ p(z)), in nats. The logits are what the decoder made of the one
    z that was drawn from q(z|x) = N(mu, σ²), with log_var = log σ²; the prior is N(0, 1).
    """
    return bernoulli_log_likelihood(logits, x) - gaussian_kl(mu, log_var)


def _elbo_probes(generator: torch.Generator) -> list[tuple[Tensor, Tensor, Tensor, Tensor]]:
    def one(batch: int, latent: int, *features: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        pixels = draw_pixels(batch, *features, generator=generator, grey=len(features) > 1)
        return (*pixels, *draw_gaussians(batch, latent, generator))

    return [
        rounded(*one(3, 5, 4)),  # small enough to print
        one(5, 3, 2),
        one(4, 4, 4),
        one(1, 2, 6),
        one(2, 5, 1, 7, 6),
        one(2, 3, 1, 28, 28),
        (*far_out(3, 6, generator=generator), *draw_gaussians(3, 4, generator)),
    ]


def _combined(combine: Callable[[Tensor, Tensor], Tensor], message: str) -> Mistake:
    """A mistake in what is made of the right log p(x|z) and the right KL of each example."""
    return Mistake(
        lambda logits, x, mu, log_var: combine(
            over_features(log_p_terms(logits, x)), kl_terms(mu, log_var).sum(1)
        ),
        message,
    )


def _other_kl(kl: Callable[[Tensor, Tensor], Tensor], message: str) -> Mistake:
    """The right log p(x|z), less another KL."""
    return Mistake(
        lambda logits, x, mu, log_var: over_features(log_p_terms(logits, x)) - kl(mu, log_var),
        message,
    )


def _other_likelihood(log_p: Callable[[Tensor, Tensor], Tensor], message: str) -> Mistake:
    """Another log p(x|z), less the right KL."""
    return Mistake(
        lambda logits, x, mu, log_var: log_p(logits, x) - kl_terms(mu, log_var).sum(1), message
    )


def _follows_far(answer: Answer) -> None:
    """As far as trained encoders go, too: of pixels that all have probability ½."""

    def kl(mu: Tensor, log_var: Tensor) -> Tensor:
        pixels = torch.zeros(len(mu), 2)
        return -2 * math.log(2) - answer(pixels, pixels.clone(), mu, log_var).detach()

    expect_followed(kl)


_stages = Comparison(
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
        Mistake(
            lambda logits, x, mu, log_var: (
                over_features(log_p_terms(logits, x)) - kl_terms(mu, log_var).sum(1) / x[0].numel()
            ),
            "The KL is divided by the number of pixels, and the reconstruction is not, so a code "
            "costs next to nothing. Some code divides both, to have small numbers to print; the "
            "ELBO has both as they are.",
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
            lambda logits, x: log_p_terms(logits, x).flatten(1).mean(1),
            "The reconstruction term is averaged over the pixels and the KL is not, so the KL "
            "weighs as many times too much as there are pixels. Sum over the pixels.",
        ),
        _other_likelihood(
            lambda logits, x: log_p_terms(logits, x).mean(),
            "The reconstruction term is one mean over pixels and examples, as torch's "
            "functions return it unless told otherwise. Sum over the pixels, and keep the "
            "examples.",
        ),
        _other_likelihood(
            lambda logits, x: log_p_terms(logits, x).sum(),
            "The reconstruction term is summed over the whole batch and then combined with the "
            "KL of each example. Sum over every axis but the first.",
        ),
        _other_kl(
            lambda mu, log_var: kl_terms(mu, log_var).mean(1),
            "The KL is averaged over the dimensions of the code. It is their sum; with the "
            "mean this is a β of 1 / latent.",
        ),
        _other_kl(
            lambda mu, log_var: kl_terms(mu, log_var).mean(),
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
                log_p_terms(logits, x).flatten(1).mean(1) - kl_terms(mu, log_var).mean(1)
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
            lambda mu, log_var: reversed_kl(mu, log_var).sum(1),
            "The KL is the wrong way round: KL(p ‖ q). The ELBO has KL(q(z|x) ‖ p(z)), the "
            "average over q.",
        ),
        _other_kl(
            lambda mu, log_var: kl_terms(log_var, mu).sum(1),
            "In the KL, `mu` and `log_var` have changed places. The function is called with "
            "(mu, log_var), in this order.",
        ),
        _other_likelihood(
            lambda logits, x: over_features(log_p_terms(x, logits)),
            "In the reconstruction term, the logits and x have changed places. The function is "
            "called with (logits, x), in this order.",
        ),
        _other_likelihood(
            lambda logits, x: over_features(log_p_terms(logits.sigmoid(), x)),
            "A sigmoid is applied to the logits, and then what works with logits applies it "
            "again. Hand over the logits as they are.",
        ),
        _other_likelihood(
            lambda logits, x: -over_features((logits.sigmoid() - x) ** 2),
            "The reconstruction term is a squared error, which belongs to Gaussian pixels. "
            "Here it is the Bernoulli log-likelihood of x.",
        ),
        _other_likelihood(
            lambda logits, x: log_p_terms(logits, x).sum(-1),
            "Right for (batch, features), but for images of shape (batch, 1, 28, 28) the "
            "reconstruction is summed over the last axis alone. `flatten(1)` first makes one "
            "axis of all.",
        ),
        _other_likelihood(
            lambda logits, x: log_p_terms(logits, x).sum(1),
            "Right for (batch, features), but for images of shape (batch, 1, 28, 28) the "
            "reconstruction is summed over the channel alone. `flatten(1)` before the sum "
            "mends it.",
        ),
        _other_likelihood(
            lambda logits, x: by_probability(logits, x, lambda p: p),
            "For ordinary logits this is right, but at ±200 the sigmoid is exactly 0 or 1, and "
            "its logarithm spoils the sum. Start from the logits: `F.logsigmoid`.",
        ),
        _other_likelihood(
            lambda logits, x: (
                -over_features(F.binary_cross_entropy(logits.sigmoid(), x, reduction="none"))
            ),
            "For ordinary logits this is right, but in the reconstruction a logit of -200 "
            "counts as -100: `F.binary_cross_entropy` cuts off there. The one `_with_logits` "
            "takes the logits and does not.",
        ),
        *(
            _other_likelihood(
                lambda logits, x, eps=eps: by_probability(logits, x, lambda p: p, eps),
                "For ordinary logits this is right, but the small number inside the logarithms "
                "of the reconstruction holds them up, where a logit of -200 should give -200. "
                "Start from the logits: `F.logsigmoid`.",
            )
            for eps in (1e-6, 1e-7, 1e-8, 1e-10, 1e-12)
        ),
    ],
).stages

exercise = Exercise(
    solution=elbo,
    place=4,
    difficulty=1,
    minutes=5,
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
    stages=(*_stages[:-1], Stage("far out", _follows_far), _stages[-1]),
)
