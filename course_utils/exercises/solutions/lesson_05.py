"""Reference solutions of lesson 05: contractive autoencoders and manifolds."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor


def one_layer_penalty(
    hidden: Float[Tensor, "batch units"], weight: Float[Tensor, "units d"]
) -> Float[Tensor, " batch"]:
    """Squared norm of the Jacobian of one sigmoid layer, h = sigmoid(W x + b).

    Row i of the Jacobian is h_i (1 - h_i) W_i: the slope of the sigmoid times a row of weights.
    """
    slopes = hidden * (1 - hidden)
    return slopes.square() @ weight.square().sum(dim=1)


def jacobian_penalty(
    encode: Callable, x: Float[Tensor, "batch *features"]
) -> Float[Tensor, " batch"]:
    """Squared norm of the Jacobian of any encoder, one backward pass for each number of the code.

    An example's code depends on its own x alone. So the gradient of a code number summed over the
    batch holds, in the row of each example, the gradient of that example's own number.
    """
    x = x.detach().requires_grad_()  # a tensor of our own: the caller's stays as it is
    penalty = torch.zeros(len(x))
    for unit in encode(x).sum(dim=0):
        (row,) = torch.autograd.grad(unit, x, create_graph=True, retain_graph=True)
        penalty = penalty + row.flatten(start_dim=1).square().sum(dim=1)
    return penalty
