"""Lessons in a hurry: IPython runs this file first in a kernel of the tests.

Here `fit` trains for a few epochs on few pictures, a jukebox has few listeners, and what a lesson
asserts of the results is not asserted: `make execute` and `make test-all` do it all in full. What
the tests look at is the rest. The small digits pass for MNIST, because lessons go through the
smaller set more often.
"""

import ast
from functools import partial

import torch
from matplotlib.layout_engine import ConstrainedLayoutEngine

import course_utils
from course_utils import anomaly, data, training

PICTURES, EPOCHS = 32, 6


class WithoutAsserts(ast.NodeTransformer):
    def visit_Assert(self, node: ast.Assert) -> ast.Pass:
        return ast.copy_location(ast.Pass(), node)


def fit_few(model, objective, train, *, fit=training.fit, **settings):
    """`fit` on the first pictures of what it was given; and not for long, unless it is watched."""
    if settings.pop("steps", None) or not settings.get("callbacks"):
        settings["epochs"] = min(settings.get("epochs", EPOCHS), EPOCHS)
    if torch.is_tensor(train):
        train = train[:PICTURES]
    elif isinstance(train, tuple):
        train = tuple(part[:PICTURES] for part in train)
    return fit(model, objective, train, **settings)


def load_small(*args, load=data.load_images, **settings):
    """`load_images`, under MNIST's name where it is the digits."""
    images = load(*args, **settings)
    return images._replace(name="mnist") if images.name == "digits" else images


# Finding room for a figure's parts takes a quarter of drawing it, and nobody looks at them here.
ConstrainedLayoutEngine.execute = lambda self, figure: None

get_ipython().ast_transformers.append(WithoutAsserts())
course_utils.fit = training.fit = anomaly.fit = fit_few
course_utils.load_images = data.load_images = load_small
course_utils.jukebox = data.jukebox = partial(data.jukebox, 600, 200, 200)
