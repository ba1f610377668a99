"""Pictures that were read and resized once, kept as bytes until their files change.

One archive for each folder and size lies in `pictures/` below the data root: the pixels, three
channels a picture, and a list of the files that they come from. Its checksums are looked at
whenever it is read, and a damaged archive is as good as none.
"""

import hashlib
import json
import math
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from jaxtyping import UInt8

from course_utils.data.places import data_root, written_whole

MANNER = "1"  # to be counted up when pictures are read in another manner than before


class Stamped(NamedTuple):
    """A file as it was seen; one that changes gets another size or another time."""

    path: str  # below the folder, with "/" between its parts
    size: int  # bytes
    mtime_ns: int


class Shelf(NamedTuple):
    """Where the pictures of one folder, in one size, are kept."""

    name: str
    places: tuple[Path, ...]  # folders, the first choice first


def shelf_of(folder: Path, size: tuple[int, int], root: str | os.PathLike | None) -> Shelf:
    """In the data root; and in the system's folder for temporary files, if that is for reading."""
    key = hashlib.blake2b(os.fsencode(folder) + MANNER.encode(), digest_size=12).hexdigest()
    owner = getattr(os, "getuid", int)()  # Windows has none, and temporary folders for each user
    temporary = Path(tempfile.gettempdir(), f"course-{owner}")
    places = tuple(place / "pictures" for place in (data_root(root), temporary))
    return Shelf(f"{key}-{size[0]}x{size[1]}.zip", places)


def recall(
    shelf: Shelf, rows: Mapping[Stamped, int], pixels: UInt8[np.ndarray, "n 3 height width"]
) -> set[Stamped]:
    """Put what is kept of each file into its row of `pixels`; return the files that are now there.

    Where an archive turns out to be damaged, rows may hold anything, and their files are not among
    those returned.
    """
    there: set[Stamped] = set()
    for place in shelf.places:
        found = set()
        try:
            for file, picture in _unpacked(place / shelf.name, math.prod(pixels.shape[1:])):
                if file in rows:
                    pixels[rows[file]].reshape(-1)[:] = np.frombuffer(picture, np.uint8)
                    found.add(file)
        except Exception:  # whatever zipfile and json stumble over in a damaged or foreign file
            there -= found
        else:
            there |= found
    return there


def keep(
    shelf: Shelf, rows: Mapping[Stamped, int], pixels: UInt8[np.ndarray, "n 3 height width"]
) -> None:
    """Write the rows of these files; where that cannot be in the data root, one line says so."""
    obstacles = []
    for place in shelf.places:
        try:
            # Whoever may see the photographs reads them anew; whoever may not sees nothing here.
            with written_whole(place / shelf.name, mode=0o600) as stream:
                _pack(stream, rows, pixels)
        except OSError as error:
            obstacles.append(f"{place} cannot be written ({error.strerror})")
            continue
        way = f"the resized pictures are kept in {place}"
        break
    else:
        way = "the pictures will be read again next time"
    if obstacles:
        print(f"{' and '.join(obstacles)}: {way}", flush=True)


def _unpacked(archive: Path, length: int) -> Iterator[tuple[Stamped, bytes]]:
    with zipfile.ZipFile(archive) as members:
        files = json.loads(members.read("files.json"))
        with members.open("pixels") as stream:
            for file in files:
                yield Stamped(*file), stream.read(length)
            if stream.read():  # this also makes zipfile look at the checksum
                raise zipfile.BadZipFile("more pixels than files")


def _pack(
    stream: BinaryIO, rows: Mapping[Stamped, int], pixels: UInt8[np.ndarray, "n 3 height width"]
) -> None:
    with zipfile.ZipFile(stream, "w") as members:
        members.writestr("files.json", json.dumps(list(rows)))
        with members.open("pixels", "w", force_zip64=True) as member:
            for row in rows.values():
                member.write(pixels[row].tobytes())
