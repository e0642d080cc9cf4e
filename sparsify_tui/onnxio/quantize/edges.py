"""The tensors that pass between layers, where a change of precision would cost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from onnx import NodeProto

from sparsify_tui.core.model import LayerId
from sparsify_tui.core.placement import Edge
from sparsify_tui.onnxio.graphs import first_output, is_standard
from sparsify_tui.onnxio.quantize.activations import data_inputs, is_passed, rounded_output
from sparsify_tui.onnxio.quantize.layers import QuantLayer
from sparsify_tui.onnxio.quantize.links import CLAMPS, Links, needed_names
from sparsify_tui.onnxio.quantize.prepare import Prepared
from sparsify_tui.onnxio.quantize.ranges import Ranges

Sources = tuple[LayerId | None, ...]
_FLOAT: Sources = (None,)


def layer_edges(
    prepared: Prepared, layers: Sequence[QuantLayer], ranges: Ranges
) -> tuple[Edge, ...]:
    """Each layer's input with the layers that make it, and each output that ends in float work.

    Elementwise work and poolings with an int8 kernel are passed through, up to the input of
    another layer, whose precision they then share. Most products of matrices give float,
    whatever they compute in. A tensor that several layers take is rounded once, so that its
    elements are divided among its edges.
    """
    return tuple(_Walk(prepared, layers, ranges).edges())


class _Walk:
    def __init__(self, prepared: Prepared, layers: Sequence[QuantLayer], ranges: Ranges) -> None:
        self._links = Links(prepared.proto.graph)
        self._shapes = ranges.shapes
        self._ids = {output: layer.id for layer in layers for output in layer.outputs}
        self._takers: dict[str, list[LayerId]] = {}
        self._rounded: dict[str, LayerId] = {}
        for node in self._links.nodes:
            if node.name in self._ids:
                self._takers.setdefault(node.input[0], []).append(self._ids[node.name])
                if output := rounded_output(node, self._links):
                    self._rounded[output] = self._ids[node.name]

    def edges(self) -> Iterator[Edge]:
        sources = self._sources()
        for tensor, takers in self._takers.items():
            targets = tuple(dict.fromkeys(takers))
            elements = self._elements(tensor) // len(targets)
            for source in sources.get(tensor, _FLOAT):
                for target in targets:
                    if source != target:
                        yield Edge(source=source, target=target, elements=elements)
        ends = self._float_ends()
        for output, layer_id in self._rounded.items():
            if output in ends:
                yield Edge(source=layer_id, target=None, elements=self._elements(output))

    def _elements(self, tensor: str) -> int:
        shape = self._shapes.get(tensor)
        return 0 if shape is None else math.prod(shape)

    def _sources(self) -> dict[str, Sources]:
        """The layers whose precision each tensor is made in; None for float work."""
        made: dict[str, Sources] = {}
        for node in self._links.nodes:
            found = _FLOAT
            if _is_passed(node):
                inputs = data_inputs(node, self._links)
                each = (self._precision(name, made) for name in inputs)
                found = tuple(dict.fromkeys(source for sources in each for source in sources))
            made |= dict.fromkeys(node.output, found)
            made |= {name: (self._rounded[name],) for name in node.output if name in self._rounded}
        return made

    def _precision(self, tensor: str, made: Mapping[str, Sources]) -> Sources:
        """Its sources, but what a layer takes and none makes has that layer's precision."""
        if tensor in self._takers and tensor not in self._rounded:
            return (self._takers[tensor][0],)
        return made.get(tensor, _FLOAT)

    def _float_ends(self) -> set[str]:
        """The tensors that float work takes, if need be behind other work."""
        ends = set(self._links.outputs)
        for node in reversed(self._links.nodes):
            names = set(needed_names(node))
            if node.name in self._ids:
                names.discard(node.input[0])
            output = first_output(node)
            if not _is_passed(node) or (output in ends and output not in self._takers):
                ends |= names
        return ends


def _is_passed(node: NodeProto) -> bool:
    return is_passed(node) or (is_standard(node) and node.op_type in CLAMPS)
