from __future__ import annotations

import pytest

from sparsify_tui.codec import document_from, value_from
from sparsify_tui.core.channels.groups import ChannelMap, LockedChannels
from sparsify_tui.core.channels.lanes import ChannelLanes
from sparsify_tui.core.channels.words import (
    groups_text,
    interval_text,
    lock_texts,
    speed_up_text,
    width_error_text,
)
from sparsify_tui.core.profile import PerfProfile
from tests.core.examples import perf_profile
from tests.core.narrowed import channel_lanes, mix


def test_the_error_is_that_of_the_mixes_the_smallest_first() -> None:
    lanes = channel_lanes()

    assert lanes.errors == pytest.approx((0.01, 0.02, 0.04))
    assert lanes.median_error == pytest.approx(0.02)
    assert ChannelLanes(refused="no").median_error is None


def test_words_give_speed_intervals_and_how_far_predictions_were_off() -> None:
    lanes = channel_lanes()

    assert speed_up_text(lanes) == "75% 1.20×, 50% 1.60×, 25% 2.40×"
    assert interval_text(lanes).startswith("75% 1.20× [1.18×, 1.22×], 50%")
    assert width_error_text(lanes) == "predicts widths within 2.0% (median of 3 checks, worst 4.0%)"
    assert width_error_text(channel_lanes(mixes=(mix(8.8),))) == (
        "predicts widths within 10.0% (one check)"
    )
    assert "not checked" in width_error_text(channel_lanes(mixes=()))
    assert width_error_text(ChannelLanes(refused="no")) == ""


def test_words_name_the_most_frequent_reasons_of_locks_and_count_the_rest() -> None:
    reasons = ("d", "c", "b", "b", "a")
    locked = tuple(LockedChannels(layers=(), reason=reason) for reason in reasons)
    lanes = channel_lanes(map=ChannelMap(locked=locked))

    assert groups_text(lanes) == "0 groups of channels, 5 locked"
    assert lock_texts(lanes) == ("locked: b", "locked: a", "locked: c", "locked: 1 other reasons")
    assert groups_text(channel_lanes(map=ChannelMap())) == "0 groups of channels"


def test_a_stored_profile_keeps_its_lanes() -> None:
    profile = perf_profile(channels=channel_lanes())

    assert value_from(document_from(profile), PerfProfile) == profile


def test_a_profile_of_before_the_lanes_is_still_understood() -> None:
    document = document_from(perf_profile())
    del document["channels"]
    for row in document["layers"]:
        del row["channel_ms"]

    profile = value_from(document, PerfProfile)

    assert profile.channels is None
    assert {row.channel_ms for row in profile.layers} == {()}
