"""What the learner has tried and solved: a small JSON file that may be deleted at any time.

    {"squared_error": {"status": "passed", "date": "2026-02-01", "tries": 3, "seen": "2026-01-31"},
     "review": {"01.axes": {"date": "2026-02-09", "known": 2}}}

The status is "seen" (only its solution was looked at), "tried" (once, and no further than the type
of what comes back), "attempted" or "passed", and the date that of the first such day. "tries" is
how many answers were checked, up to the first that passed; the same one again is none, and "last"
knows it by. An older record has no "tries". "seen" has the day on which the solution was shown
before it was solved, if it was. Under "review" stands, for each question that came back, when it
was answered last and how many times in a row it was known. Where a part of the file is damaged, the
rest of it goes on.
"""

import contextlib
import datetime
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from course_utils.exercises.showing import display

SEEN, TRIED, ATTEMPTED, PASSED = "seen", "tried", "attempted", "passed"
REVIEW = "review"  # the key under which the questions stand; no exercise has this name
DEFAULT = Path(__file__).parents[3] / "progress.json"
LOCK_PATIENCE = 2.0  # seconds to wait for another notebook that is writing


class Held(NamedTuple):
    """What the file holds: the entries of exercises by name, of questions by key."""

    exercises: dict[str, dict[str, str | int]]
    review: dict[str, dict[str, str | int]]


class _Unusable(Exception):
    """The file is damaged, and could not be set aside."""


class Listed(NamedTuple):
    """What the table says of an exercise, besides what is done of it."""

    name: str
    lesson: int
    difficulty: int
    minutes: int
    extra: bool = False  # listed only if it was tried or looked at


def path() -> Path:
    """$COURSE_PROGRESS, else progress.json at the top of the repository."""
    chosen = os.environ.get("COURSE_PROGRESS", "").strip()
    return Path(chosen).expanduser() if chosen else DEFAULT


def today() -> datetime.date:
    """The day that is entered, by the clock of this machine."""
    return datetime.date.today()


def read() -> tuple[Held, list[str]]:
    """What is remembered, and what there is to say: that a part of the file was unusable and has
    been set aside, that $COURSE_PROGRESS names none."""
    lines = []
    try:
        held, whole = _parse()
        if not whole:
            with _lock():
                held, lines = _mended()
    except (OSError, _Unusable) as error:
        held, lines = Held({}, {}), [f"Your progress could not be read: {_reason(error)}."]
    return held, [*_empty_setting(), *lines]


def change(how: Callable[[Held], Held]) -> list[str]:
    """Put what `how` makes of the record in its place, while no other notebook writes.

    Returns:
        Lines to show the learner; empty when all went well. A file that cannot be written is such
        a line, never an exception: what was done is worth more than its record.
    """
    from filelock import Timeout

    try:
        path().parent.mkdir(parents=True, exist_ok=True)
        with _lock():
            held, lines = _mended()
            changed = how(held)
            if changed != held:
                _write(changed)
        return [*_empty_setting(), *lines]
    except Timeout:
        return [f"Your progress was not saved: another notebook keeps {path()}.lock."]
    except (OSError, _Unusable) as error:
        return [f"Your progress was not saved: {_reason(error)}."]


def note_attempt(name: str, passed: bool, *, serious: bool = True, last: str = "") -> list[str]:
    """Enter the outcome of a check. A pass stays a pass, with the date and the tries of the first.

    Args:
        serious: whether the answer got beyond the type of what comes back. A second one, other than
            the first, is serious in any case.
        last: what tells this answer from others: where it is that of the last one, nothing is
            entered.

    Returns:
        Lines to show the learner, as `change` does.
    """

    def entered(held: Held) -> Held:
        entry = held.exercises.get(name, {})
        old = entry.get("status")
        if old == PASSED or (last and entry.get("last") == last):
            return held
        tries = entry.get("tries", int(old == ATTEMPTED)) + 1
        status = ATTEMPTED if serious or tries > 1 else TRIED
        now = {"status": PASSED if passed else status, "tries": tries, "last": last}
        if now["status"] != old:
            now["date"] = today().isoformat()
        whole = entry | now
        if passed or not last:
            del whole["last"]
        return _with(held, name, whole)

    return change(entered)


def note_seen(name: str) -> list[str]:
    """Enter that the solution was shown. After a pass that is no news, and nothing changes.

    Returns:
        Lines to show the learner, as `change` does.
    """

    def entered(held: Held) -> Held:
        entry = held.exercises.get(name, {})
        if entry.get("status") == PASSED or "seen" in entry:
            return held
        day = today().isoformat()
        return _with(held, name, {"status": SEEN, "date": day, "seen": day} | entry | {"seen": day})

    return change(entered)


def _with(held: Held, name: str, entry: dict[str, str | int]) -> Held:
    return held._replace(exercises=held.exercises | {name: entry})


def table(exercises: Iterable[Listed]) -> display.Panel:
    """These exercises in their order, with what is done and what is to do."""
    held, lines = read()
    entries = held.exercises
    exercises = [item for item in exercises if item.name in entries or not item.extra]
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
    return display.table(caption, head, cells) + display.below(lines)


def _status(exercise: Listed, entries: dict[str, dict[str, str | int]]) -> str | None:
    return entries.get(exercise.name, {}).get("status")


def _status_words(exercise: Listed, entries: dict[str, dict[str, str | int]]) -> str:
    entry = entries.get(exercise.name, {})
    status, tries = entry.get("status"), entry.get("tries")
    if status == PASSED:
        return f"✓ passed {entry['date']}" + (f", try {tries}" if tries else "")
    counted = f", {tries} {'try' if tries == 1 else 'tries'}" if tries else ""
    if status is not None and "seen" in entry:
        return f"◐ seen, not solved{counted}"
    return f"✗ not there yet{counted}" if status in (TRIED, ATTEMPTED) else "○ to do"


def _parse() -> tuple[Held, bool]:
    """What is whole of the file, and whether that is all of it."""
    try:
        found = json.loads(path().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Held({}, {}), True
    except (ValueError, RecursionError):  # not JSON, or not UTF-8
        return Held({}, {}), False
    if not isinstance(found, dict):
        return Held({}, {}), False
    review = found.pop(REVIEW, {})
    answered = review.items() if isinstance(review, dict) else ()
    held = Held(
        {name: _counted(entry) for name, entry in found.items() if _is_exercise(entry)},
        {key: entry for key, entry in answered if _is_answered(entry)},
    )
    return held, held == (found, review)


def _is_exercise(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and entry.get("status") in (SEEN, TRIED, ATTEMPTED, PASSED)
        and isinstance(entry.get("date"), str)
        and isinstance(entry.get("seen", ""), str)
    )


def _counted(entry: dict) -> dict:
    """The entry without a number of tries that is none; so with the mark of the last."""
    tries, last = entry.get("tries", 1), entry.get("last", "")
    whole = {"tries": type(tries) is int and tries > 0, "last": isinstance(last, str)}
    return {key: value for key, value in entry.items() if whole.get(key, True)}


def _is_answered(entry: object) -> bool:
    if not isinstance(entry, dict) or day(entry) is None:
        return False
    return type(entry.get("known")) is int and entry["known"] >= 0


def day(entry: dict) -> datetime.date | None:
    """The date of an entry, if it is one."""
    try:
        return datetime.date.fromisoformat(entry.get("date"))
    except (TypeError, ValueError):
        return None


def _mended() -> tuple[Held, list[str]]:
    """What is whole of the file. The file as it was is set aside, if something in it is not."""
    held, whole = _parse()
    return held, [] if whole else [_set_aside(held)]


def _lock() -> contextlib.AbstractContextManager:
    from filelock import FileLock

    return FileLock(f"{path()}.lock", timeout=LOCK_PATIENCE)


def _write(held: Held) -> None:
    """Replace the file in one step: a reader sees the old or the new one, never half of it."""
    entries = held.exercises | ({REVIEW: held.review} if held.review else {})
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


def _set_aside(whole: Held) -> str:
    """Keep the file as it is under another name, and in its place what is whole of it."""
    broken = path().with_name(path().name + ".broken")
    try:
        if not any(whole):
            os.replace(path(), broken)
            return f"Your progress file was damaged; it is now {broken}, and a new one begins."
        shutil.copyfile(path(), broken)
        _write(whole)
    except OSError as error:
        raise _Unusable(f"it is damaged and could not be set aside, {_reason(error)}") from None
    count = len(whole.exercises) + len(whole.review)
    return f"A part of your progress file was damaged; {count} entries go on, and {broken} has all."


def _reason(error: Exception) -> str:
    if isinstance(error, _Unusable):
        return str(error)
    return f"{getattr(error, 'strerror', None) or error} ({path()})"
