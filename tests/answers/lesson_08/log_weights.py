"""Answers to `log_weights`, lesson 08, as learners write them."""

import math

import torch
from torch.distributions import Independent, MultivariateNormal, Normal

# --- right ----------------------------------------------------------------------------------------


def density(z, mu, log_var):
    return -0.5 * ((z - mu) ** 2 / log_var.exp() + log_var + math.log(2 * math.pi))


def by_hand(log_likelihood, z, mu, log_var):
    zero = torch.zeros_like(mu)
    return log_likelihood + density(z, zero, zero).sum(2) - density(z, mu, log_var).sum(2)


def by_distributions(log_likelihood, z, mu, log_var):
    prior = Normal(torch.zeros_like(mu), torch.ones_like(mu))
    q = Independent(Normal(mu, torch.exp(log_var / 2), validate_args=False), 1)
    return log_likelihood + prior.log_prob(z).sum(-1) - q.log_prob(z)


def by_noise(log_likelihood, z, mu, log_var):
    """With ε = (z - mu) / σ, and the constants gone."""
    epsilon = (z - mu) * torch.exp(-log_var / 2)
    return log_likelihood + (0.5 * (epsilon.square() - z.square() + log_var)).sum(dim=-1)


def draw_by_draw(log_likelihood, z, mu, log_var):
    rows = []
    for row, drawn in zip(log_likelihood, z, strict=True):
        prior = -0.5 * (drawn * drawn).sum(1)
        q = -0.5 * ((drawn - mu) ** 2 / torch.exp(log_var)).sum(1) - 0.5 * log_var.sum(1)
        rows.append(row + prior - q)
    return torch.stack(rows)


def many_dimensions(log_likelihood, z, mu, log_var):
    q = MultivariateNormal(mu, scale_tril=torch.diag_embed((log_var / 2).exp()))
    zero = torch.zeros_like(mu)
    prior = MultivariateNormal(zero, scale_tril=torch.diag_embed(torch.ones_like(mu)))
    return log_likelihood + prior.log_prob(z) - q.log_prob(z)


# --- wrong ----------------------------------------------------------------------------------------


def q_added(log_likelihood, z, mu, log_var):
    return log_likelihood + density(z, 0 * mu, 0 * mu).sum(2) + density(z, mu, log_var).sum(2)


def places_changed(log_likelihood, z, mu, log_var):
    return log_likelihood - density(z, 0 * mu, 0 * mu).sum(2) + density(z, mu, log_var).sum(2)


def cost_for_likelihood(log_likelihood, z, mu, log_var):
    return by_hand(-log_likelihood, z, mu, log_var)


def a_cost(log_likelihood, z, mu, log_var):
    return -by_hand(log_likelihood, z, mu, log_var)


def without_q(log_likelihood, z, mu, log_var):
    return log_likelihood + density(z, 0 * mu, 0 * mu).sum(2)


def without_prior(log_likelihood, z, mu, log_var):
    return log_likelihood - density(z, mu, log_var).sum(2)


def without_likelihood(log_likelihood, z, mu, log_var):
    return by_hand(0 * log_likelihood, z, mu, log_var)


def likelihood_alone(log_likelihood, z, mu, log_var):
    return log_likelihood + 0 * z.sum(2)


def closed_form(log_likelihood, z, mu, log_var):
    return log_likelihood - 0.5 * (mu**2 + log_var.exp() - log_var - 1).sum(-1)


def mean_over_code(log_likelihood, z, mu, log_var):
    return log_likelihood + (density(z, 0 * mu, 0 * mu) - density(z, mu, log_var)).mean(-1)


def summed_over_draws(log_likelihood, z, mu, log_var):
    terms = density(z, 0 * mu, 0 * mu) - density(z, mu, log_var)
    return log_likelihood + terms.sum((0, 2))


def without_log_var(log_likelihood, z, mu, log_var):
    return by_hand(log_likelihood, z, mu, log_var) - 0.5 * log_var.sum(-1)


def log_var_whole(log_likelihood, z, mu, log_var):
    return by_hand(log_likelihood, z, mu, log_var) + 0.5 * log_var.sum(-1)


def prior_without_pi(log_likelihood, z, mu, log_var):
    return log_likelihood - 0.5 * (z**2).sum(2) - density(z, mu, log_var).sum(2)


def q_without_pi(log_likelihood, z, mu, log_var):
    q = -0.5 * ((z - mu) ** 2 / log_var.exp() + log_var).sum(2)
    return log_likelihood + density(z, 0 * mu, 0 * mu).sum(2) - q


def as_log_sigma(log_likelihood, z, mu, log_var):
    return by_hand(log_likelihood, z, mu, 2 * log_var)


def over_sigma(log_likelihood, z, mu, log_var):
    q = -0.5 * ((z - mu) ** 2 / torch.exp(log_var / 2) + log_var)
    return log_likelihood + (-0.5 * z**2 - q).sum(2)


def times_variance(log_likelihood, z, mu, log_var):
    q = -0.5 * ((z - mu) ** 2 * torch.exp(log_var) + log_var)
    return log_likelihood + (-0.5 * z**2 - q).sum(2)


def square_whole(log_likelihood, z, mu, log_var):
    q = -((z - mu) ** 2) / torch.exp(log_var) - 0.5 * log_var - 0.5 * math.log(2 * math.pi)
    return log_likelihood + (density(z, 0 * mu, 0 * mu) - q).sum(2)


def around_zero(log_likelihood, z, mu, log_var):
    return by_hand(log_likelihood, z, 0 * mu, log_var)


def prior_of_mu(log_likelihood, z, mu, log_var):
    return log_likelihood + (density(mu, 0 * mu, 0 * mu) - density(z, mu, log_var)).sum(2)


def width_one(log_likelihood, z, mu, log_var):
    return by_hand(log_likelihood, z, mu, 0 * log_var)


def the_weight(log_likelihood, z, mu, log_var):
    return by_hand(log_likelihood, z, mu, log_var).exp()


def averaged(log_likelihood, z, mu, log_var):
    return by_hand(log_likelihood, z, mu, log_var).mean(0)


def the_bound(log_likelihood, z, mu, log_var):
    return by_hand(log_likelihood, z, mu, log_var).logsumexp(0) - math.log(len(z))


def turned(log_likelihood, z, mu, log_var):
    return by_hand(log_likelihood, z, mu, log_var).T


def not_summed(log_likelihood, z, mu, log_var):
    return log_likelihood[..., None] + density(z, 0 * mu, 0 * mu) - density(z, mu, log_var)


def likelihood_too_often(log_likelihood, z, mu, log_var):
    return not_summed(log_likelihood, z, mu, log_var).sum(-1)


def small_number(log_likelihood, z, mu, log_var):
    return by_hand(log_likelihood, z, mu, (log_var.exp() + 1e-4).log()) - 0.5 * (
        (log_var.exp() + 1e-4).log() - log_var
    ).sum(-1)


def clamped(log_likelihood, z, mu, log_var):
    return by_hand(log_likelihood, z, mu, log_var.clamp(-5, 5))


def detached(log_likelihood, z, mu, log_var):
    return log_likelihood + (by_hand(log_likelihood, z, mu, log_var) - log_likelihood).detach()


def in_place(log_likelihood, z, mu, log_var):
    terms = by_hand(log_likelihood, z, mu, log_var)
    log_likelihood += terms - log_likelihood
    return log_likelihood


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [by_hand, by_distributions, by_noise, draw_by_draw, many_dimensions]

WRONG = {
    q_added: "log q(z|x) is added",
    places_changed: "have changed places",
    cost_for_likelihood: "log_likelihood has the wrong sign",
    a_cost: "this is -log w",
    without_q: "log q(z|x) is missing",
    without_prior: "The prior is missing",
    without_likelihood: "log_likelihood is missing",
    likelihood_alone: "This is log p(x|z) alone",
    closed_form: "an average over all draws",
    mean_over_code: "averaged over the numbers of the code",
    summed_over_draws: "summed the densities over the k draws",
    without_log_var: "-½ log_var is missing",
    log_var_whole: "counted twice",
    prior_without_pi: "The prior lacks",
    q_without_pi: "log q(z|x) lacks",
    as_log_sigma: "taken for log σ",
    over_sigma: "divided by σ",
    times_variance: "multiplied by σ²",
    square_whole: "without its ½",
    around_zero: "the mean is missing",
    prior_of_mu: "The prior is asked about mu",
    width_one: "the width 1 for every picture",
    the_weight: "This is the weight itself",
    averaged: "averaged over the draws",
    the_bound: "the bound of the next exercise",
    turned: "their table is turned",
    not_summed: "a number for each number of the code",
    likelihood_too_often: "once for every number of the code",
    small_number: "add a small number to the variance",
    clamped: "log_var is clamped",
    detached: "remember how it was computed",
    in_place: "changed its argument `log_likelihood`",
}
