"""The gradebook: a table of marks, and beside it a folder with a page for each learner.

What was marked lies there as one small file for each submission, written in one step. So a call
that was broken off goes on where it was, and nothing that a later submission does can change what
an earlier one has got. All texts came from strangers: in the table none is a formula, and in a page
none is a tag.
"""

import contextlib
import csv
import hashlib
import html
import io
import json
import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from course_utils.exercises.exam.papers import opened
from course_utils.grading.marking import BY_HAND, PASSED
from course_utils.grading.submissions import Submission, plain

COLUMNS = (
    *("name", "submission", "lesson", "exercise", "mark", "of", "status", "judged"),
    *("attempt", "tries", "date", "solution seen", "work in s", "note"),
)
STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
    "td,th{text-align:left;vertical-align:top;padding:.3em .8em .3em 0;border-top:1px solid #ccc}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:0;font:inherit}"
    "table.beside{table-layout:fixed;width:100%}"
)


FORM = 2  # of what is kept of a submission; another one is marked anew


class Gradebook:
    """The table at `out`, and the folder of its name without the ending.

    Raises:
        OSError: if there is no place for them.
    """

    def __init__(self, out: Path) -> None:
        self.out, self.folder = out, out.with_suffix("")
        self.folder.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(PermissionError):  # a folder of somebody else's
            self.folder.chmod(0o700)

    def entry(self, submission: Submission) -> dict | None:
        """What stands in it of a submission, unless something else was handed in since."""
        try:
            found = json.loads(self._file(submission).read_text("utf-8"))
            known = found["form"] == FORM and found["digest"] == submission.digest()
            return found if known else None
        except (OSError, ValueError, KeyError, TypeError):
            return None  # not there, or written by no version of this

    def enter(self, submission: Submission, entry: dict) -> None:
        """Keep what came of a submission, and write its page."""
        page = self._file(submission).with_suffix(".html")
        write(page, _page(submission.name, _learner(entry)))
        write(self._file(submission), json.dumps(entry | {"form": FORM}, indent=1))

    def finish(self, submissions: Iterable[Submission], sentences: Sequence[str]) -> None:
        """Write the table and the list of pages, of all that is marked by now."""
        marked = [(each, self.entry(each)) for each in submissions]
        marked = [(each, entry) for each, entry in marked if entry is not None]
        table = io.StringIO(newline="")
        writer = csv.writer(table)
        writer.writerow(COLUMNS)
        for each, entry in marked:
            writer.writerows([_cell(value) for value in row] for row in _rows(each, entry))
        write(self.out, table.getvalue())
        links = "".join(
            f'<tr><td><a href="{self._file(each).with_suffix(".html").name}">{_text(each.name)}</a>'
            f"</td><td>{_text(each.place.name)}</td><td>{summary(entry)}</td></tr>"
            for each, entry in marked
        )
        notes = "".join(f"<p>{_text(sentence)}</p>" for sentence in sentences)
        write(self.folder / "index.html", _page("Marks", f"<table>{links}</table>{notes}"))

    def _file(self, submission: Submission) -> Path:
        """A name that no other submission has and every system takes."""
        place = os.fsencode(submission.place.name)
        slug = re.sub(r"[^a-zA-Z0-9]+", "-", submission.name).strip("-")[:40]
        return self.folder / f"{slug or 'x'}-{hashlib.sha256(place).hexdigest()[:12]}.json"


def summary(entry: dict) -> str:
    """How many exercises are passed, and how many points each paper has, in words."""
    lessons = [mark for mark in entry["marks"] if _of_lesson(mark)]
    papers = sorted({mark["lesson"] for mark in entry["marks"]} - {m["lesson"] for m in lessons})
    passed = f"{sum(mark['status'] == PASSED for mark in lessons)} of {len(lessons)} passed"
    left = sum(mark["status"] == BY_HAND for mark in lessons)
    passed += f", and {left} to be marked by hand" if left else ""
    parts = [passed] if lessons or not papers else []
    return "; ".join([*parts, *(_points(paper, entry["marks"]) for paper in papers)])


def _of_lesson(mark: dict) -> bool:
    return isinstance(mark["lesson"], int)


def _points(paper: str, marks: Sequence[dict]) -> str:
    own = [mark for mark in marks if mark["lesson"] == paper]
    judged = [mark for mark in own if mark["points"] is not None]
    points, most = (sum(mark[key] for mark in judged) for key in ("points", "of"))
    left = sum(mark["of"] for mark in own) - most
    return f"{paper}: {points} of {most} points, and {left} more by hand"


def write(path: Path, text: str) -> None:
    """Write a file in one step: whoever reads it sees the old or the new one; nobody but the owner
    may."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace", newline="") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _rows(submission: Submission, entry: dict) -> Iterable[tuple]:
    own = submission.name, submission.place.name
    for mark in entry["marks"]:
        noted = entry["record"].get(mark["exercise"], {})
        yield (
            *own,
            mark["lesson"],
            mark["exercise"],
            "" if mark["points"] is None else mark["points"],
            *(mark["of"], mark["status"], mark["how"]),
            *(noted.get(key, "") for key in ("status", "tries", "date", "seen")),
            mark["work"],
            mark["look"],
        )
    for sentence in entry["trouble"]:
        yield (*own, *[""] * (len(COLUMNS) - 3), sentence)


def _cell(value: object) -> object:
    """What a spreadsheet shows as it is: a text that looks like a formula begins with '."""
    if not isinstance(value, str):
        return value
    text = " ".join(plain(value).split())
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _learner(entry: dict) -> str:
    """The page of a learner: what was judged, and below it the open answers that wait for it."""
    left = [mark for mark in entry["marks"] if mark["points"] is None and not _of_lesson(mark)]
    judged = [mark for mark in entry["marks"] if mark not in left]
    trouble = "".join(f"<p>{_text(sentence)}</p>" for sentence in entry["trouble"])
    head = "<tr><th>lesson</th><th>exercise</th><th>result</th><th>what to know</th></tr>"
    table = f"<table>{head}{''.join(map(_judged, judged))}</table>"
    return f"<p>{summary(entry)}</p>{trouble}{table}{''.join(map(_to_read, left))}"


def _judged(mark: dict) -> str:
    lesson, result = mark["lesson"], mark["status"]
    if _of_lesson(mark):
        lesson = f"{lesson:02d}"
    else:
        result = f"{result}, {mark['points']} of {mark['of']} points"
    texts = "".join(f"<td>{_text(text)}</td>" for text in (lesson, mark["exercise"], result))
    return f"<tr>{texts}<td><pre>{_text(mark['message'])}</pre></td></tr>"


def _to_read(mark: dict) -> str:
    """An open answer, and beside it the model with the points for each idea."""
    task = opened(mark["exercise"])
    ideas = "".join(
        f"<tr><td>{idea.points}</td><td>{_text(idea.text)}</td></tr>" for idea in task.ideas
    )
    return (
        f"<h2>{_text(mark['exercise'])}, to be marked by hand: {task.points} points</h2>"
        '<table class="beside"><tr><th>what was written</th><th>a model answer</th></tr>'
        f"<tr><td><pre>{_text(mark['message'])}</pre></td><td><pre>{_text(task.answer)}</pre>"
        f"<table><tr><th>points</th><th>for the idea, in any words</th></tr>{ideas}</table>"
        "</td></tr></table>"
    )


def _text(text: object) -> str:
    return html.escape(plain(text, 20_000))


def _page(title: str, body: str) -> str:
    return (
        '<!DOCTYPE html><html lang="en"><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        'style-src \'unsafe-inline\'"><meta name="viewport" content="width=device-width">'
        f"<title>{_text(title)}</title><style>{STYLE}</style><h1>{_text(title)}</h1>{body}</html>\n"
    )
