"""Probes and formulas that `elbo` shares with the other two exercises of lesson 06."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F


def draw_gaussians(batch: int, latent: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Means and log-variances far from 0, where the variance, σ and log σ are easily told apart.

    The log-variances of the first example are positive: a formula that takes their logarithm is
    nan elsewhere, and numbers there.
    """
    mu = 1.5 * torch.randn(batch, latent, generator=generator) + 0.5
    log_var = 4 * torch.rand(batch, latent, generator=generator) - 2
    log_var[0] = log_var[0].abs() + 0.1
    return mu, log_var


def rounded(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Numbers of one digit after the point, to be read and carried by hand."""
    return tuple(tensor.round(decimals=1) for tensor in tensors)


def kl_terms(mu: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (mu**2 + log_var.exp() - log_var - 1)


def reversed_kl(mu: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (log_var + (1 + mu**2) / log_var.exp() - 1)


def draw_pixels(*shape: int, generator: torch.Generator, grey: bool) -> tuple[Tensor, Tensor]:
    logits = 2 * torch.randn(shape, generator=generator) + 0.5
    logits = logits + 0.1 * logits.sign()  # never 0, where `abs` and `relu` have no derivative
    x = torch.rand(shape, generator=generator)
    return logits, (x if grey else x.round())


def far_out(*shape: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Logits of ±200, right for some pixels and wrong for others."""
    logits, x = draw_pixels(*shape, generator=generator, grey=False)
    logits[0] = 200 * logits[0].sign()
    x.view(-1)[:2] = torch.tensor([0.0, 1.0])
    logits.view(-1)[:2] = torch.tensor([-200.0, -200.0])
    return logits, x


def log_p_terms(logits: Tensor, x: Tensor) -> Tensor:
    """log p of every feature."""
    return x * logits - F.softplus(logits)


def over_features(values: Tensor) -> Tensor:
    return values.flatten(1).sum(1)


def by_probability(
    logits: Tensor, x: Tensor, change: Callable[[Tensor], Tensor], eps: float = 0.0
) -> Tensor:
    """The formula with p = sigmoid(logits) written out, after a change of p, with eps in the logs.

    A p of exactly 0 or 1 makes it infinite or nan.
    """
    p = change(logits.sigmoid())
    return over_features(x * (p + eps).log() + (1 - x) * (1 - p + eps).log())
