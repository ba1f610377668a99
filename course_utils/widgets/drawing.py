"""`draw`: the reader draws a digit, and the encoder answers, in the page.

Encoder and decoder go to the browser as `packing` makes them; `drawing.js` brings the drawing to
the form of MNIST's digits and computes all that a VAE computes of a picture: μ and σ, a draw z, the
reconstruction, and both terms of the bound.
"""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_utils._named import a
from course_utils._running import evaluating
from course_utils.losses import bernoulli_nll, gaussian_kl
from course_utils.models import VAE, PeekingVAE
from course_utils.models.base import IMAGE
from course_utils.models.priors import require_normal
from course_utils.widgets.packing import (
    LEVELS,
    Layer,
    Unpackable,
    layers_of,
    levels_between,
    pack_frames,
    pack_layers,
    run,
)
from course_utils.widgets.views import View, pixels, require_pixels, require_tensor

NATS = 0.025  # by which either network may change a term of the bound: both together 0.05
SHARE = NATS / 100  # of a term, where that is more: pictures that the model cannot draw cost many
SMALL = 0.1  # of the weights: a layer with fewer decides much for few bytes
PICTURES = 10  # to start from
PROBES = 256  # pictures on which the browser's numbers are compared with the model's


def draw(model: VAE, x: Float[Tensor, "images 1 28 28"] | None = None) -> View:
    """A sheet to draw a digit on, and what the model makes of it: its code, its picture, its price.

    The drawing is brought to the form of MNIST's digits: the longer side takes 20 pixels, and the
    centre of mass comes to the middle of 28 × 28. Then the encoder names a Gaussian, N(μ, σ²) for
    each number of the code, z = μ + σ ε is drawn from it and decoded, and the two terms of the
    bound follow, in nats. All of it happens in the browser, without a kernel; "Show the
    computation" has every number on the way. On pictures such as x the reconstruction is within 6
    grey levels (of 255) of the model's own, and each term within 0.05 nats, or beyond 100 nats
    within 0.05 %.

        draw(vae)              an empty sheet
        draw(vae, test)        ten pictures to start from

    Args:
        model: a VAE of pictures (1, 28, 28) with output="sigmoid", whose layers the browser knows:
            those of `VAE.dense`, `VAE.conv`, and in `VAE.around` linear layers and ReLUs.
        x: pictures of digits; the first ten are there to start from.

    Returns:
        The view; as the last line of a cell, it is drawn.

    Raises:
        ValueError: if the model is of another kind, has layers that the browser does not know, or
            x holds no such pictures.
    """
    _require_digits(model)
    x = None if x is None else _require_pictures(model, x)
    with evaluating(model):
        try:
            options = _networks(model, _probes(model, x))
        except Unpackable as reason:
            raise ValueError(
                f"the browser cannot answer with this model: {reason}; in Python it does, with "
                "mu, log_var = model.encode(x)"
            ) from None
    if x is None:
        still = {"drawn": _invented(model, PICTURES, options["width"])}
        caption = "pictures that the decoder draws from codes of the prior."
    else:
        still = {"pictures": x[:PICTURES].cpu(), "drawn again": model.reconstruct(x[:PICTURES])}
        names = [f"picture {k}" for k in range(len(x[:PICTURES]))]
        options["pictures"] = {"bytes": pack_frames(pixels(x[:PICTURES])), "names": names}
        caption = "pictures, and what is decoded from the mean of each one's code."
    return View("Draw a digit", {"view": "drawing", **options}, still, caption, more="drawing")


def _invented(model: VAE, count: int, width: int) -> Tensor:
    """Pictures decoded from codes of the prior, always the same."""
    z = torch.randn(count, width, generator=torch.Generator().manual_seed(0))
    with evaluating(model):
        return model.to_image(model.decode(z.to(next(model.parameters())))).cpu()


def _probes(model: VAE, x: Tensor | None) -> Tensor:
    """Pictures to compare on: the first of x, or what the model itself draws; and an empty one."""
    place = next(model.parameters())
    empty = torch.zeros(1, *IMAGE).to(place)
    width = model.encode(empty)[0].shape[1]
    known = _invented(model, PROBES, width) if x is None else x[:PROBES]
    return torch.cat([empty, known.to(place)])


def _networks(model: VAE, x: Tensor) -> dict[str, Any]:
    """Encoder and decoder for the browser, checked on x; and the width of the code."""
    mu, log_var = model.encode(x)
    width = mu.shape[1]
    noise = torch.randn(mu.shape, generator=torch.Generator().manual_seed(0)).to(mu)
    z = mu + torch.exp(log_var / 2) * noise
    logits = model.decode(z)
    price, kl = bernoulli_nll(logits, x), gaussian_kl(mu, log_var)

    def encoder_misses(layers: list[Layer]) -> float:
        given = run(layers, x.float().cpu(), "linear", (2 * width, 1, 1)).flatten(1)
        its_mu, its_log_var = given.to(mu).chunk(2, dim=1)
        its_z = its_mu + torch.exp(its_log_var / 2) * noise
        prices = bernoulli_nll(model.decode(its_z), x)
        return max(_missed(prices, price), _missed(gaussian_kl(its_mu, its_log_var), kl))

    def decoder_misses(layers: list[Layer]) -> float:
        drawn = run(layers, z.float().cpu()[:, :, None, None], "linear", IMAGE).to(logits)
        far = levels_between(drawn.sigmoid(), model.to_image(logits)) / LEVELS
        return max(far, _missed(bernoulli_nll(drawn, x), price))

    code, heads = (width, 1, 1), (2 * width, 1, 1)
    return {
        "width": width,
        "encoder": _packed("encoder", model.encoder, IMAGE, heads, encoder_misses),
        "decoder": _packed("decoder", model.decoder, code, IMAGE, decoder_misses),
    }


def _missed(terms: Float[Tensor, " batch"], expected: Float[Tensor, " batch"]) -> float:
    """The largest difference of a term of the bound, in shares of what is allowed."""
    allowed = (SHARE * expected).clamp(min=NATS)
    return ((terms - expected).abs() / allowed).max().item()


def _packed(
    part: str,
    network: nn.Module,
    given: tuple[int, int, int],
    taken: tuple[int, int, int],
    misses: Callable[[list[Layer]], float],
) -> dict[str, Any]:
    """One of the two networks, whose numbers the browser takes as they are."""
    layers = layers_of(part, network, given, taken)
    packed, missed = pack_layers(part, layers, misses, small=SMALL)
    if missed > 1:
        raise Unpackable(f"its terms of the bound are not what its {part}'s layers alone give")
    return {**packed, "output": "linear"}


# --- errors ---------------------------------------------------------------------------------------


def _require_digits(model: object) -> None:
    """Raise unless the model is a VAE that sees, and draws from a code alone, grey 28 × 28."""
    if isinstance(model, PeekingVAE):
        raise ValueError(
            "a PeekingVAE draws pixel by pixel, and no picture belongs to its code alone; expected "
            "a VAE with a decoder that sees only the code, such as VAE.dense()"
        )
    if not isinstance(model, VAE):
        raise ValueError(
            f"model is {a(type(model).__name__)}; expected a VAE, whose encoder names a Gaussian "
            "for each picture, such as VAE.dense()"
        )
    require_normal(
        model,
        "the page computes the KL to N(0, I)",
        'draw(model.with_prior("normal")) shows the same encoder and decoder',
    )
    if model.output != "sigmoid":
        raise ValueError(
            f"model has output={model.output!r}; expected 'sigmoid', each pixel a share of ink: "
            "build it with output='sigmoid'"
        )
    if model.input_shape != IMAGE:
        raise ValueError(
            f"model has input_shape={model.input_shape}; expected {IMAGE}, digits as MNIST has "
            f"them: build it with input_shape={IMAGE}"
        )


def _require_pictures(model: VAE, x: object) -> Tensor:
    """The pictures, if they are some that the model takes."""
    x = require_tensor("x", x)
    if x.ndim != 4 or len(x) == 0:
        raise ValueError(
            f"x has shape {tuple(x.shape)}; expected (images, 1, 28, 28), with at least one: a "
            "single image becomes a batch with x[None]"
        )
    model.check_shape(x)
    return require_pixels("x", x)
