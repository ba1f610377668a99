"""What most tutorials write: their two networks, and the way they load MNIST."""

from collections.abc import Iterable

import torch
from torch import nn
from torch.nn import functional as F

from course_utils.data import data_root

SIZES = (784, 400, 20, 400, 784)


def tutorial_loader(batch: int) -> Iterable:
    """The training pictures, loaded the way of the tutorials."""
    from torch.utils.data import DataLoader
    from torchvision import datasets, transforms

    mnist = datasets.MNIST(data_root(), train=True, transform=transforms.ToTensor())
    return DataLoader(mnist, batch_size=batch, shuffle=True)


class TutorialAutoencoder(nn.Module):
    """The same network as most tutorials write it."""

    def __init__(self) -> None:
        super().__init__()
        wide, hidden, code = SIZES[:3]
        self.encoder = nn.Sequential(nn.Linear(wide, hidden), nn.ReLU(), nn.Linear(hidden, code))
        self.decoder = nn.Sequential(
            nn.Linear(code, hidden), nn.ReLU(), nn.Linear(hidden, wide), nn.Sigmoid()
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.encoder(x))


class TutorialVAE(nn.Module):
    """The same variational autoencoder as most tutorials write it."""

    def __init__(self) -> None:
        super().__init__()
        wide, hidden, code = SIZES[:3]
        self.enter, self.mean = nn.Linear(wide, hidden), nn.Linear(hidden, code)
        self.log_variance = nn.Linear(hidden, code)
        self.leave, self.draw = nn.Linear(code, hidden), nn.Linear(hidden, wide)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        h = F.relu(self.enter(x))
        mu, log_var = self.mean(h), self.log_variance(h)
        z = mu + torch.exp(0.5 * log_var) * torch.randn_like(mu)
        return torch.sigmoid(self.draw(F.relu(self.leave(z)))), mu, log_var

    def loss(self, x: torch.Tensor) -> torch.Tensor:
        """-ELBO, summed over the batch."""
        x_hat, mu, log_var = self(x)
        kl = -0.5 * torch.sum(1 + log_var - mu**2 - log_var.exp())
        return F.binary_cross_entropy(x_hat, x, reduction="sum") + kl
