"""Whether two lists of values put the same things in the same order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import mul
from statistics import fmean


def spearman(xs: Sequence[float | None], ys: Sequence[float | None]) -> float | None:
    """Rank correlation in [-1, 1] over the places where both are known; ties share a mean rank.

    None for fewer than two places, and where one of the lists is all alike.
    """
    pairs = [(x, y) for x, y in zip(xs, ys, strict=True) if x is not None and y is not None]
    if not pairs:
        return None
    a, b = (_centred(ranks(side)) for side in zip(*pairs, strict=True))
    spread = math.sqrt(_product(a, a) * _product(b, b))
    return None if spread == 0 else max(-1.0, min(1.0, _product(a, b) / spread))


def ranks(values: Sequence[float]) -> tuple[float, ...]:
    """Places in rising order from 1 on; equal values get the mean of theirs."""
    order = sorted(range(len(values)), key=values.__getitem__)
    found = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start + 1
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        for index in order[start:end]:
            found[index] = (start + 1 + end) / 2
        start = end
    return tuple(found)


def _centred(values: Sequence[float]) -> list[float]:
    middle = fmean(values)
    return [value - middle for value in values]


def _product(a: Sequence[float], b: Sequence[float]) -> float:
    return math.fsum(map(mul, a, b))
