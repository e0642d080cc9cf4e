from __future__ import annotations

import gc
from collections.abc import Collection
from pathlib import Path

import pytest

from sparsify_tui.analyses import kernels
from sparsify_tui.analyses.clock import Work
from sparsify_tui.analyses.kernels import FEWEST_PROFILED_RUNS, Profiled, ProfilerCost
from sparsify_tui.core.protocols import KernelTime
from tests.analyses.fakes import FakeEngine, FakeSession

ROUNDS = 10
QUICK = FakeSession(lambda _: [])


class Watching(FakeSession):
    """Remembers which runs counted, and whether the collector was at work meanwhile."""

    def kernel_times(self, counted: Collection[int]) -> tuple[KernelTime, ...]:
        self.counted = list(counted)
        self.is_collecting = gc.isenabled()
        return super().kernel_times(counted)


def profiled(session: FakeSession, **more: int) -> Profiled:
    found = Profiled(FakeEngine(session), Path("m.onnx"), 1, {}, rounds=ROUNDS, **more)
    for _ in range(ROUNDS):
        found.run_round()
    return found


def test_a_quick_model_is_run_no_more_often_than_its_events_are_worth() -> None:
    session = Watching(lambda _: [])
    profiled(session).kernel_times()
    assert len(session.counted) == 100


def test_a_slow_model_is_run_as_often_as_its_minima_need(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow_lap(work: Work) -> float:
        work()
        return 1e3

    monkeypatch.setattr(kernels, "lap", slow_lap)
    session = Watching(lambda _: [])
    profiled(session).kernel_times()
    assert len(session.counted) == FEWEST_PROFILED_RUNS


def test_events_are_read_while_the_collector_rests() -> None:
    session = Watching(lambda _: [])
    profiled(session).kernel_times()
    assert not session.is_collecting
    assert gc.isenabled()


def test_the_chain_that_does_nothing_needs_fewer_profiled_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Watching] = []

    class Engine(FakeEngine):
        def open(self, path: Path, *, threads: int, **_more: bool) -> FakeSession:
            opened.append(Watching(lambda _: [], (KernelTime(name="x1", op_type="Neg", ms=1.0),)))
            return opened[-1]

    monkeypatch.setattr(kernels, "_BLANK_KERNELS", 1)
    cost = ProfilerCost(Engine(QUICK), 1, tmp_path, rounds=ROUNDS)
    for _ in range(ROUNDS):
        cost.run_round()
    assert cost.per_kernel_ms() == pytest.approx(1.0, abs=0.1)
    plain, chain = opened
    assert len(plain.fed) == 200
    assert FEWEST_PROFILED_RUNS <= len(chain.counted) == 50
