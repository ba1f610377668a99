"""Files that were fetched by hand: packed, under another name, or a folder too high or too deep."""

import gzip
import hashlib
import os
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path


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
                if packed(contents):
                    contents = gzip.decompress(contents)
            except (OSError, EOFError, zlib.error) as error:
                faults.append(f"{path} cannot be read or unpacked ({error})")
                continue
            if hashlib.md5(contents, usedforsecurity=False).hexdigest() == expected:
                try:
                    _place(folder / file, contents)
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
    """Files whose name is that of the file but for dots and .gz, around its place."""
    for place in dict.fromkeys((folder, folder.parent, root, root / "raw")):
        for pattern in ("*ubyte*", "*ubyte*/*ubyte*"):
            for path in sorted(place.glob(pattern)):
                name = path.name.lower().removesuffix(".gz").replace(".idx", "-idx")
                if name == file and path != folder / file and path.is_file():
                    yield path


def _place(path: Path, contents: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".by-hand-")
    with os.fdopen(handle, "wb") as stream:
        stream.write(contents)
    os.chmod(temporary, 0o644)
    os.replace(temporary, path)
