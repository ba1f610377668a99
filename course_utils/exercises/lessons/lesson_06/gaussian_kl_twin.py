"""The twin of `gaussian_kl`: the same price, where the prior is another normal distribution."""

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def gaussian_kl_twin(
    mu: Float[Tensor, "batch latent"],
    log_var: Float[Tensor, "batch latent"],
    prior_mu: Float[Tensor, " latent"],
    prior_log_var: Float[Tensor, " latent"],
) -> Float[Tensor, " batch"]:
    """KL(N(mu, σ²) ‖ N(m, s²)) of every example, in nats, summed over the dimensions.

    log_var is log σ². The prior is not N(0, 1): its means m are prior_mu, and prior_log_var is
    log s², one for each dimension and the same for all examples.
    """
    spread = (log_var.exp() + (mu - prior_mu).square()) / prior_log_var.exp()
    return 0.5 * (prior_log_var - log_var + spread - 1).sum(dim=1)


def _priors(generator: torch.Generator) -> list[tuple[Tensor, ...]]:
    def case(batch: int, latent: int) -> tuple[Tensor, ...]:
        mu, prior_mu = torch.randn(2, batch, latent, generator=generator)
        log_var, prior_log_var = 3 * torch.rand(2, batch, latent, generator=generator) - 1.2
        return 1.5 * mu, log_var, prior_mu[0] + 0.5, prior_log_var[0]

    small = tuple(tensor.round(decimals=1) for tensor in case(3, 2))
    return [small, case(5, 3), case(2, 7), case(4, 4), case(1, 2), case(3, 1)]


def _spread(mu: Tensor, log_var: Tensor, m: Tensor, log_s: Tensor) -> Tensor:
    return (log_var.exp() + (mu - m) ** 2) / log_s.exp()


exercise = Exercise(
    solution=gaussian_kl_twin,
    place=2,
    difficulty=3,
    minutes=15,
    success=(
        "Against the prior N(0, 1) it is `gaussian_kl` again; of N(1, 1) against N(0, 4) it is "
        "0.443 nats, and the other way round 1.307."
    ),
    hints=(
        "A KL is the mean of log q - log p over draws from q. Write both logarithms of a normal "
        "density out: which averages of z over q do you need?",
        "Over q, (z - mu)² averages σ², and (z - m)² averages σ² + (mu - m)². The two terms with "
        "2π cancel.",
        "Each dimension costs ½ (log s² - log σ² + (σ² + (mu - m)²) / s² - 1).",
    ),
    stages=Comparison(
        probes=_priors,
        shape="(batch,): one number for each example",
        advice=(
            "Set the prior to N(0, 1) first: is it then ½ (μ² + σ² - log σ² - 1)? If so, look at "
            "where m and s² enter."
        ),
        gradient=("mu", "log_var"),
        mistakes=[
            Mistake(
                lambda mu, log_var, m, log_s: (mu**2 + log_var.exp() - log_var - 1).sum(1) / 2,
                "This is the KL to N(0, 1): `prior_mu` and `prior_log_var` have no influence.",
            ),
            Mistake(
                lambda mu, log_var, m, log_s: (
                    (log_var - log_s + _spread(m, log_s, mu, log_var) - 1).sum(1) / 2
                ),
                "This is KL(p‖q), the other way round: the average is over draws from the prior.",
            ),
            Mistake(
                lambda mu, log_var, m, log_s: (
                    log_s - log_var + _spread(mu, log_var, m, log_s) - 1
                ).sum(1),
                "The ½ is missing.",
            ),
            Mistake(
                lambda mu, log_var, m, log_s: (
                    (log_s - log_var + _spread(mu, log_var, m, log_s)).sum(1) / 2
                ),
                "The -1 is missing. Of a distribution against itself your KL is not 0.",
            ),
            Mistake(
                lambda mu, log_var, m, log_s: (
                    (log_var - log_s + _spread(mu, log_var, m, log_s) - 1).sum(1) / 2
                ),
                "The two logarithms are exchanged: a narrow q is dear, so log σ² has the minus.",
            ),
            Mistake(
                lambda mu, log_var, m, log_s: (
                    (log_s - log_var + (log_var - log_s).exp() + (mu - m) ** 2 - 1).sum(1) / 2
                ),
                "The distance of the means is not measured in the prior's widths: (mu - m)² has "
                "to be divided by s² too.",
            ),
            Mistake(
                lambda mu, log_var, m, log_s: (
                    (log_s - log_var + log_var.exp() + (mu - m) ** 2 / log_s.exp() - 1).sum(1) / 2
                ),
                "The variance σ² is not divided by s².",
            ),
            Mistake(
                lambda mu, log_var, m, log_s: (
                    (log_s - log_var + _spread(mu, log_var, 0 * m, log_s) - 1).sum(1) / 2
                ),
                "The means of the prior are left out: it is the distance mu - m that counts.",
            ),
            Mistake(
                lambda mu, log_var, m, log_s: (
                    (log_s - log_var + _spread(mu, log_var / 2, m, log_s / 2) - 1).sum(1) / 2
                ),
                "You took σ and s where σ² and s² belong: exp(log_var) is the variance already.",
            ),
            Mistake(
                lambda mu, log_var, m, log_s: (
                    (log_s - log_var + _spread(mu, log_var, m, log_s) - 1).mean(1) / 2
                ),
                "This is the mean over the dimensions. The cost of a code is their sum.",
            ),
            Mistake(
                lambda mu, log_var, m, log_s: (
                    (log_s - log_var + _spread(mu, log_var, m, log_s) - 1).sum() / 2
                ),
                "You summed over the examples as well: one number for each is wanted.",
            ),
        ],
    ).stages,
)
