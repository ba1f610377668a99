"""A slider is made, moved about, and closed; what it showed meanwhile is written down."""

from __future__ import annotations  # so that none of them loads ipywidgets

import contextlib
import inspect
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple
from unittest import mock

import torch
from torch import Tensor

from course_utils.exercises.checking.answer import Answer, Crash, Unsolved, Wrong, explain
from course_utils.exercises.checking.signature import returns_nothing
from course_utils.exercises.checking.words import describe_type

if TYPE_CHECKING:  # it takes a moment to load
    import ipywidgets


REACH = 3.0  # the slider goes as far as that, each way

SWALLOWED = (
    " In a notebook `interactive_output` keeps an error of your function to itself: call the "
    "function once by hand, with a number, to see whether it stops."
)


class Shown(NamedTuple):
    """What `show` was given: the thing itself, and a copy of what it was at that moment."""

    given: object
    then: object


class Session(NamedTuple):
    """A slider, and what it showed: all that the stages judge.

    Attributes:
        z, dim: what the answer was called with, as it was then.
        slider: what came back; closed, so that it still tells its settings, but does nothing.
        start: the slider's value before the first move.
        at_start: what was shown before the first move.
        moves: the values that the slider was moved to.
        after: what was shown after each of them.
        unasked: whether anything was shown, or stopped, when something else than the value changed.
        z_after: the tensor that the answer was called with, as it was left.
        swallowed: a warning, if there is an Output, in which a kernel hides exceptions; or "".
    """

    z: Tensor
    dim: int
    slider: ipywidgets.FloatSlider
    start: float
    at_start: list[Shown]
    moves: list[float]
    after: list[list[Shown]]
    unasked: bool
    z_after: Tensor
    swallowed: str

    @property
    def codes(self) -> list[Shown]:
        return self.at_start + [code for codes in self.after for code in codes]

    def wanted(self, value: float) -> Tensor:
        return with_number(self.z, self.dim, value)


def with_number(z: Tensor, dim: int | slice, value: float) -> Tensor:
    code = z.clone()
    code[dim] = value
    return code


def slider_probes(generator: torch.Generator) -> Iterator[tuple[Tensor, int, list[float]]]:
    """A code, the number to move, and where to. The first code is small enough to print."""

    def tenths(count: int) -> Tensor:
        """Different numbers between -2.5 and 2, none of which is whole or rounds to 0 or 2."""
        known = [tenth / 10 for tenth in range(-25, 15) if tenth % 10 and abs(tenth) > 5]
        return torch.tensor(known)[torch.randperm(len(known), generator=generator)[:count]]

    def probe(latent: int, dim: int) -> tuple[Tensor, int, list[float]]:
        drawn = tenths(latent + 2)
        first, second = (round(value, 1) for value in drawn[latent:].tolist())
        return drawn[:latent], dim, [first, REACH, second, -REACH]

    yield probe(5, 2)
    z, dim, moves = probe(20, 7)
    yield z + 0.0371, dim, [moves[0] + 0.0437, *moves[1:]]  # between the slider's steps
    yield probe(2, 0)
    yield probe(12, 11)
    z, dim, moves = probe(3, 1)
    yield with_number(z, dim, 0.0), dim, moves  # where a new slider stands anyway


@contextlib.contextmanager
def tidy() -> Iterator[list[ipywidgets.Widget]]:
    """List every widget that is made meanwhile, and close it: none stays behind in the kernel."""
    from ipywidgets import Widget

    made: list[Widget] = []
    before = getattr(Widget, "_widget_construction_callback", None)
    Widget.on_widget_constructed(made.append)
    try:
        yield made
    finally:
        Widget.on_widget_constructed(before)
        for widget in made:
            widget.unobserve_all()  # closing is a change, too
            widget.close()


@contextlib.contextmanager
def display_caught() -> Iterator[list[ipywidgets.Widget]]:
    """List every widget that is displayed meanwhile, and show none: it would be dead already.

    A kernel asks a widget for `_ipython_display_` before anything else, and takes its word. Where
    there is no kernel, `display` prints.
    """
    from IPython.core import display_functions
    from ipywidgets import Widget

    caught: list[Widget] = []

    def print_others(*things: object, **options: object) -> None:
        caught.extend(thing for thing in things if isinstance(thing, Widget))
        if others := [thing for thing in things if not isinstance(thing, Widget)]:
            print(*others, **options)

    def catch(widget: Widget, **options: object) -> None:
        caught.append(widget)

    with (
        mock.patch.object(Widget, "_ipython_display_", catch, create=True),
        mock.patch.object(display_functions, "print", print_others, create=True),
    ):
        yield caught


def screen() -> tuple[Callable[[Tensor], None], list[Shown]]:
    """A `show` that draws nothing, and the list of what it is given."""
    codes: list[Shown] = []

    def show(code: object) -> None:
        codes.append(Shown(code, code.detach().clone() if isinstance(code, Tensor) else code))

    return show, codes


def _move(slider: ipywidgets.FloatSlider, value: float) -> None:
    slider.value = value


def move_slider(answer: Answer, slider: ipywidgets.FloatSlider, value: float) -> None:
    """Move the slider, as the browser does; raise `Crash` if what hangs on it stops."""
    try:
        answer.call(_move, slider, value)
    except Crash as crash:
        message = f"The slider was moved to {value:g}. {explain(crash.error)}"
        raise Crash(message + _help(crash.error), crash.error) from None


# What is added to an exception, by a pattern that its text contains.
HELP = {
    r"Float.*__init__\(\) takes": (
        "Of the settings of a slider only the value may stand without its name: `min=-3, max=3`."
    ),
    r"'description' trait": 'The description is a text: `f"z[{dim}]"`.',
    r"has no attribute 'on_": (
        "The method that tells of changes is called `observe`, whatever the widget."
    ),
    r"'NoneType' object is not callable": (
        "`observe(move(...))` runs `move` at once, and is given what it returns, `None`. Hand in "
        "the function itself, without parentheses: `observe(move, ...)`."
    ),
    r"cannot access local variable": (
        "A name that a function assigns to is its own from the function's first line on. Give the "
        "copy another name than z has."
    ),
    r"can't assign a|object has no attribute|takes \d+ positional|missing \d+ required|^\w+$": (
        "`observe` calls your function with one argument, the change, and `change.new` is the "
        "slider's value; `show` takes one argument, the code."
    ),
}


def _help(error: BaseException) -> str:
    return next((f"\n{text}" for part, text in HELP.items() if re.search(part, str(error))), "")


def hold_session(answer: Answer, z: Tensor, dim: int, moves: list[float]) -> Session:
    """Make a slider, move it about, and note everything that it shows."""
    show, codes = screen()
    given = z.clone()
    with tidy() as made, display_caught() as displayed:
        try:
            slider = answer(show, given, dim)
        except Crash as crash:
            raise Crash(f"{crash}{_help(crash.error)}", crash.error) from None
        _expect_slider(slider, answer.function)
        start, at_start = slider.value, codes.copy()
        after = []
        for value in moves:
            codes.clear()
            move_slider(answer, slider, value)
            after.append(codes.copy())
        codes.clear()
        _expect_not_displayed(displayed)
        unasked = _is_called_for_other_traits(answer, slider, codes)
        swallowed = SWALLOWED if any(type(widget).__name__ == "Output" for widget in made) else ""
    return Session(z, dim, slider, start, at_start, moves, after, unasked, given, swallowed)


def _expect_not_displayed(displayed: list[ipywidgets.Widget]) -> None:
    if displayed:
        raise Wrong(
            f"Your function displays {describe_type(displayed[0])} itself. The slider is returned, "
            "and not displayed: whoever calls decides where it stands, say beside the picture, and "
            "a second one would be in the way. Leave out `display(...)`."
        )


def _is_called_for_other_traits(
    answer: Answer, slider: ipywidgets.FloatSlider, codes: list[Shown]
) -> bool:
    """Whether anything is shown, or stops, when the slider is greyed out and made usable again."""

    def grey_out(slider: ipywidgets.FloatSlider) -> None:
        slider.disabled = not slider.disabled
        slider.disabled = not slider.disabled

    try:
        answer.call(grey_out, slider)
    except Crash:
        return True
    return bool(codes)


def _expect_slider(got: object, function: object) -> None:
    """Raise `Wrong` unless this is a FloatSlider."""
    import ipywidgets

    if isinstance(got, ipywidgets.FloatSlider):
        return
    if got is None and returns_nothing(function):
        raise Unsolved
    if inspect.iscoroutine(got):
        got.close()
    kind = f"the class {got.__name__}" if inspect.isclass(got) else describe_type(got)
    returned = f"Your function returned {kind}; expected an `ipywidgets.FloatSlider`."
    if got is None:
        reason = (
            "Is the last line `return slider`? `observe` and `display` return nothing, so they "
            "must not stand behind the `return`."
        )
    elif isinstance(got, ipywidgets.interactive):
        reason = (
            "`interactive` makes a box with a slider in it, and shows nothing before the box is "
            "displayed. Make the slider yourself, and tie it to `show` with its `observe`."
        )
    elif isinstance(got, ipywidgets.Box):
        reason = (
            "Return the slider alone, without a box around it: the lesson puts it beside the "
            "picture."
        )
    elif isinstance(got, ipywidgets.Output):
        reason = (
            "That is what `interactive_output` returns: a place for what is printed. The slider "
            "is the other one; return that."
        )
    elif isinstance(got, ipywidgets.IntSlider | ipywidgets.IntText | ipywidgets.BoundedIntText):
        reason = "It knows whole numbers only, and a code lives between them."
    elif isinstance(got, ipywidgets.Widget):
        reason = "It is a widget, but not the one that is asked for."
    elif inspect.isclass(got):
        reason = "Call it, `ipywidgets.FloatSlider(...)`, and it makes a slider."
    elif callable(got):
        reason = (
            "That is a function. `interact` gives back the function that it was given, not the "
            "slider: make that yourself, with `ipywidgets.FloatSlider(...)`."
        )
    elif isinstance(got, int | float):
        reason = "`slider.value` is where it stands at this moment. Return the slider itself."
    elif isinstance(got, tuple | list):
        reason = "Return the slider alone, and look for a comma after it."
    else:
        reason = "Look at what stands after `return`."
    raise Wrong(f"{returned} {reason}")
