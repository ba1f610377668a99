"""The tool that measures a class: what it asks of the kernels, and what it says."""

import subprocess
import sys

import pytest

from course_utils.exercises.lessons import find
from tools import classroom
from tools.classroom import Told, exercises, report


def test_it_asks_what_the_course_asks():
    asked = dict(exercises())
    assert len(asked) > 60
    assert all(find(name).name == name for name in asked)


def test_it_says_how_much_and_how_long():
    told = [Told(400.0, [1.0, 2.0]), Told(500.4, []), Told(300.0, [3.0])]
    assert report(told) == (
        "3 kernels, MB of each: 300 400 500\nmean 400 MB, all 1.2 GB\n"
        "3 checks: median 2.00 s, 95 % within 2.90 s, the longest 3.00 s"
    )
    assert report(told[1:2]) == "1 kernels, MB of each: 500\nmean 500 MB, all 0.5 GB"


def measured(monkeypatch, dataset: str) -> subprocess.CompletedProcess:
    """Two kernels for some seconds, in a process of its own, as the tool is used."""
    monkeypatch.setenv("COURSE_DATASET", dataset)
    command = [sys.executable, classroom.__file__, "2", "--minutes", "0.2", "--pause", "1"]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.thorough
def test_two_learners_are_measured(monkeypatch):
    told = measured(monkeypatch, "digits")
    assert told.stdout.startswith("2 kernels, MB of each: "), told.stderr
    assert " checks: median " in told.stdout


@pytest.mark.thorough
def test_a_cell_that_fails_ends_the_class(monkeypatch):
    told = measured(monkeypatch, "nothing")
    assert told.returncode == 1 and "RuntimeError" in told.stderr.splitlines()[-1]
