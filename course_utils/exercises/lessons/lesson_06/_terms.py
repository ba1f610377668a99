"""Probes and formulas that `elbo` shares with the other two exercises of lesson 06."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.checking.answer import Wrong

# How far trained encoders go: a variance of a few thousandths, means of a dozen and more.
LOG_VARS = torch.arange(-8.0, 6.25, 0.5)
MUS = torch.arange(-14.0, 15.0)


def draw_gaussians(batch: int, latent: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Means and log-variances far from 0, where the variance, σ and log σ are easily told apart.

    The log-variances of the first example are positive: a formula that takes their logarithm is
    nan elsewhere, and numbers there.
    """
    mu = 1.5 * torch.randn(batch, latent, generator=generator) + 0.5
    log_var = 4 * torch.rand(batch, latent, generator=generator) - 2
    log_var[0] = log_var[0].abs() + 0.1
    return mu, log_var


def expect_followed(term: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Raise `Wrong` unless a KL follows mu and log_var as far as encoders take them.

    In the comfortable middle nobody sees that something holds them. What is moved is moved alone,
    so that the message can say where the numbers stop to follow.

    Args:
        term: from mu and log_var, (batch, 1), to the part of the answer that is the KL.
    """
    zeros = torch.zeros_like
    for words, values, mu, log_var in (
        ("log_var", LOG_VARS, torch.full_like(LOG_VARS, 0.5), LOG_VARS),
        ("mu", MUS, MUS, zeros(MUS)),
    ):
        got, wanted = term(mu[:, None], log_var[:, None]), kl_terms(mu, log_var)
        off = (got - wanted).abs() > 0.01 * (wanted + 1)  # or a log(σ² + 1e-6) would not pass
        if off.any():
            _refuse_the_ends(words, values, got, wanted, off)


def _refuse_the_ends(words: str, values: Tensor, got: Tensor, wanted: Tensor, off: Tensor) -> None:
    worst = (got - wanted).abs().nan_to_num(torch.inf).argmax()
    if off.all():  # right of many dimensions together, and of one alone wrong
        low = high = values[len(values) // 2].item()
    else:
        low, high = values[~off].min().item(), values[~off].max().item()
    held = [got[side & off] for side in (values < low, values > high)]
    still = [part for part in held if len(part) > 1 and bool((part - part[0]).abs().max() < 0.02)]
    cause = (
        f"Beyond, your KL no longer changes: something clamps `{words}`, or what is made of it. "
        if still
        else ""
    )
    raise Wrong(
        f"Your KL is right for {words} between {low:g} and {high:g}, and not beyond: at {words} = "
        f"{values[worst]:g} the KL of one dimension should be {wanted[worst]:.4g}, and it is "
        f"{got[worst]:.4g}. {cause}Trained encoders go there, and what is held has no gradient "
        "that would lead it back. Use `mu` and `log_var` as they are."
    )


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


def far_out(*shape: int, generator: torch.Generator, grey: bool = False) -> tuple[Tensor, Tensor]:
    """Logits of ±200, right for some pixels and wrong for others."""
    logits, x = draw_pixels(*shape, generator=generator, grey=grey)
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
