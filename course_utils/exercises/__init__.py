"""Exercises: `check` an answer, ask for a `hint`, look at the `solution`, see your `progress`.

    lessons/lesson_NN/name.py   all that the exercise `name` is: reference, probes, mistakes, hints
                                (a folder of its name, if long; `_name.py`, what several share)
    lessons/lesson_NN/quiz.toml, cards.toml   predictions before experiments; cards for the end
    checking/   how an answer is called, compared, judged and stopped; knows no lesson
        exercise.py    what an exercise is;  runner.py  the walk through its stages
        compare.py     the stages most exercises share: type → shape → value → gradient
        networks.py    the same for exercises that ask for a network: build it, look into its graph
        parts.py       a loss that is put together of parts, each known in wrong forms too
        answer.py      every call of the learner's code;  signature.py  the form it should have
        sandbox.py     time limit, and every global setting put back
        words.py       how values are shown;  frames.py  which lines are the learner's own
    showing/    how reports, questions, cards and progress look, and the file that remembers

To add an exercise: its module in its lesson's folder, and its wrong and right answers in the module
of the same name in `tests/answers/lesson_NN/`. `lessons/lesson_00/mean_image.py` is the smallest.

An answer runs inside the learner's own process, in a thread: that is what lets it be any function
from any cell, and it means that this guards against accidents, not against malice.
"""

import inspect
import os
from collections.abc import Callable
from types import FunctionType

from course_utils.exercises.checking.answer import Wrong
from course_utils.exercises.checking.compare import (
    Comparison,
    Mistake,
    expect_close,
    expect_shape,
    expect_type,
)
from course_utils.exercises.checking.exercise import Exercise, Specimen, Stage
from course_utils.exercises.checking.runner import examine, exposed, failed
from course_utils.exercises.lessons import UnknownExercise, all_exercises, find
from course_utils.exercises.showing import record
from course_utils.exercises.showing.cards import cards
from course_utils.exercises.showing.display import Panel, note, show_source, source_panel
from course_utils.exercises.showing.quiz import quiz
from course_utils.exercises.showing.report import NotPassed, Report, Result

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
    "examine",
    "expect_close",
    "expect_shape",
    "expect_type",
    "hint",
    "progress",
    "quiz",
    "reference",
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


def reference(name: str) -> Callable:
    """The reference solution itself, for a lesson to go on with where the package has no such name.

    >>> reference("squared_error").__name__
    'squared_error'
    """
    return find(name).solution


def progress() -> Panel:
    """Every exercise, done or to do, with its difficulty and the minutes it takes."""
    return record.table(
        record.Listed(item.name, item.lesson, item.difficulty, item.minutes)
        for item in all_exercises().values()
    )
