"""Sphinx at work: pages as they were written become HTML."""

from collections.abc import Mapping
from pathlib import Path

from sphinx.cmd.build import build_main

from course_utils.data import Images
from press import pages
from press.faults import Faults


def sphinx(
    made: Mapping[str, str], scratch: Path, learnt: Images | None = None, builder: str = "html"
) -> None:
    """Make HTML of `made` in `scratch/book`; a warning is a fault.

    Raises:
        Faults: if Sphinx complains; it has then said of what.
    """
    source = scratch / "pages"
    pages.write(source, made, learnt)
    command = ["-q", "-W", "--keep-going", "-j", "auto", "-d", str(scratch / "trees")]
    if build_main([*command, "-b", builder, str(source), str(scratch / "book")]):
        raise Faults(["Sphinx did not make the book: what it says stands above."])
