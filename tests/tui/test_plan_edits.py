from __future__ import annotations

from dataclasses import replace

import pytest

from sparsify_tui.core.channels.edits import with_channels
from sparsify_tui.core.modifiers import Pruning
from sparsify_tui.errors import UsageError
from sparsify_tui.tui import plan_edits
from sparsify_tui.tui.plan_edits import Chosen, chosen_of
from sparsify_tui.tui.plan_entries import entries_of
from tests.core.examples import layer, level, model_of, plan_of
from tests.tui.channels import HEADS, HIDDEN, STEM, analysis

MODEL = model_of(*map(layer, ("stem", "layer1.conv", "x[/a]", "[bold]b", "head")))
ZEROS = Pruning(layers=tuple(level(one.id, 0.5) for one in MODEL.layers))
PLAN = with_channels(plan_of(ZEROS), analysis(), 0.5)


def as_it_is(plan):
    return plan


def chosen(*keys: str) -> Chosen:
    return chosen_of(one for one in entries_of(MODEL, PLAN) if one.key in keys)


STEM_ROW, BOTH = chosen("group 0"), chosen("group 0", "layer head")


def widths(plan) -> dict[str, int]:
    return {one.id: one.kept for one in plan.channels.groups}


def test_rows_are_chosen_as_groups_and_layers_and_what_is_fixed_as_neither() -> None:
    rows = chosen("group 0", "locked 0", "layer stem", "layer head")

    assert rows.group_ids == (STEM,)
    assert rows.layer_ids == ("stem", "head")
    assert rows.all_layer_ids == ("stem", "head", "layer1.conv")
    assert chosen("locked 0", "locked 1") == Chosen()


@pytest.mark.parametrize(("by", "kept"), [(1, 16), (2, 16), (-1, 48), (-9, 64)])
def test_a_shift_goes_by_widths_that_run_well(by: int, kept: int) -> None:
    plan = plan_edits.shifted(STEM_ROW, as_it_is, by)(PLAN)

    assert widths(plan) == {STEM: kept, HIDDEN: 16, HEADS: 1}
    assert plan.levels == PLAN.levels


@pytest.mark.parametrize(("by", "kept"), [(1, 31), (-1, 33)])
def test_a_nudge_goes_by_single_units(by: int, kept: int) -> None:
    assert widths(plan_edits.nudged(STEM_ROW, as_it_is, by)(PLAN))[STEM] == kept


def test_groups_and_layers_change_in_one_step_each_by_its_own_measure() -> None:
    shifted = plan_edits.shifted(BOTH, as_it_is, 1)(PLAN)
    nudged = plan_edits.nudged(BOTH, as_it_is, -1)(PLAN)

    assert (widths(shifted)[STEM], shifted.levels["head"]) == (16, 0.55)
    assert (widths(nudged)[STEM], nudged.levels["head"]) == (33, 0.49)
    assert shifted.levels["stem"] == 0.5


def test_switching_and_locking_act_on_groups_and_layers() -> None:
    off = plan_edits.toggled(BOTH, as_it_is)(PLAN)
    kept = plan_edits.locked(BOTH, as_it_is)(PLAN)

    assert STEM not in off.channels.kept
    assert off.levels["head"] == 0.0
    assert off.levels["stem"] == 0.5, "a group's own row says nothing of its layers' zeros"
    assert [one.locked for one in kept.channels.groups] == [True, False, False]
    assert [one.id for one in kept.pruning.layers if one.locked] == ["head"]


def test_what_is_typed_is_a_width_for_groups_and_a_level_for_layers() -> None:
    rows = chosen("group 0", "group 1")

    assert widths(plan_edits.written(rows, as_it_is, "25%")(PLAN)) == {
        STEM: 16, HIDDEN: 8, HEADS: 1,
    }  # fmt: skip
    assert widths(plan_edits.written(rows, as_it_is, "+4")(PLAN))[HIDDEN] == 20
    plan = plan_edits.written(chosen("layer head"), as_it_is, "+10")(PLAN)
    assert plan.levels["head"] == 0.6
    with pytest.raises(UsageError, match="A width is like"):
        plan_edits.written(rows, as_it_is, "lots")(PLAN)


def test_layers_are_given_a_schedule_and_groups_alone_are_not() -> None:
    def scheduled(plan):
        return replace(plan, notes="scheduled")

    assert plan_edits.shifted(STEM_ROW, scheduled, 1)(PLAN).notes == ""
    assert plan_edits.shifted(BOTH, scheduled, 1)(PLAN).notes == "scheduled"
