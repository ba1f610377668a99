"""The twin of `best_denoiser`: the same mean, for pixels that are black or white."""

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def best_denoiser_twin(
    noisy: Float[Tensor, "batch pixels"], sigma: float
) -> Float[Tensor, "batch pixels"]:
    """The best guess at x, given x + σ ε, when every pixel is -1 or +1, each as likely.

    The one with the least expected squared error is the mean E[x | noisy]. Pixels do not depend on
    each other, and the noise ε is standard normal.
    """
    return torch.tanh(noisy / sigma**2)


def _signs(generator: torch.Generator) -> list[tuple[Tensor, float]]:
    def case(batch: int, pixels: int, sigma: float) -> tuple[Tensor, float]:
        x = 2.0 * torch.randint(2, (batch, pixels), generator=generator) - 1
        noise = 0.7 * torch.randn(batch, pixels, generator=generator)
        return (x + noise).clamp(-3, 3), sigma

    noisy, sigma = case(2, 3, 0.9)
    far = 60 * torch.randn(2, 5, generator=generator)  # where exp(...) overflows
    return [
        (noisy.round(decimals=1), sigma),
        case(5, 4, 0.7),
        case(3, 6, 1.3),
        case(1, 7, 2.0),
        case(4, 4, 1.6),
        (far, 0.5),
    ]


exercise = Exercise(
    solution=best_denoiser_twin,
    place=4,
    difficulty=3,
    minutes=10,
    success=(
        "At noisy = 0.3 and sigma = 0.5 the guess is 0.834: nearly white, and not quite, for it "
        "might have been black."
    ),
    hints=(
        "There are two things that x can have been. How probable is each of them, given noisy? "
        "The guess is their mean with these probabilities.",
        "The odds of +1 against -1 are exp(-(noisy - 1)² / (2σ²)) : exp(-(noisy + 1)² / (2σ²)). "
        "Multiply the squares out: what is left?",
        "The odds are exp(2 noisy / σ²), and the mean is p - (1 - p). With a softmax over the two "
        "nothing overflows; or find a function of torch that is just this.",
    ),
    stages=Comparison(
        probes=_signs,
        shape="the shape of noisy: a guess for each pixel",
        advice=(
            "Take noisy = 0.3 and σ = 1: the two weights are exp(-0.7² / 2) and exp(-1.3² / 2). "
            "Divide their difference by their sum."
        ),
        mistakes=[
            Mistake(
                lambda noisy, sigma: noisy,
                "You return what you were given. Noise has mean 0, but of the two pixels that can "
                "have led here one is likelier.",
            ),
            Mistake(
                lambda noisy, sigma: noisy.sign(),
                "This is the likelier pixel. The least squared error has the mean of both, which "
                "doubts where the two are nearly as likely.",
            ),
            Mistake(
                lambda noisy, sigma: noisy / (1 + sigma**2),
                "This is the best guess for a pixel that is normally distributed, with variance "
                "1. Here only two values are possible, and the guess is no straight line.",
            ),
            Mistake(
                lambda noisy, sigma: torch.tanh(noisy / sigma),
                "σ has to be squared: the exponent is noisy / σ².",
            ),
            Mistake(
                lambda noisy, sigma: torch.tanh(2 * noisy / sigma**2),
                "The 2 of the density's 2σ² is lost: the odds are exp(2 noisy / σ²).",
            ),
            Mistake(
                lambda noisy, sigma: torch.tanh(noisy / (2 * sigma**2)),
                "Half as steep as it should be. From the two squares (noisy ∓ 1)² there remain "
                "4 noisy, over 2σ²: the odds are exp(2 noisy / σ²).",
            ),
            Mistake(
                lambda noisy, sigma: torch.sigmoid(2 * noisy / sigma**2),
                "This is the probability of +1. The mean is p · 1 + (1 - p) · (-1).",
            ),
            Mistake(
                lambda noisy, sigma: noisy.clamp(-1, 1),
                "What lies outside is brought back, and inside nothing is repaired.",
            ),
            Mistake(
                lambda noisy, sigma: torch.tanh(noisy),
                "sigma has no influence. With much noise the guess should stay near 0.",
            ),
            Mistake(
                lambda noisy, sigma: (
                    ((2 * noisy / sigma**2).exp() - 1) / ((2 * noisy / sigma**2).exp() + 1)
                ),
                "The formula is right, and for a large noisy its exp(...) overflows, so that you "
                "divide inf by inf. Use a function that does not: `torch.tanh`, or a softmax.",
            ),
        ],
    ).stages,
)
