"""Slides of the figures, one deck for each arc of the course, to teach from.

A deck is one file that needs nothing beside it: no server, no network and no Python. Each lesson
has a slide with its question and its goals, and one for every figure, with its alternative text and
the sentences in which the lesson reads it: nothing is typed here that stands in one. How slides
look is in `slides.css`, and what the keys do in `slides.js`.
"""

import base64
import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt

from press import pages
from press.faults import Faults
from press.formulas import FONTS, Formula, typeset
from press.pages import Lesson

WORDS = 28  # of a reading: sentences are added until there are so many
WIDE = 1.7  # width by height from which a picture stands above its words, and not beside them
LOOK = "**What did you see?**"  # begins what is asked of a figure before the text reads it
LEFT_OUT = re.compile(r"[?:]$|^\(|\bkernel\b")  # sentences that read no figure
MATH = re.compile(r"\$\$(.+?)\$\$|\$([^$]+)\$", re.DOTALL)
HINT = "→ goes on, ← back, D is for dark or light, and printing makes one page of each slide."


class Figure(NamedTuple):
    """A picture of a lesson: PNG in base64, in words, under which heading, and how it is read."""

    png: str
    alt: str
    heading: str
    reading: str

    @property
    def shape(self) -> float:
        """Width by height."""
        width, height = struct.unpack(">II", base64.b64decode(self.png[:32])[16:24])
        return width / height


class Opening(NamedTuple):
    """What a lesson asks, and what one will be able to do after it: Markdown."""

    question: str
    goals: list[str]


# --- out of a lesson ------------------------------------------------------------------------------


def opening(source: str) -> Opening:
    """The question and the goals in the first cell of a lesson."""
    question = re.search(r"\*\*(.+?)\*\*", source, re.DOTALL)[1]
    listed = re.search(r"^- .+?(?=\n\n)", source, re.DOTALL | re.MULTILINE)[0]
    goals = re.split(r"^- ", listed, flags=re.MULTILINE)[1:]
    return Opening(" ".join(question.split()), [" ".join(goal.split()) for goal in goals])


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph; a full stop within a formula, code or brackets ends none."""
    hidden = re.sub(r"\$[^$]+\$|`[^`]+`", lambda found: "x" * len(found[0]), text.strip())
    hidden = re.sub(r"\([^()]+\)", lambda found: "x" * (len(found[0]) - 2) + found[0][-2:], hidden)
    gaps = [end.span(1) for end in re.finditer(r'(?<!\b[A-Z])[.!?]["*)]*(\s+)', hidden)]
    starts, ends = [0, *(end for _, end in gaps)], [*(start for start, _ in gaps), None]
    pieces = (text.strip()[start:end] for start, end in zip(starts, ends, strict=True))
    return [" ".join(piece.split()) for piece in pieces]


def reading(following: Iterable) -> str:
    """How a lesson reads a figure: the first sentences of the prose among the cells after it.

    Not what asks, leads on, stands in brackets or speaks of Jupyter; nothing of the next section.
    """
    prose = (cell.source for cell in following if cell.cell_type == "markdown")
    text = next((source for source in prose if not source.startswith(LOOK)), "")
    if text.startswith(("#", "<")):
        return ""
    said = sentences(text.partition("\n\n")[0])
    chosen = ""
    for each in said:
        if len(chosen.split()) < WORDS and not LEFT_OUT.search(each):
            chosen += f" {each}"
    return chosen.strip()


def shown(cell) -> list:
    """The outputs of a cell that have a picture."""
    return [output for output in cell.get("outputs", ()) if "image/png" in output.get("data", {})]


def figures(cells: list) -> Iterator[Figure]:
    """The figures of a lesson, in order."""
    heading = ""
    for index, cell in enumerate(cells):
        if cell.cell_type == "markdown":
            heading = [heading, *re.findall(r"^## (.+)$", cell.source, re.MULTILINE)][-1]
        for output in shown(cell):
            png = output.data["image/png"].replace("\n", "")
            alt = output.metadata["image/png"]["alt"]
            # What stands after the next picture reads that one.
            between = takewhile(lambda after: not shown(after), cells[index + 1 :])
            yield Figure(png, alt, heading, reading(between))


# --- into HTML ------------------------------------------------------------------------------------


class Setter:
    """Markdown of one line to HTML; formulas are set all at once, when every line is known."""

    def __init__(self) -> None:
        self.formulas: dict[Formula, int] = {}
        self.markdown = MarkdownIt()

    def line(self, text: str) -> str:
        """A line without links, which would lead out of a deck, and a mark for each formula."""
        unlinked = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)
        return self.markdown.renderInline(MATH.sub(self._mark, unlinked))

    def _mark(self, found: re.Match) -> str:
        formula = Formula(found[1] or found[2], False)
        return f"\ue000{self.formulas.setdefault(formula, len(self.formulas))}\ue001"

    def set_all(self, page: str) -> tuple[str, str]:
        """A page with its formulas in place of their marks; and their style, fonts included.

        Raises:
            Faults: if MathJax cannot set one of them.
        """
        results, style = typeset(list(self.formulas))
        failed = [
            f"MathJax cannot set {formula.tex!r}: {result['error']}."
            for formula, result in zip(self.formulas, results, strict=True)
            if "error" in result
        ]
        if failed:
            raise Faults(failed)
        html = re.sub("\ue000(\\d+)\ue001", lambda found: results[int(found[1])]["html"], page)
        return html, re.sub(r'url\("?fonts/([\w.-]+)"?\)', _inlined, style)


def _inlined(link: re.Match) -> str:
    data = base64.b64encode((FONTS / link[1]).read_bytes()).decode()
    return f"url(data:font/woff;base64,{data})"


def section(name: str, label: str, kind: str, inner: str) -> str:
    """One slide; `label` is what is said of it when the keys come to it."""
    return (
        f'<section id="{name}" class="{kind}" aria-label="{escape(label)}" tabindex="-1">\n'
        f"{inner}\n</section>"
    )


def first_slide(arc: str, course: str, listed: list[Lesson]) -> str:
    """The name of the arc and its lessons, which lead to their slides."""
    rows = "\n".join(
        f'<li><a href="#lesson-{lesson.file[:2]}">{escape(lesson.title)}</a></li>'
        for lesson in listed
    )
    inner = (
        f'<p class="of">{escape(course)}</p>\n<h1>{escape(arc)}</h1>\n<ul>\n{rows}\n</ul>\n'
        f'<p class="hint">{HINT}</p>'
    )
    return section("first", arc, "first", inner)


def lesson_slide(lesson: Lesson, told: Opening, setter: Setter) -> str:
    """A lesson's number, title, question, goals and minutes."""
    number, _, title = lesson.title.partition(" · ")
    goals = "\n".join(f"<li>{setter.line(goal)}</li>" for goal in told.goals)
    inner = (
        f'<p class="number" aria-hidden="true">{number}</p>\n<div>\n<h2>{escape(title)}</h2>\n'
        f'<p class="question">{setter.line(told.question)}</p>\n'
        f'<ul>\n{goals}\n</ul>\n<p class="of">{lesson.minutes} minutes</p>\n</div>'
    )
    return section(f"lesson-{number}", lesson.title, "lesson", inner)


def figure_slide(lesson: Lesson, count: int, figure: Figure, setter: Setter) -> str:
    """A figure with its words below it, or beside it where it is not wide."""
    number = lesson.title.partition(" · ")[0]
    heading = setter.line(figure.heading or lesson.title.partition(" · ")[2])
    read = f"<p>{setter.line(figure.reading)}</p>\n" if figure.reading else ""
    inner = (
        f"<h3><b>{number}</b> {heading}</h3>\n<figure>\n"
        f'<div class="box" style="--shape: {figure.shape:.3f}">'
        f'<img alt="{escape(figure.alt)}" src="data:image/png;base64,{figure.png}"></div>\n'
        f'<figcaption>{read}<p class="seen" aria-hidden="true">{escape(figure.alt)}</p>'
        "</figcaption>\n</figure>"
    )
    kind = "figure" if figure.shape >= WIDE else "figure beside"
    return section(f"lesson-{number}-{count}", f"{lesson.title}, figure {count}", kind, inner)


def deck(arc: str, course: str, listed: list[Lesson], notebooks: Mapping) -> str:
    """One arc as one page of HTML.

    Args:
        arc: its name.
        course: that of the course.
        listed: the lessons of the arc.
        notebooks: the lessons as they are saved, by the names of their files.
    """
    setter = Setter()
    slides = [first_slide(arc, course, listed)]
    for lesson in listed:
        cells = notebooks[lesson.file].cells
        slides.append(lesson_slide(lesson, opening(cells[0].source), setter))
        slides += [
            figure_slide(lesson, count, figure, setter)
            for count, figure in enumerate(figures(cells), start=1)
        ]
    body, style = setter.set_all("\n".join(slides))
    styles, script = (
        Path(__file__).with_name(f"slides.{x}").read_text("utf-8") for x in ("css", "js")
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(arc)} · {escape(course)}</title>\n"
        f"<style>\n{style}\n{styles}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n"
        f"<script>\n{script}</script>\n</body>\n</html>\n"
    )


def decks(root: Path = pages.REPOSITORY) -> dict[str, str]:
    """Every deck by the name of its file.

    Raises:
        Faults: if a lesson has something that no page may have, or a formula cannot be set.
    """
    notebooks = pages.read(root)
    listed = pages.lessons((root / "notebooks" / "README.md").read_text("utf-8"))
    course = pages.title(root)
    return {
        f"{number}-{arc.lower().replace(' ', '-')}.html": deck(arc, course, lessons, notebooks)
        for number, (arc, lessons) in enumerate(pages.arcs(listed).items(), start=1)
    }


def put(folder: Path) -> None:
    """Write the decks into `folder`, which need not exist.

    Raises:
        Faults: as `decks`.
    """
    made = decks()
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in made.items():
        (folder / name).write_text(page, encoding="utf-8")
