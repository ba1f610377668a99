"""What an attempt was: whether it was a serious one, and whether it is another than the last."""

import hashlib
from collections.abc import Iterator
from types import CodeType, FunctionType

from course_utils.exercises.showing.report import Report

OF_TYPE = ("type", "builds")  # what `lambda *anything: 0`, or an empty class, may well pass


def serious(report: Report) -> bool:
    """Whether an answer passed at least one stage beyond that of its type."""
    return any(result.passed and result.name not in OF_TYPE for result in report.results)


def told_apart(answer: object, report: Report) -> str:
    """Eight letters: other ones if the answer has other code, or its check says something else.

    The second is there for an answer that calls a function which was changed.
    """
    parts = [*_code(answer), report.results[-1].message]
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()[:8]


def _code(thing: object) -> Iterator[str]:
    """What a function does, or the methods of a class, wherever they are written."""
    kind = type(thing)  # and not what it says of itself
    if kind is FunctionType:
        yield from _code(thing.__code__)
    elif kind is CodeType:
        yield from (thing.co_code.hex(), repr(thing.co_names))
        yield from _code(thing.co_consts)
    elif kind is tuple:
        for each in thing:
            yield from _code(each)
    elif kind is frozenset:
        yield from sorted(map(repr, thing))
    elif issubclass(kind, type):
        for name, value in type.__getattribute__(thing, "__dict__").items():
            if type(value) is FunctionType:
                yield name
                yield from _code(value)
    elif kind in (bool, int, float, complex, str, bytes, slice):
        yield repr(thing)
