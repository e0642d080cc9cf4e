"""At which widths a group of channels is measured for the levels that were asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sparsify_tui.core.anchors import anchored
from sparsify_tui.core.channels.groups import ChannelGroup, legal_widths

_FIRST = 0.5
"""The level that is measured first."""


def measured_widths(group: ChannelGroup, levels: Sequence[float]) -> tuple[int, ...]:
    """Kept units for each level: the count nearest to it that runs well and is not all of them.

    Levels may share a count. Empty where no such count removes anything.
    """
    narrower = [count for count in legal_widths(group) if count < group.size]
    if not narrower:
        return ()
    return tuple(
        min(narrower, key=lambda count: abs(count - (1 - level) * group.size)) for level in levels
    )


def first_width(levels: Sequence[float], widths: Sequence[int]) -> int:
    """The width of the level nearest to a half."""
    _, kept = min(zip(levels, widths, strict=True), key=lambda pair: abs(pair[0] - _FIRST))
    return kept


def filled_losses(
    group: ChannelGroup, widths: Sequence[int], known: Mapping[int, float]
) -> tuple[float | None, ...]:
    """Losses at all widths, from those that are measured at some: see `anchored`.

    Args:
        group: Of the model.
        widths: Kept units.
        known: Measured losses by kept units, of some of `widths`.
    """
    if not known:
        return (None,) * len(widths)
    removed = sorted({group.size - kept for kept in widths})
    anchors = {float(group.size - kept): loss for kept, loss in known.items()}
    guesses = anchored([float(one) for one in removed], removed, anchors)
    by_removed = dict(zip(removed, guesses, strict=True))
    return tuple(by_removed[group.size - kept] for kept in widths)
