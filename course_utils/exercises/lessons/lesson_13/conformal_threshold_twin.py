"""The twin of `conformal_threshold`: how unusual a score is, by counting ranks."""

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def conformal_threshold_twin(
    scores: Float[Tensor, " n"], new: Float[Tensor, " m"]
) -> Float[Tensor, " m"]:
    """The p-value of every new score: how probable one at least as high is, if it is normal.

    The scores are those of n normal examples. A new normal one is exchangeable with them: among the
    n + 1, itself included, each place is equally likely. So the p-value is the share of these n + 1
    that are at least as high as the new one.
    """
    as_high = (scores >= new[:, None]).sum(dim=1) + 1  # the new one is as high as itself
    return as_high / (len(scores) + 1)


def _scores(generator: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    def case(n: int, m: int) -> tuple[Tensor, Tensor]:
        draws = (0.8 * torch.randn(n + m, generator=generator)).exp()
        scores, new = draws.split([n, m])
        new[0] = scores[0]  # a tie
        new[-1] = 2 * scores.max()  # higher than all
        return scores, new

    small = tuple(tensor.round(decimals=1) for tensor in case(6, 4))
    return [small, case(9, 5), case(4, 7), case(5, 5), case(40, 3), case(2, 2)]


def _above(scores: Tensor, new: Tensor) -> Tensor:
    return (scores >= new[:, None]).sum(1)


exercise = Exercise(
    solution=conformal_threshold_twin,
    place=5,
    difficulty=2,
    minutes=10,
    success=(
        "A score above all of 99 normal ones has the p-value 0.01, not 0: the next may be higher "
        "still. Alarms at p ≤ 0.05 are false in at most one normal example of twenty."
    ),
    hints=(
        "Count, for every new score, how many of the normal ones are at least as high. A column "
        "beside a row compares each with each: `new[:, None]`.",
        "Think of the new example as one among n + 1. It is at least as high as itself, so it is "
        "counted above the line and below it.",
    ),
    stages=Comparison(
        probes=_scores,
        shape="(m,): one number for each new score",
        advice=(
            "Take the first new score, count with your finger how many normal scores are at least "
            "as high, add one for itself, and divide by n + 1."
        ),
        mistakes=[
            Mistake(
                lambda scores, new: _above(scores, new) / len(scores),
                "The new example is not counted, neither above nor below the line. A score above "
                "all others would have probability 0, which no n examples can tell.",
            ),
            Mistake(
                lambda scores, new: _above(scores, new) / (len(scores) + 1),
                "The new one is among the n + 1 below the line, and is not counted above it: it "
                "is at least as high as itself.",
            ),
            Mistake(
                lambda scores, new: (_above(scores, new) + 1) / len(scores),
                "The new one is counted above the line and not below it, so a probability can "
                "come out above 1.",
            ),
            Mistake(
                lambda scores, new: ((scores > new[:, None]).sum(1) + 1) / (len(scores) + 1),
                "Scores that are equal do not count in yours. `At least as high` includes them.",
            ),
            Mistake(
                lambda scores, new: ((scores <= new[:, None]).sum(1) + 1) / (len(scores) + 1),
                "You count those that are at most as high. An anomaly has a high score, and few "
                "are above it.",
            ),
            Mistake(
                lambda scores, new: 1 - (_above(scores, new) + 1) / (len(scores) + 1),
                "This is one less the p-value.",
            ),
            Mistake(
                lambda scores, new: _above(scores, new) + 1.0,
                "This is the place of the new score. Divide it by n + 1 for a probability.",
            ),
            Mistake(
                lambda scores, new: 0.5 * torch.erfc((new - scores.mean()) / scores.std() / 2**0.5),
                "You suppose that scores are normally distributed. They lean; counting supposes "
                "nothing of the kind.",
            ),
            Mistake(
                lambda scores, new: ((new[None] >= scores[:, None]).sum(1) + 1) / (len(new) + 1),
                "The two are exchanged: for every normal score you count the new ones.",
            ),
        ],
    ).stages,
)
