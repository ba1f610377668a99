"""Answers to `repaired_verdict`, lesson 15, as learners write them."""

import math

import torch

from course_utils import reparameterize

# --- right ----------------------------------------------------------------------------------------


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


# --- wrong ----------------------------------------------------------------------------------------


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


def verdict_still_near_one(sample):
    return _test_at(sample, 0.1, 0.1, standardise=True)


def verdict_at_zero(sample):
    return _test_at(sample, 2, 0, standardise=True)


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


# --- the specimen ---------------------------------------------------------------------------------


def verdict_specimen(sample):
    return _test_at(sample, 0.1, 0.1, standardise=False)


def verdict_turned_round(sample):
    return not verdict_standardised(sample)


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [verdict_standardised, verdict_one_place, verdict_tensor]

WRONG = {
    verdict_yes: "says yes to everything",
    verdict_no: "says no to everything",
    verdict_not_divided: "before σ is divided out",
    verdict_small_variances: "exp(log_var) ε, where the ½ is lost",
    verdict_still_near_one: "σ is divided out now, but your test looks only where σ is nearly 1",
    verdict_at_zero: "at log-variances from 0.00 to 0.00",
    verdict_small_means: "exp(log_var / 2) ε, without μ",
    verdict_too_much_room: "with the ½ taken twice",
    verdict_two_numbers: "turns away a right sampler: μ - exp",
    verdict_few_numbers: "Chance decides",
    verdict_number: "the number 1",
    verdict_mean_alone: "and 6 more like it",
    verdict_deviation_alone: "(ε + 0.3), whose noise has another mean",
    verdict_divides_by_variance: "divides the noise by the variance",
    verdict_turned_round: "turned round: True for each wrong sampler",
}

UNREPAIRED = [verdict_specimen]
