"""Watches how quiet the machine is while something else is measured."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from sparsify_tui.core.timing import Gauge
from sparsify_tui.engines.machine import (
    allowed_core_ids,
    allowed_cores,
    control_groups,
    read_text,
)

_PROC = Path("/proc")
_CALIBRATION_TURNS = 20
_CALIBRATION_STEPS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreTimes:
    """Seconds, summed over the cores that this process may use."""

    busy: float
    stolen: float
    total: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The system's counters at one moment; None where it has none."""

    wall_s: float
    thread_s: float
    """Time that the calling thread had a core."""
    process_s: float
    """Time that all threads of this process had one."""
    waited_s: float | None = None
    """Time that they were ready to run and had none."""
    cores: CoreTimes | None = None
    switches: int | None = None
    throttled: int | None = None


def watch_machine() -> Callable[[], Gauge]:
    """Starts to watch; what it returns says, when called, what happened since.

    Both run a fixed loop of about 50 ms, which takes longer on a machine that is shared or
    changes its speed.
    """
    load, before, first = load_average(), calibrate(), take_reading()

    def read_gauge() -> Gauge:
        last = take_reading()
        return gauge_between(first, last, before, calibrate(), load=load)

    return read_gauge


def gauge_between(
    first: Reading,
    last: Reading,
    before: tuple[float, ...],
    after: tuple[float, ...],
    *,
    load: float | None = None,
) -> Gauge:
    """What two readings, and the turns of the calibration loop beside each, tell."""
    wall = max(last.wall_s - first.wall_s, 1e-9)
    steal, foreign = _taken_by_others(first, last, wall)
    switches = _rise(first.switches, last.switches)
    return Gauge(
        wall_over_cpu=_wall_over_cpu(first, last, wall),
        cores=allowed_cores(),
        foreign=foreign,
        load=load,
        steal=steal,
        throttled=_rise(first.throttled, last.throttled),
        switches_per_s=None if switches is None else switches / wall,
        calibration=median(after) / median(before),
        slowdown=median((*before, *after)) / min(*before, *after),
    )


def _wall_over_cpu(first: Reading, last: Reading, wall: float) -> float:
    """Of all threads, where the scheduler says how long they waited.

    Without that, the calling thread counts. An engine may work in threads of its own while it
    sleeps, so these may stand in for it.
    """
    thread = last.thread_s - first.thread_s
    process = last.process_s - first.process_s
    if first.waited_s is None or last.waited_s is None:
        return max(1.0, wall / max(thread, min(process, wall), 1e-9))
    return 1 + max(0.0, last.waited_s - first.waited_s) / max(process, 1e-9)


def _taken_by_others(
    first: Reading, last: Reading, wall: float
) -> tuple[float | None, float | None]:
    """Share of the cores' time that was stolen, and how many cores other programs used."""
    if first.cores is None or last.cores is None:
        return None, None
    total = last.cores.total - first.cores.total
    stolen = last.cores.stolen - first.cores.stolen
    busy = last.cores.busy - first.cores.busy
    own = last.process_s - first.process_s
    return stolen / total if total > 0 else 0.0, max(0.0, busy - own) / wall


def _rise(first: int | None, last: int | None) -> int | None:
    return None if first is None or last is None else last - first


def calibrate() -> tuple[float, ...]:
    """Milliseconds of each turn of the fixed loop."""
    turns = []
    for _ in range(_CALIBRATION_TURNS):
        start = time.perf_counter_ns()
        sum(range(_CALIBRATION_STEPS))
        turns.append((time.perf_counter_ns() - start) / 1e6)
    return tuple(turns)


def take_reading() -> Reading:
    """The counters now."""
    switches = _field(read_text(_PROC / "self/status"), "nonvoluntary_ctxt_switches:")
    throttled = [
        count
        for folder in control_groups("cpu")
        if (count := _field(read_text(folder / "cpu.stat"), "nr_throttled")) is not None
    ]
    return Reading(
        wall_s=time.perf_counter(),
        thread_s=time.thread_time(),
        process_s=time.process_time(),
        waited_s=_waited(),
        cores=_core_times(),
        switches=switches,
        throttled=sum(throttled) if throttled else None,
    )


def load_average() -> float | None:
    """Of the last minute."""
    try:
        return os.getloadavg()[0]
    except OSError:
        return None


def _core_times() -> CoreTimes | None:
    """From the lines of the cores that this process may use (proc_stat(5))."""
    names = {f"cpu{core}" for core in allowed_core_ids()}
    rows = [
        [int(ticks) for ticks in columns[:8]]  # the guests' columns after these count twice
        for name, *columns in map(str.split, read_text(_PROC / "stat").splitlines())
        if name in names
    ]
    if not rows:
        return None
    user, nice, system, idle, waiting, hard, soft, stolen = map(sum, zip(*rows, strict=True))
    busy = user + nice + system + hard + soft
    second = os.sysconf("SC_CLK_TCK")
    return CoreTimes(
        busy=busy / second,
        stolen=stolen / second,
        total=(busy + idle + waiting + stolen) / second,
    )


def _waited() -> float | None:
    """Seconds that our threads waited for a core (kernel, sched-stats, /proc/<pid>/schedstat)."""
    texts = [read_text(task / "schedstat").split() for task in (_PROC / "self/task").glob("*")]
    counts = [(int(ran), int(waited)) for ran, waited, _ in filter(None, texts)]
    if not any(ran for ran, _ in counts):  # a kernel that keeps no such counts
        return None
    return sum(waited for _, waited in counts) / 1e9


def _field(text: str, name: str) -> int | None:
    """The number beside a name in a file of the system."""
    words = text.split()
    return int(words[words.index(name) + 1]) if name in words else None
