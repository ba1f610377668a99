"""Answers to `nearest_images`, lesson 02, as learners write them."""

import math

import numpy as np
import torch
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


def nearest_argsort(codes, query, k):
    return ((codes - query) ** 2).sum(1).argsort()[:k]


def nearest_topk(codes, query, k):
    return torch.topk(torch.linalg.vector_norm(codes - query, dim=1), k, largest=False).indices


def nearest_topk_of_negative(codes, query, k):
    _, indices = (-(codes - query).norm(dim=-1)).topk(k)
    return indices


def nearest_cdist(codes, query, k):
    return torch.cdist(query[None], codes)[0].sort().indices[:k]


def nearest_expanded_square(codes, query, k):
    return (codes.square().sum(1) - 2 * codes @ query).argsort()[:k]


def nearest_einsum(codes, query, k):
    d = codes - query
    return torch.argsort(torch.einsum("nd,nd->n", d, d), stable=True)[0:k]


def nearest_mean_square(codes, query, k):
    return (codes - query).pow(2).mean(dim=1).sqrt().argsort()[:k]


def nearest_sorted_list(codes, query, k):
    distances = [torch.dist(code, query).item() for code in codes]
    return torch.tensor(sorted(range(len(codes)), key=distances.__getitem__)[:k])


def nearest_one_by_one(codes, query, k):
    distances = F.pairwise_distance(codes, query.expand_as(codes))
    found = torch.empty(k, dtype=torch.int32)
    for place in range(k):
        found[place] = distances.argmin()
        distances[found[place]] = math.inf
    return found


def nearest_mse_loss(codes, query, k):
    target = query.repeat(len(codes), 1)
    return F.mse_loss(codes, target, reduction="none").sum(1).argsort()[:k]


def nearest_numpy(codes, query, k):
    distances = np.linalg.norm(codes.numpy() - query.numpy(), axis=1)
    return torch.from_numpy(np.argsort(distances)[:k].copy())


def nearest_scikit_learn(codes, query, k):
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=k).fit(codes.numpy())
    return torch.as_tensor(search.kneighbors(query[None].numpy(), return_distance=False)[0])


# --- wrong ----------------------------------------------------------------------------------------


def nearest_farthest(codes, query, k):
    return ((codes - query) ** 2).sum(1).topk(k).indices


def nearest_reversed(codes, query, k):
    return ((codes - query) ** 2).sum(1).argsort()[:k].flip(0)


def nearest_in_order_of_index(codes, query, k):
    distances = ((codes - query) ** 2).sum(1)
    return (distances <= distances.sort().values[k - 1]).nonzero().flatten()


def nearest_skips_the_first(codes, query, k):
    return ((codes - query) ** 2).sum(1).argsort()[1 : k + 1]


def nearest_all(codes, query, k):
    return ((codes - query) ** 2).sum(1).argsort()


def nearest_one_too_few(codes, query, k):
    return ((codes - query) ** 2).sum(1).argsort()[: k - 1]


def nearest_one_too_many(codes, query, k):
    return ((codes - query) ** 2).sum(1).argsort()[: k + 1]


def nearest_argmin(codes, query, k):
    return ((codes - query) ** 2).sum(1).argmin()


def nearest_counted_from_one(codes, query, k):
    return ((codes - query) ** 2).sum(1).argsort()[:k] + 1


def nearest_ranks(codes, query, k):
    return ((codes - query) ** 2).sum(1).argsort().argsort()[:k]


def nearest_mask(codes, query, k):
    distances = torch.cdist(codes, query[None])[:, 0]
    return distances <= distances.kthvalue(k).values


def nearest_wrong_axis(codes, query, k):
    return ((codes - query) ** 2).sum(0).argsort()[:k]


def nearest_manhattan(codes, query, k):
    return torch.cdist(codes, query[None], p=1)[:, 0].argsort()[:k]


def nearest_chebyshev(codes, query, k):
    return torch.cdist(codes, query[None], p=math.inf)[:, 0].argsort()[:k]


def nearest_without_square(codes, query, k):
    return (codes - query).sum(1).argsort()[:k]


def nearest_size_of_the_sum(codes, query, k):
    return ((codes - query).sum(1) ** 2).argsort()[:k]


def nearest_cosine(codes, query, k):
    return F.cosine_similarity(codes, query[None]).argsort(descending=True)[:k]


def nearest_dot_product(codes, query, k):
    return (codes @ query).topk(k).indices


def nearest_by_length(codes, query, k):
    return (codes.norm(dim=1) - query.norm()).abs().argsort()[:k]


def nearest_without_query(codes, query, k):
    return codes.square().sum(1).argsort()[:k]


def nearest_plus(codes, query, k):
    return ((codes + query) ** 2).sum(1).argsort()[:k]


def nearest_standardised(codes, query, k):
    scale = codes.std(dim=0)
    return (codes / scale - query / scale).norm(dim=1).argsort()[:k]


def nearest_distances(codes, query, k):
    return ((codes - query) ** 2).sum(1).sort().values[:k]


def nearest_codes(codes, query, k):
    return codes[((codes - query) ** 2).sum(1).argsort()[:k]]


def nearest_whole_topk(codes, query, k):
    return torch.topk(((codes - query) ** 2).sum(1), k, largest=False)


def nearest_list(codes, query, k):
    return ((codes - query) ** 2).sum(1).argsort()[:k].tolist()


def nearest_row(codes, query, k):
    return torch.cdist(query[None], codes).argsort()[:, :k]


def nearest_array(codes, query, k):
    return np.argsort(((codes - query) ** 2).sum(1).numpy())[:k]


def nearest_in_place(codes, query, k):
    codes -= query
    return (codes**2).sum(1).argsort()[:k]


def nearest_forgot_return(codes, query, k):
    ((codes - query) ** 2).sum(1).argsort()[:k]


def nearest_misspelt(codes, query, k):
    return ((code - query) ** 2).sum(1).argsort()[:k]


def nearest_first_two_numbers(codes, query, k):
    """No known mistake: the generic message has to do."""
    return ((codes - query)[:, :2] ** 2).sum(1).argsort()[:k]


def nearest_rounded(codes, query, k):
    """Distances with two digits after the point."""
    return (codes - query).norm(dim=1).round(decimals=2).argsort(stable=True)[:k]


def nearest_in_half_precision(codes, query, k):
    return (codes.half() - query.half()).square().sum(1).argsort()[:k]


def nearest_in_bfloat16(codes, query, k):
    return (codes - query).square().sum(1).bfloat16().argsort(stable=True)[:k]


def nearest_in_whole_numbers(codes, query, k):
    return ((codes - query) ** 2).sum(1).int().argsort(stable=True)[:k]


def nearest_to_three_digits(codes, query, k):
    distances = (codes - query).norm(dim=1)
    return (distances / distances.max()).round(decimals=3).argsort(stable=True)[:k]


def nearest_parted(codes, query, k):
    distances = (codes - query).square().sum(1).numpy()
    return torch.from_numpy(np.argpartition(distances, k - 1)[:k])


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [
    nearest_argsort,
    nearest_topk,
    nearest_topk_of_negative,
    nearest_cdist,
    nearest_expanded_square,
    nearest_einsum,
    nearest_mean_square,
    nearest_sorted_list,
    nearest_one_by_one,
    nearest_mse_loss,
    nearest_numpy,
    nearest_scikit_learn,
]

WRONG = {
    nearest_farthest: "the codes farthest away",
    nearest_reversed: "the nearest comes last",
    nearest_in_order_of_index: "in the order of their indices",
    nearest_skips_the_first: "left out the nearest",
    nearest_all: "all n indices",
    nearest_one_too_few: "One too few",
    nearest_one_too_many: "One too many",
    nearest_argmin: "the nearest alone",
    nearest_counted_from_one: "counted from 0",
    nearest_ranks: "one `argsort` too many",
    nearest_mask: "returned a mask",
    nearest_wrong_axis: "summed over axis 0",
    nearest_manhattan: "absolute differences",
    nearest_chebyshev: "the largest difference",
    nearest_without_square: "Nothing is squared",
    nearest_size_of_the_sum: "summed the differences first",
    nearest_cosine: "cosine similarity",
    nearest_dot_product: "dot product",
    nearest_by_length: "compared lengths only",
    nearest_without_query: "plays no part in this",
    nearest_plus: "a plus where the minus should be",
    nearest_standardised: "the same spread",
    nearest_distances: "distances, it seems",
    nearest_codes: "the codes themselves",
    nearest_whole_topk: "returned two things",
    nearest_list: "returned a list",
    nearest_row: "axes of length 1",
    nearest_array: "a NumPy array",
    nearest_in_place: "changed its argument `codes` in place",
    nearest_forgot_return: "the last line a `return`",
    nearest_misspelt: "name 'code' is not defined",
    nearest_first_two_numbers: "find the smallest by eye",
    nearest_rounded: "query = torch.tensor([",
    nearest_in_half_precision: "as by `.half()`",
    nearest_in_bfloat16: "as by `.bfloat16()`",
    nearest_in_whole_numbers: "as by `.int()`",
    nearest_to_three_digits: "query = torch.tensor([",
    nearest_parted: "Compute the n distances first",
}
