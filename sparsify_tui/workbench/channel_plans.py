"""What an optimization that removes channels is made of, and what cannot be removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sparsify_tui.core.channels.edits import (
    adopt_channels,
    lock_groups,
    set_width,
    spread_channels,
    width_notes,
    with_channels,
)
from sparsify_tui.core.channels.front import ChannelAnalysis, ChannelSearch
from sparsify_tui.core.channels.groups import ChannelGroup, GroupId, nearest_width
from sparsify_tui.core.model import Model
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import ModelError, UsageError

_MOST_REASONS = 3
_WHAT_ELSE = "Zeros and int8 are possible all the same: leave --structure away, or --quantize int8."
_LONG = 300


def narrowed(
    plan: Optimization,
    model: Model,
    found: ChannelAnalysis | ChannelSearch,
    *,
    target: float | None = None,
    levels: Mapping[str, float] | None = None,
    locks: Sequence[str] = (),
) -> Optimization:
    """A plan with the channels that a target or a search removes.

    Args:
        plan: It has a schedule for it.
        model: What the groups belong to.
        found: An analysis, over which a target is spread, or a search.
        target: Share of the units that go, of groups with no level of their own.
        levels: Of single groups, which are locked to them; above 1, the units that stay.
        locks: Groups that stay whole.

    Raises:
        UsageError: A group is unknown, or cannot be cut.
        ModelError: No channel can go.
    """
    analysis = found.analysis if isinstance(found, ChannelSearch) else found
    check_groups(analysis)
    widths = own_widths(model, analysis, levels or {}, locks)
    plan = with_channels(plan, analysis)
    for group, kept in widths.items():
        plan = set_width(plan, [group], kept)
    plan = lock_groups(plan, widths, locked=True)
    if isinstance(found, ChannelSearch):
        return adopt_channels(plan, found)
    return plan if target is None else spread_channels(plan, target)


def own_widths(
    model: Model, analysis: ChannelAnalysis, levels: Mapping[str, float], locks: Sequence[str]
) -> dict[GroupId, int]:
    """Units that stay of the groups that have a level of their own, or stay whole.

    Raises:
        UsageError: A group is unknown, or cannot be cut.
    """
    widths = {}
    for reference, level in levels.items():
        group = group_of(model, analysis, reference)
        wanted = round(level) if level > 1 else nearest_width(group, level)
        widths[group.id] = min(max(wanted, group.size - group.free), group.size)
    for reference in locks:
        group = group_of(model, analysis, reference)
        widths[group.id] = group.size
    return widths


def group_of(model: Model, analysis: ChannelAnalysis, reference: str) -> ChannelGroup:
    """The group of that id, or whose channels that layer makes.

    Raises:
        UsageError: There is none, or its channels cannot be removed.
    """
    layer = model.layer(reference)
    group = analysis.map.group(layer.id if layer else reference)
    if group is not None:
        return group
    shown = clean_text(reference)
    for locked in analysis.map.locked:
        if layer is not None and layer.id in locked.layers:
            raise UsageError(
                f"The channels of {shown} cannot be removed: {clean_text(locked.reason, _LONG)}.",
                "Name another group; this one stays whole anyway.",
            )
    raise UsageError(
        f"There is no group of channels {shown}.",
        "`sparsify-tui optimize PROJECT --structure channel --sparsity S --json` lists "
        f"the {len(analysis.map.groups)} there are.",
    )


def check_groups(analysis: ChannelAnalysis) -> None:
    """Raises ModelError where no channel of the model can go."""
    if analysis.map.groups:
        return
    reasons = list(dict.fromkeys(clean_text(one.reason, _LONG) for one in analysis.map.locked))
    more = len(reasons) - _MOST_REASONS
    said = "; ".join(reasons[:_MOST_REASONS]) + (f"; and {more} more" if more > 0 else "")
    raise ModelError(
        "No channel of the model can be removed" + (f": {said}." if said else "."), _WHAT_ELSE
    )


def notes_of(
    plan: Optimization, model: Model, target: float | None, levels: Mapping[str, float]
) -> tuple[str, ...]:
    """Where a plan keeps another width than was asked for, in words."""
    pruning = plan.channels
    asked = {}
    if target is not None:
        asked = {one.id: target for one in pruning.groups if one.enabled and not one.locked}
    for reference, level in levels.items():
        layer = model.layer(reference)
        group = pruning.map.group(layer.id if layer else reference)
        if group is not None:
            asked[group.id] = 1 - level / group.size if level > 1 else level
    return width_notes(pruning, asked)
