"""`training_step`, lesson 01: forwards, backwards, and one step downhill."""

import copy
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.exercises.checking.answer import Answer, Crash, Wrong
from course_utils.exercises.checking.exercise import Exercise, Stage
from course_utils.exercises.checking.expect import expect_type
from course_utils.exercises.checking.signature import expect_attempted


def training_step(
    model: nn.Module, x: Float[Tensor, "batch features"], optimizer: torch.optim.Optimizer
) -> float:
    """One step of training on the batch x, and what the batch cost before it.

    `model(x)` is the reconstruction. Its cost is the squared error, summed over the features of an
    example; of the batch, the mean. The gradients of that number are computed afresh, whatever an
    earlier step has left behind, and the optimizer takes one step.
    """
    loss = (model(x) - x).square().sum(dim=1).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


class Case(NamedTuple):
    """A small network with an optimiser, which an earlier step has left gradients in."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    batches: list[Tensor]


OPTIMIZERS = (
    lambda parameters: torch.optim.SGD(parameters, lr=0.05),
    lambda parameters: torch.optim.Adam(parameters, lr=0.02),
    lambda parameters: torch.optim.SGD(parameters, lr=0.03, momentum=0.8),
)


def _cases(generator: torch.Generator) -> Iterator[Callable[[], Case]]:
    """Makers of cases: each call gives the same one again, untouched."""
    for optimizer in OPTIMIZERS:
        model = nn.Sequential(nn.Linear(6, 3), nn.ReLU(), nn.Linear(3, 6), nn.Sigmoid())
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator))
                parameter.grad = torch.randn(parameter.shape, generator=generator)
        batches = [torch.rand(size, 6, generator=generator) for size in (4, 7, 4)]

        def case(model=model, optimizer=optimizer, batches=batches) -> Case:
            own = copy.deepcopy(model)
            for theirs, parameter in zip(own.parameters(), model.parameters(), strict=True):
                theirs.grad = parameter.grad.clone()
            return Case(own, optimizer(own.parameters()), [x.clone() for x in batches])

        yield case


class Run(NamedTuple):
    """What came of three steps: the numbers returned, the weights after each, and what was called.

    `calls` has a letter for each of z(ero_grad), b(ackward) and s(tep), as far as they were seen.
    """

    returned: list
    weights: list[Tensor]
    calls: str


def _run(step: Callable, case: Case) -> Run:
    returned, weights, calls = [], [], []
    _overhear(case, calls)
    for x in case.batches:
        returned.append(step(case.model, x, case.optimizer))
        weights.append(nn.utils.parameters_to_vector(case.model.parameters()).detach().clone())
    return Run(returned, weights, "".join(calls))


def _overhear(case: Case, calls: list[str]) -> None:
    """Note a letter for each call of `zero_grad` and `step`, and for each backward pass."""
    for letter, name in {"z": "zero_grad", "s": "step"}.items():
        method = getattr(case.optimizer, name)

        def noted(*args: object, letter: str = letter, method: Callable = method, **words: object):
            calls.append(letter)
            return method(*args, **words)

        setattr(case.optimizer, name, noted)
    first = next(case.model.parameters())
    first.register_post_accumulate_grad_hook(lambda _: calls.append("b"))


def _cost(model: nn.Module, x: Tensor) -> Tensor:
    return (model(x) - x).square().sum(1).mean()


def _stepping(cost: Callable, returns: Callable | None = None, order: str = "zbs") -> Callable:
    """A step that minimises `cost`, does z(ero), b(ackward), s(tep) in this order, and returns."""

    def step(model: nn.Module, x: Tensor, optimizer: torch.optim.Optimizer) -> float:
        loss = cost(model, x)
        for letter in order:
            if letter == "z":
                optimizer.zero_grad()
            elif letter == "b":
                loss.backward()
            else:
                optimizer.step()
        return (loss if returns is None else returns(model, x)).item()

    return step


def _twice(model: nn.Module, x: Tensor, optimizer: torch.optim.Optimizer) -> float:
    first = _stepping(_cost)(model, x, optimizer)
    _stepping(_cost)(model, x, optimizer)
    return first


MISTAKES = [
    (
        _stepping(_cost, order="bs"),
        "The gradients of the step before are still there, and `backward` adds to them. Call "
        "`optimizer.zero_grad()` before `loss.backward()`.",
    ),
    (
        _stepping(_cost, order="bsz"),
        "You set the gradients back *after* the step. That is enough only if nobody else has left "
        "gradients behind, and here somebody has: zero them before `backward`.",
    ),
    (
        _stepping(_cost, order="zbss"),
        "`optimizer.step()` is called twice. One step for each call.",
    ),
    (_twice, "You take two whole steps. One is wanted."),
    (
        _stepping(_cost, returns=_cost),
        "The step is right, but what you return is the cost *after* it. Return what the batch cost "
        "before: the number that you called `backward` on.",
    ),
    (
        _stepping(lambda model, x: F.mse_loss(model(x), x)),
        "This is the mean over the features as well, what `F.mse_loss` returns unless told "
        "otherwise: too small a number, and too small a gradient. Sum over the features, then take "
        "the mean over the batch.",
    ),
    (
        _stepping(lambda model, x: (model(x) - x).square().sum()),
        "You summed over the batch too, so a larger batch would take a larger step. Of the batch, "
        "the mean.",
    ),
    (
        _stepping(_cost, returns=lambda model, x: F.mse_loss(model(x), x)),
        "The step is right, but the number returned is a mean over features, and after the step. "
        "Return the number that you called `backward` on.",
    ),
    (
        _stepping(lambda model, x: (model(x) - x).square().sum(1).sqrt().mean()),
        "You took the root of each squared error. Leave it squared.",
    ),
    (
        _stepping(lambda model, x: (model(x) - x).abs().sum(1).mean()),
        "You summed absolute differences; squared ones are wanted.",
    ),
    (
        _stepping(lambda model, x: (model(x) - x).square().sum(1).mean() / 2),
        "This is half the squared error. Leave out the factor ½.",
    ),
    (
        _stepping(lambda model, x: F.binary_cross_entropy(model(x), x, reduction="sum") / len(x)),
        "This is the cross-entropy of section 8. Here the squared error is wanted.",
    ),
]


NOT_BEFORE = (
    "`optimizer.step()` comes before `loss.backward()`, so that it has no gradients to go by. "
    "Zero, backward, step."
)


def _why_nothing_moves(calls: str) -> str:
    """What to say to an answer whose numbers are right and whose weights stay as they were."""
    if not calls.strip("z"):
        return (
            "The number is right, but nothing is trained: `loss.backward()` and `optimizer.step()` "
            "are missing."
        )
    if "b" not in calls:
        return (
            "No gradient reaches the weights, so there is nothing to step by: `loss.backward()` is "
            "missing, or the loss was cut off from the model before, as by `.detach()`."
        )
    if "s" not in calls:
        return "The gradients are computed, but no step is taken: `optimizer.step()` is missing."
    if calls.startswith("bzs"):
        return (
            "`zero_grad` comes after `backward` and wipes out what it has just computed, so the "
            "step has nothing to go by. Zero first, then backward, then step."
        )
    return NOT_BEFORE


def _returns_a_number(answer: Answer) -> None:
    for case in _cases(answer.generator()):
        model, optimizer, (x, *_) = case()
        try:
            got = answer(model, x, optimizer)
        except Crash as crash:
            if "does not require grad" in str(crash.error):
                raise Wrong(
                    "`backward` finds no way back from the loss to the weights: it was made by "
                    "`.item()`, `.detach()`, `torch.no_grad()` or `torch.tensor(...)`. Call it on "
                    f"the tensor itself, and make a number of it in the last line.\n{crash}"
                ) from None
            if "modified by an inplace operation" in str(crash.error):
                raise Wrong(f"{NOT_BEFORE}\n{crash}") from None
            raise
        expect_attempted(got, answer)
        expect_type(got, 0.5)


def _fits(theirs: Run, ours: Run) -> tuple[bool, bool]:
    """Whether the numbers returned agree, and whether the weights do."""

    def near(a: Tensor, b: Tensor) -> bool:
        return torch.allclose(a, b, rtol=1e-4, atol=1e-5)

    returned = near(torch.tensor(theirs.returned), torch.tensor(ours.returned))
    return returned, all(map(near, theirs.weights, ours.weights))


def _takes_the_step(answer: Answer) -> None:
    cases = list(_cases(answer.generator()))
    runs = [_run(answer, case()) for case in cases]
    right = [_run(training_step, case()) for case in cases]
    fitting = [_fits(*pair) for pair in zip(runs, right, strict=True)]
    if all(number and weights for number, weights in fitting):
        return
    if all(len({tuple(w.tolist()) for w in run.weights}) == 1 for run in runs):
        raise Wrong(_why_nothing_moves(runs[0].calls))
    if "s" not in runs[0].calls:
        raise Wrong(
            "You change the weights yourself, or with another optimizer than the one that is "
            "handed to you, which never takes a step. Call `optimizer.step()`: it remembers "
            "earlier steps, and how to step is the caller's choice."
        )
    for mistake, message in MISTAKES:
        suspected = [_run(mistake, case()) for case in cases]
        if all(all(_fits(*pair)) for pair in zip(runs, suspected, strict=True)):
            raise Wrong(message)
    if not all(number for number, _ in fitting):
        number = next(i for i, (same, _) in enumerate(fitting) if not same)
        raise Wrong(
            f"Three steps of yours cost {_listed(runs[number].returned)}; expected "
            f"{_listed(right[number].returned)}. Is it the squared error, summed over each row, "
            "the mean over the batch, before the step? And does every step begin with gradients "
            "of zero?"
        )
    raise Wrong(
        "The numbers are right, but after three steps the weights are not those that this "
        "optimizer reaches. Zero the gradients, call `backward` on the loss, step once: nothing "
        "else may touch the weights."
    )


def _listed(values: list) -> str:
    return ", ".join(f"{value:.5g}" for value in values)


def _leaves_the_rest_alone(answer: Answer) -> None:
    for training in (True, False):
        model, optimizer, (x, *_) = next(_cases(answer.generator()))()
        model.train(training)
        answer(model, x, optimizer)
        if model.training != training:
            raise Wrong(
                f"You switched the model to {'evaluation' if training else 'training'} mode. "
                "`train()` and `eval()` are the business of whoever calls this function."
            )
        if optimizer.param_groups[0]["lr"] != 0.05:
            raise Wrong("You changed the learning rate of the optimizer. Leave it as it is.")


exercise = Exercise(
    solution=training_step,
    place=4,
    difficulty=2,
    minutes=10,
    success=(
        "Called for every batch of the training pictures, three times over, it brings your own "
        "network to about 5 squared pixels."
    ),
    hints=(
        "Two halves: the cost, one number that still remembers how it was computed; and three "
        "calls, in this order: `optimizer.zero_grad()`, `loss.backward()`, `optimizer.step()`.",
        "The cost is `(model(x) - x).square().sum(dim=1).mean()`. What you return is a Python "
        "number made of it with `.item()`: computed before the step, so it does not change.",
    ),
    stages=(
        Stage("type", _returns_a_number),
        Stage("step", _takes_the_step),
        Stage("nothing else", _leaves_the_rest_alone),
    ),
)
