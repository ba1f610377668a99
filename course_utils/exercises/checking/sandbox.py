"""Run a learner's code so that nothing it does outlives the check.

Two things, knowing nothing of exercises: `sealed` puts every global setting back, and `run` gives
code a thread of its own and a time limit. The limit counts the work of that thread, so that a busy
machine makes nobody's code too slow, and not the loading of libraries (the first `torch.optim.SGD`
of a kernel loads a compiler, for seconds). What does not work but waits ends at a much longer limit
of the clock on the wall. It is a guard against accidents, not against malice: `os._exit`, or a
single C call that never lets go of the interpreter, still win.
"""

import contextlib
import contextvars
import ctypes
import gc
import random
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from itertools import accumulate, chain, islice, repeat, takewhile
from operator import is_not, methodcaller
from types import FrameType
from typing import TypeVar

import numpy as np
import torch

from course_utils.exercises.checking.frames import is_learners

Value = TypeVar("Value")

_inside = contextvars.ContextVar("inside a check", default=False)

# How long a thread may take to die after it was told to, in seconds of its work; or on the wall, if
# it does not work at all, which is to say that it gets less than this share of a core.
GRACE = 1.0
ASLEEP = 0.05

# The clock on the wall may show so many times the seconds of work that are allowed: the share that
# a program is left with beside eight busy ones on two cores is a fifth of a core.
PATIENCE = 12

POLL = 0.05  # seconds between two looks at the clocks

IMPORT = "<frozen importlib._bootstrap>"  # where Python is while it loads a module


class TimeUp(Exception):
    """A limit passed.

    Attributes:
        worked: the processor time in seconds that the code had used.
        elapsed: the seconds that had passed on the wall.
        waited: whether it was the limit on the wall: the code had work left to use, but waited.
        stack: where the code was then, outermost frame first.
        stopped: whether it has ended.
    """

    def __init__(
        self,
        worked: float,
        elapsed: float,
        waited: bool,
        stack: list[tuple[FrameType, int]],
        stopped: bool,
    ) -> None:
        super().__init__("time is up")
        self.worked = worked
        self.elapsed = elapsed
        self.waited = waited
        self.stack = stack
        self.stopped = stopped


@contextlib.contextmanager
def sealed(seed: int) -> Iterator[list[warnings.WarningMessage]]:
    """Seed every global source of randomness, and afterwards restore it and all settings.

    Yields the list in which warnings raised meanwhile are collected, whatever the filters say, so
    that none becomes an exception. Grad mode and autocast need no care: they belong to a thread,
    and `run` makes a new one.
    """
    if _inside.get():
        raise RuntimeError("`check` cannot be called from inside the answer that it checks")
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(warnings.catch_warnings(record=True))
        warnings.simplefilter("always")
        stack.enter_context(_exit_disarmed())
        for restore, value in (*_random_states(), *_settings()):
            stack.callback(restore, value)
        random.seed(seed)
        np.random.seed(seed)
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would also touch the GPU
        if torch.cuda.is_initialized():
            torch.cuda.manual_seed_all(seed)
        torch.set_default_dtype(torch.float32)
        torch.set_num_threads(1)  # a team of threads for each check costs more than it does
        yield log


def run(work: Callable[[], Value], time_limit: float | int) -> Value:
    """Return `work()`, run in a thread of its own for at most `time_limit` seconds of work.

    What counts is the processor time of that thread, except while it loads a library. On the wall,
    `PATIENCE` times as many seconds may pass, for code that sleeps or waits uses none.

    Raises:
        TimeUp: if it did not end in time. It is then told to stop; code that sleeps in C cannot be
            stopped, and stays behind as a daemon thread.
        BaseException: whatever `work` raised. Ctrl-C here stops the thread before it propagates.
    """
    context = contextvars.copy_context()
    context.run(_inside.set, True)
    outcome: dict[str, object] = {}
    done = threading.Event()
    clock = _WorkClock()

    def body() -> None:
        try:
            clock.start()
            outcome["value"] = work()
        except BaseException as error:
            outcome["error"] = error
        finally:
            done.set()

    worker = threading.Thread(target=context.run, args=(body,), daemon=True)
    started, seen, worked = time.monotonic(), 0.0, 0.0
    worker.start()
    try:
        # Short waits: on Windows, a long one would not hear Ctrl-C.
        while not done.wait(min(POLL, time_limit / 4)):
            before, seen = seen, clock.seconds()
            elapsed = time.monotonic() - started
            if not _loads_library(_stack(worker)):
                worked += seen - before
            if worked >= time_limit or elapsed >= PATIENCE * time_limit:
                break
    except BaseException:
        _stop(worker, clock)
        raise
    if not done.is_set():
        stack = _stack(worker)
        raise TimeUp(worked, elapsed, worked < time_limit, stack, _stop(worker, clock))
    if "error" in outcome:
        raise outcome["error"]
    return outcome["value"]


class _WorkClock:
    """The processor time of one thread, started by that thread and read by another.

    macOS and Windows tell a thread's time to nobody but the thread. There the whole process counts,
    in which hardly anything else works while a check waits for its answer.
    """

    def __init__(self) -> None:
        self._clock: int | None = None
        self._before = time.process_time()

    def start(self) -> None:
        if hasattr(time, "pthread_getcpuclockid"):
            self._clock = time.pthread_getcpuclockid(threading.get_ident())

    def seconds(self) -> float:
        if self._clock is None:
            return time.process_time() - self._before
        try:
            return time.clock_gettime(self._clock)
        except OSError:  # the thread has ended a moment ago
            return 0.0


def _stop(worker: threading.Thread, clock: _WorkClock) -> bool:
    """Raise SystemExit in the thread until it ends or the grace is over; whether it ended.

    Again and again, because `while True: try: ... except: pass` swallows the first ones; but only
    as long as it runs the learner's code, since ours ends by itself and should do so undisturbed.
    SystemExit, because a thread that ends by it prints no traceback.
    """
    before, started = clock.seconds(), time.monotonic()
    while worker.is_alive():
        worked, elapsed = clock.seconds() - before, time.monotonic() - started
        asleep = elapsed >= GRACE and worked < ASLEEP * elapsed
        if asleep or worked >= GRACE or elapsed >= PATIENCE * GRACE:
            break
        if any(is_learners(frame) for frame, _ in _stack(worker)):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(worker.ident), ctypes.py_object(SystemExit)
            )
        worker.join(0.005)
    return not worker.is_alive()


def _loads_library(stack: list[tuple[FrameType, int]]) -> bool:
    """Whether a module is being loaded that is not the learner's own."""
    frames = [frame for frame, _ in stack]
    while frames and frames[0].f_code.co_filename != IMPORT:
        frames.pop(0)
    return bool(frames) and not any(map(is_learners, frames))


def _stack(thread: threading.Thread) -> list[tuple[FrameType, int]]:
    """Where a thread is at this moment: frames and lines, outermost first.

    The thread must not go on while we follow its frames, each to the one that called it: what it
    has left by then is followed into memory that belongs to others, and may end the whole program
    (seen in Python 3.11). So they are followed within one call, by iterators written in C, during
    which Python changes no thread and collects no garbage, whose finalizers could let it.
    """
    top = map(methodcaller("get", thread.ident), iter(sys._current_frames, None))
    steps = accumulate(chain(islice(top, 1), repeat("f_back")), getattr)
    collects = gc.isenabled()
    gc.disable()
    try:
        frames = list(takewhile(partial(is_not, None), steps))
    finally:
        if collects:
            gc.enable()
    return [(frame, frame.f_lineno) for frame in reversed(frames)]


def _random_states() -> Iterator[tuple[Callable, object]]:
    yield random.setstate, random.getstate()
    yield np.random.set_state, np.random.get_state()
    yield torch.set_rng_state, torch.get_rng_state()
    if torch.cuda.is_initialized():
        yield torch.cuda.set_rng_state_all, torch.cuda.get_rng_state_all()
    if torch.backends.mps.is_available():
        yield torch.mps.set_rng_state, torch.mps.get_rng_state()


def _settings() -> Iterator[tuple[Callable, object]]:
    yield torch.set_default_dtype, torch.get_default_dtype()
    yield torch.set_num_threads, torch.get_num_threads()
    yield torch.set_float32_matmul_precision, torch.get_float32_matmul_precision()
    yield torch.autograd.set_detect_anomaly, torch.is_anomaly_enabled()
    yield torch.set_deterministic_debug_mode, torch.get_deterministic_debug_mode()
    yield sys.setrecursionlimit, sys.getrecursionlimit()


@contextlib.contextmanager
def _exit_disarmed() -> Iterator[None]:
    """In a notebook `exit()` asks the kernel to end; here it raises SystemExit, as in a script."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None:
        yield
        return

    def ask_exit() -> None:
        raise SystemExit

    shell.ask_exit = ask_exit
    try:
        yield
    finally:
        del shell.ask_exit  # uncovers the method of the class
