"""What data sets come as: named tuples of tensors."""

from typing import NamedTuple

from jaxtyping import Float, Int
from torch import Tensor


class Images(NamedTuple):
    """A data set in memory, split into training and test images that have none in common.

    Images are float32 in [0, 1]: of drawings 0 is the paper and 1 the ink, of photographs 0 is
    black and 1 white. Labels are int64, one class per image.
    """

    train: Float[Tensor, "train channels height width"]
    train_labels: Int[Tensor, " train"]
    test: Float[Tensor, "test channels height width"]
    test_labels: Int[Tensor, " test"]
    name: str  # the set that was loaded: "mnist", never "auto"
    # For "shapes": the level of each of `SHAPE_FACTORS`, training images first, then test images.
    factors: Int[Tensor, "images factors"] | None = None
    # What each label stands for, where the set has names for its classes: those of the subfolders.
    classes: tuple[str, ...] | None = None

    def __str__(self) -> str:
        """The set in one line, for `print(images)`: its name, and how many images it has."""
        train, test = len(self.train), len(self.test)
        return f"{self.name}: {train:,} images to train on, {test:,} to test on"


class Manifold(NamedTuple):
    """Points on a curve or surface of which everything is known.

    Attributes:
        points: (n, space), float32, where each point lies, within [-1, 1] in each direction.
        coordinates: (n, dimension), where it lies on the manifold.
        tangents: (n, dimension, space), of length 1 and at right angles to each other: the
            directions in which one can leave the point and stay on the manifold, at first.
    """

    points: Float[Tensor, "n space"]
    coordinates: Float[Tensor, "n dimension"]
    tangents: Float[Tensor, "n dimension space"]


class Jukebox(NamedTuple):
    """Songs played by listeners who do not exist, and what they would play next. All of it made up.

    Split by listener: those of train, validation and test have nobody in common.

    Attributes:
        train: (train, songs), how often each listener has played each song.
        validation, test: (listeners, songs), the first four fifths of the plays of other listeners.
        validation_held_out, test_held_out: of the same listeners, 1 for each song among the last
            fifth of the plays that was never played before, else 0; at least one for each.
        train_chances, test_chances: (listeners, songs), the truth: how likely each song is to be
            the listener's next. No ranking beats this one on average.
        tastes: (tastes, songs), the same for somebody of one taste alone.
    """

    train: Float[Tensor, "train songs"]
    validation: Float[Tensor, "validation songs"]
    validation_held_out: Float[Tensor, "validation songs"]
    test: Float[Tensor, "test songs"]
    test_held_out: Float[Tensor, "test songs"]
    train_chances: Float[Tensor, "train songs"]
    test_chances: Float[Tensor, "test songs"]
    tastes: Float[Tensor, "tastes songs"]
