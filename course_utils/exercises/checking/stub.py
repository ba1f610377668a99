"""The stub of an exercise, as it stands in a cell before anybody has written anything."""

import ast
import inspect
import sys
from collections.abc import Callable


def stub(solution: Callable) -> str:
    """The signature and docstring of a reference function, with `raise` in place of its code.

    The imports that its signature needs stand above it.
    """
    tree = ast.parse(inspect.getsource(sys.modules[solution.__module__]))
    function = next(node for node in tree.body if getattr(node, "name", "") == solution.__name__)
    lines = inspect.getsource(solution).splitlines()
    head = lines[: function.body[0].end_lineno - function.lineno + 1]
    del function.body[1:]
    used = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    imports = [text for node in tree.body if (text := _import(node, used))]
    return "\n".join(["import torch", *imports, "", "", *head, "    raise NotImplementedError"])


def _import(node: ast.stmt, used: set[str]) -> str:
    """The import with those of its names that are used, if there are any."""
    if not isinstance(node, ast.ImportFrom):
        return ""
    names = [alias for alias in node.names if alias.name in used]
    return ast.unparse(ast.ImportFrom(node.module, names, 0)) if names else ""
