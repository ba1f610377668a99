"""Answers to `elbo_twin`, lesson 06, as learners write them."""

import math

import torch
from torch.distributions import Normal


def by_torch(x_hat, x, kl, sigma):
    return Normal(x_hat, sigma).log_prob(x).flatten(1).sum(1) - kl.sum(1)


def feature_by_feature(x_hat, x, kl, sigma):
    log_p = -(((x - x_hat) / sigma) ** 2) / 2 - math.log(sigma * math.sqrt(2 * math.pi))
    return log_p.reshape(len(x), -1).sum(-1) - torch.sum(kl, dim=-1)


def gaussian_nll(x_hat, x, kl, sigma):
    loss = torch.nn.functional.gaussian_nll_loss(
        x_hat, x, torch.full_like(x, sigma**2), full=True, reduction="none"
    )
    return -(loss.flatten(1).sum(1) + kl.sum(1))


def plus_kl(x_hat, x, kl, sigma):
    return Normal(x_hat, sigma).log_prob(x).flatten(1).sum(1) + kl.sum(1)


def as_loss(x_hat, x, kl, sigma):
    return kl.sum(1) - Normal(x_hat, sigma).log_prob(x).flatten(1).sum(1)


def no_constants(x_hat, x, kl, sigma):
    return -0.5 * ((x - x_hat) / sigma).square().flatten(1).sum(1) - kl.sum(1)


def no_log_sigma(x_hat, x, kl, sigma):
    log_p = -0.5 * ((x - x_hat) / sigma).square() - 0.5 * math.log(2 * math.pi)
    return log_p.flatten(1).sum(1) - kl.sum(1)


def no_pi(x_hat, x, kl, sigma):
    log_p = -0.5 * ((x - x_hat) / sigma).square() - math.log(sigma)
    return log_p.flatten(1).sum(1) - kl.sum(1)


def constant_once(x_hat, x, kl, sigma):
    error = -0.5 * ((x - x_hat) / sigma).square().flatten(1).sum(1)
    return error - math.log(sigma) - 0.5 * math.log(2 * math.pi) - kl.sum(1)


def no_half(x_hat, x, kl, sigma):
    error = ((x - x_hat) / sigma).square().flatten(1).sum(1)
    return Normal(x_hat, sigma).log_prob(x).flatten(1).sum(1) - error / 2 - kl.sum(1)


def sigma_not_squared(x_hat, x, kl, sigma):
    log_p = -((x - x_hat) ** 2) / (2 * sigma) - math.log(sigma) - 0.5 * math.log(2 * math.pi)
    return log_p.flatten(1).sum(1) - kl.sum(1)


def mean_of_features(x_hat, x, kl, sigma):
    return Normal(x_hat, sigma).log_prob(x).flatten(1).mean(1) - kl.sum(1)


def mean_of_kl(x_hat, x, kl, sigma):
    return Normal(x_hat, sigma).log_prob(x).flatten(1).sum(1) - kl.mean(1)


RIGHT = [by_torch, feature_by_feature, gaussian_nll]
WRONG = {
    plus_kl: "The KL is added",
    as_loss: "This is -ELBO",
    no_constants: "The constants are missing",
    no_log_sigma: "log sigma is missing",
    no_pi: "½ log 2π is missing",
    constant_once: "once for an example",
    no_half: "The ½ before the squared error",
    sigma_not_squared: "2 sigma squared",
    mean_of_features: "averaged over the features",
    mean_of_kl: "averaged over the dimensions",
}
