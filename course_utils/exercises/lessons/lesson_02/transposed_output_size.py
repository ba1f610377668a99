"""`transposed_output_size`, lesson 02: how large a picture the stamps of a filter make."""

import torch

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def transposed_output_size(
    size: int, kernel: int, stride: int, padding: int, output_padding: int
) -> int:
    """How many pixels a transposed convolution draws along one side.

    Each of `size` pixels stamps a filter of `kernel` pixels, `stride` pixels further for each.
    `padding` pixels are then cut off at both ends, and `output_padding` pixels added at one.
    """
    return (size - 1) * stride + kernel - 2 * padding + output_padding


def _sides(generator: torch.Generator) -> list[tuple[int, int, int, int, int]]:
    """(size, kernel, stride, padding, output_padding), first those of the lesson."""
    fixed = [(7, 3, 2, 1, 1), (7, 3, 2, 1, 0), (14, 3, 2, 1, 1), (3, 3, 2, 0, 0), (1, 5, 3, 0, 2)]
    return fixed + [_side(generator) for _ in range(20)]


def _side(generator: torch.Generator) -> tuple[int, int, int, int, int]:
    def draw(low: int, high: int) -> int:
        return int(torch.randint(low, high + 1, (), generator=generator))

    kernel, stride = draw(1, 9), draw(2, 5)
    return draw(1, 30), kernel, stride, draw(0, (kernel - 1) // 2), draw(0, stride - 1)


exercise = Exercise(
    solution=transposed_output_size,
    place=2,
    difficulty=2,
    minutes=5,
    success="7 becomes 14 and 14 becomes 28 with an output padding of 1; without it, 13 and 25.",
    hints=(
        "Draw three pixels in a row, and the stamps that they make: kernel 3, stride 2. Where does "
        "the last stamp begin, and where does it end?",
        "The last stamp begins (size - 1) · stride pixels to the right of the first, and is "
        "`kernel` long. Then cut off, and add.",
    ),
    stages=Comparison(
        by_all=True,
        probes=_sides,
        shape=None,
        advice=(
            "Lay the stamps on squared paper: the last one begins (size - 1) · stride pixels after "
            "the first. Count from the first pixel of the first stamp to the last of the last; "
            "then cut and add."
        ),
        mistakes=[
            Mistake(
                lambda n, k, s, p, o: n * s + k - 2 * p + o,
                "You moved the stamp once too often: `size` stamps have size - 1 gaps between "
                "them, as ten fingers have nine.",
            ),
            Mistake(
                lambda n, k, s, p, o: (n - 1) * s + k - p + o,
                "You cut the padding off at one end. It comes off at both.",
            ),
            Mistake(
                lambda n, k, s, p, o: (n - 1) * s + k + 2 * p + o,
                "You added the padding. In a transposed convolution it is cut off: it undoes what "
                "an ordinary one has laid around the picture.",
            ),
            Mistake(
                lambda n, k, s, p, o: (n - 1) * s + k - 2 * p,
                "The output padding is missing: add it in the end.",
            ),
            Mistake(
                lambda n, k, s, p, o: (n - 1) * s + k - 2 * p + 2 * o,
                "You added the output padding at both ends. It is added at one.",
            ),
            Mistake(
                lambda n, k, s, p, o: (n - 1) * s + k + o,
                "The padding is missing: it is cut off at both ends.",
            ),
            Mistake(
                lambda n, k, s, p, o: (n - 1) * s - 2 * p + o,
                "The last stamp is `kernel` pixels long, and you counted it only to where it "
                "begins.",
            ),
            Mistake(
                lambda n, k, s, p, o: (n - 1) * s + 1 - 2 * p + o,
                "You counted the last stamp as one pixel. It is `kernel` pixels long.",
            ),
            Mistake(
                lambda n, k, s, p, o: n * s + o,
                "This is the size times the stride, which is right for the layers of the lesson by "
                "luck. Where do kernel and padding come in?",
            ),
            Mistake(
                lambda n, k, s, p, o: n * s,
                "This is the size times the stride, which is right for the lesson's layers by "
                "luck. Where do kernel and the two paddings come in?",
            ),
            Mistake(
                lambda n, k, s, p, o: n * k - 2 * p + o,
                "Your stamps stand side by side, as if the stride were the kernel. They overlap: "
                "each begins `stride` pixels after the one before.",
            ),
            Mistake(
                lambda n, k, s, p, o: (n + 2 * p - k) // s + 1 + o,
                "This is the ordinary convolution, which makes pictures smaller. Solve it for the "
                "larger side.",
            ),
            Mistake(
                lambda n, k, s, p, o: (n - 1) * k + s - 2 * p + o,
                "Kernel and stride have changed places.",
            ),
            Mistake(
                lambda n, k, s, p, o: (n - 1) * s + k - 2 * (p + o),
                "You took the output padding off. It is added.",
            ),
            Mistake(
                lambda n, k, s, p, o: (n - 1) * s + k - 2 * p - o,
                "You subtracted the output padding. It is added.",
            ),
        ],
    ).stages,
)
