"""Finds the stored constant behind a tensor name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from onnx import AttributeProto, GraphProto, NodeProto, TensorProto, helper, numpy_helper

from sparsify_tui.onnxio.graphs import is_standard
from sparsify_tui.onnxio.tensors import tensor_values
from sparsify_tui.onnxio.views import VIEWS, Array, apply_view

_NUMBERS = {
    AttributeProto.FLOAT: np.float32,
    AttributeProto.FLOATS: np.float32,
    AttributeProto.INT: np.int64,
    AttributeProto.INTS: np.int64,
}


class Constants:
    """The constants of one graph, by name.

    A weight may be an initializer or a Constant node, and reach its user through nodes that
    only change its form (Transpose, Cast, Reshape …). The tensor that is stored in the file
    is the weight; what a node sees is a view of it.
    """

    def __init__(self, graph: GraphProto) -> None:
        self._tensors = dict(stored_constants(graph))
        self._views: dict[str, NodeProto] = {}
        for node in graph.node:
            if self._is_view(node):
                self._views[node.output[0]] = node

    def source(self, name: str) -> str | None:
        """Name of the stored tensor behind `name`, or None when it depends on inputs."""
        while name in self._views:
            name = self._views[name].input[0]
        return name if name in self._tensors else None

    def tensor(self, name: str) -> TensorProto | None:
        """The stored tensor behind `name`."""
        source = self.source(name)
        return None if source is None else self._tensors[source]

    def stored(self, name: str) -> Array | None:
        """Values of the stored tensor behind `name`, in the shape of the file."""
        tensor = self.tensor(name)
        return None if tensor is None else tensor_values(tensor)

    def seen(self, name: str) -> Array | None:
        """Values as a node that takes `name` sees them, or None when they cannot be told."""
        chain: list[NodeProto] = []
        while name in self._views:
            chain.append(self._views[name])
            name = chain[-1].input[0]
        values = self.stored(name)
        for node in reversed(chain):
            extras = tuple(self.seen(other) for other in node.input[1:])
            if values is None or any(extra is None for extra in extras):
                return None
            values = apply_view(node, (values, *(e for e in extras if e is not None)))
        return values

    def _is_view(self, node: NodeProto) -> bool:
        # its inputs must be known already, which keeps cycles of damaged files out
        return (
            node.op_type in VIEWS
            and is_standard(node)
            and len(node.input) > 0
            and len(node.output) == 1
            and node.output[0] not in self._views
            and node.output[0] not in self._tensors
            and all(self.source(name) is not None for name in node.input)
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
