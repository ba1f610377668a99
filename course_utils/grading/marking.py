"""Mark one answer, one submission: what the checker says, given in a process of its own.

The verdict on an answer is given *apart*: here the checks run, in a box the answer, and between
them go plain values. What the answer does to its own process, to `check`, to a report or to a clock
is then nothing to the checks.

A class, or a function whose arguments watch what is done to them, cannot be handed through the
wall. Such an answer is checked *together*: the checks run in the same box. That does as little harm
to anybody, but whoever knows Python well can make such a check say what he likes. Against the
plain ways the box is asked three times, in an order that it does not know: about the answer, about
the reference solution and about nonsense, of which the first has to pass and the second must not.
The gradebook says which of the two it was.
"""

import inspect
import random
import socket
from collections.abc import Sequence
from typing import NamedTuple

from course_utils.exercises.checking.answer import explain
from course_utils.exercises.checking.exercise import Exercise
from course_utils.exercises.checking.runner import examine
from course_utils.grading import apart
from course_utils.grading.box import Limits
from course_utils.grading.boxes import Box, Ended, opened
from course_utils.grading.source import Cells, Statement, Unreadable, suspicious

PASSED, FAILED, STUB, ABSENT = "passed", "not passed", "not attempted", "not there"
APART, TOGETHER = "apart", "together"

# Beside classes: a step that is watched at its work, a network and a slider that are handed over,
# and a loss of which the gradient is asked within the function that it was given.
NOT_APART = {"training_step", "make_autoencoder", "latent_slider", "flow_matching_loss"}
ORDER = random.SystemRandom()
ANSWERS = 15  # all answers of a submission together may take so many times what one may
TOO_LONG = (
    "It was not run: the answers before it, in the same submission, took {taken:.0f} seconds, and "
    "more is not given to one. Whoever marks can give more with `--seconds`."
)


class Mark(NamedTuple):
    """What an answer is worth, and why.

    Attributes:
        status: one of PASSED, FAILED, STUB, ABSENT.
        message: the checker's, or the sentence that says why there is none.
        how: APART or TOGETHER, or "" if nothing was run.
        look: what somebody should look at, as a sentence, or "".
        work: the seconds that the answer's box took: of processor time, and of waiting for it.
    """

    exercise: str
    lesson: int
    status: str
    message: str
    how: str = ""
    look: str = ""
    work: float = 0.0


def how_judged(exercise: Exercise) -> str:
    """Whether the verdict on an exercise is given APART from the answer, or TOGETHER with it."""
    handed_over = inspect.isclass(exercise.solution) or exercise.name in NOT_APART
    return TOGETHER if handed_over else APART


def mark(
    source: socket.socket, exercise: Exercise, cells: Cells, limits: Limits, taken: float = 0.0
) -> Mark:
    """Mark one answer. Whatever is in the cells, this returns.

    Args:
        source: where to ask for boxes.
        taken: the seconds that other answers of the same submission took.
    """
    own = exercise.name, exercise.lesson
    try:
        statements = cells.answer(exercise.name)
    except Unreadable as sentence:
        return Mark(*own, FAILED, str(sentence))
    if not statements:
        return Mark(*own, ABSENT, "No cell defines it.")
    if taken > ANSWERS * limits.work:
        return Mark(*own, FAILED, TOO_LONG.format(taken=taken))
    how, look = how_judged(exercise), _look(statements)
    lessons = how == TOGETHER or any("reference" in each.uses for each in statements)
    with opened(source, limits, lessons=lessons) as box:
        status, message = _verdict(box, exercise, [each.piece for each in statements], how)
    return Mark(*own, status, message, how, look, round(box.worked, 2))


def _verdict(
    box: Box, exercise: Exercise, pieces: Sequence[tuple[str, str]], how: str
) -> tuple[str, str]:
    try:
        return (judged_apart if how == APART else judged_together)(box, exercise, pieces)
    except Ended as sentence:
        return FAILED, str(sentence)
    except (
        Exception
    ) as error:  # of the learner's own, raised here again; or out of what is no reply
        return FAILED, f"Its source stopped before there was anything to check. {explain(error)}"


def judged_apart(
    box: Box, exercise: Exercise, pieces: Sequence[tuple[str, str]]
) -> tuple[str, str]:
    """The status and message of an answer that stays in its box.

    Raises:
        Ended: if the box ended before the verdict.
    """
    report = examine(exercise, apart.stand_in(box, exercise.name, pieces))
    if box.ended:
        raise Ended(box.ended)
    return _status(report.passed, report.attempted), report.message


def judged_together(
    box: Box, exercise: Exercise, pieces: Sequence[tuple[str, str]]
) -> tuple[str, str]:
    """The status and message of an answer, as its own box says: see the top of this module.

    Raises:
        Ended: if the box ended before the verdict.
    """
    order = ORDER.sample(("answer", "right", "wrong"), 3)
    told = box.ask("examine", exercise.name, pieces, order)
    if isinstance(told, dict):
        apart.raise_again(told)
    reports = dict(zip(order, told, strict=True))
    if reports["right"]["passed"] is not True or reports["wrong"]["passed"] is not False:
        return FAILED, (
            "With this answer loaded the check no longer tells right from wrong: the answer has "
            "tampered with it."
        )
    report = reports["answer"]
    return _status(report["passed"] is True, report["attempted"] is True), str(report["message"])


def _status(passed: bool, attempted: bool) -> str:
    return PASSED if passed else FAILED if attempted else STUB


def _look(statements: Sequence[Statement]) -> str:
    """A sentence on what no answer needs; it says nothing about right and wrong."""
    names = ", ".join(f"`{name}`" for name in suspicious(statements)[:6])
    return f"Look at its source, which uses {names}: no exercise needs that." if names else ""
