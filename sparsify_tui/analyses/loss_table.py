"""The table of a one-shot loss profile, from the items measured so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from statistics import fmean
from threading import Lock

import numpy as np

from sparsify_tui.analyses.evaluate import Evaluator
from sparsify_tui.analyses.loss_estimates import Estimates, short
from sparsify_tui.analyses.loss_log import Item, ItemLog
from sparsify_tui.analyses.loss_warnings import data_warnings
from sparsify_tui.analyses.spent import Spent
from sparsify_tui.core.distances import Reading, is_settled, reading
from sparsify_tui.core.loss_profile import (
    LayerLoss,
    Losses,
    LossProfile,
    LossStage,
    LossStatus,
)
from sparsify_tui.core.model import Layer

NO_EFFECT = "it has no effect on the outputs that count, on this data"


class LossTable:
    """Turns items into rows, each computed again only when it got a new item.

    Several threads may hand in items while another reads the table.

    Args:
        evaluator: What measures.
        head: The profile without rows.
        items: The log, with what an earlier run has left.
        spent: What all of it has cost.
    """

    def __init__(
        self, evaluator: Evaluator, head: LossProfile, items: ItemLog, spent: Spent
    ) -> None:
        self.evaluator = evaluator
        self.items = items
        self._head = head
        self._lock = Lock()
        self._spent = spent
        self._estimates = Estimates(evaluator, head.levels, head.structure)
        self._earlier_wall_s = max((item.wall_s for item in items.items.values()), default=0.0)
        self._earlier_s = sum(item.cpu_s for item in items.items.values())
        self._elsewhere_s = 0.0
        self._measured: dict[str, dict[str, list[Item]]] = {}
        self._rows: dict[str, LayerLoss] = {}
        self._readings: dict[tuple[str, str], tuple[int, Reading]] = {}
        for item in items.items.values():
            self._add(item)

    @property
    def count(self) -> int:
        """Items measured so far."""
        return len(self.items.items)

    def keep(self, items: Iterable[Item], *, from_elsewhere: bool = False) -> None:
        """Takes items in; they are on disk when this returns."""
        for item in items:
            with self._lock:
                kept = replace(item, wall_s=self._wall_s)
                self.items.append(kept)
                self._add(kept)
                self._elsewhere_s += item.cpu_s if from_elsewhere else 0.0

    def unsettled(self, samples: int) -> tuple[Layer, ...]:
        """Layers with a measured value that more than these first samples may still move.

        It follows from these alone, so that a profile that is resumed takes the same way.
        """
        with self._lock:
            return tuple(
                layer for layer in self.evaluator.layers if self._may_move(layer.id, samples)
            )

    def profile(self, stage: LossStage) -> LossProfile:
        """The whole table as it is now."""
        with self._lock:
            return self._profile(stage)

    def _profile(self, stage: LossStage) -> LossProfile:
        evaluator = self.evaluator
        rows = [self._row(layer) for layer in evaluator.layers]
        scales = self._estimates.scales(rows)
        stop = max((item.stop for item in self.items.items.values() if item.terms), default=0)
        return replace(
            self._head,
            model_digest=evaluator.opened.model.sha256,
            metric=evaluator.distance.name,
            source=evaluator.samples.source,
            samples=stop,
            stage=stage,
            layers=tuple(self._completed(row, scales) for row in rows),
            score=self._score_name,
            score_before=self._score_before(stop) if stop else None,
            confidence=evaluator.samples.confidence,
            warnings=self._warnings,
            cpu_s=self._spent.cpu_s + self._earlier_s + self._elsewhere_s,
            wall_s=self._wall_s,
        )

    @property
    def _wall_s(self) -> float:
        return self._earlier_wall_s + self._spent.wall_s

    def _add(self, item: Item) -> None:
        self._measured.setdefault(item.layer, {}).setdefault(item.change, []).append(item)
        self._rows.pop(item.layer, None)

    def _row(self, layer: Layer) -> LayerLoss:
        if layer.id not in self._rows:
            self._rows[layer.id] = self._computed(layer)
        return self._rows[layer.id]

    def _computed(self, layer: Layer) -> LayerLoss:
        levels = [str(level) for level in self._head.levels]
        pruning = self._losses(layer.id, levels)
        known = {
            level: value
            for at, (level, value) in enumerate(zip(self._head.levels, pruning.values, strict=True))
            if value is not None and pruning.is_measured(at)
        }
        if known and len(known) < len(levels):
            pruning = self._filled(layer.id, pruning, known)
        return LayerLoss(
            id=layer.id,
            weight=layer.weight,
            status=status_of(pruning),
            pruning=pruning,
            quantization=self._losses(layer.id, self._head.schemes),
            magnitudes=self._estimates.magnitudes(layer.id),
            reason=self._reasons(layer),
            note=NO_EFFECT if _is_without_effect(pruning) else "",
            settled=self._is_settled(layer.id),
        )

    def _losses(self, layer: str, changes: Sequence[str]) -> Losses:
        found = [self._reading(layer, change) for change in changes]
        return Losses(
            values=tuple(short(one.value) for one in found),
            lows=tuple(short(one.low) for one in found),
            highs=tuple(short(one.high) for one in found),
            drops=tuple(short(self._drop(layer, change)) for change in changes),
            samples=tuple(self._samples(layer, change) for change in changes),
        )

    def _filled(self, layer: str, losses: Losses, known: Mapping[float, float]) -> Losses:
        """Estimates between the anchors, where nothing was tried yet."""
        tried = self._measured[layer]
        guesses = self._estimates.between(layer, known)
        levels = zip(self._head.levels, losses.values, guesses, strict=True)
        return replace(
            losses,
            values=tuple(value if str(level) in tried else guess for level, value, guess in levels),
        )

    def _completed(self, row: LayerLoss, scales: Sequence[float]) -> LayerLoss:
        """A row of which nothing was measured gets the energy, in the unit of the others."""
        if row.status != "not measured" or self._measured.get(row.id):
            return row
        losses = self._estimates.scaled(row.pruning, row.id, scales)
        return row if losses is None else replace(row, status="estimated", pruning=losses)

    @cached_property
    def _warnings(self) -> tuple[str, ...]:
        return data_warnings(self.evaluator)

    @property
    def _score_name(self) -> str:
        request = self.evaluator.request
        if request.score:
            return request.score.rpartition(":")[2]
        return "top-1" if self.evaluator.is_labelled else ""

    def _score_before(self, stop: int) -> float | None:
        if self.evaluator.score is not None:
            return self.evaluator.score_of_base(0, stop)
        right = self.evaluator.correct(0, stop)
        return fmean(right) if right else None

    def _reading(self, layer: str, change: str) -> Reading:
        items = self._measured.get(layer, {}).get(change, [])
        known = self._readings.get((layer, change))
        if known is None or known[0] != len(items):
            known = len(items), self._read(items)
            self._readings[layer, change] = known
        return known[1]

    def _read(self, items: Sequence[Item]) -> Reading:
        rows = [row for item in sorted(items, key=lambda one: one.start) for row in item.terms]
        if not rows:
            return Reading(value=None)
        terms = np.array([[np.nan if x is None else x for x in row] for row in rows])
        return reading(self.evaluator.distance, terms)

    def _samples(self, layer: str, change: str) -> int:
        items = self._measured.get(layer, {}).get(change, [])
        return sum(one.stop - one.start for one in items if one.terms)

    def _drop(self, layer: str, change: str) -> float | None:
        """Of the metric, each item against the unchanged model on the item's own samples."""
        items = self._measured.get(layer, {}).get(change, [])
        if items and (after := items[-1].score) is not None:
            before = self.evaluator.score_of_base(items[-1].start, items[-1].stop)
            return None if before is None else before - after
        judged = [one for one in items if one.correct]
        if not judged:
            return None
        base = [right for one in judged for right in self.evaluator.correct(one.start, one.stop)]
        return fmean(base) - fmean(right for one in judged for right in one.correct)

    def _reasons(self, layer: Layer) -> str:
        """Each reason once, with the changes that it holds for unless these are all."""
        tried = self._measured.get(layer.id, {})
        reasons: dict[str, list[str]] = {}
        for change, items in tried.items():
            found = items[-1].reason or self._reading(layer.id, change).reason
            if found:
                reasons.setdefault(found.rstrip("."), []).append(change)
        if not tried:
            return self._estimates.problem(layer)
        return "; ".join(
            reason if len(changes) == len(tried) else f"{', '.join(changes)}: {reason}"
            for reason, changes in reasons.items()
        )

    def _may_move(self, layer: str, samples: int) -> bool:
        tried = self._measured.get(layer, {}).values()
        found = [self._read([one for one in items if one.stop <= samples]) for items in tried]
        return any(one.value is not None and not is_settled(one) for one in found)

    def _is_settled(self, layer: str) -> bool:
        found = [self._reading(layer, change) for change in self._measured.get(layer, {})]
        known = [one for one in found if one.value is not None]
        return bool(known) and all(map(is_settled, known))


def _is_without_effect(losses: Losses) -> bool:
    found = [value for at, value in enumerate(losses.values) if losses.is_measured(at)]
    return bool(found) and not any(found)


def status_of(losses: Losses) -> LossStatus:
    """How the values of a layer came about, as a whole."""
    if all(value is None for value in losses.values):
        return "not measured"
    is_whole = all(
        value is None or losses.is_measured(at) for at, value in enumerate(losses.values)
    )
    return "measured" if is_whole else "estimated"
