"""What is left to do in an answer that the notebook gave half-filled: its `...`, line by line."""

import ast
import inspect
import textwrap
from types import FunctionType

HOLES = 3  # so many does a half-filled exercise begin with


def holes(answer: object) -> list[str]:
    """The lines of a function in which an expression is still `...`, from top to bottom.

    An ellipsis within square brackets is no hole: `x[..., 0]` is how the last axis is indexed. What
    is no function, or one whose text is not known, has none.
    """
    if type(answer) is not FunctionType:
        return []
    try:
        text = textwrap.dedent(inspect.getsource(answer))
        tree = ast.parse(text)
    except (OSError, SyntaxError):
        return []
    lines = text.splitlines()
    return [lines[hole.lineno - 1].strip() for hole in _ellipses(tree)]


def _ellipses(node: ast.AST) -> list[ast.Constant]:
    if isinstance(node, ast.Constant) and node.value is ...:
        return [node]
    children = [node.value] if isinstance(node, ast.Subscript) else ast.iter_child_nodes(node)
    return [hole for child in children for hole in _ellipses(child)]
