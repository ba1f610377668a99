"""Walk an answer through the stages of its exercise, up to the first that it does not pass."""

import functools
from collections.abc import Sequence

from course_utils.exercises.checking import sandbox
from course_utils.exercises.checking.answer import Answer, Unsolved, Wrong, explain
from course_utils.exercises.checking.exercise import Exercise
from course_utils.exercises.checking.frames import learners_line
from course_utils.exercises.checking.holes import HOLES, holes
from course_utils.exercises.checking.signature import expect_callable
from course_utils.exercises.showing.report import Report, Result

SPECIMEN_SECONDS = 60.0  # our own code, which is quick
BEGIN = {
    "empty": "Write your code in place of `raise NotImplementedError`",
    "half-filled": "Put an expression in place of each `...`",
    "in order": "Bring the lines into order, indented, in place of `raise NotImplementedError`",
}


def examine(
    exercise: Exercise, answer: object, *, seed: int = 0, time_limit: float | int = 10.0
) -> Report:
    """Check one answer. Whatever the answer does, this returns, within the limit and a second.

    Args:
        seed: of the probes, and of every global source of randomness while the answer runs.
        time_limit: in seconds of work, for all stages together.
    """
    if answer is None or answer is ...:
        return unattempted(exercise)
    if exercise.form == "half-filled" and (left := holes(answer)):
        if len(left) >= HOLES:
            return unattempted(exercise)
        return failed(exercise, [], f"There is a `...` left to fill:\n    {left[0]}")
    passed: list[Result] = []
    with sandbox.sealed(seed) as warned:
        under_glass = Answer(answer, exercise.solution, seed, warned)
        try:
            message = sandbox.run(lambda: _first_message(exercise, under_glass, passed), time_limit)
        except Unsolved:
            return unattempted(exercise)
        except sandbox.TimeUp as time_up:
            # It may have passed the last stage while it was told to stop.
            done = len(passed) == len(exercise.stages)
            message = None if done else _too_slow(exercise, time_up, time_limit)
    notes = under_glass.notes
    if message is None:
        return Report(exercise.name, passed, success=exercise.success, notes=notes)
    if exercise.specimen is not None and (len(passed), message) == _of_specimen(exercise, seed):
        return unrepaired(exercise)
    return failed(exercise, passed, "\n".join([message, *notes]))


def failed(exercise: Exercise, passed: Sequence[Result], message: str) -> Report:
    """The report of an answer that went through some stages, and no further for this reason."""
    stopped_at, *to_come = [stage.name for stage in exercise.stages][len(passed) :]
    return Report(exercise.name, [*passed, Result(stopped_at, False, message)], to_come=to_come)


def unattempted(exercise: Exercise) -> Report:
    """The report of an answer that is still the stub."""
    message = (
        f"{BEGIN[exercise.form]}, run its cell, then run this one again. About "
        f"{exercise.minutes} minutes, difficulty {exercise.difficulty} of 5. "
        f'`hint("{exercise.name}")` helps.'
    )
    return Report(
        exercise.name,
        [Result("attempt", False, message)],
        attempted=False,
        to_come=[stage.name for stage in exercise.stages],
    )


def unrepaired(exercise: Exercise) -> Report:
    """The report of an answer that still does what the specimen does.

    It says neither which property that breaks nor which stages are to come, whose names would tell:
    to find it is the exercise. See `exposed`.
    """
    message = (
        "It still does what the specimen does. There is a property that it should have and "
        f"lacks: which? About {exercise.minutes} minutes, difficulty {exercise.difficulty} of 5. "
        f'`hint("{exercise.name}")` helps; the second hint names the property.'
    )
    return Report(
        exercise.name,
        [Result("repair", False, message)],
        attempted=False,
        waiting="not repaired yet",
    )


def exposed(exercise: Exercise) -> str:
    """The property that the specimen breaks, with the number by which it does."""
    specimen = exercise.specimen
    with sandbox.sealed(0):
        by = sandbox.run(lambda: specimen.by(specimen.function), SPECIMEN_SECONDS)
    return f"The specimen breaks a property: {specimen.breaks.format(by=by)}"


@functools.cache
def _of_specimen(exercise: Exercise, seed: int) -> tuple[int, str | None]:
    """How many stages the specimen passes, and what is said of it at the next.

    The messages show what came back, or name the mistake behind it. So whoever gets the same one,
    in the same place and for the same seed, handed in the same function, however it is written.
    """
    passed: list[Result] = []
    with sandbox.sealed(seed) as warned:
        answer = Answer(exercise.specimen.function, exercise.solution, seed, warned)
        message = sandbox.run(lambda: _first_message(exercise, answer, passed), SPECIMEN_SECONDS)
    return len(passed), message


def _first_message(exercise: Exercise, answer: Answer, passed: list[Result]) -> str | None:
    """Run the stages in order; the message of the first that fails, or None.

    Stages that pass are appended to `passed`, which the caller keeps if the time runs out.

    Raises:
        Unsolved: if nothing has passed yet and the answer is a stub.
    """
    for stage in exercise.stages:
        try:
            if not passed:
                expect_callable(answer)
            stage.check(answer)
        except Unsolved as stub:
            if not passed:
                raise
            message = f"There is a `raise NotImplementedError` left: {stub.line}"
        except Wrong as wrong:
            message = str(wrong)
        except BaseException as error:  # what came back could not even be looked at
            message = f"What came back could not be examined. {explain(error)}"
        else:
            passed.append(Result(stage.name, True, ""))
            continue
        return message
    return None


def _too_slow(exercise: Exercise, time_up: sandbox.TimeUp, time_limit: float | int) -> str:
    """Which of the two limits was reached, where the code was, and what to do about it."""
    line = learners_line(time_up.stack)
    if time_up.waited:
        what = (
            f"Your code did not finish within {time_up.elapsed:.3g} seconds, although it worked "
            f"for only {time_up.worked:.2g} of them: the rest it slept, or waited."
        )
        advice = (
            "What does it wait for? `time.sleep`, `input()`, a lock, or a download that never "
            "comes: take it out."
        )
    else:
        what = (
            f"Your code did not finish within {time_limit:g} seconds of work (processor time: what "
            "other programs take is not counted)."
        )
        advice = (
            "Is there a loop that never ends? If it is right but slow, let tensor operations do "
            "what a loop does now, or allow more time: "
            f'`check("{exercise.name}", {exercise.name}, time_limit={6 * time_limit:g})`.'
        )
    still_running = "It could not be stopped and still runs in the background; restart the kernel."
    parts = [
        what + (f" When the time was up it was at\n    {line}" if line else ""),
        advice,
        "" if time_up.stopped else still_running,
    ]
    return "\n".join(part for part in parts if part)
