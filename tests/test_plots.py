"""Figures: what they draw, that they say it in words too, and that they leave no traces."""

import base64
import io
import itertools
import re
from html.parser import HTMLParser

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.markers import MarkerStyle
from PIL import Image, ImageSequence

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
    plots.film([fig], alt="Nothing.")
    plots.images({"a": torch.rand(1, 1, 4, 4)})
    plots.sheet(torch.rand(1, 1, 4, 4), columns=1)
    plots.lines({"a": ([0, 1], [0, 1])}, xlabel="x", ylabel="y")
    plots.code_map(torch.rand(3, 2), torch.arange(3))
    assert dict(matplotlib.rcParams) == before


def test_no_figure_is_kept_open():
    # pyplot shows its open figures by itself at the end of a cell: each would appear twice.
    import matplotlib.pyplot as plt

    plots.figure()
    plots.images({"a": torch.rand(1, 1, 4, 4)})
    plots.sheet(torch.rand(1, 1, 4, 4), columns=1)
    plots.lines({"a": ([0, 1], [0, 1])}, xlabel="x", ylabel="y")
    plots.code_map(torch.rand(3, 2), torch.arange(3))
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
    (ax,) = fig.axes
    assert isinstance(fig, Figure) and len(ax.images) == 6
    assert words(fig) == {"x", "x̂", "1.0", "2.0", "3.0"}
    for number, drawn in enumerate(ax.images):
        expected = rows["x" if number < 3 else "x̂"][number % 3, 0].detach()
        assert torch.equal(torch.from_numpy(drawn.get_array().data), expected)
        assert drawn.get_clim() == (0.0, 1.0)
    lefts, _, bottoms, _ = zip(*(drawn.get_extent() for drawn in ax.images), strict=True)
    assert lefts[:3] == lefts[3:] == tuple(sorted(set(lefts)))
    assert len(set(bottoms[:3])) == len(set(bottoms[3:])) == 1 and bottoms[0] > bottoms[3]


def test_rows_of_different_lengths():
    fig = plots.images({"a": torch.rand(4, 1, 2, 2), "b": torch.rand(1, 1, 2, 2)})
    assert len(fig.axes[0].images) == 5


def test_an_empty_image_is_seen_by_its_frame():
    empty = {"": torch.zeros(2, 1, 6, 8)}
    bare, framed = (pixels(plots.images(empty, frames=frames)) for frames in (False, True))
    assert (bare == 255).all()
    for left in (30, 30 + 24 + plots.GAP):
        image = framed[:18, left : left + 24]
        assert all((edge < 255).all() for edge in (image[0], image[-1], image[:, 0], image[:, -1]))
        assert (image[1:-1, 1:-1] == 255).all()


def test_images_with_a_sign_have_zero_in_the_middle():
    signed = torch.tensor([[[[-2.0, 0.5]]], [[[0.0, 0.0]]]])
    fig = plots.images({"weights": signed}, limits=None)
    first, zeros = fig.axes[0].images
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


def test_lines_are_named_beside_themselves():
    curves = {"PCA": ([1, 2, 4], [9.0, 5.0, 3.0]), "deep": ([1, 2], [4.0, 2.0])}
    ax = plots.lines(curves, xlabel="x", ylabel="y", beside={"PCA": 1, "deep": 9})
    assert ax.get_legend() is None
    named = {text.get_text(): (*text.xy, text.get_color()) for text in ax.texts}
    colours = [line.get_color() for line in ax.lines]
    assert named == {"PCA": (2, 5.0, colours[0]), "deep": (2, 2.0, colours[1])}  # 9: its last
    assert all(text.xyann[0] > 0 for text in ax.texts)  # to the right of the point
    assert plots.lines(curves, xlabel="x", ylabel="y").get_legend() is not None


def test_tiles_lie_where_their_codes_do():
    """Of three columns and two rows each tile has its own picture and paper, in its place."""
    across, up = torch.tensor([0.0, 1.0, 2.0, 3.0]), torch.tensor([-2.0, 0.0, 2.0])
    draws = torch.Generator().manual_seed(0)
    pictures = torch.rand(6, 1, 4, 5, generator=draws).round()
    shaded = torch.tensor([True, False, False, False, True, True])
    fig = Figure(figsize=(15 / 110, 8 / 110), dpi=110)
    ax = fig.add_axes((0, 0, 1, 1))
    assert plots.tiles(pictures.requires_grad_(), (across, up), shaded, ax=ax) is ax
    assert ax.get_xlim() == (0, 3) and ax.get_ylim() == (-2, 2)
    ax.set_axis_off()
    seen = pixels(fig)
    for number, ((x, y), picture) in enumerate(
        zip(torch.cartesian_prod(torch.arange(3), torch.arange(2)).tolist(), pictures, strict=True)
    ):
        tile = seen[4 * (1 - y) :, 5 * x :][:4, :5]
        ink = picture[0].bool().numpy()
        assert (tile[ink] == 0).all()
        orange = (tile[~ink][:, 0] > 240) & (tile[~ink][:, 2] < 160)
        assert (orange if shaded[number] else tile[~ink] == 255).all()


def test_a_legend_that_was_slow_to_place_warns_of_nothing(monkeypatch):
    """Of a place it was not told, Matplotlib warns after a second: on a busy machine, then."""
    monkeypatch.setattr("matplotlib.legend.time.perf_counter", itertools.count(0, 10).__next__)
    plots.lines({"a": ([0, 1], [1, 0])}, xlabel="x", ylabel="y").figure.draw_without_rendering()
    plots.training_curves(History({"loss": [3.0, 2.0]})).figure.draw_without_rendering()


def test_validation_is_dashed_in_the_colour_of_its_term():
    history = History({"loss": [3.0, 2.0], "kl": [1.0, 1.5], "val_loss": [3.5, 2.5]})
    ax = plots.training_curves(history)
    loss, kl, val = ax.lines
    assert loss.get_linestyle() == kl.get_linestyle() == "-" and val.get_linestyle() == "--"
    assert loss.get_color() == val.get_color() != kl.get_color()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["loss", "kl", "val_loss"]
    assert all(float(tick).is_integer() for tick in ax.get_xticks())
    ax.figure.draw_without_rendering()


# Pictures at whole pixels.


def pixels(fig):
    """What is seen: (height, width, 3), bytes."""
    return np.asarray(Image.open(io.BytesIO(plots.png(fig))).convert("RGB"))


def enlarged(picture, magnify, colours=plots.PAPER):
    """A picture (channels, height, width) of values in [0, 1] as squares of so many pixels: by a
    colour map for one channel, and for three as red, green and blue."""
    if len(picture) == 3:
        shown = (255 * picture).round().to(torch.uint8).permute(1, 2, 0).numpy()
    else:
        shown = matplotlib.colormaps[colours](picture[0].numpy(), bytes=True)[..., :3]
    return shown.repeat(magnify, 0).repeat(magnify, 1)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("magnify", [1, 2, 3])
@pytest.mark.parametrize(
    ("count", "columns", "height", "width"),
    [(1, 1, 1, 1), (5, 1, 4, 4), (7, 3, 5, 5), (8, 4, 6, 3), (2, 5, 7, 7), (23, 11, 8, 5)],
)
def test_a_sheet_shows_every_picture_in_its_place_pixel_by_pixel(
    count, columns, height, width, magnify, channels
):
    pictures = torch.rand(
        count, channels, height, width, generator=torch.Generator().manual_seed(0)
    )
    fig = plots.sheet(pictures.clone().requires_grad_(), columns=columns, magnify=magnify)
    gap, rows = plots.SHEET_GAP, -(-count // columns)
    tall, wide = magnify * height + gap, magnify * width + gap
    expected = np.full((rows * tall + gap, columns * wide + gap, 3), 255, dtype=np.uint8)
    for number, picture in enumerate(pictures):
        y, x = gap + number // columns * tall, gap + number % columns * wide
        expected[y : y + tall - gap, x : x + wide - gap] = enlarged(picture, magnify)
    assert np.array_equal(pixels(fig), expected)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [1, 4, 5, 8, 28])
@pytest.mark.parametrize("magnify", [1, 2, 3])
def test_images_too_are_shown_pixel_by_pixel(side, magnify, channels):
    row = torch.rand(3, channels, side, side, generator=torch.Generator().manual_seed(0))
    seen = pixels(plots.images({"": row}, magnify=magnify))
    size, margin = magnify * side, 30  # no name on the left
    assert seen.shape == (size + plots.GAP, margin + 3 * (size + plots.GAP), 3)
    for i, picture in enumerate(row):
        x = margin + i * (size + plots.GAP)
        assert np.array_equal(seen[:size, x : x + size], enlarged(picture, magnify))


def test_a_sheet_of_filters_has_zero_in_the_middle():
    filters = torch.tensor([[[[-2.0, 2.0], [0.0, 1.0]]], [[[0.0, 0.0], [0.0, 0.0]]]])
    fig = plots.sheet(filters, columns=2, limits=None)
    assert [drawn.get_clim() for drawn in fig.axes[0].images] == [(-2, 2), (-1, 1)]
    seen, gap = pixels(fig), plots.SHEET_GAP
    middle = (filters[0] + 2) / 4
    expected = enlarged(middle, 2, "RdBu")
    assert np.array_equal(seen[gap : gap + 4, gap : gap + 4], expected)
    brighter = plots.sheet(filters, columns=2, limits=(0.0, 3.0))
    assert brighter.axes[0].images[1].get_clim() == (0.0, 3.0)


def test_rows_may_differ_in_size_and_kind():
    """Each keeps its own pixels and its own aspect."""
    draws = torch.Generator().manual_seed(0)
    rows = [torch.rand(2, 3, 4, 9, generator=draws), torch.rand(1, 1, 7, 5, generator=draws)]
    seen = pixels(plots.images({"": rows[0], " ": rows[1]}, magnify=2))
    left, top, second = 39, 0, 8 + plots.GAP
    assert seen.shape == (second + 14 + plots.GAP, left + 2 * (18 + plots.GAP), 3)
    assert np.array_equal(seen[top : top + 8, left : left + 18], enlarged(rows[0][0], 2))
    beside = left + 18 + plots.GAP
    assert np.array_equal(seen[top : top + 8, beside : beside + 18], enlarged(rows[0][1], 2))
    assert np.array_equal(seen[second : second + 14, left : left + 10], enlarged(rows[1][0], 2))


@pytest.mark.parametrize(
    ("limits", "values", "expected"),
    [
        ((0.0, 1.0), [-0.5, 0.0, 0.5, 1.0, 7.0], [0, 0, 128, 255, 255]),
        ((-1.0, 3.0), [-1.0, 0.0, 1.0, 3.0, 4.0], [0, 64, 128, 255, 255]),
        (None, [-2.0, -1.0, 0.0, 1.0, 2.0], [0, 64, 128, 191, 255]),
        ((0.0, 1.0), [0.0, 1.0, torch.nan, 0.0, 0.0], [0, 255, 255, 0, 0]),
    ],
)
def test_colours_lie_between_no_light_and_all_of_it(limits, values, expected):
    picture = torch.zeros(1, 3, 1, 5)
    picture[0, 1, 0] = torch.tensor(values)
    (drawn,) = plots.sheet(picture, columns=1, limits=limits).axes[0].get_images()
    assert drawn.get_array()[0, :, 1].tolist() == expected
    dark = expected[values.index(0.0)]
    assert (drawn.get_array()[0, :, [0, 2]] == dark).all()


@pytest.mark.parametrize("shape", [(3, 9, 12), (1, 9, 12)])
def test_a_film_of_pictures_keeps_their_colours(displayed, shape):
    """The last frame exactly, and those of the animation as well as 256 colours can."""
    draws = [torch.rand(1, *shape, generator=torch.Generator().manual_seed(k)) for k in range(3)]
    plots.film([plots.sheet(each, columns=1) for each in draws], alt="It changes.")
    ((data, _),) = displayed
    last = np.asarray(Image.open(io.BytesIO(data["image/png"])).convert("RGB"))
    gap, (tall, wide) = plots.SHEET_GAP, (2 * side for side in shape[1:])
    there = slice(gap, gap + tall), slice(gap, gap + wide)
    assert np.array_equal(last[there], enlarged(draws[-1][0], 2))
    moving = Image.open(io.BytesIO(content(Tags(data["text/html"]).found["img"]["src"], "gif")))
    for frame, draw in zip(ImageSequence.Iterator(moving), draws, strict=True):
        seen = np.asarray(frame.convert("RGB"))[there].astype(int)
        assert np.abs(seen - enlarged(draw[0], 2)).mean() < 12


# Bars.


def test_kl_bars_are_sorted_and_a_collapsed_code_stays_low():
    kl = torch.tensor([0.02, 2.0, 0.0, 0.5], requires_grad=True)
    ax = plots.kl_bars(kl)
    assert [bar.get_height() for bar in ax.patches] == pytest.approx([2.0, 0.5, 0.02, 0.0])
    assert ax.get_ylim()[1] > 2.0 and "nats" in ax.get_ylabel()
    assert plots.kl_bars(kl / 1000).get_ylim() == (0, 1.0)  # noise is not drawn tall
    _, mine = plots.figure()
    assert plots.kl_bars(kl, ax=mine, top=3.0) is mine and mine.get_ylim() == (0, 3.0)


# Maps and arrows.


def test_a_map_of_codes_draws_every_image_as_its_digit():
    codes = torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(50) % 10
    ax = plots.code_map(codes.clone().requires_grad_(), labels)
    assert len(ax.collections) == 10
    colours = set()
    for digit, points in enumerate(ax.collections):
        drawn = torch.tensor(points.get_offsets().tolist())
        torch.testing.assert_close(drawn, codes[labels == digit])
        marker = MarkerStyle(f"${digit}$")
        glyph = marker.get_path().transformed(marker.get_transform())
        assert np.array_equal(points.get_paths()[0].vertices, glyph.vertices)
        colours.add(tuple(points.get_facecolor()[0]))
    assert len(colours) == 10
    assert ax.get_aspect() == 1
    ax.figure.draw_without_rendering()


def test_a_map_of_few_digits_on_an_axes_of_ones_own():
    mine = Figure().subplots()
    ax = plots.code_map(torch.tensor([[0.0, 1.0], [2.0, 3.0]]), torch.tensor([7, 7]), ax=mine)
    assert ax is mine
    assert sum(len(points.get_offsets()) for points in ax.collections) == 2
    ax.figure.draw_without_rendering()


def test_arrows_begin_at_their_points_and_end_where_they_lead():
    at = torch.tensor([[0.0, 0.0], [1.0, 2.0]])
    direction = torch.tensor([[3.0, 0.0], [-2.0, 1.0]], requires_grad=True)
    fig, ax = plots.figure()
    assert plots.arrows(at, direction, ax=ax, colour=plots.GREEN, width=0.01, label="score") is ax
    (drawn,) = ax.collections
    assert drawn.XY.tolist() == at.tolist()
    assert np.stack([drawn.U, drawn.V], 1).tolist() == direction.tolist()
    assert tuple(drawn.get_facecolor()[0][:3]) == pytest.approx(to_rgb(plots.GREEN))
    assert (drawn.width, drawn.get_label()) == (0.01, "score")
    assert ax.get_aspect() == 1
    # On the screen: the tip of each arrow lies where its end is, to half a pixel. The corners of an
    # arrow come relative to its point; the farthest of them is the tip.
    fig.draw_without_rendering()
    to_screen = ax.transData.transform
    starts, ends = to_screen(at.numpy()), to_screen((at + direction).detach().numpy())
    corners = [path.vertices for path in drawn.get_paths()]
    scale = drawn.get_transform().transform
    for start, end, shape in zip(starts, ends, corners, strict=True):
        reach = scale(shape) - scale(np.zeros((1, 2)))
        tip = reach[np.linalg.norm(reach, axis=1).argmax()]
        assert np.abs(start + tip - end).max() < 0.5
    # And it can be seen: no arrow leaves the axes.
    box = ax.get_window_extent()
    assert all(box.contains(*end) for end in ends)


# Films.


class Tags(HTMLParser):
    """The tags of a page and their attributes, as a browser reads them."""

    def __init__(self, page):
        super().__init__()
        self.found = {}
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.found[tag] = dict(attributes)


def content(address, kind):
    """The picture inside a data: address."""
    start = f"data:image/{kind};base64,"
    assert address.startswith(start)
    return base64.b64decode(address.removeprefix(start))


def frames(count):
    for i in range(count):
        fig, ax = plots.figure(width=3.0, height=2.0)
        ax.plot([0, i])
        ax.set_ylim(0, count)
        yield fig


@pytest.mark.parametrize(("count", "seconds"), [(1, 0.4), (2, 0.1), (4, 0.25)])
def test_a_film_shows_its_frames_one_after_the_other(displayed, count, seconds):
    figures = list(frames(count))
    plots.film(figures, alt='A "line" <rises> & stays.', seconds=seconds)
    (data, metadata), still = displayed.pop(), plots.png(figures[-1])
    tags = Tags(data["text/html"]).found
    with Image.open(io.BytesIO(content(tags["img"]["src"], "gif"))) as gif:
        assert gif.format == "GIF" and gif.n_frames == count
        assert gif.info["loop"] == 0  # for ever
        for number, (seen, figure) in enumerate(
            zip(ImageSequence.Iterator(gif), figures, strict=True)
        ):
            last = number == count - 1
            assert seen.info["duration"] == pytest.approx(1000 * seconds * (5 if last else 1))
            # 64 colours for smooth edges: a pixel may be a little off.
            error = np.abs(np.asarray(seen.convert("RGB"), dtype=int) - pixels(figure))
            assert error.max() < 40 and error.mean() < 0.5
    # Before anybody opens it, and on paper: the last frame.
    first, folded = data["text/html"].split("<details>")
    assert data["image/png"] == still == content(Tags(first).found["img"]["src"], "png")
    assert list(Tags(folded).found) == ["summary", "img"]
    assert Tags(first).found["img"]["alt"] == tags["img"]["alt"]
    # And in words.
    words = 'A "line" <rises> & stays.'
    assert tags["img"]["alt"] == words and data["text/plain"] == f"Film: {words}"
    assert metadata == {"image/png": {"alt": words}}


def test_words_in_html_are_escaped(displayed):
    plots.show(plots.figure()[0], alt='1 < 2 & "3"')
    data, _ = displayed.pop()
    assert Tags(data["text/html"]).found["img"]["alt"] == '1 < 2 & "3"'
    assert content(Tags(data["text/html"]).found["img"]["src"], "png") == data["image/png"]


@pytest.mark.parametrize("alt", ["", "  "])
def test_a_film_wants_words(alt, displayed):
    with pytest.raises(ValueError, match="describe in one sentence"):
        plots.film(list(frames(2)), alt=alt)
    assert displayed == []


def test_a_film_wants_frames_of_one_size(displayed):
    small, _ = plots.figure(width=2.0, height=1.0)
    with pytest.raises(ValueError, match=r"sizes \[\(220, 110\), \(330, 220\)\] in pixels"):
        plots.film([small, *frames(2)], alt="It grows.")
    with pytest.raises(ValueError, match=r"sizes \[\] in pixels; expected figures of one size"):
        plots.film([], alt="Nothing.")
    assert displayed == []


@pytest.mark.parametrize(
    "kind",
    [
        lambda x: x.numpy(),
        lambda x: x.numpy().astype(np.float64),
        lambda x: list(x),
        lambda x: [*x[:, 0]],
        lambda x: x[:, 0],
        lambda x: x.bfloat16().float().requires_grad_(),
        lambda x: x.tolist(),
    ],
    ids=["numpy", "float64", "a list", "a list without channels", "no channel", "grad", "numbers"],
)
def test_pictures_may_be_arrays_or_lists(kind, unchecked):
    x = torch.randint(0, 2, (4, 1, 5, 6), generator=torch.Generator().manual_seed(0)).float()
    assert plots.png(plots.images({"x": kind(x)})) == plots.png(plots.images({"x": x}))
    drawn, expected = (plots.sheet(each, columns=2) for each in (kind(x), x))
    assert plots.png(drawn) == plots.png(expected)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (
            torch.rand(4, 4, 8, 8),
            r"\(4, 4, 8, 8\); .*without the transparency they are x\[:, :3\]$",
        ),
        (torch.rand(4, 2, 8, 8), r"\(4, 2, 8, 8\); .*: of 2 channels draw one, x\[:, :1\]$"),
        (torch.rand(4, 8, 8, 3), r"\(4, 8, 8, 3\); .*come first, x\.permute\(0, 3, 1, 2\)$"),
        (torch.rand(4, 8, 8, 1), r"\(4, 8, 8, 1\); .*come first, x\.permute\(0, 3, 1, 2\)$"),
        (np.ones((4, 8, 8, 3)), r"\(4, 8, 8, 3\); .*come first, x\.transpose\(0, 3, 1, 2\)$"),
        (np.random.default_rng(0).random((8, 8)), r"\(8, 8\); .* with x\[None, None\]"),
        (torch.rand(0, 1, 8, 8), r"shape \(0, 1, 8, 8\); .*, at least one$"),
        ([], r"shape \(0,\); expected images in grey or colour, \(n, 1 or 3, height, width\)"),
        ([torch.rand(1, 4, 4), torch.rand(1, 5, 5)], "has images of several shapes"),
        (torch.full((2, 1, 4, 4), 255), "whole numbers from 255 to 255; .* x / 255 for bytes"),
        ("pictures", "is a str; expected numbers: a tensor, an array or a list"),
    ],
)
def test_what_is_no_picture_is_said(x, message, unchecked):
    with pytest.raises(ValueError, match=f"the row 'colour' .*{message}"):
        plots.images({"colour": x})
    with pytest.raises(ValueError, match=f"pictures .*{message}"):
        plots.sheet(x, columns=2)


@pytest.mark.parametrize("kind", [torch.Tensor, torch.Tensor.numpy], ids=["tensor", "array"])
@pytest.mark.parametrize("shape", [(4, 8, 9, 3), (4, 8, 9, 1), (4, 4, 8, 9), (4, 5, 8, 9)])
def test_the_way_to_channels_works(shape, kind, unchecked):
    x = kind(torch.rand(shape))
    with pytest.raises(ValueError) as error:
        plots.images({"x": x})
    plots.images({"x": eval(re.search(r"x[.\[].*", str(error.value))[0], {"x": x})})


def test_curves_maps_and_arrows_take_arrays(unchecked):
    x = np.linspace(-1, 1, 5)
    plots.lines({"a": (x, torch.tensor(x, requires_grad=True))}, xlabel="x", ylabel="y")
    ax = plots.code_map(np.stack([x, x], 1), np.arange(5))
    plots.arrows(np.stack([x, x], 1), np.ones((5, 2)), ax=ax)
    plots.kl_areas(x, -(x**2), -(x**2) / 2)
    plots.kl_bars(x + 1)
    plots.moved_throws(x, 0.5, 2.0)
    for labels in (np.arange(4), np.eye(5)):
        with pytest.raises(ValueError, match="two numbers and one label for each image"):
            plots.code_map(np.stack([x, x], 1), labels)


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([1], "a list"),
        (torch.rand(3, 1, 2, 2), "a Tensor"),
        (np.ones(2), "a ndarray"),
        ({}, "empty"),
    ],
)
def test_rows_without_a_name_are_named(rows, found, unchecked):
    with pytest.raises(ValueError, match=f'rows is {found}; expected rows by name: {{"digits"'):
        plots.images(rows)


def test_nothing_cannot_be_shown(unchecked):
    with pytest.raises(ValueError, match="drawing is a NoneType; expected a figure"):
        plots.show(None, alt="A figure that a function forgot to return.")
