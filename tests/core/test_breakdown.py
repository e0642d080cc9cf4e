from __future__ import annotations

from typing import Any

import pytest

from sparsify_tui.core.breakdown import (
    GROUPINGS,
    TimeRow,
    flops_rows,
    layer_rows,
    operator_rows,
    stage_rows,
)
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.profile import LayerTime, OtherTime, Peak, PerfProfile
from tests.core import examples

MODEL = examples.model_of(
    examples.layer("layer1.0.a"), examples.layer("layer1.1.b"), examples.layer("fc", op_type="Gemm")
)


def time(name: str, ms: float | None, **changes: Any) -> LayerTime:
    fields: dict[str, Any] = {
        "id": LayerId(name), "ms": ms, "share": None, "flops": 4_000_000, "bytes": 1_000_000,
    }  # fmt: skip
    return LayerTime(**fields | changes)


def profile(*times: LayerTime) -> PerfProfile:
    others = (
        OtherTime(name="relu", op_type="Relu", ms=1.5),
        OtherTime(name="mm", op_type="Gemm", ms=0.5),
    )
    return examples.perf_profile(layers=times, others=others)


MEASURED = profile(
    time("layer1.0.a", 4.0, int8_ms=1.0),
    time("layer1.1.b", 2.0, int8_ms=4.0, int8_note="boundary conversion"),
    time("fc", 1.0, flops=None, bytes=None),
)


@pytest.mark.parametrize("grouping", GROUPINGS)
def test_the_rows_of_each_grouping_add_up_to_the_fastest_run(grouping: str) -> None:
    rows = GROUPINGS[grouping](MODEL, MEASURED)

    assert sum(row.ms or 0.0 for row in rows) == pytest.approx(MEASURED.total.min_ms)
    assert len({row.key for row in rows}) == len(rows)


def test_stages_keep_the_order_of_the_graph_and_say_how_many_layers_they_hold() -> None:
    names = [row.name for row in stage_rows(MODEL, MEASURED)]

    assert names == ["2 × layer1", "1 × fc", "2 other kernels", "not attributed"]


def test_operators_hold_kernels_of_no_layer_and_the_slowest_is_first() -> None:
    rows = operator_rows(MODEL, MEASURED)

    assert [(row.name, row.ms) for row in rows[:3]] == [
        ("2 × Conv", 6.0),
        ("2 × Gemm", 1.5),
        ("1 × Relu", 1.5),
    ]


def test_a_sum_rates_only_the_layers_that_have_both_figures() -> None:
    stage = stage_rows(MODEL, profile(time("layer1.0.a", 4.0), time("layer1.1.b", None)))[0]

    assert stage.ms == 4.0
    assert stage.flops == 8_000_000
    assert stage.gflops == pytest.approx(1.0)
    assert stage.intensity == pytest.approx(4.0)


def test_a_gain_compares_float_and_int8_of_the_same_layers() -> None:
    stage = stage_rows(
        MODEL, profile(time("layer1.0.a", 4.0, int8_ms=1.0), time("layer1.1.b", 2.0))
    )[0]

    assert stage.int8_gain == 4.0
    assert stage.int8_ms == 1.0


def test_a_sum_counts_the_notes_of_its_layers() -> None:
    layer, stage = layer_rows(MODEL, MEASURED)[1], stage_rows(MODEL, MEASURED)[0]

    assert layer.int8_note == "boundary conversion"
    assert stage.int8_note == "1 × boundary conversion"


def test_what_was_not_measured_has_no_figure_rather_than_zero() -> None:
    row = layer_rows(MODEL, profile(time("layer1.0.a", None)))[0]

    assert (row.ms, row.gflops, row.int8_ms, row.int8_gain) == (None, None, None, None)
    assert TimeRow(key="x", name="x").flops is None


def test_only_a_single_layer_is_a_layer() -> None:
    layer, *_, rest = layer_rows(MODEL, MEASURED)

    assert layer.layer is MODEL.layers[0]
    assert rest.layer is None
    assert stage_rows(MODEL, MEASURED)[1].layer is None


def test_without_a_measurement_the_flops_are_those_of_the_architecture() -> None:
    assert [row.flops for row in flops_rows(MODEL)] == [2_000_000] * 3


def test_a_row_reaches_a_part_of_what_the_roof_allows_at_its_intensity() -> None:
    row = layer_rows(MODEL, MEASURED)[0]

    assert row.of_roof(Peak(gflops=100.0, gbytes_per_s=1.0)) == pytest.approx(1.0 / 4.0)
    assert row.of_roof(Peak(gflops=2.0, gbytes_per_s=1.0)) == pytest.approx(1.0 / 2.0)
    assert row.of_roof(None) is None


def test_a_sum_adds_the_narrowed_times_of_its_layers_share_by_share() -> None:
    found = profile(
        time("layer1.0.a", 4.0, channel_ms=(3.0, 2.0, None)),
        time("layer1.1.b", 2.0, channel_ms=(2.0, 1.0, 0.5)),
        time("fc", None, channel_ms=(1.0, 1.0, 1.0)),
    )
    stage, fc, *rest = stage_rows(MODEL, found)

    assert stage.channel_ms == (5.0, 3.0, 0.5)
    assert stage.channel_gains == pytest.approx((6 / 5, 6 / 3, 2 / 0.5))
    assert fc.channel_ms == (1.0, 1.0, 1.0)
    assert fc.channel_gains == ()
    assert {row.channel_ms for row in rest} == {()}


def test_without_lanes_no_row_has_a_narrowed_time() -> None:
    assert {row.channel_ms for row in layer_rows(MODEL, MEASURED)} == {()}
    assert {row.channel_gains for row in layer_rows(MODEL, MEASURED)} == {()}
