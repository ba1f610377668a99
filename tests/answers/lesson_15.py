"""Answers to the exercises of lesson 15 that test the checks themselves.

UNREPAIRED are the specimens again, written in another way: they still do the same.
"""

import math

import numpy as np
import torch
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F

from course_utils import (
    bernoulli_nll,
    factor_entropy,
    gaussian_kl,
    mutual_information,
    mutual_information_gap,
    pca,
    reparameterize,
    squared_error,
    vector_quantization,
)

# --- repaired_test_error: right -------------------------------------------------------------------


def test_error_at_once(train, test, k):
    return squared_error(pca(train).reconstruct(test, k), test).mean().item()


def test_error_by_hand(train, test, k):
    mean = train.double().mean(0)
    directions = torch.linalg.svd(train.double() - mean, full_matrices=True).Vh[:k]
    centred = test.double() - mean
    return float(((centred - centred @ directions.T @ directions) ** 2).sum() / len(test))


def test_error_loop(train, test, k):
    principal, errors = pca(train), []
    for picture in test:
        x_hat = principal.reconstruct(picture[None], k)
        errors.append(float(((x_hat - picture) ** 2).sum()))
    return sum(errors) / len(errors)


# --- repaired_test_error: wrong -------------------------------------------------------------------


def test_error_fits_test(train, test, k):
    return squared_error(pca(test).reconstruct(test, k), test).mean().item()


def test_error_fits_both(train, test, k):
    return squared_error(pca(torch.cat([train, test])).reconstruct(test, k), test).mean().item()


def test_error_on_both(train, test, k):
    x = torch.cat([train, test])
    return squared_error(pca(train).reconstruct(x, k), x).mean().item()


def test_error_on_train(train, test, k):
    return squared_error(pca(train).reconstruct(train, k), train).mean().item()


def test_error_on_the_last(train, test, k):
    x = train[-len(test) :]
    return squared_error(pca(train).reconstruct(x, k), x).mean().item()


def test_error_exchanged(train, test, k):
    return squared_error(pca(test).reconstruct(train, k), train).mean().item()


def test_error_per_pixel(train, test, k):
    return ((pca(train).reconstruct(test, k) - test) ** 2).mean().item()


def test_error_summed(train, test, k):
    return ((pca(train).reconstruct(test, k) - test) ** 2).sum().item()


def test_error_wrong_count(train, test, k):
    return squared_error(pca(train).reconstruct(test, k), test).sum().item() / len(train)


def test_error_mean_of_means(train, test, k):
    principal, means = pca(train), []
    for batch in test.split(100):
        means.append(squared_error(principal.reconstruct(batch, k), batch).mean().item())
    return sum(means) / len(means)


def test_error_tensor(train, test, k):
    return squared_error(pca(train).reconstruct(test, k), test).mean()


def test_error_ignores_k(train, test, k):
    """No known mistake: the generic message has to do."""
    return squared_error(pca(train).reconstruct(test, 1), test).mean().item()


def test_error_first_batch(train, test, k):
    batch = test[:100]
    return squared_error(pca(train).reconstruct(batch, k), batch).sum().item() / len(test)


# --- repaired_test_error: the specimen ------------------------------------------------------------


def test_error_specimen(train, test, k):
    x = train[: len(test)]
    return squared_error(pca(train).reconstruct(x, k), x).sum().item() / len(test)


# --- repaired_denoising: right --------------------------------------------------------------------


def denoising_mse(model, x, corrupt):
    return F.mse_loss(model(corrupt(x)), x, reduction="none").flatten(1).sum(1)


def denoising_named(model, x, corrupt):
    spoilt = corrupt(x)
    drawn = model(spoilt)
    return (drawn - x).flatten(1).square().sum(dim=1)


def denoising_kept(model, x, corrupt):
    clean = x
    x = corrupt(x)
    return torch.stack([((a - b) ** 2).sum() for a, b in zip(model(x), clean, strict=True)])


# --- repaired_denoising: wrong --------------------------------------------------------------------


def denoising_no_noise(model, x, corrupt):
    return squared_error(model(x), x)


def denoising_exchanged(model, x, corrupt):
    return squared_error(model(x), corrupt(x))


def denoising_no_model(model, x, corrupt):
    return squared_error(corrupt(x), x)


def denoising_noise_on_output(model, x, corrupt):
    return squared_error(corrupt(model(x)), x)


def denoising_two_drawings(model, x, corrupt):
    return squared_error(model(corrupt(x)), model(x))


def denoising_twice(model, x, corrupt):
    x_hat = model(corrupt(corrupt(x)))
    return squared_error(x_hat, x)


def denoising_target_spoilt_too(model, x, corrupt):
    y = corrupt(x)
    x = corrupt(x)
    return squared_error(model(y), x)


def denoising_draws_noise(model, x, corrupt):
    spoilt = corrupt(x)
    return squared_error(spoilt - model(spoilt), x)


def denoising_per_pixel(model, x, corrupt):
    return ((model(corrupt(x)) - x) ** 2).flatten(1).mean(1)


def denoising_absolute(model, x, corrupt):
    return (model(corrupt(x)) - x).abs().flatten(1).sum(1)


def denoising_summed(model, x, corrupt):
    return ((model(corrupt(x)) - x) ** 2).sum()


def denoising_averaged(model, x, corrupt):
    return squared_error(model(corrupt(x)), x).mean()


def denoising_no_grad(model, x, corrupt):
    with torch.no_grad():
        return squared_error(model(corrupt(x)), x)


def denoising_half(model, x, corrupt):
    """No known mistake: the generic message has to do."""
    return squared_error(model(corrupt(x)), (x + corrupt(x)) / 2)


# --- repaired_denoising: the specimen -------------------------------------------------------------


def denoising_specimen(model, x, corrupt):
    spoilt = corrupt(x)
    return ((model(spoilt) - spoilt) ** 2).flatten(1).sum(1)


# --- repaired_kl: right ---------------------------------------------------------------------------


def kl_torch(mu, log_sigma):
    return kl_divergence(Normal(mu, log_sigma.exp()), Normal(0.0, 1.0)).sum(1)


def kl_package(mu, log_sigma):
    return gaussian_kl(mu, 2 * log_sigma)


def kl_by_sigma(mu, log_sigma):
    sigma = log_sigma.exp()
    return ((mu**2 + sigma**2 - 1) / 2 - torch.log(sigma)).sum(-1)


def kl_einsum(mu, log_sigma):
    log_var = 2 * log_sigma
    return 0.5 * torch.einsum("bj->b", mu.square() + log_var.exp() - log_var - 1)


# --- repaired_kl: wrong ---------------------------------------------------------------------------


def kl_half_variance(mu, log_sigma):
    return 0.5 * (mu**2 + torch.exp(2 * log_sigma) - log_sigma - 1).sum(1)


def kl_half_logarithm(mu, log_sigma):
    return 0.5 * (mu**2 + torch.exp(log_sigma) - 2 * log_sigma - 1).sum(1)


def kl_squared_logarithm(mu, log_sigma):
    return 0.5 * (mu**2 + torch.exp(log_sigma) ** 2 - log_sigma**2 - 1).sum(1)


def kl_halved(mu, log_sigma):
    return 0.5 * (mu**2 + torch.exp(log_sigma / 2) - log_sigma / 2 - 1).sum(1)


def kl_doubled(mu, log_sigma):
    return 2 * kl_torch(mu, log_sigma)


def kl_without_one(mu, log_sigma):
    return 0.5 * (mu**2 + torch.exp(2 * log_sigma) - 2 * log_sigma).sum(1)


def kl_plus(mu, log_sigma):
    return 0.5 * (mu**2 + torch.exp(2 * log_sigma) + 2 * log_sigma - 1).sum(1)


def kl_turned(mu, log_sigma):
    return -kl_torch(mu, log_sigma)


def kl_of_sigma(mu, log_sigma):
    return 0.5 * (mu**2 + log_sigma**2 - torch.log(log_sigma**2) - 1).sum(1)


def kl_mu(mu, log_sigma):
    return 0.5 * (mu + torch.exp(2 * log_sigma) - 2 * log_sigma - 1).sum(1)


def kl_mean(mu, log_sigma):
    return kl_divergence(Normal(mu, log_sigma.exp()), Normal(0.0, 1.0)).mean(1)


def kl_batch(mu, log_sigma):
    return kl_torch(mu, log_sigma).sum()


def kl_not_summed(mu, log_sigma):
    return kl_divergence(Normal(mu, log_sigma.exp()), Normal(0.0, 1.0))


def kl_detached(mu, log_sigma):
    return kl_torch(mu, log_sigma.detach()) + kl_torch(mu.detach(), log_sigma.detach()) * 0


def kl_other_way(mu, log_sigma):
    """No known mistake: KL(prior ‖ q)."""
    return kl_divergence(Normal(0.0, 1.0), Normal(mu, log_sigma.exp())).sum(1)


# --- repaired_kl: the specimen --------------------------------------------------------------------


def kl_specimen(mu, log_sigma):
    return gaussian_kl(mu, log_sigma)


# --- repaired_code: right -------------------------------------------------------------------------


def code_reparameterized(x, y, body, mu_head, log_var_head, epsilon):
    h = body(torch.cat([x, F.one_hot(y, num_classes=10).float()], dim=1))
    return mu_head(h) + log_var_head(h).exp().sqrt() * epsilon


def code_eye(x, y, body, mu_head, log_var_head, epsilon):
    h = body(torch.hstack([x, torch.eye(10)[y]]))
    sigma = torch.exp(0.5 * log_var_head(h))
    return torch.addcmul(mu_head(h), sigma, epsilon)


def code_scatter(x, y, body, mu_head, log_var_head, epsilon):
    both = torch.cat([x, torch.zeros(len(x), 10).scatter(1, y[:, None], 1.0)], 1)
    hidden = body(both)
    means, spread = mu_head(hidden), log_var_head(hidden)
    return means + epsilon * spread.div(2).exp()


# --- repaired_code: wrong -------------------------------------------------------------------------


def _hidden(x, y, body):
    return body(torch.cat([x, F.one_hot(y, 10).to(x)], dim=1))


def code_heads_exchanged(x, y, body, mu_head, log_var_head, epsilon):
    h = _hidden(x, y, body)
    return log_var_head(h) + torch.exp(mu_head(h) / 2) * epsilon


def code_other_head_twice(x, y, body, mu_head, log_var_head, epsilon):
    h = _hidden(x, y, body)
    return log_var_head(h) + torch.exp(log_var_head(h) / 2) * epsilon


def code_variance(x, y, body, mu_head, log_var_head, epsilon):
    h = _hidden(x, y, body)
    return mu_head(h) + torch.exp(log_var_head(h)) * epsilon


def code_no_exp(x, y, body, mu_head, log_var_head, epsilon):
    h = _hidden(x, y, body)
    return mu_head(h) + log_var_head(h) * epsilon


def code_no_noise(x, y, body, mu_head, log_var_head, epsilon):
    return mu_head(_hidden(x, y, body))


def code_unit_noise(x, y, body, mu_head, log_var_head, epsilon):
    return mu_head(_hidden(x, y, body)) + epsilon


def code_added(x, y, body, mu_head, log_var_head, epsilon):
    h = _hidden(x, y, body)
    return mu_head(h) + torch.exp(log_var_head(h) / 2) + epsilon


def code_noise_squared(x, y, body, mu_head, log_var_head, epsilon):
    h = _hidden(x, y, body)
    return mu_head(h) + torch.exp(log_var_head(h) / 2) * epsilon.square()


def code_label_first(x, y, body, mu_head, log_var_head, epsilon):
    h = body(torch.cat([F.one_hot(y, 10).to(x), x], dim=1))
    return mu_head(h) + torch.exp(log_var_head(h) / 2) * epsilon


def code_no_label(x, y, body, mu_head, log_var_head, epsilon):
    h = body(torch.cat([x, torch.zeros(len(x), 10)], dim=1))
    return mu_head(h) + torch.exp(log_var_head(h) / 2) * epsilon


def code_label_as_number(x, y, body, mu_head, log_var_head, epsilon):
    h = body(torch.cat([x, y[:, None].expand(-1, 10).float()], dim=1))
    return mu_head(h) + torch.exp(log_var_head(h) / 2) * epsilon


def code_both(x, y, body, mu_head, log_var_head, epsilon):
    h = _hidden(x, y, body)
    return mu_head(h), log_var_head(h)


def code_clamped(x, y, body, mu_head, log_var_head, epsilon):
    """No known mistake: the generic message has to do."""
    h = _hidden(x, y, body)
    return mu_head(h) + torch.exp(log_var_head(h).clamp(max=0) / 2) * epsilon


# --- repaired_code: the specimen ------------------------------------------------------------------


def code_specimen(x, y, body, mu_head, log_var_head, epsilon):
    mu = mu_head(_hidden(x, y, body))
    return mu + (mu / 2).exp() * epsilon


# --- repaired_elbo: right -------------------------------------------------------------------------


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


# --- repaired_elbo: wrong -------------------------------------------------------------------------


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


# --- repaired_elbo: the specimen ------------------------------------------------------------------


def elbo_specimen(model, x, generator):
    mu, log_var = model.encode(x)
    z = mu
    if model.training:
        z = reparameterize(mu, log_var, generator)
    return -model.nll(model.decode(z), x) - gaussian_kl(mu, log_var)


# --- repaired_quantization: right -----------------------------------------------------------------


def quantization_package(z, e, commitment):
    return vector_quantization(z, e, commitment)


def quantization_mse(z, e, commitment):
    codebook = F.mse_loss(e, z.detach(), reduction="none").sum(-1)
    return codebook + commitment * F.mse_loss(z, e.detach(), reduction="none").sum(-1)


def quantization_norm(z, e, commitment):
    fixed_z, fixed_e = z.clone().detach(), e.clone().detach()
    first = torch.einsum("...d,...d->...", fixed_z - e, fixed_z - e)
    second = torch.einsum("...d,...d->...", z - fixed_e, z - fixed_e)
    return first + second * commitment


# --- repaired_quantization: wrong -----------------------------------------------------------------


def _sq(a, b):
    return ((a - b) ** 2).sum(-1)


def quantization_beta_twice(z, e, commitment):
    return commitment * (_sq(z.detach(), e) + _sq(z, e.detach()))


def quantization_no_beta(z, e, commitment):
    return _sq(z.detach(), e) + _sq(z, e.detach())


def quantization_no_detach(z, e, commitment):
    return _sq(z, e) + commitment * _sq(z, e)


def quantization_codebook_twice(z, e, commitment):
    return (1 + commitment) * _sq(z.detach(), e)


def quantization_encoder_twice(z, e, commitment):
    return (1 + commitment) * _sq(z, e.detach())


def quantization_second_moves_both(z, e, commitment):
    return _sq(z.detach(), e) + commitment * _sq(z, e)


def quantization_first_moves_both(z, e, commitment):
    return _sq(z, e) + commitment * _sq(z, e.detach())


def quantization_detached(z, e, commitment):
    return (_sq(z, e) + commitment * _sq(z, e)).detach()


def quantization_mean(z, e, commitment):
    codebook = ((z.detach() - e) ** 2).mean(-1)
    return codebook + commitment * ((z - e.detach()) ** 2).mean(-1)


def quantization_one_number(z, e, commitment):
    return (_sq(z.detach(), e) + commitment * _sq(z, e.detach())).mean()


def quantization_pushes(z, e, commitment):
    return _sq(z.detach(), e) - commitment * _sq(z, e.detach())


def quantization_other_weights(z, e, commitment):
    """No known mistake: the value is right, and the codebook moves with half the weight."""
    both = _sq(z.detach(), e) / 2 + commitment * _sq(z, e.detach())
    return both + (_sq(z, e) / 2).detach()


# --- repaired_quantization: the specimen ----------------------------------------------------------


def quantization_specimen(z, e, commitment):
    return _sq(z, e.detach()) + commitment * _sq(z.detach(), e)


def quantization_terms_renamed(z, e, commitment):
    """Each term has its right name now, and β still stands before the codebook's."""
    codebook, encoder = _sq(z.detach(), e), _sq(z, e.detach())
    return commitment * codebook + encoder


# --- repaired_revival: right ----------------------------------------------------------------------


def revival_sum(x, code, dead, weight, bias):
    return squared_error((code + dead) @ weight + bias, x)


def revival_bias_on_both_sides(x, code, dead, weight, bias):
    left_over = x - code @ weight
    return ((dead @ weight + bias - left_over) ** 2).sum(1)


def revival_linear(x, code, dead, weight, bias):
    left_over = x - F.linear(code, weight.T, bias)
    return (F.linear(dead, weight.T) - left_over).square().sum(dim=-1)


def revival_left_over_held_still(x, code, dead, weight, bias):
    left_over = x - (code @ weight + bias)
    return squared_error(dead @ weight, left_over.detach())


# --- repaired_revival: wrong ----------------------------------------------------------------------


def revival_no_bias(x, code, dead, weight, bias):
    return squared_error(dead @ weight, x - code @ weight)


def revival_all_of_x(x, code, dead, weight, bias):
    return squared_error(dead @ weight, x)


def revival_all_of_x_with_bias(x, code, dead, weight, bias):
    return squared_error(dead @ weight + bias, x)


def revival_turned(x, code, dead, weight, bias):
    return squared_error(dead @ weight, code @ weight + bias - x)


def revival_living_only(x, code, dead, weight, bias):
    return squared_error(code @ weight + bias, x)


def revival_copies(x, code, dead, weight, bias):
    return squared_error(dead @ weight, code @ weight + bias)


def revival_bias_again(x, code, dead, weight, bias):
    return squared_error(dead @ weight + 2 * bias, x - code @ weight - bias)


def revival_mean(x, code, dead, weight, bias):
    return ((dead @ weight + code @ weight + bias - x) ** 2).mean(1)


def revival_batch(x, code, dead, weight, bias):
    return revival_sum(x, code, dead, weight, bias).sum()


def revival_absolute(x, code, dead, weight, bias):
    return (dead @ weight + code @ weight + bias - x).abs().sum(1)


def revival_detached(x, code, dead, weight, bias):
    return squared_error((dead @ weight).detach(), x - (code @ weight + bias).detach())


def revival_strokes_held_still(x, code, dead, weight, bias):
    return squared_error(dead @ weight.detach(), x - (code @ weight + bias))


def revival_weight_forgotten(x, code, dead, weight, bias):
    return revival_sum(x, code, dead, weight.detach(), bias)


def revival_scaled(x, code, dead, weight, bias):
    """No known mistake: the generic message has to do."""
    return squared_error(dead @ weight, 0.5 * (x - code @ weight - bias))


# --- repaired_revival: the specimen ---------------------------------------------------------------


def revival_specimen(x, code, dead, weight, bias):
    return squared_error(dead @ weight + 2 * bias, x - code @ weight)


# --- repaired_contraction: right ------------------------------------------------------------------


def contraction_mask(x, weight, bias):
    awake = (x @ weight.T + bias > 0).float()
    return (awake * (weight**2).sum(1)).sum(1)


def contraction_where(x, weight, bias):
    h = F.linear(x, weight, bias).relu()
    rows = torch.einsum("ud,ud->u", weight, weight)
    return torch.where(h > 0, rows, torch.zeros_like(rows)).sum(1)


def contraction_heaviside(x, weight, bias):
    slope = torch.heaviside((x @ weight.T + bias).detach(), torch.zeros(()))
    return torch.einsum("bu,ud->b", slope, weight.square())


def contraction_jacobian(x, weight, bias):
    slope = torch.relu(x @ weight.T + bias).sign()
    jacobian = slope[:, :, None] * weight
    return (jacobian**2).sum((1, 2))


# --- repaired_contraction: wrong ------------------------------------------------------------------


def contraction_sigmoid(x, weight, bias):
    h = torch.sigmoid(x @ weight.T + bias)
    return (h * (1 - h)) ** 2 @ (weight**2).sum(1)


def contraction_output(x, weight, bias):
    return torch.relu(x @ weight.T + bias) ** 2 @ (weight**2).sum(1)


def contraction_all_units(x, weight, bias):
    return (weight**2).sum().expand(len(x))


def contraction_silent_units(x, weight, bias):
    return (x @ weight.T + bias <= 0).float() @ (weight**2).sum(1)


def contraction_tanh(x, weight, bias):
    h = torch.tanh(x @ weight.T + bias)
    return (1 - h**2) ** 2 @ (weight**2).sum(1)


def contraction_always_zero(x, weight, bias):
    h = (x @ weight.T + bias > 0).float()
    return (h * (1 - h)) ** 2 @ (weight**2).sum(1)


def contraction_sum_then_square(x, weight, bias):
    return (x @ weight.T + bias > 0).float() @ weight.sum(1) ** 2


def contraction_units_first(x, weight, bias):
    return (((x @ weight.T + bias > 0).float() @ weight) ** 2).sum(1)


def contraction_root(x, weight, bias):
    return contraction_mask(x, weight, bias).sqrt()


def contraction_mean(x, weight, bias):
    return (x @ weight.T + bias > 0).float() @ (weight**2).mean(1)


def contraction_half(x, weight, bias):
    return contraction_mask(x, weight, bias) / 2


def contraction_batch(x, weight, bias):
    return contraction_mask(x, weight, bias).mean()


def contraction_all_weights(x, weight, bias):
    return (x @ weight.T + bias > 0).float().sum(1) * weight.square().sum()


def contraction_detached(x, weight, bias):
    return contraction_mask(x, weight.detach(), bias)


def contraction_leaky(x, weight, bias):
    """No known mistake: the slope of a leaky ReLU."""
    slope = torch.where(x @ weight.T + bias > 0, 1.0, 0.1)
    return slope**2 @ (weight**2).sum(1)


# --- repaired_contraction: the specimen -----------------------------------------------------------


def contraction_specimen(x, weight, bias):
    h = F.linear(x, weight, bias).clamp(min=0)
    return ((h - h**2)[:, :, None] * weight).square().sum((1, 2))


# --- repaired_strangeness: right ------------------------------------------------------------------


def strangeness_loop(model, x, draws, generator):
    mu, log_var = model.encode(x)
    costs = []
    for _ in range(draws):
        epsilon = torch.randn(mu.shape, generator=generator)
        costs.append(bernoulli_nll(model.decode(mu + torch.exp(log_var / 2) * epsilon), x))
    return torch.stack(costs).mean(0)


def strangeness_at_once(model, x, draws, generator):
    mu, log_var = (part.repeat(draws, 1) for part in model.encode(x))
    z = reparameterize(mu, log_var, generator)
    costs = bernoulli_nll(model.decode(z), x.repeat(draws, 1))
    return costs.view(draws, len(x)).mean(0)


def strangeness_each_picture(model, x, draws, generator):
    result = []
    for picture in x:
        mu, log_var = (part.expand(draws, -1) for part in model.encode(picture[None]))
        logits = model.decode(reparameterize(mu, log_var, generator))
        cost = F.binary_cross_entropy_with_logits(
            logits, picture.expand(draws, -1), reduction="sum"
        )
        result.append(cost / draws)
    return torch.stack(result)


# --- repaired_strangeness: wrong ------------------------------------------------------------------


def _costs(model, x, draws, generator):
    mu, log_var = model.encode(x)
    return torch.stack(
        [
            bernoulli_nll(model.decode(reparameterize(mu, log_var, generator)), x)
            for _ in range(draws)
        ]
    )


def strangeness_mean_code(model, x, draws, generator):
    return bernoulli_nll(model.decode(model.encode(x)[0]), x)


def strangeness_turned(model, x, draws, generator):
    return -_costs(model, x, draws, generator).mean(0)


def strangeness_summed(model, x, draws, generator):
    return _costs(model, x, draws, generator).sum(0)


def strangeness_divided_twice(model, x, draws, generator):
    return _costs(model, x, draws, generator).mean(0) / draws


def strangeness_log_of_mean(model, x, draws, generator):
    return -_costs(model, x, draws, generator).neg().exp().mean(0).log()


def strangeness_densities(model, x, draws, generator):
    return _costs(model, x, draws, generator).neg().exp().mean(0)


def strangeness_elbo(model, x, draws, generator):
    return _costs(model, x, draws, generator).mean(0) + gaussian_kl(*model.encode(x))


def strangeness_best(model, x, draws, generator):
    return _costs(model, x, draws, generator).amin(0)


def strangeness_not_averaged(model, x, draws, generator):
    return _costs(model, x, draws, generator)


def strangeness_own_noise(model, x, draws, generator):
    return _costs(model, x, draws, torch.Generator().manual_seed(3)).mean(0)


def _codes(model, x, draws, generator):
    mu, log_var = model.encode(x)
    return torch.stack([reparameterize(mu, log_var, generator) for _ in range(draws)])


def strangeness_of_mean_logits(model, x, draws, generator):
    logits = torch.stack([model.decode(z) for z in _codes(model, x, draws, generator)])
    return bernoulli_nll(logits.mean(0), x)


def strangeness_of_mean_picture(model, x, draws, generator):
    pictures = [model.decode(z).sigmoid() for z in _codes(model, x, draws, generator)]
    return F.binary_cross_entropy(torch.stack(pictures).mean(0), x, reduction="none").sum(1)


def strangeness_of_mean_code(model, x, draws, generator):
    return bernoulli_nll(model.decode(_codes(model, x, draws, generator).mean(0)), x)


def strangeness_from_the_prior(model, x, draws, generator):
    mu, _ = model.encode(x)
    z = [torch.randn(mu.shape, generator=generator) for _ in range(draws)]
    return torch.stack([bernoulli_nll(model.decode(code), x) for code in z]).mean(0)


def strangeness_unit_noise(model, x, draws, generator):
    mu, _ = model.encode(x)
    z = [mu + torch.randn(mu.shape, generator=generator) for _ in range(draws)]
    return torch.stack([bernoulli_nll(model.decode(code), x) for code in z]).mean(0)


def strangeness_begins_anew(model, x, draws, generator):
    total = torch.zeros(len(x))
    for z in _codes(model, x, draws, generator):
        total = bernoulli_nll(model.decode(z), x)
    return total / draws


def strangeness_median(model, x, draws, generator):
    return _costs(model, x, draws, generator).median(0).values


def strangeness_worst(model, x, draws, generator):
    return _costs(model, x, draws, generator).amax(0)


def strangeness_without_generator(model, x, draws, generator):
    return _costs(model, x, draws, None).mean(0)


def strangeness_half_sigma(model, x, draws, generator):
    """No known mistake: half of the noise."""
    mu, log_var = model.encode(x)
    z = [reparameterize(mu, log_var - 2 * math.log(2), generator) for _ in range(draws)]
    return torch.stack([bernoulli_nll(model.decode(code), x) for code in z]).mean(0)


def strangeness_two_draws(model, x, draws, generator):
    return _costs(model, x, min(draws, 2), generator).mean(0)


def strangeness_hundred_draws(model, x, draws, generator):
    return _costs(model, x, 100, generator).mean(0)


def strangeness_variance(model, x, draws, generator):
    mu, log_var = model.encode(x)
    z = [mu + log_var.exp() * torch.randn(mu.shape, generator=generator) for _ in range(draws)]
    return torch.stack([bernoulli_nll(model.decode(code), x) for code in z]).mean(0)


# --- repaired_strangeness: the specimen -----------------------------------------------------------


def strangeness_specimen(model, x, draws, generator):
    z = reparameterize(*model.encode(x), generator)
    return sum(bernoulli_nll(model.decode(z), x) for _ in range(draws)) / draws


# --- repaired_ndcg: right -------------------------------------------------------------------------


def ndcg_loop(ranked, wanted, k):
    gain = ideal = 0.0
    for place in range(k):
        worth = 1 / math.log2(place + 2)
        if place < len(ranked) and ranked[place] in wanted:
            gain += worth
        if place < len(wanted):
            ideal += worth
    return gain / ideal


def ndcg_numpy(ranked, wanted, k):
    worth = 1 / np.log2(np.arange(2, k + 2))
    hits = np.isin(ranked[:k], wanted)
    return float(worth[: len(hits)][hits].sum() / worth[: len(set(wanted))].sum())


def ndcg_scikit(ranked, wanted, k):
    from sklearn.metrics import ndcg_score

    items = sorted({*ranked, *wanted})
    truth = [[float(item in wanted) for item in items]]
    place = {item: rank for rank, item in enumerate(ranked)}
    score = [[-float(place.get(item, len(items) + n)) for n, item in enumerate(items)]]
    return float(ndcg_score(truth, score, k=k, ignore_ties=True))


# --- repaired_ndcg: wrong -------------------------------------------------------------------------


def _gain(hits):
    return sum(hit / math.log2(rank + 1) for rank, hit in enumerate(hits, 1))


def _found(ranked, wanted, k):
    return [float(item in wanted) for item in ranked[:k]]


def ndcg_all_places(ranked, wanted, k):
    return _gain(_found(ranked, wanted, k)) / _gain([1.0] * k)


def ndcg_all_wanted(ranked, wanted, k):
    return _gain(_found(ranked, wanted, k)) / _gain([1.0] * len(wanted))


def ndcg_whole_ranking(ranked, wanted, k):
    best = sorted((float(item in wanted) for item in ranked), reverse=True)[:k]
    return _gain(_found(ranked, wanted, k)) / _gain(best) if any(best) else 0.0


def ndcg_gain(ranked, wanted, k):
    return float(_gain(_found(ranked, wanted, k)))


def ndcg_recall(ranked, wanted, k):
    return len(set(ranked[:k]) & set(wanted)) / len(wanted)


def ndcg_capped_recall(ranked, wanted, k):
    return sum(_found(ranked, wanted, k)) / min(k, len(wanted))


def ndcg_precision(ranked, wanted, k):
    return sum(_found(ranked, wanted, k)) / k


def _ndcg(ranked, wanted, k, worth):
    hits, best = _found(ranked, wanted, k), [1.0] * min(k, len(wanted))
    gain, ideal = (sum(h * worth(r) for r, h in enumerate(row, 1)) for row in (hits, best))
    return gain / ideal


def ndcg_natural_logarithm(ranked, wanted, k):
    return _ndcg(ranked, wanted, k, lambda rank: 1 / math.log(rank) if rank > 1 else 1.0)


def ndcg_reciprocal(ranked, wanted, k):
    return _ndcg(ranked, wanted, k, lambda rank: 1 / rank)


def ndcg_shifted(ranked, wanted, k):
    return _ndcg(ranked, wanted, k, lambda rank: 1 / math.log2(rank + 2))


def ndcg_upside_down(ranked, wanted, k):
    gain = _gain(_found(ranked, wanted, k))
    return _gain([1.0] * min(k, len(wanted))) / gain if gain else 0.0


def ndcg_tensor(ranked, wanted, k):
    return torch.tensor(ndcg_loop(ranked, wanted, k))


def ndcg_sorts_in_place(ranked, wanted, k):
    ranked.sort()
    return ndcg_loop(ranked, wanted, k)


def ndcg_without_first(ranked, wanted, k):
    """No known mistake: the first place is forgotten."""
    return _gain([0.0, *_found(ranked, wanted, k)[1:]]) / _gain([1.0] * min(k, len(wanted)))


# --- repaired_ndcg: the specimen ------------------------------------------------------------------


def ndcg_specimen(ranked, wanted, k):
    hits = _found(ranked, wanted, k)
    return _gain(hits) / _gain([1.0] * int(sum(hits))) if any(hits) else 0.0


# --- repaired_information_gap: right --------------------------------------------------------------


def gap_package(codes, factors):
    return mutual_information_gap(codes, factors)


def gap_columns(codes, factors):
    known = torch.stack(
        [mutual_information(codes[:, [j]], factors)[0] for j in range(codes.shape[1])]
    )
    ordered = known.sort(dim=0, descending=True).values
    return float(((ordered[0] - ordered[1]) / factor_entropy(factors)).mean())


def gap_permuted(codes, factors):
    rows = codes.permute(1, 0).contiguous()
    known = torch.cat([mutual_information(row.view(-1, 1), factors) for row in rows])
    best, second = known.topk(2, dim=0).values
    return torch.mean((best - second) / factor_entropy(factors)).item()


# --- repaired_information_gap: wrong --------------------------------------------------------------


def _best_two(codes, factors):
    return mutual_information(codes, factors).topk(2, dim=0).values


def gap_best_alone(codes, factors):
    return (_best_two(codes, factors)[0] / factor_entropy(factors)).mean().item()


def gap_in_nats(codes, factors):
    best, second = _best_two(codes, factors)
    return (best - second).mean().item()


def gap_mean_entropy(codes, factors):
    best, second = _best_two(codes, factors)
    return ((best - second).mean() / factor_entropy(factors).mean()).item()


def gap_summed(codes, factors):
    best, second = _best_two(codes, factors)
    return ((best - second) / factor_entropy(factors)).sum().item()


def gap_best_factor(codes, factors):
    best, second = _best_two(codes, factors)
    return ((best - second) / factor_entropy(factors)).max().item()


def gap_turned(codes, factors):
    best, second = _best_two(codes, factors)
    return ((second - best) / factor_entropy(factors)).mean().item()


def gap_worst(codes, factors):
    known = mutual_information(codes, factors)
    return ((known.amax(0) - known.amin(0)) / factor_entropy(factors)).mean().item()


def gap_mean(codes, factors):
    known = mutual_information(codes, factors)
    return ((known.amax(0) - known.mean(0)) / factor_entropy(factors)).mean().item()


def gap_of_the_best(codes, factors):
    best, second = _best_two(codes, factors)
    return ((best - second) / best).mean().item()


def gap_reversed(codes, factors):
    return mutual_information_gap(codes.flip(0), factors)


def gap_tensor(codes, factors):
    best, second = _best_two(codes, factors)
    return ((best - second) / factor_entropy(factors)).mean()


def gap_other_axis(codes, factors):
    """No known mistake: the examples are turned round, and not the matrix."""
    rows = codes.T.flip(1)
    known = torch.cat([mutual_information(row[:, None], factors) for row in rows])
    best, second = known.topk(2, dim=0).values
    return ((best - second) / (2 * factor_entropy(factors))).mean().item()


# --- repaired_information_gap: the specimen -------------------------------------------------------


def gap_specimen(codes, factors):
    shuffled = codes.flatten().view(codes.shape[1], len(codes))
    return mutual_information_gap(shuffled.T, factors)


# --- repaired_verdict: right ----------------------------------------------------------------------


def verdict_standardised(sample):
    generator = torch.Generator().manual_seed(1)
    mu = 3 * torch.randn(20_000, 3, generator=generator)
    log_var = 4 * torch.rand(20_000, 3, generator=generator) - 2
    noise = (sample(mu, log_var, generator) - mu) / (log_var / 2).exp()
    return noise.mean().abs().item() < 0.05 and 0.95 < noise.std().item() < 1.05


def verdict_one_place(sample):
    generator = torch.Generator().manual_seed(2)
    for mu, log_var in ((2.0, -1.5), (-1.0, 1.5)):
        ones = torch.ones(40_000, 1)
        z = sample(mu * ones, log_var * ones, generator)
        sigma = math.exp(log_var / 2)
        if abs(z.mean() - mu) > 0.05 * sigma or abs(z.std() / sigma - 1) > 0.05:
            return False
    return True


def verdict_tensor(sample):
    generator = torch.Generator().manual_seed(3)
    mu, log_var = torch.randn(2, 10_000, 4, generator=generator)
    noise = (sample(mu, log_var, generator) - mu) / torch.exp(log_var / 2)
    close = (noise.mean(0).abs() < 0.06) & ((noise.var(0) - 1).abs() < 0.1)
    return close.all()


# --- repaired_verdict: wrong ----------------------------------------------------------------------


def _test_at(sample, mu_size, log_var_size, standardise, room=0.05):
    generator = torch.Generator().manual_seed(0)
    mu, log_var = torch.randn(2, 10_000, 2, generator=generator)
    mu, log_var = mu_size * mu, log_var_size * log_var
    noise = sample(mu, log_var, generator) - mu
    noise = noise / torch.exp(log_var / 2) if standardise else noise
    return bool(abs(noise.mean()) < room and abs(noise.std() - 1) < room)


def verdict_yes(sample):
    return True


def verdict_no(sample):
    return False


def verdict_not_divided(sample):
    return _test_at(sample, 1, 1, standardise=False)


def verdict_small_variances(sample):
    return _test_at(sample, 1, 0.1, standardise=True)


def verdict_small_means(sample):
    return _test_at(sample, 0.05, 1, standardise=True)


def verdict_too_much_room(sample):
    return _test_at(sample, 1, 1, standardise=True, room=0.25)


def verdict_two_numbers(sample):
    mu, log_var = torch.tensor([[0.3, -1.0]]), torch.tensor([[1.0, -1.5]])
    z = sample(mu, log_var, torch.Generator().manual_seed(0))
    return torch.allclose(z, reparameterize(mu, log_var, torch.Generator().manual_seed(0)))


def verdict_few_numbers(sample):
    generator = torch.Generator().manual_seed(1)
    mu, log_var = torch.randn(2, 1000, 1, generator=generator)
    noise = (sample(mu, log_var, generator) - mu) / torch.exp(log_var / 2)
    return bool(abs(noise.mean()) < 0.05 and abs(noise.std() - 1) < 0.05)


def verdict_number(sample):
    return 1.0


def verdict_mean_alone(sample):
    generator = torch.Generator().manual_seed(0)
    mu, log_var = torch.randn(2, 10_000, 2, generator=generator)
    noise = (sample(mu, log_var, generator) - mu) / torch.exp(log_var / 2)
    return bool(abs(noise.mean()) < 0.05)


def verdict_deviation_alone(sample):
    generator = torch.Generator().manual_seed(0)
    mu, log_var = torch.randn(2, 10_000, 2, generator=generator)
    noise = (sample(mu, log_var, generator) - mu) / torch.exp(log_var / 2)
    return bool(abs(noise.std() - 1) < 0.05)


def verdict_divides_by_variance(sample):
    generator = torch.Generator().manual_seed(0)
    mu, log_var = torch.randn(2, 10_000, 2, generator=generator)
    noise = (sample(mu, log_var, generator) - mu) / torch.exp(log_var)
    return bool(abs(noise.mean()) < 0.05 and abs(noise.std() - 1) < 0.05)


# --- repaired_verdict: the specimen ---------------------------------------------------------------


def verdict_specimen(sample):
    return _test_at(sample, 0.1, 0.1, standardise=False)


RIGHT = {
    "repaired_test_error": [test_error_at_once, test_error_by_hand, test_error_loop],
    "repaired_denoising": [denoising_mse, denoising_named, denoising_kept],
    "repaired_kl": [kl_torch, kl_package, kl_by_sigma, kl_einsum],
    "repaired_code": [code_reparameterized, code_eye, code_scatter],
    "repaired_elbo": [elbo_reparameterized, elbo_torch, elbo_normal],
    "repaired_quantization": [quantization_package, quantization_mse, quantization_norm],
    "repaired_revival": [
        revival_sum,
        revival_bias_on_both_sides,
        revival_linear,
        revival_left_over_held_still,
    ],
    "repaired_contraction": [
        contraction_mask,
        contraction_where,
        contraction_heaviside,
        contraction_jacobian,
    ],
    "repaired_strangeness": [strangeness_loop, strangeness_at_once, strangeness_each_picture],
    "repaired_ndcg": [ndcg_loop, ndcg_numpy, ndcg_scikit],
    "repaired_information_gap": [gap_package, gap_columns, gap_permuted],
    "repaired_verdict": [verdict_standardised, verdict_one_place, verdict_tensor],
}

UNREPAIRED = {
    "repaired_test_error": [test_error_specimen],
    "repaired_denoising": [denoising_specimen],
    "repaired_kl": [kl_specimen],
    "repaired_code": [code_specimen],
    "repaired_elbo": [elbo_specimen],
    "repaired_quantization": [quantization_specimen, quantization_terms_renamed],
    "repaired_revival": [revival_specimen],
    "repaired_contraction": [contraction_specimen],
    "repaired_strangeness": [strangeness_specimen],
    "repaired_ndcg": [ndcg_specimen],
    "repaired_information_gap": [gap_specimen],
    "repaired_verdict": [verdict_specimen],
}

WRONG = {
    "repaired_test_error": {
        test_error_fits_test: "the same mistake the other way round",
        test_error_fits_both: "had a say",
        test_error_on_both: "judge on both sets",
        test_error_on_train: "the error on all of `train`",
        test_error_on_the_last: "the last pictures of `train`",
        test_error_exchanged: "have changed places",
        test_error_per_pixel: "averaged over the pixels",
        test_error_summed: "the sum over all pictures",
        test_error_wrong_count: "by how many `train` has",
        test_error_mean_of_means: "average the averages",
        test_error_tensor: "a tensor of shape ()",
        test_error_ignores_k: "Three steps",
        test_error_first_batch: "the first batch and at no other",
    },
    "repaired_denoising": {
        denoising_no_noise: "The noise is gone",
        denoising_exchanged: "Clean and spoilt have changed places",
        denoising_no_model: "The model has no part",
        denoising_noise_on_output: "what the model draws. It belongs",
        denoising_two_drawings: "two drawings",
        denoising_twice: "spoilt twice",
        denoising_target_spoilt_too: "The target is still spoilt",
        denoising_draws_noise: "as if the model drew the noise",
        denoising_per_pixel: "averaged over the pixels",
        denoising_absolute: "absolute differences",
        denoising_summed: "batch is summed",
        denoising_averaged: "batch is averaged",
        denoising_no_grad: "nothing could be trained",
        denoising_half: "Three pictures have a part",
    },
    "repaired_kl": {
        kl_half_variance: "σ² is right now, but its logarithm",
        kl_half_logarithm: "log σ² is right now, but exp",
        kl_squared_logarithm: "not the square of log σ",
        kl_halved: "A factor ½ where",
        kl_doubled: "Twice what it should be",
        kl_without_one: "The -1 is gone",
        kl_plus: "enters with a minus",
        kl_turned: "never negative",
        kl_of_sigma: "for σ itself",
        kl_mu: "μ² has become μ",
        kl_mean: "The mean over the numbers",
        kl_batch: "batch is summed",
        kl_not_summed: "the price of each number",
        kl_detached: "does not remember how it was computed from `log_sigma`",
        kl_other_way: "Take one number of the code",
    },
    "repaired_code": {
        code_heads_exchanged: "two heads have changed places",
        code_other_head_twice: "Now log_var_head has both jobs",
        code_variance: "exp(log σ²) is σ²",
        code_no_exp: "log σ² is not σ",
        code_no_noise: "The noise is gone",
        code_unit_noise: "The noise has σ = 1",
        code_added: "A plus where σ",
        code_noise_squared: "The noise is squared",
        code_label_first: "expects the pixels first",
        code_no_label: "no longer says anything",
        code_label_as_number: "Classes have no order",
        code_both: "a tuple of 2 things",
        code_clamped: "Six steps",
    },
    "repaired_elbo": {
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
    },
    "repaired_quantization": {
        quantization_beta_twice: "β multiplies both terms",
        quantization_no_beta: "β has no effect",
        quantization_no_detach: "Without any `.detach()`",
        quantization_codebook_twice: "Both terms move the codebook",
        quantization_encoder_twice: "Both terms move the encoder",
        quantization_second_moves_both: "In the second term both move",
        quantization_first_moves_both: "In the first term both move",
        quantization_detached: "Everything is detached",
        quantization_mean: "The mean over the numbers of a vector",
        quantization_one_number: "The mean over all vectors",
        quantization_pushes: "pushed away",
        quantization_other_weights: "not who moves",
    },
    "repaired_revival": {
        revival_no_bias: "gone from the comparison",
        revival_all_of_x: "draw x by themselves, without bias",
        revival_all_of_x_with_bias: "draw all of x by themselves",
        revival_turned: "has the wrong sign",
        revival_living_only: "have no part in it",
        revival_copies: "copy what the living",
        revival_bias_again: "more often than before",
        revival_mean: "The mean over the features",
        revival_batch: "batch is summed",
        revival_absolute: "absolute differences",
        revival_detached: "does not remember how it was computed from `dead`",
        revival_strokes_held_still: "Detach nothing of what they draw",
        revival_weight_forgotten: "does not remember how it was computed from `weight`",
        revival_scaled: "Write the two things",
    },
    "repaired_contraction": {
        contraction_sigmoid: "right for another layer",
        contraction_output: "is not its output",
        contraction_all_units: "every unit with slope 1",
        contraction_silent_units: "The condition is turned round",
        contraction_tanh: "slope of tanh",
        contraction_always_zero: "This is always 0",
        contraction_sum_then_square: "summed and then squared",
        contraction_units_first: "summed before squaring",
        contraction_root: "taken the root",
        contraction_mean: "The mean over the inputs",
        contraction_half: "Half of it.",
        contraction_batch: "batch is averaged",
        contraction_all_weights: "the weights of all units",
        contraction_detached: "does not remember how it was computed from `weight`",
        contraction_leaky: "For one unit",
    },
    "repaired_strangeness": {
        strangeness_mean_code: "from the mean code",
        strangeness_turned: "The sign is turned",
        strangeness_summed: "The sum over the draws",
        strangeness_divided_twice: "by the number of draws twice",
        strangeness_log_of_mean: "take the logarithm afterwards",
        strangeness_densities: "span many powers of ten",
        strangeness_elbo: "The KL is added",
        strangeness_best: "The best of the draws",
        strangeness_not_averaged: "Too many axes",
        strangeness_of_mean_logits: "average the logits",
        strangeness_of_mean_picture: "judge the mean picture",
        strangeness_of_mean_code: "You average the codes",
        strangeness_from_the_prior: "come from the prior",
        strangeness_unit_noise: "The noise has σ = 1",
        strangeness_begins_anew: "Only the last draw is left",
        strangeness_median: "The median of the draws",
        strangeness_worst: "The worst of the draws",
        strangeness_without_generator: "some of its noise comes from elsewhere",
        strangeness_half_sigma: "On average over many calls",
        strangeness_own_noise: "must come from `generator`",
        strangeness_two_draws: "or not as many",
        strangeness_hundred_draws: "more draws than asked for, or",
        strangeness_variance: "which is σ²",
    },
    "repaired_ndcg": {
        ndcg_all_places: "fills all k places",
        ndcg_all_wanted: "counts all wanted items",
        ndcg_whole_ranking: "*whole* ranking",
        ndcg_gain: "this is the gain itself",
        ndcg_recall: "This is the recall",
        ndcg_capped_recall: "This counts hits",
        ndcg_precision: "This is the precision",
        ndcg_natural_logarithm: "The logarithm is the natural one",
        ndcg_reciprocal: "The discount is 1/rank",
        ndcg_shifted: "once too often",
        ndcg_upside_down: "upside down",
        ndcg_tensor: "a tensor of shape ()",
        ndcg_sorts_in_place: "changed its argument `ranked` in place",
        ndcg_without_first: "of which one is found",
    },
    "repaired_information_gap": {
        gap_best_alone: "what the best number knows. The second best",
        gap_in_nats: "The gap in nats",
        gap_mean_entropy: "by the mean entropy",
        gap_summed: "The sum over the factors",
        gap_best_factor: "The gap of the best factor",
        gap_turned: "The sign is turned",
        gap_worst: "*worst* number",
        gap_mean: "less the mean of all",
        gap_of_the_best: "divide by what the best number knows",
        gap_reversed: "in reverse order",
        gap_tensor: "a tensor of shape ()",
        gap_other_axis: "should have one row for each",
    },
    "repaired_verdict": {
        verdict_yes: "says yes to everything",
        verdict_no: "says no to everything",
        verdict_not_divided: "before σ is divided out",
        verdict_small_variances: "exp(log_var) ε, where the ½ is lost",
        verdict_small_means: "exp(log_var / 2) ε, without μ",
        verdict_too_much_room: "with the ½ taken twice",
        verdict_two_numbers: "turns away a right sampler: μ - exp",
        verdict_few_numbers: "Chance decides",
        verdict_number: "the number 1",
        verdict_mean_alone: "and 6 more like it",
        verdict_deviation_alone: "(ε + 0.3), whose noise has another mean",
        verdict_divides_by_variance: "divides the noise by the variance",
    },
}
