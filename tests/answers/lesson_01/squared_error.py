"""Answers to `squared_error`, lesson 01, as learners write them."""

import torch
from torch import nn
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


def error_flatten(x_hat, x):
    return ((x_hat - x) ** 2).flatten(1).sum(1)


def error_view(x_hat, x):
    difference = (x_hat - x).view(x.shape[0], -1)
    return torch.sum(difference * difference, dim=-1)


def error_einsum(x_hat, x):
    difference = x_hat - x
    return torch.einsum("b...,b...->b", difference, difference)


def error_mse_loss(x_hat, x):
    return F.mse_loss(x_hat, x, reduction="none").flatten(1).sum(1)


def error_mse_module(x_hat, x):
    return nn.MSELoss(reduction="none")(x_hat, x).reshape(len(x), -1).sum(dim=1)


def error_mean_times_features(x_hat, x):
    return (x_hat - x).pow(2).flatten(1).mean(1) * x[0].numel()


def error_axes(x_hat, x):
    return (x_hat - x).square().sum(dim=tuple(range(1, x.ndim)))


def error_norm(x_hat, x):
    return torch.linalg.vector_norm((x_hat - x).flatten(1), dim=1) ** 2


def error_loop(x_hat, x):
    return torch.stack([((a - b) ** 2).sum() for a, b in zip(x_hat, x, strict=True)])


def error_into_a_buffer(x_hat, x):
    errors = torch.zeros(len(x))
    for i in range(len(x)):
        errors[i] = torch.dot((x_hat[i] - x[i]).flatten(), (x_hat[i] - x[i]).flatten())
    return errors


def error_expanded_square(x_hat, x):
    a, b = x_hat.flatten(1), x.flatten(1)
    return (a * a).sum(1) - 2 * (a * b).sum(1) + (b * b).sum(1)


def error_double(x_hat, x):
    return (x_hat.double() - x.double()).square().flatten(1).sum(1)


def error_bmm(x_hat, x):
    d = (x_hat - x).flatten(1).unsqueeze(1)
    return torch.bmm(d, d.mT)[:, 0, 0]


def error_vmap(x_hat, x):
    return torch.vmap(lambda a, b: ((a - b) ** 2).sum())(x_hat, x)


def error_pairwise_distance(x_hat, x):
    return torch.cdist(x_hat.flatten(1), x.flatten(1)).diagonal() ** 2


def error_other_names(prediction, target, power=2):
    return ((prediction - target).abs() ** power).flatten(1).sum(1)


class ErrorModule(nn.Module):
    def forward(self, x_hat, x):
        return (x_hat - x).square().flatten(1).sum(1)


# --- wrong ----------------------------------------------------------------------------------------


def error_not_summed(x_hat, x):
    return (x_hat - x) ** 2


def error_mse_default(x_hat, x):
    return F.mse_loss(x_hat, x)


def error_sum_of_everything(x_hat, x):
    return torch.sum((x_hat - x) ** 2)


def error_mean_over_batch_of_sums(x_hat, x):
    return ((x_hat - x) ** 2).sum() / len(x)


def error_mean_over_features(x_hat, x):
    return ((x_hat - x) ** 2).flatten(1).mean(1)


def error_sum_over_batch(x_hat, x):
    return ((x_hat - x) ** 2).sum(dim=0)


def error_mean_over_batch(x_hat, x):
    return ((x_hat - x) ** 2).mean(dim=0)


def error_column(x_hat, x):
    return ((x_hat - x) ** 2).flatten(1).sum(1)[:, None]


def error_absolute(x_hat, x):
    return F.l1_loss(x_hat, x, reduction="none").flatten(1).sum(1)


def error_no_square(x_hat, x):
    return torch.einsum("b...->b", x_hat - x)


def error_no_square_reversed(x_hat, x):
    return torch.einsum("b...->b", x - x_hat)


def error_square_of_sum(x_hat, x):
    return (x_hat - x).flatten(1).sum(1) ** 2


def error_half(x_hat, x):
    return 0.5 * ((x_hat - x) ** 2).flatten(1).sum(1)


def error_root(x_hat, x):
    return torch.norm((x_hat - x).flatten(1), dim=1)


def error_root_mean(x_hat, x):
    return ((x_hat - x) ** 2).flatten(1).mean(1) ** 0.5


def error_sign(x_hat, x):
    return -((x_hat - x) ** 2).flatten(1).sum(1)


def error_difference_of_squares(x_hat, x):
    return (x_hat**2 - x**2).flatten(1).sum(1)


def error_difference_of_squares_reversed(x_hat, x):
    return (x**2 - x_hat**2).flatten(1).sum(1)


def error_plus(x_hat, x):
    return ((x_hat + x) ** 2).flatten(1).sum(1)


def error_last_axis(x_hat, x):
    return ((x_hat - x) ** 2).sum(dim=-1)


def error_axis_one(x_hat, x):
    return ((x_hat - x) ** 2).sum(dim=1)


def error_mean_over_last_axis(x_hat, x):
    return ((x_hat - x) ** 2).mean(dim=-1)


def error_image_axes(x_hat, x):
    return ((x_hat - x) ** 2).sum(dim=(1, 2, 3))


def error_einsum_of_rows(x_hat, x):
    d = x_hat - x
    return torch.einsum("bd,bd->b", d, d)


def error_all_pairs(x_hat, x):
    return ((x_hat.flatten(1)[:, None] - x.flatten(1)[None]) ** 2).sum(-1)


def error_detached(x_hat, x):
    return ((x_hat.detach() - x) ** 2).flatten(1).sum(1)


def error_half_detached(x_hat, x):
    return ((x_hat - x).detach() * (x_hat - x)).flatten(1).sum(1)


def error_numpy(x_hat, x):
    return torch.from_numpy(((x_hat.numpy() - x.numpy()) ** 2).reshape(len(x), -1).sum(1))


def error_in_place(x_hat, x):
    x_hat -= x
    return (x_hat**2).flatten(1).sum(1)


def error_list(x_hat, x):
    return [((a - b) ** 2).sum() for a, b in zip(x_hat, x, strict=True)]


def error_number(x_hat, x):
    return ((x_hat - x) ** 2).sum().item()


def error_one_argument(x_hat):
    return (x_hat**2).flatten(1).sum(1)


def error_misspelt(x_hat, x):
    return ((x_hat - y) ** 2).flatten(1).sum(1)


def error_squeezed(x_hat, x):
    return ((x_hat - x) ** 2).flatten(1).sum(1).squeeze()


def error_three_times(x_hat, x):
    """No known mistake: the generic message has to do."""
    return 3 * ((x_hat - x) ** 2).flatten(1).sum(1)


def error_gradient_elsewhere(x_hat, x):
    """Right numbers, and a gradient of the wrong size that no known mistake has."""
    value = ((x_hat - x) ** 2).flatten(1).sum(1)
    return 3 * value - 2 * value.detach()


def error_hat_for_power(x_hat, x):
    return ((x_hat - x) ^ 2).flatten(1).sum(1)


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [
    error_flatten,
    error_view,
    error_einsum,
    error_mse_loss,
    error_mse_module,
    error_mean_times_features,
    error_axes,
    error_norm,
    error_loop,
    error_into_a_buffer,
    error_expanded_square,
    error_double,
    error_bmm,
    error_vmap,
    error_pairwise_distance,
    error_other_names,
    ErrorModule(),
]

WRONG = {
    error_not_summed: "a squared difference for each feature",
    error_mse_default: "what `F.mse_loss` returns",
    error_sum_of_everything: "summed over everything",
    error_mean_over_batch_of_sums: "took the mean over the batch. `fit`",
    error_mean_over_features: "mean over the features where the sum is wanted",
    error_sum_over_batch: "summed over the first axis",
    error_mean_over_batch: "left one number per feature",
    error_column: "stand in a column",
    error_absolute: "absolute differences",
    error_no_square: "errors above and below the target cancel",
    error_no_square_reversed: "the difference is x - x_hat",
    error_square_of_sum: "summed first and squared the sum",
    error_half: "half the squared error",
    error_root: "Euclidean distance",
    error_root_mean: "root of the mean square",
    error_sign: "sign is turned round",
    error_difference_of_squares: "x_hat² - x²",
    error_difference_of_squares_reversed: "x² - x_hat²",
    error_plus: "a plus where the minus should be",
    error_last_axis: "one row of pixels",
    error_axis_one: "the colour channel",
    error_mean_over_last_axis: "mean over the last axis",
    error_image_axes: "axes that only images have",
    error_einsum_of_rows: "Your `einsum` expects two axes",
    error_all_pairs: "every reconstruction with every example",
    error_detached: "nothing could be trained",
    error_half_detached: "one of the two factors is detached",
    error_numpy: "without NumPy",
    error_in_place: "changed its argument `x_hat` in place",
    error_list: "a list of 3 things",
    error_number: "Leave out `.item()`",
    error_one_argument: "yours takes (x_hat)",
    error_misspelt: "name 'y' is not defined",
    error_squeezed: "axes of length 1",
    error_three_times: "3 times what it should be",
    error_gradient_elsewhere: "their gradient with respect to `x_hat`",
    error_hat_for_power: "In Python `^` is no power",
}
