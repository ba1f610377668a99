"""One file, one picture: read, turned upright, put on white, cropped and resized, as bytes.

Not here: which files of a folder are read (`folders`), and what is kept of them (`kept`).
"""

import contextlib
import io
import os
import re
import warnings
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt8

if TYPE_CHECKING:
    from PIL.Image import Image

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif")
# What Pillow may take a file for, whatever its ending. It knows more, and starts other programs
# for some of them.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


class Unreadable(Exception):
    """A file is no picture, or a damaged one; the message goes on where the file's name ends."""


def read_picture(
    file: str | os.PathLike | io.BufferedIOBase, size: tuple[int, int]
) -> UInt8[np.ndarray, "3 height width"]:
    """The picture in a file, in colour: 0 is black, 255 white. A grey one has three equal channels.

    It is turned as its EXIF says, put on white where it is transparent, enlarged or reduced until
    it just covers `size`, and what juts out on two sides is cut off in equal parts. 16 bits become
    8, and an animation is its first frame. A picture of this size comes back pixel by pixel.

    Args:
        file: its path, or a stream of its bytes.
        size: height and width, in pixels.

    Raises:
        Unreadable: with the reason.
    """
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(file, formats=FORMATS) as image:
                return _pixels(image, size)
        except Exception as error:  # whatever Pillow's readers stumble over in a damaged file
            raise Unreadable(_reason(error)) from None


def has_colour(picture: UInt8[np.ndarray, "3 height width"]) -> bool:
    """Whether any pixel is not grey."""
    return bool((picture != picture[:1]).any())


def grey(picture: UInt8[np.ndarray, "3 height width"]) -> UInt8[np.ndarray, "1 height width"]:
    """How bright each pixel is: 0.299 red + 0.587 green + 0.114 blue (ITU-R BT.601)."""
    from PIL import Image

    return np.asarray(Image.fromarray(picture.transpose(1, 2, 0)).convert("L"))[None]


def _pixels(image: "Image", size: tuple[int, int]) -> UInt8[np.ndarray, "3 height width"]:
    from PIL import Image, ImageOps

    height, width = size
    # A large JPEG is read at half its size, a quarter or an eighth, while that is twice what is
    # wanted or more; other formats do not know how.
    image.draft(None, (2 * max(size), 2 * max(size)))
    image.load()
    with contextlib.suppress(Exception):  # damaged EXIF says nothing, and the picture is whole
        image = ImageOps.exif_transpose(image)
    covering = ImageOps.fit(_opaque(image), (width, height), Image.Resampling.LANCZOS)
    return np.asarray(covering).transpose(2, 0, 1)


def _opaque(image: "Image") -> "Image":
    """The picture in RGB, of 8 bits a channel, on white where it was transparent."""
    from PIL import Image

    if image.mode.startswith("I"):
        image = _eight_bits(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _eight_bits(image: "Image") -> "Image":
    """A grey picture of 16 bits, from 0 to 65,535 = 257 · 255, in 8; on white already."""
    from PIL import Image

    values = np.asarray(image).astype(np.int32)
    values[values == image.info.get("transparency", -1)] = 65535
    return Image.fromarray(np.uint8((values + 128) // 257))


def _reason(error: Exception) -> str:
    """Why a picture could not be read, as the end of a sentence about its file."""
    from PIL import Image, UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return "is no picture"
    if isinstance(error, Image.DecompressionBombWarning | Image.DecompressionBombError):
        pixels, most = int(re.search(r"\d+", str(error))[0]), Image.MAX_IMAGE_PIXELS
        return f"has {pixels / 1e6:.0f} megapixels, more than {most / 1e6:.0f}"
    if isinstance(error, MemoryError):
        return "needs more memory than there is"
    if isinstance(error, OSError) and error.errno:
        return f"cannot be read: {error.strerror}"
    if isinstance(error, EOFError) or "truncated" in str(error).lower():
        return "ends too soon"
    return "is damaged"
