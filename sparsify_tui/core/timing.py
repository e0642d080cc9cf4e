"""What a latency must carry before anybody may believe or compare it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from sparsify_tui.core.intervals import (
    drift,
    median_interval,
    part_medians,
    percentile,
    severe_outliers,
)
from sparsify_tui.core.units import format_ms, format_percent

Verdict = Literal["faster", "slower", "no difference", "not trusted"]

RUNS_FOR_P90 = 64
RUNS_FOR_P99 = 662
"""MLPerf LoadGen's early stopping: fewer runs support no p90 or p99 at 95 % confidence."""
SMALLEST_DIFFERENCE = 0.015
"""A ratio closer to 1 is called no difference, however tight its interval.

Two sessions of one model can differ by a percent, from where their memory happened to lie; 3 %
of work are to be found. This lies between.
"""
FEWEST_RUNS = 20
WIDEST_INTERVAL = 0.05
LARGEST_DRIFT = 0.05
MOST_OUTLIERS = 0.05
LONGEST_TAIL = 2.0
MOST_BUSY = 1.1
MOST_FOREIGN = 0.2
"""Of the cores; their caches, memory and clock are shared even when none has to be waited for."""
MOST_STEAL = 0.02
MOST_SLOWDOWN = 1.25
LARGEST_MOVE = 0.1
"""The calibration loop is so short that it moves by 5 % on a quiet machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """How quiet the machine was during a measurement; None where the system does not say."""

    wall_over_cpu: float
    """Time that our threads wanted a core, over the time they had one: 1 on a quiet machine."""
    cores: int = 1
    """That this process may use."""
    foreign: float | None = None
    """How many of them other programs kept busy."""
    load: float | None = None
    """The system's load average before the start."""
    steal: float | None = None
    """Share of the cores' time that the hypervisor gave to other machines."""
    throttled: int | None = None
    """Periods in which the container's quota stopped us."""
    switches_per_s: float | None = None
    """How often the main thread was made to leave its core."""
    calibration: float = 1.0
    """A fixed loop after the measurement over the same loop before it."""
    slowdown: float = 1.0
    """The usual turn of that loop over its fastest."""

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why nothing that was measured meanwhile may be trusted; empty when it may."""
        return tuple(self._doubts())

    def _doubts(self) -> Iterator[str]:
        if self.wall_over_cpu > MOST_BUSY:
            yield f"machine busy ×{self.wall_over_cpu:.1f}"
        elif self.foreign is None and self.slowdown > MOST_SLOWDOWN:
            yield f"machine busy ×{self.slowdown:.1f}"
        elif abs(self.calibration - 1) > LARGEST_MOVE:
            yield f"machine speed moved {1 / self.calibration - 1:+.0%}"
        if self.foreign is not None and self.foreign > MOST_FOREIGN * self.cores:
            yield f"others used {self.foreign:.1f} of {self.cores} cores"
        if self.foreign is None and self.load is not None and self.load > self.cores:
            yield f"load {self.load:.1f} on {self.cores} cores"
        if self.steal is not None and self.steal > MOST_STEAL:
            yield f"the hypervisor took {format_percent(self.steal)}"
        if self.throttled:
            yield f"throttled {self.throttled} times"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Latency of one whole run of a model, in milliseconds."""

    median_ms: float
    low_ms: float
    """Lower end of the 95 % interval of the median."""
    high_ms: float
    min_ms: float
    p90_ms: float
    """The slowest run below `RUNS_FOR_P90` runs."""
    p99_ms: float | None
    """None below `RUNS_FOR_P99` runs."""
    items_per_s: float
    """Items of the batch per second of summed run time."""
    runs: int
    trusted: bool
    reasons: tuple[str, ...] = ()
    """Why it is not trusted."""
    samples_ms: tuple[float, ...] = ()
    """Medians of up to 40 consecutive parts, in the order they were taken."""
    outliers: int = 0
    """Runs far outside the others; they count in every figure."""
    gauge: Gauge | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """Median of paired ratios, a over b, with its 95 % interval: above 1, b is faster."""

    value: float
    low: float
    high: float


def summarize_runs(
    samples_ms: Sequence[float], *, batch: int, gauge: Gauge | None = None
) -> Timing:
    """Turns the run times of one session into a timing.

    Args:
        samples_ms: Run times in the order they were taken, warm-up left out.
        batch: Items in each run.
        gauge: Of the machine meanwhile.
    """
    ordered = sorted(samples_ms)
    low, high = median_interval(samples_ms)
    reasons = (*_doubts(samples_ms, ordered, (high - low) / 2), *(gauge.doubts if gauge else ()))
    return Timing(
        median_ms=median(ordered),
        low_ms=low,
        high_ms=high,
        min_ms=ordered[0],
        p90_ms=percentile(ordered, 0.90 if len(ordered) >= RUNS_FOR_P90 else 1.0),
        p99_ms=percentile(ordered, 0.99) if len(ordered) >= RUNS_FOR_P99 else None,
        items_per_s=batch * len(ordered) / (sum(ordered) / 1e3),
        runs=len(ordered),
        trusted=not reasons,
        reasons=reasons,
        samples_ms=part_medians(samples_ms),
        outliers=severe_outliers(ordered),
        gauge=gauge,
    )


def compare_pairs(a_ms: Sequence[float], b_ms: Sequence[float]) -> Ratio:
    """Ratio of two things timed in turn; entries at one index were measured side by side."""
    logs = [math.log(a / b) for a, b in zip(a_ms, b_ms, strict=True)]
    low, high = median_interval(logs)
    return Ratio(value=math.exp(median(logs)), low=math.exp(low), high=math.exp(high))


def judge(ratio: Ratio, *, trusted: bool = True) -> Verdict:
    """What may be said of b against a."""
    if not trusted:
        return "not trusted"
    if ratio.low <= 1 <= ratio.high or max(ratio.value, 1 / ratio.value) < 1 + SMALLEST_DIFFERENCE:
        return "no difference"
    return "faster" if ratio.value > 1 else "slower"


def is_settled(ratio: Ratio) -> bool:
    """Whether more pairs would not change the verdict: the interval lies on one side of it."""
    zone = 1 + SMALLEST_DIFFERENCE
    return ratio.low > zone or ratio.high < 1 / zone or 1 / zone < ratio.low <= ratio.high < zone


def trust_label(timing: Timing) -> str:
    """A latency, how sure it is, and whether it may be believed: 4.81 ms ± 0.06, trusted."""
    shown = format_ms(timing.median_ms)
    spread = (timing.high_ms - timing.low_ms) / 2
    digits = len(shown.partition(".")[2])
    within = f"{spread:.{digits}f}" if round(spread, digits) else format_ms(spread)
    trust = "trusted" if timing.trusted else f"not trusted: {', '.join(timing.reasons)}"
    return f"{shown} ms ± {within}, {trust}"


def _doubts(samples: Sequence[float], ordered: Sequence[float], spread: float) -> Iterator[str]:
    middle, runs = median(ordered), len(ordered)
    moved, outliers = drift(samples), severe_outliers(ordered) / runs
    if runs < FEWEST_RUNS:
        yield f"only {runs} runs"
    if spread > WIDEST_INTERVAL * middle:
        yield f"interval ±{spread / middle:.0%}"
    if abs(moved) > LARGEST_DRIFT:
        yield f"drifted {moved:+.0%}"
    if outliers > MOST_OUTLIERS:
        yield f"{outliers:.0%} outliers"
    if runs >= RUNS_FOR_P99 and percentile(ordered, 0.99) > LONGEST_TAIL * middle:
        yield f"p99 {percentile(ordered, 0.99) / middle:.1f}× the median"
