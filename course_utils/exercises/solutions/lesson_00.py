"""Reference solution of lesson 00: start here."""

from jaxtyping import Float
from torch import Tensor


def mean_image(images: Float[Tensor, "n 1 height width"]) -> Float[Tensor, "1 height width"]:
    """The mean of all images, pixel by pixel: one image in which each pixel is the average of n."""
    return images.mean(dim=0)
