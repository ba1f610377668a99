"""Reference solutions of lesson 01: the bottleneck and PCA."""

import torch
from jaxtyping import Float
from torch import Tensor


def pca_reconstruction(x: Float[Tensor, "n d"], k: int) -> Float[Tensor, "n d"]:
    """Rebuild every row of x from its k leading principal components.

    The components are those of x itself: the directions of largest variance about the mean row.
    They are the rows of Vᵀ in the singular value decomposition x - mean = U S Vᵀ. Each row is
    projected on the first k of them, and the mean, which was taken off before, is put back.
    """
    mean = x.mean(dim=0)
    _, _, directions = torch.linalg.svd(x - mean, full_matrices=False)
    leading = directions[:k]  # (k, d), each row of length 1
    codes = (x - mean) @ leading.T  # (n, k): all that passes the bottleneck
    return codes @ leading + mean


def squared_error(
    x_hat: Float[Tensor, "batch *features"], x: Float[Tensor, "batch *features"]
) -> Float[Tensor, " batch"]:
    """Squared differences, summed over all features of an example: one number for each."""
    return (x_hat - x).square().flatten(start_dim=1).sum(dim=1)
