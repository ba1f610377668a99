"""What an exercise is: a reference solution, what is said about it, and the stages of its check."""

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from course_utils.exercises.checking.answer import Answer


class Stage(NamedTuple):
    """One step of a check: `check(answer)` returns if the answer is right, else raises `Wrong`."""

    name: str
    check: Callable[[Answer], None]


@dataclass(frozen=True, eq=False)
class Specimen:
    """A function that runs, looks right and is wrong: the learner repairs it, and starts from it.

    Attributes:
        function: the wrong function, with the parameters of the reference solution.
        breaks: the property that exposes it: a sentence with a place for a number, `{by:.2f}`.
            The second hint says it.
        by: how far any such function is from having the property, 0 or more.
        allowed: the most that a right one may show, because it rounds or draws.
    """

    function: Callable
    breaks: str
    by: Callable[[Callable], float]
    allowed: float = 1e-4


@dataclass(frozen=True, eq=False)
class Exercise:
    """One exercise. Its name and lesson are those of the reference solution.

    Attributes:
        solution: the reference, a function or class in the module of the same name.
        difficulty: 1 (a line) to 5 (an evening).
        minutes: what a learner who followed the lesson needs.
        success: a number or picture that the learner will see when it is solved.
        hints: at least two, each saying more than the one before.
        stages: the checks in order; the first that fails is the one reported.
        specimen: what the notebook holds in place of a stub, in a lesson about mistakes.
        form: what the learner starts from: an empty function; the reference with three holes,
            `...`, to fill; or its lines, shuffled and not indented, to bring into order.
        place: which of its lesson, counted from 1: `progress` lists them in this order.
    """

    solution: Callable
    difficulty: int
    minutes: int
    success: str
    hints: Sequence[str]
    stages: Sequence[Stage]
    specimen: Specimen | None = None
    form: Literal["empty", "half-filled", "in order"] = "empty"
    place: int = 1

    @property
    def name(self) -> str:
        return self.solution.__name__

    @property
    def lesson(self) -> int:
        found = re.search(r"lesson_(\d\d)\.", self.solution.__module__)
        return int(found[1]) if found else 0

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(inspect.signature(self.solution).parameters)
