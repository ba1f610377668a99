"""The variational autoencoder: the encoder names a Gaussian, and the code is drawn from it.

Kingma & Welling, "Auto-Encoding Variational Bayes", 2014; Rezende, Mohamed & Wierstra, 2014.
"""

import copy
import math
from collections.abc import Sequence
from itertools import product
from typing import Any, Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_utils._numbers import whole
from course_utils._running import evaluating, in_chunks, seeded, source
from course_utils.losses import bernoulli_nll, gaussian_nll, multinomial_nll
from course_utils.models import blocks
from course_utils.models.base import IMAGE, Model, Output, full_precision, run
from course_utils.models.inputs import LOOK, check_batch, check_codes, check_input
from course_utils.models.priors import (
    NormalPrior,
    Prior,
    PriorName,
    build_prior,
    check_prior,
)
from course_utils.models.recipes import recorded
from course_utils.models.shapes import picture_shape


class VAEOutput(NamedTuple):
    """What one forward pass gives.

    Attributes:
        logits: (batch, *input_shape), the decoder's output before the sigmoid.
        mu: (batch, latent), the mean of q(z|x) = N(μ, diag σ²).
        log_var: (batch, latent), the logarithm of its variance, log σ².
        z: (batch, latent), one draw from it, the code that was decoded.
    """

    logits: Tensor
    mu: Tensor
    log_var: Tensor
    z: Tensor


def reparameterize(
    mu: Float[Tensor, "*batch latent"],
    log_var: Float[Tensor, "*batch latent"],
    generator: torch.Generator | None = None,
) -> Float[Tensor, "*batch latent"]:
    """A draw z = μ + σ ε with ε ~ N(0, I), so that the gradient passes to μ and σ.

    Kingma & Welling, 2014, section 2.4.

    >>> mu = torch.zeros(10_000, 1)
    >>> z = reparameterize(mu, log_var=mu + math.log(4), generator=torch.Generator().manual_seed(0))
    >>> z.std().round(decimals=1)  # σ = exp(log σ² / 2)
    tensor(2.)
    """
    # As torch.randn would draw it, which torch.compile cannot follow when it is given a generator.
    epsilon = torch.empty_like(mu, memory_format=torch.contiguous_format).normal_(
        generator=source(generator)
    )
    return mu + torch.exp(log_var / 2) * epsilon


class VAE(Model):
    """A generative story, z ~ p(z) and x ~ p(x|z), and an encoder that guesses z from x.

    p(z) is N(0, I), or another prior of `course_utils.models.priors`, which then learns with the
    rest: `VAE.dense(prior="flow")`.

    Args:
        encoder: maps (batch, *input_shape) to (batch, 2 · latent): μ, then log σ².
        decoder: maps (batch, latent) to (batch, *input_shape): the parameters of p(x|z).
        input_shape, output: see `course_utils.models.base.Model`. With output "sigmoid" each pixel
            is a Bernoulli variable and the decoder gives its logit; with "linear" it is a Gaussian
            variable and the decoder gives its mean; with "multinomial" x holds counts, and the
            decoder gives the logits of one softmax over all features.
        sigma: the standard deviation of those Gaussians; the other outputs have none.
        latent_dim: the width of the code, which `sample` needs to know; that of the prior, if None.
        prior: a module with `log_prob(z)` and `sample(n, generator)`; None for N(0, I).

    The factories build the networks that the lessons use; the same seed gives the same weights.

    >>> sum(p.numel() for p in VAE.dense(latent_dim=20).parameters())
    549688
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        *,
        input_shape: tuple[int, ...] | None = None,
        output: Output = "sigmoid",
        sigma: float = 1.0,
        latent_dim: int | None = None,
        prior: nn.Module | None = None,
    ) -> None:
        super().__init__(input_shape=input_shape, output=output)
        if not 0 < sigma < math.inf:
            raise ValueError(f"sigma is {sigma:g}; expected a positive standard deviation")
        prior = NormalPrior(latent_dim) if prior is None else prior
        check_prior(prior, latent_dim)
        self.encoder = encoder
        self.decoder = decoder
        self.sigma = sigma
        self.latent_dim = getattr(prior, "latent_dim", None) if latent_dim is None else latent_dim
        self.prior = prior

    @classmethod
    @recorded
    def dense(
        cls,
        latent_dim: int = 20,
        hidden: Sequence[int] = (256, 256),
        *,
        input_shape: Sequence[int] = IMAGE,
        output: Output = "sigmoid",
        sigma: float = 1.0,
        dropout: float = 0.0,
        prior: PriorName = "normal",
        seed: int = 0,
    ) -> "VAE":
        """Fully connected: 784 → 256 → 256 → 20 means and 20 log-variances, and the mirror back.

        With output="multinomial" the encoder first brings each example to length 1, so that what
        counts is what was chosen and not how much (Liang et al., "Variational Autoencoders for
        Collaborative Filtering", 2018, section 3). In training the encoder does not see a share
        `dropout` of its inputs, chosen anew each time; the likelihood counts them all the same.
        """
        if not 0 <= dropout <= 1:
            raise ValueError(f"dropout is {dropout:g}; expected a share, from 0 to 1")
        shape = tuple(input_shape)
        with seeded(seed):
            encoder = blocks.dense_encoder(shape, hidden, 2 * latent_dim)
            if dropout > 0:
                encoder.insert(0, nn.Dropout(dropout))
            if output == "multinomial":
                encoder.insert(0, blocks.UnitLength())
            decoder = blocks.dense_decoder(latent_dim, hidden[::-1], shape)
        options = {"input_shape": shape, "output": output, "sigma": sigma, "latent_dim": latent_dim}
        return cls(encoder, decoder, **options).with_prior(prior, seed=seed)

    @classmethod
    @recorded
    def conv(
        cls,
        latent_dim: int = 32,
        channels: Sequence[int] = (32, 64, 128),
        *,
        input_shape: Sequence[int] = IMAGE,
        output: Literal["sigmoid", "linear"] = "sigmoid",
        sigma: float = 1.0,
        prior: PriorName = "normal",
        seed: int = 0,
    ) -> "VAE":
        """Convolutional: 28×28 → 14×14 → 7×7 → 4×4 → two heads, and transposed back.

        Pictures may have any number of channels, and any height and width from 8 up. Those of a
        photograph are no shares of ink: output="linear" takes their pixels for Gaussian variables.
        """
        shape = picture_shape(input_shape)
        with seeded(seed):
            encoder = blocks.conv_encoder(shape, channels, 2 * latent_dim)
            decoder = blocks.conv_decoder(latent_dim, channels[::-1], shape)
        options = {"input_shape": shape, "output": output, "sigma": sigma, "latent_dim": latent_dim}
        return cls(encoder, decoder, **options).with_prior(prior, seed=seed)

    @classmethod
    def around(
        cls, network: nn.Module, latent_dim: int, *, input_shape: Sequence[int] = IMAGE
    ) -> "VAE":
        """A VAE around a network of yours whose `encode` and `decode` know rows of pixels.

        The weights are the network's own: train the one, and the other has learnt it too.

        Args:
            network: has `encode(x)` from (batch, pixels) to (mu, log_var), and `decode(z)` from
                (batch, latent) to the logits (batch, pixels).
        """
        shape = tuple(input_shape)
        encoder, decoder = blocks.EncodesRows(network), blocks.DecodesRows(network, shape)
        return cls(encoder, decoder, input_shape=shape, latent_dim=latent_dim)

    def with_prior(self, prior: str | nn.Module, *, seed: int = 0) -> "VAE":
        """The same encoder and decoder, shared and not copied, under another prior.

        A prior named by its word is built from `seed`; then it may be trained on codes by itself,
        `fit(other.prior, prior_nll, codes)`, or with all the rest, `fit(other, negative_elbo(), x)`
        (which then moves the weights that both share).

        Args:
            prior: "normal", "mixture", "vamp" or "flow", or a module of your own.

        Raises:
            ValueError: if the prior is none of these, or of another width than the code.

        >>> vae = VAE.dense(2)
        >>> vae.with_prior("flow").encoder is vae.encoder
        True
        """
        recipe = self._recipe_with(prior) if isinstance(prior, str) else None
        prior = self._prior_named(prior, seed) if isinstance(prior, str) else prior
        check_prior(prior, self.latent_dim)
        other = copy.copy(self)
        other._modules = self._modules | {"prior": prior}
        other.recipe = recipe
        return other

    def encode(
        self, x: Float[Tensor, "batch *shape"]
    ) -> tuple[Float[Tensor, "batch latent"], Float[Tensor, "batch latent"]]:
        """(μ, log σ²) of q(z|x), for each example.

        Raises:
            ValueError: unless x is a tensor (batch, *input_shape) of the model's own precision.
        """
        check_batch(self, x)
        mu, log_var = full_precision(self.encoder(x)).chunk(2, dim=1)
        return mu, log_var

    def decode(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch *shape"]:
        """The logits that the decoder draws from each code; `to_image` makes them an image.

        Raises:
            ValueError: unless z is a tensor with a row for each code, as long as the model's.
        """
        check_codes(z, self.decoder)
        return run(self.decoder, z)

    def decode_beside(
        self, z: Float[Tensor, "batch latent"], x: Float[Tensor, "batch *shape"]
    ) -> Float[Tensor, "batch *shape"]:
        """The logits of p(x|z), as the bound needs them: here `decode(z)`, and x is not looked at.

        A decoder that also sees pixels of x (`PeekingVAE`) overrides this, and nothing else.
        """
        return self.decode(z)

    def forward(self, x: Float[Tensor, "batch *shape"]) -> VAEOutput:
        """Encode, draw one z, decode: VAEOutput(logits, mu, log_var, z)."""
        mu, log_var = self.encode(x)
        z = reparameterize(mu, log_var)
        return VAEOutput(self.decode_beside(z, x), mu, log_var, z)

    def nll(
        self, logits: Float[Tensor, "batch *shape"], x: Float[Tensor, "batch *shape"]
    ) -> Float[Tensor, " batch"]:
        """-log p(x|z) of each example, in nats: the reconstruction term."""
        if self.output == "sigmoid":
            return bernoulli_nll(logits, x)
        if self.output == "multinomial":
            return multinomial_nll(logits.flatten(1), x.flatten(1))
        return gaussian_nll(logits, x, self.sigma)

    def reconstruct(self, x: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch *shape"]:
        """The image decoded from the mean code of each example. For looking, not for a bound.

        In evaluation mode, without gradients, and in pieces, so that a whole data set fits.

        Raises:
            ValueError: unless x is a batch that the model could be trained on.
        """
        check_input(self, x, slack=LOOK)
        with evaluating(self):
            return in_chunks(
                lambda piece: self.to_image(self.decode_beside(self.encode(piece)[0], piece)), x
            )

    def sample(self, n: int, generator: torch.Generator | None = None) -> Float[Tensor, "n *shape"]:
        """n new images: z from the prior, and the mean of p(x|z), in [0, 1] if sigmoid.

        Raises:
            ValueError: if n is less than 1, the model was built without latent_dim, or the prior
                gives no finite codes.
        """
        n = whole("n", n, expected="the number of images to draw, 1 or more")
        z = self.prior.sample(n, generator).to(next(self.parameters()))
        with evaluating(self):
            return in_chunks(lambda piece: self.to_image(self.decode(piece)), z)

    def _prior_named(self, name: str, seed: int) -> Prior:
        """The prior of that name, which fits this model's pictures and code."""
        if self.latent_dim is None or (name == "vamp" and self.input_shape is None):
            raise ValueError(
                "the width of the code or the shape of x is unknown; build with "
                "VAE(..., latent_dim=..., input_shape=...)"
            )
        place = next(self.parameters())
        prior = build_prior(
            name, self.encoder, self.latent_dim, self.input_shape, self.output, seed
        )
        return prior.to(place)

    def _recipe_with(self, name: str) -> dict[str, Any] | None:
        """The recipe of this model under the prior of that name, if its factory knows priors."""
        if self.recipe is None or "prior" not in self.recipe["arguments"]:
            return None
        return self.recipe | {"arguments": self.recipe["arguments"] | {"prior": name}}


class PeekingVAE(VAE):
    """A VAE whose decoder also sees the pixels before the one it draws, and may do without z.

    The logits of a pixel are those that a dense decoder makes of z, plus those that a small masked
    convolution makes of the pixels above it and to its left, within `reach` rows and columns. The
    product over pixels of p(pixel | pixels before it, z) is still a p(x|z), so the bound and every
    estimate hold. What no longer exists is an image that belongs to z alone: `decode` says so, and
    `draw` draws one pixel after the other. Gulrajani et al., "PixelVAE", 2017; Chen et al.,
    "Variational Lossy Autoencoder", 2017.

    Args:
        encoder, decoder, options: as in `VAE`.
        peek: maps (batch, *input_shape) to the same shape; what it says about a pixel must depend
            on the pixels before it alone, as after a `MaskedConv2d` of kind "A".
        reach: how many rows and columns peek looks around, which `draw` uses to look no further.

    >>> model = PeekingVAE.dense(latent_dim=2)
    >>> model.draw(torch.zeros(3, 2)).shape  # three images of one code, each drawn anew
    torch.Size([3, 1, 28, 28])
    """

    def __init__(
        self, encoder: nn.Module, decoder: nn.Module, peek: nn.Module, reach: int, **options: Any
    ) -> None:
        super().__init__(encoder, decoder, **options)
        self.peek = peek
        self.reach = reach

    @classmethod
    @recorded
    def dense(
        cls,
        latent_dim: int = 20,
        hidden: Sequence[int] = (256, 256),
        *,
        reach: int = 2,
        channels: int = 16,
        input_shape: Sequence[int] = IMAGE,
        output: Output = "sigmoid",
        sigma: float = 1.0,
        seed: int = 0,
    ) -> "PeekingVAE":
        """`VAE.dense` for images, and `channels` feature maps that see `reach` pixels around.

        Raises:
            ValueError: if reach or channels is less than 1 (with no reach it is `VAE.dense`), or
                output is "multinomial", whose features cannot be drawn one by one.
        """
        if output == "multinomial":
            raise ValueError("a PeekingVAE draws pixel by pixel: output='sigmoid' or 'linear'")
        if reach < 1 or channels < 1:
            raise ValueError(
                f"reach is {reach} and channels {channels}; expected 1 or more of each. "
                "A decoder that sees no pixel is that of VAE.dense"
            )
        shape = picture_shape(input_shape, smallest=1)
        with seeded(seed):
            encoder = blocks.dense_encoder(shape, hidden, 2 * latent_dim)
            decoder = blocks.dense_decoder(latent_dim, hidden[::-1], shape)
            peek = nn.Sequential(
                blocks.MaskedConv2d(shape[0], channels, 2 * reach + 1, kind="A"),
                nn.ReLU(),
                blocks.MaskedConv2d(channels, shape[0], 1, kind="B"),
            )
        options = {"output": output, "sigma": sigma, "latent_dim": latent_dim}
        return cls(encoder, decoder, peek, reach, input_shape=shape, **options)

    @classmethod
    def conv(cls, *args: Any, **kwargs: Any) -> "PeekingVAE":
        """There is none; build with `PeekingVAE.dense`."""
        raise ValueError("a PeekingVAE is built with PeekingVAE.dense(...) alone")

    def decode(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch *shape"]:
        """Refused: a code alone has no logits here."""
        raise ValueError(
            "this decoder needs the pixels beside the code: decode_beside(z, x) for the logits of "
            "an x that is known, or draw(z) for a new one, pixel by pixel"
        )

    def decode_beside(
        self, z: Float[Tensor, "batch latent"], x: Float[Tensor, "batch *shape"]
    ) -> Float[Tensor, "batch *shape"]:
        """The logits of each pixel of x, given z and the pixels of x before it."""
        return run(self.decoder, z) + run(self.peek, x)

    def draw(
        self, z: Float[Tensor, "n latent"], generator: torch.Generator | None = None
    ) -> Float[Tensor, "n *shape"]:
        """A draw from p(x|z) for each code, one pixel after the other, each drawn before the next.

        Pixels are 0 or 1 if sigmoid, so that a model trained on black and white sees its like.
        """
        shape = self.input_shape or IMAGE
        draws = torch.rand if self.output == "sigmoid" else torch.randn
        noise = draws(len(z), *shape, generator=source(generator)).to(z)
        with evaluating(self):
            share = run(self.decoder, z)
            x = torch.zeros_like(share)
            for i, j in product(*map(range, shape[1:])):
                here = share[:, :, i, j] + self._peek_at(x, i, j)
                if self.output == "sigmoid":
                    x[:, :, i, j] = (noise[:, :, i, j] < here.sigmoid()).to(x)
                else:
                    x[:, :, i, j] = here + self.sigma * noise[:, :, i, j]
            return x

    def sample(self, n: int, generator: torch.Generator | None = None) -> Float[Tensor, "n *shape"]:
        """n new images: z from the prior, then `draw`."""
        n = whole("n", n, expected="the number of images to draw, 1 or more")
        z = self.prior.sample(n, generator)
        return self.draw(z.to(next(self.parameters())), generator)

    def _peek_at(self, x: Tensor, i: int, j: int) -> Tensor:
        """What the masked convolution says about pixel (i, j): only its neighbourhood is needed."""
        top, left = max(0, i - self.reach), max(0, j - self.reach)
        patch = x[:, :, top : i + 1, left : j + self.reach + 1]
        return run(self.peek, patch)[:, :, i - top, j - left]
