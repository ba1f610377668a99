"""The twin of `kl_sparsity`: means over the batch against a target, where symbols compete."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def kl_sparsity_twin(probabilities: Float[Tensor, "batch symbols"]) -> Float[Tensor, ""]:
    """How far the use of K symbols is from an equal use of all, in nats: 0 if all are used alike.

    Each row says how probable each symbol is for an example, above 0, and sums to 1. With m_j the
    mean of symbol j over the batch, it is the sum over j of m_j · log(m_j / (1 / K)).
    """
    mean = probabilities.mean(dim=0)
    return (mean * torch.log(mean * len(mean))).sum()


def _uses(generator: torch.Generator) -> list[tuple[Tensor]]:
    def case(batch: int, symbols: int) -> tuple[Tensor]:
        logits = 1.5 * torch.randn(batch, symbols, generator=generator)
        logits += torch.randn(symbols, generator=generator)  # some are preferred by all
        return (logits.softmax(1),)

    small = torch.tensor([[0.7, 0.2, 0.1], [0.5, 0.3, 0.2], [0.6, 0.1, 0.3], [0.1, 0.1, 0.8]])
    return [(small,), case(7, 3), case(2, 9), case(5, 5), case(1, 4), case(30, 12)]


def _of_mean(what: Callable[[Tensor], Tensor], message: str) -> Mistake:
    """A mistake in what is made of the right mean use of each symbol."""
    return Mistake(lambda probabilities: what(probabilities.mean(0)), message)


exercise = Exercise(
    solution=kl_sparsity_twin,
    place=3,
    difficulty=2,
    minutes=10,
    success=(
        "Two examples that each insist on another one of two symbols cost 0: together they use "
        "both alike. If all insist on the same one it is log 2 = 0.693."
    ),
    hints=(
        "First the mean use of each symbol, over the examples. What follows knows these K numbers "
        "only.",
        "The target of each symbol is 1 / K, so the logarithm is that of K times the mean, and it "
        "is weighted with the mean.",
    ),
    stages=Comparison(
        probes=_uses,
        shape="(), a single number: the sum over symbols",
        advice="Print the mean of each column. Multiply each by the logarithm of K times it. Sum.",
        mistakes=[
            Mistake(
                lambda p: (p * (p * p.shape[1]).log()).sum(1).mean(),
                "You compare every example with the target, and take the mean of that. An example "
                "may insist on one symbol; it is their mean that should use all.",
            ),
            _of_mean(
                lambda m: -(m * m.log()).sum(),
                "This is the entropy of the mean use, which is largest when all are used alike. "
                "Asked for is the distance from there: log K less the entropy.",
            ),
            _of_mean(
                lambda m: (m * m.log()).sum(),
                "The target 1 / K is missing in the logarithm, so that an equal use is not 0.",
            ),
            _of_mean(
                lambda m: -(m * (m * len(m)).log()).sum(),
                "The sign is turned round: a KL divergence is at least 0.",
            ),
            _of_mean(
                lambda m: -(m * len(m)).log().mean(),
                "This is the other direction, KL(uniform ‖ use): you weigh with 1 / K, and the "
                "definition weighs with the mean use.",
            ),
            _of_mean(
                lambda m: (m * (m * len(m)).log()).mean(),
                "This is the mean over the symbols. Sum them.",
            ),
            _of_mean(
                lambda m: (m * (m * len(m)).log2()).sum(),
                "These are bits. Nats are asked for: the natural logarithm.",
            ),
            _of_mean(
                lambda m: (m - 1 / len(m)).square().sum(),
                "This is a squared distance from 1 / K. The definition has a logarithm.",
            ),
            Mistake(
                lambda p: (p.sum(0) * (p.sum(0) * p.shape[1]).log()).sum(),
                "You summed over the batch. The use of a symbol is its mean.",
            ),
            Mistake(
                lambda p: (p.mean(0) * (p.mean(0) * len(p)).log()).sum(),
                "K is the number of symbols, `probabilities.shape[1]`, and not that of examples.",
            ),
        ],
    ).stages,
)
