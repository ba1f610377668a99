"""Tables of a page that are made of what was measured and kept, so that the two cannot disagree."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
NOTEBOOKS = HERE.parent.parent / "notebooks"
TABLE = re.compile(r"^\|.*\n(?:\|.*\n)*", re.MULTILINE)


def kept(name: str) -> dict[str, Any]:
    """What was measured under this name; nothing, if nothing was."""
    path = HERE / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def keep(name: str, measured: dict[str, Any]) -> None:
    """Write what was measured, to be read by people too."""
    text = json.dumps(measured, indent=1, ensure_ascii=False)
    (HERE / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def table(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """A table as Markdown writes it."""
    header = list(header)
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def tables_of(name: str) -> list[str]:
    """The tables that stand in notebooks/NAME.md."""
    return TABLE.findall((NOTEBOOKS / f"{name}.md").read_text(encoding="utf-8"))


def write(name: str, tables: Iterable[str]) -> None:
    """Put these tables in the places of those that stand in notebooks/NAME.md."""
    path, following = NOTEBOOKS / f"{name}.md", iter(tables)
    text = path.read_text(encoding="utf-8")
    path.write_text(TABLE.sub(lambda old: next(following, old[0]), text), encoding="utf-8")
