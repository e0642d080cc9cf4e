from __future__ import annotations

import pytest

from sparsify_tui.core.estimate import NO_SPEED_FROM_ZEROS, UNKNOWN, estimate
from sparsify_tui.core.model import LayerId
from tests.core.examples import layer, model_of


def levels(**named: float) -> dict[LayerId, float]:
    return {LayerId(name): value for name, value in named.items()}


def test_an_untouched_model_is_as_it_was() -> None:
    outlook = estimate(model_of(layer("a"), layer("b")), {})

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
    assert estimate(model_of(half_empty), {}).sparsity == 0.5


def test_only_prunable_layers_count_for_the_sparsity() -> None:
    outlook = estimate(
        model_of(layer("a"), layer("bias", prunable=False, density=0.1)), levels(a=0.5)
    )

    assert outlook.sparsity == 0.5
    assert outlook.remaining_params == 2020 - 500 - 900


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
    outlook = estimate(model_of(), {})

    assert (outlook.sparsity, outlook.remaining_params) == (0.0, 1)
