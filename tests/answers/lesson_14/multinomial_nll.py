"""Answers to `multinomial_nll`, lesson 14, as learners write them."""

import math

import torch
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


def nll_log_softmax(logits, counts):
    return -(F.log_softmax(logits, dim=-1) * counts).sum(-1)


def nll_logsumexp(logits, counts):
    return counts.sum(1) * torch.logsumexp(logits, 1) - (counts * logits).sum(1)


def nll_einsum(logits, counts):
    return torch.einsum("bi,bi->b", counts, -logits.log_softmax(1))


def nll_cross_entropy(logits, counts):
    return F.cross_entropy(logits, counts, reduction="none")


def nll_loop(logits, counts):
    costs = []
    for row, played in zip(logits, counts, strict=True):
        shares = row - row.max() - (row - row.max()).exp().sum().log()
        costs.append(-(played * shares).sum())
    return torch.stack(costs)


def nll_distribution(logits, counts):
    shares = torch.distributions.Categorical(logits=logits)
    songs = torch.arange(logits.shape[1])[:, None].expand(-1, len(logits))
    return -(counts.T * shares.log_prob(songs)).sum(0)


def nll_double(logits, counts):
    return -(counts.double() * logits.double().log_softmax(1)).sum(1).to(logits.dtype)


# --- wrong ----------------------------------------------------------------------------------------


def nll_sign(logits, counts):
    return (counts * F.log_softmax(logits, dim=1)).sum(dim=1)


def nll_over_batch(logits, counts):
    return -(counts * F.log_softmax(logits, dim=0)).sum(dim=1)


def nll_over_everything(logits, counts):
    return -(counts * (logits - logits.flatten().logsumexp(0))).sum(dim=1)


def nll_no_log(logits, counts):
    return -(counts * torch.softmax(logits, dim=1)).sum(dim=1)


def nll_raw_logits(logits, counts):
    return -torch.sum(logits * counts, 1)


def nll_sigmoid(logits, counts):
    return -(counts * F.logsigmoid(logits)).sum(dim=1)


def nll_bernoulli(logits, counts):
    return F.binary_cross_entropy_with_logits(logits, counts, reduction="none").sum(1)


def nll_poisson(logits, counts):
    return F.poisson_nll_loss(logits, counts, reduction="none").sum(1)


def nll_with_coefficient(logits, counts):
    rows = zip(logits, counts, strict=True)
    return torch.stack(
        [
            -torch.distributions.Multinomial(int(played.sum()), logits=row).log_prob(played)
            for row, played in rows
        ]
    )


def nll_mean_over_items(logits, counts):
    return -(counts * logits.log_softmax(1)).mean(1)


def nll_per_play(logits, counts):
    return -(counts / counts.sum(1, keepdim=True) * logits.log_softmax(1)).sum(1)


def nll_per_play_guarded(logits, counts):
    return -(counts * logits.log_softmax(1)).sum(1) / counts.sum(1).clamp(min=1)


def nll_binarised(logits, counts):
    return -((counts > 0) * logits.log_softmax(1)).sum(1)


def nll_one_denominator(logits, counts):
    return logits.logsumexp(1) - (counts * logits).sum(1)


def nll_denominator_per_item(logits, counts):
    return (logits.logsumexp(1, keepdim=True) - counts * logits).sum(1)


def nll_two_softmaxes(logits, counts):
    return F.cross_entropy(logits.softmax(1), counts, reduction="none")


def nll_favourite(logits, counts):
    return F.cross_entropy(logits, counts.argmax(1), reduction="none")


def nll_swapped(logits, counts):
    return -(logits * F.log_softmax(counts, 1)).sum(1)


def nll_bits(logits, counts):
    return -(counts * logits.log_softmax(1)).sum(1) / math.log(2)


def nll_overflows(logits, counts):
    weights = torch.exp(logits)
    return -(counts * torch.log(weights / weights.sum(1, keepdim=True))).sum(1)


def nll_underflows(logits, counts):
    return -(counts * torch.log(torch.softmax(logits, dim=1))).sum(1)


def nll_epsilon(logits, counts):
    return -(counts * torch.log(torch.softmax(logits, dim=1) + 1e-8)).sum(1)


def nll_over_listeners(logits, counts):
    return -(counts * logits.log_softmax(1)).sum(0)


def nll_total(logits, counts):
    return -(counts * logits.log_softmax(1)).sum()


def nll_batch_mean(logits, counts):
    return -(counts * logits.log_softmax(1)).sum(1).mean()


def nll_not_summed(logits, counts):
    return -(counts * logits.log_softmax(1))


def nll_detached(logits, counts):
    return -(counts * logits.detach().log_softmax(1)).sum(1)


def nll_in_place(logits, counts):
    logits -= logits.logsumexp(1, keepdim=True)
    return -(counts * logits).sum(1)


def nll_squares(logits, counts):
    """No known mistake: the generic message has to do."""
    return ((counts - counts.sum(1, keepdim=True) * logits.softmax(1)) ** 2).sum(1)


def nll_of_no_more_than_ten(logits, counts):
    return -(counts.clamp(max=10) * logits.log_softmax(1)).sum(1)


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [
    nll_log_softmax,
    nll_logsumexp,
    nll_einsum,
    nll_cross_entropy,
    nll_loop,
    nll_distribution,
    nll_double,
]

WRONG = {
    nll_sign: "The sign",
    nll_over_batch: "softmax is over the batch",
    nll_over_everything: "over all entries of the batch",
    nll_no_log: "The logarithm is missing",
    nll_raw_logits: "took the logits for log-shares",
    nll_sigmoid: "a sigmoid for each song",
    nll_bernoulli: "binary cross-entropy",
    nll_poisson: "Poisson",
    nll_with_coefficient: "multinomial coefficient",
    nll_mean_over_items: "mean over songs",
    nll_per_play: "one of none is 0 / 0",
    nll_per_play_guarded: "the cost of one play, on average",
    nll_binarised: "not how often",
    nll_one_denominator: "taken it once per listener",
    nll_denominator_per_item: "by the number of songs",
    nll_two_softmaxes: "two softmaxes",
    nll_favourite: "played most",
    nll_swapped: "The two are swapped",
    nll_bits: "These are bits",
    nll_overflows: "and the result is nan",
    nll_underflows: "a share is rounded to 0",
    nll_epsilon: "small number that you allow",
    nll_over_listeners: "You summed over the batch",
    nll_total: "over the listeners as well",
    nll_batch_mean: "the business of `fit`",
    nll_not_summed: "is too many",
    nll_detached: "nothing could be trained",
    nll_in_place: "changed its argument `logits` in place",
    nll_squares: "Try one listener with the logits",
    nll_of_no_more_than_ten: "the two do not agree",
}
