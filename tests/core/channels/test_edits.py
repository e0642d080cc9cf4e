from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.channels.edits import (
    adopt_channels,
    lock_groups,
    set_width,
    shift_width,
    spread_channels,
    toggle_groups,
    width_notes,
    with_channels,
    without_channels,
)
from sparsify_tui.core.modifiers import ChannelPruning, Epochs, Pruning
from sparsify_tui.core.optimization import Optimization
from tests.core.channel_examples import INNER, STEM, analysis, group, net_map, point, search
from tests.core.examples import plan_of

EMPTY = plan_of(Epochs(), ChannelPruning())
HALF = with_channels(EMPTY, analysis(), 0.5)


def kept(plan: Optimization) -> dict[str, int]:
    return {str(one): count for one, count in plan.channels.kept.items()}


def test_a_target_takes_the_same_share_of_every_group() -> None:
    assert kept(HALF) == {"stem": 8, "one": 4}
    assert HALF.channels.target == HALF.channels.share == 0.5


def test_the_units_that_are_missed_least_go() -> None:
    found = analysis(orders=((STEM, tuple(range(16))), (INNER, tuple(range(8)))))

    cuts = with_channels(EMPTY, found, 0.4).channels.cuts

    assert [(cut.id, cut.removed) for cut in cuts] == [
        (STEM, tuple(range(8))),
        (INNER, (0, 1, 2, 3)),
    ]


def test_without_a_target_all_units_stay() -> None:
    assert kept(with_channels(EMPTY, analysis())) == {}


def test_a_second_analysis_of_the_same_file_keeps_widths_and_locks() -> None:
    plan = set_width(HALF, [STEM], 12)

    again = with_channels(plan, analysis(selection="l2"))
    other = with_channels(plan, analysis(model_digest="other"))

    assert kept(again) == {"stem": 12, "one": 4}
    assert again.channels.selection == "l2"
    assert again.channels.groups[0].locked
    assert kept(other) == {}


def test_channels_begin_and_end_with_the_pruning_beside_them() -> None:
    plan = with_channels(plan_of(Pruning(start_epoch=2.0, end_epoch=9.0)), analysis(), 0.5)

    assert (plan.channels.start_epoch, plan.channels.end_epoch) == (2.0, 9.0)


def test_locked_groups_and_those_that_are_off_keep_their_width_under_a_target() -> None:
    plan = toggle_groups(lock_groups(HALF, [STEM]), [INNER])

    spread = toggle_groups(spread_channels(plan, 0.25), [INNER])

    assert kept(spread) == {"stem": 8, "one": 4}


def test_a_group_that_is_off_keeps_all_and_remembers_its_width() -> None:
    off = toggle_groups(HALF, [STEM])

    assert kept(off) == {"one": 4}
    assert toggle_groups(off, [STEM]) == HALF


def test_a_width_by_hand_is_taken_as_it_is_and_locked() -> None:
    plan = set_width(HALF, [STEM], 13)

    assert kept(plan) == {"stem": 13, "one": 4}
    assert [one.locked for one in plan.channels.groups] == [True, False]


@pytest.mark.parametrize("wanted", [-3, 0, 1])
def test_one_unit_stays_whatever_is_asked(wanted: int) -> None:
    assert kept(set_width(HALF, [STEM], wanted))["stem"] == 1


def test_what_must_stay_stays() -> None:
    some = net_map(groups=(group("stem", 16, "stem", "one", fixed=tuple(range(6))),))

    plan = set_width(with_channels(EMPTY, analysis(some), 0.99), [STEM], 2)

    assert kept(plan) == {"stem": 6}


def test_a_shift_goes_to_the_next_width_that_runs_well() -> None:
    plan = set_width(HALF, [STEM], 13)

    assert [kept(shift_width(plan, [STEM], steps))["stem"] for steps in (-2, -1, -9)] == [8, 12, 4]
    assert kept(shift_width(plan, [STEM], 1)) == {"one": 4}
    assert kept(shift_width(plan, [STEM], 0))["stem"] == 13


def test_a_group_is_also_named_by_a_layer_that_makes_its_channels() -> None:
    assert kept(set_width(HALF, ["two"], 4)) == {"stem": 4, "one": 4}
    assert set_width(HALF, ["head", "nobody"], 4) == HALF


def test_locking_turns_round_or_sets() -> None:
    locked = lock_groups(HALF, [STEM])

    assert [one.locked for one in locked.channels.groups] == [True, False]
    assert lock_groups(locked, [STEM]) == HALF
    assert lock_groups(HALF, [STEM], locked=False) == HALF


def test_a_search_brings_widths_and_evidence() -> None:
    plan = adopt_channels(HALF, search(repair="none"))

    assert kept(plan) == {"stem": 8}
    assert plan.channels.found == search(repair="none").front
    assert plan.channels.repair == "none"
    assert plan.channels.target == plan.channels.share == pytest.approx(8 / 24)


def test_a_search_that_chose_nothing_cuts_nothing_and_says_why() -> None:
    plan = adopt_channels(HALF, search(chosen=None, cause="nothing is faster"))

    assert kept(plan) == {}
    assert plan.channels.found is not None
    assert plan.channels.found.cause == "nothing is faster"


def test_evidence_is_dropped_by_edits_that_change_a_width_only() -> None:
    plan = adopt_channels(EMPTY, search())

    assert lock_groups(plan, [STEM]).channels.found is not None
    assert set_width(plan, [STEM], 8).channels.found is not None
    assert set_width(plan, [STEM], 12).channels.found is None
    assert toggle_groups(plan, [STEM]).channels.found is None
    assert spread_channels(plan, 0.5).channels.found is None


def test_a_point_leaves_alone_what_is_off_and_then_nothing_of_it_was_measured() -> None:
    off = toggle_groups(adopt_channels(EMPTY, search()), [STEM])

    fitting = adopt_channels(off, search(point(1.5, one=4)))
    other = adopt_channels(off, search(point(1.9, stem=8, one=4)))

    for plan in (fitting, other):
        assert kept(plan) == {"one": 4}
        assert [one.enabled for one in plan.channels.groups] == [False, True]
    assert fitting.channels.found is not None
    assert other.channels.found is None


def test_what_is_locked_or_off_is_held_by_a_search() -> None:
    plan = lock_groups(
        set_width(with_channels(EMPTY, analysis()), [STEM], 8), [INNER], locked=False
    )

    assert plan.channels.held == {"stem": 8}
    assert toggle_groups(plan, [STEM, INNER]).channels.held == {"stem": 16, "one": 8}
    assert kept(adopt_channels(plan, search(point(1.2, one=4)))) == {"stem": 8, "one": 4}


def test_without_channels_a_plan_is_as_before() -> None:
    assert without_channels(HALF) == plan_of(Epochs())
    assert toggle_groups(plan_of(Epochs()), [STEM]) == plan_of(Epochs())


def test_widths_that_differ_from_what_was_asked_are_said() -> None:
    plan = with_channels(EMPTY, analysis(), 0.3)

    notes = width_notes(plan.channels, {STEM: 0.3, INNER: 0.5})

    assert notes == ("stem: 12 of 16 units stay, not 11.2: the nearest that runs well",)
    assert width_notes(plan.channels, {}) == ()


def test_that_a_unit_must_stay_is_said() -> None:
    plan = spread_channels(replace(HALF), 0.99)

    assert kept(plan) == {"stem": 4, "one": 4}
    assert "since some must stay" in width_notes(plan.channels, {STEM: 0.99})[0]


@given(st.floats(0, 1), st.integers(-20, 20), st.integers(-6, 6))
@settings(max_examples=80, deadline=None)
def test_no_edit_leaves_a_group_without_a_unit(level: float, width: int, steps: int) -> None:
    plan = spread_channels(HALF, level)
    for edited in (plan, set_width(plan, [STEM], width), shift_width(plan, [INNER], steps)):
        sizes = {one.id: one.size for one in edited.channels.map.groups}
        for cut in edited.channels.cuts:
            assert 0 < len(set(cut.removed)) == len(cut.removed) < sizes[cut.id]
