"""Answers to `denoising_loss`, lesson 03, as learners write them."""

import numpy as np
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


def loss_own_gradient_thrown_away(model, clean, noisy):
    """Looks at a gradient on the side, by the function that leaves none behind."""
    value = loss_flatten(model, clean, noisy)
    torch.autograd.grad(value.sum(), list(model.parameters()), retain_graph=True)
    return value


def loss_in_double(model, clean, noisy):
    return (model(noisy).double() - clean.double()).square().flatten(1).sum(1)


def loss_mode_put_back(model, clean, noisy):
    was = model.training
    model.train(False)
    value = loss_flatten(model, clean, noisy)
    model.train(was)
    return value


# --- wrong ----------------------------------------------------------------------------------------


def loss_clamped(model, clean, noisy):
    return ((model(noisy).clamp(0, 1) - clean) ** 2).flatten(1).sum(1)


def loss_ink_only(model, clean, noisy):
    return ((F.relu(model(noisy)) - clean) ** 2).flatten(1).sum(1)


def loss_held_above(model, clean, noisy):
    """No known cut: the generic message has to do."""
    return ((model(noisy).clamp(min=-1, max=2) - clean) ** 2).flatten(1).sum(1)


def loss_sigmoid(model, clean, noisy):
    return ((torch.sigmoid(model(noisy)) - clean) ** 2).flatten(1).sum(1)


def loss_noisy_clamped(model, clean, noisy):
    return ((model(noisy.clip(0, 1)) - clean) ** 2).flatten(1).sum(1)


def loss_hat_for_power(model, clean, noisy):
    return ((model(noisy) - clean) ^ 2).flatten(1).sum(1)


def loss_goes_backward(model, clean, noisy):
    value = loss_flatten(model, clean, noisy)
    value.mean().backward()
    return value


def loss_goes_backward_and_keeps(model, clean, noisy):
    """The loop's own `backward` then works, and doubles the gradient."""
    value = loss_flatten(model, clean, noisy)
    value.sum().backward(retain_graph=True)
    return value


def loss_zero_grad(model, clean, noisy):
    model.zero_grad()
    return loss_flatten(model, clean, noisy)


def loss_evaluates(model, clean, noisy):
    model.eval()
    return loss_flatten(model, clean, noisy)


def loss_puts_in_training(model, clean, noisy):
    return loss_flatten(model.train(), clean, noisy)


def loss_freezes(model, clean, noisy):
    value = loss_flatten(model, clean, noisy)
    model.requires_grad_(False)
    return value


def loss_tiny_step(model, clean, noisy):
    with torch.no_grad():
        for parameter in model.parameters():
            parameter -= 1e-12 * parameter
    return loss_flatten(model, clean, noisy)


def loss_watches_noisy(model, clean, noisy):
    noisy.requires_grad_()
    return loss_flatten(model, clean, noisy)


def loss_watches_clean(model, clean, noisy):
    clean.requires_grad = True
    return loss_flatten(model, clean.detach(), noisy)


def loss_seeds(model, clean, noisy):
    torch.manual_seed(7)
    return loss_flatten(model, clean, noisy)


def loss_seeds_numpy(model, clean, noisy):
    np.random.seed(0)
    return loss_flatten(model, clean, noisy)


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


def loss_shows_rows_of_pixels(model, clean, noisy):
    return (model(noisy.flatten(1)) - clean.flatten(1)).square().sum(1)


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
    loss_own_gradient_thrown_away,
    loss_in_double,
    loss_mode_put_back,
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
    loss_clamped: "You cut the model's answer to [0, 1]",
    loss_ink_only: "You cut away what the model paints below 0",
    loss_held_above: "the two do not agree",
    loss_sigmoid: "You put a sigmoid on the model's answer",
    loss_noisy_clamped: "You cut the spoilt images to [0, 1]",
    loss_hat_for_power: "In Python `^` is no power",
    loss_goes_backward: "adds to the gradients of the model's parameters",
    loss_zero_grad: "sets back the gradients of the model's parameters",
    loss_evaluates: "came back in evaluation mode",
    loss_puts_in_training: "came back in training mode",
    loss_freezes: "switches `requires_grad` of the model's parameter `weight`",
    loss_tiny_step: "its parameter `weight` was written to",
    loss_watches_noisy: "`requires_grad` of the caller's own `noisy`",
    loss_watches_clean: "`requires_grad` of the caller's own `clean`",
    loss_seeds: "torch's global stream is no longer where it was",
    loss_seeds_numpy: "NumPy's global stream is no longer where it was",
    loss_shows_rows_of_pixels: "the model was shown (4, 15)",
}
