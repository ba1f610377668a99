"""Answers to `repaired_revival`, lesson 15, as learners write them."""

from torch.nn import functional as F

from course_utils import squared_error

# --- right ----------------------------------------------------------------------------------------


def revival_sum(x, code, dead, weight, bias):
    return squared_error((code + dead) @ weight + bias, x)


def revival_bias_on_both_sides(x, code, dead, weight, bias):
    left_over = x - code @ weight
    return ((dead @ weight + bias - left_over) ** 2).sum(1)


def revival_linear(x, code, dead, weight, bias):
    left_over = x - F.linear(code, weight.T, bias)
    return (F.linear(dead, weight.T) - left_over).square().sum(dim=-1)


def revival_left_over_held_still(x, code, dead, weight, bias):
    left_over = x - (code @ weight + bias)
    return squared_error(dead @ weight, left_over.detach())


# --- wrong ----------------------------------------------------------------------------------------


def revival_no_bias(x, code, dead, weight, bias):
    return squared_error(dead @ weight, x - code @ weight)


def revival_all_of_x(x, code, dead, weight, bias):
    return squared_error(dead @ weight, x)


def revival_all_of_x_with_bias(x, code, dead, weight, bias):
    return squared_error(dead @ weight + bias, x)


def revival_turned(x, code, dead, weight, bias):
    return squared_error(dead @ weight, code @ weight + bias - x)


def revival_living_only(x, code, dead, weight, bias):
    return squared_error(code @ weight + bias, x)


def revival_copies(x, code, dead, weight, bias):
    return squared_error(dead @ weight, code @ weight + bias)


def revival_bias_again(x, code, dead, weight, bias):
    return squared_error(dead @ weight + 2 * bias, x - code @ weight - bias)


def revival_mean(x, code, dead, weight, bias):
    return ((dead @ weight + code @ weight + bias - x) ** 2).mean(1)


def revival_batch(x, code, dead, weight, bias):
    return revival_sum(x, code, dead, weight, bias).sum()


def revival_absolute(x, code, dead, weight, bias):
    return (dead @ weight + code @ weight + bias - x).abs().sum(1)


def revival_detached(x, code, dead, weight, bias):
    return squared_error((dead @ weight).detach(), x - (code @ weight + bias).detach())


def revival_strokes_held_still(x, code, dead, weight, bias):
    return squared_error(dead @ weight.detach(), x - (code @ weight + bias))


def revival_weight_forgotten(x, code, dead, weight, bias):
    return revival_sum(x, code, dead, weight.detach(), bias)


def revival_scaled(x, code, dead, weight, bias):
    """No known mistake: the generic message has to do."""
    return squared_error(dead @ weight, 0.5 * (x - code @ weight - bias))


# --- the specimen ---------------------------------------------------------------------------------


def revival_specimen(x, code, dead, weight, bias):
    return squared_error(dead @ weight + 2 * bias, x - code @ weight)


def revival_of_what_is_silent(x, code, dead, weight, bias):
    return squared_error((dead * (code == 0)) @ weight, x - (code @ weight + bias))


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [
    revival_sum,
    revival_bias_on_both_sides,
    revival_linear,
    revival_left_over_held_still,
]

WRONG = {
    revival_no_bias: "gone from the comparison",
    revival_all_of_x: "draw x by themselves, without bias",
    revival_all_of_x_with_bias: "draw all of x by themselves",
    revival_turned: "has the wrong sign",
    revival_living_only: "have no part in it",
    revival_copies: "copy what the living",
    revival_bias_again: "more often than before",
    revival_mean: "The mean over the features",
    revival_batch: "batch is summed",
    revival_absolute: "absolute differences",
    revival_detached: "does not remember how it was computed from `dead`",
    revival_strokes_held_still: "Detach nothing of what they draw",
    revival_weight_forgotten: "does not remember how it was computed from `weight`",
    revival_scaled: "Write the two things",
    revival_of_what_is_silent: "Write the two things to be compared on paper",
}

UNREPAIRED = [revival_specimen]
