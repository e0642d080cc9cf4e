"""How much each group matters: a few widths of each, cut alone, repaired, on held-out samples."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sparsify_tui.analyses.channels.model import ChannelModel
from sparsify_tui.analyses.channels.order import Orders
from sparsify_tui.core.channels.groups import ChannelGroup, GroupId, nearest_width
from sparsify_tui.core.channels.sweep import GroupWidths, tried_widths
from sparsify_tui.core.channels.width_losses import losses_by_width, usual_loss
from sparsify_tui.core.protocols import Progress

MOST_WIDTHS = 9
"""Of a group that the search may choose from."""
_LEVELS = (0.5, 0.25, 0.75)
"""Removed of a group, in the order in which they are measured: one round for each."""


@dataclass(slots=True, kw_only=True)
class MeasuredLosses:
    """Held-out error by group and kept units, and what one measurement costs."""

    by_group: dict[GroupId, dict[int, float]] = field(default_factory=dict)
    cut_s: float = 0.0
    """Of one cut, its repair and its outputs: the mean."""

    def widths(self, group: ChannelGroup, locked: Mapping[GroupId, int]) -> GroupWidths:
        """What the search may choose from, with a loss for each."""
        kept = (locked[group.id],) if group.id in locked else tried_widths(group, MOST_WIDTHS)
        found = self.by_group.get(group.id, {})
        return GroupWidths(
            id=group.id, kept=kept, losses=losses_by_width(group.size, kept, found, self.usual)
        )

    usual: float = 1.0
    """Loss of a group of which nothing is known, with all units gone."""


def removed_units(orders: Orders, group: ChannelGroup, kept: int) -> tuple[int, ...]:
    """The units that go where that many stay: those that are missed least."""
    return tuple(orders[group.id][: max(group.size - kept, 0)])


def measure_group_losses(
    channels: ChannelModel,
    orders: Orders,
    locked: Mapping[GroupId, int],
    *,
    repair: str,
    seconds: float,
    later_s: float,
) -> Generator[Progress, None, MeasuredLosses]:
    """Measures one width of each group, then another, until they are known or the time is over.

    Args:
        channels: The model.
        orders: Units of each group, the one that is missed least first.
        locked: Kept units of groups that have no choice.
        repair: One of REPAIRS.
        seconds: When no other measurement is begun.
        later_s: What is expected to follow, for the time left.
    """
    groups = [group for group in channels.map.groups if group.id not in locked]
    trials = tuple(_trials(groups))
    measured = MeasuredLosses()
    start = time.monotonic()
    for done, (group, kept) in enumerate(trials):
        spent = time.monotonic() - start
        if done and spent + measured.cut_s > seconds:
            break
        left = min(measured.cut_s * (len(trials) - done), seconds - spent) if done else seconds
        yield Progress(
            done=done, total=len(trials), item=f"loss of {group.id}", left_s=left + later_s
        )
        found = channels.narrowed(
            {group.id: removed_units(orders, group, kept)}, repair=repair, only_next=True
        )
        measured.by_group.setdefault(group.id, {})[kept] = found.error
        measured.cut_s = (time.monotonic() - start) / (done + 1)
    sizes = {group.id: group.size for group in groups}
    measured.usual = usual_loss((sizes[one], rows) for one, rows in measured.by_group.items())
    return measured


def _trials(groups: Sequence[ChannelGroup]) -> Iterator[tuple[ChannelGroup, int]]:
    """Each width of a group once."""
    seen = {(group.id, group.size) for group in groups}
    for level in _LEVELS:
        for group in groups:
            kept = nearest_width(group, level)
            if (group.id, kept) not in seen:
                seen.add((group.id, kept))
                yield group, kept
