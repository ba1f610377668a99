"""Answers to `kl_sparsity_twin`, lesson 04, as learners write them."""

import math

import torch
from torch.distributions import Categorical, kl_divergence
from torch.nn import functional as F


def less_the_entropy(probabilities):
    mean = probabilities.mean(0)
    return math.log(len(mean)) + torch.xlogy(mean, mean).sum()


def by_torch(probabilities):
    mean = probabilities.mean(dim=0)
    uniform = torch.full_like(mean, 1 / len(mean))
    return F.kl_div(uniform.log(), mean, reduction="sum")


def by_distributions(probabilities):
    mean = probabilities.mean(dim=0)
    return kl_divergence(Categorical(probs=mean), Categorical(probs=torch.ones_like(mean)))


def example_by_example(probabilities):
    entropy = -(probabilities * probabilities.log()).sum(1)
    return (math.log(probabilities.shape[1]) - entropy).mean()


def entropy(probabilities):
    return Categorical(probs=probabilities.mean(0)).entropy()


def no_target(probabilities):
    return -Categorical(probs=probabilities.mean(0)).entropy()


def turned_round(probabilities):
    return -less_the_entropy(probabilities)


def other_direction(probabilities):
    mean = probabilities.mean(dim=0)
    return kl_divergence(Categorical(probs=torch.ones_like(mean)), Categorical(probs=mean))


def mean_over_symbols(probabilities):
    return less_the_entropy(probabilities) / probabilities.shape[1]


def in_bits(probabilities):
    return less_the_entropy(probabilities) / math.log(2)


def squares(probabilities):
    return ((probabilities.mean(0) - 1 / probabilities.shape[1]) ** 2).sum()


def summed_over_the_batch(probabilities):
    use = probabilities.sum(dim=0)
    return (use * torch.log(use * len(use))).sum()


def examples_for_symbols(probabilities):
    mean = probabilities.mean(0)
    return (mean * torch.log(mean / (1 / len(probabilities)))).sum()


RIGHT = [less_the_entropy, by_torch, by_distributions]
WRONG = {
    example_by_example: "compare every example",
    entropy: "the entropy of the mean use",
    no_target: "The target 1 / K is missing",
    turned_round: "The sign is turned round",
    other_direction: "the other direction",
    mean_over_symbols: "the mean over the symbols",
    in_bits: "These are bits",
    squares: "a squared distance",
    summed_over_the_batch: "summed over the batch",
    examples_for_symbols: "not that of examples",
}
