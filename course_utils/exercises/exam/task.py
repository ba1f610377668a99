"""What a checked task of the exam is, and how an answer is judged: each step right or not, not why.

It runs in the same sandbox as the exercises' answers. What is told besides is only that an answer
could not be judged at all: it stopped, or it has another form than was asked for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from course_utils.exercises.checking import sandbox
from course_utils.exercises.checking.answer import Answer, Unsolved, Wrong, fresh
from course_utils.exercises.checking.signature import expect_attempted, expect_callable
from course_utils.exercises.checking.words import describe_type

SECONDS = 10.0  # of work that an answer may take
TOLERANCE = 1e-3  # relative to the largest number expected: answers may round, as float32 does


@dataclass(frozen=True, eq=False)
class Task:
    """A function to write that returns the steps of a derivation, each worth some points.

    Attributes:
        solution: the reference; it returns one value for each step.
        steps: what each step is, in a few words, and its points.
        probes: from a seeded generator to the arguments to try.
        minutes: what it should take.
    """

    solution: Callable
    steps: Mapping[str, int]
    probes: Callable[[torch.Generator], Sequence[tuple]]
    minutes: int

    @property
    def points(self) -> int:
        return sum(self.steps.values())


@dataclass(frozen=True)
class Verdict:
    """What is known of an answer.

    Attributes:
        right: whether each step is right; empty for an answer that was not judged.
        remark: why it was not judged.
        attempted: False for the empty function of the notebook.
    """

    right: Mapping[str, bool] = field(default_factory=dict)
    remark: str = ""
    attempted: bool = True

    def points(self, task: Task) -> int:
        return sum(task.steps[step] for step, right in self.right.items() if right)


def in_words(right: bool) -> str:
    return "✓ right" if right else "✗ wrong"


def judge(task: Task, answer: object, *, seed: int = 0) -> Verdict:
    """Whether each step of an answer is right, on all probes. It never raises."""
    if answer is None or answer is ...:
        return Verdict(attempted=False)
    with sandbox.sealed(seed) as warned:
        under_glass = Answer(answer, task.solution, seed, warned)
        try:
            right = sandbox.run(lambda: _steps(task, under_glass), SECONDS)
        except Unsolved:
            return Verdict(attempted=False)
        except sandbox.TimeUp:
            return Verdict(remark=f"It did not finish within {SECONDS:g} seconds.")
        except BaseException as error:  # its own sentence, or of what could not even be looked at
            said = str(error) if isinstance(error, Wrong) else type(error).__name__
            return Verdict(remark=said)
    return Verdict(right)


def _steps(task: Task, answer: Answer) -> dict[str, bool]:
    expect_callable(answer)
    right = dict.fromkeys(task.steps, True)
    for args in task.probes(answer.generator()):
        expected = task.solution(*map(fresh, args))
        got = values(answer, args, len(expected))
        for step, mine, wanted in zip(right, got, expected, strict=True):
            right[step] = right[step] and agrees(mine, wanted)
    return right


def values(answer: Answer, args: tuple, count: int) -> Sequence:
    """What the answer returns, one value for each step."""
    got = answer(*map(fresh, args))
    expect_attempted(got, answer)
    if not isinstance(got, tuple | list) or len(got) != count:
        raise Wrong(
            f"It returned {describe_type(got)}; expected a tuple of {count} values, with None for "
            "a step that you leave out."
        )
    return got


def agrees(got: object, expected: Tensor | float) -> bool:
    """Whether a value is the expected one: a number, an array or a tensor, of the same
    shape but for axes of length 1."""
    if isinstance(got, bool) or not isinstance(got, Tensor | np.ndarray | np.number | int | float):
        return False
    got, expected = (torch.as_tensor(value).detach() for value in (got, expected))
    got, expected = got.squeeze(), expected.squeeze()  # (1, 1) is a number too
    if got.is_complex() or got.shape != expected.shape:
        return False
    allowed = TOLERANCE * expected.abs().max().item()
    return torch.allclose(got.double(), expected.double(), rtol=0.0, atol=allowed)
