"""What every test shares: quiet, threads, a progress file of its own, and limits for notebooks."""

import os
import signal
import sys
import tempfile
import time

# Under xdist each process keeps to one thread, its notebooks' kernels too: two processes with two
# threads each would fight over two cores. torch reads this when it is first imported.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"

import jaxtyping
import matplotlib
import pytest
from hypothesis import settings

# A lesson promises 90 seconds alone on two cores; in the tests it shares them with another.
NOTEBOOK_SECONDS = 240

matplotlib.use("Agg")  # no windows; not by MPLBACKEND, which the notebooks' kernels would inherit

# Every run draws the same examples, and a slow first call is no failure.
settings.register_profile("course", derandomize=True, deadline=None, database=None)
settings.load_profile("course")


def pytest_configure(config):
    """Set the course's own switches, for this process and for the kernels it starts."""
    folder = tempfile.TemporaryDirectory(prefix="course-")
    config.add_cleanup(folder.cleanup)
    os.environ["COURSE_PROGRESS"] = os.path.join(folder.name, "progress.json")
    os.environ["COURSE_QUIET"] = "1"
    os.environ.pop("COURSE_STRICT", None)
    # A run that a script put into the background was told to ignore Ctrl-C, which is tested here.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Registered, because a conftest.py is asked only about the tests below its own folder.
    config.pluginmanager.register(Notebooks())


class Notebooks:
    """nbval's cells: marked as parts of whole notebooks, which have a time limit each."""

    def pytest_collection_modifyitems(self, items):
        for item in items:
            if item.path.suffix == ".ipynb":
                item.add_marker("notebook")

    def pytest_runtest_setup(self, item):
        if item.path.suffix == ".ipynb":
            started = item.parent.__dict__.setdefault("started", time.monotonic())
            if time.monotonic() - started > NOTEBOOK_SECONDS:
                pytest.fail(f"{item.path.name} has run for more than {NOTEBOOK_SECONDS} s")


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
