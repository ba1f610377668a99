"""Are the tests tested? Change the package in one small way after another, and see a test fail.

A *mutant* is the package with one change that a tired person could make: `+` for `-`, `<` for `<=`,
a keyword left out, a condition turned round. The unit tests that run the changed line (`witness.py`
has seen which) run against it, those of its room first; then those that start processes. What no
test notices has *survived*: either a test is missing, or the change makes no difference.

    python tests/tools/mutate.py losses metrics      every mutant of two rooms
    python tests/tools/mutate.py --sample 120        so many of all six, always the same ones

Every process starts as a fork of one that has loaded torch, in a copy of the repository.
"""

import argparse
import ast
import contextlib
import copy
import os
import pickle
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pytest
from witness import Lines, Test, watch

REPOSITORY = Path(__file__).resolve().parents[2]
ROOMS = ("losses", "metrics", "objectives", "schedules", "training", "anomaly")
BESIDE = {"anomaly": ("_detecting.py",)}  # tested with the room, and no room itself
OWN = {  # the tests of a room, where it has more than the file of its name
    "metrics": ("metrics", "judging", "ppca"),
    "training": ("mistakes", "files", "training", "processes", "resume"),
    "anomaly": ("scoring", "anomaly"),
}
TESTS = (  # what takes longest first
    *chain.from_iterable(reversed(OWN.values())),
    *("losses", "schedules", "objectives", "models", "variational", "conditional", "quantized"),
    *("recommender", "estimators", "corruption", "shapes", "velocity", "priors", "compact"),
    "recipes",
)
COPIED = ("course_utils", "press", "tests")  # of the repository, all that tests import
GOAL = 0.97
PATIENCE = 5  # times as long as without a change: a loop that no longer ends counts as noticed
START = 30  # seconds that a process has beside its tests, to import the package

SWAPS: dict[type, type] = {
    **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult},
    **{ast.FloorDiv: ast.Div, ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult},
    **{ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.And: ast.Or, ast.Or: ast.And},
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt},
    **{ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is},
    **{ast.In: ast.NotIn, ast.NotIn: ast.In},
}
METHODS = {
    **{"sum": "mean", "mean": "sum", "exp": "expm1", "log": "log1p", "square": "abs"},
    **{"min": "max", "max": "min", "amin": "amax", "amax": "amin", "argmin": "argmax"},
    **{"logsumexp": "sum", "log_softmax": "softmax", "softplus": "relu", "any": "all"},
    **{"all": "any", "var": "std", "std": "var"},
}


@dataclass(frozen=True)
class Mutant:
    """One change: the node numbered `node` of a module's syntax tree, changed in way `way`."""

    room: str
    module: str  # its path within the package
    node: int
    way: int
    lines: range  # of the statement
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.module}:{self.lines.start}: {self.before}  ->  {self.after}"


def modules(room: str) -> list[str]:
    """The files of a room, which is one module or a folder of them."""
    package = REPOSITORY / "course_utils"
    paths = sorted((package / room).glob("*.py")) or [package / f"{room}.py"]
    return [*(str(path.relative_to(package)) for path in paths), *BESIDE.get(room, ())]


def source(module: str) -> str:
    return (REPOSITORY / "course_utils" / module).read_text(encoding="utf-8")


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """Every way to change one node: copies of it, each with one difference."""

    def changed(**fields: object) -> ast.AST:
        other = copy.deepcopy(node)
        for name, value in fields.items():
            setattr(other, name, value)
        return other

    if isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in SWAPS:
        yield changed(op=SWAPS[type(node.op)]())
    if isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            if type(op) in SWAPS:
                yield changed(ops=[*node.ops[:i], SWAPS[type(op)](), *node.ops[i + 1 :]])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        yield copy.deepcopy(node.operand)
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield changed(value=not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield changed(value=node.value + 1)
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        yield changed(test=ast.UnaryOp(ast.Not(), copy.deepcopy(node.test)))
    if isinstance(node, ast.Call):
        for i in range(len(node.keywords)):
            yield changed(keywords=[*node.keywords[:i], *node.keywords[i + 1 :]])
        if isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
            func = copy.deepcopy(node.func)
            func.attr = METHODS[func.attr]
            yield changed(func=func)
    if isinstance(node, ast.Return) and node.value is not None:
        yield changed(value=ast.Constant(None))
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield ast.Pass()
    if isinstance(node, ast.AugAssign) and type(node.op) in SWAPS:
        yield changed(op=SWAPS[type(node.op)]())


def numbered(tree: ast.Module) -> list[ast.AST]:
    """Every node that runs: no annotations, decorators, or messages of errors."""
    skipped: set[int] = set()
    for node in ast.walk(tree):
        for field in ("annotation", "returns", "decorator_list", "exc"):
            part = getattr(node, field, None)
            for root in part if isinstance(part, list) else [part] if part else []:
                skipped |= {id(below) for below in ast.walk(root)}
    return [node for node in ast.walk(tree) if id(node) not in skipped]


def statements(tree: ast.Module) -> dict[ast.AST, range]:
    """The lines of the innermost statement that a node belongs to, without those of its body; where
    it is a default of a function, the lines of that body, for there it makes a difference."""
    found: dict[ast.AST, range] = {}

    def visit(node: ast.AST, lines: range) -> None:
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            if isinstance(node, ast.FunctionDef):
                lines = range(body[0].lineno, node.end_lineno + 1)
            else:
                end = body[0].lineno if body else node.end_lineno + 1
                lines = range(node.lineno, max(end, node.lineno + 1))
        found[node] = lines
        for below in ast.iter_child_nodes(node):
            visit(below, lines)

    visit(tree, range(0))
    return found


def mutants(room: str) -> list[Mutant]:
    """Every mutant of a room, module by module, in the order of their lines."""
    found = []
    for module in modules(room):
        tree = ast.parse(source(module))
        lines = statements(tree)
        for number, node in enumerate(numbered(tree)):
            for way, other in enumerate(changes(node)):
                before, after = (ast.unparse(n).split("\n")[0] for n in (node, other))
                found.append(Mutant(room, module, number, way, lines[node], before, after))
    return sorted(found, key=lambda m: (m.module, m.lines.start, m.node, m.way))


def mutated(mutant: Mutant) -> str:
    """The source of the module with the change in it."""
    tree = ast.parse(source(mutant.module))
    target = numbered(tree)[mutant.node]
    other = list(changes(target))[mutant.way]

    class Replace(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return other if node is target else self.generic_visit(node)

    return ast.unparse(ast.fix_missing_locations(Replace().visit(tree)))


# --- running the tests --------------------------------------------------------------------------


def preload() -> None:
    """Load what every run needs and no mutant changes, for the forks to inherit."""
    import beartype  # noqa: F401
    import coverage  # noqa: F401
    import matplotlib.pyplot  # noqa: F401
    import scipy.stats  # noqa: F401
    import sklearn.decomposition
    import sklearn.ensemble  # noqa: F401
    import torch

    torch.set_num_threads(1)


def in_a_fork(folder: Path, work: Callable[[], int], seconds: float) -> int:
    """The number that `work` ends with, in a fork of this process that works in `folder`; -1 if it
    does not come to its end.

    It has so many seconds of processor time: so a busy machine changes no verdict. What sleeps is
    given up after ten times as long on the wall.
    """
    child = os.fork()
    if child == 0:
        os.setpgrp()
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2))
        with open(os.devnull, "w") as nothing:
            os.dup2(nothing.fileno(), 1)
            os.dup2(nothing.fileno(), 2)
        os.chdir(folder)
        sys.path.insert(0, str(folder))
        os.environ["PYTHONPATH"] = str(folder)  # for the processes that tests start
        os._exit(work() & 0xFF)
    deadline = time.monotonic() + 10 * seconds
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.WEXITSTATUS(status) if os.WIFEXITED(status) else -1
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -1


def arguments(files: list[str]) -> list[str]:
    """What pytest is called with."""
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    # of what is preloaded
    return [*options, "-W", "ignore::pytest.PytestAssertRewriteWarning", *files]


class Only:
    """A plugin of pytest that leaves these tests, in this order."""

    def __init__(self, names: list[str]):
        self.order = {name: place for place, name in enumerate(names)}

    def pytest_collection_modifyitems(self, items: list) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self.order),
            key=lambda item: self.order[item.nodeid],
        )


def fails(folder: Path, tests: list[Test]) -> bool:
    """Whether one of these tests fails in `folder`, or does not come to an end."""
    names, shared = [test.name for test in tests], {test.file: test.shared for test in tests}
    seconds = sum(test.seconds for test in tests) + sum(shared.values())
    calm = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)  # nobody looked, so none saw

    def work() -> int:
        return pytest.main(arguments(list(shared)), [Only(names)])

    return in_a_fork(folder, work, START + PATIENCE * seconds) not in calm if tests else False


def ordered(tests: list[Test], room: str) -> list[Test]:
    """Those of the room first, file by file, since tests of a file share what they prepare; and of
    all the quickest first."""
    own = {f"tests/test_{name}.py" for name in OWN.get(room, (room,))}
    cost: dict[str, float] = {}
    for test in tests:
        cost[test.file] = cost.get(test.file, 0.0) + test.seconds
    return sorted(tests, key=lambda t: (t.file not in own, cost[t.file], t.file, t.seconds))


def trials(mutant: Mutant, witnesses: dict[Test, Lines]) -> list[list[Test]]:
    """The tests that run its line, and the others that start processes."""
    seeing = [
        test
        for test, lines in witnesses.items()
        if not lines.get(mutant.module, set()).isdisjoint(mutant.lines)
    ]
    starting = [test for test in witnesses.keys() - set(seeing) if test.starts]
    return [ordered(tests, mutant.room) for tests in (seeing, starting)]


def judge(mutant: Mutant, trials: list[list[Test]], template: Path) -> bool:
    """Whether a test notices the mutant."""
    with copied(template, os.link) as folder:
        path = folder / "course_utils" / mutant.module
        path.unlink()  # which is a link
        path.write_text(mutated(mutant), encoding="utf-8")
        return any(fails(folder, tests) for tests in trials)


@contextlib.contextmanager
def copied(source: Path = REPOSITORY, copy: Callable = shutil.copy2) -> Iterator[Path]:
    """A copy of what the unit tests need, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        folder = Path(name)
        for part in COPIED:
            ignored = shutil.ignore_patterns("node_modules", "answers", "claims")
            shutil.copytree(source / part, folder / part, ignore=ignored, copy_function=copy)
        shutil.copy(source / "pyproject.toml", folder)
        yield folder


def watched(file: str, template: Path) -> dict[Test, Lines]:
    """The tests of a file and what they run; each of them passes, in the order of a trial too."""
    with tempfile.NamedTemporaryFile() as report:

        def work() -> int:
            witnesses = watch(template, arguments([file]))
            Path(report.name).write_bytes(pickle.dumps(witnesses))
            return not witnesses

        failed = in_a_fork(template, work, 1800)
        witnesses = {} if failed else pickle.loads(Path(report.name).read_bytes())
    if failed or fails(template, ordered(list(witnesses), "")):
        raise SystemExit(f"without any change a test of {file} fails: mend it first")
    return witnesses


def main() -> int:
    """Print the survivors and the share noticed; 1 if that is below the goal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rooms", nargs="*", default=ROOMS, help=f"of {', '.join(ROOMS)}; else all")
    parser.add_argument("--sample", type=int, help="only so many mutants, drawn with seed 0")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    options = parser.parse_args()
    chosen = [mutant for room in options.rooms for mutant in mutants(room)]
    if options.sample is not None and options.sample < len(chosen):
        chosen = random.Random(options.seed).sample(chosen, options.sample)
    os.environ["OMP_NUM_THREADS"] = "1"
    preload()
    started = time.monotonic()
    survivors = []
    with copied() as template, ProcessPoolExecutor(options.workers) as pool:
        files = [f"tests/test_{name}.py" for name in TESTS]
        waits = [pool.submit(watched, file, template) for file in files]
        witnesses = {test: lines for wait in waits for test, lines in wait.result().items()}
        minutes = (time.monotonic() - started) / 60
        print(f"{len(witnesses)} tests watched in {minutes:.0f} minutes", flush=True)
        waiting = {pool.submit(judge, m, trials(m, witnesses), template): m for m in chosen}
        for judged, noticed in enumerate(as_completed(waiting), 1):
            if not noticed.result():
                survivors.append(waiting[noticed])
                print(f"survived: {waiting[noticed]}", flush=True)
            if judged % 20 == 0:
                minutes = (time.monotonic() - started) / 60
                print(f"{judged} of {len(chosen)} judged in {minutes:.0f} minutes", flush=True)
    share = 1 - len(survivors) / len(chosen)
    minutes = (time.monotonic() - started) / 60
    print(f"{share:.1%} of {len(chosen)} mutants noticed, in {minutes:.0f} minutes")
    return int(share < GOAL)


if __name__ == "__main__":
    sys.exit(main())
