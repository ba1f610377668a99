"""The book on paper: all pages as one document, A4, its formulas set and its links alive.

Sphinx puts the pages one after another (`singlehtml`), and Chromium prints them without scripts, so
that each view is its still picture. `print.css` says what paper is to look like.
"""

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import sync_playwright

from press.chromium import FLAGS, executable
from press.faults import Faults
from press.setting import sphinx

PATIENCE = 600_000  # milliseconds: some hundred pages on a busy machine
# Page numbers below; a header of Chromium's own would have the date.
NUMBER = '<div style="font-size: 8px; text-align: center; width: 100%" class="pageNumber"></div>'
MARGINS = {"top": "18mm", "bottom": "18mm", "left": "17mm", "right": "17mm"}


def on_paper(page: str) -> str:
    """A page of all pages for paper: what is folded is open, and links lead to places in it."""
    page = re.sub(r"<details(?=[\s>])(?![^>]*\sopen)", "<details open", page)
    page = re.sub(r'href="\w+\.html#([^"]+)"', r'href="#\1"', page)
    page = re.sub(r'href="(\w+)\.html"', r'href="#document-\1"', page)
    return page.replace("</head>", '<link rel="stylesheet" href="_static/print.css"></head>', 1)


def cover_on_paper(index: str) -> str:
    """The first page, whose headings open no sections: the lessons would then stand in the last."""
    front = index.partition("\n## The lessons")[0]
    front = re.sub(r"^## (.+)$", r"```{rubric} \1\n```", front, flags=re.MULTILINE)
    trees = re.findall(r"^```\{toctree\}.*?^```", index, re.MULTILINE | re.DOTALL)
    return "\n\n".join([front, *trees])


def print_out(made: Mapping[str, str], target: Path) -> None:
    """Print the pages `made`, as Sphinx reads them, into the file `target`.

    Raises:
        Faults: if there is no browser, or Sphinx complains.
    """
    if executable() is None:
        raise Faults(
            [
                "Chromium prints the book, and none is here: install it, or run "
                "`.venv/bin/python -m playwright install chromium`."
            ]
        )
    with tempfile.TemporaryDirectory(prefix="press-") as scratch:
        sphinx(
            {**made, "index.md": cover_on_paper(made["index.md"])},
            Path(scratch),
            builder="singlehtml",
        )
        index = Path(scratch, "book", "index.html")
        index.write_text(on_paper(index.read_text("utf-8")), encoding="utf-8")
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=executable(), args=FLAGS)
            context = browser.new_context(java_script_enabled=False, color_scheme="light")
            page = context.new_page()
            page.set_default_timeout(PATIENCE)
            page.goto(index.as_uri())
            page.pdf(
                path=target,
                format="A4",
                margin=MARGINS,
                outline=True,
                tagged=True,
                print_background=True,
                display_header_footer=True,
                header_template="<span></span>",
                footer_template=NUMBER,
            )
            browser.close()
