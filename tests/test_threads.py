"""PyTorch's threads wait as the course wants it, in every process; the user's own wish stands."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from course_utils import _threads

LINE = Path(_threads.__file__).with_name("threads.pth")
OURS = {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"}
PRINT = "import os; print(os.environ.get('GOMP_SPINCOUNT'))"

linux = pytest.mark.skipif(sys.platform != "linux", reason="a matter of Linux alone")
installed_by_make = pytest.mark.skipif(
    Path(sys.prefix) != LINE.parents[1] / ".venv", reason="not installed by make"
)


def printed(*command: str, **variables: str) -> str:
    """What a Python process prints that inherits none of this process's settings of threads."""
    inherited = {key: value for key, value in os.environ.items() if key not in OURS}
    return subprocess.run(
        [sys.executable, *command],
        env=inherited | variables,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {}, "1000"),
        ("linux", {"GOMP_SPINCOUNT": "7"}, "7"),
        ("linux", {"OMP_WAIT_POLICY": "ACTIVE"}, None),
        ("darwin", {}, None),
        ("win32", {}, None),
    ],
)
def test_the_line(monkeypatch, platform, variables, expected):
    monkeypatch.setattr(sys, "platform", platform)
    for name in OURS:
        monkeypatch.setenv(name, "")  # so that it is put back
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    exec(LINE.read_text(encoding="utf-8"))
    assert os.environ.get("GOMP_SPINCOUNT") == expected


@linux
def test_importing_the_course_sets_it_before_torch_is_loaded():
    """Also where the line is not among those that Python runs at its start."""
    program = """
import os, sys

class Watch:
    def find_spec(name, path, target=None):
        if name == "torch":
            print(os.environ.get("GOMP_SPINCOUNT"))
            raise SystemExit  # torch itself need not be loaded

os.environ.pop("GOMP_SPINCOUNT", None)
sys.meta_path.insert(0, Watch)
import course_utils
"""
    assert printed("-c", program) == "1000"


@linux
@installed_by_make
def test_every_process_has_it_and_what_the_user_has_set_stands():
    installed = Path(sysconfig.get_path("purelib"), LINE.name)
    assert installed.read_bytes() == LINE.read_bytes(), "make has not installed this line yet"
    assert printed("-c", PRINT) == "1000"
    assert printed("-c", PRINT, GOMP_SPINCOUNT="7") == "7"
    assert printed("-c", PRINT, OMP_WAIT_POLICY="PASSIVE") == "None"


@linux
@installed_by_make
def test_every_kernel_has_it(tmp_path):
    """JupyterLab, Notebook and VS Code all start the kernel that stands in the environment."""
    import nbformat
    from nbclient import NotebookClient

    from tools.execute import PATIENT

    cell = nbformat.v4.new_code_cell(PRINT)
    notebook = nbformat.v4.new_notebook(cells=[cell])
    client = NotebookClient(notebook, kernel_name="python3", config=PATIENT)
    client.execute(env={key: value for key, value in os.environ.items() if key not in OURS})
    assert cell.outputs[0].text.strip() == "1000"


@linux
@installed_by_make
@pytest.mark.thorough
def test_every_process_of_torchrun_has_it(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(PRINT)
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    assert printed(*command).split() == ["1000", "1000"]
