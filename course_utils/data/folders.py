"""`load_images` of a folder of pictures: which files are read, their classes, and the fixed split.

Not here: how one file is read (`pictures`), and what is kept for the next time (`kept`).
"""

import hashlib
import os
import stat
import unicodedata
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from course_utils._bar import progress_line
from course_utils.data.compact import as_floats
from course_utils.data.kept import Shelf, Stamped, keep, recall, shelf_of
from course_utils.data.pictures import ENDINGS, Unreadable, grey, has_colour, read_picture
from course_utils.data.places import DataError
from course_utils.data.records import Images

TEST_SHARE = 5  # one picture in five is for the test
READING = "{bar:20} {n_fmt} of {total_fmt} pictures read · {elapsed} done, {remaining} left"
PATIENCE = 1  # seconds before that line appears
NAMED = 3  # files that could not be read; of more, only the number is told


class _Seen(NamedTuple):
    files: list[Stamped]  # pictures by their names, in an order as good as shuffled
    faults: dict[str, str]  # names of what could not be looked at, each with its fault
    links: int  # to pictures and folders, which are not followed


def load_folder(
    name: str | os.PathLike,
    train_limit: int | None,
    test_limit: int | None,
    *,
    size: tuple[int, int],
    colour: bool | None,
    root: str | os.PathLike | None,
) -> Images:
    """The pictures of a folder, as `load_images` describes them.

    Raises:
        DataError: if there is no such folder, or no picture for training, or none for the test.
    """
    folder = _existing(name)
    seen = _look(folder)
    pixels, faults = _read(folder, seen.files, size, shelf_of(folder, size, root))
    report = _report(len(seen.files) + len(seen.faults), seen.faults | faults, seen.links)
    good = [row for row, file in enumerate(seen.files) if file.path not in faults]
    train, test = _split(folder, good, seen.files, report)
    if report:
        print(report, flush=True)
    if colour is None:
        colour = any(has_colour(pixels[row]) for row in good)
    train, test = train[:train_limit], test[:test_limit]
    classes, labels = _classes(seen.files)
    return Images(
        _chosen(pixels, train, colour),
        labels[train],
        _chosen(pixels, test, colour),
        labels[test],
        name=folder.name,
        classes=classes,
    )


def _existing(name: str | os.PathLike) -> Path:
    path = os.path.abspath(os.path.expanduser(name))
    if os.path.isfile(path):
        raise DataError(
            f"{path} is a file: expected a folder of pictures, as the one that it lies in, "
            f"{os.path.dirname(path)}"
        )
    if not os.path.isdir(path):
        raise DataError(
            f"{path} is no folder: expected one with pictures in it, by its path from the root "
            "or from the folder in which Python runs"
        )
    return Path(path).resolve()


def _look(folder: Path) -> _Seen:
    """What lies in a folder, at any depth; nothing is opened, and no link followed."""
    seen = _Seen([], {}, 0)

    def blocked(error: OSError) -> None:
        seen.faults[f"{_below(folder, error.filename)}/"] = f"cannot be read: {error.strerror}"

    links = 0
    for place, folders, names in os.walk(folder, onerror=blocked):
        folders[:] = [name for name in folders if not _hidden(name)]
        links += sum(os.path.islink(os.path.join(place, name)) for name in folders)
        for name in names:
            if name.lower().endswith(ENDINGS) and not _hidden(name):
                links += _look_at(os.path.join(place, name), folder, seen)
    return seen._replace(links=links, files=sorted(seen.files, key=_fixed_order))


def _look_at(path: str, folder: Path, seen: _Seen) -> bool:
    """Add a file, or its fault, to what is seen; return whether it is a link instead."""
    name = _below(folder, path)
    try:
        facts = os.lstat(path)
    except OSError as error:
        seen.faults[name] = f"cannot be read: {error.strerror}"
        return False
    if stat.S_ISREG(facts.st_mode):
        seen.files.append(Stamped(name, facts.st_size, facts.st_mtime_ns))
    elif not stat.S_ISLNK(facts.st_mode):
        seen.faults[name] = "is no file"  # but a pipe, say, which would never end
    return stat.S_ISLNK(facts.st_mode)


def _hidden(name: str) -> bool:
    """What systems write beside pictures, as macOS does into its archives."""
    return name.startswith(".") or name == "__MACOSX"


def _below(folder: Path, path: str) -> str:
    return Path(path).relative_to(folder).as_posix()


def _lot(file: Stamped) -> bytes:
    """What decides a file's place and part: drawn from its name, so that no other file matters.

    Of one name in Unicode's several spellings (macOS writes é as two characters) one is taken.
    """
    name = unicodedata.normalize("NFC", file.path).encode("utf-8", "surrogateescape")
    return hashlib.blake2b(name, digest_size=8).digest()


def _fixed_order(file: Stamped) -> tuple[bytes, str]:
    return _lot(file), file.path


def _read(
    folder: Path, files: list[Stamped], size: tuple[int, int], shelf: Shelf
) -> tuple[UInt8[np.ndarray, "n 3 height width"], dict[str, str]]:
    """A row of pixels for each file, and the faults of those whose rows mean nothing.

    What has been read is kept also when reading is stopped half-way.
    """
    pixels = _room(len(files), size)
    rows = {file: row for row, file in enumerate(files)}
    there = recall(shelf, rows, pixels)
    known, faults = len(there), {}
    missing = [file for file in files if file not in there]
    try:
        with progress_line(READING, len(missing), delay=PATIENCE, leave=False) as line:
            for file in missing:
                try:
                    pixels[rows[file]] = read_picture(folder / file.path, size)
                    there.add(file)
                except Unreadable as fault:
                    faults[file.path] = str(fault)
                line.update()
    finally:
        if len(there) > known:
            keep(shelf, {file: rows[file] for file in files if file in there}, pixels)
    return pixels, faults


def _room(n: int, size: tuple[int, int]) -> UInt8[np.ndarray, "n 3 height width"]:
    try:
        return np.empty((n, 3, *size), np.uint8)
    except (MemoryError, ValueError):  # the latter where the number of bytes has no name
        raise ValueError(
            f"size is {size}, and {n:,} pictures of it need more memory than there is: "
            "choose a smaller one"
        ) from None


def _report(total: int, faults: dict[str, str], links: int) -> str:
    """One line about what was left out; empty if nothing was."""
    parts = []
    if faults:
        told = [f"{_printable(name)} ({fault})" for name, fault in sorted(faults.items())[:NAMED]]
        more = len(faults) - len(told)
        parts.append(
            f"{len(faults):,} of {total:,} files could not be read and "
            f"{'was' if len(faults) == 1 else 'were'} left out: {', '.join(told)}"
            + (f" and {more:,} more" if more else "")
        )
    if links:
        parts.append(f"{links:,} {'link was' if links == 1 else 'links were'} not followed")
    return "; ".join(parts)


def _printable(name: str) -> str:
    """A name in one line, also where it has line breaks, or bytes that are no text at all."""
    return "".join(character if character.isprintable() else "?" for character in name)


def _split(
    folder: Path, rows: list[int], files: list[Stamped], report: str
) -> tuple[list[int], list[int]]:
    """The rows for training, and those for the test."""
    train, test = [], []
    for row in rows:
        for_test = int.from_bytes(_lot(files[row])) % TEST_SHARE == 0
        (test if for_test else train).append(row)
    left_out = f" ({report})" if report else ""
    if len(rows) < 2:
        raise DataError(
            f"{folder} has {'one picture' if rows else 'no picture'} that can be read{left_out}: "
            f"expected two or more files {', '.join(ENDINGS)}, all together or in a subfolder for "
            "each class"
        )
    if not train or not test:
        raise DataError(
            f"{folder} has {len(rows)} pictures{left_out}, and their names put {len(train)} into "
            f"training and {len(test)} into the test: expected one or more in each; add pictures"
        )
    return train, test


def _classes(files: list[Stamped]) -> tuple[tuple[str, ...] | None, Int[Tensor, " n"]]:
    """The names of the subfolders, sorted, and the number that each file's has among them.

    Files that lie beside the subfolders are the class "."; without any subfolder all are class 0.
    """
    names = [file.path.partition("/")[0] if "/" in file.path else "." for file in files]
    names = [unicodedata.normalize("NFC", name) for name in names]
    classes = tuple(sorted(set(names)))
    numbers = {name: number for number, name in enumerate(classes)}
    return None if classes == (".",) else classes, torch.tensor([numbers[name] for name in names])


def _chosen(
    pixels: UInt8[np.ndarray, "n 3 height width"], rows: list[int], colour: bool
) -> Float[Tensor, "chosen channels height width"]:
    pictures = pixels[rows] if colour else np.stack([grey(pixels[row]) for row in rows])
    return as_floats(torch.from_numpy(pictures))
