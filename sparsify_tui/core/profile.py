"""Stored measurements: where the time goes, and what each layer's weights look like."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Literal

from sparsify_tui.core.model import LayerId
from sparsify_tui.core.timing import Timing

LossStatus = Literal["measured", "estimated", "not measured"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The machine and engine that a number was measured on."""

    cpu: str
    isa: str
    """The widest vector instructions that matter here, such as avx512_vnni."""
    cores: int
    """Cores this process was allowed."""
    threads: int
    """Intra-op threads of the session."""
    engine: str
    engine_version: str
    provider: str

    def differences(self, other: Environment) -> tuple[str, ...]:
        """What keeps two measurements from being compared, in words."""
        return tuple(
            f"{name} {getattr(self, name)} and {getattr(other, name)}"
            for name in self.__slots__
            if getattr(self, name) != getattr(other, name)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A value at rising levels in [0, 1], read in between by straight lines."""

    levels: tuple[float, ...]
    values: tuple[float, ...]

    def at(self, level: float) -> float:
        """Value at `level`; the nearest end outside the curve."""
        return _interpolate(self.levels, self.values, level)

    def level_of(self, value: float) -> float:
        """The level at which a rising curve reaches `value`."""
        return _interpolate(self.values, self.levels, value)


def _interpolate(xs: tuple[float, ...], ys: tuple[float, ...], x: float) -> float:
    right = bisect_left(xs, x)
    if right == 0:
        return ys[0]
    if right == len(xs):
        return ys[-1]
    left = right - 1
    part = (x - xs[left]) / (xs[right] - xs[left])
    return ys[left] + part * (ys[right] - ys[left])


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerTime:
    """Time of one layer: the fastest of the profiled runs, fused operations included."""

    id: LayerId
    ms: float | None
    """None when no kernel of the profile could be charged to the layer."""
    share: float | None
    """Of the fastest unprofiled run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherTime:
    """Time that belongs to no layer: element-wise work, layout changes."""

    name: str
    op_type: str
    ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PerfProfile:
    """One measured run of the whole model, and of every layer in it."""

    id: str
    name: str
    created: str
    model_digest: str
    batch: int
    environment: Environment
    inputs: str
    """What the model was fed, in words."""
    total: Timing
    """End to end, without the profiler."""
    cold_ms: float
    """The first run of a fresh session."""
    layers: tuple[LayerTime, ...]
    others: tuple[OtherTime, ...]
    coverage: float
    """Share of the prunable layers that have a time."""
    profiler_cost_ms: float = 0.0
    """What the profiler itself adds to a kernel; measured, and taken off each of them."""

    @property
    def measured_ms(self) -> float:
        """Sum of all rows, before any remainder."""
        return sum(row.ms or 0.0 for row in self.layers) + sum(row.ms for row in self.others)

    @property
    def not_attributed_ms(self) -> float:
        """What the fastest unprofiled run has beyond the rows; below 0 the profiler cost more."""
        return self.total.min_ms - self.measured_ms

    def layer_ms(self, layer_id: str) -> float | None:
        """Milliseconds of a layer, or None when not measured."""
        return next((row.ms for row in self.layers if row.id == layer_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerLoss:
    """What one layer loses at each level of the profile."""

    id: LayerId
    weight: str
    status: LossStatus
    values: tuple[float, ...]
    """At the profile's levels; empty when not measured."""
    magnitudes: tuple[float, ...] = ()
    """|w| below which the fraction 0, 0.01, … 1 of the weights lies; empty when not measured."""
    reason: str = ""
    """Why it was not measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LossProfile:
    """What the layers lose, by one method."""

    id: str
    name: str
    created: str
    model_digest: str
    method: str
    metric: str
    source: str
    """Where the data came from, in words; weight magnitude needs none."""
    samples: int
    levels: tuple[float, ...]
    cpu_s: float
    wall_s: float
    layers: tuple[LayerLoss, ...]

    def layer(self, layer_id: str) -> LayerLoss | None:
        """The entry of a layer."""
        return next((row for row in self.layers if row.id == layer_id), None)

    def curve(self, layer_id: str) -> Curve | None:
        """Loss over level of a layer, from 0 at level 0; None when not measured."""
        row = self.layer(layer_id)
        if row is None or not row.values:
            return None
        if self.levels[0] == 0:
            return Curve(levels=self.levels, values=row.values)
        return Curve(levels=(0.0, *self.levels), values=(0.0, *row.values))

    def magnitude_curve(self, layer_id: str) -> Curve | None:
        """The threshold that prunes a fraction of the layer; None when not measured."""
        row = self.layer(layer_id)
        if row is None or not row.magnitudes:
            return None
        last = len(row.magnitudes) - 1
        return Curve(levels=tuple(i / last for i in range(last + 1)), values=row.magnitudes)
