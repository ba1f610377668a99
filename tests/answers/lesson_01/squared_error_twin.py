"""Answers to `squared_error_twin`, lesson 01, as learners write them."""

import torch


def masked_difference(x_hat, x, known):
    return ((x_hat - x) * known).pow(2).flatten(1).sum(1)


def einsum(x_hat, x, known):
    difference = x_hat - x
    return torch.einsum("b...,b...,b...->b", known, difference, difference)


def where(x_hat, x, known):
    squares = torch.where(known > 0, (x_hat - x) ** 2, 0.0)
    return squares.reshape(len(x), -1).sum(-1)


def loop(x_hat, x, known):
    rows = zip(x_hat, x, known, strict=True)
    return torch.stack([((a - b)[k == 1] ** 2).sum() for a, b, k in rows])


def all_features(x_hat, x, known):
    return torch.nn.functional.mse_loss(x_hat, x, reduction="none").flatten(1).sum(1)


def the_lost_ones(x_hat, x, known):
    return torch.where(known == 0, (x_hat - x) ** 2, 0.0).flatten(1).sum(1)


def mean_of_known(x_hat, x, known):
    return torch.stack(
        [((a - b)[k == 1] ** 2).mean() for a, b, k in zip(x_hat, x, known, strict=True)]
    )


def one_number(x_hat, x, known):
    return ((x_hat - x)[known == 1] ** 2).sum()


def mean_of_all(x_hat, x, known):
    return ((x_hat - x) * known).square().flatten(1).mean(dim=1)


def unsummed(x_hat, x, known):
    return (known * (x_hat - x)) ** 2


def zeros_in_x(x_hat, x, known):
    return ((x_hat - x * known) ** 2).flatten(1).sum(1)


def absolute(x_hat, x, known):
    return ((x_hat - x) * known).abs().flatten(1).sum(1)


def square_of_sum(x_hat, x, known):
    return (known * (x_hat - x)).flatten(1).sum(1) ** 2


def last_axis(x_hat, x, known):
    return (known * (x - x_hat) ** 2).sum(dim=-1)


RIGHT = [masked_difference, einsum, where, loop]
WRONG = {
    all_features: "has no influence",
    the_lost_ones: "turned round",
    mean_of_known: "the mean over the known features",
    one_number: "over the examples as well",
    mean_of_all: "the number of all features",
    unsummed: "Each feature has its number still",
    zeros_in_x: "set the lost features of x to 0",
    absolute: "absolute differences",
    square_of_sum: "squared the sum",
    last_axis: "Only the last axis",
}
