"""Where an answer's chance comes from: the generator that it was handed, and nowhere else.

And whether what it drew may be normal noise.
"""

import contextlib
import math
import random
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from course_utils.exercises.checking.answer import Wrong, generator_at
from course_utils.exercises.checking.expect import STANDARD_ERRORS


def expect_generator_used(
    draw: Callable[[torch.Generator], Tensor], by: str = "torch.randn(..., generator=generator)"
) -> None:
    """Raise `Wrong` unless all randomness of a draw comes from the generator handed to it.

    Args:
        by: the call to which the learner should pass it on.
    """
    pass_on = f"Pass it on to what draws: `{by}`."
    generator = generator_at(1)
    first, next_one = draw(generator), draw(generator)
    again, other = draw(generator_at(1)), draw(generator_at(2))
    if torch.equal(first, next_one) and torch.equal(first, other):
        raise Wrong(
            "Every call returns the same draw, whatever generator it is given: a seed is set "
            f"inside. Leave seeds to whoever calls. {pass_on}"
        )
    if torch.equal(first, next_one):
        raise Wrong(
            "Two calls in a row with one generator return the same draw: you seed or copy it. Use "
            "it as it is, so that it moves on."
        )
    if not torch.equal(first, again):
        raise Wrong(
            "Two generators in the same state gave different draws, so some of your chance does "
            f"not come from `generator`. {pass_on}"
        )
    with expect_chance_left_alone(
        "You were handed a generator, and yet your function",
        f"Draw from the generator alone, and leave out `manual_seed`. {pass_on}",
    ):
        draw(generator)


@contextlib.contextmanager
def expect_chance_left_alone(what: str, advice: str) -> Iterator[None]:
    """Raise `Wrong` if what runs inside seeds a random stream of the whole program, or draws.

    Args:
        what: the learner's code, as a message calls it.
        advice: where its random numbers should come from.
    """
    torch.rand(1)  # away from the beginning, where seeding alike would not show
    np.random.rand()
    random.seed(random.random())
    random.random()
    before = _streams()
    yield
    for name, state in _streams().items():
        if state != before[name]:
            raise Wrong(
                f"{what} seeds the random numbers of the whole program, or draws from them: "
                f"{name} is no longer where it was, and whatever else is drawn comes out "
                f"differently. {advice}"
            )


def _streams() -> dict[str, object]:
    """Where each global source of random numbers stands.

    Of Python's own not the place, only the hundreds of numbers that come next, which seeding
    changes: libraries draw from it, such as those that check types.
    """
    kind, keys, *rest = np.random.get_state()
    return {
        "torch's global stream": torch.get_rng_state().tolist(),
        "NumPy's global stream": (kind, keys.tolist(), *rest),
        "Python's own `random`": random.getstate()[1][:-1],
    }


def is_standard_normal(noise: Tensor) -> bool:
    """Whether the numbers may be independent draws from N(0, 1)."""
    ordered = noise.flatten().double().sort().values
    n = len(ordered)
    if not ordered.isfinite().all():
        return False
    below = torch.special.ndtr(ordered)
    steps = torch.arange(n + 1) / n
    gap = max((below - steps[:-1]).abs().max(), (below - steps[1:]).abs().max())
    return bool(
        ordered.mean().abs() < STANDARD_ERRORS / math.sqrt(n)
        and (ordered.var() - 1).abs() < STANDARD_ERRORS * math.sqrt(2 / n)
        # Kolmogorov's bound: a larger gap has the chance of an error of six standard errors.
        and gap < 3.25 / math.sqrt(n)
    )
