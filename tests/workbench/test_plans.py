from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sparsify_tui.core.model import LayerId
from sparsify_tui.core.modifiers import Epochs, LearningRate, Pruning
from sparsify_tui.core.optimization import set_level
from sparsify_tui.core.project import Project
from sparsify_tui.core.training import TrainingSettings
from sparsify_tui.errors import ModelError, UsageError
from sparsify_tui.store.projects import ProjectStore
from sparsify_tui.workbench import Workbench
from sparsify_tui.workbench.plans import PlanRequest, draft
from tests.core import examples
from tests.core.examples import placement
from tests.workbench.fakes import FakeJobs, layer, model, project

ONE, TWO = LayerId("node_one"), LayerId("node_two")


@pytest.fixture
def net(tmp_path: Path) -> Project:
    return project(tmp_path / "net.onnx")


@pytest.fixture
def bench(tmp_path: Path, net: Project) -> Workbench:
    ProjectStore(tmp_path).create(net)
    return Workbench(tmp_path, run=FakeJobs())


def test_a_target_is_spread_over_all_layers(net: Project) -> None:
    plan = draft(net, PlanRequest(sparsity=0.7))

    assert plan.levels == {ONE: 0.7, TWO: 0.7}
    assert plan.name == "uniform-70"


def test_own_levels_and_dense_layers_are_locked_and_the_rest_makes_up_for_them(
    net: Project,
) -> None:
    plan = draft(net, PlanRequest(sparsity=0.6, levels={"two.weight": 0.5}))
    assert plan.levels == {ONE: pytest.approx(0.9), TWO: 0.5}

    dense = draft(net, PlanRequest(sparsity=0.6, locks=["one"]))
    assert dense.levels[ONE] == 0.0
    assert dense.levels[TWO] == pytest.approx(0.8)
    assert [one.locked for one in dense.pruning.layers] == [True, False]


def test_a_global_spread_looks_at_the_newest_profile_that_knows_the_magnitudes(
    net: Project, bench: Workbench
) -> None:
    """A one-shot profile that has only begun knows none; one of another model has others."""
    small, large = (tuple(part * n / 4 for n in range(5)) for part in (1.0, 9.0))
    rows = (examples.layer_loss(ONE, magnitudes=small), examples.layer_loss(TWO, magnitudes=large))
    known = replace(examples.loss_profile(*rows), model_digest="d1", method="one-shot")
    begun = replace(known, layers=tuple(replace(row, magnitudes=()) for row in rows))
    turned = (replace(rows[0], magnitudes=large), replace(rows[1], magnitudes=small))
    stale = replace(known, layers=turned, model_digest="d0")
    request = PlanRequest(sparsity=0.5, scope="global")

    plan = draft(replace(net, loss_profiles=(known, begun, stale)), request)

    assert plan.levels[ONE] > plan.levels[TWO]
    assert not bench.plans.has_magnitudes(replace(net, loss_profiles=(begun, stale)))
    assert bench.plans.has_magnitudes(replace(net, loss_profiles=(known, begun)))


def test_a_global_spread_is_refused_where_no_profile_knows_the_magnitudes(
    net: Project, bench: Workbench
) -> None:
    begun = examples.loss_profile(examples.layer_loss(ONE, magnitudes=()))
    bench.projects.update(net.id, lambda stored: replace(stored, loss_profiles=(begun,)))
    request = PlanRequest(sparsity=0.5, scope="global")
    bench.plans.check(net, request)  # they may still be measured

    with pytest.raises(UsageError, match="needs a loss profile"):
        bench.plans.create(net.id, request)
    with pytest.raises(UsageError, match="needs a loss profile"):
        bench.plans.spread(net, draft(net, PlanRequest()), 0.5, "global")

    assert bench.projects.load(net.id).optimizations == ()
    assert bench.plans.create(net.id, replace(request, sparsity=None)).levels == {}


def test_the_schedule_comes_from_the_training_unless_the_request_says_otherwise(
    net: Project,
) -> None:
    rates = PlanRequest(epochs=40, rates=(0.1, 0.001))

    plan = draft(net, rates)

    assert [type(one) for one in plan.modifiers] == [Epochs, Pruning, LearningRate]
    assert [type(one) for one in draft(net, PlanRequest()).modifiers] == [Epochs, Pruning]
    assert plan.problems() == ()
    longest, default = plan.find(Epochs), draft(net, PlanRequest()).find(Epochs)
    assert longest is not None
    assert default is not None
    assert longest.end_epoch < default.end_epoch


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (PlanRequest(sparsity=0), "sparsity"),
        (PlanRequest(sparsity=1), "sparsity"),
        (PlanRequest(scope="random"), "spread"),
        (PlanRequest(levels={"one": 1.0}), "level of one"),
        (PlanRequest(levels={"three": 0.5}), "no prunable layer three"),
        (PlanRequest(locks=["three"]), "no prunable layer three"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(
    net: Project, request_: PlanRequest, says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        draft(net, request_)


def test_a_model_with_nothing_to_prune_is_the_models_fault(tmp_path: Path) -> None:
    bare = model(tmp_path / "m.onnx", replace(layer("one"), prunable=False))

    with pytest.raises(ModelError, match="no prunable layer"):
        draft(project(tmp_path / "m.onnx", model=bare), PlanRequest())


def test_plans_are_stored_copied_and_saved_in_place(bench: Workbench, net: Project) -> None:
    first = bench.plans.create(net.id)
    second = bench.plans.create(net.id)
    twin = bench.plans.copy(net.id, first)
    edited = bench.plans.spread(net, second, 0.25, "uniform")
    bench.plans.save(net.id, edited)

    stored = bench.projects.load(net.id).optimizations
    assert [one.name for one in stored] == ["uniform-50", "uniform-50-2", "uniform-50-copy"]
    assert len({one.id for one in (first, second, twin)}) == 3
    assert stored[1].levels == {ONE: 0.25, TWO: 0.25}
    assert stored[0] == first
    assert bench.plans.is_met(net, edited)


def test_the_outlook_counts_what_is_left(bench: Workbench, net: Project) -> None:
    outlook = bench.plans.outlook(net, draft(net, PlanRequest(sparsity=0.75)))

    assert (outlook.params, outlook.remaining_params) == (400, 100)
    assert outlook.compression.value == pytest.approx(4)
    assert (outlook.speed_up.value, outlook.loss.value) == (1.0, None)


def test_a_plan_may_prune_nothing(net: Project) -> None:
    plan = draft(net, PlanRequest(sparsity=None))

    assert plan.find(Pruning) is None
    assert (plan.name, plan.levels) == ("int8", {})
    with pytest.raises(UsageError, match="none is asked for"):
        draft(net, PlanRequest(sparsity=None, levels={"one": 0.5}))
    with pytest.raises(UsageError, match="none is asked for"):
        draft(net, PlanRequest(sparsity=None, locks=["one"]))


def test_a_model_that_cannot_be_pruned_can_still_have_a_plan_for_int8(tmp_path: Path) -> None:
    bare = model(tmp_path / "m.onnx", replace(layer("one"), prunable=False))
    net = project(tmp_path / "m.onnx", model=bare)

    plan = draft(net, PlanRequest(sparsity=None, placement=placement("node_one")))

    assert plan.quantized == {ONE}


def test_a_placement_is_part_of_the_plan_and_of_its_name(net: Project) -> None:
    found = placement("node_one")

    plan = draft(net, PlanRequest(sparsity=0.5, placement=found))

    assert (plan.name, plan.placement) == ("uniform-50-int8", found)
    assert plan.changes.levels == ((ONE, 0.5), (TWO, 0.5))
    assert plan.problems() == ()


def test_pruning_a_plan_that_pruned_nothing_moves_int8_behind_it(
    bench: Workbench, net: Project
) -> None:
    found = placement("node_one")
    plan = draft(net, PlanRequest(sparsity=None, placement=found))

    pruned = bench.plans.with_pruning(net, plan)

    assert pruned.levels == {ONE: 0.0, TWO: 0.0}
    assert set_level(pruned, [ONE], 0.5).problems() == ()
    assert pruned.placement is found
    assert bench.plans.with_pruning(net, pruned) is pruned
    assert bench.plans.spread(net, plan, 0.5, "uniform").levels == {ONE: 0.5, TWO: 0.5}
    assert bench.plans.is_met(net, plan)
    assert bench.plans.is_met(net, set_level(pruned, [ONE], 0.5))


def test_a_search_is_taken_over_into_the_stored_plan(bench: Workbench, net: Project) -> None:
    plan = bench.plans.create(net.id)

    bench.plans.adopt(net.id, plan.id, placement("node_one"))
    bench.plans.adopt(net.id, "deleted", placement("node_two"))

    (stored,) = bench.projects.load(net.id).optimizations
    assert stored.quantized == {ONE}
    assert stored.levels == plan.levels


def test_a_request_is_checked_without_storing_anything(bench: Workbench, net: Project) -> None:
    bench.plans.check(net, PlanRequest(sparsity=0.5))
    with pytest.raises(UsageError):
        bench.plans.check(net, PlanRequest(sparsity=2.0))

    assert bench.projects.load(net.id).optimizations == ()


def test_the_outlook_knows_what_a_search_measured(bench: Workbench, net: Project) -> None:
    found = placement("node_one", model_digest=net.model.sha256)
    plan = draft(net, PlanRequest(sparsity=None, placement=found))

    outlook = bench.plans.outlook(net, plan)

    assert (outlook.speed_up.basis, outlook.int8_layers) == ("measured", 1)
    assert outlook.compression.value == pytest.approx(1600 / (4 * 300 + 100))


def test_a_plan_can_be_renamed_and_deleted(bench: Workbench, net: Project) -> None:
    plan = bench.plans.create(net.id)

    assert bench.projects.rename_item(net.id, plan.id, "half").optimizations[0].name == "half"
    with pytest.raises(UsageError, match="empty"):
        bench.projects.rename_item(net.id, plan.id, " ")
    assert bench.projects.delete_item(net.id, plan.id).optimizations == ()


def test_training_settings_shape_later_plans(bench: Workbench, net: Project) -> None:
    bench.projects.set_training(net.id, TrainingSettings(epochs=30, initial_lr=0.1))

    assert bench.plans.create(net.id).find(LearningRate) is not None
