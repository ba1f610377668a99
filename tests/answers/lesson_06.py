"""Answers to the exercises of lesson 06, as learners write them.

`RIGHT` are accepted for every seed. `WRONG` are rejected, each with a message that holds the phrase
beside it and that no other of them gets.
"""

import math

import torch
from torch import nn
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence
from torch.nn import functional as F

# --- gaussian_kl: right ---------------------------------------------------------------------------


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


# --- gaussian_kl: wrong ---------------------------------------------------------------------------


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


# --- bernoulli_log_likelihood: right --------------------------------------------------------------


def bernoulli_with_logits(logits, x):
    losses = F.binary_cross_entropy_with_logits(logits, x, reduction="none")
    return -losses.flatten(1).sum(1)


def bernoulli_module(logits, x):
    return -nn.BCEWithLogitsLoss(reduction="none")(logits, x).view(len(x), -1).sum(dim=-1)


def bernoulli_logsigmoid(logits, x):
    terms = x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)
    return torch.einsum("b...->b", terms)


def bernoulli_distribution(logits, x):
    p = Bernoulli(logits=logits, validate_args=False)
    return Independent(p, x.ndim - 1).log_prob(x)


def bernoulli_logaddexp(logits, x):
    log_normaliser = torch.logaddexp(logits, torch.zeros_like(logits))
    return (x * logits - log_normaliser).sum(tuple(range(1, x.ndim)))


def bernoulli_clamped_max(logits, x):
    rest = torch.log1p(torch.exp(-logits.abs()))
    return (x * logits - logits.relu() - rest).reshape(len(x), -1).sum(1)


def bernoulli_loop(logits, x):
    return torch.stack(
        [
            -F.binary_cross_entropy_with_logits(one, target, reduction="sum")
            for one, target in zip(logits, x, strict=True)
        ]
    )


def bernoulli_double(logits, x):
    return bernoulli_logsigmoid(logits.double(), x.double())


def bernoulli_two_classes(logits, x):
    log_p = torch.stack([torch.zeros_like(logits), logits], dim=-1).log_softmax(-1)
    return (log_p * torch.stack([1 - x, x], dim=-1)).flatten(1).sum(1)


# --- bernoulli_log_likelihood: wrong --------------------------------------------------------------


def bernoulli_loss(logits, x):
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(1)


def bernoulli_without_sigmoid(logits, x):
    return -F.binary_cross_entropy(logits, x, reduction="none").flatten(1).sum(1)


def bernoulli_two_sigmoids(logits, x):
    p = torch.sigmoid(logits)
    return -F.binary_cross_entropy_with_logits(p, x, reduction="none").flatten(1).sum(1)


def bernoulli_mean_of_everything(logits, x):
    return -F.binary_cross_entropy_with_logits(logits, x)


def bernoulli_mean_loss(logits, x):
    return nn.BCEWithLogitsLoss()(logits, x)


def bernoulli_sum_of_everything(logits, x):
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="sum")


def bernoulli_loss_of_everything(logits, x):
    return F.binary_cross_entropy_with_logits(logits, x, reduction="sum")


def bernoulli_mean_over_batch(logits, x):
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)


def bernoulli_mean_over_pixels(logits, x):
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).mean(1)


def bernoulli_not_summed(logits, x):
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none")


def bernoulli_loss_not_summed(logits, x):
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none")


def bernoulli_sum_over_batch(logits, x):
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(0)


def bernoulli_column(logits, x):
    return bernoulli_with_logits(logits, x).unsqueeze(1)


def bernoulli_last_axis(logits, x):
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)


def bernoulli_axis_one(logits, x):
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)


def bernoulli_image_axes(logits, x):
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum((1, 2, 3))


def bernoulli_only_ink(logits, x):
    return (x * F.logsigmoid(logits)).flatten(1).sum(1)


def bernoulli_one_less_log_p(logits, x):
    log_p = F.logsigmoid(logits)
    return (x * log_p + (1 - x) * (1 - log_p)).flatten(1).sum(1)


def bernoulli_one_less_logit(logits, x):
    return (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(1 - logits)).flatten(1).sum(1)


def bernoulli_logits_for_log_p(logits, x):
    return (x * logits + (1 - x) * (1 - logits)).flatten(1).sum(1)


def bernoulli_no_softplus(logits, x):
    return torch.sum((x * logits).flatten(1), dim=1)


def bernoulli_difference(logits, x):
    return (x * F.logsigmoid(logits) - (1 - x) * F.logsigmoid(-logits)).flatten(1).sum(1)


def bernoulli_only_paper(logits, x):
    return ((1 - x) * F.logsigmoid(-logits)).flatten(1).sum(1)


def bernoulli_exchanged(logits, x):
    terms = (1 - x) * F.logsigmoid(logits) + x * F.logsigmoid(-logits)
    return terms.flatten(1).sum(1)


def bernoulli_without_x(logits, x):
    return (F.logsigmoid(logits) + F.logsigmoid(-logits)).flatten(1).sum(1)


def bernoulli_arguments_exchanged(logits, x):
    return -F.binary_cross_entropy_with_logits(x, logits, reduction="none").flatten(1).sum(1)


def bernoulli_likelihood(logits, x):
    p = torch.sigmoid(logits)
    return (x * p + (1 - x) * (1 - p)).flatten(1).prod(1)


def bernoulli_squared_error(logits, x):
    return -((torch.sigmoid(logits) - x) ** 2).flatten(1).sum(1)


def bernoulli_half_squared_error(logits, x):
    return -0.5 * ((torch.sigmoid(logits) - x) ** 2).flatten(1).sum(1)


def bernoulli_softmax(logits, x):
    log_p = F.log_softmax(logits.flatten(1), dim=1)
    return (x.flatten(1) * log_p).sum(1)


def bernoulli_bits(logits, x):
    return bernoulli_with_logits(logits, x) / math.log(2)


def bernoulli_distribution_refuses_grey(logits, x):
    return Bernoulli(logits=logits).log_prob(x).flatten(1).sum(1)


def bernoulli_binarised(logits, x):
    return Bernoulli(logits=logits).log_prob((x > 0.5).float()).flatten(1).sum(1)


def bernoulli_is_it_one(logits, x):
    log_p = torch.where(x == 1, F.logsigmoid(logits), F.logsigmoid(-logits))
    return log_p.flatten(1).sum(1)


def bernoulli_log_of_product(logits, x):
    p = torch.sigmoid(logits)
    return torch.log((p**x * (1 - p) ** (1 - x)).flatten(1).prod(1))


def bernoulli_logits_clamped(logits, x):
    return bernoulli_with_logits(logits.clamp(-30, 30), x)


def bernoulli_unstable(logits, x):
    p = torch.sigmoid(logits)
    return (x * torch.log(p) + (1 - x) * torch.log(1 - p)).flatten(1).sum(1)


def bernoulli_overflow(logits, x):
    return (x * logits - torch.log(1 + torch.exp(logits))).flatten(1).sum(1)


def bernoulli_cut_off(logits, x):
    p = torch.sigmoid(logits)
    return -F.binary_cross_entropy(p, x, reduction="none").flatten(1).sum(1)


def bernoulli_distribution_of_probs(logits, x):
    p = Bernoulli(probs=torch.sigmoid(logits), validate_args=False)
    return p.log_prob(x).flatten(1).sum(1)


def bernoulli_eps(logits, x):
    p = torch.sigmoid(logits)
    return (x * torch.log(p + 1e-8) + (1 - x) * torch.log(1 - p + 1e-8)).flatten(1).sum(1)


def bernoulli_detached(logits, x):
    return bernoulli_with_logits(logits.detach(), x)


def bernoulli_in_place(logits, x):
    logits *= x
    return (logits - F.softplus(logits)).flatten(1).sum(1)


def bernoulli_clamped(logits, x):
    """No known mistake: the generic message has to do."""
    return bernoulli_with_logits(logits.clamp(-3, 3), x)


# --- elbo: right ----------------------------------------------------------------------------------


def elbo_of_two_functions(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_as_in_the_paper(mu, log_var)


def elbo_distributions(logits, x, mu, log_var):
    likelihood = Bernoulli(logits=logits, validate_args=False).log_prob(x).flatten(1).sum(1)
    q = Normal(mu, (log_var / 2).exp())
    return likelihood - kl_divergence(q, Normal(torch.zeros_like(mu), 1.0)).sum(1)


def elbo_negative_of_the_loss(logits, x, mu, log_var):
    loss = F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(-1)
    loss = loss + 0.5 * (mu**2 + log_var.exp() - log_var - 1).sum(-1)
    return -loss


def elbo_loop(logits, x, mu, log_var):
    bounds = torch.empty(len(x))
    for i in range(len(x)):
        gain = -F.binary_cross_entropy_with_logits(logits[i], x[i], reduction="sum")
        cost = 0.5 * (mu[i] ** 2 + log_var[i].exp() - log_var[i] - 1).sum()
        bounds[i] = gain - cost
    return bounds


def elbo_concatenated(logits, x, mu, log_var):
    """The sum of everything, pixels and dimensions alike, in one go."""
    terms = [x * logits - F.softplus(logits), 0.5 * (1 + log_var - mu**2 - log_var.exp())]
    return torch.cat([term.flatten(1) for term in terms], dim=1).sum(1)


def elbo_by_entropy(logits, x, mu, log_var):
    """log p(x|z) + E[log p(z)] + the entropy of q."""
    log_prior = -0.5 * (math.log(2 * math.pi) + mu**2 + log_var.exp())
    entropy = Normal(mu, (log_var / 2).exp()).entropy()
    return bernoulli_with_logits(logits, x) + (log_prior + entropy).sum(1)


# --- elbo: wrong ----------------------------------------------------------------------------------


def elbo_kl_added(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) + kl_as_in_the_paper(mu, log_var)


def elbo_loss(logits, x, mu, log_var):
    return bernoulli_loss(logits, x) + kl_as_in_the_paper(mu, log_var)


def elbo_loss_minus_kl(logits, x, mu, log_var):
    return bernoulli_loss(logits, x) - kl_as_in_the_paper(mu, log_var)


def elbo_no_kl(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x)


def elbo_only_kl(logits, x, mu, log_var):
    return -kl_as_in_the_paper(mu, log_var)


def elbo_kl_itself(logits, x, mu, log_var):
    return kl_as_in_the_paper(mu, log_var)


def elbo_half_lost(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_no_half(mu, log_var)


def elbo_half_twice(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_half_twice(mu, log_var)


def elbo_beta(logits, x, mu, log_var, beta=4.0):
    return bernoulli_with_logits(logits, x) - beta * kl_as_in_the_paper(mu, log_var)


def elbo_small_beta(logits, x, mu, log_var, beta=0.1):
    return bernoulli_with_logits(logits, x) - beta * kl_as_in_the_paper(mu, log_var)


def elbo_mean_kl_of_the_batch(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_as_in_the_paper(mu, log_var).mean()


def elbo_sum_of_the_kl(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_sum_of_everything(mu, log_var)


def elbo_mean_likelihood_of_the_batch(logits, x, mu, log_var):
    return bernoulli_mean_over_batch(logits, x) - kl_as_in_the_paper(mu, log_var)


def elbo_kl_by_batch(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_as_in_the_paper(mu, log_var) / len(mu)


def elbo_mean_over_batch(logits, x, mu, log_var):
    return elbo_of_two_functions(logits, x, mu, log_var).mean()


def elbo_mean_loss(logits, x, mu, log_var):
    return -elbo_of_two_functions(logits, x, mu, log_var).mean()


def elbo_sum_over_batch(logits, x, mu, log_var):
    return elbo_of_two_functions(logits, x, mu, log_var).sum()


def elbo_square(logits, x, mu, log_var):
    return bernoulli_column(logits, x) - kl_as_in_the_paper(mu, log_var)


def elbo_square_of_kl(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_column(mu, log_var)


def elbo_sum_of_the_loss(logits, x, mu, log_var):
    return bernoulli_loss_of_everything(logits, x) + kl_sum_of_everything(mu, log_var)


def elbo_mean_kl_of_everything(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_mean_of_everything(mu, log_var)


def elbo_sigma_for_variance(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_sigma_for_variance(mu, log_var)


def elbo_cut_off(logits, x, mu, log_var):
    return bernoulli_cut_off(logits, x) - kl_as_in_the_paper(mu, log_var)


def elbo_eps(logits, x, mu, log_var):
    return bernoulli_eps(logits, x) - kl_as_in_the_paper(mu, log_var)


def elbo_mean_over_pixels(logits, x, mu, log_var):
    return bernoulli_mean_over_pixels(logits, x) - kl_as_in_the_paper(mu, log_var)


def elbo_mean_over_pixels_and_batch(logits, x, mu, log_var):
    return bernoulli_mean_of_everything(logits, x) - kl_as_in_the_paper(mu, log_var)


def elbo_sum_over_pixels_and_batch(logits, x, mu, log_var):
    return bernoulli_sum_of_everything(logits, x) - kl_as_in_the_paper(mu, log_var)


def elbo_mean_over_dimensions(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_mean_over_dimensions(mu, log_var)


def elbo_two_means(logits, x, mu, log_var):
    return bernoulli_mean_over_pixels(logits, x) - kl_mean_over_dimensions(mu, log_var)


def elbo_log_sigma(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_log_sigma(mu, log_var)


def elbo_no_one(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_no_one(mu, log_var)


def elbo_reversed_kl(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_reversed(mu, log_var)


def elbo_kl_arguments_exchanged(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_as_in_the_paper(log_var, mu)


def elbo_pixel_arguments_exchanged(logits, x, mu, log_var):
    return bernoulli_with_logits(x, logits) - kl_as_in_the_paper(mu, log_var)


def elbo_two_sigmoids(logits, x, mu, log_var):
    x_hat = torch.sigmoid(logits)
    return bernoulli_with_logits(x_hat, x) - kl_as_in_the_paper(mu, log_var)


def elbo_squared_error(logits, x, mu, log_var):
    return bernoulli_squared_error(logits, x) - kl_as_in_the_paper(mu, log_var)


def elbo_last_axis(logits, x, mu, log_var):
    return bernoulli_last_axis(logits, x) - kl_as_in_the_paper(mu, log_var)


def elbo_axis_one(logits, x, mu, log_var):
    return bernoulli_axis_one(logits, x) - kl_as_in_the_paper(mu, log_var)


def elbo_unstable(logits, x, mu, log_var):
    return bernoulli_unstable(logits, x) - kl_as_in_the_paper(mu, log_var)


def elbo_kl_not_summed(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x)[:, None] - kl_per_dimension(mu, log_var)


def elbo_kl_detached(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_as_in_the_paper(mu, log_var).detach()


def elbo_all_detached(logits, x, mu, log_var):
    with torch.no_grad():
        return elbo_of_two_functions(logits, x, mu, log_var)


def elbo_decodes_again(logits, x, mu, log_var):
    z = mu + torch.exp(log_var / 2) * torch.randn_like(mu)
    return bernoulli_with_logits(decode(z), x) - kl_as_in_the_paper(mu, log_var)


def elbo_two_terms(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x), kl_as_in_the_paper(mu, log_var)


def elbo_warmed_up(logits, x, mu, log_var):
    """No known mistake: the generic message has to do."""
    return bernoulli_with_logits(logits, x) - 0.3 * kl_as_in_the_paper(mu, log_var)


RIGHT = {
    "gaussian_kl": [
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
    ],
    "bernoulli_log_likelihood": [
        bernoulli_with_logits,
        bernoulli_module,
        bernoulli_logsigmoid,
        bernoulli_distribution,
        bernoulli_logaddexp,
        bernoulli_clamped_max,
        bernoulli_loop,
        bernoulli_double,
        bernoulli_two_classes,
    ],
    "elbo": [
        elbo_of_two_functions,
        elbo_distributions,
        elbo_negative_of_the_loss,
        elbo_loop,
        elbo_concatenated,
        elbo_by_entropy,
    ],
}

WRONG = {
    "gaussian_kl": {
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
        kl_math_exp: "math.exp",
        kl_plus_reversed: "Carry the first entry through by hand",
    },
    "bernoulli_log_likelihood": {
        bernoulli_loss: "The size is right and the sign is not",
        bernoulli_without_sigmoid: "`F.binary_cross_entropy` expects probabilities",
        bernoulli_two_sigmoids: "The sigmoid is applied twice",
        bernoulli_mean_of_everything: "mean over pixels and examples, one number",
        bernoulli_mean_loss: "mean loss over pixels and examples",
        bernoulli_sum_of_everything: "You summed over everything",
        bernoulli_loss_of_everything: "the loss of the whole batch",
        bernoulli_mean_over_batch: "then you took the mean over the batch",
        bernoulli_mean_over_pixels: "mean over the pixels where the sum is wanted",
        bernoulli_not_summed: "log p of every pixel, with the shape of x",
        bernoulli_loss_not_summed: "the loss of every pixel",
        bernoulli_sum_over_batch: "You summed over the batch",
        bernoulli_column: "stand in a column",
        bernoulli_last_axis: "one row of pixels",
        bernoulli_axis_one: "axis 1 is the channel",
        bernoulli_image_axes: "axes that only images have",
        bernoulli_only_ink: "Only the pixels with x = 1",
        bernoulli_only_paper: "Only the pixels with x = 0",
        bernoulli_one_less_log_p: "1 - log p, and it is log(1 - p)",
        bernoulli_difference: "The part for x = 0 is subtracted",
        bernoulli_exchanged: "Ink and paper are exchanged",
        bernoulli_without_x: "x does not appear",
        bernoulli_arguments_exchanged: "x was taken for the logits",
        bernoulli_likelihood: "the likelihood itself",
        bernoulli_squared_error: "This is a squared error",
        bernoulli_half_squared_error: "half a squared error",
        bernoulli_softmax: "used a softmax",
        bernoulli_bits: "in bits",
        bernoulli_distribution_refuses_grey: "refuses grey pixels",
        bernoulli_binarised: "black and white of the grey",
        bernoulli_one_less_logit: "`F.logsigmoid(1 - logits)`",
        bernoulli_logits_for_log_p: "the logits as they are, as if",
        bernoulli_no_softplus: "x · logit alone",
        bernoulli_is_it_one: "whether x is 1",
        bernoulli_log_of_product: "the product over 784",
        bernoulli_logits_clamped: "You clamp the logits to ±30",
        bernoulli_unstable: "the logarithm of 0 makes nan",
        bernoulli_overflow: "becomes inf",
        bernoulli_cut_off: "cut off at -100",
        bernoulli_distribution_of_probs: "`Bernoulli(probs=...)`",
        bernoulli_eps: "small number that you add inside the logarithm",
        bernoulli_detached: "nothing could be trained",
        bernoulli_in_place: "changed its argument `logits` in place",
        bernoulli_clamped: "Carry the first pixel through by hand",
    },
    "elbo": {
        elbo_kl_added: "The KL is added",
        elbo_square_of_kl: "A row less a column",
        elbo_sum_of_the_loss: "negative ELBO, summed over the batch",
        elbo_mean_kl_of_everything: "The KL is one mean",
        elbo_sigma_for_variance: "In the KL, the standard deviation",
        elbo_cut_off: "a logit of -200 counts as -100",
        elbo_eps: "small number inside the logarithms of the reconstruction",
        elbo_loss: "the negative ELBO, the loss that `fit` minimises",
        elbo_loss_minus_kl: "You started from the loss",
        elbo_no_kl: "The KL is forgotten",
        elbo_only_kl: "Only the cost of the code",
        elbo_kl_itself: "This is the KL alone",
        elbo_half_lost: "The KL counts twice",
        elbo_half_twice: "The KL counts half",
        elbo_beta: "β = 4.",
        elbo_small_beta: "β = 0.1.",
        elbo_mean_kl_of_the_batch: "subtracted the mean KL of the batch",
        elbo_sum_of_the_kl: "subtracted the KL of the whole batch",
        elbo_mean_likelihood_of_the_batch: "averaged over the batch, the KL is not",
        elbo_kl_by_batch: "divided by the size of the batch",
        elbo_mean_over_batch: "then you took its mean over the batch",
        elbo_mean_loss: "This is the training loss",
        elbo_sum_over_batch: "You summed the ELBO over the batch",
        elbo_square: "A column less a row makes a square",
        elbo_mean_over_pixels: "averaged over the pixels and the KL is not",
        elbo_mean_over_pixels_and_batch: "one mean over pixels and examples",
        elbo_sum_over_pixels_and_batch: "is summed over the whole batch",
        elbo_mean_over_dimensions: "a β of 1 / latent",
        elbo_two_means: "Both terms are means",
        elbo_log_sigma: "was taken for log σ",
        elbo_no_one: "The -1 in the KL is forgotten",
        elbo_reversed_kl: "The KL is the wrong way round",
        elbo_kl_arguments_exchanged: "`mu` and `log_var` have changed places",
        elbo_pixel_arguments_exchanged: "the logits and x have changed places",
        elbo_two_sigmoids: "applies it again",
        elbo_squared_error: "reconstruction term is a squared error",
        elbo_last_axis: "over the last axis alone",
        elbo_axis_one: "over the channel alone",
        elbo_unstable: "its logarithm spoils the sum",
        elbo_kl_not_summed: "Too many axes",
        elbo_kl_detached: "from `mu`",
        elbo_all_detached: "from `logits`",
        elbo_decodes_again: "name 'decode' is not defined",
        elbo_two_terms: "a tuple of 2",
        elbo_warmed_up: "Compute the two terms one by one",
    },
}
