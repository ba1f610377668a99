"""Answers to `score_function_gradient`, lesson 07, as learners write them."""

import torch
from torch.distributions import Independent, MultivariateNormal, Normal

# --- right ----------------------------------------------------------------------------------------


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


# --- wrong ----------------------------------------------------------------------------------------


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


def score_clamped_log_var(f, mu, log_var, n_samples, generator):
    return score_einsum(f, mu, log_var.clamp(-4, 4), n_samples, generator)


def score_variance_with_a_floor(f, mu, log_var, n_samples, generator):
    """The draws are right, and what they are divided by is not."""
    z = _draws(mu, log_var, n_samples, generator)
    return (f(z)[:, None] * (z - mu) / (log_var.exp() + 1e-3)).mean(0)


def score_clamped_mu(f, mu, log_var, n_samples, generator):
    return score_einsum(f, mu.clamp(-5, 5), log_var, n_samples, generator)


def score_switches_mu_on(f, mu, log_var, n_samples, generator):
    mu.requires_grad_()
    z = _draws(mu, log_var, n_samples, generator).detach()
    log_q = Normal(mu, torch.exp(log_var / 2)).log_prob(z).sum(1)
    return torch.autograd.grad((f(z).detach() * log_q).mean(), mu)[0]


def score_seeds_beside(f, mu, log_var, n_samples, generator):
    torch.manual_seed(3)
    return score_einsum(f, mu, log_var, n_samples, generator)


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [
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
]

WRONG = {
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
    score_clamped_log_var: "The noise that your draws imply",
    score_variance_with_a_floor: "the mean of 500 of your estimates",
    score_clamped_mu: "where log_var is negative: mean -",
    score_switches_mu_on: "`requires_grad` of the caller's own `mu`",
    score_seeds_beside: "torch's global stream is no longer where it was",
}
