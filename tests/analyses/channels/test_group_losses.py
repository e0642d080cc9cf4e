from __future__ import annotations

from collections.abc import Collection, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from sparsify_tui.analyses.channels import group_losses
from sparsify_tui.analyses.channels.group_losses import MeasuredLosses, measure_group_losses
from sparsify_tui.core.channels.groups import ChannelGroup, ChannelMap, GroupId
from tests.analyses.fakes import watched

NAMES = tuple(map(GroupId, "ab"))
SIZE = 64
ORDERS = {name: tuple(range(SIZE)) for name in NAMES}


class SlowChannels:
    """Every cut takes a second of a clock that nothing else moves."""

    map = ChannelMap(
        groups=tuple(
            ChannelGroup(id=name, kind="channel", size=SIZE, step=16, producers=(), consumers=())
            for name in NAMES
        )
    )

    def __init__(self) -> None:
        self.now = 0.0
        self.cuts: list[tuple[GroupId, int]] = []

    def monotonic(self) -> float:
        return self.now

    def narrowed(self, removed: Mapping[GroupId, Collection[int]], **_: Any) -> Any:
        ((name, units),) = removed.items()
        self.now += 1.0
        self.cuts.append((name, SIZE - len(units)))
        return SimpleNamespace(error=len(units) / SIZE)


@pytest.fixture
def channels(monkeypatch: pytest.MonkeyPatch) -> SlowChannels:
    slow = SlowChannels()
    monkeypatch.setattr(group_losses, "time", slow)
    return slow


def measured(channels: SlowChannels, seconds: float, **locked: int) -> MeasuredLosses:
    return watched(
        measure_group_losses(
            channels,  # type: ignore[arg-type]
            ORDERS,
            {GroupId(name): kept for name, kept in locked.items()},
            repair="auto",
            seconds=seconds,
            later_s=5.0,
        )
    )[1]


def test_all_groups_are_measured_at_half_before_any_at_another_width(channels):
    measured(channels, 100.0)
    a, b = NAMES
    assert channels.cuts == [(a, 32), (b, 32), (a, 48), (b, 48), (a, 16), (b, 16)]


def test_no_measurement_is_begun_that_would_end_too_late(channels):
    found = measured(channels, 3.5)
    assert len(channels.cuts) == 3
    assert found.cut_s == 1.0


def test_one_measurement_is_made_however_little_time_there_is(channels):
    assert measured(channels, 0.0).by_group == {NAMES[0]: {32: 0.5}}


def test_what_was_not_measured_is_taken_to_be_usual(channels):
    found = measured(channels, 0.0)
    group = channels.map.groups[1]
    assert found.widths(group, {}).losses == pytest.approx((0.0, 0.125, 0.5, 1.125))


def test_a_locked_group_is_not_measured_and_has_one_width(channels):
    found = measured(channels, 100.0, a=48)
    assert {name for name, _ in channels.cuts} == {NAMES[1]}
    assert found.widths(channels.map.groups[0], {NAMES[0]: 48}).kept == (48,)


def test_the_time_left_counts_what_follows(channels):
    seen, _ = watched(
        measure_group_losses(
            channels,  # type: ignore[arg-type]
            ORDERS,
            {},
            repair="auto",
            seconds=100.0,
            later_s=5.0,
        )
    )
    assert [one.left_s for one in seen[1:]] == [10.0, 9.0, 8.0, 7.0, 6.0]
