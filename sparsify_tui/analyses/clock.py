"""Times sessions: warm-up, a loop long enough to be believed, and two of them in turn."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from sparsify_tui.core.protocols import Progress

Work = Callable[[], object]

WARM_UP_S = 0.5
FEWEST_RUNS = 100
MOST_S = 30.0
_REPORT_EVERY_S = 0.5
_BLOCK_MS = 20.0
_FEWEST_BLOCKS = 15
_SETTLING_RUNS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Laps:
    """Run times in order, and how busy the machine was meanwhile."""

    samples_ms: tuple[float, ...]
    busy: float
    """Wall time over CPU time of the timing thread; 1 when nothing else ran."""


def warm_up(work: Work) -> float:
    """Runs for half a second; returns the milliseconds of the very first run."""
    cold = lap(work)
    end = time.perf_counter() + WARM_UP_S
    while time.perf_counter() < end:
        work()
    return cold


def time_runs(
    work: Work,
    item: str,
    seconds: float,
    *,
    fewest: int = FEWEST_RUNS,
    most_s: float | None = None,
) -> Generator[Progress, None, Laps]:
    """At least `seconds` and `fewest` runs, at most `most_s`, which is 30 s."""
    samples: list[float] = []
    with quiet_collector():
        clock = _Clock(seconds, most_s or MOST_S)
        while not clock.is_over(len(samples), fewest):
            samples.append(lap(work))
            if clock.is_report_due():
                yield clock.progress(item, len(samples), fewest)
    return Laps(samples_ms=tuple(samples), busy=clock.busy)


def time_in_rounds(
    work: Work, interlude: Callable[[Laps], object], rounds: int, item: str, seconds: float
) -> Generator[Progress, None, Laps]:
    """The same in rounds, with something else after each.

    What the interludes measure thus meets the machine in the states that the runs met. It is
    handed the round's laps.
    """
    parts: list[Laps] = []
    start = time.perf_counter()
    for at in range(rounds):
        for _ in range(_SETTLING_RUNS):
            work()
        timing = time_runs(
            work,
            item,
            seconds / rounds,
            fewest=math.ceil(FEWEST_RUNS / rounds),
            most_s=MOST_S / rounds,
        )
        laps = _finished(timing)
        interlude(laps)
        parts.append(laps)
        spent = time.perf_counter() - start
        yield Progress(
            done=at + 1, total=rounds, item=item, left_s=spent / (at + 1) * (rounds - at - 1)
        )
    return Laps(
        samples_ms=tuple(sample for part in parts for sample in part.samples_ms),
        busy=median(part.busy for part in parts),
    )


def _finished(timing: Generator[Progress, None, Laps]) -> Laps:
    """The laps of a round, which is too short to report from."""
    while True:
        try:
            next(timing)
        except StopIteration as end:
            laps: Laps = end.value
            return laps


def time_in_turn(
    a: Work, b: Work, item: str, seconds: float
) -> Generator[Progress, None, tuple[Laps, Laps]]:
    """A, B, B, A blocks, so that a drift of the machine meets both alike.

    Each sample is the mean run of a pair of blocks of about 20 ms.
    """
    repeats = max(1, round(_BLOCK_MS / max(lap(a), 1e-3)))
    samples_a: list[float] = []
    samples_b: list[float] = []
    with quiet_collector():
        clock = _Clock(seconds, MOST_S)
        while not clock.is_over(len(samples_a), _FEWEST_BLOCKS):
            first = _block(a, repeats)
            second = _block(b, repeats)
            samples_b.append((second + _block(b, repeats)) / 2)
            samples_a.append((first + _block(a, repeats)) / 2)
            if clock.is_report_due():
                yield clock.progress(item, len(samples_a), _FEWEST_BLOCKS)
    return (
        Laps(samples_ms=tuple(samples_a), busy=clock.busy),
        Laps(samples_ms=tuple(samples_b), busy=clock.busy),
    )


@contextmanager
def quiet_collector() -> Iterator[None]:
    """Keeps Python's garbage collector out of a timing loop."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class _Clock:
    """When to stop, when to report, and how busy the machine is."""

    def __init__(self, seconds: float, most_s: float) -> None:
        self._seconds = seconds
        self._most_s = most_s
        self._start = self._reported = time.perf_counter()
        self._cpu = time.thread_time()

    def is_over(self, done: int, fewest: int) -> bool:
        spent = time.perf_counter() - self._start
        return done > 0 and (spent >= self._most_s or (spent >= self._seconds and done >= fewest))

    def is_report_due(self) -> bool:
        now = time.perf_counter()
        if now - self._reported < _REPORT_EVERY_S:
            return False
        self._reported = now
        return True

    def progress(self, item: str, done: int, fewest: int) -> Progress:
        spent = time.perf_counter() - self._start
        total = max(fewest, round(done * self._seconds / spent))
        left = min(self._most_s - spent, max(self._seconds - spent, spent / done * (fewest - done)))
        return Progress(done=done, total=max(total, done), item=item, left_s=max(left, 0.0))

    @property
    def busy(self) -> float:
        cpu = time.thread_time() - self._cpu
        return (time.perf_counter() - self._start) / max(cpu, 1e-9)


def lap(work: Work) -> float:
    """Milliseconds of one run."""
    start = time.perf_counter_ns()
    work()
    return (time.perf_counter_ns() - start) / 1e6


def _block(work: Work, repeats: int) -> float:
    start = time.perf_counter_ns()
    for _ in range(repeats):
        work()
    return (time.perf_counter_ns() - start) / 1e6 / repeats
