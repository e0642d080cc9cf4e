from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.tui.widgets.axis import Axis, axis_over, next_scale, round_down, round_step

VALUES = st.lists(st.floats(0, 1e9, allow_subnormal=False), min_size=1, max_size=20)
SCALES = st.sampled_from(["linear", "sqrt", "log"])


@settings(max_examples=60, deadline=None)
@given(VALUES, SCALES, st.integers(1, 12))
def test_ticks_rise_within_the_axis_and_are_few(values, scale, most):
    axis = axis_over(values, scale, from_zero=True)
    ticks = axis.ticks(most)
    slack = 1e-6 * (axis.high - axis.low)
    assert list(ticks) == sorted(set(ticks))
    assert all(axis.low - slack <= tick <= axis.high + slack for tick in ticks)
    assert len(ticks) <= most + 2


@settings(max_examples=60, deadline=None)
@given(VALUES, SCALES)
def test_a_larger_value_never_lies_lower(values, scale):
    axis = axis_over(values, scale, from_zero=True)
    fractions = [axis.fraction(value) for value in sorted(values)]
    assert fractions == sorted(fractions)
    assert all(0 <= fraction <= 1 for fraction in fractions)


@pytest.mark.parametrize(
    ("axis", "most", "expected"),
    [
        (Axis(low=0, high=1), 5, (0, 0.2, 0.4, 0.6, 0.8, 1.0)),
        (Axis(low=0, high=106), 5, (0, 25, 50, 75, 100)),
        (Axis(low=3.1, high=4.9), 4, (3.5, 4.0, 4.5)),
        (Axis(low=0, high=0.4, scale="sqrt"), 2, (0, 0.1, 0.2)),
        (Axis(low=100, high=2e6, scale="log"), 9, (1e2, 1e3, 1e4, 1e5, 1e6)),
        (Axis(low=100, high=2e6, scale="log"), 3, (1e2, 1e4, 1e6)),
    ],
)
def test_ticks_are_round_numbers(axis, most, expected):
    assert axis.ticks(most) == pytest.approx(expected)


def test_an_axis_holds_what_is_finite_and_is_never_flat():
    assert axis_over([math.nan, math.inf, 2.0], from_zero=True) == Axis(low=0.0, high=2.0)
    assert axis_over([3.0, 3.0], from_zero=False) == Axis(low=3.0, high=6.0)
    assert axis_over([], from_zero=False) == Axis(low=0.0, high=1.0)
    assert axis_over([0.0], "log", from_zero=True) == Axis(low=0.1, high=1.0, scale="log")
    assert axis_over([5.0, 0.0], "log", from_zero=True) == Axis(low=1.0, high=5.0, scale="log")


def test_a_square_root_axis_puts_a_quarter_at_the_half():
    assert Axis(low=0, high=1, scale="sqrt").fraction(0.25) == pytest.approx(0.5)
    assert Axis(low=1, high=100, scale="log").fraction(10) == pytest.approx(0.5)
    assert Axis(low=1, high=100, scale="log").fraction(0) == 0


def test_steps_are_round():
    assert [round_step(x) for x in (0.3, 1.0, 2.1, 26, 0)] == pytest.approx([0.5, 1, 2.5, 50, 1])
    assert [round_down(x) for x in (0.3, 1.0, 2.1, 60, 0)] == pytest.approx([0.2, 1, 2, 50, 0])


@pytest.mark.parametrize("scale", ["linear", "sqrt", "log"])
@settings(max_examples=40, deadline=None)
@given(st.floats(0, 1))
def test_the_value_at_a_fraction_lies_at_that_fraction(scale, fraction):
    axis = Axis(low=0.5, high=80.0, scale=scale)
    assert axis.fraction(axis.value_at(fraction)) == pytest.approx(fraction, abs=1e-9)


def test_a_log_axis_within_a_decade_or_two_has_ticks_between():
    assert Axis(low=10.0, high=91.0, scale="log").ticks(6) == (10.0, 20.0, 50.0)
    assert Axis(low=10.0, high=91.0, scale="log").ticks(2) == (10.0,)


def test_the_scales_follow_each_other_round():
    seen = ["sqrt"]
    for _ in range(3):
        seen.append(next_scale(seen[-1]))
    assert seen == ["sqrt", "linear", "log", "sqrt"]
