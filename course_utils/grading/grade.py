"""Mark a folder of submissions: `python -m course_utils grade submissions/ --out marks.csv`."""

import contextlib
import json
import os
import resource
import signal
import socket
import sys
import tempfile
import time
import traceback
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import IO, NamedTuple, NoReturn

from course_utils.exercises.checking.exercise import Exercise
from course_utils.exercises.exam.papers import checked_tasks, open_tasks
from course_utils.exercises.lessons import all_exercises, twins
from course_utils.grading import exam
from course_utils.grading.box import Limits, readable
from course_utils.grading.boxes import Ended, Source
from course_utils.grading.gradebook import Gradebook, summary
from course_utils.grading.marking import (
    ABSENT,
    ANSWERS,
    FAILED,
    STUB,
    Asked,
    Mark,
    asked,
    begun,
    mark,
)
from course_utils.grading.source import Cells
from course_utils.grading.submissions import Submission, Unusable, cells, find, plain

MARKER_MEMORY = 4 * 2**30  # bytes of address space for reading one submission
READING = 300  # seconds for reading and checking one, beside those that its answers may take
ENDED = "It could not be read to its end: it ended the process that marks.{kept}"
TOO_LATE = "It was not done after {seconds:.0f} seconds, and was stopped.{kept}"
KEPT = " What was marked by then counts."
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
        book = _book(Path(out), Path(submissions), walls=walls)
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


def _book(out: Path, submissions: Path, *, walls: bool = True) -> Gradebook:
    """The gradebook, which nobody can hand in, and nobody can read from a box."""
    if not out.suffix:
        raise Unusable(f"out is {str(out)!r}; expected a file, such as marks.csv.")
    pages = out.with_suffix("")
    if any(_within(each, submissions) for each in (out, pages)) or _within(submissions, pages):
        raise Unusable(
            f"out is {str(out)!r}, within the folder of submissions, or its pages in "
            f"{str(pages)!r} would be; choose a place that no submission is in."
        )
    for shown in _shown() if walls else ():
        for word, place in (("submissions", submissions), ("out", out)):
            if _within(place, shown):
                raise Unusable(
                    f"{word} is {str(place)!r}, within {str(shown)!r}, which every box may read; "
                    "choose a place outside."
                )
    try:
        return Gradebook(out)
    except OSError as error:
        raise Unusable(f"out is {str(out)!r}, where nothing can be written: {error}.") from None


def _shown() -> list[Path]:
    """The folders that can be read from a box."""
    from course_utils.data import data_root

    return readable(data_root())


def _within(place: Path, folder: Path) -> bool:
    """Whether a place is a folder or lies in it, whatever way leads there."""
    place = place.resolve()
    return folder.exists() and any(
        each.exists() and each.samefile(folder) for each in (place, *place.parents)
    )


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
    running: dict[int, _Running] = {}
    seconds = float(READING + 2 * ANSWERS * limits.work)
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                each = waiting.popleft()
                kept = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
                process = _fork(source.line, book, each, limits, kept)
                running[process] = _Running(each, time.monotonic() + seconds, kept)
            for process, now in list(running.items()):
                late = time.monotonic() > now.until
                if late:
                    os.kill(process, signal.SIGKILL)
                if os.waitpid(process, 0 if late else os.WNOHANG)[0]:
                    _tell(book, running.pop(process), TOO_LATE if late else ENDED, seconds)
            time.sleep(0.01)
    except KeyboardInterrupt:
        print("Stopped. What was marked stays so; the same command goes on from here.")
    finally:
        for process in running:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
    return sum(book.entry(each) is not None for each in found)


class _Running(NamedTuple):
    """A submission that is being marked.

    Attributes:
        until: the moment of `time.monotonic()` at which its marker is stopped.
        kept: where the marker writes each mark as soon as it is given, a line for each.
    """

    submission: Submission
    until: float
    kept: IO[str]


def _tell(book: Gradebook, now: _Running, why: str, seconds: float) -> None:
    """Print what came of a submission; if its marker has not entered it, enter what it has left."""
    each = now.submission
    entry = book.entry(each)
    with now.kept:
        if entry is None:
            tally = _Tally(each)
            now.kept.seek(0)
            for line in now.kept:
                with contextlib.suppress(ValueError):  # it was stopped within the last
                    tally.add(Mark(**json.loads(line)))
            tally.trouble.append(why.format(seconds=seconds, kept=KEPT if tally.marks else ""))
            entry = tally.entry()
            book.enter(each, entry)
    trouble = f" {' '.join(entry['trouble'])}" if entry["trouble"] else ""
    print(plain(f"{each.name}: {summary(entry)}.{trouble}"), flush=True)


def _fork(
    source: socket.socket, book: Gradebook, each: Submission, limits: Limits, kept: IO[str]
) -> int:
    """The process that marks one submission, and ends."""
    sys.stdout.flush()
    with warnings.catch_warnings(action="ignore"):  # of threads, which none of ours has here
        process = os.fork()
    if process == 0:
        _marker(source, book, each, limits, kept)
    return process


def _marker(
    source: socket.socket, book: Gradebook, each: Submission, limits: Limits, kept: IO[str]
) -> NoReturn:
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_CPU, (READING,) * 2)
            resource.setrlimit(resource.RLIMIT_AS, (_mapped() + MARKER_MEMORY,) * 2)
        book.enter(each, marked(source, each, limits, kept))
        os._exit(0)
    except BaseException:
        print(plain(traceback.format_exc()), file=sys.stderr, flush=True)
    finally:
        os._exit(1)


def _mapped() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


class _Tally:
    """The marks of a submission as they come, and sentences about it."""

    def __init__(self, submission: Submission, kept: IO[str] | None = None) -> None:
        self.submission, self.trouble = submission, list(submission.trouble)
        self.marks: dict[str, Mark] = {}
        self._kept = kept

    def has(self, name: str) -> bool:
        """Whether an answer is marked, so that no other to the same exercise counts."""
        return name in self.marks and self.marks[name].status not in (ABSENT, STUB)

    def add(self, mark: Mark) -> None:
        if self.has(mark.exercise):
            if mark.status not in (ABSENT, STUB):
                self.double(mark.exercise)
            return
        self.marks[mark.exercise] = mark
        if self._kept is not None:
            print(json.dumps(mark._asdict()), file=self._kept, flush=True)

    def double(self, name: str) -> None:
        sentence = f"{name} is there more than once; the first one counts."
        self.trouble += [] if sentence in self.trouble else [sentence]

    def entry(self) -> dict:
        """What the gradebook keeps of it."""
        record, sentence = self.submission.record()
        in_order = sorted(self.marks.values(), key=_place)
        return {
            "name": self.submission.name,
            "digest": self.submission.digest(),
            "marked": date.today().isoformat(),
            "marks": [mark._asdict() for mark in in_order],
            "record": record,
            "trouble": [*self.trouble, *([sentence] if sentence else [])],
        }


def marked(
    source: socket.socket, each: Submission, limits: Limits, kept: IO[str] | None = None
) -> dict:
    """What the gradebook keeps of a submission: its marks, and sentences about it.

    Args:
        kept: where each mark is written as soon as it is given.
    """
    tally, taken = _Tally(each, kept), 0.0
    for path in each.notebooks:
        try:
            found = cells(path)
        except Unusable as sentence:
            tally.trouble.append(str(sentence))
            continue
        read = Cells([cell.text for cell in found if cell.kind == "code"])
        for paper in exam.papers(read):
            for now in exam.by_hand(paper, found):
                tally.add(now)
        for one in _asked(read):
            if not tally.has(one.name):
                now = _mark(source, one, read, limits, taken)
                taken += now.work
                tally.add(now)
            elif begun(one, read):
                tally.double(one.name)
    if each.notebooks and not tally.marks and not tally.trouble:
        tally.trouble.append("No exercise of the course is in it.")
    return tally.entry()


def _mark(source: socket.socket, one: Asked, read: Cells, limits: Limits, taken: float) -> Mark:
    """Mark one answer; if that fails, none of the others is lost."""
    try:
        return mark(source, one, read, limits, taken)
    except Exception as error:
        said = f"It could not be marked ({type(error).__name__}): look at it yourself."
        return Mark(one.name, one.lesson, FAILED, said, of=one.of)


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
