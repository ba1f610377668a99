"""Make the book: `make book`, and with ZIP=1 one file of it."""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sphinx.cmd.build import build_main

from press import pages
from press.faults import Faults, dead_links

LARGEST = 25_000_000  # bytes of the zip: what a mail or a stick takes


def bind(made: Mapping[str, str], target: Path) -> None:
    """Make a book of `made`, pages as Sphinx reads them, as the folder `target`.

    Raises:
        Faults: if a page has something that no page may have; `target` is then as it was.
    """
    with tempfile.TemporaryDirectory(prefix="press-") as scratch:
        source, book = Path(scratch, "pages"), Path(scratch, "book")
        pages.write(source, made)
        command = ["-q", "-W", "--keep-going", "-j", "auto", "-d", str(Path(scratch, "trees"))]
        if build_main([*command, str(source), str(book)]):
            raise Faults(["Sphinx did not make the book: what it says stands above."])
        if dead := dead_links(book):
            raise Faults(dead)
        shutil.rmtree(target, ignore_errors=True)
        shutil.move(book, target)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--zip", action="store_true", help="make one file of it too")
    book = pages.REPOSITORY / "book"
    try:
        bind(pages.pages(address=os.environ.get("BOOK_REPOSITORY", "")), book)
    except Faults as faults:
        print(faults, file=sys.stderr)
        return 1
    print(f"The book is made: open {book / 'index.html'} in a browser.")
    if parser.parse_args().zip:
        packed = Path(shutil.make_archive(str(book), "zip", book.parent, book.name))
        print(f"{packed} has {packed.stat().st_size / 1e6:.1f} MB.")
        if packed.stat().st_size > LARGEST:
            print(f"That is more than {LARGEST / 1e6:.0f} MB.", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
