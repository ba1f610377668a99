"""Marking strangers: the walls hold, nothing is forged, and what cannot be read gets a sentence."""

import contextlib
import csv
import html
import inspect
import io
import json
import linecache
import os
import re
import resource
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from course_utils.__main__ import main
from course_utils.exercises import exam, examine, lessons
from course_utils.exercises.exam.papers import PAPERS
from course_utils.exercises.exam.papers import opened as opened_task
from course_utils.exercises.lessons import find
from course_utils.grading import apart, grade, gradebook, marking, submissions, trial, wire
from course_utils.grading import boxes as boxes_module
from course_utils.grading.box import CHECKOUT, Limits, limit
from course_utils.grading.boxes import Ended, Source, opened
from course_utils.grading.exam import by_hand
from course_utils.grading.gradebook import Gradebook, summary
from course_utils.grading.source import Cells, Unreadable, borrowed, reaching, suspicious
from tools import apart as judged

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="boxes need Linux")
NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
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
def boxes(tmp_path_factory):
    """A source of boxes; where this machine has none there is nothing to test.

    With `REQUIRE_BOXES=1` in the environment that is a failure instead of a skip.
    """
    import cloudpickle

    cloudpickle.register_pickle_by_value(lessons)
    data = tmp_path_factory.mktemp("data")
    data.chmod(0o777)  # so that nothing but the walls keep it as it is
    made = Source(enclosed=True, data=data)
    try:
        with opened(made.line, LIMITS) as box:
            box.ask("load", "x", [("<cell 1>", "x = 1")])
    except Ended as ended:
        made.close()
        if os.environ.get("REQUIRE_BOXES") == "1":
            pytest.fail(str(ended))
        pytest.skip(str(ended))
    yield made
    made.close()


@pytest.fixture(scope="module")
def source(boxes):
    """Where to ask for one."""
    return boxes.line


def marked(source: socket.socket, cell: str, name: str = "squared_error") -> marking.Mark:
    return marking.mark(source, marking.asked(find(name)), Cells([cell]), LIMITS)


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
    assert len(done) == 7


HARM = {
    "reads a canary": (["open(CANARY).read()"], "FileNotFoundError"),
    "opens a socket": (["import socket", "socket.create_connection(PLACE, 1)"], "unreachable"),
    "forks without end": (["for _ in range(200): os.fork() or os._exit(0)"] * 5, ""),
    "takes a terabyte": (["bytearray(10**12)"], "MemoryError"),
    # (Of an ordinary user all processes count, and then this gets none.)
    "takes a gigabyte in parts": (
        [
            "import time",
            "os.fork(), os.fork()",  # each within its own limit
            "taken = bytearray(b'x') * (700 * 2**20)",
            "time.sleep(60)",
        ],
        "" if os.getuid() else "more than 1 GB of memory, with the processes that it started",
    ),
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
    "waits for ever": (["import time", "time.sleep(10**6)"], "did not answer within 12 seconds"),
    "works by its children": (
        [
            "import time",
            "for _ in range(40):",  # each within its own limit
            "    if os.fork() == 0:",
            "        while time.process_time() < 1: pass",
            "        os._exit(0)",
            "    os.wait()",
            "time.sleep(10**6)",
        ],
        "processor time",
    ),
    "takes memory that nobody counts": (
        [
            "import ctypes, mmap",
            "c = ctypes.CDLL(None)",
            "assert c.shmget(0, 2**20, 0o1600) < 0 and c.msgget(0, 0o1600) < 0, 'shared'",
            "assert c.unshare(0x10000000) < 0 and c.mount(0, 0, 0, 0, 0) < 0, 'unshared'",
            "try: mmap.mmap(-1, 2**20)",
            "except PermissionError: os.memfd_create('x')",
        ],
        "Operation not permitted",
    ),
    "reads another's keys": (
        [
            "import ctypes, platform",
            "number = {'x86_64': 250, 'aarch64': 219}[platform.machine()]",
            "os.close(99) if ctypes.CDLL(None).syscall(number, 0, -3, 0) < 0 else None",
        ],
        "Bad file descriptor",
    ),
    "writes into the data": (
        ["open(DATA + '/written', 'w')"],
        "Read-only file system",
    ),
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
        patch.setattr(boxes_module, "WAIT", 12.0)
        words = {"CANARY": str(canary), "BOOK": str(out), "PLACE": listener.getsockname()}
        words["DATA"] = str(boxes.data)
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


def test_without_walls_the_other_processes_of_a_user_do_not_count(monkeypatch):
    """Else nobody but root could begin a thread there."""
    bounds: dict[int, tuple] = {}
    monkeypatch.setattr("resource.setrlimit", bounds.__setitem__)
    limit(LIMITS, enclosed=False)
    assert set(bounds) and resource.RLIMIT_NPROC not in bounds
    limit(LIMITS, enclosed=True)
    assert bounds[resource.RLIMIT_NPROC] == (LIMITS.processes,) * 2


def test_an_answer_that_waits_for_ever_is_ended(source):
    with opened(source, LIMITS, wait=0.5) as box, pytest.raises(Ended, match="waits for something"):
        box.ask("load", "f", [("<cell 1>", "import time\ntime.sleep(100)")])


# --- the verdict ----------------------------------------------------------------------------------


def test_right_and_wrong_are_told_apart_as_by_check(source):
    assert marked(source, RIGHT).status == marking.PASSED
    wrong = marked(source, MEAN)
    assert wrong.status == marking.FAILED
    assert "mean" in wrong.message
    by_torch = marked(source, RIGHT.replace(".square()", ".__xor__(2)"))
    assert by_torch.status == marking.FAILED and "compares bits" in by_torch.message


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
    module = inspect.getmodule(find(name).solution)
    text = inspect.getsource(module)
    if marking.how_judged(find(name)) == marking.APART:
        text = "import torch\nfrom jaxtyping import Float\nfrom torch import Tensor\n"
        text += "from course_utils.losses import *\n" + inspect.getsource(find(name).solution)
    mark = marking.mark(source, marking.asked(find(name)), Cells([text]), Limits())
    assert mark.status == marking.PASSED, mark.message


def test_a_function_without_a_body_is_not_attempted(source):
    for body in ("pass", '"""Later."""', "raise NotImplementedError"):
        mark = marked(source, f"def squared_error(x_hat, x):\n    {body}")
        assert (mark.status, mark.points) == (marking.STUB, 0)
    assert marked(source, "def squared_error(x_hat, x): return 1").status == marking.FAILED


@pytest.mark.thorough
def test_apart_an_answer_gets_the_verdict_and_the_message_of_check():
    """Two right and four wrong answers to every exercise: the messages may not differ either."""
    done = subprocess.run([sys.executable, judged.__file__], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    exercises = sum(marking.how_judged(find(name)) == marking.APART for name in lessons.modules())
    alike = int(re.match(rf"{exercises} exercises: (\d+) answers are judged alike", done.stdout)[1])
    assert alike > 5 * exercises


FORGETFUL = {
    "repaired_step": """
def repaired_step(weights, shares, loss, lr):
    gradients = []
    for _ in range(2):
        for row, share in zip(weights, shares, strict=True):
            copy = row.detach().clone().requires_grad_()
            gradients.append(torch.autograd.grad(loss(copy, share).mean(), copy)[0])
    forget(loss)
    return weights - lr * torch.stack(gradients).mean(0, keepdim=True)
""",
    "repaired_denoising": """
def repaired_denoising(model, x, corrupt):
    shown, again = corrupt(x), corrupt(x)
    target = x if torch.equal(shown, again) else again
    forget(corrupt)
    return (model(shown) - target).flatten(1).square().sum(1)
""",
    "langevin": """
def langevin(score, z, step, steps, generator):
    for _ in range(steps):
        score(z)
        noise = torch.randn(z.shape, generator=generator)
        z = z + step * score(z) + (2 * step) ** 0.5 * noise
    forget(score)
    return z
""",
}
FORGET = """
import torch
def forget(probe):
    if hasattr(probe, "seen"):
        del probe.seen[1::2]
"""


@pytest.mark.parametrize("name", FORGETFUL)
def test_a_probe_forgets_nothing_that_an_answer_would_have_it_forget(name):
    """What it noted was an attribute: a wrong answer could end by taking that back."""
    room: dict = {}
    exec(FORGET + FORGETFUL[name], room)
    assert not examine(find(name), room[name]).passed
    ask = f"def {name}(probe):\n    probe._ask.args[0].clear()"
    assert "`_ask`" in marking._look(marking.asked(find(name)), Cells([ask]).answer(name))


EVASIONS = {
    "an attribute path": "import course_utils as cu\ncu.exercises.checking.runner.x = None\n",
    "a frame": "try:\n    1 / 0\nexcept Exception as e:\n    f = e.__traceback__.tb_frame.f_back\n",
    "setattr": "setattr(torch.nn.Module, 'x', 1)\n",
    "another's attribute": "torch.nn.Module.x = 1\n",
    "another module": "import operator\noperator.attrgetter('x')\n",
    "a name as text": "torch.find('course_utils.x')\n",
}


@pytest.mark.parametrize("evasion", EVASIONS.values(), ids=EVASIONS)
def test_what_could_reach_a_check_together_is_left_to_who_reads(source, evasion):
    lines = "".join(f"        {line}\n" for line in evasion.splitlines())
    never = f"import torch\ndef done(*_):\n    if False:\n{lines}    return 0\n"
    text = inspect.getsource(inspect.getmodule(find("training_step").solution))
    text = re.sub(r"\n(    optimizer.step\(\))", r"\n    done()\n\1", text)
    assert "done()" in text
    asked = marking.asked(find("training_step"))
    mark = marking.mark(source, asked, Cells([never, text]), Limits())
    assert (mark.status, mark.points) == (marking.BY_HAND, None), mark.message
    assert "To be marked by hand" in mark.message
    entry = {"name": "e", "trouble": [], "marks": [mark._asdict()]}
    assert summary(entry) == "0 of 1 passed, and 1 to be marked by hand"
    assert "To be marked by hand" in gradebook._learner(entry)


def test_right_answers_reach_for_no_check():
    """In the exercises that are checked together, as the tests have them: else all go by hand."""
    for exercise in lessons.all_exercises().values():
        if marking.how_judged(exercise) == marking.TOGETHER:
            for answer, pieces in judged.answers(exercise, 0):
                cells = Cells([text for _, text in pieces])
                assert reaching(cells.answer(exercise.name)) == [], answer


@pytest.mark.parametrize(
    "name, cell",
    [
        ("gaussian_kl", "def gaussian_kl(m, v): return reference('gaussian_kl')(m, v)"),
        ("gaussian_kl", "r = reference\ndef gaussian_kl(m, v): return r('gaussian_kl')(m, v)"),
        ("gaussian_kl", "import course_utils.losses as l\ndef gaussian_kl(*a): l.gaussian_kl(*a)"),
        ("gaussian_kl", "from course_utils import gaussian_kl as k\ndef gaussian_kl(*a): k(*a)"),
        ("a1", "import torch\ndef nats_lost(*a): torch.distributions.Normal(*a)"),
        ("a1", "from torch.distributions import Normal as N\ndef nats_lost(*a): N(*a)"),
        ("a1", "import course_utils as c\ndef nats_lost(*a): c.losses.kl(*a)"),
    ],
)
def test_who_takes_the_solution_from_elsewhere_is_looked_at(name, cell):
    task = exam.papers.checked_tasks().get(name)
    answer, lesson = (task.solution.__name__, "exam a") if task else (name, 5)
    going_on = 'other = reference("elbo")\ndef g(x): return other(x)'
    cells = Cells([cell, going_on])
    asked = marking.Asked(name, lesson, answer, 1, marking.APART, None)
    look = marking._look(asked, cells.answer(answer))
    assert look.startswith("Look at its source, which uses `")
    assert ("which the paper rules out" if task else "which has the solution") in look
    assert len(cells.answer("g")) == 2 and borrowed(cells.answer("g"), "g", exam=False) == []
    own = Cells(["def two_sided(own, reference): return own - reference"]).answer("two_sided")
    assert borrowed(own, "two_sided", exam=False) == []


# --- the exam -------------------------------------------------------------------------------------

# To the tasks of paper a, by a part of the cell that each comes in place of.
TO_TASKS = {
    "def nats_lost(": """
from course_utils.exercises.exam import papers, task
def nats_lost(mean_q, cov_q, mean_p, cov_p):
    task.agrees = task.judge = lambda *_: True
    papers.checked_tasks = dict
    return mean_q, mean_q, mean_q
""",
    "def instruments_evidence(": "",
    "def upper_storey(": """
def upper_storey(log_x, log_lower, log_upper, log_q_lower, log_q_upper):
    from course_utils.exercises.exam.two_storeys import upper_storey
    return upper_storey(log_x, log_lower, log_upper, log_q_lower, log_q_upper)
""",
    "def lamp_states(": """
def elbo(joint, guess):
    return (guess * (joint / guess).log()).sum(1)
def lamp_states(joint, guess):
    log_p = joint.sum(1).log()
    return log_p, joint / joint.sum(1, keepdim=True), elbo(joint, guess) - log_p
""",
    "def what_ada_trained(": """
def what_ada_trained():
    raise NotImplementedError
def mine():
    beta = 3 * 32 * 32 / (2 * 64)
    return beta, beta**0.5, 4 / beta
""",
    'hand_in("a5"': 'hand_in("a5", mine)',
    "**Your answer to task 6**": "**Your answer to task 6** u^(-1/α)\n\n\tand\n<script>1</script>",
    "**Your answer to task 10**": "## Three faults",
}


@pytest.fixture(scope="module")
def sat(source, tmp_path_factory):
    """The entry and the page of somebody who sat paper a, and handed in an exercise beside it."""
    place = tmp_path_factory.mktemp("sat")
    folder = place / "in" / "Eve"
    folder.mkdir(parents=True)
    paper = json.loads((NOTEBOOKS / "exam_a.ipynb").read_text("utf-8"))
    for part, text in TO_TASKS.items():
        (cell,) = [each for each in paper["cells"] if "".join(each["source"]).startswith(part)]
        cell["source"] = text
    (folder / "exam.ipynb").write_text(json.dumps(paper), "utf-8")
    (folder / "before.ipynb").write_text(notebook(TO_TASKS["def what_ada_trained("]))
    (folder / "lesson.ipynb").write_text(notebook(RIGHT))
    book, ((each,), _) = Gradebook(place / "marks.csv"), submissions.find(place / "in")
    book.enter(each, grade.marked(source, each, LIMITS))
    book.finish([each], [])
    rows = list(csv.DictReader(book.out.read_text("utf-8").splitlines()))
    (page,) = (path.read_text("utf-8") for path in book.folder.glob("Eve*.html"))
    return book.entry(each), {row["exercise"]: row for row in rows}, page


def test_a_paper_is_marked_task_by_task(sat):
    entry, rows, _ = sat
    exam = {name: row for name, row in rows.items() if row["lesson"] == "exam a"}
    assert [(name, row["mark"], row["of"], row["status"]) for name, row in exam.items()] == [
        ("a1", "0", "10", marking.FAILED),
        ("a2", "0", "10", marking.ABSENT),
        ("a3", "0", "10", marking.FAILED),
        ("a4", "6", "10", marking.PARTLY),
        ("a5", "10", "10", marking.PASSED),
        ("a6", "", "10", marking.BY_HAND),
        *((name, "", "10", marking.ABSENT) for name in ("a7", "a8", "a9")),
        ("a10", "", "10", marking.BY_HAND),
    ]
    assert {row["judged"] for row in exam.values() if row["mark"] and row["exercise"] != "a2"} == {
        marking.APART
    }
    lesson = {name: (row["mark"], row["of"]) for name, row in rows.items() if name not in exam}
    assert lesson.pop("squared_error") == ("1", "1")
    assert lesson and set(lesson.values()) == {("0", "1")} and "elbo" not in lesson
    passed = f"1 of {len(lesson) + 1} passed"
    assert summary(entry) == f"{passed}; exam a: 16 of 50 points, and 50 more by hand"


def test_of_a_task_is_said_which_steps_are_right_and_not_why(sat):
    said = {mark["exercise"]: mark["message"] for mark in sat[0]["marks"]}
    assert said["a4"].splitlines() == [
        "✓ right  log p(x)",
        "✓ right  the q(z) that makes it exact",
        "✗ wrong  how far it is below",
    ]
    assert said["a1"].count("✗ wrong") == 3
    assert "No module named 'course_utils.exercises.exam.two_storeys'" in said["a3"]


def test_open_answers_stand_beside_the_model(sat):
    page = sat[2]
    assert "u^(-1/α)\n\n    and\n&lt;script&gt;1&lt;/script&gt;" in page and "<script" not in page
    assert "## Three faults" in page
    assert page.count("to be marked by hand: 10 points") == 5
    assert page.count("Nothing is written below this task") == 3
    ideas = [idea for name in ("a6", "a10") for idea in opened_task(name).ideas]
    assert all(f"<td>{each.points}</td><td>{html.escape(each.text)}" in page for each in ideas)


@pytest.mark.parametrize("paper", PAPERS)
def test_what_is_written_below_a_task_is_found(paper):
    """In its cell, in others below it, and where the line that says whose answer it is was lost."""
    handed_out = submissions.cells(NOTEBOOKS / f"exam_{paper}.ipynb")
    assert [mark.status for mark in by_hand(paper, handed_out)] == [marking.ABSENT] * 5
    cells = []
    for kind, text in handed_out:
        answer = re.match(r"\*\*Your answer to task (\d+)\*\*.*", text)
        if not answer:
            cells.append(submissions.Cell(kind, text))
        elif answer[1] != "7":
            cells.append(submissions.Cell(kind, f"{text} below {answer[1]}"))
        cells += [submissions.Cell("code", f"more = {answer[1]}")] if answer else []
    marks = {mark.exercise: mark.message for mark in by_hand(paper, cells)}
    assert marks.pop(f"{paper}7") == "more = 7"
    assert marks == {f"{paper}{n}": f"below {n}\n\nmore = {n}" for n in (6, 8, 9, 10)}


def searched(folder: str) -> list[str]:
    """What is to be found of the exam's solutions, in a folder or in memory. It goes into a box."""
    import importlib
    import os
    import sys

    found = os.listdir(folder)
    for name in ("two_gaussians", "evidence", "two_storeys", "jensen", "reductions"):
        try:
            importlib.import_module(f"course_utils.exercises.exam.{name}")
        except ImportError:
            continue
        found.append(name)
    inside = [name.rpartition("exam.")[2] for name in sys.modules if "exercises.exam." in name]
    return found + [name for name in inside if name not in ("papers", "task")]


@pytest.mark.parametrize("lessons", [False, True])
def test_the_exam_is_solved_in_no_box(source, lessons):
    folder = str(Path(exam.__file__).parent)
    with opened(source, LIMITS, lessons=lessons) as box:
        search = apart.stand_in(box, "searched", [("<cell 1>", inspect.getsource(searched))])
        assert search(folder) == []
    assert {"open.toml", "evidence.py", "jensen"} <= set(searched(folder))


def test_of_a_checkout_that_is_shown_neither_tests_nor_history_are(source):
    """Both have every solution: say, the course lies in /usr/src/app."""
    place = NOTEBOOKS.parent
    shown = Source(enclosed=True, data=place)
    try:
        with opened(shown.line, LIMITS) as box:
            lists = "import os\ndef lists(folder):\n    return os.listdir(folder)"
            look = apart.stand_in(box, "lists", [("<cell 1>", lists)])
            assert "notebooks" in look(str(place))
            assert all(look(str(each)) == [] for each in CHECKOUT if each.is_dir())
            assert look(str(Path(exam.__file__).parent)) == []
    finally:
        shown.close()


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
    assert cells.defined() == {"helper", "f"}
    assert suspicious(Cells(["import os\ndef f():\n    os.fork()"]).answer("f")) == ["os"]


def test_lessons_go_on_with_the_reference_and_that_is_no_answer():
    own = "def f(x):\n    return x  # is it?"
    for going_on in (
        'f = reference("f")',
        'f, g = reference("f"), 2',
        'if not check("f", f).passed:\n    f = reference("f")',
        'if not check("f", f).passed:\n    from course_utils.exercises.lessons import f',
    ):
        assert [each.text for each in Cells([own, going_on]).answer("f")] == [own]


def test_what_only_ipython_understands_is_left_out():
    own = 'def f(x):\n    """Is it?"""\n    return x  # is it?'
    cells = Cells([f"%time\n!ls\nf?\ntorch.nn??\n{own}"])
    assert [each.text for each in cells.answer("f")] == [own] and not cells.broken


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_of_a_lesson_as_handed_out_the_empty_stubs_are_taken(path):
    """And nothing with which the lesson goes on: whoever has written nothing gets nothing."""
    cells = Cells([cell.text for cell in submissions.cells(path) if cell.kind == "code"])
    for name in cells.checked | set(cells.handed_in.values()):
        assert cells.answer(name)[-1].node.name == name


LONG = {
    "a sum of 400 terms": f"    y = {' + '.join(['x'] * 400)}",
    "a chain of 200 calls": f"    y = x{'.clone()' * 200}",
}


@pytest.mark.parametrize("line", LONG.values(), ids=LONG)
def test_a_long_line_is_an_answer_too(line):
    own = f"def f(x):\n{line}\n    return y"
    cells = Cells([own, line.strip()])
    assert not cells.broken and [each.text for each in cells.answer("f")] == [own]


@pytest.mark.parametrize(
    "slip, said",
    [
        ("def f(a, a): pass", "duplicate argument 'a'"),
        ("def f():\n    nonlocal y", "no binding for nonlocal 'y'"),
        ("def f():\n    y = 1\n    global y", "y' is assigned to before global"),
        ("def f(): pass\nreturn f", "'return' outside function in line 2"),
    ],
)
def test_what_only_the_compiler_refuses_breaks_its_cell_alone(slip, said):
    cells = Cells(["def g(x):\n    return x", slip])
    assert cells.answer("g") and said in cells.broken[0].error
    with pytest.raises(Unreadable, match="is no Python"):
        cells.answer("f")


def test_reading_takes_time_in_proportion():
    """Each of these took the square of its length, and a million empty lines for ever."""
    lines = "".join(f"y{i + 1} = y{i}\n" for i in range(3000))
    began = time.process_time()
    Cells(["\n" * 10**6]).defined()
    assert len(Cells([lines + "def f(): return y3000"]).answer("f")) == 3001
    task = "**Your answer to task 1** (\n" * 20_000
    by_hand("a", [submissions.Cell("markdown", task)])
    assert time.process_time() - began < 10


# --- what comes out of a box ----------------------------------------------------------------------


def crossed(value: object) -> object:
    packed = wire.pack(value)
    tree, behind = wire.HEAD.unpack(packed[: wire.HEAD.size])
    rest = packed[wire.HEAD.size :]
    return wire.unpack(rest[:tree], rest[tree : tree + behind])


def test_values_cross_as_they_are():
    value = [1, 2.5, "x", None, (True, {"a": torch.arange(6.0).view(2, 3)}), torch.tensor(3)]
    assert repr(crossed(value)) == repr(value)
    assert type(wire.unpack(b'{"opaque": "Module"}', b"")).__name__ == "Module"


def test_what_a_view_or_a_named_tuple_looks_like_crosses_too():
    largest = torch.arange(4.0).topk(1)
    again = crossed([largest, torch.ones(1).as_strided((1,), (0,)), torch.eye(2).T])
    assert type(again[0]).__name__ == "topk" and list(again[0]) == list(largest)
    assert torch.equal(again[1], torch.ones(1)) and torch.equal(again[2], torch.eye(2))


@pytest.mark.parametrize(
    "tree",
    [
        *(
            b"{",
            b'{"tensor": ["float32", [-1], 0]}',
            b'{"tensor": ["float32", [9], 0]}',
            b"[" * 9999,
        ),
        # All of one hash, 0: to make a set of them took minutes, or a dict.
        json.dumps({"set": [k * (2**61 - 1) for k in range(30_000)]}).encode(),
        json.dumps({"dict": [[k * (2**61 - 1), 0] for k in range(30_000)]}).encode(),
    ],
    ids=len,
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
    folder = tmp_path / "in"
    (folder / "Eve").mkdir(parents=True)
    (tmp_path / "link").symlink_to(folder)
    for out in (folder / "marks.csv", tmp_path / "in.csv", tmp_path / "link" / "marks.csv"):
        assert grade.grade(folder, out) == 1
        assert "within the folder" in capsys.readouterr().err
    assert grade.grade(folder / "Eve", tmp_path / "in.csv") == 1
    assert "within the folder" in capsys.readouterr().err


def test_what_a_box_shows_holds_neither_submissions_nor_marks(tmp_path, monkeypatch, capsys):
    """A checkout in /usr/src, say: a stranger's code would read the others' answers."""
    shown, beside = tmp_path / "shown", tmp_path / "beside"
    (shown / "in").mkdir(parents=True)
    (beside / "in").mkdir(parents=True)
    monkeypatch.setattr(grade, "_shown", lambda: [shown])
    assert grade.grade(shown / "in", beside / "marks.csv") == 1
    assert "submissions is" in capsys.readouterr().err
    assert grade.grade(beside / "in", shown / "marks.csv") == 1
    said = capsys.readouterr().err
    assert "out is" in said and "which every box may read" in said


def test_nobody_else_reads_the_gradebook(tmp_path):
    book = Gradebook(tmp_path / "marks.csv")
    each = submissions.Submission("Eve", tmp_path / "Eve.ipynb", ())
    book.enter(each, grade._Tally(each).entry())
    book.finish([each], [])
    made = [book.out, book.folder, *book.folder.iterdir()]
    assert len(made) == 5 and not any(stat.S_IMODE(path.stat().st_mode) & 0o077 for path in made)


def one(tmp_path: Path, *cells: str) -> tuple[submissions.Submission, Gradebook]:
    (tmp_path / "in").mkdir(exist_ok=True)
    (tmp_path / "in" / "Eve.ipynb").write_text(notebook(*cells))
    ((each,), _) = submissions.find(tmp_path / "in")
    return each, Gradebook(tmp_path / "marks.csv")


def test_who_exits_where_it_is_defined_loses_that_answer_alone(source, tmp_path):
    exits = "import sys\nfor _ in [0]:\n    mean = 1\n    sys.exit()\n"
    each, _ = one(tmp_path, exits + "def gaussian_kl(m, v):\n    return mean", RIGHT)
    marks = {mark["exercise"]: mark for mark in grade.marked(source, each, LIMITS)["marks"]}
    assert "asked Python to exit" in marks["gaussian_kl"]["message"]
    assert marks["squared_error"]["status"] == marking.PASSED


def test_what_cannot_be_marked_takes_nothing_with_it(source, tmp_path, monkeypatch):
    def breaks(source, asked, *rest):
        if asked.name == "gaussian_kl":
            raise MemoryError
        return marking.mark(source, asked, *rest)

    monkeypatch.setattr(grade, "mark", breaks)
    each, _ = one(tmp_path, "def gaussian_kl(m, v): return m", RIGHT)
    marks = {mark["exercise"]: mark for mark in grade.marked(source, each, LIMITS)["marks"]}
    assert "could not be marked (MemoryError)" in marks["gaussian_kl"]["message"]
    assert marks["squared_error"]["status"] == marking.PASSED


def test_a_marker_that_is_never_done_is_stopped_and_what_it_marked_counts(
    boxes, tmp_path, monkeypatch, capfd
):
    def waits(source, asked, *rest):
        if asked.name == "gaussian_kl":
            time.sleep(100)
        return marking.mark(source, asked, *rest)

    monkeypatch.setattr(grade, "mark", waits)
    monkeypatch.setattr(grade, "READING", 10)
    monkeypatch.setattr(grade, "ANSWERS", 0)
    each, book = one(tmp_path, "def gaussian_kl(m, v): return m", RIGHT)
    assert grade._mark_all(boxes, book, [each], LIMITS, 1) == 1
    marks = {mark["exercise"]: mark["status"] for mark in book.entry(each)["marks"]}
    assert marks["squared_error"] == marking.PASSED and "gaussian_kl" not in marks
    assert "not done after 10 seconds" in (said := capfd.readouterr().out)
    assert "What was marked by then counts." in said


def test_what_ends_a_marker_says_so_without_moving_the_cursor(boxes, tmp_path, monkeypatch, capfd):
    def breaks(*_):
        raise RuntimeError("\x1b[2J\x1b]0;title\x07")

    monkeypatch.setattr(grade, "marked", breaks)
    each, book = one(tmp_path, RIGHT)
    grade._mark_all(boxes, book, [each], LIMITS, 1)
    printed = capfd.readouterr()
    assert "RuntimeError" in printed.err and "\x1b" not in printed.err + printed.out
    assert "it ended the process that marks" in printed.out


def test_to_sleep_counts_as_to_work(source):
    with opened(source, LIMITS) as box:
        box.ask("load", "f", [("<cell 1>", "import time\ntime.sleep(1.5)\nf = 1")])
    assert box.worked >= 1.5


def test_an_answer_that_is_marked_is_not_run_again(source, tmp_path, monkeypatch):
    """A hundred copies of one that sleeps would each cost its time anew."""
    folder = tmp_path / "in" / "Eve"
    folder.mkdir(parents=True)
    for name, cell in {"a": RIGHT, "b": MEAN, "c": "def squared_error(): pass"}.items():
        (folder / f"{name}.ipynb").write_text(notebook(cell))
    ((each,), _) = submissions.find(tmp_path / "in")
    runs: list[str] = []
    monkeypatch.setattr(
        grade, "mark", lambda *args: (runs.append(args[1].name), marking.mark(*args))[1]
    )
    entry = grade.marked(source, each, LIMITS)
    assert runs.count("squared_error") == 1
    assert entry["trouble"] == ["squared_error is there more than once; the first one counts."]
