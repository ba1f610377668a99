"""Answers to `conv_output_size`, lesson 02, as learners write them."""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


def size_formula(size, kernel, stride, padding):
    return (size + 2 * padding - kernel) // stride + 1


def size_floor_of_a_float(size, kernel, stride, padding):
    return math.floor((size + 2 * padding - kernel) / stride) + 1


def size_int_of_a_float(size, kernel, stride, padding):
    return int((size - kernel + 2 * padding) / stride + 1)


def size_divmod(size, kernel, stride, padding):
    steps, _ = divmod(size + padding + padding - kernel, stride)
    return 1 + steps


def size_one_division(size, kernel, stride, padding):
    return (size + 2 * padding - kernel + stride) // stride


def size_pytorch_page(size, kernel, stride, padding, dilation=1):
    return math.floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1)


def size_numpy_integer(size, kernel, stride, padding):
    return np.int64(size + 2 * padding - kernel) // stride + 1


def size_by_walking(size, kernel, stride, padding):
    places, left = 0, -padding
    while left + kernel <= size + padding:
        places += 1
        left += stride
    return places


def size_by_counting(size, kernel, stride, padding):
    return len(range(-padding, size + padding - kernel + 1, stride))


def size_by_convolving(size, kernel, stride, padding):
    layer = nn.Conv2d(1, 1, kernel, stride=stride, padding=padding)
    return layer(torch.zeros(1, 1, size, size)).shape[-1]


def size_by_unfolding(size, kernel, stride, padding):
    return F.pad(torch.zeros(size), (padding, padding)).unfold(0, kernel, stride).shape[0]


# --- wrong ----------------------------------------------------------------------------------------


def size_ceil(size, kernel, stride, padding):
    return math.ceil((size + 2 * padding - kernel) / stride) + 1


def size_round(size, kernel, stride, padding):
    return round((size + 2 * padding - kernel) / stride) + 1


def size_halves_up(size, kernel, stride, padding):
    return math.floor((size + 2 * padding - kernel) / stride + 0.5) + 1


def size_float(size, kernel, stride, padding):
    return (size + 2 * padding - kernel) / stride + 1


def size_padding_once(size, kernel, stride, padding):
    return (size + padding - kernel) // stride + 1


def size_without_padding(size, kernel, stride, padding):
    return math.floor((size - kernel) / stride) + 1


def size_padding_taken_away(size, kernel, stride, padding):
    return (size - 2 * padding - kernel) // stride + 1


def size_steps(size, kernel, stride, padding):
    return (size + 2 * padding - kernel) // stride


def size_two_too_many(size, kernel, stride, padding):
    return (size + 2 * padding - kernel) // stride + 2


def size_one_added_inside(size, kernel, stride, padding):
    return (size + 2 * padding - kernel + 1) // stride


def size_without_stride(size, kernel, stride, padding):
    return size + 2 * padding - kernel + 1


def size_without_brackets(size, kernel, stride, padding):
    return size + 2 * padding - kernel // stride + 1


def size_without_kernel(size, kernel, stride, padding):
    return (size + 2 * padding) // stride + 1


def size_padded_side_by_stride(size, kernel, stride, padding):
    return (size + 2 * padding) // stride


def size_by_stride(size, kernel, stride, padding):
    return size // stride


def size_by_stride_up(size, kernel, stride, padding):
    return math.ceil(size / stride)


def size_kernel_less_one(size, kernel, stride, padding):
    return (size + 2 * padding - (kernel - 1)) // stride + 1


def size_page_misread(size, kernel, stride, padding):
    return (size + 2 * padding - kernel - 1) // stride + 1


def size_half_kernel(size, kernel, stride, padding):
    return (size + 2 * padding - kernel // 2) // stride + 1


def size_odd_kernels_only(size, kernel, stride, padding):
    half = kernel // 2
    return (size + 2 * (padding - half) - 1) // stride + 1


def size_transposed(size, kernel, stride, padding):
    return (size - 1) * stride - 2 * padding + kernel


def size_stride_and_padding_exchanged(size, kernel, padding, stride):
    return (size + 2 * padding - kernel) // stride + 1


def size_kernel_and_stride_exchanged(size, stride, kernel, padding):
    return (size + 2 * padding - kernel) // stride + 1


def size_area(size, kernel, stride, padding):
    return ((size + 2 * padding - kernel) // stride + 1) ** 2


def size_unchanged(size, kernel, stride, padding):
    return size


def size_pair(size, kernel, stride, padding):
    side = (size + 2 * padding - kernel) // stride + 1
    return side, side


def size_tensor(size, kernel, stride, padding):
    return torch.tensor((size + 2 * padding - kernel) // stride + 1)


def size_forgot_return(size, kernel, stride, padding):
    side = (size + 2 * padding - kernel) // stride + 1
    print(side, end="")


def size_misspelt(size, kernel, stride, padding):
    return (size + 2 * pad - kernel) // stride + 1


def size_three_arguments(size, kernel, stride):
    return (size - kernel) // stride + 1


def size_three_times_padding(size, kernel, stride, padding):
    """No known mistake: the generic message has to do."""
    return (size + 3 * padding - kernel) // stride + 1


def size_like_pooling(size, kernel, stride, padding):
    if 2 * padding > kernel:
        padding = kernel // 2
    return (size + 2 * padding - kernel) // stride + 1


def size_array(size, kernel, stride, padding):
    return np.array([(size + 2 * padding - kernel) // stride + 1])


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [
    size_formula,
    size_floor_of_a_float,
    size_int_of_a_float,
    size_divmod,
    size_one_division,
    size_pytorch_page,
    size_numpy_integer,
    size_by_walking,
    size_by_counting,
    size_by_convolving,
    size_by_unfolding,
]

WRONG = {
    size_ceil: "You rounded up",
    size_round: "to the nearest whole number",
    size_halves_up: "rounded halves up",
    size_float: "there are no half pixels",
    size_padding_once: "counted the padding once",
    size_without_padding: "The padding is missing",
    size_padding_taken_away: "took the padding away",
    size_steps: "You counted steps",
    size_two_too_many: "counted the start twice",
    size_one_added_inside: "added the 1 before dividing",
    size_without_stride: "The stride is missing",
    size_without_brackets: "Brackets are missing",
    size_without_kernel: "The kernel is missing",
    size_padded_side_by_stride: "forgot the width of the filter",
    size_by_stride: "a rule of thumb",
    size_by_stride_up: "divided the size by the stride and rounded up",
    size_kernel_less_one: "subtracted kernel - 1",
    size_page_misread: "lose the last place",
    size_half_kernel: "subtracted half the kernel",
    size_odd_kernels_only: "Right for odd kernels only",
    size_transposed: "a *transposed* convolution",
    size_stride_and_padding_exchanged: "Stride and padding have changed places",
    size_kernel_and_stride_exchanged: "Kernel and stride have changed places",
    size_area: "places in the whole picture",
    size_unchanged: "the size that came in",
    size_pair: "a tuple of 2 things",
    size_tensor: "a tensor of shape ()",
    size_forgot_return: "returned `None`",
    size_misspelt: "name 'pad' is not defined",
    size_three_arguments: "yours takes (size, kernel, stride)",
    size_three_times_padding: "slide the filter along it",
    size_like_pooling: "cut the padding at half the kernel",
    size_array: "a NumPy array of shape (1,); expected a whole number",
}
