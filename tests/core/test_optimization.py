from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.changes import Changes
from sparsify_tui.core.channels.edits import toggle_groups, with_channels
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.modifiers import (
    ChannelPruning,
    Epochs,
    LearningRate,
    Pruning,
    Quantization,
)
from sparsify_tui.core.optimization import (
    Optimization,
    adopt_placement,
    changeable_layers,
    edit_field,
    lock_layers,
    reached_sparsity,
    set_level,
    set_quantized,
    shift_level,
    spread_target,
    toggle_layers,
    toggle_quantized,
)
from sparsify_tui.errors import UsageError
from tests.core import channel_examples
from tests.core.examples import (
    layer,
    layer_loss,
    level,
    loss_profile,
    model_of,
    placement,
    plan_of,
)

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


def placed(*names: str) -> Optimization:
    return adopt_placement(plan_of(Epochs(end_epoch=8.0)), placement(*names))


def test_changes_are_what_applies_and_nothing_else() -> None:
    assert PLAN.changes == Changes(levels=((LayerId("a"), 0.5), (LayerId("b"), 0.9)))
    assert plan_of(Epochs()).changes == Changes()


def test_a_placement_is_taken_over_whole() -> None:
    changes = Changes(int8=(LayerId("b"), LayerId("a")), between=False, respelled=True)
    found = placement(changes=changes)
    plan = adopt_placement(PLAN, found)

    assert plan.placement is found
    assert plan.quantized == {"a", "b"}
    assert plan.changes == Changes(
        levels=PLAN.changes.levels, int8=changes.int8, between=False, respelled=True
    )


def test_a_new_placement_keeps_the_epochs_of_the_old() -> None:
    early = placed("a").with_modifier(Quantization(start_epoch=0.5, observe_until=0.75))

    again = adopt_placement(early, placement("b")).find(Quantization)

    assert again is not None
    assert (again.start_epoch, again.observe_until) == (0.5, 0.75)


def test_int8_by_hand_loses_the_evidence_but_no_change_keeps_it() -> None:
    plan = placed("a", "b")

    assert set_quantized(plan, ["c"], on=True).placement is None
    assert set_quantized(plan, ["b"], on=False).placement is None
    assert toggle_quantized(plan, ["b"]).placement is None
    assert set_quantized(plan, ["a"], on=True) is plan
    assert set_quantized(plan, ["c"], on=False) is plan
    assert set_level(plan, ["a"], 0.5).placement is not None, "zeros change no int8 speed"


def test_layers_are_put_in_int8_and_back() -> None:
    plan = set_quantized(PLAN, ["c", "a"], on=True)

    assert plan.quantized == {"a", "c"}
    assert toggle_quantized(plan, ["a", "b"]).quantized == {"b", "c"}
    assert plan.levels == PLAN.levels
    assert plan.changes.respelled, "a lossless rewriting that the predicted form has, too"


@settings(max_examples=40, deadline=None)
@given(st.sets(st.sampled_from("abc")), st.sets(st.sampled_from("abc")))
def test_turning_int8_round_twice_gives_the_same_model(first: set[str], second: set[str]) -> None:
    plan = set_quantized(PLAN, first, on=True)
    twice = toggle_quantized(toggle_quantized(plan, second), second)

    assert twice.changes == plan.changes


def test_a_plan_with_no_int8_left_is_as_if_it_never_had_any() -> None:
    assert set_quantized(set_quantized(PLAN, ["a"], on=True), ["a"], on=False) == PLAN


def test_int8_added_by_hand_starts_after_pruning() -> None:
    pruning = Pruning(layers=(level("a", 0.5),), start_epoch=1.0, end_epoch=10.0)
    plan = set_quantized(plan_of(pruning, Epochs(end_epoch=18.0)), ["a"], on=True)
    quantization = plan.find(Quantization)

    assert quantization is not None
    assert (quantization.start_epoch, quantization.observe_until) == (14.0, 16.0)
    assert plan.problems() == ()


def test_int8_must_start_after_pruning_and_before_the_end() -> None:
    pruning = Pruning(layers=(level("a", 0.5),), end_epoch=34.0)
    early = Quantization(layers=(LayerId("a"),), start_epoch=33.0, observe_until=36.0)
    late = Quantization(layers=(LayerId("a"),), start_epoch=40.0, observe_until=40.0)

    assert plan_of(pruning, Epochs(end_epoch=40.0), early).problems() == (
        "quantization starts before pruning ends",
    )
    assert plan_of(pruning, Epochs(end_epoch=40.0), late).problems() == (
        "training ends before quantization starts",
    )
    assert plan_of(Epochs(end_epoch=40.0), early).problems() == ()


def test_a_plan_that_changes_nothing_says_so() -> None:
    nothing = ("no layer is pruned or computes in int8",)

    assert plan_of(Epochs()).problems() == nothing
    assert plan_of(Pruning(layers=(level("a", 0.5, enabled=False),))).problems() == nothing
    assert adopt_placement(plan_of(Epochs()), placement()).problems() == nothing
    rewritten = placement(changes=Changes(respelled=True))
    assert adopt_placement(plan_of(Epochs()), rewritten).problems() == ()


def test_layers_that_can_be_changed_are_those_to_prune_or_quantize() -> None:
    model = model_of(
        layer("a", quantizable=False),
        layer("norm", prunable=False, quantizable=False),
        layer("b", prunable=False),
    )

    assert [one.id for one in changeable_layers(model)] == ["a", "b"]


def narrow(**changes: Any) -> ChannelPruning:
    """One group of two, halved until epoch 34."""
    plan = with_channels(plan_of(ChannelPruning(**changes)), channel_examples.analysis(), 0.5)
    return toggle_groups(plan, [channel_examples.INNER]).channels


def test_a_cut_is_part_of_the_changes_and_brings_its_repair() -> None:
    changes = plan_of(narrow()).changes

    assert [(cut.id, len(cut.removed)) for cut in changes.channels] == [("stem", 8)]
    assert (changes.repair, changes.needs_preparation) == ("auto", True)
    assert plan_of(narrow(repair="none")).changes.repair == "none"


def test_channels_of_which_none_goes_change_nothing() -> None:
    plan = toggle_groups(plan_of(Epochs(), narrow()), [channel_examples.STEM])

    assert plan.changes == Changes()
    assert plan.problems() == ("no layer is pruned or computes in int8",)


def test_training_and_int8_wait_for_the_last_of_both_prunings() -> None:
    zeros = Pruning(layers=(level("stem", 0.5),), end_epoch=20.0)
    int8 = Quantization(layers=(LayerId("one"),), start_epoch=25.0, observe_until=30.0)
    short, long = Epochs(end_epoch=34.0), Epochs(end_epoch=60.0)

    assert plan_of(short, zeros).problems() == ()
    assert len(plan_of(short, zeros, narrow()).problems()) == 1
    assert plan_of(long, zeros, int8).problems() == ()
    assert plan_of(long, zeros, narrow(), int8).problems() == (
        "quantization starts before pruning ends",
    )
