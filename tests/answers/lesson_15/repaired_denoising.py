"""Answers to `repaired_denoising`, lesson 15, as learners write them."""

import torch
from torch.nn import functional as F

from course_utils import squared_error

# --- right ----------------------------------------------------------------------------------------


def denoising_mse(model, x, corrupt):
    return F.mse_loss(model(corrupt(x)), x, reduction="none").flatten(1).sum(1)


def denoising_named(model, x, corrupt):
    spoilt = corrupt(x)
    drawn = model(spoilt)
    return (drawn - x).flatten(1).square().sum(dim=1)


def denoising_kept(model, x, corrupt):
    clean = x
    x = corrupt(x)
    return torch.stack([((a - b) ** 2).sum() for a, b in zip(model(x), clean, strict=True)])


# --- wrong ----------------------------------------------------------------------------------------


def denoising_no_noise(model, x, corrupt):
    return squared_error(model(x), x)


def denoising_exchanged(model, x, corrupt):
    return squared_error(model(x), corrupt(x))


def denoising_no_model(model, x, corrupt):
    return squared_error(corrupt(x), x)


def denoising_noise_on_output(model, x, corrupt):
    return squared_error(corrupt(model(x)), x)


def denoising_two_drawings(model, x, corrupt):
    return squared_error(model(corrupt(x)), model(x))


def denoising_twice(model, x, corrupt):
    x_hat = model(corrupt(corrupt(x)))
    return squared_error(x_hat, x)


def denoising_target_spoilt_too(model, x, corrupt):
    y = corrupt(x)
    x = corrupt(x)
    return squared_error(model(y), x)


def denoising_draws_noise(model, x, corrupt):
    spoilt = corrupt(x)
    return squared_error(spoilt - model(spoilt), x)


def denoising_per_pixel(model, x, corrupt):
    return ((model(corrupt(x)) - x) ** 2).flatten(1).mean(1)


def denoising_absolute(model, x, corrupt):
    return (model(corrupt(x)) - x).abs().flatten(1).sum(1)


def denoising_summed(model, x, corrupt):
    return ((model(corrupt(x)) - x) ** 2).sum()


def denoising_averaged(model, x, corrupt):
    return squared_error(model(corrupt(x)), x).mean()


def denoising_no_grad(model, x, corrupt):
    with torch.no_grad():
        return squared_error(model(corrupt(x)), x)


def denoising_half(model, x, corrupt):
    """No known mistake: the generic message has to do."""
    return squared_error(model(corrupt(x)), (x + corrupt(x)) / 2)


# --- the specimen ---------------------------------------------------------------------------------


def denoising_specimen(model, x, corrupt):
    spoilt = corrupt(x)
    return ((model(spoilt) - spoilt) ** 2).flatten(1).sum(1)


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [denoising_mse, denoising_named, denoising_kept]

WRONG = {
    denoising_no_noise: "The noise is gone",
    denoising_exchanged: "Clean and spoilt have changed places",
    denoising_no_model: "The model has no part",
    denoising_noise_on_output: "what the model draws. It belongs",
    denoising_two_drawings: "two drawings",
    denoising_twice: "spoilt twice",
    denoising_target_spoilt_too: "The target is still spoilt",
    denoising_draws_noise: "as if the model drew the noise",
    denoising_per_pixel: "averaged over the pixels",
    denoising_absolute: "absolute differences",
    denoising_summed: "batch is summed",
    denoising_averaged: "batch is averaged",
    denoising_no_grad: "nothing could be trained",
    denoising_half: "Three pictures have a part",
}

UNREPAIRED = [denoising_specimen]
