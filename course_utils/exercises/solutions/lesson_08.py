"""Reference solutions of lesson 08: walking through the codes, a slider, and a tighter bound."""

from __future__ import annotations  # so that ipywidgets is loaded by who uses it

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor


def interpolate(
    z_start: Float[Tensor, " latent"], z_end: Float[Tensor, " latent"], steps: int
) -> Float[Tensor, "steps latent"]:
    """Codes on the straight line from z_start to z_end, evenly spaced, both ends included.

    The first row is z_start and the last is z_end; steps is the number of rows, 2 or more.
    """
    t = torch.linspace(0, 1, steps)[:, None]
    return (1 - t) * z_start + t * z_end


def latent_slider(
    show: Callable[[Tensor], None], z: Float[Tensor, " latent"], dim: int
) -> ipywidgets.FloatSlider:
    """A slider for one number of the code z, entry `dim` counted from 0, that shows what it does.

    It goes from -3 to 3 in steps of 0.1 or finer, starts at z[dim], which lies between, and has
    the number dim in its description. `show(code)` draws the picture of one code (latent,). It is
    called once at the start, with z, and then once for each new value of the slider, also while it
    is dragged: with a new tensor, which is z but for entry dim, and that is the slider's value. z
    itself stays as it is. The slider is returned, and not displayed.
    """
    import ipywidgets

    slider = ipywidgets.FloatSlider(
        value=z[dim].item(), min=-3, max=3, step=0.1, description=f"z[{dim}]"
    )

    def move(change: dict) -> None:
        code = z.clone()  # a new one each time: z, and every code shown before, stay as they are
        code[dim] = change["new"]
        show(code)

    slider.observe(move, names="value")
    show(z.clone())  # `observe` tells of changes, and there was none yet
    return slider


def importance_weighted_bound(log_w: Float[Tensor, "k batch"]) -> Float[Tensor, " batch"]:
    """The logarithm of the mean weight of every example: log (1/k) Σ_i w_i.

    log_w holds the logarithms of the weights, one row for each of k draws and one column for each
    example. The result must stay right for entries of ±1000, whose exponentials are 0 or inf.
    """
    return log_w.logsumexp(dim=0) - math.log(len(log_w))
