"""`multinomial_nll`, lesson 14: the price of a list of counts under one softmax."""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def multinomial_nll(
    logits: Float[Tensor, "batch items"], counts: Float[Tensor, "batch items"]
) -> Float[Tensor, " batch"]:
    """What each listener's plays cost, in nats: -Σ_i counts_i · log softmax(logits)_i.

    The softmax is over the items of one listener. Nothing is left out but the multinomial
    coefficient. The result stays finite for logits of ±1000.
    """
    log_shares = logits.log_softmax(dim=1)
    return -(counts * log_shares).sum(dim=1)


# What people add to a share, or allow it at least, for fear of the logarithm of 0.
TINY = (1e-38, 1e-30, 1e-20, 1e-16, 1e-15, 1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5)


def _plays(
    batch: int, items: int, generator: torch.Generator, size: float = 2.0
) -> tuple[Tensor, Tensor]:
    """Logits away from 0 and from a mean of 0, and counts whose totals differ from row to row."""
    logits = size * torch.randn(batch, items, generator=generator) + 0.7
    counts = torch.randint(0, 6, (batch, items), generator=generator).float()
    counts[:, 0] += 1 + torch.arange(batch)
    return logits, counts


def _probes(generator: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    small, played = _plays(2, 3, generator)
    nothing_yet, plays = _plays(3, 4, generator)
    plays[1] = 0  # a listener who has played nothing costs nothing
    far, few = _plays(3, 5, generator, size=400.0)
    liked, often = _plays(2, 5, generator)
    return [
        (small.round(decimals=1), played),
        _plays(5, 7, generator),
        _plays(4, 4, generator),
        _plays(1, 6, generator),
        (nothing_yet, plays),
        (far, few),
        (liked, 100 * often),  # songs are played hundreds of times
    ]


def _log_shares(logits: Tensor) -> Tensor:
    return logits.log_softmax(1)


def _coefficient(counts: Tensor) -> Tensor:
    """log N! / Π counts_i!, of each row."""
    return torch.lgamma(counts.sum(1) + 1) - torch.lgamma(counts + 1).sum(1)


def _cost(logits: Tensor, counts: Tensor) -> Tensor:
    return -(counts * _log_shares(logits)).sum(1)


exercise = Exercise(
    solution=multinomial_nll,
    place=2,
    difficulty=2,
    minutes=8,
    success=(
        "For three songs with equal logits each play costs log 3 = 1.0986 nats, so that the counts "
        "(2, 0, 1) cost 3.2958."
    ),
    hints=(
        "A softmax turns the logits of one listener into shares that sum to 1. Each play of song i "
        "costs minus the logarithm of its share. Which sum is over plays, and how do the counts "
        "stand for it?",
        "`logits.log_softmax(dim=1)` is the logarithm of the softmax, computed without taking the "
        "logarithm of a rounded 0.",
        "Multiply the log-shares by the counts, sum over the songs of each listener (`dim=1`), and "
        "change the sign. Do not divide by anything.",
    ),
    stages=Comparison(
        probes=_probes,
        shape="(batch,): one number for each listener",
        advice=(
            "Try one listener with the logits (0, 0, 0) and the counts (2, 0, 1): three plays at "
            "log 3 each, 3.2958 nats."
        ),
        gradient="logits",
        mistakes=[
            Mistake(
                lambda logits, counts: -_cost(logits, counts),
                "The sign: this is the log-likelihood, which is never above 0. A cost is minus "
                "that.",
            ),
            Mistake(
                lambda logits, counts: -(counts * logits.log_softmax(0)).sum(1),
                "Your softmax is over the batch, so that listeners share one sum. Each has shares "
                "of their own: `dim=1`.",
            ),
            Mistake(
                lambda logits, counts: (
                    -(counts * logits.flatten().log_softmax(0).view_as(logits)).sum(1)
                ),
                "Your softmax is over all entries of the batch at once. The shares of each "
                "listener sum to 1: `dim=1`.",
            ),
            Mistake(
                lambda logits, counts: -(counts * logits.softmax(1)).sum(1),
                "The logarithm is missing: a play costs minus the *logarithm* of the song's share.",
            ),
            Mistake(
                lambda logits, counts: -(counts * logits).sum(1),
                "You took the logits for log-shares. Logits need not sum to anything: a softmax "
                "comes first.",
            ),
            Mistake(
                lambda logits, counts: -(counts * F.logsigmoid(logits)).sum(1),
                "You took a sigmoid for each song by itself, so that all songs may have a share of "
                "1 together. In a multinomial they compete: softmax.",
            ),
            Mistake(
                lambda logits, counts: (F.softplus(logits) - counts * logits).sum(1),
                "This is the binary cross-entropy, made for pixels between 0 and 1. Counts that "
                "share one budget want a softmax.",
            ),
            Mistake(
                lambda logits, counts: (logits.exp() - counts * logits).sum(1),
                "This is the Poisson cost, where each song has a rate of its own. Here the songs "
                "share the plays: softmax.",
            ),
            Mistake(
                lambda logits, counts: _cost(logits, counts) - _coefficient(counts),
                "You kept the multinomial coefficient, log N! / Π counts_i!. It depends on no "
                "parameter, and the exercise leaves it out.",
            ),
            Mistake(
                lambda logits, counts: _cost(logits, counts) / counts.shape[1],
                "You took the mean over songs. The rule of the house: sum over them.",
            ),
            Mistake(
                lambda logits, counts: _cost(logits, counts) / counts.sum(1),
                "You divided by the number of plays. Then a listener of 10 plays weighs as much as "
                "one of 100, and one of none is 0 / 0. Sum, and leave it.",
            ),
            Mistake(
                lambda logits, counts: _cost(logits, counts) / counts.sum(1).clamp(min=1),
                "You divided by the number of plays: this is the cost of one play, on average. "
                "The cost of all of them is asked for.",
            ),
            Mistake(
                lambda logits, counts: _cost(logits, (counts > 0).float()),
                "You only ask whether a song was played, not how often. Each play costs: multiply "
                "by the counts.",
            ),
            Mistake(
                lambda logits, counts: (counts * logits).sum(1).neg() + logits.logsumexp(1),
                "The softmax's denominator belongs to every play, and you have taken it once per "
                "listener: multiply it by the number of plays.",
            ),
            Mistake(
                lambda logits, counts: (
                    logits.logsumexp(1) * counts.shape[1] - (counts * logits).sum(1)
                ),
                "You multiplied the softmax's denominator by the number of songs. It counts once "
                "for each play.",
            ),
            Mistake(
                lambda logits, counts: -(counts * logits.softmax(1).log_softmax(1)).sum(1),
                "There are two softmaxes in it: `log_softmax` (and `cross_entropy`) wants logits, "
                "not shares.",
            ),
            Mistake(
                lambda logits, counts: F.cross_entropy(logits, counts.argmax(1), reduction="none"),
                "Only the song that was played most is counted. All counts are, each with its own "
                "weight.",
            ),
            Mistake(
                lambda logits, counts: -(logits * counts.log_softmax(1)).sum(1),
                "The two are swapped: the softmax goes over the logits, and the counts are the "
                "weights.",
            ),
            Mistake(
                lambda logits, counts: _cost(logits, counts) / math.log(2),
                "These are bits, from a logarithm to base 2. Nats are asked for: the natural "
                "logarithm.",
            ),
            # On some inputs these are alike, on others one is infinite and another nan.
            *(
                Mistake(
                    answer,
                    "For logits far apart or large a share is rounded to 0 or `exp` overflows, and "
                    "the logarithm is infinite. `log_softmax` does both steps at once and stays "
                    "finite.",
                )
                for answer in (
                    lambda logits, counts: -(counts * logits.softmax(1).log()).sum(1),
                    lambda logits, counts: (
                        -(counts * (logits - logits.exp().sum(1, True).log())).sum(1)
                    ),
                    lambda logits, counts: (
                        counts.sum(1) * logits.exp().sum(1).log() - (counts * logits).sum(1)
                    ),
                )
            ),
            Mistake(
                lambda logits, counts: (
                    -(counts * (logits.exp() / logits.exp().sum(1, True)).log()).sum(1)
                ),
                "For large logits `exp` overflows, and the result is nan. `log_softmax` gives "
                "the same number and stays finite.",
            ),
            # Added or as a lower limit, it comes to the same within the tolerance.
            *(
                Mistake(
                    lambda logits, counts, tiny=tiny, guard=guard: (
                        -(counts * guard(logits.softmax(1), tiny).log()).sum(1)
                    ),
                    "The small number that you allow inside the logarithm, added or as a lower "
                    "limit, hides how improbable a song was. `log_softmax` needs no such help.",
                )
                for guard in (torch.add, torch.clamp)
                for tiny in TINY
            ),
            Mistake(
                lambda logits, counts: -(counts * _log_shares(logits)).sum(0),
                "You summed over the batch. The sum is over songs: one number for each listener.",
            ),
            Mistake(
                lambda logits, counts: _cost(logits, counts).sum(),
                "You summed over the listeners as well. One number for each, please: `fit` takes "
                "the mean over the batch.",
            ),
            Mistake(
                lambda logits, counts: _cost(logits, counts).mean(),
                "You took the mean over the batch, which is the business of `fit`. Return one "
                "number for each listener.",
            ),
            Mistake(
                lambda logits, counts: -(counts * _log_shares(logits)),
                "One number for each song is too many: sum over the songs of each listener.",
            ),
        ],
    ).stages,
)
