"""`compare_code_sizes`: one image, drawn again from ever more numbers by several methods."""

from collections.abc import Mapping

import ipywidgets
from jaxtyping import Int
from torch import Tensor

from course_utils.widgets.knobs.controls import require_images, slider
from course_utils.widgets.knobs.tiles import Tile, error_words, original_tile, scrubbed
from course_utils.widgets.panel import Panel


def compare_code_sizes(
    x: Tensor,
    reconstructions: Mapping[str, Mapping[int, Tensor]],
    labels: Int[Tensor, " batch"] | None = None,
) -> Panel:
    """The same image reconstructed by several methods from ever more numbers, under two sliders.

    One slider chooses the code size, the other the image; both answer to the arrow keys. The
    picture shows the original and each method's reconstruction side by side, and a line of text
    under each gives its squared error, summed over pixels.

        compare_code_sizes(x, {"PCA": {2: ..., 16: ...}, "autoencoder": {2: ..., 16: ...}})

    Args:
        x: the originals, `(batch, channels, height, width)` in [0, 1], in grey or colour, at least
            one.
        reconstructions: for each method's name, code size → reconstructions of x, of its shape.
            Every method needs the same code sizes. Values outside [0, 1] (PCA's) are drawn clipped;
            their errors are not.
        labels: what each original shows, written under it.

    Returns:
        The view; as the last line of a cell, it is drawn. It needs a running kernel.

    Raises:
        ValueError: if a shape differs from x's, x is no batch of images in grey or colour, or
            the methods have different code sizes.
    """
    _require_comparable(x, reconstructions, labels)
    pictures = {
        name: {size: x_hat.detach().cpu() for size, x_hat in by_size.items()}
        for name, by_size in reconstructions.items()
    }
    original = x.detach().cpu()
    sizes = sorted(next(iter(pictures.values())))

    size = slider(ipywidgets.SelectionSlider, "code size", options=sizes, value=sizes[0])
    index = slider(ipywidgets.IntSlider, "image", min=0, max=len(original) - 1)

    def tiles() -> list[Tile]:
        i, k = index.value, size.value
        shown = [original_tile(original[i], None if labels is None else labels[i])]
        for name, by_size in pictures.items():
            x_hat = by_size[k][i]
            shown.append(
                Tile(x_hat, f"{name}, {k} number{'s' * (k != 1)}", error_words(x_hat, original[i]))
            )
        return shown

    return scrubbed([size, index], tiles)


def _require_comparable(
    x: Tensor, reconstructions: Mapping[str, Mapping[int, Tensor]], labels: Tensor | None
) -> None:
    require_images(x, labels)
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
