"""What an answer does in training mode, compared with what it does in evaluation mode."""

import contextlib
from collections.abc import Callable

from torch import nn

from course_utils.exercises.checking.answer import Answer, Wrong
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
