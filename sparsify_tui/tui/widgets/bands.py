"""Sorts values into three bands by rank, so that outliers stand out at a glance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

Band = Literal["low", "middle", "high"]


def bands_of(values: Sequence[float | None]) -> tuple[Band, ...]:
    """The band of each value: the top 10 %, the next 30 %, and the rest.

    Values that tie share the lower band, and None is low.
    """
    ranked = sorted((value for value in values if value is not None), reverse=True)
    if not ranked:
        return tuple("low" for _ in values)
    high = ranked[min(len(ranked) - 1, math.ceil(len(ranked) * 0.1))]
    middle = ranked[min(len(ranked) - 1, math.ceil(len(ranked) * 0.4))]
    return tuple(_band(value, middle, high) for value in values)


def _band(value: float | None, middle: float, high: float) -> Band:
    if value is None or value <= middle:
        return "low"
    return "high" if value > high else "middle"
