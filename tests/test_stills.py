"""Views and panels where only pictures are shown: a PDF has their still picture."""

import base64
import html
import io

import pytest
import torch
from IPython.core.formatters import DisplayFormatter
from nbconvert import HTMLExporter, LatexExporter
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from course_utils import VAE, widgets
from course_utils.widgets import panel, stills


@pytest.fixture
def view():
    x = torch.rand(6, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    return widgets.scrub(VAE.dense(2, (4,)), x)


@pytest.fixture
def shown(monkeypatch):
    """What a panel displays, pictures as a kernel would send them."""
    outputs = []

    def display(data, *, metadata=None, raw):
        assert raw
        if "image/png" in data:
            data = data | {"image/png": base64.b64encode(data["image/png"]).decode()}
        outputs.append((data, metadata or {}))

    monkeypatch.setattr(panel, "display", display)
    return outputs


def notebook(outputs):
    cell = new_code_cell("", execution_count=1)
    cell.outputs = [new_output("display_data", data, metadata=more) for data, more in outputs]
    return new_notebook(cells=[cell])


def pictures_of_latex(outputs):
    body, resources = LatexExporter().from_notebook_node(notebook(outputs))
    assert body.count("adjustimage") == len(resources["outputs"])
    return body, list(resources["outputs"].values())


def test_a_view_is_its_still_picture_in_latex(view):
    data, metadata = DisplayFormatter().format(view)
    body, (picture,) = pictures_of_latex([(data, metadata)])
    assert view.name not in body  # the text stands for the picture no more
    pixels = Image.open(io.BytesIO(picture)).convert("L")
    assert pixels.getextrema() == (0, 255) and pixels.width > 6 * 56
    assert metadata["image/png"]["alt"] == f"{view.name}: {view.caption}"


def test_a_view_stays_alive_in_a_page(view):
    data, _ = DisplayFormatter().format(view)
    assert data["text/html"] == view._repr_html_() and data["text/plain"] == repr(view)
    page, _ = HTMLExporter().from_notebook_node(notebook([(data, {})]))
    assert "mountAll" in page and "alt=" in page


def test_a_panel_is_its_pictures_in_latex(shown):
    widgets.compare_gaussians()._ipython_display_()
    _, (picture,) = pictures_of_latex(shown)
    assert Image.open(io.BytesIO(picture)).width > 100
    (still, metadata), (widget, _) = shown
    alt = metadata["image/png"]["alt"]
    assert len(alt.split()) > 3 and f'<img alt="{html.escape(alt)}"' in still["text/html"]
    assert "image/png" not in widget, "one still picture for each panel"


def test_a_panel_without_pictures_shows_none(shown):
    panel.Panel([])._ipython_display_()
    assert all("image/png" not in data for data, _ in shown)


def png(colour, size):
    file = io.BytesIO()
    Image.new("RGBA", size, colour).save(file, "png")
    return file.getvalue()


def test_pictures_lie_one_below_the_other_with_their_names():
    rows = [("x̂, above", png("black", (30, 20))), ("", png((0, 0, 0, 0), (40, 10)))]
    sheet = Image.open(io.BytesIO(stills.stacked(rows))).convert("L")
    left = sheet.width - 40
    assert sheet.getpixel((left, sheet.height - 1)) == 255  # what was transparent is paper
    name = sheet.crop((0, 0, left - 8, 20))
    assert name.getextrema() == (0, 255) and name.width > 50
    assert sheet.crop((left, 0, left + 30, 20)).getextrema()[0] == 0
    bare = Image.open(io.BytesIO(stills.stacked([("", png("black", (30, 20)))])))
    assert bare.convert("L").getextrema() == (0, 0) or bare.width <= 31
