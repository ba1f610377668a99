"""What an answer does in training mode, and what it leaves behind: the same for every network."""

import contextlib
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from course_utils.exercises.checking.answer import Answer, Wrong
from course_utils.exercises.checking.networks import expect_no_seeding
from course_utils.exercises.checking.signature import is_library


class Unjudged(Exception):
    """Raised by a check in a mode in which nothing can be compared, the network being noisy."""


def in_both_modes(check: Callable[[Answer, bool], None]) -> Callable[[Answer], None]:
    """A stage made of `check(answer, training)`, run in evaluation mode and then in training mode.

    What is wrong in one of the two alone is told with the name of that mode: its author may have
    tried the other, and seen that all is right.
    """

    def both(answer: Answer) -> None:
        evaluation = _wrong(check, answer, training=False)
        if evaluation is None:
            training = _wrong(check, answer, training=True)
            if isinstance(training, Wrong):
                raise Wrong(
                    "In evaluation mode all is right; in training mode, after `model.train()`, it "
                    f"is not. Is there an `if self.training`?\n{training}"
                ) from None
            return
        with contextlib.suppress(Exception):  # whatever else happens: it is wrong there too
            if _wrong(check, answer, training=True) is None:
                evaluation = Wrong(
                    "In training mode all is right; in evaluation mode, after `model.eval()`, it "
                    f"is not. Is there an `if self.training`?\n{evaluation}"
                )
        raise evaluation from None

    return both


def _wrong(
    check: Callable[[Answer, bool], None], answer: Answer, training: bool
) -> Wrong | Unjudged | None:
    try:
        check(answer, training)
    except (Wrong, Unjudged) as reason:
        return reason
    return None


def train_without_noise(model: nn.Module) -> nn.Module:
    """Training mode for the model and layers of the learner's own, and not for those of PyTorch.

    So `self.training` is True wherever the learner asks for it, and `nn.Dropout` and batch norms
    are steady all the same: two calls can be compared.
    """
    model.train()
    for layer in model.modules():
        if is_library(type(layer)):
            layer.training = False
    return model


class _State(NamedTuple):
    """What may change in a network, and in a tensor that is handed to it."""

    values: dict[str, Tensor]
    gradients: dict[str, Tensor | None]
    trained: dict[str, bool]
    training: list[bool]
    inputs: list[tuple[Tensor, bool, Tensor | None]]


def _state(model: nn.Module, inputs: tuple[Tensor, ...]) -> _State:
    parameters = dict(model.named_parameters())
    return _State(
        {name: value.detach().clone() for name, value in parameters.items()},
        {name: _copy(value.grad) for name, value in parameters.items()},
        {name: value.requires_grad for name, value in parameters.items()},
        [module.training for module in model.modules()],
        [(value.detach().clone(), value.requires_grad, _copy(value.grad)) for value in inputs],
    )


def _copy(gradient: Tensor | None) -> Tensor | None:
    return None if gradient is None else gradient.clone()


def _same(one: Tensor | None, other: Tensor | None) -> bool:
    if one is None or other is None:
        return one is other
    return torch.equal(one, other)


def expect_no_traces(
    what: str, model: nn.Module, call: Callable[[], object], *inputs: Tensor
) -> None:
    """Raise `Wrong` if a call that should only compute leaves anything changed.

    Looked at are parameters and their gradients (set to ones before, so that taking them away
    shows as well), `requires_grad`, training mode, the inputs, and whether the random numbers of
    the whole program are seeded. It is called twice, in training mode and in evaluation mode.

    Args:
        what: the call in words, `anomaly_scores(model, x)`.
        call: does it, through `answer.call`.
        inputs: the tensors that are handed over.
    """
    for training in (True, False):
        model.train(training)
        for parameter in model.parameters():
            parameter.grad = torch.ones_like(parameter)
        before = _state(model, inputs)
        with expect_no_seeding(f"`{what}`", call):
            call()
        _compare(what, before, _state(model, inputs))


def _compare(what: str, before: _State, after: _State) -> None:
    for name, value in before.values.items():
        if not torch.equal(value, after.values[name]):
            raise Wrong(
                f"After `{what}` the parameter `{name}` of the model has changed. Only a number is "
                "to be computed here: no optimiser, and no operation in place."
            )
        if not _same(before.gradients[name], after.gradients[name]):
            raise Wrong(
                f"`{what}` changes the gradients that the parameters of the model hold, which "
                "belong to the training loop: its next step would be another. Leave out "
                "`backward()` and `zero_grad()`; for a gradient of your own there is "
                "`torch.autograd.grad`."
            )
        if before.trained[name] != after.trained[name]:
            raise Wrong(
                f"After `{what}` the parameter `{name}` has another `requires_grad`, so that "
                "training would leave it out. Let the model be as it was; `with torch.no_grad():` "
                "ends by itself."
            )
    if before.training != after.training:
        raise Wrong(
            f"`{what}` leaves the model in another mode than it found it: `model.eval()` or "
            "`model.train()` stays on for whoever goes on training. Leave it out, or put the mode "
            "back: `was = model.training`, and at the end `model.train(was)`."
        )
    for (value, wanted, gradient), (now, wants, has) in zip(
        before.inputs, after.inputs, strict=True
    ):
        if not torch.equal(value, now):
            raise Wrong(f"`{what}` changes its input in place. Make a new tensor instead.")
        if wanted != wants or not _same(gradient, has):
            raise Wrong(
                f"`{what}` leaves its input with `requires_grad` or a gradient that it did not "
                "have. Take a copy for that: `x.detach().clone().requires_grad_()`."
            )
