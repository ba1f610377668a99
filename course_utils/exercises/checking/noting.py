"""Probes that note how they are called, and keep the notes to themselves."""

from collections.abc import Callable
from functools import partial


class Noting:
    """What an answer is handed in order to call it; it notes each call.

    Neither the notes nor the function are an attribute that an answer would meet by accident: one
    that asks too often could end with `probe.notes.clear()`, or ask `probe.function`. Under `grade`
    whoever uses `_ask` is told to whoever marks.

    Args:
        function: what it does with the arguments of a call.
        note: what it notes of them.
    """

    def __init__(self, function: Callable, note: Callable) -> None:
        self._ask = partial(_noted, [], function, note)


def _noted(noted: list, function: Callable, note: Callable, *call: object) -> object:
    noted.append(note(*call))
    return function(*call)


def notes(probe: object) -> list | None:
    """What a probe has noted, in order, or a function with the `_ask` of one; else None."""
    ask = getattr(probe, "_ask", None)
    return ask.args[0] if type(ask) is partial else None
