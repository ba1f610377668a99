"""What a table of marks says of tries, and the tool that measures how long marking takes."""

import csv
import json
import os
import re
import subprocess
import sys
from collections import Counter

import pytest

from course_utils.exercises.lessons import all_exercises
from course_utils.grading import submissions
from course_utils.grading.gradebook import Gradebook
from tools import marking


def test_tries_that_were_handed_in_stand_in_the_table(tmp_path):
    """And where the record is older than the count, or not there, nothing does."""
    entry = {"status": "passed", "date": "2026-01-01"}
    for name, record in {
        "ada": {"squared_error": entry | {"tries": 3}},
        "ben": {"squared_error": entry},
        "cy": None,
    }.items():
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "lesson.ipynb").write_text("{}")
        if record is not None:
            (tmp_path / "in" / name / "progress.json").write_text(json.dumps(record))
    found, _ = submissions.find(tmp_path / "in")
    book = Gradebook(tmp_path / "marks.csv")
    mark = {"lesson": 1, "exercise": "squared_error", "points": 1, "of": 1, "status": "passed"}
    mark |= {"how": "apart", "work": 0.1, "look": "", "message": ""}
    for each in found:
        kept = {"name": each.name, "digest": each.digest(), "marks": [mark], "trouble": []}
        book.enter(each, kept | {"record": each.record()[0]})
    book.finish(found, [])
    rows = csv.DictReader((tmp_path / "marks.csv").read_text().splitlines())
    assert {row["name"]: row["tries"] for row in rows} == {"ada": "3", "ben": "", "cy": ""}


def test_a_solved_lesson_holds_our_solutions_and_no_stub():
    """And that is what makes a mark of it: no exercise of a lesson is missing."""
    for path in marking.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"):
        cells = json.loads(marking.solved(path))["cells"]
        exercises = [cell for cell in cells if "exercise" in cell["metadata"].get("tags", ())]
        names = [e.name for e in all_exercises().values() if f"{e.lesson:02d}" == path.name[:2]]
        assert len(exercises) == len(names)
        assert not any("raise NotImplementedError" in cell["source"] for cell in exercises)


def test_all_learners_hand_in_the_same_under_names_of_their_own(tmp_path):
    marking.fill(tmp_path / "in", 3, ["00", "01"])
    found, sentences = submissions.find(tmp_path / "in")
    assert [each.name for each in found] == ["learner_001", "learner_002", "learner_003"]
    assert not sentences and not any(each.trouble for each in found)
    assert len({each.digest() for each in found}) == 1
    assert [path.name[:2] for path in found[2].notebooks] == ["00", "01"]


def test_it_says_how_long_and_how_much():
    told = marking.Told(200, 900.0, 1234.5, Counter({"passed": 30, "not passed": 1}))
    assert marking.report(told) == (
        "200 submissions in 15.0 minutes, 4.5 s for each\n"
        "answers: 30 passed, 1 not passed\n"
        "memory at the peak: 1234 MB"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
def test_the_memory_of_a_family_is_that_of_all():
    """A child that holds 50 MB is counted, and one that has ended is not."""
    hold = "held = bytearray(50_000_000); print(len(held), flush=True); input()"
    before = marking.memory(os.getpid())
    child = subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline()
    assert child.pid in set(marking.family(os.getpid()))
    assert marking.memory(os.getpid()) > before + 45
    child.communicate("\n")
    assert marking.memory(os.getpid()) < before + 45


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform != "linux", reason="boxes need Linux")
def test_three_submissions_are_marked_and_measured():
    command = [sys.executable, marking.__file__, "3", "--lessons", "00", "01", "--jobs", "2"]
    told = subprocess.run(command, capture_output=True, text=True)
    assert told.stdout.startswith("3 submissions in "), told.stderr
    assert "\nanswers: 15 passed\n" in told.stdout
    assert int(re.search(r"peak: (\d+) MB", told.stdout)[1]) > 100


@pytest.mark.skipif(sys.platform != "linux", reason="boxes need Linux")
def test_a_slip_in_the_exam_stands_in_the_table_and_on_no_page(tmp_path):
    """p(x, z) in the place of the posterior: whoever marks reads it, and the learner does not."""
    (tmp_path / "in").mkdir()
    answer = """
def lamp_states(joint, guess):
    log_p = joint.sum(1).log()
    return log_p, joint, log_p - (guess * (joint / guess).log()).sum(1)
"""
    cell = {"cell_type": "code", "metadata": {}, "source": answer}
    (tmp_path / "in" / "eve.ipynb").write_text(json.dumps({"cells": [cell], "nbformat": 4}))
    command = [sys.executable, "-m", "course_utils", "grade", "in", "--out", "marks.csv"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    if "gives no walls" in told.stderr:
        pytest.skip(told.stderr)
    rows = list(csv.DictReader((tmp_path / "marks.csv").read_text("utf-8").splitlines()))
    (row,) = [row for row in rows if row["exercise"] == "a4"]
    assert row["note"].endswith("one belief: “p(x, z) is the posterior”.")
    (page,) = (tmp_path / "marks").glob("eve-*.html")
    assert "posterior”" not in page.read_text("utf-8") and "✗ wrong" in page.read_text("utf-8")
