"""How much a code knows, in nats: of factors, of pictures, and of itself."""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils._running import source
from course_utils.losses import gaussian_log_density
from course_utils.models import reparameterize

AT_ONCE = 20_000_000
"""So many densities of `rate_parts` lie in memory at a time: 80 MB."""


def mutual_information(
    codes: Float[Tensor, "n latent"], factors: Int[Tensor, "n factors"], bins: int = 20
) -> Float[Tensor, "latent factors"]:
    """How many nats each number of the code tells about each factor, by counting.

    The values of a number are sorted into `bins` intervals of equal width between its smallest and
    its largest; a number that never changes falls into one. Counting makes it a little too large
    when examples are few. Locatello et al., "Challenging Common Assumptions in the Unsupervised
    Learning of Disentangled Representations", 2019, appendix C.

    Returns:
        For each number and factor, from 0 to the factor's entropy (`factor_entropy`).

    Raises:
        ValueError: if there are not as many codes as rows of factors, or bins is less than 2.
    """
    if len(codes) != len(factors) or bins < 2:
        raise ValueError(
            f"{len(codes)} codes, {len(factors)} rows of factors and {bins} bins; expected one row "
            "of factors for each code, and 2 bins or more"
        )
    low, high = codes.aminmax(dim=0)
    width = torch.where(high > low, high - low, 1.0)
    sorted_in = ((codes - low) / width * bins).long().clamp(max=bins - 1)
    columns = [_levels(factor) for factor in factors.T]
    return torch.tensor(
        [[_information(row, column, bins) for column in columns] for row in sorted_in.T],
        dtype=codes.dtype,
    )


def codebook_perplexity(indices: Int[Tensor, "*places"], num_embeddings: int) -> float:
    """How many symbols are in use, counted by how evenly: exp of the entropy of their shares.

    van den Oord et al., 2017, report it in training.

    Returns:
        From 1 (always the same symbol) to num_embeddings (all alike).

    Raises:
        ValueError: if there is no index, or one is not from 0 to num_embeddings - 1.

    >>> codebook_perplexity(torch.tensor([0, 1, 1, 0]), num_embeddings=8)
    2.0
    """
    if indices.numel() == 0 or not 0 <= indices.min() <= indices.max() < num_embeddings:
        raise ValueError(f"expected at least one index, each from 0 to {num_embeddings - 1}")
    counts = indices.flatten().bincount(minlength=num_embeddings)
    return _entropy(counts).exp().item()


def factor_entropy(factors: Int[Tensor, "n factors"]) -> Float[Tensor, " factors"]:
    """The entropy of each factor in nats: what there is to know about it."""
    return torch.stack([_entropy(_levels(factor).bincount()) for factor in factors.T]).float()


def mutual_information_gap(
    codes: Float[Tensor, "n latent"], factors: Int[Tensor, "n factors"], bins: int = 20
) -> float:
    """Does one number of the code know each factor, and no other number know it too?

    For each factor the information of the best number less that of the second best, as a share of
    the factor's entropy; the mean over factors. Chen et al., "Isolating Sources of Disentanglement
    in VAEs", 2018, equation 6.

    Returns:
        From 0 (no number knows more than another) to 1 (every factor has a number that knows it
        alone).

    Raises:
        ValueError: as `mutual_information`, or if the code has less than two numbers.

    >>> factors = torch.cartesian_prod(torch.arange(4), torch.arange(4))
    >>> mutual_information_gap(factors.float(), factors)  # each number is a factor
    1.0
    """
    if codes.shape[1] < 2:
        raise ValueError("the code has one number; a gap needs two or more to compare")
    best, second = mutual_information(codes, factors, bins).topk(2, dim=0).values
    return ((best - second) / factor_entropy(factors)).mean().item()


def modularity(
    codes: Float[Tensor, "n latent"], factors: Int[Tensor, "n factors"], bins: int = 20
) -> float:
    """Does each number of the code that knows anything know one factor alone?

    For each number, what it knows of all factors but its best one is compared with that; numbers
    that know less than a twentieth of every factor are left out. Unlike `mutual_information_gap` it
    does not mind if two numbers know the same factor. Ridgeway & Mozer, "Learning Deep
    Disentangled Embeddings with the F-Statistic Loss", 2018, section 3.

    Returns:
        From 0 (each number knows all factors alike, or none knows any) to 1 (each number in use
        belongs to one factor).

    Raises:
        ValueError: as `mutual_information`, or if there is only one factor.
    """
    if factors.shape[1] < 2:
        raise ValueError("there is one factor; modularity needs two or more to compare")
    known = mutual_information(codes, factors, bins)
    in_use = (known / factor_entropy(factors)).amax(dim=1) > 0.05
    squared = known[in_use] ** 2
    best = squared.amax(dim=1)
    if not in_use.any():
        return 0.0
    others = squared.sum(dim=1) - best
    return (1 - others / (best * (factors.shape[1] - 1))).mean().item()


class RateParts(NamedTuple):
    """What the KL of a VAE pays for, in nats per picture; the three sum to it.

    Attributes:
        information: I(x; z), what a code tells about which picture it belongs to: from 0 to the
            logarithm of the number of pictures.
        total_correlation: KL(q(z) ‖ Π_j q(z_j)), how far the numbers of the code hang together;
            0 where they are independent.
        dimensions: Σ_j KL(q(z_j) ‖ p(z_j)), how far each number, over all pictures, is from the
            prior N(0, I), whatever the model's own.
    """

    information: float
    total_correlation: float
    dimensions: float


def rate_parts(
    mu: Float[Tensor, "n latent"],
    log_var: Float[Tensor, "n latent"],
    draws: int = 1000,
    generator: torch.Generator | None = None,
) -> RateParts:
    """What the KL pays for, where the n pictures are all the pictures there are.

    Then q(z) is the mean of the n Gaussians, and so are the densities of its single numbers; only
    the average over z is taken by draws. Chen et al., "Isolating Sources of Disentanglement in
    VAEs", 2018, equation 2.

    Args:
        mu, log_var: what the encoder says of each picture.
        draws: how many codes to draw, each of another picture as long as there are any.
        generator: source of the draws; None for torch's global stream.

    Raises:
        ValueError: if there is no picture, or draws is less than 1.
    """
    n = len(mu)
    if n == 0 or draws < 1:
        raise ValueError(f"{n} pictures and {draws} draws; expected at least one of each")
    of = torch.randperm(n, generator=source(generator)).repeat(-(-draws // n))[:draws]
    z = reparameterize(mu[of], log_var[of], generator)
    size = max(1, AT_ONCE // max(1, mu.numel()))
    pieces = [_mixture(piece, mu, log_var) for piece in z.split(size)]
    together, alone = (torch.cat(parts) for parts in zip(*pieces, strict=True))
    own = gaussian_log_density(z, mu[of], log_var[of])
    return RateParts(
        (own - together).mean().item(),
        (together - alone).mean().item(),
        (alone - gaussian_log_density(z)).mean().item(),
    )


def _mixture(z: Tensor, mu: Tensor, log_var: Tensor) -> tuple[Tensor, Tensor]:
    """log q(z) of each code, and Σ_j log q(z_j), q being the mean of n Gaussians."""
    apart = -0.5 * ((z[:, None] - mu) ** 2 / log_var.exp() + log_var + math.log(2 * math.pi))
    log_n = math.log(len(mu))
    together = apart.sum(2).logsumexp(1) - log_n
    return together, (apart.logsumexp(1) - log_n).sum(1)


def _levels(factor: Tensor) -> Tensor:
    """The values of a factor numbered from 0, whatever they were."""
    return factor.unique(return_inverse=True)[1]


def _information(a: Tensor, b: Tensor, a_levels: int) -> float:
    """I(a; b) = H(a) + H(b) - H(a, b) of two columns of levels, by counting."""
    both = (b * a_levels + a).bincount()
    together = _entropy(a.bincount()) + _entropy(b.bincount()) - _entropy(both)
    return max(0.0, together.item())  # -1e-16 where they are independent


def _entropy(counts: Tensor) -> Tensor:
    shares = counts.double() / counts.sum()
    return -torch.xlogy(shares, shares).sum()
