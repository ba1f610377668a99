"""Exercises: `check` an answer, ask for a `hint`, look at the `solution`, see your `progress`.

    exercise.py   what an exercise is, and where to find it by name
    lesson_NN.py  the exercises of a lesson: probes, known mistakes, hints
    solutions/    the reference answers, of the same names
    specimens.py  wrong on purpose: what lesson 15 gives to be repaired, in place of stubs
    compare.py    the stages most exercises share: type → shape → value → gradient
    modules.py    the same for exercises that ask for a network: build it, look into its graph
    answer.py     every call of the learner's code, and what is said when it stops
    sandbox.py    time limit, and every global setting put back
    runner.py     the walk through the stages;  report.py, display.py  how the outcome looks
    record.py     the file that remembers what was solved;  quiz.py  predictions before experiments
    cards.py      questions with full answers, to go through at the end

To add an exercise: its solution, an `Exercise` in its lesson's module, and its wrong and right
answers in `tests/answers/`. `squared_error` in lesson_01.py is a short and complete example.

An answer runs inside the learner's own process, in a thread: that is what lets it be any function
from any cell, and it means that this guards against accidents, not against malice.
"""

import inspect
import os
from collections.abc import Callable
from types import FunctionType

from course_utils.exercises import record
from course_utils.exercises.answer import Wrong
from course_utils.exercises.cards import cards
from course_utils.exercises.compare import (
    Comparison,
    Mistake,
    expect_close,
    expect_shape,
    expect_type,
)
from course_utils.exercises.display import Panel, note, show_source, source_panel
from course_utils.exercises.exercise import Exercise, Specimen, Stage, UnknownExercise, find
from course_utils.exercises.quiz import quiz
from course_utils.exercises.report import NotPassed, Report, Result
from course_utils.exercises.runner import examine, exposed, failed

__all__ = [
    "Comparison",
    "Exercise",
    "Mistake",
    "NotPassed",
    "Report",
    "Result",
    "Specimen",
    "Stage",
    "UnknownExercise",
    "Wrong",
    "cards",
    "check",
    "expect_close",
    "expect_shape",
    "expect_type",
    "hint",
    "progress",
    "quiz",
    "show_source",
    "solution",
]

_hints_shown: dict[str, int] = {}


def check(name: str | Callable, answer: object, time_limit: float | int = 10.0) -> Report:
    """Check an answer to an exercise and say the first thing that is wrong with it.

    Your random state, grad mode and settings are afterwards what they were.

    Args:
        name: the exercise, in quotes. (A function here is a slip, and is told so.)
        answer: your function or class itself, without parentheses.
        time_limit: in seconds of work (processor time, so that a busy machine makes no answer too
            slow), for the whole check. Twelve times as many may pass on the wall, for an answer
            that sleeps or waits.

    Raises:
        UnknownExercise: if there is none of this name; the message lists those there are.
        NotPassed: only if the environment variable COURSE_STRICT is 1 and the check did not pass.

    >>> check("squared_error", None).attempted
    False
    """
    if not time_limit > 0:
        raise ValueError(f"time_limit is {time_limit}; expected a positive number of seconds")
    if not isinstance(name, str) and isinstance(answer, str):
        exercise = find(answer)
        message = f'The two are swapped: write `check("{answer}", {answer})`, the name first.'
        report = failed(exercise, [], message)
    elif _is_ours(answer):
        message = (
            f"This `{name}` is the course's own, which a later cell of the lesson imports. To "
            "check yours, run the cell with your code again, and then this one."
        )
        return failed(find(name), [], message)
    else:
        report = examine(find(name), answer, time_limit=time_limit)
    if report.attempted:
        report.notes += tuple(record.note_attempt(report.name, report.passed))
    if os.environ.get("COURSE_STRICT") == "1" and not report.passed:
        raise NotPassed(str(report))
    return report


def _is_ours(answer: object) -> bool:
    """Whether this is a function or class of the package, and not of the learner."""
    named = issubclass(type(answer), FunctionType | type)
    return named and str(answer.__module__).startswith("course_utils.")


def hint(name: str | Callable) -> Panel:
    """One more hint each time it is asked, from a nudge to nearly all of it."""
    exercise = find(name)
    total = len(exercise.hints)
    shown = _hints_shown.get(name, 0)
    if shown == total:
        return note(
            f"All {total} hints for `{name}` are out",
            f'`solution("{name}")` shows the reference solution. Read it, close it, and write it '
            "from memory: that works better than copying.",
        )
    _hints_shown[name] = shown + 1
    text = exercise.hints[shown]
    if exercise.specimen is not None and shown == 1:
        text = f"{text} {exposed(exercise)}"
    return note(f"Hint {shown + 1} of {total} for `{name}`", text)


def solution(name: str | Callable) -> Panel:
    """The source of the reference solution."""
    exercise = find(name)
    source = inspect.getsource(exercise.solution).rstrip()
    return source_panel(source, f"reference solution of {name}")


def progress() -> Panel:
    """Every exercise, done or to do, with its difficulty and the minutes it takes."""
    return record.table()
