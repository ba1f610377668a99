"""Answers to `repaired_strangeness`, lesson 15, as learners write them."""

import math

import torch
from torch.nn import functional as F

from course_utils import bernoulli_nll, gaussian_kl, reparameterize

# --- right ----------------------------------------------------------------------------------------


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


# --- wrong ----------------------------------------------------------------------------------------


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


# --- the specimen ---------------------------------------------------------------------------------


def strangeness_specimen(model, x, draws, generator):
    z = reparameterize(*model.encode(x), generator)
    return sum(bernoulli_nll(model.decode(z), x) for _ in range(draws)) / draws


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [strangeness_loop, strangeness_at_once, strangeness_each_picture]

WRONG = {
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
}

UNREPAIRED = [strangeness_specimen]
