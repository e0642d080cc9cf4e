"""The table of a channel profile, from the cuts measured so far."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from sparsify_tui.analyses.channels.model import ChannelModel
from sparsify_tui.analyses.loss_estimates import short
from sparsify_tui.analyses.loss_log import Item, ItemLog, Key
from sparsify_tui.analyses.loss_table import NO_EFFECT, status_of
from sparsify_tui.analyses.opened import Opened
from sparsify_tui.analyses.spent import Spent
from sparsify_tui.analyses.splits import split_warnings
from sparsify_tui.core.channels.group_widths import filled_losses, measured_widths
from sparsify_tui.core.channels.groups import ChannelGroup, GroupId
from sparsify_tui.core.distances import Reading, distance_of, is_settled, reading
from sparsify_tui.core.loss_profile import GroupLoss, LayerLoss, Losses, LossProfile, LossStage
from sparsify_tui.core.model import Layer

_METRIC = "mse"
_IN_A_BODY = "it lies in the body of another node, where channels are not followed"
_NOT_YET = "not reached yet"
_NO_GROUP = "nothing of what it makes can go"


class GroupTable:
    """Turns measured cuts into one row for each layer.

    Args:
        opened: The model.
        channels: Its groups.
        head: The profile without rows.
        items: The log, with what an earlier run has left.
        spent: What all of it has cost.
    """

    def __init__(
        self,
        opened: Opened,
        channels: ChannelModel,
        head: LossProfile,
        items: ItemLog,
        spent: Spent,
    ) -> None:
        self._opened = opened
        self._items = items
        self._spent = spent
        self._earlier_wall_s = max((item.wall_s for item in items.items.values()), default=0.0)
        self._earlier_s = sum(item.cpu_s for item in items.items.values())
        self._reasons = {layer: one.reason for one in channels.map.locked for layer in one.layers}
        self.levels = head.levels
        calibration = channels.calibration
        self.samples = calibration.held_out_count or calibration.fitted
        self.groups = channels.map.groups
        self.widths: Mapping[GroupId, tuple[int, ...]] = {
            group.id: measured_widths(group, head.levels) for group in self.groups
        }
        """Kept units of each group, level by level."""
        self._read: dict[Key, Reading] = {}
        self._head = replace(
            head,
            model_digest=opened.model.sha256,
            metric=_METRIC,
            source=calibration.source,
            confidence=opened.samples.confidence,
            warnings=split_warnings(opened.options),
        )

    @property
    def is_anchors_only(self) -> bool:
        """Whether one width of each group was asked for."""
        return self._head.request is not None and self._head.request.anchors_only

    def has(self, group: ChannelGroup, kept: int) -> bool:
        """Whether a width was tried."""
        return self._key(group, kept) in self._items.items

    def keep(self, item: Item) -> None:
        """Takes an item in; it is on disk when this returns."""
        self._items.append(replace(item, wall_s=self._wall_s))

    def profile(self, stage: LossStage) -> LossProfile:
        """The whole table as it is now."""
        groups = tuple(
            GroupLoss(group=one, kept=self.widths[one.id], pruning=self._losses(one))
            for one in self.groups
        )
        is_known = any(item.terms for item in self._items.items.values())
        grouped = replace(self._head, groups=groups)
        return replace(
            grouped,
            stage=stage,
            samples=self.samples if is_known else 0,
            layers=tuple(
                self._row(layer, grouped.groups_of(layer.id))
                for layer in self._opened.model.prunable
            ),
            cpu_s=self._spent.cpu_s + self._earlier_s,
            wall_s=self._wall_s,
        )

    @property
    def _wall_s(self) -> float:
        return self._earlier_wall_s + self._spent.wall_s

    def _key(self, group: ChannelGroup, kept: int) -> Key:
        return group.id, str(kept), 0, self.samples

    def _tried(self, group: ChannelGroup) -> dict[int, Item]:
        """Items by kept units."""
        keys = {kept: self._key(group, kept) for kept in self.widths[group.id]}
        known = self._items.items
        return {kept: known[key] for kept, key in keys.items() if key in known}

    def _losses(self, group: ChannelGroup) -> Losses:
        """Measured values with their intervals, and estimates where nothing was tried yet."""
        widths, read = self.widths[group.id], self._readings(group)
        known = {kept: one.value for kept, one in read.items() if one.value is not None}
        guesses = dict(zip(widths, filled_losses(group, widths, known), strict=True))
        found = [read.get(kept, Reading(value=guesses[kept])) for kept in widths]
        return Losses(
            values=tuple(short(one.value) for one in found),
            lows=tuple(short(one.low) for one in found),
            highs=tuple(short(one.high) for one in found),
            samples=tuple(self.samples if kept in known else 0 for kept in widths),
        )

    def _readings(self, group: ChannelGroup) -> dict[int, Reading]:
        """What was tried, by kept units; each is read once."""
        tried = self._tried(group)
        for item in tried.values():
            if item.key not in self._read:
                self._read[item.key] = _reading(item)
        return {kept: self._read[item.key] for kept, item in tried.items()}

    def _row(self, layer: Layer, made: Sequence[GroupLoss]) -> LayerLoss:
        """With the values of the first group that it makes."""
        row = LayerLoss(id=layer.id, weight=layer.weight, status="not measured")
        if not made:
            return replace(row, reason=self._why_locked(layer))
        losses, group = made[0].pruning, made[0].group
        if not made[0].kept:
            return replace(row, reason=f"no smaller number of its {group.kind}s runs well")
        tried = self._tried(group)
        is_whole = all(map(losses.is_measured, range(len(losses.values))))
        has_effect = not is_whole or any(losses.values)
        remarks = [_said((kept, item.note) for kept, item in tried.items())]
        return replace(
            row,
            status=status_of(losses),
            pruning=losses,
            reason=_said((kept, item.reason) for kept, item in tried.items()) or _unreached(tried),
            note="; ".join(filter(None, (*remarks, "" if has_effect else NO_EFFECT))),
            settled=all(map(is_settled, self._readings(group).values())),
        )

    def _why_locked(self, layer: Layer) -> str:
        return self._reasons.get(layer.id) or (_IN_A_BODY if layer.scope else _NO_GROUP)


def _reading(item: Item) -> Reading:
    rows = [[math.nan if one is None else one for one in row] for row in item.terms]
    return reading(distance_of(_METRIC), np.array(rows)) if rows else Reading(value=None)


def _unreached(tried: Mapping[int, Item]) -> str:
    return "" if tried else _NOT_YET


def _said(remarks: Iterable[tuple[int, str]]) -> str:
    """Each remark once, with the kept counts that it holds for."""
    found: dict[str, list[str]] = {}
    for kept, remark in remarks:
        if remark:
            found.setdefault(remark.rstrip("."), []).append(str(kept))
    return "; ".join(f"{', '.join(counts)} kept: {remark}" for remark, counts in found.items())
