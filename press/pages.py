"""What stands on each page of the book, made of the lessons and of the documents beside them.

Nothing is typed here that stands there: titles, minutes and ideas are the map's, the glossary and
the notation the course's own, the bibliography the lessons', and what an exercise promises its own.
Cells keep their numbers, so that whatever complains names the cell of the lesson. How Sphinx makes
pages of it is in `conf.py`.
"""

import re
import shutil
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbformat.v4 import new_output

from course_utils.data import Images
from course_utils.exercises.lessons import find
from course_utils.exercises.showing.display import note
from press import training
from press.faults import Faults, faults_of_lesson, faults_of_text
from press.sources import bibliography

REPOSITORY = Path(__file__).resolve().parent.parent
# Each by the number of its first lesson.
ARCS = {"00": "Codes", "06": "Distributions", "10": "Variants", "13": "At work", "17": "Further"}
BESIDE = "Beside the lessons"
PAGES_BESIDE = ("map", "glossary", "notation", "bibliography", "papers", "record", "teaching")
OUR_NAMES = {
    "README.md": "map.md",
    "GLOSSARY.md": "glossary.md",
    "TEACHING.md": "teaching.md",
    "papers.md": "papers.md",
    "record.md": "record.md",
}
TRAINING = "training"  # the page on which a VAE learns, where there is one
TO_PLAY_WITH = ("08_training_a_vae.ipynb", "draw(sister")  # a cell whose view the cover has
DESCRIPTIONS = {
    "training.md": "A variational autoencoder that learns in the page, without Python",
    "index.md": "What the course is, for whom, and its lessons",
    "map.md": "Every lesson with its idea, its minutes and its goals",
    "glossary.md": "The words of the field, a sentence each",
    "notation.md": "Formulas and code, side by side",
    "bibliography.md": "All that the lessons name as their sources",
    "papers.md": "What papers report, and beside it what this package gives",
    "record.md": "How fast lesson 08's network can be trained, in eight changes",
    "teaching.md": "The course in weeks, for a goal, on slides, and for a class",
}
MAP = "scrub(flat_vae"  # a cell of the same lesson, whose picture stands for that page
WIDGET = "application/vnd.jupyter.widget-view+json"
# Where no term is looked for: code, formulas, links, HTML, headings, tables and quotations.
APART = re.compile(
    r'(```.*?```|`[^`]+`|\$\$.*?\$\$|\$[^$]+\$|!?\[[^\]]*\]\([^)]*\)|<a\b.*?</a>|<[^>]+>|"[^"]+"'
    r"|(?m:^#+ [^\n]*|^\|[^\n]*))",
    re.DOTALL,
)


class Lesson(NamedTuple):
    """A row of the map."""

    file: str
    title: str
    idea: str
    minutes: int

    @property
    def page(self) -> str:
        return self.file.removesuffix(".ipynb")


class Term(NamedTuple):
    """A row of the glossary: one or more names of a thing, and the lesson that introduces it."""

    names: str
    lesson: str

    @property
    def anchor(self) -> str:
        return "-".join(re.findall(r"\w+", f"{self.names} {self.lesson[:2]}".lower()))


def title(root: Path = REPOSITORY) -> str:
    """What the README calls the course."""
    return (root / "README.md").read_text("utf-8").partition("\n")[0].removeprefix("# ")


def lessons(chart: str) -> list[Lesson]:
    """The lessons that the map lists, in order."""
    row = r"^\| \[([^\]]+)\]\((\d\d_\w+\.ipynb)\) \| ([^|]+) \| (\d+) \| \d+ \|"
    return [
        Lesson(file, title, idea, int(minutes))
        for title, file, idea, minutes in re.findall(row, chart, re.MULTILINE)
    ]


def terms(glossary: str) -> list[Term]:
    """The terms that the glossary lists, in order."""
    row = r"^\| ([^|]+?) \| [^|]+ \| \[\d\d\]\((\d\d_\w+\.ipynb)\) \|"
    return [Term(*found) for found in re.findall(row, glossary, re.MULTILINE)]


def arcs(listed: list[Lesson]) -> dict[str, list[Lesson]]:
    """The lessons under the name of their arc."""
    found: dict[str, list[Lesson]] = {}
    for lesson in listed:
        first = max(number for number in ARCS if number <= lesson.file[:2])
        found.setdefault(ARCS[first], []).append(lesson)
    return found


# --- parts of a page ------------------------------------------------------------------------------


def relinked(text: str, address: str = "") -> str:
    """Markdown whose links lead to pages of the book, to the repository at `address`, or nowhere.

    A link to a file that has no page becomes its words where no address is known.
    """

    def put(link: re.Match) -> str:
        words, target = link[1], link[2]
        file, _, anchor = target.partition("#")
        name = Path(file).name
        if file == name and name in OUR_NAMES:
            return f"[{words}]({OUR_NAMES[name]}{'#' * bool(anchor)}{anchor})"
        if re.match(r"\d\d_\w+\.ipynb$", name):  # the exam has no page: a book cannot mark it
            return f"[{words}]({name})"
        inside = (Path("notebooks") / file).as_posix().replace("notebooks/../", "")
        return f"[{words}](https://github.com/{address}/blob/main/{inside})" if address else words

    return re.sub(r"(?<!!)\[([^\]]+)\]\((?!\w+:|#)([^)\s]+)\)", put, text)


def opening(lesson: Lesson, address: str) -> str:
    """What stands under a lesson's title: minutes, and the ways to open it where it runs."""
    elsewhere = ""
    if address:
        file = f"notebooks/{lesson.file}"
        colab = f"https://colab.research.google.com/github/{address}/blob/main/{file}"
        binder = f"https://mybinder.org/v2/gh/{address}/main?labpath={file}"
        elsewhere = (
            f"in [Binder]({binder}), in [Colab]({colab}) (where `%pip install "
            f"git+https://github.com/{address}` comes first, in a cell of its own), or "
        )
    return (
        f"*{lesson.minutes} minutes.* Run it {elsewhere}in your own JupyterLab, by this command in "
        f"the folder of the course:\n\n```sh\nmake lab LESSON={lesson.file}\n```\n"
    )


def described(text: str, words: str) -> str:
    """A page with its description for whoever lists pages."""
    return f"---\nmyst:\n  html_meta:\n    description: {words!r}\n---\n\n{text}"


def with_terms(cells: list, introduced: list[Term]) -> None:
    """Link the first place where a lesson says each term that it introduces to the glossary."""
    for term in introduced:
        names = re.escape(term.names).replace(r",\ ", "|").replace(r"\ ", r"\s+")
        link = rf'<a class="cb-term" href="glossary.html#{term.anchor}">\g<0></a>'
        for cell in cells:
            before, cell.source = cell.source, replaced_once(rf"\b(?:{names})\b", link, cell.source)
            if cell.source != before:
                break


def replaced_once(pattern: str, new: str, text: str) -> str:
    """Markdown in which the first place in prose that fits the pattern is another."""
    parts = APART.split(text)  # every second one stands apart
    for k in range(0, len(parts), 2):
        parts[k], found = re.subn(pattern, new, parts[k], count=1, flags=re.IGNORECASE)
        if found:
            break
    return "".join(parts)


def with_promises(cells: list) -> None:
    """Below each check, what whoever solves the exercise will see, and how to run it."""
    for cell in cells:
        if checked := re.match(r'check\("(\w+)"', cell.source):
            exercise = find(checked[1])
            way = (
                "To solve it, open the lesson in JupyterLab (the command is at the top of this "
                "page), write your code into the cell above, and run it and this one with Shift + "
                "Enter."
            )
            shown = note("What you will see when it is solved", f"{exercise.success}\n{way}")
            cell.outputs.append(new_output("display_data", {"text/html": shown._repr_html_()}))


def without_kernel(cells: list) -> None:
    """Leave out what only a running kernel can show; and links in outputs lead to pages."""
    for cell in cells:
        for output in cell.outputs:
            data = output.get("data", {})
            data.pop(WIDGET, None)
            if "text/html" in data:
                data["text/html"] = re.sub(
                    r'href="(\d\d_\w+)\.ipynb"', r'href="\1.html"', data["text/html"]
                )


# --- pages ----------------------------------------------------------------------------------------


def lesson_page(notebook, lesson: Lesson, glossary: list[Term], address: str) -> str:
    """A lesson as the book has it: a notebook in Sphinx's hands."""
    prose = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in prose:
        cell.source = relinked(cell.source, address)
    with_terms(prose[1:], [term for term in glossary if term.lesson == lesson.file])
    title, _, rest = prose[0].source.partition("\n")
    prose[0].source = f"{title}\n\n{opening(lesson, address)}{rest}"
    without_kernel(code)
    with_promises(code)
    notebook.metadata["myst"] = {"html_meta": {"description": lesson.idea}}
    return nbformat.writes(notebook)


def glossary_page(text: str) -> str:
    """The glossary, with a place to link to at each term."""
    for term in terms(text):
        row = rf"^\| ({re.escape(term.names)}) (\| [^|]+ \| \[\d\d\]\({term.lesson}\))"
        text = re.sub(row, rf'| <span id="{term.anchor}">\1</span> \2', text, flags=re.MULTILINE)
    return text


def contents(listed: list[Lesson], beside: Sequence[str] = PAGES_BESIDE) -> str:
    """The arcs with their lessons, and what stands beside a page as its table of contents."""
    parts, trees = [], []
    for name, arc in arcs(listed).items():
        rows = (f"- [{x.title}]({x.file}), {x.minutes} minutes: {x.idea}" for x in arc)
        parts.append("\n".join([f"### {name}\n", *rows]))
        trees.append((name, [lesson.page for lesson in arc]))
    for name, pages in (*trees, (BESIDE, beside)):
        parts.append("\n".join(["```{toctree}", f":caption: {name}", ":hidden:", *pages, "```"]))
    return "\n\n".join(parts)


def section(text: str, heading: str) -> str:
    """One section of a document, without its heading."""
    return re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)[1]


def cover(template: str, readme: str, listed: list[Lesson], view: str, trains: bool) -> str:
    """The first page: the README's own beginning, a view, and the way in."""
    heading, lead, *pictures = readme.partition("\n## ")[0].replace(".github/", "").split("\n\n")
    hours = round(sum(lesson.minutes for lesson in listed) / 60)
    parts = {
        "title": heading,
        "lead": lead,
        "picture": "\n\n".join(pictures),
        "view": f"```{{raw}} html\n{view}\n```",
        "training": f"Or [train one here]({TRAINING}.md), in the page." if trains else "",
        "count": f"{len(listed)} lessons, about {hours} hours",
        "contents": contents(listed, (*[TRAINING] * trains, *PAGES_BESIDE)),
    }
    for name, part in parts.items():
        template = template.replace(f"<!-- {name} -->", part)
    return template


def output_of(cells: list, start: str, kind: str) -> nbformat.NotebookNode:
    """What the cell shows in which `start` stands: its first output that has such data."""
    shown = next(cell for cell in cells if start in cell.source)
    return next(output for output in shown.outputs if kind in output.get("data", {}))


def view_of(cells: list, start: str) -> str:
    """The HTML that the cell shows in which `start` stands."""
    return output_of(cells, start, "text/html").data["text/html"]


def still_of(cells: list, start: str) -> str:
    """The picture that stands for a view where no script runs, as HTML."""
    output = output_of(cells, start, "image/png")
    alt, data = output.metadata["image/png"]["alt"], output.data["image/png"].replace("\n", "")
    return f'<img alt="{escape(alt)}" src="data:image/png;base64,{data}">'


def read(root: Path) -> dict[str, nbformat.NotebookNode]:
    """The lessons as they are saved, by name.

    Raises:
        Faults: with all that a page must not have, for every lesson.
    """
    folder = root / "notebooks"
    notebooks = {path.name: nbformat.read(path, 4) for path in sorted(folder.glob("[0-9]*.ipynb"))}
    found = []
    for name, notebook in notebooks.items():
        found += faults_of_lesson(name, notebook, root)
    for name in OUR_NAMES:
        found += faults_of_text(f"notebooks/{name}", (folder / name).read_text("utf-8"), root)
    if found:
        raise Faults(found)
    return notebooks


def pages(
    root: Path = REPOSITORY, address: str = "", learnt: Images | None = None
) -> dict[str, str]:
    """Every page by the name of its file, as Sphinx reads it.

    Args:
        root: the folder of the course.
        address: owner/name of its repository on GitHub, for the links there; none if empty.
        learnt: what the page learns from on which a VAE learns; None leaves out that page.

    Raises:
        Faults: if a lesson has something that a page must not have.
    """
    notebooks = read(root)
    texts = {OUR_NAMES[x]: (root / "notebooks" / x).read_text("utf-8") for x in OUR_NAMES}
    readme = (root / "README.md").read_text("utf-8")
    listed, glossary = lessons(texts["map.md"]), terms(texts["glossary.md"])
    texts["glossary.md"] = glossary_page(texts["glossary.md"])
    playful = notebooks[TO_PLAY_WITH[0]].cells
    view = view_of(playful, TO_PLAY_WITH[1])
    template = Path(__file__).with_name("cover.md").read_text("utf-8")
    closings = {x.title: (x.file, notebooks[x.file].cells[-1].source) for x in listed}
    made = {
        "index.md": cover(template, readme, listed, view, learnt is not None),
        "notation.md": f"# Notation\n{section(readme, 'Notation')}",
        "bibliography.md": bibliography(closings),
        **{name: relinked(text, address) for name, text in texts.items()},
    }
    if learnt is not None:
        made[f"{TRAINING}.md"] = training.page(learnt, still_of(playful, MAP))
    written = {name: described(text, DESCRIPTIONS[name]) for name, text in made.items()}
    for lesson in listed:
        written[lesson.file] = lesson_page(notebooks[lesson.file], lesson, glossary, address)
    return written


def write(folder: Path, made: Mapping[str, str], learnt: Images | None = None) -> None:
    """Put pages into a new folder for Sphinx, with the settings, styles and pictures they need."""
    static = folder / "_static"
    static.mkdir(parents=True)
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")
    here = Path(__file__).parent
    shutil.copy(here / "conf.py", folder)
    for style in here.glob("*.css"):
        shutil.copy(style, static)
    if learnt is not None:
        (static / "training.js").write_text(training.script(learnt), encoding="utf-8")
        shutil.copy(training.LIBRARY / "LICENSE", static / "training-license.txt")
    for picture in (REPOSITORY / ".github").glob("*.png"):
        shutil.copy(picture, folder)
