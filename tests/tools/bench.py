"""Time an epoch of `fit` against the usual training loop, on MNIST: `make bench`.

Three ways to train one network, 784-400-20-400-784, with batches of 128 on two threads:

fit       `course_utils.fit`, as the lessons call it;
tutorial  what most tutorials write: torchvision's data set with ToTensor, a DataLoader that
          shuffles, Adam as it comes, and a plain loop;
floor     the matrix products of all layers alone, forward and backward, on numbers that are
          already in place. No training of this network can be faster.

The repetitions are interleaved, so that a machine that slows down slows all three.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F

from course_utils import Autoencoder, fit, load_images, reconstruction
from course_utils.data import DataError, data_root

SIZES = (784, 400, 20, 400, 784)
BATCH = 128
EXAMPLES = 60_000
GOAL = 0.5  # of the tutorial loop's time


def with_fit(images: torch.Tensor, epochs: int) -> None:
    """Train with `fit`; the objective is the squared error, summed over pixels."""
    model = Autoencoder.dense(latent_dim=20, hidden=(400,))
    fit(model, reconstruction, images, epochs=epochs, batch_size=BATCH, progress=False)


class TutorialAutoencoder(nn.Module):
    """The same network as most tutorials write it."""

    def __init__(self) -> None:
        super().__init__()
        wide, hidden, code = SIZES[:3]
        self.encoder = nn.Sequential(nn.Linear(wide, hidden), nn.ReLU(), nn.Linear(hidden, code))
        self.decoder = nn.Sequential(
            nn.Linear(code, hidden), nn.ReLU(), nn.Linear(hidden, wide), nn.Sigmoid()
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.encoder(x))


def with_tutorial_loop(epochs: int) -> None:
    """Train the way of the tutorials, on the same objective."""
    from torch.utils.data import DataLoader
    from torchvision import datasets, transforms

    mnist = datasets.MNIST(data_root(), train=True, transform=transforms.ToTensor())
    loader = DataLoader(mnist, batch_size=BATCH, shuffle=True)
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


def seconds(function: Callable[[], None]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def main() -> int | str:
    """Print the table; the exit status is a sentence if MNIST is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=1, help="epochs in each repetition")
    parser.add_argument("--repeats", type=int, default=5, help="repetitions; the median counts")
    options = parser.parse_args()
    if options.epochs < 1 or options.repeats < 1:
        parser.error("--epochs and --repeats are whole numbers, 1 or more")

    torch.set_num_threads(2)
    try:
        images = load_images("mnist").train
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
    return 0


if __name__ == "__main__":
    sys.exit(main())
