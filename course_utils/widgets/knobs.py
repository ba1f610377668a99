"""Sliders by ipywidgets that change one picture, drawn in Python and sent as a PNG.

Digits are dark ink on white paper, as in the course's figures and in either theme of JupyterLab.
Pixels are enlarged by whole numbers, without smoothing, so that one pixel stays one square.
"""

from collections.abc import Mapping
from html import escape
from io import BytesIO

import ipywidgets
import numpy as np
from jaxtyping import Int, UInt8
from PIL import Image, ImageOps
from torch import Tensor

from course_utils.losses import squared_error

PIXEL = 7  # screen pixels to one image pixel, each way
GAP = 16  # screen pixels from one picture to the next
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
    numbers = original[0].numel()

    size = _slider(ipywidgets.SelectionSlider, "code size", options=sizes, value=sizes[0])
    index = _slider(ipywidgets.IntSlider, "image", min=0, max=len(original) - 1)
    picture = ipywidgets.Image(format="png")
    captions = ipywidgets.HTML()

    def draw(_change: object = None) -> None:
        i, k = index.value, size.value
        chosen = {name: by_size[k][i] for name, by_size in pictures.items()}
        picture.value = _png([original[i], *chosen.values()])
        shown = f"{numbers} numbers" if labels is None else f"{numbers} numbers, a {labels[i]}"
        lines = [("original", shown)]
        for name, x_hat in chosen.items():
            error = squared_error(x_hat[None], original[i][None]).item()
            lines.append((f"{name}, {k} numbers", f"squared error {error:.2f}"))
        captions.value = _captions(lines, original.shape[-1] * PIXEL)

    size.observe(draw, names="value")
    index.observe(draw, names="value")
    draw()
    # Without flex-start a box stretches its children, and the picture with them.
    layout = ipywidgets.Layout(align_items="flex-start")
    return ipywidgets.VBox([size, index, picture, captions], layout=layout)


def _require_comparable(
    x: Tensor, reconstructions: Mapping[str, Mapping[int, Tensor]], labels: Tensor | None
) -> None:
    if x.ndim != 4 or x.shape[1] != 1 or len(x) == 0:
        raise ValueError(
            f"x has shape {tuple(x.shape)}; expected (batch, 1, height, width) with at least one "
            "image: a single image becomes a batch with x[None]"
        )
    if labels is not None and len(labels) != len(x):
        raise ValueError(f"labels has {len(labels)} entries for {len(x)} images: give one for each")
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


def _captions(lines: list[tuple[str, str]], width: int) -> str:
    cells = "".join(f"<div><b>{escape(name)}</b><br>{escape(text)}</div>" for name, text in lines)
    return (
        f'<div style="display: grid; grid-template-columns: repeat({len(lines)}, {width}px); '
        f'gap: {GAP}px; line-height: 1.4">{cells}</div>'
    )
