"""The shell of the views that live in the browser: a picture, the data, and the module that mounts.

A view is one piece of plain HTML. It needs no kernel and no network: in JupyterLab, in a notebook
that was saved and opened again, in a page made by nbconvert and from a file it is alive. Where no
script runs (a notebook not yet trusted, a web preview) its still picture stands, with a caption.

The module `frontend.js` travels inside each output, and is imported from a `data:` address, because
a page opened as a file may import from nowhere else. Nothing is random: the same model gives the
same output.
"""

import base64
import json
from dataclasses import dataclass
from functools import cache
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image, ImageOps
from torch import Tensor

FOLDER = Path(__file__).parent

# Inline, because an untrusted notebook keeps this and drops <style> with <script>.
_FRAME = "border: 1px solid #999; border-radius: 8px; padding: 14px 18px"
_NOTE = "<small>(A still picture: run the cell, or trust the notebook, and it moves.)</small>"
ZOOM, GAP = 2, 4  # of a still picture: screen pixels to one pixel, and from one to the next
FRAME = 190  # the grey of the line around a picture, seen on light and dark ground


@dataclass(frozen=True, repr=False)
class View:
    """A view for the browser; as the last line of a cell, it is drawn.

    Attributes:
        name: what it is, in a few words.
        options: what `mount` in frontend.js is given.
        still: row name → pictures `(columns, 1, height, width)`, for where no script runs.
        caption: the still pictures in words.
    """

    name: str
    options: dict[str, Any]
    still: dict[str, Tensor]
    caption: str

    def __repr__(self) -> str:
        return f"<{self.name}: {self.caption}>"

    def _repr_html_(self) -> str:
        # In single quotes, so that the many double quotes of JSON can stay.
        options = {"name": self.name, **self.options}
        data = escape(json.dumps(options, ensure_ascii=False), quote=False).replace("'", "&#39;")
        rows = "\n".join(_row(name, pictures) for name, pictures in self.still.items())
        return (
            f"<style>{_file('frontend.css')}</style>\n"
            f'<div class="course-view" style="{_FRAME}" data-view=\'{data}\'>\n'
            f"<p><strong>{escape(self.name)}</strong>: {escape(self.caption)} {_NOTE}</p>\n"
            f"{rows}\n</div>\n"
            f"<script>{_script()}</script>"
        )


def _row(name: str, pictures: Tensor) -> str:
    source = base64.b64encode(png_row(pictures)).decode()
    return (
        f'<div style="display: flex; align-items: center"><span style="width: 6em">{escape(name)}'
        f'</span><img alt="{escape(name)}: {len(pictures)} pictures" style="max-width: 85%" '
        f'src="data:image/png;base64,{source}"></div>'
    )


@cache
def _file(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


@cache
def _script() -> str:
    """A plain script that imports the module and mounts what is not yet alive."""
    source = json.dumps(_file("frontend.js"), ensure_ascii=False).replace("</", "<\\/")
    address = f'"data:text/javascript;charset=utf-8," + encodeURIComponent({source})'
    return f"import({address}).then(module => module.mountAll());"


def png_row(pictures: Float[Tensor, "columns 1 height width"]) -> bytes:
    """Pictures side by side as one PNG, dark ink on white paper, each in a thin grey frame."""
    tall, wide = (ZOOM * side for side in pictures.shape[-2:])
    sheet = Image.new("LA", (len(pictures) * (wide + 2 + GAP) - GAP, tall + 2 + GAP), (255, 0))
    for place, picture in enumerate(255 - ink(pictures[:, 0])):
        tile = Image.fromarray(picture).resize((wide, tall), Image.Resampling.NEAREST)
        framed = ImageOps.expand(tile, border=1, fill=FRAME).convert("LA")
        sheet.paste(framed, (place * (wide + 2 + GAP), 0))
    file = BytesIO()
    sheet.save(file, "png", optimize=True)
    return file.getvalue()


def ink(images: Float[Tensor, "*shape"]) -> UInt8[np.ndarray, "*shape"]:
    """Images as bytes: 0 is white paper, 255 black ink; values beyond are clipped."""
    return (255 * images.detach().float().cpu().clamp(0, 1)).round().to(torch.uint8).numpy()


def rounded(numbers: Tensor, decimals: int) -> list[Any]:
    """The numbers as (nested) lists for JSON, without tails of digits and without minus zero."""
    return (np.round(numbers.detach().cpu().double().numpy(), decimals) + 0.0).tolist()
