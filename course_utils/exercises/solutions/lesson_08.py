"""Reference solutions of lesson 08: walking through the codes, and a tighter bound."""

import math

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


def importance_weighted_bound(log_w: Float[Tensor, "k batch"]) -> Float[Tensor, " batch"]:
    """The logarithm of the mean weight of every example: log (1/k) Σ_i w_i.

    log_w holds the logarithms of the weights, one row for each of k draws and one column for each
    example. The result must stay right for entries of ±1000, whose exponentials are 0 or inf.
    """
    return log_w.logsumexp(dim=0) - math.log(len(log_w))
