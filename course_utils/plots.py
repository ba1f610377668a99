"""Tensors in, matplotlib Axes out, in one style that works for the colour-blind and in print.

Every function draws on the `ax` (or figure) it is given, or makes its own. Nothing here trains,
and nothing calls plt.show(): a lesson ends a figure with `show(fig, alt="...")`.
"""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

# Okabe & Ito's palette, "Color Universal Design", 2008: distinct for every kind of colour vision.
BLUE, VERMILION, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
PINK, SKY, INK = "#CC79A7", "#56B4E9", "#222222"
COLOURS = (BLUE, VERMILION, GREEN, ORANGE, PINK, SKY, INK)
MARKERS = "osD^vPXh"

STYLE = {
    "axes.prop_cycle": matplotlib.cycler(color=COLOURS),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#888888",
    "axes.labelcolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 12,
    "axes.labelsize": 11,
    "axes.grid": True,
    "grid.color": "#E8E8E8",
    "axes.axisbelow": True,
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "lines.linewidth": 2,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "savefig.dpi": 110,
}

PAPER = "gray_r"  # digits are ink on paper: 0 is white, 1 is black
LEFT_OF_ROW = {"ha": "right", "va": "center", "fontsize": 10}
BELOW_IMAGE = {"ha": "center", "va": "top", "fontsize": 9}


def figure(rows: int = 1, columns: int = 1, *, width: float = 7.5, height: float = 4.0) -> Any:
    """A figure in the course's style and its Axes: one, or an array of them (size in inches)."""
    with matplotlib.rc_context(STYLE):
        fig = Figure(figsize=(width, height), layout="constrained")
        return fig, fig.subplots(rows, columns)


def show(drawing: Figure | Axes, alt: str) -> None:
    """Display a figure in the notebook, with a sentence for those who cannot see it.

    Raises:
        ValueError: if alt is empty.
    """
    from IPython.display import display

    if not alt.strip():
        raise ValueError("alt is empty; describe in one sentence what the figure shows")
    fig = drawing if isinstance(drawing, Figure) else drawing.figure
    png = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        fig.savefig(png, format="png")
    display(
        {"image/png": png.getvalue(), "text/plain": f"Figure: {alt}"},
        metadata={"image/png": {"alt": alt}},
        raw=True,
    )


def images(
    rows: Mapping[str, Float[Tensor, "columns 1 height width"]],
    *,
    captions: Mapping[str, Sequence[str]] | None = None,
    limits: tuple[float, float] | None = (0.0, 1.0),
    size: float = 0.8,
) -> Figure:
    """Rows of small images, each row with its name on the left.

    Args:
        rows: name of the row → its images, as many in each row.
        captions: name of the row → a short text under each of its images, such as an error.
        limits: the values drawn white and black; None spreads each image over the whole range,
            with zero in the middle and a diverging colour map (for what has a sign).
        size: width of one image, in inches.
    """
    columns = max(len(row) for row in rows.values())
    captions = captions or {}
    # Everything is laid out in inches, so that an image is as large in one figure as in the next.
    margin = 0.25 + 0.085 * max(len(line) for name in rows for line in name.split("\n"))
    heights = [size + (0.22 if name in captions else 0.06) for name in rows]
    width, height = margin + columns * size, sum(heights)
    with matplotlib.rc_context(STYLE):
        fig = Figure(figsize=(width, height))
        top = height
        for (name, row), row_height in zip(rows.items(), heights, strict=True):
            bottom = top - size
            fig.text((margin - 0.12) / width, (bottom + size / 2) / height, name, **LEFT_OF_ROW)
            for i, image in enumerate(row):
                left = margin + i * size
                box = [left / width, bottom / height, 0.94 * size / width, 0.94 * size / height]
                _image(fig.add_axes(box), image, limits)
                if name in captions:
                    middle = (left + 0.47 * size) / width
                    fig.text(middle, (bottom - 0.03) / height, captions[name][i], **BELOW_IMAGE)
            top -= row_height
    return fig


def _image(ax: Axes, image: Tensor, limits: tuple[float, float] | None) -> None:
    ax.set_axis_off()
    pixels = image.detach().cpu().squeeze(0).numpy()  # matplotlib warns about tensors
    if limits is None:
        reach = abs(pixels).max() or 1.0
        ax.imshow(pixels, cmap="RdBu", vmin=-reach, vmax=reach)
    else:
        ax.imshow(pixels, cmap=PAPER, vmin=limits[0], vmax=limits[1])


def lines(
    curves: Mapping[str, tuple[Any, Any]],
    *,
    xlabel: str,
    ylabel: str,
    ax: Axes | None = None,
    markers: bool = False,
) -> Axes:
    """Curves in colours and, if wanted, markers of their own, named in a legend.

    Args:
        curves: name → (x values, y values).
        xlabel, ylabel: what the axes measure, with the unit.
        markers: also draw each point, in a shape of its own for each curve.
    """
    ax = figure()[1] if ax is None else ax
    for number, (name, (x, y)) in enumerate(curves.items()):
        marker = MARKERS[number % len(MARKERS)] if markers else None
        ax.plot(torch.as_tensor(x), torch.as_tensor(y), marker=marker, label=name)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend(frameon=False)
    return ax


def training_curves(history: Any, *, ax: Axes | None = None) -> Axes:
    """Every term of a `History` by epoch; validation terms are drawn with a dashed line."""
    ax = figure()[1] if ax is None else ax
    colours: dict[str, str] = {}
    for name, values in history.terms.items():
        term = name.removeprefix("val_")
        colour = colours.setdefault(term, COLOURS[len(colours) % len(COLOURS)])
        dashes = "--" if name.startswith("val_") else "-"
        ax.plot(range(1, len(values) + 1), values, dashes, color=colour, label=name)
    ax.set(xlabel="epoch", ylabel="mean per example")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend(frameon=False)
    return ax
