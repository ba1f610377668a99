"""Answers to `reparameterize_twin`, lesson 07, as learners write them."""

import torch
from torch.distributions import Exponential


def plain(log_mean, u):
    return -log_mean.exp() * torch.log(1 - u)


def by_the_inverse(log_mean, u):
    return Exponential((-log_mean).exp()).icdf(u)


def by_a_rate(log_mean, u):
    rate = 1 / torch.exp(log_mean)
    return torch.log(1 / (1 - u)) / rate


def one_minus_u(log_mean, u):
    return Exponential((-log_mean).exp()).icdf(1 - u)


def below_zero(log_mean, u):
    return torch.exp(log_mean) * torch.log1p(-u)


def mean_as_rate(log_mean, u):
    return Exponential(log_mean.exp()).icdf(u)


def no_exponential(log_mean, u):
    return log_mean * -torch.log1p(-u)


def half_of_it(log_mean, u):
    return -torch.exp(0.5 * log_mean) * torch.log1p(-u)


def uniform(log_mean, u):
    return u * torch.exp(log_mean)


def shifted(log_mean, u):
    return u + torch.exp(log_mean)


def the_share(log_mean, u):
    return Exponential((-log_mean).exp()).cdf(u)


def added(log_mean, u):
    return log_mean + torch.log(1 / (1 - u))


def not_remembered(log_mean, u):
    return Exponential((-log_mean).exp()).icdf(u).detach()


RIGHT = [plain, by_the_inverse, by_a_rate]
WRONG = {
    one_minus_u: "belongs to 1 - u",
    below_zero: "The minus is missing",
    mean_as_rate: "as one does by a rate",
    no_exponential: "itself was used as the mean",
    half_of_it: "belongs to a log-variance",
    uniform: "uniform still",
    shifted: "moved to the mean",
    the_share: "the share that lies below u",
    added: "is added to `log_mean`",
    not_remembered: "cut that thread",
}
