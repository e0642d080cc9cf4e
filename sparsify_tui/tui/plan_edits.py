"""What a key does to the rows that are chosen, groups and layers alike. No Textual here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sparsify_tui.core.channels.edits import lock_groups, set_width, shift_width, toggle_groups
from sparsify_tui.core.channels.groups import ChannelGroup
from sparsify_tui.core.model import Layer
from sparsify_tui.core.optimization import (
    Optimization,
    lock_layers,
    set_level,
    shift_level,
    toggle_layers,
)
from sparsify_tui.tui.channel_forms import width_from_text
from sparsify_tui.tui.plan_entries import Entry
from sparsify_tui.tui.plan_forms import level_from_text

Change = Callable[[Optimization], Optimization]
COARSE, FINE = 0.05, 0.01
"""Of a level, at one press."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What an edit is about."""

    groups: tuple[ChannelGroup, ...] = ()
    layers: tuple[Layer, ...] = ()

    @property
    def group_ids(self) -> tuple[str, ...]:
        """Of the groups."""
        return tuple(one.id for one in self.groups)

    @property
    def layer_ids(self) -> tuple[str, ...]:
        """Of the layers that were chosen themselves."""
        return tuple(one.id for one in self.layers)

    @property
    def all_layer_ids(self) -> tuple[str, ...]:
        """Those of the chosen groups, too."""
        makers = (one for group in self.groups for one in group.producers)
        return tuple(dict.fromkeys((*self.layer_ids, *makers)))


def chosen_of(entries: Iterable[Entry]) -> Chosen:
    """The groups and layers among the rows; what is locked for good is neither."""
    rows = tuple(entries)
    return Chosen(
        groups=tuple(one.group for one in rows if one.group),
        layers=tuple(one.layer for one in rows if one.layer),
    )


def toggled(chosen: Chosen, with_pruning: Change) -> Change:
    """Each switched on or off."""
    return _each(chosen, with_pruning, toggle_groups, toggle_layers)


def locked(chosen: Chosen, with_pruning: Change) -> Change:
    """Each locked or unlocked."""
    return _each(chosen, with_pruning, lock_groups, lock_layers)


def shifted(chosen: Chosen, with_pruning: Change, by: int) -> Change:
    """Groups by so many widths that run well, layers by so many times five points.

    Above 0 more goes.
    """
    return _each(
        chosen,
        with_pruning,
        lambda plan, ids: shift_width(plan, ids, -by),
        lambda plan, ids: shift_level(plan, ids, by * COARSE),
    )


def nudged(chosen: Chosen, with_pruning: Change, by: int) -> Change:
    """Groups by single units, whether that runs well or not; layers by single points."""

    def narrow(plan: Optimization, _ids: Sequence[str]) -> Optimization:
        return _resized(plan, chosen.groups, lambda _, kept: kept - by)

    return _each(chosen, with_pruning, narrow, lambda plan, ids: shift_level(plan, ids, by * FINE))


def written(chosen: Chosen, with_pruning: Change, text: str) -> Change:
    """Widths for groups, else a level for layers, as they are typed. Raises UsageError."""
    if chosen.groups:
        return lambda plan: _resized(
            plan, chosen.groups, lambda group, kept: width_from_text(text, group, kept)
        )

    def level(plan: Optimization) -> Optimization:
        present = level_of(plan, chosen.layers[0])
        return set_level(with_pruning(plan), chosen.layer_ids, level_from_text(text, present))

    return level


def level_of(plan: Optimization, layer: Layer) -> float:
    """A layer's level, whether it is on or off."""
    return next((one.level for one in plan.pruning.layers if one.id == layer.id), 0.0)


def kept_of(plan: Optimization, group: ChannelGroup) -> int:
    """The units of a group that stay."""
    return plan.channels.kept.get(group.id, group.size)


def _each(
    chosen: Chosen,
    with_pruning: Change,
    of_groups: Callable[[Optimization, Sequence[str]], Optimization],
    of_layers: Callable[[Optimization, Sequence[str]], Optimization],
) -> Change:
    def change(plan: Optimization) -> Optimization:
        if chosen.groups:
            plan = of_groups(plan, chosen.group_ids)
        return of_layers(with_pruning(plan), chosen.layer_ids) if chosen.layers else plan

    return change


def _resized(
    plan: Optimization,
    groups: Iterable[ChannelGroup],
    width: Callable[[ChannelGroup, int], int],
) -> Optimization:
    for group in groups:
        plan = set_width(plan, [group.id], width(group, kept_of(plan, group)))
    return plan
