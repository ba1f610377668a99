"""Reference solution of lesson 11: a VAE that is told the label."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ConditionalVAE(nn.Module):
    """A VAE whose encoder and decoder are both told the label.

    x is (batch, input_dim), in [0, 1]; y is (batch,), whole numbers from 0 to num_classes - 1. Any
    layers will do. Labels are names, not amounts: 9 is no more than 3. So each enters as a row of
    zeros with a one at its place, or through an `nn.Embedding`.
    """

    def __init__(self, input_dim: int = 784, latent_dim: int = 20, num_classes: int = 10) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.encoder = nn.Sequential(
            nn.Linear(input_dim + num_classes, 256), nn.ReLU(), nn.Linear(256, 2 * latent_dim)
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim + num_classes, 256), nn.ReLU(), nn.Linear(256, input_dim)
        )

    def encode(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """The two halves of q(z|x, y): (mu, log_var), each (batch, latent_dim)."""
        both = torch.cat([x, F.one_hot(y, self.num_classes).float()], dim=1)
        mu, log_var = self.encoder(both).chunk(2, dim=1)
        return mu, log_var

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        """The logits of the pixels, before any sigmoid: (batch, input_dim)."""
        both = torch.cat([z, F.one_hot(y, self.num_classes).float()], dim=1)
        return self.decoder(both)

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Encode, draw one z from q, decode it: (logits, mu, log_var)."""
        mu, log_var = self.encode(x, y)
        z = mu + torch.exp(log_var / 2) * torch.randn_like(mu)
        return self.decode(z, y), mu, log_var
