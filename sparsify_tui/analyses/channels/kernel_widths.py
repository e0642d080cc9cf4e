"""Which widths the kernels of a profile work in: those of their layer, or of what they make."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from sparsify_tui.analyses.channels.width_fit import KernelLanes, ThinTensor
from sparsify_tui.analyses.kernels import Charge
from sparsify_tui.core.channels.groups import AxisWidth, LayerWidths
from sparsify_tui.core.channels.width_model import PaddedWidth
from sparsify_tui.core.model import LayerId, Model
from sparsify_tui.core.profile import OtherTime
from sparsify_tui.onnxio.channels import ChannelGraph
from sparsify_tui.onnxio.owners import known_name

Name = TypeVar("Name", bound=str)
Charged = tuple[Mapping[LayerId, Charge], Sequence[OtherTime]]
"""Kernels by layer, and those of none."""

_READ_THIN = frozenset({"Conv"})
"""Operators that read less than one block of channels as it is."""
_UNTOUCHED = LayerWidths(id=LayerId(""), inputs=AxisWidth(fixed=1), outputs=AxisWidth(fixed=1))


def kernel_lanes(
    model: Model, graph: ChannelGraph, lanes: Sequence[Charged]
) -> tuple[KernelLanes, ...]:
    """Times of each layer, and of each kernel of no layer, with their widths.

    Kernels of no layer are told apart by the tensor that they make. Those that bear no such
    name, which the runtime added itself, are summed by operator, and take the widths of all
    layers' outputs together.

    Args:
        model: That was narrowed.
        graph: Its groups.
        lanes: Charged kernels of the full model and of its narrowed copies.
    """
    layers = _by_name([{one: found.ms for one, found in rows.items()} for rows, _ in lanes])
    tensors = {output: node for node in graph.proto.graph.node for output in node.output}
    others = _by_name([_summed(rows, tensors) for _, rows in lanes])
    widths = _Widths(graph, {layer.id: layer.op_type for layer in model.layers})
    return (
        *(widths.of_layer(layer, times) for layer, times in layers.items()),
        *(widths.of_other(name, times) for name, times in others.items()),
    )


def thin_tensors(graph: ChannelGraph) -> tuple[ThinTensor, ...]:
    """What convolutions read that is at least a block wide, and can become narrower than that."""
    steps = {group.id: group.step for group in graph.map.groups}
    found: dict[str, ThinTensor] = {}
    for product in graph.products:
        if product.op_type not in _READ_THIN or product.depthwise:
            continue
        axes = graph.widths(product.data)
        axis = axes[product.data_axis]
        step = max((steps.get(part.id, 1) for part in axis.parts), default=1)
        if 1 < step <= axis.full and axis.fixed < step:
            positions = math.prod(one.full for one in axes) // axis.full
            found[product.data] = ThinTensor(
                name=product.data, axis=lean(axis), step=step, positions=positions
            )
    return tuple(found.values())


def lean(axis: AxisWidth) -> AxisWidth:
    """The same without which elements they are: only their number takes time."""
    return replace(axis, parts=tuple(replace(part, runs=()) for part in axis.parts))


class _Widths:
    """Looks up the padded widths of kernels."""

    def __init__(self, graph: ChannelGraph, op_types: Mapping[LayerId, str]) -> None:
        self._graph = graph
        self._op_types = op_types
        self._layers = {one.id: one for one in graph.map.layers}
        self._steps = {group.id: group.step for group in graph.map.groups}

    def of_layer(self, layer: LayerId, times: tuple[float, ...]) -> KernelLanes:
        """A layer that no group runs through has the same widths in all lanes."""
        own = self._layers.get(layer, _UNTOUCHED)
        is_thin = self._op_types[layer] in _READ_THIN
        return KernelLanes(
            name=layer,
            inputs=PaddedWidth() if own.depthwise else self._padded(own.inputs, is_thin=is_thin),
            outputs=self._padded(own.outputs),
            ms=times,
        )

    def of_other(self, name: str, times: tuple[float, ...]) -> KernelLanes:
        """By the axis of its output that groups take the most of."""
        wide = max(self._graph.widths(name), key=_free_share, default=None) or self._all_outputs()
        return KernelLanes(name=name, inputs=PaddedWidth(), outputs=self._padded(wide), ms=times)

    def _padded(self, axis: AxisWidth, *, is_thin: bool = False) -> PaddedWidth:
        step = max((self._steps.get(part.id, 1) for part in axis.parts), default=1)
        return PaddedWidth(axis=lean(axis), step=step, is_thin=is_thin)

    def _all_outputs(self) -> AxisWidth:
        outputs = [one.outputs for one in self._layers.values()]
        return AxisWidth(
            fixed=sum(axis.fixed for axis in outputs),
            parts=tuple(part for axis in outputs for part in axis.parts),
        )


def _free_share(axis: AxisWidth) -> float:
    return 1 - axis.fixed / max(axis.full, 1)


def _summed(rows: Iterable[OtherTime], tensors: Mapping[str, object]) -> dict[str, float]:
    sums: dict[str, float] = defaultdict(float)
    for row in rows:
        sums[known_name(row.name, tensors) or row.op_type] += row.ms
    return sums


def _by_name(lanes: Sequence[Mapping[Name, float]]) -> dict[Name, tuple[float, ...]]:
    """Of every name its time in all lanes; 0 where it did not run."""
    names = dict.fromkeys(name for lane in lanes for name in lane)
    return {name: tuple(lane.get(name, 0.0) for lane in lanes) for name in names}
