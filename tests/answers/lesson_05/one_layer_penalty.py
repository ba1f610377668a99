"""Answers to `one_layer_penalty`, lesson 05, as learners write them."""

import torch
from torch.func import vmap

# --- right ----------------------------------------------------------------------------------------


def layer_matrix_product(hidden, weight):
    return (hidden * (1 - hidden)) ** 2 @ (weight**2).sum(1)


def layer_einsum(hidden, weight):
    slope = hidden - hidden**2
    return torch.einsum("bu,ud,ud,bu->b", slope, weight, weight, slope)


def layer_broadcast(hidden, weight):
    jacobian = (hidden * (1 - hidden)).unsqueeze(2) * weight.unsqueeze(0)
    return (jacobian**2).flatten(1).sum(1)


def layer_norms(hidden, weight):
    slope = hidden * (1 - hidden)
    return (slope.square() * weight.norm(dim=1).square()).sum(dim=-1)


def layer_loops(hidden, weight):
    totals = []
    for h in hidden:
        total = torch.zeros(())
        for unit in range(len(weight)):
            total = total + (h[unit] * (1 - h[unit])) ** 2 * torch.dot(weight[unit], weight[unit])
        totals.append(total)
    return torch.stack(totals)


def layer_diagonals(hidden, weight):
    jacobians = torch.diag_embed(hidden * (1 - hidden)) @ weight
    return torch.linalg.matrix_norm(jacobians) ** 2


def layer_transposed(hidden, weight):
    return (weight.T.square().sum(0) * (hidden * (1 - hidden)).square()).sum(1)


def layer_by_autograd(hidden, weight):
    """Differentiates the sigmoid at the logits that gave `hidden`."""
    logits = torch.logit(hidden)
    slope = vmap(vmap(torch.func.grad(torch.sigmoid)))(logits)
    return ((slope[:, :, None] * weight) ** 2).sum((1, 2))


# --- wrong ----------------------------------------------------------------------------------------


def layer_slope_not_squared(hidden, weight):
    return (hidden * (1 - hidden) * weight.pow(2).sum(1)).sum(1)


def layer_sum_then_square(hidden, weight):
    return ((hidden * (1 - hidden)) @ weight).pow(2).sum(1)


def layer_everything_then_square(hidden, weight):
    return ((hidden * (1 - hidden))[..., None] * weight).flatten(1).sum(1) ** 2


def layer_row_sums_squared(hidden, weight):
    return ((hidden * (1 - hidden) * weight.sum(1)) ** 2).sum(1)


def layer_weights_not_squared(hidden, weight):
    return ((hidden * (1 - hidden)) ** 2 * weight.sum(1)).sum(1)


def layer_norm_not_squared(hidden, weight):
    return ((hidden * (1 - hidden)) ** 2 * weight.norm(dim=1)).sum(1)


def layer_absolute_weights(hidden, weight):
    return ((hidden * (1 - hidden)) ** 2 * weight.abs().sum(1)).sum(1)


def layer_root(hidden, weight):
    return layer_broadcast(hidden, weight).sqrt()


def layer_no_weights(hidden, weight):
    return ((hidden * (1 - hidden)) ** 2).sum(1)


def layer_no_slopes(hidden, weight):
    return weight.pow(2).sum().repeat(len(hidden))


def layer_h_for_slope(hidden, weight):
    return (hidden**2 * (weight**2).sum(1)).sum(1)


def layer_one_minus_h(hidden, weight):
    return ((1 - hidden) ** 2 * (weight**2).sum(1)).sum(1)


def layer_tanh(hidden, weight):
    return ((1 - hidden**2) ** 2 * (weight**2).sum(1)).sum(1)


def layer_sigmoid_again(hidden, weight):
    h = torch.sigmoid(hidden)
    return ((h * (1 - h)) ** 2 * (weight**2).sum(1)).sum(1)


def layer_brackets(hidden, weight):
    return (hidden * (1 - hidden) ** 2 * (weight**2).sum(1)).sum(1)


def layer_sums_apart(hidden, weight):
    return ((hidden * (1 - hidden)) ** 2).sum(1) * (weight**2).sum()


def layer_batch_mean(hidden, weight):
    return layer_broadcast(hidden, weight).mean()


def layer_batch_sum(hidden, weight):
    return layer_broadcast(hidden, weight).sum()


def layer_unit_mean(hidden, weight):
    return ((hidden * (1 - hidden)) ** 2 * (weight**2).sum(1)).mean(1)


def layer_pixel_mean(hidden, weight):
    return ((hidden * (1 - hidden)) ** 2 * (weight**2).mean(1)).sum(1)


def layer_not_summed(hidden, weight):
    return (hidden * (1 - hidden)) ** 2 * (weight**2).sum(1)


def layer_jacobian(hidden, weight):
    return torch.einsum("bu,ud->bud", hidden * (1 - hidden), weight)


def layer_column(hidden, weight):
    return ((hidden * (1 - hidden)) ** 2 * (weight**2).sum(1)).sum(1, keepdim=True)


def layer_wrong_axis(hidden, weight):
    return ((hidden * (1 - hidden)) ** 2 * (weight**2).sum(0)).sum(1)


def layer_wrong_axis_product(hidden, weight):
    return (hidden * (1 - hidden)) ** 2 @ (weight**2).sum(dim=0)


def layer_pixels_left(hidden, weight):
    return (hidden * (1 - hidden)) ** 2 @ weight**2


def layer_detached(hidden, weight):
    return layer_broadcast(hidden, weight.detach())


def layer_hidden_detached(hidden, weight):
    return layer_broadcast(hidden.detach(), weight)


def layer_in_place(hidden, weight):
    weight.pow_(2)
    return (hidden * (1 - hidden)) ** 2 @ weight.sum(1)


def layer_arguments_swapped(weight, hidden):
    return layer_einsum(hidden, weight)


def layer_twice(hidden, weight):
    """No known mistake: the generic message has to do."""
    return 2 * layer_einsum(hidden, weight)


def layer_column_summed(hidden, weight):
    """The most copied contractive loss: a sum too many."""
    lengths = (weight**2).sum(dim=1).unsqueeze(1)
    return torch.sum(torch.mm((hidden * (1 - hidden)) ** 2, lengths), 0)


def layer_column_averaged(hidden, weight):
    lengths = torch.sum(weight**2, dim=1, keepdim=True)
    return torch.mm((hidden * (1 - hidden)) ** 2, lengths).mean(0)


def layer_hat_for_power(hidden, weight):
    return ((hidden * (1 - hidden)) ^ 2) @ (weight**2).sum(1)


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [
    layer_matrix_product,
    layer_einsum,
    layer_broadcast,
    layer_norms,
    layer_loops,
    layer_diagonals,
    layer_transposed,
    layer_by_autograd,
]

WRONG = {
    layer_slope_not_squared: "You squared the weights only",
    layer_sum_then_square: "weights of opposite sign cancel",
    layer_everything_then_square: "square every entry, then add",
    layer_row_sums_squared: "(Σ_j W_ij)²",
    layer_weights_not_squared: "as they are, with their signs",
    layer_norm_not_squared: "`norm` returns that",
    layer_absolute_weights: "the absolute weights",
    layer_root: "Leave out the last root",
    layer_no_weights: "weights do not appear",
    layer_no_slopes: "of the weights alone",
    layer_h_for_slope: "You used h where",
    layer_one_minus_h: "the factor h is missing",
    layer_tanh: "the slope of tanh",
    layer_sigmoid_again: "the sigmoid once more",
    layer_brackets: "Only the factor 1 - h",
    layer_sums_apart: "multiplied the two sums",
    layer_batch_mean: "the mean over the batch",
    layer_batch_sum: "summed over the examples",
    layer_unit_mean: "the mean over the units",
    layer_pixel_mean: "the mean over a row",
    layer_not_summed: "the shares of the units",
    layer_jacobian: "the Jacobian itself",
    layer_column: "in a column",
    layer_wrong_axis: "summed over `dim=0`, the units",
    layer_wrong_axis_product: "a number for each pixel. A row",
    layer_pixels_left: "a number for each pixel is left",
    layer_detached: "how it was computed from `weight`",
    layer_hidden_detached: "how it was computed from `hidden`",
    layer_in_place: "changed its argument `weight` in place",
    layer_arguments_swapped: "einsum()",
    layer_twice: "2 times what it should be",
    layer_column_summed: "take `squeeze(1)` in its place",
    layer_column_averaged: "left in a row of one",
    layer_hat_for_power: "In Python `^` is no power",
}
