"""Mark one answer, one submission: what the checker says, given in a process of its own.

The verdict on an answer is given *apart*: here the checks run, in a box the answer, and between
them go plain values. What the answer does to its own process, to `check`, to a report or to a clock
is then nothing to the checks.

A class, or a function whose arguments watch what is done to them, cannot be handed through the
wall. Such an answer is checked *together*: the checks run in the same box. That does as little harm
to anybody, but whoever knows Python well can make such a check say what he likes. Against the
plain ways the box is asked three times, in an order drawn for each answer: about the answer, about
the reference solution and about nonsense, of which the second has to pass and the third must not.
And if such an answer passes whose source has what could reach the check (a frame, `setattr`, an
attribute of what is not its own), it is left to somebody who reads. The gradebook says which of the
two it was.
"""

import inspect
import random
import socket
from collections.abc import Callable, Sequence
from typing import NamedTuple

from course_utils.exercises.checking.answer import explain
from course_utils.exercises.checking.exercise import Exercise
from course_utils.exercises.checking.runner import examine
from course_utils.grading import apart
from course_utils.grading.box import Limits
from course_utils.grading.boxes import Box, Ended, opened
from course_utils.grading.source import (
    Cells,
    Statement,
    Unreadable,
    borrowed,
    reaching,
    suspicious,
    unwritten,
)

PASSED, PARTLY, FAILED = "passed", "partly", "not passed"
STUB, ABSENT, BY_HAND = "not attempted", "not there", "by hand"
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

LEFT = (
    "To be marked by hand: it passes, but its check runs in the same process, and its source has "
    "what could reach that: {names}.\n{message}"
)


class Mark(NamedTuple):
    """What an answer is worth, and why.

    Attributes:
        lesson: its number; of a task of the exam the paper, "exam a".
        status: one of PASSED, PARTLY, FAILED, STUB, ABSENT, BY_HAND.
        message: the checker's, or the sentence that says why there is none; what is to be marked
            by hand itself.
        points: None for what is to be marked by hand.
        of: the most that it can get: 1 for an exercise.
        how: APART or TOGETHER, or "" if nothing was run.
        look: what somebody should look at, as a sentence, or "".
        work: the seconds that the answer's box took: of processor time, or of waiting for it.
    """

    exercise: str
    lesson: int | str
    status: str
    message: str
    points: int | None = 0
    of: int = 1
    how: str = ""
    look: str = ""
    work: float = 0.0


class Outcome(NamedTuple):
    """What came of one answer, as `Mark` has it."""

    status: str
    message: str
    points: int | None = 0
    look: str = ""


class Asked(NamedTuple):
    """What is to be marked: an exercise, or a checked task of the exam.

    Attributes:
        name: its own, and in `answer` that which the answer has in the notebook.
        lesson: as in `Mark`; so is `of`.
        how: APART or TOGETHER.
        judge: of a box, and the pieces of source to load in it.
    """

    name: str
    lesson: int | str
    answer: str
    of: int
    how: str
    judge: Callable[[Box, Sequence[tuple[str, str]]], Outcome]


def asked(exercise: Exercise) -> Asked:
    """An exercise, as it is to be marked."""
    how = how_judged(exercise)
    judge = judged_apart if how == APART else judged_together
    name, lesson = exercise.name, exercise.lesson
    return Asked(name, lesson, name, 1, how, lambda box, pieces: judge(box, exercise, pieces))


def how_judged(exercise: Exercise) -> str:
    """Whether the verdict on an exercise is given APART from the answer, or TOGETHER with it."""
    handed_over = inspect.isclass(exercise.solution) or exercise.name in NOT_APART
    return TOGETHER if handed_over else APART


def mark(
    source: socket.socket, asked: Asked, cells: Cells, limits: Limits, taken: float = 0.0
) -> Mark:
    """Mark one answer. Whatever is in the cells, this returns.

    Args:
        source: where to ask for boxes.
        taken: the seconds that other answers of the same submission took.
    """
    own = Mark(asked.name, asked.lesson, ABSENT, "No cell defines it.", of=asked.of)
    try:
        statements = cells.answer(asked.answer)
    except Unreadable as sentence:
        return own._replace(status=FAILED, message=str(sentence))
    if not statements:
        return own
    if taken > ANSWERS * limits.work:
        return own._replace(status=FAILED, message=TOO_LONG.format(taken=taken))
    lessons = asked.how == TOGETHER or any("reference" in each.uses for each in statements)
    with opened(source, limits, lessons=lessons) as box:
        outcome = _outcome(box, asked, [each.piece for each in statements])
    reach = reaching(statements) if asked.how == TOGETHER else []
    if outcome.status == PASSED and reach:
        said = LEFT.format(names=_listed(reach), message=outcome.message)
        outcome = outcome._replace(status=BY_HAND, message=said, points=None)
    look = " ".join(filter(None, (outcome.look, _look(asked, statements))))
    now = outcome._replace(look=look)._asdict()
    return own._replace(**now, how=asked.how, work=round(box.worked, 2))


def begun(asked: Asked, cells: Cells) -> bool:
    """Whether there is an answer, and more than the stub: as far as its source tells."""
    try:
        statements = cells.answer(asked.answer)
    except Unreadable:
        return True
    own = [each for each in statements if asked.answer in each.binds]
    return bool(own) and not unwritten(own[-1])


def _outcome(box: Box, asked: Asked, pieces: Sequence[tuple[str, str]]) -> Outcome:
    try:
        return asked.judge(box, pieces)
    except Ended as sentence:
        return Outcome(FAILED, str(sentence))
    # Of the learner's own, `sys.exit()` too, raised here again; or out of what is no reply.
    except (Exception, SystemExit) as error:
        said = f"Its source stopped before there was anything to check. {explain(error)}"
        return Outcome(FAILED, said)


def judged_apart(box: Box, exercise: Exercise, pieces: Sequence[tuple[str, str]]) -> Outcome:
    """What `check` says of an answer that stays in its box.

    Raises:
        Ended: if the box ended before the verdict.
    """
    report = examine(exercise, apart.stand_in(box, exercise.name, pieces))
    if box.ended:
        raise Ended(box.ended)
    return _told(report.passed, report.attempted, report.message)


def judged_together(box: Box, exercise: Exercise, pieces: Sequence[tuple[str, str]]) -> Outcome:
    """What the box of an answer itself says of it: see the top of this module.

    Raises:
        Ended: if the box ended before the verdict.
    """
    order = ORDER.sample(("answer", "right", "wrong"), 3)
    told = box.ask("examine", exercise.name, pieces, order)
    if isinstance(told, dict):
        apart.raise_again(told)
    reports = dict(zip(order, told, strict=True))
    if reports["right"]["passed"] is not True or reports["wrong"]["passed"] is not False:
        return Outcome(
            FAILED,
            "With this answer loaded the check no longer tells right from wrong: the answer has "
            "tampered with it.",
        )
    report = reports["answer"]
    return _told(report["passed"] is True, report["attempted"] is True, str(report["message"]))


def _told(passed: bool, attempted: bool, message: str) -> Outcome:
    return Outcome(PASSED if passed else FAILED if attempted else STUB, message, int(passed))


def _look(asked: Asked, statements: Sequence[Statement]) -> str:
    """Sentences on what no answer needs; they say nothing about right and wrong."""
    exam = isinstance(asked.lesson, str)
    taken = borrowed(statements, asked.answer, exam=exam)
    names = [name for name in suspicious(statements) if name not in taken]
    why = "which the paper rules out" if exam else "which has the solution"
    return " ".join(
        [
            *([f"Look at its source, which uses {_listed(taken)}, {why}."] if taken else []),
            *(
                [f"Look at its source, which uses {_listed(names)}: no exercise needs that."]
                if names
                else []
            ),
        ]
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names[:6])
