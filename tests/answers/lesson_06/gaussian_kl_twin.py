"""Answers to `gaussian_kl_twin`, lesson 06, as learners write them."""

import torch
from torch.distributions import Normal, kl_divergence


def by_torch(mu, log_var, prior_mu, prior_log_var):
    q = Normal(mu, (log_var / 2).exp())
    return kl_divergence(q, Normal(prior_mu, (prior_log_var / 2).exp())).sum(1)


def by_standard_deviations(mu, log_var, prior_mu, prior_log_var):
    sigma, s = torch.exp(0.5 * log_var), torch.exp(0.5 * prior_log_var)
    ratio = sigma / s
    return (0.5 * (ratio**2 + ((mu - prior_mu) / s) ** 2 - 1) - ratio.log()).sum(-1)


def by_change_of_units(mu, log_var, prior_mu, prior_log_var):
    mu, log_var = (mu - prior_mu) / (prior_log_var / 2).exp(), log_var - prior_log_var
    return 0.5 * (mu.square() + log_var.exp() - log_var - 1).sum(dim=-1)


def standard_prior(mu, log_var, prior_mu, prior_log_var):
    return kl_divergence(Normal(mu, (log_var / 2).exp()), Normal(0.0, 1.0)).sum(1)


def other_way_round(mu, log_var, prior_mu, prior_log_var):
    p = Normal(prior_mu, (prior_log_var / 2).exp())
    return kl_divergence(p, Normal(mu, (log_var / 2).exp())).sum(1)


def no_half(mu, log_var, prior_mu, prior_log_var):
    return 2 * by_torch(mu, log_var, prior_mu, prior_log_var)


def no_one(mu, log_var, prior_mu, prior_log_var):
    return by_torch(mu, log_var, prior_mu, prior_log_var) + 0.5 * mu.shape[1]


def logarithms_exchanged(mu, log_var, prior_mu, prior_log_var):
    difference = (log_var - prior_log_var).sum(1)
    return by_torch(mu, log_var, prior_mu, prior_log_var) + difference


def distance_in_own_units(mu, log_var, prior_mu, prior_log_var):
    ratio = log_var - prior_log_var
    return 0.5 * (ratio.exp() - ratio - 1 + (mu - prior_mu).square()).sum(1)


def variance_undivided(mu, log_var, prior_mu, prior_log_var):
    distance = (mu - prior_mu).square() * (-prior_log_var).exp()
    return 0.5 * (distance + log_var.exp() - 1 - log_var + prior_log_var).sum(1)


def prior_at_zero(mu, log_var, prior_mu, prior_log_var):
    return by_torch(mu, log_var, torch.zeros_like(prior_mu), prior_log_var)


def deviations_for_variances(mu, log_var, prior_mu, prior_log_var):
    sigma, s = (log_var / 2).exp(), (prior_log_var / 2).exp()
    return 0.5 * (prior_log_var - log_var + (sigma + (mu - prior_mu) ** 2) / s - 1).sum(1)


def mean_of_dimensions(mu, log_var, prior_mu, prior_log_var):
    return by_torch(mu, log_var, prior_mu, prior_log_var) / mu.shape[1]


def one_number(mu, log_var, prior_mu, prior_log_var):
    return by_torch(mu, log_var, prior_mu, prior_log_var).sum()


RIGHT = [by_torch, by_standard_deviations, by_change_of_units]
WRONG = {
    standard_prior: "the KL to N(0, 1)",
    other_way_round: "the other way round",
    no_half: "The ½ is missing",
    no_one: "The -1 is missing",
    logarithms_exchanged: "two logarithms are exchanged",
    distance_in_own_units: "not measured in the prior's widths",
    variance_undivided: "is not divided by s²",
    prior_at_zero: "means of the prior are left out",
    deviations_for_variances: "where σ² and s² belong",
    mean_of_dimensions: "the mean over the dimensions",
    one_number: "over the examples as well",
}
