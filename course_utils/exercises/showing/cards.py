"""Cards: short questions with full answers, one at a time, for the evening before an interview.

`cards("14")` draws the deck `lessons/lesson_14/cards.toml`. As with `quiz`, the output is plain
HTML and a short script. Where scripts do not run (a notebook not yet trusted, a web preview) it is
a numbered list of questions, each a <details> that opens by mouse or keyboard. Where they do, one
card lies on the table, and buttons or the arrow keys go through the deck. In print all answers are
open. No network, no ids, nothing random.

jupytercards (3.2) turns cards by a click on a coloured square, which a screen reader cannot name
and a keyboard cannot reach; the text of all cards lives in a script, so that an untrusted notebook
or a printed page shows none.
"""

import difflib
import textwrap
import tomllib
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import NamedTuple

from course_utils._keys import KEYS

LESSONS = Path(__file__).parents[1] / "lessons"


class Card(NamedTuple):
    """A question, the whole answer to it, and where in the course it comes from."""

    question: str
    answer: str
    lesson: str  # "06, section 8"


@dataclass(frozen=True, repr=False)
class Deck:
    """Cards to go through. It draws itself in a notebook; as text it is all of them, answered."""

    key: str
    title: str
    cards: tuple[Card, ...]

    def __repr__(self) -> str:
        lines = [f"{self.title}: {len(self.cards)} cards"]
        for number, card in enumerate(self.cards, start=1):
            start = {"initial_indent": f"{number:3}. ", "subsequent_indent": " " * 5}
            lines += textwrap.wrap(card.question, 88, **start)
            answer = f"{card.answer} (Lesson {card.lesson})"
            lines += textwrap.wrap(answer, 88, initial_indent=" " * 7, subsequent_indent=" " * 7)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        cards = "\n".join(_card(card) for card in self.cards)
        return (
            f"<style>{_STYLE}</style>\n"
            f'<div class="course-cards" style="{_FRAME}">\n'
            f"<p><small>Cards</small><br><strong>{escape(self.title)}</strong></p>\n"
            f"<ol>\n{cards}\n</ol>\n"
            "</div>\n"
            f"<script>{KEYS}{_SCRIPT}</script>"
        )


def cards(key: str) -> Deck:
    """The deck `key`, for example "14"; as the last line of a cell, it is drawn.

    Answer aloud, then turn the card: by mouse, or with Tab and Enter. The arrow keys go to the next
    card and back.

    Raises:
        ValueError: if there is no such deck; the message lists those there are.
    """
    decks = load_decks()
    if key in decks:
        return decks[key]
    close = difflib.get_close_matches(str(key), decks, n=1)
    suggestion = f" Did you mean {close[0]!r}?" if close else ""
    raise ValueError(f"no deck is called {key!r}.{suggestion} Known: {', '.join(decks)}.")


@cache
def load_decks() -> dict[str, Deck]:
    """Every deck by key, in the order of the files.

    `lesson_14/cards.toml` becomes "14". It holds a `title` and a list `cards`; each card has
    `question`, `answer` and `lesson`. Text is plain Unicode; HTML in it is shown, not obeyed.
    """
    decks = {}
    for path in sorted(LESSONS.glob("lesson_*/cards.toml")):
        key = path.parent.name.removeprefix("lesson_")
        deck = tomllib.loads(path.read_text(encoding="utf-8"))
        decks[key] = Deck(key, deck["title"], tuple(Card(**card) for card in deck["cards"]))
    return decks


def _card(card: Card) -> str:
    return (
        f"<li><details><summary>{escape(card.question)}</summary>"
        f"<p>{escape(card.answer)} <small>Lesson {escape(card.lesson)}.</small></p></details></li>"
    )


# Inline, because an untrusted notebook keeps this and drops <style> with <script>.
_FRAME = "border: 1px solid #999; border-radius: 8px; max-width: 44em; padding: 14px 20px"

_STYLE = """
.course-cards { --edge: color-mix(in srgb, currentColor 30%, transparent);
  border-color: var(--edge) !important; line-height: 1.5; margin: 8px 0; }
.course-cards, .course-cards * { box-sizing: border-box; }
.course-cards p { color: inherit; font-size: inherit; }
.course-cards button { letter-spacing: normal; text-transform: none; }
.course-cards > p { margin: 0 0 10px; }
.course-cards > p small { font-size: .75em; font-weight: 600; letter-spacing: .09em; opacity: .75;
  text-transform: uppercase; }
.course-cards summary { cursor: pointer; }
.course-cards details > p { margin: 6px 0 10px; }
.course-cards details small { font-size: .85em; opacity: .75; white-space: nowrap; }
.course-cards :focus-visible { outline: 3px solid #2f81d6; outline-offset: 2px; }
.course-cards nav { align-items: center; display: none; flex-wrap: wrap; gap: 10px;
  margin: 12px 0 0; }
.course-cards button { background: none; border: 1px solid var(--edge); border-radius: 6px;
  color: inherit; cursor: pointer; font: inherit; margin: 0; padding: 6px 12px; }
.course-cards button:hover { background: color-mix(in srgb, currentColor 7%, transparent); }
@media screen {
  .course-cards[data-live] > ol { list-style: none; margin: 0; min-height: 11em; padding: 0; }
  .course-cards[data-live] > ol > li:not([data-here]) { display: none; }
  .course-cards[data-live] summary { font-size: 1.1em; font-weight: 600; list-style: none; }
  .course-cards[data-live] summary::-webkit-details-marker { display: none; }
  .course-cards[data-live] nav { display: flex; }
}
@media print {
  .course-cards details::details-content { content-visibility: visible; display: block; }
}
"""

# JupyterLab would take an arrow key to move to another cell; it leaves a key alone whose default is
# prevented.
_SCRIPT = """
document.querySelectorAll(".course-cards:not([data-live])").forEach(root => {
  root.dataset.live = "";
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", root.querySelector("strong").textContent);
  root.querySelector("ol").setAttribute("aria-live", "polite");  // a turned card is read out
  const items = [...root.querySelectorAll(":scope > ol > li")];
  const pages = items.map(item => item.firstElementChild);
  const bar = root.appendChild(document.createElement("nav"));
  const add = (kind, text) => {
    const part = bar.appendChild(document.createElement(kind));
    part.textContent = text;
    if (kind === "button") part.type = "button";
    return part;
  };
  const back = add("button", "Previous"), turn = add("button", ""), next = add("button", "Next");
  const said = add("span", "");
  said.setAttribute("role", "status");
  for (const part of root.querySelectorAll("summary, button"))
    part.dataset.lmSuppressShortcuts = "true";  // Jupyter leaves them their keys
  let here = 0;
  const name = () => {
    turn.textContent = pages[here].open ? "Hide answer" : "Show answer";
    turn.setAttribute("aria-expanded", pages[here].open);
  };
  const go = step => {
    here = (here + step + items.length) % items.length;
    items.forEach((item, i) => item.toggleAttribute("data-here", i === here));
    pages[here].open = false;
    said.textContent = `Card ${here + 1} of ${items.length}`;
    name();
  };
  back.onclick = () => go(-1);
  next.onclick = () => go(1);
  turn.onclick = () => { pages[here].open = !pages[here].open; };
  pages.forEach(page => page.addEventListener("toggle", name));
  root.addEventListener("keydown", event => {
    const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
    if (!step || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    go(step);
  });
  addEventListener("beforeprint", () => pages.forEach(page => { page.open = true; }));
  addEventListener("afterprint", () => pages.forEach(page => { page.open = false; }));
  go(0);
});
"""
