"""Answers to `transposed_output_size`, lesson 02, as learners write them."""

import torch
from torch import nn

# --- right ----------------------------------------------------------------------------------------


def as_pytorch_says_it(size, kernel, stride, padding, output_padding, dilation=1):
    return (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1


def by_asking_torch(size, kernel, stride, padding, output_padding):
    layer = nn.ConvTranspose1d(1, 1, kernel, stride, padding, output_padding)
    return layer(torch.zeros(1, 1, size)).shape[-1]


def by_laying_stamps(size, kernel, stride, padding, output_padding):
    inked = set()
    for pixel in range(size):
        inked |= set(range(pixel * stride, pixel * stride + kernel))
    return max(inked) + 1 - padding - padding + output_padding


# --- wrong ----------------------------------------------------------------------------------------


def one_stamp_too_many(size, kernel, stride, padding, output_padding):
    return size * stride - 2 * padding + kernel + output_padding


def pads_once(size, kernel, stride, padding, output_padding):
    return (size - 1) * stride - padding + kernel + output_padding


def adds_the_padding(size, kernel, stride, padding, output_padding):
    return (size - 1) * stride + 2 * padding + kernel + output_padding


def forgets_the_output_padding(size, kernel, stride, padding, output_padding):
    return (size - 1) * stride - 2 * padding + kernel


def output_padding_twice(size, kernel, stride, padding, output_padding):
    return (size - 1) * stride - 2 * padding + kernel + 2 * output_padding


def forgets_the_padding(size, kernel, stride, padding, output_padding):
    return (size - 1) * stride + kernel + output_padding


def forgets_the_kernel(size, kernel, stride, padding, output_padding):
    return (size - 1) * stride - 2 * padding + output_padding


def doubles(size, kernel, stride, padding, output_padding):
    return size * stride


def ordinary_convolution(size, kernel, stride, padding, output_padding):
    return (size + 2 * padding - kernel) // stride + 1 + output_padding


def side_by_side(size, kernel, stride, padding, output_padding):
    return size * kernel - 2 * padding + output_padding


def swapped(size, kernel, stride, padding, output_padding):
    return (size - 1) * kernel - 2 * padding + stride + output_padding


def takes_it_off(size, kernel, stride, padding, output_padding):
    return (size - 1) * stride - 2 * padding + kernel - output_padding


def a_float(size, kernel, stride, padding, output_padding):
    return float((size - 1) * stride - 2 * padding + kernel + output_padding)


RIGHT = [as_pytorch_says_it, by_asking_torch, by_laying_stamps]
WRONG = {
    one_stamp_too_many: "ten fingers",
    pads_once: "at one end. It comes off at both",
    adds_the_padding: "You added the padding",
    forgets_the_output_padding: "The output padding is missing",
    output_padding_twice: "at both ends. It is added at one",
    forgets_the_padding: "The padding is missing",
    forgets_the_kernel: "only to where it begins",
    doubles: "the two paddings",
    ordinary_convolution: "ordinary convolution",
    side_by_side: "side by side",
    swapped: "changed places",
    takes_it_off: "You subtracted the output padding",
    a_float: "expected a whole number",
}
