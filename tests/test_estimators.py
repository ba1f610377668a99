"""Two gradients of an expectation: through the draw, or through the density of the draw.

Both estimate d/dμ E[f(z)] and d/d(log σ²) E[f(z)] for z ~ N(μ, σ²), one estimate per draw. That
they agree on average is why either may be used; how much they scatter is why a VAE uses the first.
"""

import math

import pytest
import torch

from course_utils import gaussian_log_density, reparameterize


def sum_of_squares(z):
    return (z**2).sum(1)


def through_the_draw(f, mu, log_var, generator):
    """∇ f(μ + σ ε): one row per draw."""
    f(reparameterize(mu, log_var, generator)).sum().backward()
    return mu.grad, log_var.grad


def through_the_density(f, mu, log_var, generator, baseline=0.0):
    """(f(z) - baseline) ∇ log q(z): one row per draw."""
    z = reparameterize(mu, log_var, generator).detach()
    ((f(z) - baseline) * gaussian_log_density(z, mu, log_var)).sum().backward()
    return mu.grad, log_var.grad


def draws(n, mean, variance, dimensions=1):
    """μ and log σ², a row for each of n draws, so that the gradient has one too."""
    mu = torch.full((n, dimensions), mean, dtype=torch.float64, requires_grad=True)
    log_var = torch.full_like(mu, math.log(variance), requires_grad=True)
    return mu, log_var


def within_six_standard_errors(values, expected):
    standard_error = values.std(0) / math.sqrt(len(values))
    return ((values.mean(0) - expected).abs() < 6 * standard_error).all()


points = pytest.mark.parametrize(("mean", "variance"), [(0.0, 1.0), (1.5, 0.5), (-0.7, 2.0)])


@points
@pytest.mark.parametrize("estimate", [through_the_draw, through_the_density])
def test_both_are_right_on_average(estimate, mean, variance):
    # Property 6. E[z²] = μ² + σ², so the slopes are 2μ and (in log σ²) σ².
    generator = torch.Generator().manual_seed(0)
    by_mu, by_log_var = estimate(sum_of_squares, *draws(200_000, mean, variance), generator)
    assert within_six_standard_errors(by_mu, 2 * mean)
    assert within_six_standard_errors(by_log_var, variance)


@pytest.mark.parametrize("estimate", [through_the_draw, through_the_density])
def test_both_are_right_for_a_function_that_is_not_a_polynomial(estimate):
    # E[sin z] = sin(μ) exp(-σ²/2) in each of three dimensions.
    mean, variance = 0.4, 0.8
    slope = math.cos(mean) * math.exp(-variance / 2)
    curve = -0.5 * variance * math.sin(mean) * math.exp(-variance / 2)
    by_mu, by_log_var = estimate(
        lambda z: z.sin().sum(1),
        *draws(200_000, mean, variance, dimensions=3),
        torch.Generator().manual_seed(1),
    )
    assert within_six_standard_errors(by_mu, slope)
    assert within_six_standard_errors(by_log_var, curve)


@points
def test_the_variances_are_those_of_the_formulas(mean, variance):
    # Property 6, for f = z². At two million draws six standard errors of a variance are below 3 %.
    n, generator = 2_000_000, torch.Generator().manual_seed(2)
    score, _ = through_the_density(sum_of_squares, *draws(n, mean, variance), generator)
    direct, _ = through_the_draw(sum_of_squares, *draws(n, mean, variance), generator)
    expected = mean**4 / variance + 14 * mean**2 + 15 * variance
    assert score.var().item() == pytest.approx(expected, rel=0.05)
    assert direct.var().item() == pytest.approx(4 * variance, rel=0.05)


@pytest.mark.parametrize(("dimensions", "ratio"), [(1, 3.75), (5, 15.75), (20, 132.0)])
def test_the_gap_widens_with_the_dimensions(dimensions, ratio):
    # Property 6: (D + 2)(D + 4) / 4 for f = ‖z‖² and q = N(0, I), the same in every coordinate.
    assert ratio == (dimensions + 2) * (dimensions + 4) / 4
    n, generator = 2_000_000 // dimensions, torch.Generator().manual_seed(3)
    score, _ = through_the_density(sum_of_squares, *draws(n, 0.0, 1.0, dimensions), generator)
    direct, _ = through_the_draw(sum_of_squares, *draws(n, 0.0, 1.0, dimensions), generator)
    # Every coordinate's variance is an estimate of the same number: their mean is a better one.
    assert (score.var(0).mean() / direct.var(0).mean()).item() == pytest.approx(ratio, rel=0.05)


@points
def test_a_baseline_keeps_the_mean_and_lowers_the_variance(mean, variance):
    # Property 7, with the baseline b = E[f] = μ² + σ². What is left of the variance:
    # Var[2μ ε² + σ (ε³ - ε)] = 8 μ² + 10 σ².
    n, generator = 2_000_000, torch.Generator().manual_seed(4)
    plain, _ = through_the_density(sum_of_squares, *draws(n, mean, variance), generator)
    steadier, _ = through_the_density(
        sum_of_squares, *draws(n, mean, variance), generator, baseline=mean**2 + variance
    )
    assert within_six_standard_errors(steadier, 2 * mean)
    assert steadier.var() < 0.75 * plain.var()
    assert steadier.var().item() == pytest.approx(8 * mean**2 + 10 * variance, rel=0.05)
