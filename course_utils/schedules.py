"""Schedules: how a number changes while a model trains. Pure functions of progress.

Progress is the fraction of training done: 0 at the first step, approaching 1 at the last.
"""

import math
from collections.abc import Callable

Schedule = Callable[[float], float]


def cosine_decay(start: float, end: float = 0.0) -> Schedule:
    """From start to end along half a cosine: slow, fast, slow. Made for learning rates.

    Loshchilov & Hutter, "SGDR", 2017, equation 5, without restarts.

    >>> lr = cosine_decay(1e-3)
    >>> [round(lr(progress), 6) for progress in (0.0, 0.5, 1.0)]
    [0.001, 0.0005, 0.0]
    """
    return lambda progress: end + 0.5 * (start - end) * (1 + math.cos(math.pi * progress))


def linear_warmup(fraction: float, end: float = 1.0) -> Schedule:
    """From 0 to end along a straight line, during the first `fraction` of training; then end.

    Made for the weight of the KL term: Bowman et al., "Generating Sentences from a Continuous
    Space", 2016, section 3.1; Sønderby et al., "Ladder Variational Autoencoders", 2016.

    Raises:
        ValueError: if fraction is not in (0, 1].

    >>> beta = linear_warmup(0.5)
    >>> [beta(progress) for progress in (0.0, 0.25, 0.5, 1.0)]
    [0.0, 0.5, 1.0, 1.0]
    """
    if not 0 < fraction <= 1:
        raise ValueError(f"fraction is {fraction:g}; expected more than 0 and at most 1")
    return lambda progress: end * min(1.0, progress / fraction)


def cyclical(cycles: int, end: float = 1.0, rising: float = 0.5) -> Schedule:
    """From 0 to end again and again: in each cycle a rise along a straight line, then a rest.

    Fu et al., "Cyclical Annealing Schedule: A Simple Approach to Mitigating KL Vanishing", 2019,
    equations 6 and 7.

    Args:
        cycles: how many there are in the whole training.
        rising: the share of each cycle that it takes to reach end, in (0, 1].

    Raises:
        ValueError: if cycles is less than 1, or rising not in (0, 1].

    >>> beta = cyclical(2)
    >>> [beta(progress) for progress in (0.0, 0.125, 0.25, 0.5, 0.75, 1.0)]
    [0.0, 0.5, 1.0, 0.0, 1.0, 1.0]
    """
    if cycles < 1:
        raise ValueError(f"cycles is {cycles}; expected 1 or more")
    if not 0 < rising <= 1:
        raise ValueError(f"rising is {rising:g}; expected more than 0 and at most 1")

    def beta(progress: float) -> float:
        if progress >= 1:  # the last cycle ends; it does not begin anew
            return end
        return end * min(1.0, (progress * cycles % 1.0) / rising)

    return beta
