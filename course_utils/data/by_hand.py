"""Files that were fetched by hand: packed, under another name, or a folder too high or too deep."""

import gzip
import hashlib
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from course_utils.data.places import written_whole

DEEPEST = 4  # folders below the root
LARGEST = 100_000_000  # bytes: twice the largest file of all sets, as unpacked


def adopt(root: Path, folder: Path, md5: dict[str, str]) -> list[str]:
    """Put what is found near the folder, and has the right MD5 once unpacked, into its place.

    What was found stays where it is.

    Returns:
        A sentence's part for each file that was found and cannot be used, with its fault.
    """
    faults = []
    for file, expected in md5.items():
        for path in _likely(root, folder, file):
            try:
                contents = path.read_bytes()
                while packed(contents):  # twice, where a browser has packed it once more
                    contents = gzip.decompress(contents)
            except (OSError, EOFError, zlib.error) as error:
                faults.append(f"{path} cannot be read or unpacked ({error})")
                continue
            if hashlib.md5(contents, usedforsecurity=False).hexdigest() == expected:
                try:
                    with written_whole(folder / file) as stream:
                        stream.write(contents)
                except OSError as error:
                    faults.append(
                        f"{path} is the right one, but {folder} cannot be written "
                        f"({error.strerror})"
                    )
                break
            faults.append(f"{path} is another file than the published one, or not all of it")
    return faults


def packed(contents: bytes) -> bool:
    """Whether a file that begins like this is one that gzip has written, whatever its name."""
    return contents[:2] == b"\x1f\x8b"


def _likely(root: Path, folder: Path, file: str) -> Iterator[Path]:
    """Files in the root whose name holds that of the file, however it is spelt or lies there.

    Not in the folder of another data set, whose files have the same names.
    """
    wanted, own = _plain(file).partition("idx")[0], folder.parent.name.lower()
    for place, folders, names in os.walk(root):
        deep = len(Path(place).relative_to(root).parts)
        folders[:] = sorted(
            name
            for name in folders
            if deep < DEEPEST and ("mnist" not in _plain(name) or _plain(name).startswith(own))
        )
        for name in sorted(names):
            path = Path(place, name)
            if wanted not in _plain(name) or path == folder / file:
                continue
            if path.is_file() and path.stat().st_size <= LARGEST:
                yield path


def _plain(name: str) -> str:
    """A name without what is spelt in many ways, as in `t10k-images.idx3-ubyte (1).gz`."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
