"""Answers to the exercises of lesson 09, as learners write them.

`RIGHT` are accepted for every seed. `WRONG` are rejected, each with a message that holds the phrase
beside it and that no other of them gets.
"""

import math
from fractions import Fraction

import numpy as np
import torch
from torch.nn import functional as F

# --- kl_warmup: right -----------------------------------------------------------------------------


def warmup_min(step, warmup_steps):
    return min(1.0, step / warmup_steps) if warmup_steps else 1.0


def warmup_branches(step, warmup_steps):
    if warmup_steps == 0 or step >= warmup_steps:
        return 1
    return step / warmup_steps


def warmup_clip(step, warmup_steps):
    if warmup_steps <= 0:
        return 1.0
    return np.clip(step / warmup_steps, 0, 1)


def warmup_interp(step, warmup_steps):
    if warmup_steps == 0:
        return 1.0
    return float(np.interp(step, [0, warmup_steps], [0.0, 1.0]))


def warmup_linspace(step, warmup_steps):
    weights = torch.linspace(0, 1, warmup_steps + 1) if warmup_steps else torch.ones(1)
    return weights[min(step, warmup_steps)].item()


def warmup_fraction(step, warmup_steps):
    return float(min(Fraction(1), Fraction(step, warmup_steps))) if warmup_steps else 1.0


def warmup_what_is_left(step, warmup_steps):
    return 1 - max(0, warmup_steps - step) / max(warmup_steps, 1)


def warmup_try(step, warmup_steps):
    try:
        return min(step / warmup_steps, 1.0)
    except ZeroDivisionError:
        return 1.0


# --- kl_warmup: wrong -----------------------------------------------------------------------------


def warmup_not_clipped(step, warmup_steps):
    if warmup_steps == 0:
        return 1.0
    return step / warmup_steps


def warmup_bare(step, warmup_steps):
    return step / warmup_steps


def warmup_whole_division(step, warmup_steps):
    return min(1.0, step // warmup_steps) if warmup_steps else 1.0


def warmup_inverted(step, warmup_steps):
    return max(0.0, 1 - step / warmup_steps) if warmup_steps else 1.0


def warmup_one_ahead(step, warmup_steps):
    return min(1.0, (step + 1) / warmup_steps) if warmup_steps else 1.0


def warmup_one_behind(step, warmup_steps):
    return min(1.0, max(step - 1, 0) / warmup_steps) if warmup_steps else 1.0


def warmup_too_early(step, warmup_steps):
    return min(1.0, step / (warmup_steps - 1)) if warmup_steps > 1 else float(step >= warmup_steps)


def warmup_too_late(step, warmup_steps):
    return min(1.0, step / (warmup_steps + 1)) if warmup_steps else 1.0


def warmup_max(step, warmup_steps):
    return max(1.0, step / warmup_steps) if warmup_steps else 1.0


def warmup_upside_down(step, warmup_steps):
    return min(1.0, warmup_steps / step) if step and warmup_steps else 1.0


def warmup_cyclical(step, warmup_steps):
    return step % warmup_steps / warmup_steps if warmup_steps else 1.0


def warmup_ends_in_nothing(step, warmup_steps):
    return step / warmup_steps if step < warmup_steps else 0.0


def warmup_then_nothing(step, warmup_steps):
    if warmup_steps == 0:
        return 1.0
    return step / warmup_steps if step < warmup_steps else 0.0


def warmup_percent(step, warmup_steps):
    return min(100.0, 100 * step / warmup_steps) if warmup_steps else 1.0


def warmup_cosine(step, warmup_steps):
    if step >= warmup_steps:
        return 1.0
    return 0.5 - 0.5 * math.cos(math.pi * step / warmup_steps)


def warmup_sigmoid(step, warmup_steps):
    done = min(1.0, step / warmup_steps) if warmup_steps else 1.0
    return 1 / (1 + math.exp(6 - 12 * done))


def warmup_square(step, warmup_steps):
    return min(1.0, step / warmup_steps) ** 2 if warmup_steps else 1.0


def warmup_nothing_is_zero(step, warmup_steps):
    if warmup_steps == 0:
        return 0.0
    return min(1.0, step / warmup_steps)


def warmup_tiny_divisor(step, warmup_steps):
    return min(1.0, step / (warmup_steps + 1e-8))


def warmup_divides_by_zero(step, warmup_steps):
    return min(1.0, step / warmup_steps)


def warmup_tensor(step, warmup_steps):
    return torch.tensor(step / max(warmup_steps, 1)).clamp(0, 1)


def warmup_text(step, warmup_steps):
    return f"{min(1.0, step / max(warmup_steps, 1)):.2f}"


def warmup_prints(step, warmup_steps):
    print(min(1.0, step / max(warmup_steps, 1)))


def warmup_rounded(step, warmup_steps):
    """No known mistake: the generic message has to do."""
    return round(min(1.0, step / max(warmup_steps, 1)) * 7) / 7


# --- free_bits: right -----------------------------------------------------------------------------


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


# --- free_bits: wrong -----------------------------------------------------------------------------


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


# --- active_units: right --------------------------------------------------------------------------


def units_var(mu, threshold=0.01):
    return (mu.var(dim=0) > threshold).sum().item()


def units_population_variance(mu, threshold=0.01):
    return int(torch.count_nonzero(mu.var(0, unbiased=False) > threshold))


def units_covariance(mu, threshold=0.01):
    return int((torch.cov(mu.T).diagonal() > threshold).sum())


def units_numpy(mu, threshold=0.01):
    return np.sum(mu.numpy().var(axis=0) > threshold)


def units_loop(mu, threshold=0.01):
    count = 0
    for unit in mu.T:
        if ((unit - unit.mean()) ** 2).mean() > threshold:
            count += 1
    return count


def units_moments(mu, threshold=0.01):
    mu = mu.double()
    variance = mu.square().mean(0) - mu.mean(0).square()
    return len(variance[variance > threshold])


# --- active_units: wrong --------------------------------------------------------------------------


def units_std(mu, threshold=0.01):
    return int((mu.std(dim=0) > threshold).sum())


def units_wrong_axis(mu, threshold=0.01):
    return int((mu.var(dim=1) > threshold).sum())


def units_exp(mu, threshold=0.01):
    return int((mu.exp().var(dim=0) > threshold).sum())


def units_mean_square(mu, threshold=0.01):
    return int(((mu**2).mean(dim=0) > threshold).sum())


def units_about_one_mean(mu, threshold=0.01):
    return int((((mu - mu.mean()) ** 2).mean(dim=0) > threshold).sum())


def units_any_large(mu, threshold=0.01):
    return int((mu.abs() > threshold).any(dim=0).sum())


def units_mean_size(mu, threshold=0.01):
    return int((mu.abs().mean(dim=0) > threshold).sum())


def units_size_of_mean(mu, threshold=0.01):
    return int((mu.mean(dim=0).abs() > threshold).sum())


def units_mean(mu, threshold=0.01):
    return int((mu.mean(dim=0) > threshold).sum())


def units_range(mu, threshold=0.01):
    return int((mu.amax(0) - mu.amin(0) > threshold).sum())


def units_mean_distance(mu, threshold=0.01):
    return int(((mu - mu.mean(0)).abs().mean(0) > threshold).sum())


def units_sum_of_squares(mu, threshold=0.01):
    return int((((mu - mu.mean(0)) ** 2).sum(0) > threshold).sum())


def units_variance_squared(mu, threshold=0.01):
    return int((mu.var(dim=0) ** 2 > threshold).sum())


def units_inactive(mu, threshold=0.01):
    return int((mu.var(dim=0) < threshold).sum())


def units_all(mu, threshold=0.01):
    return len(mu.var(dim=0) > threshold)


def units_examples(mu, threshold=0.01):
    return len(mu)


def units_one_variance(mu, threshold=0.01):
    return int(mu.var() > threshold)


def units_entries(mu, threshold=0.01):
    return int((mu > threshold).sum())


def units_large_entries(mu, threshold=0.01):
    return int((mu.abs() > threshold).sum())


def units_fixed_threshold(mu, threshold=0.01):
    return int((mu.var(dim=0) > 0.01).sum())


def units_other_default(mu, threshold=0.1):
    return int((mu.var(dim=0) > threshold).sum())


def units_no_default(mu, threshold):
    return int((mu.var(dim=0) > threshold).sum())


def units_share(mu, threshold=0.01):
    return (mu.var(dim=0) > threshold).float().mean().item()


def units_tensor(mu, threshold=0.01):
    return (mu.var(dim=0) > threshold).sum()


def units_which(mu, threshold=0.01):
    return [j for j in range(mu.shape[1]) if mu[:, j].var() > threshold]


def units_centres_in_place(mu, threshold=0.01):
    mu -= mu.mean(0)
    return int(((mu**2).mean(0) > threshold).sum())


def units_counted_from_one(mu, threshold=0.01):
    """No known mistake: the generic message has to do."""
    return int((mu.var(dim=0) > threshold).sum()) + 1


RIGHT = {
    "kl_warmup": [
        warmup_min,
        warmup_branches,
        warmup_clip,
        warmup_interp,
        warmup_linspace,
        warmup_fraction,
        warmup_what_is_left,
        warmup_try,
    ],
    "free_bits": [
        bits_clamp,
        bits_maximum,
        bits_where,
        bits_relu,
        bits_loop,
        bits_by_parts,
        bits_by_absolute_value,
        bits_double,
    ],
    "active_units": [
        units_var,
        units_population_variance,
        units_covariance,
        units_numpy,
        units_loop,
        units_moments,
    ],
}

WRONG = {
    "kl_warmup": {
        warmup_not_clipped: "goes on growing after the warm-up. It",
        warmup_bare: "goes on growing after the warm-up, beyond 1; and",
        warmup_whole_division: "divide with `//`",
        warmup_inverted: "falls from 1 to 0",
        warmup_one_ahead: "one step ahead",
        warmup_one_behind: "one step behind",
        warmup_too_early: "one step too early",
        warmup_too_late: "one step too late",
        warmup_max: "`max` where `min`",
        warmup_upside_down: "upside down",
        warmup_cyclical: "cyclical schedule",
        warmup_ends_in_nothing: "with no warm-up too",
        warmup_then_nothing: "and the KL no longer counts",
        warmup_percent: "a percentage",
        warmup_cosine: "half a cosine",
        warmup_sigmoid: "along a sigmoid",
        warmup_square: "the square of the share",
        warmup_nothing_is_zero: "you return 0, so the KL",
        warmup_tiny_divisor: "0 divided by anything is 0",
        warmup_divides_by_zero: "divides by zero",
        warmup_tensor: "a tensor of shape ()",
        warmup_text: "a str",
        warmup_prints: "`None`",
        warmup_rounded: "Try a warm-up of 4 steps by hand",
    },
    "free_bits": {
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
    },
    "active_units": {
        units_std: "standard deviations with the threshold",
        units_wrong_axis: "over the wrong axis",
        units_exp: "exponentiated the means",
        units_mean_square: "This is the mean square",
        units_about_one_mean: "one mean of all entries",
        units_any_large: "with an entry that is large",
        units_mean_size: "averaged the sizes",
        units_size_of_mean: "how far the average mean is from 0",
        units_mean: "compared the average mean",
        units_range: "compared the range",
        units_mean_distance: "averaged the distances from the mean",
        units_sum_of_squares: "sum of the squared deviations",
        units_variance_squared: "squared the variance",
        units_inactive: "counted the inactive",
        units_all: "counted all dimensions",
        units_examples: "the number of examples",
        units_one_variance: "one number of all dimensions",
        units_entries: "entries of mu above the threshold",
        units_large_entries: "entries of mu that are large",
        units_fixed_threshold: "is ignored",
        units_other_default: "the default was changed",
        units_no_default: "missing 1 required positional argument",
        units_share: "expected a whole number",
        units_tensor: "a tensor of shape ()",
        units_which: "a list of",
        units_centres_in_place: "changed its argument `mu` in place",
        units_counted_from_one: "Print `mu.var(dim=0)`",
    },
}
