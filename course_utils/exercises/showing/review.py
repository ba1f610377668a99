"""Questions that come back: `Review` draws five of the lessons behind the learner, and judges them.

Each is one of `quiz.load_remembered()`, in the look and with the script of `quiz`. Which five, is
decided by the record and the day alone, and by nothing random: the most overdue first, at most two
of a lesson, lessons mixed. A question is due 1, 3, 7, 16, 35, … days after its last answer, a step
further each time that it was known; one day after, when it was not.

Why pauses that grow, and no even ones? What is left at the end is the same, as far as is known:
over the studies that compared them Latimier, Peyre and Ramus (2021) found g = 0.03. What differs is
the work. With even pauses every question of nineteen lessons would come back as often as the
newest, and at five a day most would wait; with growing ones a question that is known makes room,
after five times for more than a month. Spread evenly are the lessons in one review.

Drawing from memory what one has learned, on spaced days and mixed, is what makes it stay (Cepeda
and others, "Distributed practice in verbal recall tasks", 2006; Rohrer and Taylor, 2007, of mixed
problems in mathematics).

The page cannot write into the record, and the kernel cannot see the page. So the first choices fill
a line of Python, which whoever works without a mouse or a script types.
"""

import datetime
import re
import textwrap
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from course_utils.exercises.showing import display, record
from course_utils.exercises.showing.quiz import LETTERS, Answer, Quiz, load_remembered, page

COUNT, OF_ONE_LESSON = 5, 2
DAYS = (1, 3, 7, 16, 35, 77)  # after being known once, twice, …; from then on the last
UNKNOWN = "-"
NUMBER = r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+|(?<=\d))(?:/[1-9]\d*)?"  # 0.5, 1/2, 25,120


@dataclass(frozen=True, repr=False)
class Review:
    """Questions to answer from memory. It draws itself in a notebook; as text it keeps the secret.

    Attributes:
        questions: in the order in which they are asked.
        before: the number of the lesson that they stand at the opening of, or "".
        notes: what there is to say of the record.
    """

    questions: tuple[Quiz, ...]
    before: str = ""
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        asked = (quiz.text(word) for word, quiz in self._worded())
        line, how = self.line(UNKNOWN * len(self.questions)), textwrap.fill(self._how(), 88)
        return "\n\n".join([*asked, "\n".join([how, f"    {line}", *self.notes])])

    def _repr_html_(self) -> str:
        frames = "".join(quiz.frame(escape(word)) for word, quiz in self._worded())
        line = escape(self.line(UNKNOWN * len(self.questions)))
        return page(
            f'<div class="course-review">\n{frames}'
            # The class and the mark: the keys and the style of a question, and not its script.
            f'<div class="course-quiz" data-live style="max-width: 44em">'
            f"<p>{escape(self._how())}</p>\n<pre>{line}</pre></div>\n"
            f"{display.below(self.notes)}</div>\n",
            _SCRIPT,
        )

    def line(self, letters: str = "") -> str:
        """The call that hands in these letters, or, without any, the one that asks."""
        said = {f'"{letters}"': letters, f'before="{self.before}"': self.before}
        return f"review({', '.join(part for part, given in said.items() if given)})"

    def _worded(self) -> list[tuple[str, Quiz]]:
        total = len(self.questions)
        words = "Remember {} of {} (lesson {})"
        return [
            (words.format(number, total, quiz.key[:2]), quiz)
            for number, quiz in enumerate(self.questions, start=1)
        ]

    def _how(self) -> str:
        what = "one letter for each question"
        typed = [place for place, quiz in enumerate(self.questions, 1) if quiz.typed]
        if typed:
            example = " ".join("0.5" if quiz.typed else "A" for quiz in self.questions)
            places = " and ".join(map(str, typed))
            what += f", and a number in place {places}, as in `{self.line(example)}`"
        return (
            f"Your first choices, {what}. Run this line in a cell, or type "
            f"it, with {UNKNOWN} where you do not know:"
        )


def due(entry: Mapping, today: datetime.date) -> datetime.date:
    """The day on which an answered question comes back; today, if it was answered in the future."""
    asked = record.day(entry)
    if asked > today:
        return today
    return asked + datetime.timedelta(DAYS[min(max(entry["known"], 1), len(DAYS)) - 1])


def draw(
    begun: Mapping[str, datetime.date | None], answered: Mapping[str, Mapping], before: str = ""
) -> tuple[Quiz, ...]:
    """Of the lessons `begun`: what is due, the most overdue first; what was never asked, the oldest
    lessons first; what is due later; what belongs to a lesson that was not begun. Not what was
    answered today, and at most two of a lesson.

    Args:
        begun: the day on which each lesson that is behind the learner was begun, by its number;
            None for one that the record does not know, and that fills up.
        answered: what the record has of questions.
        before: as of `Review`; where days are equal, another lesson asks other questions.
    """
    today = record.today()

    def rank(key: str) -> tuple[int, datetime.date, int]:
        first = begun[key[:2]]
        if key in answered:
            day = due(answered[key], today)
            turn = 0 if day <= today else 2
        else:
            day, turn = (today, 3) if first is None else (min(first, today), 1)
        return turn, day, zlib.crc32(f"{before} {key}".encode())

    chosen: list[str] = []
    for key in sorted((key for key in load_remembered() if key[:2] in begun), key=rank):
        fresh = key not in answered or record.day(answered[key]) != today
        if fresh and [other[:2] for other in chosen].count(key[:2]) < OF_ONE_LESSON:
            chosen.append(key)
    return tuple(load_remembered()[key] for key in _mixed(chosen[:COUNT]))


def _mixed(keys: list[str]) -> list[str]:
    """No two of a lesson in a row, if it can be: lessons with two begin, their second ones end."""
    often = Counter(key[:2] for key in keys)
    ordered = sorted(keys, key=lambda key: -often[key[:2]])
    lessons = [key[:2] for key in ordered]
    firsts = [key for number, key in enumerate(ordered) if key[:2] not in lessons[:number]]
    return firsts + [key for key in ordered if key not in firsts]


def read_answers(answers: str, asked: Review) -> tuple[str, ...]:
    """What `answers` says to each question: a letter, a number or "-". What stands between them,
    commas and spaces, may be left out.

    Raises:
        ValueError: if they are not one for each question, each a letter of it, or a number where
            one is asked for, or "-".
    """
    text = answers.upper() if isinstance(answers, str) else ""
    given, place, wrong = [], 0, ""
    for quiz in asked.questions:
        found = re.compile(_form(quiz)).match(text, place)
        if found is None:
            more = text[place:].strip(" ,")
            wrong = f"; question {1 + len(given)} has no such answer" if more else ""
            break
        given.append(found[1])
        place = found.end()
    if len(given) == len(asked.questions) and not text[place:].strip(" ,\n\t"):
        return tuple(given)
    choices = [
        ["0.5"] * 3 if quiz.typed else LETTERS[: len(quiz.answers)] for quiz in asked.questions
    ]
    example = [each[number % 3] for number, each in enumerate(choices)]
    expected, between = "letters, one for each question", ""
    if any(quiz.typed for quiz in asked.questions):
        between = " "
        expected = "answers, a letter for each question, or a number where it asks for one"
    raise ValueError(
        f"the answers are {repr(answers)[:60]}{wrong}; expected {len(asked.questions)} {expected}, "
        f"with {UNKNOWN} where you do not know, as in `{asked.line(between.join(example))}`"
    )


def _form(quiz: Quiz) -> str:
    """What an answer to this question looks like, behind what may stand before it."""
    letter = f"[{LETTERS[: len(quiz.answers)]}]"
    return rf"[\s,]*({NUMBER if quiz.typed else letter}|{UNKNOWN})"


def judge(asked: Review, given: Sequence[str]) -> display.Panel:
    """Enter the answers, and say of each whether it was right, and when it is asked again.

    The first answer of a day counts. A right one before its day moves that day, and counts no more.
    """
    known = {
        quiz.key: _answer(quiz, each) is not None and _answer(quiz, each).correct
        for quiz, each in zip(asked.questions, given, strict=True)
    }
    entered: dict[str, dict] = {}

    def enter(held: record.Held) -> record.Held:
        entered.update({key: _entry(held.review.get(key), right) for key, right in known.items()})
        return held._replace(review=held.review | entered)

    lines = record.change(enter)
    if not entered:  # the record could not be read
        enter(record.Held({}, {}))
    return _verdict(asked, given, entered, lines)


def _answer(quiz: Quiz, given: str) -> Answer | None:
    """The answer of the question that was given; None for a dash, and for any other number."""
    return None if given == UNKNOWN else quiz.chosen(given)


def _entry(old: Mapping | None, right: bool) -> Mapping:
    today = record.today()
    if old is not None and record.day(old) == today:
        return old
    if not right:
        return {"date": today.isoformat(), "known": 0}
    times = 1 if old is None else old["known"] + (due(old, today) <= today)
    return {"date": today.isoformat(), "known": times}


def _verdict(
    asked: Review, given: Sequence[str], entered: Mapping[str, Mapping], lines: list[str]
) -> display.Panel:
    again = {key: due(entry, record.today()) for key, entry in entered.items()}
    rows = [
        (f"{number}. {quiz.question}", *_told(quiz, each), again[quiz.key].isoformat())
        for number, (quiz, each) in enumerate(zip(asked.questions, given, strict=True), 1)
    ]
    right = sum(mark.startswith("✓") for _, mark, *_ in rows)
    caption = f"{right} of {len(rows)} known; the next is due on {min(again.values())}"
    return display.Panel(_verdict_text(caption, rows, lines), _verdict_html(caption, rows, lines))


def _told(quiz: Quiz, given: str) -> tuple[str, str]:
    """Whether this answer is right, and what choosing it teaches, with the right one beside it."""
    best = next(answer for answer in quiz.answers if answer.correct)
    chosen = _answer(quiz, given)
    if chosen is None:
        mark = "✗ not known" if given == UNKNOWN else f"✗ {given}, not this one"
        return mark, f"The right one: {best.text}{':' if quiz.typed else ''} {best.feedback}"
    if chosen.correct:
        return f"✓ {given}, right", best.feedback
    return f"✗ {given}, not this one", f"{chosen.feedback} The right one: {best.text}"


def _verdict_text(caption: str, rows: list[tuple[str, ...]], lines: list[str]) -> str:
    said = [caption]
    for question, mark, taught, again in rows:
        said += textwrap.wrap(question, 88, subsequent_indent="   ")
        indent = {"initial_indent": "   ", "subsequent_indent": "   "}
        said += textwrap.wrap(f"{mark}. {taught} (Again on {again}.)", 88, **indent)
    return "\n".join([*said, *lines])


def _verdict_html(caption: str, rows: list[tuple[str, ...]], lines: list[str]) -> str:
    cells = [
        [
            display.prose(question),
            display.badge(mark, display.GOOD if mark.startswith("✓") else display.BAD),
            display.prose(taught),
            display.badge(again, display.QUIET),
        ]
        for question, mark, taught, again in rows
    ]
    head = ["question", "yours", "what to know", "again on"]
    return display.table(caption, head, cells) + display.below(lines)


# Beside the script of the questions, which makes the buttons. The first choice is the one that
# counts, for after it the explanation stands there.
_SCRIPT = """
document.querySelectorAll(".course-review:not([data-live])").forEach(root => {
  root.dataset.live = "";
  const shown = root.querySelector("pre"), empty = shown.textContent;
  const letters = [...root.querySelectorAll(":scope > .course-quiz > ol")].map(() => "-");
  const copy = document.createElement("button");
  copy.type = "button";
  copy.textContent = "Copy the line";
  copy.style.width = "auto";
  const said = document.createElement("p");
  said.setAttribute("role", "status");
  shown.after(copy, said);
  copy.onclick = async () => {
    try {
      await navigator.clipboard.writeText(shown.textContent);
    } catch {  // not allowed here: the old way
      getSelection().selectAllChildren(shown);
      document.execCommand("copy");
    }
    said.textContent = "Copied";
    setTimeout(() => { said.textContent = ""; }, 2000);
  };
  root.addEventListener("click", event => {
    const chosen = event.target.closest("li > button");
    if (!chosen) return;
    const list = chosen.closest("ol");
    const lists = [...root.querySelectorAll(":scope > .course-quiz > ol")];
    const place = lists.indexOf(list);
    if (place < 0 || letters[place] !== "-") return;
    letters[place] = "ABCDEFGH"[[...list.children].indexOf(chosen.parentElement)];
    shown.textContent = empty.replace(/"-+"/, `"${letters.join("")}"`);
  });
});
"""
