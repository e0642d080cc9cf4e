from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.modifiers import Epochs, LearningRate, Pruning
from sparsify_tui.core.optimization import (
    History,
    Optimization,
    compile_recipe,
    edit_field,
    lock_layers,
    reached_sparsity,
    set_level,
    shift_level,
    spread_target,
    toggle_layers,
)
from sparsify_tui.errors import UsageError
from tests.core.examples import layer, layer_loss, level, loss_profile, model_of, plan_of

MODEL = model_of(layer("a"), layer("b"), layer("c"), layer("norm", prunable=False))
PLAN = plan_of(
    Pruning(layers=(level("a", 0.5), level("b", 0.9, locked=True), level("c", 0.7, enabled=False)))
)
Edit = Callable[[Optimization], Optimization]


def levels(plan: Optimization) -> dict[str, float]:
    return {str(one.id): one.level for one in plan.pruning.layers}


def test_modifiers_are_found_by_their_kind() -> None:
    plan = plan_of(Epochs(end_epoch=5.0))

    assert plan.find(Epochs) == Epochs(end_epoch=5.0)
    assert plan.find(LearningRate) is None
    assert plan.pruning == Pruning()
    assert plan.levels == {}


def test_a_modifier_takes_the_place_of_its_kind_or_comes_last() -> None:
    plan = plan_of(Epochs(), Pruning())

    assert plan.with_modifier(Epochs(end_epoch=9.0)).modifiers == (Epochs(end_epoch=9.0), Pruning())
    assert plan.with_modifier(LearningRate()).modifiers == (Epochs(), Pruning(), LearningRate())


def test_levels_are_those_that_apply() -> None:
    assert PLAN.levels == {"a": 0.5, "b": 0.9, "c": 0.0}


def test_training_must_outlast_pruning() -> None:
    pruning = Pruning(layers=(level("a", 0.5),), end_epoch=34.0)

    assert plan_of(pruning, Epochs(end_epoch=35.0)).problems() == ()
    assert len(plan_of(pruning, Epochs(end_epoch=34.0)).problems()) == 1
    assert len(plan_of(Pruning(), Epochs(end_epoch=0.0)).problems()) == 3


def test_a_target_is_spread_over_free_layers_only() -> None:
    plan = spread_target(PLAN, MODEL, 0.6, "uniform", None)

    assert levels(plan) == {"a": 0.9, "b": 0.9, "c": 0.7}
    assert reached_sparsity(plan, MODEL) == pytest.approx(0.6)
    assert (plan.pruning.target, plan.pruning.scope) == (0.6, "uniform")


def test_a_spread_gives_every_prunable_layer_an_entry_in_graph_order() -> None:
    stranger = plan_of(Pruning(layers=(level("gone", 0.3), level("b", 0.9, locked=True))))

    plan = spread_target(stranger, MODEL, 0.5, "uniform", None)

    assert levels(plan) == {"a": 0.3, "b": 0.9, "c": 0.3}


def test_a_global_spread_uses_the_measured_magnitudes() -> None:
    flat = tuple(i / 4 for i in range(5))
    loss = loss_profile(
        layer_loss("a", magnitudes=tuple(value / 10 for value in flat)),
        layer_loss("b", magnitudes=flat),
        layer_loss("c", magnitudes=flat),
    )

    plan = spread_target(plan_of(Pruning()), MODEL, 0.4, "global", loss)

    assert levels(plan)["a"] == pytest.approx(0.99, abs=0.001)
    assert levels(plan)["b"] == levels(plan)["c"] == pytest.approx(0.105, abs=0.001)
    assert reached_sparsity(plan, MODEL) == pytest.approx(0.4, abs=0.001)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 0.99), st.booleans(), st.booleans()), min_size=3, max_size=3),
    st.integers(0, 99),
    st.sampled_from(["uniform", "global"]),
)
def test_a_spread_never_moves_what_is_locked_or_off(
    states: list[tuple[float, bool, bool]], percent: int, scope: str
) -> None:
    before = Pruning(
        layers=tuple(
            level(name, value, enabled=enabled, locked=locked)
            for name, (value, enabled, locked) in zip("abc", states, strict=True)
        )
    )

    after = spread_target(plan_of(before), MODEL, percent / 100, scope, None).pruning

    for old, new in zip(before.layers, after.layers, strict=True):
        assert (new.id, new.enabled, new.locked) == (old.id, old.enabled, old.locked)
        assert new.level == old.level or not old.locked
        assert new.level == old.level or old.enabled


def test_a_level_by_hand_stays() -> None:
    plan = set_level(PLAN, ["c"], 0.33333)
    (edited,) = (one for one in plan.pruning.layers if one.id == "c")

    assert edited == level("c", 0.333, locked=True)
    assert levels(spread_target(plan, MODEL, 0.9, "uniform", None))["c"] == 0.333
    assert levels(set_level(PLAN, ["a", "b"], 7.0)) == {"a": 0.999, "b": 0.999, "c": 0.7}
    assert levels(set_level(PLAN, ["a"], -1.0))["a"] == 0.0


def test_levels_move_by_steps_and_stop_at_the_ends() -> None:
    assert levels(shift_level(PLAN, ["a"], 0.05))["a"] == 0.55
    assert levels(shift_level(PLAN, ["a"], -0.8))["a"] == 0.0
    assert levels(shift_level(PLAN, ["a"], 0.8))["a"] == 0.999
    assert levels(shift_level(set_level(PLAN, ["a"], 0.997), ["a"], 0.001))["a"] == 0.998
    assert shift_level(PLAN, ["a"], 0.05).pruning.layers[0].locked


def test_toggling_and_locking_turn_round_or_set() -> None:
    toggled = toggle_layers(PLAN, ["a", "c"]).pruning.layers

    assert [one.enabled for one in toggled] == [False, True, True]
    assert [one.locked for one in lock_layers(PLAN, ["a", "b"]).pruning.layers] == [
        True,
        False,
        False,
    ]
    assert [one.locked for one in lock_layers(PLAN, ["a", "b"], locked=True).pruning.layers] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("edit", [toggle_layers, lock_layers])
def test_turning_round_twice_changes_nothing(
    edit: Callable[[Optimization, list[str]], Optimization],
) -> None:
    assert edit(edit(PLAN, ["a", "c"]), ["a", "c"]) == PLAN
    assert edit(PLAN, []) == PLAN
    assert edit(PLAN, ["unknown"]) == PLAN


def test_a_field_is_edited_by_the_title_of_its_modifier() -> None:
    plan = edit_field(plan_of(Epochs(), Pruning()), "Epochs", "end_epoch", "40")

    assert plan.find(Epochs) == Epochs(end_epoch=40.0)
    with pytest.raises(UsageError):
        edit_field(plan, "Epochs", "end_epoch", "soon")
    with pytest.raises(KeyError):
        edit_field(plan, "Learning rate", "rate", "1")


def test_a_recipe_holds_all_entries_and_notes_what_it_leaves_out() -> None:
    model = model_of(layer("a"), layer("b", module_path=None), layer("c"))
    recipe = compile_recipe(
        plan_of(Epochs(), Pruning(layers=(level("a", 0.5),)), LearningRate()), model
    )

    assert [entry.tag for entry in recipe.entries] == [
        "EpochRangeModifier",
        "GMPruningModifier",
        "SetLearningRateModifier",
    ]
    assert recipe.notes == (
        "2 of 3 layers stay dense and are left out",
        "1 weights have no PyTorch name in this file: their ONNX names are used",
    )


def test_a_recipe_of_a_flawless_plan_has_no_notes() -> None:
    plan = plan_of(Epochs(), Pruning(layers=(level("a", 0.5),)))

    assert compile_recipe(plan, model_of(layer("a"))).notes == ()


plans = st.integers(0, 5).map(lambda number: plan_of(name=f"plan {number}"))
steps = st.lists(st.one_of(plans, st.sampled_from(["undo", "redo"])), max_size=30)


def walked(moves: list[Optimization | str]) -> History:
    history = History(present=plan_of(name="start"))
    for move in moves:
        if isinstance(move, Optimization):
            history = history.then(move)
        else:
            history = history.undo() if move == "undo" else history.redo()
    return history


@settings(max_examples=150, deadline=None)
@given(steps, plans)
def test_undo_and_redo_are_each_others_inverse(
    moves: list[Optimization | str], plan: Optimization
) -> None:
    history = walked(moves)

    if history.past:
        assert history.undo().redo() == history
    if history.future:
        assert history.redo().undo() == history
    if plan != history.present:
        assert history.then(plan).undo().present == history.present
        assert history.then(plan).future == ()


@settings(max_examples=80, deadline=None)
@given(steps)
def test_the_ends_of_history_and_no_change_are_no_steps(moves: list[Optimization | str]) -> None:
    history = walked(moves)
    oldest = newest = history
    for _ in range(31):
        oldest, newest = oldest.undo(), newest.redo()

    assert oldest.present.name == "start"
    assert oldest.undo() is oldest
    assert newest.redo() is newest
    assert history.then(history.present) is history


def test_history_forgets_the_oldest_of_many_steps() -> None:
    history = walked([plan_of(name=str(number)) for number in range(500)])
    for _ in range(500):
        history = history.undo()

    assert history.present.name == "299"
