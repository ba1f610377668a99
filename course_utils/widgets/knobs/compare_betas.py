"""`compare_betas`: what models trained at several prices draw, and where they stand."""

import math
from collections.abc import Mapping, Sequence
from numbers import Real

import ipywidgets
import matplotlib
import torch
from jaxtyping import Float
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from torch import Tensor

from course_utils._drawn import one_picture
from course_utils._named import a
from course_utils._running import evaluating
from course_utils.metrics import BoundParts
from course_utils.models import VAE, PeekingVAE
from course_utils.plots import BLUE, DPI, GAP, LEFT_OF_ROW, PAPER, STYLE, VERMILION
from course_utils.widgets import panel
from course_utils.widgets.codes import REACH
from course_utils.widgets.knobs.controls import (
    device_of,
    redrawn,
    require_dictionary,
    require_images,
    slider,
)
from course_utils.widgets.knobs.moving import Move, Moving
from course_utils.widgets.panel import Panel, Picture


def price_and_pictures(
    rows: Sequence[str],
    rates: Mapping[float | int, float],
    distortions: Mapping[float | int, float],
    originals: Float[Tensor, "columns channels height width"],
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
        pictures has for each row (columns, channels, height, width) and a name in place of its own,
        or None.
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
                shown.append(ax.imshow(one_picture(original), **paper))
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
            artist.set_data(one_picture(image))
        for row, text in own.items():
            text.set_text(pictures[row][1] or row)
        return [ring, *moving, *own.values()]

    return fig, move


def compare_betas(
    models: Mapping[float | int, VAE],
    parts: Mapping[float | int, BoundParts],
    x: Tensor,
) -> Panel:
    """What VAEs trained at several prices β rebuild and draw, with their place on the curve.

    A slider chooses β. Rows show test digits, the same rebuilt, draws from the prior (for every β
    from the same throws), and one number of the first digit's code walked from -3 to 3: which one,
    a second slider says, from the most expensive to the cheapest. Beside them, a ring marks the
    model's place on the curve of rate (KL) and distortion (reconstruction), both in nats.

        compare_betas(models, parts, images.test[:6])

    Args:
        models: β → a VAE trained at that price; all with codes of the same width.
        parts: β → what `bound_parts` says of that model.
        x: images to rebuild, `(batch, channels, height, width)` in [0, 1], in grey or colour; the
            first six are shown.

    Returns:
        The view; as the last line of a cell, it is drawn. It needs a running kernel.

    Raises:
        ValueError: if x is no batch of images in grey or colour, models is empty, parts belong to
            other prices, or the widths of the codes differ.
    """
    width = _require_prices(models, parts, x)
    betas, original = sorted(models), x[:6].detach().cpu()
    beta = slider(ipywidgets.SelectionSlider, "β", options=[(f"{b:g}", b) for b in betas])
    beta.value = min(betas, key=lambda b: abs(math.log(b) if b > 0 else math.inf))
    rank = slider(ipywidgets.IntSlider, "number", min=1, max=width)
    rows = {}
    for b, model in models.items():
        generator = torch.Generator().manual_seed(0)
        rebuilt = model.reconstruct(original.to(device_of(model))).cpu()
        rows[b] = rebuilt, model.sample(len(original), generator=generator).cpu()

    def state() -> tuple[float | int, dict]:
        b, walked = beta.value, f"number {rank.value}\nfrom -3 to 3"
        walk = _walk(models[b], original[:1], _most_expensive(parts[b], rank.value), len(original))
        return b, {"rebuilt": (rows[b][0], None), "drawn": (rows[b][1], None), "": (walk, walked)}

    rates = {b: part.kl for b, part in parts.items()}
    distortions = {b: part.reconstruction for b, part in parts.items()}
    names = ["rebuilt", "drawn", ""]
    fig, move = price_and_pictures(names, rates, distortions, original)
    moving = Moving(fig, move, *state())
    picture, caption = Picture(), ipywidgets.HTML()

    def draw(_change: object = None) -> None:
        b, part = beta.value, parts[beta.value]
        picture.value = moving.png(*state())
        j = _most_expensive(part, rank.value)
        awake = int((part.kl_per_dimension > 0.1).sum())
        lines = [
            f"β = {b:g}: rate R {part.kl:.2f} nats, distortion D {part.reconstruction:.2f} nats, "
            f"D + R = {part.negative_elbo:.2f}",
            f"{awake} of {width} numbers of the code cost more than 0.1 nats; number {rank.value}, "
            f"the most expensive being 1, is z[{j}] and costs {part.kl_per_dimension[j]:.2f} nats",
        ]
        picture.tooltip = "Digits, rebuilt, drawn, walked; " + "; ".join(lines)
        caption.value = panel.text(lines)

    return redrawn([beta, rank], [picture, caption], draw)


def _most_expensive(parts: BoundParts, rank: int) -> int:
    """Which dimension of the code is the rank-th by what it costs, the most expensive being 1."""
    order = parts.kl_per_dimension.argsort(descending=True, stable=True)
    return int(order[rank - 1])


def _walk(model: VAE, x: Tensor, j: int, steps: int) -> Tensor:
    """What is drawn as number j of the mean code of x goes from -3 to 3."""
    with evaluating(model):
        z = model.encode(x.to(device_of(model)))[0].repeat(steps, 1)
        z[:, j] = torch.linspace(-REACH, REACH, steps)
        return model.to_image(model.decode(z)).cpu()


def _require_prices(
    models: Mapping[float | int, VAE], parts: Mapping[float | int, BoundParts], x: Tensor
) -> int:
    """The width of the codes, which is the same for all models."""
    require_images(x, None)
    require_dictionary("models", models, "{1.0: vae}")
    require_dictionary("parts", parts, "{1.0: bound_parts(vae, images.test)}")
    for name, by_price in (("models", models), ("parts", parts)):
        for beta in by_price:
            if not isinstance(beta, Real) or not math.isfinite(beta):
                raise ValueError(f"{name} has the key {beta!r}; expected the price β, a number")
    for beta, model in models.items():
        if not isinstance(model, VAE) or isinstance(model, PeekingVAE):
            raise ValueError(
                f"models[{beta:g}] is {a(type(model).__name__)}; expected a VAE, whose picture "
                "belongs to a code alone"
            )
    for beta, part in parts.items():
        if not isinstance(part, BoundParts):
            raise ValueError(
                f"parts[{beta:g}] is of type {type(part).__name__}; expected what "
                "bound_parts(model, images.test) returns"
            )
    if models.keys() != parts.keys():
        raise ValueError(
            f"models has the prices {sorted(models)}, parts has {sorted(parts)}: give for each "
            "model what bound_parts(model, images.test) returns"
        )
    widths = {beta: model.latent_dim for beta, model in models.items()}
    measured = {beta: len(part.kl_per_dimension) for beta, part in parts.items()}
    if len(set(widths.values())) != 1 or widths != measured:
        raise ValueError(
            f"the codes have the widths {widths}, parts were measured for {measured}; expected "
            "one width: train all models with the same latent_dim"
        )
    return next(iter(widths.values()))
