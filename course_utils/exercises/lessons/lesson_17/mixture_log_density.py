"""`mixture_log_density`, lesson 17: how probable a code is under several Gaussians at once."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def mixture_log_density(
    z: Float[Tensor, "batch d"],
    means: Float[Tensor, "k d"],
    log_vars: Float[Tensor, "k d"],
    logits: Float[Tensor, " k"],
) -> Float[Tensor, " batch"]:
    """log Σ_k π_k N(z; μ_k, diag σ_k²) of each code, in nats, with π = softmax(logits).

    means and log_vars hold μ_k and log σ_k², one row for each Gaussian. The result must stay right
    where every single density is smaller than any float.
    """
    square = (z[:, None] - means) ** 2 / log_vars.exp()
    each = -0.5 * (square + log_vars + math.log(2 * math.pi)).sum(dim=-1)
    return (logits.log_softmax(dim=0) + each).logsumexp(dim=1)


def _each(z: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    """log N(z; μ_k, σ_k²), (batch, k)."""
    square = (z[:, None] - means) ** 2 / log_vars.exp()
    return -0.5 * (square + log_vars + math.log(2 * math.pi)).sum(-1)


def _probes(generator: torch.Generator) -> list[tuple[Tensor, ...]]:
    def probe(batch: int, k: int, d: int, far: float = 1.0) -> tuple[Tensor, ...]:
        z, means = (
            far * 1.5 * torch.randn(batch, d, generator=generator),
            1.5 * torch.randn(k, d, generator=generator),
        )
        log_vars = 2 * torch.rand(k, d, generator=generator) - 1.5
        return z, means, log_vars, torch.randn(k, generator=generator) + 0.7

    small = tuple(part.round(decimals=1) for part in probe(2, 3, 1))
    return [
        small,
        probe(5, 3, 2),
        probe(4, 4, 4),  # where a wrong axis still fits
        probe(1, 2, 3),
        probe(6, 1, 2),
        tuple(part.double() for part in probe(3, 5, 2)),
        probe(3, 4, 20, far=20.0),  # smaller than any float
    ]


def _mistake(
    of_each: Callable[[Tensor, Tensor], Tensor], message: str, each: Callable[..., Tensor] = _each
) -> Mistake:
    """A mistake in what becomes of log N (batch, k) and the logits."""
    return Mistake(
        lambda z, means, log_vars, logits: of_each(each(z, means, log_vars), logits), message
    )


def _right(each: Tensor, logits: Tensor) -> Tensor:
    return (logits.log_softmax(0) + each).logsumexp(1)


def _density(
    square: float = 0.5, spread: float = 0.5, constant: float = 0.5, of: float = 1.0
) -> Callable[..., Tensor]:
    """log N with other factors: of the square, of log σ², of log 2π, and of log_vars under exp."""

    def each(z: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
        squares = (z[:, None] - means) ** 2 / (of * log_vars).exp()
        return -(square * squares + spread * log_vars + constant * math.log(2 * math.pi)).sum(-1)

    return each


exercise = Exercise(
    solution=mixture_log_density,
    place=1,
    difficulty=2,
    minutes=12,
    success=(
        "With one Gaussian it is that Gaussian's log-density, and the same Gaussian twice changes "
        "nothing. VampPrior is this very function: its means and log-variances come out of the "
        "encoder."
    ),
    hints=(
        "First the log-density of each code under each Gaussian, (batch, k): `z[:, None] - means` "
        "has the shape (batch, k, d). It is summed over d, as independent numbers multiply.",
        "The weights are `softmax(logits)`, and in logarithms a weight is added: "
        "`logits.log_softmax(0) + each`.",
        "The densities are added, and not their logarithms: `torch.logsumexp(..., dim=1)` goes out "
        "of the logarithms, adds, and comes back, without ever leaving what a float can hold.",
    ),
    stages=Comparison(
        probes=_probes,
        shape="(batch,): one number for each code",
        advice=(
            "Take the first code and compute log N under each Gaussian by hand; add the logarithm "
            "of each weight; then take exp, sum, and log."
        ),
        gradient=("z", "means", "log_vars", "logits"),
        mistakes=[
            _mistake(
                lambda each, logits: each.logsumexp(1),
                "The weights are missing: this is a sum of k densities, whose integral is k. Add "
                "log softmax(logits) to each before you sum.",
            ),
            _mistake(
                lambda each, logits: each.logsumexp(1) - math.log(each.shape[1]),
                "All Gaussians have the same weight here. Their weights are softmax(logits).",
            ),
            _mistake(
                lambda each, logits: (logits + each).logsumexp(1),
                "The logits are taken for log-weights, but their exponentials do not add up to 1: "
                "`logits.log_softmax(0)`.",
            ),
            _mistake(
                lambda each, logits: (logits.softmax(0) + each).logsumexp(1),
                "The weight itself is added to a logarithm. A product of densities is a sum of "
                "logarithms: add `logits.log_softmax(0)`.",
            ),
            _mistake(
                lambda each, logits: (logits.softmax(0) * each).sum(1),
                "This is the average of the log-densities. The densities are averaged, and then "
                "the logarithm is taken; by Jensen's inequality yours is never larger.",
            ),
            _mistake(
                lambda each, logits: (logits.log_softmax(0) + each).sum(1),
                "The logarithms are summed, so the densities are multiplied. A mixture adds them: "
                "`torch.logsumexp`.",
            ),
            _mistake(
                lambda each, logits: (logits.log_softmax(0) + each).amax(1),
                "This is the best Gaussian alone. All of them add to the density, the far ones "
                "little.",
            ),
            _mistake(
                lambda each, logits: (logits.softmax(0) * each.exp()).sum(1).log(),
                "For ordinary codes this is right; far out, and in 20 dimensions, every density "
                "underflows to 0 and its logarithm is -inf. Stay in logarithms: `torch.logsumexp`.",
            ),
            _mistake(
                lambda each, logits: (logits.softmax(0) * each.exp() + 1e-10).sum(1).log(),
                "A small number keeps the logarithm finite and makes it wrong: far out it is all "
                "that is left. Stay in logarithms: `torch.logsumexp`.",
            ),
            _mistake(
                lambda each, logits: (logits.softmax(0) * each.exp()).sum(1),
                "This is the density itself. Its logarithm is asked for.",
            ),
            _mistake(
                lambda each, logits: -_right(each, logits),
                "The sign is turned: this is -log p, what a code costs. log p itself is asked for.",
            ),
            _mistake(
                lambda each, logits: (logits.log_softmax(0) + each).logsumexp(0),
                "You summed over the codes. The Gaussians are the second axis of (batch, k): "
                "`dim=1`.",
            ),
            _mistake(
                _right,
                "log 2π is missing: each number of the code brings ½ log 2π.",
                _density(constant=0.0),
            ),
            _mistake(
                _right,
                "The term ½ log_vars is missing. A narrow Gaussian is dense: without it all would "
                "be as dense.",
                _density(spread=0.0),
            ),
            _mistake(
                _right,
                "log_vars stands without its ½. The logarithm of 1 / σ is -½ log σ².",
                _density(spread=1.0),
            ),
            _mistake(_right, "The square stands without its ½.", _density(square=1.0)),
            _mistake(
                _right,
                "The square is divided by σ. It belongs over the variance, `log_vars.exp()`.",
                _density(of=0.5),
            ),
            _mistake(
                _right,
                "The square is multiplied by the variance. It is divided by it.",
                _density(of=-1.0),
            ),
            _mistake(
                _right,
                "log_vars is taken for log σ. It is log σ²: the variance is `log_vars.exp()`, and "
                "½ log_vars the logarithm of σ.",
                _density(spread=1.0, of=2.0),
            ),
            _mistake(
                _right,
                "The log-densities are averaged over the numbers of the code. They add: "
                "`.sum(dim=-1)`.",
                lambda z, means, log_vars: _each(z, means, log_vars) / z.shape[1],
            ),
        ],
    ).stages,
)
