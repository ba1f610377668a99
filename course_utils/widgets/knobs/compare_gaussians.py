"""`compare_gaussians`: two densities, and the two divergences between them as areas."""

import math

import ipywidgets
import torch
from jaxtyping import Float
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from torch import Tensor

from course_utils import plots
from course_utils.losses import gaussian_log_density
from course_utils.widgets import panel
from course_utils.widgets.knobs.controls import redrawn, slider
from course_utils.widgets.knobs.moving import Move, Moving
from course_utils.widgets.panel import Panel, Picture


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


def compare_gaussians() -> Panel:
    """A Gaussian q that one moves and widens beside p = N(0, 1), with KL(q‖p) and KL(p‖q) as areas.

    Returns:
        The view; as the last line of a cell, it is drawn. It needs a running kernel.
    """
    z = torch.linspace(-20, 20, 4001, dtype=torch.float64)  # beyond what is drawn: tails count
    log_p = gaussian_log_density(z[:, None])
    mu = slider(ipywidgets.FloatSlider, "mean of q", min=-2.0, max=2.0, step=0.1, value=1.0)
    sigma = slider(ipywidgets.FloatSlider, "deviation", min=0.2, max=2.0, step=0.05, value=0.5)
    picture, caption = Picture(), ipywidgets.HTML()

    def log_density() -> Tensor:
        return gaussian_log_density(z[:, None], mu.value, 2 * math.log(sigma.value))

    moving = Moving(*areas(z, log_density(), log_p), log_density())

    def draw(_change: object = None) -> None:
        log_q = log_density()
        picture.value = moving.png(log_q)
        forward = torch.trapezoid(log_q.exp() * (log_q - log_p), z).item()
        backward = torch.trapezoid(log_p.exp() * (log_p - log_q), z).item()
        line = f"KL(q‖p) = {forward:.3f} nats, KL(p‖q) = {backward:.3f} nats"
        caption.value = panel.text([line])
        picture.tooltip = f"Two densities, and two areas: {line}"

    return redrawn([mu, sigma], [picture, caption], draw)
