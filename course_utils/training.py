"""Training: one function, `fit`, for every model of the course; and how to keep what it made.

`fit` takes a model, an objective and data. It knows nothing about autoencoders: what is minimised
is the objective's business. Here is the one mean over the batch, and the only one.
"""

import inspect
import json
import math
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from course_utils import models
from course_utils._bar import progress_bar
from course_utils.models.base import Model, evaluating, seeded
from course_utils.objectives import Objective
from course_utils.schedules import Schedule

Precision = Literal["float32", "bfloat16", "auto"]


class NonFiniteLoss(FloatingPointError):
    """The loss became nan or infinite. Its `history` holds the epochs that went well."""

    def __init__(self, message: str, history: "History") -> None:
        super().__init__(message)
        self.history = history


class Checkpoint(NamedTuple):
    """All that `fit` needs to go on exactly where it stopped, be it in the middle of an epoch."""

    epoch: int
    step: int
    means: "Means"
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
    _check_positive(epochs=epochs, batch_size=batch_size)
    place = _pick_device(device)
    train_batches = _Batches("train", train, batch_size, place, shuffle=True)
    val_batches = val if val is None else _Batches("val", val, batch_size, place, shuffle=False)
    bfloat16 = _wants_bfloat16(precision, place)

    with _moved(model, place), seeded(seed, place), _stop_requested() as stop, _reproducible():
        for batches in (train_batches, val_batches):
            if batches is not None:
                with seeded(seed, place):  # checking must not move the noise that training draws
                    _check_data(model, objective, batches)
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
        self.randomness = self.epoch_randomness = _randomness(place)
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

    def steps(self, batches: "_Batches") -> Iterator[None]:
        """One epoch, or what is left of it, a step at a time."""
        self.model.train()
        if self.step == 0:
            self.epoch_randomness = self.randomness
        _set_randomness(self.place, self.epoch_randomness)
        rest = enumerate(batches)
        if self.step > 0:  # resumed within an epoch: the same order again, less what was done
            next(islice(rest, self.step - 1, None), None)
            _set_randomness(self.place, self.randomness)
        length = len(batches) or math.inf  # unknown: progress moves from epoch to epoch only
        for index, batch in rest:
            self.optimizer_step(batch, self.epoch + index / length)
            self.step = index + 1
            self.randomness = _randomness(self.place)
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

    def end_epoch(self, val: "_Batches | None", seed: int) -> None:
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


class _Batches:
    """Data in any accepted form, as tuples of tensors on the device."""

    def __init__(
        self, name: str, data: Any, batch_size: int, place: torch.device, *, shuffle: bool
    ) -> None:
        self.name, self.batch_size, self.place, self.shuffle = name, batch_size, place, shuffle
        self.data, self.columns = data, None
        if isinstance(data, Tensor | tuple):
            self.columns = self._to_place(data)
            lengths = {len(column) for column in self.columns}
            if len(lengths) != 1 or lengths == {0}:
                raise ValueError(
                    f"the tensors of {name} have {sorted(lengths)} examples; "
                    "expected the same number, at least one, in each"
                )
        elif not isinstance(data, Iterable) or isinstance(data, Iterator):
            raise ValueError(
                f"{name} is a {type(data).__name__}, which cannot be gone through once per epoch; "
                "pass a tensor, a tuple of tensors, a list of batches or a DataLoader"
            )

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        if self.columns is None:
            yield from map(self._to_place, self.data)
            return
        n = len(self.columns[0])
        order = torch.randperm(n) if self.shuffle else torch.arange(n)
        for indices in order.to(self.place).split(self.batch_size):
            yield tuple(column.index_select(0, indices) for column in self.columns)

    def __len__(self) -> int:
        """Batches per epoch; 0 if that is not known beforehand."""
        if self.columns is not None:
            return math.ceil(len(self.columns[0]) / self.batch_size)
        try:
            return len(self.data)
        except TypeError:
            return 0

    def sample(self) -> tuple[Tensor, ...]:
        """What is there to be checked: all of the tensors, or the first batch of an iterable."""
        if self.columns is not None:
            return self.columns
        first = next(iter(self.data), None)
        if first is None:
            raise ValueError(f"{self.name} has no batches")
        return self._to_place(first)

    def _to_place(self, data: Any) -> tuple[Tensor, ...]:
        tensors = tuple(data) if isinstance(data, tuple | list) else (data,)
        for tensor in tensors:
            if not isinstance(tensor, Tensor) or tensor.ndim == 0:
                raise ValueError(
                    f"{self.name} holds a {type(tensor).__name__} where a tensor of examples was "
                    "expected; for the course's images pass images.train, for an array "
                    "torch.as_tensor(array)"
                )
        return tuple(tensor.to(self.place) for tensor in tensors)


def _wants_progress(objective: Objective) -> bool:
    return "progress" in inspect.signature(objective).parameters


def _told_of_progress(objective: Objective) -> Objective:
    """The objective, told how far training has come whether or not it wants to know."""
    if _wants_progress(objective):
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


def _check_data(model: nn.Module, objective: Objective, batches: _Batches) -> None:
    """Raise a ValueError, once and before any training, if model, objective and data disagree."""
    tensors, name = batches.sample(), batches.name
    check = _check_floats if getattr(model, "num_symbols", None) is None else _check_symbols
    check(model, tensors[0], name)
    told = {"progress": 1.0} if _wants_progress(objective) else {}
    try:
        inspect.signature(objective).bind(model, *tensors, **told)
    except TypeError as error:
        raise ValueError(
            f"the objective cannot take a batch of {len(tensors)} tensors ({error}); "
            f"{name} should hold just what it needs: images.train alone, or a tuple with labels"
        ) from None
    few = [tensor[:2] for tensor in tensors]
    with evaluating(model):
        terms = objective(model, *few, **told)
    if not isinstance(terms, dict) or "loss" not in terms:
        found = sorted(terms) if isinstance(terms, dict) else f"a {type(terms).__name__}"
        raise ValueError(f"the objective returned {found}; expected a dict with the term 'loss'")
    for term, value in terms.items():
        if value.shape not in (few[0].shape[:1], ()):
            raise ValueError(
                f"the term {term!r} has shape {tuple(value.shape)} for {len(few[0])} examples; "
                "expected (batch,): sum over features, and leave the mean over the batch to fit"
            )


def _check_floats(model: nn.Module, x: Tensor, name: str) -> None:
    """Raise a ValueError unless x is what a model of real numbers takes."""
    if not x.is_floating_point():
        raise ValueError(f"{name} holds {x.dtype}; expected floats in [0, 1]: x.float() / 255")
    dtype = next(model.parameters()).dtype
    if x.dtype != dtype:
        raise ValueError(f"{name} holds {x.dtype}, the model {dtype}; convert with x.to({dtype})")
    if x.numel() == 0:
        raise ValueError(f"{name} has shape {tuple(x.shape)}; expected at least one example")
    low, high = (bound.item() for bound in x.aminmax())  # nan if there is one: a single pass
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"{name} holds nan or infinite values; find them with ~x.isfinite()")
    if isinstance(model, Model):
        model.check_shape(x)
        if model.output == "sigmoid" and (low < 0 or high > 1):
            raise ValueError(
                f"{name} has values from {low:.4g} to {high:.4g}; this model draws images in "
                "[0, 1]: rescale with (x - x.min()) / (x.max() - x.min()), or x / 255 for bytes"
            )
        if model.output == "multinomial" and low < 0:
            raise ValueError(f"{name} has values down to {low:.4g}; this model wants counts, >= 0")


def _check_symbols(model: Model, x: Tensor, name: str) -> None:
    """Raise a ValueError unless x holds grids of the model's symbols, whole numbers."""
    if x.dtype not in (torch.int32, torch.int64):
        raise ValueError(f"{name} holds {x.dtype}; expected symbols, whole numbers: x.long()")
    model.check_shape(x)
    if x.numel() == 0:
        raise ValueError(f"{name} has shape {tuple(x.shape)}; expected at least one example")
    low, high = (bound.item() for bound in x.aminmax())
    if low < 0 or high >= model.num_symbols:
        raise ValueError(
            f"{name} has symbols from {low} to {high}; this model knows 0 to "
            f"{model.num_symbols - 1}"
        )


def _check_positive(**numbers: int) -> None:
    for name, number in numbers.items():
        if not isinstance(number, int) or number < 1:
            raise ValueError(f"{name} is {number!r}; expected a whole number, 1 or more")


def _pick_device(device: str) -> torch.device:
    """The device named, or for "auto" the best there is: CUDA, Apple's MPS, else the processor."""
    if device == "auto":
        best = torch.accelerator.current_accelerator(check_available=True)
        return best or torch.device("cpu")
    try:
        place = torch.device(device)
        present = place.type == "cpu" or torch.get_device_module(place).is_available()
    except RuntimeError:
        raise ValueError(f"device is {device!r}; expected 'auto', 'cpu', 'cuda' or 'mps'") from None
    if not present:
        raise ValueError(f"device is {device!r}, which this machine does not have; use 'auto'")
    return place


def _wants_bfloat16(precision: Precision, place: torch.device) -> bool:
    if precision == "auto":
        if place.type == "cuda":
            return torch.cuda.is_bf16_supported(including_emulation=False)
        return place.type == "cpu" and torch.cpu._is_avx512_bf16_supported()
    if precision not in ("float32", "bfloat16"):
        raise ValueError(f"precision is {precision!r}; expected 'float32', 'bfloat16' or 'auto'")
    return precision == "bfloat16"


@contextmanager
def _moved(model: nn.Module, place: torch.device) -> Iterator[None]:
    """The model on `place` inside; afterwards on its own device again, in evaluation mode."""
    first = next(model.parameters(), None)
    if first is None:
        raise ValueError("the model has no parameters; there is nothing to train")
    home = first.device
    model.to(place)
    try:
        yield
    finally:
        model.to(home).eval()


@contextmanager
def _stop_requested() -> Iterator[threading.Event]:
    """An event that Ctrl-C sets, so that training ends between two steps and not within one.

    A second Ctrl-C does what it always does. Outside the main thread signals cannot be caught.
    """
    stop = threading.Event()
    usual = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(usual):
        yield stop
        return

    def note(number: int, frame: Any) -> None:
        if stop.is_set():
            usual(number, frame)
        stop.set()

    signal.signal(signal.SIGINT, note)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, usual)


def _reproducible() -> Any:
    """On CUDA, choose convolutions that give the same bits each time."""
    return torch.backends.cudnn.flags(
        enabled=torch.backends.cudnn.enabled, benchmark=False, deterministic=True
    )


def _randomness(place: torch.device) -> list[Tensor]:
    """Where torch's streams of random numbers stand: the processor's, and the device's own."""
    states = [torch.get_rng_state()]
    if place.type != "cpu":
        states.append(torch.get_device_module(place).get_rng_state())
    return states


def _set_randomness(place: torch.device, states: list[Tensor]) -> None:
    torch.set_rng_state(states[0])
    if place.type != "cpu":
        torch.get_device_module(place).set_rng_state(states[1])


def save(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a model's weights, and the recipe for its network, into one safetensors file.

    The file is written beside its place and then moved, so a crash never leaves half a file.

    Raises:
        ValueError: if the model was not built by one of the course's factories (only then is
            there a recipe to write).
    """
    from safetensors.torch import save_file

    recipe = getattr(model, "recipe", None)
    if recipe is None or type(model) is not getattr(models, recipe["model"], None):
        raise ValueError(
            f"this {type(model).__name__} is not one that a factory of the course built, so there "
            "is no recipe to save; build it with a factory such as Autoencoder.dense(...), or "
            "keep model.state_dict() with safetensors.torch.save_file"
        )
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    os.close(handle)
    try:
        save_file(weights, temporary, metadata={"recipe": json.dumps(recipe)})
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def load(path: str | os.PathLike[str]) -> Model:
    """The model that `save` wrote, bit for bit, on the processor and in evaluation mode.

    Nothing in the file is ever executed: it holds numbers and a recipe in JSON, no pickle.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is not a model that `save` wrote, or is damaged.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no model at {path}; write one with save(model, path)")
    try:
        with safe_open(path, framework="pt") as file:
            recipe = json.loads((file.metadata() or {})["recipe"])
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        model = _rebuild(**recipe)
        model.load_state_dict(weights)
    except (SafetensorError, LookupError, TypeError, RuntimeError, ValueError) as error:
        raise ValueError(
            f"{path} is damaged or was not written by course_utils.save ({error}); "
            "train the model again and save it anew"
        ) from error
    return model.eval()


def _rebuild(model: str, factory: str, arguments: dict[str, Any]) -> Model:
    """The model that a recipe describes; only the course's own recorded factories are called."""
    build = getattr(getattr(models, model, None), factory, None)
    if model not in models.__all__ or not hasattr(build, "is_factory"):
        raise LookupError(f"{model}.{factory} is not a factory of this course")
    return build(**arguments)
