from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sparsify_tui.core.changes import Changes
from sparsify_tui.core.channels.edits import adopt_channels, set_width
from sparsify_tui.core.channels.groups import ChannelMap
from sparsify_tui.core.channels.lanes import ChannelLanes, ChannelMix
from sparsify_tui.core.channels.width_model import KernelCost, PaddedWidth, WidthModel
from sparsify_tui.core.estimate import NO_SPEED_UP
from sparsify_tui.core.lane import Int8Lane, Mix
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.modifiers import Epochs, Pruning
from sparsify_tui.core.optimization import adopt_placement, set_quantized, toggle_quantized
from sparsify_tui.core.profile import LayerTime, PerfProfile
from sparsify_tui.core.speed import expected_speed_up
from tests.core import channel_examples
from tests.core.examples import layer, level, model_of, perf_profile, placement, plan_of, timing

MODEL = model_of(layer("a"), layer("b"))
PLAIN = plan_of(Epochs())


def mix(predicted_ms: float) -> Mix:
    return Mix(
        name="all",
        layers=(LayerId("a"),),
        predicted_ms=predicted_ms,
        measured_ms=10.0,
        low_ms=9.9,
        high_ms=10.1,
    )


def profile(*mixes: Mix, **changes: Any) -> PerfProfile:
    """10 ms, 4 ms less with a in int8; a lane of a and b."""
    lane = Int8Lane(float_ms=10.0, layers=(LayerId("a"), LayerId("b")), mixes=mixes)
    layers = (
        LayerTime(id=LayerId("a"), ms=6.0, share=0.6, int8_ms=2.0),
        LayerTime(id=LayerId("b"), ms=3.0, share=0.3, int8_ms=3.0),
    )
    fields = {"total": timing(median_ms=10.0), "layers": layers, "int8": lane}
    return perf_profile(**fields | changes)


def test_right_after_a_search_the_figure_is_the_measured_one() -> None:
    plan = adopt_placement(PLAIN, placement("a"))

    estimate = expected_speed_up(plan, MODEL, (profile(),))

    assert (estimate.value, estimate.low, estimate.high) == (2.0, 1.9, 2.1)
    assert estimate.basis == "measured"
    assert estimate.note == "by the search, batch 1, threads 2"


def test_a_placement_edited_by_hand_is_predicted() -> None:
    plan = toggle_quantized(adopt_placement(PLAIN, placement("a")), ["b"])

    estimate = expected_speed_up(plan, MODEL, (profile(),))

    assert estimate.value == pytest.approx(10 / 6)
    assert (estimate.basis, estimate.low, estimate.high) == ("predicted", None, None)


def test_a_prediction_is_as_far_off_as_the_worst_of_the_measured_mixes() -> None:
    plan = set_quantized(PLAIN, ["a"], on=True)

    estimate = expected_speed_up(plan, MODEL, (profile(mix(9.5), mix(10.1)),))

    assert estimate.low == pytest.approx(10 / 6 * 0.95)
    assert estimate.high == pytest.approx(10 / 6 * 1.05)


def test_the_newest_profile_that_fits_predicts() -> None:
    plan = set_quantized(PLAIN, ["a"], on=True)
    no_lane = perf_profile()
    stranger = profile(model_digest="other")
    narrow = replace(profile(), int8=Int8Lane(float_ms=10.0, layers=(LayerId("b"),)))
    newer = profile(name="newer", total=timing(median_ms=12.0))

    estimate = expected_speed_up(plan, MODEL, (profile(), newer, no_lane, stranger, narrow))

    assert estimate.value == pytest.approx(2.0)
    assert estimate.note == "from the profile newer"


def test_int8_without_evidence_is_unknown() -> None:
    plan = set_quantized(PLAIN, ["a"], on=True)

    for profiles in ((), (perf_profile(),), (profile(model_digest="other"),)):
        estimate = expected_speed_up(plan, MODEL, profiles)
        assert (estimate.value, estimate.basis) == (None, "unknown")
        assert "int8 lane" in estimate.note


def test_a_search_in_another_content_of_the_file_is_no_evidence() -> None:
    plan = adopt_placement(PLAIN, placement("a", model_digest="other"))

    assert expected_speed_up(plan, MODEL, ()).basis == "unknown"
    assert expected_speed_up(plan, MODEL, (profile(),)).basis == "predicted"


def test_zeros_alone_bring_no_speed() -> None:
    assert expected_speed_up(PLAIN, MODEL, (profile(),)) == NO_SPEED_UP
    pruned = plan_of(Pruning(layers=(level("a", 0.9),)))
    assert expected_speed_up(pruned, MODEL, (profile(),)) == NO_SPEED_UP


def test_what_a_search_left_as_it_was_is_as_fast_as_before_and_says_why() -> None:
    found = placement(cause="int8 was not faster", speed_up=None)

    estimate = expected_speed_up(adopt_placement(PLAIN, found), MODEL, ())

    assert (estimate.value, estimate.note) == (1.0, "int8 was not faster")


def test_a_rewriting_that_was_measured_counts_though_nothing_is_int8() -> None:
    found = placement(changes=Changes(respelled=True))

    assert expected_speed_up(adopt_placement(PLAIN, found), MODEL, ()).basis == "measured"


def test_a_prediction_below_zero_is_none() -> None:
    swift = (LayerTime(id=LayerId("a"), ms=60.0, share=0.6, int8_ms=2.0),)

    estimate = expected_speed_up(
        set_quantized(PLAIN, ["a"], on=True), MODEL, (profile(layers=swift),)
    )

    assert (estimate.value, estimate.basis) == (None, "unknown")


NARROW = adopt_channels(plan_of(Epochs()), channel_examples.search())
BY_HAND = set_width(NARROW, ["one"], 4)


def narrowed(*errors: float, **changes: Any) -> PerfProfile:
    """10 ms at full width, all of which goes with the width of the stem."""
    kernel = KernelCost(
        name="stem",
        outputs=PaddedWidth(axis=channel_examples.whole(channel_examples.STEM, 16)),
        factors_ms=(0.0, 0.0, 10.0, 0.0),
    )
    mixes = tuple(
        ChannelMix(kept=(), predicted_ms=1 + one, measured_ms=1.0, low_ms=0.9, high_ms=1.1)
        for one in errors
    )
    lanes = ChannelLanes(
        map=channel_examples.net_map(),
        model=WidthModel(full_ms=10.0, kernels=(kernel,)),
        mixes=mixes,
    )
    return perf_profile(**{"channels": lanes, "name": "lanes"} | changes)


def test_widths_of_a_search_have_its_figure() -> None:
    estimate = expected_speed_up(NARROW, channel_examples.NET, (narrowed(),))

    assert (estimate.value, estimate.low, estimate.high) == (1.9, pytest.approx(1.8), 2.0)
    assert (estimate.basis, estimate.note) == ("measured", "by the search, batch 64, threads 2")


def test_other_widths_are_predicted_as_far_off_as_the_worst_mix() -> None:
    older = narrowed(0.01, -0.04)
    profiles = (narrowed(name="oldest"), older, perf_profile(), narrowed(model_digest="other"))

    estimate = expected_speed_up(BY_HAND, channel_examples.NET, profiles)

    assert (estimate.value, estimate.basis) == (pytest.approx(2.0), "predicted")
    assert (estimate.low, estimate.high) == (pytest.approx(1.92), pytest.approx(2.08))
    assert estimate.note == "from the profile lanes"


def test_without_lanes_that_know_the_groups_the_speed_of_a_cut_is_unknown() -> None:
    no_lanes, refused = narrowed(channels=None), narrowed(channels=ChannelLanes(refused="none"))
    stranger = narrowed(channels=replace(narrowed().channels or ChannelLanes(), map=ChannelMap()))

    estimate = expected_speed_up(BY_HAND, channel_examples.NET, (no_lanes, refused, stranger))

    assert (estimate.value, estimate.basis) == (None, "unknown")
    assert "no performance profile with channel lanes" in estimate.note


def test_a_cut_of_another_file_has_no_speed() -> None:
    changed = replace(channel_examples.NET, sha256="other")

    assert expected_speed_up(NARROW, changed, (narrowed(),)).value is None


def test_int8_and_fewer_channels_multiply_and_say_so() -> None:
    plan = adopt_placement(NARROW, placement("a"))

    estimate = expected_speed_up(plan, channel_examples.NET, ())

    assert (estimate.value, estimate.basis) == (pytest.approx(3.8), "modelled")
    assert estimate.low is None
    assert expected_speed_up(set_quantized(NARROW, ["a"], on=True), MODEL, ()).value is None


def test_zeros_beside_a_cut_change_no_figure() -> None:
    plan = NARROW.with_modifier(Pruning(layers=(level("stem", 0.5),)))

    assert expected_speed_up(plan, channel_examples.NET, ()).value == 1.9
