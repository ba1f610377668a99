"""Figures of which a part moves: a knob draws that part anew, and keeps the rest.

Each function returns a figure in which all that stands still is drawn, and `move`, which changes
what moves and returns the artists that it has changed, always the same ones, in the order in which
they are to be drawn. `Moving` makes pictures of the two: in a few milliseconds, where a whole
figure takes a tenth of a second and more.
"""

from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import Any

import matplotlib
import numpy as np
import torch
from jaxtyping import Float
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from course_utils import plots
from course_utils.plots import (
    BELOW_IMAGE,
    BLUE,
    DPI,
    GAP,
    GREEN,
    INK,
    LEFT_OF_ROW,
    ORANGE,
    PAPER,
    STYLE,
    VERMILION,
)

PALE = "#C9C9C9"  # what is there and does not count
ADDED = 0.5  # ink that is drawn in the full blue or red; the same in all pictures

Move = Callable[..., list[Artist]]


class Moving:
    """A figure and its `move`: what stands still is drawn once, and kept.

    Args:
        fig, move: what a function of this module returns.
        start: what `move` is given to begin with.
    """

    def __init__(self, fig: Figure, move: Move, *start: Any) -> None:
        self._fig, self._move, self._canvas = fig, move, FigureCanvasAgg(fig)
        with matplotlib.rc_context(STYLE):
            self._canvas.draw()  # now everything has its place
            fig.set_layout_engine("none")
            for artist in move(*start):
                artist.set_animated(True)
            self._canvas.draw()
        self._ground = self._canvas.copy_from_bbox(fig.bbox)

    def png(self, *state: Any) -> bytes:
        """The figure with its moving part in this state, as the bytes of a PNG file."""
        with matplotlib.rc_context(STYLE):
            artists = self._move(*state)
            self._canvas.restore_region(self._ground)
            for artist in artists:
                self._fig.draw_artist(artist)
        file = BytesIO()
        picture = Image.fromarray(np.asarray(self._canvas.buffer_rgba())).convert("RGB")
        picture.save(file, "png", compress_level=1)
        return file.getvalue()


def areas(
    z: Float[Tensor, " n"], log_q: Float[Tensor, " n"], log_p: Float[Tensor, " n"]
) -> tuple[Figure, Move]:
    """`plots.kl_areas`, and `move(log_q)`, which draws another q in it."""
    fig = plots.kl_areas(z, log_q, log_p)
    fig.get_layout_engine().set(w_pad=0.12)  # room for longer numbers beside the axes, in inches
    density, *both = fig.axes
    names = [ax.get_title().split(" = ")[0] for ax in both]
    seen = z.abs() < 6.1  # beyond what is drawn, too, the areas count

    def move(log_q: Tensor) -> list[Artist]:
        q, p = log_q.exp(), log_p.exp()
        density.lines[0].set_ydata(q)
        density.set_ylim(0, 1.05 * max(q.max().item(), p.max().item()))
        moved = [density.yaxis, *density.lines]
        integrands = torch.stack([q * (log_q - log_p), p * (log_p - log_q)])
        low, high = integrands.aminmax()
        both[0].set_ylim(1.05 * low.item() - 0.01, 1.05 * high.item() + 0.01)
        for ax, name, integrand in zip(both, names, integrands, strict=True):
            above, below = ax.collections
            above.set_data(z[seen], integrand[seen].clamp(min=0), 0)
            below.set_data(z[seen], integrand[seen].clamp(max=0), 0)
            nats = torch.trapezoid(integrand, z).item()
            ax.title.set_text(f"{name} = {nats:.3f} nats")
            moved += [ax.yaxis, *ax.collections, ax.title]
        return moved

    return fig, move


def throws(epsilon: Float[Tensor, " n"], mu: float, sigma: float) -> tuple[Figure, Move]:
    """`plots.moved_throws`, and `move(mu, sigma)`, which moves and spreads the codes in it."""
    fig = plots.moved_throws(epsilon, mu, sigma)
    (ax,) = fig.axes
    *joins, _, codes = ax.lines
    (hill,) = ax.collections
    x = torch.linspace(-6, 6, 601)

    def move(mu: float, sigma: float) -> list[Artist]:
        z = mu + sigma * epsilon
        for join, start, end in zip(joins, epsilon.tolist(), z.tolist(), strict=True):
            join.set_xdata([start, end])
        codes.set_xdata(z)
        hill.set_data(x, 1, 1 + 0.7 * torch.exp(-0.5 * ((x - mu) / sigma) ** 2))
        return [hill, *ax.lines]

    return fig, move


def largest_kept(
    names: Sequence[str], original: Float[Tensor, "1 height width"], *, magnify: int = 5
) -> tuple[Figure, Move]:
    """Pictures drawn from the largest numbers of their codes, a column for each of several models.

    In each column from above: the picture drawn, what the last number kept has added to it (blue
    adds ink, red takes it away), and the code, largest number first, with those kept in colour.

    Args:
        names: what the models are called, one for each column.
        original: gives the size of the pictures; drawn in the column at the left.
        magnify: pixels of the screen for one pixel of the images, each way.

    Returns:
        The figure without its columns, and `move(original, columns)`, which draws them: `columns`
        has for each model (drawn, added, sizes, kept, text): two pictures, the numbers of the code
        by magnitude, falling, how many of them are kept, and a line below the picture.
    """
    tall, wide = (magnify * side for side in original.shape[-2:])
    left, gap, top, line, chart = 116, 22, 30, 28, 110
    width = left + (1 + len(names)) * (wide + gap)
    height = top + 2 * (tall + line) + chart + 50
    with matplotlib.rc_context(STYLE):
        fig = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)

        def box(column: int, below: int, high: int) -> Axes:
            x = left + column * (wide + gap)
            return fig.add_axes(
                (x / width, (height - below - high) / height, wide / width, high / height)
            )

        def text(x: float | int, below: float | int, words: str, **options: Any) -> Artist:
            return fig.text(x / width, 1 - below / height, words, **options)

        def framed(column: int, below: int, **options: Any) -> Artist:
            ax = box(column, below, tall)
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set(visible=True, color=PALE)
            blank = np.zeros(original.shape[-2:])
            return ax.imshow(blank, interpolation="nearest", **options)

        second, third = top + tall + line, top + 2 * (tall + line)
        rows = {"drawn from\nthe largest": top, "what the last\none adds": second}
        for words, below in rows.items():
            text(left - 12, below + tall / 2, words, **LEFT_OF_ROW)
        text(left - 12, third + chart / 2, "the code,\nlargest first", **LEFT_OF_ROW)
        ink = {"cmap": PAPER, "vmin": 0, "vmax": 1}
        change = {"cmap": "RdBu", "vmin": -ADDED, "vmax": ADDED}
        for column, name in enumerate(["original", *names]):
            middle = left + column * (wide + gap) + wide / 2
            text(middle, top - 8, name, ha="center", va="bottom", fontsize=11)
        shown = framed(0, top, **ink)
        parts = []
        for column in range(1, 1 + len(names)):
            middle = left + column * (wide + gap) + wide / 2
            ax = box(column, third, chart)
            ax.set(xlabel="rank", yticks=[])
            ax.grid(visible=False)
            ax.xaxis.get_major_locator().set_params(integer=True, nbins=4)
            drawn, added = framed(column, top, **ink), framed(column, second, **change)
            below = text(middle, top + tall + 5, " ", **BELOW_IMAGE)
            rest, kept = (ax.stairs([0], color=colour, fill=True) for colour in (PALE, BLUE))
            parts.append((ax, drawn, added, below, rest, kept))

    def move(original: Tensor, columns: Sequence[tuple]) -> list[Artist]:
        shown.set_data(original.squeeze(0).numpy())
        moved = [shown]
        for (ax, *artists), column in zip(parts, columns, strict=True):
            drawn, added, below, rest, kept = artists
            image, part, sizes, count, words = column
            drawn.set_data(image.squeeze(0).numpy())
            added.set_data(part.squeeze(0).numpy())
            below.set_text(words)
            # On a scale of their own: what matters is how fast the numbers fall.
            share = (sizes / (sizes.max().item() or 1.0)).numpy()
            edges = 0.5 + np.arange(1 + len(share))
            ax.set(xlim=(0, len(share) + 1), ylim=(0, 1.05))
            rest.set_data(share, edges)
            kept.set_data(share[:count], edges[: len(share[:count]) + 1])
            moved += artists
        return moved

    return fig, move


def price_and_pictures(
    rows: Sequence[str],
    rates: Mapping[float | int, float],
    distortions: Mapping[float | int, float],
    originals: Float[Tensor, "columns 1 height width"],
    *,
    magnify: int = 3,
) -> tuple[Figure, Move]:
    """Rows of pictures beside the curve of rate and distortion, with a ring where they come from.

    Args:
        rows: the names of the rows below the originals.
        rates, distortions: for each price β, in nats.
        originals: the row at the top.
        magnify: pixels of the screen for one pixel of the images, each way.

    Returns:
        The figure without those rows and the ring, and `move(beta, pictures)`, which draws them:
        pictures has for each row (columns, 1, height, width) and a name in place of its own, or
        None.
    """
    tall, wide = (magnify * side for side in originals.shape[-2:])
    columns, left, right = len(originals), 130, 400
    width = left + columns * (wide + GAP) + right
    height = 8 + (1 + len(rows)) * (tall + GAP)
    with matplotlib.rc_context(STYLE):
        fig = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)
        names, shown = [], []
        for row, name in enumerate(["test digits", *rows]):
            y = height - 8 - row * (tall + GAP) - tall
            place = ((left - 12) / width, (y + tall / 2) / height)
            names.append(fig.text(*place, name, **LEFT_OF_ROW))
            for column, original in enumerate(originals):
                x = left + column * (wide + GAP)
                ax = fig.add_axes((x / width, y / height, wide / width, tall / height))
                ax.set_axis_off()
                paper = {"cmap": PAPER, "vmin": 0, "vmax": 1, "interpolation": "nearest"}
                shown.append(ax.imshow(original.squeeze(0).numpy(), **paper))
        room = (left + columns * (wide + GAP) + 86) / width, 52 / height
        ax = fig.add_axes((*room, (right - 96) / width, 1 - room[1] - 12 / height))
        places = [(rates[beta], distortions[beta]) for beta in sorted(rates)]
        ax.plot(*zip(*places, strict=True), "o-", color=BLUE)
        for beta, place in zip(sorted(rates), places, strict=True):
            ax.annotate(f"{beta:g}", place, (7, 6), textcoords="offset points", fontsize=10)
        ax.margins(0.12)
        ax.set(xlabel="rate R, nats", ylabel="distortion D, nats")
        ax.text(0.98, 0.96, "beside each point: β", transform=ax.transAxes, ha="right", va="top")
        (ring,) = ax.plot([], [], "o", markersize=15, mfc="none", mec=VERMILION, mew=2.5)
    own, moving = dict(zip(rows, names[1:], strict=True)), shown[columns:]

    def move(beta: float | int, pictures: Mapping[str, tuple[Tensor, str | None]]) -> list[Artist]:
        ring.set_data([rates[beta]], [distortions[beta]])
        images = torch.cat([pictures[row][0] for row in rows])
        for artist, image in zip(moving, images, strict=True):
            artist.set_data(image.squeeze(0).numpy())
        for row, text in own.items():
            text.set_text(pictures[row][1] or row)
        return [ring, *moving, *own.values()]

    return fig, move


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
        top.legend(frameon=False)
        words = "score (the last bar: and beyond)" if beyond else "score"
        bottom.set(xlabel=words, ylabel="cost", xlim=(low, high), ylim=(0, 2.05))
        bottom.axhline(1, color="#888888", linewidth=1, linestyle="--")
        note = {"ha": "right", "va": "top", "fontsize": 9, "color": "#555555"}
        bottom.text(0.99, 0.96, "dashed: without a detector", transform=bottom.transAxes, **note)
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
