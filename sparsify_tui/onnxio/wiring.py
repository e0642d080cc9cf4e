"""Checks that every tensor of the main graph comes from exactly one place."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from onnx import GraphProto

from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import ModelError

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
