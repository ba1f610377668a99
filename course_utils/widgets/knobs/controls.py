"""Sliders, what they redraw, and whether what a view was given can be drawn."""

from collections.abc import Callable, Mapping

import ipywidgets
import torch
from torch import Tensor

from course_utils._drawn import CHANNELS, EXPECTED, with_channels
from course_utils.widgets.panel import Panel
from course_utils.widgets.views import require_tensor


def redrawn(
    controls: list[ipywidgets.Widget],
    views: list[ipywidgets.Widget],
    draw: Callable[..., None],
) -> Panel:
    """The controls above what they show, which is drawn now and whenever a control changes."""
    panel = Panel([*controls, *views])
    for control in controls:
        control.observe(draw, names="value")
    draw()
    return panel


def device_of(model: torch.nn.Module) -> torch.device:
    return next(model.parameters()).device


def require_dictionary(name: str, value: object, example: str) -> None:
    if not isinstance(value, Mapping):
        raise ValueError(
            f"{name} is of type {type(value).__name__}; give a dictionary, such as {example}"
        )
    if not value:
        raise ValueError(f"{name} is empty: give at least one, such as {example}")


def require_images(x: object, labels: Tensor | None) -> None:
    x = require_tensor("x", x)
    if x.ndim != 4 or x.shape[1] not in CHANNELS or len(x) == 0:
        way_out = with_channels("x", tuple(x.shape)) if x.ndim == 4 else ""
        way_out = way_out or ", with at least one image: one becomes a batch with x[None]"
        raise ValueError(f"x has shape {tuple(x.shape)}; {EXPECTED}{way_out}")
    if labels is not None and len(labels) != len(x):
        raise ValueError(f"labels has {len(labels)} entries for {len(x)} images: give one for each")


def slider(kind: type[ipywidgets.Widget], description: str, **options: object) -> ipywidgets.Widget:
    layout = ipywidgets.Layout(width="420px")
    return kind(description=description, layout=layout, **options)
