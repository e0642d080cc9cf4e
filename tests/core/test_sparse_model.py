from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.model import Layer, LayerId
from sparsify_tui.core.profile import LayerTime, Peak, PerfProfile
from sparsify_tui.core.sparse_model import (
    DEEPSPARSE,
    GENERIC_CSR,
    SPARSE_ENGINES,
    SPECIALISED,
    measured_curve,
    modelled_total,
    sparse_engine,
)
from tests.core import examples

WEIGHTS = 1_000_000
PEAK = Peak(gflops=100.0, gbytes_per_s=10.0)


def dense(name: str = "a", **changes: Any) -> Layer:
    fields: dict[str, Any] = {"op_type": "MatMul", "shape": (1000, 1000), "params": WEIGHTS}
    return examples.layer(name, **fields | changes)


def time(name: str = "a", **changes: Any) -> LayerTime:
    """256 rows of activations: 512 MFLOPs, at 80 % of the peak."""
    fields: dict[str, Any] = {
        "id": LayerId(name), "ms": 6.4, "share": None,
        "flops": 512_000_000, "bytes": 4 * WEIGHTS + 2_048_000,
    }  # fmt: skip
    return LayerTime(**fields | changes)


def profile(*times: LayerTime, **changes: Any) -> PerfProfile:
    fields: dict[str, Any] = {
        "layers": times, "others": (), "peak": PEAK, "total": examples.timing(min_ms=10.0),
    }  # fmt: skip
    return examples.perf_profile(**fields | changes)


def test_a_generic_kernel_breaks_even_near_91_percent() -> None:
    """METHODS.md D: eta .09 has its crossover at 91 %."""
    measured = profile(time())

    before, after = (GENERIC_CSR.ms(dense(), time(), level, measured) for level in (0.90, 0.92))

    assert before is not None
    assert after is not None
    assert before > 6.4 > after


def test_the_roof_formula_by_hand() -> None:
    ms = SPECIALISED.ms(dense(), time(), 0.9, profile(time()))

    overhead = 6.4 - 5.12
    compute = 512e6 * 0.1 / (0.6 * 100e9) * 1e3
    traffic = (0.1 * WEIGHTS * 6 + 2_048_000) / 10e9 * 1e3
    assert compute > traffic
    assert ms == pytest.approx(overhead + compute)


def test_memory_bounds_a_layer_with_little_work() -> None:
    one_row = time(flops=2_000_000, ms=0.5, bytes=4 * WEIGHTS + 8_000)

    ms = SPECIALISED.ms(dense(), one_row, 0.5, profile(one_row))

    overhead = 0.5 - (4 * WEIGHTS + 8_000) / 10e9 * 1e3
    assert ms == pytest.approx(overhead + (0.5 * WEIGHTS * 6 + 8_000) / 10e9 * 1e3)


def test_a_layer_faster_than_the_roof_has_no_negative_overhead() -> None:
    quick = time(ms=0.1)

    ms = SPECIALISED.ms(dense(), quick, 0.99, profile(quick))

    assert ms is not None
    assert ms > 0


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 0.99), st.floats(0, 0.99))
def test_more_zeros_never_take_a_roof_engine_longer(one: float, other: float) -> None:
    measured = profile(time())
    fewer, more = (
        GENERIC_CSR.ms(dense(), time(), level, measured) or 0.0
        for level in (min(one, other), max(one, other))
    )

    assert more <= fewer + 1e-12


@pytest.mark.parametrize("missing", ["ms", "flops", "bytes"])
def test_a_layer_without_a_figure_is_not_modelled(missing: str) -> None:
    lacking = time(**{missing: None})

    assert GENERIC_CSR.ms(dense(), lacking, 0.9, profile(lacking)) is None


@pytest.mark.parametrize(
    ("changes", "batch", "level", "speed_up"),
    [
        ({"op_type": "MatMul"}, 1, 0.9, 3.84),
        ({"op_type": "Gemm"}, 1, 0.8, 1.59),
        ({"op_type": "Gemm"}, 16, 0.8, 0.79),
        ({"op_type": "Conv", "shape": (8, 8, 1, 1)}, 1, 0.95, 5.81),
        ({"op_type": "Conv", "shape": (8, 8, 3, 3)}, 1, 0.7, 0.93),
        ({"op_type": "Conv", "shape": (8, 8, 3, 3)}, 12, 0.5, 0.66),
        ({"op_type": "Conv", "shape": (8, 1, 3, 3)}, 1, 0.9, 1.0),
        ({"op_type": "MatMul"}, 1, 0.0, 1.0),
    ],
)
def test_measured_curves_are_those_of_the_nearest_kind_and_batch(
    changes: dict[str, Any], batch: int, level: float, speed_up: float
) -> None:
    curve = measured_curve(dense(**changes), batch)

    assert curve is not None
    assert curve.at(level) == pytest.approx(speed_up)
    measured = profile(time(), batch=batch)
    assert DEEPSPARSE.ms(dense(**changes), time(), level, measured) == pytest.approx(6.4 / speed_up)


@pytest.mark.parametrize(
    "changes",
    [{"op_type": "ConvTranspose"}, {"op_type": "Conv", "shape": (8, 8, 5, 5)}],
    ids=["transposed", "5x5"],
)
def test_a_layer_unlike_all_that_were_measured_has_no_curve(changes: dict[str, Any]) -> None:
    assert measured_curve(dense(**changes), 1) is None


def test_the_whole_model_gains_what_its_prunable_layers_save() -> None:
    model = examples.model_of(dense("a"), dense("b", prunable=False))
    measured = profile(time("a", ms=5.12), time("b", ms=3.0))

    total = modelled_total(DEEPSPARSE, model, measured, 0.9)

    assert total.value == pytest.approx(10 / (10 - 5.12 + 5.12 / 3.84))
    assert total.basis == "modelled"
    assert "DeepSparse" in total.note


def test_a_layer_that_would_be_slower_stays_dense() -> None:
    model = examples.model_of(dense("a"))

    assert modelled_total(GENERIC_CSR, model, profile(time()), 0.5).value == 1.0


def test_without_the_peak_nothing_is_modelled_and_it_says_why() -> None:
    total = modelled_total(GENERIC_CSR, examples.model_of(dense()), profile(time(), peak=None), 0.9)

    assert total.value is None
    assert total.basis == "unknown"
    assert "peak" in total.note


def test_a_layer_that_no_longer_is_in_the_profile_is_left_out() -> None:
    model = examples.model_of(dense("a"), dense("new"))

    alone = modelled_total(DEEPSPARSE, model, profile(time("a")), 0.9)

    assert alone == modelled_total(DEEPSPARSE, examples.model_of(dense("a")), profile(time()), 0.9)


def test_engines_are_found_by_their_key() -> None:
    assert [sparse_engine(one.key) for one in SPARSE_ENGINES] == list(SPARSE_ENGINES)
    assert sparse_engine("none") is None
    assert replace(SPECIALISED, eta=0.5) not in SPARSE_ENGINES
