"""How much a code knows, in nats: of factors, and of itself."""

import torch
from jaxtyping import Float, Int
from torch import Tensor


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
