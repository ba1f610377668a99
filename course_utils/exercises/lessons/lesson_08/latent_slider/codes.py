"""What was shown: how often, and whether it was the code with one number moved."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.checking.answer import Wrong
from course_utils.exercises.checking.expect import expect_close
from course_utils.exercises.checking.words import describe_type
from course_utils.exercises.lessons.lesson_08.latent_slider.session import Session, with_number


def expect_codes(session: Session) -> None:
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
        lambda z, dim, moves: [with_number(z, dim, old) for old in [z[dim].item(), *moves[:-1]]],
        "The picture is one move behind: `change.old` is where the slider was, `change.new` where "
        "it is.",
    ),
    _each(
        lambda z, dim, value: z + F.one_hot(torch.tensor(dim), len(z)) * value,
        "The slider's value is added to z[dim]. It should take its place, so that the slider "
        "says what the number is.",
    ),
    _Slip(
        lambda z, dim, moves: [
            with_number(z, dim, z[dim].item() + sum(moves[: i + 1])) for i in range(len(moves))
        ],
        "Each move is added to all those before it: the same place of the slider shows another "
        "picture each time. Begin each time with a copy of z, and put the value in its place.",
    ),
    _each(
        lambda z, dim, value: z * with_number(torch.ones_like(z), dim, value),
        "z[dim] is multiplied by the slider's value. The value should take its place.",
    ),
    _each(
        lambda z, dim, value: with_number(z, dim, -value),
        "Number dim is the slider's value with its sign turned.",
    ),
    *(
        _each(
            lambda z, dim, value, whole=whole: with_number(z, dim, float(whole(value))),
            "The slider's value lost its decimals on the way into the code. Look for `int(...)` or "
            "`round(...)`.",
        )
        for whole in (int, round, lambda value: round(value, 1))
    ),
    _each(
        lambda z, dim, value: with_number(torch.zeros_like(z), dim, value),
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
        lambda z, dim, value: with_number(z, 0, value),
        "Whatever dim is, number 0 of the code moves. The slider's value belongs to number dim.",
    ),
    _each(
        lambda z, dim, value: with_number(z, (dim + 1) % len(z), value),
        "The number after the right one moves. Entries are counted from 0: `code[dim]`, not "
        "`code[dim + 1]`.",
    ),
    _each(
        lambda z, dim, value: with_number(z, dim - 1, value),
        "The number before the right one moves. dim is counted from 0, as Python does: "
        "`code[dim]`, not `code[dim - 1]`.",
    ),
    _each(
        lambda z, dim, value: with_number(z, -1, value),
        "Whatever dim is, the last number of the code moves. The slider's value belongs to number "
        "dim.",
    ),
    _each(
        lambda z, dim, value: with_number(z, slice(dim, None), value),
        "From number dim on, all numbers of the code are the slider's value. `code[dim:]` is a "
        "slice; `code[dim]` is one number.",
    ),
    _each(
        lambda z, dim, value: with_number(z, slice(None, dim), value),
        "All numbers before number dim are the slider's value. `code[:dim]` is a slice; "
        "`code[dim]` is one number.",
    ),
)


def expect_values(session: Session) -> None:
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
    if not all_close(got, wanted):
        for slip in SLIPS:
            if all_close(got, slip.codes(z, dim, session.moves)):
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


def all_close(got: Sequence[Tensor], wanted: Sequence[Tensor]) -> bool:
    return all(torch.allclose(a, b, atol=1e-5) for a, b in zip(got, wanted, strict=True))


def _expect_z_at_start(session: Session) -> None:
    z, dim = session.z, session.dim
    first = session.at_start[0].then
    if all_close([first], [z]):
        return
    if all_close([first], [torch.zeros_like(z)]):
        raise Wrong("At the start zeros are shown, the middle of the prior. Show z.")
    if all_close([first], [with_number(z, dim, 0.0)]):
        raise Wrong(
            "At the start z is shown with number dim at 0. Nothing was moved yet: show z as it is."
        )
    expect_close(
        first,
        z,
        {"z": z, "dim": dim},
        "This is the code that `show` was given at the start: it should be z, as it is.",
    )


def _expect_new_tensors(session: Session) -> None:
    """Raise `Wrong` if a code that was shown changed afterwards."""
    for code in session.codes:
        if not torch.equal(code.given, code.then):
            raise Wrong(
                "Each picture is right at its moment, but `show` is given the same tensor again "
                "and again, and each move overwrites the code that was shown before. Whoever keeps "
                "them, for a film, keeps the last one many times. Make the copy inside the "
                "function that `observe` calls."
            )
