"""Checks that all names in a model are text."""

from __future__ import annotations

from collections.abc import Iterator

from onnx import GraphProto, ModelProto

from sparsify_tui.errors import ModelError
from sparsify_tui.onnxio.graphs import all_tensors, bodies, body_nodes


def check_names(proto: ModelProto) -> None:
    """Refuses a model with a text field that is not UTF-8.

    protobuf hands out bytes in place of such a text, without an error, and everything that
    expects text would fail later and less clearly.

    Raises:
        ModelError: There is such a field.
    """
    if not all(isinstance(name, str) for name in _names(proto)):
        raise ModelError("The model holds a name that is not text.", "Export it again.")


def _names(proto: ModelProto) -> Iterator[object]:
    yield from (proto.producer_name, proto.producer_version)
    yield from (opset.domain for opset in proto.opset_import)
    for function in proto.functions:
        yield from (function.name, function.domain, function.overload)
    for nodes in (proto.graph.node, body_nodes(proto)):
        for node in nodes:
            yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
            yield from (attribute.name for attribute in node.attribute)
    for tensor in all_tensors(proto):
        yield tensor.name
        yield from (text for entry in tensor.external_data for text in (entry.key, entry.value))
    for graph in (proto.graph, *bodies(proto)):
        yield from _value_names(graph)


def _value_names(graph: GraphProto) -> Iterator[object]:
    yield from (tensor.values.name for tensor in graph.sparse_initializer)
    for value in (*graph.input, *graph.output):
        yield value.name
        yield from (dim.dim_param for dim in value.type.tensor_type.shape.dim)
