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
