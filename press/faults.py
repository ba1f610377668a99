"""What a page must not have: a sentence for each fault, with its notebook and its cell.

A cell is named by its number, counted from 1 as one sees it, and by how it begins. (What is wrong
with a formula only MathJax knows: `formulas.py`.)
"""

import re
from collections.abc import Iterable, Iterator
from html import unescape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote


class Faults(ValueError):
    """Why there is no book: every sentence on a line of its own."""

    def __init__(self, sentences: Iterable[str]) -> None:
        super().__init__("\n".join(sentences))


def named(file: str, index: int, source: str) -> str:
    """A cell in words, for whoever has to find it."""
    start = source.strip().partition("\n")[0][:50]
    return f'{file}, cell {index + 1} ("{start}")'


def faults_of_lesson(file: str, notebook, root: Path) -> Iterator[str]:
    """What a notebook has that no page may have.

    Args:
        file: its name in the folder `notebooks`, from which its links count.
        notebook: as nbformat reads it.
        root: the folder of the course.
    """
    for index, cell in enumerate(notebook.cells):
        where = named(file, index, cell.source)
        if cell.cell_type == "markdown":
            yield from faults_of_text(f"notebooks/{file}", cell.source, root, where)
        elif cell.cell_type == "code":
            yield from faults_of_code(where, cell)


def faults_of_code(where: str, cell) -> Iterator[str]:
    """A cell that was never run, that ended in an error, or whose picture has no words."""
    if cell.execution_count is None:
        yield f"{where} was never run: run `make execute`, and save what it shows."
    for output in cell.outputs:
        data = output.get("data", {})
        if output.output_type == "error":
            yield f"{where} ends in {output.ename}: a saved lesson shows no error."
        if "image/png" in data and "text/html" not in data:
            yield f"{where} shows a picture without a text: end it with `plots.show(fig, alt=...)`."
        for tag in re.findall(r"<img\b[^>]*>", data.get("text/html", "")):
            if not re.search(r'\balt="[^"]+', tag):
                yield f"{where} shows a picture without a text: give its <img> an alt."


def faults_of_text(file: str, text: str, root: Path, where: str = "") -> Iterator[str]:
    """Links that lead to no file, and pictures without words, in Markdown.

    Args:
        file: the document, from the folder of the course; links count from where it lies.
        text: the document, or a part of it.
        root: the folder of the course.
        where: what the sentences begin with, if not the name of the file.
    """
    prose = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)
    for mark, words, target in re.findall(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)", prose):
        if mark and not words.strip():
            yield f"{where or file} shows a picture without a text: {target} needs words in [ ]."
        place = (root / file).parent / unquote(target.partition("#")[0])
        if not re.match(r"\w+:|#", target) and not place.exists():
            yield f"{where or file} links to {target}, and there is no such file."


class Page(NamedTuple):
    """Where the links of a page lead, and the places in it that a link can lead to."""

    links: frozenset[str]
    places: frozenset[str]


def parsed(page: str) -> Page:
    """A page's links and places. (A parser of HTML takes twenty times as long.)"""
    drawn = re.sub(r"<script\b[^>]*>.*?</script>", "", page, flags=re.DOTALL)
    links = re.findall(r'<(?:a|img|link|script)\b[^>]*?\s(?:href|src)="([^"]*)"', drawn)
    places = re.findall(r'\sid="([^"]+)"', drawn)
    return Page(frozenset(map(unescape, links)), frozenset(map(unescape, places)))


def dead_links(book: Path) -> list[str]:
    """Links of the pages in `book` that lead to no file, or to no place in it."""
    known = {path: parsed(path.read_text("utf-8")) for path in sorted(book.glob("*.html"))}
    return [
        f"{path.name} links to {link}, and there is no such place."
        for path, page in known.items()
        for link in sorted(page.links)
        if not re.match(r"[a-z]+:", link) and not _leads(path, link, known)
    ]


def _leads(page: Path, link: str, known: dict[Path, Page]) -> bool:
    file, _, place = link.partition("#")
    target = page.parent / unquote(file.partition("?")[0]) if file else page
    return target.exists() and (not place or unquote(place) in known[target].places)
