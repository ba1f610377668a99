"""`mean_image`, lesson 00: average over the images and over nothing else."""

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def mean_image(images: Float[Tensor, "n 1 height width"]) -> Float[Tensor, "1 height width"]:
    """The mean of all images, pixel by pixel: one image in which each pixel is the average of n."""
    return images.mean(dim=0)


def _stacks_of_images(generator: torch.Generator) -> list[tuple[Tensor]]:
    # Numbers of images, rows and columns that differ, so that no axis can pass for another.
    # The first two are alike, and hold other images: nothing can be kept from call to call.
    shapes = [(3, 1, 2, 4), (3, 1, 2, 4), (5, 1, 4, 3), (1, 1, 3, 2), (7, 1, 28, 28)]
    stacks = [torch.rand(shape, generator=generator) for shape in shapes]
    return [(stack.round(decimals=1),) for stack in stacks]


exercise = Exercise(
    solution=mean_image,
    place=1,
    difficulty=1,
    minutes=3,
    success="Drawn, it is a soft grey blot, darker in the middle: the average of all digits.",
    hints=(
        "Which of the four axes counts the images? That one is to disappear, and the others are "
        "to stay as they are.",
        "`mean`, like most functions of PyTorch, takes an axis: `images.mean(dim=...)`. Axes are "
        "counted from 0.",
        "The images are counted by the first axis, `dim=0`.",
    ),
    stages=Comparison(
        probes=_stacks_of_images,
        shape="(1, height, width): one image, its channel axis kept",
        advice=(
            "Take one pixel, the one at the top left. Its value in the result should be the sum of "
            "that pixel over all images, divided by how many images there are."
        ),
        mistakes=[
            Mistake(
                lambda images: images.mean(),
                "You averaged over everything, images and pixels alike, so one number is left. "
                "Average over the axis of the images only: tell `mean` which `dim`.",
            ),
            Mistake(
                lambda images: images.mean(0, keepdim=True),
                "Right numbers, one axis too many: the axis of the images is still there, with "
                "length 1, as `keepdim=True` leaves it. An image has the shape (1, height, width).",
            ),
            Mistake(
                lambda images: images.mean((0, 1)),
                "Right numbers, but the channel axis is gone. An image keeps it, even where it "
                "has the length 1: average over `dim=0` alone.",
            ),
            Mistake(
                lambda images: images.mean(1),
                "You averaged over axis 1, the channel. Axes are counted from 0, and the images "
                "are counted by the first.",
            ),
            Mistake(
                lambda images: images.mean((1, 2, 3)),
                "You have one number for each image: the mean over its pixels. It is the other way "
                "round: one number for each pixel, the mean over the images.",
            ),
            Mistake(
                lambda images: images.mean(2),
                "You averaged down the columns of each image, over its rows. The axis to average "
                "over is that of the images, the first.",
            ),
            Mistake(
                lambda images: images.mean(-1),
                "You averaged along the rows of each image, over its columns. The axis to average "
                "over is that of the images, the first.",
            ),
            Mistake(
                lambda images: images.sum(0),
                "This is the sum over the images. The mean is the sum divided by how many there "
                "are, `len(images)`.",
            ),
            Mistake(
                lambda images: images.sum(0) / max(len(images) - 1, 1),
                "You divided the sum by n - 1. That belongs to the variance; a mean is divided by "
                "n, the number of images.",
            ),
            Mistake(
                lambda images: images.sum(0) / images[0].numel(),
                "You divided the sum by the number of pixels of an image. What was added up, for "
                "each pixel, is one value from each image: divide by `len(images)`.",
            ),
            Mistake(
                lambda images: images.sum(0) / 255,
                "You divided by 255. The pixels are already between 0 and 1; divide the sum by "
                "the number of images.",
            ),
            Mistake(
                lambda images: images.median(0).values,
                "This is the median, the value in the middle. The mean is the sum divided by the "
                "number of images.",
            ),
            Mistake(
                lambda images: images.mean(0).round(),
                "Each pixel of your mean was rounded to 0 or 1. Leave the greys as they are.",
            ),
            Mistake(
                lambda images: images[0],
                "This is the first image alone. Each pixel should be the mean over all images.",
            ),
        ],
    ).stages,
)
