"""The slides: what is read out of a lesson, and that a deck needs nothing beside it."""

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from press import __main__, pages, slides
from press.faults import Faults

REPOSITORY = pages.REPOSITORY
LESSONS = pages.lessons((REPOSITORY / "notebooks" / "README.md").read_text("utf-8"))
DOT = (  # a PNG of 2 × 1 pixels
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAYAAAD0In+KAAAADklEQVR4nGP4DwUMEAYAY4IL9eYpQHkAAAAASUVORK5CYII="
)


def picture(alt="A dot."):
    output = new_output("display_data", {"image/png": DOT}, metadata={"image/png": {"alt": alt}})
    return new_code_cell("plots.show(fig)", outputs=[output])


def read_after(*texts):
    """How a figure is read by what stands after it; code where a text is empty."""
    cells = [new_markdown_cell(text) if text else new_code_cell("1") for text in texts]
    (figure, *_) = slides.figures([new_markdown_cell("## 1. Here"), picture(), *cells, picture()])
    return figure.reading


# --- out of a lesson ------------------------------------------------------------------------------


def test_the_opening_is_its_question_and_its_goals():
    told = slides.opening(
        "# 01 · A\n\n**How few\nnumbers?**\n\nAfter this lesson you will be able to\n\n- build "
        "*one*\n  of two;\n- say **why**.\n\nYou need nothing."
    )
    assert told == ("How few numbers?", ["build *one* of two;", "say **why**."])


@pytest.mark.parametrize(
    "text, expected",
    [
        ("One. Two!\nThree?", ["One.", "Two!", "Three?"]),
        ("About 1.5 of $a. b$ and `c. d`. E", ["About 1.5 of $a. b$ and `c. d`.", "E"]),
        ("He (not she. Not we) left. *So.* Yes", ["He (not she. Not we) left.", "*So.*", "Yes"]),
        ("(An aside. Two.) He said: no.", ["(An aside. Two.)", "He said: no."]),
        ("By D. Kingma. Read it.", ["By D. Kingma.", "Read it."]),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text, expected):
    assert slides.sentences(text) == expected


LONG = "word " * slides.WORDS + "end."


@pytest.mark.parametrize(
    "texts, expected",
    [
        (["It falls. It rises."], "It falls. It rises."),
        ([f"{LONG} Not this."], LONG),
        (["Why? It falls. (Not far.) In short:"], "It falls."),
        (["A slider needs its kernel. It falls."], "It falls."),
        (["It falls.\n\nMore of it."], "It falls."),
        (["**What did you see?** Look.", "", "It falls."], "It falls."),
        (["", "## 2. Next\n\nIt falls."], ""),
        (["<details>It falls.</details>"], ""),
        ([], ""),
    ],
)
def test_a_figure_is_read_by_the_first_sentences_after_it(texts, expected):
    assert read_after(*texts) == expected


def test_a_figure_has_its_words_its_heading_and_its_shape():
    cells = [new_markdown_cell("## 1. Here\n\nText"), picture("A."), picture("B.")]
    cells += [new_markdown_cell("Read."), new_markdown_cell("## 2. There"), picture("C.")]
    found = list(slides.figures(cells))
    assert [(x.alt, x.heading, x.reading) for x in found] == [
        *(("A.", "1. Here", ""), ("B.", "1. Here", "Read."), ("C.", "2. There", ""))
    ]
    assert found[0].shape == 2


# --- decks ----------------------------------------------------------------------------------------


def test_formulas_are_set_and_one_that_cannot_be_set_is_named():
    setter = slides.Setter()
    line = setter.line(r"*So* $\hat x$ < [`y`](a.md), $\hat x$")
    page, style = setter.set_all(line)
    assert len(setter.formulas) == 1 and page.count("<mjx-container") == 2
    assert page.startswith("<em>So</em> ") and "&lt; <code>y</code>," in page
    assert "url(data:font/woff;base64," in style and "fonts/" not in style
    setter.line(r"$\bogus$")
    with pytest.raises(Faults, match=r"MathJax cannot set '\\\\bogus': Undefined control"):
        setter.set_all("")


def test_every_figure_of_the_course_stands_in_one_deck_that_needs_nothing_else(tmp_path, capsys):
    """What `make slides` makes."""
    assert __main__.main(["--slides", "--to", str(tmp_path / "slides")]) == 0
    assert (
        f"a file for each part of the course: {tmp_path / 'slides'}.\n" in capsys.readouterr().out
    )
    made = [path.read_text("utf-8") for path in sorted((tmp_path / "slides").iterdir())]
    assert len(made) == len(pages.ARCS)
    for page, (arc, listed) in zip(made, pages.arcs(LESSONS).items(), strict=True):
        assert f"<h1>{arc}</h1>" in page
        assert_needs_nothing_else(page)
        assert_tells_of(page, listed)


def assert_needs_nothing_else(page):
    """Neither files nor addresses, and no mark or TeX is left."""
    wanted = re.findall(r'(?:src|href)="([^"]*)"|url\(([^)]*)\)', page)
    assert all(re.match("data:|#lesson-", source or url) for source, url in wanted)
    names = re.findall(r'<section id="([^"]+)"', page)
    assert len(set(names)) == len(names)
    assert {link[1:] for link in re.findall(r'href="([^"]*)"', page)} <= set(names)
    words = re.sub(r"<(style|script)>.*?</\1>|<[^>]*>", "", page, flags=re.DOTALL)
    assert not re.search(r"\$[^$]+\$|[\ue000\ue001]|\*\*", words)


def assert_tells_of(page, listed):
    """All that the lessons show, and how most of it is read."""
    count = 0
    for lesson in listed:
        notebook = nbformat.read(REPOSITORY / "notebooks" / lesson.file, 4)
        outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
        shown = [x.data["image/png"] for x in outputs if "image/png" in x.get("data", {})]
        assert all(f"base64,{png.replace(chr(10), '')}" in page for png in shown)
        assert f'<p class="of">{lesson.minutes} minutes</p>' in page
        count += len(shown)
    assert page.count("<img") == page.count("<figure>") == count
    assert page.count("<figcaption><p>") > 0.8 * count
