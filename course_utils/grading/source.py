"""The source of an answer: its own statement in a notebook, and what that needs of the others.

A notebook is never executed as a whole: it may train for minutes, and what is to be marked are
functions and classes. So of all cells only those statements are taken that bind a name which the
answer uses, by way of others too: imports, helpers, constants. They are read here and not run.
"""

import ast
import re
import symtable
import warnings
from collections.abc import Iterator, Sequence
from typing import NamedTuple

# What no exercise needs. It does no harm in a box; but somebody should look at such an answer.
SUSPICIOUS = {
    *("os", "sys", "subprocess", "socket", "ctypes", "gc", "inspect", "signal", "multiprocessing"),
    *("threading", "importlib", "builtins", "pickle", "shutil", "pathlib", "asyncio", "linecache"),
    *("traceback", "resource", "mmap", "pty", "fcntl", "exec", "eval", "compile", "open"),
    *("__import__", "globals", "__subclasses__", "__globals__", "__builtins__", "__code__"),
    *("__closure__", "_getframe"),
}
ALSO_SUSPICIOUS = ("course_utils.exercises", "course_utils.grading", "torch._C")
DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
SCOPES = ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
CHECKED = re.compile(r"""^\s*check\(\s*["'](\w+)["']""", re.MULTILINE)
HANDED_IN = re.compile(r"""^\s*hand_in\(\s*["'](\w+)["'],\s*(\w+)\s*\)""", re.MULTILINE)


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

    def defined(self) -> set[str]:
        """The functions and classes that it defines."""
        return {each.node.name for each in self.statements if isinstance(each.node, DEFINITIONS)}

    def answer(self, name: str) -> list[Statement]:
        """The statements that an answer is made of, in their order; none if it is not there.

        Raises:
            Unreadable: if the newest cell that has it is no Python.
        """
        own = [
            place
            for place, each in enumerate(self.statements)
            if name in each.binds and not of_the_course(each)
        ]
        newest = self.statements[own[-1]].cell if own else 0
        for cell in self.broken:
            if cell.cell > newest and re.search(rf"^(def|class)\s+{name}\b", cell.text, re.M):
                raise Unreadable(f"The cell with `{name}` is no Python: {cell.error}.")
        return [self.statements[place] for place in sorted(self._needed(own[-1:]))]

    def _needed(self, places: Sequence[int]) -> set[int]:
        """These statements, and those that bind what they use."""
        stars = [place for place, each in enumerate(self.statements) if "*" in each.binds]
        needed: set[int] = set()
        todo = [*places, *(stars if places else [])]
        while todo:
            place = todo.pop()
            if place not in needed:
                needed.add(place)
                bindings = (self._binding(name, place) for name in self.statements[place].uses)
                todo += [each for each in bindings if each is not None]
        return needed

    def _binding(self, name: str, before: int) -> int | None:
        """Which statement binds a name: the last one before a place, else the first behind it."""
        places = [place for place, each in enumerate(self.statements) if name in each.binds]
        earlier = [place for place in places if place < before]
        return earlier[-1] if earlier else next((p for p in places if p > before), None)

    def _read(self, number: int, cell: str) -> None:
        try:
            with warnings.catch_warnings(action="ignore"):
                cell, tree = _parsed(cell)
        except SyntaxError as error:
            self.broken.append(Broken(number, cell, f"{error.msg} in line {error.lineno}"))
        except (ValueError, RecursionError, MemoryError) as error:
            self.broken.append(Broken(number, cell, f"{type(error).__name__}, {error}"))
        else:
            lines = cell.splitlines(keepends=True)
            self.statements += [_statement(number, node, lines) for node in tree.body]


def suspicious(statements: Sequence[Statement]) -> list[str]:
    """What of it no exercise needs, such as `os`: names, for somebody to look at."""
    used = {name for each in statements for name in _mentioned(each.node)}
    plain = {name for name in used if name.partition(".")[0] in SUSPICIOUS or name in SUSPICIOUS}
    return sorted(plain | {name for name in used if name.startswith(ALSO_SUSPICIOUS)})


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
    return Statement(
        cell,
        node,
        "".join(lines[_first_line(node) - 1 : node.end_lineno]),
        frozenset(_bound(node)),
        frozenset(_used(symtable.symtable(ast.unparse(node), "<cell>", "exec"))),
    )


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


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a statement gives a meaning to in the notebook, and not inside a function."""
    if isinstance(node, DEFINITIONS):
        yield node.name
        return
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    if not isinstance(node, SCOPES):
        for child in ast.iter_child_nodes(node):
            yield from _bound(child)


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
        return cell, ast.parse(cell)
    except SyntaxError:
        cell = _without_magics(cell)
        return cell, ast.parse(cell)


def _without_magics(cell: str) -> str:
    """A cell with empty lines in place of what only IPython understands."""
    if re.match(r"\s*%%(?!time|capture)", cell):
        return ""
    lines = cell.splitlines()
    return "\n".join("" if re.match(r"\s*([%!?]|[\w.]+\?+\s*$)", line) else line for line in lines)
