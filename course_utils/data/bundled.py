"""Pictures that lie inside scikit-learn and need no network: the small digits, and "photos"."""

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from course_utils.data.compact import as_floats
from course_utils.data.records import Images

STRIP, PATCH, STEP = 64, 32, 8  # pixels: the photographs are 640 wide, ten strips


def load_digits(train_limit: int | None, test_limit: int | None) -> Images:
    """scikit-learn's 1,797 digits: 8x8 pixels of 0 to 16, enlarged to look like MNIST.

    Every fifth image of each class, in scikit-learn's order, is a test image: each has its fixed
    place, no random number is involved, and both parts hold the classes in equal shares.
    """
    from sklearn import datasets

    digits = datasets.load_digits()
    small = torch.tensor(digits.images, dtype=torch.float32)[:, None] / 16
    # These digits fill their frame; MNIST's are 20x20 in a margin of 4. Stretched to 28x28 they
    # come out fat and cut off at the edge; this way they look like MNIST's (compared by eye), and
    # bicubic keeps strokes sharper than bilinear. Its overshoot beyond [0, 1] is clipped.
    enlarged = torch.nn.functional.interpolate(small, size=20, mode="bicubic").clamp(0, 1)
    images = torch.nn.functional.pad(enlarged, (4, 4, 4, 4))
    labels = torch.tensor(digits.target, dtype=torch.int64)
    rank_in_class = torch.nn.functional.one_hot(labels).cumsum(0)[range(len(labels)), labels]
    test = rank_in_class % 5 == 0
    return Images(
        images[~test][:train_limit],
        labels[~test][:train_limit],
        images[test][:test_limit],
        labels[test][:test_limit],
        name="digits",
    )


def load_photos(train_limit: int | None, test_limit: int | None) -> Images:
    """Colour patches of 32x32 pixels from two photographs, of a house in China and of a flower.

    Each photograph is cut into ten upright strips, of which two are for the test; within its strip
    a patch begins every 8 pixels. So patches overlap, but one for the test and one for training
    never share a pixel. The order is a fixed random one.
    """
    from sklearn.datasets import load_sample_images

    photographs = torch.from_numpy(np.stack(load_sample_images().images))
    strips = photographs.permute(0, 3, 1, 2).unfold(3, STRIP, STRIP)
    patches = strips.unfold(2, PATCH, STEP).unfold(4, PATCH, STEP)
    by_strip = patches.permute(3, 0, 2, 4, 1, 5, 6)
    test = torch.arange(len(by_strip)) % 5 == 2
    return Images(
        *_shuffled(by_strip[~test], train_limit),
        *_shuffled(by_strip[test], test_limit),
        name="photos",
        classes=("china", "flower"),
    )


def _shuffled(
    patches: UInt8[Tensor, "strips 2 down across 3 32 32"], limit: int | None
) -> tuple[Float[Tensor, "n 3 32 32"], Int[Tensor, " n"]]:
    """The first so many patches in a random order, and the photograph of each."""
    labels = torch.arange(2)[:, None, None].expand(patches.shape[:4]).flatten()
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))[:limit]
    return as_floats(patches.flatten(0, 3)[order]), labels[order]
