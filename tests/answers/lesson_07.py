"""Answers to the exercises of lesson 07, as learners write them.

`RIGHT` are accepted for every seed. `WRONG` are rejected, each with a message that holds the phrase
beside it and that no other of them gets.
"""

import math

import numpy as np
import torch
from torch.distributions import AffineTransform, Independent, MultivariateNormal, Normal
from torch.nn import functional as F

# --- reparameterize: right ------------------------------------------------------------------------


def draw_randn(mu, log_var, generator=None):
    return mu + torch.exp(log_var / 2) * torch.randn(mu.shape, generator=generator)


def draw_in_place_noise(mu, log_var, generator=None):
    epsilon = torch.empty_like(mu).normal_(generator=generator)
    return log_var.exp().sqrt() * epsilon + mu


def draw_standard_normal(mu, log_var, generator=None):
    zero, one = torch.zeros_like(mu), torch.ones_like(mu)
    return torch.addcmul(mu, log_var.mul(0.5).exp(), torch.normal(zero, one, generator=generator))


def draw_distribution(mu, log_var, generator=None):
    """torch.distributions takes no generator, but its quantiles take noise from anywhere."""
    uniform = torch.rand(mu.shape, generator=generator).clamp(1e-7, 1 - 1e-7)
    return Normal(mu, (log_var / 2).exp()).icdf(uniform)


def draw_transform(mu, log_var, generator=None):
    flow = AffineTransform(mu, torch.exp(0.5 * log_var))
    return flow(torch.randn(*mu.shape, generator=generator))


def draw_rows(mu, log_var, generator=None):
    rows = [
        m + torch.exp(0.5 * lv) * torch.randn(len(m), generator=generator)
        for m, lv in zip(mu, log_var, strict=True)
    ]
    return torch.stack(rows)


def draw_columns(mu, log_var, generator=None):
    epsilon = torch.randn(mu.T.shape, generator=generator).T
    return torch.einsum("bj,bj->bj", (log_var / 2).exp(), epsilon) + mu


def draw_box_muller(mu, log_var, generator=None):
    u, v = torch.rand(2, *mu.shape, generator=generator)
    epsilon = torch.sqrt(-2 * torch.log(1 - u)) * torch.cos(2 * math.pi * v)
    return mu - torch.exp(log_var / 2) * epsilon


def draw_double(mu, log_var, generator=None):
    epsilon = torch.randn(mu.shape, generator=generator, dtype=torch.float64)
    return mu.double() + log_var.double().exp() ** 0.5 * epsilon


def draw_flat(mu, log_var, generator=None):
    epsilon = torch.randn(mu.numel(), generator=generator).reshape_as(mu)
    return mu - epsilon * torch.exp(log_var / 4) ** 2


# --- reparameterize: wrong ------------------------------------------------------------------------


def draw_variance(mu, log_var, generator=None):
    return mu + torch.exp(log_var) * torch.randn(mu.shape, generator=generator)


def draw_log_var(mu, log_var, generator=None):
    return mu + log_var * torch.randn(mu.shape, generator=generator)


def draw_no_exp(mu, log_var, generator=None):
    return mu + log_var / 2 * torch.randn(mu.shape, generator=generator)


def draw_half_outside(mu, log_var, generator=None):
    return mu + 0.5 * torch.exp(log_var) * torch.randn(mu.shape, generator=generator)


def draw_half_twice(mu, log_var, generator=None):
    return mu + 0.5 * torch.exp(0.5 * log_var) * torch.randn(mu.shape, generator=generator)


def draw_root_of_absolute(mu, log_var, generator=None):
    return mu + log_var.abs().sqrt() * torch.randn(mu.shape, generator=generator)


def draw_sigma_on_mu(mu, log_var, generator=None):
    return mu * torch.exp(log_var / 2) + torch.randn(mu.shape, generator=generator)


def draw_product(mu, log_var, generator=None):
    return mu * torch.exp(log_var / 2) * torch.randn(mu.shape, generator=generator)


def draw_arguments_exchanged(log_var, mu, generator=None):
    return mu + torch.exp(log_var / 2) * torch.randn(mu.shape, generator=generator)


def draw_noise_added_in_exp(mu, log_var, generator=None):
    return mu + torch.exp(log_var / 2 + torch.randn(mu.shape, generator=generator))


def draw_noise_times_in_exp(mu, log_var, generator=None):
    return mu + torch.exp(log_var / 2 * torch.randn(mu.shape, generator=generator))


def draw_clamped(mu, log_var, generator=None):
    return mu + torch.exp(log_var / 2) * torch.randn(mu.shape, generator=generator).clamp(-2, 2)


def draw_sign_in_exponent(mu, log_var, generator=None):
    return mu + torch.exp(-log_var / 2) * torch.randn(mu.shape, generator=generator)


def draw_two_roots(mu, log_var, generator=None):
    std = torch.exp(log_var / 2)
    return mu + std.sqrt() * torch.randn(mu.shape, generator=generator)


def draw_squared(mu, log_var, generator=None):
    return mu + torch.exp(log_var) ** 2 * torch.randn(mu.shape, generator=generator)


def draw_softplus(mu, log_var, generator=None):
    return mu + F.softplus(log_var) * torch.randn(mu.shape, generator=generator)


def draw_without_log_var(mu, log_var, generator=None):
    return mu + torch.randn(mu.shape, generator=generator)


def draw_without_mu(mu, log_var, generator=None):
    return torch.exp(log_var / 2) * torch.randn(mu.shape, generator=generator)


def draw_only_noise(mu, log_var, generator=None):
    return torch.randn(mu.shape, generator=generator)


def draw_bracket(mu, log_var, generator=None):
    return (mu + torch.randn(mu.shape, generator=generator)) * torch.exp(log_var / 2)


def draw_roles_swapped(mu, log_var, generator=None):
    return mu * torch.randn(mu.shape, generator=generator) + torch.exp(log_var / 2)


def draw_sigma_added(mu, log_var, generator=None):
    return mu + torch.exp(log_var / 2) + torch.randn(mu.shape, generator=generator)


def draw_square_root(mu, log_var, generator=None):
    return mu + torch.sqrt(log_var) * torch.randn(mu.shape, generator=generator)


def draw_mean(mu, log_var, generator=None):
    return mu


def draw_no_noise(mu, log_var, generator=None):
    return mu + torch.exp(log_var / 2)


def draw_no_noise_variance(mu, log_var, generator=None):
    return mu + torch.exp(log_var)


def draw_uniform(mu, log_var, generator=None):
    return mu + torch.exp(log_var / 2) * torch.rand(mu.shape, generator=generator)


def draw_uniform_both_signs(mu, log_var, generator=None):
    noise = math.sqrt(12) * (torch.rand(mu.shape, generator=generator) - 0.5)
    return mu + torch.exp(log_var / 2) * noise


def draw_absolute(mu, log_var, generator=None):
    return mu + torch.exp(log_var / 2) * torch.randn(mu.shape, generator=generator).abs()


def draw_one_number(mu, log_var, generator=None):
    return mu + torch.exp(log_var / 2) * torch.randn(1, generator=generator)


def draw_one_row(mu, log_var, generator=None):
    return mu + torch.exp(log_var / 2) * torch.randn(mu.shape[1], generator=generator)


def draw_one_column(mu, log_var, generator=None):
    return mu + torch.exp(log_var / 2) * torch.randn(len(mu), 1, generator=generator)


def draw_shares_dimensions(mu, log_var, generator=None):
    """Each dimension has half of its noise in common with the others."""
    own, common = torch.randn(mu.shape, generator=generator), torch.randn(len(mu), 1)
    return mu + torch.exp(log_var / 2) * (own + common) / math.sqrt(2)


def draw_torch_normal(mu, log_var, generator=None):
    return torch.normal(mu, torch.exp(log_var / 2), generator=generator)


def draw_torch_normal_of_log_var(mu, log_var, generator=None):
    return torch.normal(mu, log_var, generator=generator)


def draw_detached(mu, log_var, generator=None):
    return draw_randn(mu, log_var, generator).detach()


def draw_mu_detached(mu, log_var, generator=None):
    return draw_randn(mu.detach(), log_var, generator)


def draw_sigma_detached(mu, log_var, generator=None):
    return draw_randn(mu, log_var.detach(), generator)


def draw_noise_from_mu(mu, log_var, generator=None):
    """Right draws, and a gradient to mu that is half of what it should be."""
    z = draw_randn(mu, log_var, generator)
    return z - mu / 2 + mu.detach() / 2


def draw_sigma_half_detached(mu, log_var, generator=None):
    sigma = (log_var.detach() / 2).exp() * (1 + log_var - log_var.detach())
    return mu + sigma * torch.randn(mu.shape, generator=generator)


def draw_numpy(mu, log_var, generator=None):
    noise = torch.randn(mu.shape, generator=generator).numpy()
    return torch.from_numpy(mu.numpy() + np.exp(log_var.numpy() / 2) * noise)


def draw_generator_ignored(mu, log_var, generator=None):
    return mu + torch.exp(log_var / 2) * torch.randn_like(mu)


def draw_seeded(mu, log_var, generator=None):
    torch.manual_seed(0)
    return mu + torch.exp(log_var / 2) * torch.randn_like(mu)


def draw_seeds_beside(mu, log_var, generator=None):
    torch.manual_seed(0)
    return draw_randn(mu, log_var, generator)


def draw_generator_copied(mu, log_var, generator=None):
    generator = None if generator is None else generator.clone_state()
    return draw_randn(mu, log_var, generator)


def draw_new_generator(mu, log_var, generator=None):
    if generator is None:
        generator = torch.Generator().manual_seed(0)
    return draw_randn(mu, log_var, generator)


def draw_transposed(mu, log_var, generator=None):
    return draw_randn(mu, log_var, generator).T


def draw_in_place(mu, log_var, generator=None):
    mu += torch.exp(log_var / 2) * torch.randn(mu.shape, generator=generator)
    return mu


def draw_returns_noise_too(mu, log_var, generator=None):
    epsilon = torch.randn(mu.shape, generator=generator)
    return mu + torch.exp(log_var / 2) * epsilon, epsilon


def draw_without_default(mu, log_var, generator):
    return draw_randn(mu, log_var, generator)


def draw_too_narrow(mu, log_var, generator=None):
    """No known mistake: the generic message has to do."""
    return mu + 0.7 * torch.exp(log_var / 2) * torch.randn(mu.shape, generator=generator)


# --- score_function_gradient: right ---------------------------------------------------------------


def _epsilon(mu, n_samples, generator):
    return torch.randn(n_samples, len(mu), generator=generator)


def _draws(mu, log_var, n_samples, generator):
    return mu + torch.exp(log_var / 2) * _epsilon(mu, n_samples, generator)


def score_einsum(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    return torch.einsum("n,nd->d", f(z), (z - mu) / log_var.exp()) / n_samples


def score_by_noise(f, mu, log_var, n_samples, generator):
    sigma = torch.exp(log_var / 2)
    epsilon = _epsilon(mu, n_samples, generator)
    return f(mu + sigma * epsilon) @ epsilon / sigma / n_samples


def score_autograd(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    centre = mu.clone().requires_grad_()
    log_q = Independent(Normal(centre, (log_var / 2).exp()), 1).log_prob(z)
    (gradient,) = torch.autograd.grad((f(z).detach() * log_q).mean(), centre)
    return gradient


def score_backward(f, mu, log_var, n_samples, generator):
    """z remembers mu until it is detached."""
    mu = mu.clone().requires_grad_()
    z = _draws(mu, log_var, n_samples, generator).detach()
    covariance = torch.diag(log_var.exp())
    surrogate = (f(z) * MultivariateNormal(mu, covariance).log_prob(z)).mean()
    surrogate.backward()
    return mu.grad


def score_loop(f, mu, log_var, n_samples, generator):
    total = torch.zeros_like(mu)
    for _ in range(n_samples):
        z = _draws(mu, log_var, 1, generator)
        total += f(z).detach()[0] * (z[0] - mu) / torch.exp(log_var)
    return total / n_samples


def score_others_as_baseline(f, mu, log_var, n_samples, generator):
    """The mean of the other draws keeps the estimate right on average."""
    z = _draws(mu, log_var, n_samples, generator)
    value = f(z).detach()
    others = (value.sum() - value) / (n_samples - 1)
    return ((value - others)[:, None] * (z - mu) / log_var.exp()).mean(0)


def score_value_at_the_mean_as_baseline(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    advantage = f(z).detach() - f(mu[None]).detach()
    return torch.mean(advantage.unsqueeze(1) * (z - mu) / log_var.exp(), dim=0)


def score_functional_jacobian(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)

    def log_q(centre):
        return -0.5 * ((z - centre) ** 2 / log_var.exp()).sum(1)

    return f(z) @ torch.autograd.functional.jacobian(log_q, mu) / n_samples


def score_mirrored(f, mu, log_var, n_samples, generator):
    """-ε is as normal as ε."""
    sigma, epsilon = (log_var / 2).exp(), _epsilon(mu, n_samples, generator)
    return -(f(mu - sigma * epsilon)[:, None] * epsilon).mean(0) / sigma


def score_constant_baseline(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    return ((f(z) - 1)[:, None] * (z - mu) / log_var.exp()).mean(0)


# --- score_function_gradient: wrong ---------------------------------------------------------------


def score_reparameterised(f, mu, log_var, n_samples, generator):
    mu = mu.clone().requires_grad_()
    return torch.autograd.grad(f(_draws(mu, log_var, n_samples, generator)).mean(), mu)[0]


def score_no_grad_for_mu(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    log_q = Normal(mu, torch.exp(log_var / 2)).log_prob(z).sum(1)
    return torch.autograd.grad((f(z) * log_q).mean(), mu)[0]


def score_not_detached(f, mu, log_var, n_samples, generator):
    mu = mu.clone().requires_grad_()
    z = _draws(mu, log_var, n_samples, generator)
    log_q = Normal(mu, torch.exp(log_var / 2)).log_prob(z).sum(1)
    return torch.autograd.grad((f(z) * log_q).mean(), mu)[0]


def score_f_not_detached(f, mu, log_var, n_samples, generator):
    mu = mu.clone().requires_grad_()
    z = _draws(mu, log_var, n_samples, generator)
    log_q = Normal(mu, torch.exp(log_var / 2)).log_prob(z.detach()).sum(1)
    return torch.autograd.grad((f(z) * log_q).mean(), mu)[0]


def score_slope_where_there_is_one(f, mu, log_var, n_samples, generator):
    start = mu.clone().requires_grad_()
    z = _draws(start, log_var, n_samples, generator)
    value = f(z)
    if value.requires_grad:
        return torch.autograd.grad(value.mean(), start)[0]
    z = z.detach()
    return (value[:, None] * (z - mu) / log_var.exp()).mean(0)


def score_zeros(f, mu, log_var, n_samples, generator):
    f(_draws(mu, log_var, n_samples, generator))
    return torch.zeros_like(mu)


def score_sum(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    return (f(z)[:, None] * (z - mu) / log_var.exp()).sum(0)


def score_sign(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    return (f(z)[:, None] * (mu - z) / log_var.exp()).mean(0)


def score_without_variance(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    return (f(z)[:, None] * (z - mu)).mean(0)


def score_by_sigma(f, mu, log_var, n_samples, generator):
    epsilon = _epsilon(mu, n_samples, generator)
    z = mu + torch.exp(log_var / 2) * epsilon
    return (f(z)[:, None] * epsilon).mean(0)


def score_noise_by_variance(f, mu, log_var, n_samples, generator):
    epsilon = _epsilon(mu, n_samples, generator)
    z = mu + torch.exp(log_var / 2) * epsilon
    return (f(z)[:, None] * epsilon / log_var.exp()).mean(0)


def score_variance_squared(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    return (f(z)[:, None] * (z - mu) / log_var.exp() ** 2).mean(0)


def score_times_variance(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    return (f(z)[:, None] * (z - mu) * log_var.exp()).mean(0)


def score_by_log_var(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    return (f(z)[:, None] * (z - mu) / log_var).mean(0)


def score_by_log_var_squared(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    return (f(z)[:, None] * (z - mu) / log_var**2).mean(0)


def score_not_centred(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    return (f(z)[:, None] * z / log_var.exp()).mean(0)


def score_without_f(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    f(z)
    return ((z - mu) / log_var.exp()).mean(0)


def score_never_calls_f(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    return ((z - mu) / log_var.exp()).mean(0)


def score_product_of_means(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    return f(z).mean() * ((z - mu) / log_var.exp()).mean(0)


def score_mean_log_density(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    start = mu.clone().requires_grad_()
    log_q = Normal(start, (log_var / 2).exp()).log_prob(z).mean(1)
    return torch.autograd.grad((f(z).detach() * log_q).mean(), start)[0]


def score_half(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    return (f(z)[:, None] * (z - mu) / (2 * log_var.exp())).mean(0)


def score_twice(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    return (f(z)[:, None] * 2 * (z - mu) / log_var.exp()).mean(0)


def score_one_less(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    return (f(z)[:, None] * (z - mu) / log_var.exp()).sum(0) / (n_samples - 1)


def score_variance_of_draws(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    return (f(z)[:, None] * (z - mu) / z.var(0)).mean(0)


def score_summed_over_coordinates(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    score = ((z - mu) / log_var.exp()).sum(1)
    return (f(z) * score).mean().repeat(len(mu))


def score_of_the_density(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    start = mu.clone().requires_grad_()
    q = Independent(Normal(start, (log_var / 2).exp()), 1).log_prob(z).exp()
    return torch.autograd.grad((f(z).detach() * q).mean(), start)[0]


def score_log_density_summed_over_draws(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    start = mu.clone().requires_grad_()
    log_q = Normal(start, (log_var / 2).exp()).log_prob(z).sum()
    return torch.autograd.grad((f(z).detach() * log_q).mean(), start)[0]


def score_f_at_the_mean(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    return (f(mu.expand(n_samples, -1))[:, None] * (z - mu) / log_var.exp()).mean(0)


def score_value_of_other_draws(f, mu, log_var, n_samples, generator):
    """No known mistake: f is asked at one set of draws, and the score is that of the next row."""
    z = _draws(mu, log_var, n_samples, generator)
    return (f(z).roll(1)[:, None] * (z - mu) / log_var.exp()).mean(0)


def score_too_much(f, mu, log_var, n_samples, generator):
    """No known mistake: a factor that only estimates of little scatter show."""
    return 1.6 * score_einsum(f, mu, log_var, n_samples, generator)


def score_for_log_var(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    return (f(z)[:, None] * 0.5 * ((z - mu) ** 2 / log_var.exp() - 1)).mean(0)


def score_log_density(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    return (f(z)[:, None] * Normal(mu, (log_var / 2).exp()).log_prob(z)).mean(0)


def score_own_baseline(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    value = f(z)
    return ((value - value.mean())[:, None] * (z - mu) / log_var.exp()).mean(0)


def score_standardised(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    value = f(z)
    advantage = (value - value.mean()) / value.std()
    return (advantage[:, None] * (z - mu) / log_var.exp()).mean(0)


def score_best_as_baseline(f, mu, log_var, n_samples, generator):
    """No known mistake: only the average over many estimates shows the bias."""
    z = _draws(mu, log_var, n_samples, generator)
    value = f(z)
    return ((value - value.max())[:, None] * (z - mu) / log_var.exp()).mean(0)


def score_each_draw(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    return f(z)[:, None] * (z - mu) / log_var.exp()


def score_over_coordinates(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    return (f(z)[:, None] * (z - mu) / log_var.exp()).mean(1)


def score_one_number(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    return (f(z)[:, None] * (z - mu) / log_var.exp()).mean()


def score_no_column(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator)
    return (f(z) * (z - mu) / log_var.exp()).mean(0)


def score_log_sigma(f, mu, log_var, n_samples, generator):
    sigma = torch.exp(log_var)
    z = mu + sigma * _epsilon(mu, n_samples, generator)
    return (f(z)[:, None] * (z - mu) / sigma**2).mean(0)


def score_sigma(f, mu, log_var, n_samples, generator):
    z = mu + log_var * _epsilon(mu, n_samples, generator)
    return (f(z)[:, None] * (z - mu) / log_var**2).mean(0)


def score_distribution_of_log_var(f, mu, log_var, n_samples, generator):
    z = Normal(mu, log_var).sample((n_samples,))
    return (f(z)[:, None] * (z - mu) / log_var**2).mean(0)


def score_draws_from_prior(f, mu, log_var, n_samples, generator):
    z = _epsilon(mu, n_samples, generator)
    return (f(z)[:, None] * (z - mu) / log_var.exp()).mean(0)


def score_samples_ignored(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, 1000, generator)
    return (f(z)[:, None] * (z - mu) / log_var.exp()).mean(0)


def score_at_most_a_thousand(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, min(n_samples, 1000), generator)
    return (f(z)[:, None] * (z - mu) / log_var.exp()).mean(0)


def score_one_draw_for_all(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, 1, generator).expand(n_samples, -1)
    return (f(z)[:, None] * (z - mu) / log_var.exp()).mean(0)


def score_one_noise_for_all_coordinates(f, mu, log_var, n_samples, generator):
    z = mu + torch.exp(log_var / 2) * torch.randn(n_samples, 1, generator=generator)
    return (f(z)[:, None] * (z - mu) / log_var.exp()).mean(0)


def score_uniform(f, mu, log_var, n_samples, generator):
    noise = torch.rand(n_samples, len(mu), generator=generator)
    z = mu + torch.exp(log_var / 2) * noise
    return (f(z)[:, None] * (z - mu) / log_var.exp()).mean(0)


def score_draw_by_draw(f, mu, log_var, n_samples, generator):
    total = torch.zeros_like(mu)
    for _ in range(n_samples):
        z = mu + torch.exp(log_var / 2) * torch.randn(len(mu), generator=generator)
        total += f(z) * (z - mu) / log_var.exp()
    return total / n_samples


def score_generator_ignored(f, mu, log_var, n_samples, generator):
    z = Normal(mu, torch.exp(log_var / 2)).sample((n_samples,))
    return (f(z)[:, None] * (z - mu) / log_var.exp()).mean(0)


def score_seeded(f, mu, log_var, n_samples, generator):
    z = _draws(mu, log_var, n_samples, generator.manual_seed(0))
    return (f(z)[:, None] * (z - mu) / log_var.exp()).mean(0)


def score_returns_list(f, mu, log_var, n_samples, generator):
    return score_einsum(f, mu, log_var, n_samples, generator).tolist()


def score_in_place(f, mu, log_var, n_samples, generator):
    gradient = score_einsum(f, mu, log_var, n_samples, generator)
    mu += 0.1 * gradient
    return gradient


RIGHT = {
    "reparameterize": [
        draw_randn,
        draw_in_place_noise,
        draw_standard_normal,
        draw_distribution,
        draw_transform,
        draw_rows,
        draw_columns,
        draw_box_muller,
        draw_double,
        draw_flat,
    ],
    "score_function_gradient": [
        score_einsum,
        score_by_noise,
        score_autograd,
        score_backward,
        score_loop,
        score_others_as_baseline,
        score_value_at_the_mean_as_baseline,
        score_functional_jacobian,
        score_mirrored,
        score_constant_baseline,
    ],
}

WRONG = {
    "reparameterize": {
        draw_variance: "`exp(log_var)` is used as the standard deviation",
        draw_log_var: "`log_var` itself was used",
        draw_no_exp: "`log_var / 2` is the logarithm of the standard deviation",
        draw_half_outside: "The half is in the wrong place",
        draw_half_twice: "The half is in it twice",
        draw_root_of_absolute: "You took the root of `log_var`",
        draw_sigma_on_mu: "the noise is added as it is",
        draw_product: "`mu` multiplies the noise",
        draw_arguments_exchanged: "The two arguments are exchanged",
        draw_noise_added_in_exp: "inside the `exp`, added to",
        draw_noise_times_in_exp: "inside the `exp`, multiplied with",
        draw_clamped: "something clamps or cuts it",
        draw_sign_in_exponent: "The sign in the exponent is turned",
        draw_two_roots: "A root too many",
        draw_squared: "exp(2 · log_var)",
        draw_softplus: "with `softplus`",
        draw_without_log_var: "`log_var` has no effect",
        draw_without_mu: "`mu` has no effect",
        draw_only_noise: "This is the noise alone",
        draw_bracket: "σ multiplies `mu` as well",
        draw_roles_swapped: "`mu` and σ have changed places",
        draw_sigma_added: "You add σ to the noise",
        draw_square_root: "There is nan or inf among the draws",
        draw_mean: "z is `mu` itself",
        draw_no_noise: "z is mu + σ: the noise",
        draw_no_noise_variance: "z is mu + σ²",
        draw_uniform: "uniform between 0 and 1",
        draw_uniform_both_signs: "Your noise is uniform, between -1.7 and 1.7",
        draw_absolute: "Your noise is never negative",
        draw_one_number: "One number was drawn",
        draw_one_row: "All rows share the same noise",
        draw_one_column: "All entries of a row share",
        draw_shares_dimensions: "The noise of two dimensions goes together",
        draw_torch_normal: "that is what `torch.normal` does",
        draw_torch_normal_of_log_var: "handed over as a standard deviation",
        draw_detached: "no gradient passes through them",
        draw_mu_detached: "from `mu`",
        draw_sigma_detached: "from `log_var`",
        draw_noise_from_mu: "gradient of z with respect to `mu`",
        draw_sigma_half_detached: "gradient of z with respect to `log_var`",
        draw_numpy: "without NumPy",
        draw_generator_ignored: "does not come from `generator`",
        draw_seeded: "Every call returns the same draw",
        draw_seeds_beside: "the global stream of torch moved or was seeded",
        draw_generator_copied: "you seed or copy it",
        draw_new_generator: "Without a generator",
        draw_transposed: "Look at which axis",
        draw_in_place: "changed its argument `mu` in place",
        draw_returns_noise_too: "a tuple of 2",
        draw_without_default: "missing 1 required positional argument",
        draw_too_narrow: "The noise that your draws imply",
    },
    "score_function_gradient": {
        score_reparameterised: "You asked for the gradient of f itself",
        score_no_grad_for_mu: "There is nothing to differentiate",
        score_not_detached: "Your z moves along with `mu`",
        score_f_not_detached: "Where f has a gradient, it gets into your estimate",
        score_slope_where_there_is_one: "the reparameterised gradient, the mean of the slope",
        score_zeros: "its own gradient is 0 wherever there is one",
        score_sum: "You summed over the draws",
        score_sign: "The sign is turned round",
        score_without_variance: "The 1 / σ² is missing",
        score_by_sigma: "which gives the noise ε",
        score_noise_by_variance: "by σ once too often",
        score_variance_squared: "divided by σ⁴",
        score_times_variance: "multiplied by σ² where you should divide",
        score_by_log_var: "divided by `log_var`",
        score_by_log_var_squared: "divided by the square of `log_var`",
        score_not_centred: "`mu` is not subtracted",
        score_without_f: "f has no part in it",
        score_never_calls_f: "You never called f",
        score_product_of_means: "You multiplied two means",
        score_mean_log_density: "Every number is divided by d",
        score_half: "Every number is half",
        score_twice: "Every number is twice",
        score_one_less: "divided by n_samples - 1",
        score_variance_of_draws: "the variance of your draws",
        score_summed_over_coordinates: "Every coordinate got the same number",
        score_of_the_density: "The density is in it once too often",
        score_log_density_summed_over_draws: "with the sum of all scores",
        score_f_at_the_mean: "You asked f only at `mu` itself",
        score_value_of_other_draws: "the mean of 500 of your estimates",
        score_too_much: "differ by more than chance",
        score_for_log_var: "This is the gradient with respect to `log_var`",
        score_log_density: "You weighted f(z) with the log-density itself",
        score_own_baseline: "each draw is part of its own baseline",
        score_standardised: "You standardised the values",
        score_best_as_baseline: "the mean of 500 of your estimates",
        score_each_draw: "for every draw, (n_samples, d)",
        score_over_coordinates: "one number for each draw",
        score_one_number: "You have a single number",
        score_no_column: "The size of tensor",
        score_log_sigma: "`exp(log_var)` is used as the standard deviation",
        score_sigma: "`log_var` itself was used",
        score_distribution_of_log_var: "handed over as a standard deviation",
        score_draws_from_prior: "This is the noise alone",
        score_samples_ignored: "f was asked at 1000 draws",
        score_at_most_a_thousand: "the number is not honoured",
        score_one_draw_for_all: "All rows share the same noise",
        score_one_noise_for_all_coordinates: "All entries of a row share",
        score_uniform: "uniform between 0 and 1",
        score_draw_by_draw: "f was called with a tensor of shape (3,)",
        score_generator_ignored: "does not come from `generator`",
        score_seeded: "Every call returns the same draw",
        score_returns_list: "a list of 3 things",
        score_in_place: "changed its argument `mu` in place",
    },
}
