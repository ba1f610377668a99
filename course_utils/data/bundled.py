"""Pictures that lie inside scikit-learn and need no network: the small digits, and "photos"."""

import torch

from course_utils.data.records import Images


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
