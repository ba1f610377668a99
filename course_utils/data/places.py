"""Where data lie, how a file gets there whole, and the errors of what is wrong with it."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

REPOSITORY = Path(__file__).resolve().parents[2]


class DataError(ValueError):
    """A data file is damaged or cannot be read; the message names it and the way out."""


class DataUnavailable(DataError):
    """A data set is not in the data folder and could not be put there (network or disk)."""


def data_root(root: str | os.PathLike | None = None) -> Path:
    """The folder of the data: `root`, else the variable COURSE_DATA, else `<repository>/data`."""
    if root is not None:
        return Path(root).expanduser().absolute()
    return REPOSITORY / Path(os.environ.get("COURSE_DATA") or "data").expanduser()


@contextlib.contextmanager
def written_whole(path: Path, mode: int = 0o644) -> Iterator[BinaryIO]:
    """A stream beside `path`, which takes its place at the end: an interruption leaves no half.

    Args:
        mode: who may read the file; by default everybody.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=".half-")
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
        os.chmod(scratch, mode)
        os.replace(scratch, path)
    except BaseException:
        os.unlink(scratch)
        raise
