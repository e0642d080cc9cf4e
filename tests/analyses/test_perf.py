from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

from sparsify_tui.analyses import clock, kernels, opened
from sparsify_tui.analyses.channels import lanes
from sparsify_tui.analyses.kernels import FEWEST_PROFILED_RUNS
from sparsify_tui.analyses.perf import profile_performance
from sparsify_tui.codec import document_from, value_from
from sparsify_tui.core.channels.lanes import SHARES
from sparsify_tui.core.profile import PerfProfile
from sparsify_tui.core.protocols import KernelTime
from sparsify_tui.engines import peak
from tests.analyses.fakes import FakeEngine, FakeSession, finished, options, sums
from tests.analyses.models import saved, two_layers


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(clock, "WARM_UP_S", 0.01)
    for name in ("_PRODUCT_S", "_READING_S"):
        monkeypatch.setattr(peak, name, 0.01)
    monkeypatch.setattr(peak, "_ELEMENTS", 1 << 16)
    return saved(two_layers(), tmp_path / "m.onnx")


def profile(
    path: Path, *, int8: bool = False, channels: bool = False, **more: object
) -> PerfProfile:
    found: PerfProfile = finished(
        profile_performance(
            options=options(path, **more), name="one", seconds=0.05, int8=int8, channels=channels
        )
    )
    return found


def with_kernels(
    monkeypatch: pytest.MonkeyPatch,
    kernels: Mapping[tuple[str, str], float],
    blank_ms: float = 0.0,
) -> None:
    session = FakeSession(
        sums, tuple(KernelTime(name=n, op_type=op, ms=ms) for (n, op), ms in kernels.items())
    )
    monkeypatch.setattr(opened, "engine_of", lambda _name: FakeEngine(session, blank_ms))


def test_the_rows_and_the_remainder_add_up_to_the_fastest_run(path: Path) -> None:
    perf = profile(path, batch=4, threads=1)

    assert perf.measured_ms + perf.not_attributed_ms == pytest.approx(perf.total.min_ms)
    assert (perf.name, perf.batch, perf.coverage) == ("one", 4, 1.0)
    assert [row.id for row in perf.layers] == ["a", "y"]
    assert perf.inputs.startswith("random values")
    assert 0 < perf.total.items_per_s <= 4e3 / perf.total.min_ms


def test_kernels_are_charged_to_the_layer_they_compute(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_kernels(monkeypatch, {("a", "Gemm"): 2.0, ("b", "Relu"): 0.5, ("y", "Gemm"): 1.0})

    perf = profile(path)

    assert {row.id: row.ms for row in perf.layers} == {"a": 2.0, "y": 1.0}
    assert [(row.name, row.op_type, row.ms) for row in perf.others] == [("b", "Relu", 0.5)]
    assert perf.layers[0].share == pytest.approx(2.0 / perf.total.min_ms)


def test_a_layer_without_a_kernel_has_no_time_and_lowers_the_coverage(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_kernels(monkeypatch, {("a", "Gemm"): 2.0})

    perf = profile(path)

    assert perf.coverage == 0.5
    assert (perf.layers[1].ms, perf.layers[1].share) == (None, None)


def test_what_the_profiler_costs_is_taken_off_every_kernel_but_never_below_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_kernels(monkeypatch, {("a", "Gemm"): 2.0, ("b", "Relu"): 0.1}, blank_ms=0.5)

    perf = profile(path)

    assert perf.profiler_cost_ms == pytest.approx(0.5, abs=0.01)
    assert perf.layers[0].ms == pytest.approx(2.0 - perf.profiler_cost_ms)
    assert perf.others[0].ms == 0


def test_a_profile_counts_at_least_20_runs_and_skips_the_first_of_each_round(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[list[int]] = []

    class Counting(FakeSession):
        def kernel_times(self, numbers: Collection[int]) -> tuple[KernelTime, ...]:
            counted.append(list(numbers))
            return super().kernel_times(numbers)

    monkeypatch.setattr(opened, "engine_of", lambda _name: FakeEngine(Counting(sums)))
    profile(path)

    (numbers,) = counted
    assert len(numbers) >= FEWEST_PROFILED_RUNS
    assert 0 not in numbers


def test_the_peak_of_the_machine_and_the_work_of_each_layer_make_a_roofline(path: Path) -> None:
    perf = profile(path, batch=4, threads=1)

    assert perf.peak is not None
    assert perf.peak.gflops > 0
    assert perf.peak.gbytes_per_s > 0
    assert [row.flops for row in perf.layers] == [4 * 2 * 8 * 4, 4 * 2 * 3 * 8]
    assert all(row.bytes and row.intensity and row.kernel for row in perf.layers)


def test_the_int8_lane_stands_beside_the_float_times(path: Path) -> None:
    perf = profile(path, int8=True, threads=1)

    assert perf.int8 is not None
    assert not perf.int8.refused
    assert all(row.ms is not None and row.int8_ms is not None for row in perf.layers)
    assert perf.mix_model is not None
    assert perf.mix_model.predict(()) == perf.int8.float_ms


def test_the_channel_lanes_stand_beside_the_full_times(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "_TURN_MS", 1.0)
    monkeypatch.setattr(kernels, "_BLANK_KERNELS", 20)
    monkeypatch.setattr(lanes, "MIXES", 1)
    monkeypatch.setattr(lanes, "_WARM_UP_S", 0.01)
    perf = profile(path, channels=True, threads=1)

    assert perf.channels is not None
    assert perf.channels.model is not None
    assert [group.kind for group in perf.channels.map.groups] == ["hidden unit"]
    assert [len(row.channel_ms) for row in perf.layers] == [len(SHARES)] * 2
    assert value_from(document_from(perf), PerfProfile) == perf


def test_without_lanes_nothing_is_said_of_int8_and_channels(path: Path) -> None:
    perf = profile(path)

    assert perf.channels is None
    assert {row.channel_ms for row in perf.layers} == {()}

    assert perf.int8 is None
    assert perf.mix_model is None
    assert all(row.int8_ms is None for row in perf.layers)
