"""Run notebooks from top to bottom in a clean kernel and keep their outputs: `make execute`.

A notebook is written back only if every cell ran and what it claims holds (tests/claims), in one
move, and in a form that makes small differences: no times, no machine's names, and text laid out
the same way each time.
"""

import argparse
import asyncio
import atexit
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from threading import current_thread, main_thread
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from traitlets.config import Config

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE = {"name": "python"}
CLAIMS = Path(__file__).resolve().parents[1] / "claims"
CELL_SECONDS = 900  # a guard against what hangs, on a busy machine too
# After its usual five seconds Jupyter leaves a kernel that takes its time to end to itself. After
# half of these it is told to end, and after the rest it is killed: now and then two threads of
# ipykernel wait for each other at the end.
PATIENT = Config(KernelManager={"shutdown_wait_time": 60})


class NoKernel(RuntimeError):
    """The kernel did not start."""


FAILURES = (CellExecutionError, CellTimeoutError, DeadKernelError, NoKernel)


def run(
    notebook: nbformat.NotebookNode, folder: Path, environment: dict[str, str], **settings: Any
) -> None:
    """Execute `notebook` in `folder`, in place; `environment` is added to this process's own.

    `settings` are nbclient's.

    Raises one of `FAILURES`: at the first cell that raises, takes too long or kills the kernel, or
    at once, if none starts.
    """
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        startup_timeout=CELL_SECONDS,
        kernel_name=KERNELSPEC["name"],
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        config=PATIENT,
        coalesce_streams=True,
        force_raise_errors=True,
        extra_arguments=["--log-level=ERROR"],  # the kernel logs to the terminal otherwise
        **settings,
    )
    handled = (signal.SIGINT, signal.SIGTERM) if current_thread() is main_thread() else ()
    usual = {number: signal.getsignal(number) for number in handled}
    try:
        # In a loop of its own: where no kernel starts, nbclient leaves handlers behind that would
        # shut the kernel of whoever comes next, and they go when their loop is closed.
        asyncio.run(client.async_execute(env={**os.environ, **environment}))
    except FAILURES:
        raise
    except RuntimeError as error:
        atexit.unregister(client._cleanup_kernel)  # it would stumble over the kernel that is not
        raise NoKernel(
            f"the kernel did not start ({error}): does `{sys.executable} -m ipykernel_launcher "
            "--version` print a version? `make clean` and a new installation mend most of what can "
            "be wrong with it"
        ) from error
    finally:
        for number, handler in usual.items():  # closing the loop sets the system's own
            signal.signal(number, handler)


def claims(path: Path) -> str:
    """What the lesson at `path` claims: code that asserts it, to be run after its last cell."""
    file = CLAIMS / f"lesson_{path.name[:2]}.py"
    return file.read_text(encoding="utf-8") if file.exists() else ""


def run_and_judge(path: Path, notebook: nbformat.NotebookNode, environment: dict[str, str]) -> None:
    """`run` the notebook of the lesson at `path`, beside the others, and then its claims."""
    notebook.cells.append(nbformat.v4.new_code_cell(claims(path)))
    try:
        run(notebook, path.parent, environment)
    finally:
        notebook.cells.pop()


def title(notebook: nbformat.NotebookNode) -> str:
    """The first heading, which is the name of a page made from the notebook."""
    lines = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return next((line[2:].strip() for line in lines.splitlines() if line.startswith("# ")), "")


def tidy(notebook: nbformat.NotebookNode) -> None:
    """Keep what describes the lesson, and drop what describes this run of it.

    Also the state of its widgets: without a kernel they would look alive and move nothing, and each
    leaves a still picture that says so (`course_utils.widgets.panel`).
    """
    kept = {"kernelspec": KERNELSPEC, "language_info": LANGUAGE, "title": title(notebook)}
    notebook.metadata = nbformat.from_dict(kept)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)


def write(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Replace the file at `path` in one move, so that an interruption leaves the old one whole."""
    text = nbformat.writes(notebook).rstrip("\n") + "\n"
    scratch = path.with_suffix(".ipynb.tmp")
    try:
        scratch.write_text(text, encoding="utf-8", newline="\n")
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)


def execute(path: Path) -> None:
    """Run the notebook at `path` on MNIST, as a learner with no record, and write it back."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        course = {
            "COURSE_DATASET": "mnist",
            "COURSE_PROGRESS": str(Path(folder, "progress.json")),
            "COURSE_QUIET": "1",
            "COURSE_STRICT": "",
        }
        run_and_judge(path, notebook, course)
    tidy(notebook)
    write(notebook, path)


def main(arguments: list[str] | None = None) -> int:
    """Execute every notebook named; 1 if any had to be left as it was."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="+", type=Path, help="notebooks, or folders of them")
    failed = 0
    for given in parser.parse_args(arguments).paths:
        for path in sorted(given.glob("*.ipynb")) if given.is_dir() else [given]:
            started = time.perf_counter()
            try:
                execute(path)
                print(f"{path}: {time.perf_counter() - started:.1f} s", flush=True)
            except FAILURES as error:
                failed = 1
                reason = "" if isinstance(error, NoKernel) else "a cell failed:\n"
                print(f"{path} was left as it was: {reason}{error}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
