"""What `fit` sets up around training: whole numbers, device, precision, streams, and Ctrl-C."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch
from torch import Tensor, nn

Precision = Literal["float32", "bfloat16", "auto"]


def check_positive(**numbers: int) -> None:
    for name, number in numbers.items():
        if not isinstance(number, int) or number < 1:
            raise ValueError(f"{name} is {number!r}; expected a whole number, 1 or more")


def pick_device(device: str) -> torch.device:
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
def stop_requested() -> Iterator[threading.Event]:
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


def reproducible() -> Any:
    """On CUDA, choose convolutions that give the same bits each time."""
    return torch.backends.cudnn.flags(
        enabled=torch.backends.cudnn.enabled, benchmark=False, deterministic=True
    )


def randomness_of(place: torch.device) -> list[Tensor]:
    """Where torch's streams of random numbers stand: the processor's, and the device's own."""
    states = [torch.get_rng_state()]
    if place.type != "cpu":
        states.append(torch.get_device_module(place).get_rng_state())
    return states


def set_randomness(place: torch.device, states: list[Tensor]) -> None:
    torch.set_rng_state(states[0])
    if place.type != "cpu":
        torch.get_device_module(place).set_rng_state(states[1])
