"""Answers to `auroc`, lesson 13, as learners write them."""

import math

import numpy as np
import torch
from scipy import stats
from sklearn import metrics
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


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


# --- wrong ----------------------------------------------------------------------------------------


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


# --- accepted, and rejected with these words ------------------------------------------------------


def auroc_split_at_the_median(scores, labels):
    return float(((scores >= scores.median()) == (labels == 1)).double().mean())


RIGHT = [auroc_table, auroc_loop, auroc_ranks, auroc_sign, auroc_sklearn, auroc_curve]

WRONG = {
    auroc_split_at_the_median: "the accuracy with the median as threshold",
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
}
