"""Counts what a model holds, layers or not."""

from __future__ import annotations

from collections.abc import Iterable

from onnx import GraphProto, ModelProto, NodeProto, TensorProto

from sparsify_tui.onnxio.graphs import bodies, body_nodes
from sparsify_tui.onnxio.load import LoadedModel
from sparsify_tui.onnxio.tensors import element_count, is_float
from sparsify_tui.onnxio.weights import node_constants, stored_constants

_INTEGER_OPS = frozenset(
    {
        "ConvInteger", "DequantizeLinear", "DynamicQuantizeLinear", "MatMulInteger", "QGemm",
        "QuantizeLinear",
    }
)  # fmt: skip


def count_params(loaded: LoadedModel) -> int:
    """Elements of every floating-point constant of all graphs, each stored tensor once.

    Initializers and Constant nodes count, scalars included; integers (shapes, indices and
    int8 weights) do not.
    """
    main = (tensor for _, tensor in stored_constants(loaded.proto.graph))
    inner = _body_constants(loaded.proto)
    return sum(element_count(t) for part in (main, inner) for t in part if is_float(t))


def unreached_constants(loaded: LoadedModel) -> tuple[TensorProto, ...]:
    """Floating-point constants that only bodies of If, Loop, Scan and functions use."""
    found = [*_body_constants(loaded.proto), *_captured(loaded)]
    return tuple(tensor for tensor in found if is_float(tensor))


def is_quantized(proto: ModelProto) -> bool:
    """Whether any node computes with, or converts to or from, quantised integers."""
    nodes = (node for part in (proto.graph.node, body_nodes(proto)) for node in part)
    return any(n.op_type in _INTEGER_OPS or n.op_type.startswith("QLinear") for n in nodes)


def _body_constants(proto: ModelProto) -> Iterable[TensorProto]:
    for graph in bodies(proto):
        yield from (tensor for _, tensor in stored_constants(graph))
    for function in proto.functions:
        yield from (tensor for _, tensor in node_constants(function.node))


def _captured(loaded: LoadedModel) -> list[TensorProto]:
    graph, constants = loaded.proto.graph, loaded.constants
    main = _sources(loaded, (n for n in graph.node if not _is_constant(loaded, n)), graph)
    inner = _sources(loaded, body_nodes(loaded.proto))
    return [t for name in sorted(inner - main) if (t := constants.tensor(name)) is not None]


def _is_constant(loaded: LoadedModel, node: NodeProto) -> bool:
    return any(loaded.constants.source(name) is not None for name in node.output)


def _sources(
    loaded: LoadedModel, nodes: Iterable[NodeProto], graph: GraphProto | None = None
) -> set[str]:
    names = {name for node in nodes for name in node.input}
    names |= {value.name for value in graph.output} if graph else set()
    return {source for name in names if (source := loaded.constants.source(name)) is not None}
