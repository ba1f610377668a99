"""`true_beta`, lesson 10: what a loss pays for a nat of code, whatever its averages hide."""

from collections.abc import Callable

import torch

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def true_beta(pixels: int, latent: int, error: str, kl: str, weight: float) -> float:
    """The β that a loss really has: how many nats of distortion it pays for one nat of code.

    The loss of a picture is error + weight · KL. The error is cross-entropy ("bce_sum", "bce_mean")
    or squared error without a ½ ("mse_sum", "mse_mean"), summed or averaged over its `pixels`. The
    KL is summed ("sum") or averaged ("mean") over the `latent` numbers of the code. Behind a
    squared error stands a Gaussian with σ = 1.
    """
    counted = 2.0 if error.startswith("mse") else 1.0  # how often the distortion is in the error
    if error.endswith("mean"):
        counted /= pixels
    paid = weight / latent if kl == "mean" else weight
    return paid / counted


ERRORS = ("mse_mean", "bce_mean", "mse_sum", "bce_sum")


def _losses(generator: torch.Generator) -> list[tuple[int, int, str, str, float]]:
    """Every error beside every KL: first small and odd, then the lesson's, then drawn ones."""

    def draw(low: int, high: int) -> int:
        return int(torch.randint(low, high + 1, (), generator=generator))

    sizes = [(15, 4, 0.3), (784, 20, 1.0), (12_288, 128, 0.00025), (3, 7, 40.0), (1, 1, 0.7)]
    sizes += [(draw(2, 5000), draw(2, 300), draw(1, 400) / 100) for _ in range(4)]
    return [
        (pixels, latent, error, kl, weight)
        for pixels, latent, weight in sizes
        for error in ERRORS
        for kl in ("mean", "sum")
    ]


def _factors(
    message: str,
    squared: float = 2.0,
    entropy: float = 1.0,
    pixels: Callable[[int, int], float] = lambda pixels, latent: 1 / pixels,
    code: Callable[[int, int], float] = lambda pixels, latent: 1 / latent,
    price: Callable[[float], float] = lambda weight: weight,
) -> Mistake:
    """A mistake in one of the factors that stand before the two parts of a loss."""

    def answer(n: int, latent: int, error: str, kl: str, weight: float) -> float:
        counted = squared if error.startswith("mse") else entropy
        counted *= pixels(n, latent) if error.endswith("mean") else 1
        paid = price(weight) * (code(n, latent) if kl == "mean" else 1)
        return paid / counted

    return Mistake(answer, message)


def _instead(change: Callable[..., float | tuple], message: str) -> Mistake:
    """A mistake that returns a number of its own, or the right one for other arguments."""

    def answer(*args: int | str | float) -> float:
        result = change(*args)
        return true_beta(*result) if isinstance(result, tuple) else result

    return Mistake(answer, message)


def _cancelled(pixels: int, latent: int, error: str, kl: str, weight: float) -> tuple:
    both = error.endswith("mean") and kl == "mean"
    return (1, 1, error, kl, weight) if both else (pixels, latent, error, kl, weight)


def _one_kind_alone(kind: str) -> Callable[..., tuple]:
    """The mean over pixels is seen for one kind of error only."""

    def change(pixels: int, latent: int, error: str, kl: str, weight: float) -> tuple:
        return (pixels if error.startswith(kind) else 1), latent, error, kl, weight

    return change


MISTAKES = (
    _factors(
        "A squared error without its ½ counts double, and you count it once. With σ = 1, "
        "-log p(x|z) is *half* the sum of the squared errors, and a constant.",
        squared=1.0,
    ),
    _factors(
        "The 2 of the squared error stands on the wrong side. Without the ½ the error counts "
        "twice, so a nat of code is, against it, worth only half.",
        squared=0.5,
    ),
    _factors(
        "You count cross-entropy double as well. It is -log p(x|z) as it stands; only the squared "
        "error lacks a ½.",
        entropy=2.0,
    ),
    _factors(
        "You count cross-entropy double, and the squared error once. It is the other way round: "
        "cross-entropy is -log p(x|z) as it stands, the squared error lacks its ½.",
        squared=1.0,
        entropy=2.0,
    ),
    _factors(
        "The mean over pixels has no effect in your answer. It makes the error `pixels` times "
        "smaller, and leaves the KL as it was.",
        pixels=lambda pixels, latent: 1,
    ),
    _factors(
        "The mean over pixels goes the wrong way. It makes the *error* smaller, so that a nat of "
        "code is worth more against it, not less.",
        pixels=lambda pixels, latent: pixels,
    ),
    _factors(
        "You divide the error's mean by the wrong length: it is taken over the `pixels`, not over "
        "the numbers of the code.",
        pixels=lambda pixels, latent: 1 / latent,
    ),
    _factors(
        "The mean over the code has no effect in your answer. It makes the KL `latent` times "
        "smaller, and so its nats cheaper.",
        code=lambda pixels, latent: 1,
    ),
    _factors(
        "The mean over the code goes the wrong way. It makes the KL smaller, so a nat of it "
        "becomes cheaper, not more expensive.",
        code=lambda pixels, latent: latent,
    ),
    _factors(
        "You divide the KL's mean by the wrong length: it is taken over the `latent` numbers of "
        "the code, not over the pixels.",
        code=lambda pixels, latent: 1 / pixels,
    ),
    _factors(
        "The weight is missing. It stands before the KL, so it multiplies what a nat costs.",
        price=lambda weight: 1.0,
    ),
    _factors(
        "You divide by the weight. It stands before the KL, so it multiplies what a nat costs.",
        price=lambda weight: 1 / weight,
    ),
    _instead(
        lambda *args: 1 / true_beta(*args),
        "This is 1 / β: how many nats of code a nat of distortion is worth. Asked is how much "
        "distortion a nat of code costs: the KL's factor divided by the error's.",
    ),
    _instead(
        _cancelled,
        "Where both parts are averaged you let the averages cancel. They do not: one divides by "
        "the pixels, the other by the numbers of the code.",
    ),
    _instead(
        _one_kind_alone("mse"),
        'The mean is seen in "mse_mean" and overlooked in "bce_mean".',
    ),
    _instead(
        _one_kind_alone("bce"),
        'The mean is seen in "bce_mean" and overlooked in "mse_mean".',
    ),
    _instead(
        lambda pixels, latent, error, kl, weight: (pixels, latent, error[:4] + "mean", kl, weight),
        "You treat every error as a mean, sums too. In Python `error == a or b` is always true: "
        'ask `error.endswith("mean")`, or `error in (a, b)`.',
    ),
    _instead(
        lambda pixels, latent, error, kl, weight: (pixels, latent, error, "mean", weight),
        "You treat every KL as a mean, sums too. Divide by `latent` only where `kl` says so.",
    ),
    _instead(
        lambda pixels, latent, error, kl, weight: (pixels, latent, "bce_sum", kl, weight),
        "`error` has no effect in your answer. It says whether the error was averaged, and whether "
        "its ½ is missing. If you compare it with a word, is it one of the four?",
    ),
    _instead(
        lambda pixels, latent, error, kl, weight: weight,
        "You return the weight that is written in the code. What hides in the averages?",
    ),
    _instead(
        lambda pixels, latent, error, kl, weight: (latent, pixels, error, kl, weight),
        "Pixels and latent have changed places. The order is (pixels, latent, ...).",
    ),
    _instead(
        lambda *args: float(true_beta(*args) // 1),
        "You drop what stands behind the point, as `//` does. A β need not be whole: divide "
        "with `/`.",
    ),
    _instead(
        lambda *args: float(round(true_beta(*args))),
        "You rounded. A β need not be whole.",
    ),
)

exercise = Exercise(
    solution=true_beta,
    place=1,
    difficulty=2,
    minutes=10,
    success=(
        'So "reconstruction + KL" can mean anything from ½ (a squared error summed) to 784 (a '
        "cross-entropy averaged). Neither wrote down a β."
    ),
    hints=(
        "Write the loss as a · D + b · KL, with D = -log p(x|z) summed over the pixels and the KL "
        "summed over the code. What are a and b? Dividing a loss by a number changes nothing of "
        "what it wants.",
        "Divided by a, the loss is D + (b / a) · KL, so β = b / a. For a mean over pixels a is "
        "1 / pixels, and for a mean over the code b is weight / latent.",
        "With σ = 1, D is half the sum of squared errors. A squared error without the ½ is 2 D, so "
        "a is 2, or 2 / pixels.",
    ),
    stages=Comparison(
        probes=_losses,
        shape=None,
        advice=(
            "Write the loss as a · D + b · KL, both parts honest: summed, and D = -log p(x|z). "
            "Which a and b belong to these words? The β is b / a."
        ),
        mistakes=MISTAKES,
    ).stages,
)
