from __future__ import annotations

import gc
import time

import pytest

from sparsify_tui.analyses import clock
from tests.analyses.fakes import watched


def test_runs_are_timed_for_the_time_asked_and_often_enough() -> None:
    start = time.perf_counter()
    seen, laps = watched(clock.time_runs(lambda: time.sleep(0.001), "runs", 0.05))

    assert time.perf_counter() - start >= 0.05
    assert len(laps.samples_ms) >= clock.FEWEST_RUNS
    assert min(laps.samples_ms) >= 1.0
    assert seen == []


def test_progress_is_told_twice_a_second_and_never_beyond_its_total() -> None:
    seen, _ = watched(clock.time_runs(lambda: time.sleep(0.01), "runs", 0.9))

    assert 1 <= len(seen) <= 3
    for progress in seen:
        assert 0 < progress.done <= progress.total
        assert progress.left_s is not None
        assert 0 <= progress.left_s <= clock.MOST_S


def test_two_are_timed_in_turn_with_as_many_samples_each() -> None:
    order: list[str] = []

    def work(name: str, seconds: float) -> None:
        order.append(name)
        time.sleep(seconds)

    _, (a, b) = watched(
        clock.time_in_turn(lambda: work("a", 0.02), lambda: work("b", 0.03), "pairs", 0.05)
    )

    assert len(a.samples_ms) == len(b.samples_ms) == 15
    assert "".join(order[1:]) == "abba" * 15, "the first run only sizes the blocks"
    assert min(a.samples_ms) >= 20
    assert min(b.samples_ms) >= 30


def test_a_slow_work_is_stopped_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "MOST_S", 0.05)

    _, laps = watched(clock.time_runs(lambda: time.sleep(0.02), "runs", 1.0))

    assert 1 <= len(laps.samples_ms) < clock.FEWEST_RUNS


def test_the_garbage_collector_is_quiet_only_while_timing() -> None:
    states: list[bool] = []
    watched(clock.time_runs(lambda: states.append(gc.isenabled()), "runs", 0.01))

    assert not any(states)
    assert gc.isenabled()


def test_waiting_for_others_counts_as_busy() -> None:
    _, idle = watched(clock.time_runs(lambda: sum(range(2000)), "runs", 0.05))
    _, waiting = watched(clock.time_runs(lambda: time.sleep(0.01), "runs", 0.05, fewest=5))

    assert waiting.busy > 2
    assert idle.busy > 0.99


def test_the_first_run_is_kept_out_of_the_warm_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "WARM_UP_S", 0.02)
    calls: list[None] = []

    def work() -> None:
        time.sleep(0.001 if calls else 0.03)
        calls.append(None)

    assert clock.warm_up(work) >= 30
    assert len(calls) > 5


def test_rounds_hand_their_laps_to_an_interlude_and_are_joined_in_order() -> None:
    rounds: list[clock.Laps] = []
    timing = clock.time_in_rounds(lambda: time.sleep(0.0005), rounds.append, 5, "runs", 0.1)

    seen, laps = watched(timing)

    assert len(rounds) == 5
    assert laps.samples_ms == tuple(ms for part in rounds for ms in part.samples_ms)
    assert len(laps.samples_ms) >= clock.FEWEST_RUNS
    assert all(0 < one.done <= one.total for one in seen)
