"""Reference solutions of lesson 06: the evidence lower bound."""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


def gaussian_kl(
    mu: Float[Tensor, "batch latent"], log_var: Float[Tensor, "batch latent"]
) -> Float[Tensor, " batch"]:
    """KL(N(mu, σ²) ‖ N(0, 1)) of every example, in nats, in closed form.

    log_var is log σ², the logarithm of the variance. Each dimension costs ½ (μ² + σ² - log σ² - 1),
    and the cost of an example is the sum over its dimensions.
    """
    per_dimension = 0.5 * (mu.square() + log_var.exp() - log_var - 1)
    return per_dimension.sum(dim=1)


def bernoulli_log_likelihood(
    logits: Float[Tensor, "batch *features"], x: Float[Tensor, "batch *features"]
) -> Float[Tensor, " batch"]:
    """log p(x) of every example, where pixel i is 1 with probability p_i = sigmoid(logits_i).

    In nats: Σ_i [x_i log p_i + (1 - x_i) log(1 - p_i)], summed over every axis but the first. It is
    higher where x is likelier and at most 0. x is in [0, 1], greys too. The result must stay right
    for logits of ±200, where the sigmoid is exactly 0 or 1 in floating point.
    """
    # With log p = logit - softplus(logit) and log(1 - p) = -softplus(logit):
    per_feature = x * logits - F.softplus(logits)
    return per_feature.flatten(start_dim=1).sum(dim=1)


def elbo(
    logits: Float[Tensor, "batch *features"],
    x: Float[Tensor, "batch *features"],
    mu: Float[Tensor, "batch latent"],
    log_var: Float[Tensor, "batch latent"],
) -> Float[Tensor, " batch"]:
    """The evidence lower bound of every example, estimated from one draw of z. Higher is better.

    It is log p(x|z) - KL(q(z|x) ‖ p(z)), in nats. The logits are what the decoder made of the one
    z that was drawn from q(z|x) = N(mu, σ²), with log_var = log σ²; the prior is N(0, 1).
    """
    return bernoulli_log_likelihood(logits, x) - gaussian_kl(mu, log_var)
