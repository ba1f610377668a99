"""Answers to `two_sided`, lesson 13, as learners write them."""

import numpy as np
import torch
from scipy import stats

# --- right ----------------------------------------------------------------------------------------


def by_table(scores, reference):
    below = (reference[None, :] < scores[:, None]).float().mean(1)
    equal = (reference[None, :] == scores[:, None]).float().mean(1)
    return 2 * (below + equal / 2 - 0.5).abs()


def by_search(scores, reference):
    ordered = reference.sort().values
    left = torch.searchsorted(ordered, scores.contiguous())
    right = torch.searchsorted(ordered, scores.contiguous(), right=True)
    return ((left + right) / len(reference) - 1).abs()


def by_signs(scores, reference):
    """More of them below than above: the rank less one half, twice, is the mean of the signs."""
    return torch.sign(scores[:, None] - reference).mean(1).abs()


def by_loop(scores, reference):
    result = []
    for score in scores:
        rank = (reference < score).double().mean() + 0.5 * (reference == score).double().mean()
        result.append(2 * abs(rank - 0.5))
    return torch.stack(result)


def by_scipy(scores, reference):
    ranks = [stats.percentileofscore(reference.numpy(), s, kind="mean") / 100 for s in scores]
    return torch.as_tensor(2 * np.abs(np.array(ranks) - 0.5))


# --- wrong ----------------------------------------------------------------------------------------


def rank_of(scores, reference):
    return (torch.sign(scores[:, None] - reference).mean(1) + 1) / 2


def one_sided(scores, reference):
    return rank_of(scores, reference)


def share_above(scores, reference):
    return 1 - rank_of(scores, reference)


def not_doubled(scores, reference):
    return (rank_of(scores, reference) - 0.5).abs()


def with_sign(scores, reference):
    return torch.sign(scores[:, None] - reference).mean(1)


def p_value(scores, reference):
    rank = rank_of(scores, reference)
    return 2 * torch.minimum(rank, 1 - rank)


def from_a_half(scores, reference):
    rank = rank_of(scores, reference)
    return torch.maximum(rank, 1 - rank)


def squared(scores, reference):
    return by_signs(scores, reference) ** 2


def per_cent(scores, reference):
    return 100 * by_signs(scores, reference)


def from_the_mean_rank(scores, reference):
    rank = rank_of(scores, reference)
    return 2 * (rank - rank.mean()).abs()


def mean_over_all(scores, reference):
    return by_signs(scores, reference).mean()


def ties_nothing(scores, reference):
    return 2 * ((reference < scores[:, None]).double().mean(1) - 0.5).abs()


def ties_in_full(scores, reference):
    return 2 * ((reference <= scores[:, None]).double().mean(1) - 0.5).abs()


def counts_itself(scores, reference):
    m = len(reference)
    return 2 * ((rank_of(scores, reference) * m + 0.5) / (m + 1) - 0.5).abs()


def one_too_many(scores, reference):
    m = len(reference)
    return 2 * (rank_of(scores, reference) * m / (m + 1) - 0.5).abs()


def among_themselves(scores, reference):
    return by_signs(scores, scores)


def changed_places(scores, reference):
    return by_signs(reference, scores)


def unsorted(scores, reference):
    left = torch.searchsorted(reference, scores)
    right = torch.searchsorted(reference, scores, right=True)
    return ((left + right) / len(reference) - 1).abs()


def in_deviations(scores, reference):
    return (scores - reference.mean()).abs() / reference.std()


def of_a_bell(scores, reference):
    bell = torch.distributions.Normal(reference.mean(), reference.std(), validate_args=False)
    return 2 * (bell.cdf(scores) - 0.5).abs()


def from_the_median(scores, reference):
    return (scores - reference.median()).abs()


def in_the_range(scores, reference):
    low, high = reference.aminmax()
    return (2 * (scores - low) / (high - low) - 1).abs()


def as_list(scores, reference):
    return by_signs(scores, reference).tolist()


def kept_axis(scores, reference):
    return by_signs(scores, reference)[:, None]


def sorts_in_place(scores, reference):
    reference[:] = reference.sort().values
    return by_signs(scores, reference)


def rounded(scores, reference):
    """No known mistake: the generic message has to do."""
    return by_signs(scores, reference).round(decimals=1)


RIGHT = [by_table, by_search, by_signs, by_loop, by_scipy]

WRONG = {
    one_sided: "This is the rank itself",
    share_above: "the share of the reference that is higher",
    not_doubled: "The distance is not doubled",
    with_sign: "The sign is still there",
    p_value: "upside down",
    from_a_half: "It should begin at 0",
    squared: "The distance is squared",
    per_cent: "These are per cent",
    from_the_mean_rank: "the mean rank of these scores",
    mean_over_all: "the mean over all scores",
    ties_nothing: "Equal scores count nothing",
    ties_in_full: "Equal scores count in full",
    counts_itself: "the score itself among the reference",
    one_too_many: "one more than there are in the reference",
    among_themselves: "ranked the scores among themselves",
    changed_places: "the two have changed places",
    unsorted: "looks for a place in a *sorted* list",
    in_deviations: "the distance from the mean, in standard deviations",
    of_a_bell: "Your rank is that of a normal distribution",
    from_the_median: "the distance from the median",
    in_the_range: "between the smallest and the largest",
    as_list: "makes one of a list of tensors",
    kept_axis: "axes of length 1",
    sorts_in_place: "changed its argument `reference`",
    rounded: "Take the first score alone",
}
