"""Answers to `batch_top_k`, lesson 04, as learners write them."""

import torch
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


def batch_threshold(code, k):
    least = code.flatten().topk(k * len(code)).values[-1]
    return code * (code >= least)


def batch_indices(code, k):
    flat = code.reshape(-1)
    mask = torch.zeros_like(flat)
    mask[flat.topk(k * code.shape[0]).indices] = 1
    return code * mask.reshape(code.shape)


def batch_where(code, k):
    order = code.flatten().argsort(descending=True).argsort().view_as(code)
    return torch.where(order < k * len(code), code, 0.0)


def batch_kthvalue(code, k):
    least = code.flatten().kthvalue(code.numel() - k * len(code) + 1).values
    return code.masked_fill(code < least, 0)


def batch_rows_and_columns(code, k):
    kept = torch.sort(code.ravel(), descending=True).indices[: k * len(code)]
    out = torch.zeros_like(code)
    rows, columns = kept // code.shape[1], kept % code.shape[1]
    return out.index_put((rows, columns), code[rows, columns])


def batch_by_loops(code, k):
    places = [(i, j) for i in range(code.shape[0]) for j in range(code.shape[1])]
    places.sort(key=lambda place: code[place].item(), reverse=True)
    mask = torch.zeros_like(code)
    for place in places[: k * len(code)]:
        mask[place] = 1
    return mask * code


# --- wrong ----------------------------------------------------------------------------------------


def batch_each_row(code, k):
    return code * (code >= code.topk(k, dim=1).values[:, -1:])


def batch_each_column(code, k):
    kept = code.topk(min(k, len(code)), dim=0).indices
    return code * torch.zeros_like(code).scatter(0, kept, 1.0)


def batch_k_in_all(code, k):
    return code * (code >= code.flatten().topk(k).values[-1])


def batch_k_for_each_unit(code, k):
    count = min(k * code.shape[1], code.numel())
    return code * (code >= code.flatten().topk(count).values[-1])


def batch_strictly_above(code, k):
    return code * (code > code.flatten().topk(k * len(code)).values[-1])


def batch_one_more(code, k):
    falling = code.flatten().sort(descending=True).values
    return code * (code >= falling[min(k * len(code), len(falling) - 1)])


def batch_smallest(code, k):
    order = code.flatten().argsort(stable=True).argsort().view_as(code)
    return code * (order < k * len(code))


def batch_dropped(code, k):
    return code * (code < code.flatten().topk(k * len(code)).values[-1])


def batch_nothing(code, k):
    return code


def batch_mask(code, k):
    return (code >= code.flatten().topk(k * len(code)).values[-1]).float()


def batch_flat(code, k):
    return batch_threshold(code, k).flatten()


def batch_values(code, k):
    return code.flatten().topk(k * len(code)).values


def batch_shrunk(code, k):
    return F.relu(code - code.flatten().topk(k * len(code)).values[-1])


def batch_mean_threshold(code, k):
    return code * (code >= code.topk(k).values.min(dim=1).values.mean())


def batch_straight_through(code, k):
    return code + (batch_threshold(code, k) - code).detach()


def batch_detached(code, k):
    return batch_threshold(code.detach(), k)


def batch_in_place(code, k):
    code[code < code.flatten().topk(k * len(code)).values[-1]] = 0
    return code


def batch_halved(code, k):
    """No known mistake: the generic message has to do."""
    return batch_threshold(code, k) / 2


def batch_whole_columns(code, k):
    least = code.flatten().topk(k * len(code)).values[-1]
    return code * (code >= least).any(0)


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [
    batch_threshold,
    batch_indices,
    batch_where,
    batch_kthvalue,
    batch_rows_and_columns,
    batch_by_loops,
]

WRONG = {
    batch_each_row: "Each row keeps k of its own",
    batch_each_column: "k entries of each column",
    batch_k_in_all: "k entries of the whole batch",
    batch_k_for_each_unit: "k for each *unit*",
    batch_strictly_above: "One entry too few",
    batch_one_more: "One entry too many",
    batch_smallest: "kept the smallest",
    batch_dropped: "set the largest to 0",
    batch_nothing: "returned the code as it is",
    batch_mask: "returned the mask",
    batch_flat: "in one long row",
    batch_values: "only the numbers that are kept",
    batch_shrunk: "shrunk by the threshold",
    batch_mean_threshold: "the mean over the rows",
    batch_straight_through: "flows through all entries",
    batch_detached: "nothing could be trained",
    batch_in_place: "changed its argument `code` in place",
    batch_halved: "0.5 times what it should be",
    batch_whole_columns: "Write all entries of the batch in one row",
}
