"""How exercises look: text everywhere, HTML in notebooks, in the colours of the reader's theme.

JupyterLab's themes set the variables `--jp-...`; elsewhere the colours behind the comma hold. Each
element carries its own style, because a notebook that is not trusted loses every style sheet.
"""

import html
import inspect
import re
import textwrap
from collections.abc import Sequence

GOOD = "var(--jp-success-color1, #2e7d32)"
BAD = "var(--jp-error-color1, #c62828)"
QUIET = "var(--jp-border-color1, #9e9e9e)"
FONT = "font-family: var(--jp-content-font-family, system-ui, sans-serif)"
MONO = "font-family: var(--jp-code-font-family, ui-monospace, monospace)"

# JupyterLab's own colours of Python code, by kind of token; a kind inherits from its parents.
CODE_COLOURS = {
    "Token.Comment": "var(--jp-mirror-editor-comment-color, #408080)",
    "Token.Keyword": "var(--jp-mirror-editor-keyword-color, #008000)",
    "Token.Literal.Number": "var(--jp-mirror-editor-number-color, #007000)",
    "Token.Literal.String": "var(--jp-mirror-editor-string-color, #ba2121)",
    "Token.Name.Builtin": "var(--jp-mirror-editor-builtin-color, #008000)",
    "Token.Name.Class": "var(--jp-mirror-editor-def-color, #00f)",
    "Token.Name.Decorator": "var(--jp-mirror-editor-meta-color, #a2f)",
    "Token.Name.Function": "var(--jp-mirror-editor-def-color, #00f)",
    "Token.Operator": "var(--jp-mirror-editor-operator-color, #7800c2)",
    "Token.Operator.Word": "var(--jp-mirror-editor-keyword-color, #008000)",
}


class Panel:
    """Something to read: draws itself in a notebook, prints itself elsewhere."""

    def __init__(self, text: str, html: str) -> None:
        self._text = text
        self._html = html

    def __repr__(self) -> str:
        return self._text

    def _repr_html_(self) -> str:
        return self._html


def note(title: str, body: str) -> Panel:
    """A short text under a title; `body` may hold `code` in backticks."""
    return Panel(
        f"{title}\n{textwrap.indent(body, '  ')}",
        f'<div style="{FONT}; border-left: 4px solid {QUIET}; padding: 0.2em 0.9em; '
        f'margin: 0.4em 0; max-width: 46em"><b>{prose(title)}</b><br>{prose(body)}</div>',
    )


def show_source(obj: object) -> Panel:
    """The source of a function, class or module of the package, highlighted.

    Raises:
        ValueError: if there is no Python source to show.
    """
    target = inspect.unwrap(obj) if callable(obj) else obj
    try:
        source = textwrap.dedent(inspect.getsource(target)).rstrip()
    except (TypeError, OSError):
        raise ValueError(
            f"{type(obj).__name__} has no Python source to show; hand in a function, class or "
            "module itself, without quotes or parentheses"
        ) from None
    where = getattr(target, "__module__", None) or target.__name__
    return source_panel(source, f"from {where}")


def source_panel(source: str, title: str, notes: Sequence[str] = ()) -> Panel:
    """Python source under a title, and lines below it."""
    return Panel(
        "\n".join([f"# {title}", source, *notes]),
        f'<div style="{FONT}; font-size: 90%; margin: 0.4em 0 0.2em">{prose(title)}</div>'
        f'<pre style="{MONO}; line-height: 1.35; padding: 0.7em 0.9em; margin: 0; overflow-x: auto;'
        f" border: 1px solid {QUIET}; background: var(--jp-cell-editor-background, #f6f6f6);"
        f' color: var(--jp-mirror-editor-variable-color, #212121)">{highlighted(source)}</pre>'
        f"{below(notes)}",
    )


def highlighted(source: str) -> str:
    """Python source as HTML, each token in its colour; plain where pygments is missing."""
    try:
        from pygments.lexers import PythonLexer
    except ImportError:
        return html.escape(source)

    def paint(kind: object, text: str) -> str:
        parents = [str(parent) for parent in reversed(kind.split())]
        colour = next((CODE_COLOURS[name] for name in parents if name in CODE_COLOURS), None)
        safe = html.escape(text)
        return f'<span style="color: {colour}">{safe}</span>' if colour else safe

    tokens = PythonLexer(stripnl=False, ensurenl=False).get_tokens(source)
    return "".join(paint(kind, text) for kind, text in tokens)


def prose(text: str) -> str:
    """Text as HTML: escaped, line breaks kept; `code` in backticks and indented lines as code."""

    def line(source: str) -> str:
        if source.startswith("    "):
            return f'<span style="{MONO}; font-size: 92%">{source.replace("`", "")}</span>'
        code = rf'<code style="{MONO}; font-size: 92%">\1</code>'
        return re.sub(r"`([^`]+)`", code, source)

    marked = "\n".join(map(line, html.escape(text).split("\n")))
    return f'<span style="white-space: pre-wrap">{marked}</span>'


def table(caption: str, head: list[str], rows: list[list[str]]) -> str:
    """An HTML table whose first column names the row. Cells are HTML already.

    Where a page is too narrow for it, the table scrolls in its own box, and not the page.
    """
    cell = "text-align: left; vertical-align: top; padding: 0.35em 0.9em; white-space: normal"
    header = "".join(f'<th scope="col" style="{cell}">{html.escape(name)}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row" style="{cell}; font-weight: normal">{first}</th>'
        + "".join(f'<td style="{cell}">{value}</td>' for value in others)
        + "</tr>"
        for first, *others in rows
    )
    return (
        '<div style="max-width: 100%; overflow-x: auto">'
        f'<table style="{FONT}; font-size: inherit; border-collapse: collapse; margin: 0.5em 0; '
        f'max-width: 60em">'
        f'<caption style="{cell}; padding-left: 0; caption-side: top; color: inherit">{caption}'
        f"</caption><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def below(lines: Sequence[str]) -> str:
    """Lines under a table, each a paragraph."""
    return "".join(f"<div>{prose(line)}</div>" for line in lines)


def badge(words: str, colour: str) -> str:
    """Words with a coloured edge: the words say it all, the colour only helps."""
    return (
        f'<span style="white-space: nowrap; font-weight: 600; border-left: 4px solid {colour}; '
        f'padding-left: 0.5em">{words}</span>'
    )
