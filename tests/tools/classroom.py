"""A class on one machine: what its kernels take, all at work at once, and how long `check` takes.

Each learner has a kernel, loads MNIST (or what `COURSE_DATASET` names) and trains lesson 08's VAE
for two epochs. Then, for some minutes, each by turns thinks, trains a little more, and has an
answer to one of the course's exercises checked: a right one, or one with a mistake that people
make, which takes longer. Printed are the time from sending that cell to its reply, and the
proportional set size (PSS) of each kernel: what it has for itself, and its share of what several
have in common, such as torch's libraries and the bytes of MNIST. Linux only.

    python tests/tools/classroom.py 40 --minutes 5
"""

import argparse
import os
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, BrokenBarrierError, Semaphore
from typing import NamedTuple

from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

TESTS = Path(__file__).resolve().parents[1]
ARRIVE = f"""
import importlib, os, random, sys
from course_utils import VAE, check, fit, load_images, negative_elbo, plots
sys.path.insert(0, {str(TESTS)!r})
images = load_images()
vae = VAE.dense(latent_dim=20, hidden=(400,))

def train(steps):
    fit(vae, negative_elbo(), images.train, steps=steps, batch_size=256, progress=False)

def answer(module, number):
    answers = importlib.import_module(module)
    return random.Random(number).choice([*answers.RIGHT, *answers.WRONG])

train(470)
pictures = plots.images({{"made of it": vae.reconstruct(images.test[:8])}})
print(os.getpid())
"""
STEPS = 100  # of training in each turn
AT_THE_DOOR = 4  # kernels that start at once
PATIENCE = 1800  # seconds for one cell: all of them share the processors


class Plan(NamedTuple):
    """How long the class works, in seconds, and how long somebody thinks, on average."""

    seconds: float
    pause: float


class Room:
    """Where a class of `size` meets: its door, and a bell that rings when all are ready."""

    def __init__(self, size: int, folder: str) -> None:
        self.door, self.bell, self.folder = Semaphore(AT_THE_DOOR), Barrier(size), Path(folder)


class Told(NamedTuple):
    """Of one learner: the kernel's memory in MB, and the seconds of each check."""

    memory: float
    checks: list[float]


def exercises() -> list[tuple[str, str]]:
    """The name of each exercise, and the module with answers to it."""
    files = sorted(TESTS.glob("answers/lesson_*/[a-z]*.py"))
    return [(file.stem, f"answers.{file.parent.name}.{file.stem}") for file in files]


def run(client: BlockingKernelClient, code: str) -> str:
    """What a cell prints.

    Raises:
        RuntimeError: if it ends in an exception.
    """
    said: list[str] = []
    reply = client.execute_interactive(
        code,
        timeout=PATIENCE,
        output_hook=lambda message: said.append(message["content"].get("text", "")),
    )
    if reply["content"]["status"] != "ok":
        raise RuntimeError(reply["content"]["evalue"])
    return "".join(said)


def turns(client: BlockingKernelClient, plan: Plan, chance: random.Random) -> Iterator[float]:
    """Think, train and have an answer checked, again and again: the seconds of each check."""
    end = time.monotonic() + plan.seconds
    while (pause := plan.pause * chance.uniform(0.5, 1.5)) < end - time.monotonic():
        time.sleep(pause)
        run(client, f"train({STEPS})")
        name, module = chance.choice(exercises())
        begun = time.monotonic()
        run(client, f"check({name!r}, answer({module!r}, {chance.randrange(1000)}))")
        yield time.monotonic() - begun


def megabytes(process: int) -> float:
    """The PSS of a process."""
    told = Path(f"/proc/{process}/smaps_rollup").read_text()
    return int(re.search(r"^Pss: +(\d+) kB", told, re.MULTILINE)[1]) / 1000


def learner(number: int, room: Room, plan: Plan) -> Told:
    """Come, work with the others, and stay until the memory of all has been measured."""
    own = {"COURSE_PROGRESS": str(room.folder / f"{number}.json"), "OMP_NUM_THREADS": "2"}
    with room.door:
        manager, client = start_new_kernel(
            env={**os.environ, **own}, extra_arguments=["--log-level=ERROR"]
        )
    try:
        with room.door:
            process = int(run(client, ARRIVE).split()[-1])
        room.bell.wait()
        checks = list(turns(client, plan, random.Random(number)))
        room.bell.wait()
        memory = megabytes(process)
        room.bell.wait()
        return Told(memory, checks)
    except BaseException:
        room.bell.abort()  # or the others would wait for ever
        raise
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def meet(size: int, plan: Plan) -> list[Told]:
    """A class of so many, all at once.

    Raises:
        RuntimeError: if a cell of one of them ended in an exception.
    """
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(size) as pool:
        room = Room(size, folder)
        coming = [pool.submit(learner, number, room, plan) for number in range(size)]
        failed = [error for each in coming if (error := each.exception())]
        if failed:  # the others were told by the bell, and say nothing new
            raise next((e for e in failed if not isinstance(e, BrokenBarrierError)), failed[0])
        return [each.result() for each in coming]


def report(told: list[Told]) -> str:
    """Both measures in words."""
    memory = [each.memory for each in told]
    checks = sorted(seconds for each in told for seconds in each.checks)
    lines = [
        f"{len(told)} kernels, MB of each: {' '.join(f'{each:.0f}' for each in sorted(memory))}",
        f"mean {statistics.mean(memory):.0f} MB, all {sum(memory) / 1000:.1f} GB",
    ]
    if len(checks) > 1:
        late = statistics.quantiles(checks, n=20, method="inclusive")[-1]
        lines.append(
            f"{len(checks)} checks: median {statistics.median(checks):.2f} s, 95 % within "
            f"{late:.2f} s, the longest {checks[-1]:.2f} s"
        )
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kernels", type=int, nargs="?", default=10)
    parser.add_argument("--minutes", type=float, default=5, help="of work; 0 measures memory alone")
    parser.add_argument("--pause", type=float, default=30, help="seconds that one thinks in a turn")
    asked = parser.parse_args(arguments)
    print(report(meet(asked.kernels, Plan(60 * asked.minutes, asked.pause))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
