"""Builds narrowed models and times them in turn with the original."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

from sparsify_tui.analyses.channels.group_losses import removed_units
from sparsify_tui.analyses.channels.model import ChannelModel
from sparsify_tui.analyses.channels.order import Orders
from sparsify_tui.analyses.clock import compare_laps
from sparsify_tui.analyses.gate import pooled
from sparsify_tui.analyses.opened import Opened
from sparsify_tui.analyses.race import race
from sparsify_tui.core.channels.front import FrontPoint
from sparsify_tui.core.channels.sweep import Widths
from sparsify_tui.core.protocols import Progress
from sparsify_tui.core.timing import Ratio
from sparsify_tui.engines.machine import available_memory
from sparsify_tui.onnxio.rewrite import write_model

_ORIGINAL = "original"
_NEAREST = 3
_COPIES_IN_MEMORY = 4
"""A session holds its weights, and the packed form of them, beside the file's own."""


@dataclass(slots=True, kw_only=True)
class _Built:
    point: FrontPoint
    file: Path
    passes: list[Ratio] = field(default_factory=list)


class Front:
    """Narrowed models of one original, each with its file and what was measured of it."""

    def __init__(
        self, opened: Opened, channels: ChannelModel, orders: Orders, folder: Path, repair: str
    ) -> None:
        self._opened = opened
        self._channels = channels
        self._orders = orders
        self._folder = folder
        self._repair = repair
        self._built: dict[Widths, _Built] = {}
        self._doubts: dict[str, None] = {}
        self.most = max(1, available_memory() // (_COPIES_IN_MEMORY * _size(opened)) - 2)
        """Models that fit into memory together."""
        self.cut_s = 0.0
        """What it took to build one, at the mean."""

    @property
    def points(self) -> tuple[FrontPoint, ...]:
        """All that were built, the fastest last."""
        found = [
            replace(one.point, ratio=pooled(one.passes) if one.passes else None)
            for one in self._built.values()
        ]
        return tuple(sorted(found, key=_order))

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why the ratios may be off."""
        return tuple(self._doubts)

    def built(self, is_meant: Callable[[FrontPoint], bool]) -> frozenset[Widths]:
        """The widths of the points that are meant."""
        return frozenset(widths for widths, one in self._built.items() if is_meant(one.point))

    def speed_factor(self, full_ms: float, wanted: float) -> float:
        """Measured over predicted speed-up, of the few points measured nearest to a speed-up."""
        measured = [(one, one.ratio.value) for one in self.points if one.ratio]
        measured.sort(key=lambda pair: abs(math.log(pair[1] / wanted)))
        factors = [speed * one.predicted_ms / full_ms for one, speed in measured[:_NEAREST]]
        return median(factors) if factors else 1.0

    def build(self, widths: Widths, name: str) -> FrontPoint:
        """Cuts, repairs and writes one, unless it is built already."""
        if widths not in self._built:
            start = time.monotonic()
            self._built[widths] = self._build(widths, name)
            spent, count = time.monotonic() - start, len(self._built)
            self.cut_s += (spent - self.cut_s) / count
        return self._built[widths].point

    def measure(self, seconds: float, item: str) -> Generator[Progress, None, None]:
        """One pass: fresh sessions of all, in turn with the original."""
        files = {str(at): one.file for at, one in enumerate(self._built.values())}
        forms = {_ORIGINAL: Path(self._opened.options.path), **files}
        laps = yield from race(self._opened, forms, seconds, item)
        original, threads = laps[_ORIGINAL], self._opened.options.threads
        for name, one in zip(files, self._built.values(), strict=True):
            one.passes.append(compare_laps(original, laps[name], threads=threads))
        if original.gauge is not None:
            self._doubts |= dict.fromkeys(original.gauge.doubts)

    def _build(self, widths: Widths, name: str) -> _Built:
        sizes = {group.id: group for group in self._channels.map.groups}
        lost = tuple((one, kept) for one, kept in widths.kept if kept < sizes[one].size)
        removed = {one: removed_units(self._orders, sizes[one], kept) for one, kept in lost}
        found = self._channels.narrowed(removed, repair=self._repair)
        file = self._folder / f"front{len(self._built)}.onnx"
        write_model(found.proto, file)
        point = FrontPoint(
            kept=lost,
            predicted_ms=widths.predicted_ms,
            error=found.error,
            agreement=found.agreement,
            repaired=found.repaired,
            name=name,
        )
        return _Built(point=point, file=file)


def _order(point: FrontPoint) -> tuple[float, float]:
    return (point.ratio.value if point.ratio else 0.0, -point.predicted_ms)


def _size(opened: Opened) -> int:
    return max(opened.model.bytes, 1)
