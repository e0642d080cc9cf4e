from __future__ import annotations

from sparsify_tui.core.channels.edits import adopt_channels, lock_groups
from sparsify_tui.core.modifiers import Epochs, Pruning
from sparsify_tui.core.plan_turns import BY_HAND, adopt_point, without_zeros
from tests.core.examples import level, plan_of
from tests.tui.channels import HEADS, HIDDEN, STEM, search

PLAN = adopt_channels(plan_of(), search())


def test_another_point_brings_its_widths_and_what_was_measured_of_them() -> None:
    plan = adopt_point(PLAN, 1)

    found = plan.channels.found
    assert plan.channels.kept == {STEM: 32, HIDDEN: 24}
    assert found is not None
    assert (found.chosen, found.cause) == (1, BY_HAND)
    assert found.points == search().front.points
    assert adopt_point(plan, 2).channels.kept == PLAN.channels.kept


def test_another_point_keeps_locks_and_how_the_units_were_chosen() -> None:
    locked = lock_groups(PLAN, [HEADS])
    plan = adopt_point(locked, 0)

    assert [one.locked for one in plan.channels.groups] == [False, False, True]
    assert plan.channels.selection == PLAN.channels.selection
    assert [one.order for one in plan.channels.groups] == [
        one.order for one in PLAN.channels.groups
    ]


def test_without_a_front_there_is_no_point_to_take() -> None:
    assert adopt_point(plan_of(), 0) == plan_of()


def test_without_zeros_all_else_stays() -> None:
    plan = plan_of(Pruning(layers=(level("a", 0.5),)), Epochs())

    assert without_zeros(plan).modifiers == (Epochs(),)
    assert without_zeros(PLAN) == PLAN
