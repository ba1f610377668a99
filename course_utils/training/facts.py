"""What must be the same in all processes that train together, told in a few words."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.training.batches import Batches
from course_utils.training.checks import bare
from course_utils.training.sealed import fingerprint

SAMPLED = 256  # rows of the data that are compared bit by bit


def facts_of(model: nn.Module, data: list[Batches]) -> dict[str, Any]:
    """What must be the same in all processes, under names for the sentence that says it is not."""
    state = bare(model).state_dict()
    shapes = [(k, v.dtype, tuple(v.shape)) for k, v in state.items() if isinstance(v, Tensor)]
    facts = {
        "the version of torch": torch.__version__,
        "the code of course_utils": _code(),
        "the model": f"{type(bare(model)).__name__} {_short(repr(shapes).encode())}",
    }
    return facts | {batches.name: _data(batches) for batches in data}


@cache
def _code() -> str:
    """A fingerprint of the course as it stands: it has no versions."""
    package = Path(__file__).parent.parent
    return _short(b"".join(path.read_bytes() for path in sorted(package.rglob("*.py"))))


def _data(batches: Batches) -> str:
    """How many examples, of what kind, and a number that hangs on every bit of them."""
    if batches.columns is None:
        number = batches.countable() and batches.name == "train"  # what is learned from is in step
        return f"{len(batches)} batches" if number else "batches"
    parts = []
    for column in batches.columns:
        column = column.detach()
        some = column[torch.linspace(0, len(column) - 1, SAMPLED).long().to(column.device)]
        whole = {2: torch.int16, 4: torch.int32, 8: torch.int64}.get(column.element_size())
        bits = column.contiguous().view(whole or torch.uint8).sum(dtype=torch.int64)
        seal = _short(f"{bits.item()} {fingerprint({'some': some})}".encode())
        parts.append(f"{column.dtype} of shape {tuple(column.shape)} ({seal})")
    return " and ".join(parts)


def _short(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:8]
