"""How wide layers are, and how much of the work lies in those that can be narrower."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sparsify_tui.core.channels.groups import (
    AxisWidth,
    ChannelGroup,
    GroupPart,
    LayerWidths,
    unit_runs,
)
from sparsify_tui.onnxio.channels.groups import Grouped
from sparsify_tui.onnxio.channels.makers import Maker, Product
from sparsify_tui.onnxio.channels.units import Ids, Solved

_FREE = 0.5
"""An axis is free where more than this share of its elements may go."""

WidthOf = Callable[[str, int], AxisWidth]
"""Of an axis of a tensor."""


def axis_width(ids: Ids | None, size: int, solved: Solved, grouped: Grouped) -> AxisWidth:
    """Which groups an axis is made of."""
    if ids is None:
        return AxisWidth(fixed=size)
    units = solved.unit[ids]
    owner = grouped.group_of[units]
    found = np.unique(owner[owner >= 0]).tolist()
    parts = tuple(
        _part(grouped.groups[at], np.flatnonzero(owner == at), grouped.place_of[units])
        for at in found
    )
    return AxisWidth(fixed=int((owner < 0).sum()), parts=parts)


def _part(group: ChannelGroup, elements: Ids, places: Ids) -> GroupPart:
    runs = unit_runs(zip(elements.tolist(), places[elements].tolist(), strict=True))
    return GroupPart(id=group.id, size=group.size, elements=len(elements), runs=runs)


def layer_widths(makers: Sequence[Maker], width: WidthOf) -> tuple[LayerWidths, ...]:
    """Of each layer with a product, by its first one."""
    found: dict[str, LayerWidths] = {}
    for maker in makers:
        product = maker.product
        if product is not None and maker.layer not in found:
            found[maker.layer] = LayerWidths(
                id=maker.layer,
                inputs=width(product.data, product.data_axis),
                outputs=width(product.output, product.output_axis),
                depthwise=product.weight_input_axis is None,
            )
    return tuple(found.values())


def reach(makers: Sequence[Maker], width: WidthOf) -> tuple[float, float]:
    """Shares of the FLOPs in layers that are free on one side, and on both."""
    one = both = total = 0
    for maker in makers:
        if maker.product is None:
            continue
        inputs, outputs = _free_sides(maker.product, width)
        total += maker.flops
        one += maker.flops * (inputs or outputs)
        is_both = (inputs or maker.takes_input) and (outputs or maker.makes_output)
        both += maker.flops * ((inputs or outputs) and is_both)
    return one / max(total, 1), both / max(total, 1)


def _free_sides(product: Product, width: WidthOf) -> tuple[bool, bool]:
    sides = (
        width(product.data, product.data_axis),
        width(product.output, product.output_axis),
    )
    return _is_free(sides[0]), _is_free(sides[1])


def _is_free(axis: AxisWidth) -> bool:
    return sum(part.elements for part in axis.parts) > _FREE * axis.full
