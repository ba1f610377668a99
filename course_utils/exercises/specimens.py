"""Twelve functions that run, look right and are wrong. All of them on purpose: lesson 15's museum.

Each has the parameters of its reference solution, `repaired_...` in solutions/lesson_15.py, and is
what the notebook gives the learner to repair. Use none of them for anything else.
"""

import math
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.losses import bernoulli_nll, gaussian_kl, squared_error
from course_utils.metrics import factor_entropy, mutual_information, pca
from course_utils.models import VAE, reparameterize


def test_error(
    train: Float[Tensor, "n features"], test: Float[Tensor, "m features"], k: int
) -> float:
    principal = pca(train)
    total = 0.0
    for batch in train[: len(test)].split(100):
        total += squared_error(principal.reconstruct(batch, k), batch).sum().item()
    return total / len(test)


def denoising(
    model: Callable[[Tensor], Tensor],
    x: Float[Tensor, "batch *features"],
    corrupt: Callable[[Tensor], Tensor],
) -> Float[Tensor, " batch"]:
    x = corrupt(x)
    x_hat = model(x)
    return squared_error(x_hat, x)


def kl(
    mu: Float[Tensor, "batch latent"], log_sigma: Float[Tensor, "batch latent"]
) -> Float[Tensor, " batch"]:
    variance = torch.exp(log_sigma)
    return 0.5 * (mu**2 + variance - log_sigma - 1).sum(dim=1)


def code(
    x: Float[Tensor, "batch features"],
    y: Int[Tensor, " batch"],
    body: nn.Module,
    mu_head: nn.Module,
    log_var_head: nn.Module,
    epsilon: Float[Tensor, "batch latent"],
) -> Float[Tensor, "batch latent"]:
    label = F.one_hot(y, 10).to(x)
    h = body(torch.cat([x, label], dim=1))
    mu = mu_head(h)
    log_var = mu_head(h)
    return mu + torch.exp(log_var / 2) * epsilon


def evaluated_elbo(
    model: VAE, x: Float[Tensor, "batch *features"], generator: torch.Generator
) -> Float[Tensor, " batch"]:
    mu, log_var = model.encode(x)
    epsilon = torch.randn(mu.shape, generator=generator)
    z = mu + torch.exp(log_var / 2) * epsilon if model.training else mu
    return -bernoulli_nll(model.decode(z), x) - gaussian_kl(mu, log_var)


def quantization(
    z: Float[Tensor, "*places dim"], e: Float[Tensor, "*places dim"], commitment: float
) -> Float[Tensor, "*places"]:
    codebook = ((z - e.detach()) ** 2).sum(dim=-1)
    encoder = ((z.detach() - e) ** 2).sum(dim=-1)
    return codebook + commitment * encoder


def revival(
    x: Float[Tensor, "batch features"],
    code: Float[Tensor, "batch units"],
    dead: Float[Tensor, "batch units"],
    weight: Float[Tensor, "units features"],
    bias: Float[Tensor, " features"],
) -> Float[Tensor, " batch"]:
    def draw(units):
        return units @ weight + bias

    left_over = x - draw(code)
    return squared_error(draw(dead), left_over)


def contraction(
    x: Float[Tensor, "batch d"], weight: Float[Tensor, "units d"], bias: Float[Tensor, " units"]
) -> Float[Tensor, " batch"]:
    h = torch.relu(x @ weight.T + bias)
    slope = h * (1 - h)
    return slope**2 @ (weight**2).sum(dim=1)


def strangeness(
    model: VAE, x: Float[Tensor, "batch *features"], draws: int, generator: torch.Generator
) -> Float[Tensor, " batch"]:
    mu, log_var = model.encode(x)
    z = reparameterize(mu, log_var, generator)
    total = torch.zeros(len(x))
    for _ in range(draws):
        total = total + bernoulli_nll(model.decode(z), x)
    return total / draws


def ndcg(ranked: Sequence[int], wanted: Sequence[int], k: int) -> float:
    hits = [float(item in wanted) for item in ranked[:k]]
    best = sorted(hits, reverse=True)
    gain, ideal = (
        sum(hit / math.log2(rank + 1) for rank, hit in enumerate(row, start=1))
        for row in (hits, best)
    )
    return gain / ideal if ideal else 0.0


def information_gap(codes: Float[Tensor, "n latent"], factors: Int[Tensor, "n factors"]) -> float:
    n, latent = codes.shape
    rows = codes.reshape(latent, n)
    known = torch.cat([mutual_information(row[:, None], factors) for row in rows])
    best, second = known.topk(2, dim=0).values
    return ((best - second) / factor_entropy(factors)).mean().item()


def verdict(sample: Callable[[Tensor, Tensor, torch.Generator], Tensor]) -> bool:
    generator = torch.Generator().manual_seed(0)
    mu, log_var = 0.1 * torch.randn(2, 10_000, 2, generator=generator)
    noise = sample(mu, log_var, generator) - mu
    return bool(abs(noise.mean()) < 0.05 and abs(noise.std() - 1) < 0.05)
