"""The channels of one prepared model: what they are, and the model without some of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property

import numpy as np
from onnx import ModelProto

from sparsify_tui.core.channels.groups import AxisWidth, ChannelGroup, ChannelMap, GroupId
from sparsify_tui.core.model import Model
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import UsageError
from sparsify_tui.onnxio.channels import surgery
from sparsify_tui.onnxio.channels.edits import Kept
from sparsify_tui.onnxio.channels.groups import group_units
from sparsify_tui.onnxio.channels.makers import Product, find_makers
from sparsify_tui.onnxio.channels.units import Bools, Ids
from sparsify_tui.onnxio.channels.walk import walked
from sparsify_tui.onnxio.channels.widths import axis_width, layer_widths, reach
from sparsify_tui.onnxio.quantize.prepare import Prepared

Removed = Mapping[GroupId, Collection[int]]
"""Units that go, by group."""


def find_channels(
    prepared: Prepared, model: Model, shapes: Mapping[str, tuple[int, ...]], *, step: int = 16
) -> ChannelGraph:
    """Finds which channels, hidden units and heads can only go together.

    Args:
        prepared: The float form of the model.
        model: The model that was prepared.
        shapes: Of every tensor of the prepared main graph at one run, which had better not be
            of a batch of one.
        step: Kept counts of channels of convolutions that run well are multiples of it.
    """
    return ChannelGraph(prepared, model, shapes, step)


class ChannelGraph:
    """Groups of channels of a prepared model, and surgery on them."""

    def __init__(
        self,
        prepared: Prepared,
        model: Model,
        shapes: Mapping[str, tuple[int, ...]],
        step: int,
    ) -> None:
        self.proto: ModelProto = prepared.proto
        """The prepared model that the groups were found on."""
        self._trace = walked(prepared.proto, shapes)
        self._solved = self._trace.elements.solved()
        self._makers = find_makers(prepared, model, self._trace)
        self._grouped = group_units(self._trace, self._solved, self._makers, step)

    @cached_property
    def map(self) -> ChannelMap:
        """All groups, what is locked and why, and the widths of all layers."""
        one, both = reach(self._makers, self.width)
        return ChannelMap(
            groups=self._grouped.groups,
            locked=self._grouped.locked,
            layers=layer_widths(self._makers, self.width),
            reach_one=one,
            reach_both=both,
        )

    @cached_property
    def products(self) -> tuple[Product, ...]:
        """The nodes that multiply data by a stored weight, in graph order."""
        return tuple(maker.product for maker in self._makers if maker.product is not None)

    def cut(self, removed: Removed, proto: ModelProto | None = None) -> ModelProto:
        """A smaller copy without the units that go.

        Args:
            removed: Units that go.
            proto: The prepared model with other numbers in it; itself by default.

        Raises:
            UsageError: A group is unknown, or a unit must stay.
        """
        kept = self._kept(removed)
        source = self.proto if proto is None else proto
        return surgery.cut(source, self._trace.axes_of, self._trace.edits, kept)

    def masked(self, removed: Removed, proto: ModelProto | None = None) -> ModelProto:
        """A copy of the same shapes whose outputs are those of `cut`.

        The units that go are still computed, but nothing that sums over them counts them.

        Raises:
            UsageError: A group is unknown, or a unit must stay.
        """
        kept = self._kept(removed)
        source = self.proto if proto is None else proto
        return surgery.mask(source, self._trace.contractions, self._trace.shapes, kept)

    def kept(self, tensor: str, axis: int, removed: Removed) -> Bools:
        """Which elements of an axis stay. Raises UsageError like `cut`."""
        ids = self._ids(tensor, axis)
        if ids is None:
            return np.ones(self._trace.shape(tensor)[axis], np.bool_)
        return self._kept(removed)(ids)

    def width(self, tensor: str, axis: int) -> AxisWidth:
        """Which groups an axis of a tensor is made of."""
        size = self._trace.shape(tensor)[axis]
        return axis_width(self._ids(tensor, axis), size, self._solved, self._grouped)

    def widths(self, tensor: str) -> tuple[AxisWidth, ...]:
        """Which groups each axis of a tensor is made of; empty for a tensor of another graph."""
        axes = range(len(self._trace.shapes.get(tensor, ())))
        return tuple(self.width(tensor, axis) for axis in axes)

    def blocks(self, group: GroupId, product: Product) -> tuple[Ids, ...]:
        """For each unit of a group the places along the data's axis that it takes of a consumer.

        Raises:
            UsageError: The group is unknown.
        """
        return self._places(group, product.data, product.data_axis)

    def producer_blocks(self, group: GroupId, product: Product) -> tuple[Ids, ...]:
        """For each unit of a group the places along the output's axis that a product makes of it.

        Raises:
            UsageError: The group is unknown.
        """
        return self._places(group, product.output, product.output_axis)

    def _places(self, group: GroupId, tensor: str, axis: int) -> tuple[Ids, ...]:
        members, ids = self._units(group), self._ids(tensor, axis)
        if ids is None:
            return (np.empty(0, np.int64),) * len(members)
        units = self._solved.unit[ids]
        number = self._grouped.group_of[members[0]]
        at = np.flatnonzero(self._grouped.group_of[units] == number)
        place = self._grouped.place_of[units[at]]
        counts = np.bincount(place, minlength=len(members))
        return tuple(np.split(at[np.argsort(place, kind="stable")], np.cumsum(counts)[:-1]))

    def _ids(self, tensor: str, axis: int) -> Ids | None:
        axes = self._trace.axes_of.get(tensor, ())
        return axes[axis] if axes else None

    def _units(self, group: str) -> Ids:
        found = self._grouped.units.get(GroupId(group))
        if found is None:
            raise UsageError(
                f"There is no group of channels {clean_text(group)}.",
                "Ask `inspect` for the groups of the model.",
            )
        return found

    def _kept(self, removed: Removed) -> Kept:
        gone = np.zeros(self._solved.count, np.bool_)
        for group_id, places in removed.items():
            members = self._units(group_id)
            group = next(one for one in self._grouped.groups if one.id == group_id)
            _check(group, places)
            gone[members[list(places)]] = True
        return lambda ids: ~gone[self._solved.unit[ids]]


def _check(group: ChannelGroup, places: Collection[int]) -> None:
    wrong = [at for at in places if not 0 <= at < group.size or at in group.fixed]
    if wrong:
        raise UsageError(
            f"The {group.kind} {wrong[0]} of the group {clean_text(group.id)} must stay.",
            f"It has {group.size}, of which {group.free} may go.",
        )
    if len(set(places)) > group.free:
        raise UsageError(
            f"All of the group {clean_text(group.id)} would go.",
            f"At most {group.free} of {group.size} may.",
        )
