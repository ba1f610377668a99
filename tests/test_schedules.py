"""Schedules: ends, shape, purity."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils import cosine_decay, cyclical, linear_warmup


@given(start=st.floats(1e-6, 10), end=st.floats(0, 10))
def test_the_ends_are_the_ends(start, end):
    lr = cosine_decay(start, end)
    assert lr(0.0) == pytest.approx(start, rel=1e-12)
    assert lr(1.0) == pytest.approx(end, rel=1e-12, abs=1e-15)
    assert lr(0.5) == pytest.approx((start + end) / 2, rel=1e-12)


@given(a=st.floats(0, 1), b=st.floats(0, 1))
def test_it_falls_and_stays_between_the_ends(a, b):
    lr = cosine_decay(1e-3, 1e-5)
    early, late = sorted((a, b))
    assert 1e-5 <= lr(late) <= lr(early) <= 1e-3 + 1e-18


def test_it_follows_equation_5_of_sgdr():
    lr = cosine_decay(0.4, 0.1)
    for t, total in ((1, 10), (3, 10), (9, 10)):
        expected = 0.1 + 0.5 * (0.4 - 0.1) * (1 + math.cos(math.pi * t / total))
        assert lr(t / total) == pytest.approx(expected, rel=1e-12)


def test_weights_rise_to_one_unless_told_otherwise():
    assert linear_warmup(0.5)(1.0) == cyclical(2)(1.0) == 1.0


def test_it_is_a_pure_function_of_progress():
    lr = cosine_decay(1.0)
    there = [lr(i / 10) for i in range(11)]
    back = [lr(i / 10) for i in reversed(range(11))]
    assert there == back[::-1]


# --- for the weight of the KL term: property 14 -------------------------------------------------

fractions = st.floats(0.01, 1)
ends = st.floats(0, 10)
every_schedule = pytest.mark.parametrize(
    "schedule",
    [linear_warmup(0.3), linear_warmup(1.0, end=4.0), cyclical(4), cyclical(3, 2.0, rising=1.0)],
)


@given(fraction=fractions, end=ends, progress=st.floats(0, 1))
def test_a_warm_up_is_a_straight_line_and_then_level(fraction, end, progress):
    beta = linear_warmup(fraction, end)
    assert beta(0.0) == 0 and beta(1.0) == end
    assert beta(fraction / 2) == pytest.approx(end / 2)
    expected = end * progress / fraction if progress < fraction else end
    assert beta(progress) == pytest.approx(expected, rel=1e-12)


@given(cycles=st.integers(1, 12), end=ends, rising=fractions, where=st.floats(0.001, 0.999))
def test_every_cycle_is_a_warm_up(cycles, end, rising, where):
    beta = cyclical(cycles, end, rising)
    assert beta(0.0) == 0 and beta(1.0) == end
    expected = linear_warmup(rising, end)(where)
    for cycle in range(cycles):  # rounding moves a place by 1e-15, which a steep rise magnifies
        assert beta((cycle + where) / cycles) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("cycles", [1, 2, 4, 7])
@pytest.mark.parametrize("rising", [0.25, 0.5, 1.0])
def test_there_are_as_many_ramps_as_were_asked_for(cycles, rising):
    beta = cyclical(cycles, rising=rising)
    steps = [beta((step + 0.5) / 1000) for step in range(1000)]
    falls = sum(after < before for before, after in pairwise(steps))
    assert falls == cycles - 1
    assert sum(value < 1 for value in steps) == pytest.approx(1000 * rising, abs=cycles)


def test_one_cycle_is_a_warm_up():
    for progress in (0.0, 0.1, 0.37, 0.5, 0.9, 1.0):
        assert cyclical(1, 3.0, rising=0.4)(progress) == linear_warmup(0.4, 3.0)(progress)


@every_schedule
def test_a_schedule_of_beta_is_a_pure_function_of_progress(schedule):
    there = [schedule(i / 40) for i in range(41)]
    assert there == [schedule(i / 40) for i in reversed(range(41))][::-1]
    assert min(there) == 0


@pytest.mark.parametrize("fraction", [0.0, -0.5, 1.5, math.nan])
def test_a_fraction_is_a_fraction(fraction):
    message = f"is {fraction:g}; expected more than 0 and at most 1"
    with pytest.raises(ValueError, match=f"fraction {message}"):
        linear_warmup(fraction)
    with pytest.raises(ValueError, match=f"rising {message}"):
        cyclical(2, rising=fraction)


@pytest.mark.parametrize("cycles", [0, -1])
def test_there_is_at_least_one_cycle(cycles):
    with pytest.raises(ValueError, match=f"cycles is {cycles}; expected 1 or more"):
        cyclical(cycles)
