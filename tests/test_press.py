"""The press: what stands on the pages of the book, and what keeps a book from being made."""

import json
import re
import zipfile

import nbformat
import pytest
import torch
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_utils import load_images
from press import __main__, pages, printed, sources, training
from press.__main__ import bind
from press.faults import Faults, dead_links, faults_of_lesson, faults_of_text
from press.formulas import Formula, typeset

REPOSITORY = pages.REPOSITORY
LESSONS = pages.lessons((REPOSITORY / "notebooks" / "README.md").read_text("utf-8"))
FIGURE = '<img src="data:," alt="A digit.">'


@pytest.fixture(scope="module")
def made():
    """The course's own pages, for a repository that has an address."""
    return pages.pages(address="someone/autoencoders")


@pytest.fixture(scope="module")
def bare():
    """The same without an address."""
    return pages.pages()


def shown(*outputs, count=1):
    return new_code_cell("plots.show(fig)", execution_count=count, outputs=list(outputs))


def displayed(**data):
    kinds = {kind.replace("_", "/"): content for kind, content in data.items()}
    return new_output("display_data", kinds)


# --- what keeps a book from being made ------------------------------------------------------------


def complaints(*cells):
    title = new_markdown_cell("# A lesson")
    notebook = new_notebook(cells=[title, *cells])
    return list(faults_of_lesson("03_denoising.ipynb", notebook, REPOSITORY))


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        (shown(count=None), "was never run"),
        (shown(displayed(image_png="...")), "shows a picture without a text"),
        (shown(displayed(text_html='<img src="data:,">')), "shows a picture without a text"),
        (shown(displayed(text_html='<img src="data:," alt="">')), "shows a picture without a text"),
        (shown(new_output("error", ename="ValueError")), "ends in ValueError"),
        (new_markdown_cell("See\n[it](04_spares.ipynb)."), "links to 04_spares.ipynb"),
        (new_markdown_cell("![](../.github/reconstructions.png)"), "picture without a text"),
    ],
)
def test_a_fault_is_named_with_its_notebook_and_its_cell(cell, told):
    (sentence,) = complaints(cell)
    assert sentence.startswith("03_denoising.ipynb, cell 2 (")
    assert told in sentence


def test_what_is_in_order_is_not_complained_of():
    link = new_markdown_cell("[Next](04_sparse.ipynb), [there](https://a.b/c), [x](#x), `[i](j)`")
    assert complaints(shown(displayed(text_html=FIGURE, image_png="...")), link) == []


def test_a_document_is_named_where_there_is_no_cell():
    (sentence,) = faults_of_text("notebooks/README.md", "[x](nowhere.md)", REPOSITORY)
    assert sentence == "notebooks/README.md links to nowhere.md, and there is no such file."


def test_pages_are_not_made_of_lessons_with_faults(tmp_path):
    (tmp_path / "notebooks").mkdir()
    for name in pages.OUR_NAMES:
        (tmp_path / "notebooks" / name).write_text("[x](nowhere.md)")
    stale = new_notebook(cells=[new_code_cell("1 + 1")])
    nbformat.write(stale, tmp_path / "notebooks" / "00_start_here.ipynb")
    with pytest.raises(Faults) as raised:
        pages.pages(tmp_path)
    assert str(raised.value).splitlines() == [
        '00_start_here.ipynb, cell 1 ("1 + 1") was never run: run `make execute`, and save what '
        "it shows.",
        *(
            f"notebooks/{name} links to nowhere.md, and there is no such file."
            for name in pages.OUR_NAMES
        ),
    ]


def test_a_formula_that_cannot_be_set_is_named_with_its_cell(tmp_path, capfd):
    cells = [new_markdown_cell("# A"), new_markdown_cell("$x$"), new_markdown_cell(r"$\bogus$")]
    page = nbformat.writes(new_notebook(cells=cells))
    old = tmp_path / "book"
    old.mkdir()
    with pytest.raises(Faults, match="Sphinx did not make the book"):
        bind({"index.ipynb": page}, old)
    told = r"index, cell 3: MathJax cannot set '\\bogus': Undefined control sequence \bogus."
    assert told in capfd.readouterr().err
    assert old.exists()


def test_who_makes_the_book_is_told_and_so_is_make(tmp_path, monkeypatch, capsys):
    made = tmp_path / "book"
    made.mkdir()
    (made / "index.html").write_text("A page.")
    monkeypatch.setattr(__main__, "bind", lambda made, target, learnt: None)
    monkeypatch.setattr(__main__, "to_learn_from", lambda: None)
    assert __main__.main(["--to", str(made), "--zip"]) == 0
    assert f"open {made / 'index.html'} in a browser" in capsys.readouterr().out
    assert zipfile.ZipFile(tmp_path / "book.zip").read("book/index.html") == b"A page."
    monkeypatch.setattr(__main__, "LARGEST", 10)
    assert __main__.main(["--to", str(made), "--zip"]) == 1
    assert "and may have 10: a lesson grew." in capsys.readouterr().err


def test_without_npm_there_is_no_page_that_trains_and_a_line_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(training, "FOLDER", tmp_path)
    monkeypatch.setattr(training.shutil, "which", lambda name: None)
    assert __main__.to_learn_from() is None
    assert capsys.readouterr().out == (
        "The book is made without its page that trains a network: there is no npm here to bring "
        "the library that it needs.\n"
    )


def test_an_npm_that_cannot_fetch_is_quoted(tmp_path, monkeypatch):
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error network' >&2\necho more >&2\nexit 1")
    npm.chmod(0o755)
    monkeypatch.setattr(training, "FOLDER", tmp_path)
    monkeypatch.setattr(training.shutil, "which", lambda name: str(npm))
    with pytest.raises(training.Unavailable, match=r"it needs \(npm error network\)$"):
        training.installed()


def test_the_lock_of_npm_names_versions_and_checksums_and_no_registry():
    lock = (training.FOLDER / "package-lock.json").read_text("utf-8")
    packages = {name: each for name, each in json.loads(lock)["packages"].items() if name}
    assert all(each["version"] and each["integrity"] for each in packages.values())
    assert "://" not in lock and "node_modules/@jax-js/jax" in packages


def test_the_book_is_printed_by_a_browser_or_one_sentence_says_why_not(monkeypatch, capsys):
    monkeypatch.setattr(printed, "executable", lambda: None)
    monkeypatch.setattr(pages, "pages", lambda address: {})
    assert __main__.main(["--pdf"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("Chromium prints the book, and none is here: install it, or run ")
    assert told.count("\n") == 1


def test_on_paper_all_is_open_and_links_lead_to_places_in_it():
    page = printed.on_paper(
        '<head></head><details><details open><details class="x"><a href="b.html#c">'
        '<a href="b.html"><a href="https://d.e/f.html"><a href="#g">'
    )
    assert page == (
        '<head><link rel="stylesheet" href="_static/print.css"></head><details open><details open>'
        '<details open class="x"><a href="#c"><a href="#document-b">'
        '<a href="https://d.e/f.html"><a href="#g">'
    )


def test_on_paper_no_section_of_the_cover_holds_the_lessons(bare):
    cover = printed.cover_on_paper(bare["index.md"])
    assert not re.search("^##", cover, re.MULTILINE) and "{rubric} For whom" in cover
    assert cover.count("{toctree}") == len(pages.ARCS) + 1


def test_formulas_are_set_for_eyes_and_for_ears():
    (inline, block, wrong), style = typeset(
        [Formula(r"\hat x", False), Formula(r"\frac{1}{2}", True), Formula("{", False)]
    )
    assert "<mjx-math" in inline["html"] and 'display="true"' not in inline["html"]
    assert 'display="true"' in block["html"] and "<mfrac>" in block["html"]  # MathML
    assert "brace" in wrong["error"]
    assert set(re.findall(r'url\("?([^)"]*)', style)) >= {"fonts/MathJax_Math-Italic.woff"}


def test_a_link_to_no_page_and_to_no_place_is_found(tmp_path):
    (tmp_path / "a.html").write_text(
        '<h1 id="here">A</h1><a href="#here">x</a><a href="b.html?q=1#there">x</a>'
        '<a href="b.html#lost">x</a><img alt="x" src="no.png"><a href="https://a.b">x</a>'
        "<script>const made = '<a href=\"in-words.html\">';</script>"
    )
    (tmp_path / "b.html").write_text('<p id="there">B</p>')
    assert dead_links(tmp_path) == [
        "a.html links to b.html#lost, and there is no such place.",
        "a.html links to no.png, and there is no such place.",
    ]


# --- what stands on the pages ---------------------------------------------------------------------


def cells_of(made, lesson):
    return nbformat.reads(made[lesson.file], 4).cells


def test_every_lesson_stands_in_one_arc_and_in_the_contents(made):
    arcs = pages.arcs(LESSONS)
    assert [x for arc in arcs.values() for x in arc] == LESSONS
    assert len(LESSONS) == len(list((REPOSITORY / "notebooks").glob("[0-9]*.ipynb")))
    for name, arc in arcs.items():
        tree = "\n".join(lesson.page for lesson in arc)
        assert f":caption: {name}\n:hidden:\n{tree}\n```" in made["index.md"]
        for lesson in arc:
            assert f"[{lesson.title}]({lesson.file}), {lesson.minutes} minutes" in made["index.md"]


def test_a_page_trains_where_there_is_something_to_learn_from(bare):
    digits = load_images("digits", train_limit=50)
    made = pages.pages(learnt=digits)
    assert "training.md" not in bare and "(training.md)" not in bare["index.md"]
    assert "[train one here](training.md)" in made["index.md"]
    assert f"\n:hidden:\n{pages.TRAINING}\nmap\n" in made["index.md"]
    assert "learns from\n50 pictures of scikit-learn's small digits" in made["training.md"]
    assert 'alt="The hand on a code: the map' in made["training.md"]


def test_of_each_digit_one_is_looked_at_first():
    labels = torch.tensor([3, 3, *range(10), 0])
    assert training.chosen(labels).tolist() == [2, 3, 4, 0, 6, 7, 8, 9, 10, 11, 1, 5, 12]


def test_the_cover_has_the_readmes_beginning_and_a_view(made):
    readme = (REPOSITORY / "README.md").read_text("utf-8").split("\n\n")
    assert readme[0] in made["index.md"] and readme[1] in made["index.md"]
    assert 'class="course-view"' in made["index.md"]
    assert "<!-- " not in re.sub(r"```\{raw\} html.*?```", "", made["index.md"], flags=re.DOTALL)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.page)
def test_a_lesson_says_how_to_open_it(made, bare, lesson):
    opened, alone = (cells_of(each, lesson)[0].source for each in (made, bare))
    for text in (opened, alone):
        assert text.startswith(f"# {lesson.file[:2]} · ")
        assert f"make lab LESSON={lesson.file}\n" in text
        assert f"*{lesson.minutes} minutes.*" in text
    file = f"notebooks/{lesson.file}"
    assert f"colab.research.google.com/github/someone/autoencoders/blob/main/{file})" in opened
    assert f"mybinder.org/v2/gh/someone/autoencoders/main?labpath={file})" in opened
    assert "colab" not in alone.lower() and "mybinder" not in alone


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.page)
def test_cells_keep_their_numbers_and_nothing_of_the_code_is_changed(bare, lesson):
    before = nbformat.read(REPOSITORY / "notebooks" / lesson.file, 4).cells
    after = cells_of(bare, lesson)
    assert [cell.id for cell in before] == [cell.id for cell in after]
    for old, new in zip(before, after, strict=True):
        assert old.cell_type != "code" or old.source == new.source


def test_below_a_check_stands_what_one_will_see(bare):
    (cell,) = (x for x in cells_of(bare, LESSONS[0]) if x.source.startswith("check("))
    shown = cell.outputs[-1].data["text/html"]
    assert "What you will see when it is solved" in shown
    assert pages.find("mean_image").success[:20] in shown


def test_no_page_asks_for_a_kernel(bare):
    assert not any(pages.WIDGET in text for text in bare.values())


@pytest.mark.parametrize(
    ("written", "alone", "at_home"),
    [
        ("[m](README.md)", "[m](map.md)", "[m](map.md)"),
        ("[g](GLOSSARY.md#x)", "[g](glossary.md#x)", "[g](glossary.md#x)"),
        ("[n](04_sparse.ipynb)", "[n](04_sparse.ipynb)", "[n](04_sparse.ipynb)"),
        ("[e](exam_a.ipynb)", "e", "[e](https://github.com/a/b/blob/main/notebooks/exam_a.ipynb)"),
        ("[d](../data/README.md)", "d", "[d](https://github.com/a/b/blob/main/data/README.md)"),
        ("[w](https://x.y/z)", "[w](https://x.y/z)", "[w](https://x.y/z)"),
        ("[h](#here) ![i](j.png)", "[h](#here) ![i](j.png)", "[h](#here) ![i](j.png)"),
    ],
)
def test_links_lead_to_pages_or_to_the_repository_or_are_words(written, alone, at_home):
    assert pages.relinked(written) == alone
    assert pages.relinked(written, "a/b") == at_home


def test_a_term_leads_to_the_glossary_where_prose_first_says_it():
    text = '# The code\n`code` $code$ [code](x.md) "a code" codes\n**Code** and code'
    cells = [new_markdown_cell("Nothing."), new_markdown_cell(text), new_markdown_cell("code")]
    pages.with_terms(cells, [pages.Term("code, latent", "01_bottleneck_and_pca.ipynb")])
    link = '<a class="cb-term" href="glossary.html#code-latent-01">Code</a>'
    assert cells[1].source == text.replace("**Code**", f"**{link}**")
    assert [cells[0].source, cells[2].source] == ["Nothing.", "code"]


def test_the_glossary_and_the_lessons_lead_to_each_other(bare):
    listed = pages.terms((REPOSITORY / "notebooks" / "GLOSSARY.md").read_text("utf-8"))
    anchors = [term.anchor for term in listed]
    assert len(set(anchors)) == len(anchors) > 40
    linked = re.findall(r"glossary\.html#([\w-]+)", "".join(bare.values()))
    assert len(linked) == len(set(linked)) > 0.9 * len(anchors)
    assert set(linked) <= set(anchors)
    assert all(f'<span id="{anchor}">' in bare["glossary.md"] for anchor in anchors)


# --- the bibliography -----------------------------------------------------------------------------

CLOSING = """\
**Sources.** A. Able and B.-C. Best, "One, two: three. Four", *J. of X* 1, 1999 (equation 2; see
section 3. And 4). Of rooms: L. van der Ach and others, "Five", 2001, and D. Dim, *Six (and
seven)*, 2002, section 8; "Nine", 2003a. Eve and Foe, *Ten* (2004), which
is dull; nothing here has a year.

**Next:** G. Gone, "Eleven", 2011."""


def test_works_are_read_as_the_lessons_name_them():
    assert sources.named_in(CLOSING) == [
        'A. Able and B.-C. Best, "One, two: three. Four", *J. of X* 1, 1999',
        'L. van der Ach and others, "Five", 2001',
        "D. Dim, *Six (and seven)*, 2002",
        'D. Dim, "Nine", 2003a',
        "Eve and Foe, *Ten* (2004)",
    ]


def test_a_work_of_two_lessons_stands_once_under_its_author():
    other = '**Sources.** Able and Best, *One, Two: Three. Four* (1999). E. Ace, "Zed", 2000.'
    page = sources.bibliography({"a": ("01_a.ipynb", CLOSING), "b": ("02_b.ipynb", other)})
    rows = page.splitlines()[4:]
    assert [re.search(r"\[([^\]]+)\]", row)[1] for row in rows] == [
        *("One, two: three. Four", "Zed", "Five", "Nine", "Six (and seven)", "Ten")
    ]
    assert rows[0].endswith("1999. Lessons [01](01_a.ipynb), [02](02_b.ipynb).")
    assert rows[0].startswith("- A. Able and B.-C. Best, ")
    assert "?q=Ace+Zed)" in rows[1]


def test_every_lesson_with_sources_is_in_the_bibliography(bare):
    for lesson in LESSONS[1:]:
        assert f"[{lesson.file[:2]}]({lesson.file})" in bare["bibliography.md"]
    assert bare["bibliography.md"].count("\n- ") > 100
