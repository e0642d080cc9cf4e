"""What a latency must carry before anybody may believe or compare it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

Verdict = Literal["faster", "slower", "no difference", "not trusted"]

RUNS_FOR_P99 = 662
"""MLPerf LoadGen's early stopping: fewer runs do not support a p99 at 95 % confidence."""
SMALLEST_DIFFERENCE = 0.02
"""A ratio closer to 1 than this is called no difference, however tight its interval."""
WIDEST_INTERVAL = 0.05
LARGEST_DRIFT = 0.05
FEWEST_RUNS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Latency of one whole run of a model, in milliseconds."""

    median_ms: float
    low_ms: float
    """Lower end of the 95 % interval of the median."""
    high_ms: float
    min_ms: float
    p90_ms: float
    p99_ms: float | None
    """None below `RUNS_FOR_P99` runs."""
    items_per_s: float
    """Items of the batch per second of summed run time."""
    runs: int
    trusted: bool
    reasons: tuple[str, ...] = ()
    """Why it is not trusted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """Median of paired ratios, a over b, with its 95 % interval: above 1, b is faster."""

    value: float
    low: float
    high: float


def summarize_runs(samples_ms: Sequence[float], *, batch: int, busy: float = 1.0) -> Timing:
    """Turns the run times of one session into a timing.

    Args:
        samples_ms: Run times in the order they were taken, warm-up left out.
        batch: Items in each run.
        busy: Wall time over CPU time of the loop; above 1.1 other work was running.
    """
    ordered = sorted(samples_ms)
    low, high = _median_interval(ordered)
    reasons = _doubts(samples_ms, low, high, busy)
    return Timing(
        median_ms=median(ordered),
        low_ms=low,
        high_ms=high,
        min_ms=ordered[0],
        p90_ms=_percentile(ordered, 0.90),
        p99_ms=_percentile(ordered, 0.99) if len(ordered) >= RUNS_FOR_P99 else None,
        items_per_s=batch * len(ordered) / (sum(ordered) / 1e3),
        runs=len(ordered),
        trusted=not reasons,
        reasons=reasons,
    )


def compare_pairs(a_ms: Sequence[float], b_ms: Sequence[float]) -> Ratio:
    """Ratio of two things timed in turn; entries at one index were measured side by side."""
    ratios = sorted(a / b for a, b in zip(a_ms, b_ms, strict=True))
    low, high = _median_interval(ratios)
    return Ratio(value=median(ratios), low=low, high=high)


def judge(ratio: Ratio, *, trusted: bool = True) -> Verdict:
    """What may be said of b against a."""
    if not trusted:
        return "not trusted"
    if ratio.low <= 1 <= ratio.high or max(ratio.value, 1 / ratio.value) < 1 + SMALLEST_DIFFERENCE:
        return "no difference"
    return "faster" if ratio.value > 1 else "slower"


def _median_interval(ordered: Sequence[float]) -> tuple[float, float]:
    """95 % interval of the median from order statistics (Hahn and Meeker 1991, section 5.2)."""
    count = len(ordered)
    reach = 1.96 * math.sqrt(count) / 2
    low = max(0, math.floor(count / 2 - reach) - 1)
    high = min(count - 1, math.ceil(count / 2 + reach))
    return ordered[low], ordered[high]


def _percentile(ordered: Sequence[float], fraction: float) -> float:
    return ordered[min(len(ordered) - 1, math.ceil(fraction * len(ordered)) - 1)]


def _doubts(samples: Sequence[float], low: float, high: float, busy: float) -> tuple[str, ...]:
    middle = median(samples)
    third = max(1, len(samples) // 3)
    drift = median(samples[-third:]) / median(samples[:third]) - 1
    doubts = []
    if len(samples) < FEWEST_RUNS:
        doubts.append(f"only {len(samples)} runs")
    if (high - low) / 2 > WIDEST_INTERVAL * middle:
        doubts.append(f"interval ±{(high - low) / 2 / middle * 100:.0f}%")
    if abs(drift) > LARGEST_DRIFT:
        doubts.append(f"drifted {drift * 100:+.0f}%")
    if busy > 1.1:
        doubts.append(f"machine busy ×{busy:.1f}")
    return tuple(doubts)
