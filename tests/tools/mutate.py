"""Are the tests tested? Change the package in one small way after another, and see a test fail.

A *mutant* is the package with one change that a tired person could make: `+` for `-`, `<` for `<=`,
a keyword left out, a condition turned round. The unit tests of the changed room run against it, and
then, if none of them failed, those of all other rooms. What no test notices has *survived*: either
a test is missing, or the change makes no difference.

    python tests/tools/mutate.py losses metrics      every mutant of two rooms
    python tests/tools/mutate.py --sample 120        so many of all six, always the same ones

Every process starts as a fork of one that has loaded torch, in a copy of the repository.
"""

import argparse
import ast
import contextlib
import copy
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
ROOMS = ("losses", "metrics", "objectives", "schedules", "training", "anomaly")
BESIDE = {"anomaly": ("_detecting.py",)}  # tested with the room, and no room itself
TESTS = {  # of a room, where it has more than the file of its name: the quick ones first
    "metrics": ("metrics", "judging", "ppca"),
    "training": ("mistakes", "files", "training", "processes", "resume"),
    "anomaly": ("scoring", "anomaly"),
}
OTHER_TESTS = (
    *("losses", "schedules", "objectives", "models", "variational", "conditional", "quantized"),
    *("metrics", "judging", "ppca", "recommender", "estimators", "corruption", "shapes"),
    *("velocity", "priors", "compact", "recipes", "scoring", "anomaly"),
    *TESTS["training"],
)
COPIED = ("course_utils", "press", "tests")  # of the repository, all that tests import
GOAL = 0.97
PATIENCE = 5  # times as long as without a change: a loop that no longer ends counts as noticed

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
    line: int
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.module}:{self.line}: {self.before}  ->  {self.after}"


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


def mutants(room: str) -> list[Mutant]:
    """Every mutant of a room, module by module, in the order of their lines."""
    found = []
    for module in modules(room):
        for number, node in enumerate(numbered(ast.parse(source(module)))):
            for way, other in enumerate(changes(node)):
                before, after = (ast.unparse(n).split("\n")[0] for n in (node, other))
                line = getattr(node, "lineno", 0)
                found.append(Mutant(room, module, number, way, line, before, after))
    return sorted(found, key=lambda mutant: (mutant.module, mutant.line, mutant.node, mutant.way))


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
    import matplotlib.pyplot  # noqa: F401
    import pytest  # noqa: F401
    import scipy.stats  # noqa: F401
    import sklearn.decomposition
    import sklearn.ensemble  # noqa: F401
    import torch

    torch.set_num_threads(1)


def tests_fail(folder: Path, tests: list[str], seconds: float) -> tuple[bool, float]:
    """Whether a test fails, or none ends, in a fork of this process that works in `folder`.

    The second number is the processor time it took, of which it has `seconds`: so a busy machine
    changes no verdict. What sleeps is given up after ten times as long on the wall.
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
        import pytest

        arguments = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]
        arguments += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # of what is preloaded
        os._exit(int(pytest.main(arguments)) & 0xFF)
    deadline = time.monotonic() + 10 * seconds
    while time.monotonic() < deadline:
        done, status, used = os.wait4(child, os.WNOHANG)
        if done:
            return status != 0, used.ru_utime + used.ru_stime
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True, seconds


def judge(mutant: Mutant, limits: dict[str, float]) -> bool:
    """Whether the tests notice the mutant: those of its room, else those of the others."""
    with copied() as folder:
        path = folder / "course_utils" / mutant.module
        path.write_text(mutated(mutant), encoding="utf-8")
        own = tests_of(mutant.room)
        others = [path for path in tests_of("all") if path not in own]
        return any(
            tests_fail(folder, tests, limits[name])[0]
            for name, tests in ((mutant.room, own), ("all", others))
        )


def tests_of(room: str) -> list[str]:
    """The test files of a room, or of "all"."""
    names = OTHER_TESTS if room == "all" else TESTS.get(room, (room,))
    return [f"tests/test_{name}.py" for name in names]


@contextlib.contextmanager
def copied() -> Iterator[Path]:
    """A copy of what the unit tests need, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        folder = Path(name)
        for part in COPIED:
            ignored = shutil.ignore_patterns("__pycache__", "node_modules", "answers", "claims")
            shutil.copytree(REPOSITORY / part, folder / part, ignore=ignored)
        shutil.copy(REPOSITORY / "pyproject.toml", folder)
        yield folder


def unharmed(room: str) -> float:
    """How much the tests of a room may compute, from what they need without a change."""
    with copied() as folder:
        failed, used = tests_fail(folder, tests_of(room), 1800)
    if failed:
        raise SystemExit(f"without any change the tests of {room} fail: mend them first")
    return PATIENCE * used


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
    survivors, judged_by = [], ["all", *options.rooms]
    with ProcessPoolExecutor(options.workers) as pool:
        limits = dict(zip(judged_by, pool.map(unharmed, judged_by), strict=True))
        waiting = {pool.submit(judge, mutant, limits): mutant for mutant in chosen}
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
