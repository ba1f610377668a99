"""The book in a real browser: made once, and each page opened from a file without a network.

A page asks no other machine for anything and logs no error; its formulas are set, its pictures
drawn, its views and predictions alive; and on a phone nothing is cut off. axe-core, which takes its
time with long pages, looks at one page of each kind, light or dark, and at all of them in both in
`make test-all`. Slides are made and looked at beside it.
"""

import json
import os
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
import torch
from axe_playwright_python.sync_playwright import Axe

import browser
from course_utils.losses import bernoulli_nll, gaussian_kl
from press import pages, slides, training
from test_browser_views import press

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]

LESSONS = sorted(path.stem for path in (browser.REPOSITORY / "notebooks").glob("[0-9]*.ipynb"))
OTHERS = ["index", *pages.PAGES_BESIDE, "search"]
EVERY = [*LESSONS, *OTHERS, pages.TRAINING]
# Pages with a view, questions, an exercise, formulas, a network that learns.
WITH_AXE = [
    *(("index", "light"), ("00_start_here", "dark"), ("notation", "light")),
    (pages.TRAINING, "dark"),
]

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
PICTURE = "canvas => canvas.toDataURL()"
# Every question is answered by its first button, and has to say something to it.
SILENT = """() => [...document.querySelectorAll(".course-quiz:has(> ol)")].filter(quiz => {
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
    // not between two colours: a page that was just loaded fades from one theme to the other
    await Promise.all(document.getAnimations().map(animation => animation.finished));
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
    """The course's book, as `make book ZIP=1` makes it, and unpacks it again.

    Its own network learns from the small digits, which need no download.
    """
    folder = tmp_path_factory.mktemp("press")
    command = [sys.executable, "-m", "press", "--zip", "--to", str(folder / "book")]
    made = subprocess.run(
        command,
        cwd=browser.REPOSITORY,
        env={**os.environ, "COURSE_DATASET": "digits"},
        capture_output=True,
        text=True,
    )
    assert (made.returncode, made.stderr) == (0, "")
    assert os.environ.get("REQUIRE_BROWSER") != "1" or "made without" not in made.stdout
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


def address_of(book, name):
    """A page's address; the one that trains is there only where npm could bring its library."""
    if name == pages.TRAINING and not (book / f"{name}.html").exists():
        pytest.skip("npm has not brought the library of the page that trains a network")
    return (book / f"{name}.html").as_uri()


def test_every_lesson_and_document_has_its_page(book):
    found = {path.stem for path in book.glob("*.html")}
    assert found | {pages.TRAINING} == set(EVERY)


@pytest.mark.parametrize("name", EVERY)
def test_a_page_is_whole_and_alive(book, page, name):
    page.goto("about:blank")  # or the page before would be laid out once more
    page.troubles.clear()
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(address_of(book, name))
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
        before = [canvas.evaluate(PICTURE) for canvas in canvases]
        sheet = view.locator(".cv-drawing .cv-field")
        controls = view.locator("input:is([type=range], [type=radio]):visible")
        (sheet if sheet.count() else controls.first).focus()
        press(view, "Space" if sheet.count() else "ArrowRight")
        assert [canvas.evaluate(PICTURE) for canvas in canvases] != before


def test_the_book_holds_what_pages_promise(book):
    cover = (book / "index.html").read_text("utf-8")
    assert all(f">{name}</span>" in cover for name in (*pages.ARCS.values(), pages.BESIDE))
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
    page.goto(address_of(book, pages.TRAINING))
    assert page.get_by_role("img", name="map of all codes").first.is_visible()
    context.close()


# --- slides ---------------------------------------------------------------------------------------

LARGER_THAN_THE_SCREEN = """() => slides.filter(slide => slide.offsetHeight > innerHeight + 1
    || slide.scrollWidth > innerWidth).map(slide => slide.id)"""


@pytest.fixture(scope="module")
def decks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slides")
    slides.put(folder)
    return sorted(folder.iterdir())


def test_each_slide_fits_the_screen_and_a_page_of_paper(decks, page):
    page.troubles.clear()
    page.set_viewport_size({"width": 1280, "height": 720})
    for deck in decks:
        page.goto(deck.as_uri())
        assert page.evaluate(NOT_DRAWN) == []
        assert page.evaluate(LARGER_THAN_THE_SCREEN) == []
    paper = page.pdf(prefer_css_page_size=True, print_background=True)
    assert paper.count(b"/Type /Page\n") == page.evaluate("slides.length") > 10
    page.emulate_media(media="print")
    assert page.evaluate("Math.min(...[...document.images].map(image => image.width))") > 300
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.querySelector('main').scrollWidth") <= 390
    assert page.troubles == []


def test_keys_lead_through_a_deck(decks, page):
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(decks[1].as_uri())
    seen = []
    for key in ("ArrowRight", "Space", "PageDown", "ArrowLeft", "Shift+Space", "End", "Home"):
        page.keyboard.press(key)
        seen.append(page.evaluate("[location.hash, document.activeElement.id, slides[here()].id]"))
    assert all(hash == f"#{focus}" and focus == here for hash, focus, here in seen)
    last = page.evaluate("slides.at(-1).id")
    names = ["lesson-06", "lesson-06-1", "lesson-06-2", "lesson-06-1", "lesson-06", last, "first"]
    assert [here for _, _, here in seen] == names
    page.get_by_role("link").nth(1).press("Enter")
    assert page.evaluate("slides[here()].id") == "lesson-07"


def test_axe_finds_nothing_to_complain_of_in_a_deck_light_or_dark(decks, page):
    page.set_viewport_size({"width": 1280, "height": 720})
    page.emulate_media(color_scheme="light")
    page.goto(decks[-1].as_uri())
    page.evaluate(Axe().axe_script)
    grounds = []
    for _ in range(2):
        assert page.evaluate(AXE) == []
        grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        page.keyboard.press("d")
    assert len(set(grounds)) == 2


# --- the page on which a network learns -----------------------------------------------------------


def terms_when(page, condition):
    """(reconstruction, KL) after the first pass p for whose terms r and k `condition` holds."""
    told = page.wait_for_function(
        """condition => {
            const said = document.querySelector(".ct-line").textContent.match(/[\\d.]+\\d|\\d/g);
            const [p, , r, k] = said?.map(Number) ?? [];
            return said && new Function("p", "r", "k", `return ${condition}`)(p, r, k) && [r, k];
        }""",
        arg=condition,
        polling=20,
    )
    return told.json_value()


def test_a_network_learns_in_the_page_and_hears_of_beta_and_of_the_width(book, page):
    """All of it by keyboard, from a file, without a network."""
    page.troubles.clear()
    page.goto(address_of(book, pages.TRAINING))
    place = page.locator("#training[data-live]")
    chart = place.get_by_role("img", name="map of codes")
    before = chart.evaluate("canvas => canvas.toDataURL()")
    place.get_by_role("button", name="Train").press("Enter")
    first = terms_when(page, "p >= 1")
    later = terms_when(page, "p >= 10 && k > 3")
    assert later[0] < 0.8 * first[0]
    assert chart.evaluate("canvas => canvas.toDataURL()") != before
    place.get_by_role("slider").press("End")
    assert terms_when(page, f"k < {0.7 * later[1]}"), "the code costs eight times as much"
    place.get_by_role("button", name="Pause").press("Space")
    assert page.evaluate("document.activeElement.textContent") == "Train"
    place.get_by_role("combobox").press("ArrowDown")
    assert "Nothing learned yet" in place.inner_text()
    place.get_by_role("button", name="Train").press("Enter")
    assert terms_when(page, "p >= 1")
    place.get_by_role("button", name="Start again").press("Enter")
    assert "Nothing learned yet" in place.inner_text()
    assert page.troubles == []


def test_a_step_of_its_learning_is_torchs(book, tmp_path):
    address_of(book, pages.TRAINING)
    generator, width, beta = torch.Generator().manual_seed(0), 3, 2.5
    shapes = [(784, 128), (128,), (128, width), (width,), (128, width), (width,)]
    shapes += [(width, 128), (128,), (128, 784), (784,)]
    weights = [0.1 * torch.randn(shape, generator=generator) for shape in shapes]
    x, noise = torch.rand(5, 784, generator=generator), torch.randn(5, width, generator=generator)
    bundle = tmp_path / "learning.mjs"
    bundle.write_text(training.bundled("learning.js", "--format=esm"), encoding="utf-8")
    asked = {"weights": [w.flatten().tolist() for w in weights], "beta": beta, "steps": 2}
    asked |= {"x": x.tolist(), "noise": noise.tolist()}
    command = ["node", str(Path(__file__).with_name("tools") / "step.mjs"), str(bundle)]
    told = json.loads(
        subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True).stdout
    )
    learned = [w.clone().requires_grad_() for w in weights]
    adam = torch.optim.Adam(learned, lr=5e-3)
    for after, terms in told:
        w, b, w_mu, b_mu, w_var, b_var, w_z, b_z, w_out, b_out = learned
        hidden = torch.relu(x @ w + b)
        mu, log_var = hidden @ w_mu + b_mu, hidden @ w_var + b_var
        z = mu + torch.exp(log_var / 2) * noise
        logits = torch.relu(z @ w_z + b_z) @ w_out + b_out
        expected = bernoulli_nll(logits, x).mean(), gaussian_kl(mu, log_var).mean()
        adam.zero_grad()
        (expected[0] + beta * expected[1]).backward()
        adam.step()
        assert terms == pytest.approx([term.item() for term in expected], rel=1e-4)
        for numbers, weight in zip(after, learned, strict=True):
            # A step moves each weight by about 0.005.
            assert torch.allclose(torch.tensor(numbers), weight.detach().flatten(), atol=5e-6)


# --- on paper -------------------------------------------------------------------------------------


# In a process of its own, since here Playwright is at work already.
PRINT = """
import json, pathlib, sys
from press.printed import print_out
print_out(json.loads(sys.argv[1]), pathlib.Path(sys.argv[2]))
"""


@pytest.mark.thorough
def test_the_book_is_printed_with_links_and_an_outline(chromium, tmp_path):
    cover = "# A\n\n[To b](b.md)\n\n```{toctree}\nb\n```"
    made = {"index.md": cover, "b.md": "# B\n\n$x$\n\n<details><p>y</p></details>"}
    paper = tmp_path / "book.pdf"
    command = [sys.executable, "-c", PRINT, json.dumps(made), str(paper)]
    subprocess.run(command, cwd=browser.REPOSITORY, check=True)
    data = paper.read_bytes()
    assert data.startswith(b"%PDF") and data.count(b"/Type /Page\n") == 2
    assert b"/Subtype /Link" in data and b"/Type /Outlines" in data


@pytest.mark.parametrize(
    ("name", "theme"),
    [
        pytest.param(*case, marks=() if case in WITH_AXE else pytest.mark.thorough)
        for case in product(EVERY, ("light", "dark"))
    ],
)
def test_axe_finds_nothing_to_complain_of(book, page, name, theme):
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme=theme)
    page.goto(address_of(book, name))
    assert page.locator("html").get_attribute("data-theme") == theme
    page.evaluate(Axe().axe_script)
    assert page.evaluate(AXE) == []
