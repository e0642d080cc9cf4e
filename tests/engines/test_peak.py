from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest

from sparsify_tui.core.profile import Peak
from sparsify_tui.core.protocols import Array, Feeds
from sparsify_tui.engines import engine_of, peak
from sparsify_tui.onnxio.blank import INPUT, matrix_product


class Clock:
    """Moves a millisecond whenever it is read."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        self.now += 1e-3
        return self.now


class Session:
    """Its runs take these milliseconds on a clock, the last of them again and again."""

    def __init__(self, clock: Clock, *times_ms: float) -> None:
        self._clock = clock
        self._left = list(times_ms)

    def run(self, feeds: Feeds) -> Sequence[Array]:
        self._clock.now += (self._left.pop(0) if len(self._left) > 1 else self._left[0]) / 1e3
        return ()


class Engine:
    """Opens the one session, and remembers with how many threads."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.threads = 0

    def open(self, path: Path, *, threads: int) -> Session:
        self.threads = threads
        return self._session


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peak, "_ELEMENTS", 1 << 20)
    monkeypatch.setattr(peak, "_PRODUCT_S", 0.005)
    monkeypatch.setattr(peak, "_READING_S", 0.005)


def test_the_limits_are_those_of_the_fastest_runs_of_all_rounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    monkeypatch.setattr(peak, "time", clock)
    engine = Engine(Session(clock, 1, 59, 19, 39))
    meter = peak.PeakMeter(engine, Path("x"), flops=10**9, feeds={}, threads=2)
    for _ in range(3):
        meter.run_round()
    found = meter.peak()

    assert engine.threads == 2
    assert found.gflops == pytest.approx(1 / 0.020)
    assert found.gbytes_per_s == pytest.approx((4 << 20) / 1e6)


def test_both_limits_are_those_of_a_real_machine(tmp_path: Path) -> None:
    size = 256
    file = tmp_path / "product.onnx"
    onnx.save(matrix_product(size), file)
    feeds = {INPUT: np.ones((size, size), dtype=np.float32)}
    meter = peak.PeakMeter(engine_of(), file, flops=2 * size**3, feeds=feeds, threads=2)
    meter.run_round()
    found = meter.peak()

    assert isinstance(found, Peak)
    assert 0.5 < found.gflops < 20_000
    assert 0.1 < found.gbytes_per_s < 5_000
