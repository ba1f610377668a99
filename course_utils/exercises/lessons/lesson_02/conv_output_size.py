"""`conv_output_size`, lesson 02: how often a filter fits, with padding and steps."""

import numpy as np
import torch

from course_utils.exercises.checking.answer import Answer, Crash, Wrong
from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise, Stage
from course_utils.exercises.checking.words import describe_type, shown


def conv_output_size(size: int, kernel: int, stride: int, padding: int) -> int:
    """How many places a filter finds along one side of a picture.

    The side has `size` pixels, and `padding` zeros are added at both of its ends. A filter of
    `kernel` pixels starts at the left end and moves `stride` pixels at a time, as long as it fits:
    size + 2 padding - kernel is the way that it can go.
    """
    return (size + 2 * padding - kernel) // stride + 1


def _pictures(generator: torch.Generator) -> list[tuple[int, int, int, int]]:
    """(size, kernel, stride, padding), first those of the lesson."""
    fixed = [(28, 3, 2, 1), (14, 3, 2, 1), (27, 3, 2, 1), (10, 4, 3, 2), (7, 3, 1, 0), (5, 5, 2, 0)]
    # More padding than half the kernel, which a convolution allows and pooling does not.
    fixed += [(6, 1, 1, 1), (9, 2, 3, 4)]
    return fixed + [_picture(generator) for _ in range(20)]


def _picture(generator: torch.Generator) -> tuple[int, int, int, int]:
    def draw(low: int, high: int) -> int:
        return int(torch.randint(low, high + 1, (), generator=generator))

    kernel = draw(1, 9)
    return draw(kernel, 60), kernel, draw(1, 5), draw(0, kernel // 2)


_sizes = Comparison(
    by_all=True,
    probes=_pictures,
    shape=None,
    advice=(
        "Draw the padded side as a row of boxes and slide the filter along it. It can go "
        "size + 2 padding - kernel boxes to the right of where it starts; how many strides fit "
        "into that way, and does the start itself count?"
    ),
    mistakes=[
        Mistake(
            lambda size, kernel, stride, padding: (
                (size + 2 * min(padding, kernel // 2) - kernel) // stride + 1
            ),
            "You cut the padding at half the kernel, as pooling layers do. A convolution takes any "
            "padding: with a kernel of 1 and a padding of 1 the picture grows by 2.",
        ),
        Mistake(
            lambda size, kernel, stride, padding: -(-(size + 2 * padding - kernel) // stride) + 1,
            "You rounded up. The last step is made only if the whole filter still fits, so what is "
            "left of the division is dropped: round down.",
        ),
        Mistake(
            lambda size, kernel, stride, padding: round((size + 2 * padding - kernel) / stride) + 1,
            "You rounded to the nearest whole number. Half a step is no step: always round down, "
            "which `//` does.",
        ),
        Mistake(
            lambda size, kernel, stride, padding: (
                int((size + 2 * padding - kernel) / stride + 0.5) + 1
            ),
            "You rounded halves up. What is left of the division does not count, however much it "
            "is: drop it, as `//` does.",
        ),
        Mistake(
            lambda size, kernel, stride, padding: (size + padding - kernel) // stride + 1,
            "You counted the padding once. It is added at both ends of the side, so it counts "
            "twice.",
        ),
        Mistake(
            lambda size, kernel, stride, padding: (size - kernel) // stride + 1,
            "The padding is missing: this is right only where it is 0. Both ends of the side grow "
            "by `padding`.",
        ),
        Mistake(
            lambda size, kernel, stride, padding: (size - 2 * padding - kernel) // stride + 1,
            "You took the padding away from the side. It makes the side longer, not shorter.",
        ),
        Mistake(
            lambda size, kernel, stride, padding: (size + 2 * padding - kernel) // stride,
            "You counted steps, and the filter stands in one more place than it makes steps: the "
            "one where it starts. One fence with four gaps has five posts.",
        ),
        Mistake(
            lambda size, kernel, stride, padding: (size + 2 * padding - kernel) // stride + 2,
            "One too many: you counted the start twice.",
        ),
        Mistake(
            lambda size, kernel, stride, padding: (size + 2 * padding - kernel + 1) // stride,
            "You added the 1 before dividing. It stands for the place where the filter starts, "
            "which needs no step: add it after the division.",
        ),
        Mistake(
            lambda size, kernel, stride, padding: size + 2 * padding - kernel + 1,
            "The stride is missing: this is how many places there are when the filter moves one "
            "pixel at a time.",
        ),
        Mistake(
            lambda size, kernel, stride, padding: size + 2 * padding - kernel // stride + 1,
            "Brackets are missing: `//` binds closer than `+` and `-`, so only the kernel was "
            "divided by the stride.",
        ),
        Mistake(
            lambda size, kernel, stride, padding: (size + 2 * padding) // stride + 1,
            "The kernel is missing: this filter would begin its last step with only a single pixel "
            "on the picture. All of its `kernel` pixels must fit.",
        ),
        Mistake(
            lambda size, kernel, stride, padding: (size + 2 * padding) // stride,
            "You divided the padded side by the stride and forgot the width of the filter. What "
            "counts is the way it can go: that side less `kernel`.",
        ),
        Mistake(
            lambda size, kernel, stride, padding: size // stride,
            "You divided the size by the stride. That is a rule of thumb, right for 28 → 14 with a "
            "3 × 3 filter and a padding of 1; kernel and padding matter too.",
        ),
        Mistake(
            lambda size, kernel, stride, padding: -(-size // stride),
            "You divided the size by the stride and rounded up, which is right when the padding is "
            "`kernel // 2`. Here kernel and padding may be any.",
        ),
        Mistake(
            lambda size, kernel, stride, padding: (size + 2 * padding - (kernel - 1)) // stride + 1,
            "You subtracted kernel - 1, as one does to count places at stride 1. Here the way the "
            "filter can go is wanted, and that is shorter by the whole kernel.",
        ),
        Mistake(
            lambda size, kernel, stride, padding: (size + 2 * padding - kernel - 1) // stride + 1,
            "You lose the last place, where the filter just fits, as if the kernel were one pixel "
            "wider. PyTorch's page has `dilation * (kernel - 1) + 1` there, which for an ordinary "
            "filter is the kernel itself.",
        ),
        Mistake(
            lambda size, kernel, stride, padding: (size + 2 * padding - kernel // 2) // stride + 1,
            "You subtracted half the kernel, as if only the middle of the filter had to stay "
            "inside. All of it has to.",
        ),
        Mistake(
            lambda size, kernel, stride, padding: (
                (size + 2 * padding - 2 * (kernel // 2) - 1) // stride + 1
            ),
            "Right for odd kernels only: 2 · (kernel // 2) + 1 is not the kernel where that is "
            "even. Subtract `kernel` itself.",
        ),
        Mistake(
            lambda size, kernel, stride, padding: (size - 1) * stride - 2 * padding + kernel,
            "This is the way back: the size that comes out of a *transposed* convolution. Here the "
            "picture gets smaller.",
        ),
        Mistake(
            lambda size, kernel, stride, padding: (size + 2 * stride - kernel) // padding + 1,
            "Stride and padding have changed places. The order is (size, kernel, stride, padding).",
        ),
        Mistake(
            lambda size, kernel, stride, padding: (size + 2 * padding - stride) // kernel + 1,
            "Kernel and stride have changed places. The order is (size, kernel, stride, padding).",
        ),
        Mistake(
            lambda size, kernel, stride, padding: (
                ((size + 2 * padding - kernel) // stride + 1) ** 2
            ),
            "This is the number of places in the whole picture, the square of what is wanted: the "
            "length of one side.",
        ),
        Mistake(
            lambda size, kernel, stride, padding: size,
            "You returned the size that came in. It stays the same only for stride 1 and a padding "
            "of half the kernel.",
        ),
    ],
)


def _whole_number(answer: Answer) -> None:
    """Half pixels first: the general message on types would not say where they come from."""
    for args in _pictures(answer.generator()):
        try:
            got = answer(*args)
        except Crash:
            break  # the comparison may know why
        if isinstance(got, float):
            raise Wrong(
                f"For (size, kernel, stride, padding) = {args} you returned {shown(got)}, a float; "
                "there are no half pixels. `/` makes floats even where nothing is left over: `//` "
                "divides whole numbers and drops the rest."
            )
        if isinstance(got, np.ndarray):
            raise Wrong(
                f"For (size, kernel, stride, padding) = {args} you returned {describe_type(got)}; "
                "expected a whole number. `//` needs no NumPy; `int(...)` makes a number of an "
                "array that holds a single one."
            )
    _sizes.stages[0].check(answer)


exercise = Exercise(
    solution=conv_output_size,
    place=1,
    difficulty=1,
    minutes=5,
    success=(
        "28 becomes 14 and 14 becomes 7: the sizes you will meet in the convolutional encoder. And "
        "27 becomes 14 as well, from which its decoder suffers further down."
    ),
    hints=(
        "Lay the filter at the left end of the padded side. How many pixels are there to the right "
        "of it? That is how far it can go.",
        "The padded side has size + 2 · padding pixels. Divide the way that is left by the stride, "
        "round down, and count the place where the filter started.",
        "In the lesson's formula ⌊(n + 2p - k) / s⌋ + 1, the half brackets mean: round down. For "
        "whole numbers that is what Python's `//` does.",
    ),
    stages=(Stage("type", _whole_number), *_sizes.stages[1:]),
)
