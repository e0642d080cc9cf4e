"""Predictions beside what was measured later, and how far off they were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Foretold:
    """A time that was predicted by a fit that had not seen it, and then measured."""

    predicted_ms: float
    measured_ms: float
    low_ms: float
    """Lower end of the 95 % interval of the measured one."""
    high_ms: float

    @property
    def error(self) -> float:
        """Predicted over measured, less 1."""
        return self.predicted_ms / self.measured_ms - 1


class _HasMixes(Protocol):
    @property
    def mixes(self) -> Sequence[Foretold]: ...


class Checked:
    """Of what keeps `mixes` that it has foretold: its own accuracy."""

    __slots__ = ()

    @property
    def errors(self: _HasMixes) -> tuple[float, ...]:
        """Of the predictions, as fractions, the smallest first."""
        return tuple(sorted(abs(mix.error) for mix in self.mixes))

    @property
    def median_error(self: _HasMixes) -> float | None:
        """The middle one of them; None where no prediction was checked."""
        return median(abs(mix.error) for mix in self.mixes) if self.mixes else None
