"""`nearest_images`, lesson 02: neighbours in the code, nearest first."""

from collections.abc import Callable
from itertools import combinations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.checking.answer import Answer, Wrong
from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise, Stage


def nearest_images(
    codes: Float[Tensor, "n latent"], query: Float[Tensor, " latent"], k: int
) -> Int[Tensor, " k"]:
    """Indices of the k codes that lie nearest to the query, in Euclidean distance, nearest first.

    The square of a distance puts codes in the same order as the distance itself.
    """
    squared_distances = (codes - query).square().sum(dim=1)
    return squared_distances.argsort()[:k]


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


COARSE_MEASURES: tuple[tuple[str, Measure], ...] = (
    ("`.bfloat16()`", lambda codes, query: _squares(codes, query).bfloat16()),
    ("`.half()`", lambda codes, query: _squares(codes, query).half()),
    ("`.half()`", lambda codes, query: _squares(codes.half(), query.half())),
    ("`.int()`", lambda codes, query: _squares(codes, query).int()),
)


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
        codes, query = codes.round(decimals=1), query.round(decimals=1)
        if not _apart(codes, query):
            continue
        measures = [_squares, *WRONG_MEASURES.values()]
        ranks = [_rank(measure, codes, query)[:k] for measure in measures]
        if not revealing or not any(torch.equal(a, b) for a, b in combinations(ranks, 2)):
            return codes, query, k


def _close_race(generator: torch.Generator) -> tuple[Tensor, Tensor, int]:
    """Each code is farther away than the one before it by half a thousandth."""
    directions = F.normalize(torch.randn(9, 3, generator=generator))
    codes = directions * (2 + 1e-3 * torch.randperm(9, generator=generator)[:, None])
    query = torch.randn(3, generator=generator)
    return codes + query, query, 6


def _crowd(generator: torch.Generator) -> tuple[Tensor, Tensor, int]:
    """So many codes that what only parts them, as `argpartition` does, leaves them unsorted."""
    directions = F.normalize(torch.randn(400, 3, generator=generator))
    codes = directions * (1 + torch.randperm(400, generator=generator)[:, None])
    query = torch.randn(3, generator=generator)
    return codes + query, query, 300


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
        # Distances so small, or so large, that rounding or half precision levels them.
        _close_race(generator),
        *(
            (scale * codes, scale * query, k)
            for scale in (1e-3, 1e3)
            for codes, query, k in (_gallery(9, 3, 6, generator),)
        ),
        _crowd(generator),
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
        *(
            Mistake(
                lambda codes, query, k, coarse=coarse: _rank(coarse, codes, query)[:k],
                f"Your distances have lost digits, as by {name}, so that codes which are nearly "
                "as near as each other come in any order. Leave them as they are.",
            )
            for name, coarse in COARSE_MEASURES
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


exercise = Exercise(
    solution=nearest_images,
    place=3,
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
