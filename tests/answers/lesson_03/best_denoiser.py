"""Answers to `best_denoiser`, lesson 03, as learners write them."""

import torch
from torch.distributions import Normal

# --- right ----------------------------------------------------------------------------------------


def by_softmax(noisy, data, sigma):
    squares = ((noisy[:, None, :] - data[None]) ** 2).sum(-1)
    return (-squares / (2 * sigma**2)).softmax(-1) @ data


def by_bayes(noisy, data, sigma):
    log_likelihood = Normal(data[None], sigma).log_prob(noisy[:, None]).sum(-1)
    posterior = (log_likelihood - log_likelihood.logsumexp(1, keepdim=True)).exp()
    return torch.einsum("bn,nd->bd", posterior, data)


def one_by_one(noisy, data, sigma):
    guesses = []
    for x in noisy:
        exponents = -torch.stack([(x - row).dot(x - row) for row in data]) / 2 / sigma / sigma
        weights = torch.exp(exponents - exponents.max())
        guesses.append((weights[:, None] * data).sum(0) / weights.sum())
    return torch.stack(guesses)


def by_tweedie(noisy, data, sigma):
    """noisy + σ² times the score of the blurred data, which autograd finds."""
    outer = noisy if noisy.requires_grad else noisy.detach().clone().requires_grad_()
    with torch.enable_grad():
        density = Normal(data[None], sigma).log_prob(outer[:, None]).sum(-1).logsumexp(1)
        (score,) = torch.autograd.grad(density.sum(), outer, create_graph=True)
    return outer + sigma**2 * score


# --- wrong ----------------------------------------------------------------------------------------


def distances(noisy, data):
    return ((noisy[:, None, :] - data[None]) ** 2).sum(-1)


def by_exp_and_division(noisy, data, sigma):
    weights = torch.exp(-distances(noisy, data) / (2 * sigma**2))
    return (weights[..., None] * data).sum(1) / weights.sum(1, keepdim=True)


def forgets_the_two(noisy, data, sigma):
    return torch.softmax(-distances(noisy, data) / sigma**2, 1) @ data


def sigma_for_variance(noisy, data, sigma):
    return torch.softmax(-distances(noisy, data) / (2 * sigma), 1) @ data


def root_of_the_distance(noisy, data, sigma):
    return torch.softmax(-torch.cdist(noisy, data) / (2 * sigma**2), 1) @ data


def without_minus(noisy, data, sigma):
    return torch.softmax(distances(noisy, data) / (2 * sigma**2), 1) @ data


def without_sigma(noisy, data, sigma):
    return torch.softmax(-distances(noisy, data), 1) @ data


def nearest(noisy, data, sigma):
    return data[torch.cdist(noisy, data).argmin(1)]


def mean_of_all(noisy, data, sigma):
    return data.mean(0).repeat(len(noisy), 1)


def over_the_batch(noisy, data, sigma):
    return torch.softmax(-distances(noisy, data) / (2 * sigma**2), 0) @ data


def mean_over_features(noisy, data, sigma):
    squares = ((noisy[:, None, :] - data[None]) ** 2).mean(-1)
    return torch.softmax(-squares / (2 * sigma**2), 1) @ data


def only_weights(noisy, data, sigma):
    return torch.softmax(-distances(noisy, data) / (2 * sigma**2), 1)


def arrow(noisy, data, sigma):
    return torch.softmax(-distances(noisy, data) / (2 * sigma**2), 1) @ data - noisy


RIGHT = [by_softmax, by_bayes, one_by_one, by_tweedie]
WRONG = {
    by_exp_and_division: "divide 0 by 0",
    forgets_the_two: "The 2 is missing",
    sigma_for_variance: "is its square",
    root_of_the_distance: "The distance in the exponent is squared",
    without_minus: "minus missing",
    without_sigma: "Sigma does not appear",
    nearest: "This is the nearest row",
    mean_of_all: "whatever came in",
    over_the_batch: "runs over the batch",
    mean_over_features: "mean of the squared differences",
    only_weights: "These are the weights",
    arrow: "This is the arrow",
}
