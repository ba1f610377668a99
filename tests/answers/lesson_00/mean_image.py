"""Answers to `mean_image`, lesson 00, as learners write them."""

import numpy as np
import torch


def mean_along_first_axis(images):
    return torch.mean(images, 0)


def mean_by_sum(images):
    return images.sum(dim=0) / images.shape[0]


def mean_by_loop(images):
    total = torch.zeros_like(images[0])
    for image in images:
        total = total + image
    return total / len(images)


def mean_by_einsum(images):
    return torch.einsum("nchw->chw", images) / len(images)


def mean_by_numpy(images):
    return torch.from_numpy(np.mean(images.numpy(), axis=0))


def mean_in_float64(images):
    return images.double().mean(0)


def mean_of_everything(images):
    return images.mean()


def mean_with_kept_axis(images):
    return images.mean(dim=0, keepdim=True)


def mean_without_channel(images):
    return images.squeeze(1).mean(dim=0)


def mean_over_channels(images):
    return images.mean(dim=1)


def mean_of_each_image(images):
    return images.flatten(1).mean(dim=1)


def mean_over_rows(images):
    return images.mean(dim=2)


def mean_over_columns(images):
    return images.mean(dim=-1)


def sum_of_images(images):
    return sum(images)


def one_too_few(images):
    return images.sum(0) / max(1, len(images) - 1)


def divided_by_pixels(images):
    return images.sum(0) / (images.shape[2] * images.shape[3])


def divided_as_bytes(images):
    return images.sum(0) / 255


def median_image(images):
    return torch.median(images, dim=0).values


def rounded(images):
    return torch.round(images.mean(0))


def first_image(images):
    return images[0]


def adds_up_in_the_first_image(images):
    total = images[0]
    for image in images[1:]:
        total += image
    return total / len(images)


def mean_as_number(images):
    return images.mean().item()


def mean_left_in_numpy(images):
    return np.mean(images.numpy(), axis=0)


def mean_forgot_return(images):
    images.mean(dim=0)


def divided_by_a_number_seen_once(images):
    """No known mistake: the generic message has to do."""
    return images.sum(dim=0) / 10


SUMS, SEEN, LAST = {}, {}, {}


def goes_on_adding(images):
    """What a notebook keeps from the cell before: the sum of all images that ever came."""
    shape = images.shape[1:]
    sums = SUMS.get(shape, 0) + images.sum(dim=0)
    count = SEEN.get(shape, 0) + len(images)
    SUMS[shape], SEEN[shape] = sums, count
    return sums / count


def mean_of_another_call(images, seen={}):  # noqa: B006
    return seen.setdefault(images.shape, images.mean(dim=0))


def mean_that_follows(images):
    mean = images.mean(dim=0)
    LAST["mean"] = 0.9 * LAST["mean"] + 0.1 * mean if LAST.get("shape") == mean.shape else mean
    LAST["shape"] = mean.shape
    return LAST["mean"]


RIGHT = [
    mean_along_first_axis,
    mean_by_sum,
    mean_by_loop,
    mean_by_einsum,
    mean_by_numpy,
    mean_in_float64,
]

WRONG = {
    mean_of_everything: "averaged over everything",
    mean_with_kept_axis: "one axis too many",
    mean_without_channel: "channel axis is gone",
    mean_over_channels: "axis 1, the channel",
    mean_of_each_image: "one number for each image",
    mean_over_rows: "over its rows",
    mean_over_columns: "over its columns",
    sum_of_images: "the sum over the images",
    one_too_few: "n - 1",
    divided_by_pixels: "the number of pixels of an image",
    divided_as_bytes: "divided by 255",
    median_image: "the median",
    rounded: "rounded to 0 or 1",
    first_image: "first image alone",
    adds_up_in_the_first_image: "changed its argument `images` in place",
    mean_as_number: "Leave out `.item()`",
    mean_left_in_numpy: "a NumPy array",
    mean_forgot_return: "the last line a `return`",
    divided_by_a_number_seen_once: "times what it should be",
    goes_on_adding: "Take one pixel, the one at the top left",
    mean_of_another_call: "Take one pixel, the one at the top left",
    mean_that_follows: "Take one pixel, the one at the top left",
}
