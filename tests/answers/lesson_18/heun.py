"""Answers to `heun`, lesson 18, as learners write them."""

from itertools import pairwise

import torch

# --- right ----------------------------------------------------------------------------------------


def by_the_book(velocity, z0, steps):
    z, h = z0.clone(), 1.0 / steps
    for k in range(steps):
        t = torch.full((len(z), 1), k * h, dtype=z.dtype)
        v1 = velocity(z, t)
        v2 = velocity(z + h * v1, t + h)
        z += 0.5 * h * (v1 + v2)
    return z


def by_linspace(velocity, z0, steps):
    times = torch.linspace(0, 1, steps + 1, dtype=z0.dtype)
    for start, end in pairwise(times):
        now, then = (t.expand(len(z0), 1) for t in (start, end))
        slope = velocity(z0, now)
        trial = z0 + (end - start) * slope
        z0 = (z0 + trial + (end - start) * velocity(trial, then)) / 2
    return z0


def by_recursion(velocity, z0, steps):
    def go(z, k):
        if k == steps:
            return z
        t = torch.zeros_like(z[:, :1]) + k / steps
        v = velocity(z, t)
        w = velocity(z + v / steps, t + 1 / steps)
        return go(z + torch.stack([v, w]).mean(0) / steps, k + 1)

    return go(z0, 0)


def by_name(velocity, z0, steps):
    z, h = z0, 1 / steps
    for t in torch.arange(steps) * h:
        t = t.expand(len(z), 1)
        v = velocity(z, t=t)
        z = z + h / 2 * (v + velocity(t=t + h, z=z + h * v))
    return z


# --- wrong ----------------------------------------------------------------------------------------


def times(z, t):
    return torch.full((len(z), 1), t, dtype=z.dtype)


def euler(velocity, z0, steps):
    for k in range(steps):
        z0 = z0 + velocity(z0, times(z0, k / steps)) / steps
    return z0


def midpoint(velocity, z0, steps):
    h = 1 / steps
    for k in range(steps):
        half = z0 + h / 2 * velocity(z0, times(z0, k * h))
        z0 = z0 + h * velocity(half, times(z0, (k + 0.5) * h))
    return z0


def heun_with(velocity, z0, steps, first=0.0, second=1.0, h=None):
    z, d = z0, 1 / steps
    h = d if h is None else h
    for k in range(steps):
        v = velocity(z, times(z, (k + first) * d))
        w = velocity(z + h * v, times(z, (k + second) * d))
        z = z + h * (v + w) / 2
    return z


def second_at_the_old_time(velocity, z0, steps):
    return heun_with(velocity, z0, steps, second=0.0)


def late(velocity, z0, steps):
    return heun_with(velocity, z0, steps, first=1.0, second=2.0)


def rounds_for_times(velocity, z0, steps):
    z, h = z0, 1 / steps
    for k in range(steps):
        t = torch.full_like(z[:, :1], k)
        v = velocity(z, t)
        z = z + h * (v + velocity(z + h * v, t + h)) / 2
    return z


def rounds_for_both_times(velocity, z0, steps):
    return heun_with(lambda z, t: velocity(z, steps * t), z0, steps)


def second_at_the_old_place(velocity, z0, steps):
    for k in range(steps):
        v, w = (velocity(z0, times(z0, (k + i) / steps)) for i in (0, 1))
        z0 = z0 + (v + w) / 2 / steps
    return z0


def trial_of_a_whole_unit(velocity, z0, steps):
    for k in range(steps):
        v = velocity(z0, times(z0, k / steps))
        w = velocity(z0 + v, times(z0, (k + 1) / steps))
        z0 = z0 + (v + w) / 2 / steps
    return z0


def sum_of_both(velocity, z0, steps):
    for k in range(steps):
        v = velocity(z0, times(z0, k / steps))
        w = velocity(z0 + v / steps, times(z0, (k + 1) / steps))
        z0 = z0 + (v + w) / steps
    return z0


def length_forgotten(velocity, z0, steps):
    z, h = z0, 1 / steps
    for k in range(steps):
        here = velocity(z, times(z, k * h))
        z = z + (here + velocity(z + h * here, times(z, (k + 1) * h))) / 2
    return z


def second_alone(velocity, z0, steps):
    for k in range(steps):
        trial = z0 + velocity(z0, times(z0, k / steps)) / steps
        z0 = z0 + velocity(trial, times(z0, (k + 1) / steps)) / steps
    return z0


def trial_kept(velocity, z0, steps):
    z = z0
    for k in range(steps):
        v = velocity(z, times(z, k / steps))
        z = z + v / steps
        w = velocity(z, times(z, (k + 1) / steps))
        z = z + (v + w) / 2 / steps
    return z


def steps_of_one(velocity, z0, steps):
    z = z0
    for k in range(steps):
        t = times(z, k / steps)
        v = velocity(z, t)
        z = z + (v + velocity(z + v, t + 1)) / 2
    return z


def time_stands_still(velocity, z0, steps):
    z, t = z0, times(z0, 0.0)
    for _ in range(steps):
        v = velocity(z, t)
        z = z + (v + velocity(z + v / steps, t + 1 / steps)) / 2 / steps
    return z


def backwards(velocity, z0, steps):
    z, h = z0, 1 / steps
    for k in range(steps):
        t = times(z, 1 - k * h)
        v = velocity(z, t)
        z = z + h * (v + velocity(z + h * v, t + h)) / 2
    return z


def a_step_too_many(velocity, z0, steps):
    z, h = z0, 1 / steps
    for t in torch.linspace(0, 1, steps + 1).tolist():
        v = velocity(z, times(z, t))
        z = z + h * (v + velocity(z + h * v, times(z, t + h))) / 2
    return z


def a_step_missing(velocity, z0, steps):
    z, h = z0, 1 / steps
    for k in range(1, steps):
        v = velocity(z, times(z, (k - 1) * h))
        z = z + h * (v + velocity(z + h * v, times(z, k * h))) / 2
    return z


def against(velocity, z0, steps):
    return heun_with(lambda z, t: -velocity(z, t), z0, steps)


def plain_times(velocity, z0, steps):
    for k in range(steps):
        v = velocity(z0, k / steps)
        z0 = z0 + (v + velocity(z0 + v / steps, (k + 1) / steps)) / 2 / steps
    return z0


def times_in_a_row(velocity, z0, steps):
    for k in range(steps):
        v = velocity(z0, torch.full((len(z0),), k / steps))
        z0 = z0 + v / steps
    return z0


def in_place(velocity, z0, steps):
    for k in range(steps):
        v = velocity(z0, times(z0, k / steps))
        z0 += (v + velocity(z0 + v / steps, times(z0, (k + 1) / steps))) / 2 / steps
    return z0


def the_way(velocity, z0, steps):
    return torch.stack([z0, heun_with(velocity, z0, steps)])


def a_third_way(velocity, z0, steps):
    """No known mistake: the generic message has to do."""
    return heun_with(velocity, z0, steps, second=0.7)


RIGHT = [by_the_book, by_linspace, by_recursion, by_name]

WRONG = {
    euler: "This is Euler's method",
    midpoint: "This is the midpoint method",
    second_at_the_old_time: "The second look is at the old time",
    late: "those of the ends of the steps",
    rounds_for_times: "The times count the rounds",
    rounds_for_both_times: "Your times count the rounds",
    second_at_the_old_place: "The second look is at the old place",
    trial_of_a_whole_unit: "a whole unit of time and not a step",
    sum_of_both: "the sum of both velocities",
    length_forgotten: "by the length of a step",
    second_alone: "the second velocity alone",
    trial_kept: "The trial step is kept",
    steps_of_one: "The steps have length 1",
    time_stands_still: "The time stands still",
    backwards: "The times run backwards",
    a_step_too_many: "a step too many",
    a_step_missing: "A step is missing",
    against: "against the velocity",
    plain_times: "as plain numbers",
    times_in_a_row: "The times stand in a row",
    in_place: "changed its argument `z0`",
    the_way: "Too many axes",
    a_third_way: "Take one step by hand",
}
