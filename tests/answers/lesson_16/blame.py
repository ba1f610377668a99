"""Answers to `blame`, lesson 16, as learners write them."""

import numpy as np
import torch

# --- right ----------------------------------------------------------------------------------------


def by_abs(x, x_hat, spread):
    return torch.argmax(torch.abs(x - x_hat) / spread, dim=-1)


def by_squares(x, x_hat, spread):
    return (((x_hat - x) / spread[None, :]) ** 2).argmax(1)


def by_loop(x, x_hat, spread):
    found = []
    for seen, expected in zip(x, x_hat, strict=True):
        residual = (seen - expected).abs() / spread
        found.append(residual.tolist().index(residual.max().item()))
    return torch.tensor(found)


def by_numpy(x, x_hat, spread):
    return torch.from_numpy(np.argmax(np.abs((x - x_hat) / spread).numpy(), axis=1))


# --- wrong ----------------------------------------------------------------------------------------


def with_its_sign(x, x_hat, spread):
    return ((x - x_hat) / spread).argmax(1)


def not_divided(x, x_hat, spread):
    return (x - x_hat).abs().argmax(1)


def multiplied(x, x_hat, spread):
    return ((x - x_hat) * spread).abs().argmax(1)


def without_brackets(x, x_hat, spread):
    return (x - x_hat / spread).abs().argmax(1)


def spread_subtracted(x, x_hat, spread):
    return ((x - x_hat).abs() - spread).argmax(1)


def squared_once(x, x_hat, spread):
    return ((x - x_hat).square() / spread).argmax(1)


def spread_squared(x, x_hat, spread):
    return ((x - x_hat).abs() / spread.square()).argmax(1)


def values_themselves(x, x_hat, spread):
    return (x / spread).abs().argmax(1)


def smallest(x, x_hat, spread):
    return ((x - x_hat) / spread).abs().argmin(1)


def along_the_rows(x, x_hat, spread):
    return ((x - x_hat) / spread).abs().argmax(0)


def one_for_all(x, x_hat, spread):
    return ((x - x_hat) / spread).abs().argmax()


def in_per_cent(x, x_hat, spread):
    return ((x - x_hat) / x_hat).abs().argmax(1)


def in_per_cent_of_the_seen(x, x_hat, spread):
    return (1 - x_hat / x).abs().argmax(1)


def from_these_rows(x, x_hat, spread):
    residual = x - x_hat
    return (residual / residual.std(0)).abs().argmax(1)


def from_one(x, x_hat, spread):
    return ((x - x_hat) / spread).abs().argmax(1) + 1


def how_large(x, x_hat, spread):
    return ((x - x_hat) / spread).abs().max(1).values


def kept_dimension(x, x_hat, spread):
    return ((x - x_hat) / spread).abs().argmax(1, keepdim=True)


def in_place(x, x_hat, spread):
    x -= x_hat
    return (x / spread).abs().argmax(1)


def mean_taken_off(x, x_hat, spread):
    """No known mistake: the generic message has to do."""
    residual = (x - x_hat).abs() / spread
    return (residual - residual.mean(0)).argmax(1)


RIGHT = [by_abs, by_squares, by_loop, by_numpy]

WRONG = {
    with_its_sign: "The sign is kept",
    not_divided: "not divided by `spread`",
    multiplied: "multiplied by the spread",
    without_brackets: "Division comes before subtraction",
    spread_subtracted: "The spread is subtracted",
    squared_once: "The residual is squared and the spread is not",
    spread_squared: "The spread is squared and the residual is not",
    values_themselves: "compare the values themselves",
    smallest: "the least to blame",
    along_the_rows: "once for each column",
    one_for_all: "one long line",
    in_per_cent: "by what was expected",
    in_per_cent_of_the_seen: "by what was seen",
    from_these_rows: "the residuals of *these* rows",
    from_one: "numbered from 1",
    how_large: "expected whole numbers",
    kept_dimension: "expected",
    in_place: "changed its argument `x`",
    mean_taken_off: "drop the signs",
}
