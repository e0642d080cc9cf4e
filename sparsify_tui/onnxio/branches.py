"""Takes the branches whose choice is known from the file, as runtimes do on loading."""

from __future__ import annotations

from collections.abc import Iterator

from onnx import GraphProto, ModelProto, NodeProto, helper

from sparsify_tui.onnxio.graphs import bodies, node_bodies, scoped_nodes
from sparsify_tui.onnxio.weights import Constants


def take_branches(proto: ModelProto) -> ModelProto:
    """A copy in which the nodes of a branch stand in the place of an If of constant condition.

    The same object where there is none.
    """
    constants = Constants(proto.graph)
    if not any(_taken(node, constants) for _, node in scoped_nodes(proto.graph)):
        return proto
    copy = ModelProto()
    copy.CopyFrom(proto)
    for graph in (*bodies(copy), copy.graph):
        _take(graph, constants)
    return copy


def _take(graph: GraphProto, constants: Constants) -> None:
    nodes: list[NodeProto] = []
    for node in graph.node:
        branch = _taken(node, constants)
        if branch is None:
            nodes.append(node)
            continue
        _take(branch, constants)
        graph.initializer.extend(branch.initializer)
        graph.sparse_initializer.extend(branch.sparse_initializer)
        nodes += branch.node
        nodes += _renamed(branch, node)
    copies = [NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(copies)


def _renamed(branch: GraphProto, node: NodeProto) -> Iterator[NodeProto]:
    for inner, outer in zip(branch.output, node.output, strict=False):
        if outer:
            yield helper.make_node("Identity", [inner.name], [outer], name=outer)


def _taken(node: NodeProto, constants: Constants) -> GraphProto | None:
    condition = constants.stored(node.input[0]) if node.op_type == "If" and node.input else None
    if condition is None or condition.size != 1:
        return None
    return dict(node_bodies(node)).get("then_branch" if condition.item() else "else_branch")
