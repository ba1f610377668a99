"""`move_threshold`: a threshold on scores, and what it costs."""

import math

import ipywidgets
import matplotlib
import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from torch import Tensor

from course_utils import plots
from course_utils.plots import BLUE, GREEN, INK, ORANGE, PALE, STYLE, VERMILION
from course_utils.widgets import panel
from course_utils.widgets.knobs.controls import redrawn, slider
from course_utils.widgets.knobs.moving import Move, Moving
from course_utils.widgets.panel import Panel, Picture
from course_utils.widgets.views import require_tensor


def threshold_and_rates(
    normal: Float[Tensor, " n"],
    anomalous: Float[Tensor, " m"],
    *,
    names: tuple[str, str] = ("normal", "anomalies"),
    bins: int = 60,
) -> tuple[Figure, Move]:
    """Two histograms of scores with a threshold, what it costs, and the ROC curve with its point.

    The cost is that of an example on average, in units of what it would be without a detector
    (never an alarm, or always one, whichever is cheaper): below 1 the detector is worth having.
    The axis of the scores leaves out a long tail (`score_range`), which the last bar holds.

    Args:
        normal, anomalous: scores, higher is stranger.
        names: what the two groups are called.

    Returns:
        The figure without threshold, cost and point, and `move(threshold, share, miss)`, which
        draws them: share of the examples are anomalies, of which one missed costs as much as
        `miss` false alarms.
    """
    low, high = score_range(normal, anomalous)
    lines = torch.linspace(low, high, 401, dtype=normal.dtype)
    alarms, found = (_above(scores, lines) for scores in (normal, anomalous))
    every = torch.cat([normal, anomalous]).unique().flip(0)
    beyond = (normal > high).any() or (anomalous > high).any()

    fig, axes = plots.figure(2, 2, width=9.6, height=4.4)
    grid = axes[0, 1].get_gridspec()
    for ax in axes[:, 1]:
        ax.remove()
    with matplotlib.rc_context(STYLE):
        roc, (top, bottom) = fig.add_subplot(grid[:, 1]), axes[:, 0]
        roc.plot(_above(normal, every), _above(anomalous, every), color=GREEN)
        roc.plot([0, 1], [0, 1], color=PALE, linewidth=1, linestyle="--")
        roc.set(xlabel=f"false alarms: share of {names[0]}", ylabel=f"found: share of {names[1]}")
        roc.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
        (point,) = roc.plot([], [], "o", color=INK, markersize=10)
        edges = np.linspace(low, high, bins + 1)
        groups = zip((normal, anomalous), names, (BLUE, VERMILION), strict=True)
        for scores, name, colour in groups:
            inside = scores.clamp(low, high).numpy()
            weights = np.full(len(inside), 1 / len(inside))
            top.hist(inside, edges, weights=weights, color=colour, alpha=0.6, label=name)
        top.set(ylabel="share of its group", xlim=(low, high), xticklabels=[])
        top.legend(frameon=False, loc="best")
        words = "score (the last bar: and beyond)" if beyond else "score"
        bottom.set(xlabel=words, ylabel="cost (without = 1)", xlim=(low, high), ylim=(0, 1.3))
        bottom.axhline(1, color="#888888", linewidth=1, linestyle="--")
        note = {"ha": "right", "va": "top", "fontsize": 9, "color": "#555555"}
        words = "dashed: never an alarm, or always"
        bottom.text(0.99, 0.96, words, transform=bottom.transAxes, **note)
        (curve,) = bottom.plot([], [], color=ORANGE)
        (here,) = bottom.plot([], [], "o", color=INK, markersize=8)
        both = [ax.axvline(low, color=INK, linewidth=1.5) for ax in (top, bottom)]

    def cost(alarms: Tensor, found: Tensor, share: float, miss: float) -> Tensor:
        without = min(share * miss, 1 - share)
        return (share * miss * (1 - found) + (1 - share) * alarms) / without

    def move(threshold: float, share: float, miss: float) -> list[Artist]:
        for line in both:
            line.set_xdata([threshold, threshold])
        curve.set_data(lines, cost(alarms, found, share, miss))
        at = torch.tensor([threshold], dtype=normal.dtype)
        rates = _above(normal, at), _above(anomalous, at)
        point.set_data(*rates)
        here.set_data(at, cost(*rates, share, miss))
        return [*both, curve, here, point]

    return fig, move


def score_range(normal: Float[Tensor, " n"], anomalous: Float[Tensor, " m"]) -> tuple[float, float]:
    """From below the lowest score to the highest, or to the end of the crowd if a tail follows.

    The crowd is 97 in 100 of either group; a tail is long if it takes more room than the crowd.
    """
    low = min(normal.min(), anomalous.min()).item()
    ends = [scores.sort().values[int(0.97 * (len(scores) - 1))] for scores in (normal, anomalous)]
    crowd, high = max(ends).item(), max(normal.max(), anomalous.max()).item()
    high = high if high - low <= 2 * (crowd - low) else crowd
    high = high if high > low else low + 1.0  # all scores are one
    return low - 0.01 * (high - low), high


def _above(scores: Tensor, thresholds: Tensor) -> Tensor:
    """The share of the scores above each threshold."""
    not_above = torch.searchsorted(scores.sort().values, thresholds, side="right")
    return 1 - not_above.double() / len(scores)


SHARES = [(f"{share:.1%}", share) for share in (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.9)]
PRICES = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
MISSES = [(f"{m:g} false alarm{'s' if m > 1 else ''}", m) for m in PRICES]


def move_threshold(
    scores: Float[Tensor, " n"],
    labels: Int[Tensor, " n"] | Bool[Tensor, " n"],
    names: tuple[str, str] = ("normal", "anomalies"),
    *,
    start: float | None = None,
) -> Panel:
    """The threshold of a detector under a slider: histograms, ROC curve, precision, and cost.

    Two more sliders say how rare anomalies are and what a missed one costs, in false alarms. A
    line through the histograms and a point on the ROC curve move with the threshold; below the
    histograms is the cost of an example, in units of what it would be without a detector (never an
    alarm, or always one, whichever is cheaper). An alarm is a score above the threshold.

        move_threshold(errors, images.test_labels != 8, ("8s", "others"))

    Args:
        scores: higher is stranger.
        labels: 1 or True for anomalies, 0 or False for normal examples; both must occur.
        names: what normal examples and anomalies are called.
        start: the threshold to begin with; None for the middle of the axis.

    Returns:
        The view; as the last line of a cell, it is drawn. It needs a running kernel.

    Raises:
        ValueError: if scores and labels differ in length, a score is no finite number, labels are
            of one kind or of other values, names are not two, or start is no number.
    """
    pair = isinstance(names, tuple | list) and len(names) == 2
    if not pair or not all(isinstance(name, str) for name in names):
        raise ValueError(
            f"names is {names!r}; expected two strings, what normal examples and anomalies are "
            "called, such as ('8s', 'others')"
        )
    normal, anomalous = _two_groups(scores, labels)
    low, high = score_range(normal, anomalous)
    line = slider(ipywidgets.FloatSlider, "threshold", min=low, max=high, step=(high - low) / 200)
    line.readout_format = ".4g"
    line.value = (low + high) / 2 if start is None else _number_within(start, low, high)
    share = slider(ipywidgets.SelectionSlider, "anomalies", options=SHARES, value=0.1)
    miss = slider(ipywidgets.SelectionSlider, "a miss costs", options=MISSES, value=10.0)
    fig, move = threshold_and_rates(normal, anomalous, names=names)
    moving = Moving(fig, move, line.value, share.value, miss.value)
    picture, caption = Picture(), ipywidgets.HTML()

    def draw(_change: object = None) -> None:
        picture.value = moving.png(line.value, share.value, miss.value)
        false, right = (
            (group > line.value).double().mean().item() for group in (normal, anomalous)
        )
        lines = _consequences(false, right, share.value, miss.value, names)
        picture.tooltip = f"Threshold {line.value:.4g}; " + "; ".join(lines)
        caption.value = panel.text(lines)

    return redrawn([line, share, miss], [picture, caption], draw)


def _number_within(start: float, low: float, high: float) -> float:
    """The threshold to begin with, on the axis: the slider goes no further."""
    if isinstance(start, bool) or not isinstance(start, int | float) or not math.isfinite(start):
        raise ValueError(f"start is {start!r}; expected a threshold, a finite number, or None")
    return min(max(start, low), high)


def _two_groups(scores: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The scores of the normal examples, and those of the anomalies."""
    scores, labels = require_tensor("scores", scores), require_tensor("labels", labels)
    if scores.ndim != 1 or scores.shape != labels.shape:
        raise ValueError(
            f"scores has shape {tuple(scores.shape)}, labels {tuple(labels.shape)}; expected a "
            "score and a label for each example, (n,) both"
        )
    strange = int((~scores.isfinite()).sum())
    if strange:
        raise ValueError(
            f"{strange} scores are not finite; expected a finite score for each example: with "
            "some = scores.isfinite() give scores[some], labels[some]"
        )
    kinds = labels.unique().tolist()
    if kinds != [0, 1]:
        held = ", ".join(f"{kind:g}" for kind in kinds[:5]) + (", …" if len(kinds) > 5 else "")
        if kinds == [-1, 1]:
            way_out = "of scikit-learn's labels, labels == -1"
        elif len(kinds) > 2:
            way_out = "labels must be 1 for anomalies: labels != 8, if 8 is the normal class"
        else:
            way_out = "both at least once"
        raise ValueError(
            f"labels hold [{held}]; expected 0 for normal examples and 1 for anomalies; {way_out}"
        )
    scores, strange = scores.detach().double().cpu(), labels.bool().cpu()
    return scores[~strange], scores[strange]


def _consequences(
    false: float, found: float, share: float, miss: float, names: tuple[str, str]
) -> list[str]:
    """What a threshold means, in three lines."""
    alarms = share * found + (1 - share) * false
    cost = share * miss * (1 - found) + (1 - share) * false
    without = min(share * miss, 1 - share)
    precision = "no alarm at all" if alarms == 0 else f"{share * found / alarms:.1%} are right"
    return [
        f"alarms: {false:.1%} of {names[0]} (false alarms), {found:.1%} of {names[1]} (found)",
        f"if {share:.1%} of all examples are {names[1]}: of the alarms {precision}",
        f"cost per example {cost:.4f} false alarms; without a detector {without:.4f}",
    ]
