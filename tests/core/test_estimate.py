from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.changes import Changes
from sparsify_tui.core.channels.shares import LayerShare
from sparsify_tui.core.estimate import NO_SPEED_FROM_ZEROS, UNKNOWN, estimate
from sparsify_tui.core.model import LayerId
from tests.core.examples import layer, model_of


def levels(**named: float) -> Changes:
    return Changes(levels=tuple((LayerId(name), value) for name, value in named.items()))


def int8(*names: str, **named: float) -> Changes:
    return Changes(int8=tuple(map(LayerId, names)), levels=levels(**named).levels)


def test_an_untouched_model_is_as_it_was() -> None:
    outlook = estimate(model_of(layer("a"), layer("b")), Changes())

    assert (outlook.params, outlook.remaining_params) == (2020, 2020)
    assert (outlook.flops, outlook.remaining_flops) == (4_000_000, 4_000_000)
    assert outlook.sparsity == 0
    assert outlook.compression.value == 1


def test_zeros_are_taken_from_weights_and_flops() -> None:
    outlook = estimate(model_of(layer("a"), layer("b")), levels(a=0.9))

    assert outlook.remaining_params == 2020 - 900
    assert outlook.sparsity == 0.45
    assert outlook.remaining_flops == pytest.approx(4_000_000 - 1_800_000)
    assert outlook.compression.value == pytest.approx(2020 / 1120)
    assert outlook.compression.basis == "predicted"


def test_zeros_that_are_there_already_stay() -> None:
    half_empty = layer("a", density=0.5)

    assert estimate(model_of(half_empty), levels(a=0.2)).sparsity == 0.5
    assert estimate(model_of(half_empty), levels(a=0.7)).sparsity == 0.7
    assert estimate(model_of(half_empty), Changes()).sparsity == 0.5


def test_only_prunable_layers_count_for_the_sparsity() -> None:
    outlook = estimate(
        model_of(layer("a"), layer("bias", prunable=False, density=0.1)), levels(a=0.5)
    )

    assert outlook.sparsity == 0.5
    assert outlook.remaining_params == 2020 - 500 - 900


def test_an_int8_weight_is_a_quarter_of_its_bytes_and_loses_no_parameter() -> None:
    outlook = estimate(model_of(layer("a"), layer("b")), int8("a"))

    assert (outlook.remaining_params, outlook.int8_layers) == (2020, 1)
    assert outlook.compression.value == pytest.approx(4 * 2020 / (4 * 1020 + 1000))


def test_zeros_of_an_int8_weight_are_not_counted_twice() -> None:
    outlook = estimate(model_of(layer("a"), layer("b")), int8("a", "b", a=0.75))

    assert outlook.remaining_params == 2020 - 750
    assert outlook.compression.value == pytest.approx(4 * 2020 / (4 * 20 + 250 + 1000))


@given(st.floats(0, 1), st.floats(0, 1), st.booleans())
@settings(max_examples=60, deadline=None)
def test_more_zeros_and_int8_never_compress_less(one: float, two: float, first: bool) -> None:
    model = model_of(layer("a"), layer("b"))
    chosen = ("a",) if first else ("b",)
    few, many = sorted((one, two))

    def compression(changes: Changes) -> float:
        return estimate(model, changes).compression.value or 0.0

    assert compression(int8(*chosen, a=few)) <= compression(int8(*chosen, a=many))
    assert compression(int8(*chosen, a=few)) <= compression(int8("a", "b", a=few))


def test_zeros_promise_no_speed() -> None:
    outlook = estimate(model_of(layer("a")), levels(a=0.9))

    assert (outlook.speed_up.value, outlook.speed_up.basis) == (1.0, "modelled")
    assert outlook.speed_up.note == NO_SPEED_FROM_ZEROS


def test_what_nobody_measured_is_unknown() -> None:
    outlook = estimate(model_of(layer("a", flops=None), flops=None), levels(a=0.9))

    assert (outlook.flops, outlook.remaining_flops) == (None, None)
    assert outlook.loss == outlook.recovery == UNKNOWN
    assert (UNKNOWN.value, UNKNOWN.basis) == (None, "unknown")


def test_a_model_without_layers_has_an_outlook() -> None:
    outlook = estimate(model_of(), Changes())

    assert (outlook.sparsity, outlook.remaining_params) == (0.0, 1)


def test_a_cut_takes_weights_biases_and_flops() -> None:
    shares = {LayerId("a"): LayerShare(weights=0.25, outputs=0.5)}

    outlook = estimate(model_of(layer("a"), layer("b")), Changes(), shares=shares)

    assert outlook.remaining_params == 2020 - 750 - 5
    assert outlook.remaining_flops == pytest.approx(4_000_000 - 1_500_000)
    assert outlook.sparsity == 0
    assert outlook.compression.value == pytest.approx(2020 / 1265)


def test_zeros_and_int8_count_in_what_a_cut_leaves() -> None:
    shares = {LayerId("a"): LayerShare(weights=0.5, outputs=0.5)}

    outlook = estimate(model_of(layer("a")), int8("a", a=0.8), shares=shares)

    assert outlook.remaining_params == 100 + 5
    assert outlook.sparsity == pytest.approx(0.8)
    assert outlook.remaining_flops == pytest.approx(2_000_000 * 0.1)
    assert outlook.compression.value == pytest.approx(4 * 1010 / (100 + 4 * 5))
