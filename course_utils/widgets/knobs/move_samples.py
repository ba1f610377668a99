"""`move_samples`: throws that stay what they are, and the draws that are made of them."""

import ipywidgets
import torch
from jaxtyping import Float
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from torch import Tensor

from course_utils import plots
from course_utils.widgets import panel
from course_utils.widgets.knobs.controls import redrawn, slider
from course_utils.widgets.knobs.moving import Move, Moving
from course_utils.widgets.panel import Panel, Picture


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


def move_samples(n: int = 12) -> Panel:
    """Draws z = μ + σ ε that one moves and spreads, while the throws ε stay what they are.

    Args:
        n: how many draws.

    Returns:
        The view; as the last line of a cell, it is drawn. It needs a running kernel.

    Raises:
        ValueError: if n is less than 2, which have no spread.
    """
    if n < 2:
        raise ValueError(f"n is {n}; expected at least 2 draws")
    epsilon = torch.randn(n, generator=torch.Generator().manual_seed(0))
    mu = slider(ipywidgets.FloatSlider, "μ", min=-3.0, max=3.0, step=0.1, value=1.0)
    sigma = slider(ipywidgets.FloatSlider, "σ", min=0.05, max=1.5, step=0.05, value=0.5)
    picture, caption = Picture(), ipywidgets.HTML()
    moving = Moving(*throws(epsilon, mu.value, sigma.value), mu.value, sigma.value)

    def draw(_change: object = None) -> None:
        z = mu.value + sigma.value * epsilon
        picture.value = moving.png(mu.value, sigma.value)
        line = (
            f"wanted: mean {mu.value:.2f}, deviation {sigma.value:.2f}; "
            f"these {n} draws: mean {z.mean():.2f}, deviation {z.std():.2f}"
        )
        caption.value = panel.text([line])
        picture.tooltip = f"Throws below, the codes they become above; {line}"

    return redrawn([mu, sigma], [picture, caption], draw)
