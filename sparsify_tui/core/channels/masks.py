"""Fewer channels as masks that a training puts on weights.

A recipe names the weights whose filters (SparseML's first axis) or input channels (its second)
become zero together; it can say so only where each unit of a group is one of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sparsify_tui.core.channels.groups import (
    AxisWidth,
    ChannelGroup,
    ChannelMap,
    GroupId,
    LayerWidths,
    UnitRun,
)
from sparsify_tui.core.model import Layer, LayerId, Model
from sparsify_tui.core.recipe import literal_pattern

_LEVEL_DIGITS = 6
"""So many that SparseML's rounding gives back the count of units."""
_TRANSPOSED = "ConvTranspose"
"""PyTorch stores its inputs on the first axis of its weight, where others have their outputs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """Weights in which the same filters, or the same input channels, become zero."""

    mask_type: str
    """`filter` or `channel`, as SparseML calls them."""
    weights: tuple[str, ...]
    level: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Masks:
    """What a recipe can say of a cut."""

    masks: tuple[Mask, ...]
    left_out: tuple[tuple[GroupId, str], ...]
    """Groups that it cannot say, with the reason."""


def masks_of(model: Model, channels: ChannelMap, kept: Mapping[GroupId, int]) -> Masks:
    """The masks of the groups that lose units.

    Filters of the layers that make a group's channels, or else the input channels of those that
    take them.
    """
    layers = {one.id: one for one in model.layers}
    widths = {one.id: one for one in channels.layers}
    masks, left_out = [], []
    for group in channels.groups:
        if group.id not in kept:
            continue
        found = _mask(group, layers, widths, round(1 - kept[group.id] / group.size, _LEVEL_DIGITS))
        if isinstance(found, str):
            left_out.append((group.id, found))
        else:
            masks.append(found)
    return Masks(masks=tuple(masks), left_out=tuple(left_out))


def _mask(
    group: ChannelGroup,
    layers: Mapping[LayerId, Layer],
    widths: Mapping[LayerId, LayerWidths],
    level: float,
) -> Mask | str:
    """The mask of a group, or why there is none."""
    if group.fixed:
        return "some of its units must stay, which masks cannot promise"
    for ids, axis, mask_type in (
        (group.producers, _outputs, "filter"),
        (group.consumers, _inputs, "channel"),
    ):
        if all(one in widths and _is_unit_by_unit(axis(widths[one]), group) for one in ids):
            return _named(mask_type, [layers[one] for one in ids if one in layers], level)
    return f"masks go by single filters, and a {group.kind} of it is no single one everywhere"


def _named(mask_type: str, layers: Sequence[Layer], level: float) -> Mask | str:
    transposed = {one.op_type == _TRANSPOSED for one in layers}
    if len(transposed) != 1:
        return "ordinary and transposed convolutions make it, and masks go by one axis"
    weights = tuple(dict.fromkeys(one.weight for one in layers))
    if len(weights) > 1 and any(literal_pattern(name) != name for name in weights):
        return "a recipe cannot spell the name of a weight in it"
    if transposed.pop():
        mask_type = "channel" if mask_type == "filter" else "filter"
    return Mask(mask_type=mask_type, weights=weights, level=level)


def _is_unit_by_unit(axis: AxisWidth, group: ChannelGroup) -> bool:
    """Whether the axis is the group's alone, one element a unit, in order."""
    if axis.fixed or len(axis.parts) != 1:
        return False
    part = axis.parts[0]
    plain = UnitRun(start=0, count=group.size)
    return part.id == group.id and part.elements == group.size and part.runs in ((), (plain,))


def _outputs(layer: LayerWidths) -> AxisWidth:
    return layer.outputs


def _inputs(layer: LayerWidths) -> AxisWidth:
    return layer.inputs
