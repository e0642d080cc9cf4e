"""What calibration saw: the smallest and largest value of each tensor, and its shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """Fed batch by batch: each `merged` gives a wider one."""

    bounds: Mapping[str, tuple[float, float]]
    """Smallest and largest finite value by tensor; float32 tensors only."""
    shapes: Mapping[str, tuple[int, ...]]
    """Of the first batch."""
    non_finite: frozenset[str]
    """Tensors in which there was an infinity or a NaN, which the bounds leave out."""

    @classmethod
    def empty(cls) -> Ranges:
        """Nothing seen yet."""
        return cls(bounds={}, shapes={}, non_finite=frozenset())

    def merged(self, arrays: Mapping[str, NDArray[np.generic]]) -> Ranges:
        """With another batch; what is not an array of numbers is passed over."""
        tensors = {name: value for name, value in arrays.items() if isinstance(value, np.ndarray)}
        bounds, odd = dict(self.bounds), set(self.non_finite)
        for name, values in tensors.items():
            if values.dtype != np.float32 or not values.size:
                continue
            low, high, all_finite = _extent(values)
            if not all_finite:
                odd.add(name)
            if low <= high:
                before = bounds.get(name, (low, high))
                bounds[name] = (min(before[0], low), max(before[1], high))
        shapes = {name: values.shape for name, values in tensors.items()} | dict(self.shapes)
        return Ranges(bounds=bounds, shapes=shapes, non_finite=frozenset(odd))


def _extent(values: NDArray[np.generic]) -> tuple[float, float, bool]:
    low, high = float(np.min(values)), float(np.max(values))
    if np.isfinite(low) and np.isfinite(high):
        return low, high, True
    finite = values[np.isfinite(values)]
    if not finite.size:
        return np.inf, -np.inf, False
    return float(np.min(finite)), float(np.max(finite)), False
