"""Answers to `conformal_threshold`, lesson 13, as learners write them."""

import math

import numpy as np
import torch
from scipy import stats

# --- right ----------------------------------------------------------------------------------------


def conformal_sorted(scores, false_positive_rate):
    n = len(scores)
    k = math.ceil((n + 1) * (1 - false_positive_rate))
    return scores.sort().values[k - 1].item() if k <= n else math.inf


def conformal_counted_from_above(scores, false_positive_rate):
    places = math.floor((len(scores) + 1) * false_positive_rate)
    return float("inf") if places == 0 else scores.topk(places).values[-1].item()


def conformal_with_infinity(scores, false_positive_rate):
    """Infinity as the (n + 1)-th score; then it is an ordinary place in a list."""
    ordered = sorted([*scores.tolist(), math.inf])
    return ordered[math.ceil(len(ordered) * (1 - false_positive_rate)) - 1]


def conformal_search(scores, false_positive_rate):
    n = len(scores)
    for candidate in sorted(scores.tolist()):
        if (int((scores > candidate).sum()) + 1) / (n + 1) <= false_positive_rate:
            return candidate
    return math.inf


def conformal_numpy(scores, false_positive_rate):
    n = len(scores)
    level = math.ceil((n + 1) * (1 - false_positive_rate)) / n
    return np.inf if level > 1 else np.quantile(scores.numpy(), level, method="inverted_cdf")


def conformal_p_values(scores, false_positive_rate):
    above = (scores[:, None] < scores).sum(1)
    enough = scores[(above + 1) / (len(scores) + 1) <= false_positive_rate]
    return enough.min().item() if len(enough) else math.inf


# --- wrong ----------------------------------------------------------------------------------------


def among_n(scores, false_positive_rate):
    return scores.sort(descending=True).values[int(false_positive_rate * len(scores))].item()


def never_infinite(scores, false_positive_rate):
    k = math.ceil((len(scores) + 1) * (1 - false_positive_rate))
    return scores.sort().values[min(k, len(scores)) - 1].item()


def rounded_down(scores, false_positive_rate):
    n = len(scores)
    k = int((n + 1) * (1 - false_positive_rate))
    return scores.sort().values[max(k, 1) - 1].item() if k <= n else math.inf


def rounded_to_nearest(scores, false_positive_rate):
    n = len(scores)
    k = max(1, round((n + 1) * (1 - false_positive_rate)))
    return scores.sort().values[k - 1].item() if k <= n else math.inf


def index_is_rank(scores, false_positive_rate):
    n = len(scores)
    k = math.ceil((n + 1) * (1 - false_positive_rate))
    return scores.sort().values[k].item() if k < n else math.inf


def one_too_many_above(scores, false_positive_rate):
    places = math.floor((len(scores) + 1) * false_positive_rate)
    return scores.sort(descending=True).values[min(places, len(scores) - 1)].item()


def wraps_round(scores, false_positive_rate):
    places = math.floor((len(scores) + 1) * false_positive_rate)
    return scores.sort(descending=True).values[places - 1].item()


def torch_quantile(scores, false_positive_rate):
    return torch.quantile(scores, 1 - false_positive_rate).item()


def popular_quantile(scores, false_positive_rate):
    """As it stands in many notebooks."""
    n = len(scores)
    level = np.ceil((n + 1) * (1 - false_positive_rate)) / n
    return np.inf if level > 1 else float(np.quantile(scores.numpy(), level, method="higher"))


def two_sigma(scores, false_positive_rate):
    return (scores.mean() + 2 * scores.std(correction=0)).item()


def of_a_bell(scores, false_positive_rate):
    return float(scores.mean() + stats.norm.ppf(1 - false_positive_rate) * scores.std())


def wrong_end(scores, false_positive_rate):
    k = max(1, int(false_positive_rate * (len(scores) + 1)))
    return scores.sort().values[k - 1].item()


def unsorted(scores, false_positive_rate):
    k = math.ceil((len(scores) + 1) * (1 - false_positive_rate))
    return scores[k - 1].item() if k <= len(scores) else math.inf


def the_rank(scores, false_positive_rate):
    return float(math.ceil((len(scores) + 1) * (1 - false_positive_rate)))


def counted_once(scores, false_positive_rate):
    return conformal_sorted(scores.unique(), false_positive_rate)


def largest(scores, false_positive_rate):
    return scores.max().item()


def fixed_rate(scores, false_positive_rate):
    return conformal_sorted(scores, 0.05)


def as_tensor(scores, false_positive_rate):
    return torch.tensor(conformal_sorted(scores, false_positive_rate))


def sorts_in_place(scores, false_positive_rate):
    scores[:] = scores.sort().values
    return conformal_sorted(scores, false_positive_rate)


def a_hair_above(scores, false_positive_rate):
    return conformal_sorted(scores, false_positive_rate) * (1 + 1e-6)


def in_whole_numbers(scores, false_positive_rate):
    """No known mistake: the generic message has to do."""
    return float(math.ceil(conformal_sorted(scores + 1, 0.5)))


RIGHT = [
    conformal_sorted,
    conformal_counted_from_above,
    conformal_with_infinity,
    conformal_search,
    conformal_numpy,
    conformal_p_values,
]

WRONG = {
    among_n: "as `pick_threshold` does",
    never_infinite: "you return it all the same",
    rounded_down: "The rank is rounded down",
    rounded_to_nearest: "to the nearest whole number",
    index_is_rank: "the first of the sorted scores has the index 0",
    one_too_many_above: "it may be the highest of all",
    wraps_round: "your index becomes -1",
    torch_quantile: "invents a number between two scores",
    popular_quantile: "rounds up once more",
    two_sigma: "so many standard deviations",
    of_a_bell: "quantile of a normal distribution",
    wrong_end: "counted from the smallest",
    unsorted: "the scores are not sorted",
    the_rank: "Return the score that has it",
    counted_once: "Equal scores are counted once",
    largest: "The largest score, whatever the rate",
    fixed_rate: "there is a fixed one in your code",
    as_tensor: "a tensor of shape ()",
    sorts_in_place: "changed its argument `scores`",
    a_hair_above: "none of the scores",
    in_whole_numbers: "equally likely to take any of the n + 1 places",
}
