"""What an exercise is, and where to find it by its name."""

import difflib
import functools
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from course_utils.exercises.answer import Answer


class Stage(NamedTuple):
    """One step of a check: `check(answer)` returns if the answer is right, else raises `Wrong`."""

    name: str
    check: Callable[["Answer"], None]


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
        solution: the reference, a function or class in `solutions/lesson_NN.py`.
        difficulty: 1 (a line) to 5 (an evening).
        minutes: what a learner who followed the lesson needs.
        success: a number or picture that the learner will see when it is solved.
        hints: at least two, each saying more than the one before.
        stages: the checks in order; the first that fails is the one reported.
        specimen: what the notebook holds in place of a stub, in a lesson about mistakes.
    """

    solution: Callable
    difficulty: int
    minutes: int
    success: str
    hints: Sequence[str]
    stages: Sequence[Stage]
    specimen: Specimen | None = None

    @property
    def name(self) -> str:
        return self.solution.__name__

    @property
    def lesson(self) -> int:
        found = re.search(r"lesson_(\d\d)$", self.solution.__module__)
        return int(found[1]) if found else 0

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(inspect.signature(self.solution).parameters)


class UnknownExercise(ValueError):
    """No exercise has this name; the message lists those that exist."""


@functools.cache
def all_exercises() -> dict[str, Exercise]:
    """Every `Exercise` found at the top level of a module `lesson_NN`, by name, in course order."""
    package = importlib.import_module(__package__)
    lessons = sorted(
        module.name
        for module in pkgutil.iter_modules(package.__path__)
        if re.fullmatch(r"lesson_\d\d", module.name)
    )
    return {
        item.name: item
        for lesson in lessons
        for item in vars(importlib.import_module(f"{__package__}.{lesson}")).values()
        if isinstance(item, Exercise)
    }


def find(name: str | Callable) -> Exercise:
    """The exercise of this name.

    Raises:
        UnknownExercise: naming the nearest and listing all.
    """
    known = all_exercises()
    if not isinstance(name, str):
        example = next(iter(known))
        raise UnknownExercise(f'an exercise is named by a text in quotes, such as "{example}"')
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name.lower(), known, n=1)
    guess = f'did you mean "{near[0]}"? ' if near else ""
    raise UnknownExercise(
        f'there is no exercise "{name[:60]}"; {guess}The exercises are: {", ".join(known)}'
    )
