"""Answers to `importance_weighted_bound_twin`, lesson 08, as learners write them."""

import torch


def by_shares(log_w):
    return 1 / torch.softmax(log_w, dim=0).square().sum(dim=0)


def largest_subtracted(log_w):
    w = (log_w - log_w.max(dim=0).values).exp()
    return w.sum(0) ** 2 / (w**2).sum(0)


def by_logarithms(log_w):
    return torch.exp(2 * log_w.logsumexp(dim=0) - (2 * log_w).logsumexp(dim=0))


def column_by_column(log_w):
    shares = [torch.softmax(column, 0) for column in log_w.T]
    return torch.stack([1 / torch.dot(share, share) for share in shares])


def overflowing(log_w):
    w = torch.exp(log_w)
    return w.sum(dim=0).square() / (w * w).sum(dim=0)


def one_over(log_w):
    return torch.exp((2 * log_w).logsumexp(0) - 2 * log_w.logsumexp(0))


def along_the_examples(log_w):
    w = (log_w - log_w.max(dim=1, keepdim=True).values).exp()
    return w.sum(1) ** 2 / (w**2).sum(1)


def not_squared(log_w):
    return torch.exp(torch.logsumexp(log_w, 0)) / torch.exp(torch.logsumexp(2 * log_w, 0))


def logarithm(log_w):
    return by_shares(log_w).log()


def largest_alone(log_w):
    return torch.exp(log_w.logsumexp(0) - log_w.amax(0))


def perplexity(log_w):
    return torch.distributions.Categorical(logits=log_w.T).entropy().exp()


def mean_of_squares(log_w):
    return 1 / torch.softmax(log_w, 0).pow(2).mean(0)


def share_of_draws(log_w):
    return by_shares(log_w) / log_w.shape[0]


def largest_of_all_subtracted(log_w):
    w = (log_w - log_w.max()).exp()
    return w.sum(0) ** 2 / w.square().sum(0)


RIGHT = [by_shares, largest_subtracted, by_logarithms, column_by_column]
WRONG = {
    overflowing: "it divides 0 by 0",
    one_over: "one over the number",
    along_the_examples: "along the examples",
    not_squared: "has to be squared",
    logarithm: "the logarithm of the number",
    largest_alone: "the largest weight alone",
    perplexity: "the perplexity",
    mean_of_squares: "a mean where a sum belongs",
    share_of_draws: "the share of the draws",
    largest_of_all_subtracted: "exponentiate its numbers, add them up",
}
