"""Cards: every one is whole, and what is drawn is safe, small, repeatable and readable anywhere."""

import json
import re
from pathlib import Path

import pytest

from course_utils.exercises.showing.cards import LESSONS, Card, Deck, cards, load_decks
from test_quiz import LATEX, Reader

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"

DECKS = load_decks()
MAX_BYTES = 30_000


@pytest.fixture(params=DECKS.values(), ids=DECKS)
def deck(request):
    return request.param


def test_every_file_is_a_lesson():
    files = sorted(LESSONS.glob("*/cards.toml"))
    assert [f"lesson_{key}" for key in DECKS] == [path.parent.name for path in files]


def test_the_whole_course_is_asked():
    assert len(cards("14").cards) >= 24
    asked = " ".join(card.lesson for card in cards("14").cards)
    assert {f"{number:02}" for number in range(1, 16)} <= set(re.findall(r"\b\d\d\b", asked))


def test_cards_are_whole_and_plain(deck):
    for card in deck.cards:
        assert re.search(r"[?.]$", card.question) and len(card.answer) > 100
        assert re.fullmatch(r"\d\d[\d ,;a-z]*", card.lesson), card.lesson
        for text in card:
            assert text == text.strip() and text
            assert not LATEX.search(text), text
    assert len({card.question for card in deck.cards}) == len(deck.cards)


def test_sections_exist(deck):
    """Where an answer was shown: "13, sections 3 and 8" are headings of lesson 13."""
    for card in deck.cards:
        for place in card.lesson.split("; "):
            lesson, _, sections = place.partition(", section")
            (notebook,) = NOTEBOOKS.glob(f"{lesson}_*.ipynb")
            cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
            text = "\n".join("".join(cell["source"]) for cell in cells)
            headings = re.findall(r"^## (\d+)\.", text, re.MULTILINE)
            assert set(re.findall(r"\d+", sections)) <= set(headings), card.lesson
            assert sections or lesson == "15", card.lesson


def test_text_form_holds_everything(deck):
    shown = " ".join(repr(deck).split())
    assert all(text in shown for card in deck.cards for text in card)
    assert max(map(len, repr(deck).splitlines())) <= 88


def test_html_is_small_and_the_same_each_time(deck):
    html = deck._repr_html_()
    assert len(html.encode()) < MAX_BYTES
    assert html == cards(deck.key)._repr_html_()
    assert "http" not in html and " id=" not in html


def test_html_holds_everything_without_a_script(deck):
    """All questions stand open, each answer folded away behind its own."""
    reader = Reader()
    reader.feed(deck._repr_html_())
    assert reader.open_tags == []
    read = " ".join(reader.text)
    assert all(card.question in read and card.answer in read for card in deck.cards)
    assert not any(card.answer in " ".join(reader.unfolded) for card in deck.cards)


def test_html_in_a_card_is_shown_not_obeyed():
    wicked = '<script>alert("no")</script> & <b>'
    html = Deck("99", wicked, (Card(wicked, wicked, wicked),))._repr_html_()
    assert "<script>alert" not in html
    assert html.count("&lt;script&gt;alert(&quot;no&quot;)&lt;/script&gt; &amp; &lt;b&gt;") == 4


def test_unknown_deck_lists_those_there_are():
    with pytest.raises(ValueError, match=r"no deck is called '114'. Did you mean '14'.* Known: 14"):
        cards("114")
