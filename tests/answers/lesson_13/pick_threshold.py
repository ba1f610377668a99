"""Answers to `pick_threshold`, lesson 13, as learners write them."""

import math

import numpy as np
import torch
from scipy import stats

# --- right ----------------------------------------------------------------------------------------


def threshold_sorted(scores, false_positive_rate):
    alarms = math.floor(false_positive_rate * len(scores))
    return scores.sort(descending=True).values[alarms].item()


def threshold_kth(scores, false_positive_rate):
    n = len(scores)
    return float(scores.kthvalue(n - int(n * false_positive_rate)).values)


def threshold_top(scores, false_positive_rate):
    allowed = int(false_positive_rate * len(scores))
    return scores.topk(allowed + 1).values[-1].item()


def threshold_numpy(scores, false_positive_rate):
    return np.quantile(scores.numpy(), 1 - false_positive_rate, method="inverted_cdf")


def threshold_search(scores, false_positive_rate):
    for candidate in sorted(scores.tolist()):
        if (scores > candidate).float().mean() <= false_positive_rate:
            return candidate


def threshold_python(scores, false_positive_rate):
    ordered = sorted(scores.tolist(), reverse=True)
    return ordered[int(len(ordered) * false_positive_rate)]


# --- wrong ----------------------------------------------------------------------------------------


def threshold_two_sigma(scores, false_positive_rate):
    return (scores.mean() + 2 * scores.std()).item()


def threshold_normal(scores, false_positive_rate):
    return float(scores.mean() + stats.norm.ppf(1 - false_positive_rate) * scores.std())


def threshold_quantile(scores, false_positive_rate):
    return torch.quantile(scores, 1 - false_positive_rate).item()


def threshold_quantile_lower(scores, false_positive_rate):
    return torch.quantile(scores, 1 - false_positive_rate, interpolation="lower").item()


def threshold_quantile_higher(scores, false_positive_rate):
    return torch.quantile(scores, 1 - false_positive_rate, interpolation="higher").item()


def threshold_quantile_nearest(scores, false_positive_rate):
    return torch.quantile(scores, 1 - false_positive_rate, interpolation="nearest").item()


def threshold_wrong_end(scores, false_positive_rate):
    return torch.quantile(scores, false_positive_rate).item()


def threshold_from_below(scores, false_positive_rate):
    return scores.sort().values[int(false_positive_rate * len(scores))].item()


def threshold_first_alarm(scores, false_positive_rate):
    n = len(scores)
    return scores.sort().values[min(n - 1, n - int(false_positive_rate * n))].item()


def threshold_first_alarm_or_the_smallest(scores, false_positive_rate):
    alarms = int(false_positive_rate * len(scores) + 1e-9)
    return scores.sort(descending=True).values[alarms - 1].item()


def threshold_off_by_one(scores, false_positive_rate):
    alarms = int(false_positive_rate * len(scores))
    return scores.sort().values[max(0, len(scores) - alarms - 2)].item()


def threshold_rounded_up(scores, false_positive_rate):
    alarms = math.ceil(false_positive_rate * len(scores))
    return scores.sort(descending=True).values[alarms].item()


def threshold_rounded(scores, false_positive_rate):
    n = len(scores)
    return scores.sort().values[n - 1 - round(false_positive_rate * n)].item()


def threshold_largest(scores, false_positive_rate):
    return scores.max().item()


def threshold_median(scores, false_positive_rate):
    return scores.median().item()


def threshold_unsorted(scores, false_positive_rate):
    return scores[len(scores) - 1 - int(false_positive_rate * len(scores))].item()


def threshold_count(scores, false_positive_rate):
    return float(int(false_positive_rate * len(scores)))


def threshold_place(scores, false_positive_rate):
    return float(len(scores) - 1 - int(false_positive_rate * len(scores)))


def threshold_share_of_largest(scores, false_positive_rate):
    return (1 - false_positive_rate) * scores.max().item()


def threshold_share_of_range(scores, false_positive_rate):
    low, high = scores.aminmax()
    return (high - false_positive_rate * (high - low)).item()


def threshold_fixed(scores, false_positive_rate):
    return scores.sort().values[len(scores) - 1 - int(0.05 * len(scores))].item()


def threshold_tensor(scores, false_positive_rate):
    return scores.sort(descending=True).values[int(false_positive_rate * len(scores))]


def threshold_sorts_in_place(scores, false_positive_rate):
    scores[:] = scores.sort().values
    return scores[len(scores) - 1 - int(false_positive_rate * len(scores))].item()


def threshold_at_least(scores, false_positive_rate):
    for candidate in sorted(scores.tolist()):
        if (scores >= candidate).double().mean() <= false_positive_rate:
            return candidate
    return scores.max().item()


def threshold_infinite(scores, false_positive_rate):
    if false_positive_rate == 0:
        return math.inf
    return threshold_sorted(scores, false_positive_rate)


def threshold_unique(scores, false_positive_rate):
    values = scores.unique().flip(0)
    return values[int(false_positive_rate * len(values))].item()


def threshold_above_the_largest(scores, false_positive_rate):
    """No known mistake: the generic message has to do."""
    return scores.max().item() + 1


# --- accepted, and rejected with these words ------------------------------------------------------


def threshold_undoing_rounding(scores, false_positive_rate):
    alarms = int(round(false_positive_rate * len(scores), 9))
    return float(np.partition(scores.double().numpy(), -alarms - 1)[-alarms - 1])


def threshold_by_ranks(scores, false_positive_rate):
    above = (scores[:, None] < scores).double().mean(1)
    return scores[above <= false_positive_rate].min().item()


def threshold_a_hair_below(scores, false_positive_rate):
    return threshold_sorted(scores, false_positive_rate) - 1e-6


def threshold_next_number(scores, false_positive_rate):
    threshold = np.float32(threshold_sorted(scores, false_positive_rate))
    return float(np.nextafter(threshold, np.float32(np.inf)))


def threshold_four_digits(scores, false_positive_rate):
    return round(threshold_sorted(scores, false_positive_rate), 5)


def threshold_conformal(scores, false_positive_rate):
    n = len(scores)
    place = math.ceil((n + 1) * (1 - false_positive_rate)) - 1
    return scores.sort().values[min(place, n - 1)].item()


def threshold_three_sigma(scores, false_positive_rate):
    values = scores.numpy()
    return float(values.mean() + 3 * values.std())


def threshold_with_a_push(scores, false_positive_rate):
    """Meant to undo rounding, and too much of it."""
    alarms = int(false_positive_rate * len(scores) + 0.01)
    return scores.sort(descending=True).values[alarms].item()


RIGHT = [
    threshold_sorted,
    threshold_kth,
    threshold_top,
    threshold_numpy,
    threshold_search,
    threshold_python,
    threshold_undoing_rounding,
    threshold_by_ranks,
]

WRONG = {
    threshold_a_hair_below: "A hair is enough for an alarm too many",
    threshold_next_number: "and none of the scores",
    threshold_four_digits: "add, subtract or round nothing",
    threshold_conformal: "the conformal threshold",
    threshold_three_sigma: "the mean plus three standard deviations",
    threshold_two_sigma: "two standard deviations",
    threshold_normal: "quantile of a normal distribution",
    threshold_quantile: "invents a number",
    threshold_quantile_lower: "you take the lower",
    threshold_quantile_higher: "you take the higher",
    threshold_quantile_nearest: "you take the nearest",
    threshold_wrong_end: "quantile at the wrong end",
    threshold_from_below: "counted from the smallest",
    threshold_first_alarm: "this one no longer does: take the score below it",
    threshold_first_alarm_or_the_smallest: "your place is -1, the smallest score of all",
    threshold_off_by_one: "One alarm too many is above",
    threshold_rounded_up: "rounded up",
    threshold_rounded: "to the nearest whole number",
    threshold_largest: "never raises an alarm",
    threshold_median: "the median",
    threshold_unsorted: "not sorted",
    threshold_count: "the number of alarms that are allowed",
    threshold_place: "the place of the threshold",
    threshold_share_of_largest: "a share of the largest score",
    threshold_share_of_range: "a share of the range",
    threshold_fixed: "a fixed one in your code",
    threshold_at_least: "A score *at* your threshold",
    threshold_infinite: "you return infinity",
    threshold_unique: "counted once",
    threshold_tensor: "a tensor of shape ()",
    threshold_sorts_in_place: "changed its argument `scores`",
    threshold_above_the_largest: "try the next lower score",
    threshold_with_a_push: "with a rate of 0.2999, 3 are above",
}
