from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.channels.groups import ChannelGroup, ChannelMap, GroupId
from sparsify_tui.core.channels.points import (
    LEAST_SPEED,
    even_speeds,
    middle_of_gap,
    nearest_speeds,
    uniform_widths,
)
from sparsify_tui.core.channels.sweep import Widths

few = settings(max_examples=40, deadline=None)


def at(ms: float) -> Widths:
    return Widths(kept=((GroupId("a"), round(ms * 1000)),), predicted_ms=ms, loss=10 - ms)


CHOICES = tuple(at(ms) for ms in (10.0, 8.0, 6.0, 5.0, 4.0, 2.0))


def test_speeds_are_spread_evenly_up_to_the_fastest():
    speeds = even_speeds(CHOICES, 10.0, 3)
    assert speeds[0] == LEAST_SPEED
    assert speeds[-1] == 5.0
    assert speeds[1] / speeds[0] == speeds[2] / speeds[1]


def test_a_model_that_hardly_gets_faster_has_one_speed():
    assert even_speeds((at(10.0), at(9.8)), 10.0, 5) == (10.0 / 9.8,)


@few
@given(speeds=st.lists(st.floats(1.0, 9.0), max_size=6))
def test_picked_points_are_faster_than_the_original_and_distinct(speeds):
    picked = nearest_speeds(CHOICES, 10.0, speeds)
    assert len(set(picked)) == len(picked) <= len(speeds)
    assert all(one.predicted_ms < 10.0 for one in picked)


def test_the_nearest_choice_to_a_speed_is_picked():
    assert nearest_speeds(CHOICES, 10.0, (2.0, 100.0)) == (at(5.0), at(2.0))
    assert nearest_speeds((at(10.0),), 10.0, (2.0,)) == ()


@few
@given(marks=st.lists(st.sampled_from(("good", "bad", "")), min_size=6, max_size=6))
def test_what_closes_a_gap_is_new_and_between_good_and_bad(marks):
    named = {
        kind: {one for one, mark in zip(CHOICES, marks, strict=True) if mark == kind}
        for kind in ("good", "bad")
    }
    found = middle_of_gap(CHOICES, named["good"], named["bad"])
    if found is not None:
        assert found not in named["good"] | named["bad"]
        assert all(found.predicted_ms < one.predicted_ms for one in named["good"])
        assert any(found.predicted_ms > one.predicted_ms for one in named["bad"])


def test_a_gap_is_halved_by_predicted_time():
    assert middle_of_gap(CHOICES, {at(10.0)}, {at(2.0)}) == at(4.0)
    assert middle_of_gap(CHOICES, {at(10.0), at(4.0)}, {at(2.0)}) is None
    assert middle_of_gap(CHOICES, {at(10.0)}, set()) is None
    assert middle_of_gap(CHOICES, set(), {at(2.0)}) == at(4.0)


def test_uniform_widths_leave_locked_groups_alone():
    groups = tuple(
        ChannelGroup(id=GroupId(name), kind="channel", size=64, step=16, producers=(), consumers=())
        for name in "ab"
    )
    found = uniform_widths(
        ChannelMap(groups=groups), 0.5, {GroupId("b"): 48}, lambda kept: float(sum(kept.values()))
    )
    assert dict(found.kept) == {"a": 32, "b": 48}
    assert found.predicted_ms == 80.0
