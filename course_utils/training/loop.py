"""`fit`, and the steps that one call of it takes."""

import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn

from course_utils._bar import Bar, progress_bar
from course_utils._named import name_of
from course_utils._numbers import whole
from course_utils._running import evaluating, seeded
from course_utils.objectives import Objective
from course_utils.schedules import Schedule
from course_utils.training.adam import Adam
from course_utils.training.arguments import checked_callbacks, schedule_of, whole_seed
from course_utils.training.batches import Batch, Batches
from course_utils.training.causes import cause_of
from course_utils.training.checks import bare, check_values
from course_utils.training.facts import facts_of
from course_utils.training.history import Checkpoint, History, Means, NonFiniteLoss
from course_utils.training.matching import MISFITS, check_call, check_match, wants_progress
from course_utils.training.processes import Processes, join
from course_utils.training.resuming import opened, other_weights
from course_utils.training.sealed import fingerprint
from course_utils.training.settings import (
    Precision,
    interruptible,
    looking,
    moved,
    randomness_of,
    reproducible,
    set_randomness,
    stop_requested,
    wants_bfloat16,
)
from course_utils.training.shares import Share


def fit(
    model: nn.Module,
    objective: Objective,
    train: Tensor | tuple[Tensor, ...] | Iterable[Any],
    *,
    val: Tensor | tuple[Tensor, ...] | Iterable[Any] | None = None,
    epochs: int = 10,
    steps: int | None = None,
    batch_size: int = 128,
    lr: float | Schedule = 1e-3,
    seed: int = 0,
    device: str = "auto",
    precision: Precision = "float32",
    progress: bool = True,
    callbacks: Sequence[Callable[[nn.Module, History], None]] = (),
    resume: History | str | os.PathLike[str] | None = None,
) -> History:
    """Train a model in place with Adam, and return what happened.

    The same seed on the same machine gives the same result, bit for bit. Ctrl-C (the stop button)
    ends training after the current step and returns the history so far; the model keeps what it has
    learned. The model comes back on the device it came from, in evaluation mode.

    Several processes, as `torchrun --nproc-per-node 4 script.py` starts them, train together by the
    same line, on a graphics card each, or on processors. Each computes its share of every batch,
    and one sum of gradients a step keeps their models equal bit for bit; the history is that of one
    process but for rounding (one part in a million), the noise included. Bar and callbacks are
    those of the first process, and so are the weights to begin with; a stop or an error in one is
    one in all. What cannot be the same:

    - Of an iterable each process brings its own batches, as many as the others: a DataLoader with a
      DistributedSampler does. Without one, every process does the work of all.
    - Batch normalisation, and objectives that look at a batch as a whole (`sparse` with kind="kl",
      `negative_elbo` with free bits), see one process's share of it.
    - Running averages of batch normalisation, and the averages and restarts of a codebook, follow
      the share of the first process.
    - Noise without an axis of examples, or with another axis first, is drawn alike in all.

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
        steps: in place of epochs, so many steps at least: the data are gone through as often as
            that takes, be they few or many.
        batch_size: examples per step when `train` is tensors, of all processes together. The last
            batch may be smaller.
        lr: learning rate, or a schedule: a function of progress in [0, 1) that returns it.
        seed: decides the order of the examples, and any noise drawn by model and objective.
        device: "cpu", "cuda", "mps", or "auto" for the best there is. Among several processes,
            "cuda" is the card whose number is the process's own on its machine.
        precision: "float32"; "bfloat16" to multiply matrices in it (parameters, losses and the
            optimiser stay in float32); "auto" for bfloat16 where the processor has it natively.
        progress: show one progress bar (never when the variable COURSE_QUIET is set).
        callbacks: each is called as callback(model, history) after every epoch, with the model in
            evaluation mode. One that raises StopIteration ends training there, and the history
            says that it is finished. What they draw, and the modes they set, change no result.
        resume: the history of an earlier call with the same arguments, finished or interrupted,
            and the model as that call left it: goes on where that stopped, as if it never had.
            Or the path of a file that `History.save` wrote.

    Raises:
        ValueError: if data, shapes, ranges or options do not fit together; says what would. Of an
            iterable every batch is checked, as it comes.
        FileNotFoundError: if resume is a path, and no file is there.
        ConnectionError: if another of the processes that train together is gone.
        NonFiniteLoss: if the loss becomes nan or infinite; says at which step, and why, as far as
            that can be seen.

    >>> from course_utils import Autoencoder, fit, reconstruction
    >>> x = torch.rand(64, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    >>> history = fit(Autoencoder.dense(8), reconstruction, x, epochs=5, progress=False)
    >>> history.terms["loss"][-1] < history.terms["loss"][0]
    True

    A training that takes more than a day is kept on disk after each epoch, and the same cell with
    resume="my.training" goes on tomorrow, in another process, bit for bit. It finds the weights in
    the file; the model is built as it was the first time, with the same seed.

    >>> keep = lambda model, history: history.save("my.training")
    >>> options = {"epochs": 3, "progress": False}
    >>> history = fit(Autoencoder.dense(8), reconstruction, x, callbacks=[keep], **options)
    >>> options["epochs"] = 5
    >>> tomorrow = fit(Autoencoder.dense(8), reconstruction, x, resume="my.training", **options)
    >>> tomorrow.epochs, tomorrow.terms["loss"][:3] == history.terms["loss"]
    (5, True)

    Early stopping is a callback too: here training ends when the validation loss has not fallen for
    three epochs.

    >>> def patience(model, history, epochs=3):
    ...     losses = history.terms["val_loss"]
    ...     if losses.index(min(losses)) < len(losses) - epochs:
    ...         raise StopIteration
    >>> model, few = Autoencoder.dense(8), x[:4]
    >>> options = {"val": x[4:], "epochs": 500, "callbacks": [patience], "progress": False}
    >>> history = fit(model, reconstruction, few, **options)
    >>> history.finished, history.epochs < 500
    (True, True)

    A model that torch.compile returned trains as well, where a C++ compiler is installed.
    """
    processes = join(device)
    place = processes.place
    with processes.agreed():
        check_call(model, objective, train)
        epochs, batch_size = whole("epochs", epochs), whole("batch_size", batch_size)
        steps = steps if steps is None else whole("steps", steps)
        seed, schedule, callbacks = whole_seed(seed), schedule_of(lr), checked_callbacks(callbacks)
        schedule(0.0)  # a first value that will not do is known before the data are looked at
        history = opened(resume)
        bfloat16 = wants_bfloat16(precision, place)
        check = partial(check_values, model)
        form = partial(Batches, batch_size=batch_size, place=place, check=check)
        data = [form("train", train, shuffle=True)]
        if val is not None:
            data.append(form("val", val, shuffle=False))
        if steps is not None:
            epochs = _epochs_of(steps, data[0])

    with moved(model, place), seeded(seed, place), stop_requested() as stop, reproducible():
        processes.stop = stop
        run = _Run(model, objective, data, epochs, schedule, bfloat16, history, processes)
        with interruptible(stop):
            with processes.agreed(), seeded(seed, place):  # checking must not move training's noise
                run.check()
            run.begin(from_disk=not isinstance(resume, History | None))
            shown = progress and processes.rank == 0
            with progress_bar(epochs, len(data[0]), enabled=shown) as bar:
                with interruptible(stop):
                    run.go(bar, callbacks, seed)
                bar.close(repr(history))
        history.finished = run.finished
        if stop.requested:
            for batches in data:
                batches.forget_workers()
    return history


def _epochs_of(steps: int, train: Batches) -> int:
    """How often to go through the training data, so as to make so many steps at least."""
    if not train.countable():
        raise ValueError(
            "train does not say how many batches it has, so that nobody knows how many epochs "
            f"{steps} steps are; pass epochs"
        )
    return math.ceil(steps / max(1, len(train)))


class _Run:
    """One call of `fit`: the model, its optimiser, and how far they have come."""

    def __init__(
        self,
        model: nn.Module,
        objective: Objective,
        data: list[Batches],
        epochs: int,
        lr: Schedule,
        bfloat16: bool,
        history: History,
        processes: Processes,
    ) -> None:
        self.model, self.asked, self.objective = model, objective, _told_of_progress(objective)
        self.data, self.train, self.val = data, data[0], data[1] if len(data) > 1 else None
        self.epochs, self.lr, self.bfloat16, self.history = epochs, lr, bfloat16, history
        self.processes, self.place, self.names = processes, processes.place, ()
        own = {id(each): each for batches in data for each in batches.generators()}
        self.generators = list(own.values())
        self.epoch, self.step, self.means, self.finished = 0, 0, Means(), False

    def check(self) -> None:
        """Raise a ValueError unless model, objective and data belong together."""
        states = [generator.get_state() for generator in self.generators]
        check = partial(check_match, self.model, self.asked)
        names = [check(batches, self.processes.parts(batches)) for batches in self.data]
        self.names = names[0]
        for generator, state in zip(self.generators, states, strict=True):
            generator.set_state(state)

    def begin(self, *, from_disk: bool) -> None:
        """Make the optimiser, and go back to where an earlier call stopped, if there was one."""
        if self.processes.size > 1:
            self.processes.compare(self.facts())
            self.processes.spread(self.weights())
        self.began = fingerprint(self.weights())
        self.optimizer = Adam(self.model.parameters(), lr=self.lr(0.0))
        self.randomness = self.epoch_randomness = randomness_of(self.place, self.generators)
        if self.history.checkpoint is not None:
            with self.processes.agreed():
                self.restore(self.history.checkpoint, from_disk=from_disk)
        self.history.finished = False
        self.started = time.perf_counter() - self.history.seconds

    def restore(self, saved: Checkpoint, *, from_disk: bool) -> None:
        """Go back to where an earlier call stopped."""
        ours, theirs = (
            [(name, weight.shape, weight.dtype) for name, weight in weights.items()]
            for weights in (self.weights(), saved.weights)
        )
        if ours != theirs:  # and torch's fused Adam would write beyond the end of its moments
            raise ValueError("resume is the history of another network; pass that one's model too")
        if self.began != fingerprint(saved.weights):
            if not from_disk or self.began != saved.began:
                raise ValueError(other_weights(from_disk))
            network = bare(self.model)
            network.load_state_dict({**network.state_dict(), **saved.weights})
        if saved.step and saved.steps != len(self.train):
            raise ValueError(
                f"resume stopped after step {saved.step} of {saved.steps} in an epoch, and train "
                f"has {len(self.train)} batches now; pass the same data and batch_size"
            )
        self.epoch, self.step, self.means = saved.epoch, saved.step, saved.means
        self.began = saved.began
        self.optimizer.go_on_from(saved.moments)
        self.epoch_randomness, self.randomness = saved.epoch_randomness, saved.randomness

    def go(self, bar: Bar, callbacks: Sequence[Callable], seed: int) -> None:
        """Train to the end, or until Ctrl-C or a callback stops it."""
        try:
            while self.epoch < self.epochs and not self.finished:
                for _ in self.steps():
                    bar.show(self.epoch, self.step, self.means.values())
                    if self.processes.stop_wanted():
                        raise KeyboardInterrupt
                self.end_epoch(seed)
                self.call(callbacks)
            self.finished = self.history.finished = True
        except NonFiniteLoss as error:  # in another process perhaps, which knows of no history
            error.history = self.history
            raise
        finally:
            self.leave()

    def steps(self) -> Iterator[None]:
        """One epoch, or what is left of it, a step at a time."""
        self.model.train()
        if self.step == 0:
            self.epoch_randomness = self.processes.in_tune(self.randomness)
        set_randomness(self.place, self.generators, self.epoch_randomness)
        rest = enumerate(self.processes.in_step(self.train))
        if self.step > 0:  # resumed within an epoch: the same order again, less what was done
            next(islice(rest, self.step - 1, None), None)
            set_randomness(self.place, (), self.randomness)
        length = len(self.train) or math.inf  # unknown: progress moves from epoch to epoch only
        for index, batch in rest:
            self.optimizer_step(batch, self.epoch + index / length)
            self.step = index + 1
            self.randomness = randomness_of(self.place, self.generators)
            yield

    def optimizer_step(self, batch: Batch, epochs_done: float) -> None:
        """Forward, backward, and a step of Adam."""
        progress = epochs_done / self.epochs
        self.optimizer.lr = self.lr(progress)
        share = self.processes.share(self.train, batch)
        learn = partial(self.learn, share, progress)
        terms, examples = self.processes.learn(self.model, self.names, learn)
        self.optimizer.step()
        self.means.add(terms, examples)

    def learn(self, share: Share, progress: float) -> tuple[dict[str, Tensor], int]:
        """Forward and backward: the terms, and the gradient of their mean in every parameter."""
        terms = self.evaluate(self.train, share, progress)
        loss = terms["loss"].mean()
        if not math.isfinite(loss.item()):
            raise NonFiniteLoss(self.explain(terms, share.batch), self.history)
        if not loss.requires_grad:
            raise ValueError(
                "the loss hangs on no parameter that could learn; an objective must not compute it "
                "under torch.no_grad(), nor from .detach() or .item() alone"
            )
        self.optimizer.zero_grad()
        loss.backward()
        return terms, share.examples

    def evaluate(self, batches: Batches, share: Share, progress: float) -> dict[str, Tensor]:
        """The objective's terms on one batch."""
        bfloat16 = torch.autocast(self.place.type, torch.bfloat16, enabled=self.bfloat16)
        try:
            with bfloat16, self.processes.noise(share):
                return self.objective(self.model, *share.batch, progress=progress)
        except MISFITS as error:
            odd = batches.oddity(share.batch)
            if odd is None:
                raise
            raise ValueError(f"{odd} ({str(error).splitlines()[0]})") from error

    def end_epoch(self, seed: int) -> None:
        """Write the epoch into the history, with what the model does on validation data."""
        values = self.mean_values(self.train, self.means)
        if self.val is not None:
            found = self.mean_values(self.val, self.validate(seed))
            values |= {f"val_{name}": value for name, value in found.items()}
        # nan for what only an earlier call had: the last value of each term is that of this epoch.
        for name in dict.fromkeys([*values, *self.history.terms]):
            self.history.terms.setdefault(name, []).append(values.get(name, math.nan))
        self.epoch, self.step, self.means = self.epoch + 1, 0, Means()
        self.history.seconds = time.perf_counter() - self.started

    def validate(self, seed: int) -> Means:
        """The means over the validation data, by the objective of the end, whatever a schedule
        makes of it now. The noise is the same each time: the curve shows the model, not the draw.
        """
        means = Means()
        with self.processes.agreed(), evaluating(self.model), seeded(seed, self.place):
            for batch in self.val:
                share = self.processes.share(self.val, batch)
                terms = self.evaluate(self.val, share, 1.0)
                if share.examples:
                    means.add(terms, share.examples)
        return self.processes.total(means)

    def mean_values(self, batches: Batches, means: Means) -> dict[str, float]:
        if means.examples == 0:
            raise ValueError(
                f"{batches.name} had no batches in epoch {self.epoch + 1}: it can be gone through "
                "only once; pass a list of batches or a DataLoader"
            )
        return means.values()

    def call(self, callbacks: Sequence[Callable[[nn.Module, History], None]]) -> None:
        """Let each callback look at the model, with a history that could be saved."""
        if callbacks:
            self.leave()
        with self.processes.agreed():
            try:
                for callback in callbacks if self.processes.rank == 0 else ():
                    with looking(self.model):
                        callback(self.model, self.history)
            except StopIteration:
                self.finished = True
        if self.processes.size > 1:
            self.finished = self.processes.of_first(self.finished)
            seal = fingerprint(self.weights())[:8]
            self.processes.compare({f"their weights after epoch {self.epoch}": seal})

    def facts(self) -> dict[str, Any]:
        """What must be the same in all processes."""
        saved, randomness = self.history.checkpoint, randomness_of(self.place, ())
        return facts_of(self.model, self.data) | {
            "objective": f"{name_of(self.asked)} with the terms {', '.join(self.names)}",
            "epochs": self.epochs,
            "batch_size": self.train.batch_size,
            "lr": f"{self.lr(0.0):g} at the beginning",
            "precision": "bfloat16" if self.bfloat16 else "float32",
            "seed": f"one that gives the random stream {fingerprint(randomness)[:8]}",
            "resume": saved and f"a training of {saved.epoch} epochs and {saved.step} steps",
        }

    def weights(self) -> dict[str, Tensor]:
        """Parameters and buffers by name, which torch.compile does not change."""
        state = bare(self.model).state_dict()
        return {name: value for name, value in state.items() if isinstance(value, Tensor)}

    def leave(self) -> None:
        """Keep in the history what a later call needs to go on."""
        self.history.seconds = time.perf_counter() - self.started
        self.history.checkpoint = Checkpoint(
            self.epoch,
            self.step,
            len(self.train),
            self.means,
            self.began,
            {name: weight.detach().cpu().clone() for name, weight in self.weights().items()},
            self.optimizer.moments,
            self.epoch_randomness,
            self.randomness,
        )

    def explain(self, terms: dict[str, Tensor], batch: Batch) -> str:
        """The message for a loss that is not finite, with the cause if it can be seen."""
        values = ", ".join(f"{name} = {term.mean().item():g}" for name, term in terms.items())
        healthy = all(p.isfinite().all() for p in self.model.parameters())
        weights = "The weights are still finite" if healthy else "The weights are lost: build anew"
        number = self.train.number or self.step + 1
        untouched = self.epoch == self.step == 0
        cause = cause_of(self.model, self.optimizer, self.train, batch, number, untouched=untouched)
        return (
            f"the loss stopped being finite in epoch {self.epoch + 1}, step {self.step + 1} "
            f"({values}). {weights}. {cause}"
        )


def _told_of_progress(objective: Objective) -> Objective:
    """The objective, told how far training has come whether or not it wants to know."""
    if wants_progress(objective):
        return objective
    return lambda model, *batch, progress: objective(model, *batch)
