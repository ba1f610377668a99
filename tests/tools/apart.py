"""Whether `grade` judges as `check` does: every exercise that is judged apart, answered both ways.

    .venv/bin/python tests/tools/apart.py --most 4

For each answer that the tests have (two right ones, and so many wrong ones), `check` judges it in
this process, and `marking.judged_apart` judges it in a box. Nothing may differ: not the verdict,
not a number in the message, not the line of the answer that it quotes, not which mistake it names.
What does is printed. No type checker is at work here, as none is when somebody marks: under that of
the tests, what a box is handed would be wrapped.
"""

import argparse
import importlib
import re
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import cloudpickle

from course_utils.exercises import Report, examine, lessons
from course_utils.exercises.checking.exercise import Exercise
from course_utils.grading import inside, marking
from course_utils.grading.box import Limits
from course_utils.grading.boxes import Source, opened

# What a box is handed is a copy, so what an answer changes inside of it is not seen here: only the
# messages differ, of answers that change what is not theirs and are wrong besides.
OTHER_MESSAGE = {"stranger_moves_the_pictures"}
TESTS = Path(__file__).resolve().parents[1]
IMPORT = re.compile(r"^from (answers\.[\w.]+) import (?:\([^)]*\)|.*)", re.MULTILINE)


def answers(exercise: Exercise, most: int) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Two right answers and some wrong ones: the name of each, and its source."""
    module = importlib.import_module(f"answers.lesson_{exercise.lesson:02d}.{exercise.name}")
    names = {value: name for name, value in vars(module).items() if callable(value)}
    for answer in (*module.RIGHT[:2], *list(module.WRONG)[:most]):
        own = f"<cell {names[answer]}>", f"{exercise.name} = {names[answer]}"
        yield names[answer], [*_pieces(module.__name__), own]


def _pieces(module: str) -> list[tuple[str, str]]:
    """The source of a module of answers, after those of others that it imports."""
    text = TESTS.joinpath(*module.split(".")).with_suffix(".py").read_text("utf-8")
    before = [piece for other in IMPORT.findall(text) for piece in _pieces(other)]
    return [*before, (f"<cell {module}>", IMPORT.sub("", text))]


def both_ways(
    source: socket.socket, exercise: Exercise, pieces: Sequence[tuple[str, str]]
) -> tuple[marking.Outcome, marking.Outcome]:
    """What `check` says of an answer, and what is said of it in a box."""
    here = _told(examine(exercise, inside.loaded(exercise.name, pieces)))
    with opened(source, Limits()) as box:
        return here, marking.judged_apart(box, exercise, pieces)


def _told(report: Report) -> marking.Outcome:
    failed = marking.FAILED if report.attempted else marking.STUB
    status = marking.PASSED if report.passed else failed
    return marking.Outcome(status, report.message, int(report.passed))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--most", type=int, default=4, help="wrong answers to an exercise")
    parser.add_argument("names", nargs="*", help="exercises; without, all")
    chosen = parser.parse_args()
    sys.path.insert(0, str(TESTS))
    cloudpickle.register_pickle_by_value(lessons)
    exercises = map(lessons.find, chosen.names or lessons.modules())
    apart = [each for each in exercises if marking.how_judged(each) == marking.APART]
    source, same, different = Source(enclosed=True), 0, 0
    for exercise in apart:
        for name, pieces in answers(exercise, chosen.most):
            here, there = both_ways(source.line, exercise, pieces)
            if here == there or (name in OTHER_MESSAGE and here.status == there.status):
                same += 1
            else:
                different += 1
                print(f"{exercise.name}, {name}:\n  check: {here}\n  apart: {there}", flush=True)
    source.close()
    print(f"{len(apart)} exercises: {same} answers are judged alike, {different} are not")
    return int(different > 0)


if __name__ == "__main__":
    sys.exit(main())
