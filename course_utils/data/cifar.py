"""CIFAR-10's own files as tensors: pickles, read once their checksums are known to be right."""

import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.data.compact import as_floats
from course_utils.data.records import Images

TRAIN = [f"data_batch_{number}" for number in range(1, 6)]
TEST, NAMES = "test_batch", "batches.meta"


def read_cifar(folder: Path, train_limit: int | None, test_limit: int | None) -> Images:
    """The set in a folder. A pickle can run anything: `folder` holds the published files alone."""
    return Images(
        *_pictures(folder, TRAIN, train_limit),
        *_pictures(folder, [TEST], test_limit),
        name="cifar10",
        classes=tuple(_unpickled(folder / NAMES)["label_names"]),
    )


def _pictures(
    folder: Path, batches: Iterable[str], limit: int | None
) -> tuple[Float[Tensor, "n 3 32 32"], Int[Tensor, " n"]]:
    """The first so many: a row of a batch is a picture's red, then its green, then its blue."""
    pixels, labels = [], []
    for name in batches:
        batch = _unpickled(folder / name)
        pixels.append(batch["data"])
        labels += batch["labels"]
        if limit is not None and len(labels) >= limit:
            break
    rows = torch.from_numpy(np.concatenate(pixels)[:limit])
    return as_floats(rows.view(-1, 3, 32, 32)), torch.tensor(labels[:limit])


def _unpickled(path: Path) -> dict[str, Any]:
    with open(path, "rb") as stream:
        return pickle.load(stream, encoding="latin1")  # written by Python 2
