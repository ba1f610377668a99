"""The still picture of a code of two numbers: its map, with the codes of images as dots."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from PIL import Image, ImageColor, ImageDraw, ImageFont
from torch import Tensor

from course_utils.widgets.views import shown

SIDE = 420  # screen pixels that the map may take, each way; larger pictures are made smaller
PALE = 0.4  # of the ink stays where dots lie upon it, as in frontend.css
DOT, RING = 2.5, 9.5  # radii in screen pixels
MARK = "#2f81d6"  # the colour of the ring, as in frontend.css
FINE = 3  # as many pixels, each way, are drawn for one of dots and ring, which are round
EDGE, LINE = 34, 18  # screen pixels to the left of the map, and for a line of text below it
GREYS = 6  # of 255 from one grey to the next: hardly seen, and a third of the file is saved
COLOURS = 128  # of the file, which are enough for greys and dots


def middles(low: Sequence[float], high: Sequence[float], cells: int) -> Float[Tensor, "places 2"]:
    """The codes at the middles of cells × cells places, row by row from the top left."""
    steps = (torch.arange(cells) + 0.5) / cells
    across = low[0] + steps * (high[0] - low[0])
    down = high[1] - steps * (high[1] - low[1])
    return torch.stack([across.repeat(cells), down.repeat_interleave(cells)], dim=1)


def map_of_codes(
    draw: Callable[[Tensor], Tensor],
    low: Sequence[float],
    high: Sequence[float],
    here: Sequence[float],
    cells: int,
    dots: Sequence[Sequence[float | int]],
    colours: Sequence[str],
    names: Sequence[str],
) -> Image.Image:
    """What is decoded at cells × cells places, under dots, a ring and its axes.

    Args:
        draw: codes (places, 2) → pictures (places, channels, height, width) in [0, 1].
        low, high: the ends of both axes; z[1] goes upwards.
        here: where the ring is.
        dots: codes of images with the number of their kind. Under dots the map is pale.
        colours, names: of the kinds; without names there is no legend.
    """
    pictures = draw(middles(low, high, cells))
    channels, tall, wide = pictures.shape[1:]
    grid = pictures.view(cells, cells, channels, tall, wide).permute(2, 0, 3, 1, 4)
    sheet, share = grid.reshape(channels, cells * tall, -1), PALE if dots else 1.0
    # What is white stays white: grey is ink, and colour is light.
    paper = shown(share * sheet if channels == 1 else 1 - share * (1 - sheet))
    shrink = min(1.0, SIDE / max(paper.size))
    paper = paper.resize([round(shrink * side) for side in paper.size], Image.Resampling.BOX)
    paper = paper.point(lambda level: 255 - GREYS * round((255 - level) / GREYS))
    marked = _marked(paper.convert("RGB"), low, high, here, dots, colours)
    whole = _with_axes(marked, low, high, [*zip(names, colours, strict=False)])
    if channels == 1:
        return whole.quantize(COLOURS, dither=Image.Dither.NONE)
    return whole.quantize(256, kmeans=3)  # as many as there can be, and the best ones


def _marked(
    paper: Image.Image,
    low: Sequence[float],
    high: Sequence[float],
    here: Sequence[float],
    dots: Sequence[Sequence[float | int]],
    colours: Sequence[str],
) -> Image.Image:
    """The paper with dots and ring, drawn larger and made smaller, so that they are round."""
    wide, tall = (FINE * side for side in paper.size)
    layer = Image.new("RGBA", (wide, tall), (0, 0, 0, 0))
    brush = ImageDraw.Draw(layer)

    def circle(code: Sequence[float], radius: float, **style: object) -> None:
        x = (code[0] - low[0]) / (high[0] - low[0]) * wide
        y = (high[1] - code[1]) / (high[1] - low[1]) * tall
        brush.circle((x, y), FINE * radius, **style)

    for a, b, kind in dots:
        circle((a, b), DOT, fill=colours[kind], outline="black")
    for radius, colour, width in ((RING + 2, "white", 7), (RING, MARK, 3)):
        circle(here, radius, outline=colour, width=FINE * width)
    return Image.alpha_composite(
        paper.convert("RGBA"), layer.resize(paper.size, Image.Resampling.BOX)
    ).convert("RGB")


def _with_axes(
    paper: Image.Image,
    low: Sequence[float],
    high: Sequence[float],
    legend: Sequence[tuple[str, str]],
) -> Image.Image:
    """The map in a thin frame, with the ends of its axes, and below it what each colour means."""
    wide, tall = paper.size
    font = ImageFont.load_default(13)
    per_line = max(1, wide // (20 + 8 * max((len(name) for name, _ in legend), default=1)))
    lines = -(-len(legend) // per_line)
    sheet = Image.new("RGB", (EDGE + wide + 6, tall + 8 + LINE * (1 + lines)), "white")
    sheet.paste(paper, (EDGE, 4))
    brush = ImageDraw.Draw(sheet)
    brush.rectangle((EDGE - 1, 3, EDGE + wide, 4 + tall), outline="#bebebe")
    right, bottom = EDGE + wide, 4 + tall

    def write(place: tuple[float | int, float | int], words: str, anchor: str) -> None:
        brush.text(place, words, fill="#333333", font=font, anchor=anchor)

    write((EDGE - 4, 4), f"{high[1]:.3g}", "ra")
    write((EDGE - 4, 4 + tall / 2), "z[1]", "rm")
    write((EDGE - 4, bottom), f"{low[1]:.3g}", "rd")
    write((EDGE, bottom + 3), f"{low[0]:.3g}", "la")
    write((EDGE + wide / 2, bottom + 3), "z[0]", "ma")
    write((right, bottom + 3), f"{high[0]:.3g}", "ra")
    for k, (name, colour) in enumerate(legend):
        x = EDGE + 6 + k % per_line * (wide / per_line)
        y = bottom + 3 + LINE * (1.5 + k // per_line)
        brush.circle((x, y), 5, fill=ImageColor.getrgb(colour), outline="#888888")
        write((x + 10, y), name, "lm")
    return sheet
