"""`recall_at_k`, lesson 14: how much of what was played later stands among the first k."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.exercises.checking.compare import Comparison, Mistake
from course_utils.exercises.checking.exercise import Exercise


def recall_at_k(
    scores: Float[Tensor, "users items"],
    held_out: Float[Tensor, "users items"],
    seen: Float[Tensor, "users items"],
    k: int,
) -> Float[Tensor, " users"]:
    """Of each user's held-out items, the share that stands among the first k recommended.

    `scores` may be any numbers; the highest is recommended first. `held_out` is 1 where an item
    should be found and 0 elsewhere, at least one 1 for each user. `seen` counts how often an item
    was chosen before; what was chosen at all is never recommended. The number found is divided by
    the largest number that k places can hold: k, or what was held out if that is less.
    """
    offered = scores.masked_fill(seen > 0, -torch.inf)
    first = offered.topk(k, dim=1).indices
    found = held_out.gather(1, first).sum(dim=1)
    return found / held_out.sum(dim=1).clamp(max=k)


def _exam(
    users: int, items: int, k: int, generator: torch.Generator, shift: float = 0.0, size: float = 1
) -> tuple[Tensor, Tensor, Tensor, int]:
    """Scores without ties, and for each user something held out and something seen."""
    order = torch.argsort(torch.rand(users, items, generator=generator), dim=1)
    scores = (order + 0.5 * torch.rand(users, items, generator=generator)) * size / items + shift
    kind = torch.randint(0, 3, (users, items), generator=generator)
    for user in range(users):  # one, two, three ... of each at least
        places = torch.randperm(items, generator=generator)
        kind[user, places[0]] = 1
        kind[user, places[1]] = 2
    times = torch.randint(1, 6, (users, items), generator=generator)
    held_out, seen = (kind == 1).float(), (kind == 2) * times.float()
    # What was seen often has a high score, as it will have in every model.
    return scores + 0.6 * size * (seen > 0), held_out, seen, k


def _probes(generator: torch.Generator) -> list[tuple[Tensor, Tensor, Tensor, int]]:
    by_hand = (
        torch.tensor([[9.0, 5.0, 4.0, 2.0, 1.0, 8.0], [0.1, 0.4, 0.2, 0.6, 0.3, 0.5]]),
        torch.tensor([[0.0, 0.0, 1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0, 0.0, 0.0]]),
        torch.tensor([[2.0, 0.0, 0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 3.0, 0.0, 1.0]]),
        2,
    )
    double = _exam(4, 9, 3, generator, shift=-2.0)
    # Of twelve items seven are wanted, and three are found at least: no k here is theirs.
    few, many = torch.zeros(3, 12), torch.zeros(3, 12)
    few[:, 4], many[:, :7] = 1, 1
    logits = torch.randperm(36, generator=generator).view(3, 12).float()
    nothing = torch.zeros(3, 12)
    nothing[:, 11] = 2
    return [
        by_hand,
        _exam(5, 11, 4, generator),
        _exam(4, 10, 3, generator, shift=-30.0),  # log-shares: every score is below 0
        _exam(3, 8, 4, generator, size=900.0, shift=-3000.0),
        _exam(1, 7, 2, generator),
        (logits, few, nothing, 6),
        (logits, many, nothing, 5),
        (*(part.double() for part in double[:3]), double[3]),
        # Rows and columns may lie in memory in any order.
        tuple(part.T.contiguous().T if isinstance(part, Tensor) else part for part in double),
    ]


def _offered(scores: Tensor, seen: Tensor) -> Tensor:
    return scores.masked_fill(seen > 0, -torch.inf)


def _found(offered: Tensor, held_out: Tensor, k: int) -> Tensor:
    return held_out.gather(1, offered.topk(k, dim=1).indices).sum(1)


def _possible(held_out: Tensor, k: int) -> Tensor:
    return held_out.sum(1).clamp(max=k)


def _ranked_by(order: Callable[[Tensor, Tensor], Tensor], message: str) -> Mistake:
    """A mistake in what is ranked: the share is the right one of another ranking."""
    return Mistake(
        lambda scores, held_out, seen, k: (
            _found(order(scores, seen), held_out, k) / _possible(held_out, k)
        ),
        message,
    )


def _divided_by(possible: Callable[[Tensor, int], Tensor], message: str) -> Mistake:
    """A mistake in what the number found is divided by."""
    return Mistake(
        lambda scores, held_out, seen, k: (
            _found(_offered(scores, seen), held_out, k) / possible(held_out, k)
        ),
        message,
    )


def _recall(scores: Tensor, held_out: Tensor, seen: Tensor, k: int) -> Tensor:
    return _found(_offered(scores, seen), held_out, k) / _possible(held_out, k)


def _order_for_place(scores: Tensor, held_out: Tensor, seen: Tensor, k: int) -> Tensor:
    order = _offered(scores, seen).argsort(dim=1, descending=True)
    return ((order < k) * held_out).sum(1) / _possible(held_out, k)


def _one_place_short(scores: Tensor, held_out: Tensor, seen: Tensor, k: int) -> Tensor:
    offered = _offered(scores, seen)
    last = offered.topk(k, dim=1).values[:, -1:]
    return ((offered > last) * held_out).sum(1) / _possible(held_out, k)


RANKINGS = [
    _ranked_by(
        lambda scores, seen: scores,
        "What was seen takes up places: it was left in, or taken out only after the first k were "
        "chosen. Give it `-torch.inf` before you rank.",
    ),
    _ranked_by(
        lambda scores, seen: _offered(-scores, seen),
        "You recommend the *lowest* scores first. `topk` takes the highest; `argsort` wants "
        "`descending=True`.",
    ),
    _ranked_by(
        lambda scores, seen: scores * (seen == 0),
        "You give what was seen the score 0. Where all scores are below 0, as logarithms of shares "
        "are, 0 is the *best* of all: `-torch.inf` is below everything.",
    ),
    _ranked_by(
        lambda scores, seen: scores - seen,
        "You subtract the counts from the scores, which moves what was seen down a little, and "
        "not out. `masked_fill(seen > 0, -torch.inf)` takes it out.",
    ),
    _ranked_by(
        lambda scores, seen: scores.masked_fill(seen == 1, -torch.inf),
        "You take out what was seen exactly once. `seen` counts: ask `seen > 0`.",
    ),
    _ranked_by(
        lambda scores, seen: scores.masked_fill(seen > 1, -torch.inf),
        "What was seen exactly once stays in. `seen` counts from 0: ask `seen > 0`.",
    ),
    _ranked_by(
        lambda scores, seen: scores.masked_fill(seen == 0, -torch.inf),
        "You recommend only what was seen already: this is the wrong way round.",
    ),
    _ranked_by(
        lambda scores, seen: scores.masked_fill(seen > 0, -100.0),
        "You give what was seen a low score, and some scores are lower still. `-torch.inf` is "
        "below every number.",
    ),
]

DIVISORS = [
    _divided_by(
        lambda held_out, k: held_out.sum(1),
        "You divide by all that was held out. Whoever has ten songs to be found can then not "
        "reach 1 with k = 5: divide by the smaller of k and their number.",
    ),
    _divided_by(
        lambda held_out, k: torch.full_like(held_out[:, 0], k),
        "You divide by k. That is the *precision*: whoever has one song to be found could reach "
        "1/k at most. Divide by the smaller of k and the number held out.",
    ),
    _divided_by(
        lambda held_out, k: held_out.sum(1).clamp(min=k),
        "You divide by the *larger* of k and the number held out. The smaller is meant: "
        "`clamp(max=k)`, which is the minimum.",
    ),
    _divided_by(
        lambda held_out, k: torch.ones_like(held_out[:, 0]),
        "This is the number found. Divide it by the largest number possible, so that 1 is best.",
    ),
    _divided_by(
        lambda held_out, k: held_out.sum().clamp(max=k),
        "The number held out is summed over all users. Each has a divisor of their own: `dim=1`.",
    ),
    _divided_by(
        lambda held_out, k: torch.full_like(held_out[:, 0], held_out.shape[1]),
        "You took the mean over all items. Most of them are not wanted: divide by the smaller of "
        "k and the number held out.",
    ),
]

OTHERS = [
    Mistake(
        _order_for_place,
        "`argsort` says which item stands at each place, and you read it as the place of each "
        "item. Keep its first k columns and look up `held_out` there: `held_out.gather(1, first)`.",
    ),
    Mistake(
        _one_place_short,
        "Only k - 1 items are recommended: the one whose score is the k-th highest belongs to "
        "them, so `>=`.",
    ),
    Mistake(
        lambda scores, held_out, seen, k: (_found(_offered(scores, seen), held_out, k) > 0).to(
            scores.dtype
        ),
        "This is the *hit rate*: 1 if anything was found at all. How much of what could be found?",
    ),
    Mistake(
        lambda scores, held_out, seen, k: _recall(scores, held_out, seen, k).mean(),
        "You took the mean over the users. One number for each, please: the lesson compares two "
        "methods user by user.",
    ),
    Mistake(
        lambda scores, held_out, seen, k: (
            _found(_offered(scores, seen), held_out, k).sum() / _possible(held_out, k).sum()
        ),
        "You counted the hits of all users together. One number for each, please: sum over "
        "`dim=1`.",
    ),
]

exercise = Exercise(
    solution=recall_at_k,
    place=1,
    difficulty=2,
    minutes=10,
    success=(
        "You now have the judge of this lesson. It asks for what was hidden, and never for what "
        "was shown."
    ),
    hints=(
        "Three steps: take out what the user has, find the first k, count how many of them were "
        "held out. Which score is so low that nothing stands below it?",
        "`scores.masked_fill(seen > 0, -torch.inf)` leaves `scores` itself as it was; "
        "`.topk(k, dim=1).indices` are the items at the first k places, one row for each user.",
        "`held_out.gather(1, first)` is 1 where one of the first k was held out. The divisor is "
        "`held_out.sum(dim=1).clamp(max=k)`: at most k.",
    ),
    stages=Comparison(
        probes=_probes,
        shape="(users,): one number for each user",
        advice=(
            "Do the first user by hand: cross out what was seen, number the other items from the "
            "highest score down, and see which of the first k were held out."
        ),
        mistakes=[*RANKINGS, *DIVISORS, *OTHERS],
    ).stages,
)
