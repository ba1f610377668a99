"""Answers to `denoising_loss`, lesson 03, as learners write them."""

import torch
from torch import nn
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


def loss_flatten(model, clean, noisy):
    return ((model(noisy) - clean) ** 2).flatten(1).sum(1)


def loss_mse(model, clean, noisy):
    return F.mse_loss(model(noisy), clean, reduction="none").flatten(1).sum(1)


def loss_package(model, clean, noisy):
    from course_utils import squared_error

    return squared_error(model(noisy), clean)


def loss_image_by_image(model, clean, noisy):
    pairs = zip(clean, noisy, strict=True)
    return torch.stack([((model(n[None])[0] - c) ** 2).sum() for c, n in pairs])


def loss_expanded(model, clean, noisy):
    a, b = model(noisy).flatten(1), clean.flatten(1)
    return (a * a).sum(1) - 2 * (a * b).sum(1) + (b * b).sum(1)


def loss_no_gradient_through_the_noise(model, clean, noisy):
    error = model(noisy.detach()) - clean
    return torch.einsum("b...,b...->b", error, error)


def loss_asks_twice(model, clean, noisy):
    return ((model(noisy) - clean) * (model(noisy) - clean)).flatten(1).sum(1)


def loss_clean_times_one(model, target, corrupted):
    error = target.reshape(len(target), -1) - model(corrupted).reshape(len(target), -1)
    return torch.linalg.vector_norm(error, dim=1) ** 2


# --- wrong ----------------------------------------------------------------------------------------


def loss_noisy_target(model, clean, noisy):
    return loss_flatten(model, noisy, noisy)


def loss_clean_input(model, clean, noisy):
    return loss_flatten(model, clean, clean)


def loss_exchanged(model, clean, noisy):
    return loss_flatten(model, noisy, clean)


def loss_without_the_model(model, clean, noisy):
    return ((noisy - clean) ** 2).flatten(1).sum(1)


def loss_between_two_answers(model, clean, noisy):
    return ((model(noisy) - model(clean)) ** 2).flatten(1).sum(1)


def loss_model_twice(model, clean, noisy):
    return ((model(model(noisy)) - clean) ** 2).flatten(1).sum(1)


def loss_of_the_noise(model, clean, noisy):
    return ((model(noisy) - (noisy - clean)) ** 2).flatten(1).sum(1)


def loss_answer_added(model, clean, noisy):
    return ((noisy + model(noisy) - clean) ** 2).flatten(1).sum(1)


def loss_of_both(model, clean, noisy):
    return loss_flatten(model, clean, noisy) + loss_flatten(model, clean, clean)


def loss_logits(model, clean, noisy):
    return ((torch.sigmoid(model(noisy).logits) - clean) ** 2).flatten(1).sum(1)


def loss_reconstruct(model, clean, noisy):
    return ((model.reconstruct(noisy) - clean) ** 2).flatten(1).sum(1)


def loss_not_summed(model, clean, noisy):
    return (model(noisy) - clean) ** 2


def loss_mse_default(model, clean, noisy):
    return nn.MSELoss()(model(noisy), clean)


def loss_sum_of_everything(model, clean, noisy):
    return ((model(noisy) - clean) ** 2).sum()


def loss_mean_over_batch(model, clean, noisy):
    return ((model(noisy) - clean) ** 2).sum() / len(clean)


def loss_mean_over_pixels(model, clean, noisy):
    return ((model(noisy) - clean) ** 2).flatten(1).mean(1)


def loss_sum_over_batch(model, clean, noisy):
    return ((model(noisy) - clean) ** 2).sum(0)


def loss_column(model, clean, noisy):
    return loss_flatten(model, clean, noisy)[:, None]


def loss_last_axis(model, clean, noisy):
    return ((model(noisy) - clean) ** 2).sum(-1)


def loss_axis_one(model, clean, noisy):
    return ((model(noisy) - clean) ** 2).sum(1)


def loss_image_axes(model, clean, noisy):
    return ((model(noisy) - clean) ** 2).sum(dim=(1, 2, 3))


def loss_absolute(model, clean, noisy):
    return F.l1_loss(model(noisy), clean, reduction="none").flatten(1).sum(1)


def loss_no_square(model, clean, noisy):
    return (model(noisy) - clean).flatten(1).sum(1)


def loss_half(model, clean, noisy):
    return 0.5 * loss_flatten(model, clean, noisy)


def loss_root(model, clean, noisy):
    return (model(noisy) - clean).flatten(1).norm(dim=1)


def loss_cross_entropy(model, clean, noisy):
    return F.binary_cross_entropy(model(noisy), clean, reduction="none").flatten(1).sum(1)


def loss_detached(model, clean, noisy):
    return ((model(noisy).detach() - clean) ** 2).flatten(1).sum(1)


def loss_half_detached(model, clean, noisy):
    error = model(noisy) - clean
    return (error.detach() * error).flatten(1).sum(1)


def loss_gradient_elsewhere(model, clean, noisy):
    """Right numbers, and a gradient of the wrong size that no known mistake has."""
    value = loss_flatten(model, clean, noisy)
    return 3 * value - 2 * value.detach()


def loss_in_place(model, clean, noisy):
    clean -= model(noisy).detach()
    return (clean**2).flatten(1).sum(1)


def loss_without_calling(model, clean, noisy):
    return ((model - clean) ** 2).flatten(1).sum(1)


def loss_number(model, clean, noisy):
    return loss_flatten(model, clean, noisy).mean().item()


def loss_three_times(model, clean, noisy):
    """No known mistake: the generic message has to do."""
    return 3 * loss_flatten(model, clean, noisy)


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [
    loss_flatten,
    loss_mse,
    loss_package,
    loss_image_by_image,
    loss_expanded,
    loss_no_gradient_through_the_noise,
    loss_asks_twice,
    loss_clean_times_one,
]

WRONG = {
    loss_noisy_target: "learns to draw the noise as well",
    loss_clean_input: "the plain autoencoder of lesson 01",
    loss_exchanged: "The two are exchanged",
    loss_without_the_model: "the model was never asked",
    loss_between_two_answers: "compared its two answers",
    loss_model_twice: "The model was applied twice",
    loss_of_the_noise: "You took the model's answer for the noise",
    loss_answer_added: "You added the model's answer",
    loss_of_both: "There are two errors in your sum",
    loss_logits: "leave out `.logits`",
    loss_reconstruct: "this one has no `reconstruct`",
    loss_not_summed: "a squared difference for each pixel",
    loss_mse_default: "what `F.mse_loss` returns",
    loss_sum_of_everything: "You summed over everything",
    loss_mean_over_batch: "took the mean over the batch",
    loss_mean_over_pixels: "the mean over the pixels where the sum is wanted",
    loss_sum_over_batch: "You summed over the first axis",
    loss_column: "stand in a column",
    loss_last_axis: "one row of pixels",
    loss_axis_one: "the colour channel",
    loss_image_axes: "axes that only images have",
    loss_absolute: "absolute differences",
    loss_no_square: "Nothing is squared here",
    loss_half: "half the squared error",
    loss_root: "the Euclidean distance",
    loss_cross_entropy: "the cross-entropy of lesson 01",
    loss_detached: "no gradient would reach the weights",
    loss_half_detached: "one of the two factors is detached",
    loss_gradient_elsewhere: "gradient with respect to the model's weights is not",
    loss_in_place: "changed its argument `clean` in place",
    loss_without_calling: "unsupported operand",
    loss_number: "Leave out `.item()`",
    loss_three_times: "3 times what it should be",
}
