"""Puts other nodes in the place of some, and takes out what nothing needs any more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from onnx import GraphProto, NodeProto

from sparsify_tui.onnxio.graphs import first_output
from sparsify_tui.onnxio.quantize.links import needed_names


def replace_nodes(graph: GraphProto, new: Mapping[str, tuple[NodeProto, ...]]) -> None:
    """Puts nodes, or none, in the place of others, in place; by the first output of these."""
    _set_nodes(
        graph, (made for node in graph.node for made in new.get(first_output(node), (node,)))
    )


def drop_unused(graph: GraphProto) -> None:
    """Takes out, in place, nodes and initializers that no output needs."""
    needed = {value.name for value in graph.output}
    kept: list[NodeProto] = []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            needed.update(needed_names(node))
            kept.append(node)
    _set_nodes(graph, reversed(kept))
    constants = [tensor for tensor in graph.initializer if tensor.name in needed]
    del graph.initializer[:]
    graph.initializer.extend(constants)


def _set_nodes(graph: GraphProto, nodes: Iterable[NodeProto]) -> None:
    kept = [*nodes]
    del graph.node[:]
    graph.node.extend(kept)
