"""`repaired_kl`, lesson 15: σ where the formula wants σ²."""

import itertools
from collections.abc import Callable, Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise, Specimen


def repaired_kl(
    mu: Float[Tensor, "batch latent"], log_sigma: Float[Tensor, "batch latent"]
) -> Float[Tensor, " batch"]:
    """KL(N(μ, diag σ²) ‖ N(0, I)) of each example: what its code costs, in nats.

    mu holds the means and log_sigma the logarithms of the standard deviations, log σ.
    """
    variance = torch.exp(2 * log_sigma)
    return 0.5 * (mu**2 + variance - 2 * log_sigma - 1).sum(dim=1)


def specimen(
    mu: Float[Tensor, "batch latent"], log_sigma: Float[Tensor, "batch latent"]
) -> Float[Tensor, " batch"]:
    variance = torch.exp(log_sigma)
    return 0.5 * (mu**2 + variance - log_sigma - 1).sum(dim=1)


def _gaussians(generator: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    def pair(*shape: int) -> tuple[Tensor, Tensor]:
        return torch.randn(shape, generator=generator), torch.randn(shape, generator=generator)

    return [
        tuple(part.round(decimals=1) for part in pair(2, 3)),
        pair(5, 2),
        pair(1, 7),
        pair(9, 9),
        (torch.randn(4, 3, generator=generator), torch.zeros(4, 3)),
    ]


def _priced(per_number: Callable[[Tensor, Tensor], Tensor], message: str) -> Mistake:
    """A mistake in the price of one number of the code; the sum over numbers is right."""
    return Mistake(lambda mu, log_sigma: per_number(mu, log_sigma).sum(1), message)


def _misplaced_halves() -> Iterator[Mistake]:
    """The ½ in front of some of the terms, and not of all."""
    names = ("μ²", "σ²", "log σ²", "the 1")
    for twice in itertools.product((False, True), repeat=4):
        if not 0 < sum(twice) < 4:
            continue
        a, b, c, d = (1.0 if doubled else 0.5 for doubled in twice)
        terms = " and ".join(name for name, doubled in zip(names, twice, strict=True) if doubled)
        yield _priced(
            lambda mu, s, a=a, b=b, c=c, d=d: a * mu**2 + b * (2 * s).exp() - c * 2 * s - d,
            f"The ½ stands before all four terms; in yours {terms} "
            f"{'counts' if sum(twice) == 1 else 'count'} in full. Look at where the bracket opens "
            "and closes.",
        )


def _added(put_together: Callable[[Tensor], Tensor], message: str) -> Mistake:
    """A mistake in how the right prices of the numbers are put together."""
    return Mistake(
        lambda mu, log_sigma: put_together(
            0.5 * (mu**2 + (2 * log_sigma).exp() - 2 * log_sigma - 1)
        ),
        message,
    )


def _off_torch(kl: Callable) -> float:
    """The largest difference from torch.distributions' own, in nats, for σ from 0.05 to 2.7."""
    log_sigma = torch.linspace(-3, 1, 41)[:, None]
    mu = torch.full_like(log_sigma, 0.5)
    normal = torch.distributions.Normal
    truth = torch.distributions.kl_divergence(normal(mu, log_sigma.exp()), normal(0.0, 1.0))
    return (kl(mu, log_sigma) - truth.sum(1)).abs().max().item()


exercise = Exercise(
    solution=repaired_kl,
    place=3,
    difficulty=2,
    minutes=8,
    success="It agrees with `torch.distributions.kl_divergence` wherever you look.",
    hints=(
        "The formula of lesson 06 is here, term by term. What does the second argument hold in "
        "lesson 06, and what does it hold here?",
        "Compare with an oracle at a σ that is not 1: "
        "`torch.distributions.kl_divergence(Normal(mu, log_sigma.exp()), Normal(0., 1.)).sum(1)`, "
        "with `from torch.distributions import Normal`.",
        "The formula has σ² in two places, and log σ² = 2 log σ: so `log_sigma` enters twice, both "
        "times as `2 * log_sigma`.",
    ),
    stages=Comparison(
        probes=_gaussians,
        shape="(batch,): one price for each example",
        advice=(
            "Take one number of the code: μ = 1 and σ = 2 cost ½ (1 + 4 - log 4 - 1) = 1.307 nats. "
            "There log_sigma is log 2 = 0.693."
        ),
        gradient=("mu", "log_sigma"),
        mistakes=[
            _priced(
                lambda mu, s: 0.5 * (mu**2 + (2 * s).exp() - s - 1),
                "Half repaired. σ² is right now, but its logarithm, log σ², is 2 log σ.",
            ),
            _priced(
                lambda mu, s: 0.5 * (mu**2 + s.exp() - 2 * s - 1),
                "Half repaired. log σ² is right now, but exp(log σ) is σ, and the formula has σ².",
            ),
            _priced(
                lambda mu, s: 0.5 * (mu**2 + s.exp() ** 2 - s**2 - 1),
                "σ² is right. But the logarithm of σ² is not the square of log σ: it is 2 log σ.",
            ),
            _priced(
                lambda mu, s: 0.5 * (mu**2 + (s / 2).exp() - s / 2 - 1),
                "A factor ½ where a 2 should be: `exp(s / 2)` is what one writes to make σ of a "
                "log-variance. Here the second argument is log σ already, and σ² = exp(2 log σ).",
            ),
            _priced(
                lambda mu, s: mu**2 + (2 * s).exp() - 2 * s - 1,
                "Twice what it should be: the ½ in front is gone.",
            ),
            _priced(
                lambda mu, s: 0.5 * (mu**2 + (2 * s).exp() - 2 * s),
                "The -1 is gone: at the prior itself, μ = 0 and σ = 1, the price should be 0.",
            ),
            _priced(
                lambda mu, s: 0.5 * (mu**2 + (2 * s).exp() + 2 * s - 1),
                "The logarithm enters with a minus: narrow clouds are expensive.",
            ),
            _priced(
                lambda mu, s: -0.5 * (mu**2 + (2 * s).exp() - 2 * s - 1),
                "The sign of the whole is turned: a KL is never negative.",
            ),
            _priced(
                lambda mu, s: 0.5 * (mu**2 + s**2 - (s**2).log() - 1),
                "You take the second argument for σ itself. It is log σ, so σ² = exp(2 log σ).",
            ),
            _priced(
                lambda mu, s: 0.5 * (mu + (2 * s).exp() - 2 * s - 1),
                "μ² has become μ. It was right before.",
            ),
            *_misplaced_halves(),
            _added(
                lambda prices: prices.mean(1),
                "The mean over the numbers of the code. Their prices add up: that is a sum.",
            ),
            _added(
                lambda prices: prices.sum(),
                "The batch is summed too. Keep one price for each example.",
            ),
            _added(
                lambda prices: prices,
                "You have the price of each number. Sum over them, `dim=1`.",
            ),
        ],
    ).stages,
    specimen=Specimen(
        specimen,
        "it should agree with the KL of `torch.distributions` for every μ and σ. With σ between "
        "0.05 and 2.7 it is off by up to {by:.2f} nats, for one number of the code.",
        _off_torch,
    ),
)
