"""What a detector does with numbers alone: rows on one scale, finite scores, thresholds.

No network is known here; the detector itself is in `anomaly`.
"""

import hashlib
import math
from fractions import Fraction

import numpy as np

FARTHEST = 1e6  # spreads from the mean: what lies farther off is as strange as can be
LARGEST = 1e300  # a value counts as no larger, and a score as no lower: beyond, numbers overflow
ROUNDING = 1e-10  # of a score: more than ever comes of the rows beside it
GRID = 1e-7  # of a spread: rows that differ by less are one row


class Scale:
    """What values are compared with, learned from training rows x of shape (n, d).

    Attributes:
        values: "table" or "pixels", the kind of scale.
        centre, spread: of each feature; 0 and 1 for a model that takes values as they are.
    """

    def __init__(self, x: np.ndarray, values: str, *, as_they_are: bool) -> None:
        self.values = values
        if values == "auto":
            self.values = "pixels" if _share_a_scale(x) else "table"
        largest = np.abs(x).max(axis=0)
        unit = np.ldexp(1.0, np.frexp(largest)[1])  # powers of two: no square overflows, and
        self.centre = (x / unit).mean(axis=0) * unit  # nothing is rounded by them
        spread = (x / unit).std(axis=0) * unit
        # Nobody can know how far a feature may move that has never moved: a tenth of itself.
        never = 0.1 * np.maximum(np.abs(self.centre), 1.0)
        self.spread = self._own = np.where(spread <= 1e-12 * largest, never, spread)
        self._unit = unit.max()
        if as_they_are:
            self.centre, self.spread = np.zeros(x.shape[1]), np.ones(x.shape[1])
        elif self.values == "pixels":
            usual = np.sqrt(np.mean((spread / self._unit) ** 2)) * self._unit
            self.spread = np.full_like(spread, usual or 1.0)
        reach = FARTHEST * self.spread
        reach = np.maximum(reach, 1000 * largest.max()) if as_they_are else reach
        self._edges = self.centre - reach, self.centre + reach
        self._floor = x.min()
        self._least_size = 0.0
        self._least_size = 0.5 * self.sizes(x).min() or 1e-3
        # A squared error of less than this is rounding, and no unit to measure others in.
        grain = np.mean((x / self._unit) ** 2) * self._unit**2 if as_they_are else 1.0
        self.least_error = ROUNDING * x.shape[1] * grain / self.sizes(x).mean()

    def near(self, x: np.ndarray) -> np.ndarray:
        """Rows within reach: what lies farther off is taken to lie at the edge."""
        return x.clip(*self._edges)

    def standardised(self, x: np.ndarray) -> np.ndarray:
        """Rows in spreads from the centre."""
        return (self.near(x) - self.centre) / self.spread

    def sizes(self, x: np.ndarray) -> np.ndarray:
        """Of each picture the root of the sum of its squares above the floor; 1 in a table.

        A blank picture has half the size of the smallest one in training, so that no error is
        divided by 0.
        """
        if self.values == "table":
            return np.ones(len(x))
        sizes = np.linalg.norm((self.near(x) - self._floor) / self._unit, axis=1) * self._unit
        return np.maximum(sizes, self._least_size)

    def names(self, x: np.ndarray) -> list[bytes]:
        """A name for each row, by which it is known again, even where a pipeline has rounded it."""
        with np.errstate(over="ignore"):
            return [_name(row) for row in np.rint((x - self.centre) / (GRID * self._own))]


def settled(scores: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Scores as others see them: finite, and one for equal rows of x.

    Where numbers overflowed (inf, nan), a row is as strange as can be. And the scores of equal rows
    differ in their last digits by their place in x, as a matrix product does.
    """
    scores = np.nan_to_num(scores, nan=-LARGEST, posinf=-LARGEST).clip(-LARGEST)
    order = scores.argsort(kind="stable")
    gaps = np.diff(scores[order])
    close = gaps <= ROUNDING * np.maximum(1.0, np.abs(scores[order][:-1]))
    first: dict[bytes, int] = {}
    for i in order[np.r_[close, False] | np.r_[False, close]]:  # equal rows are among these
        scores[i] = scores[first.setdefault(_name(x[i]), i)]
    return scores


def means_by_name(names: list[bytes], scores: np.ndarray) -> dict[bytes, float]:
    """The mean score of the rows that share a name."""
    together: dict[bytes, list[float]] = {}
    for name, score in zip(names, scores, strict=True):
        together.setdefault(name, []).append(score)
    return {name: float(np.mean(several)) for name, several in together.items()}


def clear_of(threshold: float, scores: np.ndarray) -> float:
    """The threshold, a little lower if it meets a score: rounding would decide on which side."""
    margin = 10 * ROUNDING * max(1.0, abs(threshold))
    return threshold - margin if np.any(np.abs(scores - threshold) <= margin) else threshold


def conformal_threshold(scores: np.ndarray, rate: float | np.floating) -> float:
    """The k-th lowest of n scores, k = ⌊(n + 1) · rate⌋; a ValueError if k would be 0."""
    exact = Fraction(str(rate))  # as it is written: 100 · 0.29 is 29, and not a little less
    k = math.floor((len(scores) + 1) * exact)
    if k < 1:
        raise ValueError(
            f"X_kept has too few rows, {len(scores)}, for a false_positive_rate of {rate:g}; "
            f"expected at least {math.ceil(1 / exact) - 1}: keep more back, or allow a higher rate"
        )
    return np.sort(scores)[k - 1]


def _name(row: np.ndarray) -> bytes:
    """Sixteen bytes that equal rows share and no others; -0.0 is 0.0."""
    return hashlib.blake2b((row + 0.0).tobytes(), digest_size=16).digest()


def _share_a_scale(x: np.ndarray) -> bool:
    """Whether the features of x are alike, as pixels are, with one value for nothing."""
    low, high = x.min(axis=0), x.max(axis=0)
    ranges = (high - low)[high > low]
    if x.shape[1] < 64 or len(ranges) == 0:
        return False
    return bool(np.mean(low == low.min()) > 0.5 and ranges.max() <= 2 * np.median(ranges))
