"""The same in Jupyter Notebook 7, which hears of a key before the page does.

Whatever has the focus in a view keeps its keys: it moves, and no cell is left, changed or deleted.
Keys that are Jupyter's everywhere stay Jupyter's.
"""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import browser

# On every change `test_browser.py` looks in Lab for the attribute by which a view keeps its keys.
pytestmark = [pytest.mark.browser, pytest.mark.thorough]

KERNELSPEC = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
SETUP = """\
import torch
from course_utils import VAE, cards, quiz
from course_utils.widgets import choose_model, compare_code_sizes, scrub, walk
x = torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(0))
flat = VAE.dense(2, (16,))"""
CELLS = {
    "setup": new_code_cell(SETUP),
    "map": new_code_cell("scrub(flat, z=torch.zeros(2))"),
    "walk": new_code_cell("walk(flat, x[0], x[1])"),
    "quiz": new_code_cell('quiz("01.axes")'),
    "cards": new_code_cell('cards("14")'),
    "path": new_code_cell("choose_model()"),
    "slider": new_code_cell('compare_code_sizes(x, {"PCA": {k: x for k in (1, 4, 16)}})'),
    "end": new_markdown_cell("The end."),
}


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    """The cells above in Notebook 7, run."""
    folder = tmp_path_factory.mktemp("notebook")
    root = folder / "notebooks"
    root.mkdir()
    cells = new_notebook(cells=[*CELLS.values()], metadata={"kernelspec": KERNELSPEC})
    nbformat.write(cells, root / "keys.ipynb")
    with (
        browser.chromium() as chromium,
        browser.lab(folder, root, app="notebook") as server,
        server.open(chromium, "keys.ipynb") as opened,
    ):
        opened.run_all()
        assert browser.errors(opened.cells()) == []
        yield opened


def cell(notebook, name):
    return notebook.cell(list(CELLS).index(name))


def press(part, *keys):
    part.scroll_into_view_if_needed()
    part.focus()
    for key in keys:
        part.page.keyboard.press(key)


def test_arrow_keys_move_the_map(notebook):
    view = cell(notebook, "map")
    press(view.get_by_role("application"), "ArrowRight", "ArrowUp", "ArrowUp")
    code = view.get_by_label("Code for Python").input_value()
    assert code == "torch.tensor([0.10, 0.20])"


def test_arrow_keys_move_the_slider_of_a_walk(notebook):
    slider = cell(notebook, "walk").get_by_role("slider")
    press(slider, "ArrowRight", "ArrowRight", "ArrowUp")
    assert slider.input_value() == "3"


def test_arrow_keys_go_from_answer_to_answer_and_enter_chooses(notebook):
    quiz = cell(notebook, "quiz")
    press(quiz.get_by_role("button").first, "ArrowDown", "ArrowDown")
    assert quiz.locator("button:focus").inner_text().startswith("C")
    press(quiz.locator("button:focus"), "Enter")
    assert quiz.locator("button:focus").get_attribute("aria-pressed") == "true"


def test_arrow_keys_go_from_card_to_card(notebook):
    view = cell(notebook, "cards")
    press(view.get_by_role("button", name="Next"), "ArrowRight", "ArrowRight")
    assert view.get_by_role("status").inner_text().startswith("Card 3 of")


def test_arrow_keys_move_a_slider_that_asks_python(notebook):
    view = cell(notebook, "slider").locator(".widget-box")
    assert view.get_by_text("PCA, 1 number", exact=True).is_visible()
    press(view.get_by_role("slider", name="code size"), "ArrowRight")
    view.get_by_text("PCA, 4 numbers").wait_for()


def test_no_key_in_a_view_deletes_or_leaves_its_cell(notebook):
    """Keys that would delete, cut or make a cell, or go to another, on all that takes the focus."""
    before = [saved["source"] for saved in notebook.cells()]
    tried = 0
    for name in list(CELLS)[1:-1]:
        parts = cell(notebook, name).locator(browser.FOCUSABLE)
        visible = [part for part in parts.all() if part.is_visible()]
        assert visible, f"nothing in {name} takes the focus"
        for part in (visible[0], visible[len(visible) // 2], visible[-1]):
            assert part.get_attribute("data-lm-suppress-shortcuts") == "true"
            press(part, "d", "d", "x", "a", "j")
            assert part.evaluate("part => part === document.activeElement")
            tried += 1
    assert [saved["source"] for saved in notebook.cells()] == before and tried == 18


@pytest.mark.parametrize("name", ["map", "quiz", "slider"])
def test_keys_of_jupyter_stay_with_jupyter(notebook, name):
    """Shift+Enter runs the cell and goes on; Ctrl+S saves, and asks the browser for nothing."""
    part = cell(notebook, name).locator(browser.FOCUSABLE).first
    dirty = "() => window.jupyterapp.shell.currentWidget.context.model.dirty"
    notebook.page.evaluate(
        "() => { window.jupyterapp.shell.currentWidget.context.model.dirty = true; }"
    )
    press(part, "Control+s")
    notebook.page.wait_for_function(f"() => !({dirty})()")
    count = "index => window.jupyterapp.shell.currentWidget.content.model.cells.get(index)"
    index = list(CELLS).index(name)
    before = notebook.page.evaluate(f"index => ({count})(index).executionCount", index)
    press(part, "Shift+Enter")
    notebook.page.wait_for_function(
        f"([index, before]) => ({count})(index).executionCount > before", arg=[index, before]
    )
