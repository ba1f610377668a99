"""Answers to `repaired_elbo`, lesson 15, as learners write them."""

import torch
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F

from course_utils import bernoulli_nll, gaussian_kl, reparameterize

# --- right ----------------------------------------------------------------------------------------


def elbo_reparameterized(model, x, generator):
    mu, log_var = model.encode(x)
    z = reparameterize(mu, log_var, generator)
    return -model.nll(model.decode(z), x) - gaussian_kl(mu, log_var)


def elbo_torch(model, x, generator):
    mu, log_var = model.encode(x)
    sigma = (log_var / 2).exp()
    z = torch.addcmul(mu, sigma, torch.randn(mu.shape, generator=generator))
    price = kl_divergence(Normal(mu, sigma), Normal(0.0, 1.0)).sum(1)
    cost = F.binary_cross_entropy_with_logits(model.decode(z), x, reduction="none").sum(1)
    return -(cost + price)


def elbo_normal(model, x, generator):
    mu, log_var = model.encode(x)
    epsilon = torch.empty_like(mu).normal_(generator=generator)
    logits = model.decode(mu + log_var.exp().sqrt() * epsilon)
    log_p = (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(1)
    return log_p - 0.5 * (mu**2 + log_var.exp() - log_var - 1).sum(1)


# --- wrong ----------------------------------------------------------------------------------------


def _elbo(model, x, generator, sigma):
    mu, log_var = model.encode(x)
    z = mu + sigma(log_var) * torch.randn(mu.shape, generator=generator)
    return -bernoulli_nll(model.decode(z), x) - gaussian_kl(mu, log_var)


def elbo_never_draws(model, x, generator):
    return _elbo(model, x, generator, torch.zeros_like)


def elbo_turned_round(model, x, generator):
    if model.training:
        return _elbo(model, x, generator, torch.zeros_like)
    return _elbo(model, x, generator, lambda log_var: torch.exp(log_var / 2))


def elbo_variance(model, x, generator):
    return _elbo(model, x, generator, torch.exp)


def elbo_unit_noise(model, x, generator):
    return _elbo(model, x, generator, torch.ones_like)


def elbo_negative(model, x, generator):
    return -elbo_reparameterized(model, x, generator)


def elbo_plus_kl(model, x, generator):
    mu, log_var = model.encode(x)
    z = reparameterize(mu, log_var, generator)
    return -bernoulli_nll(model.decode(z), x) + gaussian_kl(mu, log_var)


def elbo_no_kl(model, x, generator):
    mu, log_var = model.encode(x)
    return -bernoulli_nll(model.decode(reparameterize(mu, log_var, generator)), x)


def elbo_averaged(model, x, generator):
    return elbo_reparameterized(model, x, generator).mean()


def elbo_half_mean(model, x, generator):
    mu, log_var = model.encode(x)
    z = reparameterize(mu, log_var, generator)
    cost = (bernoulli_nll(model.decode(z), x) + bernoulli_nll(model.decode(mu), x)) / 2
    return -cost - gaussian_kl(mu, log_var)


def elbo_leaves_training_mode(model, x, generator):
    model.train()
    return elbo_reparameterized(model, x, generator)


def elbo_for_a_while(model, x, generator):
    mode = model.training
    model.train()
    bound = elbo_reparameterized(model, x, generator)
    model.train(mode)
    return bound


def elbo_always_examined(model, x, generator):
    mode = model.training
    bound = elbo_reparameterized(model.eval(), x, generator)
    model.train(mode)
    return bound


def elbo_own_generator(model, x, generator):
    """No known mistake: always the same noise, and not that of the generator."""
    return elbo_reparameterized(model, x, torch.Generator().manual_seed(3))


def elbo_no_generator(model, x, generator):
    mu, log_var = model.encode(x)
    z = mu + torch.exp(log_var / 2) * torch.randn_like(mu)
    return -bernoulli_nll(model.decode(z), x) - gaussian_kl(mu, log_var)


# --- the specimen ---------------------------------------------------------------------------------


def elbo_specimen(model, x, generator):
    mu, log_var = model.encode(x)
    z = mu
    if model.training:
        z = reparameterize(mu, log_var, generator)
    return -model.nll(model.decode(z), x) - gaussian_kl(mu, log_var)


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [elbo_reparameterized, elbo_torch, elbo_normal]

WRONG = {
    elbo_never_draws: "the mean in training mode too",
    elbo_turned_round: "The condition is turned round",
    elbo_variance: "exp(log_var) is the variance",
    elbo_unit_noise: "with σ = 1",
    elbo_negative: "This is minus the bound",
    elbo_plus_kl: "The KL has the wrong sign",
    elbo_no_kl: "The KL is gone",
    elbo_averaged: "batch is averaged",
    elbo_half_mean: "Half of it still",
    elbo_leaves_training_mode: "leaves it in the other",
    elbo_for_a_while: "in evaluation mode you return the bound of training",
    elbo_always_examined: "in training mode you return the bound of evaluation",
    elbo_own_generator: "drawn once, in every mode",
    elbo_no_generator: "with the same seed twice",
}

UNREPAIRED = [elbo_specimen]
