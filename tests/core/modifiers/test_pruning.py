from __future__ import annotations

from typing import Any

import pytest

from sparsify_tui.core.model import Model
from sparsify_tui.core.modifiers import Pruning
from tests.core.examples import layer, level, model_of

MODEL = model_of(layer("a"), layer("b"), layer("c"))


def arguments(pruning: Pruning, model: Model = MODEL) -> dict[str, Any]:
    (entry,) = pruning.entries(model)
    assert entry.tag == "GMPruningModifier"
    return dict(entry.args)


def test_layers_of_one_level_are_listed_under_params() -> None:
    pruning = Pruning(layers=(level("a", 0.8), level("b", 0.8)), start_epoch=1.0, end_epoch=31.0)

    assert arguments(pruning) == {
        "start_epoch": 1.0,
        "end_epoch": 31.0,
        "update_frequency": 0.825,
        "init_sparsity": 0.05,
        "final_sparsity": 0.8,
        "params": ["a.weight", "b.weight"],
        "inter_func": "cubic",
        "leave_enabled": True,
        "mask_type": "unstructured",
    }


def test_layers_of_several_levels_are_a_mapping_and_params_stay_empty() -> None:
    found = arguments(Pruning(layers=(level("a", 0.9), level("b", 0.5), level("c", 0.9))))

    assert found["final_sparsity"] == {0.5: ["b.weight"], 0.9: ["a.weight", "c.weight"]}
    assert found["params"] == []


def test_the_first_level_is_never_above_the_last() -> None:
    found = arguments(Pruning(layers=(level("a", 0.9), level("b", 0.02))))

    assert found["init_sparsity"] == 0.02


def test_layers_that_are_off_or_lose_no_weight_are_left_out() -> None:
    small = layer("small", shape=(3,))
    pruning = Pruning(layers=(level("a", 0.5), level("b", 0.5, enabled=False), level("small", 0.1)))

    assert arguments(pruning, model_of(layer("a"), layer("b"), small))["params"] == ["a.weight"]


def test_layers_that_cannot_be_pruned_are_left_out() -> None:
    model = model_of(layer("a"), layer("norm", prunable=False))

    assert arguments(Pruning(layers=(level("a", 0.5), level("norm", 0.5))), model)["params"] == [
        "a.weight"
    ]


def test_without_a_pruned_layer_there_is_no_entry() -> None:
    assert Pruning(layers=(level("a", 0.0),)).entries(MODEL) == ()
    assert Pruning().entries(MODEL) == ()


def test_a_weights_name_that_would_be_a_pattern_is_escaped() -> None:
    model = model_of(layer("a", weight="re:.*"))

    assert arguments(Pruning(layers=(level("a", 0.5),)), model)["params"] == [r"re:re:\.\*$"]


def test_a_switched_off_layer_keeps_its_level_for_later() -> None:
    off = level("a", 0.7, enabled=False)

    assert (off.level, off.effective) == (0.7, 0.0)
    assert level("a", 0.7).effective == 0.7


@pytest.mark.parametrize(
    ("epoch", "sparsity"),
    [(0.0, 0.0), (0.99, 0.0), (1.0, 0.05), (16.0, 0.8 - 0.75 / 8), (31.0, 0.8), (90.0, 0.8)],
)
def test_sparsity_rises_by_a_cubic_from_first_to_target(epoch: float, sparsity: float) -> None:
    pruning = Pruning(target=0.8, init_sparsity=0.05, start_epoch=1.0, end_epoch=31.0)

    assert pruning.sparsity_at(epoch) == pytest.approx(sparsity)


def test_sparsity_never_starts_above_a_low_target() -> None:
    pruning = Pruning(target=0.02, start_epoch=1.0, end_epoch=1.0)

    assert pruning.sparsity_at(1.0) == pruning.sparsity_at(5.0) == 0.02


def test_a_pruning_must_end_after_it_starts() -> None:
    pruned = (level("a", 0.5),)

    assert Pruning(layers=pruned).problems() == ()
    assert Pruning(layers=pruned, start_epoch=5.0, end_epoch=5.0).problems() == (
        "pruning ends before it starts",
    )
