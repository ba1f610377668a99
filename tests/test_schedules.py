"""Schedules: ends, shape, purity."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils import cosine_decay


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


def test_it_is_a_pure_function_of_progress():
    lr = cosine_decay(1.0)
    there = [lr(i / 10) for i in range(11)]
    back = [lr(i / 10) for i in reversed(range(11))]
    assert there == back[::-1]
