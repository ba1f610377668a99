"""Answers to `VectorQuantizer_twin`, lesson 12, as learners write them."""

import torch


def straight_through(z, step):
    rounded = torch.round(z / step) * step
    return z - (z - rounded).detach()


def rounding_is_flat(z, step):
    return z + (z / step).round() * step - z.detach()


def by_a_function_of_its_own(z, step):
    class Round(torch.autograd.Function):
        @staticmethod
        def forward(ctx, z):
            return torch.round(z / step) * step

        @staticmethod
        def backward(ctx, gradient):
            return gradient

    return Round.apply(z)


def no_gradient(z, step):
    return torch.round(z / step) * step


def whole_numbers(z, step):
    return z + (torch.round(z) - z).detach()


def down(z, step):
    return z + (torch.div(z, step, rounding_mode="floor") * step - z).detach()


def up(z, step):
    return z + (-torch.floor(-z / step) * step - z).detach()


def towards_zero(z, step):
    return z + ((z / step).int() * step - z).detach()


def not_multiplied(z, step):
    return z + (torch.round(z / step) - z).detach()


def other_way_round(z, step):
    return z + (torch.round(z * step) / step - z).detach()


def lost(z, step):
    rounded = torch.round(z / step) * step
    return rounded + (z - rounded).detach() + z - z.detach()


def of_the_quotient(z, step):
    u = z / step
    return u + (step * u.round() - u).detach()


def twice(z, step):
    rounded = torch.round(z / step) * step
    return 2 * z + (rounded - 2 * z).detach()


def forgotten(z, step):
    return (torch.round(z / step) * step).detach()


RIGHT = [straight_through, rounding_is_flat, by_a_function_of_its_own]
WRONG = {
    no_gradient: "rounding is flat",
    whole_numbers: "round to whole numbers",
    down: "always round down",
    up: "always round up",
    towards_zero: "cut the rest off",
    not_multiplied: "the numbers of the steps",
    other_way_round: "the other way",
    lost: "z comes back as it was",
    of_the_quotient: "divided by step",
    twice: "arrives twice",
    forgotten: "cut that thread",
}
