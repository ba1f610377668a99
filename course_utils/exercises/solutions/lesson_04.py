"""Reference solutions of lesson 04: sparse codes."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class SparseAutoencoder(nn.Module):
    """An autoencoder that pays for every number in its code.

    x is (batch, input_dim), in [0, 1]. Any encoder and any decoder will do. What is to be small is
    the squared error, summed over the pixels, plus sparsity_weight times the L1 norm of the code;
    of both, the mean over the batch.
    """

    def __init__(
        self, input_dim: int = 784, latent_dim: int = 64, sparsity_weight: float = 1e-3
    ) -> None:
        super().__init__()
        self.sparsity_weight = sparsity_weight
        self.encoder = nn.Sequential(nn.Linear(input_dim, latent_dim), nn.ReLU())
        self.decoder = nn.Sequential(nn.Linear(latent_dim, input_dim), nn.Sigmoid())

    def forward(
        self, x: Float[Tensor, "batch input_dim"]
    ) -> tuple[Float[Tensor, "batch input_dim"], Float[Tensor, "batch latent_dim"]]:
        """The reconstruction and the code, (x_hat, code)."""
        code = self.encoder(x)
        return self.decoder(code), code

    def loss(self, x: Float[Tensor, "batch input_dim"]) -> Float[Tensor, ""]:
        """What training minimises: one number for the whole batch."""
        x_hat, code = self(x)
        error = (x_hat - x).square().sum(dim=1)
        penalty = code.abs().sum(dim=1)
        return (error + self.sparsity_weight * penalty).mean()


def kl_sparsity(activations: Float[Tensor, "batch units"], target: float) -> Float[Tensor, ""]:
    """How far the mean activation of each unit is from the target, summed over the units.

    With m_j the mean of unit j over the batch, it is the sum over j of

        target · ln(target / m_j) + (1 - target) · ln((1 - target) / (1 - m_j)).

    Activations are in [0, 1]. Where a mean is exactly 0 or 1, it is moved inside by a millionth.
    """
    mean = activations.mean(dim=0).clamp(1e-6, 1 - 1e-6)
    on = target * torch.log(target / mean)
    off = (1 - target) * torch.log((1 - target) / (1 - mean))
    return (on + off).sum()


def top_k_code(code: Float[Tensor, "batch latent"], k: int) -> Float[Tensor, "batch latent"]:
    """The k entries of largest magnitude in each row of the code, in their places; else 0.

    Exactly k entries of a row are kept: of equal ones just so many that there are k. The gradient
    flows through what is kept and through nothing else.
    """
    kept = code.abs().topk(k, dim=1).indices
    mask = torch.zeros_like(code).scatter(1, kept, 1.0)
    return code * mask
