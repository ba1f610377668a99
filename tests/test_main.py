"""`python -m course_utils`: what it prints, and the exit code it ends with."""

import hashlib
import importlib.metadata
import platform
import re
import runpy
import shutil
import sys
import tomllib
from types import SimpleNamespace

import pytest

from course_utils import __main__ as command_line
from course_utils import data, exercises


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    """No data set is there, and none is asked for."""
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.delenv("COURSE_DATASET", raising=False)


def put_mnist(root, monkeypatch, content=b"stand-in"):
    """Files of the right names whose checksums are the right ones."""
    folder = root / "MNIST" / "raw"
    folder.mkdir(parents=True)
    sums = dict.fromkeys(data.SOURCES["mnist"].md5, hashlib.md5(content).hexdigest())
    monkeypatch.setitem(data.SOURCES, "mnist", data.SOURCES["mnist"]._replace(md5=sums))
    for file in sums:
        (folder / file).write_bytes(content)
    return folder


def line_about(subject, text):
    return next(line for line in text.splitlines() if re.match(rf"[ !] {subject} ", line))


def test_doctor_on_a_good_machine(monkeypatch, tmp_path, capsys):
    folder = put_mnist(tmp_path, monkeypatch)
    assert command_line.main(["doctor"]) == 0
    report = capsys.readouterr().out
    assert platform.python_version() in line_about("Python", report)
    assert importlib.metadata.version("torch") in line_about("torch", report)
    assert importlib.metadata.version("jupyterlab") in line_about("jupyterlab", report)
    assert re.search(r"\d+( for us)?$", line_about("CPU cores", report))
    assert re.search(r"\d GB, .* free: room for \d+ open lesson", line_about("memory", report))
    assert re.search("cpu|cuda|mps", line_about("device", report))
    assert re.search(r"\d+ train together.*(gloo|nccl)", line_about("processes", report))
    assert f"MNIST, verified, in {tmp_path}" in line_about("data", report)
    assert "MB free" in line_about("disk", report) and folder.exists()
    assert report.endswith("\nReady.\n")


def test_doctor_lists_every_package_of_pyproject(capsys):
    command_line.main(["doctor"])
    report = capsys.readouterr().out
    project = tomllib.loads((command_line.REPOSITORY / "pyproject.toml").read_text("utf-8"))
    for requirement in project["project"]["dependencies"]:
        assert line_about(requirement.split(">=")[0], report)


def test_doctor_without_mnist_is_ready_and_says_how_to_get_it(tmp_path, capsys):
    assert command_line.main(["doctor"]) == 0
    report = capsys.readouterr().out
    assert line_about("data", report).startswith("!")
    assert "run `python -m course_utils data mnist`" in report and str(tmp_path) in report
    assert not list(tmp_path.iterdir())  # the doctor looks and leaves nothing


def test_doctor_names_a_damaged_file(monkeypatch, tmp_path, capsys):
    damaged = put_mnist(tmp_path, monkeypatch) / "t10k-images-idx3-ubyte"
    damaged.write_bytes(b"half")
    assert command_line.main(["doctor"]) == 1
    report = capsys.readouterr().out
    assert f"{damaged} is damaged" in report and "delete that file" in report
    assert report.endswith("\nNot ready: follow the arrows above.\n")


@pytest.mark.parametrize(
    ("chosen", "code"),
    [
        ("digits", 0),
        ("photos", 0),
        ("shapes", 0),
        ("fashion_mnist", 0),
        ("cifar10", 0),
        ("mnits", 1),
    ],
)
def test_doctor_honours_course_dataset(monkeypatch, capsys, chosen, code):
    monkeypatch.setenv("COURSE_DATASET", chosen)
    assert command_line.main(["doctor"]) == code
    report = capsys.readouterr().out
    told = {
        "digits": "digits, inside scikit-learn",
        "photos": "photos, inside scikit-learn",
        "shapes": "drawn by code",
        "fashion_mnist": "Fashion-MNIST is not in",
        "cifar10": "CIFAR-10 is not in",
    }
    assert told.get(chosen, "COURSE_DATASET is 'mnits'") in report


def test_doctor_reports_missing_and_old_packages(monkeypatch, capsys):
    installed = importlib.metadata.version

    def version(package):
        if package == "jupyterlab":
            raise importlib.metadata.PackageNotFoundError(package)
        return "0.0.1rc1" if package == "numpy" else installed(package)

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert command_line.main(["doctor"]) == 1
    report = capsys.readouterr().out
    assert "not installed" in line_about("jupyterlab", report)
    assert '-> python -m pip install "jupyterlab>=' in report
    assert "0.0.1rc1, older than" in line_about("numpy", report)


def test_doctor_reports_without_torch(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch", None)  # importing it raises ImportError
    assert command_line.main(["doctor"]) == 1
    report = capsys.readouterr().out
    assert "torch does not import" in line_about("device", report)
    assert line_about("data", report)  # and it goes on to the end


@pytest.mark.parametrize(("chosen", "room"), [("", 100), ("cifar10", 370)])
def test_doctor_warns_of_a_full_disk(monkeypatch, capsys, chosen, room):
    monkeypatch.setenv("COURSE_DATASET", chosen)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=(room - 1) * 10**6))
    assert command_line.main(["doctor"]) == 0
    report = capsys.readouterr().out
    assert line_about("disk", report).startswith("!") and f"free {room} MB" in report


@pytest.mark.parametrize(
    ("free", "told", "advice"),
    [(500, "room for 0 open lessons", "Kernel"), (900, "room for 1 open lesson", None)],
)
def test_doctor_says_for_how_many_lessons_there_is_memory(monkeypatch, capsys, free, told, advice):
    memory = SimpleNamespace(total=4 * 10**9, available=free * 10**6)
    monkeypatch.setattr("psutil.virtual_memory", lambda: memory)
    assert command_line.main(["doctor"]) == 0
    line = line_about("memory", report := capsys.readouterr().out)
    assert line.endswith(told) and f"4 GB, {free / 1000:.1f} free" in line
    assert line.startswith("!") == bool(advice) and ("Shut Down Kernel" in report) == bool(advice)


def test_doctor_tells_the_cores_that_it_may_use(monkeypatch, capsys):
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0, 3}, raising=False)
    command_line.main(["doctor"])
    assert line_about("CPU cores", capsys.readouterr().out).endswith("8, 2 for us")


def test_doctor_goes_on_without_psutil(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "psutil", None)
    command_line.main(["doctor"])
    assert "memory" not in (report := capsys.readouterr().out) and line_about("device", report)


def test_data_verifies_and_says_where(monkeypatch, tmp_path, capsys):
    folder = put_mnist(tmp_path, monkeypatch)
    assert command_line.main(["data"]) == 0
    assert capsys.readouterr().out == f"MNIST: 4 files, checksums right, in {folder}\n"


def test_data_failing_is_one_sentence(monkeypatch, tmp_path, capsys):
    damaged = put_mnist(tmp_path, monkeypatch) / "train-labels-idx1-ubyte"
    damaged.write_bytes(b"")
    assert command_line.main(["data", "mnist"]) == 1
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1 and str(damaged) in printed.err


def test_data_of_an_unknown_name(capsys):
    assert command_line.main(["data", "digits"]) == 1
    assert "kept in files are mnist, fashion_mnist, cifar10" in capsys.readouterr().err


def test_progress_prints_what_the_exercises_know(monkeypatch, capsys):
    monkeypatch.setattr(exercises, "progress", lambda: "2 of 3 done", raising=False)
    assert command_line.main(["progress"]) == 0
    assert capsys.readouterr().out == "2 of 3 done\n"


@pytest.mark.parametrize("arguments", [[], ["dance"]])
def test_wrong_usage_names_the_commands(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        command_line.main(arguments)
    assert ended.value.code == 2 and "usage: python -m course_utils" in capsys.readouterr().err


def test_from_the_shell(monkeypatch, capsys):
    """Run as `python -m` runs it, but in this process, which has loaded torch already."""
    monkeypatch.setattr(sys, "argv", ["course_utils", "--help"])
    monkeypatch.delitem(sys.modules, "course_utils.__main__")
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("course_utils", run_name="__main__")
    assert not ended.value.code
    shown = capsys.readouterr().out
    for command in ("doctor", "data", "progress"):
        assert command in shown
