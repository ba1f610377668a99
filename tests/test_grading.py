"""Marking strangers: the walls hold, nothing is forged, and what cannot be read gets a sentence."""

import contextlib
import csv
import io
import json
import linecache
import os
import socket
import sys
from pathlib import Path

import pytest
import torch

from course_utils.__main__ import main
from course_utils.exercises import lessons
from course_utils.exercises.lessons import find
from course_utils.grading import apart, grade, marking, submissions, trial, wire
from course_utils.grading.box import Limits
from course_utils.grading.boxes import Ended, Source, opened
from course_utils.grading.gradebook import Gradebook
from course_utils.grading.source import Cells, suspicious

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="boxes need Linux")
LIMITS = Limits(work=2)
RIGHT = """
def squared_error(x_hat, x):
    return (x_hat - x).square().flatten(1).sum(1)
"""
MEAN = RIGHT.replace("sum(1)", "mean(1)")


def hostile(*lines: str) -> str:
    """An answer that does something else first, and answers rightly if that comes to an end."""
    body = "\n".join(f"    {line}" for line in lines)
    return f"import os, sys\ndef squared_error(x_hat, x):\n{body}\n" + RIGHT.splitlines()[2]


def notebook(*cells: str, **metadata: object) -> str:
    code = [{"cell_type": "code", "metadata": {}, "source": cell} for cell in cells]
    return json.dumps({"cells": code, "metadata": metadata, "nbformat": 4})


@pytest.fixture(scope="module")
def boxes():
    """A source of boxes; where this machine has none there is nothing to test."""
    import cloudpickle

    cloudpickle.register_pickle_by_value(lessons)
    made = Source(enclosed=True)
    try:
        with opened(made.line, LIMITS) as box:
            box.ask("load", "x", [("<cell 1>", "x = 1")])
    except Ended as ended:
        made.close()
        pytest.skip(str(ended))
    yield made
    made.close()


@pytest.fixture(scope="module")
def source(boxes):
    """Where to ask for one."""
    return boxes.line


def marked(source: socket.socket, cell: str, name: str = "squared_error") -> marking.Mark:
    return marking.mark(source, find(name), Cells([cell]), LIMITS)


# --- the walls ------------------------------------------------------------------------------------


def test_a_box_lets_nothing_out(source):
    assert trial.escapes(source) == []


def test_what_is_tried_can_be_done_without_a_box(tmp_path):
    """Else the trial would say of any box that it holds. (Gigabytes and forks are not tried.)"""
    room: dict = {}
    exec(trial.ATTEMPT.replace("8 * 2**30", "1"), room)
    canary = tmp_path / "canary"
    canary.write_text("a secret")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        done = room["attempt"](str(canary), str(tmp_path), port, os.getpid(), 1)
    assert len(done) == 6


HARM = {
    "reads a canary": (["open(CANARY).read()"], "FileNotFoundError"),
    "opens a socket": (["import socket", "socket.create_connection(PLACE, 1)"], "unreachable"),
    "forks without end": (["for _ in range(200): os.fork() or os._exit(0)"] * 5, ""),
    "takes a terabyte": (["bytearray(10**12)"], "MemoryError"),
    "writes ten gigabytes": (
        [
            "with open('/tmp/big', 'wb') as file:",
            "    for _ in range(10**4): file.write(b'x' * 10**6)",
        ],
        "File too large",
    ),
    "prints without end": (["while True: print('x' * 10**4)"], "processor time"),
    "ends its parent": (
        ["os.kill(os.getppid(), 9)", "os.kill(-1, 9)", "os._exit(3)"],
        "No such process",
    ),
    "follows a link": (["os.symlink(CANARY, '/tmp/l')", "open('/tmp/l').read()"], "No such file"),
    "unpickles a bomb": (
        ["import pickle", 'pickle.loads(b"cposix\\n_exit\\n(I7\\ntR.")'],
        "with status 7",
    ),
    "edits the gradebook": (["open(BOOK, 'w').write('')"], "No such file"),
    "returns too much": (["return __import__('torch').zeros(3 * 10**7)"], "67 are allowed"),
}


@pytest.fixture(scope="module")
def harmed(boxes, tmp_path_factory):
    """Marks of a folder of hostile notebooks, given by the command itself, and what it printed."""
    place = tmp_path_factory.mktemp("hostile")
    canary, folder = place / "canary", place / "in"
    folder.mkdir()
    canary.write_text("as it was")
    out, printed = place / "marks.csv", io.StringIO()
    with pytest.MonkeyPatch.context() as patch, socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.01)
        words = {"CANARY": str(canary), "BOOK": str(out), "PLACE": listener.getsockname()}
        for name, (lines, _) in HARM.items():
            text = hostile(*lines)
            for word, value in words.items():
                text = text.replace(word, repr(value))
            (folder / f"{name}.ipynb").write_text(notebook(text))
        (folder / "forges.ipynb").write_text(notebook(forged(*FORGED.values())))
        (folder / "honest.ipynb").write_text(notebook(RIGHT))
        patch.setattr(grade, "_source", lambda walls: contextlib.nullcontext(boxes))
        with contextlib.redirect_stdout(printed):
            status = main(["grade", str(folder), "--out", str(out), "--seconds", "2"])
        with pytest.raises(TimeoutError):
            listener.accept()
    assert status == 0
    assert canary.read_text() == "as it was"
    entries = (json.loads(path.read_text()) for path in out.with_suffix("").glob("*.json"))
    marks = {entry["name"]: entry["marks"] for entry in entries}
    return marks, printed.getvalue()


@pytest.mark.parametrize("name", [*HARM, "forges"])
def test_what_is_hostile_does_no_harm_and_gets_a_sentence(harmed, name):
    marks, printed = harmed
    (mark,) = (each for each in marks[name] if each["status"] != marking.ABSENT)
    assert mark["status"] == marking.FAILED
    assert HARM.get(name, ("", ""))[1] in mark["message"]
    assert f"{name}: 0 of " in printed
    assert "honest: 1 of " in printed


def test_an_answer_that_waits_for_ever_is_ended(source):
    with opened(source, LIMITS, wait=0.5) as box, pytest.raises(Ended, match="waits for something"):
        box.ask("load", "f", [("<cell 1>", "import time\ntime.sleep(100)")])


# --- the verdict ----------------------------------------------------------------------------------


def test_right_and_wrong_are_told_apart_as_by_check(source):
    assert marked(source, RIGHT).status == marking.PASSED
    wrong = marked(source, MEAN)
    assert wrong.status == marking.FAILED
    assert "mean" in wrong.message


FORGED = {
    "replaces check": "import course_utils\ncourse_utils.check = lambda *_: True\n",
    "replaces what compares": (
        "from course_utils.exercises.checking import compare, expect, runner\n"
        "compare.same = expect.same = lambda *_: True\n"
        "runner.examine = compare.expect_close = expect.expect_close = lambda *_, **__: None\n"
    ),
    "stops the clock": "import time\ntime.monotonic = time.time = lambda: 0.0\n",
    "writes to the line": (
        "import os\nfrom course_utils.grading import wire\n"
        "os.write(3, wire.pack({'passed': True, 'kind': 'value', 'value': True}))\n"
    ),
}


def forged(*forgeries: str) -> str:
    """A wrong answer, behind something that is done where it is defined."""
    lines = "".join(forgeries).splitlines()
    loop = "for _ in [0]:\n    forged = 1\n" + "".join(f"    {line}\n" for line in lines)
    return loop + MEAN.replace("\n    return", "\n    _ = forged\n    return")


@pytest.mark.parametrize("forgery", FORGED.values(), ids=FORGED)
def test_a_verdict_cannot_be_forged(source, forgery):
    assert marked(source, forged(forgery)).status == marking.FAILED


def test_a_check_together_is_asked_for_nonsense_too(source):
    forged = (
        "from course_utils.exercises.checking import runner\n"
        "for _ in [0]:\n    runner._first_message = lambda *_: None\n    done = 1\n"
        "def training_step(model, x, optimizer):\n    return done + runner\n"
    )
    mark = marked(source, forged, "training_step")
    assert (mark.how, mark.status) == (marking.TOGETHER, marking.FAILED)
    assert "tampered" in mark.message


@pytest.mark.parametrize(
    "name", ["training_step", "VectorQuantizer", "gaussian_kl", "reparameterize"]
)
def test_a_reference_passes(source, name):
    """Checked apart, with gradients and generators, and together; it stands in no lesson there."""
    import inspect

    module = inspect.getmodule(find(name).solution)
    text = inspect.getsource(module)
    if marking.how_judged(find(name)) == marking.APART:
        text = "import torch\nfrom jaxtyping import Float\nfrom torch import Tensor\n"
        text += "from course_utils.losses import *\n" + inspect.getsource(find(name).solution)
    mark = marking.mark(source, find(name), Cells([text]), Limits())
    assert mark.status == marking.PASSED, mark.message


# --- the source of an answer ----------------------------------------------------------------------


def test_only_what_an_answer_needs_is_taken():
    cells = Cells(
        [
            "import torch\nimport os",
            "%matplotlib inline\nscale = 2.0\nmodel = fit()",
            "def helper(x):\n    model = x\n    return model * scale",
            "def f(x):\n    return helper(x)",
            "from course_utils import f",
        ]
    )
    assert [each.text.strip().split("\n")[0] for each in cells.answer("f")] == [
        *("scale = 2.0", "def helper(x):", "def f(x):")
    ]
    assert suspicious(cells.answer("f")) == []
    assert suspicious(Cells(["import os\ndef f():\n    os.fork()"]).answer("f")) == ["os"]


def test_lessons_go_on_with_the_reference_and_that_is_no_answer():
    cells = Cells(["def f(x):\n    return x", 'f = reference("f")'])
    assert [each.cell for each in cells.answer("f")] == [1]


# --- what comes out of a box ----------------------------------------------------------------------


def test_values_cross_as_they_are():
    value = [1, 2.5, "x", None, (True, {"a": torch.arange(6.0).view(2, 3)}), torch.tensor(3)]
    packed = wire.pack(value)
    tree, behind = wire.HEAD.unpack(packed[: wire.HEAD.size])
    rest = packed[wire.HEAD.size :]
    got = wire.unpack(rest[:tree], rest[tree : tree + behind])
    assert repr(got) == repr(value)
    assert type(wire.unpack(b'{"opaque": "Module"}', b"")).__name__ == "Module"


@pytest.mark.parametrize(
    "tree",
    [b"{", b'{"tensor": ["float32", [-1], 0]}', b'{"tensor": ["float32", [9], 0]}', b"[" * 9999],
)
def test_what_is_no_value_is_refused(tree):
    with pytest.raises(wire.Garbled):
        wire.unpack(tree, b"1234")


# --- what was handed in ---------------------------------------------------------------------------


def test_what_cannot_be_read_gets_one_sentence(tmp_path):
    (tmp_path / "text.ipynb").write_text("no notebook")
    (tmp_path / "list.ipynb").write_text("[]")
    (tmp_path / "julia.ipynb").write_text(notebook("x = 1", kernelspec={"language": "julia"}))
    with open(tmp_path / "large.ipynb", "wb") as file:
        file.truncate(300 * 10**6)
    for name, phrase in {
        "text": "is no JSON",
        "list": "no list of cells",
        "julia": "another language, 'julia'",
        "large": "holds 300 MB",
    }.items():
        with pytest.raises(submissions.Unusable, match=phrase):
            submissions.cells(tmp_path / f"{name}.ipynb")


def test_links_names_and_doubles(tmp_path):
    (tmp_path / "link.ipynb").symlink_to("/etc/passwd")
    (tmp_path / ".ipynb").write_text(notebook())
    (tmp_path / "Anna.ipynb").write_text(notebook())
    (tmp_path / "anna").mkdir()
    (tmp_path / "anna" / "a.ipynb").write_text(notebook())
    os.mkfifo(tmp_path / "pipe.ipynb")
    found, sentences = submissions.find(tmp_path)
    assert [("link" in s, "no name" in s) for s in sentences] == [(False, True), (True, False)]
    doubles = [each for each in found if "one name: Anna.ipynb and anna" in str(each.trouble)]
    assert len(doubles) == 2
    with pytest.raises(submissions.Unusable, match="no regular file"):
        submissions.cells(tmp_path / "pipe.ipynb")


@pytest.mark.parametrize(
    "text, phrase",
    [
        ("{", "damaged"),
        ("[]", "damaged"),
        ('{"elbo": {"status": "passed", "date": "2999-01-01"}}', "clock"),
    ],
)
def test_a_record_is_only_a_note(tmp_path, text, phrase):
    (tmp_path / "progress.json").write_text(text)
    assert phrase in submissions.Submission("a", tmp_path, ()).record()[1]


# --- all of it ------------------------------------------------------------------------------------


def test_a_folder_is_marked_and_stays_so(boxes, tmp_path, capsys):
    folder, book = tmp_path / "in", Gradebook(tmp_path / "marks.csv")
    folder.mkdir()
    (folder / "=cmd.ipynb").write_text(notebook(MEAN.replace("def", "# <script>\ndef")))
    (folder / "bad.ipynb").write_text("{")
    found, _ = submissions.find(folder)
    assert grade._mark_all(boxes, book, found, LIMITS, 2) == 2
    book.finish(found, [])
    rows = list(csv.DictReader((tmp_path / "marks.csv").read_text().splitlines()))
    assert {row["name"] for row in rows} == {"'=cmd", "bad"}
    assert {row["mark"] for row in rows if row["exercise"]} == {"0"}
    pages = [path.read_text() for path in (tmp_path / "marks").glob("*.html")]
    assert not any("<script" in page for page in pages)
    assert any("is no JSON" in page for page in pages)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "marks").glob("*.json")}
    grade._mark_all(boxes, book, found, LIMITS, 2)
    assert "2 were marked before" in capsys.readouterr().out
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_a_box_cannot_name_a_line_of_a_file_out_here(tmp_path):
    """It would stand in the message; and a line far away would take the memory of who marks."""
    (tmp_path / "marks.csv").write_text("secret")
    cell = "<cell 7>"
    linecache.cache[cell] = 1, None, ["a\n", "b\n"], cell
    assert apart._handed_in([cell, 2]) == (cell, 2)
    for place in ([str(tmp_path / "marks.csv"), 1], [cell, 10**12], [cell, 0], [cell], "x", None):
        assert apart._handed_in(place) is None


def test_without_walls_it_says_so_and_marks_nothing(boxes, tmp_path, monkeypatch, capsys):
    (tmp_path / "in").mkdir()
    monkeypatch.setattr(grade, "_source", lambda walls: contextlib.nullcontext(boxes))
    monkeypatch.setattr(grade, "_unsafe", lambda source: "unshare: Operation not permitted")
    assert grade.grade(tmp_path / "in", tmp_path / "marks.csv") == 1
    assert "gives no walls" in capsys.readouterr().err
    assert not Path(tmp_path / "marks.csv").exists()


def test_who_never_comes_to_an_end_keeps_nobody_waiting(source, tmp_path, monkeypatch):
    """Of a submission whose answers take too long together the rest is not run."""
    loops = [f"def {x}(*_):\n    while True: pass" for x in ("squared_error", "gaussian_kl")]
    (tmp_path / "loops.ipynb").write_text(notebook(*loops))
    (each,), _ = submissions.find(tmp_path)
    monkeypatch.setattr(marking, "ANSWERS", 0.5)
    marks = {x["exercise"]: x for x in grade.marked(source, each, Limits(work=1))["marks"]}
    assert "a loop that never ends" in marks["squared_error"]["message"]
    assert "was not run" in marks["gaussian_kl"]["message"]
    assert marks["gaussian_kl"]["status"] == marking.FAILED


def test_the_gradebook_cannot_be_handed_in(tmp_path, capsys):
    assert grade.grade(tmp_path, tmp_path / "marks.csv") == 1
    assert "within the folder" in capsys.readouterr().err
