"""What shape a picture has, and how to make a batch of a tensor whose axes stand otherwise, without
scrambling a picture.

A reading says which axis of x is which axis of the batch; the lengths decide. Most shapes have one
reading. Where they have two, both are said, each with what it takes x for. Reshape is advised only
where a row of numbers is folded into a picture or a picture unfolded into a row.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import combinations, permutations
from typing import NamedTuple

Shape = tuple[int, ...]

SMALLEST = 8
"""Pixels of height and of width below which there is too little to halve."""


def picture_shape(given: Sequence[int], smallest: int = SMALLEST) -> Shape:
    """The input_shape of a network that looks at pictures: channels, height, width.

    Raises:
        ValueError: if it is not three numbers, or has the channels last, or a side is too small.
    """
    shape, found = tuple(given), f"input_shape is {tuple(given)}; expected"
    if len(shape) != 3:
        such_as = {
            2: f"{(1, *shape)} if they are grey, {(3, *shape)} in colour",
            4: f"{shape[1:]}, without the batch",
        }
        raise ValueError(
            f"{found} (channels, height, width), such as {such_as.get(len(shape), (3, 32, 32))}"
        )
    if colour_last(shape):
        raise ValueError(f"{found} the channels first, {channels_first(shape)}")
    if min(shape[1:]) < smallest:
        raise ValueError(
            f"{found} a height and a width of {smallest} or more: enlarge smaller pictures with "
            "torch.nn.functional.pad, or take a dense network"
        )
    return shape


def colour_last(shape: Shape) -> bool:
    """Whether a picture of this shape must be (height, width, channels), as files are read."""
    return len(shape) == 3 and shape[2] <= 4 and min(shape[:2]) >= SMALLEST


def channels_first(shape: Shape) -> Shape:
    """(height, width, channels) as (channels, height, width)."""
    return shape[2], *shape[:2]


class Reading(NamedTuple):
    """Which axis of x each axis of the batch is, the batch axis first; None for one to be added."""

    axes: tuple[int | None, ...]

    def moved(self, name: str) -> str:
        """The axes that are there, in the order of the batch."""
        order = [axis for axis in self.axes if axis is not None]
        there = list(range(len(order)))
        if order == there:
            return name
        if order == [*there[:-2], *there[:-3:-1]]:
            return f"{name}.mT"
        return f"{name}.permute({', '.join(map(str, order))})"

    def written(self, name: str) -> str:
        """The expression that makes the batch."""
        index = ["None" if axis is None else ":" for axis in self.axes]
        while index and index[-1] == ":":
            index.pop()
        return self.moved(name) + (f"[{', '.join(index)}]" if index else "")

    def action(self) -> str:
        """What that expression does, in words."""
        moved = self.moved("")
        if moved == ".mT":
            return "exchange the last two axes"
        if moved:
            return "move the axes"
        return "add the missing axis" if self.axes.count(None) == 1 else "add the missing axes"


class Advice(NamedTuple):
    """What to do with x, if this axis of it is the batch and its rows are what `rows` says."""

    batch: int | None
    action: str
    expression: str
    rows: str = ""

    def written(self, *, ambiguous: bool) -> str:
        place = "it is one example" if self.batch is None else f"axis {self.batch} is the batch"
        conditions = [place] * ambiguous + [self.rows] * bool(self.rows)
        meant = f"if {' and '.join(conditions)}, " if conditions else ""
        return f"{meant}{self.action} with {self.expression}"


def way_out(shape: Shape, expected: Shape, name: str = "x") -> str:
    """The expression that turns x into a batch (batch, *expected), as the end of a sentence.

    Where x can be meant in two ways there are two, each after what it takes x for; "" if none does.
    """
    for look in (_in_another_order, _with_axes_of_one, _flat, _of_pictures):
        if found := list(look(shape, expected, name)):
            break
    else:
        return ""
    ambiguous = len({advice.batch for advice in found}) > 1
    return ": " + "; ".join(advice.written(ambiguous=ambiguous) for advice in found)


def _in_another_order(shape: Shape, expected: Shape, name: str) -> Iterator[Advice]:
    """All axes are there, but for those of length 1, and stand in some order."""
    for reading in _readings(shape, expected):
        yield Advice(reading.axes[0], reading.action(), reading.written(name))


def _with_axes_of_one(shape: Shape, expected: Shape, name: str) -> Iterator[Advice]:
    """There are too many axes, of length 1."""
    ones = [axis for axis, length in enumerate(shape) if length == 1]
    for count in range(1, len(ones) + 1):
        for left_out in combinations(reversed(ones), count):
            rest = tuple(length for axis, length in enumerate(shape) if axis not in left_out)
            which = left_out[0] if count == 1 else tuple(sorted(left_out))
            action = "drop the axis" if count == 1 else "drop the axes"
            if readings := _readings(rest, expected):
                for reading in readings:
                    expression = reading.written(f"{name}.squeeze({which})")
                    yield Advice(reading.axes[0], action, expression)
                return


def _flat(shape: Shape, expected: Shape, name: str) -> Iterator[Advice]:
    """A picture, or each channel of one, lies in a row."""
    if len(expected) < 2 or 0 in shape:
        return
    channels, *places = expected
    one_row = [(reading, True) for reading in _readings(shape, (math.prod(expected),))]
    by_channel = [(reading, False) for reading in _readings(shape, (channels, math.prod(places)))]
    for reading, mixed in one_row or by_channel:
        advice = Advice(reading.axes[0], "reshape", _reshaped(reading.moved(name), expected))
        if not mixed or len(places) < 2 or channels == 1 or math.prod(places) == 1:
            yield advice
            continue
        yield advice._replace(rows="each row holds one channel after the other")
        last = _reshaped(reading.moved(name), (*places, channels))
        order = ", ".join(map(str, (0, len(expected), *range(1, len(expected)))))
        yield advice._replace(
            expression=f"{last}.permute({order})", rows="each row holds one pixel after the other"
        )


def _reshaped(name: str, shape: Shape) -> str:
    return f"{name}.reshape(-1, {', '.join(map(str, shape))})"


def _of_pictures(shape: Shape, expected: Shape, name: str) -> Iterator[Advice]:
    """Rows are expected, and x holds pictures."""
    if len(expected) > 1 or len(shape) < 2 or 0 in shape:
        return
    if (math.prod(shape),) == expected:
        yield Advice(None, "reshape", f"{name}.reshape(1, {expected[0]})")
    elif (math.prod(shape[1:]),) == expected:
        yield Advice(0, "reshape", _reshaped(name, expected))
    if (math.prod(shape[:-1]),) == expected and shape[-1] > 1:
        last = f"{name}.movedim(-1, 0)"
        yield Advice(len(shape) - 1, "reshape", _reshaped(last, expected))


def _readings(shape: Shape, expected: Shape) -> list[Reading]:
    """The likely readings of a shape, one for each axis that can be the batch, the first one first.

    An axis within is taken for the batch only if neither the first nor the last can be, and height
    for width only if the lengths ask for it.
    """
    last = len(shape) - 1
    found: dict[int | None, Reading] = {}
    for reading in sorted(_fitting(shape, expected), key=_oddity):
        found.setdefault(_true_place(reading.axes[0], shape), reading)
    readings = list(found.values())
    usual = [reading for reading in readings if reading.axes[0] in (None, 0, last)]
    return sorted(usual or readings, key=lambda reading: reading.axes[0] or 0)


def _true_place(axis: int | None, shape: Shape) -> int | None:
    """A batch of one is one example, wherever its axis stands."""
    return None if axis is None or shape[axis] == 1 else axis


def _fitting(shape: Shape, expected: Shape) -> Iterator[Reading]:
    """Every way to give each axis of the shape a place of its length in the batch."""
    lengths = (None, *expected)  # of the batch: any
    for places in permutations(range(len(lengths)), len(shape)):
        axes: list[int | None] = [None] * len(lengths)
        for axis, place in enumerate(places):
            axes[place] = axis
        pairs = zip(axes, lengths, strict=True)
        if all(n in (None, 1 if axis is None else shape[axis]) for axis, n in pairs):
            yield Reading(tuple(axes))


def _oddity(reading: Reading) -> tuple[int, int, bool]:
    """How far a reading is from the usual: rows and columns exchanged, axes moved, a batch of 1."""
    order = [axis for axis in reading.axes if axis is not None]
    places = [axis for axis in reading.axes[2:] if axis is not None]
    return _exchanges(places), _exchanges(order), reading.axes[0] is not None


def _exchanges(axes: list[int]) -> int:
    """How many pairs stand in the wrong order."""
    return sum(a > b for a, b in combinations(axes, 2))
