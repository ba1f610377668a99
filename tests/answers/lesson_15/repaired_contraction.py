"""Answers to `repaired_contraction`, lesson 15, as learners write them."""

import torch
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


def contraction_mask(x, weight, bias):
    awake = (x @ weight.T + bias > 0).float()
    return (awake * (weight**2).sum(1)).sum(1)


def contraction_where(x, weight, bias):
    h = F.linear(x, weight, bias).relu()
    rows = torch.einsum("ud,ud->u", weight, weight)
    return torch.where(h > 0, rows, torch.zeros_like(rows)).sum(1)


def contraction_heaviside(x, weight, bias):
    slope = torch.heaviside((x @ weight.T + bias).detach(), torch.zeros(()))
    return torch.einsum("bu,ud->b", slope, weight.square())


def contraction_jacobian(x, weight, bias):
    slope = torch.relu(x @ weight.T + bias).sign()
    jacobian = slope[:, :, None] * weight
    return (jacobian**2).sum((1, 2))


# --- wrong ----------------------------------------------------------------------------------------


def contraction_sigmoid(x, weight, bias):
    h = torch.sigmoid(x @ weight.T + bias)
    return (h * (1 - h)) ** 2 @ (weight**2).sum(1)


def contraction_output(x, weight, bias):
    return torch.relu(x @ weight.T + bias) ** 2 @ (weight**2).sum(1)


def contraction_all_units(x, weight, bias):
    return (weight**2).sum().expand(len(x))


def contraction_silent_units(x, weight, bias):
    return (x @ weight.T + bias <= 0).float() @ (weight**2).sum(1)


def contraction_tanh(x, weight, bias):
    h = torch.tanh(x @ weight.T + bias)
    return (1 - h**2) ** 2 @ (weight**2).sum(1)


def contraction_always_zero(x, weight, bias):
    h = (x @ weight.T + bias > 0).float()
    return (h * (1 - h)) ** 2 @ (weight**2).sum(1)


def contraction_sum_then_square(x, weight, bias):
    return (x @ weight.T + bias > 0).float() @ weight.sum(1) ** 2


def contraction_units_first(x, weight, bias):
    return (((x @ weight.T + bias > 0).float() @ weight) ** 2).sum(1)


def contraction_root(x, weight, bias):
    return contraction_mask(x, weight, bias).sqrt()


def contraction_mean(x, weight, bias):
    return (x @ weight.T + bias > 0).float() @ (weight**2).mean(1)


def contraction_half(x, weight, bias):
    return contraction_mask(x, weight, bias) / 2


def contraction_batch(x, weight, bias):
    return contraction_mask(x, weight, bias).mean()


def contraction_all_weights(x, weight, bias):
    return (x @ weight.T + bias > 0).float().sum(1) * weight.square().sum()


def contraction_detached(x, weight, bias):
    return contraction_mask(x, weight.detach(), bias)


def contraction_leaky(x, weight, bias):
    """No known mistake: the slope of a leaky ReLU."""
    slope = torch.where(x @ weight.T + bias > 0, 1.0, 0.1)
    return slope**2 @ (weight**2).sum(1)


# --- the specimen ---------------------------------------------------------------------------------


def contraction_specimen(x, weight, bias):
    h = F.linear(x, weight, bias).clamp(min=0)
    return ((h - h**2)[:, :, None] * weight).square().sum((1, 2))


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [
    contraction_mask,
    contraction_where,
    contraction_heaviside,
    contraction_jacobian,
]

WRONG = {
    contraction_sigmoid: "right for another layer",
    contraction_output: "is not its output",
    contraction_all_units: "every unit with slope 1",
    contraction_silent_units: "The condition is turned round",
    contraction_tanh: "slope of tanh",
    contraction_always_zero: "This is always 0",
    contraction_sum_then_square: "summed and then squared",
    contraction_units_first: "summed before squaring",
    contraction_root: "taken the root",
    contraction_mean: "The mean over the inputs",
    contraction_half: "Half of it.",
    contraction_batch: "batch is averaged",
    contraction_all_weights: "the weights of all units",
    contraction_detached: "does not remember how it was computed from `weight`",
    contraction_leaky: "For one unit",
}

UNREPAIRED = [contraction_specimen]
