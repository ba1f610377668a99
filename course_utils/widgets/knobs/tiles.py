"""Pictures side by side, each with a heading and a line of text, drawn anew when a slider moves.

Digits are dark ink on white paper, as in the course's figures and in either theme of JupyterLab;
pictures of three channels are in colour.
Pixels are enlarged by whole numbers, without smoothing, so that one pixel stays one square.
"""

from collections.abc import Callable
from html import escape
from io import BytesIO
from typing import NamedTuple

import ipywidgets
from torch import Tensor

from course_utils._named import a
from course_utils.losses import squared_error
from course_utils.widgets.knobs.controls import redrawn
from course_utils.widgets.panel import Panel, Picture
from course_utils.widgets.views import clear, framed

PIXEL = 7  # screen pixels to one image pixel, each way
GAP = 16  # screen pixels from one picture to the next


class Tile(NamedTuple):
    """One picture of a view, with a heading and a line of text below it."""

    image: Tensor
    name: str
    text: str


def original_tile(image: Tensor, label: Tensor | None) -> Tile:
    numbers = f"{image.numel()} numbers"
    return Tile(image, "original", numbers if label is None else f"{numbers}, {a(f'{label}')}")


def error_words(x_hat: Tensor, x: Tensor) -> str:
    return f"squared error {squared_error(x_hat[None], x[None]).item():.2f}"


def scrubbed(controls: list[ipywidgets.Widget], tiles: Callable[[], list[Tile]]) -> Panel:
    """The controls above the tiles, which are computed anew whenever a control changes."""
    picture = Picture()
    captions = ipywidgets.HTML()

    def draw(_change: object = None) -> None:
        shown = tiles()
        picture.value = _png([tile.image for tile in shown])
        picture.tooltip = "; ".join(f"{tile.name}: {tile.text}" for tile in shown)
        captions.value = _captions(shown)

    return redrawn(controls, [picture, captions], draw)


def _png(images: list[Tensor]) -> bytes:
    """The images side by side, enlarged and thinly framed, as a PNG with transparent gaps."""
    height, width = (side * PIXEL for side in images[0].shape[1:])
    sheet = clear((len(images) * (width + GAP), height + 2), images[0])
    for place, image in enumerate(images):
        sheet.paste(framed(image, PIXEL), (place * (width + GAP), 0))
    file = BytesIO()
    sheet.save(file, "png", compress_level=1)
    return file.getvalue()


def _captions(tiles: list[Tile]) -> str:
    width = tiles[0].image.shape[-1] * PIXEL
    cells = "".join(
        f"<div><b>{escape(tile.name)}</b><br>{escape(tile.text)}</div>" for tile in tiles
    )
    columns = f"repeat({len(tiles)}, minmax(0, {width}px))"  # as narrow as the page, like a picture
    return (
        f'<div style="display: grid; grid-template-columns: {columns}; '
        f'gap: {GAP}px; line-height: 1.4">{cells}</div>'
    )
