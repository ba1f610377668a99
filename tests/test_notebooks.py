"""Every promise about lessons, over every lesson; and each check proven able to fail.

A promise is a function that takes a `Lesson` and yields one sentence for each breach. The promises
run over the lessons of `notebooks/`; a small lesson made here keeps all of them, and for each way
to spoil it the promise concerned must say so. What the two exams promise is in `test_exam`.
"""

import ast
import base64
import builtins
import copy
import inspect
import json
import re
import shutil
import signal
import symtable
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace

import ipywidgets
import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbclient.exceptions import DeadKernelError

from course_utils.data.loading import missing_files
from course_utils.exercises.checking.holes import HOLES
from course_utils.exercises.showing.cards import Deck
from course_utils.exercises.showing.quiz import Quiz
from course_utils.exercises.showing.review import Review
from course_utils.widgets import panel, views
from tools import execute, ready
from tools.execute import (
    CLAIMS,
    FAILURES,
    KERNELSPEC,
    LANGUAGE,
    claims,
    main,
    run,
    run_and_judge,
    tidy,
    title,
)

REPOSITORY = Path(__file__).resolve().parent.parent
NOTEBOOKS = REPOSITORY / "notebooks"
PATHS = sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))

SHORT = Path(execute.__file__).with_name("short.py")
MAX_BYTES = 1_500_000
MAX_LINES = 12  # of an ordinary cell
MAX_LONG_LINES = 25  # of an exercise, or of a cell that only imports
TAGS = {"exercise", "nbval-check-output"}
LAST_LESSON = "18"
WIDGET = "application/vnd.jupyter.widget-view+json"
MIN_COMPARED = 3  # cells whose output nbval compares, in each lesson after the first


@dataclass
class Lesson:
    """A notebook, with the course's exercises and questions that it may use."""

    path: Path
    notebook: nbformat.NotebookNode
    exercises: Mapping[str, object] = field(default_factory=dict)
    quizzes: Iterable[str] = ()

    @property
    def number(self) -> str:
        return self.path.name[:2]

    @property
    def cells(self) -> list:
        return self.notebook.cells

    @cached_property
    def code(self) -> list:
        return [cell for cell in self.cells if cell.cell_type == "code"]

    @property
    def opening(self) -> str:
        """The prose before the first code cell."""
        return _prose(self.cells[: self.cells.index(self.code[0])])

    @property
    def closing(self) -> str:
        """The prose after the last code cell."""
        return _prose(self.cells[self.cells.index(self.code[-1]) + 1 :])

    def calls(self, name: str) -> Iterator[tuple[nbformat.NotebookNode, ast.Call]]:
        """Each call of the function `name`, with its cell."""
        for cell in self.code:
            for node in ast.walk(_parse(cell)):
                if isinstance(node, ast.Call) and getattr(node.func, "id", None) == name:
                    yield cell, node


def _prose(cells: list) -> str:
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def _parse(cell) -> ast.Module:
    return ast.parse(TransformerManager().transform_cell(cell.source))


def _start(cell) -> str:
    """The first line of a cell, to name it by."""
    return repr(cell.source.strip().split("\n")[0][:60])


def _tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def _text(outputs: list) -> str:
    """What outputs say in text: streams, plain text and HTML, without embedded binary data."""
    parts = [
        part
        for output in outputs
        for part in (
            output.get("text", ""),
            *(output.get("data", {}).get(kind, "") for kind in ("text/plain", "text/html")),
        )
    ]
    return re.sub(r"[A-Za-z0-9+/=]{200,}", "", "\n".join(parts))


def plain_text(outputs: list) -> str:
    """What nbval compares of outputs: streams and plain text."""
    return "".join(
        output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in outputs
    )


def _bullets(text: str) -> list[str]:
    """The items of the first list in `text`, each with its continuation lines."""
    items: list[str] = []
    for line in text.splitlines():
        if re.match(r"\s{0,3}(?:[-*+]|\d+\.)\s", line):
            items.append(line)
        elif items and line.startswith(" ") and line.strip():
            items[-1] += line
        elif items and line.strip():
            break
    return items


def _words(text: str) -> set[str]:
    """The first five letters of each longer word, so that "measured" is found in "measure"."""
    return {word.lower()[:5] for word in re.findall(r"[^\W\d_]{4,}", text)}


# --- the promises -------------------------------------------------------------------------------


def is_valid_and_named(lesson: Lesson) -> Iterator[str]:
    if not re.fullmatch(r"(\d\d|exam)_[a-z0-9_]+\.ipynb", lesson.path.name):
        yield f"{lesson.path.name} is not called NN_words.ipynb"
    ids = [cell.get("id") for cell in lesson.cells]
    if None in ids or len(set(ids)) < len(ids):
        yield "cell ids are missing or used twice"
    if lesson.notebook.nbformat != 4:
        yield "the notebook is not in format 4"
    for error in nbformat.validator.iter_validate(lesson.notebook):
        yield f"not a valid notebook: {error.message[:200]}"


def is_executed(lesson: Lesson) -> Iterator[str]:
    counts = [cell.execution_count for cell in lesson.code]
    if counts != list(range(1, len(counts) + 1)):
        yield f"execution counts are {counts}: run `make execute`"
    for cell in lesson.code:
        if not cell.source.strip():
            yield "an empty code cell"
        for output in cell.outputs:
            if output.output_type == "error":
                yield f"{_start(cell)} shows the error {output.ename}"
            if output.get("name") == "stderr":
                yield f"{_start(cell)} writes to stderr: {output.text[:200]}"


def has_house_metadata(lesson: Lesson) -> Iterator[str]:
    for key, expected in (("kernelspec", KERNELSPEC), ("language_info", LANGUAGE)):
        if lesson.notebook.metadata.get(key) != expected:
            yield f"metadata.{key} is not {expected}: run `make execute`"
    if lesson.notebook.metadata.get("title") != title(lesson.notebook):
        yield f"metadata.title is not {title(lesson.notebook)!r}: run `make execute`"
    if "widgets" in lesson.notebook.metadata:
        yield "the metadata hold the state of widgets: run `make execute`"
    if any("execution" in cell.metadata for cell in lesson.cells):
        yield "a cell's metadata hold the times of a run: run `make execute`"


def has_current_views(lesson: Lesson) -> Iterator[str]:
    """A view carries the module that draws it: a saved one must not be older than the package."""
    every = tuple(unpacked(f"<script>{views.script(more)}</script>") for more in (None, "drawing"))
    scripts = {"course-view": every, "course-still": f"<script>{panel.script()}</script>"}
    drawn = {"quiz": Quiz("", "", ()), "cards": Deck("", "", ()), "review": Review(())}
    for name, shown in drawn.items():
        html = shown._repr_html_()
        scripts[f"course-{name}"] = html[html.index("<script>") :]
    for cell in lesson.code:
        pages = [output.get("data", {}).get("text/html", "") for output in cell.outputs]
        for name, script in scripts.items():
            shown = [unpacked(page) for page in pages if f'class="{name}"' in page]
            if not all(page.endswith(script) for page in shown):
                yield f"{_start(cell)} shows an older view: run `make execute`"


def unpacked(page: str) -> str:
    """A page whose packed modules are text: another zlib packs the same bytes in another way."""

    def text_of(packed: re.Match) -> str:
        return zlib.decompress(base64.b64decode(packed[1])).decode()

    return re.sub(r'(?<=atob\(")([\w+/=]+)', text_of, page)


def widget_names() -> set[str]:
    """The names of all classes of widgets, the course's own among them."""
    classes = [ipywidgets.Widget]
    for parent in classes:  # grows meanwhile
        classes += parent.__subclasses__()
    return {each.__name__ for each in classes}


def shows_no_name_of_a_class(lesson: Lesson) -> Iterator[str]:
    """Where no widget can live one sees its still picture, and never how Python writes it."""
    for cell in lesson.code:
        stills = [
            "course-still" in out.get("data", {}).get("text/html", "") for out in cell.outputs
        ]
        for output, still_before in zip(cell.outputs, [False, *stills], strict=False):
            data = output.get("data", {})
            text = data.get("text/plain", "")
            if text.startswith("<IPython") or text.partition("(")[0] in widget_names():
                yield f"{_start(cell)} shows {text[:40]!r}, as Python writes it"
            if WIDGET in data and not still_before:
                yield f"{_start(cell)} shows a widget and no still picture: put it in a Panel"


def restores_no_other_lesson(lesson: Lesson) -> Iterator[str]:
    """`git restore .` in a lesson would take away the answers of all others."""
    for cell in lesson.cells:
        if re.search(
            r"git (?:restore|checkout|reset)[^\n`]* (?:\.|--hard|\*)(?=[\s`]|$)", cell.source
        ):
            yield f"{_start(cell)} restores more than this lesson: name one file"


def names_its_columns(lesson: Lesson) -> Iterator[str]:
    for cell in lesson.cells:
        if cell.cell_type != "markdown":
            continue
        for head in re.findall(r"^(\|.*\|)\s*\n\|(?:\s*:?-+:?\s*\|)+", cell.source, re.MULTILINE):
            if any(not name.strip() for name in head.strip().strip("|").split("|")):
                yield f"{_start(cell)} has a table with an empty header: {head[:60]}"


def is_small(lesson: Lesson) -> Iterator[str]:
    if (size := lesson.path.stat().st_size) >= MAX_BYTES:
        yield f"the file has {size:,} bytes; the limit is {MAX_BYTES:,}"


def ran_on_mnist(lesson: Lesson) -> Iterator[str]:
    """The first cell that loads the default data set prints its name, so that readers see it."""
    for cell, call in lesson.calls("load_images"):
        named = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
        named += [word.value.value for word in call.keywords if word.arg == "name"]
        if any(not isinstance(arg, ast.Constant) for arg in call.args):
            continue  # a folder
        if not set(named) <= {"auto", "mnist"}:
            continue
        if not re.search(r"(?<!fashion_)\bmnist\b", _text(cell.outputs), re.IGNORECASE):
            yield f"{_start(cell)} does not show that it ran on MNIST: `print(images)` there"
        return


def names_no_local_path(lesson: Lesson) -> Iterator[str]:
    folders = r"(?<![\w.:/])/(?:home|Users|root|work|tmp|mnt|opt|srv|usr|var|private)/|\b[A-Z]:\\"
    for cell in lesson.cells:
        shown = cell.source + (_text(cell.outputs) if cell.cell_type == "code" else "")
        if found := re.search(folders, shown):
            yield f"{_start(cell)} names the folder {shown[found.start() :][:40]!r}"
        if cell.cell_type == "code" and re.search(r"(?<![\w/])(?:\.\.?/)*data/", shown):
            yield f"{_start(cell)} names a path in data/: `load_images` finds the data"


def has_links_that_resolve(lesson: Lesson) -> Iterator[str]:
    prose = _prose(lesson.cells)
    links = re.findall(r"\]\(<?([^)\s>]+)", prose) + re.findall(r"(?:href|src)=\"([^\"]+)\"", prose)
    for link in links:
        target = link.partition("#")[0]
        if re.match(r"[a-z]+:", link) or not target:
            continue
        if not (lesson.path.parent / target).exists():
            yield f"the link to {link} leads nowhere"


def alternates_code_and_prose(lesson: Lesson) -> Iterator[str]:
    kinds = [cell.cell_type for cell in lesson.cells]
    for i in range(len(kinds) - 2):
        if kinds[i : i + 3] == ["code"] * 3:
            yield f"from {_start(lesson.cells[i])} on, three code cells follow each other"
            return


def has_short_cells(lesson: Lesson) -> Iterator[str]:
    for cell in lesson.code:
        imports = all(isinstance(node, ast.Import | ast.ImportFrom) for node in _parse(cell).body)
        limit = MAX_LONG_LINES if imports or "exercise" in _tags(cell) else MAX_LINES
        lines = sum(bool(line.strip()) for line in cell.source.splitlines())
        if lines > limit:
            yield f"{_start(cell)} has {lines} lines; the limit is {limit}"


def has_alternative_texts(lesson: Lesson) -> Iterator[str]:
    for cell in lesson.code:
        for output in cell.outputs:
            data, metadata = output.get("data", {}), output.get("metadata", {})
            alt = metadata.get("image/png", {}).get("alt", "")
            if "image/png" in data and len(alt.split()) < 4:
                yield f"{_start(cell)} draws a picture without a sentence of alt text"
            if re.search(r"<img(?![^>]*\balt=\"[^\"]+\")", data.get("text/html", "")):
                yield f"{_start(cell)} has an <img> without alt text"
    if re.search(r"!\[\s*\]\(", _prose(lesson.cells)):
        yield "a picture in the prose has no alt text"


def uses_known_tags(lesson: Lesson) -> Iterator[str]:
    for cell in lesson.cells:
        if unknown := set(_tags(cell)) - TAGS:
            yield f"{_start(cell)} has unknown tags {sorted(unknown)}"


def has_compared_outputs(lesson: Lesson) -> Iterator[str]:
    compared = [cell for cell in lesson.code if "nbval-check-output" in _tags(cell)]
    if lesson.number != "00" and len(compared) < MIN_COMPARED:
        yield f"only {len(compared)} cells are compared by nbval; {MIN_COMPARED} are promised"
    for cell in compared:
        if not plain_text(cell.outputs).strip() or cell.source.rstrip().endswith(";"):
            yield f"{_start(cell)} is tagged for nbval, which finds no text in it to compare"


def has_sound_exercises(lesson: Lesson) -> Iterator[str]:
    used = set()
    for i, cell in enumerate(lesson.code):
        if "exercise" not in _tags(cell):
            continue
        body = _parse(cell).body
        if len(body) != 1 or not isinstance(body[0], ast.FunctionDef | ast.ClassDef):
            yield f"the exercise {_start(cell)} is not one function or class and nothing else"
            continue
        stub = body[0]
        used.add(stub.name)
        following = lesson.code[i + 1].source.strip() if i + 1 < len(lesson.code) else ""
        if following != f'check("{stub.name}", {stub.name})':
            yield f'the cell after {stub.name} is not `check("{stub.name}", {stub.name})`'
        if not ast.get_docstring(stub):
            yield f"{stub.name} has no docstring to specify it"
        if stub.name not in lesson.exercises:
            yield f"{stub.name} is not an exercise that course_utils.exercises knows"
            continue
        reference = ast.parse(_source(lesson.exercises[stub.name].solution)).body[0]
        yield from _begins_as_it_should(lesson.exercises[stub.name], stub, reference, cell.source)
        if (ours := _signatures(stub)) != (theirs := _signatures(reference)):
            yield f"{stub.name} has the signature {ours}, but the reference solution {theirs}"
    for name, exercise in lesson.exercises.items():
        if _number(exercise) == lesson.number and name not in used:
            yield f"the exercise {name} belongs to this lesson and is not in it"


def _begins_as_it_should(exercise, stub: ast.AST, reference: ast.AST, source: str) -> Iterator[str]:
    if exercise.specimen is not None:
        if _body(stub) != _body(ast.parse(_source(exercise.specimen.function)).body[0]):
            yield f"{stub.name} does not hold the specimen that is to be repaired"
    elif exercise.form == "half-filled":
        left = [node for node in ast.walk(stub) if _is_hole(node)]
        if len(left) != HOLES or not _fits(_code(stub), _code(reference)):
            yield f"{stub.name} is not the reference solution with {HOLES} holes, `...`"
    elif not any(_raises_not_implemented(node) for node in ast.walk(stub)):
        yield f"{stub.name} does not raise NotImplementedError"
    elif exercise.form == "in order":
        given = re.findall(r"^    # (\S.*)$", source, re.MULTILINE)
        written = _source(exercise.solution).splitlines()[_code(reference)[0].lineno - 1 :]
        lines = [re.sub(r"\s+# .*", "", line).strip() for line in written]
        if sorted(given) != sorted(lines) or given == lines:
            yield f"{stub.name} does not hold the lines of the reference solution, shuffled"


def _is_hole(node: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def _fits(given: object, whole: object) -> bool:
    """Whether a piece of code is the other, but for its holes."""
    if _is_hole(given):
        return isinstance(whole, ast.expr)
    if isinstance(given, list):
        return len(given) == len(whole) and all(map(_fits, given, whole))
    if not isinstance(given, ast.AST):
        return given == whole
    return type(given) is type(whole) and all(
        _fits(value, getattr(whole, name)) for name, value in ast.iter_fields(given)
    )


def _number(exercise) -> str:
    return f"{int(exercise.lesson):02d}"


def _source(solution: Callable) -> str:
    return inspect.cleandoc("\n" + inspect.getsource(solution))


def _raises_not_implemented(node: ast.AST) -> bool:
    if not isinstance(node, ast.Raise) or node.exc is None:
        return False
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return getattr(raised, "id", None) == "NotImplementedError"


def _body(function: ast.FunctionDef) -> str:
    """The code of a function below its first line, without docstring and comments."""
    return "\n".join(map(ast.unparse, _code(function)))


def _code(function: ast.FunctionDef) -> list[ast.stmt]:
    return function.body[1:] if ast.get_docstring(function) else function.body


def _signatures(node: ast.FunctionDef | ast.ClassDef) -> dict[str, str]:
    """The signature of a function, or those of a class's public methods and constructor."""
    functions = [node]
    if isinstance(node, ast.ClassDef):
        functions = [
            child
            for child in node.body
            if isinstance(child, ast.FunctionDef)
            and (child.name == "__init__" or not child.name.startswith("_"))
        ]
    return {
        function.name: f"({ast.unparse(function.args)})"
        + (f" -> {ast.unparse(function.returns)}" if function.returns else "")
        for function in functions
    }


def asks_known_questions(lesson: Lesson) -> Iterator[str]:
    asked = [ast.literal_eval(call.args[0]) for _, call in lesson.calls("quiz")]
    for key in asked:
        if key not in lesson.quizzes:
            yield f"there is no question {key!r}"
    for key in lesson.quizzes:
        if key.startswith(f"{lesson.number}.") and key not in asked:
            yield f"the question {key!r} belongs to this lesson and is not asked in it"


def opens_with_goals(lesson: Lesson) -> Iterator[str]:
    if "?" not in lesson.opening:
        yield "the opening asks no question"
    if not re.search(r"\d+ min", lesson.opening):
        yield "the opening does not say how many minutes the lesson takes"
    if not re.search(r"\bneeds?\b", lesson.opening, re.IGNORECASE):
        yield "the opening does not say what the lesson needs"
    if len(goals := _goals(lesson)) != 3:
        yield f"'you will be able to' is followed by {len(goals)} bullets; three are promised"


def _goals(lesson: Lesson) -> list[str]:
    return _bullets(re.split("you will be able to", lesson.opening, flags=re.IGNORECASE)[-1])


def closes_with_findings(lesson: Lesson) -> Iterator[str]:
    """The same three lines as findings: each shares words with its goal, in the same order."""
    findings = _bullets(lesson.closing)[:3]
    if len(findings) < 3:
        yield "the prose after the last code cell does not begin with a list of three findings"
    for goal, finding in zip(_goals(lesson), findings, strict=False):
        if not _words(goal) & _words(finding):
            yield f"the finding {finding!r} does not take up the goal {goal!r}"
    if lesson.number != "00" and not re.search(r"\bcannot\b", lesson.closing):
        yield "the closing does not say what this model cannot do"
    if lesson.number != "00" and not re.search(r"\bsources\b", lesson.closing, re.IGNORECASE):
        yield "the closing names no sources"
    names = sorted(p.name for p in lesson.path.parent.glob("[0-9]*.ipynb"))
    later = [name for name in names if name > lesson.path.name]
    if later and later[0] not in lesson.closing:
        yield f"the closing does not link to the next lesson, {later[0]}"
    if lesson.number == LAST_LESSON:  # nothing comes next: back to the map, and to the one before
        earlier = [name for name in names if name < lesson.path.name]
        for target in ("README.md", *earlier[-1:]):
            if f"({target})" not in lesson.closing:
                yield f"the closing of the last lesson does not link to {target}"


PROMISES = [
    is_valid_and_named,
    is_executed,
    has_house_metadata,
    has_current_views,
    shows_no_name_of_a_class,
    restores_no_other_lesson,
    names_its_columns,
    is_small,
    ran_on_mnist,
    names_no_local_path,
    has_links_that_resolve,
    alternates_code_and_prose,
    has_short_cells,
    has_alternative_texts,
    uses_known_tags,
    has_compared_outputs,
    has_sound_exercises,
    asks_known_questions,
    opens_with_goals,
    closes_with_findings,
]


# --- the course's notebooks ---------------------------------------------------------------------


def read(path: Path) -> Lesson:
    from course_utils.exercises.lessons import all_exercises
    from course_utils.exercises.showing.quiz import load_quizzes

    # Straight from JSON: nbformat.read would mend what is to be found.
    notebook = nbformat.from_dict(json.loads(path.read_text(encoding="utf-8")))
    for cell in notebook.cells:
        cell.source = "".join(cell.source)
    return Lesson(path, nbformat.v4.rwbase.rejoin_lines(notebook), all_exercises(), load_quizzes())


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_promises(path):
    lesson = read(path)
    breaches = [
        f"{promise.__name__}: {breach}" for promise in PROMISES for breach in promise(lesson)
    ]
    assert not breaches, "\n".join(breaches)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_exercises_stand_where_progress_lists_them(path):
    lesson = read(path)
    stubs = [_parse(cell).body[0].name for cell in lesson.code if "exercise" in _tags(cell)]
    places = {name: lesson.exercises[name].place for name in stubs}
    assert list(places.values()) == [*range(1, 1 + len(stubs))], f"set the `place` of {places}"


WORDS, LINES = 130, 12  # of prose and of code, that are read in a minute


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_minutes_are_honest(path):
    """What lesson, README and map say alike is what reading and doing take, within a tenth."""
    lesson = read(path)
    takes = minutes_of(lesson, lesson.cells)
    stated = int(re.search(r"(\d+)\s+minutes", lesson.opening)[1])
    assert abs(stated / takes - 1) < 0.1, f"it takes about {takes:.0f} minutes"
    for page, row in {
        "README.md": r".*?\| (\d+) ",
        "notebooks/README.md": r".*?\|.*?\| (\d+) ",
    }.items():
        listed = re.search(re.escape(f"{path.name})") + row, (REPOSITORY / page).read_text("utf-8"))
        assert int(listed[1]) == stated, page


def minutes_of(lesson: Lesson, cells: Iterable) -> float:
    """What it takes to read these cells, with their questions, and to do their exercises."""
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    words = len(_prose(cells).split())
    words += sum(_words_of_quiz(quiz) for name, quiz in lesson.quizzes.items() if name in text)
    reading = [c for c in cells if c.cell_type == "code" and "exercise" not in _tags(c)]
    lines = sum(bool(line.strip()) for cell in reading for line in cell.source.splitlines())
    done = [ex for name, ex in lesson.exercises.items() if f'check("{name}",' in text]
    return words / WORDS + lines / LINES + sum(exercise.minutes for exercise in done)


MAP, TEACHING = (
    (REPOSITORY / "notebooks" / name).read_text("utf-8") for name in ("README.md", "TEACHING.md")
)
SHORT_PATHS = re.findall(
    r"^\| \[[^]]+\]\((\d\d_\w+\.ipynb)\) \| ([\d, ()]+) \| (\d+) \|", MAP + TEACHING, re.MULTILINE
)


def test_there_are_short_paths_and_others_for_a_goal():
    assert len(SHORT_PATHS) > 20


@pytest.mark.parametrize("weeks", [6, 10, 14])
def test_the_minutes_of_a_week_are_those_of_its_lessons(weeks):
    table = re.search(rf"\*\*In {weeks} weeks\*\*.*?\n\n(.*?)\n\n", TEACHING, re.DOTALL)[1]
    rows = re.findall(r"^\| (\d+) \| ([\d, ]+) \| (\d+) \|$", table, re.MULTILINE)
    assert [int(week) for week, _, _ in rows] == list(range(1, weeks + 1))
    listed = re.findall(r"\]\((\d\d)_\w+\.ipynb\) \| [^|]+ \| (\d+) \| \d+ \|", MAP)
    minutes = {number: int(each) for number, each in listed}
    taught = [lessons.split(", ") for _, lessons, _ in rows]
    assert [sum(minutes[x] for x in lessons) for lessons in taught] == [int(m) for _, _, m in rows]
    once = [number for lessons in taught for number in lessons]
    assert len(set(once)) == len(once)
    assert weeks != 14 or set(once) == set(minutes), "everything, as it says"


@pytest.mark.parametrize(("name", "sections", "stated"), SHORT_PATHS)
def test_minutes_of_a_short_path_are_honest(name, sections, stated):
    lesson, parts, number = read(REPOSITORY / "notebooks" / name), {}, None
    for cell in lesson.cells:
        if cell.cell_type == "markdown":
            number = [number, *re.findall(r"^## (\d*)", cell.source, re.MULTILINE)][-1]
        parts.setdefault(number, []).append(cell)
    listed = dict(re.findall(r"(\d+)(?: \((\d+)\))?", sections))  # some with minutes of their own
    takes = {section: minutes_of(lesson, parts[section]) for section in listed}
    assert abs(int(stated) - sum(takes.values())) < 3, "about that many minutes"
    each = {section: int(minutes) for section, minutes in listed.items() if minutes}
    assert all(abs(minutes - takes[section]) < 2 for section, minutes in each.items()), takes
    assert each == {} or (each.keys() == takes.keys() and sum(each.values()) == int(stated))


def test_the_minutes_of_the_machine_add_up():
    seconds = re.findall(r"^\| \[\d\d · [^|]+ \| [^|]+ \| \d+ \| (\d+) \|", MAP, re.MULTILINE)
    assert len(seconds) == len(PATHS)
    stated = re.search(r"about (\d+)\s+minutes\s+for\s+all\s+lessons\s+together", MAP)
    assert abs(sum(map(int, seconds)) / 60 - int(stated[1])) < 1


def _words_of_quiz(quiz) -> int:
    """The question, its answers, and the longest feedback to one of them."""
    answers = [len(answer.text.split()) for answer in quiz.answers]
    feedback = max(len(answer.feedback.split()) for answer in quiz.answers)
    return len(quiz.question.split()) + sum(answers) + feedback


@pytest.mark.notebook
@pytest.mark.in_place_of_page
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_runs_as_committed_and_solved(path, tmp_path):
    """In `make test-all` test_browser.py does it and looks at the page as well."""
    run_in_a_hurry(path, tmp_path)


@pytest.mark.notebook
@pytest.mark.thorough
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
@pytest.mark.parametrize("data", ["digits", "mnist"])
def test_runs_in_full_as_committed_and_solved(data, path, tmp_path):
    """The same without any hurry, so that what a lesson claims must be true of both data sets."""
    if data == "mnist" and missing_files("mnist"):
        pytest.skip("MNIST is not here")
    run_as_committed_and_solved(path, tmp_path, {"COURSE_DATASET": data}, in_full=True)


@pytest.mark.parametrize("file", sorted(CLAIMS.glob("*.py")), ids=lambda file: file.stem)
def test_claims_speak_of_what_the_lesson_has(file):
    """Each name in them is one that a cell of the lesson defines."""
    (path,) = NOTEBOOKS.glob(f"{file.stem.removeprefix('lesson_')}_*.ipynb")
    claimed = ast.parse(claims(path))
    assert any(isinstance(node, ast.Assert) for node in ast.walk(claimed))
    known = set(dir(builtins)).union(*map(_defined, [claimed, *map(_parse, read(path).code)]))
    loaded = {node.id for node in ast.walk(claimed) if isinstance(node, ast.Name)}
    assert loaded - known == set()


def _defined(tree: ast.Module) -> set[str]:
    """The names that a piece of code assigns, imports or defines."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).split(".")[0])
    return found


NAMED_ONCE = [path for path in PATHS if path.name < "08"]  # to be all of them


@pytest.mark.parametrize("path", NAMED_ONCE, ids=lambda path: path.stem)
def test_a_cell_that_is_run_again_spoils_no_other(path):
    """What a cell takes over from far above, no third cell sets to something else."""
    assert overwritten(read(path).code) == {}


def overwritten(code: list) -> dict[str, str]:
    """Names that a cell reads and that two others set: run these again, and it reads the wrong one.

    Two cells that follow each other are run together, and what a generator says is another thing
    each time.
    """
    found, used = (
        {},
        [(set(), set()) if "exercise" in _tags(cell) else _names(cell) for cell in code],
    )
    for place, (read_here, set_here) in enumerate(used):
        for name in read_here - set_here - {"generator"}:
            setters = [other for other, (_, names) in enumerate(used) if name in names]
            above = [other for other in setters if other < place]
            if len(setters) > 1 and above and above[-1] < place - 1:
                found[name] = f"{_start(code[place])} reads it, and {len(setters)} cells set it"
    return found


def _names(cell) -> tuple[set[str], set[str]]:
    """The names of the notebook that a cell reads, also in functions, and those that it sets."""
    tables = [symtable.symtable(TransformerManager().transform_cell(cell.source), "cell", "exec")]
    known = [symbol for symbol in tables[0].get_symbols() if symbol.is_assigned()]
    for table in tables:  # grows meanwhile
        tables += table.get_children()
    symbols = [symbol for table in tables for symbol in table.get_symbols()]
    reads = [each for each in symbols if each.is_referenced() and each.is_global()]
    return (
        {symbol.get_name() for symbol in reads},
        {symbol.get_name() for symbol in known if not symbol.is_imported()},
    )


@pytest.mark.parametrize(
    ("sources", "found"),
    [
        (["x = 1", "y = x", "for x in (2, 3):\n    pass", "print(y + x)"], set()),
        (["x = 1", "", "print(x)", "for x in (2, 3):\n    pass"], {"x"}),
        (["for x in (2, 3):\n    pass", "x = 1", "", "def f():\n    return x"], {"x"}),
        (["x = 1", "", "print([x for x in (2, 3)])", "x = 2"], set()),
        (["x = 1", "", "print(x)", "from math import pi as x"], set()),
        (["x = 1", "", "x = 2\nprint(x)", "", "print(lambda x: x)"], set()),
    ],
)
def test_a_name_with_two_meanings_is_found(sources, found):
    assert set(overwritten([*map(nbformat.v4.new_code_cell, sources)])) == found


def in_a_hurry(folder: Path) -> Path:
    """A folder for IPython, in which kernels train little: see tools/short.py."""
    startup = folder / "profile_default" / "startup"
    startup.mkdir(parents=True)
    shutil.copy(SHORT, startup)
    return folder


def test_what_is_done_less_often_in_a_hurry_stands_in_a_lesson():
    tree = ast.parse(SHORT.read_text(encoding="utf-8"))
    (less,) = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "LESS"
    ]
    sources = [cell.source for path in PATHS for cell in read(path).code]
    assert [often for often in less if not any(often in source for source in sources)] == []


def run_in_a_hurry(path: Path, folder: Path) -> Lesson:
    """On few of the digits: no cell raises or complains, tagged outputs come out again, and every
    reference solution passes its check. One kernel does both, so that what they share runs once."""
    variables = {"COURSE_DATASET": "digits", "IPYTHONDIR": str(in_a_hurry(folder))}
    return run_as_committed_and_solved(path, folder, variables)


def run_as_committed_and_solved(
    path: Path, folder: Path, variables: dict[str, str], in_full: bool = False
) -> Lesson:
    lesson = read(path)
    expected = outputs_to_come_again(lesson)
    solve_too(lesson)
    environment = {"COURSE_PROGRESS": str(folder / "progress.json"), "COURSE_STRICT": ""}
    if in_full:
        run_and_judge(path, lesson.notebook, environment | variables)
    else:
        settings = {"kernel_manager_class": ready.manager()}
        run(lesson.notebook, path.parent, environment | variables, **settings)
    assert_ran_well(lesson.code, expected)
    return lesson


def outputs_to_come_again(lesson: Lesson) -> dict[str, str]:
    """What the tagged cells have printed, by the id of the cell."""
    tagged = [cell for cell in lesson.code if "nbval-check-output" in _tags(cell)]
    return {cell.id: plain_text(cell.outputs) for cell in tagged}


def assert_ran_well(code: list, expected: dict[str, str]) -> None:
    """No complaints, and what is expected has come out."""
    for cell in code:
        complaints = [output.text for output in cell.outputs if output.get("name") == "stderr"]
        assert not complaints, f"{_start(cell)} writes to stderr: {complaints}"
        if cell.id in expected:
            assert plain_text(cell.outputs) == expected[cell.id], _start(cell)


def solve_too(lesson: Lesson) -> None:
    """Let each exercise be checked twice, as the stub and solved; and each later cell that uses the
    learner's own answer run twice."""
    cells, stubs = [], {}
    for cell in lesson.cells:
        cells.append(cell)
        if cell.cell_type != "code":
            continue
        if "exercise" in _tags(cell):
            stubs[_parse(cell).body[0].name] = cell.source
            continue
        used, taken_over = _uses(cell)
        if mine := sorted(used & set(stubs)):
            # All that are open, because the solution of one may call another.
            solved = [_source(lesson.exercises[name].solution) for name in stubs]
            for sources in (solved, map(_checked, mine), [cell.source], stubs.values()):
                cells.append(nbformat.v4.new_code_cell("\n\n\n".join(sources)))
        for name in taken_over & set(stubs):
            del stubs[name]
    lesson.notebook.cells = cells
    lesson.__dict__.pop("code", None)  # cached


def _checked(name: str) -> str:
    """A cell that stops unless the check passes: by `raise`, for a hurry leaves assertions out."""
    call = f'check("{name}", {name})'  # twice rather than a name of ours among the lesson's
    return f"if not {call}.passed:\n    raise ValueError({call})"


def _uses(cell) -> tuple[set[str], set[str]]:
    """The names that a cell reads and does not make its own, and those that it does: by an import,
    or at its left edge as in `double = reference("double")`."""
    tree = _parse(cell)
    imports = (node for node in tree.body if isinstance(node, ast.ImportFrom))
    own = {alias.asname or alias.name for node in imports for alias in node.names}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            own |= {each.id for each in ast.walk(node) if _is_stored(each)}
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return {node.id for node in names if not _is_stored(node)} - own, own


def _is_stored(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


# --- a lesson that keeps every promise, and ways to spoil it ------------------------------------


def double(x: int) -> int:
    """Twice `x`."""
    return 2 * x


STUB = '''def double(x: int) -> int:
    """Twice `x`."""
    raise NotImplementedError'''

OPENING = """# How much is twice?

At the end you will be able to

- double a number,
- say why doubling works,
- tell doubling from
  squaring.

It needs lesson 00. 5 minutes."""

CLOSING = """- A number is doubled by adding it to itself.
- It works because addition says so.
- At two, squaring and doubling agree.

Doubling cannot halve. Sources: Peano (1889), axiom 3. Next: [two](02_next.ipynb)"""


def _printed(text: str) -> list:
    return [nbformat.v4.new_output("stream", text=text)]


@pytest.fixture
def lesson(tmp_path) -> Lesson:
    """A lesson of eight cells that keeps every promise."""
    code, prose = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell
    picture = nbformat.v4.new_output(
        "display_data",
        data={"image/png": "iVBORw0KGgo=", "text/plain": "<Figure>"},
        metadata={"image/png": {"alt": "A line that rises steadily."}},
    )
    compared = {"tags": ["nbval-check-output"]}
    cells = [
        prose(OPENING),
        code("images = load_images()\nprint(images)", outputs=_printed("mnist\n")),
        code('quiz("01.twice")', metadata=compared, outputs=_printed("Predict: how much?")),
        prose("Read [the map](README.md), or [further down](#end). ![a sketch](README.md)"),
        code(STUB, metadata={"tags": ["exercise"]}),
        code('check("double", double)', metadata=compared, outputs=_printed("not attempted yet")),
        prose("It rises."),
        code("print(1 + 1)\nshow(figure)", metadata=compared, outputs=[*_printed("2"), picture]),
        prose(CLOSING),
    ]
    for count, cell in enumerate([cell for cell in cells if cell.cell_type == "code"], start=1):
        cell.execution_count = count
    notebook = nbformat.v4.new_notebook(cells=cells)
    tidy(notebook)
    for name in ("README.md", "02_next.ipynb"):
        (tmp_path / name).touch()
    path = tmp_path / "01_twice.ipynb"
    nbformat.write(notebook, path)
    exercises = {"double": _exercise()}
    return Lesson(path, notebook, exercises, ["01.twice"])


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_good_lesson_keeps_every_promise(lesson, promise):
    assert list(promise(lesson)) == []


def _source_of(number: int, old: str, new: str) -> Callable[[Lesson], None]:
    def spoil(lesson):
        assert old in lesson.cells[number].source
        lesson.cells[number].source = lesson.cells[number].source.replace(old, new)

    return spoil


def _set(number: int, **values) -> Callable[[Lesson], None]:
    return lambda lesson: lesson.cells[number].update(nbformat.from_dict(values))


def _metadata(**values) -> Callable[[Lesson], None]:
    return lambda lesson: lesson.notebook.metadata.update(values)


def _error() -> nbformat.NotebookNode:
    return nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=[])


def _stderr() -> nbformat.NotebookNode:
    return nbformat.v4.new_output("stream", name="stderr", text="UserWarning: look out")


def _html(text: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("display_data", data={"text/html": text})


def _plain(text: str, kind: str = "text/plain") -> nbformat.NotebookNode:
    """An output that is this text, or holds something else besides an empty one."""
    return nbformat.v4.new_output("display_data", data={"text/plain": text, kind: text or {}})


def _grow(lesson: Lesson) -> None:
    lesson.path.write_bytes(b" " * MAX_BYTES)


def _rename(lesson: Lesson) -> None:
    lesson.path = lesson.path.with_name("Lesson one.ipynb")


def _add_code(lesson: Lesson) -> None:
    lesson.cells.insert(2, nbformat.v4.new_code_cell("x = 1"))


def _exercise(
    solution: Callable = double, specimen: object = None, form: str = "empty"
) -> SimpleNamespace:
    return SimpleNamespace(lesson="01", solution=solution, specimen=specimen, form=form)


def _forget_exercise(lesson: Lesson) -> None:
    lesson.exercises = {}


def _add_exercise(lesson: Lesson) -> None:
    lesson.exercises = {**lesson.exercises, "halve": _exercise()}


def _add_question(lesson: Lesson) -> None:
    lesson.quizzes = [*lesson.quizzes, "01.thrice"]


def _with_specimen(body: str) -> Callable[[Lesson], None]:
    """The exercise is one of repair, its specimen is `triple`, and its cell holds this body."""

    def spoil(lesson):
        specimen = SimpleNamespace(function=triple)
        lesson.exercises = {"double": _exercise(specimen=specimen)}
        _source_of(4, "raise NotImplementedError", body)(lesson)

    return spoil


def _begun(form: str, body: str) -> Callable[[Lesson], None]:
    """The exercise begins in this form, and its cell holds this body."""

    def double(x: int) -> int:
        """Twice `x`."""
        total = 0
        for term in (x, x):
            total = total + term
        return total

    def spoil(lesson):
        lesson.exercises = {"double": _exercise(double, form=form)}
        _source_of(4, "raise NotImplementedError", body)(lesson)

    return spoil


def _shuffled(*lines: str) -> str:
    return "\n    # ".join(["raise NotImplementedError", *lines])


SUM = ("return total", "for term in (x, x):", "total = 0")
FILLED = "total = {}\n    for term in ({}, x):\n        total = {}\n    return total"


def triple(x: int) -> int:
    y = x + x
    return x + y


def _as_last(*links: str) -> Callable[[Lesson], None]:
    """The lesson is the course's last, and its closing links to these."""

    def spoil(lesson):
        names = [
            lesson.path.with_name(f"{number}_it.ipynb") for number in ("15", "16", LAST_LESSON)
        ]
        for path in names:
            path.touch()
        lesson.path = names[-1]
        lesson.cells[8].source += "".join(f" [x]({link})" for link in links)

    return spoil


LONG = "\n".join(f"x{i} = {i}" for i in range(MAX_LINES + 1))
IMPORTS = "\n".join(f"import m{i}" for i in range(MAX_LONG_LINES + 1))

SPOILT = [
    (is_valid_and_named, _rename, "not called"),
    (is_valid_and_named, lambda lesson: [_set(i, id="same")(lesson) for i in (0, 1)], "ids"),
    (is_valid_and_named, lambda lesson: lesson.cells[0].pop("id"), "ids"),
    (is_valid_and_named, _set(1, outputs=[{"output_type": "song"}]), "not a valid notebook"),
    (is_executed, _set(1, execution_count=None), "execution counts"),
    (is_executed, _set(1, execution_count=7), "execution counts"),
    (is_executed, _set(1, source=" "), "empty"),
    (is_executed, _set(1, outputs=[_error()]), "the error ValueError"),
    (is_executed, _set(1, outputs=[_stderr()]), "stderr"),
    (has_house_metadata, _metadata(kernelspec={"name": "my-env"}), "kernelspec"),
    (has_house_metadata, _metadata(language_info={"version": "3.11.7"}), "language_info"),
    (has_house_metadata, _metadata(widgets={}), "state of widgets"),
    (has_house_metadata, _set(1, metadata={"execution": {"shell": "12:00"}}), "times"),
    (has_current_views, _set(1, outputs=[_html('<p class="course-view">')]), "older"),
    (has_current_views, _set(1, outputs=[_html('<p class="course-quiz">')]), "older"),
    (has_current_views, _set(1, outputs=[_html('<p class="course-review">')]), "older"),
    (has_house_metadata, _metadata(title="Another"), "title"),
    (shows_no_name_of_a_class, _set(1, outputs=[_plain("HBox(children=(VBox(")]), "HBox"),
    (shows_no_name_of_a_class, _set(1, outputs=[_plain("FloatSlider(value=0.0)")]), "FloatSlider"),
    (shows_no_name_of_a_class, _set(1, outputs=[_plain("<IPython.core.display.HTML>")]), "IPython"),
    (shows_no_name_of_a_class, _set(1, outputs=[_plain("", WIDGET)]), "no still picture"),
    (
        shows_no_name_of_a_class,
        _set(1, outputs=[_html('<p class="course-still">'), _plain("", WIDGET)]),
        None,
    ),
    (shows_no_name_of_a_class, _set(1, outputs=[_plain("Panel()")]), "Panel"),
    (shows_no_name_of_a_class, _set(1, outputs=[_plain("Sequential(\n  (0): Linear())")]), None),
    (
        restores_no_other_lesson,
        _source_of(3, "Read", "Try `!git restore .`, then read"),
        "one file",
    ),
    (
        restores_no_other_lesson,
        _source_of(3, "Read", "Try `git checkout -- .` and read"),
        "one file",
    ),
    (restores_no_other_lesson, _source_of(3, "Read", "`!git restore 01_twice.ipynb`. Read"), None),
    (
        names_its_columns,
        _source_of(3, "Read", "| | b |\n|---|:--|\n| 1 | 2 |\n\nRead"),
        "empty header",
    ),
    (names_its_columns, _source_of(3, "Read", "| a | b |\n|---|---|\n| | 2 |\n\nRead"), None),
    (is_small, _grow, "bytes"),
    (ran_on_mnist, _set(1, outputs=_printed("digits")), "`print(images)`"),
    (ran_on_mnist, _set(1, outputs=_printed("fashion_mnist")), "`print(images)`"),
    (ran_on_mnist, _source_of(1, "load_images()", 'load_images("shapes")'), None),
    (names_no_local_path, _source_of(3, "Read", "Read /home/me/notes and"), "/home/me/notes"),
    (names_no_local_path, _set(1, outputs=_printed("in C:\\Users\\me")), "the folder"),
    (names_no_local_path, _set(1, outputs=[_html("at /tmp/x")]), "/tmp/x"),
    (names_no_local_path, _source_of(1, "load_images()", 'open("../data/x")'), "data/"),
    (names_no_local_path, _set(1, outputs=_printed("from data/MNIST")), "data/"),
    (names_no_local_path, _set(1, outputs=[_html("base64,/tmp/" + "A" * 200)]), None),
    (has_links_that_resolve, _source_of(3, "(README.md)", "(missing.md)"), "missing.md"),
    (has_links_that_resolve, _source_of(3, "Read", '<a href="gone.md">x</a>'), "gone.md"),
    (has_links_that_resolve, _source_of(3, "(README.md)", "(https://example.org)"), None),
    (alternates_code_and_prose, _add_code, "three code cells"),
    (has_short_cells, _set(1, source=LONG), "13 lines"),
    (has_short_cells, _set(4, source=LONG), None),
    (has_short_cells, _set(1, source=IMPORTS), "26 lines"),
    (has_alternative_texts, lambda lesson: lesson.cells[7].outputs[1].metadata.clear(), "alt"),
    (has_alternative_texts, _set(7, outputs=[_html("<img src='x'>")]), "<img>"),
    (has_alternative_texts, _source_of(3, "![a sketch]", "![]"), "no alt"),
    (uses_known_tags, _set(1, metadata={"tags": ["raises-exception"]}), "raises-exception"),
    (has_compared_outputs, _set(5, metadata={"tags": []}), "only 2"),
    (has_compared_outputs, _set(5, outputs=[]), "no text"),
    (has_compared_outputs, _source_of(5, ")", ");"), "no text"),
    (has_sound_exercises, _source_of(4, "def", "y = 1\ndef"), "nothing else"),
    (has_sound_exercises, _source_of(4, "raise NotImplementedError", "return 0"), "raise"),
    (has_sound_exercises, _with_specimen("y = x + x  # why not\n    return x + y"), None),
    (has_sound_exercises, _with_specimen("y = x + x\n    return y"), "hold the specimen"),
    (has_sound_exercises, _with_specimen("raise NotImplementedError"), "hold the specimen"),
    (has_sound_exercises, _begun("half-filled", FILLED.format("...", "...", "...")), None),
    (has_sound_exercises, _begun("half-filled", FILLED.format(0, "...", "...")), "with 3 holes"),
    (has_sound_exercises, _begun("half-filled", FILLED.format("...", "..., ...", 1)), "3 holes"),
    (has_sound_exercises, _begun("half-filled", "raise NotImplementedError"), "3 holes"),
    (has_sound_exercises, _begun("in order", _shuffled(*SUM, "total = total + term")), None),
    (has_sound_exercises, _begun("in order", _shuffled(*SUM)), "shuffled"),
    (has_sound_exercises, _begun("in order", _shuffled(*SUM, "total = term")), "shuffled"),
    (has_sound_exercises, _begun("in order", "raise NotImplementedError"), "shuffled"),
    (
        has_sound_exercises,
        _begun("in order", _shuffled(*SUM[:0:-1], "total = total + term", SUM[0])),
        "shuffled",
    ),
    (has_sound_exercises, _source_of(4, '"""Twice `x`."""', ""), "docstring"),
    (has_sound_exercises, _source_of(4, "x: int", "x: float"), "signature"),
    (has_sound_exercises, _source_of(4, "x: int", "x: int = 2"), "signature"),
    (has_sound_exercises, _source_of(4, " -> int", ""), "signature"),
    (has_sound_exercises, _source_of(5, '"double"', '"twice"'), "the cell after double"),
    (has_sound_exercises, _set(4, metadata={"tags": []}), "is not in it"),
    (has_sound_exercises, _forget_exercise, "course_utils.exercises knows"),
    (has_sound_exercises, _add_exercise, "halve"),
    (asks_known_questions, _source_of(2, "twice", "thrice"), "no question '01.thrice'"),
    (asks_known_questions, _add_question, "not asked"),
    (opens_with_goals, _source_of(0, "?", "."), "asks no question"),
    (opens_with_goals, _source_of(0, "5 minutes", "A while"), "minutes"),
    (opens_with_goals, _source_of(0, "needs", "follows"), "needs"),
    (opens_with_goals, _source_of(0, "- say", "say"), "bullets"),
    (opens_with_goals, _source_of(0, "you will be able to", "one can"), None),
    (closes_with_findings, _source_of(8, "- At two", "At two"), "three findings"),
    (closes_with_findings, _source_of(8, "squaring and doubling agree", "all is well"), "take up"),
    (closes_with_findings, _source_of(8, "cannot", "may"), "cannot do"),
    (closes_with_findings, _source_of(8, "Sources", "See"), "sources"),
    (closes_with_findings, _source_of(8, "02_next.ipynb", "README.md"), "next lesson"),
    (closes_with_findings, _as_last("README.md", "16_it.ipynb"), None),
    (closes_with_findings, _as_last("README.md", "15_it.ipynb"), "link to 16_it.ipynb"),
    (closes_with_findings, _as_last("16_it.ipynb"), "link to README.md"),
]


@pytest.mark.parametrize("promise, spoil, complaint", SPOILT)
def test_promise_can_fail(lesson, promise, spoil, complaint):
    """A spoilt lesson is found out; `None` marks a change that is no breach."""
    lesson.notebook = copy.deepcopy(lesson.notebook)
    spoil(lesson)
    breaches = list(promise(lesson))
    if complaint is None:
        assert breaches == []
    else:
        assert any(complaint in breach for breach in breaches), breaches


def test_every_promise_is_spoilt():
    assert {promise for promise, _, complaint in SPOILT if complaint} == set(PROMISES)


# --- executing ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "takes_over", ["from course_utils import double", 'double = reference("double")']
)
def test_a_lesson_is_run_as_committed_and_solved(lesson, takes_over):
    """The check, and what uses the learner's answer, until the course takes the name over."""
    later = ("print(double(2))", f"{takes_over}\nprint(double(3))", "double(4)")
    lesson.cells[7:7] = map(nbformat.v4.new_code_cell, later)
    solve_too(lesson)
    solved, check = inspect.getsource(double).strip(), 'check("double", double)'
    checked = _checked("double")
    assert [cell.source for cell in lesson.code][2:] == [
        STUB,
        *(check, solved, checked, check, STUB),
        *(later[0], solved, checked, later[0], STUB),
        *later[1:],
        "print(1 + 1)\nshow(figure)",
    ]


@pytest.mark.parametrize("hurry", [True, False])
def test_a_solution_that_does_not_pass_is_found_out(lesson, tmp_path, hurry):
    """Also in a hurry, where a lesson's own assertions are left out."""

    def squared_error(x_hat, x):
        return (x_hat - x).abs().flatten(1).sum(1)

    stub = "def squared_error(x_hat, x):\n    raise NotImplementedError"
    lesson.notebook.cells = [
        nbformat.v4.new_code_cell("from course_utils import check"),
        nbformat.v4.new_code_cell(stub, metadata={"tags": ["exercise"]}),
        nbformat.v4.new_code_cell('check("squared_error", squared_error)'),
    ]
    lesson.__dict__.pop("code", None)
    lesson.exercises = {"squared_error": _exercise(squared_error)}
    solve_too(lesson)
    variables = {"IPYTHONDIR": str(in_a_hurry(tmp_path / "hurry"))} if hurry else {}
    variables["COURSE_DATASET"] = "digits"
    with pytest.raises(FAILURES, match="absolute differences"):
        run(lesson.notebook, tmp_path, variables, kernel_manager_class=ready.manager())


@pytest.fixture
def runnable(tmp_path) -> Path:
    """A notebook that runs, with traces of an earlier run, of a lesson that claims nothing."""
    cells = [
        nbformat.v4.new_code_cell("print(1)\nprint(2)", metadata={"execution": {"at": "12:00"}}),
        nbformat.v4.new_code_cell("import os\nos.environ['COURSE_DATASET']"),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"authors": []})
    path = tmp_path / "99_runs.ipynb"
    nbformat.write(notebook, path)
    return path


def test_execute_writes_tidy_outputs(runnable, capsys):
    assert main([str(runnable.parent)]) == 0
    lesson = Lesson(runnable, nbformat.read(runnable, as_version=4))
    assert list(is_executed(lesson)) + list(has_house_metadata(lesson)) == []
    assert lesson.code[0].outputs[0].text == "1\n2\n"
    assert lesson.code[1].outputs[0].data["text/plain"] == "'mnist'"
    assert runnable.read_bytes().endswith(b"}\n")
    assert "99_runs.ipynb" in capsys.readouterr().out
    assert list(runnable.parent.iterdir()) == [runnable]


def test_execute_keeps_the_file_when_a_cell_fails(runnable, capsys):
    notebook = nbformat.read(runnable, as_version=4)
    notebook.cells[1].source = "1 / 0"
    notebook.cells[1].metadata.tags = ["raises-exception"]
    nbformat.write(notebook, runnable)
    before = runnable.read_bytes()
    assert main([str(runnable)]) == 1
    assert runnable.read_bytes() == before
    assert "was left as it was: a cell failed" in capsys.readouterr().out


def test_execute_keeps_the_file_when_a_claim_fails(runnable, capsys, monkeypatch, tmp_path):
    before = runnable.read_bytes()
    monkeypatch.setattr(execute, "CLAIMS", tmp_path)
    claimed = tmp_path / "lesson_99.py"
    claimed.write_text("assert os.environ['COURSE_DATASET'] != 'mnist', 'so it said'")
    assert main([str(runnable)]) == 1
    assert runnable.read_bytes() == before
    assert "so it said" in capsys.readouterr().out
    claimed.write_text("assert os.environ['COURSE_DATASET'] == 'mnist'")
    assert main([str(runnable)]) == 0
    assert len(nbformat.read(runnable, as_version=4).cells) == len(json.loads(before)["cells"])


def test_a_kernel_that_does_not_start_is_one_sentence(runnable, capsys, monkeypatch):
    before = runnable.read_bytes()
    monkeypatch.setenv("PYTHONHOME", str(runnable))  # where no Python is: it dies at once
    assert main([str(runnable)]) == 1
    assert runnable.read_bytes() == before
    printed = capsys.readouterr().out
    assert "was left as it was: the kernel did not start (" in printed
    assert len(printed.splitlines()) == 1
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    monkeypatch.delenv("PYTHONHOME")
    assert main([str(runnable)]) == 0, "an earlier Ctrl-C has stopped the next kernel"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is a kernel like any other")
def test_a_kernel_that_is_ready_at_once_is_like_any_other(tmp_path):
    """It has a folder and environment of its own, hears Ctrl-C, and its end is noticed, and is not
    the end of the next one."""
    of_the_course = "{name for name in sys.modules if name.startswith('course_utils')}"
    sources = [
        "import os, sys, time\nfrom pathlib import Path",
        "assert 'torch' in sys.modules",
        f"assert not {of_the_course}",
        f"assert Path.cwd() == Path({str(tmp_path)!r})",
        "assert os.environ['ASKED'] == 'yes' and 'JPY_PARENT_PID' in os.environ",
        "try:\n    while True:\n        pass\nexcept KeyboardInterrupt:\n    heard = True",
        "assert heard",
    ]
    settings = {"kernel_manager_class": ready.manager(), "interrupt_on_timeout": True}
    ends = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import os\nos._exit(1)")])
    with pytest.raises(DeadKernelError):
        run(ends, tmp_path, {}, **settings)
    notebook = nbformat.v4.new_notebook(cells=[*map(nbformat.v4.new_code_cell, sources)])
    settings["timeout_func"] = lambda cell: 2 if "while True" in cell.source else 60
    run(notebook, tmp_path, {"ASKED": "yes"}, **settings)


def test_failures_are_exceptions():
    assert all(issubclass(failure, Exception) for failure in FAILURES)
