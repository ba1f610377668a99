"""Progress bars: one line in a terminal, one line in a notebook, nothing in a test.

tqdm keeps the time and draws the bar. In a notebook its line is shown as an ordinary text output
that is updated in place: the usual notebook bar is a widget, which a saved page cannot show.
"""

import io
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm

FORMAT = "{bar:20} {desc} · {elapsed} done, {remaining} left"
FORMAT_UNKNOWN_LENGTH = "{desc} · {elapsed} done"


class Bar:
    """How far training has come, drawn at most ten times a second."""

    def __init__(self, epochs: int, steps: int, line: tqdm) -> None:
        self.epochs, self.steps, self.line = epochs, steps, line

    def show(self, epoch: int, step: int, means: Mapping[str, float]) -> None:
        """Draw: `epoch` complete epochs, `step` steps of the next, and the means so far in it."""
        if self.line.disable:
            return
        terms = (f"{name} {value:.4g}" for name, value in means.items())
        description = " · ".join([f"epoch {epoch + 1}/{self.epochs}", *terms])
        self.line.set_description_str(description, refresh=False)
        self.line.update(epoch * self.steps + step - self.line.n if self.steps else 1)

    def close(self, summary: str) -> None:
        """Put one last line in the bar's place; in a notebook nothing, for there the history that
        `fit` returns shows itself."""
        if self.line.leave:
            self.line.bar_format = summary.replace("{", "{{").replace("}", "}}")
            self.line.refresh()


class _NotebookLine(tqdm):
    """tqdm, drawing into one output of the cell instead of the terminal."""

    output: Any = None

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        from IPython.display import display

        line = {"text/plain": str(self) if msg is None else msg}
        if self.output is None:
            self.output = display(line, raw=True, display_id=True)
        else:
            self.output.update(line, raw=True)


@contextmanager
def progress_bar(epochs: int, steps: int, *, enabled: bool) -> Iterator[Bar]:
    """A bar for `epochs` epochs of `steps` steps each (0 if unknown), closed at the end."""
    form = FORMAT if steps else FORMAT_UNKNOWN_LENGTH
    with progress_line(form, epochs * steps or None, enabled=enabled, desc="starting") as line:
        yield Bar(epochs, steps, line)


@contextmanager
def progress_line(
    form: str, total: int | None, *, enabled: bool = True, **more: Any
) -> Iterator[tqdm]:
    """tqdm's line in a terminal, or in one output of a notebook's cell; none under COURSE_QUIET.

    Args:
        form: what is drawn, as tqdm's `bar_format`.
        more: for tqdm.
    """
    more["disable"] = not enabled or bool(os.environ.get("COURSE_QUIET"))
    if _in_notebook():
        more |= {"file": io.StringIO(), "ncols": 100, "ascii": False, "leave": False}
        kind = _NotebookLine
    else:
        more |= {"file": sys.stderr, "dynamic_ncols": True}
        kind = tqdm
    with kind(bar_format=form, total=total, **more) as line:
        yield line


def _in_notebook() -> bool:
    """True in a Jupyter kernel; False in a terminal, plain Python or IPython's prompt."""
    ipython = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    return type(shell).__name__ == "ZMQInteractiveShell"
