"""Time from a key press to changed pixels, in JupyterLab in a real browser: part of `make bench`.

Twenty sliders over a decoder 20-400-784, in one notebook, made in two ways: `scrub`, where the
browser decodes; and what most notebooks have, `ipywidgets.interact` with a function that decodes in
the kernel and draws with matplotlib. In each a slider has the focus and the right arrow key is
pressed, many times. The clock starts at the page's own keydown event and stops at the first frame
of the screen in which the picture's pixels are others. The two take turns, so that a machine that
slows down slows both.
"""

import statistics
import sys
import tempfile
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import browser

GOAL = 16.0  # milliseconds
GOAL_SHARE = 1 / 3  # of the other way's time
PRESSES, ROUNDS = 10, 4

CELLS = [
    """\
import torch
import ipywidgets
import matplotlib.pyplot as plt
from course_utils import VAE
from course_utils.widgets import scrub

model = VAE.dense(20, (400,)).eval()
for weight in model.decoder.parameters():
    weight.data *= 3""",
    "scrub(model)",
    """\
def draw(**code):
    with torch.no_grad():
        picture = model.to_image(model.decode(torch.tensor([list(code.values())])))
    plt.imshow(picture[0, 0], cmap="gray_r")
    plt.axis("off")
    plt.show()

sliders = {f"z{j}": ipywidgets.FloatSlider(min=-3, max=3, step=0.1) for j in range(20)}
ipywidgets.interact(draw, **sliders);""",
]
WAYS = {
    "scrub": (1, "input[type=range]", "canvas.cv-picture"),
    "interact + matplotlib": (2, ".noUi-handle", ".jp-OutputArea img"),
}

# Resolves with the milliseconds from the next keydown to the first frame with other pixels. What
# an <img> shows is its source, once that is decoded.
CLOCK = """async ([cell, selector]) => {
    const look = () => {
        const picture = cell.querySelector(selector);
        if (picture instanceof HTMLCanvasElement)
            return picture.getContext("2d").getImageData(0, 0, picture.width, picture.height).data
                .join();
        return picture?.complete ? picture.src : null;
    };
    const before = look();
    const begun = await new Promise(resolve => addEventListener(
        "keydown", () => resolve(performance.now()), { capture: true, once: true }));
    return new Promise(resolve => {
        const frame = () => {
            const now = look();
            if (now !== null && now !== before) resolve(performance.now() - begun);
            else requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
    });
}"""


def measure() -> dict[str, list[float]]:
    """Milliseconds of each key press, for each way.

    Raises:
        RuntimeError: if there is no browser.
    """
    times: dict[str, list[float]] = {name: [] for name in WAYS}
    try:
        with browser.chromium() as chromium, tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "notebooks"
            root.mkdir()
            cells = [new_code_cell(source) for source in CELLS]
            kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
            notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel})
            nbformat.write(notebook, root / "latency.ipynb")
            with (
                browser.lab(Path(folder), root) as lab,
                lab.open(chromium, "latency.ipynb") as opened,
            ):
                opened.run_all()
                for name in list(WAYS) * ROUNDS:
                    times[name] += _press(opened, *WAYS[name])
    except (pytest.skip.Exception, pytest.fail.Exception) as reason:
        raise RuntimeError(str(reason)) from None
    return times


def _press(notebook: browser.Notebook, index: int, slider: str, picture: str) -> list[float]:
    """Press the right arrow key on the first slider of a cell, and time each press."""
    page = notebook.page
    cell = notebook.cell(index)
    cell.locator(picture).first.wait_for()
    cell.locator(slider).first.focus()
    times = []
    for _ in range(PRESSES):
        page.wait_for_timeout(250)  # whatever the last press began has come to its end
        page.evaluate(
            f"([cell, selector]) => {{ window.clock = ({CLOCK})([cell, selector]); }}",
            [cell.element_handle(), picture],
        )
        page.keyboard.press("ArrowRight")
        times.append(page.evaluate("() => window.clock"))
    page.keyboard.press("Home")  # back, so that every round has room to the right
    page.wait_for_timeout(500)
    return times


def report() -> None:
    """Print both medians, and whether the goals are reached; say so where there is no browser."""
    print("\nfrom key press to changed pixels, 20 sliders, decoder 20-400-784, JupyterLab\n")
    try:
        times = measure()
    except RuntimeError as reason:
        print(f"not measured: {reason}")
        return
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, median in medians.items():
        print(f"{name:22}  {median:6.1f} ms, median of {len(times[name])}")
    ours, theirs = medians.values()
    reached = ours <= GOAL and ours <= GOAL_SHARE * theirs
    print(
        f"\nscrub takes {ours / theirs:.2f} of the other's time (goals: {GOAL:g} ms, "
        f"{GOAL_SHARE:.2f}, {'reached' if reached else 'missed'})"
    )


if __name__ == "__main__":
    report()
