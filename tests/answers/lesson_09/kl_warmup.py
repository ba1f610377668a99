"""Answers to `kl_warmup`, lesson 09, as learners write them."""

import math
from fractions import Fraction

import numpy as np
import torch

# --- right ----------------------------------------------------------------------------------------


def warmup_min(step, warmup_steps):
    return min(1.0, step / warmup_steps) if warmup_steps else 1.0


def warmup_branches(step, warmup_steps):
    if warmup_steps == 0 or step >= warmup_steps:
        return 1
    return step / warmup_steps


def warmup_clip(step, warmup_steps):
    if warmup_steps <= 0:
        return 1.0
    return np.clip(step / warmup_steps, 0, 1)


def warmup_interp(step, warmup_steps):
    if warmup_steps == 0:
        return 1.0
    return float(np.interp(step, [0, warmup_steps], [0.0, 1.0]))


def warmup_linspace(step, warmup_steps):
    weights = torch.linspace(0, 1, warmup_steps + 1) if warmup_steps else torch.ones(1)
    return weights[min(step, warmup_steps)].item()


def warmup_fraction(step, warmup_steps):
    return float(min(Fraction(1), Fraction(step, warmup_steps))) if warmup_steps else 1.0


def warmup_what_is_left(step, warmup_steps):
    return 1 - max(0, warmup_steps - step) / max(warmup_steps, 1)


def warmup_try(step, warmup_steps):
    try:
        return min(step / warmup_steps, 1.0)
    except ZeroDivisionError:
        return 1.0


# --- wrong ----------------------------------------------------------------------------------------


def warmup_not_clipped(step, warmup_steps):
    if warmup_steps == 0:
        return 1.0
    return step / warmup_steps


def warmup_bare(step, warmup_steps):
    return step / warmup_steps


def warmup_whole_division(step, warmup_steps):
    return min(1.0, step // warmup_steps) if warmup_steps else 1.0


def warmup_inverted(step, warmup_steps):
    return max(0.0, 1 - step / warmup_steps) if warmup_steps else 1.0


def warmup_one_ahead(step, warmup_steps):
    return min(1.0, (step + 1) / warmup_steps) if warmup_steps else 1.0


def warmup_one_behind(step, warmup_steps):
    return min(1.0, max(step - 1, 0) / warmup_steps) if warmup_steps else 1.0


def warmup_too_early(step, warmup_steps):
    return min(1.0, step / (warmup_steps - 1)) if warmup_steps > 1 else float(step >= warmup_steps)


def warmup_too_late(step, warmup_steps):
    return min(1.0, step / (warmup_steps + 1)) if warmup_steps else 1.0


def warmup_max(step, warmup_steps):
    return max(1.0, step / warmup_steps) if warmup_steps else 1.0


def warmup_upside_down(step, warmup_steps):
    return min(1.0, warmup_steps / step) if step and warmup_steps else 1.0


def warmup_cyclical(step, warmup_steps):
    return step % warmup_steps / warmup_steps if warmup_steps else 1.0


def warmup_ends_in_nothing(step, warmup_steps):
    return step / warmup_steps if step < warmup_steps else 0.0


def warmup_then_nothing(step, warmup_steps):
    if warmup_steps == 0:
        return 1.0
    return step / warmup_steps if step < warmup_steps else 0.0


def warmup_percent(step, warmup_steps):
    return min(100.0, 100 * step / warmup_steps) if warmup_steps else 1.0


def warmup_cosine(step, warmup_steps):
    if step >= warmup_steps:
        return 1.0
    return 0.5 - 0.5 * math.cos(math.pi * step / warmup_steps)


def warmup_sigmoid(step, warmup_steps):
    done = min(1.0, step / warmup_steps) if warmup_steps else 1.0
    return 1 / (1 + math.exp(6 - 12 * done))


def warmup_square(step, warmup_steps):
    return min(1.0, step / warmup_steps) ** 2 if warmup_steps else 1.0


def warmup_nothing_is_zero(step, warmup_steps):
    if warmup_steps == 0:
        return 0.0
    return min(1.0, step / warmup_steps)


def warmup_tiny_divisor(step, warmup_steps):
    return min(1.0, step / (warmup_steps + 1e-8))


def warmup_divides_by_zero(step, warmup_steps):
    return min(1.0, step / warmup_steps)


def warmup_tensor(step, warmup_steps):
    return torch.tensor(step / max(warmup_steps, 1)).clamp(0, 1)


def warmup_text(step, warmup_steps):
    return f"{min(1.0, step / max(warmup_steps, 1)):.2f}"


def warmup_prints(step, warmup_steps):
    print(min(1.0, step / max(warmup_steps, 1)))


def warmup_rounded(step, warmup_steps):
    """No known mistake: the generic message has to do."""
    return round(min(1.0, step / max(warmup_steps, 1)) * 7) / 7


# --- accepted, and rejected with these words ------------------------------------------------------


def warmup_summed(step, warmup_steps):
    """Step by step; the sum of ten tenths is a hair below 1."""
    if warmup_steps == 0:
        return 1.0
    return sum([1 / warmup_steps] * min(step, warmup_steps))


def warmup_floored(step, warmup_steps):
    return max(min(1.0, step / warmup_steps), 1e-4) if warmup_steps else 1.0


def warmup_nearly_all(step, warmup_steps):
    return min(0.99999, step / warmup_steps) if warmup_steps else 1.0


def warmup_one_step_is_none(step, warmup_steps):
    if warmup_steps <= 1:
        return 1.0
    return min(1.0, step / warmup_steps)


def warmup_rises_again(step, warmup_steps):
    return min(1.0, step % (4 * warmup_steps) / warmup_steps) if warmup_steps else 1.0


def warmup_quarter_of_a_cosine(step, warmup_steps):
    done = min(step, warmup_steps) / warmup_steps if warmup_steps else 1.0
    return 1 - math.cos(done * math.pi / 2)


def warmup_stairs(step, warmup_steps):
    return min(5, 5 * step // warmup_steps) / 5 if warmup_steps else 1.0


def warmup_late(step, warmup_steps):
    done = step / warmup_steps if warmup_steps else 1.0
    return min(1.0, max(0.0, 2 * (done - 0.5)))


def warmup_half_as_long(step, warmup_steps):
    return min(1.0, 2 * step / warmup_steps) if warmup_steps else 1.0


def warmup_at_once(step, warmup_steps):
    return 0.0 if step == 0 and warmup_steps else 1.0


def warmup_not_above(step, warmup_steps):
    if step > warmup_steps:
        return 1.0
    return step / warmup_steps


def warmup_in_waves(step, warmup_steps):
    if warmup_steps == 0:
        return 1.0
    return min(1.0, step % (3 * warmup_steps) / warmup_steps)


def warmup_in_long_waves(step, warmup_steps):
    if warmup_steps == 0:
        return 1.0
    return min(1.0, step % (8 * warmup_steps) / warmup_steps)


def warmup_a_hair_below(step, warmup_steps):
    return min(1 - 1e-7, step / warmup_steps) if warmup_steps else 1.0


RIGHT = [
    warmup_min,
    warmup_branches,
    warmup_clip,
    warmup_interp,
    warmup_linspace,
    warmup_fraction,
    warmup_what_is_left,
    warmup_try,
    warmup_summed,
]

WRONG = {
    warmup_not_clipped: "goes on growing after the warm-up. It",
    warmup_bare: "goes on growing after the warm-up, beyond 1; and",
    warmup_whole_division: "divide with `//`",
    warmup_inverted: "falls from 1 to 0",
    warmup_one_ahead: "one step ahead",
    warmup_one_behind: "one step behind",
    warmup_too_early: "one step too early",
    warmup_too_late: "one step too late",
    warmup_max: "`max` where `min`",
    warmup_upside_down: "upside down",
    warmup_cyclical: "cyclical schedule",
    warmup_ends_in_nothing: "with no warm-up too",
    warmup_then_nothing: "and the KL no longer counts",
    warmup_percent: "a percentage",
    warmup_cosine: "half a cosine",
    warmup_sigmoid: "along a sigmoid",
    warmup_square: "the square of the share",
    warmup_nothing_is_zero: "you return 0, so the KL",
    warmup_tiny_divisor: "0 divided by anything is 0",
    warmup_divides_by_zero: "divides by zero",
    warmup_tensor: "a tensor of shape ()",
    warmup_text: "a str",
    warmup_prints: "`None`",
    warmup_floored: "your weight is 0.0001; it should be 0 exactly",
    warmup_nearly_all: "your weight is 0.99999; it should be 1 exactly",
    warmup_one_step_is_none: "A warm-up of 1 step begins at 0 as well",
    warmup_rises_again: "falls back to 0 again and again",
    warmup_quarter_of_a_cosine: "a quarter of a cosine",
    warmup_stairs: "in five stairs",
    warmup_late: "0 for half of the warm-up",
    warmup_half_as_long: "1 after half of the warm-up",
    warmup_at_once: "1 from the first step on",
    warmup_not_above: "which is not *above* 0",
    warmup_rounded: "Try a warm-up of 4 steps by hand",
    warmup_in_waves: "at step 30 your weight is down to 0",
    warmup_in_long_waves: "at step 80 your weight is down to 0",
    warmup_a_hair_below: "your weight is 0.9999999; it should be 1 exactly",
}
