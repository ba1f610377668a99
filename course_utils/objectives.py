"""Objectives: what a model is trained for. One network under another objective is another model.

An objective is a function `(model, *batch) -> dict of named terms`, each term `(batch,)`, one
number per example (or a scalar, for what is a property of the whole batch). The entry "loss" is
what `course_utils.training.fit` minimises; the others are there to be watched. Training and
validation call the same objective.
"""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

from course_utils.losses import bernoulli_nll, squared_error
from course_utils.models import Autoencoder

Objective = Callable[..., dict[str, Tensor]]


def reconstruction(model: Autoencoder, x: Float[Tensor, "batch *shape"]) -> dict[str, Tensor]:
    """Draw x again: the squared error between the reconstruction and x, summed over pixels."""
    return {"loss": squared_error(model.to_image(model(x).logits), x)}


def bernoulli_reconstruction(
    model: Autoencoder, x: Float[Tensor, "batch *shape"]
) -> dict[str, Tensor]:
    """Draw x again, each pixel a probability: binary cross-entropy in nats, x in [0, 1]."""
    return {"loss": bernoulli_nll(model(x).logits, x)}


def weight_decay(objective: Objective, weight: float) -> Objective:
    """Another objective plus `weight` times the sum of all squared weights (biases left out).

    The terms are those of the given objective, and "weights": the penalty before it is weighted.

    For a linear autoencoder this is the penalty that turns the axes of the code into the principal
    directions: Kunin, Bloom, Goeva & Seed, "Loss Landscapes of Regularized Linear Autoencoders",
    2019, theorem 2.

    Raises:
        ValueError: if weight is negative.
    """
    if weight < 0:
        raise ValueError(f"weight is {weight:g}; expected 0 or more")

    def decayed(model: Autoencoder, *batch: Tensor) -> dict[str, Tensor]:
        terms = objective(model, *batch)
        # Matrices and convolutions have two axes or more; biases have one.
        squares = sum((p**2).sum() for p in model.parameters() if p.ndim > 1)
        return {**terms, "loss": terms["loss"] + weight * squares, "weights": squares}

    return decayed
