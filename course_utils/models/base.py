"""What every model of the course shares: a shape, the last step to an image, a recipe.

Nothing here is about autoencoders in particular; the ideas live in the modules beside this one.
"""

from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_utils._named import a
from course_utils.models.shapes import SMALLEST, channels_first, colour_last, way_out

Output = Literal["sigmoid", "linear", "multinomial"]

IMAGE = (1, 28, 28)
"""Shape of one image: channels, height, width."""
HALVING = ("conv", "patches")
"""Factories whose networks halve the sides of a picture, which must not be too small for it."""


class Model(nn.Module):
    """A network that knows the shape of one input and how its decoder's output becomes an image.

    Args:
        input_shape: shape of one example without the batch axis, or None if unknown, in which
            case no shape is checked.
        output: "sigmoid" if the decoder returns logits (images in [0, 1]); "linear" if what it
            returns is already the reconstruction (PCA, toy data on the whole real line);
            "multinomial" if the logits say how one draw falls among the features (counts).
    """

    def __init__(
        self, *, input_shape: tuple[int, ...] | None = None, output: Output = "sigmoid"
    ) -> None:
        super().__init__()
        if output not in ("sigmoid", "linear", "multinomial"):
            raise ValueError(f"output is {output!r}; expected 'sigmoid', 'linear' or 'multinomial'")
        self.input_shape = None if input_shape is None else tuple(input_shape)
        self.output = output
        self.num_symbols: int | None = None  # set where the input is whole numbers below it
        self.recipe: dict[str, Any] | None = None

    def to_image(
        self, logits: Float[Tensor, "batch *features"]
    ) -> Float[Tensor, "batch *features"]:
        """What is drawn: sigmoid(logits), in [0, 1], or the logits themselves if linear.

        If multinomial: the share of each feature, softmax(logits), whose sum is 1.
        """
        if self.output == "multinomial":
            return logits.flatten(1).softmax(1).view_as(logits)
        return torch.sigmoid(logits) if self.output == "sigmoid" else logits

    def check_shape(self, x: Tensor, name: str = "x") -> None:
        """Raise a ValueError that shows the way out unless x is a batch of this model's inputs."""
        if self.input_shape is None or tuple(x.shape[1:]) == self.input_shape:
            return
        shape, expected = tuple(x.shape), ", ".join(["batch", *map(str, self.input_shape)])
        recoloured = self._recoloured(shape[1:], name)
        advice = "" if recoloured else way_out(shape, self.input_shape, name)
        if not advice and x.ndim == 1 + len(self.input_shape):
            advice = f": for such examples build {self._built_for(shape[1:], name)}{recoloured}"
        raise ValueError(f"{name} has shape {shape}; expected ({expected}){advice}")

    def _recoloured(self, shape: tuple[int, ...], name: str) -> str:
        """How pictures of the right size get the model's number of channels, if that is all."""
        if len(shape) != 3 or shape[1:] != self.input_shape[1:]:
            return ""
        if (shape[0], self.input_shape[0]) == (3, 1):
            return f", or make them grey with {name}.mean(1, keepdim=True)"
        if (shape[0], self.input_shape[0]) == (1, 3):
            return f", or give them three equal channels with {name}.expand(-1, 3, -1, -1)"
        return ""

    def _built_for(self, shape: tuple[int, ...], name: str) -> str:
        """What to build for examples of another shape, and what else to do with them."""
        if colour_last(shape):
            move = f"move the axes with {name}.permute(0, 3, 1, 2)"
            return f"{self._factory_for(channels_first(shape))} and {move}"
        return self._factory_for(shape)

    def _factory_for(self, shape: tuple[int, ...]) -> str:
        """The call that builds a model of this kind for examples of another shape."""
        kind = type(self).__name__
        own = f"{a(kind)} of layers of your own with input_shape={shape}"
        if self.recipe is None:
            return own
        factory = self.recipe["factory"]
        if "shape" in self.recipe["arguments"]:  # of a grid of symbols
            return f"{kind}.{factory}(..., shape={shape})"
        if factory in HALVING and min(shape[1:]) < SMALLEST:
            if not hasattr(type(self), "dense"):
                return own
            factory = "dense"
        return f"{kind}.{factory}(..., input_shape={shape})"


def run(network: nn.Module, x: Tensor) -> Tensor:
    """network(x) in the network's own precision, its result precise enough for losses."""
    weights = next(network.parameters(), x)
    return full_precision(network(x.to(weights.dtype)))


def full_precision(x: Tensor) -> Tensor:
    """bfloat16, which `fit` may multiply matrices in, as float32: losses need every digit."""
    return x.float() if x.dtype == torch.bfloat16 else x
