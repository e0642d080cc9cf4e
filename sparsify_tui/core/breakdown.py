"""A performance profile as rows that add up: layers, other kernels, and the remainder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sparsify_tui.core.model import Layer, Model
from sparsify_tui.core.profile import PerfProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRow:
    """One row: a layer, a kernel that belongs to none, or a sum."""

    key: str
    name: str
    op_type: str = ""
    ms: float | None = None
    layer: Layer | None = None


def kernel_rows(model: Model, profile: PerfProfile) -> tuple[TimeRow, ...]:
    """Layers in graph order, then every other kernel, then what the rows do not explain."""
    others = tuple(
        TimeRow(key=f"other:{at}", name=row.name, op_type=row.op_type, ms=row.ms)
        for at, row in enumerate(profile.others)
    )
    return (*measured_layers(model, profile), *others, _remainder(profile))


def layer_rows(model: Model, profile: PerfProfile) -> tuple[TimeRow, ...]:
    """Layers in graph order, all other kernels as one row, and the remainder."""
    others = TimeRow(
        key="others",
        name=f"{len(profile.others)} other kernels (v)",
        ms=sum(row.ms for row in profile.others),
    )
    return (*measured_layers(model, profile), others, _remainder(profile))


def operator_rows(model: Model, profile: PerfProfile) -> tuple[TimeRow, ...]:
    """One row an operator, the slowest first, and the remainder."""
    *kernels, rest = kernel_rows(model, profile)
    names = dict.fromkeys(row.op_type for row in kernels)
    sums = [_sum(name, [row for row in kernels if row.op_type == name]) for name in names]
    return (*sorted(sums, key=lambda row: -(row.ms or 0.0)), rest)


def flops_rows(model: Model) -> tuple[TimeRow, ...]:
    """The layers without any time."""
    return tuple(_layer_row(layer, None) for layer in model.layers)


def measured_layers(model: Model, profile: PerfProfile) -> tuple[TimeRow, ...]:
    """The layers with their time, None where no kernel could be charged to them."""
    times = {row.id: row.ms for row in profile.layers}
    return tuple(_layer_row(layer, times.get(layer.id)) for layer in model.layers)


def _remainder(profile: PerfProfile) -> TimeRow:
    """What no row explains; below zero the rows add up to more than the fastest run."""
    return TimeRow(key="rest", name="not attributed", ms=profile.not_attributed_ms)


def _layer_row(layer: Layer, ms: float | None) -> TimeRow:
    return TimeRow(key=layer.id, name=layer.label, op_type=layer.op_type, ms=ms, layer=layer)


def _sum(name: str, rows: Iterable[TimeRow]) -> TimeRow:
    times = [row.ms or 0.0 for row in rows]
    return TimeRow(
        key=f"operator:{name}", name=f"{len(times)} × {name}", op_type=name, ms=sum(times)
    )
