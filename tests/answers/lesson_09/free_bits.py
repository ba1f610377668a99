"""Answers to `free_bits`, lesson 09, as learners write them."""

import torch
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


def bits_clamp(kl_per_dim, floor):
    return torch.clamp(kl_per_dim.mean(0), min=floor).sum()


def bits_maximum(kl_per_dim, floor):
    mean = kl_per_dim.mean(dim=0)
    return torch.maximum(mean, torch.full_like(mean, floor)).sum()


def bits_where(kl_per_dim, floor):
    mean = kl_per_dim.mean(dim=0)
    return torch.where(mean > floor, mean, floor).sum()


def bits_relu(kl_per_dim, floor):
    mean = torch.einsum("bj->j", kl_per_dim) / len(kl_per_dim)
    return (F.relu(mean - floor) + floor).sum()


def bits_loop(kl_per_dim, floor):
    total = torch.zeros(())
    for column in kl_per_dim.T:
        cost = column.mean()
        total = total + (cost if cost > floor else floor)
    return total


def bits_by_parts(kl_per_dim, floor):
    mean = kl_per_dim.mean(0)
    paying = mean[mean > floor]
    return paying.sum() + floor * (len(mean) - len(paying))


def bits_by_absolute_value(kl_per_dim, floor):
    mean = kl_per_dim.mean(0)
    return (mean + floor + (mean - floor).abs()).sum() / 2


def bits_double(kl_per_dim, floor):
    return F.threshold(kl_per_dim.double().mean(0), floor, floor).sum()


# --- wrong ----------------------------------------------------------------------------------------


def bits_per_example(kl_per_dim, floor):
    return kl_per_dim.clamp(min=floor).sum(1).mean()


def bits_per_example_summed(kl_per_dim, floor):
    return torch.sum(kl_per_dim.clamp(min=floor))


def bits_per_example_averaged(kl_per_dim, floor):
    return kl_per_dim.clamp(min=floor).mean()


def bits_one_mean(kl_per_dim, floor):
    return torch.clamp(kl_per_dim.mean(), min=floor)


def bits_no_floor(kl_per_dim, floor):
    return kl_per_dim.sum(dim=1).mean()


def bits_total(kl_per_dim, floor):
    return torch.clamp(kl_per_dim.sum(1).mean(), min=floor)


def bits_total_of_floors(kl_per_dim, floor):
    return torch.clamp(kl_per_dim.sum(1).mean(), min=floor * kl_per_dim.shape[1])


def bits_total_per_example(kl_per_dim, floor):
    return kl_per_dim.sum(1).clamp(min=floor).mean()


def bits_above_the_floor(kl_per_dim, floor):
    return F.relu(kl_per_dim.mean(0) - floor).sum()


def bits_subtracted(kl_per_dim, floor):
    return (kl_per_dim.mean(0) - floor).sum()


def bits_distance(kl_per_dim, floor):
    return torch.abs(kl_per_dim.mean(0) - floor).sum()


def bits_added(kl_per_dim, floor):
    return (kl_per_dim.mean(0) + floor).sum()


def bits_added_below(kl_per_dim, floor):
    mean = kl_per_dim.mean(0)
    return mean.sum() + floor * (mean < floor).sum()


def bits_given_back_once(kl_per_dim, floor):
    return F.relu(kl_per_dim.mean(0) - floor).sum() + floor


def bits_ceiling(kl_per_dim, floor):
    return kl_per_dim.mean(0).clamp(max=floor).sum()


def bits_masked(kl_per_dim, floor):
    mean = kl_per_dim.mean(0)
    return mean[mean > floor].sum()


def bits_mean_over_dimensions(kl_per_dim, floor):
    return kl_per_dim.mean(0).clamp(min=floor).mean()


def bits_not_summed(kl_per_dim, floor):
    return kl_per_dim.mean(0).clamp(min=floor)


def bits_floor_divided(kl_per_dim, floor):
    return kl_per_dim.mean(0).clamp(min=floor / kl_per_dim.shape[1]).sum()


def bits_sum_over_batch(kl_per_dim, floor):
    return kl_per_dim.sum(0).clamp(min=floor).sum()


def bits_wrong_axis(kl_per_dim, floor):
    return kl_per_dim.mean(1).clamp(min=floor).sum()


def bits_for_each_example(kl_per_dim, floor):
    return torch.maximum(kl_per_dim, torch.tensor(floor)).sum(dim=1)


def bits_gradient_below(kl_per_dim, floor):
    mean = kl_per_dim.mean(0)
    lifted = mean.clamp(min=floor)
    return (mean + (lifted - mean).detach()).sum()


def bits_detached(kl_per_dim, floor):
    return kl_per_dim.mean(0).detach().clamp(min=floor).sum()


def bits_python_max(kl_per_dim, floor):
    return sum(max(mean, floor) for mean in kl_per_dim.mean(0).tolist())


def bits_in_place(kl_per_dim, floor):
    kl_per_dim[:, kl_per_dim.mean(0) < floor] = floor
    return kl_per_dim.mean(0).sum()


def bits_median(kl_per_dim, floor):
    """No known mistake: the generic message has to do."""
    return kl_per_dim.median(0).values.clamp(min=floor).sum()


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [
    bits_clamp,
    bits_maximum,
    bits_where,
    bits_relu,
    bits_loop,
    bits_by_parts,
    bits_by_absolute_value,
    bits_double,
]

WRONG = {
    bits_per_example: "first the mean, then the floor",
    bits_per_example_summed: "and then all is summed",
    bits_per_example_averaged: "and then all is averaged",
    bits_one_mean: "You averaged over everything",
    bits_no_floor: "The floor has no effect",
    bits_total: "compare the total with the floor",
    bits_total_of_floors: "floor times the number of dimensions",
    bits_total_per_example: "the total of every example",
    bits_above_the_floor: "subtract the floor and keep",
    bits_subtracted: "subtract the floor from every dimension",
    bits_distance: "the distance from the floor",
    bits_added: "add the floor to every dimension",
    bits_added_below: "to each dimension below it",
    bits_given_back_once: "give it back once",
    bits_ceiling: "`max` where `min`",
    bits_masked: "a dimension below the floor as 0",
    bits_mean_over_dimensions: "The mean over dimensions",
    bits_not_summed: "The sum over them is missing",
    bits_floor_divided: "divide the floor among",
    bits_sum_over_batch: "summed each dimension over the batch",
    bits_wrong_axis: "The mean is over the wrong axis",
    bits_for_each_example: "one number for each example",
    bits_gradient_below: "still receive a gradient",
    bits_detached: "nothing could be trained",
    bits_python_max: "Leave out `.item()`",
    bits_in_place: "changed its argument `kl_per_dim` in place",
    bits_median: "Print the mean of each column",
}
