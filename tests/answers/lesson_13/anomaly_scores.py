"""Answers to `anomaly_scores`, lesson 13, as learners write them."""

import random

import numpy as np
import torch
from torch.nn import functional as F

from course_utils import squared_error

# --- right ----------------------------------------------------------------------------------------


def scores_getattr(model, x):
    x_hat = getattr(model, "reconstruct", model)(x)
    return ((x_hat - x) ** 2).flatten(1).sum(1)


def scores_branches(model, x):
    with torch.no_grad():
        x_hat = model.reconstruct(x) if hasattr(model, "reconstruct") else model(x)
        return (x_hat - x).square().sum(dim=tuple(range(1, x.ndim)))


def scores_mse(model, x):
    try:
        x_hat = model.reconstruct(x)
    except AttributeError:
        x_hat = model(x)
    return F.mse_loss(x_hat, x, reduction="none").view(len(x), -1).sum(-1)


def scores_loop(model, x):
    draw = model.reconstruct if hasattr(model, "reconstruct") else model
    return torch.stack([((draw(row[None]) - row[None]) ** 2).sum() for row in x])


def scores_einsum(model, x):
    """Asks what came back, not what there is."""
    x_hat = model(x)
    if isinstance(x_hat, tuple):
        x_hat = model.reconstruct(x)
    error = (x - x_hat).reshape(len(x), -1)
    return torch.einsum("ni,ni->n", error, error)


def scores_reconstruct(model, x):
    """What the lesson itself writes, in its package's words."""
    return squared_error(model.reconstruct(x), x)


# --- wrong ----------------------------------------------------------------------------------------


def scores_called(model, x):
    return (model(x) - x).square().sum(dim=tuple(range(1, x.ndim)))


def scores_logits(model, x):
    logits, _ = model(x)
    return (logits - x).square().flatten(1).sum(1)


def scores_mean(model, x):
    return F.mse_loss(model.reconstruct(x), x, reduction="none").flatten(1).mean(1)


def scores_all_summed(model, x):
    return ((model.reconstruct(x) - x) ** 2).sum()


def scores_all_averaged(model, x):
    return F.mse_loss(model.reconstruct(x), x)


def scores_negative(model, x):
    return -((model.reconstruct(x) - x) ** 2).flatten(1).sum(1)


def scores_absolute(model, x):
    return (model.reconstruct(x) - x).abs().flatten(1).sum(1)


def scores_norm(model, x):
    return torch.linalg.norm((model.reconstruct(x) - x).flatten(1), dim=1)


def scores_rms(model, x):
    return ((model.reconstruct(x) - x) ** 2).flatten(1).mean(1).sqrt()


def scores_signed(model, x):
    return (model.reconstruct(x) - x).flatten(1).sum(1)


def scores_sum_then_square(model, x):
    return (model.reconstruct(x) - x).flatten(1).sum(1) ** 2


def scores_worst(model, x):
    return ((model.reconstruct(x) - x) ** 2).flatten(1).max(1).values


def scores_per_feature(model, x):
    return ((model.reconstruct(x) - x) ** 2).flatten(1).sum(0)


def scores_last_axis(model, x):
    return ((model.reconstruct(x) - x) ** 2).sum(-1)


def scores_half(model, x):
    return ((model.reconstruct(x) - x) ** 2).flatten(1).sum(1) / 2


def scores_relative(model, x):
    rows = x.flatten(1)
    return ((model.reconstruct(x).flatten(1) - rows) ** 2).sum(1) / (rows**2).sum(1)


def scores_scaled(model, x):
    error = ((model.reconstruct(x) - x) ** 2).flatten(1).sum(1)
    return error / error.max()


def scores_size(model, x):
    return (x**2).flatten(1).sum(1)


def scores_against_mean(model, x):
    return ((model.reconstruct(x) - x.mean(0)) ** 2).flatten(1).sum(1)


def scores_twice(model, x):
    x_hat = model.reconstruct(x)
    return ((model.reconstruct(x_hat) - x_hat) ** 2).flatten(1).sum(1)


def scores_code(model, x):
    return model.encode(x).pow(2).sum(1)


def scores_in_place(model, x):
    x -= model.reconstruct(x)
    return (x**2).flatten(1).sum(1)


def scores_list(model, x):
    return [((model.reconstruct(row[None]) - row) ** 2).sum().item() for row in x]


def scores_cubed(model, x):
    """No known mistake: the generic message has to do."""
    return (model.reconstruct(x) - x).abs().pow(3).flatten(1).sum(1)


# --- accepted, and rejected with these words ------------------------------------------------------


def scores_in_evaluation(model, x):
    """In evaluation mode, and back; without a gradient; in float64."""
    was = model.training
    model.eval()
    with torch.inference_mode():
        x_hat = getattr(model, "reconstruct", model)(x)
    model.train(was)
    return (x_hat.double() - x.double()).flatten(1).pow(2).sum(1)


def scores_clamped(model, x):
    x_hat = getattr(model, "reconstruct", model)(x).clamp(0, 1)
    return ((x_hat - x) ** 2).flatten(1).sum(1)


def scores_of_clipped_examples(model, x):
    x_hat = getattr(model, "reconstruct", model)(x)
    return ((x_hat - x.clip(0, 1)) ** 2).flatten(1).sum(1)


def scores_stays_in_evaluation(model, x):
    model.eval()
    return scores_getattr(model, x)


def scores_takes_gradients_away(model, x):
    model.zero_grad()
    return scores_getattr(model, x)


def scores_trains(model, x):
    scores = scores_getattr(model, x)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter -= 1e-3 * parameter
    return scores.detach()


def scores_freezes(model, x):
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return scores_getattr(model, x)


def scores_wants_gradient(model, x):
    return scores_getattr(model, x.requires_grad_()).detach()


def scores_seeds_numpy(model, x):
    np.random.seed(0)
    return scores_getattr(model, x)


def scores_draws(model, x):
    torch.rand(len(x))
    return scores_getattr(model, x)


def scores_shuffles(model, x):
    random.seed(3)
    return scores_getattr(model, x)


RIGHT = [
    scores_reconstruct,
    scores_getattr,
    scores_branches,
    scores_mse,
    scores_loop,
    scores_einsum,
    scores_in_evaluation,
]

WRONG = {
    scores_called: "What you can compare with x",
    scores_logits: "The logits are no picture yet",
    scores_mean: "the mean over the features",
    scores_all_summed: "summed over the batch as well",
    scores_all_averaged: "one mean over everything",
    scores_negative: "The sign is turned",
    scores_absolute: "absolute differences",
    scores_norm: "a square root too many",
    scores_rms: "the root of the mean square",
    scores_signed: "without being squared",
    scores_sum_then_square: "First the sum, then the square",
    scores_worst: "the worst feature",
    scores_per_feature: "a score for each *feature*",
    scores_last_axis: "Only the last axis",
    scores_half: "a factor ½",
    scores_relative: "divided by the size of each example",
    scores_scaled: "the largest score of the batch",
    scores_size: "the size of x",
    scores_against_mean: "the mean of the batch",
    scores_twice: "applied twice",
    scores_code: "the length of the code",
    scores_in_place: "changed its argument `x`",
    scores_list: "a list of 3 things",
    scores_cubed: "subtract the first row",
    scores_clamped: "cut or squeeze the reconstruction",
    scores_of_clipped_examples: "You cut the examples",
    scores_stays_in_evaluation: "came back in evaluation mode",
    scores_takes_gradients_away: "the gradients of the model's parameters",
    scores_trains: "its parameter `down` was written to",
    scores_freezes: "switches `requires_grad` of the model's parameter",
    scores_wants_gradient: "of the caller's own `x`",
    scores_seeds_numpy: "NumPy's global stream is no longer where it was",
    scores_draws: "torch's global stream is no longer where it was",
    scores_shuffles: "Python's own `random` is no longer where it was",
}
