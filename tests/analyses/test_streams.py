from __future__ import annotations

import threading

import numpy as np
import pytest

from sparsify_tui.analyses.clock import Laps
from sparsify_tui.analyses.streams import Streams
from sparsify_tui.errors import ModelError
from tests.analyses.fakes import FakeSession

LAPS = Laps(samples_ms=(10.0, 30.0))
FEEDS = {"x": np.zeros(1)}


def test_each_session_runs_as_often_as_the_others_in_a_turn() -> None:
    sessions = [FakeSession(lambda _: []) for _ in range(3)]
    streams = Streams(sessions, FEEDS)
    streams.settle(run_ms=5.0)

    streams()
    streams()
    streams.close()

    assert streams.repeats == 4
    assert [len(one.fed) for one in sessions] == [8, 8, 8]


def test_the_throughput_counts_all_streams_and_the_latency_each_run() -> None:
    streams = Streams([FakeSession(lambda _: []) for _ in range(3)], FEEDS)
    streams.settle(run_ms=10.0)
    for _ in LAPS.samples_ms:
        streams()
    streams.close()

    timing = streams.timing(LAPS, batch=5)

    assert timing.items_per_s == pytest.approx(5 * 3 * 2 * 2 / 0.040)
    assert timing.runs == 3 * 2 * 2
    assert timing.median_ms < 10


def test_what_ran_before_it_settled_does_not_count() -> None:
    streams = Streams([FakeSession(lambda _: []) for _ in range(2)], FEEDS)
    streams()
    streams.settle(run_ms=20.0)
    streams()
    streams.close()

    assert streams.timing(LAPS, batch=1).runs == 2


def test_one_stream_is_timed_by_its_laps_on_the_callers_own_thread() -> None:
    threads: list[int] = []
    streams = Streams([FakeSession(lambda _: threads.append(threading.get_ident()) or [])], FEEDS)
    streams.settle(run_ms=1.0)
    streams()
    streams.close()

    assert threads == [threading.get_ident()]
    assert streams.timing(LAPS, batch=1).median_ms == 20.0


def test_a_stream_that_fails_is_no_silence() -> None:
    def refuse(_: object) -> list[np.ndarray]:
        raise ModelError("no")

    streams = Streams([FakeSession(lambda _: []), FakeSession(refuse)], FEEDS)

    with pytest.raises(ModelError):
        streams()
    streams.close()
