"""Pure edits of the channels of an optimization: each returns a new one.

A group is named by its own id, or by that of a layer that makes its channels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from sparsify_tui.core.channels.front import ChannelAnalysis, ChannelSearch
from sparsify_tui.core.channels.groups import ChannelGroup, GroupId, legal_widths, nearest_width
from sparsify_tui.core.modifiers import ChannelPruning, GroupLevel, Pruning
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.schedule import channels_beside

_A_UNIT_OFF = 0.5


def with_channels(
    plan: Optimization, analysis: ChannelAnalysis, target: float | None = None
) -> Optimization:
    """Takes over the groups of an analysis, and spreads a target over those that are free.

    Groups that the plan knew already keep their width, unless the target changes it.

    Args:
        plan: To be edited.
        analysis: Which groups there are, and in which order their units go.
        target: Share of the units that go; None to keep all widths.
    """
    pruning = _fitting(plan)
    known = {one.id: one for one in pruning.groups if pruning.model_digest == analysis.model_digest}
    groups = tuple(
        replace(
            known.get(group.id) or GroupLevel(id=group.id, kept=group.size, order=()),
            order=analysis.order(group.id),
        )
        for group in analysis.map.groups
    )
    changed = replace(
        pruning,
        map=analysis.map,
        groups=groups,
        model_digest=analysis.model_digest,
        selection=analysis.selection,
        found=None,
    )
    plan = plan.with_modifier(changed)
    return plan if target is None else spread_channels(plan, target)


def adopt_channels(plan: Optimization, search: ChannelSearch) -> Optimization:
    """Takes over the widths that a search has chosen, and what it has measured of them.

    Groups that are locked or switched off in the plan stay as they are. Where the chosen point
    has them otherwise, what was measured of it is not kept; where none was chosen, nothing else
    is cut.
    """
    front = search.front
    kept = dict(front.point.kept) if front.point else {}
    plan = with_channels(plan, search.analysis)
    pruning = plan.channels
    sizes = {group.id: group.size for group in pruning.map.groups}
    groups = tuple(
        one if one.id in pruning.held else replace(one, kept=kept.get(one.id, sizes[one.id]))
        for one in pruning.groups
    )
    changed = replace(pruning, groups=groups, repair=front.repair)
    is_measured = front.point is None or changed.kept == kept
    found = front if is_measured else None
    return plan.with_modifier(replace(changed, target=changed.share, found=found))


def without_channels(plan: Optimization) -> Optimization:
    """With all channels, and no more talk of them."""
    rest = tuple(one for one in plan.modifiers if not isinstance(one, ChannelPruning))
    return replace(plan, modifiers=rest)


def spread_channels(plan: Optimization, target: float) -> Optimization:
    """Removes the same share of units from every group that is neither locked nor off.

    Each gets the width nearest to it that runs well.
    """
    plan = plan.with_modifier(replace(plan.channels, target=target))
    free = [one.id for one in plan.channels.groups if one.enabled and not one.locked]
    return _change(plan, free, lambda one, group: replace(one, kept=nearest_width(group, target)))


def set_width(plan: Optimization, ids: Iterable[str], kept: int) -> Optimization:
    """Gives groups a width of their own; they are switched on and locked, so that it stays.

    What must stay of a group stays.
    """
    return _change(plan, ids, lambda one, group: _by_hand(one, group, kept))


def shift_width(plan: Optimization, ids: Iterable[str], steps: int) -> Optimization:
    """Moves groups by so many widths that run well; positive steps keep more."""
    return _change(plan, ids, lambda one, group: _by_hand(one, group, _moved(one, group, steps)))


def toggle_groups(plan: Optimization, ids: Iterable[str]) -> Optimization:
    """Switches groups on or off; one that is off keeps all its units."""
    return _change(plan, ids, lambda one, _: replace(one, enabled=not one.enabled))


def lock_groups(plan: Optimization, ids: Iterable[str], locked: bool | None = None) -> Optimization:
    """Locks or unlocks groups; None turns each round."""
    return _change(
        plan,
        ids,
        lambda one, _: replace(one, locked=not one.locked if locked is None else locked),
    )


def width_notes(pruning: ChannelPruning, asked: Mapping[GroupId, float]) -> tuple[str, ...]:
    """Which groups keep another number of units than their asked level means, in words."""
    kept, notes = pruning.kept, []
    for group in pruning.map.groups:
        left = kept.get(group.id, group.size)
        wanted = (1 - asked.get(group.id, 1 - left / group.size)) * group.size
        if abs(wanted - left) >= _A_UNIT_OFF:
            least = group.size - group.free
            cause = "the nearest that runs well" if wanted >= least else "since some must stay"
            notes.append(
                f"{group.id}: {left} of {group.size} units stay, not {wanted:.3g}: {cause}"
            )
    return tuple(notes)


def _fitting(plan: Optimization) -> ChannelPruning:
    """The plan's own, else one at the epochs at which the plan prunes."""
    own, pruning = plan.find(ChannelPruning), plan.find(Pruning)
    if own is not None or pruning is None:
        return own or ChannelPruning()
    return channels_beside(pruning)


def _change(
    plan: Optimization, ids: Iterable[str], edit: Callable[[GroupLevel, ChannelGroup], GroupLevel]
) -> Optimization:
    """Edits groups; what a search had measured no longer holds where that changes a width."""
    pruning = plan.find(ChannelPruning)
    if pruning is None:
        return plan
    chosen = {group.id for one in ids if (group := pruning.map.group(one)) is not None}
    known = {group.id: group for group in pruning.map.groups}
    changed = replace(
        pruning,
        groups=tuple(
            edit(one, known[one.id]) if one.id in chosen else one for one in pruning.groups
        ),
    )
    is_same = changed.cuts == pruning.cuts
    return plan.with_modifier(replace(changed, found=pruning.found if is_same else None))


def _by_hand(one: GroupLevel, group: ChannelGroup, kept: int) -> GroupLevel:
    bounded = min(max(kept, group.size - group.free), group.size)
    return replace(one, kept=bounded, enabled=True, locked=True)


def _moved(one: GroupLevel, group: ChannelGroup, steps: int) -> int:
    widths = sorted(legal_widths(group), reverse=steps < 0)
    beyond = [width for width in widths if (width > one.kept if steps > 0 else width < one.kept)]
    if not steps or not beyond:
        return one.kept
    return beyond[min(abs(steps), len(beyond)) - 1]
