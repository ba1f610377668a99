"""`SmallVAE`, lesson 08: a complete variational autoencoder, with its loss."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.exercises.checking.exercise import Exercise, Stage
from course_utils.exercises.checking.modes import in_both_modes
from course_utils.exercises.lessons.lesson_08.SmallVAE.network import (
    builds,
    draws_between,
    has_shapes,
    has_two_halves,
    leaves_no_traces,
)
from course_utils.exercises.lessons.lesson_08.SmallVAE.price import (
    can_be_trained,
    has_the_right_gradient,
    has_the_right_loss,
    sends_gradient_through_the_draw,
)


class SmallVAE(nn.Module):
    """A variational autoencoder of pictures x, (batch, input_dim), in [0, 1], with prior N(0, I).

    Any layers will do, `hidden` wide. q(z|x) is a Gaussian with a mean and a log-variance for each
    number of the code, and each pixel a coin, for whose probability the decoder gives the logit.
    """

    def __init__(self, input_dim: int = 784, hidden: int = 400, latent_dim: int = 20) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(input_dim, hidden), nn.ReLU())
        self.mu_head = nn.Linear(hidden, latent_dim)
        self.log_var_head = nn.Linear(hidden, latent_dim)
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim, hidden), nn.ReLU(), nn.Linear(hidden, input_dim)
        )

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The two halves of q(z|x): (mu, log_var), each (batch, latent_dim)."""
        h = self.body(x)
        return self.mu_head(h), self.log_var_head(h)

    def decode(self, z: Tensor) -> Tensor:
        """The logits of the pixels, before any sigmoid: (batch, input_dim)."""
        return self.decoder(z)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Encode, draw a z through which gradients pass, decode it: (logits, mu, log_var)."""
        mu, log_var = self.encode(x)
        z = mu + torch.exp(log_var / 2) * torch.randn_like(mu)
        return self.decode(z), mu, log_var

    def loss(self, x: Tensor) -> Tensor:
        """Minus the ELBO of each picture, (batch,), in nats, by one draw: reconstruction + KL."""
        logits, mu, log_var = self(x)
        pixels = F.binary_cross_entropy_with_logits(logits, x, reduction="none")
        kl = 0.5 * (mu**2 + log_var.exp() - log_var - 1)
        return pixels.sum(dim=1) + kl.sum(dim=1)


exercise = Exercise(
    solution=SmallVAE,
    place=1,
    difficulty=3,
    minutes=25,
    success=(
        "A complete VAE. From here on the lesson's is yours: section 3 trains it to about 107 "
        "nats, and every digit that you see drawn comes out of it."
    ),
    hints=(
        "Five methods, and you have written the heart of three of them: the draw in lesson 07, the "
        "price of Bernoulli pixels and the KL in lesson 06. One hidden layer each way is enough.",
        "Two heads: after the hidden layer one `nn.Linear(hidden, latent_dim)` makes mu and "
        "another log_var. No activation behind either, and none behind the decoder's last layer.",
        "`forward`: `self.encode(x)`; then z is mu plus σ times noise, where σ is "
        "`torch.exp(log_var / 2)` and the noise `torch.randn_like(mu)`; then `self.decode(z)`.",
        "`loss` begins with `logits, mu, log_var = self(x)`. The pixels cost "
        "`F.binary_cross_entropy_with_logits(logits, x, reduction='none')`, summed over `dim=1`; "
        "the KL is ½ (μ² + σ² - log σ² - 1), summed over `dim=1` as well.",
    ),
    stages=(
        Stage("builds", builds),
        Stage("shape", has_shapes),
        Stage("two halves", in_both_modes(has_two_halves)),
        Stage("z = μ + σε", in_both_modes(draws_between)),
        Stage("value", in_both_modes(has_the_right_loss)),
        Stage("through the draw", in_both_modes(sends_gradient_through_the_draw)),
        Stage("gradient", has_the_right_gradient),
        Stage("no traces", leaves_no_traces),
        Stage("training", can_be_trained),
    ),
)
