"""Answers to `finite_scalar_quantize`, lesson 12, as learners write them."""

import torch

# --- right ----------------------------------------------------------------------------------------


def by_scaling(z, levels):
    b = z.tanh()
    half = (torch.tensor(levels) - 1) / 2
    q = torch.round((b + 1) * half) / half - 1
    return b + (q - b).detach()


def by_distance(z, levels):
    """The nearest of a list, number by number."""
    b, columns = torch.tanh(z), []
    for j, n in enumerate(levels):
        grid = torch.linspace(-1, 1, n)
        nearest = grid[(b[..., j, None] - grid).abs().argmin(-1)]
        columns.append(b[..., j] + (nearest - b[..., j]).detach())
    return torch.stack(columns, dim=-1)


class Rounding(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.round()

    @staticmethod
    def backward(ctx, gradient):
        return gradient


def by_own_function(z, levels):
    steps = z.new_tensor(levels) - 1
    return 2 * Rounding.apply((torch.tanh(z) + 1) / 2 * steps) / steps - 1


def by_sigmoid_of_twice(z, levels):
    steps = torch.as_tensor(list(levels), dtype=torch.float32) - 1
    b = torch.sigmoid(2 * z) * steps
    return (b + (b.round() - b).detach()) * 2 / steps - 1


# --- wrong ----------------------------------------------------------------------------------------


def straight(q, b):
    return b + (q - b).detach()


def grid(b, steps):
    return ((b + 1) / 2 * steps).round() / steps * 2 - 1


def count(levels):
    return torch.tensor(levels, dtype=torch.float32)


def around_the_tanh(z, levels):
    return straight(grid(z.tanh(), count(levels) - 1), z)


def plain_round(z, levels):
    return grid(z.tanh(), count(levels) - 1)


def cut(z, levels):
    return grid(z.tanh(), count(levels) - 1).detach()


def not_rounded(z, levels):
    return z.tanh()


def clamped(z, levels):
    b = z.clamp(-1, 1)
    return straight(grid(b, count(levels) - 1), b)


def no_squashing(z, levels):
    return straight(grid(z, count(levels) - 1), z)


def by_sigmoid(z, levels):
    b = 2 * z.sigmoid() - 1
    return straight(grid(b, count(levels) - 1), b)


def one_level_more(z, levels):
    b = z.tanh()
    return straight(grid(b, count(levels)), b)


def level_below(z, levels):
    b, steps = z.tanh(), count(levels) - 1
    return straight(((b + 1) / 2 * steps).int() / steps * 2 - 1, b)


def middles(z, levels):
    b, n = z.tanh(), count(levels)
    return straight((((b + 1) / 2 * n).floor() * 2 + 1) / n - 1, b)


def equal_pieces(z, levels):
    b, n = z.tanh(), count(levels)
    return straight(((b + 1) / 2 * n).floor() * 2 / (n - 1) - 1, b)


def numbers_of_levels(z, levels):
    b = (z.tanh() + 1) / 2 * (count(levels) - 1)
    return straight(b.round(), b)


def from_nought_to_one(z, levels):
    b, steps = (z.tanh() + 1) / 2, count(levels) - 1
    return straight((b * steps).round() / steps, b)


def around_nought(z, levels):
    half = (count(levels) - 1) / 2
    b = z.tanh() * half
    return straight(b.round(), b) / half


def whole_numbers(z, levels):
    b = z.tanh() * (count(levels) - 1) / 2
    return straight(b.round(), b)


def halves(z, levels):
    half = count(levels) // 2
    b = z.tanh() * half
    return straight(b.round(), b) / half


def one_level_more_around_nought(z, levels):
    half = count(levels) / 2
    b = z.tanh() * half
    return straight(b.round(), b) / half


def first_for_all(z, levels):
    b = z.tanh()
    return straight(grid(b, levels[0] - 1), b)


def in_reverse(z, levels):
    b = z.tanh()
    return straight(grid(b, count(levels[::-1]) - 1), b)


def signs(z, levels):
    b = z.tanh()
    return straight(b.sign(), b)


def squashed_last(z, levels):
    return straight(grid(z, count(levels) - 1), z).tanh()


def with_numbers(z, levels):
    b = z.tanh()
    return straight(grid(b, count(levels) - 1), b), levels


def squashed_twice(z, levels):
    """No known mistake: the generic message has to do."""
    b = z.tanh().tanh()
    return straight(grid(b, count(levels) - 1), b)


RIGHT = [by_scaling, by_distance, by_own_function, by_sigmoid_of_twice]

WRONG = {
    around_the_tanh: "pass the gradient by the tanh as well",
    plain_round: "has the gradient 0 everywhere",
    cut: "does not remember how it was computed",
    not_rounded: "not yet rounded to their levels",
    clamped: "cut off at -1 and 1",
    no_squashing: "z itself is rounded, and some",
    by_sigmoid: "squash by a sigmoid",
    one_level_more: "You round to levels[j] + 1 values. From",
    level_below: "You take the level below",
    middles: "the middles of levels[j] equal pieces",
    equal_pieces: "each for one level",
    numbers_of_levels: "the numbers of the levels, 0, 1, 2",
    from_nought_to_one: "run from 0 to 1",
    around_nought: "You round around 0",
    whole_numbers: "round to whole numbers around 0",
    halves: "have one level more than asked for",
    one_level_more_around_nought: "levels[j] + 1 values around 0",
    first_for_all: "All numbers of a vector get",
    in_reverse: "in the wrong order",
    signs: "keep only the sign",
    squashed_last: "First the tanh, then the rounding",
    with_numbers: "expected a",
    squashed_twice: "By hand: tanh(0.9)",
}
