"""Whether the newest cell that defines a name is the one whose code is judged.

In a notebook a cell that stops, with a SyntaxError or before it comes to its `def`, leaves the
function of an earlier run in place; a check of that speaks of code that is no longer on the screen.
"""

import ast
import inspect
import linecache
import re
import sys
import warnings
from collections.abc import Sequence
from itertools import chain
from types import FunctionType

from course_utils.exercises.checking.words import first_lines


def outdated(name: str, answer: object) -> str:
    """A sentence if an answer is older than the newest cell that defines its name, else ""."""
    if not issubclass(type(answer), FunctionType | type):
        return ""  # nothing that a cell defines; and nothing is asked of an object that may refuse
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    cells = getattr(shell, "user_ns", {}).get("In") or []
    return _outdated(name, answer, [str(cell) for cell in cells])


def _outdated(name: str, answer: object, cells: Sequence[str]) -> str:
    """The same for these cells, oldest first; the last is the one that runs now."""
    if getattr(answer, "__name__", "") not in (name, "<lambda>"):
        return ""  # an answer under a name of its own
    *earlier, current = cells or [""]
    newest = next((cell for cell in reversed(earlier) if _defines(cell, name)), None)
    if newest is None or _defines(current, name):
        return ""
    error = _syntax_error(newest)
    if error is not None:
        where = f"{type(error).__name__} in line {error.lineno}: {first_lines(error.msg)}"
        return f"Your cell did not run ({where}); this judges the version before."
    made_by = _cell_of(answer)
    if made_by.strip() in ("", newest.strip()) or made_by not in {c.strip() for c in earlier}:
        return ""
    return (
        f"Your newest cell with `{name}` stopped with an error before it came to it; this judges "
        "the version before."
    )


def _syntax_error(cell: str) -> SyntaxError | None:
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        with warnings.catch_warnings(action="ignore"):
            compile(cell, "<cell>", "exec", flags=flags, dont_inherit=True)
    except SyntaxError as error:
        return error
    except ValueError as error:  # a null character
        return SyntaxError(str(error))
    return None


def _defines(cell: str, name: str) -> bool:
    """Whether a cell has this name at its left edge, after `def`, `class` or before `=`."""
    begins = rf"^(?:(?:async[ \t]+)?def[ \t]+|class[ \t]+){re.escape(name)}\b"
    assigns = rf"^{re.escape(name)}[ \t]*(?::[^=\n]+)?=(?!=)"
    return re.search(f"{begins}|{assigns}", cell, re.MULTILINE) is not None


def _cell_of(answer: object) -> str:
    """The text of the cell that an answer was made by; "" if that is not known."""
    members = vars(answer).values() if inspect.isclass(answer) else ()
    codes = (getattr(each, "__code__", None) for each in chain([answer], members))
    code = next((code for code in codes if inspect.iscode(code)), None)
    return "".join(linecache.getlines(code.co_filename)).strip() if code else ""
