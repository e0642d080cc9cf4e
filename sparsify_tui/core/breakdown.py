"""A performance profile as rows that add up: layers, other kernels, and the remainder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sparsify_tui.core.model import Layer, Model
from sparsify_tui.core.profile import LayerTime, Peak, PerfProfile
from sparsify_tui.core.stages import stage_of

Amount = TypeVar("Amount", int, float)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRow:
    """One row: a layer, a kernel that belongs to none, or a sum."""

    key: str
    name: str
    op_type: str = ""
    ms: float | None = None
    layers: tuple[Layer, ...] = ()
    """Those that the row stands for."""
    times: tuple[LayerTime, ...] = ()
    """What was measured of them."""

    @property
    def layer(self) -> Layer | None:
        """The one layer that the row is; None for a kernel or a sum."""
        return self.layers[0] if [layer.id for layer in self.layers] == [self.key] else None

    @property
    def params(self) -> int | None:
        """Elements of weights and biases."""
        return sum(layer.params for layer in self.layers) if self.layers else None

    @property
    def flops(self) -> int | None:
        """At the profile's batch; at the shapes assumed where nothing was measured."""
        counts = [one.flops for one in self.times] or [layer.flops for layer in self.layers]
        return _sum_of_known(counts)

    @property
    def bytes(self) -> int | None:
        """Weights, inputs and outputs, each moved once."""
        return _sum_of_known([one.bytes for one in self.times])

    @property
    def gflops(self) -> float | None:
        """Achieved GFLOP/s of the layers that have both time and FLOPs."""
        rated = [one for one in self.times if one.gflops is not None]
        ms = sum(one.ms or 0.0 for one in rated)
        return sum(one.flops or 0 for one in rated) / ms / 1e6 if ms else None

    @property
    def intensity(self) -> float | None:
        """FLOPs per byte of the layers that have both."""
        known = [one for one in self.times if one.intensity is not None]
        moved = sum(one.bytes or 0 for one in known)
        return sum(one.flops or 0 for one in known) / moved if moved else None

    @property
    def int8_ms(self) -> float | None:
        """Of the layers that ran in int8."""
        return _sum_of_known([one.int8_ms for one in self.times])

    @property
    def int8_gain(self) -> float | None:
        """Time in float over time in int8, of the layers that have both."""
        both = [(one.ms, one.int8_ms) for one in self.times if one.ms and one.int8_ms]
        return sum(ms for ms, _ in both) / sum(ms for _, ms in both) if both else None

    @property
    def channel_ms(self) -> tuple[float | None, ...]:
        """Of the layers that ran narrowed, one for each of `SHARES`; empty without lanes."""
        lanes = [one.channel_ms for one in self.times if one.channel_ms]
        return tuple(_sum_of_known(values) for values in zip(*lanes, strict=True))

    @property
    def channel_gains(self) -> tuple[float | None, ...]:
        """Full over narrowed time, one for each of `SHARES`, of the layers that have both."""
        known = [(one.ms, one.channel_ms) for one in self.times if one.ms and one.channel_ms]
        lanes = zip(*(narrow for _, narrow in known), strict=True)
        return tuple(_gain([ms for ms, _ in known], values) for values in lanes)

    @property
    def int8_note(self) -> str:
        """Why int8 does not pay here, or was not measured; counted in a sum."""
        counts = Counter(one.int8_note for one in self.times if one.int8_note)
        if self.layer is not None:
            return "; ".join(counts)
        return "; ".join(f"{count} × {note}" for note, count in counts.most_common())

    def of_roof(self, peak: Peak | None) -> float | None:
        """Achieved GFLOP/s over what the machine allows at this intensity."""
        if peak is None or self.gflops is None or self.intensity is None:
            return None
        bound = peak.bound_gflops(self.intensity)
        return self.gflops / bound if bound else None


def kernel_rows(model: Model, profile: PerfProfile) -> tuple[TimeRow, ...]:
    """Layers in graph order, then every other kernel, then what the rows do not explain."""
    others = tuple(
        TimeRow(key=f"other:{at}", name=row.name, op_type=row.op_type, ms=row.ms)
        for at, row in enumerate(profile.others)
    )
    return (*measured_layers(model, profile), *others, _remainder(profile))


def layer_rows(model: Model, profile: PerfProfile) -> tuple[TimeRow, ...]:
    """Layers in graph order, all other kernels as one row, and the remainder."""
    return (*measured_layers(model, profile), *_rest(profile))


def stage_rows(model: Model, profile: PerfProfile) -> tuple[TimeRow, ...]:
    """Runs of layers whose names begin alike, in graph order; a guess, see `stage_of`."""
    rows = _grouped(measured_layers(model, profile), lambda row: stage_of(row.name), "stage")
    return (*rows, *_rest(profile))


def operator_rows(model: Model, profile: PerfProfile) -> tuple[TimeRow, ...]:
    """One row an operator, the slowest first, and the remainder."""
    *kernels, rest = kernel_rows(model, profile)
    rows = _grouped(kernels, lambda row: row.op_type, "operator")
    return (*sorted(rows, key=lambda row: -(row.ms or 0.0)), rest)


GROUPINGS: Mapping[str, Callable[[Model, PerfProfile], tuple[TimeRow, ...]]] = {
    "layers": layer_rows,
    "stages": stage_rows,
    "operators": operator_rows,
    "kernels": kernel_rows,
}


def flops_rows(model: Model) -> tuple[TimeRow, ...]:
    """The layers without any time."""
    return tuple(_layer_row(layer, None) for layer in model.layers)


def measured_layers(model: Model, profile: PerfProfile) -> tuple[TimeRow, ...]:
    """The layers with their time, None where no kernel could be charged to them."""
    times = {row.id: row for row in profile.layers}
    return tuple(_layer_row(layer, times.get(layer.id)) for layer in model.layers)


def _rest(profile: PerfProfile) -> tuple[TimeRow, TimeRow]:
    others = TimeRow(
        key="others",
        name=f"{len(profile.others)} other kernels",
        ms=sum(row.ms for row in profile.others),
    )
    return others, _remainder(profile)


def _remainder(profile: PerfProfile) -> TimeRow:
    """What no row explains; below zero the rows add up to more than the fastest run."""
    return TimeRow(key="rest", name="not attributed", ms=profile.not_attributed_ms)


def _layer_row(layer: Layer, time: LayerTime | None) -> TimeRow:
    return TimeRow(
        key=layer.id,
        name=layer.label,
        op_type=layer.op_type,
        ms=None if time is None else time.ms,
        layers=(layer,),
        times=() if time is None else (time,),
    )


def _grouped(
    rows: Iterable[TimeRow], name_of: Callable[[TimeRow], str], kind: str
) -> tuple[TimeRow, ...]:
    groups: dict[str, list[TimeRow]] = {}
    for row in rows:
        groups.setdefault(name_of(row), []).append(row)
    return tuple(_sum(f"{kind}:{name}", name, members) for name, members in groups.items())


def _sum(key: str, name: str, rows: list[TimeRow]) -> TimeRow:
    operators = {row.op_type for row in rows}
    return TimeRow(
        key=key,
        name=f"{len(rows)} × {name}",
        op_type=operators.pop() if len(operators) == 1 else "",
        ms=_sum_of_known([row.ms for row in rows]),
        layers=tuple(layer for row in rows for layer in row.layers),
        times=tuple(time for row in rows for time in row.times),
    )


def _gain(before: Sequence[float], after: Sequence[float | None]) -> float | None:
    both = [(a, b) for a, b in zip(before, after, strict=True) if b]
    return sum(a for a, _ in both) / sum(b for _, b in both) if both else None


def _sum_of_known(amounts: Iterable[Amount | None]) -> Amount | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None
