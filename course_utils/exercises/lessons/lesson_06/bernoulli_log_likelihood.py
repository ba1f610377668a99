"""`bernoulli_log_likelihood`, lesson 06: the log-probability of a picture, from logits."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise
from course_utils.exercises.lessons.lesson_06._terms import (
    by_probability,
    draw_pixels,
    far_out,
    log_p_terms,
    over_features,
    rounded,
)


def bernoulli_log_likelihood(
    logits: Float[Tensor, "batch *features"], x: Float[Tensor, "batch *features"]
) -> Float[Tensor, " batch"]:
    """log p(x) of every example, where pixel i is 1 with probability p_i = sigmoid(logits_i).

    In nats: Σ_i [x_i log p_i + (1 - x_i) log(1 - p_i)], summed over every axis but the first. It is
    higher where x is likelier and at most 0. x is in [0, 1], greys too. The result must stay right
    for logits of ±200, where the sigmoid is exactly 0 or 1 in floating point.
    """
    # With log p = logit - softplus(logit) and log(1 - p) = -softplus(logit):
    per_feature = x * logits - F.softplus(logits)
    return per_feature.flatten(start_dim=1).sum(dim=1)


def _pixel_probes(generator: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    return [
        rounded(*draw_pixels(3, 4, generator=generator, grey=False)),  # small enough to print
        draw_pixels(5, 2, generator=generator, grey=False),
        rounded(*draw_pixels(2, 5, generator=generator, grey=True)),
        draw_pixels(1, 6, generator=generator, grey=True),
        draw_pixels(4, 4, generator=generator, grey=True),
        draw_pixels(2, 1, 28, 28, generator=generator, grey=True),
        draw_pixels(1, 1, 28, 28, generator=generator, grey=False),
        rounded(*far_out(2, 6, generator=generator)),
        far_out(3, 1, 4, 5, generator=generator),
        far_out(3, 5, generator=generator, grey=True),
    ]


def _held_up(log_p: Callable[[Tensor, Tensor], Tensor]) -> Mistake:
    """The formula with a guard against the logarithm of 0, invisible for ordinary logits."""
    return Mistake(
        log_p,
        "For ordinary logits this is right, but the small number that you add inside the logarithm "
        "(or clamp p to) holds log p up, where a logit of -200 should give -200. Nothing needs "
        "rescuing if you start from the logits: log p is `F.logsigmoid(logits)`.",
    )


def _with_eps(eps: float) -> Mistake:
    return _held_up(lambda logits, x: by_probability(logits, x, lambda p: p, eps))


def _with_clamp(eps: float) -> Mistake:
    return _held_up(lambda logits, x: by_probability(logits, x, lambda p: p.clamp(eps, 1 - eps)))


def _likelihood_reduced(reduction: Callable[[Tensor], Tensor], message: str) -> Mistake:
    """A mistake in what is made of the right log-probabilities of all features."""
    return Mistake(lambda logits, x: reduction(log_p_terms(logits, x)), message)


exercise = Exercise(
    solution=bernoulli_log_likelihood,
    place=3,
    difficulty=2,
    minutes=15,
    success=(
        "With all logits 0 every pixel has probability ½, and an image of 784 pixels gets "
        "-784 log 2 = -543.4 nats, whatever it shows. Good logits come closer to 0 from below."
    ),
    hints=(
        "Start with one pixel: log p if x is 1 and log(1 - p) if x is 0. The weights x and 1 - x "
        "choose between the two. Then sum over the pixels of an image.",
        "Do not compute p: for a logit of 200 it is exactly 1, and log(1 - p) is -inf. "
        "`F.logsigmoid(logits)` is log p, and `F.logsigmoid(-logits)` is log(1 - p), both without "
        "a detour.",
        "torch has it as a loss: `F.binary_cross_entropy_with_logits(logits, x, "
        'reduction="none")` is -log p of every pixel. Turn the sign, `flatten(1)`, and sum over '
        "`dim=1`.",
    ),
    stages=Comparison(
        probes=_pixel_probes,
        shape="(batch,): one number for each example",
        advice=(
            "Carry the first pixel through by hand: p = 1 / (1 + exp(-logit)), then log p if x is "
            "1 and log(1 - p) if x is 0. Add these up along the row."
        ),
        gradient="logits",
        mistakes=[
            _likelihood_reduced(
                lambda log_p: -over_features(log_p),
                "The size is right and the sign is not: this is the loss, -log p. A log-likelihood "
                "is at most 0, and higher is better.",
            ),
            Mistake(
                lambda logits, x: -F.binary_cross_entropy(logits, x),
                "`F.binary_cross_entropy` expects probabilities, and these are logits, which may "
                "be any number. Use `F.binary_cross_entropy_with_logits`.",
            ),
            Mistake(
                lambda logits, x: over_features(log_p_terms(logits.sigmoid(), x)),
                "The sigmoid is applied twice: what works with logits applies it itself. Hand over "
                "the logits as they are.",
            ),
            _likelihood_reduced(
                lambda log_p: log_p.mean(),
                "This is the mean over pixels and examples, one number, as the functions of torch "
                'return it unless told otherwise. Ask for `reduction="none"`, and sum over the '
                "pixels only.",
            ),
            _likelihood_reduced(
                lambda log_p: -log_p.mean(),
                "This is the mean loss over pixels and examples: the sign is that of a loss, and "
                'the reduction is the one that torch chooses. Ask for `reduction="none"`, turn the '
                "sign, and sum over the pixels.",
            ),
            _likelihood_reduced(
                lambda log_p: log_p.sum(),
                "You summed over everything, the examples too, so the batch became one number. "
                "Keep the first axis.",
            ),
            _likelihood_reduced(
                lambda log_p: -log_p.sum(),
                "This is the loss of the whole batch, one number: turn the sign, and sum over "
                "every axis but the first.",
            ),
            _likelihood_reduced(
                lambda log_p: over_features(log_p).mean(),
                "The sum over pixels is right, but then you took the mean over the batch. Return "
                "one number for each example.",
            ),
            _likelihood_reduced(
                lambda log_p: log_p.flatten(1).mean(1),
                "This is the mean over the pixels where the sum is wanted. The probability of an "
                "image is the product over its pixels, so the logarithm is a sum.",
            ),
            _likelihood_reduced(
                lambda log_p: log_p,
                "You have log p of every pixel, with the shape of x. Sum them over every axis but "
                "the first: one number for each example.",
            ),
            _likelihood_reduced(
                lambda log_p: -log_p,
                "You have the loss of every pixel, with the shape of x. Turn the sign, and sum "
                "over every axis but the first.",
            ),
            _likelihood_reduced(
                lambda log_p: log_p.sum(0),
                "You summed over the batch, the first axis. That axis is to stay; the features "
                "after it are to be summed.",
            ),
            _likelihood_reduced(
                lambda log_p: log_p.flatten(1).sum(1, keepdim=True),
                "The numbers are right, but they stand in a column, (batch, 1). Leave out "
                "`keepdim=True`.",
            ),
            _likelihood_reduced(
                lambda log_p: log_p.sum(-1),
                "Right for (batch, features), but for images of shape (batch, 1, 28, 28) only the "
                "last axis is summed, one row of pixels. `flatten(1)` first makes one axis of all.",
            ),
            _likelihood_reduced(
                lambda log_p: log_p.sum(1),
                "Right for (batch, features), but for images of shape (batch, 1, 28, 28) axis 1 is "
                "the channel, and the pixels stay. `flatten(1)` before the sum mends it.",
            ),
            _likelihood_reduced(
                lambda log_p: log_p.sum((1, 2, 3)),
                "You named axes that only images have, such as (1, 2, 3). A batch of rows has two: "
                "`flatten(1)` first makes the same line work for both.",
            ),
            Mistake(
                lambda logits, x: over_features(x * F.logsigmoid(logits)),
                "Only the pixels with x = 1 count here. Paper, x = 0, has a probability too: add "
                "(1 - x) log(1 - p).",
            ),
            Mistake(
                lambda logits, x: over_features((1 - x) * F.logsigmoid(-logits)),
                "Only the pixels with x = 0 count here. Those with ink are missing: add x log p.",
            ),
            Mistake(
                lambda logits, x: over_features(
                    x * F.logsigmoid(logits) + (1 - x) * (1 - F.logsigmoid(logits))
                ),
                "For x = 0 you have 1 - log p, and it is log(1 - p) that belongs there: the "
                "subtraction comes before the logarithm. `F.logsigmoid(-logits)` is log(1 - p).",
            ),
            Mistake(
                lambda logits, x: over_features(
                    x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(1 - logits)
                ),
                "For x = 0 you have `F.logsigmoid(1 - logits)`. It is the probability that is "
                "taken from 1; of a logit the sign is turned: `F.logsigmoid(-logits)`.",
            ),
            Mistake(
                lambda logits, x: over_features(x * logits + (1 - x) * (1 - logits)),
                "You used the logits as they are, as if they were log p and 1 - logits were "
                "log(1 - p). log p is `F.logsigmoid(logits)`.",
            ),
            Mistake(
                lambda logits, x: over_features(x * logits),
                "This is x · logit alone, which grows without end. Subtract log(1 + exp(logit)), "
                "`F.softplus(logits)`, for every pixel.",
            ),
            Mistake(
                lambda logits, x: over_features(
                    x * F.logsigmoid(logits) - (1 - x) * F.logsigmoid(-logits)
                ),
                "The part for x = 0 is subtracted. Both parts are logarithms of probabilities, "
                "negative numbers, and they are added.",
            ),
            Mistake(
                lambda logits, x: over_features(log_p_terms(-logits, x)),
                "Ink and paper are exchanged: log p belongs to x, and log(1 - p) to 1 - x. Or is "
                "the sign of the logits turned?",
            ),
            Mistake(
                lambda logits, x: over_features(F.logsigmoid(logits) + F.logsigmoid(-logits)),
                "x does not appear: you added log p and log(1 - p) of every pixel. Weight the "
                "first with x and the second with 1 - x.",
            ),
            Mistake(
                lambda logits, x: over_features(log_p_terms(x, logits)),
                "The two arguments have changed places: x was taken for the logits. The functions "
                "of torch take the prediction first, then the target.",
            ),
            Mistake(
                lambda logits, x: over_features(log_p_terms(logits, x)).exp(),
                "This is the likelihood itself, a product of probabilities. Its logarithm is "
                "wanted; for a whole image the product is 0 in floating point.",
            ),
            Mistake(
                lambda logits, x: -over_features((logits.sigmoid() - x) ** 2),
                "This is a squared error. It belongs to Gaussian pixels; those here are Bernoulli "
                "variables: x log p + (1 - x) log(1 - p).",
            ),
            Mistake(
                lambda logits, x: -0.5 * over_features((logits.sigmoid() - x) ** 2),
                "This is half a squared error, the log-density of Gaussian pixels but for a "
                "constant. Those here are Bernoulli variables: x log p + (1 - x) log(1 - p).",
            ),
            Mistake(
                lambda logits, x: over_features(x * logits.flatten(1).log_softmax(1).view_as(x)),
                "You used a softmax, for which exactly one pixel could be ink. Every pixel has a "
                "probability of its own: a sigmoid.",
            ),
            Mistake(
                lambda logits, x: over_features(log_p_terms(logits, x)) / math.log(2),
                "This is in bits: logarithms to the base 2. The course counts in nats, with "
                "natural logarithms.",
            ),
            Mistake(
                lambda logits, x: torch.distributions.Bernoulli(logits=logits).log_prob(x).sum(1),
                "`torch.distributions.Bernoulli` refuses grey pixels: its x is 0 or 1. The formula "
                "is good for greys as well; `validate_args=False` lets them pass.",
            ),
            Mistake(
                lambda logits, x: over_features(log_p_terms(logits, (x > 0.5).float())),
                "You made black and white of the grey pixels. Leave x as it is: a grey of 0.3 "
                "takes 0.3 of log p and 0.7 of log(1 - p).",
            ),
            Mistake(
                lambda logits, x: over_features(
                    torch.where(x == 1, F.logsigmoid(logits), F.logsigmoid(-logits))
                ),
                "You ask whether x is 1 and take all other pixels for paper. A grey pixel is "
                "neither: weight log p with x and log(1 - p) with 1 - x.",
            ),
            Mistake(
                lambda logits, x: (
                    (logits.sigmoid() ** x * (1 - logits.sigmoid()) ** (1 - x))
                    .flatten(1)
                    .prod(1)
                    .log()
                ),
                "For a few pixels this is right, but the product over 784 of them is 0 in floating "
                "point, and its logarithm -inf. Take the logarithm of every pixel first, and sum.",
            ),
            *(
                Mistake(
                    lambda logits, x, most=most: over_features(
                        log_p_terms(logits.clamp(-most, most), x)
                    ),
                    f"You clamp the logits to ±{most}, so a wrong pixel with a logit of 200 costs "
                    f"{most} nats and not 200. `F.logsigmoid` needs no such help.",
                )
                for most in (10, 15, 16, 20, 30, 50, 80)
            ),
            Mistake(
                lambda logits, x: by_probability(logits, x, lambda p: p),
                "For ordinary logits this is right, but at ±200 the sigmoid is exactly 0 or 1, and "
                "the logarithm of 0 makes nan or -inf of the rest. Never form p: "
                "`F.logsigmoid(logits)` is log p, and `F.logsigmoid(-logits)` is log(1 - p).",
            ),
            Mistake(
                lambda logits, x: over_features(x * logits - (1 + logits.exp()).log()),
                "For ordinary logits this is right, but at ±200 it becomes inf: exp(200) is too "
                "large for a float32, and if you formed p, it is exactly 0 or 1 and has no finite "
                "logarithm. `F.softplus(logits)` is log(1 + exp(logits)), and "
                "`F.logsigmoid(logits)` is log p, both without overflow.",
            ),
            Mistake(
                lambda logits, x: (
                    -over_features(F.binary_cross_entropy(logits.sigmoid(), x, reduction="none"))
                ),
                "For ordinary logits this is right, but the logarithms are cut off at -100, as "
                "`F.binary_cross_entropy` does it, so a logit of -200 counts as -100. Give "
                "`F.binary_cross_entropy_with_logits` the logits, without a sigmoid.",
            ),
            Mistake(
                lambda logits, x: over_features(
                    torch.distributions.Bernoulli(logits.sigmoid(), validate_args=False).log_prob(x)
                ),
                "For ordinary logits this is right, but `Bernoulli(probs=...)`, or a clamp of your "
                "own, keeps p about 1e-7 away from 0 and 1, so a logit of -200 counts as -16. "
                "Start from the logits: `Bernoulli(logits=logits)`, or `F.logsigmoid(logits)`.",
            ),
            *(_with_eps(10.0**-digits) for digits in (5, 6, 7, 8, 9, 10, 12, 20)),
            *(_with_clamp(10.0**-digits) for digits in (4, 5, 6, 7)),
        ],
    ).stages,
)
