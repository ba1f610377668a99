"""Answers to the exercises of lesson 10, as learners write them.

`RIGHT` are accepted for every seed. `WRONG` are rejected, each with a message that holds the phrase
beside it and that no other of them gets.
"""

import numpy as np
import torch
from torch.nn import functional as F

# --- mutual_information_gap: right ----------------------------------------------------------------


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


# --- mutual_information_gap: wrong ----------------------------------------------------------------


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


# --- latent_traversal: right ----------------------------------------------------------------------


def walk_expand(decode, z, dim, values):
    codes = z.expand(len(values), len(z)).clone()
    codes[:, dim] = values
    return decode(codes)


def walk_loop(decode, z, dim, values):
    pictures = []
    for value in values:
        code = z.clone()
        code[dim] = value
        pictures.append(decode(code[None]))
    return torch.cat(pictures)


def walk_squeezed(decode, z, dim, values):
    pictures = []
    for value in values.tolist():
        code = z.tolist()
        code[dim] = value
        pictures.append(decode(torch.tensor([code]))[0])
    return torch.stack(pictures)


def walk_one_hot(decode, z, dim, values):
    axis = F.one_hot(torch.tensor(dim), len(z)).to(z)
    return decode(z + torch.outer(values - z[dim], axis))


def walk_where(decode, z, dim, values):
    return decode(torch.where(torch.arange(len(z)) == dim, values[:, None], z))


def walk_cat(decode, z, dim, values):
    rows = z.repeat(len(values), 1)
    return decode(torch.cat([rows[:, :dim], values[:, None], rows[:, dim + 1 :]], dim=1))


def walk_without_gradients(decode, z, dim, values):
    with torch.no_grad():
        codes = torch.stack([z] * len(values))
        codes[:, dim] = values
        return decode(codes)


# --- latent_traversal: wrong ----------------------------------------------------------------------


def _codes(z, dim, values):
    codes = z.repeat(len(values), 1)
    codes[:, dim] = values
    return codes


def walk_added(decode, z, dim, values):
    codes = z.repeat(len(values), 1)
    codes[:, dim] += values
    return decode(codes)


def walk_multiplied(decode, z, dim, values):
    codes = z.repeat(len(values), 1)
    codes[:, dim] *= values
    return decode(codes)


def walk_from_zeros(decode, z, dim, values):
    codes = torch.zeros(len(values), len(z))
    codes[:, dim] = values
    return decode(codes)


def walk_everything(decode, z, dim, values):
    return decode(values[:, None].repeat(1, len(z)))


def walk_everything_added(decode, z, dim, values):
    return decode(z[None] + values[:, None])


def walk_counted_from_one(decode, z, dim, values):
    codes = z.repeat(len(values), 1)
    codes[:, dim - 1] = values
    return decode(codes)


def walk_next(decode, z, dim, values):
    codes = z.repeat(len(values), 1)
    codes[:, (dim + 1) % len(z)] = values
    return decode(codes)


def walk_first_entry(decode, z, dim, values):
    codes = z.repeat(len(values), 1)
    codes[:, 0] = values
    return decode(codes)


def walk_last_entry(decode, z, dim, values):
    codes = z.repeat(len(values), 1)
    codes[..., -1] = values
    return decode(codes)


def walk_from_the_end(decode, z, dim, values):
    codes = z.repeat(len(values), 1)
    codes[:, -dim - 1] = values
    return decode(codes)


def walk_nowhere(decode, z, dim, values):
    return torch.cat([decode(z[None]) for _ in values])


def walk_same_tensor(decode, z, dim, values):
    code, codes = z.clone(), []
    for value in values:
        code[dim] = value
        codes.append(code)
    return decode(torch.stack(codes))


def walk_first_value(decode, z, dim, values):
    codes = z.repeat(len(values), 1)
    codes[:, dim] = values[0]
    return decode(codes)


def walk_rising(decode, z, dim, values):
    return decode(_codes(z, dim, values.sort().values))


def walk_backwards(decode, z, dim, values):
    return decode(_codes(z, dim, values)).flip(0)


def walk_own_values(decode, z, dim, values):
    return decode(_codes(z, dim, torch.linspace(-3, 3, len(values))))


def walk_all_numbers(decode, z, dim, values):
    return torch.cat([decode(_codes(z, j, values)) for j in range(len(z))])


def walk_with_the_start(decode, z, dim, values):
    return torch.cat([decode(z[None]), decode(_codes(z, dim, values))])


def walk_without_the_first(decode, z, dim, values):
    return decode(_codes(z, dim, values))[1:]


def walk_without_the_last(decode, z, dim, values):
    return decode(_codes(z, dim, values))[:-1]


def walk_last_picture(decode, z, dim, values):
    for value in values:
        code = z.clone()
        code[dim] = value
        picture = decode(code[None])
    return picture


def walk_returns_at_once(decode, z, dim, values):
    for value in values:
        code = z.clone()
        code[dim] = value
        return decode(code[None])


def walk_not_decoded(decode, z, dim, values):
    return _codes(z, dim, values)


def walk_sigmoid(decode, z, dim, values):
    return torch.sigmoid(decode(_codes(z, dim, values)))


def walk_difference(decode, z, dim, values):
    return decode(_codes(z, dim, values)) - decode(z[None])


def walk_flat(decode, z, dim, values):
    return decode(_codes(z, dim, values)).flatten(1)


def walk_stacked(decode, z, dim, values):
    return torch.stack([decode(code.unsqueeze(0)) for code in _codes(z, dim, values)])


def walk_single_codes(decode, z, dim, values):
    pictures = []
    for value in values:
        code = z.clone()
        code[dim] = value
        pictures.append(decode(code))
    return torch.stack(pictures)


def walk_row(decode, z, dim, values):
    codes = z.repeat(len(values), 1)
    codes[dim] = values
    return decode(codes)


def walk_view(decode, z, dim, values):
    codes = z.expand(len(values), -1)
    codes[:, dim] = values
    return decode(codes)


def walk_transposed(decode, z, dim, values):
    codes = z[:, None].repeat(1, len(values))
    codes[dim] = values
    return decode(codes)


def walk_in_place(decode, z, dim, values):
    pictures = []
    for value in values:
        z[dim] = value
        pictures.append(decode(z[None]))
    return torch.cat(pictures)


def walk_numpy(decode, z, dim, values):
    return decode(_codes(z, dim, values)).numpy()


def walk_list(decode, z, dim, values):
    return [decode(code[None])[0] for code in _codes(z, dim, values)]


def walk_in_unit_length(decode, z, dim, values):
    """No known mistake: the generic message has to do."""
    return decode(F.normalize(_codes(z, dim, values), dim=1))


RIGHT = {
    "mutual_information_gap": [
        gap_sorted,
        gap_loop,
        gap_of_shares,
        gap_numpy,
        gap_transposed,
        gap_masked,
    ],
    "latent_traversal": [
        walk_expand,
        walk_loop,
        walk_squeezed,
        walk_one_hot,
        walk_where,
        walk_cat,
        walk_without_gradients,
    ],
}

WRONG = {
    "mutual_information_gap": {
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
    },
    "latent_traversal": {
        walk_added: "added the values to what z has there",
        walk_multiplied: "multiplied what z has there",
        walk_from_zeros: "The other entries have become 0",
        walk_everything: "Every entry of the code was set",
        walk_everything_added: "added the values to every entry",
        walk_counted_from_one: "The entry before the one",
        walk_next: "The entry after the one",
        walk_first_entry: "always move the first entry",
        walk_last_entry: "always move the last entry",
        walk_from_the_end: "counted `dim` from the end",
        walk_nowhere: "the values have no effect",
        walk_same_tensor: "decoded from the last value",
        walk_first_value: "decoded from the first value",
        walk_rising: "the order of rising values",
        walk_backwards: "in the opposite order",
        walk_own_values: "evenly from -3 to 3",
        walk_all_numbers: "every number of the code, one after the other",
        walk_with_the_start: "one row too many",
        walk_without_the_first: "The first value is missing",
        walk_without_the_last: "The last value is missing",
        walk_last_picture: "one picture, of the last value",
        walk_returns_at_once: "one picture, of the first value",
        walk_not_decoded: "These are the codes",
        walk_sigmoid: "applied a sigmoid",
        walk_difference: "not how they differ from that of z",
        walk_flat: "laid each picture flat",
        walk_stacked: "an axis of length 1 too many",
        walk_single_codes: "handed over single codes",
        walk_row: "writes into a row",
        walk_view: "`expand` makes no copies",
        walk_transposed: "lies on its side",
        walk_in_place: "changed its argument `z` in place",
        walk_numpy: "a NumPy array",
        walk_list: "a list of",
        walk_in_unit_length: "Print the codes before",
    },
}
