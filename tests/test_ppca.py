"""Probabilistic PCA against torch.distributions, and a VAE against probabilistic PCA.

A VAE whose decoder is linear and Gaussian *is* probabilistic PCA, and there everything that a VAE
can only estimate is known: here its bounds and estimates are laid beside the truth.
"""

import math
from itertools import pairwise
from typing import NamedTuple

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.distributions import Independent, MultivariateNormal, Normal, kl_divergence

from course_utils import (
    VAE,
    ProbabilisticPCA,
    elbo,
    gaussian_kl,
    gaussian_log_density,
    log_likelihood,
    mutual_information_gap,
    pca,
    principal_angles,
    rate_parts,
)

seeds = st.integers(0, 10**6)


def normal(*shape, seed):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def double(values):
    return torch.tensor(values, dtype=torch.float64)


def random_model(d, k, seed, *, diagonal=False):
    """W, m and s² at random, in float64; on request with columns of W at right angles."""
    weight = normal(d, k, seed=seed)
    if diagonal:  # then the posterior's dimensions are independent, as those of a VAE's q are
        weight = torch.linalg.qr(weight).Q * torch.linspace(0.5, 2.5, k, dtype=torch.float64)
    return ProbabilisticPCA(weight, normal(d, seed=seed + 1), double(0.3 + (seed % 7) / 5))


def marginal(model):
    """p(x) as torch knows it."""
    noise = model.variance * torch.eye(len(model.mean), dtype=torch.float64)
    return MultivariateNormal(model.mean, model.weight @ model.weight.T + noise)


def random_covariance(k, seed):
    root = normal(k, k, seed=seed)
    return root @ root.T + 0.1 * torch.eye(k, dtype=torch.float64)


def toy():
    """z ~ N(0, 1), x|z ~ N(2z, 0.5), at x = 1.3."""
    model = ProbabilisticPCA(double([[2.0]]), double([0.0]), double(0.5))
    return model, double([[1.3]])


# --- a VAE that is probabilistic PCA ------------------------------------------------------------


class Guess(NamedTuple):
    """q(z|x) = N(slope · x + offset, diag variance)."""

    slope: Tensor
    offset: Tensor
    variance: Tensor


def posterior_guess(model):
    """The posterior itself, if WᵀW is diagonal."""
    _, covariance = model.posterior(model.mean[None])
    slope = covariance @ model.weight.T / model.variance
    return Guess(slope, -slope @ model.mean, covariance.diagonal())


def poor_guess(model):
    """Near the posterior, but not it: each mean is off, and each variance half as large again."""
    slope, offset, variance = posterior_guess(model)
    return Guess(0.9 * slope, offset + 0.3 * variance.sqrt(), 1.5 * variance)


def vae_of(model, guess):
    """The VAE with this model's decoder, set by hand, and this guess as its encoder."""
    d, k = model.weight.shape
    encoder, decoder = nn.Linear(d, 2 * k), nn.Linear(k, d)
    encoder.weight.data = torch.cat([guess.slope, torch.zeros_like(guess.slope)])
    encoder.bias.data = torch.cat([guess.offset, guess.variance.log()])
    decoder.weight.data, decoder.bias.data = model.weight, model.mean
    sigma = model.variance.sqrt().item()
    return VAE(
        encoder, decoder, input_shape=(d,), output="linear", sigma=sigma, latent_dim=k
    ).double()


def exact_elbo(model, guess, x):
    """What `metrics.elbo` estimates for this guess, without a draw."""
    return model.elbo(x, x @ guess.slope.T + guess.offset, guess.variance.diag())


# --- probabilistic PCA itself -------------------------------------------------------------------


@given(d=st.integers(1, 7), k=st.integers(0, 7), seed=seeds)
def test_log_prob_is_that_of_the_gaussian(d, k, seed):
    model, x = random_model(d, k, seed), 3 * normal(5, d, seed=seed + 2)
    torch.testing.assert_close(model.log_prob(x), marginal(model).log_prob(x), rtol=1e-9, atol=1e-9)


@given(d=st.integers(1, 7), k=st.integers(1, 7), seed=seeds)
def test_the_posterior_is_the_conditional_of_the_joint_gaussian(d, k, seed):
    # x and z together are Gaussian with Cov(z, x) = Wᵀ; conditioning a Gaussian is textbook.
    model, x = random_model(d, k, seed), 3 * normal(5, d, seed=seed + 2)
    gain = torch.linalg.solve(marginal(model).covariance_matrix, model.weight).T
    mean, covariance = model.posterior(x)
    expected = torch.eye(k, dtype=torch.float64) - gain @ model.weight
    torch.testing.assert_close(mean, (x - model.mean) @ gain.T, rtol=1e-8, atol=1e-8)
    torch.testing.assert_close(covariance, expected, rtol=1e-8, atol=1e-8)


@given(d=st.integers(1, 6), k=st.integers(1, 6), seed=seeds)
def test_bayes_rule_holds_at_every_code(d, k, seed):
    model, x, z = random_model(d, k, seed), normal(5, d, seed=seed), normal(5, k, seed=seed + 3)
    mean, covariance = model.posterior(x)
    likelihood = Independent(Normal(z @ model.weight.T + model.mean, model.variance.sqrt()), 1)
    joint = likelihood.log_prob(x) + gaussian_log_density(z)
    evidence = joint - MultivariateNormal(mean, covariance).log_prob(z)
    torch.testing.assert_close(evidence, model.log_prob(x), rtol=1e-8, atol=1e-8)


@given(d=st.integers(1, 6), k=st.integers(1, 6), seed=seeds)
def test_the_elbo_is_below_the_truth_by_the_divergence_from_the_posterior(d, k, seed):
    # Property 9, for random Gaussians q.
    model, x = random_model(d, k, seed), normal(5, d, seed=seed + 2)
    mu, covariance = normal(5, k, seed=seed + 3), random_covariance(k, seed + 4)
    bound, truth = model.elbo(x, mu, covariance), model.log_prob(x)
    assert (bound <= truth).all()
    mean, best = model.posterior(x)
    gap = kl_divergence(MultivariateNormal(mu, covariance), MultivariateNormal(mean, best))
    torch.testing.assert_close(truth - bound, gap, rtol=1e-8, atol=1e-8)


@given(d=st.integers(1, 6), k=st.integers(1, 6), seed=seeds)
def test_the_elbo_is_the_truth_at_the_posterior(d, k, seed):
    # Property 9, the case of equality.
    model, x = random_model(d, k, seed), normal(5, d, seed=seed + 2)
    bound = model.elbo(x, *model.posterior(x))
    torch.testing.assert_close(bound, model.log_prob(x), rtol=0, atol=1e-8)


def test_the_toy_of_the_lessons():
    model, x = toy()
    mu, covariance = torch.full_like(x, 0.3), torch.full_like(x, 0.36)
    assert model.log_prob(x).item() == pytest.approx(-1.85876, abs=5e-6)
    assert model.elbo(x, mu, covariance).item() == pytest.approx(-2.73819, abs=5e-6)
    mean, variance = model.posterior(x)  # M = 4.5, so 2 · 1.3 / 4.5 and 0.5 / 4.5
    assert (mean.item(), variance.item()) == pytest.approx((2.6 / 4.5, 0.5 / 4.5))


@pytest.fixture(scope="module")
def data():
    """300 points in five dimensions, correlated, with a mean that is not zero."""
    return normal(300, 5, seed=0) @ normal(5, 5, seed=1) + 4


@pytest.mark.parametrize("k", range(5))
def test_fit_finds_the_maximum_of_the_likelihood(data, k):
    model = ProbabilisticPCA.fit(data, k)
    parameters = [parameter.requires_grad_() for parameter in model]
    best = model.log_prob(data).mean()
    # At the maximum the quadratic form averages d, and the determinant is that of the kept
    # eigenvalues and s²: Tipping & Bishop, section 3.2.
    variances = pca(data).variances
    log_determinant = variances[:k].log().sum() + (5 - k) * variances[k:].mean().log()
    expected = -0.5 * (5 * math.log(2 * math.pi) + log_determinant + 5)
    torch.testing.assert_close(best, expected, rtol=1e-10, atol=0)
    best.backward()
    for parameter in parameters:
        torch.testing.assert_close(
            parameter.grad, torch.zeros_like(parameter), rtol=0, atol=1e-9, msg="not flat there"
        )


def test_fit_finds_the_model_that_drew_the_data():
    model, n = random_model(8, 2, seed=7, diagonal=True), 50_000
    x = model.sample(n, torch.Generator().manual_seed(0))
    found = ProbabilisticPCA.fit(x, 2)
    # The narrow direction is off by 0.018 on average, sqrt(6 · 0.55 · 0.3 / n) / 0.25.
    assert principal_angles(found.weight, model.weight).max() < 0.05
    # s² is estimated from n · (d - k) squares.
    standard_error = model.variance * math.sqrt(2 / (n * 6))
    assert abs(found.variance - model.variance) < 6 * standard_error
    spread = marginal(model).variance
    assert ((found.mean - model.mean).abs() < 6 * (spread / n).sqrt()).all()


def test_fit_where_no_direction_is_wider_than_another():
    # The rounding of a mean of equal numbers once made this the square root of -1e-17.
    corners = torch.cat([torch.eye(4), -torch.eye(4)]).double() * 9 / 37
    model = ProbabilisticPCA.fit(corners, 1)
    assert model.weight.abs().max() < 1e-6
    assert model.variance.item() == pytest.approx((9 / 37) ** 2 / 4)


@pytest.mark.parametrize("k", [-1, 5, 6])
def test_something_must_be_left_for_the_noise(data, k):
    with pytest.raises(ValueError, match=f"k is {k}; expected 0 to 4, less than d"):
        ProbabilisticPCA.fit(data, k)


def test_samples_have_the_mean_and_the_covariance_of_the_model():
    model, n = random_model(4, 2, seed=3), 100_000
    x = model.sample(n, torch.Generator().manual_seed(0))
    assert torch.equal(x, model.sample(n, torch.Generator().manual_seed(0)))
    assert not torch.equal(x[:5], model.sample(5, torch.Generator().manual_seed(1)))
    covariance = marginal(model).covariance_matrix
    variances = covariance.diagonal()
    assert ((x.mean(0) - model.mean).abs() < 6 * (variances / n).sqrt()).all()
    # Var of a product of two centred Gaussians: C_ii C_jj + C_ij².
    standard_errors = ((variances.outer(variances) + covariance**2) / n).sqrt()
    assert ((x.T.cov() - covariance).abs() < 6 * standard_errors).all()


# --- a code that is turned: property 29 ---------------------------------------------------------


def random_rotation(k, seed):
    return torch.linalg.qr(normal(k, k, seed=seed)).Q


def turned(model, rotation):
    """The model that draws from R z what this one draws from z."""
    return model._replace(weight=model.weight @ rotation.T)


@given(d=st.integers(1, 6), k=st.integers(1, 6), seed=seeds)
def test_turning_a_code_changes_neither_prior_nor_likelihood_nor_a_full_bound(d, k, seed):
    model, rotation = random_model(d, k, seed), random_rotation(k, seed + 5)
    x, z = normal(5, d, seed=seed + 2), normal(5, k, seed=seed + 3)
    other = turned(model, rotation)
    exactly = {"rtol": 1e-8, "atol": 1e-8}
    torch.testing.assert_close(
        gaussian_log_density(z @ rotation.T), gaussian_log_density(z), **exactly
    )
    torch.testing.assert_close(other.log_prob(x), model.log_prob(x), **exactly)
    # Of any q, and not of the posterior alone: it is turned with the code.
    covariance = random_covariance(k, seed + 4)
    bound = other.elbo(x, z @ rotation.T, rotation @ covariance @ rotation.T)
    torch.testing.assert_close(bound, model.elbo(x, z, covariance), **exactly)


@given(k=st.integers(2, 5), more=st.integers(0, 2), seed=seeds)
def test_turning_a_code_costs_a_diagonal_q_what_its_formula_says(k, more, seed):
    model = random_model(k + more, k, seed, diagonal=True)  # columns of unequal lengths
    x = normal(5, k + more, seed=seed + 2)
    for best, exact in zip(model.diagonal_posterior(x), model.posterior(x), strict=True):
        torch.testing.assert_close(best, exact, rtol=1e-8, atol=1e-8)
    other = turned(model, random_rotation(k, seed + 5))
    mean, narrow = other.diagonal_posterior(x)
    torch.testing.assert_close(mean, other.posterior(x)[0])
    bound = other.elbo(x, mean, narrow)
    m = other.weight.T @ other.weight + model.variance * torch.eye(k, dtype=torch.float64)
    loss = 0.5 * (m.diagonal().log().sum() - torch.logdet(m))
    torch.testing.assert_close(other.log_prob(x) - bound, loss.expand(5), rtol=1e-8, atol=1e-8)
    assert loss > 1e-6
    for worse in (narrow * 1.1, narrow * 0.9):
        assert (other.elbo(x, mean, worse) < bound).all(), "it is the best diagonal"


def test_where_all_directions_are_of_one_length_nothing_notices_but_the_gap():
    axes = torch.linalg.qr(normal(8, 2, seed=1)).Q
    z = normal(3000, 2, seed=0)
    levels = (5 * torch.special.ndtr(z)).long()  # five levels of each factor, equally frequent
    eighth = double([[1.0, -1.0], [1.0, 1.0]]) / math.sqrt(2)
    for lengths, notices in ((double([4.0, 1.0]), True), (double([2.0, 2.0]), False)):
        model = ProbabilisticPCA(axes * lengths, torch.zeros(8, dtype=torch.float64), double(0.25))
        x = z @ model.weight.T + 0.5 * normal(3000, 8, seed=2)
        gaps, losses = [], []
        for rotation in (torch.eye(2, dtype=torch.float64), eighth):
            other = turned(model, rotation)
            mean, narrow = other.diagonal_posterior(x)
            gaps.append(mutual_information_gap(mean, levels))
            bound = other.elbo(x, mean, narrow)
            losses.append((model.log_prob(x) - bound).mean().item())
        assert losses[0] == pytest.approx(0, abs=1e-8) and gaps[0] > 0.5
        assert (losses[1] > 0.5) == notices and (losses[1] > 1e-8) == notices
        assert gaps[1] < 0.05


# --- the VAE's bounds and estimates beside the truth --------------------------------------------


@pytest.fixture(scope="module")
def linear():
    """A model with a posterior that a VAE's encoder can name, and points drawn from it."""
    model = random_model(6, 3, seed=11, diagonal=True)
    return model, model.sample(8, torch.Generator().manual_seed(0))


def test_with_the_posterior_every_single_weight_is_the_evidence(linear):
    # Properties 9 and 12: log p(x, z) - log p(z|x) = log p(x) whatever z is drawn.
    model, x = linear
    vae = vae_of(model, posterior_guess(model))
    for samples in (1, 3):
        estimate = log_likelihood(vae, x, samples, torch.Generator().manual_seed(samples))
        torch.testing.assert_close(estimate, model.log_prob(x), rtol=0, atol=1e-8)


@pytest.mark.parametrize("guess", [posterior_guess, poor_guess])
def test_the_elbo_of_a_vae_is_the_exact_one_on_average(linear, guess):
    # Property 9, and 8: with draws of z, not with z = μ, which would be far too good.
    model, x = linear
    n, vae = 20_000, vae_of(model, guess(model))
    draws = elbo(vae, x.repeat_interleave(n, 0), generator=torch.Generator().manual_seed(0))
    draws = draws.view(len(x), n)
    standard_errors = draws.std(1) / math.sqrt(n)
    exact = exact_elbo(model, guess(model), x)
    assert ((draws.mean(1) - exact).abs() < 6 * standard_errors).all()
    slack = model.log_prob(x) - exact
    assert (slack < 1e-8).all() if guess is posterior_guess else (slack > 0.1).all()


def test_the_ladder_of_importance_weighted_bounds():
    # Property 10; L_1 is the ELBO. Rungs that lie close together are estimated from more draws.
    model, x = toy()
    vae = vae_of(model, Guess(double([[0.0]]), double([0.3]), double([0.36])))
    ladder = {1: -2.73819, 2: -2.128, 5: -1.928, 20: -1.874, 50: -1.864}
    draws = {1: 200_000, 2: 200_000, 5: 200_000, 20: 400_000, 50: 800_000}
    found = []
    for samples, expected in ladder.items():
        n, generator = draws[samples] // samples, torch.Generator().manual_seed(samples)
        bounds = log_likelihood(vae, x.expand(n, 1), samples, generator)
        error = 6 * bounds.std().item() / math.sqrt(n)
        assert error < 0.03
        assert bounds.mean().item() == pytest.approx(expected, abs=error + 5e-4)  # as rounded
        found.append(bounds.mean().item())
    found.append(model.log_prob(x).item())
    assert all(lower < higher for lower, higher in pairwise(found))


def test_the_log_likelihood_is_the_truth_with_many_draws(linear):
    # Property 12.
    model, x = linear
    generator = torch.Generator().manual_seed(0)
    estimates = log_likelihood(vae_of(model, poor_guess(model)), x.repeat(64, 1), 500, generator)
    # With 500 draws the point that is told worst is off by 0.085; the mean of 64 by an eighth.
    torch.testing.assert_close(estimates.view(64, 8).mean(0), model.log_prob(x), rtol=0, atol=0.07)


def test_samples_of_a_vae_are_means_on_the_plane(linear):
    model, n = linear[0], 50_000
    x = vae_of(model, poor_guess(model)).sample(n, torch.Generator().manual_seed(0))
    covariance = model.weight @ model.weight.T  # without s²: the noise of x|z is not drawn
    variances = covariance.diagonal()
    assert ((x.mean(0) - model.mean).abs() < 6 * (variances / n).sqrt()).all()
    standard_errors = ((variances.outer(variances) + covariance**2) / n).sqrt()
    assert ((x.T.cov() - covariance).abs() < 6 * standard_errors).all()


# --- what the KL pays for -----------------------------------------------------------------------


def information(mu, log_var):
    """I(x; z) and KL(q(z) ‖ p(z)) in nats for n equally likely x and a code of one number.

    q(z) is the mixture of all q(z|x); the integrals are sums over a grid that ends where every
    density is far below the last digit, which is exact for smooth functions.
    """
    z = torch.linspace(-40, 40, 40_001, dtype=torch.float64)
    step = (z[1] - z[0]).item()
    each = gaussian_log_density(z[:, None, None], mu, log_var)  # (grid, n): log q(z|x_i)
    mixture = each.logsumexp(1) - math.log(len(mu))
    prior = gaussian_log_density(z[:, None])
    shared = (each.exp() * (each - mixture[:, None])).mean(1).sum() * step
    apart = (mixture.exp() * (mixture - prior)).sum() * step
    return shared.item(), apart.item()


@given(n=st.integers(1, 9), seed=seeds)
def test_the_kl_is_information_and_the_distance_of_the_codes_from_the_prior(n, seed):
    # Property 16.
    mu, log_var = 2 * normal(n, 1, seed=seed), normal(n, 1, seed=seed + 1).clamp(-2, 2)
    shared, apart = information(mu, log_var)
    assert gaussian_kl(mu, log_var).mean().item() == pytest.approx(shared + apart, abs=1e-9)
    assert -1e-12 <= shared <= math.log(n) + 1e-12 and apart >= -1e-12


def test_information_is_all_or_nothing_at_the_ends():
    # Property 16, both ends: codes that never overlap tell n things apart, equal codes none.
    mu = torch.arange(8, dtype=torch.float64)[:, None]
    assert information(4 * mu - 14, torch.full_like(mu, -6))[0] == pytest.approx(math.log(8))
    assert information(torch.full_like(mu, 1.7), torch.full_like(mu, 0.4))[0] == pytest.approx(0)


@given(n=st.integers(1, 9), seed=seeds)
def test_the_parts_of_the_rate_are_those_of_the_integrals(n, seed):
    """With one number no two can hang together; six standard errors of what is drawn."""
    mu, log_var = 2 * normal(n, 1, seed=seed), normal(n, 1, seed=seed + 1).clamp(-2, 2)
    draws = 20_000 // n * n  # each picture equally often, as in the integrals
    parts = rate_parts(mu, log_var, draws, torch.Generator().manual_seed(seed))
    shared, apart = information(mu, log_var)
    assert parts.total_correlation == pytest.approx(0, abs=1e-9)
    assert parts.information == pytest.approx(shared, abs=0.06)
    assert parts.dimensions == pytest.approx(apart, abs=0.06 + 0.12 * apart)


def test_total_correlation_is_that_of_a_gaussian_and_nothing_without_correlation():
    """Narrow clouds around draws of a correlated Gaussian: q(z) is nearly that Gaussian."""
    for r in (0.0, 0.9):
        root = torch.linalg.cholesky(double([[1, r], [r, 1]]))
        mu = normal(4000, 2, seed=1) @ root.T
        log_var = torch.full_like(mu, math.log(0.01))
        parts = rate_parts(mu, log_var, 4000, torch.Generator().manual_seed(0))
        smoothed = r / 1.01  # the clouds' own width dilutes the correlation a little
        assert parts.total_correlation == pytest.approx(-0.5 * math.log(1 - smoothed**2), abs=0.06)
        assert abs(sum(parts) - gaussian_kl(mu, log_var).mean()) < 0.1


def test_parts_of_the_rate_name_their_errors(unchecked):
    for n, draws in ((0, 5), (3, 0)):
        with pytest.raises(ValueError, match=f"{n} pictures and {draws} draws; expected at least"):
            rate_parts(torch.zeros(n, 2), torch.zeros(n, 2), draws)


def test_at_the_posterior_the_mean_kl_is_all_information():
    # Property 16, where q(z) over all data is the prior itself: KL = I(x; z) = ½ log|I + WᵀW / s²|.
    model, n = random_model(6, 3, seed=11, diagonal=True), 50_000
    x = model.sample(n, torch.Generator().manual_seed(1))
    kl = gaussian_kl(*vae_of(model, posterior_guess(model)).encode(x)).detach()
    gram = model.weight.T @ model.weight / model.variance
    expected = 0.5 * torch.logdet(torch.eye(3, dtype=torch.float64) + gram)
    assert abs(kl.mean() - expected) < 6 * kl.std() / math.sqrt(n)
