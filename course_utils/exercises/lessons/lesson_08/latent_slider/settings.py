"""The slider itself: its range, start, step and name."""

import math
import re

import numpy as np

from course_utils.exercises.checking.answer import Wrong
from course_utils.exercises.checking.words import numbers, shown
from course_utils.exercises.lessons.lesson_08.latent_slider.session import REACH, Session

COARSEST = 0.1  # the longest step allowed

# What is said of a range, by its two ends.
RANGES = {
    (0, 100): (
        "The slider goes from 0 to 100, the range of every new FloatSlider. Set it: `min=-3, "
        "max=3`."
    ),
    (0, REACH): (
        "The slider goes from 0 to 3, because `min` is 0 unless you say otherwise. Half of all "
        "codes are below 0: `min=-3`."
    ),
    (-REACH, 100): (
        "The slider goes from -3 to 100, because `max` is 100 unless you say otherwise: `max=3`."
    ),
    (0, 1): (
        "The slider goes from 0 to 1, the range of pixels. The numbers of a code are drawn from a "
        "normal distribution, and it takes -3 to 3 to hold nearly all of them."
    ),
    (-1, 1): (
        "The slider goes from -1 to 1. That is one standard deviation of the prior each way, and a "
        "third of all codes lie outside. Three are asked for: -3 to 3."
    ),
}


def expect_settings(session: Session) -> None:
    """Raise `Wrong` unless range, start, step, name and way of moving are as they should be."""
    slider = session.slider
    ends = slider.min, slider.max
    if ends != (-REACH, REACH):
        general = (
            f"The slider goes from {ends[0]:.4g} to {ends[1]:.4g}; expected -3 to 3, where nearly "
            "all draws from the prior lie."
        )
        if np.allclose(ends, (session.z.min(), session.z.max())):
            general += " These are the ends of z itself, and other codes go further."
        if np.allclose(sum(ends) / 2, session.z[session.dim]):
            general += " It is laid around z[dim]: it should be around 0, the middle of the prior."
        raise Wrong(RANGES.get(ends, general))
    _expect_start(session)
    if slider.step is not None and not 0 < slider.step <= COARSEST + 1e-9:
        raise Wrong(
            f"The slider moves in steps of {slider.step:g}, {_count_of_places(slider.step)}. "
            "At most 0.1 is asked for, so that the picture changes smoothly."
        )
    _expect_description(slider.description, session.dim)
    if slider.disabled:
        raise Wrong("The slider is greyed out, and nobody can move it. Leave out `disabled=True`.")
    if slider.layout.display == "none" or slider.layout.visibility == "hidden":
        raise Wrong("The slider's `layout` hides it, and nobody can move it. Leave that out.")
    if not slider.continuous_update:
        raise Wrong(
            "With `continuous_update=False` the picture waits until the mouse is released. Leave "
            "that out: one learns most while dragging."
        )


def _count_of_places(step: float) -> str:
    count = math.floor(2 * REACH / step) + 1 if step > 0 else 1
    return f"so it has {count} place{'s' * (count != 1)} to stand"


def _expect_start(session: Session) -> None:
    z, dim, start = session.z, session.dim, session.start
    wanted = z[dim].item()
    if math.isclose(start, wanted, abs_tol=1e-5):
        return
    neighbours = {z[(dim + 1) % len(z)].item(), z[dim - 1].item()} - {wanted}
    if math.isclose(start, 0, abs_tol=1e-9):
        message = (
            "The slider starts at 0, where every new slider starts, and the picture with z is "
            "elsewhere: the first touch would make it jump. Set `value` to z[dim]."
        )
    elif math.isclose(start, z[0].item(), abs_tol=1e-5):
        message = "The slider starts at z[0]. It belongs to number dim: `z[dim]`."
    elif any(math.isclose(start, value, abs_tol=1e-5) for value in neighbours):
        message = (
            "The slider starts at the number beside z[dim]. Entries are counted from 0, so the "
            "right one is `z[dim]` as it stands."
        )
    elif start == dim:
        message = (
            f"The slider starts at {dim}, which is dim, the place of the number. Its value is "
            "`z[dim]`."
        )
    elif math.isclose(start, wanted, abs_tol=0.51):
        message = (
            f"The slider starts at {start:g} and z[dim] is {wanted:.4g}: it was rounded. The "
            "browser moves it to the nearest step by itself, so give it `z[dim].item()` as it is."
        )
    else:
        message = (
            f"The slider starts at {start:.4g}; expected z[dim], which is {wanted:.4g} for "
            f"dim = {dim} and {numbers(z, 'z = ') if len(z) < 6 else f'z of {len(z)} numbers'}."
        )
    raise Wrong(message)


def _expect_description(text: str, dim: int) -> None:
    named = [int(number) for number in re.findall(r"\d+", text)]
    if dim in named:
        return
    if not text:
        message = (
            "The slider has no description. Among several, one has to know which is which: "
            '`description=f"z[{dim}]"`.'
        )
    elif re.search(r"\bdim\b", text) and not named:
        message = (
            f"The description is {shown(text)}, letter by letter. An `f` before the quotation "
            'marks puts the number in: `f"z[{dim}]"`.'
        )
    elif dim + 1 in named:
        message = (
            f"The description is {shown(text)}, which counts from 1. In the course, as in Python, "
            f"this is number {dim}."
        )
    else:
        message = f"The description is {shown(text)}; it should hold the number of dim, {dim}."
    raise Wrong(message)
