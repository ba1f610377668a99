"""`log_weights`, lesson 08: how much likelier a draw is under the story than under the guess."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.answer import Answer, Wrong
from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise, Stage


def log_weights(
    log_likelihood: Float[Tensor, "k batch"],
    z: Float[Tensor, "k batch latent"],
    mu: Float[Tensor, "batch latent"],
    log_var: Float[Tensor, "batch latent"],
) -> Float[Tensor, "k batch"]:
    """The logarithm of the weight p(x|z) p(z) / q(z|x) of each of k draws, for each example.

    log_likelihood is log p(x|z) of each draw z. The prior p(z) is N(0, I), and q(z|x) is
    N(mu, diag σ²) with log σ² = log_var. Everything is in nats.
    """
    log_prior = -0.5 * (z**2 + math.log(2 * math.pi))
    log_q = -0.5 * ((z - mu) ** 2 / log_var.exp() + log_var + math.log(2 * math.pi))
    return log_likelihood + (log_prior - log_q).sum(dim=-1)


_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def _prior(z: Tensor) -> Tensor:
    return -0.5 * z**2 - _HALF_LOG_2PI


def _guess(z: Tensor, mu: Tensor, log_var: Tensor) -> Tensor:
    return -0.5 * ((z - mu) ** 2 / log_var.exp() + log_var) - _HALF_LOG_2PI


def _draws(generator: torch.Generator) -> list[tuple[Tensor, ...]]:
    def probe(k: int, batch: int, latent: int, centre: float = -100.0) -> tuple[Tensor, ...]:
        mu = 1.5 * torch.randn(batch, latent, generator=generator)
        log_var = 3 * torch.rand(batch, latent, generator=generator) - 2.5
        z = mu + (log_var / 2).exp() * torch.randn(k, batch, latent, generator=generator)
        return 5 * torch.randn(k, batch, generator=generator) + centre, z, mu, log_var

    small = tuple(part.round(decimals=1) for part in probe(3, 2, 2, -3.0))
    square = probe(4, 4, 4)  # where a wrong axis still fits
    view = tuple(part.mT.contiguous().mT for part in probe(3, 5, 2))
    narrow = probe(2, 3, 5)
    far = probe(2, 3, 5)
    return [
        small,
        probe(6, 3, 5),
        square,
        probe(1, 5, 3),  # one draw: the ELBO
        probe(5, 1, 2),
        probe(4, 3, 1),
        view,
        tuple(part.double() for part in probe(3, 4, 2)),
        (*narrow[:3], narrow[3] - 6),  # z many deviations off
        (far[0] * 50, 10 * far[1], far[2], far[3]),
    ]


_comparison = Comparison(
    probes=_draws,
    shape="(k, batch): one number for each draw of each example",
    advice=(
        "Take the first draw of the first example and compute three numbers by hand: its "
        "log_likelihood, log N(z; 0, I) and log N(z; mu, σ²), the last two as sums over the code. "
        "The first two add, the third is subtracted."
    ),
    gradient=("log_likelihood", "z", "mu", "log_var"),
    mistakes=[
        Mistake(
            lambda ll, z, mu, log_var: ll + _prior(z).sum(-1) + _guess(z, mu, log_var).sum(-1),
            "log q(z|x) is added. It stands below the line of the fraction, so its logarithm is "
            "subtracted.",
        ),
        Mistake(
            lambda ll, z, mu, log_var: ll - _prior(z).sum(-1) + _guess(z, mu, log_var).sum(-1),
            "The prior and q have changed places: the weight is p(x|z) p(z) / q(z|x), so log p(z) "
            "is added and log q(z|x) subtracted.",
        ),
        Mistake(
            lambda ll, z, mu, log_var: -ll + _prior(z).sum(-1) - _guess(z, mu, log_var).sum(-1),
            "log_likelihood has the wrong sign. It is log p(x|z) already, not the cost of the "
            "picture: add it as it is.",
        ),
        Mistake(
            lambda ll, z, mu, log_var: -(ll + (_prior(z) - _guess(z, mu, log_var)).sum(-1)),
            "The sign of the whole is turned: this is -log w, a cost.",
        ),
        Mistake(
            lambda ll, z, mu, log_var: ll + _prior(z).sum(-1),
            "log q(z|x) is missing. This is log p(x, z) alone, and draws from q are not draws from "
            "the prior: divide by how often q draws them.",
        ),
        Mistake(
            lambda ll, z, mu, log_var: ll - _guess(z, mu, log_var).sum(-1),
            "The prior is missing: add log p(z) = log N(z; 0, I).",
        ),
        Mistake(
            lambda ll, z, mu, log_var: (_prior(z) - _guess(z, mu, log_var)).sum(-1),
            "log_likelihood is missing: without it the weight does not know the picture.",
        ),
        Mistake(
            lambda ll, z, mu, log_var: ll.clone(),
            "This is log p(x|z) alone. Add log p(z) and subtract log q(z|x).",
        ),
        Mistake(
            lambda ll, z, mu, log_var: (
                ll - 0.5 * (mu**2 + log_var.exp() - log_var - 1).sum(-1).expand_as(ll)
            ),
            "You subtracted the KL in closed form, which is an average over all draws. Each draw "
            "has a weight of its own: log p(z) - log q(z|x) at this very z.",
        ),
        Mistake(
            lambda ll, z, mu, log_var: ll + (_prior(z) - _guess(z, mu, log_var)).mean(-1),
            "The densities are averaged over the numbers of the code. Their logarithms add: "
            "`.sum(dim=-1)`.",
        ),
        Mistake(
            lambda ll, z, mu, log_var: ll + (_prior(z) - _guess(z, mu, log_var)).sum(0).sum(-1),
            "You summed the densities over the k draws. Each draw keeps a weight of its own: sum "
            "over the last axis alone.",
        ),
        Mistake(
            lambda ll, z, mu, log_var: ll + (_prior(z) - _guess(z, mu, log_var)).sum(1),
            "You summed over the examples. The numbers of the code are the last axis: "
            "`.sum(dim=-1)`.",
        ),
        Mistake(
            lambda ll, z, mu, log_var: (
                ll + (_prior(z) - _guess(z, mu, log_var) - 0.5 * log_var).sum(-1)
            ),
            "In log q(z|x) the term -½ log_var is missing. A narrow cloud is dense: without it all "
            "clouds would be as dense.",
        ),
        Mistake(
            lambda ll, z, mu, log_var: (
                ll + (_prior(z) - _guess(z, mu, log_var) + 0.5 * log_var).sum(-1)
            ),
            "In log q(z|x) log_var stands without its ½, or is counted twice. The logarithm of "
            "1 / σ is -½ log_var.",
        ),
        Mistake(
            lambda ll, z, mu, log_var: (
                ll + (_prior(z) + _HALF_LOG_2PI - _guess(z, mu, log_var)).sum(-1)
            ),
            "The prior lacks -½ log 2π, which log q(z|x) has: in the difference the two cancel, so "
            "both have it or neither.",
        ),
        Mistake(
            lambda ll, z, mu, log_var: (
                ll + (_prior(z) - _HALF_LOG_2PI - _guess(z, mu, log_var)).sum(-1)
            ),
            "log q(z|x) lacks -½ log 2π, which the prior has: in the difference the two cancel, so "
            "both have it or neither.",
        ),
        Mistake(
            lambda ll, z, mu, log_var: ll + (_prior(z) - _guess(z, mu, 2 * log_var)).sum(-1),
            "log_var is taken for log σ. It is log σ²: the variance is `log_var.exp()`, and "
            "-½ log_var the logarithm of 1 / σ.",
        ),
        Mistake(
            lambda ll, z, mu, log_var: (
                ll
                + (
                    _prior(z)
                    + 0.5 * ((z - mu) ** 2 / (log_var / 2).exp() + log_var)
                    + _HALF_LOG_2PI
                ).sum(-1)
            ),
            "In log q(z|x) the square is divided by σ. It belongs over the variance, "
            "`log_var.exp()`.",
        ),
        Mistake(
            lambda ll, z, mu, log_var: (
                ll
                + (_prior(z) + 0.5 * ((z - mu) ** 2 * log_var.exp() + log_var) + _HALF_LOG_2PI).sum(
                    -1
                )
            ),
            "In log q(z|x) the square is multiplied by σ². It is divided by it.",
        ),
        Mistake(
            lambda ll, z, mu, log_var: (
                ll
                + (_prior(z) + (z - mu) ** 2 / log_var.exp() + 0.5 * log_var + _HALF_LOG_2PI).sum(
                    -1
                )
            ),
            "In log q(z|x) the square stands without its ½.",
        ),
        Mistake(
            lambda ll, z, mu, log_var: ll + (_prior(z) - _guess(z, 0 * mu, log_var)).sum(-1),
            "In log q(z|x) the mean is missing: the cloud of this picture lies around mu, "
            "`(z - mu) ** 2`.",
        ),
        Mistake(
            lambda ll, z, mu, log_var: ll + (_prior(mu) - _guess(z, mu, log_var)).sum(-1),
            "The prior is asked about mu. It is the draw z that has to be probable under it.",
        ),
        Mistake(
            lambda ll, z, mu, log_var: (
                ll + (_prior(z) - _guess(z, mu, torch.zeros_like(log_var))).sum(-1)
            ),
            "log q(z|x) has the width 1 for every picture. Its variance is `log_var.exp()`.",
        ),
        Mistake(
            lambda ll, z, mu, log_var: (ll + (_prior(z) - _guess(z, mu, log_var)).sum(-1)).exp(),
            "This is the weight itself. Its logarithm is asked for; the weight of a picture of "
            "100 nats is no number that float32 can hold.",
        ),
        Mistake(
            lambda ll, z, mu, log_var: (ll + (_prior(z) - _guess(z, mu, log_var)).sum(-1)).mean(0),
            "The log-weights are averaged over the draws, which is the ELBO. Return one for each "
            "draw: what to do with them is the next exercise.",
        ),
        Mistake(
            lambda ll, z, mu, log_var: (
                (ll + (_prior(z) - _guess(z, mu, log_var)).sum(-1)).logsumexp(0) - math.log(len(z))
            ),
            "This is already the bound of the next exercise. Return one log-weight for each draw.",
        ),
        Mistake(
            lambda ll, z, mu, log_var: (ll + (_prior(z) - _guess(z, mu, log_var)).sum(-1)).T,
            "The numbers are right, but their table is turned: k draws are the rows, examples the "
            "columns.",
        ),
        Mistake(
            lambda ll, z, mu, log_var: ll[..., None] + _prior(z) - _guess(z, mu, log_var),
            "There is a number for each number of the code. Sum log p(z) - log q(z|x) over the "
            "last axis before you add log_likelihood.",
        ),
        Mistake(
            lambda ll, z, mu, log_var: (ll[..., None] + _prior(z) - _guess(z, mu, log_var)).sum(-1),
            "log_likelihood is counted once for every number of the code. Sum first, then add it.",
        ),
        *(
            Mistake(
                lambda ll, z, mu, log_var, least=least: (
                    ll
                    + (
                        _prior(z)
                        + 0.5 * ((z - mu) ** 2 / (log_var.exp() + least) + log_var)
                        + _HALF_LOG_2PI
                    ).sum(-1)
                ),
                "For ordinary clouds this is right, but you add a small number to the variance, "
                "and for a narrow cloud it is all that is left. exp never gives 0 here: leave it "
                "out.",
            )
            for least in (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
        ),
        *(
            Mistake(
                lambda ll, z, mu, log_var, most=most: (
                    ll + (_prior(z) - _guess(z, mu, log_var.clamp(-most, most))).sum(-1)
                ),
                "For ordinary clouds this is right, but log_var is clamped, and trained encoders "
                "go further. Use it as it is.",
            )
            for most in (2, 3, 4, 5, 6)
        ),
    ],
)


def _averages_to_the_elbo(answer: Answer) -> None:
    """Over many draws the mean of log w is log p(x|z) less the KL, whose formula knows no z."""
    generator = answer.generator()
    n = 20_000
    mu, log_var = torch.tensor([[0.9, -0.4]]), torch.tensor([[-1.2, 0.3]])
    z = mu + (log_var / 2).exp() * torch.randn(n, 1, 2, generator=generator)
    got = answer(torch.zeros(n, 1), z, mu, log_var).detach().mean().item()
    kl = 0.5 * (mu**2 + log_var.exp() - log_var - 1).sum().item()
    if abs(got + kl) > 0.1:
        raise Wrong(
            f"With log_likelihood = 0, the mean of log w over many draws is {got:.3f}; it should "
            f"be minus the KL of lesson 06, {-kl:.3f}."
        )


exercise = Exercise(
    solution=log_weights,
    place=3,
    difficulty=2,
    minutes=12,
    success=(
        "Averaged over many draws, log p(z) - log q(z|x) is minus the KL, so the mean of the "
        "log-weights is the ELBO. What one does with them before the mean is the next exercise."
    ),
    hints=(
        "The logarithm of a product is a sum: three terms, of which one is given. Which two have "
        "a plus, and which a minus?",
        "Both others are log-densities of Gaussians, summed over the last axis: lesson 07 had "
        "log N(z; mu, σ²). For the prior mu is 0 and log_var is 0.",
        "The log-density of one number is -½ ((z - mu)² / σ² + log σ² + log 2π), with σ² = "
        "`log_var.exp()`. `mu` has no axis of draws, and broadcasting gives it one.",
    ),
    stages=(*_comparison.stages, Stage("average", _averages_to_the_elbo)),
)
