"""What the learner has tried and solved: a small JSON file that may be deleted at any time.

    {"squared_error": {"status": "passed", "date": "2026-02-01"}}

The status is "attempted" or "passed", the date that of the first attempt or of the first pass.
"""

import contextlib
import datetime
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from course_utils.exercises.showing import display

ATTEMPTED, PASSED = "attempted", "passed"
DEFAULT = Path(__file__).parents[3] / "progress.json"
LOCK_PATIENCE = 2.0  # seconds to wait for another notebook that is writing


class Listed(NamedTuple):
    """What the table says of an exercise, besides what is done of it."""

    name: str
    lesson: int
    difficulty: int
    minutes: int


def path() -> Path:
    """$COURSE_PROGRESS, else progress.json at the top of the repository."""
    chosen = os.environ.get("COURSE_PROGRESS", "").strip()
    return Path(chosen).expanduser() if chosen else DEFAULT


def read() -> tuple[dict[str, dict[str, str]], list[str]]:
    """The entries by exercise, and what there is to say: that the file was unusable and has been
    set aside, that $COURSE_PROGRESS names none."""
    entries, lines = _read()
    return entries, [*_empty_setting(), *lines]


def _read() -> tuple[dict[str, dict[str, str]], list[str]]:
    try:
        entries = json.loads(path().read_text(encoding="utf-8"))
        if not _is_well_formed(entries):
            raise ValueError
    except FileNotFoundError:
        return {}, []
    except OSError as error:
        return {}, [f"Your progress could not be read: {_reason(error)}."]
    except (ValueError, RecursionError):  # not JSON, not UTF-8, or JSON of another shape
        return {}, [_set_aside()]
    return entries, []


def note_attempt(name: str, passed: bool) -> list[str]:
    """Enter the outcome of a check. A pass stays a pass, with the date of the first.

    Returns:
        Lines to show the learner; empty when all went well. A file that cannot be written is such
        a line, never an exception: the check itself is worth more than its record.
    """
    from filelock import FileLock, Timeout

    status = PASSED if passed else ATTEMPTED
    try:
        path().parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path()}.lock", timeout=LOCK_PATIENCE):
            entries, lines = _read()
            if lines and path().exists():
                return lines
            if entries.get(name, {}).get("status") not in (status, PASSED):
                today = datetime.date.today().isoformat()
                _write(entries | {name: {"status": status, "date": today}})
        return [*_empty_setting(), *lines]
    except Timeout:
        return [f"Your progress was not saved: another notebook keeps {path()}.lock."]
    except OSError as error:
        return [f"Your progress was not saved: {_reason(error)}."]


def table(exercises: Iterable[Listed]) -> display.Panel:
    """These exercises in their order, with what is done and what is to do."""
    entries, lines = read()
    exercises = list(exercises)
    done = [item for item in exercises if _status(item, entries) == PASSED]
    minutes_left = sum(item.minutes for item in exercises if item not in done)
    caption = (
        f"{len(done)} of {len(exercises)} exercises passed, about {minutes_left} minutes to go"
    )
    rows = [
        (
            f"{item.lesson:02d}",
            item.name,
            "●" * item.difficulty + "○" * (5 - item.difficulty),
            f"{item.minutes} min",
            _status_words(item, entries),
        )
        for item in exercises
    ]
    return display.Panel(_table_text(caption, rows, lines), _table_html(caption, rows, lines))


def _table_text(caption: str, rows: list[tuple[str, ...]], lines: list[str]) -> str:
    width = max(len(name) for _, name, *_ in rows)
    body = [
        f"  {lesson}  {name:<{width}}  {difficulty}  {minutes:>6}  {status}"
        for lesson, name, difficulty, minutes, status in rows
    ]
    return "\n".join([caption, *body, *lines])


def _table_html(caption: str, rows: list[tuple[str, ...]], lines: list[str]) -> str:
    cells = [
        [
            display.prose(f"`{name}`"),
            lesson,
            f'<span role="img" aria-label="{difficulty.count("●")} of 5">{difficulty}</span>',
            minutes,
            display.badge(status, display.GOOD if status.startswith("✓") else display.QUIET),
        ]
        for lesson, name, difficulty, minutes, status in rows
    ]
    head = ["exercise", "lesson", "difficulty", "time", "status"]
    below = "".join(f"<div>{display.prose(line)}</div>" for line in lines)
    return display.table(caption, head, cells) + below


def _status(exercise: Listed, entries: dict[str, dict[str, str]]) -> str | None:
    return entries.get(exercise.name, {}).get("status")


def _status_words(exercise: Listed, entries: dict[str, dict[str, str]]) -> str:
    status = _status(exercise, entries)
    if status == PASSED:
        return f"✓ passed {entries[exercise.name]['date']}"
    return "✗ not there yet" if status == ATTEMPTED else "○ to do"


def _is_well_formed(entries: object) -> bool:
    return isinstance(entries, dict) and all(
        isinstance(entry, dict)
        and entry.get("status") in (ATTEMPTED, PASSED)
        and isinstance(entry.get("date"), str)
        for entry in entries.values()
    )


def _write(entries: dict[str, dict[str, str]]) -> None:
    """Replace the file in one step: a reader sees the old or the new one, never half of it."""
    target = path().resolve()
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=target.name, suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(entries, file, indent=2)
            file.write("\n")
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _empty_setting() -> list[str]:
    """A line if $COURSE_PROGRESS is there and holds nothing, which is as if it were not there."""
    if os.environ.get("COURSE_PROGRESS", "somewhere").strip():
        return []
    return [f"COURSE_PROGRESS is empty, so it counts as not set: your progress is in {DEFAULT}."]


def _set_aside() -> str:
    broken = path().with_name(path().name + ".broken")
    try:
        os.replace(path(), broken)
    except OSError as error:
        return f"Your progress file is damaged and could not be set aside: {_reason(error)}."
    return f"Your progress file was damaged; it is now {broken}, and a new one begins."


def _reason(error: OSError) -> str:
    return f"{error.strerror or error} ({path()})"
