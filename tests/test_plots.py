"""Figures: what they draw, that they say it in words too, and that they leave no traces."""

import matplotlib
import pytest
import torch
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from course_utils import History, plots


@pytest.fixture
def displayed(monkeypatch):
    """What would be shown in a notebook: a list of (data, metadata)."""
    shown = []

    def display(data, *, metadata, raw):
        assert raw
        shown.append((data, metadata))

    monkeypatch.setattr("IPython.display.display", display)
    return shown


def test_show_gives_a_png_with_its_text(displayed):
    _, ax = plots.figure()
    ax.plot([0, 1])
    for drawing in (ax.figure, ax):
        plots.show(drawing, alt="A rising line.")
        data, metadata = displayed.pop()
        assert data["image/png"].startswith(b"\x89PNG")
        assert data["text/plain"] == "Figure: A rising line."
        assert metadata == {"image/png": {"alt": "A rising line."}}


@pytest.mark.parametrize("alt", ["", "  "])
def test_show_wants_words(alt, displayed):
    with pytest.raises(ValueError, match="describe in one sentence"):
        plots.show(plots.figure()[0], alt=alt)
    assert displayed == []


def test_figure_gives_one_axes_or_many():
    fig, ax = plots.figure(width=5.0, height=3.0)
    assert ax.figure is fig and tuple(fig.get_size_inches()) == (5, 3)
    fig, axes = plots.figure(2, 3)
    assert axes.shape == (2, 3) and len(fig.axes) == 6


def test_drawing_leaves_the_readers_own_style_alone(displayed):
    before = dict(matplotlib.rcParams)
    fig, _ = plots.figure()
    plots.show(fig, alt="Nothing.")
    plots.images({"a": torch.rand(1, 1, 4, 4)})
    plots.lines({"a": ([0, 1], [0, 1])}, xlabel="x", ylabel="y")
    assert dict(matplotlib.rcParams) == before


def test_no_figure_is_kept_open():
    # pyplot shows its open figures by itself at the end of a cell: each would appear twice.
    import matplotlib.pyplot as plt

    plots.figure()
    plots.images({"a": torch.rand(1, 1, 4, 4)})
    plots.lines({"a": ([0, 1], [0, 1])}, xlabel="x", ylabel="y")
    assert plt.get_fignums() == []


def test_colours_differ_in_lightness_or_hue_also_without_red_and_green():
    # Seen by someone without red or without green cones (Viénot, Brettel & Mollon, 1999, the
    # matrices for linear RGB): every two colours stay apart.
    linear = torch.tensor([to_rgb(colour) for colour in plots.COLOURS]) ** 2.2
    protan = torch.tensor([[0.1124, 0.8876, 0.0], [0.1124, 0.8876, 0.0], [0.0040, -0.0040, 1.0]])
    deutan = torch.tensor([[0.2927, 0.7073, 0.0], [0.2927, 0.7073, 0.0], [-0.0223, 0.0223, 1.0]])
    for seen_by in (torch.eye(3), protan, deutan):
        seen = (linear @ seen_by.T).clamp(min=0) ** (1 / 2.2)
        distances = torch.pdist(seen)
        assert distances.min() > 0.09
    assert len(set(plots.COLOURS)) == len(plots.COLOURS) <= len(plots.MARKERS)


def words(fig):
    return {text.get_text() for text in fig.texts} - {""}


def test_images_are_drawn_in_rows_with_their_names_and_captions():
    rows = {"x": torch.rand(3, 1, 5, 5), "x̂": torch.rand(3, 1, 5, 5, requires_grad=True)}
    fig = plots.images(rows, captions={"x̂": ["1.0", "2.0", "3.0"]})
    assert isinstance(fig, Figure) and len(fig.axes) == 6
    assert words(fig) == {"x", "x̂", "1.0", "2.0", "3.0"}
    for number, ax in enumerate(fig.axes):
        (drawn,) = ax.get_images()
        expected = rows["x" if number < 3 else "x̂"][number % 3, 0].detach()
        assert torch.equal(torch.from_numpy(drawn.get_array().data), expected)
        assert drawn.get_clim() == (0.0, 1.0)
    lefts = [round(ax.get_position().x0, 6) for ax in fig.axes]
    bottoms = [round(ax.get_position().y0, 6) for ax in fig.axes]
    assert lefts[:3] == lefts[3:] == sorted(set(lefts))
    assert len(set(bottoms[:3])) == len(set(bottoms[3:])) == 1 and bottoms[0] > bottoms[3]


def test_rows_of_different_lengths():
    fig = plots.images({"a": torch.rand(4, 1, 2, 2), "b": torch.rand(1, 1, 2, 2)})
    assert sum(len(ax.get_images()) for ax in fig.axes) == 5


def test_images_with_a_sign_have_zero_in_the_middle():
    signed = torch.tensor([[[[-2.0, 0.5]]], [[[0.0, 0.0]]]])
    fig = plots.images({"weights": signed}, limits=None)
    first, zeros = (ax.get_images()[0] for ax in fig.axes)
    assert first.get_clim() == (-2.0, 2.0)
    assert zeros.get_clim() == (-1.0, 1.0)  # and no warning about an empty range


def test_paper_is_white_and_ink_is_black():
    colours = matplotlib.colormaps[plots.PAPER]
    assert colours(0.0)[:3] == (1.0, 1.0, 1.0) and colours(1.0)[:3] == (0.0, 0.0, 0.0)


def test_lines_are_named_and_tell_themselves_apart_without_colour():
    ax = plots.lines(
        {"PCA": ([1, 2, 4], [9.0, 5.0, 3.0]), "deep": (torch.tensor([1, 2]), torch.rand(2))},
        xlabel="numbers kept",
        ylabel="squared error",
        markers=True,
    )
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("numbers kept", "squared error")
    assert [line.get_label() for line in ax.lines] == ["PCA", "deep"]
    assert list(ax.lines[0].get_ydata()) == [9.0, 5.0, 3.0]
    assert ax.lines[0].get_color() != ax.lines[1].get_color()
    assert ax.lines[0].get_marker() != ax.lines[1].get_marker()
    mine = Figure().subplots()
    assert plots.lines({"a": ([0], [0])}, xlabel="x", ylabel="y", ax=mine) is mine


def test_validation_is_dashed_in_the_colour_of_its_term():
    history = History({"loss": [3.0, 2.0], "kl": [1.0, 1.5], "val_loss": [3.5, 2.5]})
    ax = plots.training_curves(history)
    loss, kl, val = ax.lines
    assert loss.get_linestyle() == kl.get_linestyle() == "-" and val.get_linestyle() == "--"
    assert loss.get_color() == val.get_color() != kl.get_color()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["loss", "kl", "val_loss"]
    assert all(float(tick).is_integer() for tick in ax.get_xticks())
    ax.figure.canvas.draw()
