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

from course_utils.grading.box import Limits
from course_utils.grading.boxes import Ended, Source
from course_utils.grading.gradebook import Gradebook, summary
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
    from course_utils.grading import marking  # noqa: F401

    # A probe that is a class or function of a lesson goes into a box by what it is, and not by its
    # name, since no lesson is to be found in there.
    cloudpickle.register_pickle_by_value(lessons)
    lessons.all_exercises()


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
    from course_utils.exercises.lessons import all_exercises, find, twins
    from course_utils.grading.marking import ABSENT, mark
    from course_utils.grading.source import Cells

    marks, trouble = {}, list(each.trouble)
    for path in each.notebooks:
        try:
            read = Cells(cells(path))
        except Unusable as sentence:
            trouble.append(str(sentence))
            continue
        known = all_exercises() | {twin.name: twin for twin in twins().values()}
        asked = [name for name in known if name in read.checked | read.defined()]
        lessons = {known[name].lesson for name in asked}
        for name, exercise in known.items():
            whole = exercise.lesson in lessons and name in all_exercises()
            if not whole and name not in asked:
                continue
            taken = sum((mark.work for mark in marks.values()), 0.0)
            now = mark(source, find(name), read, limits, taken)
            if name not in marks or marks[name].status == ABSENT:
                marks[name] = now
            elif now.status != ABSENT:
                trouble.append(f"{name} is there more than once; the first one counts.")
    if each.notebooks and not marks and not trouble:
        trouble.append("No exercise of the course is in it.")
    in_order = sorted(
        marks.values(), key=lambda mark: (mark.lesson, list(known).index(mark.exercise))
    )
    return _entry(each, [mark._asdict() for mark in in_order], trouble)


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
