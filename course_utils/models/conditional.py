"""The conditional VAE: a label tells encoder and decoder which class the image is of.

Sohn, Lee & Yan, "Learning Structured Output Representation using Deep Conditional Generative
Models", 2015; Kingma et al., "Semi-supervised Learning with Deep Generative Models", 2014 (M2).
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils._running import evaluating, in_chunks, seeded
from course_utils.losses import bernoulli_nll
from course_utils.models import blocks
from course_utils.models.base import IMAGE, Model, full_precision, run
from course_utils.models.inputs import LOOK, check_batch, check_codes, check_input, check_labels
from course_utils.models.recipes import recorded
from course_utils.models.variational import VAEOutput, reparameterize


class ConditionalVAE(Model):
    """The story of a VAE with the label given: z ~ N(0, I), then x ~ p(x|z, y).

    The label enters as a row of zeros with a one at its place, joined to the pixels before the
    encoder and to the code before the decoder. What it says, the code need not say again. The bound
    is one on log p(x|y), and `negative_elbo` takes this model with a batch (x, y).

    Args:
        encoder: maps (batch, pixels + num_classes) to (batch, 2 · latent): μ, then log σ².
        decoder: maps (batch, latent + num_classes) to (batch, *input_shape): logits.
        num_classes: labels are 0 to num_classes - 1.
        latent_dim: the width of the code.
        input_shape: see `course_utils.models.base.Model`.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        *,
        num_classes: int,
        latent_dim: int,
        input_shape: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__(input_shape=input_shape)
        self.encoder = encoder
        self.decoder = decoder
        self.num_classes = num_classes
        self.latent_dim = latent_dim

    @classmethod
    @recorded
    def dense(
        cls,
        latent_dim: int = 20,
        num_classes: int = 10,
        hidden: Sequence[int] = (256, 256),
        *,
        input_shape: Sequence[int] = IMAGE,
        seed: int = 0,
    ) -> "ConditionalVAE":
        """Fully connected: 784 + 10 → 256 → 256 → 20 and 20, and 20 + 10 back to 784."""
        shape = tuple(input_shape)
        with seeded(seed):
            encoder = blocks.dense_encoder(
                (math.prod(shape) + num_classes,), hidden, 2 * latent_dim
            )
            decoder = blocks.dense_decoder(latent_dim + num_classes, hidden[::-1], shape)
        return cls(
            encoder, decoder, num_classes=num_classes, latent_dim=latent_dim, input_shape=shape
        )

    def encode(
        self, x: Float[Tensor, "batch *shape"], y: Int[Tensor, " batch"]
    ) -> tuple[Float[Tensor, "batch latent"], Float[Tensor, "batch latent"]]:
        """(μ, log σ²) of q(z|x, y), for each example.

        Raises:
            ValueError: unless x is a tensor (batch, *input_shape) of the model's own precision, and
                y a row of labels, one for each example, all in range.
        """
        check_batch(self, x)
        both = torch.cat([x.flatten(1), self.one_hot(y, len(x)).to(x)], dim=1)
        mu, log_var = full_precision(self.encoder(both)).chunk(2, dim=1)
        return mu, log_var

    def decode(
        self, z: Float[Tensor, "batch latent"], y: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch *shape"]:
        """The logits that the decoder draws from each code and label.

        Raises:
            ValueError: unless z has a row for each code, as long as the model's, and y a label.
        """
        check_codes(z, self.decoder, beside=self.num_classes)
        both = torch.cat([z, self.one_hot(y, len(z)).to(z)], dim=1)
        return run(self.decoder, both)

    def forward(self, x: Float[Tensor, "batch *shape"], y: Int[Tensor, " batch"]) -> VAEOutput:
        """Encode, draw one z, decode: VAEOutput(logits, mu, log_var, z)."""
        mu, log_var = self.encode(x, y)
        z = reparameterize(mu, log_var)
        return VAEOutput(self.decode(z, y), mu, log_var, z)

    def nll(
        self, logits: Float[Tensor, "batch *shape"], x: Float[Tensor, "batch *shape"]
    ) -> Float[Tensor, " batch"]:
        """-log p(x|z, y) of each example, in nats: the reconstruction term."""
        return bernoulli_nll(logits, x)

    def reconstruct(
        self, x: Float[Tensor, "batch *shape"], y: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch *shape"]:
        """The image decoded from the mean code of each example. For looking, not for a bound."""
        check_input(self, x, slack=LOOK)
        check_labels(y, len(x), self.num_classes)
        with evaluating(self):
            return in_chunks(self._redrawn, x, y)

    def _redrawn(self, x: Tensor, y: Tensor) -> Tensor:
        return self.to_image(self.decode(self.encode(x, y)[0], y))

    def sample(
        self, y: Int[Tensor, " n"], generator: torch.Generator | None = None
    ) -> Float[Tensor, "n *shape"]:
        """A new image for each label: z from the prior, and the mean of p(x|z, y), in [0, 1].

        Raises:
            ValueError: unless y is a row of labels, all in range; for five images of a 3 they are
                torch.tensor([3] * 5).
        """
        n = len(y) if isinstance(y, Tensor) and y.ndim else 1
        labels, place = self.one_hot(y, n), next(self.parameters())
        z = torch.randn(n, self.latent_dim, generator=generator).to(place)
        with evaluating(self):
            both = torch.cat([z, labels.to(z)], dim=1)
            return in_chunks(lambda piece: self.to_image(run(self.decoder, piece)), both)

    def one_hot(self, y: Int[Tensor, " batch"], batch: int) -> Float[Tensor, "batch classes"]:
        """Each label as a row of zeros with a one at its place.

        Raises:
            ValueError: unless y is a row of whole numbers, one for each example, all in range.
        """
        check_labels(y, batch, self.num_classes)
        return F.one_hot(y.long(), self.num_classes).float()
