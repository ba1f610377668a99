"""The source of an answer: its own statement in a notebook, and what that needs of the others.

A notebook is never executed as a whole: it may train for minutes, and what is to be marked are
functions and classes. So of all cells only those statements are taken that bind a name which the
answer uses, by way of others too: imports, helpers, constants. They are read here and not run.
"""

import ast
import re
import symtable
import warnings
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

# What no exercise needs. It does no harm in a box; but somebody should look at such an answer.
SUSPICIOUS = {
    *("os", "sys", "subprocess", "socket", "ctypes", "gc", "inspect", "signal", "multiprocessing"),
    *("threading", "importlib", "builtins", "pickle", "shutil", "pathlib", "asyncio", "linecache"),
    *("traceback", "resource", "mmap", "pty", "fcntl", "exec", "eval", "compile", "open"),
    *("__import__", "globals", "__subclasses__", "__globals__", "__builtins__", "__code__"),
    *("__closure__", "__self__", "_getframe", "_ask"),
}
ALSO_SUSPICIOUS = ("course_utils.exercises", "course_utils.grading", "torch._C")
# Where an answer shares its process with the check, these can reach the check: frames, what finds
# or sets an attribute by its name, what unpickles. The other names of Python's own begin with `_`.
REACHING = SUSPICIOUS | {
    *("f_back", "f_globals", "f_locals", "f_builtins", "f_code", "tb_frame", "tb_next"),
    *("gi_frame", "cr_frame", "ag_frame", "setattr", "getattr", "delattr", "vars", "locals", "dir"),
    *("load", "loads", "exercises", "grading", "breakpoint"),
}
HARMLESS = {
    *("torch", "math", "numpy", "random", "time", "copy", "functools", "itertools", "collections"),
    *("typing", "jaxtyping", "dataclasses", "einops", "matplotlib", "__future__", "course_utils"),
    *("ipywidgets", "traitlets", "IPython"),
}
THEIRS = {"grad", "requires_grad", "value", "description"}  # of a parameter, of a slider
DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
SCOPES = ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
# No pattern begins with what runs on over lines: many empty ones would then take their square.
CHECKED = re.compile(r"""^[ \t]*check\(\s*["'](\w+)["']""", re.MULTILINE)
HANDED_IN = re.compile(r"""^[ \t]*hand_in\(\s*["'](\w+)["'],\s*(\w+)\s*\)""", re.MULTILINE)


class Unreadable(Exception):
    """The answer cannot be taken out of the notebook; the text is a sentence."""


class Statement(NamedTuple):
    """One statement at the left edge of a cell: what it binds and what it uses."""

    cell: int
    node: ast.stmt
    text: str
    binds: frozenset[str]
    uses: frozenset[str]

    @property
    def piece(self) -> tuple[str, str]:
        """A name for the cell, and the statement in the line in which it stands there."""
        first = _first_line(self.node)
        return f"<cell {self.cell}>", "\n" * (first - 1) + self.text


class Broken(NamedTuple):
    """A cell that is no Python."""

    cell: int
    text: str
    error: str


class Cells:
    """The code of a notebook, statement by statement.

    Attributes:
        statements: in their order.
        broken: the cells that are no Python.
        checked: the exercises that a cell checks.
        handed_in: the name of the answer to each task of the exam that a cell hands in, the last
            for each.
    """

    def __init__(self, cells: Sequence[str]) -> None:
        self.statements: list[Statement] = []
        self.broken: list[Broken] = []
        self.checked = {name for cell in cells for name in CHECKED.findall(cell)}
        self.handed_in = dict(pair for cell in cells for pair in HANDED_IN.findall(cell))
        for number, cell in enumerate(cells, start=1):
            self._read(number, cell)
        self._places: dict[str, list[int]] = defaultdict(list)  # of the statements that bind a name
        for place, each in enumerate(self.statements):
            for name in each.binds:
                self._places[name].append(place)

    def defined(self) -> set[str]:
        """The functions and classes that it defines."""
        return {each.node.name for each in self.statements if isinstance(each.node, DEFINITIONS)}

    def answer(self, name: str) -> list[Statement]:
        """The statements that an answer is made of, in their order; none if it is not there.

        Raises:
            Unreadable: if the newest cell that has it is no Python.
        """
        places = self._places.get(name, ())
        own = [place for place in places if not of_the_course(self.statements[place])]
        newest = self.statements[own[-1]].cell if own else 0
        for cell in self.broken:
            if cell.cell > newest and re.search(rf"^(def|class)\s+{name}\b", cell.text, re.M):
                raise Unreadable(f"The cell with `{name}` is no Python: {cell.error}.")
        return [self.statements[place] for place in sorted(self._needed(own[-1:]))]

    def _needed(self, places: Sequence[int]) -> set[int]:
        """These statements, and those that bind what they use."""
        needed: set[int] = set()
        todo = [*places, *(self._places.get("*", ()) if places else ())]
        while todo:
            place = todo.pop()
            if place not in needed:
                needed.add(place)
                bindings = (self._binding(name, place) for name in self.statements[place].uses)
                todo += [each for each in bindings if each is not None]
        return needed

    def _binding(self, name: str, before: int) -> int | None:
        """Which statement binds a name: the last one before a place, else the first behind it."""
        places = self._places.get(name, ())
        here = bisect_left(places, before)
        later = next((place for place in places[here : here + 2] if place != before), None)
        return places[here - 1] if here else later

    def _read(self, number: int, cell: str) -> None:
        try:
            with warnings.catch_warnings(action="ignore"):
                cell, tree = _parsed(cell)
                lines = cell.splitlines(keepends=True)
                self.statements += [_statement(number, node, lines) for node in tree.body]
        except SyntaxError as error:
            self.broken.append(Broken(number, cell, f"{error.msg} in line {error.lineno}"))
        except (ValueError, RecursionError, MemoryError) as error:
            self.broken.append(Broken(number, cell, f"{type(error).__name__}, {error}"))


def suspicious(statements: Sequence[Statement]) -> list[str]:
    """What of it no exercise needs, such as `os`: names, for somebody to look at."""
    used = {name for each in statements for name in _mentioned(each.node)}
    plain = {name for name in used if name.partition(".")[0] in SUSPICIOUS or name in SUSPICIOUS}
    return sorted(plain | {name for name in used if name.startswith(ALSO_SUSPICIOUS)})


def reaching(statements: Sequence[Statement]) -> list[str]:
    """What of it could reach the check, if that runs in the same process: names."""
    return sorted({name for each in statements for name in _reaching(each.node)})


def _reaching(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) if name in REACHING or name.startswith("__"):
                yield name
            case ast.Attribute(attr="__init__"):
                pass
            case ast.Attribute(attr=name) if name in REACHING or name.startswith("__"):
                yield name
            case ast.Attribute(value=ast.Name(id="self")):
                pass
            case ast.Attribute(attr=name) if name.startswith("_") and name.strip("_"):
                yield name
            case ast.Attribute(attr=name, ctx=ast.Store() | ast.Del()) if name not in THEIRS:
                yield f"{ast.unparse(node.value)[:30]}.{name} ="
            case ast.Import() | ast.ImportFrom():
                yield from (
                    name
                    for name in _mentioned(node)
                    if name.partition(".")[0] not in HARMLESS
                    or REACHING.intersection(name.split("."))
                    or any(part.startswith("_") for part in name.split(".")[1:])
                )
            case ast.Constant(value=str(text)) if "course_utils." in text or "__" in text:
                yield f"{text[:30]!r}"


def borrowed(statements: Sequence[Statement], name: str, *, exam: bool) -> list[str]:
    """Where it takes its own solution from the course; in an exam, what the paper rules out."""
    return sorted({word for each in statements for word in _borrowed(each, name, exam)})


def _borrowed(statement: Statement, name: str, exam: bool) -> Iterator[str]:
    match statement.node:
        case ast.Assign(value=ast.Call(func=ast.Name("reference"), args=[ast.Constant(other)])):
            if other != name:  # as a lesson goes on
                return
    if "reference" in statement.uses:  # and not a parameter of this name
        yield "reference"
    for node in ast.walk(statement.node):
        match node:
            case ast.Attribute(value=ast.Name(id=owner), attr=attribute) if owner != "self":
                if attribute in (name, "reference") or (exam and attribute == "distributions"):
                    yield f"{owner}.{attribute}"
            case ast.Import() | ast.ImportFrom():
                for word in _mentioned(node):
                    own = word.startswith("course_utils") and word.endswith(f".{name}")
                    if own or (exam and word.startswith(("course_utils", "torch.distributions"))):
                        yield word


def unwritten(statement: Statement) -> bool:
    """Whether it looks like a stub, without having been run."""
    if "NotImplementedError" in statement.uses:
        return True
    body = getattr(statement.node, "body", [statement.node])
    left = (
        isinstance(each, ast.Constant) and each.value is ... for each in ast.walk(statement.node)
    )
    return any(left) or all(
        isinstance(each, ast.Pass)
        or (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
        for each in body
    )


def _mentioned(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr if node.attr.startswith(("_", "f_", "tb_")) else ""
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _statement(cell: int, node: ast.stmt, lines: Sequence[str]) -> Statement:
    text = "".join(lines[_first_line(node) - 1 : node.end_lineno])
    try:
        alone = ast.unparse(node)  # others may stand in its line
    except RecursionError:  # a sum of hundreds of terms
        alone = text
    uses = frozenset(_used(symtable.symtable(alone, "<cell>", "exec")))
    return Statement(cell, node, text, frozenset(_bound(node)), uses)


def _first_line(node: ast.stmt) -> int:
    return min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])


def _used(scope: symtable.SymbolTable) -> Iterator[str]:
    """The names that a statement takes from the notebook: not those that are a function's own."""
    outermost = scope.get_type() == "module"
    for symbol in scope.get_symbols():
        if symbol.is_referenced() and (outermost or symbol.is_global()):
            yield symbol.get_name()
    for inner in scope.get_children():
        yield from _used(inner)


def _bound(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement gives a meaning to in the notebook, and not inside a function."""
    todo: list[ast.AST] = [statement]
    while todo:  # and not by a call for each part, of which a long sum has too many
        node = todo.pop()
        if isinstance(node, DEFINITIONS):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
        elif not isinstance(node, SCOPES):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id
            todo += ast.iter_child_nodes(node)


def of_the_course(statement: Statement) -> bool:
    """Whether it only brings a name in, as lessons go on: by an import, by `reference`, or by one
    of them if `check` has not passed."""
    if isinstance(statement.node, DEFINITIONS):
        return False
    brought = bool(statement.uses & {"reference", "check"})
    return brought or isinstance(statement.node, ast.Import | ast.ImportFrom)


def _parsed(cell: str) -> tuple[str, ast.Module]:
    """A cell and its statements; if it is no Python as it is, without what IPython understands."""
    try:
        tree = ast.parse(cell)
    except SyntaxError:
        cell = _without_magics(cell)
        tree = ast.parse(cell)
    # What only the compiler refuses, such as `def f(a, a)`. A notebook may await at the left edge.
    compile(cell, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    return cell, tree


def _without_magics(cell: str) -> str:
    """A cell with empty lines in place of what only IPython understands."""
    if re.match(r"\s*%%(?!time|capture)", cell):
        return ""
    lines = cell.splitlines()
    return "\n".join("" if re.match(r"\s*([%!?]|[\w.]+\?+\s*$)", line) else line for line in lines)
