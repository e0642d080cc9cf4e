"""Sorts units into groups: those that run through the same tensors in the same way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

from sparsify_tui.core.channels.groups import ChannelGroup, GroupId, LockedChannels
from sparsify_tui.core.model import LayerId
from sparsify_tui.onnxio.channels.makers import Maker
from sparsify_tui.onnxio.channels.trace import Trace
from sparsify_tui.onnxio.channels.units import Axes, Bools, Ids, Solved

_Hashes = NDArray[np.uint64]
_GOLDEN = 0x9E3779B97F4A7C15
"""Odd, and its multiples are spread evenly (Knuth, volume 3, 6.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouped:
    """All groups, and where each unit is."""

    groups: tuple[ChannelGroup, ...]
    locked: tuple[LockedChannels, ...]
    units: Mapping[GroupId, Ids]
    """Of each group: its units in order."""
    group_of: Ids
    """Of each unit: the position of its group, or -1."""
    place_of: Ids
    """Of each unit: its place in its group."""


def group_units(trace: Trace, solved: Solved, makers: Sequence[Maker], step: int) -> Grouped:
    """Sorts the units that layers make.

    Args:
        trace: All elements.
        solved: Their units.
        makers: The nodes with weights.
        step: Kept counts of channels of convolutions that run well are multiples of it.
    """
    signatures = _signatures(trace.axes_of, solved)
    made = _in_order(solved.unit[maker.outputs] for maker in makers)
    classes = _classes(made, signatures)
    naming = _Naming(makers, solved, _at(trace.heads, solved))
    is_locked = solved.is_locked
    groups: list[ChannelGroup] = []
    locked: list[LockedChannels] = []
    units: dict[GroupId, Ids] = {}
    group_of = np.full(solved.count, -1, np.int64)
    place_of = np.zeros(solved.count, np.int64)
    for members in classes:
        if is_locked[members].all() or len(members) == 1:
            locked.append(naming.locked(members, solved))
            continue
        group = naming.group(members, is_locked[members], units, step)
        group_of[members] = len(groups)
        place_of[members] = np.arange(len(members))
        units[group.id] = members
        groups.append(group)
    locked += _unmade(makers, solved, made)
    return Grouped(
        groups=tuple(groups),
        locked=tuple(dict.fromkeys(locked)),
        units=units,
        group_of=group_of,
        place_of=place_of,
    )


class _Naming:
    """Tells which layers make and take units."""

    def __init__(self, makers: Sequence[Maker], solved: Solved, heads: Bools) -> None:
        self._makers = makers
        self._made = [solved.unit[maker.outputs] for maker in makers]
        self._taken = [solved.unit[maker.inputs] for maker in makers]
        self._heads = heads
        self._count = solved.count

    def group(self, members: Ids, held: Bools, taken: Iterable[GroupId], step: int) -> ChannelGroup:
        """Describes units of which some may go."""
        producers = self._having(self._made, members)
        consumers = self._having(self._taken, members)
        first = producers[0]
        width = int(np.count_nonzero(self._made[first] == members[0]))
        is_conv = any(self._makers[at].is_conv for at in (*producers, *consumers))
        is_head = bool(self._heads[members].all())
        layer = self._makers[first].layer
        return ChannelGroup(
            id=_free_id(layer, {*taken, *self._others(layer)}),
            kind="head" if is_head else "channel" if is_conv else "hidden unit",
            size=len(members),
            fixed=tuple(np.flatnonzero(held).tolist()),
            width=width,
            step=step // gcd(step, width) if is_conv else 1,
            producers=self._layers(producers),
            consumers=self._layers(consumers),
        )

    def locked(self, members: Ids, solved: Solved) -> LockedChannels:
        """Describes units of which none may go."""
        event = int(solved.lock[members].min())
        reason = "there is only one" if event == len(solved.locks) else solved.locks[event].reason
        return LockedChannels(layers=self._layers(self._having(self._made, members)), reason=reason)

    def _others(self, layer: LayerId) -> Iterator[LayerId]:
        return (maker.layer for maker in self._makers if maker.layer != layer)

    def _having(self, parts: Sequence[Ids], members: Ids) -> list[int]:
        wanted = np.zeros(self._count, np.bool_)
        wanted[members] = True
        return [at for at, units in enumerate(parts) if wanted[units].any()]

    def _layers(self, places: Iterable[int]) -> tuple[LayerId, ...]:
        return tuple(dict.fromkeys(self._makers[at].layer for at in places))


def _free_id(layer: LayerId, taken: set[str]) -> GroupId:
    """The layer's id; with a number where it makes several groups."""
    name, number = GroupId(layer), 1
    while name in taken:
        number += 1
        name = GroupId(f"{layer}:{number}")
    return name


def _signatures(axes_of: Mapping[str, Axes], solved: Solved) -> _Hashes:
    """Equal numbers for units that take as many elements of each axis of each tensor."""
    tracked = [ids for axes in axes_of.values() for ids in axes if ids is not None]
    keys = np.arange(1, len(tracked) + 1, dtype=np.uint64) * np.uint64(_GOLDEN)
    keys ^= keys >> np.uint64(31)
    keys *= np.uint64(_GOLDEN)
    sums = np.zeros(solved.count, np.uint64)
    if tracked:
        spread = np.repeat(keys, [len(ids) for ids in tracked])
        np.add.at(sums, solved.unit[np.concatenate(tracked)], spread)
    return sums


def _in_order(parts: Iterable[Ids]) -> Ids:
    """All units of the parts, once each, in the order in which they come."""
    units, first = np.unique(np.concatenate([np.empty(0, np.int64), *parts]), return_index=True)
    return units[np.argsort(first)]


def _classes(units: Ids, signatures: _Hashes) -> list[Ids]:
    """The units of each signature, by first appearance."""
    if not len(units):
        return []
    _, first, which = np.unique(signatures[units], return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))[which]
    order = np.argsort(rank, kind="stable")
    return np.split(units[order], np.cumsum(np.bincount(rank))[:-1])


def _at(parts: Sequence[Ids], solved: Solved) -> Bools:
    """Which units the parts touch."""
    found = np.zeros(solved.count, np.bool_)
    for ids in parts:
        found[solved.unit[ids]] = True
    return found


def _unmade(makers: Sequence[Maker], solved: Solved, made: Ids) -> list[LockedChannels]:
    """Why what no layer makes must stay where layers take it."""
    taken = np.setdiff1d(_in_order(solved.unit[maker.inputs] for maker in makers), made)
    events = np.unique(solved.lock[taken])
    return [
        LockedChannels(layers=(), reason=solved.locks[event].reason)
        for event in events
        if event < len(solved.locks)
    ]
