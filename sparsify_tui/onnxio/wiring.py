"""Checks that every tensor of the main graph comes from exactly one place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from onnx import GraphProto, NodeProto

from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import ModelError
from sparsify_tui.onnxio.graphs import first_output, nested_graphs

_EXPORT_AGAIN = "Export the model again."


def check_wiring(graph: GraphProto) -> None:
    """Refuses a graph that no runtime can put into an order.

    Raises:
        ModelError: A tensor is used but defined nowhere, defined twice, or needs itself.
    """
    makers = _makers(graph)
    given = set(_given(graph))
    needs: dict[int, set[int]] = {}
    for index, node in enumerate(graph.node):
        names = [name for name in node.input if name and name not in given]
        for name in names:
            if name not in makers:
                raise _broken(name, "is used, but nothing makes it")
        needs[index] = {makers[name] for name in names}
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        node = graph.node[error.args[1][0]]
        raise _broken(node.output[0], "is made from itself") from error


def mend_wiring(graph: GraphProto) -> tuple[str, ...]:
    """Sorts the nodes and tells apart those of one name, in place; what was done, in sentences.

    onnxruntime sorts by itself, and refuses two nodes of one name unless they are Constants.
    """
    notes = []
    if _sort_nodes(graph):
        notes.append("The nodes of the file are not in the order that ONNX asks for; sorted here.")
    named = [node for node in graph.node if node.name and node.op_type != "Constant"]
    counts = Counter(node.name for node in named)
    renamed = [node for node in named if counts[node.name] > 1]
    for node in renamed:
        node.name = first_output(node)
    if renamed:
        notes.append(
            f"{len(renamed)} nodes share their names, which onnxruntime refuses; here they go by "
            "the names of their outputs."
        )
    return tuple(notes)


def _sort_nodes(graph: GraphProto) -> bool:
    makers = _makers(graph)
    needs = {
        index: {makers[name] for name in _needed(node) if name in makers} - {index}
        for index, node in enumerate(graph.node)
    }
    if all(max(before, default=-1) < index for index, before in needs.items()):
        return False
    nodes = [graph.node[index] for index in TopologicalSorter(needs).static_order()]
    copies = [NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(copies)
    return True


def _needed(node: NodeProto) -> Iterator[str]:
    yield from node.input
    for graph in nested_graphs([node]):
        yield from (value.name for value in graph.output)
        yield from (name for inner in graph.node for name in inner.input)


def _given(graph: GraphProto) -> Iterator[str]:
    yield from (value.name for value in graph.input)
    yield from (tensor.name for tensor in graph.initializer)
    yield from (tensor.values.name for tensor in graph.sparse_initializer)


def _makers(graph: GraphProto) -> dict[str, int]:
    makers: dict[str, int] = {}
    for index, node in enumerate(graph.node):
        for name in node.output:
            if name and makers.setdefault(name, index) != index:
                raise _broken(name, "is made by two nodes")
    return makers


def _broken(name: str, what: str) -> ModelError:
    return ModelError(f"The tensor {clean_text(name)} {what}.", _EXPORT_AGAIN)
