"""Which channels of a model can only go together, and what is left when some are gone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NewType

from sparsify_tui.core.model import LayerId

GroupId = NewType("GroupId", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelGroup:
    """Channels of one or more layers that can only be removed together.

    Its units are what can go one by one: a channel, a hidden unit, or a whole attention head.
    Every unit takes the same number of elements in each tensor that it runs through.
    """

    id: GroupId
    """Stable for one file: the id of the first layer that makes the channels."""
    kind: str
    """`channel`, `hidden unit` or `head`."""
    size: int
    """Units in it, those that must stay included."""
    fixed: tuple[int, ...] = ()
    """Units that must stay."""
    width: int = 1
    """Elements of a unit in the output of its first layer."""
    step: int = 1
    """Kept counts that are multiples of it run well; 1 where every count does."""
    producers: tuple[LayerId, ...]
    """Layers whose outputs go, in graph order; those that only pass channels on included."""
    consumers: tuple[LayerId, ...]
    """Layers whose inputs go, in graph order."""

    @property
    def free(self) -> int:
        """Units that may go; at least one unit always stays."""
        return min(self.size - len(self.fixed), self.size - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedChannels:
    """Channels that cannot be removed, and why."""

    layers: tuple[LayerId, ...]
    """Layers that make them; empty for the inputs of the model."""
    reason: str
    """In words, with the node where it ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRun:
    """Neighbouring elements of an axis that belong to consecutive units, in the units' order."""

    start: int
    """First element."""
    unit: int = 0
    """First unit."""
    count: int
    """Units."""
    width: int = 1
    """Elements of each of them here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPart:
    """What a group takes of an axis."""

    id: GroupId
    size: int
    """Units of the group."""
    elements: int
    """Elements of the axis that belong to it."""
    runs: tuple[UnitRun, ...] = ()
    """Which elements those are, in rising order; empty where that is not known."""

    def positions(self, units: Collection[int]) -> tuple[int, ...]:
        """The elements of some units, in rising order."""
        chosen = frozenset(units)
        return tuple(
            position
            for run in self.runs
            for at in range(run.count)
            if run.unit + at in chosen
            for position in range(run.start + at * run.width, run.start + (at + 1) * run.width)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisWidth:
    """How wide an axis is, as a sum over the groups that run through it."""

    fixed: int = 0
    """Elements that belong to no group."""
    parts: tuple[GroupPart, ...] = ()

    @property
    def full(self) -> int:
        """Elements with nothing removed."""
        return self.fixed + sum(part.elements for part in self.parts)

    def at(self, kept: Mapping[GroupId, int]) -> int:
        """Elements when groups keep that many units; those that are not named keep all.

        Exact where all units of a group take as many elements here, as nearly always; else as
        many as on the average.
        """
        return self.fixed + sum(
            round(part.elements * kept.get(part.id, part.size) / part.size) for part in self.parts
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerWidths:
    """What groups a layer takes and makes."""

    id: LayerId
    inputs: AxisWidth
    outputs: AxisWidth
    depthwise: bool = False
    """Whether inputs go together with outputs, each of which keeps as many: a Conv in groups."""

    def share(self, kept: Mapping[GroupId, int]) -> float:
        """Weights, and FLOPs, that are left, as a fraction."""
        outputs = self.outputs.at(kept) / max(self.outputs.full, 1)
        if self.depthwise:
            return outputs
        return outputs * self.inputs.at(kept) / max(self.inputs.full, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelMap:
    """All groups of a model."""

    groups: tuple[ChannelGroup, ...] = ()
    """Those in which something can go, in graph order."""
    locked: tuple[LockedChannels, ...] = ()
    layers: tuple[LayerWidths, ...] = ()
    """Of every layer of the main graph with a product: Conv, ConvTranspose, Gemm, MatMul."""
    reach_one: float = 0.0
    """Of the FLOPs of layers with weights, those in layers with free inputs or outputs."""
    reach_both: float = 0.0
    """Those in layers with free inputs and outputs; a layer that takes a model input counts
    with its outputs alone, and one that makes a model output with its inputs alone."""

    def group(self, group_id: str) -> ChannelGroup | None:
        """The group of that id, or of which that layer is a producer."""
        exact = next((one for one in self.groups if one.id == group_id), None)
        return exact or next((one for one in self.groups if group_id in one.producers), None)


def unit_runs(owners: Iterable[tuple[int, int]]) -> tuple[UnitRun, ...]:
    """The runs of an axis.

    Args:
        owners: Elements that belong to units of one group, in rising order, each with its unit.
    """
    spans: list[tuple[int, int, int]] = []  # first element, unit, elements
    for element, unit in owners:
        start, owner, width = spans[-1] if spans else (-1, -1, 0)
        if owner == unit and start + width == element:
            spans[-1] = (start, unit, width + 1)
        else:
            spans.append((element, unit, 1))
    runs: list[tuple[int, int, int, int]] = []  # first element, first unit, units, elements of each
    for start, unit, width in spans:
        first, owner, count, each = runs[-1] if runs else (-1, -1, 0, 0)
        if (owner + count, first + count * each, each) == (unit, start, width):
            runs[-1] = (first, owner, count + 1, each)
        else:
            runs.append((start, unit, 1, width))
    return tuple(
        UnitRun(start=start, unit=unit, count=count, width=width)
        for start, unit, count, width in runs
    )


def legal_widths(group: ChannelGroup) -> tuple[int, ...]:
    """Kept counts that are worth trying, the largest (all of it) first.

    Multiples of the group's step; where the whole is no more than one step, half of it, too:
    half a step gains only where the neighbours are narrow as well.
    """
    least = max(1, len(group.fixed))
    counts = {group.size, *range(group.step, group.size, group.step)}
    if group.size <= group.step and group.step % 2 == 0:
        counts.add(max(group.step // 2, 1))
    return tuple(sorted((one for one in counts if least <= one <= group.size), reverse=True))


def nearest_width(group: ChannelGroup, level: float) -> int:
    """The worthwhile kept count nearest to removing the fraction `level`; at least one stays."""
    wanted = (1 - level) * group.size
    return min(legal_widths(group), key=lambda count: (abs(count - wanted), -count))
