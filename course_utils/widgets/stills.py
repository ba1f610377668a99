"""One picture of a view or panel, for readers that show no HTML, such as PDF and LaTeX."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from course_utils._drawn import few_colours

MARGIN, PAPER, INK = 8, 255, 0
SIZE = 14  # of the letters, in pixels


def stacked(rows: Sequence[tuple[str, bytes]]) -> bytes:
    """PNG pictures one below the other as one PNG, each with its name, if any, on the left."""
    names = [_written(name) for name, _ in rows]
    pictures = [_on_paper(data) for _, data in rows]
    left = max(name.width for name in names)
    left += MARGIN if left > 1 else 0
    heights = [max(name.height, p.height) for name, p in zip(names, pictures, strict=True)]
    width = left + max(picture.width for picture in pictures)
    sheet = Image.new("RGB", (width, sum(heights) + MARGIN * (len(rows) - 1)), "white")
    top = 0
    for name, picture, height in zip(names, pictures, heights, strict=True):
        sheet.paste(name, (0, top + (height - name.height) // 2))
        sheet.paste(picture, (left, top + (height - picture.height) // 2))
        top += height + MARGIN
    file = BytesIO()
    few_colours(sheet).save(file, "png", optimize=True)
    return file.getvalue()


def _on_paper(data: bytes) -> Image.Image:
    """A picture with white where it is transparent."""
    picture = Image.open(BytesIO(data)).convert("RGBA")
    paper = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(paper, picture).convert("RGB")


def _written(text: str) -> Image.Image:
    """A text as a picture, in the letters of the figures."""
    import matplotlib

    if not text:
        return Image.new("L", (1, 1), PAPER)
    file = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    font = ImageFont.truetype(str(file), SIZE)
    _, _, right, bottom = ImageDraw.Draw(Image.new("L", (1, 1))).multiline_textbbox(
        (0, 0), text, font=font
    )
    picture = Image.new("L", (int(right) + 1, int(bottom) + 1), PAPER)
    ImageDraw.Draw(picture).multiline_text((0, 0), text, fill=INK, font=font)
    return picture
