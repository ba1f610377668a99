"""Answers to `repaired_psnr`, lesson 15, as learners write them."""

import math

import torch
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


def psnr_mse(drawn, x):
    error = F.mse_loss(drawn.float(), x.float(), reduction="none").flatten(1).mean(1)
    return 20 * math.log10(255) - 10 * error.log10()


def psnr_from_0_to_1(drawn, x):
    error = ((drawn / 255 - x / 255) ** 2).flatten(1).mean(1)
    return -10 * torch.log10(error)


def psnr_whole_numbers(drawn, x):
    square = (drawn.to(torch.int32) - x.to(torch.int32)) ** 2
    return 10 * torch.log10(65025 / square.double().flatten(1).mean(1))


def psnr_one_by_one(drawn, x):
    errors = [((a.double() - b) ** 2).mean() for a, b in zip(drawn, x, strict=True)]
    return 20 * torch.log10(255 / torch.stack(errors).sqrt())


# --- wrong ----------------------------------------------------------------------------------------


def _of(squares):
    return 10 * torch.log10(255**2 / squares.float().flatten(1).mean(1))


def psnr_converted_too_late(drawn, x):
    return _of((drawn - x).float() ** 2)


def psnr_int8(drawn, x):
    return _of((drawn.to(torch.int8) - x.to(torch.int8)) ** 2)


def psnr_int8_then_float(drawn, x):
    return _of((drawn.to(torch.int8) - x.to(torch.int8)).float() ** 2)


def psnr_int16(drawn, x):
    return _of((drawn.short() - x.short()) ** 2)


def psnr_too_bright_only(drawn, x):
    return _of(F.relu(drawn.float() - x.float()) ** 2)


def psnr_absolute(drawn, x):
    return _of((drawn.float() - x.float()).abs())


def psnr_peak_not_squared(drawn, x):
    error = ((drawn.float() - x.float()) ** 2).flatten(1).mean(1)
    return 10 * torch.log10(255 / error)


def psnr_no_peak(drawn, x):
    error = ((drawn.float() - x.float()) ** 2).flatten(1).mean(1)
    return 10 * torch.log10(1 / error)


def psnr_two_scales(drawn, x):
    return _of((drawn / 255 - x / 255) ** 2)


def psnr_twenty(drawn, x):
    return 2 * psnr_one_by_one(drawn, x)


def psnr_natural(drawn, x):
    error = ((drawn.float() - x.float()) ** 2).flatten(1).mean(1)
    return 10 * (255**2 / error).log()


def psnr_upside_down(drawn, x):
    return -psnr_mse(drawn, x)


def psnr_summed(drawn, x):
    error = ((drawn.float() - x.float()) ** 2).flatten(1).sum(1)
    return 10 * torch.log10(255**2 / error)


def psnr_of_the_batch(drawn, x):
    return 10 * torch.log10(255**2 / ((drawn.float() - x.float()) ** 2).mean())


def psnr_own_peak(drawn, x):
    """No known mistake: the generic message has to do."""
    error = ((drawn.float() - x.float()) ** 2).flatten(1).mean(1)
    return 10 * torch.log10(x.flatten(1).amax(1).float() ** 2 / error)


# --- the specimen ---------------------------------------------------------------------------------


def psnr_specimen(drawn, x):
    difference = drawn - x
    square = difference * difference
    return 20 * torch.log10(255 / square.flatten(1).float().mean(1).sqrt())


def psnr_larger_less_smaller(drawn, x):
    """No difference falls below 0 now, but squares are still written into bytes: the same."""
    return _of((torch.maximum(drawn, x) - torch.minimum(drawn, x)) ** 2)


def psnr_back_into_a_byte(drawn, x):
    difference = (drawn.float() - x.float()).abs().to(torch.uint8)
    return _of(difference**2)


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [psnr_mse, psnr_from_0_to_1, psnr_whole_numbers, psnr_one_by_one]

WRONG = {
    psnr_converted_too_late: "Convert both pictures before you subtract",
    psnr_int8: "is no larger than a byte",
    psnr_int8_then_float: "a pixel of 200 becomes -56",
    psnr_int16: "ends at 32,767",
    psnr_too_bright_only: "Only pixels that are too bright",
    psnr_absolute: "absolute differences",
    psnr_peak_not_squared: "255 belongs in it squared",
    psnr_no_peak: "The peak is missing",
    psnr_two_scales: "one scale or the other",
    psnr_twenty: "20 log10 is for",
    psnr_natural: "natural logarithm",
    psnr_upside_down: "stands on its head",
    psnr_summed: "You sum over the pixels",
    psnr_of_the_batch: "All pictures share one number",
    psnr_own_peak: "Take one pixel with a pen",
}

UNREPAIRED = [psnr_specimen, psnr_larger_less_smaller, psnr_back_into_a_byte]
