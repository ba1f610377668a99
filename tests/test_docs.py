"""The documents tell the truth: links, commands, examples, the map, and the order of the rooms."""

import ast
import doctest
import functools
import importlib
import inspect
import json
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
import torch

import course_utils

REPOSITORY = Path(__file__).resolve().parent.parent
DOCUMENTS = [
    *("README.md", "CONTRIBUTING.md", "notebooks/README.md", "notebooks/GLOSSARY.md"),
    *("notebooks/TEACHING.md", "notebooks/papers.md", "notebooks/record.md", "data/README.md"),
]
MODULES = sorted(
    info.name for info in pkgutil.walk_packages(course_utils.__path__, prefix="course_utils.")
)


def text(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


def prose(name: str) -> str:
    """A document without its blocks of code."""
    return re.sub(r"```.*?```", "", text(name), flags=re.DOTALL)


def commands(name: str) -> str:
    """What a document sets as code, in blocks or in lines."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text(name), flags=re.DOTALL))


def slug(heading: str) -> str:
    """The anchor that GitHub gives to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


# --- documents ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_resolve(name):
    links = re.findall(r"\]\(<?([^)\s>]+)", prose(name))
    links += re.findall(r"(?:href|src)=\"([^\"]+)\"", prose(name))
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        path = (REPOSITORY / name).parent / target if target else REPOSITORY / name
        assert path.exists(), f"{name}: the link to {link} leads nowhere"
        if anchor and path.suffix == ".md":
            headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in map(slug, headings), f"{name}: no heading for {link}"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_exist(name):
    targets = set(re.findall(r"^([a-z-]+):.*##", text("Makefile"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z][a-z-]+)", commands(name))) <= targets
    ours = set(re.findall(r"python -m course_utils ([a-z]+)", commands(name)))
    assert ours <= {"doctor", "data", "progress", "grade"}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_files_named_exist(name):
    """A path set as code, such as `course_utils/losses.py`, is there."""
    folders = r"(?:course_utils|tests|notebooks|teaching|\.ci|\.github)/[\w./-]+\.\w+"
    for path in re.findall(rf"`({folders})`", prose(name)):
        assert (REPOSITORY / path).exists(), f"{name} names {path}"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_python_in_documents_runs(name):
    """Each block where it would stand: among the names of `losses` and `objectives`, and those of
    the blocks above it. Its examples come out as printed."""
    from course_utils import losses, objectives

    space = {**vars(losses), **vars(objectives)}
    for block in re.findall(r"```python\n(.*?)```", text(name), flags=re.DOTALL):
        known = set(space)
        exec(compile(block, name, "exec"), space)
        assert_examples_come_out({key: space[key] for key in set(space) - known}, space)


def test_the_objective_in_contributing_is_what_it_says():
    from course_utils import Autoencoder, losses, objectives

    space = {**vars(losses), **vars(objectives)}
    for block in re.findall(r"```python\n(.*?)```", text("CONTRIBUTING.md"), flags=re.DOTALL):
        exec(block, space)
    model, x = Autoencoder.dense(2), torch.rand(3, 1, 28, 28)
    expected = (model.reconstruct(x) - x).abs().flatten(1).sum(1)
    torch.testing.assert_close(space["absolute_reconstruction"](model, x)["loss"], expected)


def test_the_exercise_in_contributing_works():
    from course_utils import losses, objectives
    from course_utils.exercises import examine

    space = {**vars(losses), **vars(objectives)}
    for block in re.findall(r"```python\n(.*?)```", text("CONTRIBUTING.md"), flags=re.DOTALL):
        exec(compile(block, "an answer", "exec"), space)
    exercise = space["exercise"]
    assert all(examine(exercise, answer).passed for answer in (*space["RIGHT"], exercise.solution))
    for answer, phrase in space["WRONG"].items():
        report = examine(exercise, answer)
        assert not report.passed and phrase in report.message


def test_readme_gives_the_two_commands_and_those_for_windows():
    shown = commands("README.md")
    for command in ("make lab", "make test", "python -m venv .venv", "requirements.lock"):
        assert command in shown


def test_map_lists_exactly_the_notebooks_in_order():
    present = sorted(path.name for path in (REPOSITORY / "notebooks").glob("*.ipynb"))
    listed = re.findall(r"\((\w+\.ipynb)\)", text("notebooks/README.md"))
    assert present
    assert list(dict.fromkeys(listed)) == present, "the lessons' table first, and the exam last"


TERMS = re.findall(
    r"^\| ([^|]+?) \| [^|]+ \| \[\d\d\]\((\d\d_\w+\.ipynb)\)", text("notebooks/GLOSSARY.md"), re.M
)


def test_glossary_is_in_alphabetical_order():
    terms = [term.replace("β", "beta").lower() for term, _ in TERMS]
    assert len(terms) > 40
    assert terms == sorted(terms)


def test_glossary_has_each_term_once():
    terms = [each for term, _ in TERMS for each in term.lower().split(", ")]
    assert [term for term in terms if terms.count(term) > 1] == []


@pytest.mark.parametrize(("terms", "lesson"), TERMS)
def test_glossary_names_a_lesson_that_has_the_word(terms, lesson):
    cells = json.loads(text(f"notebooks/{lesson}"))["cells"]
    pages = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    words = re.sub(r"[*_\s]+", " ", " ".join(pages)).lower()
    for term in terms.lower().split(", "):
        assert re.search(rf"\b{re.escape(term)}", words), term


# --- examples in docstrings ---------------------------------------------------------------------


class Finder(doctest.DocTestFinder):
    """Finds functions also where jaxtyping's checker is wrapped around them."""

    def _from_module(self, module, object):
        return super()._from_module(module, inspect.unwrap(object) if callable(object) else object)


def assert_examples_come_out(things: dict, space: dict) -> None:
    """The examples in the docstrings of functions and classes, run among the names of `space`."""
    finder = doctest.DocTestFinder(recurse=False)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    output: list[str] = []
    for name, thing in things.items():
        for example in finder.find(thing, name, globs=space) if callable(thing) else ():
            runner.run(example, out=output.append)
    assert runner.failures == 0, "".join(output)


@pytest.mark.parametrize("name", ["course_utils", *MODULES])
def test_examples_in_docstrings(name, tmp_path, monkeypatch):
    if name.endswith("__main__"):
        pytest.skip("a program, not a module")
    monkeypatch.chdir(tmp_path)  # for examples that write a file
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    output: list[str] = []
    for example in Finder().find(importlib.import_module(name)):
        runner.run(example, out=output.append)
    assert runner.failures == 0, "".join(output)


def test_some_functions_have_examples():
    modules = map(importlib.import_module, MODULES)
    assert sum(bool(found.examples) for module in modules for found in Finder().find(module)) >= 3


# --- the rooms of the house ---------------------------------------------------------------------

# A room imports only from those before it; the pure ones import from none.
ROOMS = [
    "losses",
    "corruption",
    "schedules",
    "data",
    "models",
    "objectives",
    "training",
    "metrics",
    "ppca",
    "anomaly",
    "plots",
    "widgets",
    "exercises",
    "grading",
    "__main__",
]
PURE = {"losses", "corruption", "schedules"}

# The one look to the right: History.plot draws itself, so it imports plots when it is called.
EXCEPTIONS = {("training", "plots")}


def room_of(module: str) -> str:
    return module.split(".")[1]


@functools.cache
def sources() -> dict[str, ast.Module]:
    """Every module of the package by its full name."""
    found = {}
    for path in sorted((REPOSITORY / "course_utils").rglob("*.py")):
        parts = path.relative_to(REPOSITORY).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


@functools.cache
def imports() -> set[tuple[str, str]]:
    """Every import of one room by another: (importing, imported)."""
    found = set()
    for module, tree in sources().items():
        if module == "course_utils":
            continue  # the public index looks into every room
        for node in ast.walk(tree):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{module}: relative imports hide which room is meant"
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {
                (room_of(module), room_of(name))
                for name in names
                if name.startswith("course_utils.")
            }
    return {(importer, imported) for importer, imported in found if importer != imported}


def rooms() -> set[str]:
    return {room_of(module) for module in MODULES}


def test_every_room_has_its_place():
    helpers = {room for room in rooms() if room.startswith("_") and room != "__main__"}
    assert rooms() - helpers <= set(ROOMS)


def test_data_flows_one_way():
    places = {room: place for place, room in enumerate(ROOMS)}
    for importer, imported in imports() - EXCEPTIONS:
        if imported in places:
            assert places[imported] < places[importer], f"{importer} imports {imported}"
        # A name that is no room is public (`from course_utils import fit`): that is the index's.
        elif imported not in rooms():
            pytest.fail(f"{importer} imports {imported} from course_utils itself: name its room")


def test_pure_rooms_import_from_none():
    assert not {(importer, imported) for importer, imported in imports() if importer in PURE}


def test_nobody_imports_exercises():
    importers = {importer for importer, imported in imports() if imported == "exercises"}
    assert importers <= {"grading", "__main__"}


def test_exceptions_are_still_needed():
    assert imports() >= EXCEPTIONS


# --- inside the rooms -----------------------------------------------------------------------------

MODULE_LINES, FUNCTION_LINES = 450, 60
INSIDE_EXERCISES = ["showing", "checking", "lessons", "exam"]  # each sees only those before it


@functools.cache
def seen() -> dict[str, set[str]]:
    """Of every module the others that it imports."""
    trees = sources()
    return {name: seen_by(tree, trees) for name, tree in trees.items()}


def seen_by(tree: ast.Module, modules: Iterable[str]) -> set[str]:
    """The modules that one imports, be it at the top or inside a function."""
    seen = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            seen |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                seen.add(full if full in modules else node.module)
    return seen & set(modules)


def test_no_two_modules_import_each_other():
    """Not by way of others either, and not inside of functions."""
    TopologicalSorter(seen()).prepare()  # raises CycleError, which names the circle


def test_a_circle_would_be_found():
    trees = {"a": ast.parse("def f():\n    from b import c"), "b": ast.parse("import a")}
    order = TopologicalSorter({name: seen_by(tree, trees) for name, tree in trees.items()})
    with pytest.raises(CycleError):
        order.prepare()


def test_inside_the_exercises_too_one_looks_one_way():
    for name, others in seen().items():
        for other in others:
            rooms = [re.match(r"course_utils\.exercises\.(\w+)", x) for x in (name, other)]
            if all(rooms):
                importer, imported = (INSIDE_EXERCISES.index(room[1]) for room in rooms)
                assert imported <= importer, f"{name} imports {other}"


def test_modules_and_functions_can_be_held_in_the_head():
    for path in (REPOSITORY / "course_utils").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        lines = len(source.splitlines())
        assert lines <= MODULE_LINES, f"{path} has {lines} lines"
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef):
                documented = ast.get_docstring(node) is not None
                first = node.body[1] if documented and len(node.body) > 1 else node.body[0]
                lines = node.end_lineno - first.lineno + 1
                assert lines <= FUNCTION_LINES, f"{path}: {node.name} has {lines} lines"


# --- importing ----------------------------------------------------------------------------------


def test_importing_is_light_and_silent():
    heavy = {"torchvision", "sklearn", "matplotlib", "ipywidgets", "IPython", "pygments"}
    program = (
        "import sys, course_utils.data, course_utils.exercises as exercises;"  # and the index
        "exercises.find('squared_error');"
        f"sys.exit(', '.join({heavy} & set(sys.modules)) or None)"
    )
    command = [sys.executable, "-W", "error", "-c", program]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_index_is_complete():
    assert sorted(course_utils.__all__) == sorted(set(course_utils.__all__))
    for name in course_utils.__all__:
        assert hasattr(course_utils, name)
