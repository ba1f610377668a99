"""How long it takes to mark a class: every lesson solved, handed in by each of so many learners.

A learner's folder holds the notebooks as they are committed, outputs and all, with our own solution
in the place of every exercise (`--lessons 06 07` takes some of them). Then `python -m course_utils
grade` marks the class, as an instructor calls it. Printed are its minutes, the seconds for one
submission, the answers that passed, and the most memory that the command and all its boxes took at
a time: the proportional set size (PSS), in which what several share counts once. It is asked every
two seconds, so a shorter peak may be missed. Linux only; the boxes' memory can be read as root.

    python tests/tools/marking.py 200 --jobs 2
"""

import argparse
import ast
import csv
import inspect
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from course_utils.exercises.lessons import all_exercises

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.classroom import megabytes

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
EVERY = 2.0  # seconds between two looks at the memory


class Told(NamedTuple):
    """What marking a class took: seconds, MB at the peak, and how many answers have each status."""

    submissions: int
    seconds: float
    memory: float
    statuses: Counter


def solved(path: Path) -> str:
    """A lesson's notebook with our solution in the place of each exercise."""
    notebook = json.loads(path.read_text("utf-8"))
    for cell in notebook["cells"]:
        if "exercise" in cell["metadata"].get("tags", ()):
            (stub,) = ast.parse("".join(cell["source"])).body
            cell["source"] = inspect.getsource(all_exercises()[stub.name].solution)
    return json.dumps(notebook)


def fill(folder: Path, count: int, lessons: Sequence[str]) -> None:
    """A folder for each learner. The disk holds each notebook once, and `grade` reads it often."""
    first = folder / "learner_001"
    first.mkdir(parents=True)
    for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")):
        if not lessons or path.name[:2] in lessons:
            (first / path.name).write_text(solved(path), "utf-8")
    for number in range(2, count + 1):
        other = folder / f"learner_{number:03d}"
        other.mkdir()
        for path in first.iterdir():
            os.link(path, other / path.name)


def family(process: int) -> Iterator[int]:
    """A process and all that it has started."""
    children = defaultdict(list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has ended
            continue
        children[parent].append(int(stat.parent.name))
    waiting = [process]
    while waiting:
        yield (each := waiting.pop())
        waiting += children[each]


def memory(process: int) -> float:
    """MB of a process and all that it has started, of those that can be read."""
    total = 0.0
    for each in family(process):
        try:
            total += megabytes(each)
        except (OSError, TypeError):  # it has ended, or is another user's
            continue
    return total


def measure(count: int, lessons: Sequence[str] = (), jobs: int | None = None) -> Told:
    """Mark a class of so many.

    Raises:
        RuntimeError: if the command fails.
    """
    with tempfile.TemporaryDirectory() as place:
        folder, table, log = Path(place, "in"), Path(place, "marks.csv"), Path(place, "log")
        fill(folder, count, lessons)
        command = [sys.executable, "-m", "course_utils", "grade", str(folder), "--out", str(table)]
        command += [] if jobs is None else ["--jobs", str(jobs)]
        begun, most = time.monotonic(), 0.0
        with log.open("w") as output:
            marking = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            while True:
                try:
                    code = marking.wait(EVERY)
                    break
                except subprocess.TimeoutExpired:
                    most = max(most, memory(marking.pid))
        finally:
            marking.kill()
        seconds = time.monotonic() - begun
        if code:
            raise RuntimeError(log.read_text("utf-8")[-2000:])
        with table.open(encoding="utf-8", newline="") as file:
            statuses = Counter(row["status"] for row in csv.DictReader(file) if row["exercise"])
    return Told(count, seconds, most, statuses)


def report(told: Told) -> str:
    """All of it in words."""
    answers = ", ".join(f"{count} {status}" for status, count in told.statuses.most_common())
    return (
        f"{told.submissions} submissions in {told.seconds / 60:.1f} minutes, "
        f"{told.seconds / told.submissions:.1f} s for each\n"
        f"answers: {answers}\n"
        f"memory at the peak: {told.memory:.0f} MB"
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("submissions", type=int, nargs="?", default=200)
    parser.add_argument("--lessons", nargs="*", default=(), metavar="NN", help="without, all")
    parser.add_argument(
        "--jobs", type=int, help="submissions at a time; one for each core, without"
    )
    asked = parser.parse_args(arguments)
    print(report(measure(asked.submissions, asked.lessons, asked.jobs)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
