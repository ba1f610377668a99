"""The autoencoder: a network that squeezes x into a short code z and draws x again from z.

Denoising, sparse and contractive autoencoders are this same network trained with another objective
(see `course_utils.objectives`); they need no class of their own.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_utils._running import evaluating, in_chunks, seeded
from course_utils.models import blocks
from course_utils.models.base import IMAGE, Model, Output, full_precision, run
from course_utils.models.inputs import check_batch, check_codes, check_spoilt
from course_utils.models.recipes import recorded
from course_utils.models.shapes import picture_shape

Code = Literal["linear", "relu", "sigmoid"]

ACTIVATIONS = {"linear": lambda z: z, "relu": torch.relu, "sigmoid": torch.sigmoid}
"""What may happen to the encoder's output before it is called the code."""


class AutoencoderOutput(NamedTuple):
    """What one forward pass gives.

    Attributes:
        logits: (batch, *input_shape), the decoder's output before the sigmoid.
        z: (batch, latent), the code.
    """

    logits: Tensor
    z: Tensor


class Autoencoder(Model):
    """An encoder and a decoder with a bottleneck between them.

    Args:
        encoder: maps (batch, *input_shape) to a code (batch, latent).
        decoder: maps the code back to (batch, *input_shape): logits if output is "sigmoid".
        input_shape, output: see `course_utils.models.base.Model`.
        code: what the numbers of a code may be: any ("linear"), none below 0 ("relu"), or from 0 to
            1 ("sigmoid").

    The factories build the networks that the lessons use. Each takes a `seed`: the same seed gives
    the same first weights, whatever was drawn before.

    >>> model = Autoencoder.dense(latent_dim=32)
    >>> sum(p.numel() for p in model.parameters())
    489136
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        *,
        input_shape: tuple[int, ...] | None = None,
        output: Output = "sigmoid",
        code: Code = "linear",
    ) -> None:
        super().__init__(input_shape=input_shape, output=output)
        if code not in ACTIVATIONS:
            raise ValueError(f"code is {code!r}; expected 'linear', 'relu' or 'sigmoid'")
        self.code = code
        self.encoder = encoder
        self.decoder = decoder

    @classmethod
    @recorded
    def dense(
        cls,
        latent_dim: int = 32,
        hidden: Sequence[int] = (256, 128, 64),
        *,
        input_shape: Sequence[int] = IMAGE,
        output: Output = "sigmoid",
        code: Code = "linear",
        tied: bool = False,
        seed: int = 0,
    ) -> "Autoencoder":
        """Fully connected: 784 → 256 → 128 → 64 → 32 and the mirror back (489,136 parameters).

        With tied=True the decoder's matrices are the encoder's, transposed, and only its biases are
        its own: then neither can undo by its scale what a penalty asks of the other.
        """
        shape = tuple(input_shape)
        with seeded(seed):
            encoder = blocks.dense_encoder(shape, hidden, latent_dim)
            if tied:
                decoder = blocks.tied_decoder(encoder, shape)
            else:
                decoder = blocks.dense_decoder(latent_dim, hidden[::-1], shape)
        return cls(encoder, decoder, input_shape=shape, output=output, code=code)

    @classmethod
    @recorded
    def linear(
        cls, latent_dim: int, *, input_shape: Sequence[int] = IMAGE, seed: int = 0
    ) -> "Autoencoder":
        """One linear map down, one linear map up, no activation anywhere: PCA's rival."""
        shape = tuple(input_shape)
        with seeded(seed):
            encoder = blocks.dense_encoder(shape, (), latent_dim)
            decoder = blocks.dense_decoder(latent_dim, (), shape)
        return cls(encoder, decoder, input_shape=shape, output="linear")

    @classmethod
    @recorded
    def conv(
        cls,
        latent_dim: int = 64,
        channels: Sequence[int] = (32, 64),
        *,
        input_shape: Sequence[int] = IMAGE,
        output: Literal["sigmoid", "linear"] = "sigmoid",
        seed: int = 0,
    ) -> "Autoencoder":
        """Convolutional: 28×28 → 14×14 → 7×7 → code, and transposed back (442,433 parameters).

        Pictures may have any number of channels, and any height and width from 8 up.
        """
        shape = picture_shape(input_shape)
        with seeded(seed):
            encoder = blocks.conv_encoder(shape, channels, latent_dim)
            decoder = blocks.conv_decoder(latent_dim, channels[::-1], shape)
        return cls(encoder, decoder, input_shape=shape, output=output)

    def encode(self, x: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch latent"]:
        """The code z of each example.

        Raises:
            ValueError: unless x is a tensor (batch, *input_shape) of the model's own precision.
        """
        check_batch(self, x)
        return ACTIVATIONS[self.code](full_precision(self.encoder(x)))

    def decode(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch *shape"]:
        """The logits that the decoder draws from each code; `to_image` makes them an image.

        Raises:
            ValueError: unless z is a tensor with a row for each code, as long as the model's.
        """
        check_codes(z, self.decoder)
        return run(self.decoder, z)

    def forward(self, x: Float[Tensor, "batch *shape"]) -> AutoencoderOutput:
        """Encode, then decode: AutoencoderOutput(logits, z)."""
        z = self.encode(x)
        return AutoencoderOutput(self.decode(z), z)

    def reconstruct(self, x: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch *shape"]:
        """The reconstruction x̂ of each example, in [0, 1] unless the output is linear.

        In evaluation mode, without gradients, and in pieces, so that a whole data set fits.

        Raises:
            ValueError: unless x is a batch of finite numbers that suits the model; noise may take
                pixels out of [0, 1], bytes are refused.
        """
        check_spoilt(self, x)
        with evaluating(self):
            return in_chunks(lambda piece: self.to_image(self(piece).logits), x)
