"""The exam: `hand_in` an answer, add up the `marks`, and look at a `model_answer` afterwards.

    papers.py    which tasks there are;  open.toml  the open ones, with their marking schemes
    task.py      how the answer to a checked task is judged: each step right or not, and not why
    two_gaussians.py, evidence.py, two_storeys.py, jensen.py, reductions.py   the checked tasks,
                 each in both papers' clothes
    slips.py     which belief a wrong answer shows, for whoever marks it

What is handed in is kept by the kernel and nowhere else: an exam leaves the record of the lessons
(`progress`, `review`) as it was, and running the notebook again from the top brings all marks back.
"""

from collections.abc import Sequence

from course_utils.exercises.checking.words import shown
from course_utils.exercises.exam.papers import (
    PAPERS,
    Open,
    UnknownTask,
    checked,
    checked_tasks,
    open_tasks,
    opened,
)
from course_utils.exercises.exam.task import Task, Verdict, in_words, judge
from course_utils.exercises.showing import display

__all__ = ["UnknownTask", "hand_in", "marks", "model_answer"]

_handed_in: dict[str, Verdict] = {}  # in this kernel, the last of each task
_tries: dict[str, int] = {}


def hand_in(name: str = "", answer: object = None) -> display.Panel:
    """Hand in the answer to a checked task: which of its steps are right, and no word on why.

    The last answer counts, and `marks` says how many there were. Nothing is written to the record
    of the lessons.

    Args:
        name: the task, in quotes: "a1" to "a5", "b1" to "b5".
        answer: your function itself, without parentheses.

    Raises:
        UnknownTask: if there is no such task; the message says which there are.
    """
    task = checked(name)
    verdict = _handed_in[name] = judge(task, answer)
    if verdict.attempted:
        _tries[name] = _tries.get(name, 0) + 1
    headline = _headline(name, task, verdict)
    if not verdict.right:
        said = verdict.remark or (
            f"{task.points} points, about {task.minutes} minutes. Write your code in place of "
            "`raise NotImplementedError`, run its cell, then run this one again."
        )
        return display.note(headline, said)
    rows = [
        [display.prose(step), _mark(right), f"{task.steps[step] if right else 0}"]
        for step, right in verdict.right.items()
    ]
    lines = [f"  {in_words(right)}  {step}" for step, right in verdict.right.items()]
    return display.Panel(
        "\n".join([headline, *lines]),
        display.table(display.prose(headline), ["step", "result", "points"], rows),
    )


def _headline(name: str, task: Task, verdict: Verdict) -> str:
    if not verdict.attempted:
        return f"○ Task {name}: not answered yet"
    if not verdict.right:
        return f"✗ Task {name}: could not be judged"
    return f"Task {name}: {verdict.points(task)} of {task.points} points"


def _mark(right: bool) -> str:
    return display.badge(in_words(right), display.GOOD if right else display.BAD)


def model_answer(name: str = "", *, now: bool = False) -> display.Panel:
    """A model answer to an open task, and the points for each idea in it, once yours is written.

    Args:
        name: the task, in quotes: "a6" to "a10", "b6" to "b10".
        now: show it; without, it says what to do first.

    Raises:
        UnknownTask: if there is no such task; the message says which there are.
    """
    task = opened(name)
    if not now:
        return display.note(
            f"First answer task {name} yourself",
            f"Write your answer into its cell, and leave the model alone until the time is over: "
            f'`model_answer("{name}", now=True)` shows it then, with the points for each idea.',
        )
    title = f"Task {name}: a model answer, worth {task.points} points"
    rows = [[display.prose(idea.text), f"{idea.points}"] for idea in task.ideas]
    lines = [f"  {idea.points}  {idea.text}" for idea in task.ideas]
    shown_answer = display.note(title, task.answer)
    return display.Panel(
        "\n".join([str(shown_answer), "Points for each idea, in any words:", *lines]),
        shown_answer._repr_html_()
        + display.table("Points for each idea, in any words", ["idea", "points"], rows),
    )


def marks(paper: str = "", open_points: Sequence[float | int] | None = None) -> display.Panel:
    """The sum of a paper: what was handed in and, if you say them, the points of the open tasks.

    Args:
        paper: "a" or "b", in quotes.
        open_points: what you gave yourself, or another gave you, for tasks 6 to 10, in this order.

    Raises:
        ValueError: if there is no such paper, or a task cannot have so many points.
    """
    if not isinstance(paper, str) or paper not in PAPERS:
        raise ValueError(
            f'paper is {shown(paper, 60)}; expected "a" or "b", in quotes: `marks("a")`'
        )
    tasks = {name: task for name, task in open_tasks().items() if name.startswith(paper)}
    given = dict.fromkeys(tasks) if open_points is None else _given(paper, tasks, open_points)
    own = [(name, task) for name, task in checked_tasks().items() if name[0] == paper]
    rows = [(name, *_of_checked(name, task)) for name, task in own]
    rows += [
        (name, task.points, given[name], "open" if given[name] is None else "marked by hand")
        for name, task in tasks.items()
    ]
    return _table(paper, rows)


def _given(
    paper: str, tasks: dict[str, Open], points: Sequence[float | int]
) -> dict[str, float | int]:
    """The points of each open task, if they are possible."""
    listed = isinstance(points, Sequence) and not isinstance(points, str)
    numbers = listed and all(type(each) in (int, float) for each in points)
    limits = [task.points for task in tasks.values()]
    if (
        not numbers
        or len(points) != len(limits)
        or not all(0 <= each <= limit for each, limit in zip(points, limits, strict=True))
    ):
        raise ValueError(
            f"open_points is {shown(points, 60)}; expected {len(limits)} numbers, from 0 to "
            f'{max(limits)} for each open task: `marks("{paper}", ({", ".join(["7"] * 5)}))`'
        )
    return dict(zip(tasks, points, strict=True))


def _of_checked(name: str, task: Task) -> tuple[int, int, str]:
    """What a checked task is worth, what it has brought, and the word for that."""
    tries = _tries.get(name, 0)
    if tries == 0:
        return task.points, 0, "not answered"
    return task.points, _handed_in[name].points(task), f"try {tries}"


def _table(paper: str, rows: list[tuple[str, int, float | int | None, str]]) -> display.Panel:
    """A row for each task, under the sum of those that have been marked."""
    marked = [(most, got) for _, most, got, _ in rows if got is not None]
    caption = (
        f"Paper {paper}: {sum(got for _, got in marked):g} of {sum(most for most, _ in marked)} "
        "points"
    )
    lines = []
    if left := [name for name, _, got, _ in rows if got is None]:
        most = sum(most for _, most, got, _ in rows if got is None)
        lines = [
            f"Open tasks are worth {most} points more. For each, lay the model answer beside "
            f'yours, `model_answer("{left[0]}", now=True)`, and give every idea that is in yours '
            f'its points; then `marks("{paper}", (…))` with the five sums adds up the paper.'
        ]
    shown_rows = [
        [name, "–" if got is None else f"{got:g}", str(most), word]
        for name, most, got, word in rows
    ]
    text = [f"  {name:<4} {got:>4} of {most:<3} {word}" for name, got, most, word in shown_rows]
    return display.Panel(
        "\n".join([caption, *text, *lines]),
        display.table(caption, ["task", "points", "of", "how"], shown_rows) + display.below(lines),
    )
