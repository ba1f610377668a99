"""What `fit` gives back: a `History`, from which training can go on, today or another day."""

import os
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from torch import Tensor

from course_utils.training.sealed import damage_named, existing, read_sealed, write_sealed


class Means:
    """The mean of every term over the examples seen, so that a small last batch counts for less."""

    def __init__(self, sums: dict[str, float] | None = None, examples: int = 0) -> None:
        self.sums: dict[str, float] = dict(sums or {})
        self.examples = examples

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
    steps: int  # in a whole epoch; 0 if unknown
    means: Means
    began: str  # the fingerprint of the weights with which training began
    weights: dict[str, Tensor]  # as it stopped, on the processor
    moments: dict[int, dict[str, Tensor]]  # Adam's, of each parameter by its number
    epoch_randomness: dict[str, Tensor]  # as the epoch began: redraws the same order of examples
    randomness: dict[str, Tensor]  # after the last step: goes on with the same noise


@dataclass
class History:
    """What happened in training.

    Attributes:
        terms: name of a term of the objective → its mean over the training examples, one value per
            epoch, in the objective's units. With validation data also "val_loss" and so on. A term
            that came later has fewer values, those of the last epochs.
        seconds: time spent in all, validation and callbacks included.
        finished: False if training was interrupted.
        checkpoint: where training stopped, for `resume`; its `weights` are the model's.
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

    def save(self, path: str | os.PathLike[str]) -> None:
        """Keep the training itself: `fit` with resume=path goes on from the file, bit for bit.

        The file holds the history, the weights, what the optimiser knows, and where the streams of
        random numbers stand: tensors and JSON with a checksum, no pickle. It is written beside its
        place and then moved, so that a crash leaves no half of it. (To keep the model alone, for
        `load`, there is `course_utils.save`.)

        Raises:
            ValueError: if nothing has been trained yet, or the path is a folder.
        """
        if self.checkpoint is None:
            raise ValueError("this history is not one that fit returned; there is nothing to keep")
        facts, tensors = self.checkpoint._asdict(), {}
        for name in ("weights", "epoch_randomness", "randomness"):
            tensors |= {f"{name}/{key}": value for key, value in facts.pop(name).items()}
        for number, moments in facts.pop("moments").items():
            tensors |= {f"moments/{number}/{key}": value for key, value in moments.items()}
        facts["means"] = vars(self.checkpoint.means)
        facts["order"] = list(self.checkpoint.weights)
        history = {"terms": self.terms, "seconds": self.seconds, "finished": self.finished}
        write_sealed(path, tensors, "training", {"history": history, "checkpoint": facts})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "History":
        """The history that `save` wrote. Nothing in the file is ever executed.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if it is of another kind, or damaged.
        """
        path = existing(path, "training", "history.save(path)")
        with damage_named(path, "is not a training that history.save(path) wrote"):
            return cls._read(*read_sealed(path, "training"))

    @classmethod
    def _read(cls, kept: dict[str, Any], tensors: dict[str, Tensor]) -> "History":
        facts = kept["checkpoint"]
        order, means = facts.pop("order"), Means(**facts.pop("means"))
        parts: dict[str, dict] = {"weights": {}, "epoch_randomness": {}, "randomness": {}}
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            part, _, key = name.partition("/")
            if part == "moments":
                number, _, key = key.partition("/")
                moments.setdefault(int(number), {})[key] = tensor
            else:
                parts[part][key] = tensor
        parts["weights"] = {name: parts["weights"][name] for name in order}
        checkpoint = Checkpoint(**facts, means=means, moments=moments, **parts)
        return cls(**kept["history"], checkpoint=checkpoint)

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
