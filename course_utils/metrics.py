"""Measures of a model and of its codes. Each docstring gives unit, range and direction."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_utils.losses import (
    gaussian_kl,
    gaussian_kl_per_dimension,
    gaussian_log_density,
    importance_weighted_bound,
)
from course_utils.models import VAE, reparameterize
from course_utils.models.base import evaluating


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


def elbo(
    model: VAE,
    x: Float[Tensor, "batch *shape"],
    samples: int = 1,
    generator: torch.Generator | None = None,
) -> Float[Tensor, " batch"]:
    """The evidence lower bound of each example: z drawn from q(z|x), the KL in closed form.

    Kingma & Welling, 2014, equation 7.

    Args:
        samples: draws of z to average over; the result is unbiased for any number.
        generator: source of the draws; None for torch's global stream.

    Returns:
        One number per example, in nats, higher is better; at most log p(x) on average over draws.

    Raises:
        ValueError: if samples is less than 1.
    """
    _require_samples(samples)
    with evaluating(model):
        mu, log_var = model.encode(x)
        total = torch.zeros(len(x), dtype=mu.dtype, device=mu.device)
        for _ in range(samples):
            z = reparameterize(mu, log_var, generator)
            total -= model.nll(model.decode_beside(z, x), x)
        return total / samples - gaussian_kl(mu, log_var)


class BoundParts(NamedTuple):
    """What a bound is made of, on average over a data set, in nats per image.

    Attributes:
        reconstruction: -log p(x|z), with z drawn from q(z|x).
        kl_per_dimension: (latent,), what each dimension of the code costs, at least 0.
        active_units: how many dimensions vary with x (`active_units`).
    """

    reconstruction: float
    kl_per_dimension: Tensor
    active_units: int

    @property
    def kl(self) -> float:
        """KL(q(z|x) ‖ p(z)), the sum over dimensions."""
        return self.kl_per_dimension.sum().item()

    @property
    def negative_elbo(self) -> float:
        """Reconstruction + KL, with β = 1 whatever the model was trained with; lower is better."""
        return self.reconstruction + self.kl


def bound_parts(
    model: VAE,
    x: Float[Tensor, "batch *shape"],
    samples: int = 1,
    generator: torch.Generator | None = None,
) -> BoundParts:
    """Minus the ELBO, taken apart: what the drawing costs, and what each dimension of the code.

    Args:
        samples, generator: as in `elbo`.

    Raises:
        ValueError: if samples is less than 1.
    """
    total = -elbo(model, x, samples, generator).mean().item()
    with evaluating(model):
        mu, log_var = model.encode(x)
    kl_per_dimension = gaussian_kl_per_dimension(mu, log_var).mean(0)
    return BoundParts(total - kl_per_dimension.sum().item(), kl_per_dimension, active_units(mu))


def log_likelihood(
    model: VAE,
    x: Float[Tensor, "batch *shape"],
    samples: int = 5000,
    generator: torch.Generator | None = None,
) -> Float[Tensor, " batch"]:
    """log p(x) of each example by importance sampling, with q(z|x) to propose the codes.

    It is `importance_weighted_bound` with k = samples: a lower bound on average, and close to
    log p(x) when samples are many. Rezende, Mohamed & Wierstra, 2014, appendix E.

    Returns:
        One number per example, in nats, higher is better.

    Raises:
        ValueError: if samples is less than 1.
    """
    _require_samples(samples)
    with evaluating(model):
        mu, log_var = model.encode(x)
        log_w = [_log_weight(model, x, mu, log_var, generator) for _ in range(samples)]
        return importance_weighted_bound(torch.stack(log_w))


def _log_weight(
    model: VAE, x: Tensor, mu: Tensor, log_var: Tensor, generator: torch.Generator | None
) -> Tensor:
    """log p(x, z) - log q(z|x) for one draw of z."""
    z = reparameterize(mu, log_var, generator)
    joint = gaussian_log_density(z) - model.nll(model.decode_beside(z, x), x)
    return joint - gaussian_log_density(z, mu, log_var)


def _require_samples(samples: int) -> None:
    if samples < 1:
        raise ValueError(f"samples is {samples}; expected 1 or more draws")


def reconstruction_probability(
    model: VAE,
    x: Float[Tensor, "batch *shape"],
    samples: int = 16,
    generator: torch.Generator | None = None,
) -> Float[Tensor, " batch"]:
    """How well a model draws each example again: E_q[log p(x|z)], the mean over draws of z.

    It is the ELBO without what the code costs. The *logarithm* is averaged: the mean of the density
    itself would be the one best draw. An & Cho, "Variational Autoencoder based Anomaly Detection
    using Reconstruction Probability", 2015, algorithm 4 (the name is theirs; for grey pixels, or a
    Gaussian decoder, it is no probability).

    Args:
        samples: draws of z, each a new one; the error of the mean falls as 1 / √samples.
        generator: source of the draws; None for torch's global stream.

    Returns:
        One number per example, in nats, higher is more normal.

    Raises:
        ValueError: if samples is less than 1.
    """
    with evaluating(model):
        kl = gaussian_kl(*model.encode(x))
    return elbo(model, x, samples, generator) + kl


def auroc(scores: Float[Tensor, " n"], labels: Int[Tensor, " n"] | Bool[Tensor, " n"]) -> float:
    """The area under the ROC curve: how often an anomaly scores higher than a normal example.

    The share of all pairs of one anomaly and one normal example, a tie counting one half: the
    statistic of Mann & Whitney, 1947, divided by the number of pairs. Only the order of the scores
    matters. Hanley & McNeil, 1982.

    Args:
        scores: higher is stranger.
        labels: 1 or True for anomalies, 0 or False for normal examples; both must occur.

    Returns:
        From 0 to 1: 0.5 for scores that know nothing, 1 if every anomaly is above every normal
        example.

    Raises:
        ValueError: if scores or labels will not do; says why.

    >>> auroc(torch.tensor([0.1, 0.3, 0.3, 0.9]), torch.tensor([0, 0, 1, 1]))
    0.875
    """
    if len(scores) != len(labels) or scores.isnan().any():
        raise ValueError(
            f"{len(scores)} scores and {len(labels)} labels, {int(scores.isnan().sum())} scores "
            "are nan; expected a number and a label for each example"
        )
    if not torch.equal(labels.unique().long().cpu(), torch.tensor([0, 1])):
        raise ValueError(
            f"labels hold {labels.unique().tolist()[:5]}; expected 0 for normal examples and 1 for "
            "anomalies, both at least once"
        )
    anomalous, normal = scores[labels == 1], scores[labels == 0].sort().values
    below = torch.searchsorted(normal, anomalous, side="left")
    not_above = torch.searchsorted(normal, anomalous, side="right")
    pairs = len(anomalous) * len(normal)
    return (below + not_above).sum().item() / (2 * pairs)


def active_units(mu: Float[Tensor, "n latent"], threshold: float = 0.01) -> int:
    """How many dimensions of the code say anything about x: Var_x E_q[z_j|x] > threshold.

    Burda, Grosse & Salakhutdinov, 2016, section 5.2 (their threshold is 0.01).

    Args:
        mu: the posterior means of n examples.

    Returns:
        From 0, a collapsed model, to the number of dimensions.

    >>> active_units(torch.tensor([[0.0, 5.0], [1.0, 5.0]]))
    1
    """
    return int((mu.var(0, correction=0) > threshold).sum())


def recall_at_k(
    scores: Float[Tensor, "users items"],
    held_out: Float[Tensor, "users items"],
    k: int,
    seen: Float[Tensor, "users items"] | None = None,
) -> Float[Tensor, " users"]:
    """How many of a user's held-out items stand among the first k recommended.

    As a share of min(k, number held out), so that 1 can be reached. Liang et al., "Variational
    Autoencoders for Collaborative Filtering", 2018, section 4.2.

    Args:
        scores: the higher, the earlier the item is recommended; equal scores in the order of items.
        held_out: more than 0 for what should be found, at least one item for each user.
        seen: more than 0 for what the user is known to have; it is recommended after all else.

    Returns:
        One number per user, from 0 to 1, higher is better.

    Raises:
        ValueError: if shapes differ, k is not from 1 to the number of items, a user has nothing
            held out, or an item is both seen and held out.

    >>> recall_at_k(torch.tensor([[3.0, 2.0, 1.0]]), torch.tensor([[1.0, 0.0, 1.0]]), k=2)
    tensor([0.5000])
    """
    hits, wanted = _hits(scores, held_out, k, seen)
    return hits.sum(1) / wanted.clamp(max=k)


def ndcg_at_k(
    scores: Float[Tensor, "users items"],
    held_out: Float[Tensor, "users items"],
    k: int,
    seen: Float[Tensor, "users items"] | None = None,
) -> Float[Tensor, " users"]:
    """As `recall_at_k`, but a hit counts the less the later it comes: 1 / log2(1 + place).

    Divided by what the best order would have: the normalised discounted cumulative gain. Järvelin &
    Kekäläinen, 2002; Liang et al., 2018, section 4.2.

    Returns:
        One number per user, from 0 (no hit) to 1 (all that can be found stands first).

    >>> ndcg_at_k(torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 0.0]]), k=2)
    tensor([0.6309])
    """
    hits, wanted = _hits(scores, held_out, k, seen)
    discount = 1 / torch.log2(torch.arange(2, k + 2, dtype=scores.dtype, device=scores.device))
    best = discount.cumsum(0)[wanted.long().clamp(max=k) - 1]
    return hits @ discount / best


def _hits(
    scores: Tensor, held_out: Tensor, k: int, seen: Tensor | None
) -> tuple[Float[Tensor, "users k"], Float[Tensor, " users"]]:
    """1 where the item at this place of the ranking was held out, and how many were, by user."""
    seen = torch.zeros_like(scores) if seen is None else seen
    if not scores.shape == held_out.shape == seen.shape or not 1 <= k <= scores.shape[1]:
        raise ValueError(
            f"scores, held_out and seen have the shapes {tuple(scores.shape)}, "
            f"{tuple(held_out.shape)} and {tuple(seen.shape)}, and k is {k}; expected "
            "(users, items) for all, and k from 1 to the number of items"
        )
    if ((held_out > 0) & (seen > 0)).any():
        raise ValueError(
            "an item is both seen and held out, so it could never be found; hold out only what "
            "the history does not have: held_out * (seen == 0)"
        )
    wanted = (held_out > 0).sum(1).to(scores.dtype)
    if (wanted == 0).any():
        raise ValueError(
            f"{int((wanted == 0).sum())} users have nothing held out, so there is nothing to find; "
            "leave them out: held_out.any(dim=1)"
        )
    order = scores.masked_fill(seen > 0, -torch.inf).argsort(dim=1, descending=True, stable=True)
    return (held_out > 0).to(scores.dtype).gather(1, order[:, :k]), wanted
