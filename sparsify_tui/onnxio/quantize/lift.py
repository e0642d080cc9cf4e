"""Turns what exporters wrap constants in into plain initializers."""

from __future__ import annotations

from onnx import GraphProto, ModelProto

from sparsify_tui.onnxio.graphs import bodies
from sparsify_tui.onnxio.weights import node_constants


def lift_constants(proto: ModelProto) -> int:
    """Makes Constant nodes of all graphs initializers, in place; returns how many there were."""
    return sum(lift_graph(graph) for graph in (proto.graph, *bodies(proto)))


def close_initializers(graph: GraphProto) -> int:
    """Takes initializers off the graph's inputs, in place; returns how many there were.

    Before IR version 4 every initializer was also an input. A caller may overwrite such a
    constant, so that no runtime folds it.
    """
    stored = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in stored]
    count = len(graph.input) - len(inputs)
    if count:
        del graph.input[:]
        graph.input.extend(inputs)
    return count


def lift_graph(graph: GraphProto) -> int:
    """The same for one graph alone."""
    constants = dict(node_constants(graph.node))
    for name, tensor in constants.items():
        graph.initializer.add().CopyFrom(tensor)
        graph.initializer[-1].name = name
    if constants:
        kept = [node for node in graph.node if not constants.keys() & set(node.output)]
        del graph.node[:]
        graph.node.extend(kept)
    return len(constants)
