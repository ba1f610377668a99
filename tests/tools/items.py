"""Item analysis of the exam: what each step of a checked task tells about who answers it.

    .venv/bin/python tests/tools/items.py

There are no learners yet to measure with, so they are simulated: see `course_utils/exercises/exam/
slips.py`, whose `Learner` answers the checked tasks as the course teaches, or by a `Misconception`.
Open tasks are left out: a function cannot write an essay.

The class that is measured holds none, one or two of the misconceptions, each combination once. So
there is no number in here that somebody made up: how hard an item is says how many of the beliefs
it depends on, and not how many people hold them. The point-biserial correlation falls below 0 where
an item depends on a belief that matters nowhere else: who holds that one holds at most one other.
"""

import functools
import itertools
import statistics
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from course_utils.exercises.exam.papers import PAPERS, checked_tasks
from course_utils.exercises.exam.slips import MISCONCEPTIONS, Learner, Misconception
from course_utils.exercises.exam.task import judge


class Item(NamedTuple):
    """One step of a checked task."""

    task: str
    step: str
    points: int


def items(paper: str) -> list[Item]:
    return [
        Item(name, step, points)
        for name, task in checked_tasks().items()
        if name.startswith(paper)
        for step, points in task.steps.items()
    ]


def answered(held: Sequence[Misconception], paper: str) -> list[bool]:
    """Which items of a paper somebody who holds these misconceptions gets right."""
    answers = Learner(held).answers()
    found: list[bool] = []
    for name, task in checked_tasks().items():
        if name.startswith(paper):
            found += judge(task, answers[name]).right.values()
    return found


def the_class() -> Iterator[tuple[Misconception, ...]]:
    """Everybody who holds none, one or two of the misconceptions."""
    for count in range(3):
        yield from itertools.combinations(MISCONCEPTIONS, count)


@functools.cache
def sheets(paper: str) -> list[list[bool]]:
    """What each of the class gets right: a row for each learner, a column for each item."""
    return [answered(held, paper) for held in the_class()]


def lowered_by(paper: str) -> list[list[bool]]:
    """Whether an item, a row, is lost by a misconception, a column, that is held alone."""
    alone = sheets(paper)[1 : 1 + len(MISCONCEPTIONS)]
    return [[not right for right in column] for column in zip(*alone, strict=True)]


class Measured(NamedTuple):
    """How an item did: the share of the class that has it right, from 0 to 1, and how well it tells
    who has the rest of the paper right, from -1 to 1, more is better."""

    difficulty: float
    discrimination: float


def measured(paper: str) -> list[Measured]:
    """Difficulty and discrimination of each item: the point-biserial correlation of an item with
    the points of all others."""
    points = [item.points for item in items(paper)]
    totals = [sum(itertools.compress(points, sheet)) for sheet in sheets(paper)]
    found = []
    for column, worth in zip(zip(*sheets(paper), strict=True), points, strict=True):
        rest = [total - worth * right for total, right in zip(totals, column, strict=True)]
        found.append(
            Measured(statistics.mean(column), statistics.correlation([*map(float, column)], rest))
        )
    return found


def table(paper: str) -> str:
    """Items by misconceptions, and what was measured of each item."""
    numbers = range(1, 1 + len(MISCONCEPTIONS))
    lines = [f"paper {paper}, {len(sheets(paper))} learners"]
    lines.append(
        " " * 35 + "".join(f"{number:>3}" for number in numbers) + "  right  point-biserial"
    )
    rows = zip(items(paper), lowered_by(paper), measured(paper), strict=True)
    for item, lost, (difficulty, discrimination) in rows:
        crosses = "".join("  ×" if each else "  ·" for each in lost)
        name = f"{item.task} {item.step}"
        lines.append(f"{name:<35}{crosses}  {difficulty:5.2f}  {discrimination:14.2f}")
    return "\n".join(lines)


def main() -> None:
    for number, each in enumerate(MISCONCEPTIONS, start=1):
        print(f"{number:>3} {each.belief} ({each.seen_in})")
    for paper in PAPERS:
        print(f"\n{table(paper)}")


if __name__ == "__main__":
    main()
