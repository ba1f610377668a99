"""The bibliography, read out of the paragraph "Sources" at the end of each lesson.

Lessons name a work as they need it: `A. Author and B. Other, "Title", *Journal* 1, 1999 (remark)`
or `Author and Other, *Title* (1999), section 2`. Full stops, semicolons and what follows a year
separate works; nothing within quotation marks or parentheses does. A work named by several lessons
stands once, as the one says it that gives initials, with all its lessons.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from urllib.parse import quote_plus

YEAR = r"\b(?:19|20)\d\d[ab]?"
# A semicolon; a full stop, but not an initial's; a comma after a year, before the next author.
ENDS = re.compile(r"; (?:and )?|(?<!\b[A-Z])\. |(?<=\d{4}), (?:and )?(?=[A-Z\0])")
SEARCH = "https://scholar.google.com/scholar?q="


def named_in(closing: str) -> list[str]:
    """The works that the last cell of a lesson names, each up to its year."""
    found = re.search(r"\*\*Sources\.\*\*(.*?)(?=\n\n|\Z)", closing, re.DOTALL)
    works: list[str] = []
    for piece in _pieces(" ".join(found[1].split())) if found else ():
        piece = re.sub(r'^[^"*]*: (?=[A-Z]\.)', "", piece)  # "The formulas: D. Kingma ..."
        if head := re.match(rf'[^"*]*(?:"[^"]+"|\*[^*]+\*).*?{YEAR}\)?', piece):
            same = works and piece.startswith('"')  # another work by those just named
            authors = re.match(r'[^"*]*', works[-1])[0] if same else ""
            works.append(authors + head[0])
    return works


def _pieces(text: str) -> Iterator[str]:
    """Cut where one work ends: outside of titles, in quotation marks or italics, and of remarks."""
    hidden = re.sub(r'"[^"]*"|\([^)]*\)|\*[^*]+\*', lambda found: "\0" * len(found[0]), text)
    start = 0
    for end in ENDS.finditer(hidden):
        yield text[start : end.start()]
        start = end.end()
    yield text[start:]


def title(work: str) -> str:
    """The title of a work, in quotation marks or in italics."""
    return next(filter(None, re.search(r'"([^"]+)"|\*([^*]+)\*', work).groups())).strip(" ,")


def _key(work: str) -> str:
    return "".join(re.findall(r"\w", title(work).lower()))


def _fullness(work: str) -> tuple[bool, int]:
    """Of two ways to name a work the better has initials, or says more."""
    return bool(re.match(r"[A-Z]\.", work)), len(work)


def _surname(work: str) -> str:
    """What a work is sorted by: the first author's name without initials, "van den" and accents."""
    name = re.sub(r"^(?:[A-Z]\.[- ]?)+(?:van de[nr] )?", "", work)
    return unicodedata.normalize("NFD", name).encode("ascii", "ignore").decode().lower()


def _linked(work: str) -> str:
    """A work whose title leads to a search for it and its authors."""
    name = title(work)
    query = " ".join(re.findall(r"\w[\w'-]+", work[: work.index(name)] + name))
    return work.replace(name, f"[{name}]({SEARCH}{quote_plus(query)})", 1)


def bibliography(closings: Mapping[str, tuple[str, str]]) -> str:
    """A page of all works, by author; `closings` has for each title its file and its last cell."""
    works: dict[str, str] = {}
    places: dict[str, list[str]] = {}
    for file, closing in closings.values():
        for work in named_in(closing):
            key = _key(work)
            works[key] = max(works.get(key, ""), work, key=_fullness)
            places.setdefault(key, []).append(f"[{file[:2]}]({file})")
    rows = [
        f"- {_linked(works[key])}. Lesson{'s' * (len(places[key]) > 1)} {', '.join(places[key])}."
        for key in sorted(works, key=lambda key: _surname(works[key]))
    ]
    about = "What the lessons name as their sources. A title leads to a search for it."
    return "\n".join(["# Bibliography\n", f"{about}\n", *rows])
