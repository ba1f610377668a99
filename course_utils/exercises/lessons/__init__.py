"""The exercises of the course: `lesson_NN/name.py`, or a folder `name`, holds all that `name` is.

The reference solution has the module's name, and `exercise` is the `Exercise` made of it. A module
`name_twin.py` is the twin of `name`: the same idea in other clothes, for whoever has looked at the
solution. It stands in no lesson, and `all_exercises` does not count it. What several exercises of a
lesson share stands beside them in a module whose name begins with `_`. The predictions of the
lesson are in its `quiz.toml`, further questions for `review` in `review.toml`, its cards in
`cards.toml`, if there are any.
"""

import difflib
import functools
import importlib
import pkgutil
from collections.abc import Callable

from course_utils.exercises.checking.exercise import Exercise

TWIN = "_twin"  # ends the name of a twin


class UnknownExercise(ValueError):
    """No exercise has this name; the message says which are near."""


@functools.cache
def modules() -> dict[str, str]:
    """The module of every exercise, by the name of the exercise."""
    lessons = [item.name for item in pkgutil.iter_modules(__path__, f"{__name__}.") if item.ispkg]
    found = {}
    for lesson in lessons:
        path = importlib.import_module(lesson).__path__
        names = [item.name for item in pkgutil.iter_modules(path)]
        found |= {name: f"{lesson}.{name}" for name in names if not name.startswith("_")}
    return found


@functools.cache
def all_exercises() -> dict[str, Exercise]:
    """Every exercise by name, in the order of the lessons and of their places in them."""
    exercises = [find(name) for name in modules() if not name.endswith(TWIN)]
    in_order = sorted(exercises, key=lambda exercise: (exercise.lesson, exercise.place))
    return {exercise.name: exercise for exercise in in_order}


@functools.cache
def twins() -> dict[str, Exercise]:
    """The twin of each exercise that has one, by the name of that exercise."""
    return {name: find(name + TWIN) for name in all_exercises() if name + TWIN in modules()}


def find(name: str | Callable) -> Exercise:
    """The exercise of this name. Only its own module is loaded.

    Raises:
        UnknownExercise: with the nearest name and those of the same lesson, if one is near.
    """
    if not isinstance(name, str):
        example = next(iter(all_exercises()))
        raise UnknownExercise(f'an exercise is named by a text in quotes, such as "{example}"')
    if name in modules():
        return importlib.import_module(modules()[name]).exercise
    raise UnknownExercise(f'there is no exercise "{name[:60]}"; {_near(name)}')


def _near(name: str) -> str:
    known = all_exercises()
    near = difflib.get_close_matches(name.lower(), known, n=1)
    if not near:
        return f"`progress()` lists all {len(known)}, lesson by lesson"
    lesson = known[near[0]].lesson
    beside = [item.name for item in known.values() if item.lesson == lesson]
    return f'did you mean "{near[0]}"? Lesson {lesson:02d} has {", ".join(beside)}'
