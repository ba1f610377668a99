"""What `check` answers: a small table, and a text that says the same."""

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

from course_utils.exercises.showing import display


class Result(NamedTuple):
    """One stage of a check. The message of a stage that passed is empty."""

    name: str
    passed: bool
    message: str


class NotPassed(AssertionError):
    """Raised by `check` instead of returning a report that is not passed, if COURSE_STRICT is 1."""


class Report:
    """The outcome of `check`: evaluate it in a cell, print it, or ask it.

    Attributes:
        name: the exercise.
        passed: whether every stage passed.
        attempted: False as long as the answer is what the notebook gave, a stub or a specimen.
        waiting: what the headline says until then.
        results: the stages that were run; only the last can have failed.
        to_come: names of the stages after it, which were not run.
        success: what the exercise promises to whoever solves it.
        notes: lines that change nothing, such as a warning, or a file that cannot be written.
        before: what to know before all the rest: that it is not your newest code that was judged.
    """

    def __init__(
        self,
        name: str,
        results: Sequence[Result],
        *,
        attempted: bool = True,
        waiting: str = "not attempted yet",
        to_come: Sequence[str] = (),
        success: str = "",
        notes: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.results = list(results)
        self.attempted = attempted
        self.waiting = waiting
        self.to_come = tuple(to_come)
        self.success = success
        self.notes = tuple(notes)
        self.before = ""

    @property
    def passed(self) -> bool:
        return self.attempted and all(result.passed for result in self.results)

    @property
    def message(self) -> str:
        """The one message of a check that did not pass, else what success looks like."""
        message = self.success if self.passed else self.results[-1].message
        return f"{self.before}\n{message}" if self.before else message

    def __repr__(self) -> str:
        lines = [self._headline(), *([f"  {self.before}"] if self.before else [])]
        for result in self.results if self.attempted else ():
            lines.append(f"  {_mark(result):<10}  {result.name}")
            if result.message:
                lines.append(textwrap.indent(result.message, " " * 14))
        lines += [f"  {'- to come':<10}  {name}" for name in self.to_come]
        lines += [textwrap.indent(text, "  ") for text in self._footer()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        colour = display.GOOD if self.passed else display.BAD if self.attempted else display.QUIET
        headline = display.badge(display.prose(self._headline()), colour)
        first = _paragraphs([self.before] if self.before else [])
        footer = _paragraphs(self._footer())
        if not self.attempted:
            return f'{first}<div style="{display.FONT}; margin: 0.4em 0">{headline}</div>{footer}'
        rows = [
            [
                display.prose(result.name),
                display.badge(_mark(result), display.GOOD if result.passed else display.BAD),
                display.prose(result.message),
            ]
            for result in self.results
        ]
        quiet = display.badge("– to come", display.QUIET)
        rows += [[display.prose(name), quiet, ""] for name in self.to_come]
        return first + display.table(headline, ["check", "result", "what to know"], rows) + footer

    def _headline(self) -> str:
        if self.passed:
            return f"✓ {self.name}: passed"
        if not self.attempted:
            return f"○ {self.name}: {self.waiting}"
        return f"✗ {self.name}: not there yet"

    def _footer(self) -> list[str]:
        if self.passed:
            texts = [self.success]
        elif self.attempted:
            texts = [f'Stuck? `hint("{self.name}")` helps a little more each time.']
        else:
            texts = [self.results[-1].message]
        return [text for text in (*texts, *self.notes) if text]


def _mark(result: Result) -> str:
    return "✓ passed" if result.passed else "✗ not yet"


def _paragraphs(texts: Sequence[str]) -> str:
    style = f"{display.FONT}; max-width: 46em; margin: 0.3em 0"
    return "".join(f'<div style="{style}">{display.prose(text)}</div>' for text in texts)
