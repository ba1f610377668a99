"""Reference solutions of lesson 02: deep and convolutional autoencoders."""

from jaxtyping import Float, Int
from torch import Tensor


def conv_output_size(size: int, kernel: int, stride: int, padding: int) -> int:
    """How many places a filter finds along one side of a picture.

    The side has `size` pixels, and `padding` zeros are added at both of its ends. A filter of
    `kernel` pixels starts at the left end and moves `stride` pixels at a time, as long as it fits:
    size + 2 padding - kernel is the way that it can go.
    """
    return (size + 2 * padding - kernel) // stride + 1


def nearest_images(
    codes: Float[Tensor, "n latent"], query: Float[Tensor, " latent"], k: int
) -> Int[Tensor, " k"]:
    """Indices of the k codes that lie nearest to the query, in Euclidean distance, nearest first.

    The square of a distance puts codes in the same order as the distance itself.
    """
    squared_distances = (codes - query).square().sum(dim=1)
    return squared_distances.argsort()[:k]
