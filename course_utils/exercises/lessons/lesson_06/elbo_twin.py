"""The twin of `elbo`: the same two terms, behind a decoder that draws with Gaussian noise."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def elbo_twin(
    x_hat: Float[Tensor, "batch *features"],
    x: Float[Tensor, "batch *features"],
    kl: Float[Tensor, "batch latent"],
    sigma: float,
) -> Float[Tensor, " batch"]:
    """The evidence lower bound of every example, in nats, estimated from one draw of z.

    x_hat is what the decoder made of that draw: p(x|z) is normal with mean x_hat and standard
    deviation sigma in every feature, independently. kl has the KL of each dimension of the code.
    """
    features = x[0].numel()
    error = (x_hat - x).square().flatten(1).sum(1)
    constant = features * (math.log(sigma) + 0.5 * math.log(2 * math.pi))
    return -error / (2 * sigma**2) - constant - kl.sum(dim=1)


def _draws(generator: torch.Generator) -> list[tuple[Tensor, Tensor, Tensor, float]]:
    def case(batch: int, latent: int, sigma: float, *features: int) -> tuple:
        x_hat, x = torch.rand(2, batch, *features, generator=generator)
        kl = 2 * torch.rand(batch, latent, generator=generator) + 0.1
        return 1.5 * x_hat, x, kl, sigma

    x_hat, x, kl, sigma = case(3, 2, 0.5, 4)
    small = tuple(tensor.round(decimals=1) for tensor in (x_hat, x, kl))
    return [
        (*small, sigma),
        case(5, 3, 0.3, 2),
        case(4, 4, 1.7, 4),
        case(1, 2, 0.8, 6),
        case(2, 5, 0.4, 1, 6, 5),
    ]


def _parts(
    combine: Callable[[Tensor, Tensor, int, float], Tensor], message: str, per: str = "sum"
) -> Mistake:
    """A mistake in what is made of the squared error, the KL, the number of features and sigma."""

    def answer(x_hat: Tensor, x: Tensor, kl: Tensor, sigma: float) -> Tensor:
        error = (x_hat - x).square().flatten(1).sum(1)
        return combine(error, getattr(kl, per)(1), x[0].numel(), sigma)

    return Mistake(answer, message)


def _constant(n: int, sigma: float) -> float:
    return n * (math.log(sigma) + 0.5 * math.log(2 * math.pi))


exercise = Exercise(
    solution=elbo_twin,
    place=4,
    difficulty=3,
    minutes=15,
    success=(
        "A perfect reconstruction of two features with sigma = 0.1 and a KL of 1 nat: the bound is "
        "1.767. It is above 0, which a density may be."
    ),
    hints=(
        "Two terms as in `elbo`, log p(x|z) less the KL. Only the first is another one: the "
        "logarithm of a normal density, for each feature.",
        "log N(x; x_hat, sigma²) = -(x - x_hat)² / (2 sigma²) - log sigma - ½ log 2π, and there is "
        "one of these for each feature.",
    ),
    stages=Comparison(
        probes=_draws,
        shape="(batch,): one number for each example",
        advice=(
            "Compare your first term with `torch.distributions.Normal(x_hat, sigma).log_prob(x)`, "
            "summed over the features, and only then take the KL off."
        ),
        gradient=("x_hat", "kl"),
        mistakes=[
            _parts(
                lambda error, kl, n, sigma: -error / (2 * sigma**2) - _constant(n, sigma) + kl,
                "The KL is added, and it is a cost.",
            ),
            _parts(
                lambda error, kl, n, sigma: error / (2 * sigma**2) + _constant(n, sigma) + kl,
                "This is -ELBO, the loss. Asked for is the bound, of which more is better.",
            ),
            _parts(
                lambda error, kl, n, sigma: -error / (2 * sigma**2) - kl,
                "The constants are missing, log sigma and ½ log 2π for each feature. For a fixed "
                "sigma they do not matter in training; for a bound on log p(x) they do.",
            ),
            _parts(
                lambda error, kl, n, sigma: (
                    -error / (2 * sigma**2) - n * 0.5 * math.log(2 * math.pi) - kl
                ),
                "log sigma is missing: without it a model gains by believing itself very exact, "
                "or very inexact.",
            ),
            _parts(
                lambda error, kl, n, sigma: -error / (2 * sigma**2) - n * math.log(sigma) - kl,
                "½ log 2π is missing, once for each feature.",
            ),
            _parts(
                lambda error, kl, n, sigma: -error / (2 * sigma**2) - _constant(1, sigma) - kl,
                "The constants stand there once for an example, and there is one density for each "
                "feature: multiply them by the number of features.",
            ),
            _parts(
                lambda error, kl, n, sigma: -error / sigma**2 - _constant(n, sigma) - kl,
                "The ½ before the squared error is missing: it is divided by 2 sigma².",
            ),
            _parts(
                lambda error, kl, n, sigma: -error / (2 * sigma) - _constant(n, sigma) - kl,
                "The squared error is divided by 2 sigma; it has to be 2 sigma squared.",
            ),
            _parts(
                lambda error, kl, n, sigma: (
                    (-error / (2 * sigma**2) - _constant(n, sigma)) / n - kl
                ),
                "log p(x|z) is averaged over the features, and the KL summed: that makes one nat "
                "of code as dear as one nat of every feature. Sum both.",
            ),
            _parts(
                lambda error, kl, n, sigma: -error / (2 * sigma**2) - _constant(n, sigma) - kl,
                "The KL is averaged over the dimensions of the code. Sum it.",
                per="mean",
            ),
        ],
    ).stages,
)
