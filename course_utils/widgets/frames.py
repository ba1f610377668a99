"""`walk` and `film`: pictures that Python drew, played and scrubbed in the browser."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from course_utils._drawn import CHANNELS, with_channels
from course_utils._named import a as with_article
from course_utils._running import evaluating
from course_utils.models import VAE, Autoencoder, PeekingVAE
from course_utils.models.base import Model
from course_utils.widgets.packing import pack_bytes, pack_frames
from course_utils.widgets.views import View, pixels, require_pixels, require_tensor, size_of

STEPS = 50  # of a walk, from t = 0 to t = 1
WALK_SECONDS = 3.0
FRAME_SECONDS = 0.4
WIDTH = 700  # screen pixels that pictures side by side may take
STILLS = 9  # pictures in a row of a still
SHEET = 24  # pictures of a frame in the still of a film, at most
FILM_LIMIT = 120_000  # characters of a film's frames, above which its greys become coarser
GREY_STEPS = (1, 3, 5, 9, 15)  # of 255: exact, and coarser ones


def walk(
    model: Model,
    a: Float[Tensor, "*one channels height width"],
    b: Float[Tensor, "*one channels height width"],
) -> View:
    """From image a to image b through the space of codes, along two ways, under one slider.

    Both ways lead from the code of a to that of b (of a VAE, the means). The straight one mixes
    the codes, (1 - t) a + t b. The spherical one turns the direction at an even pace,

        sin((1 - t) ω) / sin ω · a + sin(t ω) / sin ω · b,  ω the angle between a and b,

    so that its codes keep about the length that draws from a Gaussian in many dimensions have,
    where the straight way cuts through the middle (White, "Sampling Generative Networks", 2016).
    Between codes on one line through zero there is no arc, and the spherical way is the straight
    one. The length of the code stands under each picture.

    Args:
        model: a VAE or an Autoencoder of images in grey or colour.
        a, b: single images, (1, height, width) in grey or (3, height, width) in colour, or either
            as a batch of one.

    Returns:
        The view; as the last line of a cell, it is drawn. It needs no kernel.

    Raises:
        ValueError: if the model is of another kind, or a or b is not one image with pixels in
            [0, 1] (of a model with output="linear", finite ones), or their sizes differ.
    """
    if isinstance(model, PeekingVAE) or not isinstance(model, VAE | Autoencoder):
        raise ValueError(
            f"model is {with_article(type(model).__name__)}; expected a VAE or an Autoencoder, "
            "whose picture belongs to a code of numbers alone"
        )
    a, b = (_one_image(name, end, model.output) for name, end in (("a", a), ("b", b)))
    model.check_shape(a, "a")
    model.check_shape(b, "b")
    if a.shape != b.shape:  # of a model that knows no shape
        raise ValueError(
            f"a has {_size(a)}, b has {_size(b)}; expected two images of one kind and size, those "
            "of the model"
        )
    ends = torch.cat([a, b])
    place = next(model.parameters()).device
    with evaluating(model):
        codes = model.encode(ends.to(place))
        first, last = codes if isinstance(model, Autoencoder) else codes[0]
        t = torch.linspace(0, 1, STEPS + 1, device=place)[:, None]
        ways = {"straight": (1 - t) * first + t * last, "spherical": spherical(first, last, t)}
        drawn = {name: model.to_image(model.decode(way)).cpu() for name, way in ways.items()}
    rows = [
        {"name": name, "texts": [f"length {length:.2f}" for length in way.norm(dim=1)]}
        for name, way in ways.items()
    ]
    options = {
        "view": "play",
        "image": size_of(ends),
        "tiles": 1,
        "columns": 1,
        "zoom": max(1, WIDTH // (5 * max(ends.shape[-2:]))),
        "rows": rows,
        "names": [f"{k / STEPS:.2f}" for k in range(STEPS + 1)],
        "control": "t",
        "bytes": pack_frames(pixels(torch.stack(list(drawn.values()), dim=1))),
        "ends": {
            name: pack_bytes(pixels(end).tobytes()) for name, end in zip("ab", ends, strict=True)
        },
        "seconds": WALK_SECONDS,
        "back": True,
    }
    every = torch.linspace(0, STEPS, STILLS).round().long()
    still = {"a and b": ends, **{name: images[every] for name, images in drawn.items()}}
    caption = "images a and b, and pictures on the straight and on the spherical way between them."
    return View("A walk between two codes", options, still, caption)


def spherical(
    a: Float[Tensor, " latent"], b: Float[Tensor, " latent"], t: Float[Tensor, "steps 1"]
) -> Float[Tensor, "steps latent"]:
    """The codes at t on the spherical way from a to b; the straight way where there is no arc."""
    cosine = torch.dot(a, b) / (a.norm() * b.norm()).clamp(min=1e-12)
    angle = torch.arccos(cosine.clamp(-1, 1))
    if cosine.abs() > 1 - 1e-6 or a.norm() * b.norm() == 0:
        return (1 - t) * a + t * b
    return (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)


def film(
    frames: Tensor | Iterable[Tensor], *, names: Iterable[object] | None = None, alt: str
) -> View:
    """Pictures that change from frame to frame, such as samples during training, with a slider.

        film([snapshot of epoch 0, …], names=["untrained", "epoch 1", …], alt="Samples become …")

    A long film of many pictures is drawn in fewer greys or colours, which you hardly see: twenty
    frames of sixty digits then take 131 kB instead of 424.

    Args:
        frames: (frames, n, channels, height, width) or (frames, channels, height, width), in grey
            (1 channel) or in colour (3), in [0, 1], at least two; or a list with one tensor for
            each frame.
        names: what each frame is called; None numbers them from 0.
        alt: a sentence for those who cannot see it.

    Returns:
        The view; as the last line of a cell, it is drawn. It needs no kernel.

    Raises:
        ValueError: if the frames are not two or more images in grey or colour of one shape with
            pixels in [0, 1], names has another length, or alt is empty.
    """
    pictures = _sheets(frames)
    count, tiles, wide = *pictures.shape[:2], pictures.shape[-1]
    if isinstance(names, str) or not isinstance(names, Iterable | None):
        raise ValueError(
            f"names is of type {type(names).__name__}; give a list with one name for each frame"
        )
    names = [str(name) for name in (range(count) if names is None else names)]
    if len(names) != count:
        raise ValueError(f"names has {len(names)} entries for {count} frames: give one for each")
    if not isinstance(alt, str) or not alt.strip():
        what = "empty" if isinstance(alt, str) else f"of type {type(alt).__name__}"
        raise ValueError(f"alt is {what}: say in a sentence what there is to see")
    rows = math.ceil(tiles * (wide + 1) * 2 / WIDTH)  # at least twice as large, if that fits
    columns = math.ceil(tiles / rows)
    options: dict[str, Any] = {
        "view": "play",
        "image": size_of(pictures),
        "tiles": tiles,
        "columns": columns,
        "zoom": min(max(1, WIDTH // (columns * (wide + 1))), 8),
        "rows": [{"name": alt.strip().removesuffix(".")}],  # a comma and the frame may follow
        "names": names,
        "control": "frame",
        "bytes": _packed(pixels(pictures)),
        "seconds": FRAME_SECONDS * max(count - 1, 1),
        "back": False,
    }
    shown = sorted({0, count // 2, count - 1})
    some = tiles if tiles <= SHEET else max(1, SHEET // columns) * columns
    still = {names[k]: pictures[k, :some] for k in shown}
    caption = alt if some == tiles else f"{alt} (Here the first {some} of {tiles} pictures.)"
    return View("A film", options, still, caption, columns)


def _packed(frames: UInt8[np.ndarray, "frames *pixels"]) -> str:
    """The frames as text, with the finest greys that the limit allows."""
    for step in GREY_STEPS:
        text = pack_frames(coarse(frames, step))
        if len(text) <= FILM_LIMIT:
            break
    return text


def coarse(frames: UInt8[np.ndarray, "frames *pixels"], step: int) -> UInt8[np.ndarray, "..."]:
    """Frames in greys that are multiples of a step: what changes seldom compresses well.

    A pixel keeps its grey until it is off by more than three quarters of a step, and then takes the
    nearest. So none is off by more than that.
    """
    nearest = (np.rint(frames / step) * step).astype(np.int16)
    for before, now, wanted in zip(nearest, nearest[1:], frames[1:], strict=False):
        near = np.abs(before - wanted.astype(np.int16)) <= 0.75 * step
        now[near] = before[near]
    return nearest.astype(np.uint8)


def _one_image(name: str, image: object, output: str) -> Tensor:
    image = require_tensor(name, image)
    shape = tuple(image.shape)
    if image.ndim == 3:
        image = image[None]
    if image.ndim != 4 or len(image) != 1 or image.shape[1] not in CHANNELS:
        way_out = with_channels(name, shape) or f": of a batch take one, {name}[0]"
        raise ValueError(
            f"{name} has shape {shape}; expected one image in grey or colour, (1 or 3, height, "
            f"width){way_out}"
        )
    return require_pixels(name, image, unit=output != "linear").cpu()


def _size(image: Tensor) -> str:
    _, channels, tall, wide = image.shape
    return f"{tall} × {wide} pixels in {'grey' if channels == 1 else 'colour'}"


def _sheets(frames: Tensor | Iterable[Tensor]) -> Tensor:
    """The frames as (frames, n, channels, height, width)."""
    if isinstance(frames, np.ndarray) or not isinstance(frames, Iterable):
        require_tensor("frames", frames)
    if isinstance(frames, Tensor) and frames.ndim < 4:
        way_out = ""
        if frames.ndim == 3:
            single = "one picture, which is no film: give several, in a list"
            way_out = single if len(frames) == 1 else "the axis of the channel is frames[:, None]"
            way_out = f": {way_out}"
        raise ValueError(
            f"frames has shape {tuple(frames.shape)}; expected (frames, n, channels, height, "
            f"width) or (frames, channels, height, width){way_out}"
        )
    whole = frames
    frames = [require_tensor(f"frames[{k}]", frame) for k, frame in enumerate(frames)]
    shapes = {tuple(frame.shape) for frame in frames}
    if len(shapes) != 1:
        raise ValueError(f"frames have the shapes {sorted(shapes)}; expected one, for at least one")
    pictures = torch.stack([frame.detach().cpu() for frame in frames])
    if pictures.ndim == 4:
        pictures = pictures[:, None]
    if pictures.ndim != 5 or pictures.shape[2] not in CHANNELS or pictures.shape[1] == 0:
        shape = tuple(frames[0].shape)
        way_out = with_channels("frame", shape)
        if isinstance(whole, Tensor):
            way_out = with_channels("frames", tuple(whole.shape))
        raise ValueError(
            f"a frame has shape {shape}; expected images in grey or colour, (n, 1 or 3, height, "
            f"width) or (1 or 3, height, width){way_out}"
        )
    if len(pictures) == 1:
        raise ValueError(
            f"frames holds one frame, of shape {tuple(frames[0].shape)}; a film needs at least "
            "two: give one for each moment, in a list"
        )
    return require_pixels("frames", pictures)
