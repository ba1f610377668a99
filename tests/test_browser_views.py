"""The views that live in the browser, in a real one: what they draw is what the model draws.

They stand on plain pages, opened as files with every request to elsewhere blocked (and in
JupyterLab in test_browser.py). Expected pictures are torch's; the browser may differ by `LEVELS`
grey levels of 255.
"""

import ast
import base64
import math
import re
from pathlib import Path

import pytest
import torch
from axe_playwright_python.sync_playwright import Axe

import browser
from course_utils import VAE, VQVAE, Autoencoder, ConditionalVAE
from course_utils._running import evaluating
from course_utils.exercises import Review, cards, check, progress, quiz, review, solution
from course_utils.exercises.showing import display
from course_utils.exercises.showing.quiz import load_remembered
from course_utils.losses import gaussian_kl
from course_utils.widgets import choose_model, compare_code_sizes, draw, film, scrub, views, walk
from course_utils.widgets.codes import REACH
from course_utils.widgets.packing import LEVELS

pytestmark = pytest.mark.browser

# The same lines build the models in the notebook's kernel and here.
MODELS = """\
import torch
from course_utils import VAE, VQVAE, Autoencoder, ConditionalVAE
from course_utils.widgets import draw, film, scrub, walk

def lively(model):
    \"\"\"First weights draw nearly the same grey whatever the code: larger ones do not.\"\"\"
    generator = torch.Generator().manual_seed(7)
    for name, numbers in model.decoder.state_dict().items():
        if numbers.ndim > 1:
            numbers *= 2.5
        elif "running_var" in name:
            numbers += torch.rand(numbers.shape, generator=generator)
        elif "num_batches" not in name:
            numbers += 0.3 * torch.randn(numbers.shape, generator=generator)
    return model

x = torch.rand(12, 1, 28, 28, generator=torch.Generator().manual_seed(0))
y = torch.arange(12) % 5
vae = lively(VAE.dense(20, (400,)))
flat = lively(VAE.dense(2, (64,)))
conditional = lively(ConditionalVAE.dense(6, 5, (64,)))
vqvae = lively(VQVAE.patches(num_embeddings=24))
samples = [torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(k)) for k in range(4)]
"""
names = {}
exec(MODELS, names)
lively, x, y, vae, flat, conditional, vqvae, samples = (
    names[name] for name in ("lively", "x", "y", "vae", "flat", "conditional", "vqvae", "samples")
)
small = lively(VAE.dense(20, (32,)))
convolutional = lively(VAE.conv(4, (6, 5, 7)))

AXE = """async () => {
    const { violations } = await axe.run(document.querySelector(".course-view"));
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}"""
# As text: a list of so many numbers takes Playwright seconds.
SEEN = """canvas => {
    const area = [0, 0, canvas.width, canvas.height], piece = 8192;
    const { data } = canvas.getContext("2d").getImageData(...area);
    const text = Array.from({ length: Math.ceil(data.length / piece) }, (_, k) =>
        String.fromCharCode(...data.subarray(k * piece, (k + 1) * piece)));
    return [canvas.height, canvas.width, btoa(text.join(""))];
}"""


def seen_on(canvas):
    """Red, green, blue and opacity of each pixel, (height, width, 4)."""
    height, width, text = canvas.evaluate(SEEN)
    data = torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.uint8)
    return data.view(height, width, 4).long()


def drawn(canvas):
    """The grey levels on a canvas."""
    return seen_on(canvas)[..., 0]


def code_of(view):
    """The code in the line for Python."""
    text = view.get_by_label("Code for Python").input_value()
    return torch.tensor(ast.literal_eval(text.removeprefix("torch.tensor(").removesuffix(")")))


def grey(picture):
    return 255 * (1 - picture.clamp(0, 1))


def decoded(model, code, *label):
    """The model's own picture of a code, in grey levels."""
    with evaluating(model):
        decode = model.decode_indices if code.ndim == 2 else model.decode
        return grey(model.to_image(decode(code[None], *map(torch.tensor, label))))[0, 0]


def assert_decodes(view, model, *label):
    """The large picture is what torch makes of the code in the line for Python."""
    difference = drawn(view.locator("canvas.cv-picture")) - decoded(model, code_of(view), *label)
    assert difference.abs().max() <= LEVELS
    assert difference.abs().mean() < 1


def assert_comes(look, expected, page):
    """What `look` sees is the expected picture, as soon as the browser has time to draw it."""
    for _ in range(100):
        if (look() - expected).abs().max() <= LEVELS:
            return
        page.wait_for_timeout(200)
    assert (look() - expected).abs().max() <= LEVELS


@pytest.fixture(scope="module")
def chromium():
    with browser.chromium() as running:
        yield running


@pytest.fixture
def show(chromium, tmp_path):
    """Opens views on a page of their own, as a file, and returns the first of them.

    Or, in place of views, the file of a page that has some.
    """
    pages = []

    def open_views(*views, width=1200, style="", **options):
        path = views[0] if isinstance(views[0], Path) else tmp_path / f"{len(pages)}.html"
        if path is not views[0]:
            html = "\n".join(view._repr_html_() for view in views)
            head = f'<!doctype html><meta charset="utf-8"><style>{style}</style>'
            path.write_text(head + html, encoding="utf-8")
        context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
        page = context.new_page()
        page.set_default_timeout(browser.PATIENCE * 1000)
        page.troubles = browser.keep_local(page)
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        page.on("console", lambda line: line.type == "error" and page.troubles.append(line.text))
        pages.append(page)
        page.goto(path.as_uri())
        if options.get("java_script_enabled", True):
            count = path.read_text(encoding="utf-8").count('class="course-view"')
            if count:
                page.locator("form.cv-live").nth(count - 1).wait_for()
        return page.locator(".course-view").first

    yield open_views
    for page in pages:
        assert page.troubles == []
        page.context.close()


def press(view, *keys):
    for key in keys:
        view.page.keyboard.press(key)


# --- scrub ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    [
        vae,
        flat,
        convolutional,
        lively(Autoencoder.dense(5, (16, 9))),
        lively(Autoencoder.dense(6, (), code="relu", tied=True, output="linear")),
        lively(Autoencoder.linear(3)),
        lively(Autoencoder.conv(4, (3, 5))),
        lively(lively(VAE.dense(6, (64,)))),  # contrasts that take more than a byte for a weight
    ],
    ids=["dense", "flat", "conv", "deep", "tied", "linear", "conv autoencoder", "contrasts"],
)
def test_what_the_browser_decodes_is_what_torch_decodes(show, model):
    view = show(scrub(model, x))
    before = drawn(view.locator("canvas.cv-picture"))
    for slider in view.get_by_role("slider").all()[:3]:
        for key in ("Home", "ArrowRight", "End"):
            slider.press(key)
            assert_decodes(view, model)
    view.get_by_role("button", name="Random code").click()
    assert_decodes(view, model)
    assert not torch.equal(drawn(view.locator("canvas.cv-picture")), before)


def test_keys_move_a_slider_by_steps_that_one_sees(show):
    view = show(scrub(small))
    slider = view.get_by_role("slider", name="z[3]")
    slider.focus()
    for keys, value in [
        (["ArrowRight"], 0.1),
        (["ArrowUp", "ArrowUp"], 0.3),
        (["ArrowLeft", "ArrowDown"], 0.1),
        (["Shift+ArrowRight"], 0.6),
        (["Home"], -REACH),
        (["ArrowLeft"], -REACH),
        (["End"], REACH),
    ]:
        press(view, *keys)
        assert code_of(view)[3] == pytest.approx(value, abs=1e-6)
        assert float(slider.input_value()) == pytest.approx(value)
        assert slider.get_attribute("aria-valuetext") == f"{value:.2f}".replace("-", "−")
    assert code_of(view).count_nonzero() == 1
    assert view.get_by_role("img").get_attribute("aria-label").endswith("code of length 3.00")
    assert view.get_by_text("code of length 3.00").is_visible()


def test_small_pictures_show_both_ends_of_each_slider(show):
    view = show(scrub(small))
    view.get_by_role("slider", name="z[5]").press("End")
    for j in (0, 5, 19):
        row = view.locator(".cv-row").nth(j)
        for end, side in ((-REACH, 0), (REACH, 1)):
            code = code_of(view)
            code[j] = end
            canvas = row.locator("canvas").nth(side)
            assert_comes(lambda canvas=canvas: drawn(canvas), decoded(small, code), view.page)


def test_sliders_stand_in_the_order_of_activity_and_silent_ones_are_named(show):
    with torch.no_grad():
        for numbers in small.encoder[-1].parameters():
            numbers[4] = numbers[9] = 0  # two numbers that do nothing
        variance = small.encode(x)[0].var(0, correction=0)
    view = show(scrub(small, x))
    names = view.locator(".cv-row .cv-name").all_inner_texts()
    assert names == [f"z[{j}]" for j in variance.argsort(descending=True, stable=True)]
    assert view.locator(".cv-row").last.get_by_text("silent").is_visible()
    with torch.no_grad():
        for numbers in small.encoder[-1].parameters():
            numbers *= 6
    view = show(scrub(small, x))
    most = (36 * variance).max().item()
    assert view.locator(".cv-row").first.get_by_text(f"moves {most:.2f}").is_visible()
    assert view.get_by_role("slider").first.get_attribute("aria-label").endswith(f"{most:.2f}")


def test_one_starts_from_a_picture_and_comes_back(show):
    view = show(scrub(small, x, y))
    with evaluating(small):
        codes = small.encode(x)[0]
    torch.testing.assert_close(code_of(view), codes[0], rtol=0, atol=0.0051)
    start = code_of(view)
    view.get_by_role("button", name="start from image 7, a 2").click()
    torch.testing.assert_close(code_of(view), codes[7], rtol=0, atol=0.0051)
    assert_decodes(view, small)
    assert torch.equal(
        drawn(view.get_by_role("button", name="start from image 7, a 2").locator("canvas")),
        grey(x[7, 0]).round(),
    )
    view.get_by_role("button", name="Reset").click()
    assert torch.equal(code_of(view), start)


def test_random_codes_follow_the_prior(show):
    view = show(scrub(lively(VAE.dense(30, (4,)))))
    codes = []
    for _ in range(20):
        view.get_by_role("button", name="Random code").click()
        codes.append(code_of(view))
    codes = torch.cat(codes)  # 600 numbers: six standard errors below; beyond 3 they are cut
    assert abs(codes.mean()) < 6 / math.sqrt(600)
    assert abs(codes.var() - 0.98) < 6 * math.sqrt(2 / 600)


def test_random_codes_of_an_autoencoder_follow_its_codes(show):
    model = lively(Autoencoder.dense(2, (16,)))
    with torch.no_grad():  # two numbers that are nearly one
        model.encoder[-1].weight[1] = -model.encoder[-1].weight[0]
        model.encoder[-1].bias[:] = torch.tensor([5.0, -5.0])
    view = show(scrub(model, x))
    assert view.get_by_text("An autoencoder has no prior").is_visible()
    for _ in range(5):
        view.get_by_role("button", name="Random code").click()
        a, b = code_of(view)
        assert a > 3 and abs(a + b) < 0.1


def test_the_code_is_copied(show):
    view = show(scrub(flat), permissions=["clipboard-read", "clipboard-write"])
    view.get_by_role("slider").first.press("End")
    view.get_by_role("button", name="Copy").click()
    view.get_by_text("Copied").wait_for()
    assert view.page.evaluate("navigator.clipboard.readText()") == "torch.tensor([3.00, 0.00])"


def test_a_plane_is_dragged_over_and_moved_by_keys(show):
    view = show(scrub(flat, x, y))
    plane = view.get_by_role("application")
    box = plane.bounding_box()
    mouse = view.page.mouse
    mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.5 * box["height"])
    mouse.down()
    mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"], steps=4)
    torch.testing.assert_close(code_of(view), torch.tensor([1.5, 1.5]), rtol=0, atol=0.03)
    mouse.move(box["x"] + 2 * box["width"], box["y"] + 0.5 * box["height"])  # held, beyond the edge
    mouse.up()
    torch.testing.assert_close(code_of(view), torch.tensor([3.0, 0.0]), rtol=0, atol=0.03)
    assert_decodes(view, flat)
    mouse.move(box["x"], box["y"])  # let go: nothing follows
    assert code_of(view)[0] == 3
    before = code_of(view)
    press(view, "ArrowLeft", "ArrowUp", "Shift+ArrowDown")
    torch.testing.assert_close(code_of(view) - before, torch.tensor([-0.1, -0.4]))
    here = f"z[0] = 2.90, z[1] = {before[1] - 0.4:.2f}".replace("-", "−")
    spoken = view.get_by_role("status").get_by_text(here)  # once the code has come to rest
    spoken.wait_for(state="attached")
    assert re.search(r"; the nearest code is a \d$", spoken.inner_text())
    assert_decodes(view, flat)
    press(view, "Home", "PageUp")  # to the edges, and the page stays where it is
    torch.testing.assert_close(code_of(view), torch.tensor([-3.0, 3.0]))
    press(view, "End", "PageDown", "Space")
    torch.testing.assert_close(code_of(view), torch.tensor([3.0, -3.0]))


def test_the_map_of_the_plane_shows_what_lies_there(show):
    view = show(scrub(flat))
    canvas = view.locator(".cv-field canvas").first
    for column, row in ((0, 0), (12, 0), (6, 6), (3, 11)):
        code = torch.tensor([(column + 0.5) * 6 / 13 - 3, 3 - (row + 0.5) * 6 / 13])
        here = slice(28 * row, 28 * row + 28), slice(28 * column, 28 * column + 28)
        assert_comes(lambda here=here: drawn(canvas)[here], decoded(flat, code), view.page)


def test_codes_on_the_plane_have_their_labels_in_words(show):
    view = show(scrub(flat, x, y))
    assert view.locator(".cv-legend > span").all_inner_texts() == ["0", "1", "2", "3", "4"]
    marks = view.locator(".cv-field canvas").nth(1)
    assert marks.is_visible()
    view.get_by_label("codes of 12 images").uncheck()
    assert not marks.is_visible()


def test_a_conditional_model_has_its_labels(show):
    view = show(scrub(conditional, x, y))
    assert_decodes(view, conditional, [y[0]])
    labels = view.get_by_role("group", name="Label")
    assert labels.get_by_role("radio").count() == 5
    code = code_of(view)
    labels.get_by_role("radio", name="3").check()
    assert torch.equal(code_of(view), code), "the style stays"
    assert_decodes(view, conditional, [3])
    press(view, "ArrowRight")
    assert labels.get_by_role("radio", name="4").is_checked()
    assert_decodes(view, conditional, [4])
    view.get_by_role("slider").first.press("Home")
    for label in range(5):
        under = drawn(labels.locator("canvas").nth(label))
        expected = decoded(conditional, code_of(view), [label])
        assert (under - expected).abs().max() <= LEVELS
    view.get_by_role("button", name="start from image 2").click()
    assert labels.get_by_role("radio", name="2").is_checked()
    assert_decodes(view, conditional, [2])


def test_symbols_are_chosen_for_a_place(show):
    view = show(scrub(vqvae, x))
    assert torch.equal(code_of(view), vqvae.symbols(x[:1])[0])
    assert_decodes(view, vqvae)
    place = view.get_by_role("button", name="row 1, column 2")
    place.click()
    before = code_of(view)
    palette = view.get_by_role("group", name="Symbol")
    assert palette.get_by_role("radio").count() == 24
    palette.get_by_role("radio", name="symbol 20", exact=True).check(force=True)
    after = code_of(view)
    assert after[1, 2] == 20 and (after != before).sum() <= 1
    assert_decodes(view, vqvae)
    press(view, "ArrowLeft")
    assert code_of(view)[1, 2] == 19
    assert view.get_by_text("row 1, column 2: symbol 19").is_visible()
    place.focus()
    press(view, "ArrowDown", "ArrowRight")
    assert (
        view.locator(".cv-cells :focus").get_attribute("aria-label").startswith("row 2, column 3")
    )
    view.get_by_role("button", name="start from image 4").click()
    assert torch.equal(code_of(view), vqvae.symbols(x)[4])
    view.get_by_role("button", name="Reset").click()
    assert torch.equal(code_of(view), vqvae.symbols(x[:1])[0])


def test_the_palette_shows_what_each_symbol_would_make_of_the_place(show):
    view = show(scrub(vqvae, x))
    for row, column, top, left in ((3, 3, 8, 8), (0, 5, 0, 16), (6, 6, 16, 16)):
        view.get_by_role("button", name=f"row {row}, column {column}:").click()
        grid = code_of(view)
        for symbol in (0, 13):
            grid[row, column] = symbol
            expected = decoded(vqvae, grid)[top : top + 12, left : left + 12]
            canvas = view.locator(".cv-palette canvas").nth(symbol)
            assert_comes(lambda canvas=canvas: drawn(canvas), expected, view.page)


def test_two_views_on_a_page_do_not_disturb_each_other(show):
    first = show(scrub(conditional, x, y), scrub(conditional, x, y))
    second = first.page.locator(".course-view").nth(1)
    first.get_by_role("radio", name="3").check()
    second.get_by_role("radio", name="1").check()
    assert first.get_by_role("radio", name="3").is_checked()
    assert_decodes(first, conditional, [3])


def test_many_numbers_are_shown_when_asked_for(show):
    view = show(scrub(lively(Autoencoder.dense(50, (), code="relu", tied=True)), x))
    assert view.get_by_role("slider").count() == 24
    view.get_by_role("button", name="Show all 50 numbers").click()
    assert view.get_by_role("slider").count() == 50
    first = view.get_by_role("slider").nth(24)  # the first of the new ones has the focus
    assert first.evaluate("slider => slider === document.activeElement")


@pytest.mark.parametrize("width", [1200, 600])
def test_twenty_sliders_fit_beside_the_picture(show, width):
    view = show(scrub(small, x), width=width)
    box = view.bounding_box()
    assert box["height"] < (900 if width == 1200 else 1100)
    page = view.page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    pixel = view.locator("canvas.cv-picture").bounding_box()["width"] - 2
    assert pixel == 8 * 28


# Wider pictures than the course's own, too.
large = Autoencoder.dense(2, (8,), input_shape=(1, 64, 64))
large_x = torch.rand(4, 1, 64, 64, generator=torch.Generator().manual_seed(0))
wide = VAE.dense(2, (8,), input_shape=(3, 8, 90))
tall = VQVAE.patches(5, 2, 4, input_shape=(3, 120, 9))
tall_x = torch.rand(3, 3, 120, 9, generator=torch.Generator().manual_seed(0))


def every_kind():
    """One of each thing that is drawn in the page, and the stills of what is not."""
    reconstructions = {name: {k: x[:2] for k in (2, 4)} for name in ("PCA", "autoencoder")}
    return [
        *(scrub(model, x, y) for model in (small, flat, conditional)),
        *(scrub(vqvae, x), walk(small, x[0], x[1]), film(samples, alt="Static")),
        *(scrub(large, large_x), walk(large, large_x[0], large_x[1])),
        *(quiz("01.axes"), cards("14"), choose_model(), progress()),
        *(review(before="06"), Review((load_remembered()["13.pairs"],))),
        check("mean_image", torch.mean),
        *(solution("mean_image"), solution("mean_image", now=True)),
        display.Panel("", compare_code_sizes(x[:2], reconstructions).still()),
        *(
            scrub(wide),
            scrub(tall, tall_x),
            film(tall_x, alt="Static"),
            draw(small),
            draw(small, x),
        ),
    ]


def test_first_choices_fill_the_line_of_a_review(show, tmp_path, monkeypatch):
    """By mouse and by keyboard; a second choice shows its explanation and changes nothing."""
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.json"))
    asked = review(before="06")
    page = show(asked).page
    questions, line = page.locator(".course-quiz ol"), page.locator(".course-review pre")
    groups = page.get_by_role("group")
    assert groups.count() == len(asked.questions)
    assert line.inner_text() == 'review("-----", before="06")'
    groups.nth(0).get_by_role("button").nth(1).click()
    assert groups.nth(0).get_by_role("status").inner_text()
    groups.nth(0).get_by_role("button").nth(0).click()
    groups.nth(3).get_by_role("button").nth(2).press("Enter")
    assert line.inner_text() == 'review("B--C-", before="06")'
    copy = page.get_by_role("button", name="Copy the line")
    copy.press("Enter")
    page.get_by_text("Copied").wait_for()  # the clipboard takes its time
    assert questions.count() == 2 * len(asked.questions)  # the explanations are in lists too


def test_a_number_is_typed_into_the_line_in_the_place_of_its_dash(show):
    """Choices beside it leave the dash alone, and the answers stay folded away."""
    choice, number = load_remembered()["00.shape"], load_remembered()["13.pairs"]
    shown = show(Review((choice, number, choice)))
    page, line = shown.page, shown.page.locator(".course-review pre")
    for group, letter in ((0, 1), (2, 2)):
        page.get_by_role("group").nth(group).get_by_role("button").nth(letter).press("Enter")
    assert line.inner_text() == 'review("B-C")'
    typed = page.get_by_role("group").nth(1)
    assert typed.get_by_role("button").count() == 0
    assert typed.get_by_text("type into the line below").is_visible()
    assert not typed.get_by_text("0.83").is_visible()


# What is wider than the page, or than the view it stands in; a box that scrolls may hold more.
TOO_WIDE = """() => {
    const roots = ".course-view, .course-quiz, .course-cards, .course-path, .course-still";
    const away = "[hidden], .cv-unseen, .cv-palette > div > *, details:not([open]) > :not(summary)";
    const parts = [...document.querySelectorAll(`:is(${roots}) *`)];
    return parts.filter(part => {
        const room = part.closest(roots) ?? document.documentElement;
        const right = element => element.getBoundingClientRect().right;
        return !part.closest(away) && right(part) > right(room) + 0.5;
    }).map(part => part.outerHTML.slice(0, 120));
}"""

AT_THE_EDGE = """() => document.querySelectorAll(".cv-draw, .cv-cloud").forEach(mark =>
    Object.assign(mark.style, { left: "100%", width: "" }))"""


@pytest.mark.parametrize(
    ("width", "java_script_enabled"),
    [
        (320, True),
        (390, False),
        pytest.param(390, True, marks=pytest.mark.thorough),
        pytest.param(320, False, marks=pytest.mark.thorough),
    ],
)
def test_a_phone_shows_everything_whole(show, width, java_script_enabled):
    page = show(*every_kind(), width=width, java_script_enabled=java_script_enabled).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if java_script_enabled:
        page.evaluate(AT_THE_EDGE)  # a draw is by chance: wherever it falls
        assert page.evaluate(TOO_WIDE) == []
        for view in page.locator("form.cv-live").all():
            assert view.evaluate("view => view.scrollWidth <= view.clientWidth")


@pytest.mark.parametrize("model, pictures", [(flat, x), (large, large_x)], ids=["28", "64"])
def test_on_a_phone_the_map_is_clicked_where_it_says(show, model, pictures):
    view = show(scrub(model, pictures), width=320)
    plane = view.get_by_role("application")
    box = plane.bounding_box()
    assert box["width"] < 300 and abs(box["width"] - box["height"]) < 1.5
    view.page.mouse.click(box["x"] + 0.9 * box["width"], box["y"] + 0.1 * box["height"])
    options = scrub(model, pictures).options
    (low, high), code = (torch.tensor(options[end]) for end in ("low", "high")), code_of(view)
    expected = torch.stack([low[0] + 0.9 * (high - low)[0], high[1] - 0.1 * (high - low)[1]])
    reach = (high - low).max()
    torch.testing.assert_close(code, expected, rtol=0, atol=0.01 * reach.item())
    ring = view.locator(".cv-ring").bounding_box()
    assert ring["x"] + ring["width"] / 2 == pytest.approx(box["x"] + 0.9 * box["width"], abs=2)
    assert ring["y"] + ring["height"] / 2 == pytest.approx(box["y"] + 0.1 * box["height"], abs=2)


# What the sheets of other sites set: for kinds of elements, as Bootstrap does, and for classes.
FOREIGN = """
*, ::before, ::after { box-sizing: border-box }
p, ol, ul { margin-top: 0; margin-bottom: 1rem } ol, ul { padding-left: 2rem }
p, .caption, .text { color: #fff; font-size: 1.3rem }
label { display: inline-block; margin-bottom: .5rem; font-weight: 700 }
button { border-radius: 0; text-transform: uppercase } legend { float: left; width: 100%;
    padding: 0; margin-bottom: .5rem; font-size: 1.5rem; line-height: inherit }
fieldset { min-width: 0; padding: 8px; margin: 4px; border: 2px solid } small { font-size: .6em }
button, input { margin: 3px; font-family: serif; font-size: 22px; line-height: 2 }
output { display: inline-block; padding: 5px } canvas, img { height: auto; vertical-align: middle }
input { padding: 6px; width: 50%; height: 40px } canvas { max-width: 50%; padding: 3px }
.row { display: flex; flex-wrap: wrap; margin-left: -12px; margin-right: -12px }
.row > * { width: 100%; max-width: 100%; padding: 0 12px } .left, .right, .end { float: left }
.live, .body, .plane, .field, .ring, .play, .cells, .controls { padding: 9px; display: block }
.picture, .pictures, .palette, .copy, .legend, .strip, .rows, .buttons { margin: 11px; width: 50% }
.name, .said, .dot, .up, .along, .over, .starts, .scrub, .symbols, .unseen { position: relative }
.wrong, .advice, .pale, .silent { opacity: .1; left: 5px }
"""
LAYOUT = """() => [...document.querySelectorAll(
    ".course-view form *, .course-quiz *, .course-cards *")].map(part => {
    const { x, y, width, height } = part.getBoundingClientRect();
    const { color, opacity, fontSize } = getComputedStyle(part);
    const name = `${part.tagName} ${part.className}`;
    const seen = width && height && part.tagName !== "OPTION";
    return [name, ...(seen ? [x, y, width, height] : []), color, opacity, fontSize];
})"""


def test_under_the_style_sheets_of_others_everything_looks_the_same(show):
    """In place and size to a pixel, in colour and size of letters exactly."""
    shown = every_kind()[:7] + every_kind()[8:10]
    alone, among_others = (
        show(*shown, style=f"body {{ margin: 0; line-height: 1.5 }} {style}").page.evaluate(LAYOUT)
        for style in ("", FOREIGN)
    )
    assert len(alone) > 500
    assert [part[0] for part in alone] == [part[0] for part in among_others]
    for before, after in zip(alone, among_others, strict=True):
        assert before == pytest.approx(after, abs=1) or before == after, (before, after)


def test_without_scripts_a_still_picture_stands_with_its_caption(show):
    for view in (
        scrub(small, x),
        scrub(vqvae, x),
        walk(small, x[0], x[1]),
        film(samples, alt="Static"),
        draw(small),
    ):
        page = show(view, java_script_enabled=False)
        assert page.get_by_role("img").first.get_attribute("alt")
        assert page.get_by_text(view.caption).is_visible()
        assert page.get_by_role("slider").count() == 0


def test_the_module_is_also_what_anywidget_takes(show):
    view = show(scrub(flat))
    view.evaluate(
        """async (element, source) => {
            const address = "data:text/javascript;charset=utf-8," + encodeURIComponent(source);
            const { default: widget } = await import(address);
            const options = JSON.parse(element.dataset.view);
            await widget.render({ model: { get: name => ({ options })[name] }, el: element });
        }""",
        views.module(),
    )
    assert_decodes(view, flat)


# --- draw -----------------------------------------------------------------------------------------


def as_digit(sheet):
    """The rule by which MNIST's digits were made, on a drawing (height, width) of ink in [0, 1]:
    the longer side of its box takes 20 pixels, and the centre of mass the middle of 28 × 28."""
    rows, columns = (sheet.sum(axis).nonzero().flatten() for axis in (1, 0))
    height, width = (int(lines[-1] - lines[0]) + 1 for lines in (rows, columns))
    longest = max(height, width)
    side = longest / 20
    # The share of each place of the sheet in each pixel of the box, along either axis.
    shares = []
    for lines, length in ((rows, sheet.shape[0]), (columns, sheet.shape[1])):
        ends = int(lines[0]) + side * torch.arange(21, dtype=torch.float64)
        places = torch.arange(length, dtype=torch.float64)
        below = torch.minimum(places + 1, ends[1:, None]) - torch.maximum(places, ends[:-1, None])
        shares.append(below.clamp(min=0) / side)
    box = shares[0] @ sheet.double() @ shares[1].T
    middle = torch.arange(20) + 0.5
    digit = torch.zeros(48, 48, dtype=torch.float64)  # the box may stand out where it is empty
    down, across = (
        min(max(14 - math.floor((box.sum(axis) * middle).sum() / box.sum()), 0), 28 - length)
        for axis, length in (
            (1, math.ceil(20 * height / longest)),
            (0, math.ceil(20 * width / longest)),
        )
    )
    digit[down : down + 20, across : across + 20] = box
    assert not digit[28:].any() and not digit[:, 28:].any()
    return digit[:28, :28]


def test_digits_of_mnist_are_already_as_the_rule_makes_them(images):
    if images.name != "mnist":
        pytest.skip("the small digits were not made by MNIST's rule")
    for digit in images.test[:, 0]:
        enlarged = digit.repeat_interleave(5, 0).repeat_interleave(5, 1)
        torch.testing.assert_close(as_digit(enlarged).float(), digit, rtol=0, atol=1e-6)


CHANCE = """() => {
    let state = 1;  // uniform numbers that Python can draw too
    Math.random = () => (state = state * 16807 % 2147483647) / 2147483647;
}"""


def noise_of_chance(count):
    """What the page draws from N(0, 1) after CHANCE, by Box and Muller."""
    state, uniform = 1, []
    for _ in range(2 * count):
        state = state * 16807 % 2147483647
        uniform.append(state / 2147483647)
    length, turn = torch.tensor(uniform, dtype=torch.float64).view(count, 2).T
    return ((-2 * (1 - length).log()).sqrt() * (2 * math.pi * turn).cos()).float()


def assert_answers(view, model):
    """What the page says of the picture that its encoder sees is what torch computes of it.

    The picture is read in bytes, which is nearer than any tolerance here.
    """
    seen, redrawn = (
        drawn(view.get_by_role("img", name=name))
        for name in ("what the encoder sees", "drawn from z")
    )
    digit = (1 - seen / 255)[None, None]
    with evaluating(model):
        mu, log_var = model.encode(digit)
    z = mu + torch.exp(log_var / 2) * noise_of_chance(mu.shape[1])
    with evaluating(model):
        logits = model.decode(z)
    assert (redrawn - grey(model.to_image(logits))[0, 0]).abs().max() <= LEVELS
    torch.testing.assert_close(code_of(view), z[0], rtol=0, atol=0.02)
    cells = view.locator("tbody td").all_inner_texts()
    table = torch.tensor([float(cell.replace("−", "-")) for cell in cells]).view(-1, 6)
    kl = gaussian_kl(mu, log_var)
    for column, numbers in ((0, mu), (1, log_var), (2, torch.exp(log_var / 2)), (4, z)):
        torch.testing.assert_close(table[:, column], numbers[0], rtol=0, atol=0.02)
    assert table[:, 5].sum() == pytest.approx(kl.item(), abs=0.05 + 0.005 * len(table))
    price = model.nll(logits, digit).item()
    told = view.locator(".cv-terms output").all_inner_texts()
    for text, term in zip(told, (price, kl.item(), price + kl.item()), strict=True):
        number = float(text.removesuffix(" nats"))
        assert number == pytest.approx(term, abs=0.06, rel=6e-4)  # of which 0.005 by rounding
    assert f"the KL is {told[1].removesuffix(' nats')}." in view.locator("li").nth(4).inner_text()


def test_the_encoder_answers_what_is_drawn(show, images):
    """With the mouse and by keyboard alone, on one page; and axe has nothing to complain of."""
    model = lively(VAE.dense(6, (32,)))
    view = show(draw(model, images.test[:12]))
    page, sheet = view.page, view.get_by_role("application")
    paper = sheet.locator("canvas")
    page.evaluate(CHANCE)
    view.get_by_role("button", name="Draw z again").click()
    view.get_by_text("Show the computation").click()
    seen = view.get_by_role("img", name="what the encoder sees")
    view.get_by_role("button", name="start from picture 7").click()
    assert torch.equal(drawn(seen), grey(images.test[7, 0]).round())
    assert_answers(view, model)

    box = sheet.bounding_box()
    for places in (
        [(0.3, 0.2), (0.3, 0.2)],  # a dot
        [(0.1, 0.9), (1.5, 0.95)],  # wide, and beyond the edge
        [(0.5, 0.1), (0.45, 0.9), (0.1, 0.9), (0.1, 0.8)],  # a heavy foot
    ):
        view.get_by_role("button", name="Clear").click()
        assert (drawn(paper) == 255).all() and (drawn(seen) == 255).all()
        for k, (x, y) in enumerate(places):
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
            if k == 0:
                page.mouse.down()
        page.mouse.up()
        ink = 1 - drawn(paper) / 255
        assert ink.max() == 1
        assert (drawn(seen) - grey(as_digit(ink))).abs().max() <= 1
    assert_answers(view, model)
    page.mouse.move(box["x"] + 9, box["y"] + 9)  # let go: nothing follows
    assert torch.equal(1 - drawn(paper) / 255, ink)

    view.get_by_role("button", name="Clear").press("Enter")
    sheet.focus()
    press(view, "ArrowRight", *["Shift+ArrowUp"] * 3)
    assert (drawn(paper) == 255).all(), "the pen is up"
    press(
        view, "Space", "Shift+ArrowDown", "Shift+ArrowDown", "ArrowLeft", "Space", "Shift+ArrowLeft"
    )
    ink = 1 - drawn(paper) / 255
    rows, columns = (ink.sum(axis).nonzero().flatten() for axis in (1, 0))
    assert len(rows) > 3 * len(columns) > 0, "one stroke, downwards"
    assert (drawn(seen) - grey(as_digit(ink))).abs().max() <= 1
    assert_answers(view, model)
    spoken = view.get_by_role("status").filter(has_text="pen up, row")
    spoken.wait_for(state="attached")
    assert re.search(r"; reconstruction [\d.]+ nats, KL [\d.]+ nats$", spoken.inner_text())

    before = code_of(view)
    view.get_by_role("button", name="Draw z again").press("Space")
    assert not torch.equal(code_of(view), before)
    page.evaluate(Axe().axe_script)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(AXE) == []


def test_a_finger_draws_and_moves_nothing_else(show):
    view = show(draw(small), width=390, has_touch=True, style="body { padding: 40vh 0 200vh }")
    page, sheet = view.page, view.get_by_role("application")
    sheet.scroll_into_view_if_needed()
    box, scrolled = sheet.bounding_box(), page.evaluate("scrollY")
    finger = page.context.new_cdp_session(page)

    def touch(kind, *places):
        points = [
            {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for x, y in places
        ]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", (0.5, 0.8))
    for y in (0.7, 0.5, 0.3, 0.2):
        touch("touchMove", (0.5, y))
        page.wait_for_timeout(50)  # after a swipe Chromium takes the next touch for its end, no tap
    touch("touchEnd")
    ink = 1 - drawn(sheet.locator("canvas")) / 255
    rows, columns = (ink.sum(axis).nonzero().flatten() for axis in (1, 0))
    assert len(rows) > 3 * len(columns) > 0, "one stroke, upwards"
    assert page.evaluate("scrollY") == scrolled
    page.evaluate(CHANCE)
    view.get_by_role("button", name="Draw z again").tap()
    view.get_by_text("Show the computation").tap()
    assert_answers(view, small)


def test_a_sheet_stands_beside_views_that_know_nothing_of_it(show):
    view = show(scrub(flat), draw(small), scrub(flat))
    assert view.page.locator("form.cv-live").count() == 3
    assert view.page.get_by_role("application", name="sheet to draw on").count() == 1


# --- walk and film --------------------------------------------------------------------------------


def test_a_walk_shows_both_ways_at_one_t(show):
    view = show(walk(small, x[0], x[1]))
    with evaluating(small):
        a, b = small.encode(x[:2])[0]
    slider = view.get_by_role("slider", name="t")
    slider.focus()
    press(view, "End", *["ArrowLeft"] * 10)
    angle = torch.arccos(torch.dot(a, b) / (a.norm() * b.norm()))
    straight = 0.2 * a + 0.8 * b
    turned = (torch.sin(0.2 * angle) * a + torch.sin(0.8 * angle) * b) / torch.sin(angle)
    for name, code in (("straight", straight), ("spherical", turned)):
        canvas = view.get_by_role("img", name=f"{name} · length {code.norm():.2f}, 0.80")
        assert (drawn(canvas) - decoded(small, code)).abs().max() <= 1
    for name, image in zip("ab", x, strict=False):
        assert torch.equal(
            drawn(view.get_by_role("img", name=name, exact=True)), grey(image[0]).round()
        )


def test_a_walk_plays_back_and_forth_until_it_is_stopped(show):
    view = show(walk(small, x[0], x[1]), reduced_motion="reduce")
    slider = view.get_by_role("slider", name="t")
    view.page.wait_for_timeout(300)
    assert slider.input_value() == "0", "nothing moves by itself"
    slider.evaluate("slider => { slider.value = 48; slider.dispatchEvent(new Event('input')); }")
    view.get_by_role("button", name="Play").press("Space")
    view.page.wait_for_function("slider => slider.value === '50'", arg=slider.element_handle())
    view.page.wait_for_function("slider => slider.value < 40", arg=slider.element_handle())
    view.get_by_role("button", name="Pause").press("Space")
    stopped = slider.input_value()
    view.page.wait_for_timeout(300)
    assert slider.input_value() == stopped
    assert view.get_by_role("button", name="Play").is_visible()


def test_a_film_shows_its_frames(show):
    view = show(film(samples, names=["untrained", "epoch 1", "epoch 2", "epoch 3"], alt="Static"))
    slider = view.get_by_role("slider", name="frame")
    slider.focus()
    for k, keys in ((0, []), (1, ["ArrowRight"]), (3, ["End"]), (2, ["ArrowLeft"])):
        press(view, *keys)
        sheet = drawn(view.get_by_role("img", name=f"Static, {'epoch ' if k else 'untrained'}"))
        for place, image in enumerate(samples[k]):
            there = sheet[:, 29 * place : 29 * place + 28]
            assert torch.equal(there, 255 - (255 * image[0]).round())
    assert slider.get_attribute("aria-valuetext") == "epoch 2"
    view.get_by_role("button", name="Play").click()
    view.page.wait_for_function("slider => slider.value === '3'", arg=slider.element_handle())
    view.page.wait_for_function("slider => slider.value === '0'", arg=slider.element_handle())


# --- colour, and sides of any length --------------------------------------------------------------

colours = torch.rand(12, 3, 9, 14, generator=torch.Generator().manual_seed(0))
coloured = lively(VAE.dense(3, (32,), input_shape=(3, 9, 14)))


def light(canvas):
    """What is seen on a canvas, (red green blue, height, width): negative where it is still empty,
    which is the light of nothing, so that who compares may wait for the rest."""
    seen = seen_on(canvas)
    return torch.where(seen[..., 3:] == 255, seen[..., :3], -255).permute(2, 0, 1)


def light_of(model, code, *label):
    """The model's own picture of a code as light, or for a grey one as the grey of its ink."""
    with evaluating(model):
        decode = model.decode_indices if code.ndim == 2 else model.decode
        (picture,) = model.to_image(decode(code[None], *map(torch.tensor, label))).clamp(0, 1)
    return 255 * (picture if len(picture) == 3 else 1 - picture.expand(3, -1, -1))


def assert_lights(view, model, *label):
    """The large picture is what torch makes of the code in the line for Python, in its aspect."""
    canvas = view.locator("canvas.cv-picture")
    difference = light(canvas) - light_of(model, code_of(view), *label)
    assert difference.abs().max() <= LEVELS and difference.abs().mean() < 1
    box = canvas.bounding_box()  # with an edge of a pixel all around
    tall, wide = model.input_shape[1:]
    assert (box["width"] - 2) * tall == pytest.approx((box["height"] - 2) * wide, rel=0.01)


@pytest.mark.parametrize(
    "model",
    [
        coloured,
        lively(Autoencoder.dense(4, (8,), input_shape=(3, 20, 11), output="linear")),
        lively(VAE.conv(4, (6, 5, 7), input_shape=(3, 13, 18))),
        lively(Autoencoder.conv(4, (3, 5), input_shape=(3, 31, 10))),
        lively(VAE.conv(3, (4, 6), input_shape=(1, 11, 8))),
        lively(VAE.dense(3, (16,), input_shape=(1, 8, 60))),
    ],
    ids=["dense", "linear output", "conv", "conv autoencoder", "grey conv", "wide grey"],
)
def test_what_the_browser_decodes_in_any_shape_is_what_torch_decodes(show, model):
    pictures = torch.rand(5, *model.input_shape, generator=torch.Generator().manual_seed(2))
    view = show(scrub(model, pictures))
    slider = view.get_by_role("slider").first
    before = light(view.locator("canvas.cv-picture"))
    for key in ("Home", "ArrowRight", "End"):
        slider.press(key)
        assert_lights(view, model)
    assert not torch.equal(light(view.locator("canvas.cv-picture")), before)
    start = view.get_by_role("button", name="start from image 3")
    levels = (255 * pictures[3]).round()
    levels = levels if len(levels) == 3 else 255 - levels.expand(3, -1, -1)
    assert torch.equal(light(start.locator("canvas")), levels)
    start.click()
    assert_lights(view, model)
    row = int(view.locator(".cv-row .cv-name").first.inner_text()[2:-1])
    for end, side in (("min", 0), ("max", 1)):
        code = code_of(view)
        code[row] = float(view.get_by_role("slider").first.get_attribute(end))
        canvas = view.locator(".cv-row").first.locator("canvas").nth(side)
        assert_comes(lambda canvas=canvas: light(canvas), light_of(model, code), view.page)


def test_the_map_of_the_plane_is_in_colour_and_in_the_aspect_of_its_pictures(show):
    model = lively(VAE.dense(2, (32,), input_shape=(3, 9, 14)))
    view = show(scrub(model))
    canvas = view.locator(".cv-field canvas").first
    for column, row in ((0, 0), (12, 0), (6, 6), (3, 11)):
        code = torch.tensor([(column + 0.5) * 6 / 13 - 3, 3 - (row + 0.5) * 6 / 13])
        here = (..., slice(9 * row, 9 * row + 9), slice(14 * column, 14 * column + 14))
        expected = light_of(model, code)
        assert_comes(lambda here=here: light(canvas)[here], expected, view.page)
    box = view.get_by_role("application").bounding_box()
    assert box["width"] * 9 == pytest.approx(box["height"] * 14, rel=0.02)
    view.page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"])
    torch.testing.assert_close(code_of(view), torch.tensor([1.5, 1.5]), rtol=0, atol=0.06)
    assert_lights(view, model)


def test_a_view_saved_as_a_page_lives_there_alone(show, tmp_path):
    scrub(coloured, colours).save(tmp_path / "new" / "page.html")
    view = show(tmp_path / "new" / "page.html", width=390)
    assert view.page.title() == view.page.get_by_role("heading", level=1).inner_text()
    assert view.page.locator("html").get_attribute("lang") == "en"
    wide = "() => document.documentElement.scrollWidth"
    assert view.page.evaluate(wide) <= 390
    before = drawn(view.page.locator("canvas.cv-picture"))
    view.get_by_role("slider").first.press("End")
    assert not torch.equal(drawn(view.page.locator("canvas.cv-picture")), before)


def test_labels_are_chosen_in_colour(show):
    model = lively(ConditionalVAE.dense(3, 4, (32,), input_shape=(3, 9, 14)))
    view = show(scrub(model, colours, y % 4))
    labels = view.get_by_role("group", name="Label")
    labels.get_by_role("radio", name="3").check()
    assert_lights(view, model, [3])
    for label in range(4):
        difference = light(labels.locator("canvas").nth(label)) - light_of(
            model, code_of(view), [label]
        )
        assert difference.abs().max() <= LEVELS


class Saved:
    """A view in a notebook from before there were colours and margins for each side: its module is
    today's, and what it holds is not."""

    def __init__(self, view):
        self.page = view._repr_html_()

    def _repr_html_(self):
        old = re.sub(r'"padding": \[(\d), \1\]', r'"padding": \1', self.page)
        assert old != self.page and '"image": [28, 28, 1]' in old
        return old.replace('"image": [28, 28, 1]', '"image": [28, 28]')


@pytest.mark.parametrize("model", [small, convolutional, vqvae], ids=["dense", "conv", "symbols"])
def test_what_was_saved_before_is_drawn_as_ever(show, model):
    assert_decodes(show(Saved(scrub(model, x))), model)


@pytest.mark.parametrize(
    ("model", "corners"),
    [
        # 18 × 13 pixels in 5 × 4 places, around each of which 9 × 9 are shown.
        (VQVAE.patches(5, 2, 6, input_shape=(3, 18, 13)), {(0, 0): (0, 0), (4, 3): (9, 4)}),
        (VQVAE.conv(5, 2, (4, 6), input_shape=(3, 18, 13)), {(2, 1): (5, 0)}),
    ],
    ids=["patches", "conv"],
)
def test_symbols_of_any_shape_are_chosen_in_colour(show, model, corners):
    model = lively(model)
    pictures = torch.rand(4, 3, 18, 13, generator=torch.Generator().manual_seed(0))
    view = show(scrub(model, pictures))
    assert code_of(view).shape == (5, 4)
    assert_lights(view, model)
    for (row, column), (top, left) in corners.items():
        view.get_by_role("button", name=f"row {row}, column {column}:").click()
        palette = view.get_by_role("group", name="Symbol")
        palette.get_by_role("radio", name="symbol 4", exact=True).check(force=True)
        grid = code_of(view)
        assert grid[row, column] == 4
        assert_lights(view, model)
        grid[row, column] = 1
        expected = light_of(model, grid)[:, top : top + 9, left : left + 9]
        canvas = view.locator(".cv-palette canvas").nth(1)
        assert_comes(lambda canvas=canvas: light(canvas), expected, view.page)


def test_a_walk_and_a_film_are_in_colour(show):
    view = show(walk(coloured, colours[0], colours[1]))
    with evaluating(coloured):
        a, b = coloured.encode(colours[:2])[0]
    view.get_by_role("slider", name="t").press("End")
    press(view, *["ArrowLeft"] * 10)
    canvas = view.get_by_role("img", name="straight")
    assert (light(canvas) - light_of(coloured, 0.2 * a + 0.8 * b)).abs().max() <= 1
    for name, image in zip("ab", colours, strict=False):
        end = view.get_by_role("img", name=name, exact=True)
        assert torch.equal(light(end), (255 * image).round())
    view = show(film([colours[:3], colours[3:6]], alt="Static"))
    for k in (0, 1):
        sheet = light(view.get_by_role("img", name="Static"))
        for place, image in enumerate(colours[3 * k : 3 * k + 3]):
            there = sheet[..., 15 * place : 15 * place + 14]
            assert torch.equal(there, (255 * image).round())
        view.get_by_role("slider", name="frame").press("End")
