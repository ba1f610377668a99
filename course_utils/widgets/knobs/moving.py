"""A figure of which a part moves: a knob draws that part anew, and keeps the rest.

Beside each view that has curves stands a function that returns its figure, in which all that stands
still is drawn, and `move`, which changes what moves and returns the artists that it has changed,
always the same ones, in the order in which they are to be drawn. `Moving` makes pictures of the
two: in a few milliseconds, where a whole figure takes a tenth of a second and more.
"""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from course_utils.plots import STYLE

Move = Callable[..., list[Artist]]


class Moving:
    """A figure and its `move`: what stands still is drawn once, and kept.

    Args:
        fig, move: what the figure of a knob consists of, as `areas` returns it.
        start: what `move` is given to begin with.
    """

    def __init__(self, fig: Figure, move: Move, *start: Any) -> None:
        self._fig, self._move, self._canvas = fig, move, FigureCanvasAgg(fig)
        with matplotlib.rc_context(STYLE):
            self._canvas.draw()  # now everything has its place
            fig.set_layout_engine("none")
            for artist in move(*start):
                artist.set_animated(True)
            self._canvas.draw()
        self._ground = self._canvas.copy_from_bbox(fig.bbox)

    def png(self, *state: Any) -> bytes:
        """The figure with its moving part in this state, as the bytes of a PNG file."""
        with matplotlib.rc_context(STYLE):
            artists = self._move(*state)
            self._canvas.restore_region(self._ground)
            for artist in artists:
                self._fig.draw_artist(artist)
        file = BytesIO()
        picture = Image.fromarray(np.asarray(self._canvas.buffer_rgba())).convert("RGB")
        picture.save(file, "png", compress_level=1)
        return file.getvalue()
