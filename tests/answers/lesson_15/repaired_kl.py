"""Answers to `repaired_kl`, lesson 15, as learners write them."""

import torch
from torch.distributions import Normal, kl_divergence

from course_utils import gaussian_kl

# --- right ----------------------------------------------------------------------------------------


def kl_torch(mu, log_sigma):
    return kl_divergence(Normal(mu, log_sigma.exp()), Normal(0.0, 1.0)).sum(1)


def kl_package(mu, log_sigma):
    return gaussian_kl(mu, 2 * log_sigma)


def kl_by_sigma(mu, log_sigma):
    sigma = log_sigma.exp()
    return ((mu**2 + sigma**2 - 1) / 2 - torch.log(sigma)).sum(-1)


def kl_einsum(mu, log_sigma):
    log_var = 2 * log_sigma
    return 0.5 * torch.einsum("bj->b", mu.square() + log_var.exp() - log_var - 1)


# --- wrong ----------------------------------------------------------------------------------------


def kl_half_variance(mu, log_sigma):
    return 0.5 * (mu**2 + torch.exp(2 * log_sigma) - log_sigma - 1).sum(1)


def kl_half_logarithm(mu, log_sigma):
    return 0.5 * (mu**2 + torch.exp(log_sigma) - 2 * log_sigma - 1).sum(1)


def kl_squared_logarithm(mu, log_sigma):
    return 0.5 * (mu**2 + torch.exp(log_sigma) ** 2 - log_sigma**2 - 1).sum(1)


def kl_halved(mu, log_sigma):
    return 0.5 * (mu**2 + torch.exp(log_sigma / 2) - log_sigma / 2 - 1).sum(1)


def kl_doubled(mu, log_sigma):
    return 2 * kl_torch(mu, log_sigma)


def kl_without_one(mu, log_sigma):
    return 0.5 * (mu**2 + torch.exp(2 * log_sigma) - 2 * log_sigma).sum(1)


def kl_plus(mu, log_sigma):
    return 0.5 * (mu**2 + torch.exp(2 * log_sigma) + 2 * log_sigma - 1).sum(1)


def kl_turned(mu, log_sigma):
    return -kl_torch(mu, log_sigma)


def kl_of_sigma(mu, log_sigma):
    return 0.5 * (mu**2 + log_sigma**2 - torch.log(log_sigma**2) - 1).sum(1)


def kl_mu(mu, log_sigma):
    return 0.5 * (mu + torch.exp(2 * log_sigma) - 2 * log_sigma - 1).sum(1)


def kl_mean(mu, log_sigma):
    return kl_divergence(Normal(mu, log_sigma.exp()), Normal(0.0, 1.0)).mean(1)


def kl_batch(mu, log_sigma):
    return kl_torch(mu, log_sigma).sum()


def kl_not_summed(mu, log_sigma):
    return kl_divergence(Normal(mu, log_sigma.exp()), Normal(0.0, 1.0))


def kl_detached(mu, log_sigma):
    return kl_torch(mu, log_sigma.detach()) + kl_torch(mu.detach(), log_sigma.detach()) * 0


def kl_other_way(mu, log_sigma):
    """No known mistake: KL(prior ‖ q)."""
    return kl_divergence(Normal(0.0, 1.0), Normal(mu, log_sigma.exp())).sum(1)


def kl_half_of_mu_alone(mu, log_sigma):
    return (mu**2 / 2 + torch.exp(2 * log_sigma) - 2 * log_sigma - 1).sum(1)


def kl_bracket_ends_early(mu, log_sigma):
    return (0.5 * (mu**2 + torch.exp(2 * log_sigma)) - 2 * log_sigma - 1).sum(1)


def kl_one_outside(mu, log_sigma):
    return (0.5 * (mu**2 + torch.exp(2 * log_sigma)) - log_sigma - 1).sum(1)


# --- the specimen ---------------------------------------------------------------------------------


def kl_specimen(mu, log_sigma):
    return gaussian_kl(mu, log_sigma)


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [kl_torch, kl_package, kl_by_sigma, kl_einsum]

WRONG = {
    kl_half_variance: "σ² is right now, but its logarithm",
    kl_half_logarithm: "log σ² is right now, but exp",
    kl_squared_logarithm: "not the square of log σ",
    kl_halved: "A factor ½ where",
    kl_doubled: "Twice what it should be",
    kl_without_one: "The -1 is gone",
    kl_plus: "enters with a minus",
    kl_turned: "never negative",
    kl_of_sigma: "for σ itself",
    kl_mu: "μ² has become μ",
    kl_mean: "The mean over the numbers",
    kl_batch: "batch is summed",
    kl_not_summed: "the price of each number",
    kl_detached: "does not remember how it was computed from `log_sigma`",
    kl_half_of_mu_alone: "in yours σ² and log σ² and the 1 count in full",
    kl_bracket_ends_early: "in yours log σ² and the 1 count in full",
    kl_one_outside: "in yours the 1 counts in full",
    kl_other_way: "Take one number of the code",
}

UNREPAIRED = [kl_specimen]
