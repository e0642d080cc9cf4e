"""Puts the nodes of local functions in the place of their calls."""

from __future__ import annotations

from collections.abc import Mapping

import onnx
from onnx import FunctionProto, GraphProto, ModelProto, NodeProto, TensorProto, helper, inliner

from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import ModelError
from sparsify_tui.onnxio.graphs import is_standard, nested_graphs
from sparsify_tui.onnxio.limits import opset_version
from sparsify_tui.onnxio.unique import defined_names, fresh_name
from sparsify_tui.onnxio.weights import node_constants


def inline_functions(proto: ModelProto) -> ModelProto:
    """The model without local functions; the same object where it has none.

    A weight that a function stores becomes one initializer that all calls share. A function
    stays that is written for another operator set in which its operators mean something else.

    Raises:
        ModelError: A call does not fit its function.
    """
    if not proto.functions:
        return proto
    marked = ModelProto()
    marked.CopyFrom(proto)
    weights = _mark_weights(marked)
    for function in marked.functions:
        _align_opset(function, opset_version(proto))
    try:
        inlined = inliner.inline_local_functions(marked)
    except (RuntimeError, ValueError, IndexError) as error:
        raise ModelError(
            f"The local functions of the model cannot be expanded: {clean_text(error)}.",
            "Export the model without local functions.",
        ) from error
    _share_weights(inlined.graph, weights)
    return inlined


def _align_opset(function: FunctionProto, version: int) -> None:
    """Lets the function be of the model's operator set where that makes no difference."""
    nodes = [*function.node, *(n for graph in nested_graphs(function.node) for n in graph.node)]
    for opset in function.opset_import:
        if opset.domain in {"", "ai.onnx"} and all(
            _since(node.op_type, opset.version) == _since(node.op_type, version)
            for node in nodes
            if is_standard(node)
        ):
            opset.version = version


def _since(op_type: str, version: int) -> int:
    if not onnx.defs.has(op_type, version, ""):
        return 0
    return int(onnx.defs.get_schema(op_type, version, "").since_version)


def _mark_weights(proto: ModelProto) -> dict[str, TensorProto]:
    """Names the tensors that functions store so that they can be told apart afterwards."""
    taken = set(defined_names(proto.graph))
    weights: dict[str, TensorProto] = {}
    for function in proto.functions:
        for output, tensor in node_constants(function.node):
            if len(tensor.dims) > 0:
                tensor.name = fresh_name(output, taken)
                taken.add(tensor.name)
                weights[tensor.name] = tensor
    return weights


def _share_weights(graph: GraphProto, weights: Mapping[str, TensorProto]) -> None:
    used: dict[str, TensorProto] = {}
    for part in (graph, *nested_graphs(graph.node)):
        for node in part.node:
            name = _stored_name(node)
            if name in weights:
                used[name] = weights[name]
                node.CopyFrom(helper.make_node("Identity", [name], node.output, node.name))
    graph.initializer.extend(used.values())


def _stored_name(node: NodeProto) -> str:
    tensors = (tensor for _, tensor in node_constants([node]))
    return next((tensor.name for tensor in tensors), "")
