"""Interactive views, the last room of the house: they show what the other rooms compute.

`knobs` holds the views whose Python side does the work, one module each: ipywidgets' sliders and
one picture. They need a running kernel; without one, `panel` leaves a still picture.

`codes` (`scrub`), `drawing` (`draw`) and `frames` (`walk`, `film`) make views that live in the
browser, without a kernel: `views` is their HTML, `packing` sends networks, and `frontend.js`
computes and draws.
`choose` needs neither kernel nor script.
"""

from course_utils.widgets.choose import choose_model
from course_utils.widgets.codes import scrub
from course_utils.widgets.collapse import collapse_lab
from course_utils.widgets.drawing import draw
from course_utils.widgets.frames import film, walk
from course_utils.widgets.knobs.compare_betas import compare_betas
from course_utils.widgets.knobs.compare_code_sizes import compare_code_sizes
from course_utils.widgets.knobs.compare_gaussians import compare_gaussians
from course_utils.widgets.knobs.denoise_at import denoise_at
from course_utils.widgets.knobs.keep_largest import keep_largest
from course_utils.widgets.knobs.move_samples import move_samples
from course_utils.widgets.knobs.move_threshold import move_threshold

__all__ = [
    "choose_model",
    "collapse_lab",
    "compare_betas",
    "compare_code_sizes",
    "compare_gaussians",
    "denoise_at",
    "draw",
    "film",
    "keep_largest",
    "move_samples",
    "move_threshold",
    "scrub",
    "walk",
]
