"""Checks that every node gets element types that its operator takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import onnx
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto
from onnx.defs import OpSchema

from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import ModelError
from sparsify_tui.onnxio.graphs import bodies, first_output, is_standard, scoped_nodes
from sparsify_tui.onnxio.limits import opset_version
from sparsify_tui.onnxio.tensors import dtype_name
from sparsify_tui.onnxio.weights import stored_constants


def check_types(inferred: ModelProto) -> None:
    """Refuses a model of whose nodes one gets types that no runtime could take.

    Args:
        inferred: With the types of its tensors, as far as they are known.

    Raises:
        ModelError: It names the node and the types.
    """
    types = dict(_types(inferred))
    version = opset_version(inferred)
    for _, node in scoped_nodes(inferred.graph):
        if is_standard(node) and onnx.defs.has(node.op_type, version, ""):
            _check_node(node, onnx.defs.get_schema(node.op_type, version, ""), types)


def _types(proto: ModelProto) -> Iterator[tuple[str, int]]:
    for graph in (proto.graph, *bodies(proto)):
        for value in (*graph.input, *graph.value_info, *graph.output):
            if element_type := _element_type(value):
                yield value.name, element_type
        yield from ((name, tensor.data_type) for name, tensor in stored_constants(graph))


def _element_type(value: ValueInfoProto) -> int:
    return int(value.type.tensor_type.elem_type)


def _check_node(node: NodeProto, schema: OpSchema, types: Mapping[str, int]) -> None:
    shared: dict[str, int] = {}
    for position, name in enumerate(node.input):
        given = types.get(name)
        if given is None or not schema.inputs:
            continue
        formal = schema.inputs[min(position, len(schema.inputs) - 1)]
        if formal.option == OpSchema.FormalParameterOption.Variadic and not formal.is_homogeneous:
            continue
        if _type_name(given) not in formal.types:
            raise _refused(node, f"{dtype_name(given)}, which {node.op_type} does not take")
        other = shared.setdefault(formal.type_str, given)
        if other != given:
            raise _refused(
                node, f"{dtype_name(other)} and {dtype_name(given)} where both must be the same"
            )


def _type_name(element_type: int) -> str:
    return f"tensor({TensorProto.DataType.Name(element_type).lower()})"


def _refused(node: NodeProto, what: str) -> ModelError:
    shown = clean_text(node.name or first_output(node))
    return ModelError(f"The node {shown} gets {what}.", "Export the model again.")
