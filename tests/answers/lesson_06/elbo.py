"""Answers to `elbo`, lesson 06, as learners write them."""

import math

import torch
from torch.distributions import Bernoulli, Normal, kl_divergence
from torch.nn import functional as F

from answers.lesson_06.bernoulli_log_likelihood import (
    bernoulli_axis_one,
    bernoulli_column,
    bernoulli_cut_off,
    bernoulli_eps,
    bernoulli_last_axis,
    bernoulli_loss,
    bernoulli_loss_of_everything,
    bernoulli_mean_of_everything,
    bernoulli_mean_over_batch,
    bernoulli_mean_over_pixels,
    bernoulli_squared_error,
    bernoulli_sum_of_everything,
    bernoulli_unstable,
    bernoulli_with_logits,
)
from answers.lesson_06.gaussian_kl import (
    kl_as_in_the_paper,
    kl_column,
    kl_half_twice,
    kl_log_sigma,
    kl_mean_of_everything,
    kl_mean_over_dimensions,
    kl_no_half,
    kl_no_one,
    kl_per_dimension,
    kl_reversed,
    kl_sigma_for_variance,
    kl_sum_of_everything,
)

# --- right ----------------------------------------------------------------------------------------


def elbo_of_two_functions(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_as_in_the_paper(mu, log_var)


def elbo_distributions(logits, x, mu, log_var):
    likelihood = Bernoulli(logits=logits, validate_args=False).log_prob(x).flatten(1).sum(1)
    q = Normal(mu, (log_var / 2).exp())
    return likelihood - kl_divergence(q, Normal(torch.zeros_like(mu), 1.0)).sum(1)


def elbo_negative_of_the_loss(logits, x, mu, log_var):
    loss = F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(-1)
    loss = loss + 0.5 * (mu**2 + log_var.exp() - log_var - 1).sum(-1)
    return -loss


def elbo_loop(logits, x, mu, log_var):
    bounds = torch.empty(len(x))
    for i in range(len(x)):
        gain = -F.binary_cross_entropy_with_logits(logits[i], x[i], reduction="sum")
        cost = 0.5 * (mu[i] ** 2 + log_var[i].exp() - log_var[i] - 1).sum()
        bounds[i] = gain - cost
    return bounds


def elbo_concatenated(logits, x, mu, log_var):
    """The sum of everything, pixels and dimensions alike, in one go."""
    terms = [x * logits - F.softplus(logits), 0.5 * (1 + log_var - mu**2 - log_var.exp())]
    return torch.cat([term.flatten(1) for term in terms], dim=1).sum(1)


def elbo_by_entropy(logits, x, mu, log_var):
    """log p(x|z) + E[log p(z)] + the entropy of q."""
    log_prior = -0.5 * (math.log(2 * math.pi) + mu**2 + log_var.exp())
    entropy = Normal(mu, (log_var / 2).exp()).entropy()
    return bernoulli_with_logits(logits, x) + (log_prior + entropy).sum(1)


# --- wrong ----------------------------------------------------------------------------------------


def elbo_kl_added(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) + kl_as_in_the_paper(mu, log_var)


def elbo_loss(logits, x, mu, log_var):
    return bernoulli_loss(logits, x) + kl_as_in_the_paper(mu, log_var)


def elbo_loss_minus_kl(logits, x, mu, log_var):
    return bernoulli_loss(logits, x) - kl_as_in_the_paper(mu, log_var)


def elbo_no_kl(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x)


def elbo_only_kl(logits, x, mu, log_var):
    return -kl_as_in_the_paper(mu, log_var)


def elbo_kl_itself(logits, x, mu, log_var):
    return kl_as_in_the_paper(mu, log_var)


def elbo_half_lost(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_no_half(mu, log_var)


def elbo_half_twice(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_half_twice(mu, log_var)


def elbo_beta(logits, x, mu, log_var, beta=4.0):
    return bernoulli_with_logits(logits, x) - beta * kl_as_in_the_paper(mu, log_var)


def elbo_small_beta(logits, x, mu, log_var, beta=0.1):
    return bernoulli_with_logits(logits, x) - beta * kl_as_in_the_paper(mu, log_var)


def elbo_mean_kl_of_the_batch(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_as_in_the_paper(mu, log_var).mean()


def elbo_sum_of_the_kl(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_sum_of_everything(mu, log_var)


def elbo_mean_likelihood_of_the_batch(logits, x, mu, log_var):
    return bernoulli_mean_over_batch(logits, x) - kl_as_in_the_paper(mu, log_var)


def elbo_kl_by_batch(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_as_in_the_paper(mu, log_var) / len(mu)


def elbo_mean_over_batch(logits, x, mu, log_var):
    return elbo_of_two_functions(logits, x, mu, log_var).mean()


def elbo_mean_loss(logits, x, mu, log_var):
    return -elbo_of_two_functions(logits, x, mu, log_var).mean()


def elbo_sum_over_batch(logits, x, mu, log_var):
    return elbo_of_two_functions(logits, x, mu, log_var).sum()


def elbo_square(logits, x, mu, log_var):
    return bernoulli_column(logits, x) - kl_as_in_the_paper(mu, log_var)


def elbo_square_of_kl(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_column(mu, log_var)


def elbo_sum_of_the_loss(logits, x, mu, log_var):
    return bernoulli_loss_of_everything(logits, x) + kl_sum_of_everything(mu, log_var)


def elbo_mean_kl_of_everything(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_mean_of_everything(mu, log_var)


def elbo_sigma_for_variance(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_sigma_for_variance(mu, log_var)


def elbo_cut_off(logits, x, mu, log_var):
    return bernoulli_cut_off(logits, x) - kl_as_in_the_paper(mu, log_var)


def elbo_eps(logits, x, mu, log_var):
    return bernoulli_eps(logits, x) - kl_as_in_the_paper(mu, log_var)


def elbo_mean_over_pixels(logits, x, mu, log_var):
    return bernoulli_mean_over_pixels(logits, x) - kl_as_in_the_paper(mu, log_var)


def elbo_mean_over_pixels_and_batch(logits, x, mu, log_var):
    return bernoulli_mean_of_everything(logits, x) - kl_as_in_the_paper(mu, log_var)


def elbo_sum_over_pixels_and_batch(logits, x, mu, log_var):
    return bernoulli_sum_of_everything(logits, x) - kl_as_in_the_paper(mu, log_var)


def elbo_mean_over_dimensions(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_mean_over_dimensions(mu, log_var)


def elbo_two_means(logits, x, mu, log_var):
    return bernoulli_mean_over_pixels(logits, x) - kl_mean_over_dimensions(mu, log_var)


def elbo_log_sigma(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_log_sigma(mu, log_var)


def elbo_no_one(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_no_one(mu, log_var)


def elbo_reversed_kl(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_reversed(mu, log_var)


def elbo_kl_arguments_exchanged(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_as_in_the_paper(log_var, mu)


def elbo_pixel_arguments_exchanged(logits, x, mu, log_var):
    return bernoulli_with_logits(x, logits) - kl_as_in_the_paper(mu, log_var)


def elbo_two_sigmoids(logits, x, mu, log_var):
    x_hat = torch.sigmoid(logits)
    return bernoulli_with_logits(x_hat, x) - kl_as_in_the_paper(mu, log_var)


def elbo_squared_error(logits, x, mu, log_var):
    return bernoulli_squared_error(logits, x) - kl_as_in_the_paper(mu, log_var)


def elbo_last_axis(logits, x, mu, log_var):
    return bernoulli_last_axis(logits, x) - kl_as_in_the_paper(mu, log_var)


def elbo_axis_one(logits, x, mu, log_var):
    return bernoulli_axis_one(logits, x) - kl_as_in_the_paper(mu, log_var)


def elbo_unstable(logits, x, mu, log_var):
    return bernoulli_unstable(logits, x) - kl_as_in_the_paper(mu, log_var)


def elbo_kl_not_summed(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x)[:, None] - kl_per_dimension(mu, log_var)


def elbo_kl_detached(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_as_in_the_paper(mu, log_var).detach()


def elbo_all_detached(logits, x, mu, log_var):
    with torch.no_grad():
        return elbo_of_two_functions(logits, x, mu, log_var)


def elbo_decodes_again(logits, x, mu, log_var):
    z = mu + torch.exp(log_var / 2) * torch.randn_like(mu)
    return bernoulli_with_logits(decode(z), x) - kl_as_in_the_paper(mu, log_var)


def elbo_two_terms(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x), kl_as_in_the_paper(mu, log_var)


def elbo_warmed_up(logits, x, mu, log_var):
    """No known mistake: the generic message has to do."""
    return bernoulli_with_logits(logits, x) - 0.3 * kl_as_in_the_paper(mu, log_var)


def elbo_clamped_log_var(logits, x, mu, log_var):
    return elbo_of_two_functions(logits, x, mu, log_var.clamp(-5, 5))


def elbo_clamped_mu(logits, x, mu, log_var):
    return elbo_of_two_functions(logits, x, mu.clamp(-11, 11), log_var)


def elbo_costly_codes_forgiven(logits, x, mu, log_var):
    """The price of a dimension is capped."""
    kl = 0.5 * (mu**2 + log_var.exp() - log_var - 1)
    return bernoulli_with_logits(logits, x) - kl.clamp(max=60).sum(1)


def elbo_kl_by_pixels(logits, x, mu, log_var):
    return bernoulli_with_logits(logits, x) - kl_as_in_the_paper(mu, log_var) / x[0].numel()


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [
    elbo_of_two_functions,
    elbo_distributions,
    elbo_negative_of_the_loss,
    elbo_loop,
    elbo_concatenated,
    elbo_by_entropy,
]

WRONG = {
    elbo_kl_added: "The KL is added",
    elbo_square_of_kl: "A row less a column",
    elbo_sum_of_the_loss: "negative ELBO, summed over the batch",
    elbo_mean_kl_of_everything: "The KL is one mean",
    elbo_sigma_for_variance: "In the KL, the standard deviation",
    elbo_cut_off: "a logit of -200 counts as -100",
    elbo_eps: "small number inside the logarithms of the reconstruction",
    elbo_loss: "the negative ELBO, the loss that `fit` minimises",
    elbo_loss_minus_kl: "You started from the loss",
    elbo_no_kl: "The KL is forgotten",
    elbo_only_kl: "Only the cost of the code",
    elbo_kl_itself: "This is the KL alone",
    elbo_half_lost: "The KL counts twice",
    elbo_half_twice: "The KL counts half",
    elbo_beta: "β = 4.",
    elbo_small_beta: "β = 0.1.",
    elbo_mean_kl_of_the_batch: "subtracted the mean KL of the batch",
    elbo_sum_of_the_kl: "subtracted the KL of the whole batch",
    elbo_mean_likelihood_of_the_batch: "averaged over the batch, the KL is not",
    elbo_kl_by_batch: "divided by the size of the batch",
    elbo_mean_over_batch: "then you took its mean over the batch",
    elbo_mean_loss: "This is the training loss",
    elbo_sum_over_batch: "You summed the ELBO over the batch",
    elbo_square: "A column less a row makes a square",
    elbo_mean_over_pixels: "averaged over the pixels and the KL is not",
    elbo_mean_over_pixels_and_batch: "one mean over pixels and examples",
    elbo_sum_over_pixels_and_batch: "is summed over the whole batch",
    elbo_mean_over_dimensions: "a β of 1 / latent",
    elbo_two_means: "Both terms are means",
    elbo_log_sigma: "was taken for log σ",
    elbo_no_one: "The -1 in the KL is forgotten",
    elbo_reversed_kl: "The KL is the wrong way round",
    elbo_kl_arguments_exchanged: "`mu` and `log_var` have changed places",
    elbo_pixel_arguments_exchanged: "the logits and x have changed places",
    elbo_two_sigmoids: "applies it again",
    elbo_squared_error: "reconstruction term is a squared error",
    elbo_last_axis: "over the last axis alone",
    elbo_axis_one: "over the channel alone",
    elbo_unstable: "its logarithm spoils the sum",
    elbo_kl_not_summed: "Too many axes",
    elbo_kl_detached: "from `mu`",
    elbo_all_detached: "from `logits`",
    elbo_decodes_again: "name 'decode' is not defined",
    elbo_two_terms: "a tuple of 2",
    elbo_warmed_up: "Compute the two terms one by one",
    elbo_clamped_log_var: "right for log_var between -5 and 5, and not beyond",
    elbo_clamped_mu: "something clamps `mu`",
    elbo_costly_codes_forgiven: "right for log_var between -8 and 4.5",
    elbo_kl_by_pixels: "divided by the number of pixels",
}
