"""What `fit` sets up around training: device, precision, streams of chance, and Ctrl-C."""

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Literal

import torch
from torch import Tensor, nn

Precision = Literal["float32", "bfloat16", "auto"]


def pick_device(device: str) -> torch.device:
    """The device named, or for "auto" the best there is: CUDA, Apple's MPS, else the processor."""
    if device == "auto":
        best = torch.accelerator.current_accelerator(check_available=True)
        return best or torch.device("cpu")
    try:
        place = torch.device(device)
        present = place.type == "cpu" or torch.get_device_module(place).is_available()
        if present and place.index:
            present = place.index < torch.get_device_module(place).device_count()
    except (RuntimeError, TypeError):
        raise ValueError(f"device is {device!r}; expected 'auto', 'cpu', 'cuda' or 'mps'") from None
    if not present:
        raise ValueError(f"device is {device!r}, which this machine does not have; use 'auto'")
    return place


def wants_bfloat16(precision: Precision, place: torch.device) -> bool:
    if precision == "auto":
        if place.type == "cuda":
            return torch.cuda.is_bf16_supported(including_emulation=False)
        return place.type == "cpu" and torch.cpu._is_avx512_bf16_supported()
    if precision not in ("float32", "bfloat16"):
        raise ValueError(f"precision is {precision!r}; expected 'float32', 'bfloat16' or 'auto'")
    return precision == "bfloat16"


@contextmanager
def moved(model: nn.Module, place: torch.device) -> Iterator[None]:
    """The model on `place` inside; afterwards on its own device again, in evaluation mode."""
    home = next(model.parameters()).device
    model.to(place)
    try:
        yield
    finally:
        model.to(home).eval()


class Stop:
    """Whether Ctrl-C was pressed. No threading.Event: its lock could hold up a signal handler."""

    requested = False


@contextmanager
def stop_requested() -> Iterator[Stop]:
    """Notes Ctrl-C, so that training ends between two steps and not within one.

    A second Ctrl-C does what it always does. Outside the main thread signals cannot be caught.
    """
    stop = Stop()
    usual = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(usual):
        yield stop
        return

    def note(number: int, frame: Any) -> None:
        if stop.requested:
            usual(number, frame)
        stop.requested = True
        # A DataLoader's workers get the same signal. When one dies of it, torch's handler would
        # raise a RuntimeError wherever this process happens to be.
        of_children = signal.getsignal(signal.SIGCHLD) if hasattr(signal, "SIGCHLD") else None
        if callable(of_children) and signal.SIGCHLD not in changed:
            changed[signal.SIGCHLD] = of_children
            signal.signal(signal.SIGCHLD, _without_errors(of_children))

    changed = {signal.SIGINT: usual}
    signal.signal(signal.SIGINT, note)
    try:
        yield stop
    finally:
        for number, handler in changed.items():
            signal.signal(number, handler)


def _without_errors(handler: Callable[[int, Any], None]) -> Callable[[int, Any], None]:
    def handle(number: int, frame: Any) -> None:
        with suppress(RuntimeError):
            handler(number, frame)

    return handle


@contextmanager
def interruptible(stop: Stop) -> Iterator[None]:
    """Ends quietly at Ctrl-C, and at what goes wrong after it: workers that it has killed."""
    try:
        yield
    except KeyboardInterrupt:
        pass  # what was learned so far is worth having
    except Exception:
        if not stop.requested:
            raise


@contextmanager
def looking(model: nn.Module) -> Iterator[None]:
    """Evaluation mode for a callback; gradients afterwards as before, whatever it has switched."""
    model.eval()
    with torch.enable_grad():
        yield


def reproducible() -> Any:
    """On CUDA, choose convolutions that give the same bits each time."""
    return torch.backends.cudnn.flags(
        enabled=torch.backends.cudnn.enabled, benchmark=False, deterministic=True
    )


def randomness_of(place: torch.device, generators: Sequence[torch.Generator]) -> dict[str, Tensor]:
    """Where the streams of random numbers stand: processor, device, and the loaders' own."""
    states = {"cpu": torch.get_rng_state()}
    if place.type != "cpu":
        states[place.type] = torch.get_device_module(place).get_rng_state()
    own = {f"loader {i}": generator.get_state() for i, generator in enumerate(generators)}
    return states | own


def set_randomness(
    place: torch.device, generators: Sequence[torch.Generator], states: dict[str, Tensor]
) -> None:
    torch.set_rng_state(states["cpu"])
    if place.type in states and place.type != "cpu":
        torch.get_device_module(place).set_rng_state(states[place.type])
    for i, generator in enumerate(generators):
        if f"loader {i}" in states:
            generator.set_state(states[f"loader {i}"])
