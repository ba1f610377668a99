"""Answers to `mutual_information_gap`, lesson 10, as learners write them."""

import numpy as np
import torch

# --- right ----------------------------------------------------------------------------------------


def gap_sorted(mutual_information, factor_entropy):
    ranked = mutual_information.sort(dim=0, descending=True).values
    return float(((ranked[0] - ranked[1]) / factor_entropy).mean())


def gap_loop(mutual_information, factor_entropy):
    total = 0.0
    for column, entropy in zip(mutual_information.T.tolist(), factor_entropy.tolist(), strict=True):
        *_, second, best = sorted(column)
        total += (best - second) / entropy
    return total / len(factor_entropy)


def gap_of_shares(mutual_information, factor_entropy):
    best, second = (mutual_information / factor_entropy).topk(2, dim=0).values
    return torch.mean(best - second).item()


def gap_numpy(mutual_information, factor_entropy):
    ranked = np.sort(mutual_information.numpy(), axis=0)
    return np.mean((ranked[-1] - ranked[-2]) / factor_entropy.numpy())


def gap_transposed(mutual_information, factor_entropy):
    top = mutual_information.T.topk(2).values
    return ((top[:, 0] - top[:, 1]) / factor_entropy).sum().item() / len(factor_entropy)


def gap_masked(mutual_information, factor_entropy):
    best, where = mutual_information.max(dim=0)
    rest = mutual_information.scatter(0, where[None], -1.0)
    return ((best - rest.amax(0)) / factor_entropy).mean().item()


# --- wrong ----------------------------------------------------------------------------------------


def gap_in_nats(mutual_information, factor_entropy):
    best, second = mutual_information.topk(2, dim=0).values
    return (best - second).mean().item()


def gap_of_means(mutual_information, factor_entropy):
    best, second = mutual_information.topk(2, dim=0).values
    return ((best - second).mean() / factor_entropy.mean()).item()


def gap_summed(mutual_information, factor_entropy):
    best, second = mutual_information.topk(2, dim=0).values
    return ((best - second) / factor_entropy).sum().item()


def gap_best_alone(mutual_information, factor_entropy):
    return (mutual_information.amax(0) / factor_entropy).mean().item()


def gap_ascending(mutual_information, factor_entropy):
    ranked = mutual_information.sort(dim=0).values
    return ((ranked[-2] - ranked[-1]) / factor_entropy).mean().item()


def gap_share_of_best(mutual_information, factor_entropy):
    ranked = mutual_information.sort(dim=0, descending=True).values
    return ((ranked[0] - ranked[1]) / ranked[0]).mean().item()


def gap_ratio(mutual_information, factor_entropy):
    best, second = mutual_information.topk(2, dim=0).values
    return (second / best).mean().item()


def gap_brackets(mutual_information, factor_entropy):
    best, second = mutual_information.topk(2, dim=0).values
    return (best - second / factor_entropy).mean().item()


def gap_multiplied(mutual_information, factor_entropy):
    best, second = mutual_information.topk(2, dim=0).values
    return ((best - second) * factor_entropy).mean().item()


def gap_largest(mutual_information, factor_entropy):
    best, second = mutual_information.topk(2, dim=0).values
    return ((best - second) / factor_entropy).max().item()


def gap_smallest(mutual_information, factor_entropy):
    best, second = mutual_information.topk(2, dim=0).values
    return ((best - second) / factor_entropy).min().item()


def gap_median_factor(mutual_information, factor_entropy):
    best, second = mutual_information.topk(2, dim=0).values
    return ((best - second) / factor_entropy).median().item()


def gap_levels(mutual_information, factor_entropy):
    best, second = mutual_information.topk(2, dim=0).values
    return ((best - second) / factor_entropy.exp()).mean().item()


def gap_largest_entropy(mutual_information, factor_entropy):
    best, second = mutual_information.topk(2, dim=0).values
    return ((best - second) / factor_entropy.max()).mean().item()


def gap_to_the_worst(mutual_information, factor_entropy):
    low, high = mutual_information.aminmax(dim=0)
    return ((high - low) / factor_entropy).mean().item()


def gap_to_the_mean(mutual_information, factor_entropy):
    ahead = mutual_information.max(0).values - mutual_information.mean(0)
    return (ahead / factor_entropy).mean().item()


def gap_to_the_other_mean(mutual_information, factor_entropy):
    ranked = mutual_information.sort(dim=0, descending=True).values
    return ((ranked[0] - ranked[1:].mean(0)) / factor_entropy).mean().item()


def gap_to_all_others(mutual_information, factor_entropy):
    best = mutual_information.amax(0)
    return ((2 * best - mutual_information.sum(0)) / factor_entropy).mean().item()


def gap_of_the_smallest(mutual_information, factor_entropy):
    known = mutual_information.sort(dim=0).values
    return ((known[0] - known[1]) / factor_entropy).mean().item()


def gap_to_the_median(mutual_information, factor_entropy):
    ahead = mutual_information.amax(0) - mutual_information.median(0).values
    return (ahead / factor_entropy).mean().item()


def gap_over_copies(mutual_information, factor_entropy):
    total = 0.0
    for column, entropy in zip(mutual_information.T, factor_entropy, strict=True):
        best = column.max()
        below = column[column < best]
        second = below.max() if len(below) else torch.zeros(())
        total += (best - second) / entropy
    return (total / len(factor_entropy)).item()


def gap_second_smallest(mutual_information, factor_entropy):
    ranked = mutual_information.sort(dim=0).values
    return ((ranked[-1] - ranked[1]) / factor_entropy).mean().item()


def gap_between_factors(mutual_information, factor_entropy):
    total = 0.0
    for k, entropy in enumerate(factor_entropy):
        row = mutual_information[mutual_information[:, k].argmax()]
        second = row.sort(descending=True).values[1]
        total += (mutual_information[:, k].max() - second) / entropy
    return (total / len(factor_entropy)).item()


def gap_wrong_axis(mutual_information, factor_entropy):
    top = mutual_information.topk(2, dim=1).values
    return ((top[:, 0] - top[:, 1]) / factor_entropy).mean().item()


def gap_of_rows(mutual_information, factor_entropy):
    top = (mutual_information / factor_entropy).topk(2, dim=1).values
    return (top[:, 0] - top[:, 1]).mean().item()


def gap_of_the_table(mutual_information, factor_entropy):
    best, second = mutual_information.flatten().topk(2).values
    return ((best - second) / factor_entropy).mean().item()


def gap_first_rows(mutual_information, factor_entropy):
    best, second = mutual_information[:2]
    return ((best - second) / factor_entropy).mean().item()


def gap_over_numbers(mutual_information, factor_entropy):
    best, second = mutual_information.topk(2, dim=0).values
    return ((best - second) / factor_entropy).sum().item() / mutual_information.shape[0]


def gap_indices(mutual_information, factor_entropy):
    best, second = mutual_information.topk(2, dim=0).indices
    return ((best - second) / factor_entropy).mean().item()


def gap_tensor(mutual_information, factor_entropy):
    best, second = mutual_information.topk(2, dim=0).values
    return ((best - second) / factor_entropy).mean()


def gap_of_each(mutual_information, factor_entropy):
    best, second = mutual_information.topk(2, dim=0).values
    return ((best - second) / factor_entropy).tolist()


def gap_in_place(mutual_information, factor_entropy):
    best, where = mutual_information.max(dim=0)
    mutual_information[where, torch.arange(len(where))] = 0
    return ((best - mutual_information.amax(0)) / factor_entropy).mean().item()


def gap_squared(mutual_information, factor_entropy):
    """No known mistake: the generic message has to do."""
    best, second = mutual_information.square().topk(2, dim=0).values
    return ((best - second) / factor_entropy).mean().item()


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [
    gap_sorted,
    gap_loop,
    gap_of_shares,
    gap_numpy,
    gap_transposed,
    gap_masked,
]

WRONG = {
    gap_in_nats: "left in nats",
    gap_of_means: "factors with more levels count for more",
    gap_summed: "You summed over the factors",
    gap_best_alone: "with nothing taken off",
    gap_ascending: "The sign is turned",
    gap_share_of_best: "by what the best number knows",
    gap_ratio: "the ratio of second best to best",
    gap_brackets: "divides the second alone",
    gap_multiplied: "multiplied by the entropy",
    gap_largest: "kept the largest of the factors' gaps",
    gap_smallest: "kept the smallest of the factors' gaps",
    gap_median_factor: "the median over the factors",
    gap_levels: "the exponential of the entropy",
    gap_largest_entropy: "by the largest entropy",
    gap_to_the_worst: "subtracted the *worst* number",
    gap_to_the_mean: "the average over all numbers",
    gap_to_the_other_mean: "the average of the other numbers",
    gap_to_all_others: "added up. Only the second",
    gap_to_the_median: "subtracted the median",
    gap_of_the_smallest: "that of the two smallest entries",
    gap_over_copies: "jumped over the copy",
    gap_second_smallest: "the second *smallest* entry",
    gap_between_factors: "compared two factors within one row",
    gap_wrong_axis: "were taken from each row, `dim=1`",
    gap_of_rows: "between the two factors that it knows best",
    gap_of_the_table: "the two largest entries of the whole table",
    gap_first_rows: "the first two rows as best",
    gap_over_numbers: "by the number of rows",
    gap_indices: "you used the indices",
    gap_tensor: "a tensor of shape ()",
    gap_of_each: "a list of",
    gap_in_place: "changed its argument `mutual_information` in place",
    gap_squared: "Take one column by hand",
}
