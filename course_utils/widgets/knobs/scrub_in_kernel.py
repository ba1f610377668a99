"""`scrub` for decoders that cannot go to the browser."""

from collections.abc import Callable
from html import escape

import ipywidgets
import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.widgets.knobs.controls import slider
from course_utils.widgets.knobs.tiles import Tile, scrubbed
from course_utils.widgets.panel import Panel


def scrub_in_kernel(
    draw: Callable[[Tensor], Tensor],
    start: Float[Tensor, " latent"],
    low: Float[Tensor, " latent"],
    high: Float[Tensor, " latent"],
    order: list[int],
    reason: str,
) -> Panel:
    """`scrub` for a decoder that cannot go to the browser: the kernel decodes, at each change.

    Args:
        draw: codes `(1, latent)` → the picture `(1, channels, height, width)`.
        start: the code to begin with.
        low, high: the ends of each slider.
        order: the numbers of the code in the order of their sliders.
        reason: why the browser cannot decode, said in the view.

    Returns:
        The view; as the last line of a cell, it is drawn. It needs a running kernel.
    """
    sliders = {}
    for j in order:
        ends = {"min": low[j].item(), "max": high[j].item()}
        options = {**ends, "value": start[j].item(), "step": (ends["max"] - ends["min"]) / 60}
        sliders[j] = slider(ipywidgets.FloatSlider, f"z[{j}]", **options)

    def tiles() -> list[Tile]:
        code = torch.tensor([[sliders[j].value for j in range(len(start))]])
        return [Tile(draw(code)[0], "decoded", f"code of length {code.norm():.2f}")]

    view = scrubbed(list(sliders.values()), tiles)
    note = f"Decoded by the kernel, which must be running, because {escape(reason)}."
    view.children = (ipywidgets.HTML(note), *view.children)
    return view
