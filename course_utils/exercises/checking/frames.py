"""Which lines of a running or failed program are the learner's own."""

import linecache
import os
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from types import FrameType

import torch

# Code in these folders is nobody's answer.
LIBRARIES = tuple(
    os.path.normcase(os.path.join(folder, ""))
    for folder in {
        *(sysconfig.get_path(key) for key in ("stdlib", "platstdlib", "purelib", "platlib")),
        str(Path(__file__).resolve().parents[2]),
        str(Path(torch.__file__).parents[1]),
    }
)


def is_learners(frame: FrameType) -> bool:
    """Whether the learner wrote the code of this frame, in a cell or in a file of their own."""
    filename = frame.f_code.co_filename
    made_by_machines = filename.startswith(("<frozen", "<@", "<__array"))
    return not made_by_machines and not os.path.normcase(filename).startswith(LIBRARIES)


def learners_line(frames: Iterable[tuple[FrameType, int]]) -> str:
    """The innermost line of the learner's: "line 3 of your cell: `return x / 0`", or "".

    Args:
        frames: outermost first, each with its line, as from `traceback.walk_tb`.
    """
    theirs = [(frame, number) for frame, number in frames if is_learners(frame)]
    if not theirs:
        return ""
    frame, number = theirs[-1]
    filename = frame.f_code.co_filename
    place = os.path.basename(filename) if os.path.exists(filename) else "your cell"
    source = linecache.getline(filename, number, frame.f_globals).strip()
    return f"line {number} of {place}" + (f": `{source[:120]}`" if source else "")
