from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sparsify_tui.core.channels.edits import set_width
from sparsify_tui.core.channels.groups import ChannelMap, LockedChannels
from sparsify_tui.core.modifiers import ChannelPruning, Epochs, Pruning, Quantization
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.project import Project
from sparsify_tui.errors import ModelError, UsageError
from sparsify_tui.store.projects import ProjectStore
from sparsify_tui.workbench import Workbench
from sparsify_tui.workbench.channel_plans import group_of, own_widths
from sparsify_tui.workbench.plans import PlanRequest, draft
from tests.core.channel_examples import INNER, NET, REASON, STEM, analysis, search
from tests.core.examples import layer, model_of, placement
from tests.workbench.fakes import FakeJobs, project

HALF = PlanRequest(structure="channel", channels=analysis(), sparsity=0.5)


@pytest.fixture
def net(tmp_path: Path) -> Project:
    return project(tmp_path / "net.onnx", model=NET)


@pytest.fixture
def bench(tmp_path: Path, net: Project) -> Workbench:
    ProjectStore(tmp_path).create(net)
    return Workbench(tmp_path, run=FakeJobs())


def kept(plan: Optimization) -> dict[str, int]:
    return {str(one): count for one, count in plan.channels.kept.items()}


def test_a_plan_of_channels_has_a_schedule_for_them_and_no_zeros(net: Project) -> None:
    plan = draft(net, HALF)

    assert [type(one) for one in plan.modifiers] == [Epochs, ChannelPruning]
    assert plan.problems() == ()
    assert kept(plan) == {"stem": 8, "one": 4}
    assert plan.name == "channels-50"
    assert plan.changes.repair == "auto"


def test_a_plan_of_a_search_is_named_after_no_target(net: Project) -> None:
    request = replace(HALF, channels=search(repair="none"), repair="none")

    plan = draft(net, request)

    assert (plan.name, plan.changes.repair, kept(plan)) == ("channels", "none", {"stem": 8})
    assert plan.channels.found is not None


def test_levels_and_locks_of_groups_stay_when_a_target_is_spread(net: Project) -> None:
    levels = replace(HALF, levels={"two": 0.25}, locks=["one.weight"])

    assert kept(draft(net, levels)) == {"stem": 12}
    assert [one.locked for one in draft(net, levels).channels.groups] == [True, True]


def test_a_level_above_one_is_the_number_of_units_that_stay(net: Project) -> None:
    assert kept(draft(net, replace(HALF, levels={"stem": 13}))) == {"stem": 13, "one": 4}
    assert kept(draft(net, replace(HALF, levels={"stem": 1}))) == {"stem": 4, "one": 4}


def test_widths_of_a_search_are_locked_without_losing_its_evidence(net: Project) -> None:
    request = replace(HALF, channels=search(), sparsity=None, levels={"stem": 8}, locks=["one"])

    plan = draft(net, request)

    assert kept(plan) == {"stem": 8}
    assert plan.channels.found is not None
    assert [one.locked for one in plan.channels.groups] == [True, True]


def test_a_search_that_chose_nothing_leaves_all_but_what_was_asked_for(
    net: Project, bench: Workbench
) -> None:
    none = replace(HALF, channels=search(chosen=None), sparsity=None, levels={"stem": 8})

    plan = draft(net, none)

    assert kept(plan) == {"stem": 8}
    assert plan.channels.found is not None
    assert not bench.plans.is_met(net, plan)
    assert bench.plans.is_met(net, draft(net, replace(none, channels=search(), levels={})))


def test_before_the_groups_are_known_a_request_is_checked_without_them(
    net: Project, bench: Workbench
) -> None:
    bench.plans.check(net, replace(HALF, channels=None, levels={"nobody": 0.5}))
    for wrong in (
        replace(HALF, sparsity=1.0),
        replace(HALF, sparsity=0.0),
        replace(HALF, scope="global"),
        replace(HALF, levels={"stem": -0.1}),
        replace(HALF, levels={"stem": 2.5}),
    ):
        with pytest.raises(UsageError):
            bench.plans.check(net, replace(wrong, channels=None))


def test_a_locked_layer_is_refused_with_the_reason(net: Project) -> None:
    with pytest.raises(UsageError, match=REASON):
        draft(net, replace(HALF, levels={"head": 0.5}))


def test_an_unknown_group_is_refused() -> None:
    with pytest.raises(UsageError, match="no group of channels nobody"):
        group_of(NET, analysis(), "nobody")
    assert own_widths(NET, analysis(), {"two.weight": 0.5}, ["one"]) == {STEM: 8, INNER: 8}


def test_a_model_with_nothing_to_cut_says_why_and_what_is_possible(net: Project) -> None:
    locks = tuple(LockedChannels(layers=(), reason=f"reason {at}") for at in range(5))
    nothing = analysis(ChannelMap(locked=locks))

    with pytest.raises(ModelError, match="reason 0; reason 1; reason 2; and 2 more") as caught:
        draft(net, replace(HALF, channels=nothing))

    assert "int8" in caught.value.hint


def test_widths_other_than_asked_are_noted(net: Project, bench: Workbench) -> None:
    request = replace(HALF, sparsity=0.3, levels={"one": 0.9})
    plan = draft(net, request)

    notes = bench.plans.notes(net, plan, request)

    assert [note.split(":")[0] for note in notes] == ["stem", "one"]
    assert "12 of 16 units stay, not 11.2" in notes[0]
    exact = replace(HALF, levels={"one": 3})
    assert bench.plans.notes(net, draft(net, exact), exact) == ()


def test_the_target_is_met_when_the_widths_come_near_it(net: Project, bench: Workbench) -> None:
    plan = draft(net, HALF)

    assert bench.plans.is_met(net, plan)
    assert not bench.plans.is_met(net, draft(net, replace(HALF, locks=["stem"])))


def test_the_outlook_counts_what_is_cut(net: Project, bench: Workbench) -> None:
    outlook = bench.plans.outlook(net, draft(net, HALF))

    assert outlook.remaining_params == NET.params - (216 + 8) - 864 - 864 - 320
    assert outlook.remaining_flops == pytest.approx(500 + 500 + 500 + 50)


def test_a_search_is_adopted_by_a_stored_plan_that_had_no_channels(
    net: Project, bench: Workbench
) -> None:
    plan = bench.plans.create(net.id, PlanRequest(sparsity=None, placement=placement("one")))

    bench.plans.adopt(net.id, plan.id, search())
    bench.plans.adopt(net.id, "deleted", search())

    (stored,) = bench.projects.load(net.id).optimizations
    assert kept(stored) == {"stem": 8}
    assert stored.quantized == {"one"}
    assert stored.problems() == ()


def test_zeros_and_channels_live_in_one_plan(net: Project, bench: Workbench) -> None:
    both = bench.plans.with_pruning(net, draft(net, HALF))
    other = bench.plans.narrowed(net, draft(net, PlanRequest(sparsity=0.5)), analysis(), 0.5)

    assert set(both.levels.values()) == {0.0}
    assert both.channels == draft(net, HALF).channels
    assert (both.pruning.start_epoch, both.pruning.end_epoch) == (
        both.channels.start_epoch,
        both.channels.end_epoch,
    )
    assert set(other.levels.values()) == {0.5}
    assert kept(other) == {"stem": 8, "one": 4}
    assert both.problems() == other.problems() == ()


def test_int8_waits_until_the_channels_are_gone(net: Project, bench: Workbench) -> None:
    int8 = draft(net, PlanRequest(sparsity=None, placement=placement("one")))

    plan = bench.plans.narrowed(net, int8, analysis(), 0.5)

    quantization = plan.find(Quantization)
    assert quantization is not None
    assert quantization.start_epoch >= plan.channels.end_epoch
    assert plan.find(Pruning) is None


def test_a_stored_plan_of_channels_comes_back_as_it_was(net: Project, bench: Workbench) -> None:
    plan = bench.plans.create(net.id, replace(HALF, channels=search()))

    assert bench.projects.load(net.id).optimizations == (plan,)
    edited = bench.plans.save(net.id, set_width(plan, [STEM], 5))
    assert bench.projects.load(net.id).optimizations == (edited,)


def test_the_same_layers_may_be_unprunable_and_yet_have_channels(tmp_path: Path) -> None:
    model = model_of(*(layer(one.id, prunable=False) for one in NET.layers))

    assert kept(draft(project(tmp_path / "m.onnx", model=model), HALF))
