"""Several sessions of one model that work at the same time: throughput, not only latency."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from sparsify_tui.analyses.clock import Laps, Work, lap
from sparsify_tui.core.protocols import Feeds, Session
from sparsify_tui.core.timing import Timing, summarize_runs

_TURN_MS = 20.0
"""Streams start together; over a turn of this length that start does not count."""


class Streams:
    """Each call is one turn: every session runs `repeats` times, on a thread of its own.

    The first one works on the caller's thread, so that with one stream no other is made.

    Args:
        sessions: One for each stream.
        feeds: One batch, the same for all.
    """

    def __init__(self, sessions: Sequence[Session], feeds: Feeds) -> None:
        self._first, *others = (partial(session.run, feeds) for session in sessions)
        self._others = tuple(others)
        self._pool = ThreadPoolExecutor(max(1, len(others)))
        self._latencies_ms: list[float] = []
        self.count = len(sessions)
        self.repeats = 1

    def __call__(self) -> None:
        """One turn."""
        others = [self._pool.submit(self._work, work) for work in self._others]
        self._work(self._first)
        for other in others:
            other.result()

    def settle(self, run_ms: float) -> None:
        """Fits the turn to how long a run takes, and forgets the runs so far."""
        self.repeats = 1 if self.count == 1 else max(1, round(_TURN_MS / max(run_ms, 1e-3)))
        self._latencies_ms.clear()

    def timing(self, laps: Laps, batch: int) -> Timing:
        """Latency of each run in any stream; the throughput counts all of them.

        Args:
            laps: Of the turns.
            batch: Items of one run.
        """
        if self.count == 1:
            return summarize_runs(laps.samples_ms, batch=batch, gauge=laps.gauge)
        timing = summarize_runs(self._latencies_ms, batch=batch, gauge=laps.gauge)
        items = batch * self.count * self.repeats * len(laps.samples_ms)
        return replace(timing, items_per_s=items / (sum(laps.samples_ms) / 1e3))

    def close(self) -> None:
        """Ends the threads."""
        self._pool.shutdown()

    def _work(self, work: Work) -> None:
        for _ in range(self.repeats):
            self._latencies_ms.append(lap(work))
