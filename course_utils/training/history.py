"""What `fit` gives back: a `History`, from which training can go on."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from torch import Tensor


class Means:
    """The mean of every term over the examples seen, so that a small last batch counts for less."""

    def __init__(self) -> None:
        self.sums: dict[str, float] = {}
        self.examples = 0

    def add(self, terms: dict[str, Tensor], examples: int) -> None:
        for name, term in terms.items():
            self.sums[name] = self.sums.get(name, 0.0) + term.detach().mean().item() * examples
        self.examples += examples

    def values(self) -> dict[str, float]:
        return {name: total / self.examples for name, total in self.sums.items()}


class Checkpoint(NamedTuple):
    """All that `fit` needs to go on exactly where it stopped, be it in the middle of an epoch."""

    epoch: int
    step: int
    means: Means
    optimizer: dict[str, Any]
    epoch_randomness: list[Tensor]  # as the epoch began: redraws the same order of examples
    randomness: list[Tensor]  # after the last step: goes on with the same noise


@dataclass
class History:
    """What happened in training.

    Attributes:
        terms: name of a term of the objective → its mean over the training examples, one value per
            epoch, in the objective's units. With validation data also "val_loss" and so on.
        seconds: time spent in all, validation and callbacks included.
        finished: False if training was interrupted.
    """

    terms: dict[str, list[float]] = field(default_factory=dict)
    seconds: float = 0.0
    finished: bool = False
    checkpoint: Checkpoint | None = field(default=None, repr=False)

    @property
    def epochs(self) -> int:
        """Number of complete epochs."""
        return len(self.terms.get("loss", []))

    def plot(self, ax: Any = None) -> Any:
        """Draw every term by epoch; returns the matplotlib Axes."""
        from course_utils import plots  # the one look to the right: plots is a later room

        return plots.training_curves(self, ax=ax)

    def __repr__(self) -> str:
        epochs = "1 epoch" if self.epochs == 1 else f"{self.epochs} epochs"
        state = "" if self.finished else " (interrupted)"
        last = (f"{name} {values[-1]:.4g}" for name, values in self.terms.items())
        return " · ".join([f"{epochs}{state}", f"{self.seconds:.1f} s", *last])


class NonFiniteLoss(FloatingPointError):
    """The loss became nan or infinite. Its `history` holds the epochs that went well."""

    def __init__(self, message: str, history: History) -> None:
        super().__init__(message)
        self.history = history
