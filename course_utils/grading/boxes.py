"""Where boxes come from: a process that has loaded torch, and forks one for everyone who asks.

    grade ──► marker, one for each submission: reads it, checks, gives the verdict
      │          │  asks for a box, then for what the answer returns
      └──► source of boxes ──► keeper ──► box: runs the learner's code

The source never sees a submission, a verdict or a reference solution, so that there is nothing in a
box to be found. A keeper waits for its box, ends it when its marker goes or says so, and tells how
it ended; the learner's code cannot see it. (Run as a module, this is the source.)
"""

import contextlib
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from course_utils.grading import wire
from course_utils.grading.box import USERS, Limits, Refused, enclose, enter, limit

WAIT = 60.0  # seconds on the wall for one reply
LOOK = 0.1  # seconds between two looks at what a box uses
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100  # of /proc, in a second


class Ended(Exception):
    """The box is no more; the text says in a sentence what came of it."""


class Source:
    """The process that boxes are forked from, for as long as this lives.

    Attributes:
        line: where to ask it. A process that was forked asks on the same.
        enclosed: whether its boxes have walls.
        data: the folder that may be read in them.
    """

    def __init__(self, *, enclosed: bool, data: Path | None = None) -> None:
        self.enclosed, self.data = enclosed, data
        self._folder = tempfile.TemporaryDirectory(prefix="course-box-")
        self.line, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno()), str(int(enclosed))],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=_environment(self._folder.name, data),
                cwd=self._folder.name,
            )

    def close(self) -> None:
        self.line.close()
        self._process.wait()
        self._folder.cleanup()


class Box:
    """One box, seen from outside.

    Attributes:
        ended: why there are no more replies; "" as long as it lives.
        worked: the seconds that it took, once it is closed: of processor time, or of waiting for
            its replies, whichever were more.
    """

    def __init__(
        self,
        source: socket.socket,
        limits: Limits,
        *,
        lessons: bool = False,
        wait: float | None = None,
    ) -> None:
        self.ended, self.worked = "", 0.0
        self._limits, self._waited = limits, 0.0
        self._wait = WAIT if wait is None else wait
        self._line, theirs = socket.socketpair()
        self._keeper, keepers = socket.socketpair()
        with theirs, keepers:
            socket.send_fds(source, [b"b"], [theirs.fileno(), keepers.fileno()])
        wire.send(self._keeper, {"limits": list(limits), "lessons": lessons})

    def ask(self, *question: object) -> object:
        """Ask what `inside.Room` can be asked.

        Raises:
            Ended: if there is no reply, now or since an earlier question.
        """
        import cloudpickle

        if self.ended:
            raise Ended(self.ended)
        pickled = cloudpickle.dumps(question)
        asked = time.monotonic()
        try:
            wire.send_bytes(self._line, wire.HEAD.pack(len(pickled), 0) + pickled)
            return wire.receive(self._line, time.monotonic() + self._wait)
        except wire.Late:
            self.ended = (
                f"It did not answer within {self._wait:g} seconds, and was stopped: it waits for "
                "something that does not come."
            )
        except wire.Garbled as garbled:
            self.ended = f"What it returned is no value that could be looked at: {garbled}."
        except wire.Closed:
            self.ended = self._how_it_ended()
        finally:
            self._waited += time.monotonic() - asked
        raise Ended(self.ended)

    def close(self) -> None:
        """End the box, if it has not ended; and learn how long it worked."""
        self._line.close()
        with contextlib.suppress(OSError):  # the keeper has gone already
            self._keeper.shutdown(socket.SHUT_WR)
        self._last_word()
        self.worked = max(self.worked, self._waited)
        self._keeper.close()

    def _how_it_ended(self) -> str:
        last = self._last_word()
        if "refused" in last:
            return f"No box could be made: {last['refused']}."
        if last.get("greedy"):
            return (
                f"It took more than {self._limits.memory / 2**30:g} GB of memory, with the "
                "processes that it started, and was stopped."
            )
        status = last.get("status", 0)
        # The kernel keeps the limit by another clock, and this one may lag on a busy machine.
        if status == -signal.SIGKILL and self.worked >= 0.5 * self._limits.work:
            return (
                f"It worked for {self.worked:.0f} seconds of processor time, was not done, and was "
                "stopped: is there a loop that never ends?"
            )
        how = f"by signal {-status}" if status < 0 else f"with status {status}"
        return f"Its process ended {how} before it had answered."

    def _last_word(self) -> dict:
        """What the keeper says of a box that has ended."""
        try:
            last = wire.receive(self._keeper, time.monotonic() + self._wait)
        except (wire.Closed, wire.Late):
            return {}
        self.worked = last.get("worked", 0.0)
        return last


@contextlib.contextmanager
def opened(source: socket.socket, limits: Limits, **how: object) -> Iterator[Box]:
    """A box that is closed in the end."""
    box = Box(source, limits, **how)
    try:
        yield box
    finally:
        box.close()


def _environment(folder: str, data: Path | None) -> dict[str, str]:
    """All that a box may know of ours: none of the variables of whoever marks."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": "/tmp",
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",  # a fork takes no threads along
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "MPLBACKEND": "Agg",
        "COURSE_QUIET": "1",
        "COURSE_PROGRESS": "/tmp/progress.json",
        "COURSE_BOX": folder,
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        "PYTHONDONTWRITEBYTECODE": "1",
    } | ({"COURSE_DATA": str(data)} if data else {})


def serve(line: socket.socket, *, enclosed: bool) -> NoReturn:
    """Fork a keeper for everyone who asks, until nobody is left who could."""
    _load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for keepers
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asks ends this by closing the line
    while True:
        asked, given, *_ = socket.recv_fds(line, 1, 2)
        if not asked:
            os._exit(0)
        if os.fork() == 0:
            line.close()
            keep(*(socket.socket(fileno=each) for each in given), enclosed=enclosed)
        for each in given:
            os.close(each)


def _load() -> None:
    """Load what boxes need, and let it do once what it does at its first time."""
    import gc

    import cloudpickle  # noqa: F401
    import torch

    import course_utils.grading.inside  # noqa: F401

    torch.set_num_threads(1)
    x = torch.rand(2, 1, 8, 8, requires_grad=True)
    torch.nn.Conv2d(1, 2, 3)(x).flatten(1).square().sum().backward()
    torch.linalg.svd(torch.rand(4, 3))
    gc.collect()
    gc.freeze()


def keep(line: socket.socket, marker: socket.socket, *, enclosed: bool) -> NoReturn:
    """Make a box, wait until it ends or its marker wants no more of it, and say how it ended."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    last: dict[str, object] = {}
    try:
        request = wire.receive(marker)
        limits = Limits(*request["limits"])
        if enclosed:
            data = os.environ.get("COURSE_DATA")
            enclose(limits, Path(data) if data else None, show_lessons=request["lessons"])
        user = USERS[os.getpid() % len(USERS)]
        child = os.fork()
        if child == 0:
            marker.close()
            _begin(line, limits, user, enclosed)
        line.close()
        last = _wait(child, marker, limits)
    except (Refused, OSError) as refused:
        last = {"refused": str(refused)}
    with contextlib.suppress(wire.Closed):
        wire.send(marker, last)
    os._exit(0)


def _begin(line: socket.socket, limits: Limits, user: int, enclosed: bool) -> NoReturn:
    """The first process of a box: shut the door, then let the learner's code in."""
    from course_utils.grading import inside

    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nothing, number)
        os.dup2(line.fileno(), 3)
        line.detach()
        os.closerange(4, 1024)
        limit(limits, enclosed=enclosed)
        if enclosed:
            enter(user)
        inside.serve(socket.socket(fileno=3))
    finally:
        os._exit(1)


def _wait(child: int, marker: socket.socket, limits: Limits) -> dict:
    """How a process ended: by itself, or because its marker had gone or a limit was reached that
    counts for all that it has started too."""
    begins, _ = _used(child, {})
    # What it has when it begins, so has each that it forks.
    most, greedy, worked = limits.memory + limits.processes * begins, False, 0.0
    looked, each = time.monotonic(), {}
    ended, status, used = os.wait4(child, os.WNOHANG)
    while not ended:
        unwanted = bool(select.select([marker], [], [], 0.01)[0])
        if time.monotonic() - looked >= LOOK:
            memory, work = _used(child, each)
            looked, greedy, worked = time.monotonic(), memory > most, max(worked, work)
        if unwanted or greedy or worked > limits.work + 1:  # the kernel itself stops a single one
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            ended, status, used = os.wait4(child, 0)
        else:
            ended, status, used = os.wait4(child, os.WNOHANG)
    worked = max(worked, used.ru_utime + used.ru_stime)
    return {"status": os.waitstatus_to_exitcode(status), "worked": worked, "greedy": greedy}


def _used(process: int, each: dict[int, float]) -> tuple[int, float]:
    """Bytes in memory of a process and all that it has started, without those of files; and the
    seconds that they have worked. On Linux, and elsewhere 0.

    Args:
        each: the seconds of each process that was ever seen, which are brought up to date.
    """
    memory, living, todo = 0, 0.0, [process]
    while todo:
        number = todo.pop()
        place = Path(f"/proc/{number}")
        with contextlib.suppress(OSError):  # it has ended, or there is no /proc
            status = (place / "status").read_text()
            memory += 1024 * sum(map(int, re.findall(r"^Rss(?:Anon|Shmem):\s*(\d+)", status, re.M)))
            times = (place / "stat").read_text().rpartition(")")[2].split()[11:15]
            own, others = sum(map(int, times[:2])), sum(map(int, times[2:]))
            each[number] = own / TICKS
            living += (own + others) / TICKS
            for thread in (place / "task").iterdir():
                todo += map(int, (thread / "children").read_text().split())
    return memory, max(living, sum(each.values()))


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), enclosed=json.loads(sys.argv[2]) == 1)
