"""Finds the stored constant behind a tensor name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from onnx import AttributeProto, GraphProto, NodeProto, TensorProto, helper, numpy_helper

from sparsify_tui.onnxio.graphs import is_standard, nested_graphs, scoped_nodes
from sparsify_tui.onnxio.grids import Array, Grid, node_grids
from sparsify_tui.onnxio.tensors import tensor_values
from sparsify_tui.onnxio.views import QUANTIZERS, VIEWS

_NUMBERS = {
    AttributeProto.FLOAT: np.float32,
    AttributeProto.FLOATS: np.float32,
    AttributeProto.INT: np.int64,
    AttributeProto.INTS: np.int64,
}


class Constants:
    """The constants of a graph and of the graphs inside it, by name.

    A weight may be an initializer or a Constant node, and reach its user through nodes that
    only change its form (Transpose, Cast, DequantizeLinear …). The tensor that is stored in
    the file is the weight; what a node sees is a view of it. Names must be unique over all
    graphs, as `make_names_unique` leaves them.
    """

    def __init__(self, graph: GraphProto) -> None:
        self._tensors: dict[str, TensorProto] = {}
        for part in (graph, *nested_graphs(graph.node)):
            self._tensors |= stored_constants(part)
        self._views: dict[str, NodeProto] = {}
        self._grids: dict[str, Grid] = {}
        for _, node in scoped_nodes(graph):
            if self._is_view(node):
                self._views[node.output[0]] = node
            for name, grid in node_grids(node, self.stored).items():
                source = self.source(name)
                if source is not None and (source == name or grid.is_uniform):
                    self._grids.setdefault(source, grid)

    def sources(self, name: str) -> tuple[str, ...]:
        """Names of the stored tensors behind `name`: several where it joins some, or none."""
        seen: dict[str, None] = {}
        waiting = [name]
        while waiting:
            name = waiting.pop()
            if name in self._views and name not in seen:
                node = self._views[name]
                waiting += reversed(node.input if node.op_type == "Concat" else node.input[:1])
            seen[name] = None
        return tuple(name for name in seen if name in self._tensors)

    def source(self, name: str) -> str | None:
        """Name of the one stored tensor behind `name`, or None when there is none or several."""
        found = self.sources(name)
        return found[0] if len(found) == 1 else None

    def is_constant(self, name: str) -> bool:
        """Whether `name` depends on no input of the model."""
        return name in self._views or name in self._tensors

    def tensor(self, name: str) -> TensorProto | None:
        """The one stored tensor behind `name`."""
        source = self.source(name)
        return None if source is None else self._tensors[source]

    def stored(self, name: str) -> Array | None:
        """Values of the one stored tensor behind `name`, in the shape and type of the file."""
        tensor = self.tensor(name)
        return None if tensor is None else tensor_values(tensor)

    def grid(self, name: str) -> Grid | None:
        """What the integers of the stored tensor of that name stand for; None where no integers."""
        return self._grids.get(name)

    def numbers(self, name: str) -> Array | None:
        """Like `stored`, but what the integers of a quantised tensor stand for."""
        stored, grid = self.stored(name), self.grid(self.source(name) or "")
        return grid.numbers(stored) if stored is not None and grid is not None else stored

    def _is_view(self, node: NodeProto) -> bool:
        # its inputs must be known already, which keeps cycles of damaged files out
        return (
            node.op_type in VIEWS
            and (is_standard(node) or node.op_type in QUANTIZERS)
            and len(node.input) > 0
            and len(node.output) == 1
            and not self.is_constant(node.output[0])
            and all(self.is_constant(name) for name in node.input if name)
        )


def stored_constants(graph: GraphProto) -> Iterator[tuple[str, TensorProto]]:
    """The tensors that this graph stores itself, with the names its nodes use."""
    for tensor in graph.initializer:
        yield tensor.name, tensor
    yield from node_constants(graph.node)


def node_constants(nodes: Iterable[NodeProto]) -> Iterator[tuple[str, TensorProto]]:
    """The tensors that Constant nodes hold, with the names of their outputs."""
    for node in nodes:
        if node.op_type == "Constant" and is_standard(node) and len(node.output) == 1:
            for attribute in node.attribute:
                if (tensor := _constant(attribute)) is not None:
                    yield node.output[0], tensor


def _constant(attribute: AttributeProto) -> TensorProto | None:
    if attribute.type == AttributeProto.TENSOR and attribute.HasField("t"):
        return attribute.t
    if dtype := _NUMBERS.get(attribute.type):
        return numpy_helper.from_array(np.array(helper.get_attribute_value(attribute), dtype))
    return None
