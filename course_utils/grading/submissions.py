"""What was handed in: a folder with a notebook, or a folder of notebooks, for each learner.

Everything in it was written by others and is read with care: no link is followed, nothing large is
loaded, nothing runs. What cannot be read gets a sentence, and the others go on.
"""

import hashlib
import json
import os
import stat
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

LARGEST = 50 * 10**6  # bytes of a notebook; those of the course have less than 1.5 million
RECORD, LARGEST_RECORD = "progress.json", 10**6
MOST = 100  # notebooks of one learner


class Unusable(Exception):
    """Something that was handed in cannot be read; the text is a sentence that names it."""


class Cell(NamedTuple):
    """One cell of a notebook: its kind ("code", "markdown", "raw") and its text."""

    kind: str
    text: str


class Submission(NamedTuple):
    """What one learner handed in.

    Attributes:
        name: the learner's: the name of the notebook without `.ipynb`, or that of the folder.
        place: the file or folder.
        notebooks: those in it, in order.
        trouble: sentences about it.
    """

    name: str
    place: Path
    notebooks: tuple[Path, ...]
    trouble: tuple[str, ...] = ()

    def digest(self) -> str:
        """What changes when anything else is handed in under this name."""
        found = hashlib.sha256()
        for path in (*self.notebooks, *self._record()):
            found.update(f"{path.name}\0{_fingerprint(path)}\0".encode("utf-8", "surrogateescape"))
        return found.hexdigest()

    def _record(self) -> list[Path]:
        path = self.place / RECORD
        return [path] if self.place.is_dir() and os.path.lexists(path) else []

    def record(self) -> tuple[dict[str, dict], str]:
        """What the learner's own record says of each exercise, and a sentence on what is wrong.

        It can be edited by anybody, and is worth what a note on paper is worth.
        """
        for path in self._record():
            try:
                return _entries(json.loads(_text(path, LARGEST_RECORD)))
            except (ValueError, RecursionError):
                return {}, f"{RECORD} is damaged, so nothing is known of attempts and dates."
            except Unusable as sentence:
                return {}, str(sentence)
        return {}, ""


def find(folder: Path) -> tuple[list[Submission], list[str]]:
    """All submissions in a folder by name, and a sentence on each thing that is none.

    Raises:
        Unusable: if there is no such folder.
    """
    if not folder.is_dir():
        raise Unusable(
            f"submissions is {str(folder)!r}, and no folder; expected one that holds a "
            "notebook, or a folder of notebooks, for each learner."
        )
    found, sentences = [], []
    for path in sorted(folder.iterdir()):
        try:
            found += _submission(path)
        except Unusable as sentence:
            sentences.append(str(sentence))
    return _told_of_doubles(found), sentences


def cells(path: Path) -> list[Cell]:
    """A notebook, cell by cell.

    Raises:
        Unusable: if it is no notebook of Python.
    """
    try:
        found = json.loads(_text(path, LARGEST))
    except (ValueError, RecursionError):
        raise Unusable(f"{path.name} is not a notebook: it is no JSON.") from None
    if not isinstance(found, dict) or not isinstance(found.get("cells"), list):
        raise Unusable(f"{path.name} is not a notebook: it has no list of cells (nbformat 4).")
    language = _language(found)
    if language != "python":
        raise Unusable(f"{path.name} is a notebook of another language, {language!r}.")
    whole = [cell for cell in found["cells"] if isinstance(cell, dict)]
    return [Cell(str(cell.get("cell_type")), _joined(cell.get("source"))) for cell in whole]


def plain(text: object, limit: int = 2000) -> str:
    """A stranger's text for a terminal: without what moves the cursor or turns the line round."""
    shown = "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in str(text)[:limit])
    return shown.encode("utf-8", "replace").decode()


def _submission(path: Path) -> list[Submission]:
    name = path.stem if path.suffix == ".ipynb" else path.name
    if path.is_symlink():
        raise Unusable(f"{path.name} is a link, and links are not followed.")
    if path.name.strip() == ".ipynb" or not name.strip():
        raise Unusable(f"{path.name!r} has no name: call it NAME.ipynb, or a folder NAME.")
    if path.name.startswith("."):
        return []  # what Jupyter, git and the system leave
    if path.is_dir():
        return [_folder(path)]
    if path.suffix != ".ipynb":
        raise Unusable(f"{path.name} is not a notebook: its name does not end in .ipynb.")
    return [Submission(name, path, (path,))]


def _folder(path: Path) -> Submission:
    notebooks, trouble = [], []
    for root, folders, files in os.walk(path):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for file in sorted(files):
            each = Path(root, file)
            if each.suffix != ".ipynb" or file.startswith("."):
                continue
            if each.is_symlink():
                trouble.append(f"{file} is a link, and links are not followed.")
            else:
                notebooks.append(each)
    if not notebooks:
        trouble.append(f"{path.name} holds no notebook.")
    if len(notebooks) > MOST:
        trouble.append(f"{path.name} holds {len(notebooks)} notebooks; the first {MOST} count.")
    return Submission(path.name, path, tuple(notebooks[:MOST]), tuple(trouble))


def _told_of_doubles(found: Sequence[Submission]) -> list[Submission]:
    """The same submissions, with a sentence for those whose names are one to a person."""
    alike = defaultdict(list)
    for each in found:
        alike[unicodedata.normalize("NFKC", each.name).casefold().strip()].append(each)
    told = []
    for key in sorted(alike):
        names = " and ".join(each.place.name for each in alike[key])
        double = (f"Two submissions have one name: {names}. Each is marked by itself.",)
        told += [
            each._replace(trouble=each.trouble + (double if len(alike[key]) > 1 else ()))
            for each in alike[key]
        ]
    return told


def _text(path: Path, most: int) -> str:
    """The text of a regular file of at most so many bytes, reached without a link."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Unusable(f"{path.name} cannot be read: {error.strerror}.") from None
    with open(number, "rb") as file:
        known = os.fstat(number)
        if not stat.S_ISREG(known.st_mode):
            raise Unusable(f"{path.name} cannot be read: it is no regular file.")
        if known.st_size > most:
            raise Unusable(
                f"{path.name} holds {known.st_size / 1e6:,.0f} MB, more than {most / 1e6:g}: clear "
                "its outputs, save, and hand it in again."
            )
        return file.read(most).decode("utf-8")


def _fingerprint(path: Path) -> str:
    try:
        known = path.lstat()
        if known.st_size > LARGEST or not stat.S_ISREG(known.st_mode):
            return f"{known.st_size} bytes of {stat.S_IFMT(known.st_mode)}"
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        return str(error.errno)


def _language(notebook: dict) -> str:
    metadata = notebook.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    for key, word in (("language_info", "name"), ("kernelspec", "language")):
        told = metadata.get(key)
        if isinstance(told, dict) and isinstance(told.get(word), str):
            return told[word].lower()
    return "python"


def _joined(source: object) -> str:
    lines = source if isinstance(source, list) else [source]
    return "".join(line for line in lines if isinstance(line, str))


def _entries(found: object) -> tuple[dict[str, dict], str]:
    if not isinstance(found, dict):
        return {}, f"{RECORD} is damaged, so nothing is known of attempts and dates."
    entries = {
        name: {
            key: str(value)[:40]
            for key, value in entry.items()
            if key in ("status", "tries", "date", "seen")
        }
        for name, entry in found.items()
        if isinstance(entry, dict) and isinstance(entry.get("status"), str)
    }
    late = [e.get("date", "") for e in entries.values() if e.get("date", "") > f"{date.today()}"]
    if late:
        return entries, f"{RECORD} has a date that is still to come, {max(late)}: a clock was set."
    return entries, ""
