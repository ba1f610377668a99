"""Data sets as tensors: images `(batch, channels, height, width)` in [0, 1], labels as integers.

`load_images` is the one door. It looks for MNIST in the data folder, downloads it when it is not
there, and falls back to the small digits inside scikit-learn when it cannot, so that every lesson
runs without a network. A file is checked against its MD5 before any byte of it is used. It also
loads any folder of pictures. Large sets take a byte a pixel in memory, and are floats wherever
anybody looks.
`load_diamonds` gives a small table with real errors of entry, for lesson 13.
`spiral` and `swiss_roll`, the images of "shapes" and the plays of `jukebox` are made by code, and
everything about them is known.
Not here: noise (`corruption`) and batches (`training.fit` takes these tensors as they are).
"""

from course_utils.data.loading import (
    NAMES,
    fetch,
    load_images,
    missing_files,
    resolve_name,
)
from course_utils.data.places import REPOSITORY, DataError, DataUnavailable, data_root
from course_utils.data.records import Images, Jukebox, Manifold
from course_utils.data.sources import SOURCES
from course_utils.data.synthetic import SHAPE_FACTORS, draw_shapes, jukebox, spiral, swiss_roll
from course_utils.data.tables import Table, load_diamonds

__all__ = [
    "NAMES",
    "REPOSITORY",
    "SHAPE_FACTORS",
    "SOURCES",
    "DataError",
    "DataUnavailable",
    "Images",
    "Jukebox",
    "Manifold",
    "Table",
    "data_root",
    "draw_shapes",
    "fetch",
    "jukebox",
    "load_diamonds",
    "load_images",
    "missing_files",
    "resolve_name",
    "spiral",
    "swiss_roll",
]
