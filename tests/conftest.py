"""What every test shares: quiet, threads, a progress file of its own, and what waits for later."""

import atexit
import gc
import importlib
import os
import shlex
import signal
import sys
import tempfile
from pathlib import Path

# Under xdist each process keeps to one thread, its notebooks' kernels too: two processes with two
# threads each would fight over two cores. torch reads this when it is first imported.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"

import jaxtyping
import matplotlib
import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

import browser
from tools import ready

COURSE = Path(__file__).resolve().parent.parent / "course_utils"
WHOLE_LESSON = "test_a_lesson_runs"

# What is first imported from a module under jaxtyping's hook is compiled anew, with all that it
# imports: each process that runs tests would compile 1,300 files.
IMPORTED_BEFORE = ("beartype", "torch", "matplotlib.figure", "ipywidgets", "PIL.Image")

# jsonschema, which nbformat imports, would compile 38 grammars of addresses that no notebook has:
# two seconds of every process. Without this package it leaves them out.
sys.modules["rfc3987_syntax"] = None

matplotlib.use("Agg")  # no windows; not by MPLBACKEND, which the notebooks' kernels would inherit

# Every run draws the same examples, and a slow first call is no failure.
settings.register_profile("course", derandomize=True, deadline=None, database=None)
settings.load_profile("course")


def pytest_configure(config):
    """Set the course's own switches, for this process and for the kernels it starts."""
    gc.disable()  # until all is loaded, of which nothing is garbage
    folder = tempfile.TemporaryDirectory(prefix="course-")
    config.add_cleanup(folder.cleanup)
    os.environ["COURSE_PROGRESS"] = os.path.join(folder.name, "progress.json")
    os.environ["COURSE_QUIET"] = "1"
    os.environ.pop("COURSE_STRICT", None)
    if config.getoption("numprocesses"):
        ready.share()  # by all processes that are about to start
    jaxtyping.install_import_hook(checked_packages(config), "beartype.beartype")
    if "PYTEST_XDIST_WORKER" in os.environ or not config.getoption("numprocesses"):
        for name in IMPORTED_BEFORE:
            importlib.import_module(name)
    # A run that a script put into the background was told to ignore Ctrl-C, which is tested here.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def checked_packages(config):
    """Where every annotated shape is checked: in all rooms; but in that of the exercises, whose
    tests then take twice as long, only in `make test-all`."""
    if config.getoption("--thorough"):
        return ["course_utils"]
    rooms = {path.stem for path in COURSE.iterdir()} - {"__init__", "exercises"}
    return [f"course_utils.{room}" for room in rooms]


def pytest_addoption(parser):
    parser.addoption(
        "--thorough", action="store_true", help="run what `make test` leaves to `make test-all`"
    )


class Together(LoadScopeScheduling):
    """Keep together in one process what shares something: the cells of a notebook their kernel, the
    browser tests of a file their server and their page, `test_processes` its worlds. Not so whole
    lessons, of which each process takes some. (xdist's own groups do nothing under pytest 9.2,
    which hides the ids they change.)
    """

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        sharing = ("test_browser", "test_processes")
        shares = file.endswith(".ipynb") or Path(file).name.startswith(sharing)
        return file if shares and not test.startswith(WHOLE_LESSON) else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config, specs):
    """Fork the processes from one that has loaded what all of them load."""
    for spec in specs:
        spec.python = shlex.join(ready.python())


@pytest.hookimpl(optionalhook=True)  # mutants are tried without xdist
def pytest_xdist_make_scheduler(config, log):
    return Together(config, log)


def pytest_collection_modifyitems(config, items):
    """Leave out what is marked `thorough`, unless asked for, which nbval's cells are; and what is
    done in place of a look at a page, where this very run looks at it."""
    for item in items:
        if item.path.suffix == ".ipynb":
            item.add_marker("notebook")
            item.add_marker("thorough")
    if not config.getoption("--thorough"):
        leave_out("thorough", config, items)
    pages = any(i.get_closest_marker("browser") and i.get_closest_marker("notebook") for i in items)
    if pages and "not browser" not in config.getoption("markexpr") and browser.executable():
        leave_out("in_place_of_page", config, items)


def leave_out(mark, config, items):
    config.hook.pytest_deselected(items=[i for i in items if i.get_closest_marker(mark)])
    items[:] = [item for item in items if not item.get_closest_marker(mark)]


def pytest_collection_finish():
    """From here on look for garbage, but no more among what was loaded."""
    gc.freeze()
    atexit.register(gc.unfreeze)  # what ends with the process is to be found then
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def no_learners_file(tmp_path_factory):
    """Where COURSE_PROGRESS is not set, tests write here, and never into the checkout."""
    from course_utils.exercises.showing import record

    record.DEFAULT = tmp_path_factory.mktemp("progress") / "progress.json"


@pytest.fixture(autouse=True)
def close_figures():
    """Close the figures that a test drew."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture
def unchecked(monkeypatch):
    """As a learner runs the package: without the type checker, which would object first."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


@pytest.fixture(scope="session")
def images():
    """A small part of the data set that `load_images` finds: MNIST, or scikit-learn's digits."""
    from course_utils import load_images

    return load_images(train_limit=1000, test_limit=200)
