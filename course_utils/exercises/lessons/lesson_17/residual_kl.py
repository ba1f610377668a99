"""`residual_kl`, lesson 17: what a posterior costs that is told as a change of its prior."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def residual_kl(
    delta_mu: Float[Tensor, "batch d"],
    delta_log_var: Float[Tensor, "batch d"],
    log_var_prior: Float[Tensor, "batch d"],
) -> Float[Tensor, " batch"]:
    """KL(N(μ_p + Δμ, σ_p² e^{Δ log σ²}) ‖ N(μ_p, σ_p²)) of each example, summed over d, in nats.

    log_var_prior is log σ_p². The mean μ_p of the prior is not given, as it does not matter.
    """
    moved = delta_mu**2 / log_var_prior.exp()
    return 0.5 * (moved + delta_log_var.exp() - delta_log_var - 1).sum(dim=1)


def _probes(generator: torch.Generator) -> list[tuple[Tensor, ...]]:
    def probe(batch: int, d: int) -> tuple[Tensor, ...]:
        delta_mu, delta_log_var, log_var = torch.randn(3, batch, d, generator=generator)
        return 1.5 * delta_mu, 1.2 * delta_log_var - 0.4, 1.3 * log_var + 0.5

    still = probe(3, 4)
    return [
        tuple(part.round(decimals=1) for part in probe(2, 1)),
        probe(5, 3),
        probe(4, 4),
        probe(1, 6),
        tuple(part.double() for part in probe(3, 2)),
        (0 * still[0], 0 * still[1], still[2]),  # nothing to say: nothing to pay
    ]


def _mistake(per_number: Callable[[Tensor, Tensor, Tensor], Tensor], message: str) -> Mistake:
    """A mistake in what one number of the code costs."""
    return Mistake(lambda *given: per_number(*given).sum(1), message)


def _right(dm: Tensor, dv: Tensor, pv: Tensor) -> Tensor:
    return 0.5 * (dm**2 / pv.exp() + dv.exp() - dv - 1)


def _full(dm: Tensor, dv: Tensor, pv: Tensor) -> Tensor:
    """KL to N(0, I) of the posterior, were μ_p = 0."""
    return 0.5 * (dm**2 + (pv + dv).exp() - pv - dv - 1)


exercise = Exercise(
    solution=residual_kl,
    place=3,
    difficulty=2,
    minutes=10,
    success=(
        "Where both changes are 0 it is 0, wherever the prior is: a storey with nothing to say "
        "costs nothing. With σ_p = 1 it is the KL of lesson 06."
    ),
    hints=(
        "Measure everything in the prior's own unit, its σ_p. In that unit the prior is N(0, 1). "
        "What are mean and variance of the posterior?",
        "Its mean is Δμ / σ_p and its variance e^{Δ log σ²}: the σ_p² has cancelled. Now the "
        "formula of lesson 06 applies: ½ (mean² + variance - log variance - 1).",
        "(Δμ / σ_p)² is `delta_mu**2 / log_var_prior.exp()`. Sum over `dim=1`.",
    ),
    stages=Comparison(
        probes=_probes,
        shape="(batch,): one number for each example",
        advice=(
            "Compute one number of the code by hand: ½ (Δμ² / σ_p² + e^Δ - Δ - 1), where Δ stands "
            "for delta_log_var."
        ),
        gradient=("delta_mu", "delta_log_var", "log_var_prior"),
        mistakes=[
            _mistake(
                lambda dm, dv, pv: _right(dm, dv, 0 * pv),
                "Δμ² is not divided by the prior's variance. A step of one tells much where the "
                "prior is narrow, and little where it is wide: `delta_mu**2 / "
                "log_var_prior.exp()`.",
            ),
            _mistake(
                lambda dm, dv, pv: _right(dm, dv, pv / 2),
                "Δμ² is divided by σ_p. It belongs over the variance, `log_var_prior.exp()`.",
            ),
            _mistake(
                lambda dm, dv, pv: _right(dm, dv, -pv),
                "Δμ² is multiplied by the prior's variance. It is divided by it.",
            ),
            _mistake(
                lambda dm, dv, pv: _right(dm, dv, 2 * pv),
                "log_var_prior is taken for log σ_p. It is log σ_p²: the variance is "
                "`log_var_prior.exp()`.",
            ),
            _mistake(
                lambda dm, dv, pv: _right(dm, dv, pv + dv),
                "Δμ² is divided by the posterior's variance. In KL(q ‖ p) it is the prior's.",
            ),
            _mistake(
                _full,
                "This is the KL to N(0, I). The prior here is N(μ_p, σ_p²), and only what differs "
                "from it is paid for.",
            ),
            _mistake(
                lambda dm, dv, pv: 0.5 * (dm**2 / pv.exp() + (pv + dv).exp() - dv - 1),
                "The variance of the posterior stands there in full. Divided by the prior's, σ_p² "
                "cancels, and `delta_log_var.exp()` is left.",
            ),
            _mistake(
                lambda dm, dv, pv: 0.5 * (dm**2 / pv.exp() + dv.exp() - dv - pv - 1),
                "The logarithm of the whole variance is subtracted. Of the ratio of both variances "
                "only `delta_log_var` is left.",
            ),
            _mistake(
                lambda dm, dv, pv: 0.5 * (dm**2 / (pv + dv).exp() + (-dv).exp() + dv - 1),
                "This is the KL the other way round, of the prior to the posterior. It is the "
                "posterior's codes that have to be paid for.",
            ),
            _mistake(
                lambda dm, dv, pv: _right(dm, dv, pv) + dv,
                "log of the ratio of variances has the wrong sign: it is subtracted, so that a "
                "narrow posterior costs.",
            ),
            _mistake(
                lambda dm, dv, pv: _right(dm, dv, pv) + 0.5,
                "The -1 is missing: with both changes 0 there is ½ left for every number of the "
                "code.",
            ),
            _mistake(
                lambda dm, dv, pv: 2 * _right(dm, dv, pv), "The ½ is missing: this is twice the KL."
            ),
            _mistake(
                lambda dm, dv, pv: _right(dm, 2 * dv, pv),
                "delta_log_var is taken for a change of log σ. It is one of log σ²: e^Δ is the "
                "ratio of the variances as it is.",
            ),
            _mistake(
                lambda dm, dv, pv: 0.5 * (dm**2 / pv.exp() + dv**2 - 2 * dv.abs().log() - 1),
                "The change of the variance is exponentiated nowhere: its ratio is "
                "`delta_log_var.exp()`, and its logarithm is `delta_log_var`.",
            ),
            _mistake(
                lambda dm, dv, pv: 0.5 * (dm / pv.exp() + dv.exp() - dv - 1),
                "Δμ is not squared: which way the mean has moved does not matter.",
            ),
            Mistake(
                lambda *given: _right(*given).mean(1),
                "You averaged over the numbers of the code. What they cost adds up: `.sum(dim=1)`.",
            ),
            Mistake(
                lambda *given: _right(*given).sum(0),
                "You summed over the examples. Each pays for itself: `.sum(dim=1)`.",
            ),
            Mistake(
                lambda *given: _right(*given),
                "There is a price for each number of the code. An example pays their sum.",
            ),
            Mistake(
                lambda *given: _right(*given).sum(),
                "This is one price for the whole batch. One for each example is asked for: "
                "`.sum(dim=1)`.",
            ),
        ],
    ).stages,
)
