"""The book in a real browser: made once, and each page opened from a file without a network.

A page asks no other machine for anything and logs no error; its formulas are set, its pictures
drawn, its views and predictions alive; and on a phone nothing is cut off. axe-core, which takes its
time with long pages, looks at one page of each kind, and at all of them in `make test-all`.
"""

import shutil
import subprocess
import sys

import pytest
import torch
from axe_playwright_python.sync_playwright import Axe

import browser
from press import pages
from test_browser_views import drawn, press

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]

LESSONS = sorted(path.stem for path in (browser.REPOSITORY / "notebooks").glob("[0-9]*.ipynb"))
OTHERS = ["index", *pages.FURTHER, "search"]
ALL_KINDS = ["index", "00_start_here", "notation"]  # with a view, questions, an exercise, formulas

# Text that nobody reads as such: source code, and what scripts and styles say.
DOLLARS = """() => {
    const words = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
    const found = [];
    while (words.nextNode())
        if (/\\$[^$]+\\$/.test(words.currentNode.data)
                && !words.currentNode.parentElement.closest("script, style, pre, code"))
            found.push(words.currentNode.data.trim().slice(0, 80));
    return found;
}"""
NOT_DRAWN = """() => Promise.all([...document.images].map(image =>
    image.decode().then(() => "", () => image.alt))).then(all => all.filter(Boolean))"""
# Every question is answered by its first button, and has to say something to it.
SILENT = """() => [...document.querySelectorAll(".course-quiz")].filter(quiz => {
    quiz.querySelector("button").click();
    return !quiz.querySelector("[role=status]").textContent;
}).length"""
# Parts that stand out of the page, but for those that can be scrolled in a box of their own.
CUT_OFF = """() => {
    const box = part => part.matches("article") ? null
        : getComputedStyle(part).overflowX === "visible" ? box(part.parentElement) : part;
    return [...document.querySelectorAll("article *")].filter(part => {
        const { right, width } = part.getBoundingClientRect();
        return width && right > innerWidth + 1 && !box(part.parentElement);
    }).map(part => part.outerHTML.slice(0, 120));
}"""
# Not within source code, whose colours the theme has chosen for their contrast, nor the glyphs of
# formulas, beside which stands MathML; and axe does not know that MathML can be read.
AXE = """async () => {
    const here = { exclude: [".highlight", "mjx-math"] };
    const { violations } = await axe.run(here, { resultTypes: ["violations"] });
    const read = ({ id }, { target }) =>
        id === "empty-table-header" && document.querySelector(`${target[0]} math`);
    const said = (rule, { html, any }) => `${rule.id}: ${html.slice(0, 200)} ${any[0]?.message}`;
    return violations.flatMap(rule =>
        rule.nodes.filter(node => !read(rule, node)).map(node => said(rule, node)));
}"""


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The course's book, as `make book ZIP=1` makes it, and unpacks it again."""
    folder = tmp_path_factory.mktemp("press")
    command = [sys.executable, "-m", "press", "--zip", "--to", str(folder / "book")]
    made = subprocess.run(command, cwd=browser.REPOSITORY, capture_output=True, text=True)
    assert (made.returncode, made.stderr) == (0, "")
    shutil.unpack_archive(folder / "book.zip", folder / "stick")
    return folder / "stick" / "book"


@pytest.fixture(scope="module")
def chromium():
    with browser.chromium() as running:
        yield running


@pytest.fixture(scope="module")
def page(book, chromium):
    """One page, on which all are opened; `troubles` fills with errors and refused requests."""
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(browser.PATIENCE * 1000)
    page.troubles = browser.keep_local(page)
    page.on("pageerror", lambda error: page.troubles.append(str(error)))
    page.on("console", lambda line: line.type == "error" and page.troubles.append(line.text))
    return page


def test_every_lesson_and_document_has_its_page(book):
    assert sorted(path.stem for path in book.glob("*.html")) == sorted([*LESSONS, *OTHERS])


@pytest.mark.parametrize("name", [*LESSONS, *OTHERS])
def test_a_page_is_whole_and_alive(book, page, name):
    page.troubles.clear()
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto((book / f"{name}.html").as_uri())
    assert page.title() and page.locator("html").get_attribute("lang") == "en"
    assert page.locator("mjx-merror").count() == 0
    assert page.evaluate(DOLLARS) == []
    assert page.evaluate(NOT_DRAWN) == []
    assert page.evaluate(SILENT) == 0
    assert_views_answer(page)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(CUT_OFF) == []
    assert page.troubles == []


def assert_views_answer(page):
    """One key, and the picture is another."""
    views = page.locator(".course-view")
    for view in views.all():
        view.locator("form.cv-live").wait_for()
        canvases = view.locator("canvas.cv-picture").all()
        before = [drawn(canvas) for canvas in canvases]
        view.locator("input:is([type=range], [type=radio]):visible").first.focus()
        press(view, "ArrowRight")
        assert not all(map(torch.equal, map(drawn, canvases), before))


def test_the_book_holds_what_pages_promise(book):
    cover = (book / "index.html").read_text("utf-8")
    assert all(f">{name}</span>" in cover for name in (*pages.ARCS.values(), "Further"))
    first = (book / "00_start_here.html").read_text("utf-8")
    assert 'name="description"' in first and 'rel="next"' in first
    assert "copybutton.js" in first


def test_search_finds(book, page):
    page.goto((book / "search.html").as_uri() + "?q=bottleneck")
    found = page.locator("#search-results li a")
    found.first.wait_for()
    assert any("01_bottleneck" in each.get_attribute("href") for each in found.all())


def test_without_scripts_the_text_the_pictures_and_the_answers_remain(book, chromium):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((book / "08_training_a_vae.html").as_uri())
    assert page.locator("mjx-container").first.is_visible()
    assert page.locator(".course-view img").first.is_visible()
    quiz = page.locator(".course-quiz").first
    answer = quiz.locator("details > :not(summary)").first
    assert quiz.locator("li").first.is_visible() and not answer.is_visible()
    quiz.locator("summary").first.click()
    assert answer.is_visible()
    context.close()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in ALL_KINDS else pytest.mark.thorough)
        for name in [*LESSONS, *OTHERS]
    ],
)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_to_complain_of(book, page, name, theme):
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme=theme)
    page.goto((book / f"{name}.html").as_uri())
    assert page.locator("html").get_attribute("data-theme") == theme
    page.evaluate(Axe().axe_script)
    assert page.evaluate(AXE) == []
