"""Answers to `codebook_perplexity`, lesson 12, as learners write them."""

import math
from collections import Counter

import numpy as np
import torch
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


def by_bincount(indices, num_embeddings):
    p = torch.bincount(indices.reshape(-1), minlength=num_embeddings).float()
    p = p / p.sum()
    p = p[p > 0]
    return torch.exp(-(p * p.log()).sum()).item()


def by_small_number(indices, num_embeddings):
    """As published code does it: a tiny number against log 0."""
    p = F.one_hot(indices.flatten(), num_embeddings).double().mean(0)
    return float(torch.exp(-torch.sum(p * torch.log(p + 1e-10))))


def by_numpy(indices, num_embeddings):
    _, counts = np.unique(indices.numpy(), return_counts=True)
    p = counts / counts.sum()
    return np.exp(-np.sum(p * np.log(p)))


def by_counter(indices, num_embeddings):
    counts = Counter(indices.flatten().tolist())
    n = sum(counts.values())
    return 2 ** -sum(c / n * math.log2(c / n) for c in counts.values())


def by_distribution(indices, num_embeddings):
    counts = torch.zeros(num_embeddings).scatter_add_(
        0, indices.flatten(), torch.ones(indices.numel())
    )
    return torch.distributions.Categorical(probs=counts / counts.sum()).entropy().exp().item()


# --- wrong ----------------------------------------------------------------------------------------


def shares(indices, num_embeddings):
    counts = torch.bincount(indices.flatten(), minlength=num_embeddings)
    return counts / counts.sum()


def nats(p):
    p = p[p > 0]
    return -(p * p.log()).sum()


def only_entropy(indices, num_embeddings):
    return nats(shares(indices, num_embeddings)).item()


def only_bits(indices, num_embeddings):
    return nats(shares(indices, num_embeddings)).item() / math.log(2)


def no_minus(indices, num_embeddings):
    return torch.exp(-nats(shares(indices, num_embeddings))).item()


def minus_outside(indices, num_embeddings):
    return -torch.exp(nats(shares(indices, num_embeddings))).item()


def bits_with_exp(indices, num_embeddings):
    return math.exp(only_bits(indices, num_embeddings))


def nats_with_two(indices, num_embeddings):
    return 2 ** only_entropy(indices, num_embeddings)


def distinct(indices, num_embeddings):
    return float(len(indices.unique()))


def share_of_the_codebook(indices, num_embeddings):
    return nats(shares(indices, num_embeddings)).exp().item() / num_embeddings


def mean_for_sum(indices, num_embeddings):
    return math.exp(torch.special.entr(shares(indices, num_embeddings)).mean())


def inverse_simpson(indices, num_embeddings):
    return 1 / shares(indices, num_embeddings).square().sum().item()


def inverse_largest(indices, num_embeddings):
    return 1 / shares(indices, num_embeddings).max().item()


def nan_from_zero(indices, num_embeddings):
    p = shares(indices, num_embeddings)
    return torch.exp(-(p * p.log()).sum()).item()


def softmax_of_shares(indices, num_embeddings):
    return nats(shares(indices, num_embeddings).softmax(0)).exp().item()


def softmax_of_counts(indices, num_embeddings):
    counts = torch.bincount(indices.flatten(), minlength=num_embeddings)
    return nats(counts.float().softmax(0)).exp().item()


def divided_by_symbols(indices, num_embeddings):
    counts = torch.bincount(indices.flatten(), minlength=num_embeddings)
    return nats(counts / num_embeddings).exp().item()


def divided_by_pictures(indices, num_embeddings):
    counts = torch.bincount(indices.flatten(), minlength=num_embeddings)
    return nats(counts / len(indices)).exp().item()


def mean_over_rows(indices, num_embeddings):
    return sum(nats(shares(row, num_embeddings)).exp().item() for row in indices) / len(indices)


def first_row(indices, num_embeddings):
    return nats(shares(indices[:1], num_embeddings)).exp().item()


def how_many(indices, num_embeddings):
    return float(num_embeddings)


def as_tensor(indices, num_embeddings):
    return nats(shares(indices, num_embeddings)).exp()


def not_flat(indices, num_embeddings):
    return nats(torch.bincount(indices, minlength=num_embeddings) / indices.numel()).exp().item()


def in_place(indices, num_embeddings):
    indices += 1
    return nats(shares(indices, num_embeddings + 1)).exp().item()


def smoothed(indices, num_embeddings):
    counts = torch.bincount(indices.flatten(), minlength=num_embeddings) + 1
    return nats(counts / counts.sum()).exp().item()


def small_number_too_large(indices, num_embeddings):
    p = shares(indices, num_embeddings)
    return torch.exp(-(p * (p + 1e-3).log()).sum()).item()


def small_number_in_both(indices, num_embeddings):
    return nats(shares(indices, num_embeddings) + 1e-4).exp().item()


def rounded(indices, num_embeddings):
    return round(nats(shares(indices, num_embeddings)).exp().item())


def squared_shares(indices, num_embeddings):
    """No known mistake: the generic message has to do."""
    p = shares(indices, num_embeddings) ** 2
    return nats(p / p.sum()).exp().item()


# --- accepted, and rejected with these words ------------------------------------------------------


def share_in_use(indices, num_embeddings):
    return len(indices.unique()) / num_embeddings


def mean_over_present_symbols(indices, num_embeddings):
    p = shares(indices, num_embeddings)
    p = p[p > 0]
    return torch.exp(-(p * p.log()).mean()).item()


def evenness(indices, num_embeddings):
    return math.exp(nats(shares(indices, num_embeddings))) / len(indices.unique())


def mean_over_pictures(indices, num_embeddings):
    pictures = indices if indices.ndim > 1 else indices[None]
    each = [math.exp(nats(shares(picture, num_embeddings))) for picture in pictures]
    return sum(each) / len(each)


def mean_entropy_of_rows(indices, num_embeddings):
    each = [nats(shares(row, num_embeddings)).item() for row in indices]
    return math.exp(sum(each) / len(each))


def until_nine_in_ten(indices, num_embeddings):
    falling = shares(indices, num_embeddings).sort(descending=True).values
    return float((falling.cumsum(0) < 0.9).sum() + 1)


RIGHT = [by_bincount, by_small_number, by_numpy, by_counter, by_distribution]

WRONG = {
    only_entropy: "the entropy itself, in nats",
    only_bits: "the entropy in bits. Take",
    no_minus: "The minus is missing",
    minus_outside: "outside of the exponential",
    bits_with_exp: "and e is raised to it",
    nats_with_two: "and 2 is raised to it",
    distinct: "symbols that occur at all",
    share_of_the_codebook: "a number of symbols and no",
    mean_for_sum: "The mean over symbols",
    inverse_simpson: "another way to count",
    inverse_largest: "one over the largest share",
    nan_from_zero: "0 · log 0 is nan",
    softmax_of_shares: "send the shares through a softmax",
    softmax_of_counts: "shares of the counts by a softmax",
    divided_by_symbols: "divide the counts by `num_embeddings`",
    divided_by_pictures: "the length of the first axis",
    mean_over_rows: "of each row by itself",
    first_row: "Only the first row is counted",
    how_many: "the number of symbols there are",
    as_tensor: "expected a Python number",
    not_flat: "Your code stopped with",
    in_place: "changed its argument `indices` in place",
    smoothed: "You add one to every count",
    small_number_too_large: "You add 0.001 to the shares",
    small_number_in_both: "You add 0.0001 to the shares",
    rounded: "You rounded",
    share_in_use: "the share of the symbols that occur at all",
    mean_over_present_symbols: "The mean over the symbols that occur",
    evenness: "You divide by how many symbols occur",
    mean_over_pictures: "of each picture by itself",
    mean_entropy_of_rows: "The entropy is averaged over the rows",
    squared_shares: "Print the share of each symbol",
    until_nine_in_ten: "Print the share of each symbol",
}
