"""Stored measurements of where the time goes."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace

from sparsify_tui.core.channels.lanes import ChannelLanes
from sparsify_tui.core.lane import Int8Lane, Mix
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.placement import MixModel, Placement
from sparsify_tui.core.timing import Timing


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
    spinning: bool = True
    """Whether idle threads of the engine spin between two operations."""

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
    flops: int | None = None
    """At the profile's batch."""
    bytes: int | None = None
    """Weights, inputs and outputs, each moved once: the least traffic there can be."""
    kernel: str = ""
    """The engine's operator that did most of the work."""
    int8_ms: float | None = None
    """In a copy in which every layer that can be int8 is; conversions at its edges included."""
    int8_kernel: str = ""
    int8_note: str = ""
    """Why int8 does not pay here, or was not measured."""
    channel_ms: tuple[float | None, ...] = ()
    """In copies with all groups of channels narrowed to `SHARES`; empty when not measured."""

    @property
    def int8_gain_ms(self) -> float:
        """Float less int8 time; 0 where one of them is not measured."""
        return 0.0 if self.ms is None or self.int8_ms is None else self.ms - self.int8_ms

    @property
    def gflops(self) -> float | None:
        """Achieved GFLOP/s; None where time or FLOPs are unknown."""
        return None if not self.ms or self.flops is None else self.flops / self.ms / 1e6

    @property
    def intensity(self) -> float | None:
        """FLOPs per byte moved."""
        return None if not self.bytes or self.flops is None else self.flops / self.bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherTime:
    """Time that belongs to no layer: element-wise work, layout changes."""

    name: str
    op_type: str
    ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """What this machine can do at most with the profile's threads, measured beside it."""

    gflops: float
    """Of a large float32 matrix product in the same engine."""
    gbytes_per_s: float
    """Of reading an array much larger than the caches."""

    def bound_gflops(self, intensity: float) -> float:
        """The roofline at an intensity in FLOPs per byte (Williams et al. 2009)."""
        return min(self.gflops, self.gbytes_per_s * intensity)


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
    notes: str = ""
    peak: Peak | None = None
    int8: Int8Lane | None = None
    """None when the lane was not asked for."""
    channels: ChannelLanes | None = None
    """None when the lanes were not asked for."""

    @property
    def mix_model(self) -> MixModel | None:
        """What predicts a mix of int8 and float layers; None without an int8 lane."""
        lane = self.int8
        if lane is None or lane.float_ms is None:
            return None
        rows = {row.id: row for row in self.layers}
        return MixModel(
            float_ms=lane.float_ms,
            gains_ms={one: rows[one].int8_gain_ms for one in lane.layers if one in rows},
            edges=lane.edges,
            scale=lane.scale,
            element_ns=lane.element_ns,
            share_ms=lane.share_ms,
        )

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


def with_mix(profile: PerfProfile, found: Placement) -> PerfProfile:
    """The profile with a mix that was measured later beside what it had predicted for it.

    The measured time is brought to the profile's own float time by the ratio of the two forms.
    """
    lane, ratio = profile.int8, found.ratio
    if lane is None or lane.float_ms is None or ratio is None or found.predicted_ms is None:
        return profile
    mix = Mix(
        name="gate",
        layers=found.changes.int8,
        predicted_ms=found.predicted_ms,
        measured_ms=lane.float_ms / ratio.value,
        low_ms=lane.float_ms / ratio.high,
        high_ms=lane.float_ms / ratio.low,
    )
    return replace(profile, int8=replace(lane, mixes=(*lane.mixes, mix)))
