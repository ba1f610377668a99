"""The geometry of pictures and codes: directions, neighbours, and which way the data lie."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor


class PCA(NamedTuple):
    """Principal component analysis of a data set with d features.

    Attributes:
        mean: (d,), the mean of the data.
        components: (d, d), one principal direction per row, orthonormal, widest first.
        variances: (d,), the variance along each direction (divided by n), falling.
    """

    mean: Tensor
    components: Tensor
    variances: Tensor

    def reconstruct(
        self, x: Float[Tensor, "batch *features"], k: int
    ) -> Float[Tensor, "batch *features"]:
        """x, projected on the k widest directions, and put together again: k numbers per example.

        Raises:
            ValueError: if k is not from 0 (the mean alone) to d.
        """
        if not 0 <= k <= len(self.components):
            raise ValueError(
                f"k is {k}; expected 0 to {len(self.components)}, the number of features"
            )
        kept = self.components[:k]
        codes = (x.flatten(1).double() - self.mean) @ kept.T
        return (codes @ kept + self.mean).to(x.dtype).view_as(x)


def pca(x: Float[Tensor, "n *features"]) -> PCA:
    """Principal directions and variances of x, from the eigenvectors of its covariance.

    Computed in float64. The sign of a direction is arbitrary.
    """
    rows = x.flatten(1).double()
    mean = rows.mean(0)
    centred = rows - mean
    variances, vectors = torch.linalg.eigh(centred.T @ centred / len(rows))
    return PCA(mean, vectors.T.flip(0), variances.flip(0).clamp(min=0))


def pca_reconstruction(
    train: Float[Tensor, "n *features"], x: Float[Tensor, "batch *features"], k: int
) -> Float[Tensor, "batch *features"]:
    """x, projected on the k principal directions of `train`: the best that k linear numbers can do.

    Among all linear maps to k numbers and back, none leaves a smaller squared error on `train`
    (Eckart & Young, 1936).

    Args:
        train: the data whose mean and directions are used.
        x: the examples to reconstruct, shaped as those of `train`.
        k: how many directions to keep, from 0 (the mean alone) to the number of features.

    Raises:
        ValueError: if k is out of this range.

    For several k, find the directions once: `pca(train)`, and then `.reconstruct(x, k)` of it.
    """
    return pca(train).reconstruct(x, k)


def principal_angles(
    a: Float[Tensor, "features k"], b: Float[Tensor, "features m"]
) -> Float[Tensor, " angles"]:
    """Angles between the subspaces that the columns of a and of b span, largest first.

    Zero everywhere means the same subspace (or one inside the other), whatever basis spans it; π/2
    means a direction of one at right angles to all of the other. Björck & Golub, 1973.

    Returns:
        min(k, m) angles in radians, from 0 to π/2.
    """
    from scipy.linalg import subspace_angles

    angles = subspace_angles(a.detach().double().cpu().numpy(), b.detach().double().cpu().numpy())
    return torch.from_numpy(angles.copy())


def nearest_images(
    codes: Float[Tensor, "n latent"], query: Float[Tensor, " latent"], k: int
) -> Int[Tensor, " k"]:
    """Search by example: which k codes lie nearest to the query, in Euclidean distance.

    Returns:
        Their indices, nearest first; equal distances in the order of their indices. A query that is
        itself among the codes comes first, at distance 0.

    Raises:
        ValueError: if k is not from 1 to n.

    >>> nearest_images(torch.tensor([[0.0], [4.0], [1.0]]), torch.tensor([0.9]), k=2)
    tensor([2, 0])
    """
    if not 1 <= k <= len(codes):
        raise ValueError(f"k is {k}; expected 1 to {len(codes)}, the number of codes")
    distances = ((codes - query) ** 2).sum(1)
    return distances.argsort(stable=True)[:k]


def nearest_rotation(
    codes: Float[Tensor, "n k"], wanted: Float[Tensor, "n k"]
) -> Float[Tensor, "k k"]:
    """The rotation, mirrored if need be, that brings codes nearest to what is wanted of them.

    Of all orthogonal R the one with the smallest Σ |c R - w|², where c and w are the rows less
    their means. Schönemann, "A generalized solution of the orthogonal Procrustes problem", 1966.

    Returns:
        R, to be multiplied from the right: `codes @ R`.

    Raises:
        ValueError: if the shapes differ.

    >>> codes = torch.tensor([[1.0, 0.0], [0.0, 2.0], [-1.0, -2.0]])
    >>> (codes @ nearest_rotation(codes, codes.flip(1))).round().abs()
    tensor([[0., 1.],
            [2., 0.],
            [2., 1.]])
    """
    if codes.shape != wanted.shape:
        raise ValueError(
            f"codes has shape {tuple(codes.shape)} and wanted {tuple(wanted.shape)}; expected the "
            "same of both: a row for each example, and as many numbers"
        )
    u, _, v = torch.linalg.svd((codes - codes.mean(0)).T @ (wanted - wanted.mean(0)))
    return u @ v


def noisy_score(
    x: Float[Tensor, "batch d"], clean: Float[Tensor, "n d"], sigma: float
) -> Float[Tensor, "batch d"]:
    """The score ∇ log p(x) of data with Gaussian noise on it: which way, and how soon, it thickens.

    p is the density of the `clean` points once each is spread by N(0, σ² I), a mixture of n
    Gaussians. Its score is (E[clean point | x] - x) / σ², so that the best possible denoiser is
    x + σ² ∇ log p(x): Tweedie's formula (Robbins, 1956; Efron, 2011; Vincent, 2011, for denoising
    autoencoders).

    Args:
        x: where to look; memory grows with batch · n.
        clean: the data without noise.
        sigma: the standard deviation of the noise, more than 0.

    Returns:
        A vector for each x, towards higher density, in units of 1 / length.

    Raises:
        ValueError: if sigma is not positive.

    >>> noisy_score(torch.tensor([[3.0]]), torch.tensor([[1.0]]), sigma=2.0)
    tensor([[-0.5000]])
    """
    if not sigma > 0:
        raise ValueError(f"sigma is {sigma:g}; expected a positive standard deviation")
    squared_distances = ((x[:, None] - clean) ** 2).sum(-1)
    shares = torch.softmax(-squared_distances / (2 * sigma**2), dim=1)
    return (shares @ clean - x) / sigma**2
