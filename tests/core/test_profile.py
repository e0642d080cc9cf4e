from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.profile import Curve
from tests.core.examples import environment, perf_profile


@st.composite
def rising_curves(draw: st.DrawFn) -> Curve:
    """Levels from 0 to 1 with values that rise strictly."""
    steps = draw(st.lists(st.floats(0.01, 10), min_size=2, max_size=12))
    values = [sum(steps[: index + 1]) for index in range(len(steps))]
    last = len(values) - 1
    return Curve(levels=tuple(i / last for i in range(last + 1)), values=tuple(values))


@settings(max_examples=100, deadline=None)
@given(rising_curves(), st.floats(0, 1))
def test_level_of_undoes_at(curve: Curve, level: float) -> None:
    assert curve.level_of(curve.at(level)) == pytest.approx(level, abs=1e-6)


@settings(max_examples=100, deadline=None)
@given(rising_curves())
def test_a_curve_meets_its_own_points(curve: Curve) -> None:
    for level, value in zip(curve.levels, curve.values, strict=True):
        assert curve.at(level) == pytest.approx(value)


@settings(max_examples=100, deadline=None)
@given(rising_curves(), st.floats(0, 1), st.floats(0, 1))
def test_a_rising_curve_rises_between_its_points(curve: Curve, one: float, other: float) -> None:
    assert curve.at(min(one, other)) <= curve.at(max(one, other)) + 1e-12


def test_outside_a_curve_the_nearest_end_counts() -> None:
    curve = Curve(levels=(0.25, 0.75), values=(1.0, 5.0))

    assert (curve.at(0.0), curve.at(0.5), curve.at(1.0)) == (1.0, 3.0, 5.0)
    assert (curve.level_of(0.0), curve.level_of(9.0)) == (0.25, 0.75)


def test_a_flat_stretch_is_reached_where_it_begins() -> None:
    curve = Curve(levels=(0.0, 0.25, 0.75, 1.0), values=(0.0, 1.0, 1.0, 2.0))

    assert curve.level_of(1.0) == 0.25
    assert curve.level_of(1.5) == 0.875


def test_environments_say_in_words_how_they_differ() -> None:
    here = environment()

    assert here.differences(environment()) == ()
    assert here.differences(environment(threads=4, engine_version="1.20.0")) == (
        "threads 1 and 4",
        "engine_version 1.32.0 and 1.20.0",
    )


def test_what_no_row_explains_is_the_remainder_of_the_fastest_run() -> None:
    profile = perf_profile()

    assert profile.measured_ms == 7.5
    assert profile.not_attributed_ms == 2.5
    assert [profile.layer_ms(name) for name in ("a", "b", "c")] == [6.0, None, None]
