"""`keep_largest`: pictures drawn from the largest numbers of their codes."""

from collections.abc import Mapping, Sequence
from typing import Any

import ipywidgets
import matplotlib
import numpy as np
import torch
from jaxtyping import Float, Int
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from course_utils._drawn import one_picture
from course_utils._named import a
from course_utils._running import evaluating
from course_utils.models import Autoencoder
from course_utils.plots import BELOW_IMAGE, BLUE, DPI, LEFT_OF_ROW, PALE, PAPER, STYLE
from course_utils.widgets import panel
from course_utils.widgets.knobs.controls import (
    device_of,
    redrawn,
    require_dictionary,
    require_images,
    slider,
)
from course_utils.widgets.knobs.moving import Move, Moving
from course_utils.widgets.knobs.tiles import error_words
from course_utils.widgets.panel import Panel, Picture

ADDED = 0.5  # ink that is drawn in the full blue or red; the same in all pictures


def largest_kept(
    names: Sequence[str], original: Float[Tensor, "channels height width"], *, magnify: int = 5
) -> tuple[Figure, Move]:
    """Pictures drawn from the largest numbers of their codes, a column for each of several models.

    In each column from above: the picture drawn, what the last number kept has added to it (blue
    adds ink, red takes it away; of a picture in colour, grey is no change), and the code, largest
    number first, with those kept in colour.

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
        shown.set_data(one_picture(original))
        for part, column in zip(parts, columns, strict=True):
            _fill(*part, *column)
        return [shown, *(artist for _, *artists in parts for artist in artists)]

    return fig, move


def _fill(
    ax: Axes,
    drawn: Any,
    added: Any,
    below: Any,
    rest: Any,
    kept: Any,
    picture: Tensor,
    last: Tensor,
    sizes: Tensor,
    count: int,
    words: str,
) -> None:
    """Put what one model draws into the artists of its column."""
    drawn.set_data(one_picture(picture))
    added.set_data(one_picture(last, -ADDED, ADDED))
    below.set_text(words)
    # On a scale of their own: what matters is how fast the numbers fall.
    share = (sizes / (sizes.max().item() or 1.0)).numpy()
    edges = 0.5 + np.arange(1 + len(share))
    ax.set(xlim=(0, len(share) + 1), ylim=(0, 1.05))
    rest.set_data(share, edges)
    kept.set_data(share[:count], edges[: len(share[:count]) + 1])


def keep_largest(
    x: Tensor,
    models: Mapping[str, Autoencoder],
    labels: Int[Tensor, " batch"] | None = None,
) -> Panel:
    """What each model draws from the k largest numbers of an image's code, under a slider for k.

    One slider chooses k, another the image. For each model a column shows the picture drawn from
    the k numbers of largest magnitude, the others set to 0; what the last of them adds to it; and
    the whole code, largest first, with those kept in colour.

        keep_largest(images.test[:20], {"no price": free, "w = 0.3": sparse, "25 largest": top_25})

    Args:
        x: images, `(batch, channels, height, width)` in [0, 1], in grey or colour, at least one.
        models: name → an autoencoder that was trained on such images; four or fewer fit a screen.
        labels: what each image shows.

    Returns:
        The view; as the last line of a cell, it is drawn. It needs a running kernel.

    Raises:
        ValueError: if x is no batch of images in grey or colour, or models is empty or holds
            anything but autoencoders.
    """
    require_images(x, labels)
    require_dictionary("models", models, "{'w = 0.3': model}")
    for name, model in models.items():
        if not isinstance(model, Autoencoder):
            raise ValueError(
                f"models[{name!r}] is {a(type(model).__name__)}; expected an Autoencoder, whose "
                "code is a row of numbers"
            )
    codes = {name: _codes(model, x) for name, model in models.items()}
    original, width = x.detach().cpu(), max(z.shape[1] for z in codes.values())
    # Every number up to 30, then in steps of about a seventh: the last ones change little.
    counts = {*range(1, 31), *(round(width / 1.15**n) for n in range(20)), width}
    counts = sorted(count for count in counts if 0 < count <= width)
    first = min(10, width)
    kept = slider(ipywidgets.SelectionSlider, "keep", options=counts, value=first)
    index = slider(ipywidgets.IntSlider, "image", min=0, max=len(original) - 1)
    fig, move = largest_kept(list(models), original[0])

    def state() -> tuple:
        i, k = index.value, kept.value
        return original[i], [_kept(models[name], z[i], k, original[i]) for name, z in codes.items()]

    moving = Moving(fig, move, *state())
    picture, caption = Picture(), ipywidgets.HTML()

    def draw(_change: object = None) -> None:
        image, columns = state()
        picture.value = moving.png(image, columns)
        label = "" if labels is None else ", " + a(f"{labels[index.value]}")
        numbers = "largest number" if kept.value == 1 else f"{kept.value} largest numbers"
        lines = [f"Image {index.value}{label}, drawn from the {numbers}"]
        for name, (drawn, _, sizes, count, text) in zip(models, columns, strict=True):
            active, (low, high) = int((sizes > 0).sum()), drawn.aminmax()
            line = f"{name}: {min(count, active)} of {active} active numbers kept, {text}"
            # What is beyond 0 and 1 looks like white and black, and counts in the error.
            lines.append(f"{line}, ink from {low:.2f} to {high:.2f}")
        picture.tooltip = "; ".join(lines)
        caption.value = panel.text(lines)

    return redrawn([kept, index], [picture, caption], draw)


def _codes(model: Autoencoder, x: Tensor) -> Tensor:
    with evaluating(model):
        return model.encode(x.to(device_of(model))).cpu()


def _kept(model: Autoencoder, z: Tensor, k: int, x: Tensor) -> tuple:
    """A column of `largest_kept`, for the k largest numbers of one code z."""
    sizes, order = z.abs().sort(descending=True, stable=True)
    codes = torch.zeros(2, len(z))
    for row, count in enumerate((k, k - 1)):
        codes[row, order[:count]] = z[order[:count]]
    with evaluating(model):
        drawn, before = model.to_image(model.decode(codes.to(device_of(model)))).cpu()
    return drawn, drawn - before, sizes, k, error_words(drawn, x)
