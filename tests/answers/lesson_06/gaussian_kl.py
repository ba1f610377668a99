"""Answers to `gaussian_kl`, lesson 06, as learners write them."""

import math

import torch
from torch.distributions import Independent, Normal, kl_divergence
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


def kl_as_in_the_paper(mu, log_var):
    return -0.5 * torch.sum(1 + log_var - mu.pow(2) - log_var.exp(), dim=1)


def kl_distributions(mu, log_var):
    q = Normal(mu, torch.exp(0.5 * log_var))
    p = Normal(torch.zeros_like(mu), torch.ones_like(mu))
    return kl_divergence(q, p).sum(-1)


def kl_independent(mu, log_var):
    q = Independent(Normal(mu, log_var.exp().sqrt()), 1)
    p = Independent(Normal(torch.zeros_like(mu), 1.0), 1)
    return torch.distributions.kl.kl_divergence(q, p)


def kl_multivariate(mu, log_var):
    q = torch.distributions.MultivariateNormal(mu, torch.diag_embed(log_var.exp()))
    prior = torch.zeros(mu.shape[1]), torch.eye(mu.shape[1])
    return kl_divergence(q, torch.distributions.MultivariateNormal(*prior))


def kl_with_sigma(mu, log_var):
    sigma = torch.exp(log_var / 2)
    return (mu**2 / 2 + sigma**2 / 2 - torch.log(sigma) - 1 / 2).sum(1)


def kl_loop(mu, log_var):
    costs = []
    for m, lv in zip(mu, log_var, strict=True):
        cost = 0.0
        for j in range(len(m)):
            cost = cost + (m[j] ** 2 + torch.exp(lv[j]) - lv[j] - 1) / 2
        costs.append(cost)
    return torch.stack(costs)


def kl_einsum(mu, log_var):
    squares = torch.einsum("bj,bj->b", mu, mu)
    rest = torch.einsum("bj->b", torch.expm1(log_var) - log_var)
    return (squares + rest) / 2


def kl_entropies(mu, log_var):
    cross_entropy = 0.5 * (math.log(2 * math.pi) + mu**2 + log_var.exp())
    entropy = 0.5 * (math.log(2 * math.pi * math.e) + log_var)
    return (cross_entropy - entropy).sum(dim=-1)


def kl_double(mu, log_var):
    mu, log_var = mu.double(), log_var.double()
    return ((mu * mu + log_var.exp() - log_var).sum(1) - mu.shape[1]) / 2


def kl_sinh(mu, log_var):
    """σ² - 1 = 2 σ sinh(log σ)."""
    half = log_var / 2
    return (mu.square() / 2 + half.exp() * half.sinh() - half).sum(-1)


def kl_vmap(mu, log_var):
    return torch.vmap(lambda m, lv: (m @ m + lv.exp().sum() - lv.sum() - len(m)) / 2)(mu, log_var)


def kl_with_a_harmless_guard(mu, log_var):
    """A millionth that keeps the logarithm of a variance finite changes nothing that shows."""
    var = log_var.exp()
    return 0.5 * (mu**2 + var - torch.log(var + 1e-6) - 1).sum(1)


def kl_clamped_far_out(mu, log_var):
    """Where no encoder goes: a guard against overflow."""
    log_var = log_var.clamp(-20, 20)
    return -0.5 * (1 + log_var - mu**2 - log_var.exp()).sum(-1)


def kl_in_double_by_row(mu, log_var):
    rows = zip(mu.double(), log_var.double(), strict=True)
    return torch.stack([(m @ m + lv.exp().sum() - lv.sum() - len(m)) / 2 for m, lv in rows])


# --- wrong ----------------------------------------------------------------------------------------


def kl_clamped_log_var(mu, log_var):
    log_var = torch.clamp(log_var, -4, 4)
    return 0.5 * (mu**2 + log_var.exp() - log_var - 1).sum(1)


def kl_clamped_below(mu, log_var):
    log_var = log_var.clamp(min=-6)
    return 0.5 * (mu**2 + log_var.exp() - log_var - 1).sum(1)


def kl_clamped_above(mu, log_var):
    return 0.5 * (mu**2 + log_var.clamp(max=3.5).exp() - log_var.clamp(max=3.5) - 1).sum(1)


def kl_clamped_mu(mu, log_var):
    return 0.5 * (mu.clamp(-9, 9) ** 2 + log_var.exp() - log_var - 1).sum(1)


def kl_variance_with_a_floor(mu, log_var):
    var = log_var.exp().clamp(min=0.005)
    return 0.5 * (mu**2 + var - var.log() - 1).sum(1)


def kl_soft_bounds(mu, log_var):
    """Bent by degrees: nothing stands still."""
    log_var = torch.where(log_var.abs() > 3, log_var.sign() * (2 + log_var.abs() / 3), log_var)
    return 0.5 * (mu**2 + log_var.exp() - log_var - 1).sum(1)


def kl_hat_for_power(mu, log_var):
    return 0.5 * (mu ^ 2 + log_var.exp() - log_var - 1).sum(1)


def kl_log_sigma(mu, log_var):
    return kl_divergence(Normal(mu, log_var.exp()), Normal(0.0, 1.0)).sum(1)


def kl_sigma(mu, log_var):
    return -0.5 * (1 + torch.log(log_var**2) - mu**2 - log_var**2).sum(1)


def kl_variance(mu, log_var):
    return -0.5 * (1 + torch.log(log_var) - mu**2 - log_var).sum(1)


def kl_no_exp(mu, log_var):
    return -0.5 * torch.sum(1 + log_var - mu**2 - log_var, dim=1)


def kl_square_for_exp(mu, log_var):
    return -0.5 * torch.sum(1 + log_var - mu**2 - log_var**2, dim=1)


def kl_sigma_for_variance(mu, log_var):
    sigma = torch.exp(log_var / 2)
    return -0.5 * torch.sum(1 + log_var - mu**2 - sigma, dim=1)


def kl_sigma_everywhere(mu, log_var):
    sigma = torch.exp(log_var / 2)
    return 0.5 * torch.sum(mu**2 + sigma - sigma.log() - 1, dim=1)


def kl_log_sigma_term(mu, log_var):
    sigma = torch.exp(log_var / 2)
    return 0.5 * torch.sum(mu**2 + sigma**2 - sigma.log() - 1, dim=1)


def kl_variance_squared(mu, log_var):
    variance = log_var.exp()
    return 0.5 * torch.sum(mu**2 + variance**2 - log_var - 1, dim=1)


def kl_softplus(mu, log_var):
    return 0.5 * torch.sum(mu**2 + F.softplus(log_var) - log_var - 1, dim=1)


def kl_minus_in_exponent(mu, log_var):
    return 0.5 * torch.sum(mu**2 + torch.exp(-log_var) - log_var - 1, dim=1)


def kl_no_half(mu, log_var):
    return torch.sum(mu**2 + log_var.exp() - log_var - 1, dim=1)


def kl_half_twice(mu, log_var):
    return 0.5 * kl_as_in_the_paper(mu, log_var)


def kl_half_of_mu(mu, log_var):
    return (mu**2 / 2 + log_var.exp() - log_var - 1).sum(1)


def kl_mu_halved_twice(mu, log_var):
    return 0.5 * (mu**2 / 2 + log_var.exp() - log_var - 1).sum(1)


def kl_sum_then_square(mu, log_var):
    return 0.5 * (mu.sum(1) ** 2 + log_var.exp().sum(1) - log_var.sum(1) - mu.shape[1])


def kl_sum_then_exp(mu, log_var):
    log_det = log_var.sum(1)
    return 0.5 * (mu.square().sum(1) + log_det.exp() - log_det - mu.shape[1])


def kl_norm(mu, log_var):
    return 0.5 * (torch.linalg.norm(mu, dim=1) + (log_var.exp() - log_var - 1).sum(1))


def kl_bracket_after_two(mu, log_var):
    return torch.sum(0.5 * (mu**2 + log_var.exp()) - log_var - 1, dim=1)


def kl_bracket_after_three(mu, log_var):
    return torch.sum(0.5 * (mu**2 + log_var.exp() - log_var) - 1, dim=1)


def kl_one_for_all(mu, log_var):
    return 0.5 * (mu.square().sum(1) + log_var.exp().sum(1) - log_var.sum(1) - 1)


def kl_no_one(mu, log_var):
    return 0.5 * torch.sum(mu**2 + log_var.exp() - log_var, dim=1)


def kl_negative(mu, log_var):
    return 0.5 * torch.sum(1 + log_var - mu**2 - log_var.exp(), dim=1)


def kl_sign_of_log_var(mu, log_var):
    return 0.5 * torch.sum(mu**2 + log_var.exp() + log_var - 1, dim=1)


def kl_sign_of_mu(mu, log_var):
    return -0.5 * torch.sum(1 + log_var + mu**2 - log_var.exp(), dim=1)


def kl_sign_of_variance(mu, log_var):
    return -0.5 * torch.sum(1 + log_var - mu**2 + log_var.exp(), dim=1)


def kl_sign_of_one(mu, log_var):
    return 0.5 * torch.sum(mu**2 + log_var.exp() - log_var + 1, dim=1)


def kl_mu_not_squared(mu, log_var):
    return 0.5 * torch.sum(mu + log_var.exp() - log_var - 1, dim=1)


def kl_no_log(mu, log_var):
    return 0.5 * torch.sum(mu**2 + log_var.exp() - 1, dim=1)


def kl_no_variance(mu, log_var):
    return 0.5 * torch.sum(mu**2 - log_var - 1, dim=1)


def kl_no_mu(mu, log_var):
    return 0.5 * torch.sum(log_var.exp() - log_var - 1, dim=1)


def kl_reversed(mu, log_var):
    q = Normal(mu, torch.exp(log_var / 2))
    p = Normal(torch.zeros_like(mu), torch.ones_like(mu))
    return kl_divergence(p, q).sum(1)


def kl_cross_entropy(mu, log_var):
    return (0.5 * (mu**2 + log_var.exp()) + 0.5 * math.log(2 * math.pi)).sum(1)


def kl_bits(mu, log_var):
    return kl_distributions(mu, log_var) / math.log(2)


def kl_swapped(log_var, mu):
    return -0.5 * torch.sum(1 + log_var - mu**2 - log_var.exp(), dim=1)


def kl_mean_over_dimensions(mu, log_var):
    return -0.5 * torch.mean(1 + log_var - mu**2 - log_var.exp(), dim=1)


def kl_sum_of_everything(mu, log_var):
    return -0.5 * torch.sum(1 + log_var - mu.pow(2) - log_var.exp())


def kl_mean_over_batch(mu, log_var):
    return torch.mean(-0.5 * torch.sum(1 + log_var - mu**2 - log_var.exp(), dim=1), dim=0)


def kl_mean_of_everything(mu, log_var):
    return -0.5 * torch.mean(1 + log_var - mu.pow(2) - log_var.exp())


def kl_sum_over_batch(mu, log_var):
    return -0.5 * torch.sum(1 + log_var - mu**2 - log_var.exp(), dim=0)


def kl_mean_over_first_axis(mu, log_var):
    return -0.5 * torch.mean(1 + log_var - mu**2 - log_var.exp(), dim=0)


def kl_per_dimension(mu, log_var):
    q = Normal(mu, torch.exp(log_var / 2))
    return kl_divergence(q, Normal(torch.zeros_like(mu), torch.ones_like(mu)))


def kl_column(mu, log_var):
    return -0.5 * torch.sum(1 + log_var - mu**2 - log_var.exp(), dim=1, keepdim=True)


def kl_sampled(mu, log_var):
    q = Normal(mu, torch.exp(log_var / 2))
    z = q.rsample()
    return (q.log_prob(z) - Normal(0.0, 1.0).log_prob(z)).sum(1)


def kl_detached(mu, log_var):
    return kl_as_in_the_paper(mu.detach(), log_var)


def kl_variance_detached(mu, log_var):
    return kl_as_in_the_paper(mu, log_var.data)


def kl_numpy(mu, log_var):
    import numpy as np

    mu, log_var = mu.numpy(), log_var.numpy()
    return torch.from_numpy(0.5 * (mu**2 + np.exp(log_var) - log_var - 1).sum(1))


def kl_number(mu, log_var):
    return kl_as_in_the_paper(mu, log_var).mean().item()


def kl_in_place(mu, log_var):
    return 0.5 * (mu.pow_(2) + log_var.exp() - log_var - 1).sum(1)


def kl_math_exp(mu, log_var):
    return 0.5 * (mu**2 + math.exp(log_var) - log_var - 1).sum(1)


def kl_plus_reversed(mu, log_var):
    """No known mistake: the generic message has to do."""
    return kl_as_in_the_paper(mu, log_var) + kl_reversed(mu, log_var)


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [
    kl_as_in_the_paper,
    kl_distributions,
    kl_independent,
    kl_multivariate,
    kl_with_sigma,
    kl_loop,
    kl_einsum,
    kl_entropies,
    kl_double,
    kl_sinh,
    kl_vmap,
    kl_with_a_harmless_guard,
    kl_clamped_far_out,
    kl_in_double_by_row,
]

WRONG = {
    kl_log_sigma: "is taken for log σ",
    kl_sigma: "for σ itself",
    kl_variance: "for the variance σ²",
    kl_no_exp: "it cancels with the other one",
    kl_square_for_exp: "you have `log_var ** 2`",
    kl_sigma_for_variance: "Where the variance belongs",
    kl_sigma_everywhere: "halve `log_var` everywhere",
    kl_log_sigma_term: "and you have log σ",
    kl_variance_squared: "you have σ⁴",
    kl_softplus: "used `softplus`",
    kl_no_half: "the factor ½ in front of the sum is lost",
    kl_half_twice: "the factor ½ is in it twice",
    kl_minus_in_exponent: "a minus in the exponent",
    kl_mu_halved_twice: "μ² is halved twice",
    kl_sum_then_square: "summed the means and then squared",
    kl_sum_then_exp: "summed the log-variances",
    kl_norm: "`norm` takes a root",
    kl_half_of_mu: "Only μ² is halved",
    kl_bracket_after_two: "The bracket closes too early",
    kl_bracket_after_three: "closes one term too early",
    kl_one_for_all: "subtracted once for an example",
    kl_no_one: "The -1 is forgotten",
    kl_negative: "sign of the whole is turned round",
    kl_sign_of_log_var: "sign of log σ² is wrong",
    kl_sign_of_mu: "sign of μ² is wrong",
    kl_sign_of_variance: "sign of σ² is wrong",
    kl_sign_of_one: "You add the 1",
    kl_mu_not_squared: "μ is not squared",
    kl_no_log: "term -log σ² is missing",
    kl_no_variance: "term σ², `log_var.exp()`, is missing",
    kl_no_mu: "term μ² is missing",
    kl_reversed: "the wrong way round",
    kl_cross_entropy: "This is the cross-entropy",
    kl_bits: "in bits",
    kl_swapped: "have changed places",
    kl_mean_over_dimensions: "mean over the dimensions of the code",
    kl_sum_of_everything: "You summed over everything",
    kl_mean_over_batch: "then you took the mean over the batch",
    kl_mean_of_everything: "You averaged over everything",
    kl_sum_over_batch: "You summed over the batch",
    kl_mean_over_first_axis: "You averaged over the batch",
    kl_per_dimension: "the KL of every dimension",
    kl_column: "stand in a column",
    kl_sampled: "from a draw of z",
    kl_detached: "from `mu`",
    kl_variance_detached: "from `log_var`",
    kl_numpy: "without NumPy",
    kl_number: "Leave out `.item()`",
    kl_in_place: "changed its argument `mu` in place",
    kl_math_exp: "`torch.exp(...)`, or `.exp()`",
    kl_plus_reversed: "Carry the first entry through by hand",
    kl_clamped_log_var: "right for log_var between -4 and 4, and not beyond",
    kl_clamped_below: "right for log_var between -6 and 6, and not beyond",
    kl_clamped_above: "right for log_var between -8 and 3.5, and not beyond",
    kl_clamped_mu: "something clamps `mu`",
    kl_variance_with_a_floor: "right for log_var between -5 and 6",
    kl_soft_bounds: "right for log_var between -3 and 3",
    kl_hat_for_power: "In Python `^` is no power",
}
