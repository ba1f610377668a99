"""`fit`, and the steps that one call of it takes."""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn

from course_utils._bar import progress_bar
from course_utils._running import evaluating, seeded
from course_utils.objectives import Objective
from course_utils.schedules import Schedule
from course_utils.training.batches import Batches, check_data, wants_progress
from course_utils.training.history import Checkpoint, History, Means, NonFiniteLoss
from course_utils.training.settings import (
    Precision,
    check_positive,
    moved,
    pick_device,
    randomness_of,
    reproducible,
    set_randomness,
    stop_requested,
    wants_bfloat16,
)


def fit(
    model: nn.Module,
    objective: Objective,
    train: Tensor | tuple[Tensor, ...] | Iterable[Any],
    *,
    val: Tensor | tuple[Tensor, ...] | Iterable[Any] | None = None,
    epochs: int = 10,
    batch_size: int = 128,
    lr: float | Schedule = 1e-3,
    seed: int = 0,
    device: str = "auto",
    precision: Precision = "float32",
    progress: bool = True,
    callbacks: Sequence[Callable[[nn.Module, History], None]] = (),
    resume: History | None = None,
) -> History:
    """Train a model in place with Adam, and return what happened.

    The same seed on the same machine gives the same result, bit for bit. Ctrl-C (the stop button)
    ends training after the current step and returns the history so far; the model keeps what it has
    learned. The model comes back on the device it came from, in evaluation mode.

    Args:
        model: any model of the course, or a module of your own with an objective that fits it.
        objective: called as objective(model, *batch); its "loss" is averaged over the batch and
            minimised. One that has a keyword `progress` is told the fraction of training done, and
            1 in validation, where it is judged by what it will be at the end.
        train: a tensor (n, ...), or a tuple of tensors with the same n (both are kept on the
            device and shuffled), or an iterable of batches that can be gone through once per
            epoch, such as a DataLoader (each batch a tensor, or a tuple or list of tensors).
        val: validation data in any of these forms, gone through after every epoch. It does not
            change what the model learns.
        epochs: how often to go through the training data, resumed epochs included.
        batch_size: examples per step when `train` is tensors. The last batch may be smaller.
        lr: learning rate, or a schedule: a function of progress in [0, 1) that returns it.
        seed: decides the order of the examples, and any noise drawn by model and objective.
        device: "cpu", "cuda", "mps", or "auto" for the best there is.
        precision: "float32"; "bfloat16" to multiply matrices in it (parameters, losses and the
            optimiser stay in float32); "auto" for bfloat16 where the processor has it natively.
        progress: show one progress bar (never when the variable COURSE_QUIET is set).
        callbacks: each is called as callback(model, history) after every epoch.
        resume: the history of an earlier call with the same arguments, finished or interrupted:
            goes on where that stopped, as if it never had.

    Raises:
        ValueError: if data, shapes, ranges or options do not fit together; says what would.
        NonFiniteLoss: if the loss becomes nan or infinite; says at which step, and what to try.

    >>> from course_utils import Autoencoder, fit, reconstruction
    >>> x = torch.rand(64, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    >>> history = fit(Autoencoder.dense(8), reconstruction, x, epochs=5, progress=False)
    >>> history.terms["loss"][-1] < history.terms["loss"][0]
    True
    """
    check_positive(epochs=epochs, batch_size=batch_size)
    place = pick_device(device)
    train_batches = Batches("train", train, batch_size, place, shuffle=True)
    val_batches = val if val is None else Batches("val", val, batch_size, place, shuffle=False)
    bfloat16 = wants_bfloat16(precision, place)

    with moved(model, place), seeded(seed, place), stop_requested() as stop, reproducible():
        for batches in (train_batches, val_batches):
            if batches is not None:
                with seeded(seed, place):  # checking must not move the noise that training draws
                    check_data(model, objective, batches)
        run = _Run(model, objective, place, epochs, lr, bfloat16, resume)
        with progress_bar(epochs, len(train_batches), enabled=progress) as bar:
            try:
                while run.epoch < epochs:
                    for _ in run.steps(train_batches):
                        bar.show(run.epoch, run.step, run.means.values())
                        if stop.is_set():
                            raise KeyboardInterrupt
                    run.end_epoch(val_batches, seed)
                    for callback in callbacks:
                        callback(model, run.history)
                run.history.finished = True
            except KeyboardInterrupt:
                pass  # what was learned so far is worth having
            finally:
                run.leave()
            bar.close(repr(run.history))
    return run.history


class _Run:
    """One call of `fit`: the model, its optimiser, and how far they have come."""

    def __init__(
        self,
        model: nn.Module,
        objective: Objective,
        place: torch.device,
        epochs: int,
        lr: float | Schedule,
        bfloat16: bool,
        resume: History | None,
    ) -> None:
        self.model, self.place, self.epochs = model, place, epochs
        self.objective = _told_of_progress(objective)
        self.schedule = lr if callable(lr) else lambda progress: lr
        self.bfloat16 = bfloat16
        self.optimizer = torch.optim.Adam(model.parameters(), lr=self.lr(0.0), fused=True)
        self.history = resume or History()
        self.history.finished = False
        self.started = time.perf_counter() - self.history.seconds
        self.epoch, self.step, self.means = 0, 0, Means()
        self.randomness = self.epoch_randomness = randomness_of(place)
        if self.history.checkpoint is not None:
            self.restore(self.history.checkpoint)

    def restore(self, saved: Checkpoint) -> None:
        """Go back to where an earlier call stopped."""
        parameters = list(self.model.parameters())
        moments = saved.optimizer["state"]  # of each parameter that ever had a gradient, by number
        same = len(saved.optimizer["param_groups"][0]["params"]) == len(parameters)
        if not same or any(parameters[i].shape != m["exp_avg"].shape for i, m in moments.items()):
            raise ValueError("resume is the history of another network; pass that one's model too")
        self.epoch, self.step, self.means = saved.epoch, saved.step, saved.means
        self.optimizer.load_state_dict(saved.optimizer)
        self.epoch_randomness, self.randomness = saved.epoch_randomness, saved.randomness

    def lr(self, progress: float) -> float:
        """The learning rate at this fraction of the training."""
        lr = self.schedule(progress)
        if not 0 <= lr < math.inf:
            raise ValueError(f"lr is {lr:g}; expected 0 or more, such as 1e-3")
        return lr

    def steps(self, batches: Batches) -> Iterator[None]:
        """One epoch, or what is left of it, a step at a time."""
        self.model.train()
        if self.step == 0:
            self.epoch_randomness = self.randomness
        set_randomness(self.place, self.epoch_randomness)
        rest = enumerate(batches)
        if self.step > 0:  # resumed within an epoch: the same order again, less what was done
            next(islice(rest, self.step - 1, None), None)
            set_randomness(self.place, self.randomness)
        length = len(batches) or math.inf  # unknown: progress moves from epoch to epoch only
        for index, batch in rest:
            self.optimizer_step(batch, self.epoch + index / length)
            self.step = index + 1
            self.randomness = randomness_of(self.place)
            yield

    def optimizer_step(self, batch: tuple[Tensor, ...], epochs_done: float) -> None:
        """Forward, backward, and a step of Adam."""
        progress = epochs_done / self.epochs
        for group in self.optimizer.param_groups:
            group["lr"] = self.lr(progress)
        terms = _evaluate(self.objective, self.model, batch, self.bfloat16, progress)
        loss = terms["loss"].mean()
        if not math.isfinite(loss.item()):
            raise NonFiniteLoss(self.explain(terms), self.history)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.means.add(terms, len(batch[0]))

    def end_epoch(self, val: Batches | None, seed: int) -> None:
        """Write the epoch into the history, with what the model does on validation data."""
        values = self.means.values()
        if val is not None:
            # The same noise after every epoch: the curve shows the model, and not the draw.
            with evaluating(self.model), seeded(seed, self.place):
                means = Means()
                for batch in val:
                    # And the objective of the end, whatever a schedule makes of it now.
                    terms = _evaluate(self.objective, self.model, batch, self.bfloat16, 1.0)
                    means.add(terms, len(batch[0]))
            values |= {f"val_{name}": value for name, value in means.values().items()}
        for name, value in values.items():
            self.history.terms.setdefault(name, []).append(value)
        self.epoch, self.step, self.means = self.epoch + 1, 0, Means()
        self.history.seconds = time.perf_counter() - self.started

    def leave(self) -> None:
        """Keep in the history what a later call needs to go on."""
        self.history.seconds = time.perf_counter() - self.started
        self.history.checkpoint = Checkpoint(
            self.epoch,
            self.step,
            self.means,
            self.optimizer.state_dict(),
            self.epoch_randomness,
            self.randomness,
        )

    def explain(self, terms: dict[str, Tensor]) -> str:
        """The message for a loss that is not finite."""
        values = ", ".join(f"{name} = {term.mean().item():g}" for name, term in terms.items())
        healthy = all(p.isfinite().all() for p in self.model.parameters())
        weights = "The weights are still finite" if healthy else "The weights are lost: build anew"
        return (
            f"the loss stopped being finite in epoch {self.epoch + 1}, step {self.step + 1} "
            f"({values}). {weights}. Try a learning rate ten times smaller, "
            f"lr={self.optimizer.param_groups[0]['lr'] / 10:.0e}; if it fails at the first step, "
            "look for a logarithm of zero or a division by zero in the objective"
        )


def _told_of_progress(objective: Objective) -> Objective:
    """The objective, told how far training has come whether or not it wants to know."""
    if wants_progress(objective):
        return objective
    return lambda model, *batch, progress: objective(model, *batch)


def _evaluate(
    objective: Objective,
    model: nn.Module,
    batch: tuple[Tensor, ...],
    bfloat16: bool,
    progress: float,
) -> dict[str, Tensor]:
    """The objective's terms on one batch."""
    with torch.autocast(batch[0].device.type, torch.bfloat16, enabled=bfloat16):
        return objective(model, *batch, progress=progress)
