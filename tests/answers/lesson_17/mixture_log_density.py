"""Answers to `mixture_log_density`, lesson 17, as learners write them."""

import math

import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

# --- right ----------------------------------------------------------------------------------------


def density(z, means, log_vars):
    square = (z[:, None] - means) ** 2 / log_vars.exp()
    return -0.5 * (square + log_vars + math.log(2 * math.pi)).sum(2)


def by_hand(z, means, log_vars, logits):
    return torch.logsumexp(torch.log_softmax(logits, 0) + density(z, means, log_vars), 1)


def by_distributions(z, means, log_vars, logits):
    each = Independent(Normal(means, torch.exp(log_vars / 2)), 1)
    return MixtureSameFamily(Categorical(logits=logits), each).log_prob(z)


def gaussian_by_gaussian(z, means, log_vars, logits):
    columns = []
    weights = logits - logits.logsumexp(0)
    for mean, log_var, weight in zip(means, log_vars, weights, strict=True):
        inside = (z - mean) ** 2 * torch.exp(-log_var) + log_var
        columns.append(weight - 0.5 * inside.sum(1))
    constant = 0.5 * z.shape[1] * math.log(2 * math.pi)
    return torch.stack(columns, 1).logsumexp(1) - constant


def largest_taken_out(z, means, log_vars, logits):
    terms = logits.softmax(0).log() + density(z, means, log_vars)
    most = terms.max(dim=1, keepdim=True).values
    return (most + (terms - most).exp().sum(1, keepdim=True).log())[:, 0]


# --- wrong ----------------------------------------------------------------------------------------


def without_weights(z, means, log_vars, logits):
    return density(z, means, log_vars).logsumexp(1)


def equal_weights(z, means, log_vars, logits):
    return by_hand(z, means, log_vars, torch.zeros_like(logits))


def bare_logits(z, means, log_vars, logits):
    return (logits + density(z, means, log_vars)).logsumexp(1)


def weight_added(z, means, log_vars, logits):
    return (logits.softmax(0) + density(z, means, log_vars)).logsumexp(1)


def mean_of_logarithms(z, means, log_vars, logits):
    return (logits.softmax(0) * density(z, means, log_vars)).sum(1)


def product(z, means, log_vars, logits):
    return (logits.log_softmax(0) + density(z, means, log_vars)).sum(1)


def best_alone(z, means, log_vars, logits):
    return (logits.log_softmax(0) + density(z, means, log_vars)).max(1).values


def underflowing(z, means, log_vars, logits):
    return torch.log((logits.softmax(0) * density(z, means, log_vars).exp()).sum(1))


def small_number(z, means, log_vars, logits):
    return torch.log((logits.softmax(0) * density(z, means, log_vars).exp() + 1e-10).sum(1))


def the_density(z, means, log_vars, logits):
    return (logits.softmax(0) * density(z, means, log_vars).exp()).sum(1)


def a_cost(z, means, log_vars, logits):
    return -by_hand(z, means, log_vars, logits)


def over_the_codes(z, means, log_vars, logits):
    return (logits.log_softmax(0) + density(z, means, log_vars)).logsumexp(0)


def without_pi(z, means, log_vars, logits):
    return by_hand(z, means, log_vars, logits) + 0.5 * z.shape[1] * math.log(2 * math.pi)


def other(z, means, log_vars, logits, square=0.5, spread=0.5, of=1.0):
    inside = square * (z[:, None] - means) ** 2 / torch.exp(of * log_vars) + spread * log_vars
    each = -(inside + 0.5 * math.log(2 * math.pi)).sum(2)
    return torch.logsumexp(logits.log_softmax(0) + each, 1)


def without_log_vars(z, means, log_vars, logits):
    return other(z, means, log_vars, logits, spread=0.0)


def log_vars_whole(z, means, log_vars, logits):
    return other(z, means, log_vars, logits, spread=1.0)


def square_whole(z, means, log_vars, logits):
    return other(z, means, log_vars, logits, square=1.0)


def over_sigma(z, means, log_vars, logits):
    return other(z, means, log_vars, logits, of=0.5)


def times_variance(z, means, log_vars, logits):
    return other(z, means, log_vars, logits, of=-1.0)


def as_log_sigma(z, means, log_vars, logits):
    return other(z, means, log_vars, logits, spread=1.0, of=2.0)


def mean_over_code(z, means, log_vars, logits):
    return torch.logsumexp(logits.log_softmax(0) + density(z, means, log_vars) / z.shape[1], 1)


def detached(z, means, log_vars, logits):
    return by_hand(z, means, log_vars, logits).detach()


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [by_hand, by_distributions, gaussian_by_gaussian, largest_taken_out]

WRONG = {
    without_weights: "whose integral is k",
    equal_weights: "All Gaussians have the same weight",
    bare_logits: "do not add up to 1",
    weight_added: "The weight itself is added",
    mean_of_logarithms: "Jensen's inequality",
    product: "the densities are multiplied",
    best_alone: "the best Gaussian alone",
    underflowing: "underflows to 0",
    small_number: "A small number keeps",
    the_density: "This is the density itself",
    a_cost: "The sign is turned",
    over_the_codes: "You summed over the codes",
    without_pi: "log 2π is missing",
    without_log_vars: "½ log_vars is missing",
    log_vars_whole: "log_vars stands without its ½",
    square_whole: "The square stands without",
    over_sigma: "divided by σ",
    times_variance: "multiplied by the variance",
    as_log_sigma: "taken for log σ",
    mean_over_code: "averaged over the numbers of the code",
    detached: "remember how it was computed",
}
