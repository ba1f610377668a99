"""The twin of `reparameterize`: the same trick, for waiting times."""

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def reparameterize_twin(
    log_mean: Float[Tensor, "batch latent"], u: Float[Tensor, "batch latent"]
) -> Float[Tensor, "batch latent"]:
    """One draw from the exponential distribution for every entry, made of noise u in [0, 1).

    The mean m of each is exp(log_mean). The draw z is the number below which a share u of the
    distribution lies: 1 - exp(-z / m) = u. Gradients reach log_mean.
    """
    return -torch.exp(log_mean) * torch.log1p(-u)


def _noise(generator: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    def case(*shape: int) -> tuple[Tensor, Tensor]:
        log_mean, u = torch.rand(2, *shape, generator=generator)
        return 3 * log_mean - 1.2, 0.05 + 0.9 * u

    small = tuple(tensor.round(decimals=2) for tensor in case(3, 2))
    return [small, case(5, 3), case(2, 7), case(1, 4), case(4, 4)]


exercise = Exercise(
    solution=reparameterize_twin,
    place=1,
    difficulty=2,
    minutes=10,
    success=(
        "With log_mean = 0 and u = 0.5 you get 0.693, the median; its gradient there is 0.693 too, "
        "for z grows in proportion to its mean."
    ),
    hints=(
        "As with the normal distribution, chance is drawn first, from a distribution without "
        "parameters, and then moved and stretched by them. What has to be done to u?",
        "Solve 1 - exp(-z / m) = u for z. The minus and the logarithm leave a number above 0.",
    ),
    stages=Comparison(
        probes=_noise,
        shape="the shape of log_mean: one draw for every entry",
        advice="Put your z back into 1 - exp(-z / m): it should be u again.",
        gradient="log_mean",
        mistakes=[
            Mistake(
                lambda log_mean, u: -log_mean.exp() * u.log(),
                "This is a draw, but the one that belongs to 1 - u: with a larger u it gets "
                "smaller. A share u lies *below* z.",
            ),
            Mistake(
                lambda log_mean, u: log_mean.exp() * (1 - u).log(),
                "The minus is missing: log(1 - u) is below 0, and a waiting time is not.",
            ),
            Mistake(
                lambda log_mean, u: -(1 - u).log() / log_mean.exp(),
                "You divide by the mean, as one does by a rate. A larger mean makes longer times.",
            ),
            Mistake(
                lambda log_mean, u: -log_mean * (1 - u).log(),
                "`log_mean` itself was used as the mean, and it may be below 0. It is the "
                "logarithm: the mean is its exponential.",
            ),
            Mistake(
                lambda log_mean, u: -(log_mean / 2).exp() * (1 - u).log(),
                "The ½ belongs to a log-variance, of which σ is the exponential of half. Here the "
                "mean is exp(log_mean).",
            ),
            Mistake(
                lambda log_mean, u: log_mean.exp() * u,
                "Stretched uniform noise is uniform still. It takes a logarithm to make waiting "
                "times of it.",
            ),
            Mistake(
                lambda log_mean, u: log_mean.exp() + u,
                "Uniform noise, moved to the mean: that was the trick for a shift. Here the mean "
                "stretches, and the shape comes from a logarithm.",
            ),
            Mistake(
                lambda log_mean, u: 1 - (-u / log_mean.exp()).exp(),
                "That is the share that lies below u. You need the way back, from the share to "
                "the number.",
            ),
            Mistake(
                lambda log_mean, u: log_mean - (1 - u).log(),
                "The noise is added to `log_mean`. It has to be multiplied by the mean.",
            ),
        ],
    ).stages,
)
