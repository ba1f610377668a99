"""Tensors in, matplotlib Axes out, in one style that works for the colour-blind and in print.

Every function draws on the `ax` (or figure) it is given, or makes its own. Nothing here trains,
and nothing calls plt.show(): a lesson ends a figure with `show(fig, alt="...")`.
"""

import base64
import io
import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import matplotlib
import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image
from torch import Tensor

from course_utils._drawn import array, few_colours, gif, in_colour, light, pictures_of
from course_utils._named import a
from course_utils._numbers import whole

# Okabe & Ito's palette, "Color Universal Design", 2008: distinct for every kind of colour vision.
BLUE, VERMILION, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
PINK, SKY, INK = "#CC79A7", "#56B4E9", "#222222"
PALE = "#C9C9C9"  # what is there and does not count
COLOURS = (BLUE, VERMILION, GREEN, ORANGE, PINK, SKY, INK)
DIGIT_COLOURS = (*COLOURS, "#8B5E3C", "#7A7A00", "#6A3D9A")  # three more, for ten classes
MARKERS = "osD^vPXh"

DPI = 110

Array = Tensor | np.ndarray

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
    "figure.dpi": DPI,
}

PAPER = "gray_r"  # digits are ink on paper: 0 is white, 1 is black
GAP, CAPTION = 7, 28  # pixels between images, and below an image for its caption
SHEET_GAP = 3  # pixels between the images of a sheet
LEFT_OF_ROW = {"ha": "right", "va": "center", "fontsize": 10}
BELOW_IMAGE = {"ha": "center", "va": "top", "fontsize": 9}
FRAME = {"fill": False, "edgecolor": "#888888", "linewidth": 72 / DPI, "snap": False}  # a pixel


def figure(rows: int = 1, columns: int = 1, *, width: float = 7.5, height: float = 4.0) -> Any:
    """A figure in the course's style and its Axes: one, or an array of them (size in inches)."""
    with matplotlib.rc_context(STYLE):
        fig = Figure(figsize=(width, height), layout="constrained")
        return fig, fig.subplots(rows, columns)


def show(drawing: Figure | Axes, alt: str) -> None:
    """Display a figure in the notebook, with a sentence for those who cannot see it.

    Raises:
        ValueError: if alt is empty, or drawing is none.
    """
    from IPython.display import display

    _require_alt(alt)
    if not hasattr(drawing, "figure"):
        raise ValueError(f"drawing is {a(type(drawing).__name__)}; expected a figure, or its axes")
    picture = png(drawing if isinstance(drawing, Figure) else drawing.figure)
    # JupyterLab and its export give a PNG no alternative text, whatever its metadata say, and show
    # the HTML instead; other readers take the PNG.
    source = base64.b64encode(picture).decode()
    html = f'<img alt="{escape(alt)}" src="data:image/png;base64,{source}">'
    display(
        {"image/png": picture, "text/html": html, "text/plain": f"Figure: {alt}"},
        metadata={"image/png": {"alt": alt}},
        raw=True,
    )


def images(
    rows: Mapping[str, Float[Array, "columns channels height width"]],
    *,
    captions: Mapping[str, Sequence[str]] | None = None,
    limits: tuple[float, float] | None = (0.0, 1.0),
    magnify: int = 3,
    frames: bool = False,
) -> Figure:
    """Rows of small images, each row with its name on the left.

    Args:
        rows: name of the row → its images, in grey (1 channel) or in colour (3).
        captions: name of the row → a short text under each of its images, such as an error.
        limits: the values drawn white and black, in colour those of no light and of all of it; None
            spreads each image over the whole range, with zero in the middle: of a diverging colour
            map, in colour of each colour's light (for what has a sign).
        magnify: pixels of the screen for one pixel of the images, each way.
        frames: whether there is a line around each image, so that an empty one is seen.

    Raises:
        ValueError: unless each row is a batch of images in grey or colour, as a tensor, an array or
            a list.
    """
    captions = captions or {}
    if not isinstance(rows, Mapping) or not rows:
        found = "empty" if isinstance(rows, Mapping) else a(type(rows).__name__)
        raise ValueError(f'rows is {found}; expected rows by name: {{"digits": x[:8]}}')
    rows = {name: pictures_of(f"the row {name!r}", row, limits) for name, row in rows.items()}
    # Laid out in whole pixels of the screen, so that every pixel of an image is the same square.
    sides = {name: [magnify * side for side in row.shape[1:3]] for name, row in rows.items()}
    margin = 30 + 9 * max(len(line) for name in rows for line in name.split("\n"))
    width = margin + max(len(row) * (sides[name][1] + GAP) for name, row in rows.items())
    height = sum(tall + (CAPTION if captions.get(n) else GAP) for n, (tall, _) in sides.items())
    with matplotlib.rc_context(STYLE):
        fig, ax = _canvas(width, height)
        y = height
        for name, row in rows.items():
            (tall, wide), texts = sides[name], captions.get(name)
            y -= tall
            fig.text((margin - 12) / width, (y + tall / 2) / height, name, **LEFT_OF_ROW)
            for i, image in enumerate(row):
                x = margin + i * (wide + GAP)
                _image(ax, image, limits, (x, x + wide, y, y + tall))
                if frames:
                    ax.add_patch(Rectangle((x + 0.5, y + 0.5), wide - 1, tall - 1, **FRAME))
                if texts:
                    fig.text((x + wide / 2) / width, (y - 5) / height, texts[i], **BELOW_IMAGE)
            y -= CAPTION if texts else GAP
    return fig


def _canvas(width: int, height: int) -> tuple[Figure, Axes]:
    """A figure of so many pixels, and Axes that count them: quicker than Axes for each image."""
    fig = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)
    ax = fig.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(0, height))
    ax.set_axis_off()
    return fig, ax


def sheet(
    pictures: Float[Array, "n channels height width"],
    *,
    columns: int,
    limits: tuple[float, float] | None = (0.0, 1.0),
    magnify: int = 2,
) -> Figure:
    """Many small pictures side by side, row after row, such as filters or a grid of samples.

    Args:
        pictures: drawn from left to right, then in the next row.
        columns: how many there are in a row.
        limits, magnify: as in `images`.

    Raises:
        ValueError: unless these are pictures in grey or colour, and columns is 1 or more.
    """
    pictures = pictures_of("pictures", pictures, limits)
    columns = whole("columns", columns)
    rows = math.ceil(len(pictures) / columns)
    tall, wide = (magnify * side + SHEET_GAP for side in pictures.shape[1:3])
    width, height = columns * wide + SHEET_GAP, rows * tall + SHEET_GAP
    with matplotlib.rc_context(STYLE):
        fig, ax = _canvas(width, height)
        for number, picture in enumerate(pictures):
            row, column = divmod(number, columns)
            x, y = SHEET_GAP + column * wide, height - (row + 1) * tall
            place = (x, x + wide - SHEET_GAP, y, y + tall - SHEET_GAP)
            _image(ax, picture, limits, place)
    return fig


def code_map(
    codes: Float[Array, "n 2"], labels: Int[Array, " n"], *, ax: Axes | None = None
) -> Axes:
    """Where each image has its place on a map of two numbers: its digit is drawn there.

    The digit says the class to those who cannot tell the colours apart.

    Raises:
        ValueError: unless there are two numbers and one label for each image.
    """
    ax = figure(height=6.0)[1] if ax is None else ax
    xy, classes = array("codes", codes), array("labels", labels)
    if xy.ndim != 2 or xy.shape[1] != 2 or classes.shape != xy.shape[:1]:
        raise ValueError(
            f"codes has shape {xy.shape} and labels {classes.shape}; expected (n, 2) and (n,): two "
            "numbers and one label for each image"
        )
    for digit in range(10):
        x, y = xy[classes == digit].T
        ax.scatter(x, y, s=26, marker=f"${digit}$", color=DIGIT_COLOURS[digit], linewidths=0.3)
    ax.set_aspect("equal")
    return ax


def tiles(
    pictures: Float[Array, "n 1 height width"],
    edges: Sequence[Float[Array, " _"]],
    shaded: Bool[Array, " n"],
    *,
    ax: Axes | None = None,
) -> Axes:
    """A map of two numbers in tiles; on each lies, as ink, the picture that is drawn from there.

    Args:
        pictures: tile by tile, those of the first column from bottom to top, then those of the
            next, as `torch.cartesian_prod` runs through the middles of the tiles.
        edges: where columns and rows of tiles begin and end, as `torch.histogramdd` returns them.
        shaded: which tiles have orange paper; that of the others is white.
    """
    ax = figure(width=3.4, height=3.1)[1] if ax is None else ax
    across, up = (array("edges", each) for each in edges)
    shape, (tall, wide) = (len(across) - 1, len(up) - 1), pictures.shape[2:]
    paper = array("shaded", shaded).reshape(shape).T[::-1].astype(float)  # the highest row first
    ink = array("pictures", pictures).reshape(*shape, tall, wide)[:, ::-1].transpose(1, 2, 0, 3)
    ink = ink.reshape(shape[1] * tall, shape[0] * wide)
    place = {"extent": (across[0], across[-1], up[0], up[-1]), "aspect": "auto", "vmin": 0}
    ax.imshow(np.ones_like(paper), cmap="Oranges", vmax=3, alpha=paper, **place)
    ax.imshow(np.ones_like(ink), cmap="Greys", vmax=1, alpha=ink, **place)
    ax.grid(visible=False)
    return ax


def arrows(
    at: Float[Array, "n 2"],
    direction: Float[Array, "n 2"],
    *,
    ax: Axes,
    colour: str = BLUE,
    **options: Any,
) -> Axes:
    """Arrows in the plane, in its own units: each begins at its point and ends where it leads.

    Args:
        options: passed on to matplotlib's quiver, such as `width` or `label`.
    """
    x, y = array("at", at).T
    u, v = array("direction", direction).T
    ax.quiver(x, y, u, v, color=colour, angles="xy", scale_units="xy", scale=1, **options)
    ax.update_datalim([*zip(x + u, y + v, strict=True)])  # quiver makes room for the points alone
    ax.set_aspect("equal")
    return ax


def kl_areas(z: Float[Array, " n"], log_q: Float[Array, " n"], log_p: Float[Array, " n"]) -> Figure:
    """Two densities, and the two functions whose areas are KL(q‖p) and KL(p‖q).

    Where the function is below zero its area, in grey, counts against the rest; the sum is never
    negative. Neither colour is one of the two densities'.
    Both functions are drawn to one scale, so that their areas can be compared by eye.

    Args:
        z: where the densities are known, rising; wide enough that nothing of them is outside.
        log_q, log_p: their logarithms there, in nats.
    """
    fig, axes = figure(1, 3, width=11.0, height=3.4)
    z, log_q, log_p = (torch.as_tensor(each).detach().cpu() for each in (z, log_q, log_p))
    q, p = log_q.exp(), log_p.exp()
    lines({"q": (z, q), "p": (z, p)}, xlabel="z", ylabel="density", ax=axes[0])
    directions = {"KL(q‖p)": q * (log_q - log_p), "KL(p‖q)": p * (log_p - log_q)}
    for ax, (name, integrand) in zip(axes[1:], directions.items(), strict=True):
        above, below = integrand.clamp(min=0).numpy(), integrand.clamp(max=0).numpy()
        ax.fill_between(z.numpy(), above, color=GREEN, alpha=0.8, linewidth=0)
        ax.fill_between(z.numpy(), below, color=PALE, linewidth=0)
        first, second = name[3], name[5]
        ax.set(xlabel="z", ylabel=f"{first} · log({first} / {second})")
        ax.set_title(f"{name} = {torch.trapezoid(integrand, z).item():.3f} nats")
    axes[2].sharey(axes[1])
    axes[1].autoscale(axis="y")
    for ax in axes:
        ax.set_xlim(-6, 6)
    return fig


def kl_bars(
    kl_per_dimension: Float[Array, " latent"], *, ax: Axes | None = None, top: float | None = None
) -> Axes:
    """What each dimension of a code costs, as bars, from the most expensive to the silent ones.

    Args:
        kl_per_dimension: nats, averaged over images.
        top: the upper end of the scale, to compare figures; by default what the bars need.
    """
    ax = figure(height=3.4)[1] if ax is None else ax
    heights = torch.as_tensor(kl_per_dimension).detach().cpu().sort(descending=True).values
    ax.bar(range(1, len(heights) + 1), heights.numpy(), color=BLUE, width=0.8)
    # A collapsed code gets a scale on which nothing is seen, and not its own noise enlarged.
    ax.set_ylim(0, top or max(1.0, 1.05 * heights.max().item()))
    ax.set(xlabel="dimensions of the code, most expensive first", ylabel="KL, nats")
    ax.set_xlim(0, len(heights) + 1)
    ax.grid(axis="x", visible=False)
    ax.xaxis.get_major_locator().set_params(integer=True)
    return ax


def moved_throws(epsilon: Float[Array, " n"], mu: float, sigma: float) -> Figure:
    """Where each throw ε of the dice is carried by z = μ + σ ε, below the density of z."""
    fig, ax = figure(width=9.0, height=3.2)
    epsilon = torch.as_tensor(epsilon).detach().cpu()
    z = mu + sigma * epsilon
    ax.plot(np.stack([epsilon, z]), [[0.0], [1.0]], color=SKY, linewidth=1)
    ax.plot(epsilon, torch.zeros_like(epsilon), "o", color=INK, label="ε, thrown once")
    ax.plot(z, torch.ones_like(z), "o", color=BLUE, label="z = μ + σ ε")
    # The density stands on the line of the codes, as high as there is room for.
    x = torch.linspace(-6, 6, 601)
    ax.fill_between(
        x, 1, 1 + 0.7 * torch.exp(-0.5 * ((x - mu) / sigma) ** 2), color=BLUE, alpha=0.2
    )
    ax.set(xlim=(-6, 6), ylim=(-0.15, 1.8), yticks=[], xlabel="ε below, z above")
    ax.legend(frameon=False, loc="lower left")
    return fig


def film(frames: Sequence[Figure], alt: str, *, seconds: float = 0.4) -> None:
    """Display the last of some figures, and below it, to be opened, all of them as a film.

    It needs no kernel and no script. Nothing moves until the film is opened; then it plays over and
    over, until it is closed. Paper gets the last frame alone: draw a still figure of several
    moments below it for the print.

    Args:
        alt: a sentence that says what changes from the first frame to the last.
        seconds: how long each frame stays; the last stays five times as long.

    Raises:
        ValueError: if alt is empty, or there is no frame, or they differ in size.
    """
    from IPython.display import display

    _require_alt(alt)
    stills = [png(frame) for frame in frames]
    moving = gif(stills, seconds, 256 if any(map(in_colour, frames)) else 64)
    moving, still = (base64.b64encode(data).decode() for data in (moving, stills[-1]))
    words = f'alt="{escape(alt)}"'
    html = (
        f'<img {words} src="data:image/png;base64,{still}"><details><summary>Play</summary>'
        f'<img {words} src="data:image/gif;base64,{moving}"></details>'
    )
    display(
        {"image/png": stills[-1], "text/html": html, "text/plain": f"Film: {alt}"},
        metadata={"image/png": {"alt": alt}},
        raw=True,
    )


def png(fig: Figure) -> bytes:
    """The figure as the bytes of a PNG file."""
    drawn, small = io.BytesIO(), io.BytesIO()
    with matplotlib.rc_context(STYLE):
        fig.savefig(drawn, format="png")
    picture = Image.open(drawn).convert("RGB")
    picture = picture if in_colour(fig) else few_colours(picture)
    picture.save(small, "PNG", optimize=True)
    return small.getvalue()


def _require_alt(alt: str) -> None:
    if not alt.strip():
        raise ValueError("alt is empty; describe in one sentence what the figure shows")


def _image(
    ax: Axes,
    pixels: np.ndarray,
    limits: tuple[float, float] | None,
    place: tuple[int, int, int, int],
) -> None:
    """Draw an image between left and right, bottom and top of `place`."""
    reach = float(abs(pixels).max()) or 1.0
    low, high = (-reach, reach) if limits is None else limits
    exactly = {"extent": place, "aspect": "auto", "interpolation": "nearest"}
    if pixels.ndim == 3:  # in colour
        ax.imshow(light(pixels, low, high), **exactly)
    else:
        colours = "RdBu" if limits is None else PAPER
        ax.imshow(pixels, cmap=colours, vmin=low, vmax=high, **exactly)


def lines(
    curves: Mapping[str, tuple[Any, Any]],
    *,
    xlabel: str,
    ylabel: str,
    ax: Axes | None = None,
    markers: bool = False,
    beside: Mapping[str, int] | None = None,
) -> Axes:
    """Curves in colours and, if wanted, markers of their own, named in a legend or directly.

    Args:
        curves: name → (x values, y values).
        xlabel, ylabel: what the axes measure, with the unit.
        markers: also draw each point, in a shape of its own for each curve.
        beside: name → at which of its points a curve's name is written, in place of a legend.
    """
    ax = figure()[1] if ax is None else ax
    for number, (name, (x, y)) in enumerate(curves.items()):
        marker, points = MARKERS[number % len(MARKERS)] if markers else None, array("x", x)
        (line,) = ax.plot(points, array("y", y), marker=marker, label=name)
        if beside:
            spot = line.get_xydata()[min(beside[name], len(points) - 1)]
            ax.annotate(name, spot, (8, 5), textcoords="offset points", color=line.get_color())
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if not beside:
        ax.legend(frameon=False, loc="best")
    return ax


def training_curves(history: Any, *, ax: Axes | None = None) -> Axes:
    """Every term of a `History` by epoch; validation terms are drawn with a dashed line.

    A term with fewer values than there are epochs came later, and its last value is the last
    epoch's.
    """
    ax = figure()[1] if ax is None else ax
    colours: dict[str, str] = {}
    for name, values in history.terms.items():
        term = name.removeprefix("val_")
        colour = colours.setdefault(term, COLOURS[len(colours) % len(COLOURS)])
        dashes = "--" if name.startswith("val_") else "-"
        epochs = range(history.epochs - len(values) + 1, history.epochs + 1)
        # The markers also show a history of one epoch, which has no line yet.
        ax.plot(epochs, values, dashes, marker=".", color=colour, label=name)
    ax.set(xlabel="epoch", ylabel="mean per example")
    ax.xaxis.get_major_locator().set_params(integer=True)
    if history.terms:  # of nothing there is no legend
        ax.legend(frameon=False, loc="best")
    return ax
