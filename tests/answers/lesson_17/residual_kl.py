"""Answers to `residual_kl`, lesson 17, as learners write them."""

import torch
from torch.distributions import Normal, kl_divergence

# --- right ----------------------------------------------------------------------------------------


def by_hand(delta_mu, delta_log_var, log_var_prior):
    inside = delta_mu**2 * torch.exp(-log_var_prior) + delta_log_var.exp() - delta_log_var - 1
    return inside.sum(1) / 2


def in_units_of_sigma(delta_mu, delta_log_var, log_var_prior):
    mean = delta_mu / torch.exp(log_var_prior / 2)
    return 0.5 * (mean.square() + torch.expm1(delta_log_var) - delta_log_var).sum(-1)


def by_distributions(delta_mu, delta_log_var, log_var_prior):
    p = Normal(torch.zeros_like(delta_mu), (log_var_prior / 2).exp())
    q = Normal(delta_mu, ((log_var_prior + delta_log_var) / 2).exp())
    return kl_divergence(q, p).sum(1)


def two_gaussians(delta_mu, delta_log_var, log_var_prior):
    """The general formula, with a prior anywhere."""
    mu_p = torch.full_like(delta_mu, 3.0)
    mu_q, log_var_q = mu_p + delta_mu, log_var_prior + delta_log_var
    ratio = ((mu_q - mu_p) ** 2 + log_var_q.exp()) / log_var_prior.exp()
    return 0.5 * (log_var_prior - log_var_q + ratio - 1).sum(1)


# --- wrong ----------------------------------------------------------------------------------------


def other(dm, dv, pv):
    return 0.5 * (dm**2 / pv.exp() + dv.exp() - dv - 1)


def without_the_prior(delta_mu, delta_log_var, log_var_prior):
    return other(delta_mu, delta_log_var, torch.zeros_like(log_var_prior)).sum(1)


def over_sigma(delta_mu, delta_log_var, log_var_prior):
    return other(delta_mu, delta_log_var, log_var_prior / 2).sum(1)


def times_variance(delta_mu, delta_log_var, log_var_prior):
    return other(delta_mu, delta_log_var, -log_var_prior).sum(1)


def as_log_sigma(delta_mu, delta_log_var, log_var_prior):
    return other(delta_mu, delta_log_var, 2 * log_var_prior).sum(1)


def over_the_posterior(delta_mu, delta_log_var, log_var_prior):
    return other(delta_mu, delta_log_var, log_var_prior + delta_log_var).sum(1)


def to_the_standard_normal(delta_mu, delta_log_var, log_var_prior):
    log_var = log_var_prior + delta_log_var
    return 0.5 * (delta_mu**2 + log_var.exp() - log_var - 1).sum(1)


def variance_in_full(delta_mu, delta_log_var, log_var_prior):
    dm, dv, pv = delta_mu, delta_log_var, log_var_prior
    return 0.5 * (dm**2 / pv.exp() + (pv + dv).exp() - dv - 1).sum(1)


def logarithm_in_full(delta_mu, delta_log_var, log_var_prior):
    dm, dv, pv = delta_mu, delta_log_var, log_var_prior
    return 0.5 * (dm**2 / pv.exp() + dv.exp() - (pv + dv) - 1).sum(1)


def the_other_way(delta_mu, delta_log_var, log_var_prior):
    p = Normal(torch.zeros_like(delta_mu), (log_var_prior / 2).exp())
    q = Normal(delta_mu, ((log_var_prior + delta_log_var) / 2).exp())
    return kl_divergence(p, q).sum(1)


def sign_turned(delta_mu, delta_log_var, log_var_prior):
    dm, dv, pv = delta_mu, delta_log_var, log_var_prior
    return 0.5 * (dm**2 / pv.exp() + dv.exp() + dv - 1).sum(1)


def without_one(delta_mu, delta_log_var, log_var_prior):
    dm, dv, pv = delta_mu, delta_log_var, log_var_prior
    return 0.5 * (dm**2 / pv.exp() + dv.exp() - dv).sum(1)


def without_half(delta_mu, delta_log_var, log_var_prior):
    return 2 * by_hand(delta_mu, delta_log_var, log_var_prior)


def change_of_log_sigma(delta_mu, delta_log_var, log_var_prior):
    return by_hand(delta_mu, 2 * delta_log_var, log_var_prior)


def not_squared(delta_mu, delta_log_var, log_var_prior):
    dm, dv, pv = delta_mu, delta_log_var, log_var_prior
    return 0.5 * (dm / pv.exp() + dv.exp() - dv - 1).sum(1)


def averaged(delta_mu, delta_log_var, log_var_prior):
    return other(delta_mu, delta_log_var, log_var_prior).mean(1)


def over_the_examples(delta_mu, delta_log_var, log_var_prior):
    return other(delta_mu, delta_log_var, log_var_prior).sum(0)


def not_summed(delta_mu, delta_log_var, log_var_prior):
    return other(delta_mu, delta_log_var, log_var_prior)


def of_the_batch(delta_mu, delta_log_var, log_var_prior):
    return other(delta_mu, delta_log_var, log_var_prior).sum()


def detached(delta_mu, delta_log_var, log_var_prior):
    return by_hand(delta_mu, delta_log_var, log_var_prior.detach())


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [by_hand, in_units_of_sigma, by_distributions, two_gaussians]

WRONG = {
    without_the_prior: "A step of one tells much",
    over_sigma: "divided by σ_p",
    times_variance: "multiplied by the prior's variance",
    as_log_sigma: "taken for log σ_p",
    over_the_posterior: "divided by the posterior's variance",
    to_the_standard_normal: "This is the KL to N(0, I)",
    variance_in_full: "stands there in full",
    logarithm_in_full: "logarithm of the whole variance",
    the_other_way: "the other way round",
    sign_turned: "has the wrong sign",
    without_one: "The -1 is missing",
    without_half: "The ½ is missing",
    change_of_log_sigma: "a change of log σ",
    not_squared: "Δμ is not squared",
    averaged: "averaged over the numbers of the code",
    over_the_examples: "summed over the examples",
    not_summed: "a price for each number of the code",
    of_the_batch: "one price for the whole batch",
    detached: "remember how it was computed",
}
