"""Walks over graphs and over the graphs inside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from onnx import GraphProto, ModelProto, NodeProto, TensorProto

Scope = tuple[str, ...]
"""The bodies around a node from the outermost on, such as `If_0.then_branch`."""


def is_standard(node: NodeProto) -> bool:
    """Whether the node's operator belongs to ONNX itself."""
    return node.domain in {"", "ai.onnx"}


def first_output(node: NodeProto) -> str:
    """Name of the first output that is not left out, or an empty string."""
    return next((name for name in node.output if name), "")


def node_bodies(node: NodeProto) -> Iterator[tuple[str, GraphProto]]:
    """The graphs that the node runs itself, each with its name such as `then_branch`."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.name, attribute.g
        for at, graph in enumerate(attribute.graphs):
            yield f"{attribute.name}[{at}]", graph


def scoped_nodes(graph: GraphProto, scope: Scope = ()) -> Iterator[tuple[Scope, NodeProto]]:
    """Every node at any depth with the bodies around it; a node comes before its bodies."""
    for node in graph.node:
        yield scope, node
        for name, body in node_bodies(node):
            yield from scoped_nodes(body, (*scope, f"{node.name or first_output(node)}.{name}"))


def nested_graphs(nodes: Iterable[NodeProto]) -> Iterator[GraphProto]:
    """Every graph inside the nodes at any depth: branches of If, bodies of Loop and Scan."""
    for node in nodes:
        for _, graph in node_bodies(node):
            yield graph
            yield from nested_graphs(graph.node)


def bodies(proto: ModelProto) -> Iterator[GraphProto]:
    """Every graph below the main one, those inside local functions included."""
    yield from nested_graphs(proto.graph.node)
    for function in proto.functions:
        yield from nested_graphs(function.node)


def body_nodes(proto: ModelProto) -> Iterator[NodeProto]:
    """Every node that is not in the main graph."""
    for graph in bodies(proto):
        yield from graph.node
    for function in proto.functions:
        yield from function.node


def node_tensors(node: NodeProto) -> Iterator[TensorProto]:
    """Tensors that the node's attributes hold, such as a Constant's value."""
    for attribute in node.attribute:
        if attribute.HasField("t"):
            yield attribute.t
        yield from attribute.tensors


def all_tensors(proto: ModelProto) -> Iterator[TensorProto]:
    """Every dense tensor that the model stores, wherever it is."""
    yield from proto.graph.initializer
    for node in proto.graph.node:
        yield from node_tensors(node)
    for graph in bodies(proto):
        yield from graph.initializer
    for node in body_nodes(proto):
        yield from node_tensors(node)
