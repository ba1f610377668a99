"""Reference solutions of lesson 13: from a reconstruction to a decision."""

from jaxtyping import Float, Int
from torch import Tensor, nn


def anomaly_scores(model: nn.Module, x: Float[Tensor, "n *features"]) -> Float[Tensor, " n"]:
    """How badly the model draws each example again: higher is stranger.

    The score of an example is the squared error of its reconstruction, summed over all features. A
    model of this course gives the reconstruction of a whole batch, shaped as x, by
    model.reconstruct(x); any other network by model(x).
    """
    draw_again = getattr(model, "reconstruct", model)
    return ((draw_again(x) - x) ** 2).flatten(start_dim=1).sum(dim=1)


def pick_threshold(scores: Float[Tensor, " n"], false_positive_rate: float) -> float:
    """The lowest of the scores that, as a threshold, raises few enough false alarms.

    The scores are those of n examples known to be normal, and an alarm is a score *above* the
    threshold. At most the share false_positive_rate of the n scores may be above it; the rate is
    from 0, no alarm at all, to less than 1.
    """
    ordered = scores.sort().values
    # The tiny number undoes rounding: 0.29 * 100 is 28.999999999999996, and 29 alarms are allowed.
    alarms = int(false_positive_rate * len(scores) + 1e-9)
    return ordered[len(scores) - 1 - alarms].item()


def auroc(scores: Float[Tensor, " n"], labels: Int[Tensor, " n"]) -> float:
    """The share of pairs, one anomaly and one normal example, in which the anomaly scores higher.

    All pairs count, whatever their order; in a tie the pair counts one half. Labels are 1 for
    anomalies and 0 for normal examples, both at least once. The result is from 0 to 1.
    """
    anomalous, normal = scores[labels == 1], scores[labels == 0]
    difference = anomalous[:, None] - normal[None, :]  # one row for each anomaly
    return ((difference > 0).double() + 0.5 * (difference == 0)).mean().item()
