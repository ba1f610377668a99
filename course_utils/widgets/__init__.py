"""Interactive views, the last room of the house: they show what the other rooms compute.

`knobs` holds the views whose Python side does the work: ipywidgets' sliders and one picture. A view
needs a running kernel, so a lesson draws a still figure beside it for readers without one.
`choose` needs neither kernel nor script.
"""

from course_utils.widgets.choose import choose_model
from course_utils.widgets.collapse import collapse_lab
from course_utils.widgets.knobs import (
    compare_code_sizes,
    compare_gaussians,
    denoise_at,
    move_samples,
    scrub,
)

__all__ = [
    "choose_model",
    "collapse_lab",
    "compare_code_sizes",
    "compare_gaussians",
    "denoise_at",
    "move_samples",
    "scrub",
]
