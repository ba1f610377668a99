"""Two storeys of codes: the upper one is the prior of the lower one.

Sønderby et al., "Ladder Variational Autoencoders", 2016; Vahdat & Kautz, "NVAE: A Deep Hierarchical
Variational Autoencoder", 2020. For one storey under a learned prior see `priors`.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_utils._numbers import whole
from course_utils._running import evaluating, in_chunks, seeded, source
from course_utils.losses import bernoulli_nll
from course_utils.models import blocks
from course_utils.models.base import IMAGE, Model, full_precision, run
from course_utils.models.inputs import check_batch
from course_utils.models.recipes import recorded
from course_utils.models.variational import reparameterize


class HierarchicalOutput(NamedTuple):
    """What one forward pass gives.

    Attributes:
        logits: (batch, *input_shape), the decoder's output before the sigmoid.
        mu_top, log_var_top: (batch, top), of q(z₂|x).
        delta_mu, delta_log_var: (batch, latent), what x changes in the prior of z₁.
        log_var_prior: (batch, latent), log σ² of p(z₁|z₂).
    """

    logits: Tensor
    mu_top: Tensor
    log_var_top: Tensor
    delta_mu: Tensor
    delta_log_var: Tensor
    log_var_prior: Tensor


class HierarchicalVAE(Model):
    """z₂ ~ N(0, I), z₁ ~ p(z₁|z₂), x ~ p(x|z₁), each pixel a coin; and an encoder of both codes.

    The encoder of z₁ says what x changes in the prior of z₁, and not where z₁ is: q(z₁|z₂, x) is
    N(μ_p + Δμ, σ_p² e^{Δ log σ²}). With nothing to say it *is* the prior (`residual_kl`).

    Args:
        body: maps (batch, *input_shape) to (batch, hidden).
        top: maps (batch, hidden) to (batch, 2 · top): μ and log σ² of q(z₂|x).
        prior: maps (batch, top) to (batch, 2 · latent): μ_p and log σ_p² of p(z₁|z₂).
        change: maps (batch, hidden + top) to (batch, 2 · latent): Δμ and Δ log σ².
        decoder: maps (batch, latent) to (batch, *input_shape): logits.
        top_dim: the width of z₂.
    """

    def __init__(
        self,
        body: nn.Module,
        top: nn.Module,
        prior: nn.Module,
        change: nn.Module,
        decoder: nn.Module,
        *,
        top_dim: int,
        input_shape: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__(input_shape=input_shape)
        self.body, self.top, self.conditional = body, top, prior
        self.change, self.decoder = change, decoder
        self.top_dim = top_dim

    @classmethod
    @recorded
    def dense(
        cls,
        latent_dim: int = 20,
        top_dim: int = 10,
        hidden: int = 400,
        *,
        input_shape: Sequence[int] = IMAGE,
        seed: int = 0,
    ) -> "HierarchicalVAE":
        """Fully connected, each network with one hidden layer.

        Prior and change begin at 0: p(z₁|z₂) and q(z₁|z₂, x) are N(0, I) at first.
        """
        shape = tuple(input_shape)
        with seeded(seed):
            body = nn.Sequential(nn.Flatten(1), nn.Linear(math.prod(shape), hidden), nn.ReLU())
            top = nn.Linear(hidden, 2 * top_dim)
            prior = blocks.dense_encoder((top_dim,), (hidden // 2,), 2 * latent_dim)
            change = nn.Linear(hidden + top_dim, 2 * latent_dim)
            decoder = blocks.dense_decoder(latent_dim, (hidden,), shape)
        nn.init.zeros_(prior[-1].weight)
        nn.init.zeros_(prior[-1].bias)
        return cls(body, top, prior, change, decoder, top_dim=top_dim, input_shape=shape)

    def forward(self, x: Float[Tensor, "batch *shape"]) -> HierarchicalOutput:
        """Encode upwards, draw z₂, then z₁ below it, decode."""
        check_batch(self, x)
        h = self.body(x)
        mu_top, log_var_top = _halves(self.top(h))
        z_top = reparameterize(mu_top, log_var_top)
        mu, log_var = _halves(self.conditional(z_top))
        delta_mu, delta_log_var = _halves(self.change(torch.cat([h, z_top.to(h)], dim=1)))
        z = reparameterize(mu + delta_mu, log_var + delta_log_var)
        return HierarchicalOutput(
            run(self.decoder, z), mu_top, log_var_top, delta_mu, delta_log_var, log_var
        )

    def nll(
        self, logits: Float[Tensor, "batch *shape"], x: Float[Tensor, "batch *shape"]
    ) -> Float[Tensor, " batch"]:
        """-log p(x|z₁) of each example, in nats: the reconstruction term."""
        return bernoulli_nll(logits, x)

    def sample(self, n: int, generator: torch.Generator | None = None) -> Float[Tensor, "n *shape"]:
        """n new images: z₂ from N(0, I), z₁ from p(z₁|z₂), and the mean of p(x|z₁), in [0, 1].

        Raises:
            ValueError: if n is less than 1.
        """
        n = whole("n", n, expected="the number of images to draw, 1 or more")
        z_top = torch.randn(n, self.top_dim, generator=source(generator))
        return self.sample_below(z_top, generator)

    def sample_below(
        self, z_top: Float[Tensor, "n top"], generator: torch.Generator | None = None
    ) -> Float[Tensor, "n *shape"]:
        """A new image below each z₂: z₁ is drawn from p(z₁|z₂)."""
        with evaluating(self):
            mu, log_var = _halves(self.conditional(z_top.to(next(self.parameters()))))
            noise = torch.randn(mu.shape, generator=source(generator)).to(mu)
            z = mu + torch.exp(log_var / 2) * noise
            return in_chunks(lambda piece: self.to_image(run(self.decoder, piece)), z)


def _halves(both: Tensor) -> tuple[Tensor, Tensor]:
    mu, log_var = full_precision(both).chunk(2, dim=1)
    return mu, log_var
