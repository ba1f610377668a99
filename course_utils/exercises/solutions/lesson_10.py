"""Reference solutions of lesson 10: what a number of the code knows, and what it draws."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor


def mutual_information_gap(
    mutual_information: Float[Tensor, "latent factors"],
    factor_entropy: Float[Tensor, " factors"],
) -> float:
    """How far, for each factor, the number that knows it best is ahead of the second best.

    Row j holds what number j of the code knows of each factor, in nats; there are two rows or more.
    For each factor, the gap as a share of the factor's entropy; then the mean over factors.
    """
    best, second = mutual_information.topk(2, dim=0).values
    return ((best - second) / factor_entropy).mean().item()


def latent_traversal(
    decode: Callable[[Tensor], Tensor],
    z: Float[Tensor, " latent"],
    dim: int,
    values: Float[Tensor, " steps"],
) -> Float[Tensor, "steps *shape"]:
    """What `decode` makes of one code as a single number of it takes other values.

    Row i is decoded from a copy of z whose entry `dim`, counted from 0, is values[i]; all other
    entries stay as they are, and z itself too. `decode` takes codes (batch, latent).
    """
    codes = z.repeat(len(values), 1)  # a row for each value
    codes[:, dim] = values
    return decode(codes)
