"""Answers to `kl_sparsity`, lesson 04, as learners write them."""

import math

import torch
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


def kl_formula(activations, target):
    m = torch.clamp(activations.mean(dim=0), 1e-6, 1 - 1e-6)
    return torch.sum(
        target * torch.log(target / m) + (1 - target) * torch.log((1 - target) / (1 - m))
    )


def kl_math_and_torch(activations, target):
    m = (activations.sum(0) / len(activations)).clamp(1e-5, 1 - 1e-5)
    on = target * (math.log(target) - m.log())
    off = (1 - target) * (math.log(1 - target) - torch.log1p(-m))
    return (on + off).sum()


def kl_distributions(activations, target):
    m = activations.mean(0).clamp(min=1e-6, max=1 - 1e-6)
    wanted = torch.distributions.Bernoulli(torch.full_like(m, target))
    return torch.distributions.kl_divergence(wanted, torch.distributions.Bernoulli(m)).sum()


def kl_by_loops(activations, target):
    total = torch.zeros(())
    for unit in activations.T:
        m = unit.mean().clamp(1e-6, 1 - 1e-6)
        total = total + target * (target / m).log() + (1 - target) * ((1 - target) / (1 - m)).log()
    return total


def kl_cross_entropy_less_entropy(activations, target):
    m = activations.mean(0)
    rho = torch.full_like(m, target)
    entropy = -(target * math.log(target) + (1 - target) * math.log(1 - target)) * len(m)
    cross = F.binary_cross_entropy(m.clamp(1e-6, 1 - 1e-6), rho, reduction="sum")
    return cross - entropy


def kl_xlogy(activations, target):
    m = activations.double().mean(0).clamp(1e-7, 1 - 1e-7)
    p = torch.stack([m, 1 - m])
    q = torch.tensor([[target], [1 - target]], dtype=torch.float64)
    return (torch.xlogy(q, q) - q * p.log()).sum().float()


def kl_epsilons(activations, target):
    m = activations.mean(0)
    on = target * torch.log(target / (m + 1e-7))
    return (on + (1 - target) * torch.log((1 - target) / (1 - m + 1e-7))).sum()


def kl_millionths(activations, target):
    m = activations.mean(0)
    on = target * torch.log(target / (m + 1e-6))
    return (on + (1 - target) * torch.log((1 - target) / (1 - m + 1e-6))).sum()


def kl_in_double(activations, target):
    m = activations.double().mean(0).clamp(1e-6, 1 - 1e-6)
    return (target * (target / m).log() + (1 - target) * ((1 - target) / (1 - m)).log()).sum()


def kl_log1p(activations, target):
    """A ten-millionth, about as near to 1 as float32 comes."""
    m = activations.mean(0).clamp(min=1e-7, max=1 - 1e-7)
    off = math.log1p(-target) - torch.log1p(-m)
    return (target * (math.log(target) - m.log()) + (1 - target) * off).sum()


# --- wrong ----------------------------------------------------------------------------------------


def kl_of(rho, m):
    rho, m = torch.as_tensor(rho), torch.as_tensor(m)
    return rho * torch.log(rho / m) + (1 - rho) * torch.log((1 - rho) / (1 - m))


def kl_reversed(activations, target):
    return kl_of(activations.mean(0), target).sum()


def kl_each_unit(activations, target):
    return kl_of(target, activations.mean(0))


def kl_mean_over_units(activations, target):
    return kl_of(target, activations.mean(0)).mean()


def kl_each_activation(activations, target):
    return kl_of(target, activations).sum(1).mean()


def kl_each_activation_summed(activations, target):
    return kl_of(target, activations).sum()


def kl_each_activation_averaged(activations, target):
    return kl_of(target, activations).mean()


def kl_mean_over_dim_1(activations, target):
    return kl_of(target, activations.mean(dim=1)).sum()


def kl_one_mean(activations, target):
    return kl_of(target, activations.mean())


def kl_first_term(activations, target):
    return (target * torch.log(target / activations.mean(0))).sum()


def kl_second_term(activations, target):
    m = activations.mean(0)
    return ((1 - target) * torch.log((1 - target) / (1 - m))).sum()


def kl_upside_down(activations, target):
    m = activations.mean(0)
    return (target * torch.log(m / target) + (1 - target) * torch.log((1 - m) / (1 - target))).sum()


def kl_minus(activations, target):
    m = activations.mean(0)
    on = target * torch.log(target / m)
    return (on - (1 - target) * torch.log((1 - target) / (1 - m))).sum()


def kl_cross_entropy(activations, target):
    m = activations.mean(0)
    return F.binary_cross_entropy(m, torch.full_like(m, target), reduction="sum")


def kl_bits(activations, target):
    m = activations.mean(0)
    on = target * torch.log2(target / m)
    return (on + (1 - target) * torch.log2((1 - target) / (1 - m))).sum()


def kl_sigmoid_again(activations, target):
    return kl_of(target, activations.sigmoid().mean(0)).sum()


def kl_squares(activations, target):
    return ((activations.mean(0) - target) ** 2).sum()


def kl_distances(activations, target):
    return (activations.mean(0) - target).abs().sum()


def kl_times_batch(activations, target):
    return kl_of(target, activations.mean(0)).expand_as(activations).sum()


def kl_fixed_target(activations, target):
    return kl_formula(activations, 0.05)


def kl_counts(activations, target):
    return kl_of(target, (activations > 0.5).float().mean(0).clamp(0.01, 0.99)).sum()


def kl_log10(activations, target):
    m = activations.mean(0).clamp(1e-6, 1 - 1e-6)
    on = target * torch.log10(target / m)
    return (on + (1 - target) * torch.log10((1 - target) / (1 - m))).sum()


def kl_sum_over_batch(activations, target):
    return kl_of(target, activations.sum(0).clamp(1e-6, 1 - 1e-6)).sum()


def kl_factor_forgotten(activations, target):
    m = activations.mean(0).clamp(1e-6, 1 - 1e-6)
    return (target * torch.log(target / m) + torch.log((1 - target) / (1 - m))).sum()


def kl_first_factor_forgotten(activations, target):
    m = activations.mean(0).clamp(1e-6, 1 - 1e-6)
    return (torch.log(target / m) + (1 - target) * torch.log((1 - target) / (1 - m))).sum()


def kl_both_factors_forgotten(activations, target):
    m = activations.mean(0).clamp(1e-6, 1 - 1e-6)
    return (torch.log(target / m) + torch.log((1 - target) / (1 - m))).sum()


def kl_shifted(activations, target):
    return kl_of(target, activations.mean(0) + 1e-6).sum()


def kl_large_epsilon(activations, target):
    m = activations.mean(0)
    on = target * torch.log(target / (m + 1e-3))
    return (on + (1 - target) * torch.log((1 - target) / (1 - m + 1e-3))).sum()


def kl_not_clamped(activations, target):
    return kl_of(target, activations.mean(0)).sum()


def kl_clamped_below_only(activations, target):
    return kl_of(target, activations.mean(0).clamp(min=1e-6)).sum()


def kl_hidden(activations, target):
    return torch.nan_to_num(kl_of(target, activations.mean(0)), posinf=10.0).sum()


def kl_left_out(activations, target):
    m = activations.mean(0)
    inside = (m > 0) & (m < 1)
    return kl_of(target, m[inside]).sum()


def kl_clamped_too_far(activations, target):
    """No known mistake: the generic message has to do."""
    return kl_of(target, activations.mean(0).clamp(0.05, 0.95)).sum()


def kl_detached(activations, target):
    return kl_formula(activations.detach(), target)


def kl_item(activations, target):
    return kl_formula(activations, target).item()


def kl_clamped_at_a_thousandth(activations, target):
    m = activations.mean(0).clamp(1e-3, 1 - 1e-3)
    return (target * (target / m).log() + (1 - target) * ((1 - target) / (1 - m)).log()).sum()


def kl_clamped_at_a_ten_thousandth(activations, target):
    m = activations.mean(0).clamp(1e-4, 1 - 1e-4)
    return (target * (target / m).log() + (1 - target) * ((1 - target) / (1 - m)).log()).sum()


def kl_held_below_alone(activations, target):
    """A millionth at one end, and a hundredth of a per cent at the other."""
    m = activations.mean(0).clamp(1e-6, 1 - 1e-4)
    return (target * (target / m).log() + (1 - target) * ((1 - target) / (1 - m)).log()).sum()


def kl_math_log(activations, target):
    m = activations.mean(0)
    return (target * math.log(target / m) + (1 - target) * math.log((1 - target) / (1 - m))).sum()


def kl_of_the_tutorial(activations, target):
    """As many repositories have it, after one tutorial."""
    m = torch.mean(torch.sigmoid(activations), 1)
    return torch.sum(
        target * torch.log(target / m) + (1 - target) * torch.log((1 - target) / (1 - m))
    )


def kl_sigmoid_of_each(activations, target):
    m = torch.sigmoid(activations)
    kl = target * torch.log(target / m) + (1 - target) * torch.log((1 - target) / (1 - m))
    return kl.sum(1).mean()


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [
    kl_formula,
    kl_math_and_torch,
    kl_distributions,
    kl_by_loops,
    kl_cross_entropy_less_entropy,
    kl_xlogy,
    kl_epsilons,
    kl_millionths,
    kl_in_double,
    kl_log1p,
]

WRONG = {
    kl_reversed: "The two are swapped",
    kl_each_unit: "one number for each unit. Sum",
    kl_mean_over_units: "mean over the units where the sum is wanted",
    kl_each_activation: "and averaged last",
    kl_each_activation_summed: "and summed over all",
    kl_each_activation_averaged: "and averaged over all",
    kl_mean_over_dim_1: "averaged over the units of each picture",
    kl_one_mean: "You averaged over everything",
    kl_first_term: "Only the first term",
    kl_second_term: "Only the second term",
    kl_upside_down: "The sign is turned round",
    kl_minus: "The second term is subtracted",
    kl_cross_entropy: "This is the cross-entropy",
    kl_bits: "in bits",
    kl_sigmoid_again: "a sigmoid once more",
    kl_squares: "the squared distance of the means",
    kl_distances: "This is the distance of the means",
    kl_times_batch: "grows with the size of the batch",
    kl_fixed_target: "Your target is 0.05",
    kl_counts: "how often a unit is above",
    kl_log10: "to the base 10",
    kl_sum_over_batch: "Your means are not means over the batch",
    kl_factor_forgotten: "The factor `(1 - target)` before",
    kl_first_factor_forgotten: "The factor `target` before",
    kl_both_factors_forgotten: "Both factors are forgotten",
    kl_shifted: "Do not add a millionth to every mean",
    kl_large_epsilon: "You added 0.001 inside the logarithms",
    kl_not_clamped: "never active, mean 0, your function returns",
    kl_clamped_below_only: "always fully active, mean 1, your function returns inf",
    kl_hidden: "its gradient is not",
    kl_left_out: "instead of leaving the unit out",
    kl_clamped_too_far: "Carry the first unit through by hand",
    kl_detached: "nothing could be trained",
    kl_item: "Leave out `.item()`",
    kl_clamped_at_a_thousandth: "Yours seems to be moved to 0.001",
    kl_clamped_at_a_ten_thousandth: "Yours seems to be moved to 0.0001",
    kl_held_below_alone: "Yours seems to be moved to 0.9999",
    kl_math_log: "`torch.log(...)`, or `.log()`",
    kl_of_the_tutorial: "Two things at once",
    kl_sigmoid_of_each: "and every one of them is compared with the target",
}
