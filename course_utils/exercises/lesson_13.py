"""Checks of lesson 13: from a reconstruction to a decision."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.exercises.answer import Answer, Crash, Wrong
from course_utils.exercises.compare import Comparison, Mistake, expect_close, expect_shape
from course_utils.exercises.exercise import Exercise, Stage
from course_utils.exercises.solutions import lesson_13 as solutions

# --- anomaly_scores -------------------------------------------------------------------------------


class Redrawing(nn.Module):
    """A stand-in for an autoencoder: squeezes each example to two numbers and draws it again.

    As with the course's own, a call returns logits and code.
    """

    def __init__(self, features: int, generator: torch.Generator) -> None:
        super().__init__()
        self.down = torch.randn(features, 2, generator=generator) / math.sqrt(features)
        self.up = torch.randn(2, features, generator=generator)

    def encode(self, x: Tensor) -> Tensor:
        return torch.tanh(x.flatten(1) @ self.down)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = self.encode(x)
        return (z @ self.up).view_as(x), z

    def reconstruct(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self(x)[0])

    def __repr__(self) -> str:
        return "a small network with model.reconstruct(x); model(x) is (logits, code)"


class Plain(nn.Module):
    """Any other network: a call returns the reconstruction, and there is nothing else."""

    def __init__(self, features: int, generator: torch.Generator) -> None:
        super().__init__()
        self.inner = Redrawing(features, generator)

    def forward(self, x: Tensor) -> Tensor:
        return self.inner.reconstruct(x)

    def __repr__(self) -> str:
        return "a network of another make: model(x) is the reconstruction"


def _models_and_examples(generator: torch.Generator) -> list[tuple[nn.Module, Tensor]]:
    def trial(*shape: int) -> tuple[nn.Module, Tensor]:
        x = torch.rand(shape, generator=generator)
        # Some examples are harder than others, so that a score of the wrong one shows.
        x = x + 0.8 * torch.arange(shape[0]).view(-1, *[1] * (len(shape) - 1)) / shape[0]
        return Redrawing(math.prod(shape[1:]), generator), x.mul(10).round().div(10)

    return [trial(3, 4), trial(5, 3), trial(1, 6), trial(4, 1, 5, 3), trial(20, 784)]


def _of_difference(score: Callable[[Tensor], Tensor], message: str) -> Mistake:
    """A mistake in what is made of reconstruction less original, (n, features)."""
    return Mistake(lambda model, x: score((model.reconstruct(x) - x).flatten(1)), message)


def _any_other_network(answer: Answer) -> None:
    """A network without `reconstruct`: what the docstring says last."""
    generator = answer.generator()
    model, x = Plain(12, generator), torch.rand((3, 1, 4, 3), generator=generator)
    expected = solutions.anomaly_scores(model, x)
    try:
        got = answer(model, x)
    except Crash as crash:
        if isinstance(crash.error, AttributeError) and "reconstruct" in str(crash.error):
            raise Wrong(
                "For models of the course all is right. But a network of another make has no "
                "`reconstruct`: there `model(x)` is the reconstruction itself. `hasattr(model, "
                '"reconstruct")` tells which it is.'
            ) from None
        raise
    if not isinstance(got, Tensor):
        raise Wrong(
            "For models of the course all is right, but for a network without `reconstruct` no "
            "tensor is returned. There `model(x)` is the reconstruction itself."
        )
    given = {"model": model, "x": x}
    expect_shape(got, expected, _SHAPE, given)
    expect_close(
        got.detach(),
        expected,
        given,
        "This network has no `reconstruct`: here `model(x)` is the reconstruction itself.",
    )


_SHAPE = "(n,): one number for each example"
_CALLED = (
    "A call of one of the course's models, `model(x)`, returns two things: the logits and the code."
)


_redrawn = Comparison(
    probes=_models_and_examples,
    shape=_SHAPE,
    advice=(
        "Print `model.reconstruct(x)`, subtract the first row of x from its first row by hand, "
        "square each difference, and add them up."
    ),
    mistakes=[
        _of_difference(
            lambda d: d.square().mean(1),
            "This is the mean over the features. The course sums over them: a score should not "
            "change its scale with the size of the picture.",
        ),
        _of_difference(
            lambda d: d.square().sum(),
            "You summed over the batch as well, and all examples share one score. Keep the "
            "first axis: `flatten(1).sum(1)`.",
        ),
        _of_difference(
            lambda d: d.square().mean(),
            "This is one mean over everything, as `F.mse_loss` gives it. Here each example "
            "needs a score of its own.",
        ),
        _of_difference(
            lambda d: -d.square().sum(1),
            "The sign is turned: higher should be *stranger*. (scikit-learn's `score_samples` "
            "has your sign, the exercise has not.)",
        ),
        _of_difference(
            lambda d: d.abs().sum(1),
            "You summed the absolute differences. The squared ones are asked for.",
        ),
        _of_difference(
            lambda d: d.norm(dim=1),
            "There is a square root too many: this is the length of the difference. The order "
            "is the same, but not the number.",
        ),
        _of_difference(
            lambda d: d.square().mean(1).sqrt(),
            "This is the root of the mean square. The plain sum of the squares is asked for.",
        ),
        _of_difference(
            lambda d: d.sum(1),
            "The differences are summed without being squared, so that too much ink here pays "
            "for too little there.",
        ),
        _of_difference(
            lambda d: d.sum(1).square(),
            "First the sum, then the square: errors of opposite sign have cancelled. Square "
            "each difference, then sum.",
        ),
        _of_difference(
            lambda d: d.square().amax(1),
            "You took the worst feature of each example. All features count: sum.",
        ),
        _of_difference(
            lambda d: d.square().sum(0),
            "You summed over the examples, and have a score for each *feature*. Sum over the "
            "features, `dim=1`.",
        ),
        *(
            Mistake(
                called,
                f"{_CALLED} What you can compare with x is `model.reconstruct(x)`.",
            )
            for called in (
                lambda model, x: model(x) - x,
                lambda model, x: x - model(x),
                lambda model, x: F.mse_loss(model(x), x, reduction="none"),
            )
        ),
        Mistake(
            lambda model, x: (model(x)[0] - x).flatten(1).square().sum(1),
            f"{_CALLED} The logits are no picture yet; `model.reconstruct(x)` is.",
        ),
        Mistake(
            lambda model, x: (model.reconstruct(x) - x).square().sum(-1),
            "Only the last axis is summed. An image has three axes: `flatten(1)` first, then "
            "`sum(1)`.",
        ),
        _of_difference(
            lambda d: 0.5 * d.square().sum(1),
            "There is a factor ½, as in the density of a Gaussian. The plain sum is asked for.",
        ),
        Mistake(
            lambda model, x: (
                (model.reconstruct(x) - x).square().flatten(1).sum(1) / x.square().flatten(1).sum(1)
            ),
            "You divided by the size of each example. That can be a good idea (section 4), but "
            "here the plain squared error is asked for.",
        ),
        _of_difference(
            lambda d: d.square().sum(1) / d.square().sum(1).max(),
            "You divided by the largest score of the batch. Then a score depends on which "
            "other examples happen to be beside it.",
        ),
        Mistake(
            lambda model, x: x.flatten(1).square().sum(1),
            "This is the size of x: the model was not asked. Subtract `model.reconstruct(x)`.",
        ),
        Mistake(
            lambda model, x: (model.reconstruct(x) - x.mean(0)).flatten(1).square().sum(1),
            "You compared the reconstruction with the mean of the batch. Compare it with x.",
        ),
        Mistake(
            lambda model, x: (
                (model.reconstruct(model.reconstruct(x)) - model.reconstruct(x))
                .flatten(1)
                .square()
                .sum(1)
            ),
            "The model is applied twice, and its two answers are compared. Compare the first "
            "with x itself.",
        ),
        Mistake(
            lambda model, x: model.encode(x).square().sum(1),
            "This is the length of the code. A code may be long and its picture quite normal: "
            "compare pictures.",
        ),
    ],
)

anomaly_scores = Exercise(
    solution=solutions.anomaly_scores,
    difficulty=1,
    minutes=5,
    success=(
        "A model that returns x itself gives 0 for everything. One that returns white paper gives "
        "the sum of the squared pixels, about 90 for an MNIST digit."
    ),
    hints=(
        "Draw the whole batch again, subtract what it should have been, square. Which axes are "
        "then too many?",
        "`model.reconstruct(x)` has the shape of x. `.flatten(1)` makes a row of each example, and "
        '`.sum(1)` one number of each row. `hasattr(model, "reconstruct")` says whether there is '
        "such a method; if not, call the model itself.",
    ),
    stages=(*_redrawn.stages, Stage("any other network", _any_other_network)),
)

# --- pick_threshold -------------------------------------------------------------------------------


def _normal_scores(generator: torch.Generator) -> list[tuple[Tensor, float]]:
    """Skewed scores, as errors are; rates that leave a remainder, or are exact in binary."""

    def scores(n: int) -> Tensor:
        return (1.2 * torch.randn(n, generator=generator)).exp()

    ties = torch.tensor([3.0, 1.0, 2.0, 2.0, 2.0, 5.0, 1.0, 2.0])
    return [
        (scores(11).mul(100).round().div(100), 0.2),  # two alarms
        (scores(8), 0.25),  # exactly two
        (scores(30), 0.15),  # four
        (scores(37), 0.05),  # one
        (scores(23), 0.4),  # nine
        (scores(7), 0.1),  # less than one: none
        (scores(5), 0.0),
        (ties, 0.5),
        (torch.tensor([3.0, 1.0, 1.0, 1.0, 1.0, 1.0]), 0.2),  # one alarm, however many values
        (scores(2), 0.3),
        (scores(1001), 0.125),
        (-scores(19), 0.3),  # log-likelihoods, say: a threshold may be negative
    ]


def _at_place(place: Callable[[int, float], float], message: str) -> Mistake:
    """A mistake in which of the sorted scores, counted from the smallest, is taken."""

    def pick(scores: Tensor, false_positive_rate: float) -> float:
        n = len(scores)
        index = max(0, min(n - 1, int(place(n, false_positive_rate))))
        return scores.sort().values[index].item()

    return Mistake(pick, message)


def _quantile(method: str) -> Callable[[Tensor, float], float]:
    return lambda scores, rate: torch.quantile(scores, 1 - rate, interpolation=method).item()


def _not_at_the_threshold(scores: Tensor, rate: float) -> float:
    """The lowest score at or above which there are few enough, or the largest if there is none."""
    enough = [s for s in scores.sort().values if (scores >= s).double().mean() <= rate]
    return min(enough, default=scores.max()).item()


def _infinite_at_rate_zero(scores: Tensor, rate: float) -> float:
    return math.inf if rate == 0 else solutions.pick_threshold(scores, rate)


def _infinite_without_alarms(scores: Tensor, rate: float) -> float:
    return math.inf if int(rate * len(scores)) == 0 else solutions.pick_threshold(scores, rate)


def _of_different_values(scores: Tensor, rate: float) -> float:
    values = scores.unique().flip(0)
    return values[int(rate * len(values))].item()


_QUANTILE = (
    "This is `torch.quantile`, whose places count from 0 to n - 1; where it must fall between two "
    "scores, "
)

pick_threshold = Exercise(
    solution=solutions.pick_threshold,
    difficulty=2,
    minutes=10,
    success=(
        "Of the ten scores 1, 2, ..., 10 and a rate of 0.25 it is 8: 9 and 10 are above it, two of "
        "ten, and a third alarm would be too many."
    ),
    hints=(
        "Sort the scores. How many of them may be above the threshold? It is a whole number; which "
        "way must it be rounded?",
        "With `alarms = int(false_positive_rate * n)` allowed, the threshold is the score that has "
        "just so many above it in the sorted list: `ordered[n - 1 - alarms]`.",
    ),
    stages=Comparison(
        probes=_normal_scores,
        shape=None,
        advice=(
            "Sort the scores and count how many are above your threshold: at most rate · n. Then "
            "try the next lower score: it should allow too many."
        ),
        mistakes=[
            _at_place(
                lambda n, rate: n - int(rate * n),
                "Your threshold is the lowest score that may raise an alarm. An alarm is a score "
                "*above* the threshold, so this one no longer does: take the score below it.",
            ),
            Mistake(
                _not_at_the_threshold,
                "A score *at* your threshold counts as an alarm, `>=`, and so the threshold comes "
                "out too high. An alarm is a score above it: `>`.",
            ),
            Mistake(
                lambda scores, rate: (scores.mean() + 2 * scores.std()).item(),
                "This is the mean plus two standard deviations, whatever the rate. On skewed "
                "scores nobody knows how many alarms that raises: count instead.",
            ),
            Mistake(
                lambda scores, rate: (
                    scores.mean() + scores.std() * torch.special.ndtri(torch.tensor(1 - rate))
                ).item(),
                "This is the quantile of a normal distribution with the mean and deviation of the "
                "scores. Errors are not distributed so: count instead.",
            ),
            Mistake(
                _quantile("linear"),
                f"{_QUANTILE}it invents a number between them, and one alarm too many may be above "
                "it. Count the alarms that are allowed.",
            ),
            Mistake(
                _quantile("lower"),
                f"{_QUANTILE}you take the lower, and one alarm too many may be above it.",
            ),
            Mistake(
                _quantile("higher"),
                f"{_QUANTILE}you take the higher, which may allow one alarm less than it could.",
            ),
            Mistake(
                _quantile("nearest"),
                f"{_QUANTILE}you take the nearest, which is sometimes too high and sometimes too "
                "low.",
            ),
            Mistake(
                lambda scores, rate: torch.quantile(scores, rate).item(),
                "This is the quantile at the wrong end: nearly all normal examples would raise an "
                "alarm. Few should be *above* the threshold.",
            ),
            _at_place(
                lambda n, rate: rate * n,
                "You counted from the smallest score, so that nearly all raise an alarm. Count the "
                "allowed alarms from the largest.",
            ),
            *(
                Mistake(
                    infinite,
                    "Where no alarm is allowed you return infinity. The lowest of the *scores* "
                    "that will do is asked for: above the largest there is none.",
                )
                for infinite in (_infinite_at_rate_zero, _infinite_without_alarms)
            ),
            Mistake(
                _of_different_values,
                "Scores that occur several times are counted once (`unique`). Each is an example, "
                "and would be an alarm: count them all.",
            ),
            _at_place(
                lambda n, rate: n - 2 - int(rate * n),
                "One alarm too many is above your threshold. The largest of n sorted scores is at "
                "place n - 1.",
            ),
            _at_place(
                lambda n, rate: n - 1 - math.ceil(rate * n),
                "The number of alarms is rounded up, and so there are more than the rate allows. "
                "Round it down: `int` or `//`.",
            ),
            _at_place(
                lambda n, rate: n - 1 - round(rate * n),
                "The number of alarms is rounded to the nearest whole number, which may be one too "
                "many. Round it down: `int` or `//`.",
            ),
            Mistake(
                lambda scores, rate: scores.max().item(),
                "The largest score never raises an alarm at all. The rate allows some, and a lower "
                "threshold finds more anomalies.",
            ),
            Mistake(
                lambda scores, rate: scores.median().item(),
                "This is the median, whatever the rate: half of the normal scores are above it.",
            ),
            Mistake(
                lambda scores, rate: scores[len(scores) - 1 - int(rate * len(scores))].item(),
                "The place is right, but the scores are not sorted. `scores.sort().values` is.",
            ),
            Mistake(
                lambda scores, rate: float(int(rate * len(scores))),
                "This is the number of alarms that are allowed. Return the score that has so many "
                "above it.",
            ),
            Mistake(
                lambda scores, rate: float(len(scores) - 1 - int(rate * len(scores))),
                "This is the place of the threshold in the sorted list. Return the score that "
                "stands there.",
            ),
            Mistake(
                lambda scores, rate: (1 - rate) * scores.max().item(),
                "This is a share of the largest score. What is shared out are the examples: so "
                "many of them may be above.",
            ),
            Mistake(
                lambda scores, rate: (
                    scores.min() + (1 - rate) * (scores.max() - scores.min())
                ).item(),
                "This is a share of the range from the smallest to the largest score. What is "
                "shared out are the examples: so many of them may be above.",
            ),
            *(
                _at_place(
                    lambda n, rate, fixed=fixed: n - 1 - int(fixed * n),
                    "The rate that was handed over is ignored: there is a fixed one in your code. "
                    "Use `false_positive_rate`.",
                )
                for fixed in (0.01, 0.05, 0.1)
            ),
        ],
    ).stages,
)

# --- auroc ----------------------------------------------------------------------------------------


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

auroc = Exercise(
    solution=solutions.auroc,
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
                    lambda scores, labels, decimals=decimals: solutions.auroc(
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
                "section 8; here pairs are counted.",
            ),
            Mistake(
                _average_precision,
                "This is the average precision, the area under another curve (section 8).",
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
            Mistake(
                lambda scores, labels: (
                    ((scores > scores.mean()).long() == labels).double().mean().item()
                ),
                "This is the accuracy with the mean as threshold. The AUROC needs no threshold.",
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
