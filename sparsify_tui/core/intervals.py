"""Robust statistics of short, autocorrelated series: medians, their intervals, outliers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from statistics import median

MOST_PARTS = 40


def part_medians(samples: Sequence[float]) -> tuple[float, ...]:
    """Medians of up to 40 consecutive parts, in order; the parts' sizes differ by one at most."""
    parts = min(MOST_PARTS, len(samples))
    edges = [index * len(samples) // parts for index in range(parts + 1)]
    return tuple(median(samples[a:b]) for a, b in pairwise(edges))


def median_interval(samples: Sequence[float]) -> tuple[float, float]:
    """95 % bootstrap interval of the median of a series, given in the order it was taken.

    Neighbouring runs resemble each other, so that single runs would promise too much: medians
    of consecutive parts are resampled instead (non-overlapping block bootstrap, Carlstein 1986).
    Their bootstrap distribution is known exactly, so nothing is drawn (Maritz and Jarrett 1978).
    """
    ordered = sorted(part_medians(samples))
    rank = _lower_rank(len(ordered))
    middle = median(samples)
    return min(ordered[rank - 1], middle), max(ordered[-rank], middle)


@cache
def _lower_rank(count: int) -> int:
    """The lowest rank that a resampled median reaches in more than 2.5 % of all resamples.

    It reaches rank k when at least half of `count` draws, each with chance k / count, do.
    """
    half = (count + 1) // 2

    def reached(rank: int) -> float:
        share = rank / count
        return sum(
            math.comb(count, draws) * share**draws * (1 - share) ** (count - draws)
            for draws in range(half, count + 1)
        )

    return next(rank for rank in range(1, count + 1) if reached(rank) > 0.025)


def percentile(ordered: Sequence[float], fraction: float) -> float:
    """The sample that `fraction` of all do not exceed; one that was measured, never between two."""
    return ordered[max(0, math.ceil(fraction * len(ordered)) - 1)]


def severe_outliers(ordered: Sequence[float]) -> int:
    """How many lie more than three interquartile ranges outside the quartiles (Tukey 1977)."""
    low, high = percentile(ordered, 0.25), percentile(ordered, 0.75)
    reach = 3 * (high - low)
    return sum(1 for one in ordered if one < low - reach or one > high + reach)


def drift(samples: Sequence[float]) -> float:
    """How much the last third's median exceeds the first third's, as a fraction."""
    third = max(1, len(samples) // 3)
    return median(samples[-third:]) / median(samples[:third]) - 1
