"""Answers to `reparameterize`, lesson 07, as learners write them."""

import math

import numpy as np
import torch
from torch.distributions import AffineTransform, Normal
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


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


def draw_scaled_cholesky(mu, log_var, generator=None):
    """As one would write it for covariances, entry by entry of the diagonal."""
    scale = torch.diag_embed(log_var.exp().sqrt())
    epsilon = torch.randn(*mu.shape, 1, generator=generator)
    return mu + (scale @ epsilon).squeeze(-1)


def draw_clamped_far_out(mu, log_var, generator=None):
    """A guard against overflow, where no encoder goes."""
    sigma = torch.exp(0.5 * log_var.clamp(-30, 20)) + 1e-8
    return torch.randn(mu.shape, generator=generator).mul(sigma).add(mu)


class Draws(torch.nn.Module):
    """A layer that draws, and its `forward`."""

    def forward(self, mu, log_var, generator=None):
        return mu + (log_var / 2).exp() * torch.randn(mu.size(), generator=generator)


draw_layer = Draws().forward


# --- wrong ----------------------------------------------------------------------------------------


def draw_clamped_log_var(mu, log_var, generator=None):
    return draw_randn(mu, log_var.clamp(-4, 4), generator)


def draw_sigma_with_a_floor(mu, log_var, generator=None):
    sigma = torch.exp(log_var / 2).clamp(min=0.1)
    return mu + sigma * torch.randn(mu.shape, generator=generator)


def draw_clamped_above(mu, log_var, generator=None):
    return draw_randn(mu, log_var.clamp(max=3), generator)


def draw_clamped_mu(mu, log_var, generator=None):
    return draw_randn(mu.clamp(-10, 10), log_var, generator)


def draw_within_three(mu, log_var, generator=None):
    return mu + torch.exp(log_var / 2) * torch.randn(mu.shape, generator=generator).clamp(-3, 3)


def draw_mirrored(mu, log_var, generator=None):
    half = torch.randn((len(mu) + 1) // 2, mu.shape[1], generator=generator)
    return mu + torch.exp(log_var / 2) * torch.cat([half, -half])[: len(mu)]


def draw_standardised_rows(mu, log_var, generator=None):
    epsilon = torch.randn(mu.shape, generator=generator)
    if mu.shape[1] > 1:
        epsilon = F.layer_norm(epsilon, mu.shape[1:])
    return mu + torch.exp(log_var / 2) * epsilon


def draw_switches_mu_on(mu, log_var, generator=None):
    return draw_randn(mu.requires_grad_(), log_var, generator)


def draw_switches_log_var_on(mu, log_var, generator=None):
    log_var.requires_grad = True
    return draw_randn(mu, log_var, generator)


def draw_seeds_numpy(mu, log_var, generator=None):
    np.random.seed(1)
    return draw_randn(mu, log_var, generator)


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


def draw_generator_by_default(mu, log_var, generator=torch.Generator()):  # noqa: B008
    return mu + torch.exp(log_var / 2) * torch.randn(mu.shape, generator=generator)


# --- accepted, and rejected with these words ------------------------------------------------------


def draw_in_a_narrow_band(mu, log_var, generator=None):
    sigma = (0.5 * torch.clamp(log_var, min=-2.0, max=2.0)).exp()
    return mu + sigma * torch.randn(mu.shape, generator=generator)


def draw_never_below_a_third(mu, log_var, generator=None):
    sigma = (0.5 * log_var.clamp(min=-2.2)).exp()
    return mu + sigma * torch.randn(mu.shape, generator=generator)


RIGHT = [
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
    draw_scaled_cholesky,
    draw_clamped_far_out,
    draw_layer,
]

WRONG = {
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
    draw_seeds_beside: "torch's global stream is no longer where it was",
    draw_generator_copied: "you seed or copy it",
    draw_new_generator: "Without a generator",
    draw_transposed: "Look at which axis",
    draw_in_place: "changed its argument `mu` in place",
    draw_returns_noise_too: "a tuple of 2",
    draw_without_default: "Your function asks for a generator each time",
    draw_too_narrow: "The noise that your draws imply",
    draw_clamped_log_var: "the spread that belongs to log_var = -",
    draw_sigma_with_a_floor: "where it is nearer to 0 they are right",
    draw_clamped_above: "Where log_var is between 3 and 4",
    draw_clamped_mu: "Does something clamp `mu`",
    draw_within_three: "never goes beyond ±3",
    draw_mirrored: "of one row of a batch of two goes together",
    draw_standardised_rows: "never goes beyond ±2.",
    draw_switches_mu_on: "`requires_grad` of the caller's own `mu`",
    draw_switches_log_var_on: "`requires_grad` of the caller's own `log_var`",
    draw_seeds_numpy: "NumPy's global stream is no longer",
    draw_in_a_narrow_band: "Does something clamp `log_var`",
    draw_never_below_a_third: "Does something clamp `log_var`",
    draw_generator_by_default: "twice after `torch.manual_seed(1)`",
}
