"""What a learner meets in JupyterLab: predictions, checks, sliders and views, in a real browser.

One server, one browser and nearly always one page serve the whole file, for each of them takes long
to start. `lesson` is a small notebook that holds one of each, `views` one of the views that need no
kernel; the course's own notebooks are run after them, on the embedded digits.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import nbformat
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from nbconvert import HTMLExporter
from nbformat import from_dict
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import browser
from test_browser_views import MODELS, assert_decodes, code_of, drawn, press, vae
from test_notebooks import (
    assert_ran_well,
    in_a_hurry,
    outputs_to_come_again,
    read,
    run_in_a_hurry,
    solve_too,
)
from tools import ready
from tools.execute import tidy

pytestmark = pytest.mark.browser

NOTEBOOKS = sorted((browser.REPOSITORY / "notebooks").glob("[0-9]*.ipynb"))
WIDGET = "application/vnd.jupyter.widget-view+json"
KERNELSPEC = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}

SETUP = """\
import torch
from matplotlib import rcParams
from course_utils import VAE, VQVAE, Autoencoder, cards, check, masking_noise, plots, quiz
from course_utils import progress, show_source
from course_utils.widgets import choose_model, compare_code_sizes, denoise_at, scrub, walk
rcParams["savefig.dpi"] = "figure"  # in a hurry it is less"""
STUB = """\
def squared_error(x_hat, x):
    raise NotImplementedError"""
MEAN = """\
def mean_error(x_hat, x):
    return ((x_hat - x) ** 2).flatten(1).mean(1)"""
SLIDER = """\
x = torch.rand(3, 1, 28, 28)
pca = {k: x + 1 / k for k in (2, 4, 16)}
compare_code_sizes(x, {"PCA": pca, "autoencoder": {k: x for k in pca}})"""
NOISE = 'denoise_at(x, Autoencoder.dense(2), {"masking": masking_noise})'
FILM = """\
frames = [plots.images({"static": torch.rand(2, 1, 28, 28)}) for _ in range(3)]
plots.film(frames, alt="Static & noise")"""
FIGURE = 'plots.show(plots.images({"static": torch.rand(2, 1, 28, 28)}), alt="Static & noise")'
# A picture that takes as long as there is a file "wait" beside the notebook.
SLOW = """\
import os, time
from pathlib import Path
import ipywidgets
from course_utils.widgets.panel import Panel
slider, words = ipywidgets.IntSlider(description="moved", max=9), ipywidgets.HTML()
panel = Panel([slider, words])
def draw(change):
    while Path("wait").exists():
        time.sleep(0.05)
    words.value = f"drawn {change.new}"
slider.observe(draw, names="value")
panel"""
CELLS = {
    "title": new_markdown_cell("# A lesson in small"),
    "setup": new_code_cell(SETUP),
    "quiz": new_code_cell('quiz("01.axes")'),
    "second quiz": new_code_cell('quiz("01.elbow")'),
    "stub": new_code_cell(STUB),
    "check": new_code_cell('check("squared_error", squared_error)'),
    "wrong": new_code_cell(f"{MEAN}\ncheck('squared_error', mean_error)"),
    "slider": new_code_cell(SLIDER),
    "noise": new_code_cell(NOISE),
    "figure": new_code_cell(FIGURE),
    "film": new_code_cell(FILM),
    "cards": new_code_cell('cards("14")'),
    "path": new_code_cell("choose_model()"),
    "progress": new_code_cell("progress()"),
    "source": new_code_cell("show_source(masking_noise)"),
    "map": new_code_cell("scrub(VAE.dense(2, (8,)), x, torch.tensor([0, 1, 2]))"),
    "walk": new_code_cell("walk(Autoencoder.dense(2), x[0], x[1])"),
    "symbols": new_code_cell("scrub(VQVAE.patches(6), x)"),
}

VIEWS = {
    "title": new_markdown_cell("# Views"),
    "setup": new_code_cell(MODELS),
    "vae": new_code_cell("scrub(vae)"),
    "flat": new_code_cell("scrub(flat, x, y)"),
    "conditional": new_code_cell("scrub(conditional, x, y)"),
    "vqvae": new_code_cell("scrub(vqvae, x)"),
    "walk": new_code_cell("walk(vae, x[0], x[1])"),
    "film": new_code_cell('film(samples, alt="Static")'),
    "draw": new_code_cell("draw(vae)"),
}


@pytest.fixture(scope="module")
def chromium():
    with browser.chromium() as running:
        yield running


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A server that shows the small notebooks; tests put others beside them."""
    folder = tmp_path_factory.mktemp("lab")
    root = folder / "notebooks"
    root.mkdir()
    put(root / "empty.ipynb", [new_code_cell("")])
    put(root / "lesson.ipynb", CELLS.values())
    put(root / "views.ipynb", VIEWS.values())
    in_a_hurry(folder / "ipython")
    environment = {"COURSE_DATASET": "digits", **ready.install(folder)}
    with browser.lab(folder, root, environment) as server:
        yield server


def put(path, cells):
    """Write a notebook of these cells."""
    metadata = {"kernelspec": KERNELSPEC}
    nbformat.write(new_notebook(cells=list(cells), metadata=metadata), path)


@pytest.fixture(scope="module")
def tab(lab, chromium):
    """A page on which one notebook after the other is opened."""
    with lab.open(chromium, "empty.ipynb") as notebook:
        yield notebook


def turned_to(tab, name):
    """`tab` showing the notebook `name`, run by keyboard from top to bottom, and saved."""
    if tab.name() != name:
        tab.go_to(name)
        tab.run_by_keyboard()
        tab.save()
    return tab


@pytest.fixture
def lesson(tab):
    """The small lesson. (Tests that only look at it stand together: each return runs it again.)"""
    return turned_to(tab, "lesson.ipynb")


@pytest.fixture
def views(tab):
    """The notebook of views."""
    return turned_to(tab, "views.ipynb")


@pytest.fixture
def saved(lab, tab):
    """Makes a copy of a small notebook as it was saved after a run, under another name."""

    def copy(name, other):
        path = lab.root / name
        if not any(each.get("outputs") for each in nbformat.read(path, 4).cells):
            turned_to(tab, name)
        shutil.copy(path, lab.root / other)
        return lab.root / other

    return copy


def cell(notebook, name):
    return notebook.cell(list(CELLS).index(name))


def test_every_cell_runs(lesson):
    assert browser.errors(lesson.cells()) == []


def test_prediction_by_mouse(lesson):
    quiz = cell(lesson, "quiz")
    feedback = quiz.get_by_role("status")
    assert feedback.inner_text() == ""
    chosen = quiz.get_by_role("button", name="A Yes, and in the same order")
    chosen.click()
    assert feedback.inner_text().startswith("Not this one. Nothing in the loss knows of an order.")
    assert chosen.get_attribute("aria-pressed") == "true"
    quiz.get_by_role("button", name="D No, they only span").click()
    assert feedback.inner_text().startswith("Right. ")
    assert chosen.get_attribute("aria-pressed") == "false"


def test_prediction_by_keyboard(lesson):
    """Tab into the quiz, arrows between the answers, Enter or Space to choose; Lab stays put."""
    quiz = cell(lesson, "second quiz")
    keyboard = lesson.page.keyboard
    quiz.click(position={"x": 5, "y": 5})
    keyboard.press("Escape")
    focused = quiz.locator("button:focus")
    for _ in range(10):
        keyboard.press("Tab")
        if focused.count():
            break
    assert focused.inner_text().startswith("A")
    keyboard.press("ArrowDown")
    assert focused.inner_text().startswith("B")
    keyboard.press("Enter")
    assert quiz.get_by_role("status").inner_text().startswith("Right. ")
    keyboard.press("ArrowDown")
    keyboard.press("Space")
    assert quiz.get_by_role("status").inner_text().startswith("Not this one. ")
    assert focused.inner_text().startswith("C")
    keyboard.press("Tab")
    assert focused.count() == 0  # and one can leave


def test_screen_reader_hears_the_question_the_choice_and_the_feedback(lesson):
    quiz = cell(lesson, "quiz")
    quiz.get_by_role("button").first.click()
    tree = quiz.get_by_role("group", name="Suppose the linear autoencoder").aria_snapshot()
    assert 'button "A Yes, and in the same order, the most important first. ✗" [pressed]' in tree
    assert "- status: Not this one. Nothing in the loss" in tree.replace('"', "")


def test_unsolved_exercise_says_so(lesson):
    report = cell(lesson, "check").locator(".jp-OutputArea-output").last
    assert "not attempted yet" in report.inner_text()


def test_wrong_answer_is_told_why_in_a_table(lesson):
    table = cell(lesson, "wrong").get_by_role("table", name="squared_error: not there yet")
    assert "mean" in table.get_by_role("row", name="value").inner_text()


def test_slider_by_keyboard(lesson):
    view = cell(lesson, "slider").locator(".widget-box")
    picture = view.locator("img")
    before = picture.get_attribute("src")
    assert view.get_by_text("PCA, 2 numbers").is_visible()
    view.get_by_role("slider").first.focus()
    view.get_by_role("slider", name="code size").wait_for()
    lesson.page.keyboard.press("ArrowRight")
    view.get_by_text("PCA, 4 numbers").wait_for()
    view.get_by_text("squared error 49.00").wait_for()
    assert view.get_by_role("status").get_by_text("PCA, 4 numbers").count() == 1  # read out
    assert picture.get_attribute("src") != before
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 3 * 28


def test_sliders_say_their_names_and_what_they_show(lesson):
    view = cell(lesson, "noise").locator(".widget-box")
    for k, (name, value) in enumerate({"strength": "0.50", "image": "0"}.items()):
        handle = view.get_by_role("slider").nth(k)  # which nobody has focused yet
        assert handle.get_attribute("aria-label") == name
        assert handle.get_attribute("aria-valuetext") == value
    view.get_by_role("slider", name="image").press("ArrowRight")
    view.locator('[aria-label="image"][aria-valuetext="1"]').wait_for()
    size = cell(lesson, "slider").get_by_role("slider").first
    assert size.get_attribute("aria-valuetext") in {"2", "4", "16"}  # and not its index


def test_noise_by_keyboard(lesson):
    view = cell(lesson, "noise").locator(".widget-box")
    picture = view.locator("img")
    before = picture.get_attribute("src")
    view.get_by_role("slider").first.focus()
    lesson.page.keyboard.press("Home")
    view.get_by_text("squared error 0.00").wait_for()  # no noise: the noisy one is the original
    assert picture.get_attribute("src") != before


def test_everything_that_takes_the_focus_keeps_its_keys_from_jupyter(lesson):
    """By an attribute: in Notebook 7, as `test_browser_notebook.py` sees, nothing else does it."""
    for name in ("quiz", "slider", "cards", "path", "map", "walk", "symbols"):
        parts = cell(lesson, name).locator(browser.FOCUSABLE)
        assert parts.count(), f"nothing in {name} takes the focus"
        assert parts.evaluate_all(
            "parts => parts.every(part => part.dataset.lmSuppressShortcuts === 'true')"
        )


AXE = """async output => {
    const { violations, incomplete } = await axe.run(output, { resultTypes: ["violations"] });
    const unsure = incomplete.filter(rule => rule.id !== "color-contrast");
    return [...violations, ...unsure].flatMap(rule =>
        rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 200)} ${node.any[0]?.message}`));
}"""


def complaints(notebook, names=()):
    """What axe-core finds in the outputs and the text of each cell, or of those of the small lesson
    that are named."""
    notebook.page.evaluate(Axe().axe_script)
    found, chosen = [], [list(CELLS).index(name) for name in names]
    for index, saved in enumerate(notebook.cells()):
        if names and index not in chosen:
            continue
        drawn = notebook.cell(index)
        shown = ".jp-OutputArea-output" if saved["cell_type"] == "code" else ".jp-MarkdownOutput"
        for output in drawn.locator(shown).all():
            if output.is_visible():
                found += [f"cell {index}, {each}" for each in output.evaluate(AXE)]
    return found


THEMES = DARK, LIGHT = "JupyterLab Dark", "JupyterLab Light"


def dress(notebook, theme):
    """Change Lab's theme."""
    command = "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})"
    page = notebook.page
    page.evaluate(command, theme)
    page.wait_for_function("theme => document.body.dataset.jpThemeName === theme", arg=theme)
    page.wait_for_timeout(500)  # colours fade over


@pytest.mark.parametrize("theme", [pytest.param(DARK, marks=pytest.mark.thorough), LIGHT])
def test_axe_finds_nothing_to_complain_of(lesson, theme):
    dress(lesson, theme)
    assert complaints(lesson) == []


def test_axe_looks_at_the_outputs(lesson):
    output = cell(lesson, "check").locator(".jp-OutputArea-output").last
    output.evaluate("output => output.append(document.createElement('button'))")
    assert any("button-name" in found for found in complaints(lesson, ["check"]))
    output.evaluate("output => output.lastChild.remove()")


def assert_still(view, shown):
    """Of a knob one sees the labelled still picture, or none of it; and never an error."""
    picture = view.locator(".course-still img")
    assert picture.is_visible() == shown
    assert picture.get_attribute("alt").startswith("original: 784 numbers")
    assert view.get_by_text("A still picture: run the cell").is_visible() == shown
    assert not view.get_by_text("Error displaying widget").is_visible()
    assert view.locator(".widget-box img").count() == (0 if shown else 1)


@pytest.mark.parametrize("name", ["slider", "noise"])
def test_a_living_knob_shows_its_picture_once_and_names_it(lesson, name):
    assert_still(cell(lesson, name), shown=False)
    assert 'img "original: 784 numbers' in cell(lesson, name).aria_snapshot()


def tab_to(view, wanted, page, presses=40):
    """Click beside the text of a view, then press Tab until `wanted` has the focus."""
    view.locator(".course-cards, .course-path").click(position={"x": 5, "y": 5})
    page.keyboard.press("Escape")
    for _ in range(presses):
        page.keyboard.press("Tab")
        if view.locator(f"{wanted}:focus").count():
            return
    pytest.fail(f"no {wanted} can be reached with Tab")


def test_cards_by_keyboard(lesson):
    """One card lies on the table; the arrows go on, Enter turns it."""
    view = cell(lesson, "cards")
    keyboard, status = lesson.page.keyboard, view.get_by_role("status")
    first = view.locator("li[data-here] summary").inner_text()
    tab_to(view, ".course-cards button", lesson.page)
    before = status.inner_text()
    keyboard.press("ArrowRight")
    assert status.inner_text() != before
    assert view.locator("li[data-here] summary").inner_text() != first
    answer = view.locator("li[data-here] details p")
    assert not answer.is_visible()
    view.locator("li[data-here] summary").focus()
    keyboard.press("Enter")
    answer.wait_for(state="visible")
    keyboard.press("ArrowLeft")
    assert view.locator("li[data-here] summary").inner_text() == first


def test_decision_path_by_keyboard(lesson):
    view = cell(lesson, "path")
    tab_to(view, ".course-path summary", lesson.page)
    closed = view.locator("details[open]").count()
    lesson.page.keyboard.press("Enter")
    view.locator("details[open]").nth(closed).wait_for()
    lesson.page.keyboard.press("Tab")
    assert view.locator("summary:focus, a:focus").count() == 1  # what was opened comes next


# WCAG's contrast between an element's text and what lies behind it: 4.5 is enough, 7 is better.
CONTRAST = """element => {
    const light = css => {
        const [r, g, b] = css.match(/[\\d.]+/g).map(v => (v / 255 + 0.055) / 1.055);
        return 0.2126 * r ** 2.4 + 0.7152 * g ** 2.4 + 0.0722 * b ** 2.4;
    };
    let behind = element;
    while (getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)")
        behind = behind.parentElement;
    const text = light(getComputedStyle(element).color);
    const ground = light(getComputedStyle(behind).backgroundColor);
    return (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
}"""


def assert_figures_are_drawn_and_described(notebook):
    for name, kind in (("figure", "png"), ("film", "png"), ("film", "gif")):
        picture = cell(notebook, name).locator("img").nth(int(kind == "gif"))
        assert picture.get_attribute("alt") == "Static & noise"
        assert picture.evaluate("picture => picture.naturalWidth") > 100
        assert f"image/{kind}" in picture.evaluate("picture => picture.currentSrc")[:30]


def test_a_figure_has_its_alternative_text(lesson):
    assert_figures_are_drawn_and_described(lesson)


def test_a_film_plays_only_while_it_is_open(lesson):
    film, play = cell(lesson, "film"), cell(lesson, "film").locator("summary")
    for seen in (False, True, False):
        assert film.locator("img").nth(1).is_visible() == seen
        play.press("Enter")
    play.press("Enter")  # closed again


# --- saved, and opened again ----------------------------------------------------------------------


@pytest.mark.parametrize("theme", [DARK, pytest.param(LIGHT, marks=pytest.mark.thorough)])
def test_saved_lesson_opens_alive_and_readable(tab, saved, theme):
    """A trusted notebook needs no cell run again; its text stands out in either theme."""
    tab.go_to(saved("lesson.ipynb", f"{theme}.ipynb").name)
    dress(tab, theme)
    assert tab.is_trusted()
    quiz = cell(tab, "quiz")
    quiz.get_by_role("button").nth(3).click()
    assert quiz.get_by_role("status").inner_text().startswith("Right. ")
    for text in (quiz.locator("strong"), quiz.locator("button").first):
        assert text.evaluate(CONTRAST) > 7


def test_a_knob_without_its_kernel_is_a_still_picture(tab, saved):
    """Saved yesterday and trusted: what Lab says of the widget is hidden, and the still stands."""
    tab.go_to(saved("lesson.ipynb", "yesterday.ipynb").name)
    assert tab.is_trusted()
    for name in ("slider", "noise"):
        view = cell(tab, name)
        view.get_by_text("Error displaying widget").wait_for(state="attached")
        assert_still(view, shown=True)


def by_someone_else(path):
    """The notebook at `path` changed outside of Lab, which no longer trusts it then."""
    notebook = json.loads(path.read_text())
    notebook["cells"][0]["source"] = "# Changed by someone else"
    path.write_text(json.dumps(notebook))
    return path.name


def test_untrusted_lesson_shows_the_questions_and_figures(tab, saved):
    """A fresh clone is not trusted: scripts do not run, and the answer waits folded away."""
    tab.go_to(by_someone_else(saved("lesson.ipynb", "untrusted.ipynb")))
    assert not tab.is_trusted()
    quiz = cell(tab, "quiz")
    assert quiz.locator("ol").first.is_visible()
    answer = quiz.get_by_text("Any 6 independent directions")
    assert not answer.is_visible()
    quiz.locator("summary").click()
    assert answer.is_visible()
    for name in ("cards", "path"):
        folded = cell(tab, name).locator("details").first
        folded.locator("summary").first.click()
        assert folded.locator("p, ul, div, details").first.is_visible()
    assert_figures_are_drawn_and_described(tab)
    for name in ("slider", "noise"):
        assert_still(cell(tab, name), shown=True)


def exported(path, folder, chromium):
    """A page made of the notebook at `path`, without a network, and the addresses it asked for."""
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--output-dir", str(folder)]
    subprocess.run([*command, str(path)], check=True, capture_output=True)
    page = chromium.new_page()
    refused = browser.keep_local(page)
    page.goto((folder / path.with_suffix(".html").name).as_uri())
    return page, refused


def asks_for_nothing(refused):
    """nbconvert's own template asks for these two; nothing of the course asks for anything."""
    return all("mathjax" in address or "require.js" in address for address in refused)


def test_exported_page_lives_without_a_network(saved, chromium, tmp_path):
    page, refused = exported(saved("lesson.ipynb", "exported.ipynb"), tmp_path, chromium)
    quiz = page.locator(".course-quiz").first
    quiz.get_by_role("button").first.press("Enter")
    assert quiz.get_by_role("status").inner_text().startswith("Not this one. ")
    for still in page.locator(".jp-Cell", has=page.locator(".course-still")).all():
        assert_still(still, shown=True)
    assert asks_for_nothing(refused)
    page.close()


# --- views that need no kernel --------------------------------------------------------------------


def view_in(notebook, name):
    view = notebook.cell(list(VIEWS).index(name)).locator(".course-view")
    view.locator("form.cv-live").wait_for()
    return view


def selected(notebook):
    return notebook.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"
    )


def assert_answers_to_keys(view):
    """The last slider moves, the picture with it, and is what torch draws."""
    before = drawn(view.locator("canvas.cv-picture"))
    slider = view.get_by_role("slider").last
    slider.focus()
    press(view, "Home", "ArrowRight", "ArrowRight")
    assert code_of(view)[-1] == pytest.approx(-2.8)
    assert not torch.equal(drawn(view.locator("canvas.cv-picture")), before)
    assert_decodes(view, vae)
    press(view, "End")


def test_in_lab_a_learner_scrubs_by_keyboard(views):
    view = view_in(views, "vae")
    views.cell(list(VIEWS).index("vae")).locator(".jp-InputArea").click()
    press(view, "Escape")
    for _ in range(40):
        press(view, "Tab")
        if view.locator("input[type=range]:focus").count():
            break
    here = selected(views)
    before = drawn(view.locator("canvas.cv-picture"))
    press(view, *["ArrowRight"] * 5, "ArrowDown", "ArrowUp", "ArrowLeft")
    assert code_of(view)[0] == pytest.approx(0.4)
    assert selected(views) == here, "Lab leaves the arrow keys alone"
    assert not torch.equal(drawn(view.locator("canvas.cv-picture")), before)
    assert_decodes(view, vae)
    press(view, "Escape", "Tab")
    assert view.locator("input[type=range]:focus").get_attribute("aria-label") == "z[1]"


def test_in_lab_a_slider_is_dragged(views):
    view = view_in(views, "vae")
    view.get_by_role("button", name="Reset").click()
    box = view.get_by_role("slider", name="z[2]").bounding_box()
    mouse, middle = views.page.mouse, box["y"] + box["height"] / 2
    mouse.move(box["x"] + box["width"] / 2, middle)
    mouse.down()
    mouse.move(box["x"] + 0.9 * box["width"], middle, steps=5)
    mouse.up()
    assert 1.8 < code_of(view)[2] < 3 and code_of(view).count_nonzero() == 1
    assert_decodes(view, vae)


def test_in_lab_dragging_draws_what_lies_under_the_mouse(views):
    """Wherever the mouse is held, the picture is that of the code there (`make bench` has the
    milliseconds)."""
    view = view_in(views, "vae")
    box = view.get_by_role("slider", name="z[2]").bounding_box()
    mouse, middle = views.page.mouse, box["y"] + box["height"] / 2
    mouse.move(box["x"] + box["width"] / 2, middle)
    mouse.down()
    codes = []
    for share in (0.2, 0.8, 0.4, 0.6):
        mouse.move(box["x"] + share * box["width"], middle, steps=10)
        views.page.evaluate(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        codes.append(code_of(view)[2].item())
        assert_decodes(view, vae)
    mouse.up()
    assert codes[0] < codes[2] < codes[3] < codes[1]


@pytest.mark.parametrize("name", list(VIEWS)[2:])
def test_in_lab_every_view_is_alive_and_keeps_its_keys(views, name):
    view = view_in(views, name)
    assert view.locator("canvas.cv-picture").first.is_visible()
    for control in view.get_by_role("slider").all()[:1] + view.get_by_role("radio").all()[:1]:
        control.focus()
        press(view, *["ArrowRight", "ArrowDown"] * 3)
        assert selected(views) == list(VIEWS).index(name), "Lab leaves the arrow keys alone"


def test_in_lab_a_digit_is_drawn_by_mouse_and_by_keyboard(views):
    """On the learner's own model; the page stays where it is, and the encoder answers."""
    view = view_in(views, "draw")
    sheet, answer = view.get_by_role("application"), view.locator("canvas.cv-picture").last
    seen = [drawn(answer)]
    box, mouse = sheet.bounding_box(), views.page.mouse
    mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.2 * box["height"])
    mouse.down()
    mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.8 * box["height"], steps=5)
    mouse.up()
    seen.append(drawn(answer))
    press(view, "Space", *["Shift+ArrowRight"] * 3, "Space")
    seen.append(drawn(answer))
    assert selected(views) == list(VIEWS).index("draw"), "Lab leaves the arrow keys alone"
    assert not any(torch.equal(one, other) for one, other in pairwise(seen))


def test_a_view_needs_no_kernel(views):
    view = view_in(views, "vae")
    views.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
    )
    assert_answers_to_keys(view)


def test_a_saved_notebook_opens_alive(tab, saved):
    tab.go_to(saved("views.ipynb", "alive.ipynb").name)
    assert tab.is_trusted()
    assert_answers_to_keys(view_in(tab, "vae"))


def test_an_untrusted_notebook_shows_still_pictures(tab, saved):
    tab.go_to(by_someone_else(saved("views.ipynb", "stills.ipynb")))
    assert not tab.is_trusted()
    for name in list(VIEWS)[2:]:
        shown = tab.cell(list(VIEWS).index(name))
        picture = shown.locator("img").first
        assert picture.get_attribute("alt")
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
        assert shown.get_by_text("A still picture").is_visible()
        assert shown.get_by_role("slider").count() == 0


def test_exported_views_live_without_a_network(saved, chromium, tmp_path):
    page, refused = exported(saved("views.ipynb", "exported.ipynb"), tmp_path, chromium)
    page.locator("form.cv-live").nth(len(VIEWS) - 3).wait_for()
    assert_answers_to_keys(page.locator(".course-view").first)
    assert asks_for_nothing(refused)
    page.close()


# --- whole lessons --------------------------------------------------------------------------------


@pytest.mark.notebook
@pytest.mark.thorough
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_lesson_runs_and_its_page_is_alive(chromium, path, tmp_path):
    """As committed and solved, on few of the small digits; and the page that it exports, without a
    kernel and without a network."""
    with ThreadPoolExecutor(1) as thread:  # Playwright's own loop runs in this one
        lesson = thread.submit(run_in_a_hurry, path, tmp_path).result()
    page = chromium.new_page()
    page.set_default_timeout(browser.PATIENCE * 1000)
    refused = browser.keep_local(page)
    tidy(lesson.notebook)
    # Without the code, whose colours take two thirds of the time, and which does nothing.
    body, _ = HTMLExporter(exclude_input=True).from_notebook_node(lesson.notebook)
    exported = tmp_path / "lesson.html"
    exported.write_text(body, encoding="utf-8")
    page.goto(exported.as_uri())
    for code in (each for each in lesson.code if each.outputs):
        drawn = page.locator(f"[id='cell-id={code.id}']")
        outputs = json.dumps(code.outputs)
        if 'class=\\"course-view' in outputs:
            drawn.locator(".course-view canvas.cv-picture").first.wait_for()  # it lives
        if 'class=\\"course-still' in outputs:
            assert drawn.locator(".course-still").first.is_visible()
        if code.source.startswith("quiz("):
            drawn.get_by_role("status").wait_for(state="attached")
        pictures = drawn.locator("img[alt]")
        shown = code.source.count("plots.show(") + 2 * code.source.count("plots.film(")
        if shown:
            assert pictures.count() == shown
        for picture in pictures.all():
            assert picture.evaluate(IS_DRAWN)
    assert asks_for_nothing(refused)
    page.close()


IS_DRAWN = "picture => picture.decode().then(() => picture.naturalWidth > 0)"


# In Lab a lesson takes twice as long: the first in any case, the others in `make test-all`.
IN_LAB = [
    pytest.param(
        path,
        id=path.stem,
        marks=() if path.stem.startswith("00") else (pytest.mark.notebook, pytest.mark.thorough),
    )
    for path in NOTEBOOKS
]


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("path", IN_LAB)
def test_a_lesson_in_lab(lab, tab, path, request):
    """As committed and solved, on few of the small digits, and every view is alive."""
    lesson, notebook = read(path), tab
    expected = outputs_to_come_again(lesson)
    solve_too(lesson)
    for code in lesson.code:
        code.outputs = []
    nbformat.write(lesson.notebook, lab.root / path.name)
    notebook.go_to(path.name)
    notebook.run_all(1500)
    cells = notebook.cells()
    assert browser.errors(cells) == []
    code = [from_dict(saved) for saved in cells if saved["cell_type"] == "code"]
    assert_ran_well(code, expected)
    if path.stem.startswith("00") and request.config.getoption("--thorough"):
        for theme in THEMES:
            dress(notebook, theme)
            assert complaints(notebook) == []
    for index, saved in enumerate(cells):
        if not saved.get("outputs"):
            continue
        drawn = notebook.cell(index)
        if any(WIDGET in output.get("data", ()) for output in saved.get("outputs", ())):
            drawn.locator(".jupyter-widgets").first.wait_for()
        if 'class=\\"course-view' in json.dumps(saved.get("outputs", ())):
            drawn.locator(".course-view canvas.cv-picture").first.wait_for()  # it lives
        if saved["cell_type"] == "code" and saved["source"].startswith("quiz("):
            drawn.get_by_role("status").wait_for(state="attached")
        pictures = saved["source"].count("plots.show(") + 2 * saved["source"].count("plots.film(")
        if pictures:
            assert drawn.locator("img[alt]").count() == pictures
        assert "Error displaying widget" not in drawn.inner_text()


# --- a kernel that lets one wait ------------------------------------------------------------------

SILENCE = "No answer: the kernel of this view is gone or was restarted. Run its cell again."
STATUS = "() => document.querySelector('.jp-Notebook-ExecutionIndicator').dataset.status"


@pytest.fixture(scope="module")
def timed(tab):
    """`tab`, on which from now on time can be moved; so these tests are the last."""
    tab.page.clock.install()
    return tab


@pytest.fixture
def slow(lab, timed, request):
    """A notebook with one slider, which says what it has drawn; its cells print the kernel's id."""
    path = lab.root / f"{request.node.name}.ipynb"
    put(path, [new_code_cell(SLOW), new_code_cell("print(os.getpid())")])
    timed.go_to(path.name)
    timed.run_all()
    return timed


def move(notebook, key="ArrowRight"):
    notebook.cell(0).get_by_role("slider", name="moved").press(key)


def stand_still(page):
    """From now on time passes on the page as a test says, until `clock.resume`."""
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 60)  # seconds: still to come


def id_of_kernel(notebook):
    return int(notebook.cells()[1]["outputs"][0]["text"])


def test_a_slow_picture_is_waited_for(lab, slow):
    """However long the kernel draws, or a crowded computer lets it wait, nothing is said."""
    view, clock = slow.cell(0).locator(".widget-box"), slow.page.clock
    line = view.get_by_text(SILENCE)
    wait = lab.root / "wait"
    wait.touch()
    move(slow)
    slow.page.wait_for_function(f"{STATUS} === 'busy'")
    move(slow)  # and this move waits for the first one's picture
    for _ in range(4):
        clock.fast_forward(30_000)
        slow.page.wait_for_timeout(200)
        assert line.count() == 0
    wait.unlink()
    view.get_by_text("drawn 2").wait_for()
    slow.page.wait_for_function(f"{STATUS} === 'idle'")
    stand_still(slow.page)
    os.kill(id_of_kernel(slow), signal.SIGSTOP)  # idle, and yet it does not come to answer
    try:
        move(slow)
        clock.run_for(14_000)
        slow.page.wait_for_timeout(200)
        assert line.count() == 0
    finally:
        os.kill(id_of_kernel(slow), signal.SIGCONT)
        clock.resume()
    view.get_by_text("drawn 3").wait_for()
    clock.fast_forward(30_000)
    slow.page.wait_for_timeout(200)
    assert line.count() == 0


def test_a_slider_that_comes_back_while_the_kernel_draws_is_answered(lab, slow):
    """Moves that wait are sent as one, which may change nothing: no reason to speak of silence."""
    wait = lab.root / "wait"
    wait.touch()
    move(slow)
    slow.page.wait_for_function(f"{STATUS} === 'busy'")
    slow.page.wait_for_timeout(500)  # the first move is heard of, and seen to be
    move(slow)
    move(slow, "ArrowLeft")
    wait.unlink()
    view = slow.cell(0).locator(".widget-box")
    view.get_by_text("drawn 1").wait_for()
    slow.page.wait_for_function(f"{STATUS} === 'idle'")
    for _ in range(3):
        slow.page.clock.fast_forward(20_000)
        slow.page.wait_for_timeout(200)
    assert view.get_by_text(SILENCE).count() == 0


def test_a_move_right_after_an_answer_is_watched_as_well(slow):
    view, clock = slow.cell(0).locator(".widget-box"), slow.page.clock
    stand_still(slow.page)
    move(slow)
    while view.get_by_text("drawn 1").count() == 0:
        clock.run_for(1)  # too little for the watch to look
    slow.shut_down_kernel()
    move(slow)
    clock.resume()
    clock.fast_forward(2500)
    view.get_by_text(SILENCE).wait_for()


@pytest.mark.parametrize("end", ["restarted", "shut down", "killed"])
def test_a_slider_whose_kernel_is_gone_says_so(slow, end):
    view = slow.cell(0).locator(".widget-box")
    move(slow)
    view.get_by_text("drawn 1").wait_for()
    if end == "restarted":
        slow.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
        )
    elif end == "shut down":
        slow.shut_down_kernel()
    else:
        os.kill(id_of_kernel(slow), signal.SIGKILL)
        slow.page.locator(".jp-Dialog .jp-mod-accept").click()  # Lab says that it restarts it
        view.locator(".jupyter-widgets-disconnected").first.wait_for()
    assert view.get_by_text(SILENCE).count() == 0, "nobody has moved anything"
    move(slow)
    slow.page.clock.fast_forward(2500)
    view.get_by_text(SILENCE).wait_for()
    assert view.get_by_text("drawn 1").is_visible()
    assert view.locator("p[role=status]", has_text=SILENCE).count() == 1  # and read out
    if end == "restarted":
        slow.run_all()
        assert slow.cell(0).get_by_text(SILENCE).count() == 0
        move(slow)
        slow.cell(0).get_by_text("drawn 1").wait_for()
