"""`scrub`: the learner's hand on a code. The browser decodes, so the picture follows the finger."""

import math
from collections.abc import Callable
from typing import Any

import ipywidgets
import torch
from jaxtyping import Float, Int
from PIL import Image
from torch import Tensor

from course_utils import plots
from course_utils._drawn import CHANNELS, EXPECTED, with_channels
from course_utils._named import a
from course_utils._running import evaluating, in_chunks
from course_utils.models import VAE, VQVAE, Autoencoder, ConditionalVAE, PeekingVAE
from course_utils.models.base import Model
from course_utils.models.priors import require_normal
from course_utils.widgets.knobs.scrub_in_kernel import scrub_in_kernel
from course_utils.widgets.map import map_of_codes
from course_utils.widgets.packing import Unpackable, pack, pack_bytes, pack_frames
from course_utils.widgets.views import (
    View,
    pixels,
    require_pixels,
    require_tensor,
    rounded,
    size_of,
)

REACH = 3  # standard deviations of the prior that a slider goes to, each way
SILENT = 0.01  # a number of the code whose mean varies less than this does nothing
PICTURES = 10  # images to start from
DOTS = 500  # codes that are marked on a plane, at most
CELLS = 13  # small pictures on a plane, each way
PROBES = 256  # codes on which the browser's picture is compared with the model's
WIDE = 1.25  # their spread, beside that of the prior: learners go further than draws do
STILL_ROWS, STILL_COLUMNS = 10, 7


def scrub(
    model: Model,
    x: Float[Tensor, "images channels height width"] | None = None,
    y: Int[Tensor, " images"] | None = None,
    *,
    z: Float[Tensor, " latent"] | None = None,
) -> View | ipywidgets.VBox:
    """The picture that the model decodes from a code, under one slider for each of its numbers.

    The decoder itself goes to the browser. So the picture follows the finger, and the view needs no
    kernel: it lives on in a saved notebook and in an exported page. Beside each slider stand the
    pictures at its two ends. What the browser draws is within 6 grey levels of what the model draws
    (of 255), and the code can be copied back into Python.

        scrub(vae)                   twenty sliders, from the middle of the prior
        scrub(vae, test)             in the order of activity, and ten pictures to start from
        scrub(conditional, test, y)  with labels to choose from
        scrub(vqvae, test)           a grid of symbols, and a palette

    A code of two numbers also gets a plane to drag over. A decoder that the browser does not know,
    or that is too large for a page, is scrubbed by ipywidgets, which need a running kernel.

    Args:
        model: a VAE, Autoencoder, ConditionalVAE or VQVAE of images in grey or colour.
        x: images; test images are the honest choice. Their codes give the order of the sliders (by
            the variance of the mean code, "moves"; below 0.01 of 1, or for an Autoencoder of the
            largest, a number is "silent"), and the first ten are pictures to start from. An
            Autoencoder needs x, as it has no prior: its sliders span the codes of x, and a random
            code comes from the Gaussian fitted to them. A VQVAE needs x to start from.
        y: the labels of x: needed by a ConditionalVAE, drawn as colours on a plane.
        z: the code to begin with. None is the code of the first image, or without x zeros.

    Returns:
        The view; as the last line of a cell, it is drawn.

    Raises:
        ValueError: if the model is of another kind, or needs something that is not given, or a
            shape does not fit, or a VAE's prior is another than N(0, I), or x holds no pixels in
            [0, 1] (of a model with output="linear", no finite numbers), or y no class numbers.
    """
    if isinstance(model, PeekingVAE):
        raise ValueError(
            "a PeekingVAE has no picture that belongs to a code alone: scrub a VAE with a decoder "
            "that sees only the code, or look at several model.draw(z) of the same z"
        )
    if not isinstance(model, VAE | Autoencoder | ConditionalVAE | VQVAE):
        raise ValueError(
            f"model is {a(type(model).__name__)}; expected a VAE, Autoencoder, ConditionalVAE or "
            "VQVAE"
        )
    require_normal(
        model,
        "the page draws its random codes from N(0, I)",
        'scrub(model.with_prior("normal")) shows the same decoder',
    )
    x, y = _require_pictures(model, x, y)
    if z is not None and not require_tensor("z", z).isfinite().all():
        raise ValueError("z holds numbers that are not finite (nan or inf); expected finite ones")
    with evaluating(model):
        return _symbols(model, x, z) if isinstance(model, VQVAE) else _numbers(model, x, y, z)


def _numbers(
    model: VAE | Autoencoder | ConditionalVAE, x: Tensor | None, y: Tensor | None, z: Tensor | None
) -> View | ipywidgets.VBox:
    """The view of a code of numbers."""
    codes = None if x is None else _codes(model, x, y)
    if codes is None and model.latent_dim is None:
        raise ValueError("the width of the code is unknown; build with VAE(..., latent_dim=...)")
    width = model.latent_dim if codes is None else codes.shape[1]
    if z is not None and z.shape != (width,):
        raise ValueError(
            f"z has shape {tuple(z.shape)}; expected ({width},), one code of this model: of a "
            "batch of codes take one, z[0]"
        )
    starts = torch.zeros(0, width) if codes is None else codes[:PICTURES]
    start = (
        z.detach().float().cpu() if z is not None else torch.cat([starts, torch.zeros(1, width)])[0]
    )
    low, high, decimals = _range(model, codes, torch.cat([start[None], starts]))
    label = (0 if y is None else int(y[0])) if isinstance(model, ConditionalVAE) else None

    def draw(numbers: Tensor, labels: Tensor | None = None) -> Tensor:
        return _draw(model, numbers, labels)

    options: dict[str, Any] = {
        "view": "scrub",
        "low": rounded(low, decimals),
        "high": rounded(high, decimals),
        "start": rounded(start, decimals),
        "decimals": decimals,
        "label": label,
        "classes": model.num_classes if isinstance(model, ConditionalVAE) else None,
        "random": _fitted(codes) if isinstance(model, Autoencoder) else None,
        "notes": _notes(model, x),
        **_activity(model, codes, width),
    }
    if x is not None:
        options["pictures"] = {
            "bytes": pack_frames(pixels(x[:PICTURES])),
            "codes": rounded(starts, decimals),
            "labels": None if y is None else y[:PICTURES].tolist(),
            "names": _names(x, y),
        }
    if width == 2:
        options["plane"] = _plane(codes, y, decimals)
    picture = draw(start[None], None if label is None else torch.tensor([label]))
    options["image"] = size_of(picture)
    try:
        options["decoder"] = _packed(model, codes, low, high, draw)
    except Unpackable as reason:
        if isinstance(model, ConditionalVAE):
            raise ValueError(f"this model cannot be scrubbed: {reason}") from None
        return scrub_in_kernel(draw, start, low, high, options["order"], str(reason))
    still, caption = _still(model, draw, start, low, high, options)
    return View("The hand on a code", options, still, caption)


def _codes(model: Model, x: Tensor, y: Tensor | None) -> Tensor:
    """The code of each image; of a VAE its mean."""
    place = next(model.parameters()).device
    if isinstance(model, ConditionalVAE):
        return model.encode(x.to(place), y.to(place))[0].cpu()

    def encode(piece: Tensor) -> Tensor:
        code = model.encode(piece.to(place))
        return (code if isinstance(model, Autoencoder) else code[0]).cpu()

    return in_chunks(encode, x)


def _draw(model: Model, codes: Tensor, labels: Tensor | None = None) -> Tensor:
    """The model's own pictures of codes, for a ConditionalVAE under labels."""
    place = next(model.parameters()).device
    given = () if labels is None else (labels.to(place),)
    with evaluating(model):
        return model.to_image(model.decode(codes.to(place), *given)).cpu()


def _range(model: Model, codes: Tensor | None, starts: Tensor) -> tuple[Tensor, Tensor, int]:
    """Lowest and highest value of each slider, and decimals that make steps too small to see."""
    if not isinstance(model, Autoencoder):
        reach = max(REACH, math.ceil(starts.abs().max().item()))
        high = torch.full(starts.shape[1:], float(reach))
        return -high, high, 2
    ends = torch.tensor([0.01, 0.99])
    low, high = torch.cat([codes.quantile(ends, dim=0), starts]).aminmax(dim=0)
    widest = max((high - low).max().item(), 1e-6)
    low, high = low - 0.05 * widest, high + 0.05 * widest  # none without any room
    if model.code != "linear":
        low = low.clamp(min=0)
    if model.code == "sigmoid":
        high = high.clamp(max=1)
    decimals = min(max(2 - math.floor(math.log10(widest / (2 * REACH))), 0), 8)
    return low, high, decimals


def _activity(model: Model, codes: Tensor | None, width: int) -> dict[str, Any]:
    """The order of the sliders; how much each number moves over x, and which are silent."""
    if codes is None or len(codes) < 2:
        return {"order": list(range(width)), "activity": None, "silent": None}
    variance = codes.var(0, correction=0)
    threshold = SILENT * variance.max() if isinstance(model, Autoencoder) else SILENT
    return {
        "order": variance.argsort(descending=True, stable=True).tolist(),
        "activity": rounded(variance, 2),
        "silent": (variance < threshold).tolist(),
    }


def _fitted(codes: Tensor) -> dict[str, Any]:
    """The Gaussian fitted to the codes, as a mean and a factor of its covariance."""
    mean, variance = codes.mean(0), codes.var(0, correction=0)
    covariance = (codes - mean).T @ (codes - mean) / len(codes)
    if codes.shape[1] > 64:  # then the whole of it would be larger than the decoder
        covariance = variance.diag()
    ridge = 1e-4 * variance.mean().clamp(min=1e-12) * torch.eye(codes.shape[1])
    factor = torch.linalg.cholesky(covariance.double() + ridge)
    return {"mean": rounded(mean, 4), "factor": rounded(factor, 4)}


def _notes(model: Model, x: Tensor | None) -> list[str]:
    notes = []
    if x is not None and len(x) > 1:
        least = "a hundredth of the largest" if isinstance(model, Autoencoder) else SILENT
        notes.append(
            f"In the order of activity: “moves” is the variance of a number’s mean over {len(x)} "
            f"images, and below {least} it is silent."
        )
    if isinstance(model, Autoencoder):
        notes.append(
            "An autoencoder has no prior: sliders span the codes of these images, and a random "
            "code is drawn from the Gaussian fitted to them."
        )
    return notes


def _names(x: Tensor, y: Tensor | None) -> list[str]:
    labels = [""] * len(x) if y is None else [f", {a(str(label))}" for label in y.tolist()]
    return [f"image {k}{label}" for k, label in enumerate(labels[:PICTURES])]


def _plane(codes: Tensor | None, y: Tensor | None, decimals: int) -> dict[str, Any]:
    """The codes of x as dots on the plane, coloured by label."""
    plane = {"cells": CELLS, "dots": [], "names": [], "colours": [plots.BLUE]}
    if codes is None:
        return plane
    labels = [] if y is None else sorted(set(y.tolist()))
    kinds = [0] * len(codes) if y is None else [labels.index(label) for label in y.tolist()]
    every = -(-len(codes) // DOTS)
    shown = range(0, len(codes), every)
    plane["dots"] = [[*rounded(codes[k], decimals), kinds[k]] for k in shown]
    plane["words"] = f"codes of {len(shown)} images"
    if y is not None:
        plane["names"] = [str(label) for label in labels]
        palette = plots.DIGIT_COLOURS
        plane["colours"] = [palette[k % len(palette)] for k in range(len(labels))]
    return plane


def _packed(
    model: Model, codes: Tensor | None, low: Tensor, high: Tensor, draw: Callable[..., Tensor]
) -> dict[str, Any]:
    """The decoder for the browser, compared with the model's pictures on codes of all kinds."""
    generator = torch.Generator().manual_seed(0)
    width = len(low)
    if isinstance(model, Autoencoder):
        probes = low + (high - low) * torch.rand(PROBES, width, generator=generator)
    else:
        probes = WIDE * torch.randn(PROBES, width, generator=generator)
    probes = probes if codes is None else torch.cat([probes, codes[:PROBES]])
    if not isinstance(model, ConditionalVAE):
        return pack(
            model.decoder, lambda z: draw(z.flatten(1)), probes[:, :, None, None], model.output
        )
    labels = torch.randint(model.num_classes, (len(probes),), generator=generator)
    both = torch.cat([probes, model.one_hot(labels, len(probes))], 1)
    return pack(
        model.decoder,
        lambda z: draw(z.flatten(1)[:, :width], labels),
        both[:, :, None, None],
        model.output,
    )


def _still(
    model: Model,
    draw: Callable[..., Tensor],
    start: Tensor,
    low: Tensor,
    high: Tensor,
    options: dict[str, Any],
) -> tuple[dict[str, Tensor | Image.Image], str]:
    """Pictures that say what the view would show, and a sentence about them."""
    rows, captions = {}, []
    label = options["label"]
    if "plane" in options:
        chosen = () if label is None else (torch.full((CELLS**2,), label),)
        rows["map"], words = _map(lambda codes: draw(codes, *chosen), options)
        captions.append(words if label is None else f"{words} (under label {label})")
    if isinstance(model, ConditionalVAE):
        labels = torch.arange(model.num_classes)
        rows["one code"] = draw(start.expand(len(labels), -1), labels)
        captions.append(f"the same code under each label, 0 to {len(labels) - 1}")
    if captions:
        return rows, f"{'; below it '.join(captions)}."
    order = options["order"][:STILL_ROWS]
    for j in order:
        codes = start.repeat(STILL_COLUMNS, 1)
        codes[:, j] = torch.linspace(low[j].item(), high[j].item(), STILL_COLUMNS)
        rows[f"z[{j}]"] = draw(codes)
    most = "all" if len(order) == len(start) else f"{len(order)} of {len(start)}"
    return rows, (
        f"{most} numbers of the code, one to a row, each moved from the lowest value of its "
        "slider (left) to the highest (right), while the others stay."
    )


def _map(draw: Callable[[Tensor], Tensor], options: dict[str, Any]) -> tuple[Image.Image, str]:
    """The map of a code of two numbers as a picture, and what is seen in it."""
    plane, low, high = options["plane"], options["low"], options["high"]
    marks = plane["dots"], plane["colours"], plane["names"]
    words = (
        f"the map of all codes, decoded at {CELLS} × {CELLS} places, z[0] from {low[0]:g} (left) "
        f"to {high[0]:g}, z[1] from {low[1]:g} (bottom) to {high[1]:g}; the ring is the code to "
        "begin with"
    )
    if plane["dots"]:
        coloured = ", coloured by label" if plane["names"] else ""
        words += f", the dots are the {plane['words']}{coloured}"
    return map_of_codes(draw, low, high, options["start"], CELLS, *marks), words


# --- a code of symbols ----------------------------------------------------------------------------


def _symbols(model: VQVAE, x: Tensor | None, z: Tensor | None) -> View:
    """The view of a grid of symbols."""
    place = next(model.parameters()).device
    codebook = model.quantizer.codebook.detach().float().cpu()
    pictures = x[:PICTURES].to(place)
    found = model.symbols(x.to(place)).cpu()
    codes, start = found[:PICTURES], found[0]
    if z is not None:
        start = _require_symbols(z, start, len(codebook))
    options = {
        "view": "symbols",
        "image": size_of(x),
        "grid": list(start.shape),
        "dim": codebook.shape[1],
        "codebook": pack_bytes(codebook.numpy().astype("<f4").tobytes()),
        "start": start.flatten().tolist(),
        "pictures": {
            "bytes": pack_frames(pixels(x[:PICTURES])),
            "codes": codes.flatten(1).tolist(),
            "names": _names(x, None),
        },
    }
    generator = torch.Generator().manual_seed(0)
    probes = torch.randint(len(codebook), (64, *start.shape), generator=generator)
    probes = codebook[torch.cat([probes, found[:64]])].movedim(-1, 1)
    try:
        options["decoder"] = pack(
            model.decoder,
            lambda e: model.to_image(model.decoder(e.to(place))).cpu(),
            probes,
            model.output,
        )
    except Unpackable as reason:
        raise ValueError(f"this model cannot be scrubbed: {reason}") from None
    still = {"images": pictures.cpu(), "decoded": model.reconstruct(pictures).cpu()}
    rows, columns = start.shape
    options["notes"] = [
        f"The code is {rows} × {columns} symbols out of {len(codebook)}. Choose a place in the "
        "picture, by mouse or with the arrow keys, then another symbol for it. Each shows what the "
        "picture becomes around that place. Rows and columns are counted from 0."
    ]
    caption = f"images, and what is decoded from their {rows} × {columns} symbols."
    return View("The hand on a code of symbols", options, still, caption)


# --- errors ---------------------------------------------------------------------------------------


def _require_pictures(model: Model, x: object, y: object) -> tuple[Tensor | None, Tensor | None]:
    """The images and labels in the types that the models take."""
    shape = model.input_shape
    if shape is not None and (len(shape) != 3 or shape[0] not in CHANNELS):
        raise ValueError(
            f"the model's examples have shape {shape}; scrub draws images in grey or colour, (1 or "
            "3, height, width)"
        )
    if x is None:
        if isinstance(model, Autoencoder):
            raise ValueError(
                "an Autoencoder has no prior that says which codes to show: give test images, "
                "scrub(model, x)"
            )
        if isinstance(model, VQVAE):
            raise ValueError("a VQVAE needs images whose symbols are the start: scrub(model, x)")
        if y is not None:
            raise ValueError("y holds the labels of x: give both, scrub(model, x, y)")
        return None, None
    x = require_tensor("x", x)
    if x.ndim != 4 or len(x) == 0:
        raise ValueError(
            f"x has shape {tuple(x.shape)}; {EXPECTED}, with at least one: a single image becomes "
            "a batch with x[None], and a code is given as z="
        )
    model.check_shape(x)
    if x.shape[1] not in CHANNELS:
        way_out = with_channels("x", tuple(x.shape))
        raise ValueError(f"x has shape {tuple(x.shape)}; {EXPECTED}{way_out}")
    x = require_pixels("x", x, unit=model.output != "linear")
    if y is None and isinstance(model, ConditionalVAE):
        raise ValueError("a ConditionalVAE needs the labels of x: scrub(model, x, y)")
    return x, None if y is None else _class_numbers(y, len(x))


def _class_numbers(y: object, count: int) -> Tensor:
    """The labels as a row of integers; arrays and lists of numbers will do."""
    try:
        y = torch.as_tensor(y)
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(
            f"y is of type {type(y).__name__} and holds no numbers; expected class numbers, (n,)"
        ) from None
    if y.ndim != 1:
        way_out = ": y.argmax(1)" if y.ndim == 2 and y.shape[1] > 1 else ": y.flatten()"
        raise ValueError(f"y has shape {tuple(y.shape)}; y holds class numbers, (n,){way_out}")
    if len(y) != count:
        raise ValueError(f"y has {len(y)} labels for {count} images: give one for each")
    if (y.long() != y).any():
        broken = y[y.long() != y][0].item()
        raise ValueError(f"y holds {broken:g}; expected class numbers, which are whole")
    return y.long().cpu()


def _require_symbols(z: Tensor, start: Tensor, size: int) -> Tensor:
    if z.shape != start.shape or z.is_floating_point() or not 0 <= z.min() <= z.max() < size:
        raise ValueError(
            f"z has shape {tuple(z.shape)}; expected a grid {tuple(start.shape)} of symbols from 0 "
            f"to {size - 1}, such as model.symbols(x)[0]"
        )
    return z.cpu()
