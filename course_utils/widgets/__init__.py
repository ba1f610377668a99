"""Interactive views, the last room of the house: they show what the other rooms compute.

`knobs` holds the views whose Python side does the work: ipywidgets' sliders and one picture, which
`figures` draws where it has curves. They need a running kernel; without one, `panel` leaves a still
picture.

`codes` (`scrub`) and `frames` (`walk`, `film`) make views that live in the browser, without a
kernel: `views` is their HTML, `packing` sends a decoder, and `frontend.js` decodes and draws.
`choose` needs neither kernel nor script.
"""

from course_utils.widgets.choose import choose_model
from course_utils.widgets.codes import scrub
from course_utils.widgets.collapse import collapse_lab
from course_utils.widgets.frames import film, walk
from course_utils.widgets.knobs import (
    compare_betas,
    compare_code_sizes,
    compare_gaussians,
    denoise_at,
    keep_largest,
    move_samples,
    move_threshold,
)

__all__ = [
    "choose_model",
    "collapse_lab",
    "compare_betas",
    "compare_code_sizes",
    "compare_gaussians",
    "denoise_at",
    "film",
    "keep_largest",
    "move_samples",
    "move_threshold",
    "scrub",
    "walk",
]
