"""Exercises: `check` an answer, ask for a `hint`, look at the `solution`, see your `progress`, try
a `twin`; and questions: `quiz` asks for a prediction, `review` for what you remember.

    lessons/lesson_NN/name.py   all that the exercise `name` is: reference, probes, mistakes, hints
                                (a folder of its name, if long; `_name.py`, what several share)
    lessons/lesson_NN/quiz.toml, cards.toml   predictions before experiments; cards for the end
    lessons/lesson_NN/review.toml   questions for a week later, where few predictions stand alone
    lessons/lesson_NN/name_twin.py   the twin of `name`, for whoever has looked at its solution
    checking/   how an answer is called, compared, judged and stopped; knows no lesson
        exercise.py    what an exercise is;  runner.py  the walk through its stages
        compare.py     the stages most exercises share: type → shape → value → gradient
        networks.py    the same for exercises that ask for a network: build it, look into its graph
        modes.py       and in training mode as in evaluation
        parts.py       a loss that is put together of parts, each known in wrong forms too
        answer.py      every call of the learner's code;  signature.py  the form it should have
        sandbox.py     time limit, and every global setting put back
        stub.py        an exercise as nobody has begun it
        words.py       how values are shown;  frames.py  which lines are the learner's own
        cells.py       whether a newer cell than the one that is judged did not run
        tries.py       whether an attempt was serious, and whether it is another than the last
    showing/    how reports, questions, cards and progress look, and the file that remembers
    exam/       two papers of ten tasks: `hand_in`, `marks`, `model_answer`; knows no lesson either

To add an exercise: its module in its lesson's folder, and its wrong and right answers in the module
of the same name in `tests/answers/lesson_NN/`. `lessons/lesson_00/mean_image.py` is the smallest.

An answer runs inside the learner's own process, in a thread: that is what lets it be any function
from any cell, and it means that this guards against accidents, not against malice.
"""

import datetime
import inspect
import os
import re
from collections.abc import Callable
from types import FunctionType

from course_utils.exercises.checking import cells, tries
from course_utils.exercises.checking.answer import Wrong
from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise, Specimen, Stage
from course_utils.exercises.checking.expect import expect_close, expect_shape, expect_type
from course_utils.exercises.checking.runner import examine, exposed, failed
from course_utils.exercises.checking.stub import stub
from course_utils.exercises.checking.words import shown
from course_utils.exercises.exam import UnknownTask, hand_in, marks, model_answer
from course_utils.exercises.lessons import (
    TWIN,
    UnknownExercise,
    all_exercises,
    find,
    modules,
    twins,
)
from course_utils.exercises.showing import record
from course_utils.exercises.showing.cards import cards
from course_utils.exercises.showing.display import Panel, note, show_source, source_panel
from course_utils.exercises.showing.quiz import load_remembered, quiz
from course_utils.exercises.showing.report import NotPassed, Report, Result
from course_utils.exercises.showing.review import Review, draw, due, judge, read_answers

__all__ = [
    "Comparison",
    "Exercise",
    "Mistake",
    "NotPassed",
    "Report",
    "Result",
    "Review",
    "Specimen",
    "Stage",
    "UnknownExercise",
    "UnknownTask",
    "Wrong",
    "cards",
    "check",
    "examine",
    "expect_close",
    "expect_shape",
    "expect_type",
    "hand_in",
    "hint",
    "marks",
    "model_answer",
    "progress",
    "quiz",
    "reference",
    "review",
    "show_source",
    "solution",
    "twin",
]

_hints_shown: dict[str, int] = {}
TO_DO_FIRST = (
    "`review` asks about lessons that are behind you: try an exercise first, such as `mean_image` "
    'of lesson 00, or say by `review(before="03")` that you have read those before lesson 03.'
)
_reviews_asked: dict[str, Review] = {}  # in this kernel, by `before`; the newest comes last
_NOTHING = object()


def check(
    name: str | Callable = "", answer: object = _NOTHING, time_limit: float | int = 10.0
) -> Report:
    """Check an answer to an exercise and say the first thing that is wrong with it.

    Your random state, grad mode and settings are afterwards what they were.

    Args:
        name: the exercise, in quotes. (A function here is a slip, and is told so.)
        answer: your function or class itself, without parentheses. (Leaving it out is another.)
        time_limit: in seconds of work (processor time, so that a busy machine makes no answer too
            slow), for the whole check. Twelve times as many may pass on the wall, for an answer
            that sleeps or waits.

    Raises:
        UnknownExercise: if there is none of this name; the message has those that are near.
        NotPassed: only if the environment variable COURSE_STRICT is 1 and the check did not pass.

    >>> check("squared_error", None).attempted
    False
    """
    _require_seconds(time_limit)
    slip = _slip(name, answer)
    if slip is not None:
        return _strict(failed(find(slip[0]), [], slip[1]))
    if not isinstance(name, str) or not name:
        example = next(iter(all_exercises()))
        raise UnknownExercise(
            "`check` takes the name of the exercise, in quotes, and then your function or class: "
            f'`check("{example}", {example})`'
        )
    exercise = find(name)
    report = examine(exercise, answer, time_limit=time_limit)
    report.before = cells.outdated(exercise.name, answer)
    if report.attempted:
        serious, last = tries.serious(report), tries.told_apart(answer, report)
        report.notes += tuple(
            record.note_attempt(report.name, report.passed, serious=serious, last=last)
        )
    if report.passed:
        report.notes += _offer_of_twin(name)
    return _strict(report)


def _offer_of_twin(name: str) -> tuple[str, ...]:
    """A line about the twin, for whoever had looked at the solution and has not solved the twin."""
    if name + TWIN not in modules():
        return ()
    entries = record.read()[0].exercises
    solved = entries.get(name + TWIN, {}).get("status") == record.PASSED
    if solved or "seen" not in entries.get(name, {}):
        return ()
    return (
        f'You had seen the solution. Its twin is the same idea in other clothes: `twin("{name}")`'
        " shows what it asks.",
    )


def _strict(report: Report) -> Report:
    if os.environ.get("COURSE_STRICT") == "1" and not report.passed:
        raise NotPassed(str(report))
    return report


def _require_seconds(time_limit: object) -> None:
    number = isinstance(time_limit, int | float) and not isinstance(time_limit, bool)
    if not (number and time_limit > 0):
        raise ValueError(
            f"time_limit is {shown(time_limit, 60)}; expected a positive number of seconds, as in "
            '`check("squared_error", squared_error, time_limit=60)`'
        )


def _slip(name: object, answer: object) -> tuple[str, str] | None:
    """The exercise that is meant, and what to say, if `check` was not called as it should be."""
    if not isinstance(name, str) and isinstance(answer, str):
        return answer, f'The two are swapped: write `check("{answer}", {answer})`, the name first.'
    called = getattr(name, "__name__", "")
    if called in modules():
        return called, f'The name comes first, in quotes: write `check("{called}", {called})`.'
    if answer is _NOTHING and name in modules():
        return name, (
            "The name alone does not say what to check. Hand in the function or class too, "
            f'without quotes: `check("{name}", {name})`.'
        )
    if _is_ours(answer):
        return name, (
            f"This `{name}` is the course's own, which a later cell of the lesson imports. To "
            "check yours, run the cell with your code again, and then this one."
        )
    return None


def _is_ours(answer: object) -> bool:
    """Whether this is a function or class of the package, and not of the learner."""
    named = issubclass(type(answer), FunctionType | type)
    return named and str(answer.__module__).startswith("course_utils.")


def hint(name: str | Callable = "", *more: object) -> Panel:
    """One more hint each time it is asked, from a nudge to nearly all of it.

    Args:
        name: the exercise, in quotes, and nothing `more`.

    Raises:
        UnknownExercise: if there is none of this name; the message has the right call.
    """
    exercise = _named_alone("hint", name, *more)
    total = len(exercise.hints)
    shown_before = _hints_shown.get(name, 0)
    if shown_before == total:
        return note(
            f"All {total} hints for `{name}` are out",
            f'`solution("{name}")` shows the reference solution. Read it, close it, and write it '
            "from memory: that works better than copying.",
        )
    _hints_shown[name] = shown_before + 1
    text = exercise.hints[shown_before]
    if exercise.specimen is not None and shown_before == 1:
        text = f"{text} {exposed(exercise)}"
    return note(f"Hint {shown_before + 1} of {total} for `{name}`", text)


def solution(name: str | Callable = "", *more: object, now: bool = False) -> Panel:
    """The source of the reference solution, once you have tried.

    Before a serious attempt it says what to do first: one that gets beyond the type in its `check`,
    or a second one, other than the first. If you look at it before you have passed, `progress()`
    says so until you have, and then `check` offers a twin, if the exercise has one.

    Args:
        name: the exercise, in quotes, and nothing `more`.
        now: show it without an attempt.

    Raises:
        UnknownExercise: if there is none of this name; the message has the right call.
    """
    exercise = _named_alone("solution", name, *more)
    entry = record.read()[0].exercises.get(name, {})
    if not now and entry.get("status") not in (record.ATTEMPTED, record.PASSED):
        return _first_try(exercise, entry.get("status") == record.TRIED)
    source = inspect.getsource(exercise.solution).rstrip()
    return source_panel(source, f"reference solution of {name}", record.note_seen(name))


def _first_try(exercise: Exercise, tried: bool) -> Panel:
    """What to do before the solution is shown, and whether one try was made already."""
    name = exercise.name
    do = (
        f'Your one try got no further than the type of what comes back. Do what its `check("{name}"'
        f", {name})` says, and check again: a second answer, other than the first, is enough."
        if tried
        else f'Write what you can and run `check("{name}", {name})`: a wrong answer is an attempt '
        "too, once it gets beyond the type of what comes back or is your second, and the check "
        "says what is wrong with it."
    )
    return note(
        f"First try `{name}` {'once more' if tried else 'yourself'}",
        f'{do} `hint("{name}")` has {len(exercise.hints)} hints. `solution("{name}", now=True)` '
        "shows it all the same.",
    )


def twin(name: str | Callable = "", *more: object) -> Panel:
    """The twin of an exercise: the same idea in other clothes, to see whether it has stayed.

    What is shown goes into a cell, and its `check` below it. `hint` and `solution` know it too.

    Args:
        name: the exercise that has a twin, in quotes, and nothing `more`.

    Raises:
        UnknownExercise: if there is none of this name, or it has no twin; the message has those
            that have one.
    """
    exercise = _named_alone("twin", name, *more)
    original = exercise.name.removesuffix(TWIN)
    if original not in twins():
        raise UnknownExercise(f"`{original}` has no twin; these have one: {', '.join(twins())}")
    other = twins()[original]
    title = f"the twin of {original}, about {other.minutes} minutes, difficulty {other.difficulty}"
    below = f'Solve it in a cell of its own, and then run `check("{other.name}", {other.name})`.'
    return source_panel(stub(other.solution), title, [below])


def reference(name: str) -> Callable:
    """The reference solution itself, for a lesson to go on with where the package has no such name.

    Raises:
        UnknownExercise: if there is none of this name; the message has the right call.

    >>> reference("squared_error").__name__
    'squared_error'
    """
    return _named_alone("reference", name).solution


def _named_alone(asked: str, name: object, *more: object) -> Exercise:
    """The exercise that `hint` or another was asked about, by its name and nothing else."""
    if isinstance(name, str) and name and not more:
        return find(name)
    said = (getattr(each, "__name__", each) for each in (name, *more))
    meant = [each for each in said if isinstance(each, str) and each in modules()]
    example = meant[0] if meant else next(iter(all_exercises()))
    raise UnknownExercise(
        f"`{asked}` takes one thing, the name of the exercise, and as a text in quotes: "
        f'`{asked}("{example}")`'
    )


def progress(lesson: str | int | None = None) -> Panel:
    """Every exercise, done or to do, with its difficulty and the minutes it takes.

    A twin is listed once it was tried.

    Args:
        lesson: of this lesson alone, by its number: "01" or 1. None: of all.

    Raises:
        ValueError: if no lesson of this number has exercises.
    """
    every = list(all_exercises().values())
    wanted = _lesson_number(lesson)
    if lesson is not None and wanted not in {item.lesson for item in every}:
        raise ValueError(
            f"lesson is {shown(lesson, 60)}; expected the number of a lesson with exercises, from "
            f'"{every[0].lesson:02d}" to "{every[-1].lesson:02d}": `progress("01")`, or '
            "`progress()` for all"
        )
    listed = [item for item in every if lesson is None or item.lesson == wanted]
    return record.table(row for item in listed for row in _rows(item))


def _rows(item: Exercise) -> list[record.Listed]:
    """What the table says of an exercise, and of its twin, if there is something to say of it."""
    own = record.Listed(item.name, item.lesson, item.difficulty, item.minutes)
    if (other := twins().get(item.name)) is None:
        return [own]
    return [own, record.Listed(other.name, other.lesson, other.difficulty, other.minutes, True)]


def review(answers: str = "", *, before: str | int | None = None) -> Review | Panel:
    """Five questions about lessons that are behind you; with your answers, what was right.

    Behind you are the lessons with an entry in your record, and at most two questions are of one.
    A question comes back 1, 3, 7, 16, 35, … days after it was known, and the day after it was not:
    the pauses grow, and make room for what is newer. Answer from memory, before you look
    anything up: choosing fills the line to run, and it can be typed as well: `review("BAC-A")`.

    Args:
        answers: a letter for each question, in order, or a number where it asks for one, and "-"
            where you do not know: "BA0.5-A". Without, the questions are asked.
        before: ask of lessons before this one only, by its number: "06" or 6. Where those in your
            record do not make five, the others before it count as read.

    Returns:
        The questions, which draw themselves, or what was right and when each comes back.

    Raises:
        ValueError: if `answers` does not fit the questions that were asked last in this kernel (and
            with this `before`, if it is given), or there is no lesson `before`.
    """
    number = _before(before)
    if answers == "":
        return _asked(number)
    if before is None and _reviews_asked:
        number = next(reversed(_reviews_asked))
    if number not in _reviews_asked:
        raise ValueError(
            f"answers is {shown(answers, 60)}, and this kernel has not asked yet: run "
            f"`{Review((), number).line()}` first, whose questions change from day to day"
        )
    asked = _reviews_asked[number]
    return judge(asked, read_answers(answers, asked))


def _before(lesson: object) -> str:
    """The number of a lesson as its files have it, "06", and "" of None."""
    number = _lesson_number(lesson)
    last = int(max(load_remembered())[:2])
    if lesson is None:
        return ""
    if number is None or not 1 <= number <= last + 1:
        raise ValueError(
            f'before is {shown(lesson, 60)}; expected the number of a lesson, from "01" to '
            f'"{last + 1:02d}": `review(before="06")`, or `review()` for all that are behind you'
        )
    return f"{number:02d}"


def _asked(before: str) -> Review | Panel:
    held, notes = record.read()
    begun = _begun(held, before)
    if not begun:
        return note("There is nothing to review yet", "\n".join([TO_DO_FIRST, *notes]))
    questions = draw(begun, held.review, before)
    if not questions:
        days = [due(entry, record.today()) for entry in held.review.values()]
        return note(
            "All questions about these lessons are answered for today",
            "\n".join([f"The next is due on {min(days)}.", *notes]),
        )
    _reviews_asked.pop(before, None)
    _reviews_asked[before] = Review(questions, before, tuple(notes))
    return _reviews_asked[before]


def _begun(held: record.Held, before: str) -> dict[str, datetime.date | None]:
    """The lessons that are behind the learner by their number, each with the first day noted. With
    `before` these are all before it, and None stands where nothing is noted."""
    days: dict[str, list[datetime.date]] = {}
    for name, entry in held.exercises.items():
        lesson = re.search(r"lesson_(\d\d)", modules().get(name, ""))
        if lesson:
            days.setdefault(lesson[1], []).append(record.day(entry) or record.today())
    for key, entry in held.review.items():
        days.setdefault(key[:2], []).append(record.day(entry))
    begun = {lesson: min(noted) for lesson, noted in days.items() if lesson < (before or "99")}
    if not before:
        return begun
    return {key[:2]: None for key in load_remembered() if key[:2] < before} | begun


def _lesson_number(lesson: object) -> int | None:
    """1 of 1, of "1", of "01" and of "01_bottleneck_and_pca"."""
    found = re.match(r"\s*(\d{1,2})(?:\D|$)", str(lesson))
    return int(found[1]) if found else None
