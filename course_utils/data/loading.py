"""`load_images`: find the files, download them if they are missing, check every byte, read them."""

import contextlib
import errno
import functools
import hashlib
import io
import os
import shutil
import socket
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, SupportsIndex

import torch
from filelock import FileLock
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from course_utils._named import named
from course_utils._numbers import whole
from course_utils.data.bundled import load_digits, load_photos
from course_utils.data.by_hand import adopt, packed
from course_utils.data.cifar import read_cifar
from course_utils.data.compact import as_floats
from course_utils.data.folders import load_folder
from course_utils.data.places import DataError, DataUnavailable, data_root
from course_utils.data.records import Images
from course_utils.data.sources import SOURCES
from course_utils.data.synthetic import load_shapes

CONNECT_SECONDS = 10  # a server silent for this long counts as no network
DISK_FAULTS = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT}
MADE_HERE = {"digits": load_digits, "photos": load_photos, "shapes": load_shapes}
NAMES = ("auto", *SOURCES, *MADE_HERE)
SIZE = 28  # of pictures in a folder, if nothing else is said: that of MNIST


def load_images(
    name: str | os.PathLike = "auto",
    *,
    root: str | os.PathLike | None = None,
    size: SupportsIndex | Sequence[SupportsIndex] | None = None,
    colour: bool | None = None,
    train_limit: SupportsIndex | None = None,
    test_limit: SupportsIndex | None = None,
) -> Images:
    """Load a data set of images, one of the course's or a folder of your own pictures.

    In a folder, files that end in .jpg, .jpeg, .png, .webp or .gif are pictures, at any depth. Each
    is turned as its EXIF says, put on white where it is transparent, enlarged or reduced until it
    just covers `size`, and cut to it around its centre; of an animation the first frame is taken.
    Its subfolders are the classes, in sorted order; without any, every label is 0. About a fifth is
    for the test: a picture's part and place depend on its name alone, so that adding one moves no
    other. What cannot be read is left out, links are not followed, and one line at the end says so.
    The resized pictures are kept in `pictures/` below the data, and a file is read again only when
    it has changed.

    A photograph is 0 where it is black and 1 where it is white, also a grey one, which the course's
    plots draw as ink on paper: like its negative, that is. `x.expand(-1, 3, -1, -1)` is drawn as
    it is.

    Args:
        name: "mnist" or "fashion_mnist" (60,000 training and 10,000 test images each, 28x28 and
            grey) or "cifar10" (50,000 and 10,000, 32x32 in colour; all three are downloaded once
            when missing), "digits" (1,442 and 355 images inside scikit-learn, enlarged from 8x8 to
            28x28; never needs a network), "photos" (4,000 and 1,000 patches of 32x32 in colour, cut
            from two photographs inside scikit-learn), "shapes" (6,000 and 1,200 squares, ellipses,
            triangles, 28x28, drawn by code from five known factors), or "auto": MNIST if it can be
            had, else digits, which one printed line then announces. The variable COURSE_DATASET
            overrides "auto". Or the path of a folder, such as "./photos".
        root: folder of the data; default: the variable COURSE_DATA, else `data/` in the
            repository. A relative COURSE_DATA counts from the repository, in notebooks too.
        size: of pictures from a folder, in pixels: a number, or (height, width); None is 28.
        colour: of pictures from a folder: True for three channels, False for one, None for three
            if any pixel of any resized picture is not grey.
        train_limit, test_limit: keep the first so many images, at least 1; a set that has fewer
            gives all it has, so that a lesson written for MNIST also runs on digits.

    Raises:
        ValueError: an unknown name, a limit or a size below 1, a size or a colour for a set that
            has its own.
        DataError: a file is damaged or unreadable. "auto" raises this too: a damaged MNIST is
            never silently replaced by other data. Or a folder has no picture for training, or none
            for the test.
        DataUnavailable: "mnist", "fashion_mnist" or "cifar10" is missing and cannot be downloaded.

    >>> images = load_images("digits", train_limit=100)
    >>> images.train.shape, images.train_labels.shape
    (torch.Size([100, 1, 28, 28]), torch.Size([100]))
    """
    limits = _checked_limit("train_limit", train_limit), _checked_limit("test_limit", test_limit)
    if _is_path(name):
        shape, colour = _checked_size(SIZE if size is None else size), _checked_colour(colour)
        return load_folder(name, *limits, size=shape, colour=colour, root=root)
    name = resolve_name(name)
    for argument, value in (("size", size), ("colour", colour)):
        if value is not None:
            raise ValueError(
                f"{argument} is {named(value)}, but {name!r} has its own: leave it out, or name "
                "a folder of pictures by its path, as ./pictures"
            )
    if name in MADE_HERE:
        return MADE_HERE[name](*limits)
    return _from_files(name, root, *limits)


def _from_files(
    name: str, root: str | os.PathLike | None, train_limit: int | None, test_limit: int | None
) -> Images:
    """A set that is downloaded; digits in place of MNIST where "auto" cannot have it."""
    files = "mnist" if name == "auto" else name
    try:
        folder = fetch(files, root)
    except DataUnavailable as error:
        if name != "auto":
            raise
        print(f"Using scikit-learn's 1,797 small digits in place of MNIST: {error}", flush=True)
        return load_digits(train_limit, test_limit)
    if files == "cifar10":
        return read_cifar(folder, train_limit, test_limit)
    return Images(
        *_read(folder, "train", train_limit), *_read(folder, "t10k", test_limit), name=files
    )


def resolve_name(name: str) -> str:
    """The set meant by `name`, after COURSE_DATASET has overridden "auto"; unknown: ValueError."""
    said_by = "name"
    if name == "auto" and os.environ.get("COURSE_DATASET"):
        name, said_by = os.environ["COURSE_DATASET"], "the environment variable COURSE_DATASET"
    if name not in NAMES:
        path = f", or a folder by its path, as ./{name or 'pictures'}" if said_by == "name" else ""
        raise ValueError(f"{said_by} is {name!r}; expected one of {', '.join(NAMES)}{path}")
    return name


def fetch(name: str = "mnist", root: str | os.PathLike | None = None) -> Path:
    """Make sure that a set's files lie in the data folder, whole; return their folder.

    Files that are there and whole stay untouched (and may be read-only). Missing ones that lie
    nearby, packed, under another name or in another folder, are copied; the rest is downloaded.

    Raises DataError and DataUnavailable as `load_images` does.
    """
    if missing_files(name, root):
        _complete(name, root)
    return _folder(name, root)


def _complete(name: str, root: str | os.PathLike | None) -> None:
    """Take what was fetched by hand, and download the rest; if that fails, say what was found."""
    faults = []
    with contextlib.suppress(OSError):  # a folder that cannot be written is named by the download
        faults = adopt(data_root(root), _folder(name, root), SOURCES[name].md5)
    if not missing_files(name, root):
        return
    try:
        _download(name, data_root(root))
    except DataUnavailable as error:
        raise DataUnavailable("; ".join([str(error), *faults])) from None


def missing_files(name: str = "mnist", root: str | os.PathLike | None = None) -> list[str]:
    """Names of the set's files that are not in the data folder, after checking those that are.

    Raises DataError for a file whose MD5 is not the published one.
    """
    return _missing(name, _folder(name, root))


def _checked_limit(argument: str, limit: SupportsIndex | None) -> int | None:
    expected = "a whole number of images, at least 1, or None for all of them"
    return None if limit is None else whole(argument, limit, expected=expected)


def _is_path(name: str | os.PathLike) -> bool:
    """Whether a folder is meant: what is no text, or looks like a path, or lies there."""
    if not isinstance(name, str):
        return isinstance(name, os.PathLike)
    looks = name.startswith("~") or "/" in name or os.sep in name
    return looks or (name not in NAMES and os.path.isdir(name))


def _checked_size(size: Any) -> tuple[int, int]:
    expected = "a whole number of pixels, at least 1, or a pair of them, (height, width)"
    sides = tuple(size) if isinstance(size, Sequence) and len(size) == 2 else (size, size)
    height, width = (whole("size", side, expected=expected) for side in sides)
    return height, width


def _checked_colour(colour: Any) -> bool | None:
    if colour is None or isinstance(colour, bool):
        return colour
    raise ValueError(f"colour is {named(colour)}; expected True, False, or None to go by the files")


def _folder(name: str, root: str | os.PathLike | None) -> Path:
    if name not in SOURCES:
        raise ValueError(f"name is {name!r}; the sets kept in files are {', '.join(SOURCES)}")
    return data_root(root) / SOURCES[name].folder


def _missing(name: str, folder: Path) -> list[str]:
    # Against accidents, not attackers; saying so lets MD5 run where policies forbid it.
    md5 = functools.partial(hashlib.md5, usedforsecurity=False)
    missing = []
    for file, expected in SOURCES[name].md5.items():
        path = folder / file
        if not os.path.exists(path):
            missing.append(file)
            continue
        if path.is_dir():
            raise DataError(
                f"{path} is a folder where a file is expected: move the file that is in it to "
                f"{folder} under another name, delete the folder, and name the file {file}"
            )
        try:
            with open(path, "rb") as stream:
                if packed(stream.read(2)):
                    raise DataError(
                        f"{path} is packed by gzip: rename it {file}.gz, and it will be unpacked; "
                        "where you may not write, copy it into a folder of your own, as in "
                        "data/README.md, and set COURSE_DATA to that"
                    )
                stream.seek(0)
                found = hashlib.file_digest(stream, md5).hexdigest()
        except OSError as error:
            raise DataError(  # "from None", here and below: a learner needs the sentence alone
                f"{path} cannot be read ({error.strerror}): give yourself permission to read it, "
                "or set COURSE_DATA to another folder"
            ) from None
        if found != expected:
            raise DataError(
                f"{path} is damaged or incomplete: its MD5 is {found}, expected {expected}; "
                f"delete that file and run `python -m course_utils data {name}`, "
                "or set COURSE_DATASET=digits to work without it"
            )
    return missing


def _download(name: str, root: Path) -> None:
    """Fetch the missing files: into a scratch folder, verified, then moved in one by one.

    Whoever else downloads into the same root waits at the lock and then finds the files there.
    """
    source, folder = SOURCES[name], _folder(name, root)
    try:
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / ".download.lock"):
            for stale in root.glob(".download-*"):  # left by a process that was killed
                shutil.rmtree(stale, ignore_errors=True)
            missing = _missing(name, folder)
            if not missing:
                return
            with tempfile.TemporaryDirectory(prefix=".download-", dir=root) as scratch:
                arrived = _download_into(Path(scratch), name, folder)
                folder.mkdir(parents=True, exist_ok=True)
                for file in missing:
                    os.replace(arrived / file, folder / file)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            problem, cure = "is full", f"free about {source.room_mb} MB there"
        else:
            problem, cure = "cannot be written", "make it writable"
        raise DataUnavailable(
            f"{source.title} is missing and its folder {root} {problem} ({error.strerror}): "
            f"{cure}, or set COURSE_DATA to a folder that you can write"
        ) from None


def _download_into(scratch: Path, name: str, folder: Path) -> Path:
    """Let torchvision download the set below `scratch`; return the folder of its files."""
    import torchvision.datasets

    source = SOURCES[name]
    dataset = getattr(torchvision.datasets, source.dataset)
    first = getattr(dataset, "url", "") or dataset.mirrors[0] + dataset.resources[0][0]
    patience = socket.getdefaulttimeout()
    try:
        if _answers(first):
            print(f"Downloading {source.title} ({source.download_mb} MB) to {folder}", flush=True)
        socket.setdefaulttimeout(CONNECT_SECONDS)  # torchvision sets none: it could wait forever
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            dataset(scratch, download=True)
        arrived = scratch / source.folder
        with contextlib.suppress(DataError):
            if not _missing(name, arrived):
                return arrived
        raise RuntimeError("what arrived is incomplete or damaged")
    except Exception as error:  # whatever a network or a half-sent archive can raise
        from_network = isinstance(error, urllib.error.URLError)  # an OSError too
        if not from_network and getattr(error, "errno", None) in DISK_FAULTS:
            raise
        raise DataUnavailable(
            f"{source.title} could not be downloaded ({_reason(error)}); run "
            f"`python -m course_utils data {name}` when you are online, or copy its "
            f"{len(source.md5)} files to {folder} (data/README.md says how)"
        ) from None
    finally:
        socket.setdefaulttimeout(patience)


def _answers(url: str) -> bool:
    """Whether the server of `url` answers at all; TimeoutError after CONNECT_SECONDS of silence.

    Looking up a name, then trying each address of a server, can take minutes on a dead network,
    beyond the reach of a socket's timeout; hence the thread. A quick refusal returns False and
    is no verdict: torchvision goes on to try its other mirrors.
    """
    answers = []

    def knock() -> None:
        request = urllib.request.Request(url, method="HEAD")
        with contextlib.suppress(Exception):
            urllib.request.urlopen(request, timeout=2 * CONNECT_SECONDS).close()
            answers.append(True)

    thread = threading.Thread(target=knock, daemon=True)
    thread.start()
    thread.join(CONNECT_SECONDS)
    if thread.is_alive():
        raise TimeoutError(f"no answer within {CONNECT_SECONDS} seconds")
    return bool(answers)


def _reason(error: Exception) -> str:
    """The first cause in torchvision's report, which lists each mirror and then its error."""
    lines = [line.strip(" <>") for line in str(error).splitlines() if line.strip()]
    causes = [line for line in lines if not line.startswith(("Error downloading", "Tried "))]
    return (causes or lines or [type(error).__name__])[0].removeprefix("urlopen error ")


def _read(
    folder: Path, split: str, limit: int | None
) -> tuple[Float[Tensor, "batch 1 28 28"], Int[Tensor, " batch"]]:
    images, labels = (
        _idx(folder / f"{split}-{kind}-ubyte") for kind in ("images-idx3", "labels-idx1")
    )
    return as_floats(images[:limit, None]), labels[:limit].long()


def _idx(path: Path) -> UInt8[Tensor, "..."]:
    """The bytes of a file in MNIST's format, mapped into memory: no process has them for itself.

    Its fourth byte is the number of axes; their lengths follow, each as four bytes.
    """
    contents = torch.from_file(str(path), size=path.stat().st_size, dtype=torch.uint8)
    axes = int(contents[3])
    lengths = contents[4 : 4 + 4 * axes].numpy().view(">i4")
    return contents[4 + 4 * axes :].view(*lengths.tolist())
