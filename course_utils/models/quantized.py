"""The vector-quantised autoencoder: each place of the code is one of K learned vectors.

van den Oord, Vinyals & Kavukcuoglu, "Neural Discrete Representation Learning", 2017.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from course_utils._running import evaluating, in_chunks, seeded
from course_utils.losses import vector_quantization
from course_utils.models import blocks
from course_utils.models.base import IMAGE, Model, full_precision, run
from course_utils.models.inputs import check_batch, check_spoilt
from course_utils.models.recipes import recorded
from course_utils.models.shapes import picture_shape


class Quantized(NamedTuple):
    """What the quantiser gives.

    Attributes:
        z_q: (..., embedding_dim), the nearest codebook vectors; backward the gradient passes to the
            encoder's as if nothing had happened (straight-through).
        indices: (...), which vector it was.
        loss: scalar, the codebook and commitment terms, mean over vectors.
    """

    z_q: Tensor
    indices: Tensor
    loss: Tensor


class VQOutput(NamedTuple):
    """What one forward pass gives.

    Attributes:
        logits: (batch, *input_shape), the decoder's output before the sigmoid.
        z_e: (batch, height, width, embedding_dim), what the encoder says at each place.
        z_q: as z_e, the nearest codebook vectors, with the straight-through gradient.
        indices: (batch, height, width), their numbers: the discrete code.
    """

    logits: Tensor
    z_e: Tensor
    z_q: Tensor
    indices: Tensor


class VectorQuantizer(nn.Module):
    """Replaces each vector by the nearest one of a learned codebook.

    Args:
        num_embeddings: K, how many vectors there are to choose from.
        embedding_dim: the length of each.
        commitment_cost: weight of ‖z - sg(e)‖², which keeps the encoder near what it chose.
        decay: None, and the codebook learns by the gradient of ‖sg(z) - e‖²; or a number in [0, 1),
            and each vector follows the mean of what was assigned to it, a moving average with this
            memory (van den Oord et al., 2017, appendix A.1).
        restart: in training, a vector that has gone unused for as many calls is put where some
            vector of the present batch is; None never does. (Dhariwal et al., "Jukebox", 2020.)

    >>> quantize = VectorQuantizer(num_embeddings=8, embedding_dim=2)
    >>> quantize(torch.rand(5, 3, 2)).indices.shape
    torch.Size([5, 3])
    """

    def __init__(
        self,
        num_embeddings: int = 512,
        embedding_dim: int = 64,
        commitment_cost: float = 0.25,
        *,
        decay: float | None = None,
        restart: int | None = None,
    ) -> None:
        super().__init__()
        if decay is not None and not 0 <= decay < 1:
            raise ValueError(f"decay is {decay:g}; expected 0 or more and less than 1, or None")
        self.commitment_cost, self.decay, self.restart = commitment_cost, decay, restart
        codebook = torch.randn(num_embeddings, embedding_dim) / embedding_dim**0.5
        if decay is None:
            self.codebook = nn.Parameter(codebook)
        else:
            self.register_buffer("codebook", codebook)
            self.register_buffer("count", torch.ones(num_embeddings))
            self.register_buffer("total", codebook.clone())
        self.register_buffer("unused", torch.zeros(num_embeddings, dtype=torch.long))

    def nearest(self, z: Float[Tensor, "*places dim"]) -> Int[Tensor, "*places"]:
        """The number of the nearest codebook vector for each vector, in Euclidean distance."""
        flat = z.reshape(-1, z.shape[-1])
        # ‖z - e‖² = ‖z‖² - 2 z·e + ‖e‖², of which the first part is the same for every e.
        codebook = self.codebook.to(flat.dtype)
        score = (codebook**2).sum(1) - 2 * flat @ codebook.T
        return score.argmin(1).reshape(z.shape[:-1])

    def forward(self, z: Float[Tensor, "*places dim"]) -> Quantized:
        """(z_q, indices, loss). In training the codebook also follows and restarts, if asked to."""
        indices = self.nearest(z)
        e = self.codebook[indices]
        if self.training:
            flat = z.detach().reshape(-1, z.shape[-1]).to(e.dtype)
            self._update(flat, indices.flatten())
        trained = e if self.decay is None else e.detach()
        loss = vector_quantization(z, trained, self.commitment_cost).mean()
        return Quantized(z + (e - z).detach(), indices, loss)

    @torch.no_grad()
    def _update(self, z: Tensor, indices: Tensor) -> None:
        count = indices.bincount(minlength=len(self.codebook)).to(z)
        if self.decay is not None:
            total = torch.zeros_like(self.total).index_add_(0, indices, z)
            self.count.lerp_(count, 1 - self.decay)
            self.total.lerp_(total, 1 - self.decay)
            used = self.count > 1e-5  # a vector without members stays where it is
            self.codebook[used] = self.total[used] / self.count[used, None]
        if self.restart is not None:
            self.unused = torch.where(count > 0, 0, self.unused + 1)
            dead = (self.unused >= self.restart).nonzero().flatten()
            if len(dead):
                places = torch.randint(len(z), (len(dead),), device=z.device)
                self.codebook[dead] = z[places]
                self.unused[dead] = 0
                if self.decay is not None:
                    self.count[dead], self.total[dead] = 1.0, z[places]


class VQVAE(Model):
    """Encoder, quantiser, decoder: an image becomes a grid of symbols, and comes back from it.

    Args:
        encoder: maps (batch, *input_shape) to (batch, embedding_dim, height, width).
        quantizer: a `VectorQuantizer`.
        decoder: maps (batch, embedding_dim, height, width) to (batch, *input_shape): logits.
        input_shape: see `course_utils.models.base.Model`.

    >>> model = VQVAE.patches(num_embeddings=16)
    >>> symbols = model.symbols(torch.rand(5, 1, 28, 28))
    >>> symbols.shape, model.decode_indices(symbols).shape
    (torch.Size([5, 7, 7]), torch.Size([5, 1, 28, 28]))
    """

    def __init__(
        self,
        encoder: nn.Module,
        quantizer: VectorQuantizer,
        decoder: nn.Module,
        *,
        input_shape: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__(input_shape=input_shape)
        self.encoder = encoder
        self.quantizer = quantizer
        self.decoder = decoder

    @classmethod
    @recorded
    def conv(
        cls,
        num_embeddings: int = 512,
        embedding_dim: int = 64,
        channels: Sequence[int] = (32, 64),
        *,
        input_shape: Sequence[int] = IMAGE,
        decay: float | None = None,
        restart: int | None = None,
        seed: int = 0,
    ) -> "VQVAE":
        """Convolutional: 28×28 → 14×14 → 7×7 places with one symbol each, and transposed back.

        Pictures may have any number of channels, and any height and width from 8 up; odd sides are
        halved upwards, 7 → 4.
        """
        shape = picture_shape(input_shape)
        with seeded(seed):
            encoder = blocks.conv_grid_encoder(shape, channels, embedding_dim)
            quantizer = VectorQuantizer(num_embeddings, embedding_dim, decay=decay, restart=restart)
            decoder = blocks.conv_grid_decoder(embedding_dim, channels[::-1], shape)
        return cls(encoder, quantizer, decoder, input_shape=shape)

    @classmethod
    @recorded
    def patches(
        cls,
        num_embeddings: int = 32,
        embedding_dim: int = 2,
        hidden: int = 64,
        *,
        input_shape: Sequence[int] = IMAGE,
        decay: float | None = None,
        restart: int | None = None,
        seed: int = 0,
    ) -> "VQVAE":
        """7×7 places as in `conv`, and faster: each begins as a patch of 8×8 pixels.

        With two numbers for a vector the codebook can be drawn on paper. Of other pictures there is
        a place for every 4 pixels, and one for a rest.
        """
        shape = picture_shape(input_shape)
        with seeded(seed):
            encoder = blocks.patch_encoder(shape, hidden, embedding_dim)
            quantizer = VectorQuantizer(num_embeddings, embedding_dim, decay=decay, restart=restart)
            decoder = blocks.patch_decoder(embedding_dim, hidden, shape)
        return cls(encoder, quantizer, decoder, input_shape=shape)

    def encode(self, x: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch height width dim"]:
        """What the encoder says at each place, before it is quantised.

        Raises:
            ValueError: unless x is a tensor (batch, *input_shape) of the model's own precision.
        """
        check_batch(self, x)
        return full_precision(self.encoder(x)).movedim(1, -1)

    def decode(self, z: Float[Tensor, "batch height width dim"]) -> Float[Tensor, "batch *shape"]:
        """The logits that the decoder draws from a grid of vectors."""
        return run(self.decoder, z.movedim(-1, 1))

    def decode_indices(
        self, indices: Int[Tensor, "batch height width"]
    ) -> Float[Tensor, "batch *shape"]:
        """The logits that the decoder draws from a grid of symbols."""
        return self.decode(self.quantizer.codebook[indices])

    def forward(self, x: Float[Tensor, "batch *shape"]) -> VQOutput:
        """Encode, quantise, decode: VQOutput(logits, z_e, z_q, indices)."""
        z_e = self.encode(x)
        z_q, indices, _ = self.quantizer(z_e)
        return VQOutput(self.decode(z_q), z_e, z_q, indices)

    def symbols(self, x: Float[Tensor, "batch *shape"]) -> Int[Tensor, "batch height width"]:
        """The discrete code of each image. In evaluation mode, without gradients, in pieces."""
        check_spoilt(self, x)
        with evaluating(self):
            return in_chunks(lambda piece: self.quantizer.nearest(self.encode(piece)), x)

    def reconstruct(self, x: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch *shape"]:
        """The image decoded from the discrete code of each example."""
        check_spoilt(self, x)
        with evaluating(self):
            return in_chunks(lambda piece: self.to_image(self(piece).logits), x)
