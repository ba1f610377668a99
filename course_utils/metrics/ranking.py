"""Is what should come first first? Anomalies among normal examples, items of a listener.

Tensors, numpy's arrays, pandas' columns and lists of numbers are taken alike.
"""

from collections.abc import Sequence
from typing import Any, SupportsIndex

import numpy as np
import torch
from jaxtyping import Float, Shaped
from numpy.typing import ArrayLike
from torch import Tensor

from course_utils._named import a

Numbers = ArrayLike | Sequence[Any]


def auroc(scores: Shaped[Tensor, " n"] | Numbers, labels: Shaped[Tensor, " n"] | Numbers) -> float:
    """The area under the ROC curve: how often an anomaly scores higher than a normal example.

    The share of all pairs of one anomaly and one normal example, a tie counting one half: the
    statistic of Mann & Whitney, 1947, divided by the number of pairs. Only the order of the scores
    matters. Hanley & McNeil, 1982.

    Args:
        scores: (n,), higher is stranger: of one of scikit-learn's detectors, for which higher is
            more normal, `-detector.score_samples(X)`.
        labels: (n,), 1 or True for anomalies, 0 or False for normal examples; both must occur.

    Returns:
        From 0 to 1: 0.5 for scores that know nothing, 1 if every anomaly is above every normal
        example.

    Raises:
        ValueError: if scores or labels will not do; says why.

    >>> auroc(torch.tensor([0.1, 0.3, 0.3, 0.9]), torch.tensor([0, 0, 1, 1]))
    0.875
    """
    scores = _numbers("scores", scores, axes=1).cpu().double()
    labels = _numbers("labels", labels, axes=1).cpu().double()
    if len(scores) != len(labels) or scores.isnan().any():
        raise ValueError(
            f"{len(scores)} scores and {len(labels)} labels, {int(scores.isnan().sum())} scores "
            "are nan; expected a number and a label for each example"
        )
    if labels.unique().tolist() != [0, 1]:
        raise ValueError(
            f"labels hold {_some(labels.unique())}; expected 0 for normal examples and 1 for "
            "anomalies, both at least once (where -1 is the anomaly: labels == -1)"
        )
    anomalous, normal = scores[labels == 1], scores[labels == 0].sort().values
    below = torch.searchsorted(normal, anomalous, side="left")
    not_above = torch.searchsorted(normal, anomalous, side="right")
    pairs = len(anomalous) * len(normal)
    return (below + not_above).sum().item() / (2 * pairs)


def recall_at_k(
    scores: Shaped[Tensor, "users items"] | Numbers,
    held_out: Shaped[Tensor, "users items"] | Numbers,
    k: SupportsIndex,
    seen: Shaped[Tensor, "users items"] | Numbers | None = None,
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
        ValueError: if shapes differ, scores hold nan, k is not a whole number from 1 to that of the
            items, a user has nothing held out, or an item is both seen and held out.

    >>> recall_at_k(torch.tensor([[3.0, 2.0, 1.0]]), torch.tensor([[1.0, 0.0, 1.0]]), k=2)
    tensor([0.5000])
    """
    hits, wanted = _hits(scores, held_out, k, seen)
    return hits.sum(1) / wanted.clamp(max=k)


def ndcg_at_k(
    scores: Shaped[Tensor, "users items"] | Numbers,
    held_out: Shaped[Tensor, "users items"] | Numbers,
    k: SupportsIndex,
    seen: Shaped[Tensor, "users items"] | Numbers | None = None,
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
    discount = 1 / torch.log2(torch.arange(2, k + 2, dtype=hits.dtype, device=hits.device))
    best = discount.cumsum(0)[wanted.long().clamp(max=k) - 1]
    return hits @ discount / best


def _hits(
    scores: Numbers, held_out: Numbers, k: Any, seen: Numbers | None
) -> tuple[Float[Tensor, "users k"], Float[Tensor, " users"]]:
    """1 where the item at this place of the ranking was held out, and how many were, by user."""
    scores = _numbers("scores", scores, axes=2)
    held_out = _numbers("held_out", held_out, axes=2).to(scores.device)
    seen = torch.zeros_like(scores) if seen is None else _numbers("seen", seen, axes=2)
    seen, whole = seen.to(scores.device), isinstance(k, int | np.integer)
    if not scores.shape == held_out.shape == seen.shape or not (whole and 1 <= k <= len(scores.T)):
        raise ValueError(
            f"scores, held_out and seen have the shapes {tuple(scores.shape)}, "
            f"{tuple(held_out.shape)} and {tuple(seen.shape)}, and k is {k}; expected "
            "(users, items) for all, and k from 1 to the number of items"
        )
    if scores.isnan().any():
        raise ValueError(
            f"scores hold {int(scores.isnan().sum())} nan, which have no place in an order; "
            "expected numbers"
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


def _numbers(name: str, values: Numbers, axes: int) -> Tensor:
    """Real numbers as a tensor of floats; of what is none, a ValueError says what it was."""
    x = values.detach() if isinstance(values, Tensor) else _tensor(values)
    if x is None or x.is_complex():
        raise ValueError(
            f"{name} is {a(type(values).__name__)} of something else than real numbers; expected "
            "numbers alone, in a tensor, an array or a list"
        )
    if x.ndim != axes:
        expected = "(users, items)" if axes == 2 else "(n,), one number for each example"
        flat = axes == 1 and x.ndim > 1 and x.numel() == max(x.shape)
        way_out = f": lay it flat with {name}.ravel()" if flat else ""
        raise ValueError(f"{name} has shape {tuple(x.shape)}; expected {expected}{way_out}")
    return x if x.is_floating_point() else x.double()


def _tensor(values: Numbers) -> Tensor | None:
    """A copy of an array in torch, which takes neither every order of memory nor every type."""
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "biufO":
            return None
        return torch.from_numpy(np.array(array, dtype=np.float64, order="C"))
    except (TypeError, ValueError, RuntimeError):
        return None


def _some(values: Tensor) -> str:
    """The first few numbers, to be read."""
    return f"[{', '.join(f'{value:g}' for value in values.tolist()[:5])}]"
