"""Kinds of noise: how much there is, where it falls, and what it leaves as it was."""

import math

import pytest
import torch

from course_utils import gaussian_noise, masking_noise, salt_and_pepper
from course_utils._running import seeded

KINDS = {
    "gaussian": gaussian_noise(0.5),
    "masking": masking_noise(0.3),
    "salt and pepper": salt_and_pepper(0.3),
}
every_kind = pytest.mark.parametrize("corrupt", KINDS.values(), ids=KINDS)

PIXELS = 1_000_000
STANDARD_ERRORS = 6


def grey(*shape, seed=0, dtype=torch.float32):
    """Pixels from 0.1 to 0.9: none of them is what noise makes of a pixel."""
    generator = torch.Generator().manual_seed(seed)
    return 0.1 + 0.8 * torch.rand(*shape, generator=generator, dtype=dtype)


def stream(seed):
    return torch.Generator().manual_seed(seed)


def assert_near(estimate, expected, variance, samples):
    """The mean of so many samples of this variance is within six standard errors."""
    margin = STANDARD_ERRORS * math.sqrt(variance / samples)
    assert abs(float(estimate) - expected) < margin


# Property 23: rate, balance, standard deviation.


@pytest.mark.parametrize("sigma", [0.1, 0.5, 3.0])
def test_gaussian_noise_has_this_deviation_and_is_normal(sigma):
    noise = gaussian_noise(sigma)(torch.zeros(PIXELS, dtype=torch.float64), stream(0)) / sigma
    assert_near(noise.mean(), 0, 1, PIXELS)
    assert_near((noise**2).mean(), 1, 2, PIXELS)
    assert_near((noise**4).mean(), 3, 105 - 9, PIXELS)  # E ε⁸ = 105; uniform noise has 9/5


def test_gaussian_noise_is_added_and_not_cut():
    x = grey(4, 1, 28, 28, dtype=torch.float64)
    small, large = (gaussian_noise(sigma)(x, stream(0)) - x for sigma in (0.5, 1.0))
    torch.testing.assert_close(large, 2 * small)  # x̃ = x + σ ε, the same ε
    torch.testing.assert_close(large, gaussian_noise(1.0)(torch.zeros_like(x), stream(0)))
    noisy = x + large
    assert noisy.min() < 0 and noisy.max() > 1


@pytest.mark.parametrize("rate", [0.05, 0.3, 0.9])
def test_masking_sets_this_share_of_the_pixels_to_zero(rate):
    spoiled = masking_noise(rate)(grey(PIXELS), stream(0))
    assert_near((spoiled == 0).double().mean(), rate, rate * (1 - rate), PIXELS)


@pytest.mark.parametrize("rate", [0.05, 0.3, 0.9])
def test_salt_and_pepper_fall_on_this_share_of_the_pixels_in_equal_parts(rate):
    spoiled = salt_and_pepper(rate)(grey(PIXELS), stream(0))
    half = rate / 2
    for value in (0, 1):
        assert_near((spoiled == value).double().mean(), half, half * (1 - half), PIXELS)


@pytest.mark.parametrize("kind", [masking_noise, salt_and_pepper])
def test_pixels_that_are_not_chosen_stay_bit_equal(kind):
    x = grey(8, 1, 28, 28)
    spoiled = kind(0.2)(x, stream(0))
    chosen = (spoiled == 0) | (spoiled == 1)
    assert torch.equal(spoiled[~chosen], x[~chosen]) and chosen.any() and not chosen.all()


@every_kind
def test_each_pixel_is_spoiled_by_itself(corrupt):
    # A mask drawn once for the whole batch, or once per image, would have the same rate.
    x = torch.full((1000, 1, 10, 10), 0.4)
    hurt = (corrupt(x, stream(0)) - x).double()
    hurt = (hurt - hurt.mean()) / hurt.std()
    for one, other in (
        (hurt[::2], hurt[1::2]),
        (hurt[..., ::2], hurt[..., 1::2]),
        (hurt[..., ::2, :], hurt[..., 1::2, :]),
    ):
        assert_near((one * other).mean(), 0, 1, one.numel())


def test_no_noise_changes_nothing_and_full_noise_everything():
    x = grey(8, 1, 28, 28)
    for corrupt in (gaussian_noise(0.0), masking_noise(0.0), salt_and_pepper(0.0)):
        assert torch.equal(corrupt(x), x)
    assert torch.equal(masking_noise(1.0)(x), torch.zeros_like(x))
    assert set(salt_and_pepper(1.0)(x).unique().tolist()) == {0.0, 1.0}


# What comes in and what goes out.


@every_kind
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(5,), (5, 784), (5, 1, 28, 28), (0, 3)])
def test_shape_and_type_are_kept(corrupt, shape, dtype):
    spoiled = corrupt(grey(*shape, dtype=dtype))
    assert spoiled.shape == shape and spoiled.dtype == dtype


@pytest.mark.parametrize("strength", [0.0, 0.5])
@pytest.mark.parametrize("kind", [gaussian_noise, masking_noise, salt_and_pepper])
def test_the_clean_example_is_not_touched(kind, strength):
    x = grey(4, 1, 28, 28)
    before = x.clone()
    spoiled = kind(strength)(x)
    spoiled += 1  # nor is it touched by what happens to the copy
    assert torch.equal(x, before)


@every_kind
def test_the_noise_comes_from_the_generator_and_from_nowhere_else(corrupt):
    x = grey(4, 1, 28, 28)
    generator = stream(3)
    first, second = corrupt(x, generator), corrupt(x, generator)
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    assert torch.equal(corrupt(x, stream(3)), first)
    assert torch.equal(torch.rand(3), expected), "the global stream moved"
    assert not torch.equal(first, second) and not torch.equal(corrupt(x, stream(4)), first)


@every_kind
def test_without_a_generator_the_noise_comes_from_the_global_stream(corrupt):
    x = grey(4, 1, 28, 28)
    draws = []
    for seed in (3, 3, 4):
        with seeded(seed):
            draws.append(corrupt(x))
    assert torch.equal(draws[0], draws[1]) and not torch.equal(draws[0], draws[2])


@pytest.mark.parametrize("rate", [-0.1, 1.5, math.nan])
@pytest.mark.parametrize("kind", [masking_noise, salt_and_pepper])
def test_a_rate_that_is_no_probability_is_refused(kind, rate):
    with pytest.raises(ValueError, match=f"rate is {rate:g}; expected a probability, from 0 to 1"):
        kind(rate)


@pytest.mark.parametrize("sigma", [-0.5, math.nan])
def test_a_deviation_below_zero_is_refused(sigma):
    with pytest.raises(ValueError, match=f"sigma is {sigma:g}; expected a standard deviation"):
        gaussian_noise(sigma)
