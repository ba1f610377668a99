"""Checks of lesson 02: sizes of convolutions, and search by nearest codes."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.answer import Answer, Crash, Wrong, shown
from course_utils.exercises.compare import Comparison, Mistake, expect_close
from course_utils.exercises.exercise import Exercise, Stage
from course_utils.exercises.solutions import lesson_02 as solutions

# --- conv_output_size -----------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _SmallNumbers(Comparison):
    """Small whole numbers often agree by chance, so a mistake is named only where it gives the same
    as the answer on every probe, and not just up to the first that shows the answer to be wrong.
    """

    def _value(self, answer: Answer) -> None:
        trials = answer.memory[self]
        for trial in trials:
            given = dict(zip(answer.exercise.parameters, trial.args, strict=True))
            try:
                expect_close(trial.got, trial.expected, given, self.advice)
            except Wrong as wrong:
                raise Wrong(self._named(trials) or str(wrong)) from None


def _pictures(generator: torch.Generator) -> list[tuple[int, int, int, int]]:
    """(size, kernel, stride, padding), first those of the lesson."""
    fixed = [(28, 3, 2, 1), (14, 3, 2, 1), (27, 3, 2, 1), (10, 4, 3, 2), (7, 3, 1, 0), (5, 5, 2, 0)]
    return fixed + [_picture(generator) for _ in range(20)]


def _picture(generator: torch.Generator) -> tuple[int, int, int, int]:
    def draw(low: int, high: int) -> int:
        return int(torch.randint(low, high + 1, (), generator=generator))

    kernel = draw(1, 9)
    return draw(kernel, 60), kernel, draw(1, 5), draw(0, kernel // 2)


_sizes = _SmallNumbers(
    probes=_pictures,
    shape=None,
    advice=(
        "Draw the padded side as a row of boxes and slide the filter along it. It can go "
        "size + 2 padding - kernel boxes to the right of where it starts; how many strides fit "
        "into that way, and does the start itself count?"
    ),
    mistakes=[
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
    _sizes.stages[0].check(answer)


conv_output_size = Exercise(
    solution=solutions.conv_output_size,
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

# --- nearest_images -------------------------------------------------------------------------------

Measure = Callable[[Tensor, Tensor], Tensor]  # (codes, query) -> (n,), small where they are alike


def _squares(codes: Tensor, query: Tensor) -> Tensor:
    return (codes - query).square().sum(1)


WRONG_MEASURES: dict[str, Measure] = {
    "You added up absolute differences, the distance of a taxi in a city of blocks. Euclidean "
    "distance adds up their squares.": lambda codes, query: (codes - query).abs().sum(1),
    "You took the largest difference of any one number of the code. All of them count: add up "
    "their squares.": lambda codes, query: (codes - query).abs().amax(1),
    "Nothing is squared: differences above and below cancel, and a code may lie far away although "
    "they add up to little. Square each before the sum.": lambda codes, query: (codes - query).sum(
        1
    ),
    "You summed the differences first and took the size of the sum afterwards, so those of "
    "opposite sign cancel. Square each one, then sum.": lambda codes, query: (
        (codes - query).sum(1).abs()
    ),
    "You ranked by the angle between codes (cosine similarity), which does not see how long they "
    "are. Euclidean distance is asked for.": lambda codes, query: (
        -F.cosine_similarity(codes, query[None], dim=1)
    ),
    "You ranked by the dot product with the query. It grows with the length of a code, so long "
    "ones win wherever they lie. Take the distance.": lambda codes, query: -(codes @ query),
    "You compared lengths only: two codes may be equally long and point in opposite directions. "
    "Subtract first, then take the length.": lambda codes, query: (
        codes.norm(dim=1) - query.norm()
    ).abs(),
    "The query plays no part in this: you ranked the codes by their own length.": (
        lambda codes, query: codes.norm(dim=1)
    ),
    "There is a plus where the minus should be: these are the codes nearest to -query.": (
        lambda codes, query: (codes + query).square().sum(1)
    ),
    "You brought every number of the code to the same spread before comparing. That can be a good "
    "idea, but plain Euclidean distance is asked for.": lambda codes, query: (
        ((codes - query) / codes.std(0)).square().sum(1)
    ),
}


def _rank(measure: Measure, codes: Tensor, query: Tensor) -> Tensor:
    return measure(codes, query).argsort()


def _apart(codes: Tensor, query: Tensor) -> bool:
    """Whether no two codes are nearly equally far from the query."""
    distances = _squares(codes, query).sort().values
    return bool((distances.diff() > 0.02 * distances[1:]).all())


def _gallery(
    n: int, latent: int, k: int, generator: torch.Generator, *, revealing: bool = False
) -> tuple[Tensor, Tensor, int]:
    """Codes about a mean away from zero, of unequal spread, no two equally far from the query.

    With revealing=True also every wrong measure ranks the first k in an order of its own.
    """
    while True:
        spread = torch.linspace(0.5, 3.0, latent)
        codes = torch.randn(n, latent, generator=generator) * spread + 1.5
        query = torch.randn(latent, generator=generator) * spread + 1.5
        codes, query = codes.mul(10).round().div(10), query.mul(10).round().div(10)
        if not _apart(codes, query):
            continue
        measures = [_squares, *WRONG_MEASURES.values()]
        ranks = [_rank(measure, codes, query)[:k] for measure in measures]
        if not revealing or not any(torch.equal(a, b) for a, b in combinations(ranks, 2)):
            return codes, query, k


def _galleries(generator: torch.Generator) -> list[tuple[Tensor, Tensor, int]]:
    codes = next(
        codes
        for codes, _, _ in iter(lambda: _gallery(8, 3, 4, generator), None)
        if _apart(codes, codes[5])
    )
    return [
        _gallery(7, 3, 4, generator, revealing=True),  # small enough to print, and k > latent
        (codes, codes[5].clone(), 4),  # the query is one of the codes
        _gallery(3, 6, 2, generator),  # fewer codes than numbers in each
        _gallery(4, 4, 4, generator),  # k = n = latent
        _gallery(1, 5, 1, generator),
        _gallery(9, 1, 5, generator),
        _gallery(12, 8, 1, generator),
    ]


def _nearest(codes: Tensor, query: Tensor) -> Tensor:
    return _rank(_squares, codes, query)


def _over_wrong_axis(codes: Tensor, query: Tensor, k: int) -> Tensor:
    return (codes - query).square().sum(0).argsort()[:k]


_neighbours = Comparison(
    probes=_galleries,
    shape="(k,): an index for each of the k nearest codes",
    advice=(
        "Compute the n distances first, look at them, and find the smallest by eye. Its place in "
        "the row of distances, counted from 0, is the first number of the result."
    ),
    mistakes=[
        Mistake(
            lambda codes, query, k: _nearest(codes, query).flip(0)[:k],
            "These are the codes farthest away. `topk` takes the largest unless told "
            "`largest=False`, and `argsort(descending=True)` begins with them.",
        ),
        Mistake(
            lambda codes, query, k: _nearest(codes, query)[:k].flip(0),
            "The right codes, but the nearest comes last. It should come first.",
        ),
        Mistake(
            lambda codes, query, k: _nearest(codes, query)[:k].sort().values,
            "The right codes, but in the order of their indices. The nearest should come first.",
        ),
        Mistake(
            lambda codes, query, k: _nearest(codes, query)[1 : k + 1],
            "You left out the nearest code. Many a search does so because the nearest is the query "
            "itself; here the query need not be among the codes.",
        ),
        Mistake(
            lambda codes, query, k: _nearest(codes, query),
            "You returned all n indices. The order is right; keep the first k of them.",
        ),
        Mistake(
            lambda codes, query, k: _nearest(codes, query)[: k - 1],
            "One too few: a slice `[:m]` ends before m, so the first k are `[:k]`.",
        ),
        Mistake(
            lambda codes, query, k: _nearest(codes, query)[: k + 1],
            "One too many: a slice `[:m]` holds m entries, so the first k are `[:k]`.",
        ),
        Mistake(
            lambda codes, query, k: _nearest(codes, query)[0],
            "You returned the nearest alone, as `argmin` does. The k nearest are wanted, in a "
            "tensor of shape (k,), even where k is 1.",
        ),
        Mistake(
            lambda codes, query, k: _nearest(codes, query)[:k] + 1,
            "Every index is one too large: they are counted from 0.",
        ),
        Mistake(
            lambda codes, query, k: _nearest(codes, query).argsort()[:k],
            "These are ranks: which place each of the first k codes would take. It is one "
            "`argsort` too many; the other way round is wanted, which code takes the first place.",
        ),
        Mistake(
            lambda codes, query, k: (
                _squares(codes, query) <= _squares(codes, query).sort()[0][k - 1]
            ),
            "You returned a mask, true or false for each code. It does not say which of them is "
            "nearest: give the indices, in order.",
        ),
        Mistake(
            _over_wrong_axis,
            "You summed over axis 0, the codes, so that one number was left for each place of the "
            "code. Sum over axis 1: one distance for each of the n codes.",
        ),
        *(
            Mistake(
                lambda codes, query, k, measure=measure: _rank(measure, codes, query)[:k], message
            )
            for message, measure in WRONG_MEASURES.items()
        ),
    ],
)


def _indices(answer: Answer) -> None:
    """What search functions return beside indices first: only here can it be named."""
    codes, query, k = _galleries(answer.generator())[0]
    got = answer(codes, query, k)
    if isinstance(got, tuple) and len(got) == 2:
        raise Wrong(
            "Your function returned two things. `topk` and `sort` give the values and the indices; "
            "only the indices are wanted: take `.indices` of the result."
        )
    if isinstance(got, list):
        raise Wrong(
            "Your function returned a list. `torch.tensor(indices)` makes a tensor of a list of "
            "whole numbers."
        )
    if isinstance(got, Tensor) and got.is_floating_point():
        what = "the codes themselves" if got.ndim == 2 else "distances, it seems"
        raise Wrong(
            f"Your function returned real numbers: {what}. The indices are wanted, the places "
            "where they stand; `argsort` gives them, and so does `.indices` of `sort` or `topk`."
        )
    _neighbours.stages[0].check(answer)


nearest_images = Exercise(
    solution=solutions.nearest_images,
    difficulty=2,
    minutes=10,
    success=(
        "With the code of a digit as the query you get other pictures of the same digit, written "
        "in much the same hand: on MNIST more than nine in ten of the eight nearest."
    ),
    hints=(
        "Two steps: n distances, one for each code; then the places of the k smallest of them.",
        "`codes - query` subtracts the query from every row, without a loop. Square, and sum over "
        "the axis that runs along a code. A root is not needed: it would not change the order.",
        "`distances.argsort()` gives the indices in the order of the distances, smallest first. "
        "Keep as many as were asked for.",
    ),
    stages=(Stage("type", _indices), *_neighbours.stages[1:]),
)
