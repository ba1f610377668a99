"""`gumbel_softmax`, lesson 07: a choice that is nearly made, so that gradients still pass."""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.answer import Answer, Crash, Wrong
from course_utils.exercises.checking.chance import expect_generator_used
from course_utils.exercises.checking.compare import CUT_THREAD, ONLY_TENSORS
from course_utils.exercises.checking.exercise import Exercise, Stage
from course_utils.exercises.checking.expect import STANDARD_ERRORS, expect_shape, expect_type
from course_utils.exercises.checking.signature import expect_attempted
from course_utils.exercises.lessons.lesson_07._draws import stream_of


def gumbel_softmax(
    logits: Float[Tensor, "batch k"], tau: float, generator: torch.Generator
) -> Float[Tensor, "batch k"]:
    """A soft draw of one of k symbols for each row: Gumbel noise, and a softmax at temperature tau.

    Every logit gets noise of its own, which lies below t with probability exp(-exp(-t)). The
    largest entry of a row is at symbol i with probability softmax(logits)_i. The smaller tau, the
    nearer is a row to a single 1 and zeros. All noise comes from the generator, and gradients reach
    the logits.
    """
    u = torch.rand(logits.shape, generator=generator)
    g = -torch.log(-torch.log(u))
    return torch.softmax((logits + g) / tau, dim=1)


HARD = (
    "Each row has a single 1 and zeros: a hard choice, through which no gradient passes. Return "
    "the soft draw, the softmax itself."
)
STRAIGHT_THROUGH = (
    "You send a hard choice forwards and the soft one's gradient back, which is the "
    "straight-through trick. Here the soft draw itself is asked for: return the softmax."
)
# With how many rows each is tried; none is 1, where dividing and multiplying look alike.
TAUS = {0.7: 30_000, 2.0: 5_000, 0.3: 5_000}
LOGITS = torch.tensor([1.2, -0.6, 0.3, 0.0])


class Noise(NamedTuple):
    """Two moments of the difference of two numbers of noise, by which noises can be told apart."""

    variance: float
    fourth: float

    def fits(self, differences: Tensor) -> bool:
        """Within six standard errors, for which moments up to the eighth are measured."""
        squares = differences.square()
        quarter = squares.square()
        n = len(differences)
        return all(
            abs(values.mean().item() - wanted)
            < STANDARD_ERRORS * values.std().item() / math.sqrt(n) + 1e-3
            for values, wanted in ((squares, self.variance), (quarter, self.fourth))
        )


GUMBEL = Noise(math.pi**2 / 3, 7 * math.pi**4 / 15)  # their difference is logistic
OTHERS = {
    Noise(2, 12): (
        "Your noise is normal, from `torch.randn`. Gumbel noise is wanted, -log(-log u) with u "
        "from `torch.rand`: only with it the largest entry falls where softmax(logits) says."
    ),
    Noise(2, 24): (
        "One logarithm is missing: -log u is exponential noise. Gumbel noise is -log(-log u)."
    ),
    Noise(1 / 6, 1 / 15): (
        "You added u itself, uniform noise. Gumbel noise is made of it: -log(-log u)."
    ),
}


def _returns_rows(answer: Answer) -> None:
    generator = stream_of(answer)
    for batch, k in ((3, 2), (4, 4), (1, 5), (6, 3)):
        logits = 2 * torch.randn(batch, k, generator=generator)
        got = answer(logits, 0.7, generator)
        expect_attempted(got, answer)
        expect_type(got, logits)
        expect_shape(got, logits, "(batch, k): one soft draw in each row", {"logits": logits})
        if not got.isfinite().all():
            raise Wrong(
                "There is nan or inf in it. Gumbel noise is -log(-log u): the inner logarithm is "
                "negative, so the minus in front of it must not be lost."
            )
        if (got < 0).any() or not torch.allclose(got.sum(1), torch.ones(batch), atol=1e-4):
            over = got.sum(0)
            if torch.allclose(over, torch.ones(k), atol=1e-4):
                raise Wrong(
                    "The *columns* sum to 1: your softmax runs over the batch. Each row is a draw "
                    "of its own, so `dim=1`."
                )
            raise Wrong(
                f"The first row sums to {got[0].sum().item():.4g}; expected 1, a softmax over the "
                "k symbols."
            )


def _draws_like_gumbel(answer: Answer) -> None:
    generator = stream_of(answer)
    for tau, rows in TAUS.items():
        logits = LOGITS.expand(rows, -1).clone().requires_grad_()
        drawn = answer(logits, tau, generator)
        y = drawn.detach()
        if torch.minimum(y, 1 - y).max() < 1e-6:
            raise Wrong(STRAIGHT_THROUGH if drawn.requires_grad else HARD)
        ratio = y.log()[:, 0] - y.log()[:, 1]
        # `torch.rand` is exactly 0 once in 16 million draws, and its Gumbel noise then -inf.
        if (~ratio.isfinite()).sum() <= 2:
            y, ratio = y[ratio.isfinite()], ratio[ratio.isfinite()]
        if ratio.std() < 1e-4:
            _explain_no_noise(y, tau)
        _expect_gumbel(y, ratio, tau)
        _expect_choices(y)


def _explain_no_noise(y: Tensor, tau: float) -> None:
    if torch.allclose(y[0], torch.softmax(LOGITS / tau, 0), atol=1e-4):
        raise Wrong("There is no noise in it, and softmax(logits / tau) is not a draw: add some.")
    raise Wrong(
        "All rows are the same, with the same noise: draw u with the shape of logits, so that "
        "every entry has noise of its own."
    )


def _expect_gumbel(y: Tensor, ratio: Tensor, tau: float) -> None:
    """From a softmax the differences of what went into it can be read: log y_0 - log y_1."""
    gap = (LOGITS[0] - LOGITS[1]).item()
    p = torch.softmax(LOGITS, 0)
    soft_gap = (p[0] - p[1]).item()
    implied = {
        "": tau * ratio - gap,
        "Tau multiplies in your version. Divide: the smaller tau, the nearer to a choice.": (
            ratio / tau - gap
        ),
        "Only the logits are divided by tau. The noise is to be divided with them: a bracket "
        "around logits + g.": ratio - gap / tau,
        "Only the noise is divided by tau. The logits are to be divided with it: a bracket "
        "around logits + g.": tau * (ratio - gap),
        f"At tau = {tau} tau has no effect: divide logits + g by it.": ratio - gap,
        "You took the softmax of the logits before adding the noise. Add it to the logits as they "
        "are (or to their logarithmic softmax).": tau * ratio - soft_gap,
        "The logits have no effect: this is a softmax of noise alone.": tau * ratio,
    }
    for message, differences in implied.items():
        centred = abs(differences.mean()) < STANDARD_ERRORS * differences.std() / len(y) ** 0.5
        if centred and GUMBEL.fits(differences):
            if message:
                raise Wrong(message)
            return
    for noise, message in OTHERS.items():
        if noise.fits(implied[""]):
            raise Wrong(message)
    raise Wrong(
        f"With tau = {tau}, (log y_0 - log y_1) · tau less the difference of the logits should be "
        "the difference of two numbers of Gumbel noise, with mean 0 and variance 3.29. Its mean "
        f"is {implied[''].mean().item():.3g}, its variance {implied[''].var().item():.3g}. "
        "Draw u with `torch.rand`, make g = -log(-log u), and take softmax((logits + g) / tau)."
    )


def _expect_choices(y: Tensor) -> None:
    """Where the largest entry stands; and whether rows have noise of their own."""
    share = torch.nn.functional.one_hot(y.argmax(1), len(LOGITS)).double().mean(0)
    p = torch.softmax(LOGITS.double(), 0)
    error = (p * (1 - p) / len(y)).sqrt()
    if ((share - p).abs() > STANDARD_ERRORS * error).any():
        raise Wrong(
            f"The largest entry should be the first in {p[0]:.1%} of the draws, as softmax(logits) "
            f"says, and is in {share[0]:.1%}. The noise has the wrong sign: log(-log u) is Gumbel "
            "noise turned round. Put a minus in front."
        )
    first = y.log()[:, 0] - y.log()[:, 1]
    one, next_one = (part - part.mean() for part in (first[:-1], first[1:]))
    together = (one * next_one).mean() / one.var()
    if together.abs() > STANDARD_ERRORS / len(first) ** 0.5:
        raise Wrong(
            "The noise of a row goes together with that of the next. Every entry needs noise of "
            "its own: draw u with the shape of logits."
        )


def _draws_from_the_generator(answer: Answer) -> None:
    logits = torch.randn(4, 3, generator=stream_of(answer))
    expect_generator_used(
        lambda generator: answer(logits, 0.7, generator).detach(),
        by="torch.rand(..., generator=generator)",
    )


def _lets_gradients_pass(answer: Answer) -> None:
    generator = stream_of(answer)
    for tau in TAUS:
        logits = torch.randn(5, 3, generator=generator).requires_grad_()
        weights = torch.rand(5, 3, generator=generator)
        try:
            y = answer(logits, tau, generator)
        except Crash as crash:
            raise Wrong(f"{crash}\n{ONLY_TENSORS.format(name='logits')}") from None
        if not y.requires_grad:
            raise Wrong(CUT_THREAD.format(name="logits"))
        (got,) = torch.autograd.grad((y * weights).sum(), logits, allow_unused=True)
        y = y.detach()
        wanted = y * (weights - (y * weights).sum(1, keepdim=True)) / tau
        if got is None or not torch.allclose(got, wanted, atol=1e-4):
            raise Wrong(
                "The draws are right, but not their gradient with respect to `logits`, which is "
                "that of the softmax. Look for a part that is detached, rounded or turned into a "
                "hard choice."
            )


exercise = Exercise(
    solution=gumbel_softmax,
    place=3,
    difficulty=2,
    minutes=10,
    success=(
        "With tau = 0.1 nearly every row is a one and zeros; the ones fall where softmax(logits) "
        "says; and gradients pass."
    ),
    hints=(
        "Three lines: u from `torch.rand` with the shape of logits; noise g made of it; then "
        "the softmax of their sum, at the temperature, over the symbols.",
        "u itself lies below p with probability p. So look for the t at which exp(-exp(-t)) = u: "
        "take the logarithm of both sides, and mind the signs; then once more.",
        "`g = -torch.log(-torch.log(u))`. The softmax runs over the last axis, `dim=1`, of "
        "`(logits + g) / tau`: everything is divided by tau.",
    ),
    stages=(
        Stage("type and shape", _returns_rows),
        Stage("distribution", _draws_like_gumbel),
        Stage("generator", _draws_from_the_generator),
        Stage("gradient", _lets_gradients_pass),
    ),
)
