"""Lessons in a hurry: IPython runs this file first in a kernel of the tests.

Here `fit` trains for a few epochs on few pictures, a jukebox has few listeners, what takes long is
done less often, axes are not drawn, and what a lesson asserts of the results is not asserted: `make
execute` and `make test-all` do it all in full. What the tests look at is the rest. The small digits
pass for MNIST, because lessons go through the smaller set more often.
"""

import ast
from functools import partial

import torch
from matplotlib import rcParams
from matplotlib.axis import Axis
from matplotlib.layout_engine import ConstrainedLayoutEngine

import course_utils
from course_utils import anomaly, data, training
from course_utils.metrics import judging

PICTURES, EPOCHS = 32, 6

# What stands in a lesson, and what is done here.
LESS = {
    "TSNE(n_components=2,": "TSNE(n_components=2, max_iter=250,",  # 02
    "manual_seed(draw))[:1000]": "manual_seed(draw))[:100]",  # 05
    "for n in (100, 10_000, 100_000):": "for n in (100, 1_000):",  # 06
    "climb(surrogate, steps=2000,": "climb(surrogate, steps=1100,",  # 07
    "draw) for draw in range(3)]": "draw) for draw in range(2)]",  # 05
    "for _ in range(600):": "for _ in range(60):",  # 09
    "[judged(name, seed) for seed in range(4)]": "[judged(name, k) for k in range(2)] * 2",  # 09
    "trade(j, 1.25)) for j in awake]": "trade(j, 1.25)) for j in awake[:2]]",  # 09
    "counts, found, control = (10, 20, 50, 100)": "counts, found, control = (10, 100)",  # 10
    "rate_parts(*code, 400,": "rate_parts(*code, 40,",  # 10
    "for draws in (1, 20):": "for draws in (1, 2):",  # 11
    "for rows in range(8)": "for rows in range(2)",  # 12
    "for line in (60, 40, 30, 25, 20, 16, 13, 10,": "for line in (60, 10,",  # 13
    "ReconstructionDetector(random_state=0).fit(normal)": (
        "ReconstructionDetector(steps=1, random_state=0).fit(normal)"
    ),  # 13
    "for digit in (2, 5, 8):": "for digit in (8,):",  # 13
    "for split in range(5)": "for split in range(2)",  # 13
    ":count]] for _ in range(200)]": ":count]] for _ in range(5)]",  # 13
    "draws, sizes, read = 4,": "draws, sizes, read = 2,",  # 14
    "for _ in range(200):": "for _ in range(20):",  # 15
    "for size in (8, 16, 32):": "for size in (8, 16):",  # 16
    "images.test[:300], 100, generator)": "images.test[:300], 5, generator)",  # 17
    "begin, 0.03, 400,": "begin, 0.03, 30,",  # 18
    "0.1 * sigma**2, 20,": "0.1 * sigma**2, 2,",  # 18
    "z0 = torch.randn(40_000,": "z0 = torch.randn(400,",  # 18
}


def shortened(lines: list[str]) -> list[str]:
    """The lines of a cell, with less to do."""
    source = "".join(lines)
    for often, seldom in LESS.items():
        source = source.replace(often, seldom)
    return source.splitlines(keepends=True)


class WithoutAsserts(ast.NodeTransformer):
    def visit_Assert(self, node: ast.Assert) -> ast.Pass:
        return ast.copy_location(ast.Pass(), node)


def fit_few(model, objective, train, *, fit=training.fit, **settings):
    """`fit` on the first pictures of what it was given; and not for long, unless it is watched."""
    if settings.pop("steps", None) or not settings.get("callbacks"):
        settings["epochs"] = min(settings.get("epochs", EPOCHS), EPOCHS)
    if "val" in settings:
        settings["val"] = few_of(settings["val"])
    return fit(model, objective, few_of(train), **settings)


def few_of(data):
    """The first of images, or of images and what belongs to them; else what was given."""
    if torch.is_tensor(data):
        return data[:PICTURES]
    return tuple(part[:PICTURES] for part in data) if isinstance(data, tuple) else data


def load_small(*args, load=data.load_images, **settings):
    """`load_images`, under MNIST's name where it is the digits."""
    images = load(*args, **settings)
    return images._replace(name="mnist") if images.name == "digits" else images


# Axes, and room for them, are most of drawing a figure, and nobody looks at them here.
rcParams["savefig.dpi"] = 20
ConstrainedLayoutEngine.execute = lambda self, figure: None
Axis.draw = lambda self, renderer: None

get_ipython().input_transformers_post.append(shortened)
get_ipython().ast_transformers.append(WithoutAsserts())
course_utils.fit = training.fit = anomaly.fit = judging.fit = fit_few
course_utils.load_images = data.load_images = load_small
course_utils.jukebox = data.jukebox = partial(data.jukebox, 600, 200, 200)
