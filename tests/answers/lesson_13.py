"""Answers to the exercises of lesson 13, as learners write them.

`RIGHT` are accepted for every seed. `WRONG` are rejected, each with a message that holds the phrase
beside it and that no other of them gets.
"""

import math

import numpy as np
import torch
from scipy import stats
from sklearn import metrics
from torch.nn import functional as F

# --- anomaly_scores: right ------------------------------------------------------------------------


def scores_getattr(model, x):
    x_hat = getattr(model, "reconstruct", model)(x)
    return ((x_hat - x) ** 2).flatten(1).sum(1)


def scores_branches(model, x):
    with torch.no_grad():
        x_hat = model.reconstruct(x) if hasattr(model, "reconstruct") else model(x)
        return (x_hat - x).square().sum(dim=tuple(range(1, x.ndim)))


def scores_mse(model, x):
    try:
        x_hat = model.reconstruct(x)
    except AttributeError:
        x_hat = model(x)
    return F.mse_loss(x_hat, x, reduction="none").view(len(x), -1).sum(-1)


def scores_loop(model, x):
    draw = model.reconstruct if hasattr(model, "reconstruct") else model
    return torch.stack([((draw(row[None]) - row[None]) ** 2).sum() for row in x])


def scores_einsum(model, x):
    """Asks what came back, not what there is."""
    x_hat = model(x)
    if isinstance(x_hat, tuple):
        x_hat = model.reconstruct(x)
    error = (x - x_hat).reshape(len(x), -1)
    return torch.einsum("ni,ni->n", error, error)


# --- anomaly_scores: wrong ------------------------------------------------------------------------


def scores_reconstruct(model, x):
    return ((model.reconstruct(x) - x) ** 2).flatten(1).sum(1)


def scores_called(model, x):
    return (model(x) - x).square().sum(dim=tuple(range(1, x.ndim)))


def scores_logits(model, x):
    logits, _ = model(x)
    return (logits - x).square().flatten(1).sum(1)


def scores_nothing_of_others(model, x):
    if hasattr(model, "reconstruct"):
        return ((model.reconstruct(x) - x) ** 2).flatten(1).sum(1)


def scores_of_others_in_part(model, x):
    """Right for the course's models; for others only the first of what comes back."""
    x_hat = model.reconstruct(x) if hasattr(model, "reconstruct") else model(x)[0]
    return ((x_hat - x) ** 2).flatten(1).sum(1)


def scores_mean(model, x):
    return F.mse_loss(model.reconstruct(x), x, reduction="none").flatten(1).mean(1)


def scores_all_summed(model, x):
    return ((model.reconstruct(x) - x) ** 2).sum()


def scores_all_averaged(model, x):
    return F.mse_loss(model.reconstruct(x), x)


def scores_negative(model, x):
    return -((model.reconstruct(x) - x) ** 2).flatten(1).sum(1)


def scores_absolute(model, x):
    return (model.reconstruct(x) - x).abs().flatten(1).sum(1)


def scores_norm(model, x):
    return torch.linalg.norm((model.reconstruct(x) - x).flatten(1), dim=1)


def scores_rms(model, x):
    return ((model.reconstruct(x) - x) ** 2).flatten(1).mean(1).sqrt()


def scores_signed(model, x):
    return (model.reconstruct(x) - x).flatten(1).sum(1)


def scores_sum_then_square(model, x):
    return (model.reconstruct(x) - x).flatten(1).sum(1) ** 2


def scores_worst(model, x):
    return ((model.reconstruct(x) - x) ** 2).flatten(1).max(1).values


def scores_per_feature(model, x):
    return ((model.reconstruct(x) - x) ** 2).flatten(1).sum(0)


def scores_last_axis(model, x):
    return ((model.reconstruct(x) - x) ** 2).sum(-1)


def scores_half(model, x):
    return ((model.reconstruct(x) - x) ** 2).flatten(1).sum(1) / 2


def scores_relative(model, x):
    rows = x.flatten(1)
    return ((model.reconstruct(x).flatten(1) - rows) ** 2).sum(1) / (rows**2).sum(1)


def scores_scaled(model, x):
    error = ((model.reconstruct(x) - x) ** 2).flatten(1).sum(1)
    return error / error.max()


def scores_size(model, x):
    return (x**2).flatten(1).sum(1)


def scores_against_mean(model, x):
    return ((model.reconstruct(x) - x.mean(0)) ** 2).flatten(1).sum(1)


def scores_twice(model, x):
    x_hat = model.reconstruct(x)
    return ((model.reconstruct(x_hat) - x_hat) ** 2).flatten(1).sum(1)


def scores_code(model, x):
    return model.encode(x).pow(2).sum(1)


def scores_in_place(model, x):
    x -= model.reconstruct(x)
    return (x**2).flatten(1).sum(1)


def scores_list(model, x):
    return [((model.reconstruct(row[None]) - row) ** 2).sum().item() for row in x]


def scores_cubed(model, x):
    """No known mistake: the generic message has to do."""
    return (model.reconstruct(x) - x).abs().pow(3).flatten(1).sum(1)


# --- pick_threshold: right ------------------------------------------------------------------------


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


# --- pick_threshold: wrong ------------------------------------------------------------------------


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


# --- auroc: right ---------------------------------------------------------------------------------


def auroc_table(scores, labels):
    anomalous, normal = scores[labels == 1], scores[labels == 0]
    won = (anomalous[:, None] > normal).double()
    tied = (anomalous[:, None] == normal).double()
    return (won + tied / 2).mean().item()


def auroc_loop(scores, labels):
    total = pairs = 0
    for a in scores[labels == 1].tolist():
        for b in scores[labels == 0].tolist():
            total += 1 if a > b else 0.5 if a == b else 0
            pairs += 1
    return total / pairs


def auroc_ranks(scores, labels):
    ranks = stats.rankdata(scores.numpy())
    n_1, n_0 = int((labels == 1).sum()), int((labels == 0).sum())
    return (ranks[labels.numpy() == 1].sum() - n_1 * (n_1 + 1) / 2) / (n_1 * n_0)


def auroc_sign(scores, labels):
    difference = scores[labels.bool()].unsqueeze(1) - scores[~labels.bool()].unsqueeze(0)
    return 0.5 + 0.5 * difference.sign().double().mean().item()


def auroc_sklearn(scores, labels):
    return metrics.roc_auc_score(labels, scores)


def auroc_curve(scores, labels):
    thresholds = torch.cat([scores.unique().flip(0), torch.tensor([-math.inf])])
    found = [(scores[labels == 1] >= t).double().mean() for t in thresholds]
    alarms = [(scores[labels == 0] >= t).double().mean() for t in thresholds]
    zero = torch.zeros(1, dtype=torch.float64)
    return torch.trapezoid(
        torch.cat([zero, torch.stack(found)]), torch.cat([zero, torch.stack(alarms)])
    ).item()


# --- auroc: wrong ---------------------------------------------------------------------------------


def auroc_without_ties(scores, labels):
    return (scores[labels == 1][:, None] > scores[labels == 0]).double().mean().item()


def auroc_ties_in_full(scores, labels):
    return (scores[labels == 1][:, None] >= scores[labels == 0]).double().mean().item()


def auroc_inverted(scores, labels):
    return auroc_sign(scores, 1 - labels)


def auroc_lower(scores, labels):
    return (scores[labels == 1][:, None] < scores[labels == 0]).double().mean().item()


def auroc_gini(scores, labels):
    return 2 * auroc_sign(scores, labels) - 1


def auroc_count(scores, labels):
    pairs = int((labels == 1).sum() * (labels == 0).sum())
    return auroc_sign(scores, labels) * pairs


def auroc_per_cent(scores, labels):
    return 100 * auroc_sign(scores, labels)


def auroc_flattered(scores, labels):
    value = auroc_sign(scores, labels)
    return max(value, 1 - value)


def auroc_all_pairs(scores, labels):
    n = len(scores)
    return auroc_count(scores, labels) / (n * (n - 1) / 2)


def auroc_squared(scores, labels):
    return auroc_count(scores, labels) / len(scores) ** 2


def auroc_means(scores, labels):
    return (scores[labels == 1].mean() - scores[labels == 0].mean()).item()


def auroc_soft(scores, labels):
    difference = scores[labels == 1][:, None] - scores[labels == 0]
    return torch.sigmoid(difference).mean().item()


def auroc_average_precision(scores, labels):
    order = torch.argsort(scores, descending=True, stable=True)
    hits = labels[order].double()
    precision = hits.cumsum(0) / torch.arange(1, len(hits) + 1)
    return precision[hits == 1].mean().item()


def auroc_staircase(scores, labels):
    order = torch.argsort(scores, descending=True, stable=True)
    hits = labels[order].double()
    found = F.pad(hits.cumsum(0) / hits.sum(), (1, 0))
    alarms = F.pad((1 - hits).cumsum(0) / (1 - hits).sum(), (1, 0))
    return torch.trapezoid(found, alarms).item()


def auroc_negative_area(scores, labels):
    return -auroc_staircase(scores, labels)


def auroc_ranks_in_order(scores, labels):
    ranks = np.argsort(np.argsort(scores.numpy(), kind="stable"), kind="stable") + 1
    n_1, n_0 = int((labels == 1).sum()), int((labels == 0).sum())
    return float((ranks[labels.numpy() == 1].sum() - n_1 * (n_1 + 1) / 2) / (n_1 * n_0))


def auroc_ranks_from_zero(scores, labels):
    ranks = np.argsort(np.argsort(scores.numpy(), kind="stable"), kind="stable")
    n_1, n_0 = int((labels == 1).sum()), int((labels == 0).sum())
    return float((ranks[labels.numpy() == 1].sum() - n_1 * (n_1 + 1) / 2) / (n_1 * n_0))


def auroc_accuracy(scores, labels):
    return ((scores > 0.5).long() == labels).float().mean().item()


def auroc_accuracy_at_mean(scores, labels):
    return ((scores > scores.mean()).long() == labels).float().mean().item()


def auroc_best_accuracy(scores, labels):
    return max(((scores > t).long() == labels).float().mean().item() for t in scores)


def auroc_correlation(scores, labels):
    return float(np.corrcoef(scores.double().numpy(), labels.numpy())[0, 1])


def auroc_one_to_one(scores, labels):
    pairs = list(zip(scores[labels == 1].tolist(), scores[labels == 0].tolist(), strict=False))
    return sum((a > b) + (a == b) / 2 for a, b in pairs) / len(pairs)


def auroc_close(scores, labels):
    a, b = scores[labels == 1].unsqueeze(1), scores[labels == 0].unsqueeze(0)
    tied = torch.isclose(a, b)
    return torch.where(tied, 0.5, (a > b).double()).mean().item()


def auroc_of_rounded(scores, labels):
    return auroc_sign(torch.round(scores), labels)


def auroc_precision_sklearn(scores, labels):
    return metrics.average_precision_score(labels, scores)


def auroc_tensor(scores, labels):
    return torch.tensor(auroc_sign(scores, labels))


def auroc_rounded(scores, labels):
    """No known mistake: the generic message has to do."""
    return round(auroc_sign(scores, labels), 1)


RIGHT = {
    "anomaly_scores": [
        scores_getattr,
        scores_branches,
        scores_mse,
        scores_loop,
        scores_einsum,
    ],
    "pick_threshold": [
        threshold_sorted,
        threshold_kth,
        threshold_top,
        threshold_numpy,
        threshold_search,
        threshold_python,
    ],
    "auroc": [auroc_table, auroc_loop, auroc_ranks, auroc_sign, auroc_sklearn, auroc_curve],
}

WRONG = {
    "anomaly_scores": {
        scores_reconstruct: "a network of another make has no `reconstruct`",
        scores_called: "What you can compare with x",
        scores_logits: "The logits are no picture yet",
        scores_nothing_of_others: "no tensor is returned",
        scores_of_others_in_part: "This network has no `reconstruct`",
        scores_mean: "the mean over the features",
        scores_all_summed: "summed over the batch as well",
        scores_all_averaged: "one mean over everything",
        scores_negative: "The sign is turned",
        scores_absolute: "absolute differences",
        scores_norm: "a square root too many",
        scores_rms: "the root of the mean square",
        scores_signed: "without being squared",
        scores_sum_then_square: "First the sum, then the square",
        scores_worst: "the worst feature",
        scores_per_feature: "a score for each *feature*",
        scores_last_axis: "Only the last axis",
        scores_half: "a factor ½",
        scores_relative: "divided by the size of each example",
        scores_scaled: "the largest score of the batch",
        scores_size: "the size of x",
        scores_against_mean: "the mean of the batch",
        scores_twice: "applied twice",
        scores_code: "the length of the code",
        scores_in_place: "changed its argument `x`",
        scores_list: "a list of 3 things",
        scores_cubed: "subtract the first row",
    },
    "pick_threshold": {
        threshold_two_sigma: "two standard deviations",
        threshold_normal: "quantile of a normal distribution",
        threshold_quantile: "invents a number",
        threshold_quantile_lower: "you take the lower",
        threshold_quantile_higher: "you take the higher",
        threshold_quantile_nearest: "you take the nearest",
        threshold_wrong_end: "quantile at the wrong end",
        threshold_from_below: "counted from the smallest",
        threshold_first_alarm: "the lowest score that may raise an alarm",
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
    },
    "auroc": {
        auroc_without_ties: "Ties count nothing",
        auroc_ties_in_full: "Ties count in full",
        auroc_inverted: "the wrong way round",
        auroc_lower: "the anomaly is lower",
        auroc_gini: "Gini",
        auroc_count: "the number of pairs won",
        auroc_per_cent: "per cent",
        auroc_flattered: "never go below one half",
        auroc_all_pairs: "all pairs of examples",
        auroc_squared: "the square of the number",
        auroc_means: "the two mean scores",
        auroc_soft: "A sigmoid of the differences",
        auroc_average_precision: "the area under another curve",
        auroc_precision_sklearn: "as scikit-learn computes it",
        auroc_staircase: "gives another number",
        auroc_negative_area: "area is negative",
        auroc_ranks_in_order: "gives other ranks",
        auroc_ranks_from_zero: "count from 0",
        auroc_accuracy: "a threshold of 0.5",
        auroc_accuracy_at_mean: "the mean as threshold",
        auroc_best_accuracy: "the best accuracy",
        auroc_correlation: "the correlation",
        auroc_one_to_one: "the first anomaly with the first",
        auroc_close: "nearly equal count as ties",
        auroc_of_rounded: "The scores are rounded first",
        auroc_tensor: "a tensor of shape ()",
        auroc_rounded: "Write down all pairs",
    },
}
