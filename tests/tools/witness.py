"""Which test runs which line of the package: what a mutant in that line has to be shown to.

Each file of tests runs once, in a process of its own, while `coverage` notes the lines. What is run
while the file is imported, or by a fixture that several tests share, counts for all its tests.
"""

import sys
import time
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

EVERYBODY = ""  # what no single test is at work for
STARTS = ("subprocess.Popen", "os.fork", "os.posix_spawn")


@dataclass(frozen=True)
class Test:
    """A test, as pytest calls it, its seconds, those of what its file prepares for all its tests,
    and whether it starts processes, in which nobody sees what is run."""

    __test__ = False  # says to pytest that it is none

    name: str
    seconds: float
    shared: float
    starts: bool

    @property
    def file(self) -> str:
        return self.name.partition("::")[0]


Lines = dict[str, set[int]]  # of each module


class Watching:
    """A plugin of pytest: it tells `coverage` which test is at work, and times it."""

    def __init__(self, seen):
        self.seen, self.seconds, self.starts, self.now = seen, {}, set(), EVERYBODY
        self.shared = 0.0
        sys.addaudithook(lambda event, _: event in STARTS and self.starts.add(self.now))
        start = BaseProcess.start  # forks in C, and tells no hook
        BaseProcess.start = lambda process: (self.starts.add(self.now), start(process))[1]

    def to(self, name: str) -> None:
        self.now = name
        self.seen.switch_context(name)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        self.to(item.nodeid)
        started = time.process_time()
        result = yield
        self.seconds[item.nodeid] = time.process_time() - started
        self.to(EVERYBODY)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef):
        if fixturedef.scope == "function" or self.now == EVERYBODY:  # within another one
            return (yield)
        before, started = self.now, time.process_time()
        self.to(EVERYBODY)
        result = yield
        self.shared += time.process_time() - started
        self.to(before)
        return result


def watch(folder: Path, arguments: list[str]) -> dict[Test, Lines]:
    """Run a file of tests in `folder`, and say what each test ran; nothing, if one failed."""
    from coverage import Coverage

    package = folder / "course_utils"
    seen = Coverage(data_file=None, include=[f"{package}/*"], config_file=False)
    seen.start()
    watching = Watching(seen)
    failed = pytest.main(arguments, plugins=[watching])
    seen.stop()
    if failed:
        return {}
    ran: dict[str, Lines] = {name: {} for name in (EVERYBODY, *watching.seconds)}
    data = seen.get_data()
    for path in data.measured_files():
        module = str(Path(path).relative_to(package))
        for line, names in data.contexts_by_lineno(path).items():
            for name in names:
                ran[name].setdefault(module, set()).add(line)

    def lines(name: str) -> Lines:
        own, shared = ran[name], ran[EVERYBODY]
        return {m: own.get(m, set()) | shared.get(m, set()) for m in own.keys() | shared.keys()}

    def test(name: str) -> Test:
        starts = not watching.starts.isdisjoint({name, EVERYBODY})
        return Test(name, watching.seconds[name], watching.shared, starts)

    return {test(name): lines(name) for name in watching.seconds}
