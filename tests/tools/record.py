"""How fast can lesson 08's network be trained? A record, and eight single changes that led to it.

    python tests/tools/record.py             the record against the tutorials' loop, ten seeds
    python tests/tools/record.py --seeds 2   the same in a hurry
    python tests/tools/record.py --ladder    all nine rungs, for the tables of `notebooks/record.md`

The network is always 784-400-20-400-784, the goal always a bound on all test pictures: -ELBO at
most 107 nats where pixels are grey, and at most 100 where they are black and white, drawn anew each
time. A rung is trained for so many passes as bring every seed to the goal. To load the pictures and
to judge what came out is not timed. Seconds of processor time are those of both threads together.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice, repeat
from statistics import mean
from typing import NamedTuple

import page
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tutorial import SIZES, TutorialVAE, tutorial_loader

from course_utils import load_images

EXAMPLES, BATCH = 60_000, 128
Pictures = tuple[Tensor, Tensor]  # to train on, and to be judged by, in rows
GOALS = {"grey": 107.0, "black and white": 100.0}


def constant(progress: float) -> float:
    return 1.0


def up_and_down(progress: float) -> float:
    """Up within the first twentieth, level, and from two fifths on down to nothing."""
    return min(1.0, progress / 0.05, (1 - progress) / 0.6)


@dataclass(frozen=True)
class Recipe:
    """All that the rungs change. As it comes, it is the tutorials' loop."""

    one_tensor: bool = False  # the pictures are on hand, and no loader makes them one by one
    fused: bool = False  # Adam takes a step in one call
    logits: bool = False  # the loss is taken of logits, without a sigmoid between
    rate: float = 1e-3
    schedule: Callable[[float], float] = constant
    mean_picture: bool = False  # before it has learned anything, the decoder draws the mean picture
    activation: Callable[[Tensor], Tensor] = F.relu
    betas: tuple[float, float] = (0.9, 0.999)


class Rung(NamedTuple):
    """One change, and how many passes through the pictures are enough after it, for each goal.

    The first three make a pass cheaper and change nothing else: they are climbed for one goal.
    """

    name: str
    change: dict
    passes: dict[str, float]


def rung(name: str, grey: float, black_and_white: float | None = None, **change) -> Rung:
    passes = dict(zip(GOALS, (grey, black_and_white), strict=True))
    return Rung(name, change, {goal: count for goal, count in passes.items() if count})


LADDER = (
    rung("the tutorials' loop", 9, 24),
    rung("the pictures in one tensor", 9, one_tensor=True),
    rung("Adam's step in one call", 9, fused=True),
    rung("the loss of logits", 9, logits=True),
    rung("a rate that rises, stays and falls", 3.25, 8.5, rate=4e-3, schedule=up_and_down),
    rung("the decoder begins with the mean picture", 2.4, 7.5, mean_picture=True),
    rung("SiLU in place of ReLU", 2, 6, activation=F.silu),
    rung("a rate half as high again", 1.6, 5.25, rate=6e-3),
    rung("Adam forgets sooner", 1.5, 4.75, betas=(0.85, 0.99)),
)
LONG, FEW = 9, 3  # a rung of so many passes takes minutes, and gets only so many seeds


class Network(TutorialVAE):
    """The tutorials' network, with what a recipe changes in it."""

    def __init__(self, recipe: Recipe, train: Tensor) -> None:
        super().__init__()
        self.recipe = recipe
        if recipe.mean_picture:
            usual = train.mean(0).clamp(1e-4, 1 - 1e-4)
            self.draw.bias.data.copy_(torch.logit(usual))

    def loss(self, x: Tensor) -> Tensor:
        """-ELBO, summed over the batch."""
        if not self.recipe.logits:
            return super().loss(x)
        act = self.recipe.activation
        h = act(self.enter(x))
        mu, log_var = self.mean(h), self.log_variance(h)
        z = mu + torch.exp(0.5 * log_var) * torch.randn_like(mu)
        logits = self.draw(act(self.leave(z)))
        kl = -0.5 * torch.sum(1 + log_var - mu**2 - log_var.exp())
        return F.binary_cross_entropy_with_logits(logits, x, reduction="sum") + kl


def batches(recipe: Recipe, train: Tensor) -> Iterator[Tensor]:
    """Pass after pass without end, each in another order."""
    if not recipe.one_tensor:
        loader = tutorial_loader(BATCH)
        for images, _ in chain.from_iterable(repeat(loader)):
            yield images.view(-1, SIZES[0])
    while True:
        for chosen in torch.randperm(len(train)).split(BATCH):
            yield train.index_select(0, chosen)


def trained(recipe: Recipe, passes: float, train: Tensor, binary: bool) -> Network:
    """The network after so many passes through the pictures."""
    model = Network(recipe, train)
    adam = torch.optim.Adam(model.parameters(), recipe.rate, recipe.betas, fused=recipe.fused)
    steps = round(passes * -(-EXAMPLES // BATCH))
    for step, x in enumerate(islice(batches(recipe, train), steps)):
        adam.param_groups[0]["lr"] = recipe.rate * recipe.schedule((step + 1) / (steps + 1))
        x = torch.bernoulli(x) if binary else x
        loss = model.loss(x) / len(x)
        adam.zero_grad()
        loss.backward()
        adam.step()
    return model


@torch.no_grad()
def judged(model: nn.Module, test: Tensor, binary: bool) -> float:
    """-ELBO in nats, the mean over all test pictures; the draws are the same for every model."""
    torch.manual_seed(0)
    x = torch.bernoulli(test) if binary else test
    return sum(model.loss(part).item() for part in x.split(2000)) / len(x)


class Run(NamedTuple):
    """What one training gave."""

    nats: float
    seconds: float
    processor: float


def run(recipe: Recipe, passes: float, pictures: Pictures, goal: str, seed: int) -> Run:
    """One training with its own weights, order and noise."""
    binary = goal == "black and white"
    torch.manual_seed(seed)
    wall, processor = time.perf_counter(), time.process_time()
    model = trained(recipe, passes, pictures[0], binary)
    taken = time.perf_counter() - wall, time.process_time() - processor
    return Run(judged(model, pictures[1], binary), *taken)


def recipes() -> list[Recipe]:
    """That of each rung: its change, and those of all below it."""
    found = [Recipe()]
    for step in LADDER[1:]:
        found.append(replace(found[-1], **step.change))
    return found


def climb(rungs: list[int], seeds: int, pictures: Pictures, goal: str) -> list[dict]:
    """Each rung with each seed, seed by seed, so that a machine that slows down slows all alike."""
    made = recipes()
    runs = {place: [] for place in rungs}
    for seed in range(seeds):
        for place in rungs:
            passes = LADDER[place].passes[goal]
            if passes >= LONG and seed >= FEW:
                continue
            runs[place].append(run(made[place], passes, pictures, goal, seed))
            print(f"{goal:16} seed {seed} {LADDER[place].name:42}", *told(runs[place][-1]))
    return [summary(place, runs[place], runs[rungs[0]], goal) for place in rungs]


def told(one: Run) -> tuple[str, ...]:
    return f"{one.nats:.2f} nats", f"{one.seconds:.1f} s", f"({one.processor:.1f} s of processors)"


def summary(place: int, runs: list[Run], first: list[Run], goal: str) -> dict:
    """What a rung's seeds gave together; its share is of the first rung's seconds."""
    processor = mean([each.processor for each in runs])
    return {
        "rung": place,
        "name": LADDER[place].name,
        "passes": LADDER[place].passes[goal],
        "seeds": len(runs),
        "mean": round(mean([each.nats for each in runs]), 2),
        "worst": round(max(each.nats for each in runs), 2),
        "seconds": round(mean([each.seconds for each in runs]), 1),
        "processor": round(processor, 1),
        "share": round(processor / mean([each.processor for each in first]), 3),
    }


HEADER = (
    *("", "change", "passes", "seeds"),
    *("−ELBO, mean", "worst seed", "processor, s", "of the first"),
)


def rows(found: list[dict]) -> list[tuple[str, ...]]:
    """A rung for each row of the page's table."""
    return [
        (
            str(each["rung"]),
            each["name"],
            f"{each['passes']:g}",
            str(each["seeds"]),
            f"{each['mean']:.2f}",
            f"{each['worst']:.2f}",
            f"{each['processor']:.0f}",
            f"{each['share']:.3f}",
        )
        for each in found
    ]


def made(kept: dict[str, list[dict]]) -> list[str]:
    """The page's tables, one for each goal."""
    return [page.table(HEADER, rows(kept[goal])) for goal in GOALS if goal in kept]


def pictures() -> Pictures:
    """MNIST in rows, to train on and to be judged by; and PyTorch's compiler, which Adam loads."""
    weight = nn.Parameter(torch.zeros(1))
    weight.grad = torch.zeros(1)
    torch.optim.Adam([weight]).step()
    images = load_images("mnist")
    return images.train[:].flatten(1), images.test[:].flatten(1)


def report(seeds: int) -> bool:
    """Print the record beside one run of the tutorials' loop; whether every seed reached its goal.

    It takes that loop many minutes to get to 100 nats, so that it gets one seed.
    """
    print(f"\nthe record, {'-'.join(map(str, SIZES[:3]))}, {seeds} seeds\n")
    found, data = {}, pictures()
    for goal in GOALS:
        (tutorial,) = climb([0], 1, data, goal)
        (found[goal],) = climb([len(LADDER) - 1], seeds, data, goal)
        found[goal]["of the loop"] = found[goal]["seconds"] / tutorial["seconds"]
    for goal, ours in found.items():
        print(
            f"{goal}, to {GOALS[goal]:g} nats: {ours['seconds']:.1f} s on average, "
            f"{ours['of the loop']:.3f} of the tutorials' loop; {ours['worst']:.2f} nats at worst"
        )
    return all(ours["worst"] <= GOALS[goal] for goal, ours in found.items())


def main() -> int | str:
    """The record, or the whole ladder; the exit status is a sentence if a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10, help="trainings of each kind")
    parser.add_argument("--threads", type=int, default=2, help="of the processor")
    parser.add_argument("--goal", choices=GOALS, action="append", help="only this one")
    parser.add_argument("--ladder", action="store_true", help="all rungs, kept for the page")
    parser.add_argument("--from", type=int, default=0, dest="lowest", help="the lowest rung")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if not options.ladder:
        return 0 if report(options.seeds) else "a seed did not reach its goal"
    data = pictures()
    for goal in options.goal or GOALS:
        rungs = [k for k, each in enumerate(LADDER) if k >= options.lowest and goal in each.passes]
        found = climb(rungs, options.seeds, data, goal)
        page.keep("record", page.kept("record") | {goal: found})
    page.write("record", made(page.kept("record")))
    return 0


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main())
