"""Predictions before experiments, and questions about figures: `quiz(key)` draws one.

The questions live in `lessons/lesson_NN/quiz.toml`, so that a cell shows the question's key and not
its answer. The output is one piece of plain HTML and a short script. Where scripts do not run
(a notebook not yet trusted, a web preview, print) it is a readable list with the answer folded
away; where they do, each answer becomes a button and the explanation appears at once. No network,
no cookies, and nothing random: the same question always gives the same output.

Why not `jupyterquiz` (2.9.6, tried in JupyterLab 4.6)? By keyboard only the first answer can be
reached: Lab takes the arrow keys from its radio buttons, and their focus is invisible; nor is its
feedback announced to screen readers. An untrusted notebook, as every fresh clone is, shows
`<IPython.core.display.Javascript object>` and no question. Each question adds 44 kB with random
ids to the notebook, and its script asks a web server for MathJax.
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
LETTERS = "ABCDEFGH"


class Answer(NamedTuple):
    """One answer to choose: its text, whether it is the right one, and what choosing it teaches."""

    text: str
    correct: bool
    feedback: str


@dataclass(frozen=True, repr=False)
class Quiz:
    """A question with lettered answers, exactly one of them right. It draws itself in a notebook.

    As text it is the question and its answers, without saying which one is right.

    Attributes:
        word: what to do: predict before an experiment, or look at a figure before it is read.
        typed: the answers are numbers, and none is shown: one is typed, in a `review`.
    """

    key: str
    question: str
    answers: tuple[Answer, ...]
    word: str = "Predict"
    typed: bool = False

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return page(self.frame())

    def text(self, word: str = "") -> str:
        """The question and its answers, behind a word that says what to do."""
        lines = textwrap.wrap(f"{word or self.word}: {self.question}", 88)
        if self.typed:
            return "\n".join([*lines, f"  {_TYPE}"])
        for letter, answer in zip(LETTERS, self.answers, strict=False):
            indent = {"initial_indent": f"  {letter}. ", "subsequent_indent": "     "}
            lines += textwrap.wrap(answer.text, 88, **indent)
        return "\n".join(lines)

    def frame(self, word: str = "") -> str:
        """The same as HTML in a frame, with the explanations folded away: a part of a `page`."""
        options = "\n".join(f"<li>{escape(answer.text)}</li>" for answer in self.answers)
        explanations = "\n".join(_explanation(answer, self.typed) for answer in self.answers)
        typed = ""
        if self.typed:  # the empty list keeps the place of this question among the others
            options, typed = "", f"<p>{_TYPE}</p>\n"
        return (
            f'<div class="course-quiz" style="{_FRAME}">\n'
            f"<p><small>{word or self.word}</small><br>"
            f"<strong>{escape(self.question)}</strong></p>\n"
            f"<ol {_LETTERED}>\n{options}\n</ol>\n{typed}"
            "<details><summary>Answer and explanations</summary>\n"
            f"<ol {_LETTERED}>\n{explanations}\n</ol>\n</details>\n"
            "</div>\n"
        )

    def chosen(self, given: str) -> Answer | None:
        """The answer that is meant by a letter or, if it is to be typed, by a number: one is meant
        that is the same when it is rounded to as many digits. None if it is none of them."""
        if not self.typed:
            return self.answers[LETTERS.index(given)]
        whole, _, part = given.replace(",", "").partition("/")
        number = float(whole) / float(part or 1)
        return next((each for each in self.answers if _rounds_to(number, each.text)), None)


def _rounds_to(number: float, text: str) -> bool:
    digits = text.replace(",", "")
    half = 0.5 / 10 ** len(digits.partition(".")[2])
    return abs(number - float(digits)) <= half * (1 + 1e-9)


def page(frames: str, more: str = "") -> str:
    """Frames with the style and the script that make them live, and a script of the caller's."""
    own = f"<script>{more}</script>\n" if more else ""
    return f"<style>{_STYLE}</style>\n{frames}{own}<script>{KEYS}{_SCRIPT}</script>"


def quiz(key: str = "", *more: object) -> Quiz:
    """The question `key`, for example "01.axes"; as the last line of a cell, it is drawn.

    Choose an answer before you run the experiment that follows, or read on: by mouse, or with Tab
    (or the arrow keys) and Enter. The explanation appears at once, and the other answers stay open
    to read.

    Args:
        key: the lesson's number, a dot, and the question's name, in quotes, and nothing `more`.

    Returns:
        The question, an object that draws itself.

    Raises:
        ValueError: if there is no such question; the message lists those of the lesson, or has the
            right call.
    """
    quizzes = load_quizzes()
    if more or not isinstance(key, str) or not key:
        example = key if isinstance(key, str) and key in quizzes else next(iter(quizzes))
        raise ValueError(
            "`quiz` takes one thing, the key of a question, as a text in quotes: "
            f'`quiz("{example}")`. You answer by clicking.'
        )
    if key in quizzes:
        return quizzes[key]
    lesson = key.partition(".")[0]
    known = [name for name in quizzes if name.startswith(f"{lesson}.")] or list(quizzes)
    close = difflib.get_close_matches(key, known, n=1)
    suggestion = f" Did you mean {close[0]!r}?" if close else ""
    raise ValueError(f"no quiz is called {key!r}.{suggestion} Known: {', '.join(known)}.")


@cache
def load_quizzes() -> dict[str, Quiz]:
    """Every question of the course by key, in the order of the files.

    In `lesson_01/quiz.toml` a question is a table: `[axes]` becomes "01.axes". It holds `question`
    and a list `answers`; each answer has `text`, `feedback` and, on the right one,
    `correct = true`. With `typed = true`, in a review.toml, each `text` is a number, to as many
    digits as are asked for. `review = true` marks a question that can be understood a week later,
    away from its lesson, `word = "Look"` one about the figure above it. Text is plain Unicode; HTML
    in it is shown, not obeyed.
    """
    return {key: _quiz(key, entry) for key, entry in _entries("quiz.toml").items()}


@cache
def load_remembered() -> dict[str, Quiz]:
    """The questions that `review` may ask: the predictions that stand alone, and what `review.toml`
    holds beside them, in the same form, for lessons that have too few of these."""
    alone = {key: entry for key, entry in _entries("quiz.toml").items() if "review" in entry}
    every = alone | _entries("review.toml")
    return {key: _quiz(key, every[key]) for key in sorted(every)}


def _entries(file: str) -> dict[str, dict]:
    """The tables of all files of this name, by key."""
    return {
        f"{path.parent.name.removeprefix('lesson_')}.{name}": entry
        for path in sorted(LESSONS.glob(f"lesson_*/{file}"))
        for name, entry in tomllib.loads(path.read_text(encoding="utf-8")).items()
    }


def _quiz(key: str, entry: dict) -> Quiz:
    answers = tuple(Answer(**{"correct": False, **answer}) for answer in entry["answers"])
    word, typed = entry.get("word", "Predict"), entry.get("typed", False)
    return Quiz(key, entry["question"], answers, word, typed)


def _explanation(answer: Answer, typed: bool) -> str:
    name, verdict = ("cv-right", "Right.") if answer.correct else ("cv-wrong", "Not this one.")
    number = f"{escape(answer.text)}: " if typed else ""
    return f'<li class="{name}">{number}<b>{verdict}</b> {escape(answer.feedback)}</li>'


# Inline, because an untrusted notebook keeps these and drops <style> with <script>.
_FRAME = "border: 1px solid #999; border-radius: 8px; max-width: 44em; padding: 14px 20px"
_TYPE = "A number, to type into the line below in its place."
_LETTERED = 'style="list-style-type: upper-alpha"'

# Colours are mixed from the surrounding text colour, so that one style serves every theme. Blue and
# orange are told apart by colour-blind eyes too; a mark and a word say the same.
_STYLE = """
.course-quiz { --edge: color-mix(in srgb, currentColor 30%, transparent);
  border-color: var(--edge) !important; line-height: 1.45; margin: 8px 0; }
.course-quiz, .course-quiz * { box-sizing: border-box; }
.course-quiz p { color: inherit; font-size: inherit; }
.course-quiz button { letter-spacing: normal; text-transform: none; }
.course-quiz > p { margin: 0 0 10px; }
.course-quiz small { font-size: .75em; font-weight: 600; letter-spacing: .09em; opacity: .75;
  text-transform: uppercase; }
.course-quiz[data-live] > ol { display: grid; gap: 8px; margin: 0; padding: 0; }
.course-quiz[data-live] > ol > li { display: block; margin: 0; }
.course-quiz[data-live] > details { display: none; }
.course-quiz button { background: none; border: 1px solid var(--edge); border-radius: 6px;
  color: inherit; cursor: pointer; display: flex; font: inherit; gap: 10px; margin: 0;
  padding: 8px 12px; text-align: left; width: 100%; }
.course-quiz button b { opacity: .75; }
.course-quiz [aria-pressed=false]:hover {
  background: color-mix(in srgb, currentColor 7%, transparent); }
.course-quiz button:focus-visible { outline: 3px solid #2f81d6; outline-offset: 2px; }
.course-quiz button::after { margin-left: auto; white-space: nowrap; }
.course-quiz [aria-pressed=true] { --mark: #d9730d; border-color: var(--mark);
  box-shadow: inset 4px 0 var(--mark);
  background: color-mix(in srgb, var(--mark) 12%, transparent); }
.course-quiz [aria-pressed=true]::after { content: "\\2717"; }
.course-quiz .cv-right[aria-pressed=true] { --mark: #2f81d6; }
.course-quiz .cv-right[aria-pressed=true]::after { content: "\\2713"; }
.course-quiz p[role=status] { margin: 12px 0 0; }
.course-quiz p[role=status]:empty { margin: 0; }
"""

# JupyterLab would take an arrow key to move to another cell; it leaves a key alone whose default
# is prevented.
_SCRIPT = """
document.querySelectorAll(".course-quiz:not([data-live])").forEach(root => {
  root.dataset.live = "";
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", root.querySelector("strong").textContent);
  const explanations = root.querySelectorAll("details li");
  const said = root.appendChild(document.createElement("p"));
  said.setAttribute("role", "status");
  const buttons = [...root.querySelectorAll(":scope > ol > li")].map((item, i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = explanations[i].className;
    button.dataset.lmSuppressShortcuts = "true";  // Jupyter leaves it its keys
    button.setAttribute("aria-pressed", false);
    const letter = document.createElement("b");
    letter.textContent = "ABCDEFGH"[i];
    button.append(letter, " ", item.textContent);
    button.onclick = () => {
      buttons.forEach(other => other.setAttribute("aria-pressed", other === button));
      said.replaceChildren(...[...explanations[i].childNodes].map(node => node.cloneNode(true)));
    };
    item.replaceChildren(button);
    return button;
  });
  root.addEventListener("keydown", event => {
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (!step || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const place = buttons.indexOf(document.activeElement) + step + buttons.length;
    buttons[place % buttons.length].focus();
  });
});
"""
