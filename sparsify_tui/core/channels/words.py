"""The channel lanes in words, for screens and reports."""

from __future__ import annotations

from sparsify_tui.core.channels.lanes import ChannelLanes
from sparsify_tui.core.units import format_interval, format_percent, format_ratio

_MOST_REASONS = 3


def speed_up_text(lanes: ChannelLanes) -> str:
    """How much faster each lane is: 75% 1.11×, 50% 1.64×, 25% 2.30×."""
    return ", ".join(
        f"{format_percent(one.share, 0)} {format_ratio(one.ratio.value)}" for one in lanes.totals
    )


def interval_text(lanes: ChannelLanes) -> str:
    """The same with their intervals."""
    return ", ".join(
        f"{format_percent(one.share, 0)} "
        f"{format_interval(one.ratio.value, one.ratio.low, one.ratio.high)}"
        for one in lanes.totals
    )


def width_error_text(lanes: ChannelLanes) -> str:
    """How well mixes of widths have been predicted from the lanes."""
    if lanes.model is None:
        return ""
    if not lanes.errors:
        return "its predictions of widths are not checked"
    worst = format_percent(lanes.errors[-1])
    if len(lanes.errors) == 1:
        return f"predicts widths within {worst} (one check)"
    return (
        f"predicts widths within {format_percent(lanes.median_error)} "
        f"(median of {len(lanes.errors)} checks, worst {worst})"
    )


def groups_text(lanes: ChannelLanes) -> str:
    """How many groups there are, and how many layers' channels are locked."""
    groups, locked = len(lanes.map.groups), len(lanes.map.locked)
    return f"{groups} groups of channels{f', {locked} locked' if locked else ''}"


def lock_texts(lanes: ChannelLanes) -> tuple[str, ...]:
    """Why channels cannot go, the most frequent reasons first."""
    reasons = [one.reason for one in lanes.map.locked]
    counted = sorted(set(reasons), key=lambda reason: (-reasons.count(reason), reason))
    texts = [f"locked: {reason}" for reason in counted[:_MOST_REASONS]]
    left = len(counted) - len(texts)
    return (*texts, f"locked: {left} other reasons") if left > 0 else tuple(texts)
