"""Probabilistic PCA: the one latent-variable model of the course in which everything is exact.

    z ~ N(0, I_k),    x | z ~ N(W z + m, s² I_d)

Both log p(x) and the posterior p(z|x) have a formula, so that a bound can be laid beside the truth
and an estimate beside what it estimates. Tipping & Bishop, "Probabilistic Principal Component
Analysis", 1999. The one-dimensional toy of the lessons is W = (2), m = 0, s² = 0.5.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.metrics import pca


class ProbabilisticPCA(NamedTuple):
    """The model's three parameters.

    Attributes:
        weight: (d, k), W: where each direction of the code leads.
        mean: (d,), m.
        variance: (), s²: the variance that is left in every direction.
    """

    weight: Float[Tensor, "d k"]
    mean: Float[Tensor, " d"]
    variance: Float[Tensor, ""]

    @classmethod
    def fit(cls, x: Float[Tensor, "n d"], k: int) -> "ProbabilisticPCA":
        """The maximum-likelihood parameters: Tipping & Bishop, equations 7 and 8.

        s² is the mean of the discarded eigenvalues, and W spans the k leading principal directions,
        each stretched by the square root of its eigenvalue less s².

        Raises:
            ValueError: if k is not from 0 to d - 1: something must be left for the noise.
        """
        mean, directions, variances = pca(x)
        if not 0 <= k < len(variances):
            raise ValueError(f"k is {k}; expected 0 to {len(variances) - 1}, less than d")
        noise = variances[k:].mean()
        kept = (variances[:k] - noise).clamp(min=0)  # 0 - 1e-17 where all variances are the same
        return cls(directions[:k].T * kept.sqrt(), mean, noise)

    def log_prob(self, x: Float[Tensor, "batch d"]) -> Float[Tensor, " batch"]:
        """log p(x) = -½ [d log 2π + log|C| + (x - m)ᵀ C⁻¹ (x - m)], C = W Wᵀ + s² I, in nats."""
        d = len(self.mean)
        covariance = self.weight @ self.weight.T + self.variance * torch.eye(d).to(self.mean)
        factor = torch.linalg.cholesky(covariance)
        white = torch.linalg.solve_triangular(factor, (x - self.mean).T, upper=False)
        log_determinant = 2 * factor.diagonal().log().sum()
        return -0.5 * (d * math.log(2 * math.pi) + log_determinant + (white**2).sum(0))

    def posterior(
        self, x: Float[Tensor, "batch d"]
    ) -> tuple[Float[Tensor, "batch k"], Float[Tensor, "k k"]]:
        """p(z|x) = N(M⁻¹ Wᵀ (x - m), s² M⁻¹), M = Wᵀ W + s² I: the means, and the covariance."""
        k = self.weight.shape[1]
        m = self.weight.T @ self.weight + self.variance * torch.eye(k).to(self.mean)
        inverse = torch.linalg.inv(m)
        return (x - self.mean) @ self.weight @ inverse, self.variance * inverse

    def diagonal_posterior(
        self, x: Float[Tensor, "batch d"]
    ) -> tuple[Float[Tensor, "batch k"], Float[Tensor, "k k"]]:
        """The best q(z|x) with a diagonal covariance, the only kind that a VAE's encoder has.

        Of all these the one with the smallest KL(q ‖ posterior). It has the posterior's means, and
        of the posterior's *inverse* covariance the diagonal: narrower than the posterior is, seen
        along an axis.
        """
        mu, covariance = self.posterior(x)
        return mu, torch.diag(1 / torch.linalg.inv(covariance).diagonal())

    def elbo(
        self,
        x: Float[Tensor, "batch d"],
        mu: Float[Tensor, "batch k"],
        covariance: Float[Tensor, "k k"],
    ) -> Float[Tensor, " batch"]:
        """The evidence lower bound for q(z|x) = N(μ, Σ), in nats, without a draw.

        E_q[log p(x|z)] - KL(q(z|x) ‖ N(0, I)), both in closed form. It equals log p(x) when q is
        the posterior and is smaller for every other q, by KL(q ‖ posterior).
        """
        d, k = self.weight.shape
        misfit = ((x - self.mean - mu @ self.weight.T) ** 2).sum(1)
        spread = (self.weight @ covariance * self.weight).sum()  # tr(W Σ Wᵀ)
        noise = self.variance
        fit = -0.5 * (d * (2 * math.pi * noise).log() + (misfit + spread) / noise)
        kl = 0.5 * ((mu**2).sum(1) + covariance.trace() - k - torch.logdet(covariance))
        return fit - kl

    def sample(self, n: int, generator: torch.Generator | None = None) -> Float[Tensor, "n d"]:
        """n draws of x: a code from the prior, the plane through m, and noise."""
        d, k = self.weight.shape
        z = torch.randn(n, k, generator=generator).to(self.mean)
        noise = torch.randn(n, d, generator=generator).to(self.mean)
        return z @ self.weight.T + self.mean + self.variance.sqrt() * noise
