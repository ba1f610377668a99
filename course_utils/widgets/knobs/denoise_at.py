"""`denoise_at`: an image, the image with noise, and what a model makes of it."""

from collections.abc import Callable, Mapping

import ipywidgets
import torch
from jaxtyping import Int
from torch import Tensor

from course_utils.corruption import Corruption
from course_utils.models import Autoencoder
from course_utils.widgets.knobs.controls import (
    device_of,
    require_dictionary,
    require_images,
    slider,
)
from course_utils.widgets.knobs.tiles import Tile, error_words, original_tile, scrubbed
from course_utils.widgets.panel import Panel


def denoise_at(
    x: Tensor,
    model: Autoencoder,
    noises: Mapping[str, Callable[[float], Corruption]],
    labels: Int[Tensor, " batch"] | None = None,
) -> Panel:
    """An image, the image with noise, and what the model makes of it, under a slider for the noise.

    Buttons choose the kind of noise, a slider its strength, another the image. The same draw of the
    noise grows with the slider, so that what changes is its strength alone. A line of text under
    each picture gives its squared error against the original, summed over pixels.

        denoise_at(x, model, {"Gaussian": gaussian_noise, "masking": masking_noise})

    Args:
        x: the originals, `(batch, channels, height, width)` in [0, 1], in grey or colour, at least
            one.
        model: draws the denoised image, by `model.reconstruct`.
        noises: name → a function of the strength, from 0 to 1, that returns a corruption.
        labels: what each original shows, written under it.

    Returns:
        The view; as the last line of a cell, it is drawn. It needs a running kernel.

    Raises:
        ValueError: if x is no batch of images in grey or colour, or noises is empty.
    """
    require_images(x, labels)
    require_dictionary("noises", noises, "{'Gaussian': gaussian_noise}")
    place = device_of(model)
    original = x.detach().cpu()
    kind = ipywidgets.ToggleButtons(options=list(noises), description="noise")
    level = slider(ipywidgets.FloatSlider, "strength", min=0.0, max=1.0, step=0.05, value=0.5)
    index = slider(ipywidgets.IntSlider, "image", min=0, max=len(original) - 1)

    def tiles() -> list[Tile]:
        clean = original[index.value]
        corrupt = noises[kind.value](level.value)
        noisy = corrupt(clean[None], torch.Generator().manual_seed(index.value))
        denoised = model.reconstruct(noisy.to(place)).cpu()
        label = None if labels is None else labels[index.value]
        return [
            original_tile(clean, label),
            Tile(noisy[0], "noisy", error_words(noisy[0], clean)),
            Tile(denoised[0], "denoised", error_words(denoised[0], clean)),
        ]

    return scrubbed([kind, level, index], tiles)
