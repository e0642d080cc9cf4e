"""Ends of 95 % intervals of what is never below 0, from the jackknife's variance."""

from __future__ import annotations

import math

_NORMAL = 1.959964
"""Two-sided 95 % quantile."""


def mean_ends(value: float, variance: float, samples: int) -> tuple[float, float]:
    """Of what is averaged over two samples or more, by Student's quantile."""
    half = _student(samples - 1) * math.sqrt(variance)
    return max(0.0, value - half), value + half


def share_ends(share: float, variance: float, samples: int) -> tuple[float, float]:
    """Of a share, whose variance tells nothing where it is 0 or 1 (Wilson 1927).

    Where a sample has several positions, they count for as many samples as the variance shows
    (effective size: Korn and Graubard 1998), and for no fewer than there are.
    """
    spread = share * (1 - share)
    size = max(samples, spread / variance) if variance > 0 else samples
    shrink = 1 + _NORMAL**2 / size
    middle = (share + _NORMAL**2 / (2 * size)) / shrink
    half = _NORMAL / shrink * math.sqrt(spread / size + (_NORMAL / (2 * size)) ** 2)
    return max(0.0, min(share, middle - half)), max(share, middle + half)


def _student(freedom: int) -> float:
    """Two-sided 95 % quantile, within 1 % from 2 on (Abramowitz and Stegun 26.7.5)."""
    terms = (2.37227, 2.82250, 2.55585, 1.58959)
    return _NORMAL + math.fsum(term / freedom**at for at, term in enumerate(terms, start=1))
