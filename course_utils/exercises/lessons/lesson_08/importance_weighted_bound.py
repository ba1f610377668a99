"""`importance_weighted_bound`, lesson 08: the logarithm of a mean weight, without overflow."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.answer import Answer, Wrong
from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise, Stage


def importance_weighted_bound(log_w: Float[Tensor, "k batch"]) -> Float[Tensor, " batch"]:
    """The logarithm of the mean weight of every example: log (1/k) Σ_i w_i.

    log_w holds the logarithms of the weights, one row for each of k draws and one column for each
    example. The result must stay right for entries of ±1000, whose exponentials are 0 or inf.
    """
    return log_w.logsumexp(dim=0) - math.log(len(log_w))


def _log_weights(generator: torch.Generator) -> list[tuple[Tensor]]:
    def around(centre: float, k: int, batch: int) -> Tensor:
        return 2 * torch.randn(k, batch, generator=generator) + centre

    extreme = torch.tensor([1000.0, -1000.0, 0.0]) + around(0.0, 5, 3)
    torn = torch.tensor([[0.0], [-1000.0], [1000.0], [1000.0]]) + around(0.0, 4, 2)
    return [
        (around(-1.0, 5, 3).round(decimals=1),),  # small enough to print
        (around(0.5, 2, 6),),
        (around(1.0, 1, 5),),  # one draw: the ELBO
        (around(-0.5, 4, 4),),
        (around(-2.0, 7, 1),),
        (around(-100.0, 50, 8) / 10,),
        (around(-1000.0, 3, 2),),
        (around(1000.0, 2, 3),),
        (extreme,),  # each example far from every other
        (torn,),  # and each draw
    ]


def _is_exact_far_out(answer: Answer) -> None:
    """To a five-hundredth where float32 has steps of a sixteen-thousandth."""
    for centre in (-1000.0, 1000.0):
        log_w = 2 * torch.randn(6, 4, generator=answer.generator()) + centre
        got, wanted = answer(log_w.clone()).detach(), importance_weighted_bound(log_w)
        off = (got - wanted).abs().max().item()
        if not off < 2e-3:
            raise Wrong(
                f"For weights near {centre:g} your result is off by {off:.3g}, which is little "
                f"beside {abs(centre):g} and much beside the gain of a second draw. Subtract the "
                "largest of each column, `log_w.max(dim=0).values`, and add it at the end, or use "
                "`torch.logsumexp`."
            )


def _stabilised(log_w: Tensor, highest: Tensor) -> Tensor:
    return (log_w - highest).exp().mean(0).log() + highest


_comparison = Comparison(
    probes=_log_weights,
    shape="(batch,): one number for each column",
    advice=(
        "Take the first column: exponentiate its k numbers, add them up, divide by k, and take "
        "the logarithm. That is the first number to return."
    ),
    gradient="log_w",
    mistakes=[
        Mistake(
            lambda log_w: log_w.mean(0),
            "This is the mean of the logarithms: the ELBO, averaged over k draws. The bound "
            "is the logarithm of the mean, which by Jensen's inequality is higher.",
        ),
        Mistake(
            lambda log_w: log_w.logsumexp(0),
            "This is the logarithm of the sum of the weights. Their mean is asked for: "
            "subtract log k.",
        ),
        Mistake(
            lambda log_w: log_w.logsumexp(0) + math.log(len(log_w)),
            "You added log k, and it is to be subtracted: dividing by k inside the logarithm "
            "is subtracting log k outside.",
        ),
        Mistake(
            lambda log_w: log_w.logsumexp(0) / len(log_w),
            "You divided the logarithm of the sum by k. Divide the sum itself: outside of the "
            "logarithm, that is - log k.",
        ),
        Mistake(
            lambda log_w: log_w.logsumexp(0) - len(log_w),
            "You subtracted k itself. Dividing by k inside the logarithm is subtracting log k "
            "outside.",
        ),
        Mistake(
            lambda log_w: log_w.logsumexp(0) - math.log(log_w.shape[1]),
            "You subtracted the logarithm of the batch size. The mean is over the k draws, the "
            "rows: `len(log_w)`.",
        ),
        Mistake(
            lambda log_w: log_w.logsumexp(0) - math.log(log_w.numel()),
            "You subtracted the logarithm of all the entries, `numel()`. You sum over the k "
            "draws of one example, so divide by k: `len(log_w)`.",
        ),
        Mistake(
            lambda log_w: log_w.logsumexp(0) - torch.tensor(len(log_w) - 1.0).log(),
            "You subtracted log(k - 1). A mean of k numbers is their sum divided by k.",
        ),
        Mistake(
            lambda log_w: log_w.logsumexp(0) - math.log10(len(log_w)),
            "You subtracted log k to the base 10. Like the logarithm of the sum, this one is "
            "natural: `math.log`.",
        ),
        Mistake(
            lambda log_w: log_w.logsumexp(0) - math.log2(len(log_w)),
            "You subtracted log k to the base 2. Like the logarithm of the sum, this one is "
            "natural: `math.log`.",
        ),
        Mistake(
            lambda log_w: log_w.mean(0) - math.log(len(log_w)),
            "You averaged the logarithms and subtracted log k as well. Replace the mean by "
            "`logsumexp`, which adds the weights themselves.",
        ),
        Mistake(
            lambda log_w: log_w.sum(0),
            "You added the logarithms, which multiplies the weights. Their mean is asked for: "
            "exponentiate before you add.",
        ),
        Mistake(
            lambda log_w: (log_w / len(log_w)).logsumexp(0),
            "You divided the logarithms by k before the sum. That takes roots of the weights; "
            "to divide a weight by k, subtract log k from its logarithm.",
        ),
        Mistake(
            lambda log_w: log_w.log().mean(0),
            "You took the logarithm of `log_w`, whose entries are logarithms already. "
            "Exponentiate them first.",
        ),
        Mistake(
            lambda log_w: log_w.mean(0).log(),
            "This is the logarithm of the mean logarithm. `log_w` holds logarithms: "
            "exponentiate before you average.",
        ),
        Mistake(
            lambda log_w: log_w.exp().mean(0).log1p(),
            "`log1p` adds 1 before the logarithm. Take the logarithm of the mean weight alone.",
        ),
        Mistake(
            lambda log_w: log_w.logsumexp(1) - math.log(log_w.shape[1]),
            "You averaged over the examples, `dim=1`, and left one number for each draw. The "
            "draws are the first axis, `dim=0`.",
        ),
        Mistake(
            lambda log_w: log_w.logsumexp(1) - math.log(len(log_w)),
            "You summed over the examples, `dim=1`, and subtracted log k. Both belong to the "
            "draws, the first axis: `dim=0`.",
        ),
        Mistake(
            lambda log_w: log_w.logsumexp(1),
            "You summed over the examples, `dim=1`, and did not divide. The draws are the "
            "first axis, `dim=0`, and log k is to be subtracted.",
        ),
        Mistake(
            lambda log_w: log_w.flatten().logsumexp(0) - math.log(log_w.numel()),
            "Draws and examples went into one mean, so the batch became one number. Average "
            "over `dim=0` only.",
        ),
        Mistake(
            lambda log_w: (log_w.logsumexp(0) - math.log(len(log_w))).mean(),
            "The bound is right, and then you took its mean over the batch. Return one number "
            "for each example.",
        ),
        Mistake(
            lambda log_w: log_w.logsumexp(0, keepdim=True) - math.log(len(log_w)),
            "The numbers are right, but they stand in a row of a table, (1, batch). Leave out "
            "`keepdim=True`.",
        ),
        Mistake(
            lambda log_w: log_w.exp().mean(0),
            "This is the mean weight, an estimate of p(x) itself. Its logarithm is asked for.",
        ),
        Mistake(
            lambda log_w: -(log_w.logsumexp(0) - math.log(len(log_w))),
            "This is the bound with its sign turned, a loss. The bound itself is asked for: "
            "higher is better.",
        ),
        Mistake(
            lambda log_w: (-log_w).logsumexp(0) - math.log(len(log_w)),
            "The sign of the log-weights is turned before the mean, so the worst draw counts "
            "most. Exponentiate `log_w` as it is.",
        ),
        Mistake(
            lambda log_w: -((-log_w).logsumexp(0) - math.log(len(log_w))),
            "You turned the sign before the mean and again after it. That is the harmonic mean "
            "of the weights, in which the worst draw counts most.",
        ),
        Mistake(
            lambda log_w: log_w.max(0).values,
            "This is the largest log-weight alone. The others count too: the logarithm of the "
            "mean of all k weights.",
        ),
        Mistake(
            lambda log_w: log_w.max(0).values - math.log(len(log_w)),
            "This is the largest log-weight less log k: the other weights are missing from the "
            "sum.",
        ),
        Mistake(
            lambda log_w: (log_w.softmax(0) * log_w).sum(0),
            "You averaged the log-weights, each in proportion to its weight. This has the "
            "right gradient if the proportions are detached, but it is not the bound, which "
            "is the logarithm of the plain mean.",
        ),
        Mistake(
            lambda log_w: log_w.log_softmax(0).mean(0),
            "`log_softmax` divides every weight by their sum, so the size of the weights, "
            "which is what the bound is about, is lost. Use `logsumexp`.",
        ),
        Mistake(
            lambda log_w: _stabilised(log_w, log_w.max(0).values) - log_w.max(0).values,
            "You subtracted the largest log-weight to keep `exp` in range, and did not add it "
            "back after the logarithm.",
        ),
        Mistake(
            lambda log_w: log_w.softmax(0).mean(0).log(),
            "`softmax` divides every weight by their sum, so their mean is always 1 / k, "
            "whatever the weights. Use `logsumexp`.",
        ),
        Mistake(
            lambda log_w: _stabilised(log_w, log_w.max(0).values) - 2 * log_w.max(0).values,
            "You subtracted the largest log-weight before `exp`, and then subtracted it once "
            "more. After the logarithm it is to be added back.",
        ),
        Mistake(
            lambda log_w: (log_w - log_w.max(0).values).exp().mean().log() + log_w.max(0).values,
            "You subtract and add back the maximum of each column, but the mean between is "
            "over the whole table. Average over `dim=0` only.",
        ),
        Mistake(
            lambda log_w: _stabilised(log_w, log_w.max(1, keepdim=True).values),
            "Your maximum is that of each row, `dim=1`. Each example, a column, needs its "
            "own: `log_w.max(dim=0).values`.",
        ),
        Mistake(
            lambda log_w: (log_w.logsumexp(0) - math.log(len(log_w))) / math.log(2),
            "This is in bits: logarithms to the base 2. The course counts in nats, with "
            "natural logarithms.",
        ),
        Mistake(
            lambda log_w: log_w.exp().mean(0).log(),
            "For ordinary numbers this is right, but exp(-1000) is 0 and exp(1000) is inf, and "
            "the logarithm does not bring them back. `torch.logsumexp` stays in range.",
        ),
        *(
            Mistake(
                lambda log_w, eps=eps: (log_w.exp().mean(0) + eps).log(),
                "For ordinary numbers this is right, but the small number that you add before "
                "the logarithm, or set as its lower limit, is all that is left of weights such "
                "as exp(-1000). Use `torch.logsumexp` in its place.",
            )
            for eps in (1e-6, 1e-7, 1e-8, 1e-10, 1e-12, 1e-20, 1e-30)
        ),
        *(
            Mistake(
                lambda log_w, most=most: (
                    log_w.clamp(-most, most).logsumexp(0) - math.log(len(log_w))
                ),
                "For ordinary numbers this is right, but you clamp the log-weights, and -1000 "
                "is a result like any other. Use `torch.logsumexp` on `log_w` as it is.",
            )
            for most in (20, 30, 50, 80, 85, 88)
        ),
        Mistake(
            lambda log_w: log_w.exp().mean(0).log().nan_to_num(),
            "For ordinary numbers this is right; `nan_to_num` only hides that exp(-1000) is 0 "
            "and exp(1000) is inf. Use `torch.logsumexp`.",
        ),
        *(
            Mistake(
                lambda log_w, middle=middle: _stabilised(log_w, middle(log_w)),
                "You subtract a number from each column to keep `exp` in range, but not its "
                "largest. A weight far above that number is still inf, or one is nan. Subtract "
                "`log_w.max(dim=0).values`.",
            )
            for middle in (
                lambda log_w: log_w.mean(0),
                lambda log_w: log_w.min(0).values,
                lambda log_w: log_w.median(0).values,
                lambda log_w: log_w[0],
            )
        ),
        Mistake(
            lambda log_w: _stabilised(log_w, log_w.max()),
            "You subtract one maximum, that of the whole table. An example whose weights are "
            "far below those of another then underflows to 0. Each column needs its own: "
            "`log_w.max(dim=0).values`.",
        ),
    ],
)

exercise = Exercise(
    solution=importance_weighted_bound,
    place=4,
    difficulty=2,
    minutes=12,
    success=(
        "Log-weights 0 and log 3 give log 2, since the mean of 1 and 3 is 2. For k = 1 the bound "
        "is the ELBO, and in the toy example of lesson 06 it climbs from -2.738 to -1.864 at "
        "k = 50, towards log p(x) = -1.859."
    ),
    hints=(
        "The mean is over the weights, not over their logarithms: exponentiate, average over the k "
        "draws, take the logarithm. Which of the two axes counts the draws?",
        "Written like that it fails: exp(1000) is inf and exp(-1000) is 0. "
        "`torch.logsumexp(log_w, dim)` does the exp, the sum and the logarithm without leaving the "
        "range.",
        "A mean is a sum divided by k, and the logarithm of that is the logarithm of the sum less "
        "`math.log(k)`, where k is `len(log_w)`.",
    ),
    stages=(*_comparison.stages, Stage("far out", _is_exact_far_out)),
)
