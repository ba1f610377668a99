"""The page on which a VAE learns in the browser; where npm cannot bring its library there is none.

`training/` has its parts: learning.js, which learns, worker.js, the thread in which it does,
page.js, what one sees, and the lock of the library. With pictures to learn from they become one
script.
"""

import json
import shutil
import subprocess
from pathlib import Path

import torch

from course_utils.data import Images
from course_utils.widgets.packing import pack_bytes
from course_utils.widgets.views import ink

FOLDER = Path(__file__).with_name("training")
LIBRARY = FOLDER / "node_modules" / "@jax-js" / "jax"
TRAINING, SHOWN = 6000, 500  # pictures: to learn from, and to be looked at
SOURCES = {  # name → in words
    "mnist": "MNIST (Yann LeCun, Corinna Cortes and Christopher Burges, CC BY-SA 3.0)",
    "digits": "scikit-learn's small digits (Ethem Alpaydin and Cenk Kaynak, CC BY 4.0), enlarged",
}


class Unavailable(RuntimeError):
    """Why there is no such page, in a few words."""


def installed() -> None:
    """See to it that what the lock names lies in `training/node_modules`.

    Raises:
        Unavailable: if there is no npm, or it cannot fetch what is missing.
    """
    lock, done = FOLDER / "package-lock.json", FOLDER / "node_modules" / ".package-lock.json"
    if done.exists() and done.stat().st_mtime >= lock.stat().st_mtime:
        return
    npm = shutil.which("npm")
    if npm is None:
        raise Unavailable("there is no npm here to bring the library that it needs")
    told = subprocess.run([npm, "ci"], cwd=FOLDER, capture_output=True, text=True)
    if told.returncode:
        reason = next(iter(told.stderr.strip().splitlines()), "it does not say why")
        raise Unavailable(f"npm cannot bring the library that it needs ({reason})")


def bundled(entry: str, *options: str) -> str:
    """One script of `entry`, a file of `training/`, and of all that it imports.

    Raises:
        Unavailable: as `installed`.
    """
    installed()
    esbuild = FOLDER / "node_modules" / "esbuild" / "bin" / "esbuild"
    command = ["node", str(esbuild), entry, "--bundle", "--minify", "--log-level=error", *options]
    return subprocess.run(
        command, cwd=FOLDER, capture_output=True, check=True, encoding="utf-8"
    ).stdout


def chosen(labels: torch.Tensor) -> torch.Tensor:
    """Which pictures are looked at: one of each digit, from 0 to 9, and then as they come."""
    first = [int((labels == digit).nonzero()[0]) for digit in range(10)]
    others = [place for place in range(len(labels)) if place not in first]
    return torch.tensor([*first, *others][:SHOWN])


def script(images: Images) -> str:
    """All that the page runs.

    Raises:
        Unavailable: as `installed`.
    """
    place = chosen(images.test_labels)
    labels = images.test_labels[place].to(torch.uint8)
    parts = {
        "worker": bundled("worker.js", "--format=iife"),
        "images": pack_bytes(ink(images.train[:TRAINING]).tobytes()),
        "shown": pack_bytes(ink(images.test[place]).tobytes()),
        "labels": pack_bytes(labels.numpy().tobytes()),
    }
    page = (FOLDER / "page.js").read_text("utf-8")
    return f"const trainingParts = {json.dumps(parts, ensure_ascii=False)};\n{page}"


def page(images: Images, still: str) -> str:
    """The page as Sphinx reads it; `still` is HTML that stands where no script runs."""
    text = Path(__file__).with_name("training.md").read_text("utf-8")
    note = "<p><small>(A still picture: where scripts run, this page trains.)</small></p>"
    place = f'<div id="training">\n{still}\n{note}\n</div>'
    html = f'{place}\n<script defer src="_static/training.js"></script>'
    parts = {
        "count": f"{min(TRAINING, len(images.train)):,}",
        "source": SOURCES[images.name],
        "page": f"```{{raw}} html\n{html}\n```",
    }
    for name, part in parts.items():
        text = text.replace(f"<!-- {name} -->", part)
    return text
