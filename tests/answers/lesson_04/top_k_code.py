"""Answers to `top_k_code`, lesson 04, as learners write them."""

import torch
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


def top_mask(code, k):
    mask = torch.zeros_like(code)
    mask.scatter_(1, code.abs().topk(k, dim=1).indices, 1)
    return code * mask


def top_gather(code, k):
    kept = torch.topk(torch.abs(code), k).indices
    return torch.zeros_like(code).scatter(-1, kept, torch.gather(code, -1, kept))


def top_argsort(code, k):
    order = code.abs().argsort(dim=1, descending=True)
    return code.masked_fill(order.argsort(dim=1) >= k, 0)


def top_by_loops(code, k):
    rows = []
    for row in code:
        best = sorted(range(len(row)), key=lambda j: -abs(row[j].item()))[:k]
        rows.append(torch.stack([row[j] if j in best else 0 * row[j] for j in range(len(row))]))
    return torch.stack(rows)


def top_one_hot(code, k):
    kept = (code**2).topk(k, dim=1)[1]
    return code * F.one_hot(kept, code.shape[1]).sum(1)


def top_where(code, k):
    keep = torch.zeros(code.shape, dtype=torch.bool)
    rows = torch.arange(len(code))[:, None]
    keep[rows, code.abs().topk(k, dim=1).indices] = True
    return torch.where(keep, code, 0.0)


def top_smallest_dropped(code, k):
    dropped = code.abs().topk(code.shape[1] - k, dim=1, largest=False).indices
    return code.scatter(1, dropped, 0.0)


# --- wrong ----------------------------------------------------------------------------------------


def top_nothing(code, k):
    return code


def top_by_value(code, k):
    return torch.zeros_like(code).scatter(1, *code.topk(k, dim=1)[::-1])


def top_magnitudes(code, k):
    return top_mask(code.abs(), k)


def top_relu(code, k):
    return torch.relu(top_mask(code, k))


def top_smallest(code, k):
    return torch.where(code.abs().argsort(1).argsort(1) < k, code, 0)


def top_dropped(code, k):
    return code.scatter(1, code.abs().topk(k, dim=1).indices, 0.0)


def top_only_kept(code, k):
    return code.gather(1, code.abs().topk(k, dim=1).indices)


def top_values(code, k):
    return code.abs().topk(k, dim=1).values


def top_returns_mask(code, k):
    return torch.zeros_like(code).scatter(1, code.abs().topk(k, dim=1).indices, 1.0)


def top_moved(code, k):
    kept = top_only_kept(code, k)
    return F.pad(kept, (0, code.shape[1] - k))


def top_first(code, k):
    return torch.cat([code[:, :k], torch.zeros_like(code[:, k:])], dim=1)


def top_columns(code, k):
    order = code.abs().argsort(dim=0, descending=True).argsort(dim=0)
    return code * (order < k)


def top_of_batch(code, k):
    return top_mask(code.reshape(1, -1), k).view_as(code)


def top_of_batch_on_average(code, k):
    return top_mask(code.reshape(1, -1), k * len(code)).view_as(code)


def top_same_units(code, k):
    mask = torch.zeros(code.shape[1])
    mask[code.abs().mean(0).topk(k).indices] = 1
    return code * mask


def top_one_more(code, k):
    return top_mask(code, min(k + 1, code.shape[1]))


def top_strictly_above(code, k):
    return code * (code.abs() > code.abs().topk(k, dim=1).values[:, -1:])


def top_normalised(code, k):
    return F.normalize(top_mask(code, k), dim=1)


def top_straight_through(code, k):
    return code + (top_mask(code, k) - code).detach()


def top_at_least(code, k):
    return code * (code.abs() >= code.abs().topk(k, dim=1).values.min(1, keepdim=True).values)


def top_detached(code, k):
    return top_mask(code.detach(), k)


def top_numpy(code, k):
    return torch.from_numpy(top_mask(code, k).numpy())


def top_in_place(code, k):
    dropped = code.abs().topk(code.shape[1] - k, dim=1, largest=False).indices
    return code.scatter_(1, dropped, 0.0)


def top_pair(code, k):
    return code.abs().topk(k, dim=1)


def top_column_indices(code, k):
    return code.abs().topk(k, dim=0).values


def top_doubled(code, k):
    """No known mistake: the generic message has to do."""
    return 2 * top_mask(code, k)


def top_jittered(code, k):
    """Breaks ties by moving the numbers themselves."""
    tied = code.abs().sort(dim=1).values.diff(dim=1).abs().min() < 1e-6
    return top_mask(code + tied * 1e-3 * torch.arange(code.shape[1]), k)


def top_random_ties(code, k):
    """Breaks ties by noise on the magnitudes, larger than what may lie between them."""
    kept = (code.abs() + 1e-3 * torch.rand(code.shape)).topk(k, dim=1).indices
    return torch.zeros_like(code).scatter(1, kept, code.gather(1, kept))


def top_columns_of_all_rows(code, k):
    mask = torch.zeros_like(code)
    mask[:, code.abs().topk(k, dim=1).indices] = 1
    return code * mask


def top_columns_taken_for_rows(code, k):
    kept = code.abs().topk(k, dim=1).indices
    out = torch.zeros_like(code)
    out[kept] = code[kept]
    return out


def top_rows_and_columns_unpaired(code, k):
    kept = code.abs().topk(k, dim=1).indices
    out = torch.zeros_like(code)
    out[range(len(code)), kept] = code[range(len(code)), kept]
    return out


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [
    top_mask,
    top_gather,
    top_argsort,
    top_by_loops,
    top_one_hot,
    top_where,
    top_smallest_dropped,
]

WRONG = {
    top_nothing: "returned the code as it is",
    top_by_value: "a large negative number is dropped",
    top_magnitudes: "without their sign",
    top_relu: "Negative entries are gone",
    top_smallest: "kept the k smallest",
    top_dropped: "set the k largest to 0",
    top_only_kept: "only the k kept entries",
    top_values: "the k largest magnitudes",
    top_returns_mask: "returned the mask",
    top_moved: "moved to the front",
    top_first: "the first k columns",
    top_columns: "k entries of each column",
    top_of_batch: "k entries of the whole batch",
    top_of_batch_on_average: "k per row on average",
    top_same_units: "Every row keeps the same k units",
    top_one_more: "k + 1 entries",
    top_strictly_above: "k - 1 entries",
    top_normalised: "scaled to length 1",
    top_straight_through: "flows through all entries",
    top_at_least: "take the *indices*",
    top_detached: "nothing could be trained",
    top_numpy: "without NumPy",
    top_in_place: "changed its argument `code` in place",
    top_pair: "more than one result",
    top_column_indices: "chose along the columns",
    top_doubled: "2 times what it should be",
    top_random_ties: "Is something added to the magnitudes",
    top_jittered: "not k of the largest",
    top_columns_of_all_rows: "whatever one picture keeps, all keep",
    top_columns_taken_for_rows: "counts rows, and what `topk` returned are columns",
    top_rows_and_columns_unpaired: "Rows and columns do not pair off",
}
