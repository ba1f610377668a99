"""Answers to `quantize_weights`, lesson 16, as learners write them."""

import torch

# --- right ----------------------------------------------------------------------------------------


def by_clamp(weight, bits=8):
    steps = 2 ** (bits - 1) - 1
    scale = (weight.abs().max(dim=1, keepdim=True).values / steps).clamp(min=1e-30)
    return torch.clamp(torch.round(weight / scale), -steps, steps) * scale


def by_rows(weight, bits=8):
    result = weight.clone()
    for row in result:
        largest = row.abs().max()
        if largest > 0:
            scale = largest / (2 ** (bits - 1) - 1)
            row.copy_(torch.round(row / scale) * scale)
    return result


def by_floor(weight, bits=8):
    scale = torch.linalg.vector_norm(weight, ord=float("inf"), dim=1)[:, None]
    scale = scale / (2 ** (bits - 1) - 1)
    return torch.nan_to_num(torch.floor(weight / scale + 0.5)) * scale


def by_integers(weight, bits=8):
    scale = weight.abs().amax(1, keepdim=True) / (2 ** (bits - 1) - 1)
    whole = torch.where(scale > 0, weight / scale, 0).round().to(torch.int32)
    return whole * scale


# --- wrong ----------------------------------------------------------------------------------------


def _rounded(weight, scale, how=torch.round):
    return how(weight / scale.clamp(min=1e-30)) * scale


def one_scale(weight, bits=8):
    return _rounded(weight, weight.abs().max() / (2 ** (bits - 1) - 1))


def scale_of_columns(weight, bits=8):
    return _rounded(weight, weight.abs().amax(0) / (2 ** (bits - 1) - 1))


def one_step_too_many(weight, bits=8):
    return _rounded(weight, weight.abs().amax(1, keepdim=True) / 2 ** (bits - 1))


def no_bit_for_the_sign(weight, bits=8):
    return _rounded(weight, weight.abs().amax(1, keepdim=True) / (2**bits - 1))


def always_eight(weight, bits=8):
    return _rounded(weight, weight.abs().amax(1, keepdim=True) / 127)


def largest_with_sign(weight, bits=8):
    return _rounded(weight, weight.amax(1, keepdim=True).clamp(min=0) / (2 ** (bits - 1) - 1))


def rounded_down(weight, bits=8):
    scale = weight.abs().amax(1, keepdim=True) / (2 ** (bits - 1) - 1)
    return _rounded(weight, scale, torch.floor)


def cut_off(weight, bits=8):
    scale = (weight.abs().amax(1, keepdim=True) / (2 ** (bits - 1) - 1)).clamp(min=1e-30)
    return (weight / scale).int() * scale


def standard_deviation(weight, bits=8):
    scale = weight.std(1, keepdim=True).nan_to_num() / (2 ** (bits - 1) - 1)
    return _rounded(weight, scale)


def low_to_high(weight, bits=8):
    low, high = weight.amin(1, keepdim=True), weight.amax(1, keepdim=True)
    scale = ((high - low) / (2**bits - 1)).clamp(min=1e-30)
    return torch.round((weight - low) / scale) * scale + low


def zeros_by_zero(weight, bits=8):
    scale = weight.abs().amax(1, keepdim=True) / (2 ** (bits - 1) - 1)
    return torch.round(weight / scale) * scale


def a_little_added(weight, bits=8):
    scale = weight.abs().amax(1, keepdim=True) / (2 ** (bits - 1) - 1) + 1e-8
    return torch.round(weight / scale) * scale


def numbers_of_steps(weight, bits=8):
    scale = weight.abs().amax(1, keepdim=True) / (2 ** (bits - 1) - 1)
    return torch.where(scale > 0, weight / scale, 0).round()


def nothing_rounded(weight, bits=8):
    return weight.clone()


def half_precision(weight, bits=8):
    """No known mistake: the generic message has to do."""
    return weight.half().to(weight.dtype)


def changes_the_weights(weight, bits=8):
    scale = (weight.abs().amax(1, keepdim=True) / (2 ** (bits - 1) - 1)).clamp(min=1e-30)
    weight.div_(scale).round_().mul_(scale)
    return weight


RIGHT = [by_clamp, by_rows, by_floor, by_integers]

WRONG = {
    one_scale: "one scale for the whole layer",
    scale_of_columns: "belong to the columns",
    one_step_too_many: "a signed byte ends at 127",
    no_bit_for_the_sign: "One bit is the sign's",
    always_eight: "that of 8 bits, whatever `bits` is",
    largest_with_sign: "taken with its sign",
    rounded_down: "is rounded down",
    cut_off: "is rounded towards zero",
    standard_deviation: "from the standard deviation",
    low_to_high: "so that 0 may lie between",
    zeros_by_zero: "A row of zeros becomes nan",
    a_little_added: "A small number is added",
    numbers_of_steps: "the numbers of steps",
    nothing_rounded: "nothing is rounded",
    half_precision: "how many steps is each weight, rounded",
    changes_the_weights: "changed its argument `weight`",
}
