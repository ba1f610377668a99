"""Checks of lesson 08: walking through the codes, a slider, and a tighter bound."""

import contextlib
import inspect
import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from course_utils.exercises.answer import (
    Answer,
    Crash,
    Unsolved,
    Wrong,
    describe_type,
    explain,
    numbers,
    returns_nothing,
    shown,
)
from course_utils.exercises.compare import Comparison, Mistake, expect_close
from course_utils.exercises.exercise import Exercise, Stage
from course_utils.exercises.solutions import lesson_08 as solutions

if TYPE_CHECKING:  # it takes a moment to load, and nothing but the slider's check needs it
    import ipywidgets

# --- interpolate ----------------------------------------------------------------------------------


def _walks(generator: torch.Generator) -> list[tuple[Tensor, Tensor, int]]:
    def ends(latent: int) -> tuple[Tensor, Tensor]:
        z_start, z_end = torch.randn(2, latent, generator=generator)
        return z_start - 1, 1.5 * z_end + 1

    return [
        (*(z.mul(10).round().div(10) for z in ends(3)), 5),  # small enough to print
        (*ends(4), 4),
        (*ends(2), 11),
        (*ends(20), 8),
        (*ends(1), 3),
        (*ends(6), 2),  # nothing but the two ends
    ]


def _mixed(
    weights: Callable[[Tensor], tuple[Tensor, Tensor]],
    message: str,
    places: Callable[[int], Tensor] = lambda steps: torch.linspace(0, 1, steps),
) -> Mistake:
    """A mistake in the weights of the two ends, or in the places t along the way."""

    def walk(z_start: Tensor, z_end: Tensor, steps: int) -> Tensor:
        a, b = weights(places(steps)[:, None])
        return a * z_start + b * z_end

    return Mistake(walk, message)


def _straight(t: Tensor) -> tuple[Tensor, Tensor]:
    return 1 - t, t


def _along_the_sphere(z_start: Tensor, z_end: Tensor, steps: int) -> Tensor:
    t = torch.linspace(0, 1, steps)[:, None]
    angle = torch.cosine_similarity(z_start, z_end, dim=0).clamp(-1, 1).acos()
    return (((1 - t) * angle).sin() * z_start + (t * angle).sin() * z_end) / angle.sin()


interpolate = Exercise(
    solution=solutions.interpolate,
    difficulty=1,
    minutes=8,
    success=(
        "From (0, 0) to (4, 2) in 5 steps: (0, 0), (1, 0.5), (2, 1), (3, 1.5), (4, 2). Decoded, "
        "nine such codes turn one digit into another."
    ),
    hints=(
        "A point on the way is a mixture, (1 - t) z_start + t z_end. Which t give the first row, "
        "the last row, and steps rows in all?",
        "`torch.linspace(0, 1, steps)` has both ends and steps numbers. As a column, with "
        "`[:, None]`, it multiplies a row of the code into (steps, latent).",
    ),
    stages=Comparison(
        probes=_walks,
        shape="(steps, latent): one code for each step, both ends included",
        advice=(
            "Look at three rows: the first should be z_start, the last z_end, and the difference "
            "of neighbours the same everywhere, (z_end - z_start) / (steps - 1)."
        ),
        mistakes=[
            _mixed(
                _straight,
                "The end is missing: you divide the way into `steps` pieces, and stop one piece "
                "short of z_end. From the first row to the last there are steps - 1 pieces.",
                lambda steps: torch.arange(steps) / steps,
            ),
            _mixed(
                _straight,
                "The start is missing: your first row is one piece ahead of z_start. Let t run "
                "from 0 to 1, both included.",
                lambda steps: torch.arange(1, steps + 1) / steps,
            ),
            _mixed(
                _straight,
                "There are steps + 1 rows. `steps` counts the codes, and both ends are among them.",
                lambda steps: torch.linspace(0, 1, steps + 1),
            ),
            _mixed(
                _straight,
                "There are steps + 2 rows: the ends are counted among the `steps`, not added to "
                "them.",
                lambda steps: torch.linspace(0, 1, steps + 2),
            ),
            _mixed(
                _straight,
                "There are steps - 1 rows. That is the number of pieces between the codes; the "
                "codes are one more.",
                lambda steps: torch.linspace(0, 1, steps - 1),
            ),
            _mixed(
                _straight,
                "Both ends are missing: your codes all lie between them. The first row is z_start "
                "itself, the last z_end.",
                lambda steps: torch.linspace(0, 1, steps + 2)[1:-1],
            ),
            _mixed(
                _straight,
                "There are steps - 1 rows: z_end is missing. `range(steps - 1)`, "
                "`torch.arange(0, 1, ...)` and `[:-1]` all leave out the last.",
                lambda steps: torch.linspace(0, 1, steps)[:-1],
            ),
            _mixed(
                _straight,
                "There are steps - 1 rows: z_start is missing. Begin with t = 0, not one piece "
                "later.",
                lambda steps: torch.linspace(0, 1, steps)[1:],
            ),
            _mixed(
                _straight,
                "Your first row is one piece ahead of z_start and your last one piece beyond "
                "z_end: you take a step before you note down the first code.",
                lambda steps: torch.arange(1, steps + 1) / (steps - 1),
            ),
            _mixed(
                _straight,
                "Your walk stops two pieces short of z_end: you divide the way into steps + 1 "
                "pieces, and from the first row to the last there are steps - 1.",
                lambda steps: torch.arange(steps) / (steps + 1),
            ),
            *(
                _mixed(
                    _straight,
                    f"There are always {rows} rows, whatever `steps` is. Use the argument in place "
                    "of the number.",
                    lambda _, rows=rows: torch.linspace(0, 1, rows),
                )
                for rows in (3, 5, 8, 9, 10, 11)
            ),
            _mixed(
                lambda t: (t, 1 - t),
                "The walk goes backwards, from z_end to z_start: the two weights have changed "
                "places. At t = 0 all of the weight is on z_start.",
            ),
            Mistake(
                _along_the_sphere,
                "This is a spherical interpolation, along an arc. A straight line is asked for: "
                "(1 - t) z_start + t z_end.",
            ),
            _mixed(
                lambda t: ((1 - t).sqrt(), t.sqrt()),
                "Your weights are the square roots of 1 - t and t, which do not add up to 1, so "
                "the path is bent. A straight line has the weights 1 - t and t.",
            ),
            _mixed(
                lambda t: _straight((1 - (math.pi * t).cos()) / 2),
                "Right line, uneven steps: you walk slowly near the ends and fast in the middle. "
                "All steps should be of the same length.",
            ),
            _mixed(
                lambda t: _straight(3 * t**2 - 2 * t**3),
                "Right line, but your t is eased by 3t² - 2t³, so the steps are uneven. Use the "
                "evenly spaced t as it is.",
            ),
            _mixed(
                lambda t: _straight(t**2),
                "Right line, uneven steps: your t is squared, so you start slowly and end fast. "
                "Use the evenly spaced t as it is.",
            ),
            Mistake(
                lambda z_start, z_end, steps: functional.normalize(
                    solutions.interpolate(z_start, z_end, steps), dim=1
                ),
                "You divide every code by its own length, so they lie on a sphere, and the ends "
                "are not z_start and z_end. Leave the mixture as it is.",
            ),
            Mistake(
                lambda z_start, z_end, steps: solutions.interpolate(z_start, z_end, steps).ravel(),
                "All the codes stand in one long row. `torch.cat` joins them end to end; "
                "`torch.stack` puts each in a row of its own.",
            ),
            Mistake(
                lambda z_start, z_end, steps: (
                    1 + torch.linspace(0, 1, steps)[:, None] * (z_end - z_start)
                ),
                "Brackets: `1 - t * z_start` multiplies first. The weight of z_start is "
                "`(1 - t)`, with brackets around it.",
            ),
            _mixed(
                lambda t: (1 + t, t),
                "You add t (z_start + z_end). The way from one to the other is the difference, "
                "z_end - z_start.",
            ),
            _mixed(
                lambda t: (torch.ones_like(t), t),
                "You add t z_end to the whole of z_start. What is to be added is t times the way "
                "between them, t (z_end - z_start).",
            ),
            _mixed(
                lambda t: (1 - t, torch.ones_like(t)),
                "z_end has the full weight from the first row on. It should grow: t z_end.",
            ),
            _mixed(
                lambda t: (1 + t, -t),
                "You walk away from z_end: the way is z_end - z_start, and you have it the other "
                "way round.",
            ),
            _mixed(
                lambda t: (1 - t, -t),
                "There is a minus where the plus should be: (1 - t) z_start plus t z_end.",
            ),
            _mixed(
                lambda t: (-t, t),
                "These are the steps t (z_end - z_start) from the start, but z_start itself is not "
                "added.",
            ),
            _mixed(
                _straight,
                "Every row but the last is z_start: t is 0 until it is 1. `//` divides whole "
                "numbers without remainder; use `/`.",
                lambda steps: (torch.arange(steps) // (steps - 1)).float(),
            ),
            _mixed(
                _straight,
                "t runs from 0 to steps - 1 here, so the walk goes far beyond z_end. Divide by "
                "steps - 1: t should end at 1.",
                lambda steps: torch.arange(steps).float(),
            ),
            _mixed(
                _straight,
                "t runs from 0 to steps here, so the walk goes far beyond z_end. t should run "
                "from 0 to 1: `torch.linspace(0, 1, steps)`.",
                lambda steps: torch.linspace(0, steps, steps),
            ),
            Mistake(
                lambda z_start, z_end, steps: solutions.interpolate(z_start, z_end, steps).T,
                "Rows and columns are exchanged: this is (latent, steps). One row for each code: "
                "make a column of t, with `[:, None]`.",
            ),
            Mistake(
                lambda z_start, z_end, steps: (
                    z_start + torch.linspace(0, 1, steps) * (z_end - z_start)
                ),
                "t has an entry for each step and the code one for each dimension, and torch "
                "cannot multiply the two entry by entry. Make a column of t, `t[:, None]`: a "
                "column times a row is a table, (steps, latent).",
            ),
        ],
    ).stages,
)

# --- latent_slider --------------------------------------------------------------------------------

REACH = 3.0  # the slider goes as far as that, each way
COARSEST = 0.1  # the longest step allowed
SWALLOWED = (
    " In a notebook `interactive_output` keeps an error of your function to itself: call the "
    "function once by hand, with a number, to see whether it stops."
)


class _Shown(NamedTuple):
    """What `show` was given: the thing itself, and a copy of what it was at that moment."""

    given: object
    then: object


class _Session(NamedTuple):
    """A slider, and what it showed: all that the stages judge.

    Attributes:
        z, dim: what the answer was called with, as it was then.
        slider: what came back; closed, so that it still tells its settings, but does nothing.
        start: the slider's value before the first move.
        at_start: what was shown before the first move.
        moves: the values that the slider was moved to.
        after: what was shown after each of them.
        unasked: what was shown when something else than the value changed; or that it crashed.
        z_after: the tensor that the answer was called with, as it was left.
        swallowed: a warning, if there is an Output, in which a kernel hides exceptions; or "".
    """

    z: Tensor
    dim: int
    slider: "ipywidgets.FloatSlider"
    start: float
    at_start: list[_Shown]
    moves: list[float]
    after: list[list[_Shown]]
    unasked: bool
    z_after: Tensor
    swallowed: str

    @property
    def codes(self) -> list[_Shown]:
        return self.at_start + [code for codes in self.after for code in codes]

    def wanted(self, value: float) -> Tensor:
        return _with(self.z, self.dim, value)


def _with(z: Tensor, dim: int | slice, value: float) -> Tensor:
    code = z.clone()
    code[dim] = value
    return code


def _slider_probes(generator: torch.Generator) -> Iterator[tuple[Tensor, int, list[float]]]:
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
    yield _with(z, dim, 0.0), dim, moves  # where a new slider stands anyway


@contextlib.contextmanager
def _tidy() -> Iterator[list["ipywidgets.Widget"]]:
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


def _screen() -> tuple[Callable[[Tensor], None], list[_Shown]]:
    """A `show` that draws nothing, and the list of what it is given."""
    codes: list[_Shown] = []

    def show(code: object) -> None:
        codes.append(_Shown(code, code.detach().clone() if isinstance(code, Tensor) else code))

    return show, codes


def _move(slider: "ipywidgets.FloatSlider", value: float) -> None:
    slider.value = value


def _moved(answer: Answer, slider: "ipywidgets.FloatSlider", value: float) -> None:
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


def _hold_session(answer: Answer, z: Tensor, dim: int, moves: list[float]) -> _Session:
    """Make a slider, move it about, and note everything that it shows."""
    show, codes = _screen()
    given = z.clone()
    with _tidy() as made:
        try:
            slider = answer(show, given, dim)
        except Crash as crash:
            raise Crash(f"{crash}{_help(crash.error)}", crash.error) from None
        _expect_slider(slider, answer.function)
        start, at_start = slider.value, codes.copy()
        after = []
        for value in moves:
            codes.clear()
            _moved(answer, slider, value)
            after.append(codes.copy())
        codes.clear()
        unasked = _is_called_for_other_traits(answer, slider, codes)
        swallowed = SWALLOWED if any(type(widget).__name__ == "Output" for widget in made) else ""
    return _Session(z, dim, slider, start, at_start, moves, after, unasked, given, swallowed)


def _is_called_for_other_traits(
    answer: Answer, slider: "ipywidgets.FloatSlider", codes: list[_Shown]
) -> bool:
    """Whether anything is shown, or stops, when the slider is greyed out and made usable again."""

    def grey_out(slider: "ipywidgets.FloatSlider") -> None:
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


def _expect_settings(session: _Session) -> None:
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
    if not slider.continuous_update:
        raise Wrong(
            "With `continuous_update=False` the picture waits until the mouse is released. Leave "
            "that out: one learns most while dragging."
        )


def _count_of_places(step: float) -> str:
    count = math.floor(2 * REACH / step) + 1 if step > 0 else 1
    return f"so it has {count} place{'s' * (count != 1)} to stand"


def _expect_start(session: _Session) -> None:
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


def _expect_codes(session: _Session) -> None:
    """Raise `Wrong` unless `show` got one code, of the right shape, at the start and at each move.

    What it got is looked at before how often.
    """
    for code in session.codes:
        _expect_code(code.then, session.z)
    at_start, counts = len(session.at_start), [len(codes) for codes in session.after]
    if not at_start and not any(counts):
        raise Wrong(
            "`show` was never called, neither at the start nor when the slider moved. Call it once "
            "with z, and give the slider a function that calls it: "
            '`slider.observe(..., names="value")`.' + session.swallowed
        )
    if not any(counts):
        raise Wrong(
            "At the start z is shown, but then the slider moves and nothing is. Was "
            '`slider.observe(..., names="value")` called, spelt like this, and does the function '
            "in it come to `show(...)`, with parentheses?" + session.swallowed
        )
    if not at_start:
        raise Wrong(
            "Nothing is shown at the start, and whoever opens the page sees no picture before the "
            "first move. `observe` tells of changes only: call `show` once yourself."
        )
    if at_start > 1:
        raise Wrong(
            f"Before the first move `show` was called {at_start} times; once is enough. A slider "
            "that is observed already tells of the start, too, when you set its value: set it "
            "where you make the slider."
        )
    for value, count in zip(session.moves, counts, strict=True):
        if count > 1:
            raise Wrong(
                f"One move, to {value:g}, called `show` {count} times. Is the slider observed "
                "twice, or does the function that hears of the move set the slider's value again?"
            )
        if count < 1:
            raise Wrong(
                f"Some moves show nothing: the one to {value:g}, for instance. Look for a "
                "condition (`if`) before `show`; every new value is to be shown."
            )


def _expect_code(code: object, z: Tensor) -> None:
    """Raise `Wrong` unless this is a tensor of the shape and type of z."""
    from ipywidgets import Widget

    if isinstance(code, dict):
        raise Wrong(
            "`show` was given the change itself, a dictionary of what happened (its entries are "
            "`old`, `new`, `owner` and others). It wants a code: make a copy of z, put "
            "`change.new` in its place, and show that."
        )
    if isinstance(code, Widget):
        raise Wrong(
            f"`show` was given {describe_type(code)}, a widget. It wants a code, a tensor: the "
            "slider's number is `slider.value`, and the rest of the code is z."
        )
    if isinstance(code, bool | int | float) or (isinstance(code, Tensor) and code.numel() == 1):
        raise Wrong(
            "`show` was given a single number. The decoder needs the whole code: a copy of z in "
            "which number dim is this one."
        )
    if isinstance(code, list | tuple | np.ndarray):
        raise Wrong(
            f"`show` was given {describe_type(code)}; expected a tensor. `z.clone()` is a copy "
            "that stays one."
        )
    if not isinstance(code, Tensor):
        raise Wrong(f"`show` was given {describe_type(code)}; expected a tensor, {tuple(z.shape)}.")
    if code.shape == (1, *z.shape):
        raise Wrong(
            f"`show` was given a batch of one code, {tuple(code.shape)}. It takes the code alone, "
            f"{tuple(z.shape)}, and adds the axis of the batch itself: leave out `[None]` or "
            "`unsqueeze(0)`."
        )
    if code.shape != z.shape:
        raise Wrong(
            f"`show` was given a tensor of shape {tuple(code.shape)}; expected the shape of z, "
            f"{tuple(z.shape)}: as many numbers, one of which is the slider's."
        )
    if code.dtype != z.dtype:
        raise Wrong(
            f"`show` was given numbers of {code.dtype}, and z has {z.dtype}, like the weights of "
            "the decoder, which takes no others. `z.clone()` has the right ones from the start."
        )


class _Slip(NamedTuple):
    """What is shown after each move by a mistake that people really make, and what to say.

    `codes` goes from z, dim and the list of moves to the codes.
    """

    codes: Callable[[Tensor, int, list[float]], list[Tensor]]
    message: str


def _each(code: Callable[[Tensor, int, float], Tensor], message: str) -> _Slip:
    """A mistake that does not remember earlier moves."""
    return _Slip(lambda z, dim, moves: [code(z, dim, value) for value in moves], message)


SLIPS = (
    _each(
        lambda z, dim, value: z,
        "Whatever the slider does, the code stays what it was at the start. `slider.value` was "
        "read once, before the first move: read it, or `change.new`, inside the function that "
        "`observe` calls. And put it in with a single `=`.",
    ),
    _Slip(
        lambda z, dim, moves: [_with(z, dim, old) for old in [z[dim].item(), *moves[:-1]]],
        "The picture is one move behind: `change.old` is where the slider was, `change.new` where "
        "it is.",
    ),
    _each(
        lambda z, dim, value: z + functional.one_hot(torch.tensor(dim), len(z)) * value,
        "The slider's value is added to z[dim]. It should take its place, so that the slider "
        "says what the number is.",
    ),
    _Slip(
        lambda z, dim, moves: [
            _with(z, dim, z[dim].item() + sum(moves[: i + 1])) for i in range(len(moves))
        ],
        "Each move is added to all those before it: the same place of the slider shows another "
        "picture each time. Begin each time with a copy of z, and put the value in its place.",
    ),
    _each(
        lambda z, dim, value: z * _with(torch.ones_like(z), dim, value),
        "z[dim] is multiplied by the slider's value. The value should take its place.",
    ),
    _each(
        lambda z, dim, value: _with(z, dim, -value),
        "Number dim is the slider's value with its sign turned.",
    ),
    *(
        _each(
            lambda z, dim, value, whole=whole: _with(z, dim, float(whole(value))),
            "The slider's value lost its decimals on the way into the code. Look for `int(...)` or "
            "`round(...)`.",
        )
        for whole in (int, round, lambda value: round(value, 1))
    ),
    _each(
        lambda z, dim, value: _with(torch.zeros_like(z), dim, value),
        "All other numbers of the code are 0. They should be those of z: begin with `z.clone()` "
        "in place of `torch.zeros(...)`.",
    ),
    _each(
        lambda z, dim, value: torch.full_like(z, value),
        "All numbers of the code are the slider's value. Only number dim should be: `code[dim] = "
        "...`.",
    ),
    _each(
        lambda z, dim, value: z + value,
        "The slider's value is added to every number of z. It should take the place of number dim, "
        "and of no other.",
    ),
    _each(
        lambda z, dim, value: z * value,
        "The whole of z is multiplied by the slider's value. That should take the place of number "
        "dim, and of no other.",
    ),
    _each(
        lambda z, dim, value: _with(z, 0, value),
        "Whatever dim is, number 0 of the code moves. The slider's value belongs to number dim.",
    ),
    _each(
        lambda z, dim, value: _with(z, (dim + 1) % len(z), value),
        "The number after the right one moves. Entries are counted from 0: `code[dim]`, not "
        "`code[dim + 1]`.",
    ),
    _each(
        lambda z, dim, value: _with(z, dim - 1, value),
        "The number before the right one moves. dim is counted from 0, as Python does: "
        "`code[dim]`, not `code[dim - 1]`.",
    ),
    _each(
        lambda z, dim, value: _with(z, -1, value),
        "Whatever dim is, the last number of the code moves. The slider's value belongs to number "
        "dim.",
    ),
    _each(
        lambda z, dim, value: _with(z, slice(dim, None), value),
        "From number dim on, all numbers of the code are the slider's value. `code[dim:]` is a "
        "slice; `code[dim]` is one number.",
    ),
    _each(
        lambda z, dim, value: _with(z, slice(None, dim), value),
        "All numbers before number dim are the slider's value. `code[:dim]` is a slice; "
        "`code[dim]` is one number.",
    ),
)


def _expect_values(session: _Session) -> None:
    """Raise `Wrong` unless each code is a copy of z with the slider's value in its place."""
    z, dim = session.z, session.dim
    if not torch.equal(session.z_after, z):
        raise Wrong(
            "Moving the slider changed z itself, and whoever needs the code of the start, for a "
            "second slider or a way back, has lost it. `code = z` is but a second name for z, and "
            "`z[:]`, `z.numpy()` and `copy.copy(z)` share its memory: begin with `code = "
            "z.clone()`."
        )
    _expect_z_at_start(session)
    got = [codes[0].then for codes in session.after]
    wanted = [session.wanted(value) for value in session.moves]
    if not _agree(got, wanted):
        for slip in SLIPS:
            if _agree(got, slip.codes(z, dim, session.moves)):
                raise Wrong(slip.message)
    for value, code, expected in zip(session.moves, got, wanted, strict=True):
        expect_close(
            code,
            expected,
            {"z": z, "dim": dim, "value": value},
            "Compare the two, number by number: `value` is where the slider was moved to, "
            "`returned` the code that `show` was given.",
        )
    _expect_new_tensors(session)
    if session.unasked:
        raise Wrong(
            "The function hears of everything: it also ran when the slider was greyed out, "
            "`slider.disabled = True`, and not moved at all. Name what it should listen to: "
            '`observe(..., names="value")`.'
        )


def _agree(got: Sequence[Tensor], wanted: Sequence[Tensor]) -> bool:
    return all(torch.allclose(a, b, atol=1e-5) for a, b in zip(got, wanted, strict=True))


def _expect_z_at_start(session: _Session) -> None:
    z, dim = session.z, session.dim
    first = session.at_start[0].then
    if _agree([first], [z]):
        return
    if _agree([first], [torch.zeros_like(z)]):
        raise Wrong("At the start zeros are shown, the middle of the prior. Show z.")
    if _agree([first], [_with(z, dim, 0.0)]):
        raise Wrong(
            "At the start z is shown with number dim at 0. Nothing was moved yet: show z as it is."
        )
    expect_close(
        first,
        z,
        {"z": z, "dim": dim},
        "This is the code that `show` was given at the start: it should be z, as it is.",
    )


def _expect_new_tensors(session: _Session) -> None:
    """Raise `Wrong` if a code that was shown changed afterwards."""
    for code in session.codes:
        if not torch.equal(code.given, code.then):
            raise Wrong(
                "Each picture is right at its moment, but `show` is given the same tensor again "
                "and again, and each move overwrites the code that was shown before. Whoever keeps "
                "them, for a film, keeps the last one many times. Make the copy inside the "
                "function that `observe` calls."
            )


def _slider_type(answer: Answer) -> None:
    """Hold a session with the first code; the next stages look at what came of it."""
    z, dim, moves = next(_slider_probes(answer.generator()))
    answer.memory["session"] = _hold_session(answer, z, dim, moves)


def _of_first_session(expectation: Callable[[_Session], None]) -> Callable[[Answer], None]:
    return lambda answer: expectation(answer.memory["session"])


def _other_codes(answer: Answer) -> None:
    """All of it once more: more and fewer numbers, the first and the last, and two sliders."""
    probes = list(_slider_probes(answer.generator()))
    for z, dim, moves in probes[1:]:
        try:
            session = _hold_session(answer, z, dim, moves)
            for expectation in (_expect_settings, _expect_codes, _expect_values):
                expectation(session)
        except Wrong as wrong:
            where = f"With number {dim} of a code of {len(z)}, where z[{dim}] is {z[dim]:.4g}: "
            raise Wrong(f"{where}{wrong}") from None
    _expect_independent(answer, *probes[0])


def _expect_independent(answer: Answer, z: Tensor, dim: int, moves: list[float]) -> None:
    """Raise `Wrong` if a slider no longer does its own work once there is a second one."""
    (show, codes), (show_other, others) = _screen(), _screen()
    with _tidy():
        slider = answer(show, z.clone(), dim)
        answer(show_other, z.clone(), dim + 1)
        codes.clear()
        others.clear()
        _moved(answer, slider, moves[0])
    if others or len(codes) != 1 or not _agree([codes[0].then], [_with(z, dim, moves[0])]):
        raise Wrong(
            "One slider is right, but after a second one was made the first no longer does its own "
            "work. Do both use one variable, a `global` one or one of a class? Keep z, dim and "
            "`show` where each call of your function has its own."
        )


latent_slider = Exercise(
    solution=solutions.latent_slider,
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
        Stage("slider", _of_first_session(_expect_settings)),
        Stage("shape", _of_first_session(_expect_codes)),
        Stage("value", _of_first_session(_expect_values)),
        Stage("other codes", _other_codes),
    ),
)


# --- importance_weighted_bound --------------------------------------------------------------------


def _log_weights(generator: torch.Generator) -> list[tuple[Tensor]]:
    def around(centre: float, k: int, batch: int) -> Tensor:
        return 2 * torch.randn(k, batch, generator=generator) + centre

    extreme = torch.tensor([1000.0, -1000.0, 0.0]) + around(0.0, 5, 3)
    torn = torch.tensor([[0.0], [-1000.0], [1000.0], [1000.0]]) + around(0.0, 4, 2)
    return [
        (around(-1.0, 5, 3).mul(10).round().div(10),),  # small enough to print
        (around(0.5, 2, 6),),
        (around(1.0, 1, 5),),  # one draw: the ELBO
        (around(-0.5, 4, 4),),
        (around(-2.0, 7, 1),),
        (around(-100.0, 50, 8) / 10,),
        (around(-1000.0, 3, 2),),
        (around(1000.0, 2, 3),),
        (extreme,),  # each example far from every other
        (torn,),  # and each draw
    ]


def _stabilised(log_w: Tensor, highest: Tensor) -> Tensor:
    return (log_w - highest).exp().mean(0).log() + highest


importance_weighted_bound = Exercise(
    solution=solutions.importance_weighted_bound,
    difficulty=2,
    minutes=12,
    success=(
        "Log-weights 0 and log 3 give log 2, since the mean of 1 and 3 is 2. For k = 1 the bound "
        "is the ELBO, and in the toy example of lesson 06 it climbs from -2.738 to -1.864 at "
        "k = 50, towards log p(x) = -1.859."
    ),
    hints=(
        "The mean is over the weights, not over their logarithms: exponentiate, average over the k "
        "draws, take the logarithm. Which of the two axes counts the draws?",
        "Written like that it fails: exp(1000) is inf and exp(-1000) is 0. "
        "`torch.logsumexp(log_w, dim)` does the exp, the sum and the logarithm without leaving the "
        "range.",
        "A mean is a sum divided by k, and the logarithm of that is the logarithm of the sum less "
        "`math.log(k)`, where k is `len(log_w)`.",
    ),
    stages=Comparison(
        probes=_log_weights,
        shape="(batch,): one number for each column",
        advice=(
            "Take the first column: exponentiate its k numbers, add them up, divide by k, and take "
            "the logarithm. That is the first number to return."
        ),
        gradient="log_w",
        mistakes=[
            Mistake(
                lambda log_w: log_w.mean(0),
                "This is the mean of the logarithms: the ELBO, averaged over k draws. The bound "
                "is the logarithm of the mean, which by Jensen's inequality is higher.",
            ),
            Mistake(
                lambda log_w: log_w.logsumexp(0),
                "This is the logarithm of the sum of the weights. Their mean is asked for: "
                "subtract log k.",
            ),
            Mistake(
                lambda log_w: log_w.logsumexp(0) + math.log(len(log_w)),
                "You added log k, and it is to be subtracted: dividing by k inside the logarithm "
                "is subtracting log k outside.",
            ),
            Mistake(
                lambda log_w: log_w.logsumexp(0) / len(log_w),
                "You divided the logarithm of the sum by k. Divide the sum itself: outside of the "
                "logarithm, that is - log k.",
            ),
            Mistake(
                lambda log_w: log_w.logsumexp(0) - len(log_w),
                "You subtracted k itself. Dividing by k inside the logarithm is subtracting log k "
                "outside.",
            ),
            Mistake(
                lambda log_w: log_w.logsumexp(0) - math.log(log_w.shape[1]),
                "You subtracted the logarithm of the batch size. The mean is over the k draws, the "
                "rows: `len(log_w)`.",
            ),
            Mistake(
                lambda log_w: log_w.logsumexp(0) - math.log(log_w.numel()),
                "You subtracted the logarithm of all the entries, `numel()`. You sum over the k "
                "draws of one example, so divide by k: `len(log_w)`.",
            ),
            Mistake(
                lambda log_w: log_w.logsumexp(0) - torch.tensor(len(log_w) - 1.0).log(),
                "You subtracted log(k - 1). A mean of k numbers is their sum divided by k.",
            ),
            Mistake(
                lambda log_w: log_w.logsumexp(0) - math.log10(len(log_w)),
                "You subtracted log k to the base 10. Like the logarithm of the sum, this one is "
                "natural: `math.log`.",
            ),
            Mistake(
                lambda log_w: log_w.logsumexp(0) - math.log2(len(log_w)),
                "You subtracted log k to the base 2. Like the logarithm of the sum, this one is "
                "natural: `math.log`.",
            ),
            Mistake(
                lambda log_w: log_w.mean(0) - math.log(len(log_w)),
                "You averaged the logarithms and subtracted log k as well. Replace the mean by "
                "`logsumexp`, which adds the weights themselves.",
            ),
            Mistake(
                lambda log_w: log_w.sum(0),
                "You added the logarithms, which multiplies the weights. Their mean is asked for: "
                "exponentiate before you add.",
            ),
            Mistake(
                lambda log_w: (log_w / len(log_w)).logsumexp(0),
                "You divided the logarithms by k before the sum. That takes roots of the weights; "
                "to divide a weight by k, subtract log k from its logarithm.",
            ),
            Mistake(
                lambda log_w: log_w.log().mean(0),
                "You took the logarithm of `log_w`, whose entries are logarithms already. "
                "Exponentiate them first.",
            ),
            Mistake(
                lambda log_w: log_w.mean(0).log(),
                "This is the logarithm of the mean logarithm. `log_w` holds logarithms: "
                "exponentiate before you average.",
            ),
            Mistake(
                lambda log_w: log_w.exp().mean(0).log1p(),
                "`log1p` adds 1 before the logarithm. Take the logarithm of the mean weight alone.",
            ),
            Mistake(
                lambda log_w: log_w.logsumexp(1) - math.log(log_w.shape[1]),
                "You averaged over the examples, `dim=1`, and left one number for each draw. The "
                "draws are the first axis, `dim=0`.",
            ),
            Mistake(
                lambda log_w: log_w.logsumexp(1) - math.log(len(log_w)),
                "You summed over the examples, `dim=1`, and subtracted log k. Both belong to the "
                "draws, the first axis: `dim=0`.",
            ),
            Mistake(
                lambda log_w: log_w.logsumexp(1),
                "You summed over the examples, `dim=1`, and did not divide. The draws are the "
                "first axis, `dim=0`, and log k is to be subtracted.",
            ),
            Mistake(
                lambda log_w: log_w.flatten().logsumexp(0) - math.log(log_w.numel()),
                "Draws and examples went into one mean, so the batch became one number. Average "
                "over `dim=0` only.",
            ),
            Mistake(
                lambda log_w: (log_w.logsumexp(0) - math.log(len(log_w))).mean(),
                "The bound is right, and then you took its mean over the batch. Return one number "
                "for each example.",
            ),
            Mistake(
                lambda log_w: log_w.logsumexp(0, keepdim=True) - math.log(len(log_w)),
                "The numbers are right, but they stand in a row of a table, (1, batch). Leave out "
                "`keepdim=True`.",
            ),
            Mistake(
                lambda log_w: log_w.exp().mean(0),
                "This is the mean weight, an estimate of p(x) itself. Its logarithm is asked for.",
            ),
            Mistake(
                lambda log_w: -(log_w.logsumexp(0) - math.log(len(log_w))),
                "This is the bound with its sign turned, a loss. The bound itself is asked for: "
                "higher is better.",
            ),
            Mistake(
                lambda log_w: (-log_w).logsumexp(0) - math.log(len(log_w)),
                "The sign of the log-weights is turned before the mean, so the worst draw counts "
                "most. Exponentiate `log_w` as it is.",
            ),
            Mistake(
                lambda log_w: -((-log_w).logsumexp(0) - math.log(len(log_w))),
                "You turned the sign before the mean and again after it. That is the harmonic mean "
                "of the weights, in which the worst draw counts most.",
            ),
            Mistake(
                lambda log_w: log_w.max(0).values,
                "This is the largest log-weight alone. The others count too: the logarithm of the "
                "mean of all k weights.",
            ),
            Mistake(
                lambda log_w: log_w.max(0).values - math.log(len(log_w)),
                "This is the largest log-weight less log k: the other weights are missing from the "
                "sum.",
            ),
            Mistake(
                lambda log_w: (log_w.softmax(0) * log_w).sum(0),
                "You averaged the log-weights, each in proportion to its weight. This has the "
                "right gradient if the proportions are detached, but it is not the bound, which "
                "is the logarithm of the plain mean.",
            ),
            Mistake(
                lambda log_w: log_w.log_softmax(0).mean(0),
                "`log_softmax` divides every weight by their sum, so the size of the weights, "
                "which is what the bound is about, is lost. Use `logsumexp`.",
            ),
            Mistake(
                lambda log_w: _stabilised(log_w, log_w.max(0).values) - log_w.max(0).values,
                "You subtracted the largest log-weight to keep `exp` in range, and did not add it "
                "back after the logarithm.",
            ),
            Mistake(
                lambda log_w: log_w.softmax(0).mean(0).log(),
                "`softmax` divides every weight by their sum, so their mean is always 1 / k, "
                "whatever the weights. Use `logsumexp`.",
            ),
            Mistake(
                lambda log_w: _stabilised(log_w, log_w.max(0).values) - 2 * log_w.max(0).values,
                "You subtracted the largest log-weight before `exp`, and then subtracted it once "
                "more. After the logarithm it is to be added back.",
            ),
            Mistake(
                lambda log_w: (
                    (log_w - log_w.max(0).values).exp().mean().log() + log_w.max(0).values
                ),
                "You subtract and add back the maximum of each column, but the mean between is "
                "over the whole table. Average over `dim=0` only.",
            ),
            Mistake(
                lambda log_w: _stabilised(log_w, log_w.max(1, keepdim=True).values),
                "Your maximum is that of each row, `dim=1`. Each example, a column, needs its "
                "own: `log_w.max(dim=0).values`.",
            ),
            Mistake(
                lambda log_w: (log_w.logsumexp(0) - math.log(len(log_w))) / math.log(2),
                "This is in bits: logarithms to the base 2. The course counts in nats, with "
                "natural logarithms.",
            ),
            Mistake(
                lambda log_w: log_w.exp().mean(0).log(),
                "For ordinary numbers this is right, but exp(-1000) is 0 and exp(1000) is inf, and "
                "the logarithm does not bring them back. `torch.logsumexp` stays in range.",
            ),
            *(
                Mistake(
                    lambda log_w, eps=eps: (log_w.exp().mean(0) + eps).log(),
                    "For ordinary numbers this is right, but the small number that you add before "
                    "the logarithm, or set as its lower limit, is all that is left of weights such "
                    "as exp(-1000). Use `torch.logsumexp` in its place.",
                )
                for eps in (1e-6, 1e-7, 1e-8, 1e-10, 1e-12, 1e-20, 1e-30)
            ),
            *(
                Mistake(
                    lambda log_w, most=most: (
                        log_w.clamp(-most, most).logsumexp(0) - math.log(len(log_w))
                    ),
                    "For ordinary numbers this is right, but you clamp the log-weights, and -1000 "
                    "is a result like any other. Use `torch.logsumexp` on `log_w` as it is.",
                )
                for most in (20, 30, 50, 80, 85, 88)
            ),
            Mistake(
                lambda log_w: log_w.exp().mean(0).log().nan_to_num(),
                "For ordinary numbers this is right; `nan_to_num` only hides that exp(-1000) is 0 "
                "and exp(1000) is inf. Use `torch.logsumexp`.",
            ),
            *(
                Mistake(
                    lambda log_w, middle=middle: _stabilised(log_w, middle(log_w)),
                    "You subtract a number from each column to keep `exp` in range, but not its "
                    "largest. A weight far above that number is still inf, or one is nan. Subtract "
                    "`log_w.max(dim=0).values`.",
                )
                for middle in (
                    lambda log_w: log_w.mean(0),
                    lambda log_w: log_w.min(0).values,
                    lambda log_w: log_w.median(0).values,
                    lambda log_w: log_w[0],
                )
            ),
            Mistake(
                lambda log_w: _stabilised(log_w, log_w.max()),
                "You subtract one maximum, that of the whole table. An example whose weights are "
                "far below those of another then underflows to 0. Each column needs its own: "
                "`log_w.max(dim=0).values`.",
            ),
        ],
    ).stages,
)
