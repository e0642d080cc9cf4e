"""Turns an optimization from zeros to channels, and from one point of a front to another."""

from __future__ import annotations

from dataclasses import replace

from sparsify_tui.core.channels.edits import adopt_channels
from sparsify_tui.core.channels.front import ChannelAnalysis, ChannelSearch
from sparsify_tui.core.modifiers import Pruning
from sparsify_tui.core.optimization import Optimization

BY_HAND = "chosen by hand from the front"


def without_zeros(plan: Optimization) -> Optimization:
    """With no unstructured pruning."""
    rest = tuple(one for one in plan.modifiers if not isinstance(one, Pruning))
    return replace(plan, modifiers=rest)


def adopt_point(plan: Optimization, at: int) -> Optimization:
    """The plan with the widths of a point of its front, and what was measured of it.

    Args:
        plan: Without a front it stays as it is.
        at: Position of the point.
    """
    channels = plan.channels
    if channels.found is None:
        return plan
    analysis = ChannelAnalysis(
        map=channels.map,
        orders=tuple((one.id, one.order) for one in channels.groups),
        selection=channels.selection,
        calibration=channels.found.source,
        model_digest=channels.model_digest,
    )
    front = replace(channels.found, chosen=at, cause=BY_HAND)
    return adopt_channels(plan, ChannelSearch(analysis=analysis, front=front))
