"""Sliders by ipywidgets that change one picture, drawn in Python and sent as a PNG.

Digits are dark ink on white paper, as in the course's figures and in either theme of JupyterLab.
Pixels are enlarged by whole numbers, without smoothing, so that one pixel stays one square.
"""

import math
from collections.abc import Callable, Mapping
from html import escape
from io import BytesIO
from typing import NamedTuple

import ipywidgets
import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from PIL import Image, ImageOps
from torch import Tensor

from course_utils import plots
from course_utils.corruption import Corruption
from course_utils.losses import gaussian_log_density, squared_error
from course_utils.models import VAE, Autoencoder
from course_utils.models.base import evaluating

PIXEL = 7  # screen pixels to one image pixel, each way
GAP = 16  # screen pixels from one picture to the next
SCRUB_REACH = 3  # standard deviations of the prior that a slider of a code goes to, each way
FRAME = 190  # the grey of the line around a picture, seen on light and dark ground


def compare_code_sizes(
    x: Tensor,
    reconstructions: Mapping[str, Mapping[int, Tensor]],
    labels: Int[Tensor, " batch"] | None = None,
) -> ipywidgets.VBox:
    """The same image reconstructed by several methods from ever more numbers, under two sliders.

    One slider chooses the code size, the other the image; both answer to the arrow keys. The
    picture shows the original and each method's reconstruction side by side, and a line of text
    under each gives its squared error, summed over pixels.

        compare_code_sizes(x, {"PCA": {2: ..., 16: ...}, "autoencoder": {2: ..., 16: ...}})

    Args:
        x: the originals, `(batch, 1, height, width)` in [0, 1], at least one.
        reconstructions: for each method's name, code size → reconstructions of x, of its shape.
            Every method needs the same code sizes. Values outside [0, 1] (PCA's) are drawn clipped;
            their errors are not.
        labels: what each original shows, written under it.

    Returns:
        The view; as the last line of a cell, it is drawn. It needs a running kernel.

    Raises:
        ValueError: if a shape differs from x's, x is not a batch of grey images, or the methods
            have different code sizes.
    """
    _require_comparable(x, reconstructions, labels)
    pictures = {
        name: {size: x_hat.detach().cpu() for size, x_hat in by_size.items()}
        for name, by_size in reconstructions.items()
    }
    original = x.detach().cpu()
    sizes = sorted(next(iter(pictures.values())))

    size = _slider(ipywidgets.SelectionSlider, "code size", options=sizes, value=sizes[0])
    index = _slider(ipywidgets.IntSlider, "image", min=0, max=len(original) - 1)

    def tiles() -> list[Tile]:
        i, k = index.value, size.value
        shown = [_original(original[i], None if labels is None else labels[i])]
        for name, by_size in pictures.items():
            x_hat = by_size[k][i]
            shown.append(Tile(x_hat, f"{name}, {k} numbers", _error(x_hat, original[i])))
        return shown

    return _scrubbed([size, index], tiles)


def denoise_at(
    x: Tensor,
    model: Autoencoder,
    noises: Mapping[str, Callable[[float], Corruption]],
    labels: Int[Tensor, " batch"] | None = None,
) -> ipywidgets.VBox:
    """An image, the image with noise, and what the model makes of it, under a slider for the noise.

    Buttons choose the kind of noise, a slider its strength, another the image. The same draw of the
    noise grows with the slider, so that what changes is its strength alone. A line of text under
    each picture gives its squared error against the original, summed over pixels.

        denoise_at(x, model, {"Gaussian": gaussian_noise, "masking": masking_noise})

    Args:
        x: the originals, `(batch, 1, height, width)` in [0, 1], at least one.
        model: draws the denoised image, by `model.reconstruct`.
        noises: name → a function of the strength, from 0 to 1, that returns a corruption.
        labels: what each original shows, written under it.

    Returns:
        The view; as the last line of a cell, it is drawn. It needs a running kernel.

    Raises:
        ValueError: if x is not a batch of grey images, or noises is empty.
    """
    _require_images(x, labels)
    if not noises:
        raise ValueError("noises is empty: give at least one, such as {'Gaussian': gaussian_noise}")
    place = next(model.parameters()).device
    original = x.detach().cpu()
    kind = ipywidgets.ToggleButtons(options=list(noises), description="noise")
    level = _slider(ipywidgets.FloatSlider, "strength", min=0.0, max=1.0, step=0.05, value=0.5)
    index = _slider(ipywidgets.IntSlider, "image", min=0, max=len(original) - 1)

    def tiles() -> list[Tile]:
        clean = original[index.value]
        corrupt = noises[kind.value](level.value)
        noisy = corrupt(clean[None], torch.Generator().manual_seed(index.value))
        denoised = model.reconstruct(noisy.to(place)).cpu()
        label = None if labels is None else labels[index.value]
        return [
            _original(clean, label),
            Tile(noisy[0], "noisy", _error(noisy[0], clean)),
            Tile(denoised[0], "denoised", _error(denoised[0], clean)),
        ]

    return _scrubbed([kind, level, index], tiles)


def compare_gaussians() -> ipywidgets.VBox:
    """A Gaussian q that one moves and widens beside p = N(0, 1), with KL(q‖p) and KL(p‖q) as areas.

    Returns:
        The view; as the last line of a cell, it is drawn. It needs a running kernel.
    """
    z = torch.linspace(-20, 20, 4001, dtype=torch.float64)  # beyond what is drawn: tails count
    log_p = gaussian_log_density(z[:, None])
    mu = _slider(ipywidgets.FloatSlider, "mean of q", min=-2.0, max=2.0, step=0.1, value=1.0)
    sigma = _slider(ipywidgets.FloatSlider, "deviation", min=0.2, max=2.0, step=0.05, value=0.5)
    picture = ipywidgets.Image(format="png")
    caption = ipywidgets.HTML()

    def draw(_change: object = None) -> None:
        log_var = 2 * math.log(sigma.value)
        log_q = gaussian_log_density(z[:, None], mu.value, log_var)
        picture.value = plots.png(plots.kl_areas(z, log_q, log_p))
        forward = torch.trapezoid(log_q.exp() * (log_q - log_p), z).item()
        backward = torch.trapezoid(log_p.exp() * (log_p - log_q), z).item()
        caption.value = f"KL(q‖p) = {forward:.3f} nats, KL(p‖q) = {backward:.3f} nats"

    return _redrawn([mu, sigma], [picture, caption], draw)


def scrub(model: VAE, z: Float[Tensor, " latent"] | None = None) -> ipywidgets.VBox:
    """The picture that the model decodes from a code, under one slider for each of its numbers.

    Args:
        model: a VAE of grey images, built with its latent_dim.
        z: the code to begin with; None for zeros, the middle of the prior.

    Returns:
        The view; as the last line of a cell, it is drawn. It needs a running kernel.

    Raises:
        ValueError: if the model does not know the width of its code, or z has another.
    """
    if model.latent_dim is None:
        raise ValueError("the width of the code is unknown; build with VAE(..., latent_dim=...)")
    start = torch.zeros(model.latent_dim) if z is None else z.detach().cpu()
    if start.shape != (model.latent_dim,):
        raise ValueError(
            f"z has shape {tuple(start.shape)}; expected ({model.latent_dim},), one code of this "
            "model: of a batch of codes take one, z[0]"
        )
    place = next(model.parameters()).device
    reach = max(SCRUB_REACH, math.ceil(start.abs().max().item()))
    sliders = [
        _slider(
            ipywidgets.FloatSlider, f"z[{j}]", min=-reach, max=reach, step=0.1, value=value.item()
        )
        for j, value in enumerate(start)
    ]

    def tiles() -> list[Tile]:
        code = torch.tensor([[slider.value for slider in sliders]])
        with evaluating(model):
            picture = model.to_image(model.decode(code.to(place)))[0].cpu()
        return [Tile(picture, "decoded", f"code of length {code.norm():.2f}")]

    return _scrubbed(sliders, tiles)


def move_samples(n: int = 12) -> ipywidgets.VBox:
    """Draws z = μ + σ ε that one moves and spreads, while the throws ε stay what they are.

    Args:
        n: how many draws.

    Returns:
        The view; as the last line of a cell, it is drawn. It needs a running kernel.

    Raises:
        ValueError: if n is less than 2, which have no spread.
    """
    if n < 2:
        raise ValueError(f"n is {n}; expected at least 2 draws")
    epsilon = torch.randn(n, generator=torch.Generator().manual_seed(0))
    mu = _slider(ipywidgets.FloatSlider, "μ", min=-3.0, max=3.0, step=0.1, value=1.0)
    sigma = _slider(ipywidgets.FloatSlider, "σ", min=0.05, max=1.5, step=0.05, value=0.5)
    picture = ipywidgets.Image(format="png")
    caption = ipywidgets.HTML()

    def draw(_change: object = None) -> None:
        z = mu.value + sigma.value * epsilon
        picture.value = plots.png(plots.moved_throws(epsilon, mu.value, sigma.value))
        caption.value = (
            f"wanted: mean {mu.value:.2f}, deviation {sigma.value:.2f}; "
            f"these {n} draws: mean {z.mean():.2f}, deviation {z.std():.2f}"
        )

    return _redrawn([mu, sigma], [picture, caption], draw)


class Tile(NamedTuple):
    """One picture of a view, with a heading and a line of text below it."""

    image: Tensor
    name: str
    text: str


def _original(image: Tensor, label: Tensor | None) -> Tile:
    numbers = f"{image.numel()} numbers"
    return Tile(image, "original", numbers if label is None else f"{numbers}, a {label}")


def _error(x_hat: Tensor, x: Tensor) -> str:
    return f"squared error {squared_error(x_hat[None], x[None]).item():.2f}"


def _scrubbed(
    controls: list[ipywidgets.Widget], tiles: Callable[[], list[Tile]]
) -> ipywidgets.VBox:
    """The controls above the tiles, which are computed anew whenever a control changes."""
    picture = ipywidgets.Image(format="png")
    captions = ipywidgets.HTML()

    def draw(_change: object = None) -> None:
        shown = tiles()
        picture.value = _png([tile.image for tile in shown])
        captions.value = _captions(shown)

    return _redrawn(controls, [picture, captions], draw)


def _redrawn(
    controls: list[ipywidgets.Widget],
    views: list[ipywidgets.Widget],
    draw: Callable[..., None],
) -> ipywidgets.VBox:
    """The controls above what they show, which is drawn now and whenever a control changes."""
    for control in controls:
        control.observe(draw, names="value")
    draw()
    # Without flex-start a box stretches its children, and the picture with them.
    layout = ipywidgets.Layout(align_items="flex-start")
    return ipywidgets.VBox([*controls, *views], layout=layout)


def _require_images(x: Tensor, labels: Tensor | None) -> None:
    if x.ndim != 4 or x.shape[1] != 1 or len(x) == 0:
        raise ValueError(
            f"x has shape {tuple(x.shape)}; expected (batch, 1, height, width) with at least one "
            "image: a single image becomes a batch with x[None]"
        )
    if labels is not None and len(labels) != len(x):
        raise ValueError(f"labels has {len(labels)} entries for {len(x)} images: give one for each")


def _require_comparable(
    x: Tensor, reconstructions: Mapping[str, Mapping[int, Tensor]], labels: Tensor | None
) -> None:
    _require_images(x, labels)
    if not reconstructions:
        raise ValueError("reconstructions is empty: give at least one method")
    expected = None
    for name, by_size in reconstructions.items():
        expected = expected or sorted(by_size)
        if not by_size or sorted(by_size) != expected:
            raise ValueError(
                f"reconstructions[{name!r}] has the code sizes {sorted(by_size)}, another method "
                f"has {expected}: compute the same sizes, at least one, for every method"
            )
        for size, x_hat in by_size.items():
            if x_hat.shape != x.shape:
                raise ValueError(
                    f"reconstructions[{name!r}][{size}] has shape {tuple(x_hat.shape)}; expected "
                    f"{tuple(x.shape)}, the shape of x"
                )


def _slider(
    kind: type[ipywidgets.Widget], description: str, **options: object
) -> ipywidgets.Widget:
    layout = ipywidgets.Layout(width="420px")
    return kind(description=description, layout=layout, **options)


def _ink(image: Tensor) -> UInt8[np.ndarray, "height width"]:
    """Grey levels of a `(1, height, width)` image: 0 is white paper, 1 is black ink."""
    return (255 * (1 - image[0].clamp(0, 1))).round().byte().numpy()


def _png(images: list[Tensor]) -> bytes:
    """The images side by side, enlarged and thinly framed, as a PNG with transparent gaps."""
    height, width = (side * PIXEL for side in images[0].shape[1:])
    sheet = Image.new("LA", (len(images) * (width + GAP), height + 2), (255, 0))
    for place, image in enumerate(images):
        tile = Image.fromarray(_ink(image)).resize((width, height), Image.Resampling.NEAREST)
        framed = ImageOps.expand(tile, border=1, fill=FRAME).convert("LA")
        sheet.paste(framed, (place * (width + GAP), 0))
    file = BytesIO()
    sheet.save(file, "png", compress_level=1)
    return file.getvalue()


def _captions(tiles: list[Tile]) -> str:
    width = tiles[0].image.shape[-1] * PIXEL
    cells = "".join(
        f"<div><b>{escape(tile.name)}</b><br>{escape(tile.text)}</div>" for tile in tiles
    )
    return (
        f'<div style="display: grid; grid-template-columns: repeat({len(tiles)}, {width}px); '
        f'gap: {GAP}px; line-height: 1.4">{cells}</div>'
    )
