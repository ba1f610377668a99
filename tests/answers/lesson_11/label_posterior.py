"""Answers to `label_posterior`, lesson 11, as learners write them."""

import torch
from torch.distributions import Categorical
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


def by_logsumexp(log_p, frequencies):
    joint = log_p + torch.log(frequencies)
    return torch.exp(joint - torch.logsumexp(joint, dim=1, keepdim=True))


def largest_off(log_p, frequencies):
    weights = frequencies * torch.exp(log_p - log_p.max(dim=1, keepdim=True).values)
    return weights / weights.sum(dim=1, keepdim=True)


def row_by_row(log_p, frequencies):
    return torch.stack([F.softmax(row + frequencies.log(), dim=-1) for row in log_p])


def by_torch(log_p, frequencies):
    return Categorical(logits=log_p + frequencies.log()).probs


def odds(log_p, frequencies):
    """One over the sum of what each rival is worth, compared with the label."""
    ahead = log_p[:, None, :] - log_p[:, :, None]
    return frequencies / (frequencies * ahead.exp()).sum(2)


# --- wrong ----------------------------------------------------------------------------------------


def no_frequencies(log_p, frequencies):
    return F.softmax(log_p, dim=1)


def no_logarithm(log_p, frequencies):
    return torch.softmax(log_p + frequencies, dim=1)


def weighted_afterwards(log_p, frequencies):
    return frequencies * torch.softmax(log_p, dim=-1)


def divided(log_p, frequencies):
    return torch.softmax(log_p - torch.log(frequencies), dim=1)


def weighted_logarithms(log_p, frequencies):
    return torch.softmax(frequencies * log_p, dim=1)


def logarithms(log_p, frequencies):
    joint = log_p + frequencies.log()
    return joint - joint.logsumexp(1, keepdim=True)


def over_the_batch(log_p, frequencies):
    return torch.softmax(log_p + frequencies.log(), dim=0)


def over_everything(log_p, frequencies):
    joint = log_p + frequencies.log()
    return (joint - joint.logsumexp((0, 1))).exp()


def all_or_nothing(log_p, frequencies):
    joint = log_p + frequencies.log()
    return (joint == joint.max(1, keepdim=True).values).float()


def best_label(log_p, frequencies):
    return (log_p + frequencies.log()).argmax(1)


def joint_probability(log_p, frequencies):
    return log_p.exp() * frequencies


def zero_by_zero(log_p, frequencies):
    joint = torch.exp(log_p + torch.log(frequencies))
    return joint / joint.sum(1, keepdim=True)


def zero_by_zero_and_forgotten(log_p, frequencies):
    return log_p.exp() / log_p.exp().sum(1, keepdim=True)


def shares_of_logarithms(log_p, frequencies):
    joint = log_p + frequencies.log()
    return joint / joint.sum(dim=1, keepdim=True)


def sigmoids(log_p, frequencies):
    return (log_p + frequencies.log()).sigmoid()


def one_largest_for_all(log_p, frequencies):
    weights = frequencies * (log_p - log_p.max()).exp()
    return weights / weights.sum(1, keepdim=True)


def evidence(log_p, frequencies):
    return torch.logsumexp(log_p + frequencies.log(), dim=1)


def in_place(log_p, frequencies):
    log_p += frequencies.log()
    return torch.softmax(log_p, dim=1)


def a_little_doubt(log_p, frequencies):
    """Against the logarithm of 0, more than needed."""
    return torch.softmax(log_p + torch.log(frequencies + 0.01), dim=1)


def rounded(log_p, frequencies):
    return torch.round(torch.softmax(log_p + frequencies.log(), dim=1), decimals=2)


def hardly_any_doubt(log_p, frequencies):
    return torch.softmax(log_p + torch.log(frequencies + 1e-8), dim=1)


RIGHT = [by_logsumexp, largest_off, row_by_row, by_torch, odds]
WRONG = {
    no_frequencies: "the frequencies are not in it. By Bayes' rule p(y|x)",
    no_logarithm: "You add the frequency to a *logarithm*",
    weighted_afterwards: "after dividing by the sum",
    divided: "count the wrong way round",
    weighted_logarithms: "You multiply the logarithms by the frequencies",
    logarithms: "These are the logarithms of the answer",
    over_the_batch: "Each *column* sums to 1",
    over_everything: "All numbers together sum to 1",
    all_or_nothing: "the likeliest label 1 and the others 0",
    best_label: "expected real numbers",
    joint_probability: "the probability of picture and label together",
    zero_by_zero: "For a picture of -1000 nats `exp` gives 0",
    zero_by_zero_and_forgotten: "And for a picture of -1000 nats",
    shares_of_logarithms: "You divide logarithms by their sum",
    sigmoids: "A sigmoid judges each label by itself",
    one_largest_for_all: "the largest number of the whole batch",
    evidence: "(batch, classes): a probability for each label",
    in_place: "in place",
    a_little_doubt: "multiply p(x|y) by p(y) for each label",
    rounded: "multiply p(x|y) by p(y) for each label",
    hardly_any_doubt: "a label that never occurs wins",
}
