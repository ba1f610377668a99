"""The course from the command line: `python -m course_utils doctor | data | progress | grade`.

Nothing beyond the standard library is imported before it is needed: `doctor` has to report on
machines where half of the packages are missing.
"""

import argparse
import importlib.metadata
import os
import platform
import re
import shutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).resolve().parents[1]
MADE_HERE = {
    "digits": "inside scikit-learn",
    "photos": "inside scikit-learn",
    "shapes": "drawn by code",
}
LESSON_MB = 800  # of memory for a lesson's kernel: 660 when it has trained a VAE, and its pictures


class Finding(NamedTuple):
    """One entry of the doctor's report."""

    subject: str
    state: str
    advice: str = ""  # what to do about it; empty when all is well
    needed: bool = False  # the course does not run until the advice is followed


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0 if all is well, else 1."""
    parser = argparse.ArgumentParser(
        prog="python -m course_utils", description="Look after the course on this machine."
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    doctor_command = commands.add_parser(
        "doctor", help="check Python, packages, device, data and disk, and say what to do"
    )
    doctor_command.set_defaults(run=lambda chosen: doctor())
    data_command = commands.add_parser("data", help="download a data set, or verify it if present")
    data_command.add_argument(
        "name", nargs="?", default="mnist", help="mnist, fashion_mnist or cifar10"
    )
    data_command.set_defaults(run=lambda chosen: fetch(chosen.name))
    progress_command = commands.add_parser("progress", help="show exercises done and to do")
    progress_command.set_defaults(run=lambda chosen: progress())
    _add_grade(commands)
    chosen = parser.parse_args(arguments)
    return chosen.run(chosen)


def _add_grade(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser(
        "grade", help="mark a folder of notebooks, of which none can do harm (for instructors)"
    )
    command.add_argument(
        "submissions", help="a folder with NAME.ipynb, or a folder NAME, for each learner"
    )
    command.add_argument("--out", required=True, help="the table to write, such as marks.csv")
    command.add_argument("--jobs", type=int, help="submissions at a time (one for each core)")
    command.add_argument(
        "--seconds", type=int, default=20, help="of processor time for one answer (%(default)s)"
    )
    command.add_argument(
        "--without-walls",
        action="store_true",
        help="mark where the system cannot lock code in: it may then do whatever you can",
    )
    command.set_defaults(run=grade)


def grade(chosen: argparse.Namespace) -> int:
    """Mark a folder of submissions; 1 if not all of them could be marked."""
    from course_utils.grading.box import Limits
    from course_utils.grading.grade import grade

    walls, limits = not chosen.without_walls, Limits(work=chosen.seconds)
    return grade(chosen.submissions, chosen.out, jobs=chosen.jobs, walls=walls, limits=limits)


def doctor() -> int:
    """Print the state of this machine; 1 if something that the course needs is missing."""
    findings = [
        Finding("Python", f"{platform.python_version()} ({sys.executable})"),
        *_packages(),
        *_computer(),
        _device(),
        *_processes(),
        *_data(),
    ]
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        print(f"{'!' if finding.advice else ' '} {finding.subject:<{width}}  {finding.state}")
        if finding.advice:
            print(f"  {'':<{width}}  -> {finding.advice}")
    ill = any(finding.needed for finding in findings)
    print("\nNot ready: follow the arrows above." if ill else "\nReady.")
    return int(ill)


def fetch(name: str) -> int:
    """Download what is missing of a data set and verify all of it; 1 if that cannot be done."""
    from course_utils import data

    try:
        folder = data.fetch(name)
    except ValueError as error:  # every error of `data` is one
        print(error, file=sys.stderr)
        return 1
    source = data.SOURCES[name]
    print(f"{source.title}: {len(source.md5)} files, checksums right, in {folder}")
    return 0


def progress() -> int:
    """Print which exercises are done and which are to do."""
    from course_utils import exercises

    print(exercises.progress())
    return 0


def _packages() -> Iterator[Finding]:
    """The packages that pyproject.toml lists, each as "name>=oldest version"."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    for requirement in project["dependencies"]:
        package, oldest = requirement.split(">=")
        try:
            version = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            version = None
        if version is not None and _numbers(version) >= _numbers(oldest):
            yield Finding(package, version)
        else:
            state = "not installed" if version is None else f"{version}, older than {oldest}"
            yield Finding(package, state, f'python -m pip install "{requirement}"', needed=True)


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers a version starts with: "2.15.0+cpu" -> (2, 15, 0)."""
    return tuple(int(number) for number in re.match(r"[\d.]*\d", version).group().split("."))


def _computer() -> Iterator[Finding]:
    """Its processor, and its memory in lessons that may be open at once."""
    cores = os.cpu_count()
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores
    yield Finding("CPU cores", f"{cores}" + (f", {usable} for us" if usable != cores else ""))
    try:
        import psutil
    except ImportError:  # the list of packages says so
        return
    memory = psutil.virtual_memory()
    lessons = memory.available // (LESSON_MB * 10**6)
    sizes = f"{memory.total / 1e9:.0f} GB, {memory.available / 1e9:.1f} free"
    room = f"room for {lessons:,} open {'lesson' if lessons == 1 else 'lessons'}"
    way_out = "" if lessons else "close programs, or other lessons by Kernel > Shut Down Kernel"
    yield Finding("memory", f"{sizes}: {room}", way_out)


def _device() -> Finding:
    try:
        import torch
    except Exception as error:  # a broken installation fails in ways of its own
        advice = "install PyTorch again, as README.md describes"
        return Finding("device", f"unknown, torch does not import: {error}", advice, needed=True)
    if torch.cuda.is_available():
        return Finding("device", f"cuda, {torch.cuda.get_device_name()}")
    if torch.backends.mps.is_available():
        return Finding("device", "mps, Apple's GPU")
    return Finding("device", "cpu, enough for every lesson")


def _processes() -> Iterator[Finding]:
    """How many processes `fit` can train in, as `torchrun` starts them."""
    try:
        import torch
    except Exception:  # the device says so
        return
    if not torch.distributed.is_available():
        yield Finding("processes", "one: this PyTorch has no torch.distributed")
    elif torch.cuda.is_available() and torch.distributed.is_nccl_available():
        cards = torch.cuda.device_count()
        yield Finding("processes", f"up to {cards} train together, one for each card (nccl)")
    else:
        yield Finding("processes", f"up to {os.cpu_count()} train together, one a core (gloo)")


def _data() -> Iterator[Finding]:
    """Which data set `load_images()` would find, in what state, and the room beside it."""
    try:
        from course_utils import data
    except Exception as error:
        advice = "install the packages marked above, then look again"
        yield Finding("data", f"unknown, course_utils.data does not import: {error}", advice, True)
        return
    yield _data_set(data)
    root = data.data_root()
    existing = next(folder for folder in (root, *root.parents) if folder.exists())
    free, needed = shutil.disk_usage(existing).free // 10**6, _room(data)
    advice = f"free {needed} MB, or set COURSE_DATA to a folder on another disk"
    yield Finding("disk", f"{free:,} MB free for {root}", advice if free < needed else "")


def _room(data) -> int:
    """Megabytes for the set that is asked for: its files, what they are unpacked from, some air."""
    source = data.SOURCES.get(os.environ.get("COURSE_DATASET"), data.SOURCES["mnist"])
    return source.room_mb + 10


def _data_set(data) -> Finding:
    try:
        name = data.resolve_name("auto")
        if name in MADE_HERE:
            return Finding("data", f"{name}, {MADE_HERE[name]}, as COURSE_DATASET asks")
        name = "mnist" if name == "auto" else name
        missing = data.missing_files(name)
    except ValueError as error:
        return Finding("data", "not usable", str(error), needed=True)
    if missing:
        return Finding(
            "data",
            f"{data.SOURCES[name].title} is not in {data.data_root()}",
            f"run `python -m course_utils data {name}` when you are online"
            + ("; until then lessons use scikit-learn's small digits" if name == "mnist" else ""),
        )
    return Finding("data", f"{data.SOURCES[name].title}, verified, in {data.data_root()}")


if __name__ == "__main__":
    sys.exit(main())
