"""A table of numbers and words with real errors of entry: `load_diamonds`.

It lies beside this module, so that nothing is downloaded. Not here: pictures (`load_images`).
"""

import csv
import gzip
from pathlib import Path
from typing import NamedTuple

import numpy as np


class Table(NamedTuple):
    """Rows of numbers and words, as they come out of a spreadsheet.

    Attributes:
        rows: (n, columns), an array of Python objects: floats, and strings for words.
        columns: their names.
        wrong: (n,), True for each row that cannot be right.
    """

    rows: np.ndarray
    columns: tuple[str, ...]
    wrong: np.ndarray


def load_diamonds() -> Table:
    """Six thousand diamonds of the usual kind, and all 47 with an error that can be proved.

    Carat, cut, colour, clarity, depth, table, price, and the lengths x, y and z in millimetres. The
    depth, in per cent, is z divided by the mean of x and y. Somebody typed it into a column of its
    own: so a row in which the two differ by more than five points cannot be right. In half of
    these 47 a length is 0 or has lost its decimal point; in others it is merely another one.

    A random part of the table `diamonds` of R's package ggplot2 (Hadley Wickham and others, MIT
    licence), which has 53,940 rows, in random order.

    >>> load_diamonds().rows[0].tolist()
    [0.56, 'Ideal', 'H', 'VVS1', 61.7, 55.0, 1941.0, 5.3, 5.33, 3.28]
    """
    with gzip.open(Path(__file__).with_name("diamonds.csv.gz"), "rt", encoding="utf-8") as file:
        columns, *rows = csv.reader(file)
    values = np.array([[_value(entry) for entry in row] for row in rows], dtype=object)
    depth, x, y, z = (values[:, columns.index(name)].astype(float) for name in ("depth", *"xyz"))
    # Multiplied out, since x and y may both be 0.
    wrong = np.abs(200 * z - depth * (x + y)) > 5 * (x + y)
    return Table(values, tuple(columns), wrong | (x + y == 0))


def _value(entry: str) -> float | str:
    try:
        return float(entry)
    except ValueError:
        return entry
