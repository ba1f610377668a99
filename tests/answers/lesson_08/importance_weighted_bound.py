"""Answers to `importance_weighted_bound`, lesson 08, as learners write them."""

import math

import numpy as np
import torch
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


def bound_logsumexp(log_w):
    return torch.logsumexp(log_w, dim=0) - math.log(log_w.shape[0])


def bound_stabilised(log_w):
    highest = log_w.max(dim=0, keepdim=True).values
    return (torch.exp(log_w - highest).mean(0, keepdim=True).log() + highest)[0]


def bound_mixture(log_w):
    """The log-density of an even mixture is the same formula."""
    k, _ = log_w.shape
    return torch.logsumexp(log_w + torch.full((k, 1), 1 / k).log(), 0)


def bound_pairwise(log_w):
    total = log_w[0]
    for row in log_w[1:]:
        total = torch.logaddexp(total, row)
    return total - np.log(len(log_w))


def bound_columns(log_w):
    columns = [column.logsumexp(0) - math.log(len(column)) for column in log_w.T]
    return torch.stack(columns)


def bound_cumulative(log_w):
    return torch.logcumsumexp(log_w, dim=0)[-1] - torch.tensor(float(len(log_w))).log()


def bound_transposed_in_double(log_w):
    return (log_w.double().T - math.log(len(log_w))).logsumexp(dim=-1)


def bound_softmax(log_w):
    """Every log-weight less its log-softmax is the logarithm of the sum."""
    return (log_w - F.log_softmax(log_w, dim=0)).mean(0) - math.log(len(log_w))


# --- wrong ----------------------------------------------------------------------------------------


def bound_mean_of_logs(log_w):
    return log_w.mean(dim=0)


def bound_sum(log_w):
    return torch.logsumexp(log_w, dim=0)


def bound_log_k_added(log_w):
    return torch.logsumexp(log_w, dim=0) + math.log(len(log_w))


def bound_divided_outside(log_w):
    return torch.logsumexp(log_w, dim=0) / len(log_w)


def bound_k_subtracted(log_w):
    return torch.logsumexp(log_w, dim=0) - log_w.size(0)


def bound_log_batch(log_w):
    return torch.logsumexp(log_w, dim=0) - math.log(log_w.size(1))


def bound_over_examples(log_w):
    return torch.logsumexp(log_w, dim=1) - math.log(log_w.size(1))


def bound_last_axis_log_k(log_w):
    return torch.logsumexp(log_w, dim=-1) - math.log(log_w.size(0))


def bound_sum_over_examples(log_w):
    return torch.logsumexp(log_w, dim=1)


def bound_of_everything(log_w):
    return torch.logsumexp(log_w, dim=(0, 1)) - math.log(log_w.numel())


def bound_batch_mean(log_w):
    return bound_logsumexp(log_w).mean()


def bound_keepdim(log_w):
    return torch.logsumexp(log_w, dim=0, keepdim=True) - math.log(len(log_w))


def bound_without_log(log_w):
    return log_w.exp().mean(dim=0)


def bound_loss(log_w):
    return -bound_logsumexp(log_w)


def bound_sign_of_weights(log_w):
    return torch.logsumexp(-log_w, dim=0) - math.log(len(log_w))


def bound_sign_twice(log_w):
    return math.log(len(log_w)) - torch.logsumexp(-log_w, dim=0)


def bound_best_draw(log_w):
    return torch.amax(log_w, dim=0)


def bound_best_draw_by_k(log_w):
    return torch.amax(log_w, dim=0) - math.log(len(log_w))


def bound_weighted_mean(log_w):
    weights = torch.softmax(log_w, dim=0)
    return (weights * log_w).sum(0)


def bound_log_softmax(log_w):
    return torch.log_softmax(log_w, dim=0).mean(0)


def bound_maximum_not_added_back(log_w):
    highest = log_w.max(dim=0).values
    return torch.exp(log_w - highest).mean(0).log()


def bound_bits(log_w):
    return bound_logsumexp(log_w) / math.log(2)


def bound_unstable(log_w):
    return torch.log(torch.mean(torch.exp(log_w), dim=0))


def bound_eps(log_w):
    return torch.log(torch.mean(torch.exp(log_w), dim=0) + 1e-8)


def bound_one_maximum(log_w):
    highest = log_w.max()
    return torch.exp(log_w - highest).mean(0).log() + highest


def bound_detached(log_w):
    return bound_logsumexp(log_w.detach())


def bound_weights_detached(log_w):
    """The value of the bound with the gradient of the ELBO."""
    mean = log_w.mean(0)
    return mean + (bound_logsumexp(log_w) - mean).detach()


def bound_numpy(log_w):
    return np.logaddexp.reduce(log_w.numpy(), axis=0) - np.log(len(log_w))


def bound_in_place(log_w):
    highest = log_w.max(dim=0).values
    log_w -= highest
    return log_w.exp().mean(0).log() + highest


def bound_log_all(log_w):
    return torch.logsumexp(log_w, dim=0) - math.log(log_w.numel())


def bound_bessel(log_w):
    return torch.logsumexp(log_w, dim=0) - torch.log(torch.tensor(log_w.shape[0] - 1.0))


def bound_log10(log_w):
    return torch.logsumexp(log_w, dim=0) - np.log10(len(log_w))


def bound_log2(log_w):
    return torch.logsumexp(log_w, dim=0) - np.log2(len(log_w))


def bound_mean_less_log_k(log_w):
    return log_w.mean(0) - math.log(len(log_w))


def bound_product(log_w):
    return log_w.sum(dim=0)


def bound_divided_inside(log_w):
    return torch.logsumexp(log_w / log_w.shape[0], dim=0)


def bound_log_of_logs(log_w):
    return torch.log(log_w).mean(dim=0)


def bound_log_of_mean_log(log_w):
    return torch.log(log_w.mean(dim=0))


def bound_log1p(log_w):
    return torch.log1p(torch.exp(log_w).mean(0))


def bound_mean_softmax(log_w):
    return torch.log(torch.softmax(log_w, dim=0).mean(0))


def bound_maximum_subtracted_twice(log_w):
    highest = log_w.max(dim=0).values
    return torch.exp(log_w - highest).mean(0).log() - highest


def bound_maximum_and_mean_of_all(log_w):
    highest = log_w.max(dim=0).values
    return torch.exp(log_w - highest).mean().log() + highest


def bound_maximum_of_rows(log_w):
    highest = log_w.max(dim=1, keepdim=True).values
    return torch.exp(log_w - highest).mean(0).log() + highest


def bound_clamped(log_w):
    return torch.clamp(log_w, -80, 80).exp().mean(0).log()


def bound_nan_to_num(log_w):
    return torch.nan_to_num(log_w.exp().mean(0).log())


def bound_mean_subtracted(log_w):
    """Right as long as the draws of one example are near each other."""
    middle = log_w.mean(dim=0)
    return torch.exp(log_w - middle).mean(0).log() + middle


def bound_median(log_w):
    """No known mistake: the generic message has to do."""
    return log_w.median(0).values


def bound_rounded(log_w):
    return (torch.logsumexp(log_w, 0) - math.log(len(log_w))).round(decimals=2)


def bound_a_little_more_far_out(log_w):
    bound = torch.logsumexp(log_w, 0) - math.log(len(log_w))
    return torch.where(bound.abs() > 500, bound + 0.05, bound)


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [
    bound_logsumexp,
    bound_stabilised,
    bound_mixture,
    bound_pairwise,
    bound_columns,
    bound_cumulative,
    bound_transposed_in_double,
    bound_softmax,
]

WRONG = {
    bound_mean_of_logs: "mean of the logarithms",
    bound_sum: "logarithm of the sum of the weights",
    bound_log_k_added: "You added log k",
    bound_divided_outside: "divided the logarithm of the sum by k",
    bound_k_subtracted: "You subtracted k itself",
    bound_log_batch: "logarithm of the batch size",
    bound_over_examples: "You averaged over the examples",
    bound_last_axis_log_k: "and subtracted log k. Both",
    bound_sum_over_examples: "and did not divide",
    bound_of_everything: "went into one mean",
    bound_batch_mean: "then you took its mean over the batch",
    bound_keepdim: "in a row of a table",
    bound_without_log: "This is the mean weight",
    bound_loss: "sign turned, a loss",
    bound_sign_of_weights: "turned before the mean, so the worst",
    bound_sign_twice: "harmonic mean",
    bound_best_draw: "largest log-weight alone",
    bound_best_draw_by_k: "largest log-weight less log k",
    bound_weighted_mean: "each in proportion to its weight",
    bound_log_softmax: "`log_softmax` divides",
    bound_maximum_not_added_back: "did not add it back",
    bound_bits: "in bits",
    bound_unstable: "exp(1000) is inf",
    bound_eps: "small number that you add before the logarithm",
    bound_one_maximum: "one maximum, that of the whole table",
    bound_detached: "nothing could be trained",
    bound_weights_detached: "their gradient with respect to `log_w`",
    bound_numpy: "a NumPy array",
    bound_in_place: "changed its argument `log_w` in place",
    bound_log_all: "logarithm of all the entries",
    bound_bessel: "You subtracted log(k - 1)",
    bound_log10: "to the base 10",
    bound_log2: "You subtracted log k to the base 2",
    bound_mean_less_log_k: "subtracted log k as well",
    bound_product: "which multiplies the weights",
    bound_divided_inside: "roots of the weights",
    bound_log_of_logs: "logarithm of `log_w`",
    bound_log_of_mean_log: "logarithm of the mean logarithm",
    bound_log1p: "`log1p` adds 1",
    bound_mean_softmax: "their mean is always 1 / k",
    bound_maximum_subtracted_twice: "subtracted it once more",
    bound_maximum_and_mean_of_all: "the mean between is over the whole table",
    bound_maximum_of_rows: "Your maximum is that of each row",
    bound_clamped: "you clamp the log-weights",
    bound_nan_to_num: "`nan_to_num` only hides",
    bound_mean_subtracted: "but not its largest",
    bound_median: "Take the first column",
    bound_rounded: "the two do not agree",
    bound_a_little_more_far_out: "and much beside the gain of a second draw",
}
