"""Mark a folder of submissions: `python -m course_utils grade submissions/ --out marks.csv`."""

import contextlib
import os
import resource
import signal
import socket
import sys
import time
import traceback
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import NoReturn

from course_utils.exercises.checking.exercise import Exercise
from course_utils.exercises.exam.papers import checked_tasks, open_tasks
from course_utils.exercises.lessons import all_exercises, twins
from course_utils.grading import exam
from course_utils.grading.box import Limits
from course_utils.grading.boxes import Ended, Source
from course_utils.grading.gradebook import Gradebook, summary
from course_utils.grading.marking import ABSENT, STUB, Asked, Mark, asked, mark
from course_utils.grading.source import Cells
from course_utils.grading.submissions import Submission, Unusable, cells, find, plain

MARKER_MEMORY = 4 * 2**30  # bytes of address space for reading one submission
NO_WALLS = (
    "This machine gives no walls to a stranger's code ({why}), so nothing was marked: Linux does, "
    "for root and where users may make namespaces; `--without-walls` marks all the same, with "
    "limits alone, and then the code of a submission can read, send and delete whatever you can."
)
WITHOUT_WALLS = (
    "Without walls: the code of a submission can read, send and delete whatever you can; only its "
    "time, its memory and its files have limits."
)


def grade(
    submissions: str | Path,
    out: str | Path,
    *,
    jobs: int | None = None,
    walls: bool = True,
    limits: Limits | None = None,
) -> int:
    """Mark all submissions, write the table and the pages, and print a line for each.

    Args:
        submissions: a folder with a notebook, or a folder of notebooks, for each learner.
        out: the table; beside it a folder of its name gets the pages, and keeps what was marked.
        jobs: how many submissions at a time; None: one for each core.
        walls: False marks with limits alone, where a machine has no more to give.
        limits: what one answer may use up.

    Returns:
        0 if all were marked, else 1.
    """
    try:
        found, sentences = find(Path(submissions))
        book = _book(Path(out), Path(submissions))
    except Unusable as sentence:
        print(plain(sentence), file=sys.stderr)
        return 1
    with _source(walls) as source:
        why = _unsafe(source) if walls else ""
        if why:
            print(plain(NO_WALLS.format(why=why)), file=sys.stderr)
            return 1
        if not walls:
            sentences.append(WITHOUT_WALLS)
        done = _mark_all(source, book, found, limits or Limits(), jobs or _cores())
    book.finish(found, sentences)
    for sentence in sentences:
        print(plain(sentence))
    print(f"{done} of {len(found)} submissions are marked; see {book.out} and {book.folder}/")
    return int(done < len(found))


def _book(out: Path, submissions: Path) -> Gradebook:
    """The gradebook, which nobody can hand in."""
    if out.resolve().is_relative_to(submissions.resolve()):
        raise Unusable(
            f"out is {str(out)!r}, within the folder of submissions; choose a place that no "
            "submission is in."
        )
    if not out.suffix:
        raise Unusable(f"out is {str(out)!r}; expected a file, such as marks.csv.")
    try:
        return Gradebook(out)
    except OSError as error:
        raise Unusable(f"out is {str(out)!r}, where nothing can be written: {error}.") from None


@contextlib.contextmanager
def _source(walls: bool) -> Iterator[Source]:
    from course_utils.data import data_root

    source = Source(enclosed=walls, data=data_root())
    _load()  # meanwhile that one does so too
    try:
        yield source
    finally:
        source.close()


def _load() -> None:
    """Load what all who mark need, before they are forked."""
    import cloudpickle

    from course_utils.exercises import lessons

    # A probe that is a class or function of a lesson goes into a box by what it is, and not by its
    # name, since no lesson is to be found in there.
    cloudpickle.register_pickle_by_value(lessons)
    all_exercises()
    checked_tasks()


def _unsafe(source: Source) -> str:
    """Why the walls of this machine are none; "" if they are."""
    from course_utils.grading.trial import escapes

    try:
        done = escapes(source.line)
    except Ended as ended:
        return str(ended).rstrip(".")
    return f"in a box code could {', '.join(done)}" if done else ""


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _mark_all(
    source: Source, book: Gradebook, found: Sequence[Submission], limits: Limits, jobs: int
) -> int:
    """Mark what is not marked yet, each in a process of its own; how many are marked then."""
    waiting = deque(each for each in found if book.entry(each) is None)
    if len(waiting) < len(found):
        print(f"{len(found) - len(waiting)} were marked before, and stay so.")
    running: dict[int, Submission] = {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                each = waiting.popleft()
                running[_fork(source.line, book, each, limits)] = each
            for process in list(running):
                if os.waitpid(process, os.WNOHANG)[0]:
                    _tell(book, running.pop(process))
            time.sleep(0.01)
    except KeyboardInterrupt:
        print("Stopped. What was marked stays so; the same command goes on from here.")
    finally:
        for process in running:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
    return sum(book.entry(each) is not None for each in found)


def _tell(book: Gradebook, each: Submission) -> None:
    """Print what came of a submission; if its marker has left nothing, enter that."""
    entry = book.entry(each)
    if entry is None:
        entry = _entry(each, [], ["It could not be read: it ended the process that marks."])
        book.enter(each, entry)
    trouble = f" {' '.join(entry['trouble'])}" if entry["trouble"] else ""
    print(plain(f"{each.name}: {summary(entry)}.{trouble}"), flush=True)


def _fork(source: socket.socket, book: Gradebook, each: Submission, limits: Limits) -> int:
    """The process that marks one submission, and ends."""
    sys.stdout.flush()
    with warnings.catch_warnings(action="ignore"):  # of threads, which none of ours has here
        process = os.fork()
    if process == 0:
        _marker(source, book, each, limits)
    return process


def _marker(source: socket.socket, book: Gradebook, each: Submission, limits: Limits) -> NoReturn:
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_AS, (_mapped() + MARKER_MEMORY,) * 2)
        book.enter(each, marked(source, each, limits))
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def _mapped() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def marked(source: socket.socket, each: Submission, limits: Limits) -> dict:
    """What the gradebook keeps of a submission: its marks, and sentences about it."""
    marks, trouble, taken = {}, list(each.trouble), 0.0
    for path in each.notebooks:
        try:
            found = cells(path)
        except Unusable as sentence:
            trouble.append(str(sentence))
            continue
        read = Cells([cell.text for cell in found if cell.kind == "code"])
        here = [now for paper in exam.papers(read) for now in exam.by_hand(paper, found)]
        for one in _asked(read):
            here.append(mark(source, one, read, limits, taken))
            taken += here[-1].work
        for now in here:
            name = now.exercise
            if name not in marks or marks[name].status in (ABSENT, STUB):
                marks[name] = now
            elif now.status not in (ABSENT, STUB):
                trouble.append(f"{name} is there more than once; the first one counts.")
    if each.notebooks and not marks and not trouble:
        trouble.append("No exercise of the course is in it.")
    in_order = sorted(marks.values(), key=_place)
    return _entry(each, [mark._asdict() for mark in in_order], trouble)


def _asked(read: Cells) -> list[Asked]:
    """What is to be marked of a notebook: each lesson and each paper that is there, as a whole."""
    papers = exam.papers(read)
    # In an exam a function may have the name of an exercise, and is no answer to it.
    names = read.checked if papers else read.checked | read.defined()
    begun = {name: exercise for name, exercise in _known().items() if name in names}
    lessons = {exercise.lesson for exercise in begun.values()}
    whole = {name: each for name, each in all_exercises().items() if each.lesson in lessons}
    return [
        *(asked(exercise) for exercise in (whole | begun).values()),
        *(each for paper in papers for each in exam.checked(paper, read)),
    ]


def _known() -> dict[str, Exercise]:
    return all_exercises() | {twin.name: twin for twin in twins().values()}


def _place(mark: Mark) -> tuple[bool, int | str, int]:
    """Where a mark stands in the table: lessons first, then papers."""
    names = [*_known(), *checked_tasks(), *open_tasks()]
    return isinstance(mark.lesson, str), mark.lesson, names.index(mark.exercise)


def _entry(each: Submission, marks: list[dict], trouble: list[str]) -> dict:
    record, sentence = each.record()
    return {
        "name": each.name,
        "digest": each.digest(),
        "marked": date.today().isoformat(),
        "marks": marks,
        "record": record,
        "trouble": [*trouble, *([sentence] if sentence else [])],
    }
