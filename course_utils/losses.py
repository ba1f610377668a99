"""Every loss of the course, in course order: tensors in, one number per example out.

The reduction is always the same: **sum over features, one number per example**. The mean over
the batch is taken once, by `course_utils.training.fit`, and nowhere else. A loss knows no model.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


def squared_error(
    x_hat: Float[Tensor, "batch *features"], x: Float[Tensor, "batch *features"]
) -> Float[Tensor, " batch"]:
    """Squared error of a reconstruction, summed over features: Σ_i (x̂_i - x_i)².

    Args:
        x_hat: the reconstruction.
        x: the target, of the same shape.

    Returns:
        One number per example, at least 0, lower is better. For images, squared pixels per image.

    Raises:
        ValueError: if the shapes differ (broadcasting would hide the mistake).

    >>> squared_error(torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 0.0]]))
    tensor([5.])
    """
    _require_same_shape(x_hat=x_hat, x=x)
    return _sum_features((x_hat - x) ** 2)


def bernoulli_nll(
    logits: Float[Tensor, "batch *features"], x: Float[Tensor, "batch *features"]
) -> Float[Tensor, " batch"]:
    """Binary cross-entropy: -Σ_i [x_i ln p_i + (1 - x_i) ln(1 - p_i)] with p = sigmoid(logits).

    Written as Σ_i [softplus(logit_i) - x_i · logit_i], which is the same number and never takes
    the logarithm of zero. For x in {0, 1} it is the negative log-probability of independent
    Bernoulli pixels. For grey x in between it is still smallest at p = x, but no longer 0 there:
    what remains is the entropy of the pixels, which no model can remove.

    Args:
        logits: the decoder's output before the sigmoid, any real number.
        x: the target, in [0, 1], of the same shape.

    Returns:
        One number per example, at least 0, in nats, lower is better.

    Raises:
        ValueError: if the shapes differ.

    >>> bernoulli_nll(torch.zeros(1, 3), torch.tensor([[0.0, 1.0, 1.0]])) / math.log(2)
    tensor([3.])
    """
    _require_same_shape(logits=logits, x=x)
    return _sum_features(F.softplus(logits) - x * logits)


def gaussian_nll(
    mean: Float[Tensor, "batch *features"],
    x: Float[Tensor, "batch *features"],
    sigma: float | Float[Tensor, ""] = 1.0,
) -> Float[Tensor, " batch"]:
    """Negative log-density of N(mean, σ² I) at x: Σ_i [(x_i - mean_i)² / 2σ² + ln σ + ½ ln 2π].

    With σ = 1 this is half the squared error plus a constant, so the two have the same optimum.
    As a function of σ it is smallest where σ² is the mean squared error per feature.

    Args:
        mean: the mean of the Gaussian, the decoder's reconstruction.
        x: the target, of the same shape.
        sigma: the standard deviation, one positive number for every feature.

    Returns:
        One number per example, in nats, lower is better; a density, so it may be negative.

    Raises:
        ValueError: if the shapes differ or sigma is not positive.

    >>> gaussian_nll(torch.zeros(1, 2), torch.zeros(1, 2)) / math.log(2 * math.pi)
    tensor([1.])
    """
    _require_same_shape(mean=mean, x=x)
    sigma = torch.as_tensor(sigma, dtype=x.dtype, device=x.device)
    if not sigma > 0:
        raise ValueError(f"sigma is {sigma.item():g}; expected a positive standard deviation")
    per_feature = 0.5 * ((x - mean) / sigma) ** 2 + sigma.log() + 0.5 * math.log(2 * math.pi)
    return _sum_features(per_feature)


def _sum_features(values: Float[Tensor, "batch *features"]) -> Float[Tensor, " batch"]:
    return values.flatten(1).sum(1) if values.ndim > 1 else values


def _require_same_shape(**tensors: Tensor) -> None:
    (name_a, a), (name_b, b) = tensors.items()
    if a.shape != b.shape:
        raise ValueError(
            f"{name_a} has shape {tuple(a.shape)} but {name_b} has shape {tuple(b.shape)}; "
            "expected the same shape (flatten(1) makes images into rows, "
            "view_as makes rows into images)"
        )
