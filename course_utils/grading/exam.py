"""The exam in a submission: which papers are there, and what was written to their tasks.

A checked task is judged as an exercise is, its answer in a box and the verdict here; an open one
is left to somebody who reads. Neither solutions nor model answers go where strangers' code runs.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from course_utils.exercises.exam.papers import PAPERS, checked_tasks, open_tasks
from course_utils.exercises.exam.task import Task, Verdict, in_words, judge
from course_utils.grading import apart
from course_utils.grading.boxes import Box, Ended
from course_utils.grading.marking import (
    ABSENT,
    APART,
    BY_HAND,
    FAILED,
    PARTLY,
    PASSED,
    STUB,
    Asked,
    Mark,
    Outcome,
)
from course_utils.grading.source import Cells
from course_utils.grading.submissions import Cell

HEADING = re.compile(r"^## (?:Task (\d{1,2})\b|Add it up)")
PLACE = re.compile(r"^\*\*Your answer to task (\d{1,2})\*\*(?: \([^)]{0,200}\):)?", re.MULTILINE)
PLAIN = str.maketrans({"\t": "    ", "\xa0": " ", "\r": None})
LONGEST = 15_000  # letters of an open answer that are kept
CUT = "\n… Here it was cut; it goes on in the notebook."
NOTHING = "Nothing is written below this task; it may stand elsewhere in the notebook."


def papers(cells: Cells) -> list[str]:
    """The papers that a notebook holds, "a" or "b" or both, begun or not."""
    defined = cells.defined()
    begun = [
        name
        for name, task in checked_tasks().items()
        if name in cells.handed_in or _function(task) in defined
    ]
    return [paper for paper in PAPERS if any(name.startswith(paper) for name in begun)]


def checked(paper: str, cells: Cells) -> list[Asked]:
    """The checked tasks of a paper. An answer has the name under which it was handed in."""
    return [
        _asked(name, task, cells.handed_in.get(name, _function(task)))
        for name, task in checked_tasks().items()
        if name.startswith(paper)
    ]


def _asked(name: str, task: Task, answer: str) -> Asked:
    def judged(box: Box, pieces: Sequence[tuple[str, str]]) -> Outcome:
        return _judged(name, task, box, apart.stand_in(box, answer, pieces))

    return Asked(name, _called(name), answer, task.points, APART, judged)


def by_hand(paper: str, cells: Sequence[Cell]) -> list[Mark]:
    """What is written below the open tasks of a paper, as it stands there."""
    written = defaultdict(list)
    for number, text in _below_tasks(cells):
        written[number].append(text)
    return [
        _to_read(name, task.points, "\n\n".join(written[int(name[1:])]).strip())
        for name, task in open_tasks().items()
        if name.startswith(paper)
    ]


def _to_read(name: str, points: int, text: str) -> Mark:
    status = BY_HAND if text else ABSENT
    text = text if len(text) <= LONGEST else text[:LONGEST] + CUT
    return Mark(name, _called(name), status, text or NOTHING, points=None, of=points)


def _called(name: str) -> str:
    return f"exam {name[0]}"


def _function(task: Task) -> str:
    return task.solution.__name__


def _judged(name: str, task: Task, box: Box, answer: object) -> Outcome:
    """Which steps are right, and no word on why: the slip behind it is for the table alone.

    Raises:
        Ended: if the box ended before the verdict.
    """
    verdict = judge(task, answer)
    if box.ended:
        raise Ended(box.ended)
    if not verdict.attempted:
        return Outcome(STUB, "Not answered yet.")
    points = verdict.points(task)
    status = PASSED if points == task.points else PARTLY if points else FAILED
    steps = [f"{in_words(right)}  {step}" for step, right in verdict.right.items()]
    return Outcome(status, verdict.remark or "\n".join(steps), points, _slip(name, verdict, answer))


def _slip(name: str, verdict: Verdict, answer: object) -> str:
    """A sentence for whoever marks on the belief behind what is wrong, or ""."""
    # Loaded here, and so in no process that boxes are forked from: it solves the exam.
    from course_utils.exercises.exam.slips import beliefs_behind, in_a_sentence

    return "" if all(verdict.right.values()) else in_a_sentence(beliefs_behind(name, answer))


def _below_tasks(cells: Sequence[Cell]) -> Iterator[tuple[int, str]]:
    """The text of each cell that stands below the text of a task, with the number of that task."""
    number = 0
    for kind, text in cells:
        heading = HEADING.match(text) if kind == "markdown" else None
        place = PLACE.search(text) if kind == "markdown" else None
        if heading:
            number = int(heading[1] or 0)
            continue
        if place:
            number = int(place[1])
        if number:
            yield number, PLACE.sub("", text.translate(PLAIN)).strip()
