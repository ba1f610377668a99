"""Is what should come first first? Anomalies among normal examples, items of a listener."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


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
