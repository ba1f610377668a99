"""Time `fit` against the usual training loop, on MNIST: `make bench`.

First an epoch of a plain autoencoder. Three ways to train one network, 784-400-20-400-784, with
batches of 128 on two threads:

fit       `course_utils.fit`, as the lessons call it;
tutorial  what most tutorials write: torchvision's data set with ToTensor, a DataLoader that
          shuffles, Adam as it comes, and a plain loop;
floor     the matrix products of all layers alone, forward and backward, on numbers that are
          already in place. No training of this network can be faster.

The repetitions are interleaved, so that a machine that slows down slows all three.

Then the whole training of the variational autoencoder 784-400-20, until -ELBO on the test pictures
is at most 107 nats: `fit` as lesson 08 calls it, and the tutorials' loop with their settings. Both
are looked at after every epoch, and the looking is not timed.

Then two processes with a thread each, as torchrun starts them, against two threads of one process:
the same `fit` of the same autoencoder, interleaved. What it takes to start them is not counted.

Then the record (`record.py`): the shortest training we know of to that bound, and to 100 nats on
pixels that are black and white, with ten seeds, beside the tutorials' loop.

Last the time from a key press to changed pixels in JupyterLab (`latency.py`): `scrub` beside
ipywidgets' `interact` with matplotlib. Without a browser it says so.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise

import latency
import record
import torch
from torch import nn
from torch.nn import functional as F
from tutorial import SIZES, TutorialAutoencoder, TutorialVAE, tutorial_loader

from course_utils import (
    VAE,
    Autoencoder,
    cosine_decay,
    elbo,
    fit,
    load_images,
    negative_elbo,
    reconstruction,
)
from course_utils.data import DataError

BATCH = 128
EXAMPLES = 60_000
GOAL = 0.5  # of the tutorial loop's time
NATS = 107.0  # -ELBO on the test pictures at which the clock stops
MOST_EPOCHS = 30


def with_fit(images: torch.Tensor, epochs: int) -> float:
    """Train with `fit`; the objective is the squared error, summed over pixels. Seconds."""
    model = Autoencoder.dense(latent_dim=20, hidden=(400,))
    return fit(
        model, reconstruction, images, epochs=epochs, batch_size=BATCH, progress=False
    ).seconds


def with_two_processes(epochs: int) -> float:
    """The same in two processes with a thread each, by torchrun. Seconds, by the first one."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command += [__file__, "--process", "--epochs", str(epochs)]
    result = subprocess.run(
        command, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.PIPE, check=True
    )
    return float(result.stdout)


def one_of_two(epochs: int) -> None:
    """What each of the two processes does."""
    torch.set_num_threads(1)
    taken = with_fit(load_images("mnist").train, epochs)
    if torch.distributed.get_rank() == 0:
        print(taken)


def report_processes(images: torch.Tensor, epochs: int, repeats: int) -> None:
    """Print what two processes take beside two threads."""
    pairs = [(with_fit(images, epochs), with_two_processes(epochs)) for _ in range(repeats)]
    threads, processes = (statistics.median(times) / epochs for times in zip(*pairs, strict=True))
    share = statistics.median(two / one for one, two in pairs)
    print("\nfit among processes                s per epoch   of one process")
    print(f"one process, two threads          {threads:12.2f}   {1:14.2f}")
    print(f"two processes against two threads {processes:12.2f}   {share:14.2f}")


def with_tutorial_loop(epochs: int) -> None:
    """Train the way of the tutorials, on the same objective."""
    loader = tutorial_loader(BATCH)
    model = TutorialAutoencoder()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(epochs):
        total = 0.0
        for images, _ in loader:
            x = images.view(-1, 784)
            loss = F.mse_loss(model(x), x, reduction="sum") / len(x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()


def with_matrix_products(epochs: int) -> None:
    """For each step and layer: the output, the weights' gradient and the input's gradient."""
    layers = []
    for width, height in pairwise(SIZES):
        x, weight = torch.randn(BATCH, width), torch.randn(height, width)
        layers.append((x, weight, torch.randn(BATCH, height), x.clone(), weight.clone()))
    for _ in range(epochs * -(-EXAMPLES // BATCH)):
        for x, weight, y, _, _ in layers:
            torch.mm(x, weight.T, out=y)
        for depth, (x, weight, y, grad_x, grad_weight) in reversed(list(enumerate(layers))):
            torch.mm(y.T, x, out=grad_weight)
            if depth > 0:  # nobody asks for the gradient with respect to the data
                torch.mm(y, weight, out=grad_x)


def vae_with_fit(train: torch.Tensor, test: torch.Tensor) -> "Race":
    """Lesson 08's training, with as many epochs as it takes to be below the goal at its end."""
    race = Race(lambda model: -elbo(model, test, generator=race.generator).mean().item())
    model = VAE.dense(latent_dim=20, hidden=SIZES[1:2])
    recipe = {"batch_size": 256, "lr": cosine_decay(4e-3, 1e-5), "precision": "auto"}
    callbacks = [lambda model, history: race.look(model)]
    fit(model, negative_elbo(), train, epochs=8, progress=False, callbacks=callbacks, **recipe)
    return race


def vae_with_tutorial_loop(test: torch.Tensor) -> "Race":
    """Adam at 1e-3 and batches of 128, epoch after epoch, until the goal is reached."""
    loader, flat = tutorial_loader(BATCH), test.flatten(1)

    @torch.no_grad()
    def cost(model: TutorialVAE) -> float:
        return model.loss(flat).item() / len(flat)

    race, model = Race(cost), TutorialVAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    while race.seconds is None and race.epochs < MOST_EPOCHS:
        total = 0.0
        for images, _ in loader:
            loss = model.loss(images.view(-1, SIZES[0]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        race.look(model)
    return race


class Race:
    """A clock that stands still while it looks at the model, and stops when the goal is reached."""

    def __init__(self, cost: Callable[[nn.Module], float]) -> None:
        self.cost, self.generator = cost, torch.Generator().manual_seed(0)
        self.epochs, self.nats, self.seconds = 0, float("inf"), None
        self.started = time.perf_counter()

    def look(self, model: nn.Module) -> None:
        """To be called at the end of each epoch."""
        if self.seconds is not None:
            return
        now = time.perf_counter()
        self.epochs, self.nats = self.epochs + 1, self.cost(model)
        if self.nats <= NATS:
            self.seconds = now - self.started
        self.started += time.perf_counter() - now

    def __str__(self) -> str:
        if self.seconds is None:
            return f"not reached in {self.epochs} epochs: {self.nats:.1f} nats"
        return f"{self.seconds:6.1f} s, {self.epochs} epochs, {self.nats:.1f} nats"


def seconds(function: Callable[[], None]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def main() -> int | str:
    """Print the table; the exit status is a sentence if MNIST is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=1, help="epochs in each repetition")
    parser.add_argument("--repeats", type=int, default=5, help="repetitions; the median counts")
    parser.add_argument("--seeds", type=int, default=10, help="of the record")
    parser.add_argument("--process", action="store_true", help="be one of the two processes")
    options = parser.parse_args()
    if min(options.epochs, options.repeats, options.seeds) < 1:
        parser.error("--epochs, --repeats and --seeds are whole numbers, 1 or more")

    if options.process:
        one_of_two(options.epochs)
        return 0
    torch.set_num_threads(2)
    try:
        sets = load_images("mnist")
        images = sets.train
    except DataError as error:
        return f"The benchmark needs MNIST: {error}"

    ways = {
        "fit": lambda: with_fit(images, options.epochs),
        "tutorial loop": lambda: with_tutorial_loop(options.epochs),
        "matrix products alone": lambda: with_matrix_products(options.epochs),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.repeats):
        for name, way in ways.items():
            times[name].append(seconds(way) / options.epochs)

    layers = "-".join(map(str, SIZES))
    print(
        f"{layers}, batches of {BATCH}, {torch.get_num_threads()} threads, "
        f"median of {options.repeats} x {options.epochs} epochs\n"
    )
    print(f"{'':22}  s per epoch   of the tutorial loop")
    shares = {}
    for name, values in times.items():
        # Each repetition's own share: its times were taken side by side, equally disturbed.
        pairs = zip(values, times["tutorial loop"], strict=True)
        shares[name] = statistics.median(value / loop for value, loop in pairs)
        print(f"{name:22}  {statistics.median(values):11.2f}   {shares[name]:20.2f}")
    verdict = "reached" if shares["fit"] <= GOAL else "missed"
    print(f"\nfit takes {shares['fit']:.2f} of the tutorial loop's time (goal: {GOAL}, {verdict})")

    report_processes(images, options.epochs, options.repeats)
    print(
        f"\nvariational autoencoder, {'-'.join(map(str, SIZES[:3]))}, to -ELBO <= {NATS:g} nats\n"
    )
    ours, theirs = vae_with_fit(images, sets.test), vae_with_tutorial_loop(sets.test)
    print(f"{'fit':22}  {ours}\n{'tutorial loop':22}  {theirs}")
    if ours.seconds and theirs.seconds:
        share = ours.seconds / theirs.seconds
        print(f"\nfit takes {share:.2f} of the tutorial loop's time")
    held = record.report(options.seeds)
    latency.report()
    if not held:
        return "a seed of the record did not reach its goal"
    if ours.seconds is None or theirs.seconds is None:
        return "one of the two did not reach the goal"
    return 0


if __name__ == "__main__":
    sys.exit(main())
