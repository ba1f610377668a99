"""`auroc`, lesson 13: the share of pairs in the right order, ties by half."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def auroc(scores: Float[Tensor, " n"], labels: Int[Tensor, " n"]) -> float:
    """The share of pairs, one anomaly and one normal example, in which the anomaly scores higher.

    All pairs count, whatever their order; in a tie the pair counts one half. Labels are 1 for
    anomalies and 0 for normal examples, both at least once. The result is from 0 to 1.
    """
    anomalous, normal = scores[labels == 1], scores[labels == 0]
    difference = anomalous[:, None] - normal[None, :]  # one row for each anomaly
    return ((difference > 0).double() + 0.5 * (difference == 0)).mean().item()


def _scored(generator: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    """Scores of both kinds in mixed order, with and without ties, one kind rarer than the other."""

    def trial(anomalies: int, normal: int, shift: float, step: float) -> tuple[Tensor, Tensor]:
        labels = torch.cat([torch.ones(anomalies), torch.zeros(normal)]).long()
        labels = labels[torch.randperm(len(labels), generator=generator)]
        scores = torch.randn(len(labels), generator=generator) + shift * labels
        return (scores / step).round() * step, labels

    # Among the equal scores an anomaly comes first once, and a normal example once: what depends on
    # their order is neither "ties count nothing" nor "ties count in full".
    first = (
        torch.tensor([0.5, 2.0, 1.0, 3.0, 2.0, 1.7, 2.0, 1.0, 0.3, 0.1]),
        torch.tensor([0, 1, 0, 1, 0, 1, 0, 1, 0, 0]),
    )
    near = 0.5 + 1e-6 * torch.tensor([3.0, 0.0, 1.0, 2.0, 4.0, 6.0])
    return [
        first,
        trial(6, 15, 1.0, 1e-3),
        trial(30, 9, 0.7, 0.5),  # many ties, and more anomalies than normal examples
        trial(1, 8, 0.5, 0.5),
        trial(12, 1, 0.5, 0.25),
        trial(10, 25, -0.8, 1e-3),  # worse than chance
        (torch.full((6,), 0.3), torch.tensor([0, 1, 1, 0, 0, 0])),  # knows nothing
        (near, torch.tensor([1, 0, 1, 0, 0, 1])),  # nearly equal, but no ties
        trial(40, 300, 1.5, 0.1),
    ]


def _of_pairs(value: Callable[[Tensor], Tensor], message: str) -> Mistake:
    """A mistake in what is made of the differences, a row per anomaly, a column per normal one."""
    return Mistake(
        lambda scores, labels: (
            value(scores[labels == 1][:, None] - scores[labels == 0]).double().item()
        ),
        message,
    )


def _half_ties(difference: Tensor) -> Tensor:
    return (difference > 0) + 0.5 * (difference == 0)


def _average_precision(scores: Tensor, labels: Tensor) -> float:
    order = scores.argsort(descending=True, stable=True)
    hits = labels[order].double()
    precision = hits.cumsum(0) / torch.arange(1, len(hits) + 1)
    return ((precision * hits).sum() / hits.sum()).item()


def _average_precision_by_value(scores: Tensor, labels: Tensor) -> float:
    """As scikit-learn has it: all examples with the same score are found at once."""
    area, found = 0.0, 0.0
    for value in scores.unique().flip(0):
        above = labels[scores >= value].double()
        recall = (above.sum() / labels.sum()).item()
        area, found = area + (recall - found) * above.mean().item(), recall
    return area


def _staircase(scores: Tensor, labels: Tensor) -> float:
    """The area under the curve through every single example, ties in the order they come."""
    order = scores.argsort(descending=True, stable=True)
    hits = labels[order].double()
    found = torch.cat([torch.zeros(1), hits.cumsum(0) / hits.sum()])
    alarms = torch.cat([torch.zeros(1), (1 - hits).cumsum(0) / (1 - hits).sum()])
    return torch.trapezoid(found, alarms).item()


def _ranks(scores: Tensor, labels: Tensor, shift: int) -> float:
    """Mann and Whitney's formula with ranks in the order of a stable sort."""
    ranks = scores.argsort(stable=True).argsort(stable=True).double() + shift
    n_1, n_0 = (labels == 1).sum().item(), (labels == 0).sum().item()
    return ((ranks[labels == 1].sum() - n_1 * (n_1 + 1) / 2) / (n_1 * n_0)).item()


def _one_to_one(scores: Tensor, labels: Tensor) -> float:
    """The first anomaly against the first normal example, and so on while there are both."""
    anomalous, normal = scores[labels == 1], scores[labels == 0]
    n = min(len(anomalous), len(normal))
    return _half_ties(anomalous[:n] - normal[:n]).double().mean().item()


def _nearly_tied(scores: Tensor, labels: Tensor) -> float:
    anomalous, normal = scores[labels == 1][:, None], scores[labels == 0]
    tied = torch.isclose(anomalous, normal)
    return (((anomalous > normal) & ~tied) + 0.5 * tied).double().mean().item()


def _best_accuracy(scores: Tensor, labels: Tensor) -> float:
    return max(((scores > t).long() == labels).double().mean().item() for t in scores)


_TIES = "Examples with the same score are taken in the order in which they come, and another order "

exercise = Exercise(
    solution=auroc,
    place=3,
    difficulty=2,
    minutes=12,
    success=(
        "Anomalies with scores 3 and 1 and normal examples with 2 and 1 make four pairs: 3 > 2, "
        "3 > 1, 1 < 2 and 1 = 1, so (1 + 1 + 0 + ½) / 4 = 0.625."
    ),
    hints=(
        "`scores[labels == 1]` are the scores of the anomalies. How can each of them be compared "
        "with each of the others at once?",
        "`anomalous[:, None] - normal[None, :]` is the table of all differences. A positive one "
        "counts 1, a zero ½, a negative one 0; the mean of that is the answer.",
    ),
    stages=Comparison(
        probes=_scored,
        shape=None,
        advice=(
            "Write down all pairs of an anomaly (label 1) and a normal example (label 0). Give 1 "
            "to each in which the anomaly is higher, ½ to a tie, and take the mean."
        ),
        tolerance=1e-6,
        mistakes=[
            Mistake(
                _staircase,
                f"{_TIES}gives another number. All pairs with equal scores count one half.",
            ),
            Mistake(
                lambda scores, labels: _ranks(scores, labels, 1),
                f"{_TIES}gives other ranks and another curve. Examples with equal scores share the "
                "mean of their ranks, and a curve has one point for all of them.",
            ),
            Mistake(
                _one_to_one,
                "You compared the first anomaly with the first normal example, the second with the "
                "second, and so on. Each anomaly meets *every* normal example.",
            ),
            Mistake(
                _nearly_tied,
                "Scores that are nearly equal count as ties in your version, as with `isclose`. "
                "Only equal ones do.",
            ),
            *(
                Mistake(
                    lambda scores, labels, decimals=decimals: auroc(
                        scores.round(decimals=decimals), labels
                    ),
                    "The scores are rounded first, which makes ties of scores that differ. Compare "
                    "them as they are.",
                )
                for decimals in (0, 1)
            ),
            _of_pairs(
                lambda d: (d > 0).double().mean(),
                "Ties count nothing in your version. They count one half: a constant score, which "
                "knows nothing, should have 0.5.",
            ),
            _of_pairs(
                lambda d: (d >= 0).double().mean(),
                "Ties count in full in your version, so that a constant score would be perfect. "
                "They count one half.",
            ),
            _of_pairs(
                lambda d: 1 - _half_ties(d).mean(),
                "The pairs are counted the wrong way round: anomalies, label 1, should have the "
                "*higher* scores.",
            ),
            _of_pairs(
                lambda d: (d < 0).double().mean(),
                "You counted the pairs in which the anomaly is lower, and ties not at all.",
            ),
            _of_pairs(
                lambda d: 2 * _half_ties(d).mean() - 1,
                "This is 2 · AUROC - 1, from -1 to 1 (Gini's or Somers' number). A score that "
                "knows nothing should have 0.5.",
            ),
            _of_pairs(
                lambda d: _half_ties(d).sum(),
                "This is the number of pairs won. Divide by the number of all pairs: anomalies "
                "times normal examples.",
            ),
            _of_pairs(
                lambda d: 100 * _half_ties(d).mean(),
                "These are per cent. A share from 0 to 1 is asked for.",
            ),
            _of_pairs(
                lambda d: _half_ties(d).mean().maximum(1 - _half_ties(d).mean()),
                "You never go below one half. A detector that is worse than chance should be told "
                "so.",
            ),
            _of_pairs(
                lambda d: _half_ties(d).sum() / (sum(d.shape) * (sum(d.shape) - 1) / 2),
                "You divided by the number of all pairs of examples. Only those of one anomaly and "
                "one normal example count.",
            ),
            _of_pairs(
                lambda d: _half_ties(d).sum() / sum(d.shape) ** 2,
                "You divided by the square of the number of examples. There are as many pairs as "
                "anomalies times normal examples.",
            ),
            _of_pairs(
                lambda d: d.mean(),
                "This is the difference of the two mean scores. Only the order matters: each pair "
                "counts 1, ½ or 0.",
            ),
            _of_pairs(
                lambda d: torch.sigmoid(d).mean(),
                "A sigmoid of the differences is a soft version, good for training. Here each pair "
                "counts exactly 1, ½ or 0.",
            ),
            Mistake(
                _average_precision_by_value,
                "This is the average precision, as scikit-learn computes it. It has its place in "
                "section 7; here pairs are counted.",
            ),
            Mistake(
                _average_precision,
                "This is the average precision, the area under another curve (section 7).",
            ),
            Mistake(
                lambda scores, labels: -_staircase(scores, labels),
                "The area is negative: the false positive rate falls from left to right in your "
                "curve. Ties, too, are taken in the order in which they come.",
            ),
            Mistake(
                lambda scores, labels: _ranks(scores, labels, 0),
                "The ranks count from 0, and the formula n(n + 1) / 2 from 1; and examples with "
                "equal scores should share the mean of their ranks.",
            ),
            Mistake(
                lambda scores, labels: ((scores > 0.5).long() == labels).double().mean().item(),
                "This is the accuracy with a threshold of 0.5. The AUROC needs no threshold.",
            ),
            *(
                Mistake(
                    lambda scores, labels, middle=middle, above=above: (
                        (above(scores, middle(scores)).long() == labels).double().mean().item()
                    ),
                    f"This is the accuracy with the {name} as threshold. The AUROC needs no "
                    "threshold.",
                )
                for name, middle in (("median", torch.median), ("mean", torch.mean))
                for above in (torch.gt, torch.ge)
            ),
            Mistake(
                _best_accuracy,
                "This is the best accuracy that any threshold reaches. The AUROC looks at all "
                "thresholds, or at none: at pairs.",
            ),
            Mistake(
                lambda scores, labels: torch.corrcoef(torch.stack([scores, labels.to(scores)]))[
                    0, 1
                ].item(),
                "This is the correlation of scores and labels. Only the order of the scores "
                "matters, pair by pair.",
            ),
        ],
    ).stages,
)
