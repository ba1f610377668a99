"""Formulas, set while the book is made: a page needs no script for them, and none fails unseen.

MathJax (of the package django-static-mathjax) runs in the Node that Playwright brings: all formulas
of the book in one call. This is an extension of Sphinx; `conf.py` names it.
"""

import json
import shutil
import subprocess
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from docutils import nodes
from playwright._impl._driver import compute_driver_executable
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
MATHJAX = Path(str(files("mathjax"))) / "static" / "mathjax"
FONTS = MATHJAX / "es5" / "output" / "chtml" / "fonts" / "woff-v2"
DISPLAYED = '<div class="math" tabindex="0" role="group" aria-label="formula">{}</div>'
LINES = 10_000  # to a cell: myst-nb's numbers of lines


class Formula(NamedTuple):
    """TeX, and whether it stands on a line of its own."""

    tex: str
    display: bool


def typeset(formulas: Sequence[Formula]) -> tuple[list[dict[str, str]], str]:
    """For each formula its `html`, or the `error` that keeps it from being set; and their style."""
    node, _ = compute_driver_executable()
    command = [node, str(Path(__file__).with_suffix(".js")), str(MATHJAX)]
    given = json.dumps(formulas)
    told = subprocess.run(command, input=given, stdout=-1, check=True, encoding="utf-8")
    answer = json.loads(told.stdout)
    return answer["results"], answer["style"]


def formula_of(node: nodes.math | nodes.math_block) -> Formula:
    return Formula(node.astext(), isinstance(node, nodes.math_block))


def place_of(name: str, node: nodes.Node) -> str:
    """Where a formula stands: the page, and of a lesson the cell, counted from 1."""
    while node.line is None and node.parent is not None:
        node = node.parent
    cell, line = divmod(node.line or 0, LINES)
    return f"{name}, cell {cell}" if cell else f"{name}, line {line}"


def set_all(app: Sphinx, env: BuildEnvironment) -> None:
    """Set the formulas of every page, and keep them for the writer.

    Of one that MathJax cannot set Sphinx is warned, with its cell; then there is no book.
    """
    found = [
        (name, node)
        for name in sorted(env.found_docs)
        for kind in (nodes.math, nodes.math_block)
        for node in env.get_doctree(name).findall(kind)
    ]
    each = list(dict.fromkeys(formula_of(node) for _, node in found))
    results, style = typeset(each)
    app.formulas = dict(zip(each, results, strict=True))
    for name, node in found:
        if error := app.formulas[formula_of(node)].get("error"):
            formula = node.astext()
            LOGGER.warning("%s: MathJax cannot set %r: %s.", place_of(name, node), formula, error)
    static = Path(app.srcdir) / "_static"
    (static / "formulas.css").write_text(style, encoding="utf-8")
    shutil.copytree(FONTS, static / "fonts")


def visit(translator, node: nodes.math | nodes.math_block) -> None:
    """Write a formula as MathJax has set it; one that is wider than the page can be scrolled."""
    formula = formula_of(node)
    html = translator.builder.app.formulas[formula].get("html", "")
    frame = DISPLAYED if formula.display else '<span class="math">{}</span>'
    translator.body.append(frame.format(html))
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("env-check-consistency", set_all)
    app.add_html_math_renderer("set", (visit, None), (visit, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
