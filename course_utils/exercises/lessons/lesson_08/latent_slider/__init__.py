"""`latent_slider`, lesson 08: a widget that moves one number of a code."""

from __future__ import annotations  # so that none of them loads ipywidgets

from collections.abc import Callable
from typing import TYPE_CHECKING

from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.answer import Answer, Wrong
from course_utils.exercises.checking.exercise import Exercise, Stage
from course_utils.exercises.lessons.lesson_08.latent_slider.codes import (
    all_close,
    expect_codes,
    expect_values,
)
from course_utils.exercises.lessons.lesson_08.latent_slider.session import (
    Session,
    hold_session,
    move_slider,
    screen,
    slider_probes,
    tidy,
    with_number,
)
from course_utils.exercises.lessons.lesson_08.latent_slider.settings import expect_settings

if TYPE_CHECKING:  # it takes a moment to load
    import ipywidgets


def latent_slider(
    show: Callable[[Tensor], None], z: Float[Tensor, " latent"], dim: int
) -> ipywidgets.FloatSlider:
    """A slider for one number of the code z, entry `dim` counted from 0, that shows what it does.

    It goes from -3 to 3 in steps of 0.1 or finer, starts at z[dim], which lies between, and has
    the number dim in its description. `show(code)` draws the picture of one code (latent,). It is
    called once at the start, with z, and then once for each new value of the slider, also while it
    is dragged: with a new tensor, which is z but for entry dim, and that is the slider's value. z
    itself stays as it is. The slider is returned, and not displayed.
    """
    import ipywidgets

    slider = ipywidgets.FloatSlider(
        value=z[dim].item(), min=-3, max=3, step=0.1, description=f"z[{dim}]"
    )

    def move(change: dict) -> None:
        code = z.clone()  # a new one each time: z, and every code shown before, stay as they are
        code[dim] = change["new"]
        show(code)

    slider.observe(move, names="value")
    show(z.clone())  # `observe` tells of changes, and there was none yet
    return slider


def _slider_type(answer: Answer) -> None:
    """Hold a session with the first code; the next stages look at what came of it."""
    z, dim, moves = next(slider_probes(answer.generator()))
    answer.memory["session"] = hold_session(answer, z, dim, moves)


def _of_first_session(expectation: Callable[[Session], None]) -> Callable[[Answer], None]:
    return lambda answer: expectation(answer.memory["session"])


def _other_codes(answer: Answer) -> None:
    """All of it once more: more and fewer numbers, the first and the last, and two sliders."""
    probes = list(slider_probes(answer.generator()))
    for z, dim, moves in probes[1:]:
        try:
            session = hold_session(answer, z, dim, moves)
            for expectation in (expect_settings, expect_codes, expect_values):
                expectation(session)
        except Wrong as wrong:
            where = f"With number {dim} of a code of {len(z)}, where z[{dim}] is {z[dim]:.4g}: "
            raise Wrong(f"{where}{wrong}") from None
    _expect_independent(answer, *probes[0])


def _expect_independent(answer: Answer, z: Tensor, dim: int, moves: list[float]) -> None:
    """Raise `Wrong` if a slider no longer does its own work once there is a second one."""
    (show, codes), (show_other, others) = screen(), screen()
    with tidy():
        slider = answer(show, z.clone(), dim)
        answer(show_other, z.clone(), dim + 1)
        codes.clear()
        others.clear()
        move_slider(answer, slider, moves[0])
    if others or len(codes) != 1 or not all_close([codes[0].then], [with_number(z, dim, moves[0])]):
        raise Wrong(
            "One slider is right, but after a second one was made the first no longer does its own "
            "work. Do both use one variable, a `global` one or one of a class? Keep z, dim and "
            "`show` where each call of your function has its own."
        )


exercise = Exercise(
    solution=latent_slider,
    place=5,
    difficulty=3,
    minutes=15,
    success=(
        "Of the code of the lesson's 3, the slider of the number with the narrowest cloud, σ about "
        "0.13, draws the whole digit anew: about 100 in squared distance from end to end. That of "
        "the widest, σ above 0.9, changes less than 1, which nobody sees."
    ),
    hints=(
        "Make the slider first: `ipywidgets.FloatSlider(value=..., min=..., max=..., step=..., "
        "description=...)`. It knows nothing of pictures. What it does know is whom to tell when "
        'it is moved: `slider.observe(function, names="value")`.',
        "The function that you give to `observe` is called with one argument, the change, and "
        "`change.new` is the new value. It can be written inside `latent_slider`, where it sees "
        "`show`, `z` and `dim`. It makes a copy of z, puts the new value in its place, and shows "
        "the copy.",
        "`z.clone()` is the copy; make it inside that function, so that each move has its own. "
        "`z[dim].item()` is where the slider starts. And `observe` speaks of changes only: for the "
        "picture at the start, call `show` once yourself.",
    ),
    stages=(
        Stage("type", _slider_type),
        Stage("slider", _of_first_session(expect_settings)),
        Stage("shape", _of_first_session(expect_codes)),
        Stage("value", _of_first_session(expect_values)),
        Stage("other codes", _other_codes),
    ),
)
