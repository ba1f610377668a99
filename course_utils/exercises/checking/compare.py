"""The checks that most exercises share: the same inputs to the answer and to the reference.

`Comparison(...).stages` are type → shape → value → gradient. What each of them asks of one outcome,
and what stages of an exercise's own are built from, is in `expect`.
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from course_utils.exercises.checking.answer import Answer, Crash, Wrong, fresh
from course_utils.exercises.checking.exercise import Stage
from course_utils.exercises.checking.expect import (
    Number,
    expect_close,
    expect_shape,
    expect_type,
    pattern,
    same,
)
from course_utils.exercises.checking.signature import expect_attempted

ONLY_TENSORS = (
    "The numbers were right. Now `{name}` wants its gradient, as the output of a network does in "
    "training: compute with tensors from first to last, without NumPy."
)
FEW = 4  # so many numbers may agree by chance
CUT_THREAD = (
    "The numbers are right, but nothing could be trained with them: the result does not remember "
    "how it was computed from `{name}`. `.detach()`, `.item()`, `.tolist()`, `.numpy()`, "
    "`torch.no_grad()` and `torch.tensor(...)` around a result all cut that thread. Find the one "
    "in your code and compute with tensors instead."
)


class Mistake(NamedTuple):
    """A wrong implementation that people really write, and what to say to them.

    It is run on the same inputs as the answer. If both return the same on all of them, or at least
    up to the first that shows the answer to be wrong, or stop with the same exception, the message
    is given. Few numbers agree by chance too easily for the second: then it has to explain some of
    the others as well.
    """

    answer: Callable
    message: str


class Trial(NamedTuple):
    """One call of the answer: its arguments, what came back, and what the reference returns."""

    args: tuple
    got: object
    expected: object


@dataclass(frozen=True, eq=False)
class Comparison:
    """Stages that compare an answer with the reference solution.

    Attributes:
        probes: from a seeded generator to the argument tuples to try. The first should be small
            enough to print, of no special shape, and away from every point where a wrong formula
            looks right.
        shape: the expected shape in words. None leaves the stage out, for answers that are numbers.
        advice: the next thing to try when no known mistake fits.
        mistakes: in order; where two return the same, the first is named.
        gradient: the parameter, or parameters, whose gradient is compared as well, or None.
        tolerance: the largest error allowed, relative to the largest number expected.
        by_all: name a mistake only if it gives the same as the answer on every probe, and not just
            up to the first that shows it to be wrong: small whole numbers often agree by chance.
    """

    probes: Callable[[torch.Generator], Sequence[tuple]]
    shape: str | None
    advice: str
    mistakes: Sequence[Mistake]
    gradient: str | tuple[str, ...] | None = None
    tolerance: float = 1e-4
    by_all: bool = False

    @property
    def stages(self) -> tuple[Stage, ...]:
        stages = [Stage("type", self._type)]
        if self.shape is not None:
            stages.append(Stage("shape", self._shape))
        stages.append(Stage("value", self._value))
        if self.gradient is not None:
            stages.append(Stage("gradient", self._gradient))
        return tuple(stages)

    def _type(self, answer: Answer) -> None:
        """Call the answer on every probe; the later stages look at what came back."""
        trials = answer.memory[self] = []
        for args in self.probes(answer.generator()):
            expected = answer.solution(*fresh_all(args))
            try:
                got = answer(*fresh_all(args))
            except Crash as crash:
                trials.append(Trial(args, crash.error, expected))
                message = self._named(trials)
                raise Crash(f"{message}\n{crash}", crash.error) if message else crash from None
            expect_attempted(got, answer)
            expect_type(got, expected)
            # A copy of a tensor, in case the answer writes its next result into the same memory.
            got = got.detach().clone() if isinstance(got, Tensor) else got
            trials.append(Trial(args, got, expected))

    def _shape(self, answer: Answer) -> None:
        self._require(
            answer,
            lambda trial, given: expect_shape(trial.got, trial.expected, self.shape, given),
        )

    def _value(self, answer: Answer) -> None:
        pattern = self._pattern(answer.memory[self])
        self._require(
            answer,
            lambda trial, given: expect_close(
                trial.got, trial.expected, given, f"{pattern}{self.advice}", self.tolerance
            ),
        )
        self._again(answer)

    def _again(self, answer: Answer) -> None:
        """Once more the first inputs: what is kept from one call to the next shows."""
        first, *others = answer.memory[self]
        if others and not same(answer(*fresh_all(first.args)), first.expected, self.tolerance):
            raise Wrong(
                "Every result was right, but called with the first inputs once more your function "
                "returns something else. It keeps something from one call to the next, in a list, "
                "a `global` name or a default argument: make everything anew inside of it."
            )

    def _pattern(self, trials: Sequence[Trial]) -> str:
        """What single numbers have in common, over all inputs; of a tensor each says it itself."""
        pairs = [(trial.got, trial.expected) for trial in trials]
        if any(
            isinstance(wanted, int) or torch.as_tensor(wanted).numel() > 1 for _, wanted in pairs
        ):
            return ""
        if any(
            not isinstance(got, Number) or torch.as_tensor(got).numel() != 1 for got, _ in pairs
        ):
            return ""
        got, expected = (
            torch.tensor([float(x) for x in numbers]) for numbers in zip(*pairs, strict=True)
        )
        return pattern(got, expected, self.tolerance) if got.isfinite().all() else ""

    def _gradient(self, answer: Answer) -> None:
        for name in (self.gradient,) if isinstance(self.gradient, str) else self.gradient:
            self._gradient_of(name, answer)

    def _gradient_of(self, name: str, answer: Answer) -> None:
        trials = answer.memory[self]
        wrt = answer.parameters.index(name)
        for args, _, expected in trials:
            # Unequal weights, so that a gradient that lands on another example shows.
            weights = 0.5 + torch.rand(expected.shape, generator=answer.generator())
            gradient = functools.partial(_gradient, args=args, wrt=wrt, weights=weights)
            try:
                got = gradient(answer)
            except Crash as crash:
                raise Wrong(f"{crash}\n{ONLY_TENSORS.format(name=name)}") from None
            wanted = gradient(answer.solution)
            if got is None and not wanted.any():
                continue  # what has no influence need not be remembered
            if got is None:
                raise Wrong(CUT_THREAD.format(name=name))
            if same(got, wanted, self.tolerance):
                continue
            for mistake in self._suspects(trials):
                if same(got, _outcome(gradient, mistake.answer), self.tolerance):
                    raise Wrong(mistake.message)
            raise Wrong(
                f"The numbers are right, but their gradient with respect to `{name}` is "
                f"not: for shape {tuple(wanted.shape)} it differs from the reference by up to "
                f"{(got - wanted).abs().max().item():.3g}. Look for a part of the formula that is "
                "detached, rounded or computed outside of torch."
            )

    def _require(
        self, answer: Answer, expectation: Callable[[Trial, dict[str, object]], None]
    ) -> None:
        """Raise what the expectation raises, or the message of the mistake behind it."""
        trials = answer.memory[self]
        for number, trial in enumerate(trials, start=1):
            try:
                expectation(trial, dict(zip(answer.parameters, trial.args, strict=False)))
            except Wrong as wrong:
                message = self._named(trials)
                if message is None and not self.by_all:
                    message = self._named_in_part(trials, number)
                raise Wrong(message) if message else wrong from None

    def _named_in_part(self, trials: Sequence[Trial], number: int) -> str | None:
        """The mistake behind an answer that is wrong, on other inputs, in another way besides."""
        numbers = torch.as_tensor(trials[number - 1].expected).numel()
        if numbers > 1:
            found, others = self._suspects(trials[:number]), trials[number:]
            if numbers <= FEW:
                found = (mistake for mistake in found if self._explains_half(mistake, others))
        else:
            found = (mistake for mistake in self.mistakes if self._explains(mistake, trials))
        return next((mistake.message for mistake in found), None)

    def _explains_half(self, mistake: Mistake, trials: Sequence[Trial]) -> bool:
        """Whether it returns what the answer did on half, at least, of the inputs for which that is
        wrong: on one alone a few small whole numbers agree by chance."""
        wrong = [trial for trial in trials if not same(trial.got, trial.expected, self.tolerance)]
        outcomes = (_outcome(mistake.answer, *fresh_all(trial.args)) for trial in wrong)
        agree = [same(t.got, o, self.tolerance) for t, o in zip(wrong, outcomes, strict=True)]
        return 2 * sum(agree) >= len(wrong)

    def _explains(self, mistake: Mistake, trials: Sequence[Trial]) -> bool:
        """Whether a mistake explains single numbers, of which one alone agrees by chance.

        It has to return what the answer did on most of the inputs for which that is wrong, on two
        at least, and not one number over and over; and to be right wherever the answer is, or to
        stop there.
        """
        explained, unexplained = [], 0
        for trial in trials:
            outcome = _outcome(mistake.answer, *fresh_all(trial.args))
            agrees = same(trial.got, outcome, self.tolerance)
            if same(trial.got, trial.expected, self.tolerance):
                if not agrees and not isinstance(outcome, Exception):
                    return False
            elif agrees:
                explained.append(float(trial.got))
            else:
                unexplained += 1
        return len(explained) > max(1, unexplained) and len(set(explained)) > 1

    def _named(self, trials: Sequence[Trial]) -> str | None:
        return next((mistake.message for mistake in self._suspects(trials)), None)

    def _suspects(self, trials: Sequence[Trial]) -> Iterator[Mistake]:
        """The mistakes that would have returned, on each of these inputs, what the answer did."""
        for mistake in self.mistakes:
            if all(
                same(trial.got, _outcome(mistake.answer, *fresh_all(trial.args)), self.tolerance)
                for trial in trials
            ):
                yield mistake


def before_value(stages: Sequence[Stage], *more: Stage) -> tuple[Stage, ...]:
    """The stages of a comparison, with some of an exercise's own before the values."""
    place = [stage.name for stage in stages].index("value")
    return (*stages[:place], *more, *stages[place:])


def fresh_all(args: Iterable) -> tuple:
    """Copies of arguments that share nothing with them."""
    return tuple(fresh(value) for value in args)


def _outcome(function: Callable, *args: object) -> object:
    """What a function returns, or the exception that it raises."""
    try:
        return function(*args)
    except Exception as error:
        return error


def _gradient(function: Callable, args: tuple, wrt: int, weights: Tensor) -> Tensor | None:
    """The gradient of the weighted sum of the result; None if the result has no memory of it."""
    args = fresh_all(args)
    args[wrt].requires_grad_()
    result = function(*args)
    if not result.requires_grad:
        return None
    return torch.autograd.grad(result, args[wrt], weights.to(result.dtype), allow_unused=True)[0]
