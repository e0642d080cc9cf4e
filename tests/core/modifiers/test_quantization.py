from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.model import LayerId
from sparsify_tui.core.modifiers import Quantization
from tests.core.examples import layer, model_of

NAMES = ("fc", "fc1", "fc10", "fc2", "fc20", "body.0", "body.0.1", "tok")


def int8(*names: str, **changes: float | None) -> Quantization:
    return Quantization(layers=tuple(map(LayerId, names)), **changes)  # type: ignore[arg-type]


def rounded(quantization: Quantization, *names: str) -> set[str]:
    """The modules that SparseML 1.8.0 rounds: ignored by beginnings, then the longest override."""
    (entry,) = quantization.entries(model_of(*map(layer, names)))
    args = dict(entry.args)
    assert entry.tag == "QuantizationModifier"
    assert args["scheme"]["weights"] is args["scheme"]["input_activations"] is None
    left = [one for one in names if not any(one.startswith(prefix) for prefix in args["ignore"])]
    schemes = args["scheme_overrides"]
    best = {
        one: max((name for name in schemes if one.startswith(name)), key=len, default=None)
        for one in left
    }
    return {one for one, name in best.items() if name and schemes[name]["weights"]}


def test_chosen_modules_are_rounded_and_all_others_are_ignored() -> None:
    (entry,) = int8("a", "b", start_epoch=4.0, observe_until=5.0).entries(
        model_of(layer("a"), layer("b"), layer("c"))
    )
    args = dict(entry.args)

    assert list(args["scheme_overrides"]) == ["a", "b"]
    assert args["ignore"] == ["c"]
    assert (args["start_epoch"], args["disable_quantization_observer_epoch"]) == (4.0, 5.0)
    assert args["scheme_overrides"]["a"] == {
        "input_activations": {"num_bits": 8, "symmetric": False},
        "weights": {"num_bits": 8, "symmetric": True, "strategy": "channel"},
        "output_activations": None,
    }


def test_batchnorm_is_frozen_only_where_an_epoch_says_so() -> None:
    model = model_of(layer("a"))

    assert "freeze_bn_stats_epoch" not in dict(int8("a").entries(model)[0].args)
    frozen = int8("a", freeze_epoch=5.0).entries(model)[0]
    assert dict(frozen.args)["freeze_bn_stats_epoch"] == 5.0


def test_modules_whose_names_begin_alike_are_told_apart() -> None:
    assert rounded(int8("fc", "fc10", "fc2"), *NAMES) == {"fc", "fc10", "fc2"}


@given(st.sets(st.sampled_from(NAMES), min_size=1))
@settings(max_examples=60, deadline=None)
def test_exactly_the_chosen_modules_are_rounded(chosen: set[str]) -> None:
    assert rounded(int8(*chosen), *NAMES) == chosen


def test_layers_without_a_pytorch_name_are_left_out() -> None:
    nameless = layer("a", module_path=None)

    assert int8("a").entries(model_of(nameless)) == ()
    (entry,) = int8("a", "b").entries(model_of(nameless, layer("b")))
    assert list(dict(entry.args)["scheme_overrides"]) == ["b"]
    assert dict(entry.args)["ignore"] == []


def test_without_int8_layers_there_is_no_entry_and_no_problem() -> None:
    assert int8().entries(model_of(layer("a"))) == ()
    assert int8(start_epoch=9.0, observe_until=1.0).problems() == ()


@pytest.mark.parametrize("late", [{"observe_until": 3.0}, {"freeze_epoch": 3.0}])
def test_nothing_is_fixed_before_the_rounding_starts(late: dict[str, float]) -> None:
    times: dict[str, float | None] = {"start_epoch": 4.0, "observe_until": 4.0}

    assert int8("a", **times).problems() == ()
    assert len(int8("a", **(times | late)).problems()) == 1
