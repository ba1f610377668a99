"""Make the book: `make book`, and with ZIP=1 one file of it; `make pdf` prints it.

`make slides` makes slides of its figures.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from course_utils import load_images
from course_utils.data import Images
from press import pages, slides, training
from press.faults import Faults, dead_links
from press.printed import print_out
from press.setting import sphinx

LARGEST = 25_000_000  # bytes of the zip: what a mail or a stick takes


def bind(made: Mapping[str, str], target: Path, learnt: Images | None = None) -> None:
    """Make a book of `made`, pages as Sphinx reads them, as the folder `target`.

    `learnt` is what its page learns from on which a VAE learns, if it has one.

    Raises:
        Faults: if a page has something that no page may have; `target` is then as it was.
    """
    with tempfile.TemporaryDirectory(prefix="press-") as scratch:
        sphinx(made, Path(scratch), learnt)
        book = Path(scratch, "book")
        if dead := dead_links(book):
            raise Faults(dead)
        shutil.rmtree(target, ignore_errors=True)
        shutil.move(book, target)


def pack(book: Path) -> Path:
    """The folder `book` as one file beside it.

    Raises:
        Faults: if it is larger than `LARGEST`.
    """
    packed = Path(shutil.make_archive(str(book), "zip", book.parent, book.name))
    if (size := packed.stat().st_size) > LARGEST:
        raise Faults([f"{packed} has {size:,} bytes, and may have {LARGEST:,}: a lesson grew."])
    return packed


def to_learn_from() -> Images | None:
    """Pictures for the page on which a VAE learns; without npm there is none, as one line says."""
    try:
        training.installed()
    except training.Unavailable as reason:
        print(f"The book is made without its page that trains a network: {reason}.")
        return None
    return load_images(train_limit=training.TRAINING)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m press", description=__doc__)
    parser.add_argument("--to", type=Path, metavar="FOLDER", help='"book" or "slides", if not said')
    parser.add_argument("--zip", action="store_true", help="make one file of it too")
    parser.add_argument("--pdf", action="store_true", help="print it, as FOLDER.pdf, and no more")
    parser.add_argument("--slides", action="store_true", help="make slides, and no book")
    asked = parser.parse_args(arguments)
    folder = asked.to or pages.REPOSITORY / ("slides" if asked.slides else "book")
    address = os.environ.get("BOOK_REPOSITORY", "")
    try:
        if asked.slides:
            slides.put(folder)
            print(f"The slides are made, a file for each part of the course: {folder}.")
            return 0
        if asked.pdf:
            paper = folder.with_suffix(".pdf")
            print_out(pages.pages(address=address), paper)
            print(f"The book is printed: {paper}.")
            return 0
        learnt = to_learn_from()
        bind(pages.pages(address=address, learnt=learnt), folder, learnt)
        print(f"The book is made: open {folder / 'index.html'} in a browser.")
        if asked.zip:
            print(f"As one file it is {pack(folder)}.")
    except Faults as faults:
        print(faults, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
