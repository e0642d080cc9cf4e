"""Times sessions: warm-up, a loop long enough to be believed, and several of them in turn."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sparsify_tui.core.protocols import Progress
from sparsify_tui.core.timing import Gauge, Ratio, compare_pairs
from sparsify_tui.engines.gauge import watch_machine

Work = Callable[[], object]

WARM_UP_S = 1.0
MOST_WARM_UP_S = 10.0
FEWEST_RUNS = 100
MOST_S = 60.0
FEWEST_ROUNDS = 10
ENOUGH_S = 3.0
_WINDOW_RUNS = 10
_SHORTEST_WINDOW = 0.1
"""Of the least time."""
_WINDOWS = 3
_STEADY = 0.02
_REPORT_EVERY_S = 0.5
_TURN_MS = 20.0
_SETTLING_RUNS = 2
_LEAST_SHARE_OF_CPU = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Laps:
    """Run times in order, and how quiet the machine was meanwhile."""

    samples_ms: tuple[float, ...]
    """Those of works that were timed in turn belong together by index."""
    cpu_ms: tuple[float, ...] = ()
    """CPU time of this process for each; only of works that were timed in turn."""
    gauge: Gauge | None = None
    """None of a part of a measurement."""

    @property
    def is_quiet(self) -> bool:
        """Whether nothing on the machine speaks against what was measured."""
        return self.gauge is None or not self.gauge.doubts


def compare_laps(a: Laps, b: Laps, *, threads: int) -> Ratio:
    """Ratio of two works that were timed in turn: above 1, b is faster.

    One thread is compared by its CPU time, from which it is not taken when others need the
    core. The clock on the wall counts for several threads, for work that is done elsewhere, and
    where the CPU's clock is too coarse: some machines let it stand still for a short turn.
    """
    if threads == 1 and all(_works_here(laps) and min(laps.cpu_ms) > 0 for laps in (a, b)):
        return compare_pairs(a.cpu_ms, b.cpu_ms)
    return compare_pairs(a.samples_ms, b.samples_ms)


def _works_here(laps: Laps) -> bool:
    """Whether the CPU time, and the wait for it, make up for most of the time that passed."""
    waiting = laps.gauge.wall_over_cpu if laps.gauge else 1.0
    return sum(laps.cpu_ms) * waiting > _LEAST_SHARE_OF_CPU * sum(laps.samples_ms)


def warm_up(work: Work, *, least_s: float | None = None, most_s: float | None = None) -> float:
    """Runs until three windows of 10 runs differ by less than 2 %, for a second at least.

    The fastest run of each is compared, which others that use the cores disturb least. A window
    of very short runs is longer, so that it is not all noise.

    Args:
        work: What is to be timed.
        least_s: When to stop at the earliest, in place of a second.
        most_s: When to stop at the latest; 10 s when not given.

    Returns:
        Milliseconds of the very first run.
    """
    least_s = WARM_UP_S if least_s is None else least_s
    most_s = MOST_WARM_UP_S if most_s is None else most_s
    start = time.perf_counter()
    cold = lap(work)
    windows: list[float] = []
    window: list[float] = []
    with quiet_collector():
        while not _is_warm(windows, time.perf_counter() - start, least_s, most_s):
            window.append(lap(work))
            if len(window) >= _WINDOW_RUNS and sum(window) >= _SHORTEST_WINDOW * least_s * 1e3:
                windows.append(min(window))
                window = []
    return cold


def _is_warm(windows: Sequence[float], spent_s: float, least_s: float, most_s: float) -> bool:
    last = windows[-_WINDOWS:]
    steady = len(last) == _WINDOWS and max(last) < (1 + _STEADY) * min(last)
    return spent_s >= most_s or (steady and spent_s >= least_s)


def time_runs(
    work: Work, item: str, seconds: float, *, fewest: int = FEWEST_RUNS
) -> Generator[Progress, None, Laps]:
    """At least `seconds` and `fewest` runs, but no longer than a minute."""
    read_gauge = watch_machine()
    laps = yield from _loop(work, item, seconds, fewest, MOST_S)
    return replace(laps, gauge=read_gauge())


def time_in_rounds(
    work: Work, interlude: Callable[[Laps], object], rounds: int, item: str, seconds: float
) -> Generator[Progress, None, Laps]:
    """The same in rounds, with something else after each.

    What the interludes measure thus meets the machine in the states that the runs met. It is
    handed the round's laps.
    """
    samples: list[float] = []
    fewest = math.ceil(FEWEST_RUNS / rounds)
    read_gauge = watch_machine()
    start = time.perf_counter()
    for at in range(1, rounds + 1):
        for _ in range(_SETTLING_RUNS):
            work()
        laps = _finished(_loop(work, item, seconds / rounds, fewest, MOST_S / rounds))
        interlude(laps)
        samples += laps.samples_ms
        spent = time.perf_counter() - start
        yield Progress(done=at, total=rounds, item=item, left_s=spent / at * (rounds - at))
    return Laps(samples_ms=tuple(samples), gauge=read_gauge())


def _loop(
    work: Work, item: str, seconds: float, fewest: int, most_s: float
) -> Generator[Progress, None, Laps]:
    samples: list[float] = []
    with quiet_collector():
        clock = _Clock(seconds, most_s, fewest)
        while not clock.is_over(len(samples)):
            samples.append(lap(work))
            if clock.is_report_due():
                yield clock.progress(item, len(samples))
    return Laps(samples_ms=tuple(samples))


def _finished(timing: Generator[Progress, None, Laps]) -> Laps:
    """The laps of a round, which is too short to report from."""
    while True:
        try:
            next(timing)
        except StopIteration as end:
            laps: Laps = end.value
            return laps


def time_in_turn(
    works: Sequence[Work],
    item: str,
    seconds: float,
    *,
    is_enough: Callable[[Sequence[Laps]], bool] | None = None,
) -> Generator[Progress, None, tuple[Laps, ...]]:
    """Rounds of A, B, C, C, B, A, so that a drift of the machine meets all alike.

    A turn is some runs of about 20 ms together; all works do the same number.

    Args:
        works: Two or more.
        item: What is said to be in work.
        seconds: Least time of all together.
        is_enough: Asked twice a second, with the laps so far, whether to stop earlier; not
            before 3 s and 10 rounds.
    """
    read_gauge = watch_machine()
    turns = _Turns(works)
    with quiet_collector():
        clock = _Clock(seconds, MOST_S, FEWEST_ROUNDS)
        while not clock.is_over(turns.rounds):
            turns.run_round()
            if clock.is_report_due():
                yield clock.progress(item, turns.rounds)
                may_end = clock.spent_s >= ENOUGH_S and turns.rounds >= FEWEST_ROUNDS
                if is_enough and may_end and is_enough(turns.laps()):
                    break
    return turns.laps(read_gauge())


class _Turns:
    """Works that take turns, forward and then backward."""

    def __init__(self, works: Sequence[Work]) -> None:
        self._works = works
        one = sum(lap(work) for work in works) / len(works)
        self._repeats = max(1, round(_TURN_MS / max(one, 1e-3)))
        self._wall_ns: list[list[int]] = [[] for _ in works]
        self._cpu_ns: list[list[int]] = [[] for _ in works]
        self.rounds = 0

    def run_round(self) -> None:
        order = range(len(self._works))
        for at in (*order, *reversed(order)):
            self._take_turn(self._works[at], self._wall_ns[at], self._cpu_ns[at])
        self.rounds += 1

    def _take_turn(self, work: Work, wall_ns: list[int], cpu_ns: list[int]) -> None:
        for _ in range(self._repeats):
            cpu, wall = time.process_time_ns(), time.perf_counter_ns()
            work()
            wall_ns.append(time.perf_counter_ns() - wall)
            cpu_ns.append(time.process_time_ns() - cpu)

    def laps(self, gauge: Gauge | None = None) -> tuple[Laps, ...]:
        return tuple(
            Laps(
                samples_ms=tuple(one / 1e6 for one in wall),
                cpu_ms=tuple(one / 1e6 for one in cpu),
                gauge=gauge,
            )
            for wall, cpu in zip(self._wall_ns, self._cpu_ns, strict=True)
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
    """When to stop, and when to report."""

    def __init__(self, seconds: float, most_s: float, fewest: int) -> None:
        self._seconds = seconds
        self._most_s = most_s
        self._fewest = fewest
        self._start = self._reported = time.perf_counter()

    @property
    def spent_s(self) -> float:
        return time.perf_counter() - self._start

    def is_over(self, done: int) -> bool:
        spent = self.spent_s
        enough = spent >= self._seconds and done >= self._fewest
        return done > 0 and (enough or spent >= self._most_s)

    def is_report_due(self) -> bool:
        now = time.perf_counter()
        if now - self._reported < _REPORT_EVERY_S:
            return False
        self._reported = now
        return True

    def progress(self, item: str, done: int) -> Progress:
        spent = self.spent_s
        total = max(self._fewest, round(done * self._seconds / spent), done)
        needed = max(self._seconds - spent, spent / done * (self._fewest - done))
        left = min(self._most_s - spent, needed)
        return Progress(done=done, total=total, item=item, left_s=max(left, 0.0))


def lap(work: Work) -> float:
    """Milliseconds of one run."""
    start = time.perf_counter_ns()
    work()
    return (time.perf_counter_ns() - start) / 1e6
