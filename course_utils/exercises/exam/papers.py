"""The two papers: task k of "a" and task k of "b" ask for the same ability, in other clothes.

Tasks 1 to 5 are checked, and each pair of them is a module of its own. Tasks 6 to 10 are open, and
their model answers stand in `open.toml`. The texts of all tasks are those of the notebooks. What
solves a task is loaded when somebody asks for it: in a box of `grading`, where strangers' code
runs, neither the modules of the pairs nor the model answers are to be found.
"""

import importlib
import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from course_utils.exercises.checking.words import shown
from course_utils.exercises.exam.task import Task

PAPERS = ("a", "b")
PAIRS = ("two_gaussians", "evidence", "two_storeys", "jensen", "reductions")


class UnknownTask(ValueError):
    """No task has this name; the message says which there are."""


class Idea(NamedTuple):
    """One idea that an open answer should hold, and what it is worth."""

    text: str
    points: int


class Open(NamedTuple):
    """An open task: an answer as a good learner would write it, and what is worth points in it."""

    minutes: int
    answer: str
    ideas: tuple[Idea, ...]

    @property
    def points(self) -> int:
        return sum(idea.points for idea in self.ideas)


@cache
def checked_tasks() -> dict[str, Task]:
    """The checked tasks by name, in the order of the papers."""
    pairs = [importlib.import_module(f"{__package__}.{pair}") for pair in PAIRS]
    return {
        f"{paper}{number}": getattr(pair, paper)
        for paper in PAPERS
        for number, pair in enumerate(pairs, start=1)
    }


@cache
def open_tasks() -> dict[str, Open]:
    """The open tasks by name, in the order of the papers."""
    text = Path(__file__).with_name("open.toml").read_text(encoding="utf-8")
    return {
        name: Open(
            table["minutes"],
            "\n".join(" ".join(part.split()) for part in table["answer"].split("\n\n")),
            tuple(Idea(**idea) for idea in table["ideas"]),
        )
        for name, table in tomllib.loads(text).items()
    }


def checked(name: object) -> Task:
    """The checked task of this name.

    Raises:
        UnknownTask: if there is none; the message says which there are.
    """
    if isinstance(name, str) and name in checked_tasks():
        return checked_tasks()[name]
    raise UnknownTask(
        f'name is {shown(name, 60)}; expected a checked task in quotes, "a1" to "a5" or "b1" to '
        '"b5", as in `hand_in("a1", nats_lost)`'
    )


def opened(name: object) -> Open:
    """The open task of this name.

    Raises:
        UnknownTask: if there is none; the message says which there are.
    """
    if isinstance(name, str) and name in open_tasks():
        return open_tasks()[name]
    raise UnknownTask(
        f'name is {shown(name, 60)}; expected an open task in quotes, "a6" to "a10" or "b6" to '
        '"b10", as in `model_answer("a6")`'
    )
