"""The shell of the views that live in the browser: a picture, the data, and the module that mounts.

A view is one piece of plain HTML. It needs no kernel and no network: in JupyterLab, in a notebook
that was saved and opened again, in a page made by nbconvert and from a file it is alive. Where no
script runs (a notebook not yet trusted, a web preview) its still picture stands, with a caption.

The module `frontend.js` travels inside each output, packed with its style sheet to two fifths of
their bytes, and is imported from a `data:` address, because a page opened as a file may import from
nowhere else. Nothing is random: the same model gives the same output.
"""

import base64
import json
import os
from dataclasses import dataclass
from functools import cache
from html import escape
from io import BytesIO
from numbers import Number
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image, ImageOps
from torch import Tensor

from course_utils._keys import KEYS
from course_utils._named import a
from course_utils.widgets.packing import pack_bytes
from course_utils.widgets.stills import stacked

FOLDER = Path(__file__).parent

# Inline, because an untrusted notebook keeps this and drops <style> with <script>.
_FRAME = "border: 1px solid #999; border-radius: 8px; padding: 14px 18px"
_NOTE = "<small>(A still picture: run the cell, or trust the notebook, and it moves.)</small>"
ZOOM, GAP = 2, 4  # of a still picture: screen pixels to one pixel, and from one to the next
FRAME = 190  # the grey of the line around a picture, seen on light and dark ground
UNPACK = """
new Response(
  new Blob([Uint8Array.from(atob("%s"), letter => letter.charCodeAt(0))])
    .stream().pipeThrough(new DecompressionStream("deflate"))
).text().then(source => import("data:text/javascript;charset=utf-8," + encodeURIComponent(source)))
  .then(module => module.%s());
"""
STYLED = (
    'document.body.append(Object.assign(document.createElement("style"), { textContent: %s }));\n'
)
TOLERANCE = 0.01  # how far beyond 0 and 1 rounding may take a pixel


@dataclass(frozen=True, repr=False)
class View:
    """A view for the browser; as the last line of a cell, it is drawn.

    Attributes:
        name: what it is, in a few words.
        options: what `mount` in frontend.js is given.
        still: row name → pictures `(n, channels, height, width)`, or an image that is drawn
            already, for where no script runs.
        caption: the still pictures in words.
        columns: how many pictures of a still lie side by side; None for all of a row.
        more: name of the module and style sheet that this kind of view alone needs, and that travel
            with no other.
    """

    name: str
    options: dict[str, Any]
    still: dict[str, Tensor | Image.Image]
    caption: str
    columns: int | None = None
    more: str | None = None

    def __repr__(self) -> str:
        return f"<{self.name}: {self.caption}>"

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The view, and its still picture for readers that show no HTML: PDF and LaTeX."""
        rows = [(name, self._sheet(pictures)) for name, pictures in self.still.items()]
        data = {"text/plain": repr(self), "text/html": self._repr_html_()}
        if rows:
            data["image/png"] = base64.b64encode(stacked(rows)).decode()
        return data, {"image/png": {"alt": f"{self.name}: {self.caption}"}} if rows else {}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the view as a page of its own: one HTML file, alive without kernel or network.

        Args:
            path: of the file; missing folders are made, and ~ is your home folder.

        Raises:
            OSError: if the file cannot be written.

        >>> scrub(VAE.dense(2)).save("digits.html")  # doctest: +SKIP
        """
        path = Path(path).expanduser()
        path.parent.mkdir(parents=True, exist_ok=True)
        title = escape(self.name.capitalize())
        page = asset("page.html").format(title=title, view=self._repr_html_())
        path.write_text(page, encoding="utf-8")

    def _repr_html_(self) -> str:
        # In single quotes, so that the many double quotes of JSON can stay.
        options = {"name": self.name, **self.options}
        data = escape(json.dumps(options, ensure_ascii=False), quote=False).replace("'", "&#39;")
        rows = "\n".join(self._row(name, pictures) for name, pictures in self.still.items())
        later = ' data-live="later"' if self.more else ""  # its own module alone can mount it
        return (
            f'<div class="course-view" style="{_FRAME}" data-view=\'{data}\'{later}>\n'
            f"<p><strong>{escape(self.name)}</strong>: {escape(self.caption)} {_NOTE}</p>\n"
            f"{rows}\n</div>\n"
            f"<script>{script(self.more)}</script>"
        )

    def _sheet(self, pictures: Tensor | Image.Image) -> bytes:
        if isinstance(pictures, Image.Image):
            return png(pictures)
        return png_sheet(pictures, self.columns or len(pictures))

    def _row(self, name: str, pictures: Tensor | Image.Image) -> str:
        kind = name
        if isinstance(pictures, Tensor):
            kind = f"{name}: {len(pictures)} picture{'s' if len(pictures) > 1 else ''}"
        alt = escape(f"{kind}; {self.caption}")
        source = base64.b64encode(self._sheet(pictures)).decode()
        return (
            '<div style="display: flex; align-items: center">'
            f'<span style="flex: none; width: 6em">{escape(name)}</span>'
            f'<img alt="{alt}" style="max-width: 85%; min-width: 0" '
            f'src="data:image/png;base64,{source}"></div>'
        )


@cache
def asset(name: str) -> str:
    """The text of a file of this folder."""
    return (FOLDER / name).read_text(encoding="utf-8")


@cache
def script(more: str | None = None) -> str:
    """A plain script that imports the module and mounts what is not yet alive; and that on keys.

    With `more` the module goes on with the file of that name, and mounts its views too.
    """
    mount = "mountLater" if more else "mountAll"
    return KEYS + UNPACK % (pack_bytes(module(more).encode()), mount)


def module(more: str | None = None) -> str:
    """The module as the browser imports it: it gives the page its style sheet, after all others."""
    scripts, styles = (
        "".join(asset(f"{name}.{kind}") for name in ("frontend", more) if name)
        for kind in ("js", "css")
    )
    return STYLED % json.dumps(styles, ensure_ascii=False) + scripts


def png_sheet(pictures: Float[Tensor, "n channels height width"], columns: int) -> bytes:
    """Pictures in rows as one PNG, each in a thin grey frame."""
    tall, wide = (ZOOM * side for side in pictures.shape[-2:])
    down, right = tall + 2 + GAP, wide + 2 + GAP  # from one picture to the next
    rows = -(-len(pictures) // columns)
    sheet = clear((columns * right - GAP, rows * down), pictures[0])
    for place, picture in enumerate(pictures):
        sheet.paste(framed(picture, ZOOM), (place % columns * right, place // columns * down))
    return png(sheet)


def clear(size: tuple[int, int], picture: Float[Tensor, "channels height width"]) -> Image.Image:
    """Transparent ground of so many pixels, for pictures in as many colours as this one."""
    return Image.new("LA", size, (255, 0)) if len(picture) == 1 else Image.new("RGBA", size)


def framed(picture: Float[Tensor, "channels height width"], zoom: int) -> Image.Image:
    """A picture in a thin grey frame, each of its pixels so many of the screen, each way."""
    image = shown(picture)
    large = image.resize([zoom * side for side in image.size], Image.Resampling.NEAREST)
    edged = ImageOps.expand(large, border=1, fill=(FRAME,) * len(picture))
    return edged.convert("LA" if len(picture) == 1 else "RGBA")


def shown(picture: Float[Tensor, "channels height width"]) -> Image.Image:
    """A picture as it is seen: dark ink on white paper, or in colour."""
    levels = pixels(picture)
    return Image.fromarray(255 - levels[..., 0] if len(picture) == 1 else levels)


def png(image: Image.Image) -> bytes:
    """The image as the bytes of a PNG file."""
    file = BytesIO()
    image.save(file, "png", optimize=True)
    return file.getvalue()


def pixels(
    images: Float[Tensor, "*n channels height width"],
) -> UInt8[np.ndarray, "*n height width channels"]:
    """Images as bytes, in the order in which a browser reads them.

    In grey 0 is white paper and 255 black ink; in colour they are the light of red, green and blue.
    """
    return np.ascontiguousarray(np.moveaxis(ink(images), -3, -1))


def size_of(images: Float[Tensor, "*n channels height width"]) -> list[int]:
    """Height, width and channels of each, in the order of `pixels`."""
    channels, height, width = images.shape[-3:]
    return [height, width, channels]


def ink(images: Float[Tensor, "*shape"]) -> UInt8[np.ndarray, "*shape"]:
    """Numbers from 0 to 1 as bytes; values beyond are clipped."""
    return (255 * images.detach().float().cpu().clamp(0, 1)).round().to(torch.uint8).numpy()


def rounded(numbers: Tensor, decimals: int) -> list[Any]:
    """The numbers as (nested) lists for JSON, without tails of digits and without minus zero."""
    return (np.round(numbers.detach().cpu().double().numpy(), decimals) + 0.0).tolist()


def require_tensor(name: str, value: object) -> Tensor:
    """The value, if it is a tensor.

    Raises:
        ValueError: says how a numpy array, a list or whatever else it is becomes one.
    """
    if isinstance(value, Tensor):
        return value
    if isinstance(value, np.ndarray):
        raise ValueError(f"{name} is a numpy array; give a tensor: torch.as_tensor({name})")
    if isinstance(value, list | tuple):
        how = ""
        if value and all(isinstance(part, Tensor) for part in value):
            how = f", for instance torch.stack({name})"
        elif value and all(isinstance(part, Number) for part in value):
            how = f": torch.tensor({name})"
        raise ValueError(f"{name} is {a(type(value).__name__)}; give one tensor{how}")
    kind = "None" if value is None else f"of type {type(value).__name__}"
    raise ValueError(f"{name} is {kind}; expected a tensor")


def require_pixels(name: str, images: Tensor, *, unit: bool = True) -> Tensor:
    """The images as float32 numbers, if they are pixels.

    Args:
        name: what the learner calls the images.
        images: of any shape.
        unit: whether they must lie in [0, 1], but for rounding.

    Raises:
        ValueError: if they are whole numbers, not finite, or outside [0, 1].
    """
    expected = "expected pixels in [0, 1]"
    if not images.is_floating_point():
        low, high = (int(end) for end in images.long().aminmax())
        way_out = f"{name}.float()" if high <= 1 else f"{name} / 255"
        raise ValueError(f"{name} has whole numbers from {low} to {high}; {expected}: {way_out}")
    images = images.float()
    strange = int((~images.isfinite()).sum())
    if strange:
        raise ValueError(
            f"{name} has {strange} pixels that are no finite numbers (nan or inf); expected finite "
            f"ones: {name}.nan_to_num(0, 1, 0) makes them so, if they are no sign of a mistake"
        )
    low, high = (end.item() for end in images.detach().aminmax())
    if unit and (low < -TOLERANCE or high > 1 + TOLERANCE):
        bytes_ = low >= 0 and 2 < high <= 255
        way_out = f"{name} / 255" if bytes_ else f"without normalisation, or {name}.clamp(0, 1)"
        raise ValueError(f"{name} has values from {low:.4g} to {high:.4g}; {expected}: {way_out}")
    return images
