"""Maps values to a fraction of an axis, and finds round numbers to write beside it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Scale = Literal["linear", "sqrt", "log"]
SCALES: tuple[Scale, ...] = ("sqrt", "linear", "log")
_STEPS = (1.0, 2.0, 5.0)
_ROUND_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A range of values, `low` < `high`, drawn on a linear, square root or log scale."""

    low: float
    high: float
    scale: Scale = "linear"

    def fraction(self, value: float) -> float:
        """Where `value` lies, 0 at `low` and 1 at `high`, cut to that range."""
        start, end = self._bend(self.low), self._bend(self.high)
        position = (self._bend(value) - start) / (end - start)
        return min(1.0, max(0.0, position))

    def value_at(self, fraction: float) -> float:
        """The value that lies there: the inverse of `fraction`."""
        start, end = self._bend(self.low), self._bend(self.high)
        place = start + fraction * (end - start)
        if self.scale == "sqrt":
            return math.copysign(place * place, place)
        return 10.0**place if self.scale == "log" else place

    def ticks(self, most: int) -> tuple[float, ...]:
        """At most about `most` round values within the range, rising."""
        if self.scale == "log":
            return self._decades(most)
        if self.scale == "sqrt":
            return self._bent_ticks(most)
        return self._even_ticks(most)

    def _bend(self, value: float) -> float:
        if self.scale == "sqrt":
            return math.copysign(math.sqrt(abs(value)), value)
        if self.scale == "log":
            return math.log10(max(value, self.low))
        return value

    def _even_ticks(self, most: int) -> tuple[float, ...]:
        step = round_step((self.high - self.low) / max(1, most))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return tuple(index * step for index in range(first, last + 1))

    def _bent_ticks(self, most: int) -> tuple[float, ...]:
        start, end = self._bend(self.low), self._bend(self.high)
        places = (start + (end - start) * part / most for part in range(1, most + 1))
        rounded = {round_down(place * place) for place in places}
        return tuple(sorted({max(0.0, self.low), *(v for v in rounded if self.low < v)}))

    def _decades(self, most: int) -> tuple[float, ...]:
        first = math.ceil(math.log10(self.low) - 1e-9)
        last = math.floor(math.log10(self.high) + 1e-9)
        if last - first < 2 and most > 2:
            places = (step * 10.0**power for power in range(first - 1, last + 1) for step in _STEPS)
            return tuple(place for place in places if self.low <= place <= self.high)
        every = max(1, math.ceil((last - first + 1) / max(1, most)))
        return tuple(10.0**power for power in range(first, last + 1, every))


def next_scale(scale: Scale) -> Scale:
    """The one after it, round the end."""
    return SCALES[(SCALES.index(scale) + 1) % len(SCALES)]


def round_step(raw: float) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that is not below `raw`."""
    if raw <= 0 or not math.isfinite(raw):
        return 1.0
    power = 10.0 ** math.floor(math.log10(raw))
    return next(step * power for step in _ROUND_STEPS if step * power >= raw * (1 - 1e-9))


def round_down(value: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not above `value`."""
    if value <= 0 or not math.isfinite(value):
        return 0.0
    power = 10.0 ** math.floor(math.log10(value))
    return max(step * power for step in _STEPS if step * power <= value * (1 + 1e-9))


def axis_over(values: Iterable[float], scale: Scale = "linear", *, from_zero: bool) -> Axis:
    """An axis that holds all finite `values`, and zero when `from_zero`.

    On a log scale only positive values count, and the axis begins at a power of ten.
    """
    finite = [value for value in values if math.isfinite(value)]
    if scale == "log":
        return _log_axis([value for value in finite if value > 0])
    if from_zero or not finite:
        finite.append(0.0)
    low, high = min(finite), max(finite)
    return Axis(low=low, high=high if high > low else low + (abs(low) or 1.0), scale=scale)


def _log_axis(positive: Sequence[float]) -> Axis:
    if not positive:
        return Axis(low=0.1, high=1.0, scale="log")
    low = 10.0 ** math.floor(math.log10(min(positive)))
    high = max(positive)
    return Axis(low=low, high=high if high > low else low * 10, scale="log")
