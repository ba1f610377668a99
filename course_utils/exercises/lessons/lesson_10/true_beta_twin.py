"""The twin of `true_beta`: the way back, from the β one wants to the weight one has to write."""

from collections.abc import Callable

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise
from course_utils.exercises.lessons.lesson_10.true_beta import _losses


def true_beta_twin(pixels: int, latent: int, error: str, kl: str, beta: float) -> float:
    """The weight that a loss has to give its KL, so that it pays beta nats for a nat of code.

    The loss of a picture is error + weight · KL. The error is cross-entropy ("bce_sum", "bce_mean")
    or squared error without a ½ ("mse_sum", "mse_mean"), summed or averaged over its `pixels`. The
    KL is summed ("sum") or averaged ("mean") over the `latent` numbers of the code. Behind a
    squared error stands a Gaussian with σ = 1.
    """
    counted = 2.0 if error.startswith("mse") else 1.0  # how often the distortion is in the error
    if error.endswith("mean"):
        counted /= pixels
    return beta * counted * (latent if kl == "mean" else 1)


def _factors(
    message: str,
    squared: float = 2.0,
    pixels: Callable[[int], float] = lambda pixels: 1 / pixels,
    latent: Callable[[int], float] = lambda latent: latent,
) -> Mistake:
    """A mistake in one of the factors by which beta is multiplied."""

    def answer(n: int, numbers: int, error: str, kl: str, beta: float) -> float:
        counted = squared if error.startswith("mse") else 1.0
        counted *= pixels(n) if error.endswith("mean") else 1
        return beta * counted * (latent(numbers) if kl == "mean" else 1)

    return Mistake(answer, message)


def _there(n: int, numbers: int, error: str, kl: str, beta: float) -> float:
    """What β a weight of `beta` would be."""
    return beta**2 / true_beta_twin(n, numbers, error, kl, beta)


exercise = Exercise(
    solution=true_beta_twin,
    place=3,
    difficulty=2,
    minutes=10,
    success=(
        "For β = 1 with cross-entropy averaged over 784 pixels and a summed KL the weight is "
        "0.00128, and not 1."
    ),
    hints=(
        "Write the loss as c · (distortion + β · KL), both in nats and summed. What is c for each "
        "of the four errors?",
        "Averaging over pixels divides by their number, so the KL has to be made as small. "
        "Averaging the KL has made it small already: that is to be undone.",
    ),
    stages=Comparison(
        probes=_losses,
        shape=None,
        advice=(
            "Put your weight into the loss, multiply everything so that the distortion stands "
            "there once, in nats and summed, and read off what stands before the summed KL."
        ),
        by_all=True,
        mistakes=[
            _factors("Squared error without a ½ is twice the nats of a Gaussian.", squared=1.0),
            _factors(
                "For squared error you took ½ where 2 belongs: the error has the nats twice, so "
                "the KL needs twice the weight.",
                squared=0.5,
            ),
            _factors(
                "An error that is averaged over the pixels is treated as a sum.",
                pixels=lambda pixels: 1,
            ),
            _factors(
                "You multiply by the number of pixels. The average has made the error small; the "
                "KL must become as small beside it.",
                pixels=lambda pixels: pixels,
            ),
            _factors(
                "A KL that is averaged over the code is treated as a sum.", latent=lambda latent: 1
            ),
            _factors(
                "You divide by the numbers of the code. The average has divided by them already, "
                "and that is to be undone.",
                latent=lambda latent: 1 / latent,
            ),
            Mistake(
                _there,
                "This is the β that a weight of that size would have. Asked for is the way back.",
            ),
            Mistake(
                lambda n, numbers, error, kl, beta: beta,
                "You hand beta back. The loss has averages in it, and a squared error.",
            ),
            Mistake(
                lambda n, numbers, error, kl, beta: (
                    true_beta_twin(n, numbers, error, kl, beta) / beta**2
                ),
                "You divide by beta: a larger β takes a larger weight.",
            ),
        ],
    ).stages,
)
