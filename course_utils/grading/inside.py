"""In the box: load an answer, call it, and say in plain values what came of it.

What runs here shares its process with the learner's code, so nothing that it says is believed: it
is what the answer returned, and the verdict is given elsewhere. (`examine` alone says more, for the
exercises of which `marking` speaks.)
"""

import dis
import inspect
import linecache
import os
import pickle
import signal
import socket
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from types import FunctionType, ModuleType, TracebackType
from typing import NoReturn

import torch
from torch import Tensor

from course_utils.exercises.checking.answer import NOT_FOR_LEARNERS
from course_utils.exercises.checking.frames import is_learners
from course_utils.exercises.checking.networks import leaves
from course_utils.exercises.checking.signature import returns_nothing
from course_utils.exercises.checking.words import first_lines
from course_utils.grading import crossing, wire

KEPT = 64  # results whose gradients may still be asked for


def serve(line: socket.socket) -> NoReturn:
    """Answer what is asked on the line, until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    room = Room()
    while True:
        try:
            question, *rest = pickle.loads(_pickled(line))
            reply = wire.pack(getattr(room, question)(*rest))
        except wire.Closed:
            os._exit(0)
        except BaseException as error:
            reply = wire.pack(failure(error))
        wire.send_bytes(line, reply)


def _pickled(line: socket.socket) -> bytes:
    """The bytes of a question. They come from those who mark, so a pickle is safe in here."""
    length, _ = wire.HEAD.unpack(wire.exactly(line, wire.HEAD.size, None))
    return wire.exactly(line, length, None)


class Room:
    """One answer, and the results of its calls that a gradient may be asked of."""

    def __init__(self) -> None:
        self.answer: object = None
        self.results: dict[int, tuple[list[Tensor], list[Tensor]]] = {}

    def load(self, name: str, pieces: Sequence[tuple[str, str]]) -> dict:
        """Run the pieces of source, each under its name, and describe what has the answer's."""
        self.answer = loaded(name, pieces)
        return described(self.answer)

    def call(
        self, number: int, args: tuple, kwargs: dict, grads: list, grad: bool, streams: list
    ) -> dict:
        """Call the answer: what came back, what can be trained through it, and what it changed."""
        given = list(crossing.places((args, kwargs)))
        for place, each in zip(given, grads, strict=True):
            if each is not None:
                place.grad = each  # which a pickle of a tensor leaves behind
        versions = [crossing.version(place) for place in given]
        before = [
            wire.pack(crossing.snapshot(*place)) for place in zip(given, versions, strict=True)
        ]
        crossing.set_streams(streams)
        stood = wire.pack(crossing.streams())
        with warnings.catch_warnings(record=True) as warned, torch.set_grad_enabled(grad):
            warnings.simplefilter("always")
            try:
                value = self.answer(*args, **kwargs)
                reply = {"value": value, **self._trained(number, value, given)}
            except BaseException as error:
                reply = failure(error)
        after = crossing.streams()
        return reply | {
            "changed": _changes(given, versions, before),
            "streams": after if wire.pack(after) != stood else None,
            "warned": [
                first_lines(entry.message)
                for entry in warned
                if not issubclass(entry.category, NOT_FOR_LEARNERS)
            ],
        }

    def gradient(self, number: int, weights: list[Tensor]) -> list[Tensor | None]:
        """The gradient of a weighted result, with respect to what was given for it."""
        outputs, inputs = self.results[number]
        known = [each for each in inputs if each.requires_grad]
        found = torch.autograd.grad(
            outputs, known, weights, allow_unused=True, retain_graph=True, materialize_grads=False
        )
        return list(found)

    def examine(self, name: str, pieces: Sequence[tuple[str, str]], decoys: Sequence[str]) -> list:
        """Check the answer in here: its report, and those of the decoys, in the order given.

        A decoy is "right" or "wrong": the reference, and what only looks like an answer.
        """
        from course_utils.exercises.checking.runner import examine
        from course_utils.exercises.lessons import find

        exercise = find(name)
        told = {"right": exercise.solution, "wrong": _nonsense(exercise.solution)}
        told["answer"] = loaded(name, pieces)
        return [_told(examine(exercise, told[each])) for each in decoys]

    def _trained(self, number: int, value: object, given: list[object]) -> dict:
        """Which tensors of a result can be trained, and by which places of the arguments."""
        watched = [each.requires_grad for each in crossing.tensors(value)]
        outputs = [each for each in crossing.tensors(value) if each.requires_grad]
        if not outputs:
            return {"watched": watched, "by": []}
        reached = {id(leaf) for leaf in leaves(*(each + 0 for each in outputs))}
        by = [place for place, each in enumerate(given) if id(each) in reached]
        self.results[number] = outputs, [given[place] for place in by]
        self.results.pop(number - KEPT, None)
        return {"watched": watched, "by": by}


def loaded(name: str, pieces: Sequence[tuple[str, str]]) -> object:
    """What has this name after the pieces of source ran, in a main module of their own."""
    main = sys.modules["__main__"] = ModuleType("__main__")
    main.display = lambda *_, **__: None  # as in a notebook, but nobody looks
    for filename, text in pieces:
        linecache.cache[filename] = len(text), None, text.splitlines(keepends=True), filename
        exec(compile(text, filename, "exec", dont_inherit=True), vars(main))
    return vars(main)[name]


def described(answer: object) -> dict:
    """What `check` looks at before it calls an answer: its kind, its parameters, its first line."""
    if not callable(answer):
        return {"kind": "value", "value": answer}
    kind = "class" if inspect.isclass(answer) else "function"
    try:
        known = inspect.signature(answer).parameters.values()
        parameters = [[each.name, int(each.kind), *_default(each)] for each in known]
    except (TypeError, ValueError):
        parameters = None
    code = answer.__code__ if type(answer) is FunctionType else None
    return {
        "kind": kind,
        "parameters": parameters,
        "empty": returns_nothing(answer),
        "place": code and [code.co_filename, code.co_firstlineno],
    }


def failure(error: BaseException) -> dict:
    """An exception in plain values: its kind, the builtin kind it is of, its text, and the line."""
    kind = type(error)
    builtin = next(base for base in kind.__mro__ if base.__module__ == "builtins")
    place, raised = _place(error.__traceback__)
    return {
        "failed": kind.__name__,
        "builtin": builtin.__name__,
        "text": _said(error),
        "place": place,
        "raised": raised,  # by a `raise` of the learner's
    }


def _said(error: BaseException) -> str:
    """Its text as it is: that of a mistake that is made on the other side has to be the same."""
    try:
        return "".join(str(error)[:2000])
    except Exception:
        return f"<{type(error).__name__}>"


def _place(trace: TracebackType | None) -> tuple[list | None, bool]:
    """The innermost line of the learner's, and whether it is the innermost of all and a `raise`."""
    place, raised = None, False
    for frame, line in traceback.walk_tb(trace):
        raised = False
        if is_learners(frame):
            place = [frame.f_code.co_filename, line]
    if place is not None:
        while trace.tb_next:
            trace = trace.tb_next
        instruction = dis.opname[trace.tb_frame.f_code.co_code[trace.tb_lasti]]
        raised = is_learners(trace.tb_frame) and instruction == "RAISE_VARARGS"
    return place, raised


def _default(parameter: inspect.Parameter) -> list:
    return [] if parameter.default is parameter.empty else [parameter.default]


def _changes(given: list[object], versions: list[int], before: list[bytes]) -> list:
    """The places that look otherwise than before, each with how it looks now."""
    now = [crossing.snapshot(*place) for place in zip(given, versions, strict=True)]
    return [
        [place, then]
        for place, (then, was) in enumerate(zip(now, before, strict=True))
        if wire.pack(then) != was
    ]


def _nonsense(solution: Callable) -> object:
    """What every check has to refuse: it can be called as the reference is, and returns a text."""
    if inspect.isclass(solution):
        return type(solution.__name__, (torch.nn.Module,), {"__init__": _no_network})
    words = inspect.signature(solution).parameters
    return eval(f"lambda {', '.join(words)}: 'nonsense'")


def _no_network(self: torch.nn.Module, *args: object, **kwargs: object) -> None:
    torch.nn.Module.__init__(self)


def _told(report: object) -> dict:
    return {
        "passed": report.passed,
        "attempted": report.attempted,
        "stages": [list(result) for result in report.results],
        "message": report.message,
        "notes": list(report.notes),
    }
