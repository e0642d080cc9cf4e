"""Gives every tensor of a model a name of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from onnx import GraphProto

from sparsify_tui.onnxio.graphs import nested_graphs, node_bodies


def make_names_unique(graph: GraphProto) -> None:
    """Renames tensors inside bodies, in place, where another graph has one of that name.

    ONNX allows the two branches of an If to use the same names, and a tensor's name is how
    layers, kernels and weights are told apart. What a body's tensors are called does not show
    outside: its inputs and outputs go by position.
    """
    taken = set(own_names(graph))
    for node in graph.node:
        for _, body in node_bodies(node):
            _rename(body, {}, taken)


def fresh_name(name: str, taken: set[str]) -> str:
    """The name, or the name with the first number from 2 on that is not taken."""
    number, fresh = 2, name
    while fresh in taken:
        number, fresh = number + 1, f"{name}_{number}"
    return fresh


def defined_names(graph: GraphProto) -> Iterator[str]:
    """Names of all tensors that this graph and the graphs inside it give or make."""
    for part in (graph, *nested_graphs(graph.node)):
        yield from own_names(part)


def own_names(graph: GraphProto) -> Iterator[str]:
    """Names of the tensors that this graph itself gives or makes."""
    yield from (value.name for value in graph.input)
    yield from (tensor.name for tensor in graph.initializer)
    yield from (tensor.values.name for tensor in graph.sparse_initializer)
    yield from (name for node in graph.node for name in node.output if name)


def _rename(body: GraphProto, outer: Mapping[str, str], taken: set[str]) -> None:
    names = dict(outer)
    for name in dict.fromkeys(own_names(body)):
        names[name] = fresh_name(name, taken)
        taken.add(names[name])
    if any(old != new for old, new in names.items()):
        _apply(body, names)
    for node in body.node:
        for _, inner in node_bodies(node):
            _rename(inner, names, taken)


def _apply(body: GraphProto, names: Mapping[str, str]) -> None:
    for value in (*body.input, *body.output, *body.value_info):
        value.name = names.get(value.name, value.name)
    for tensor in body.initializer:
        tensor.name = names[tensor.name]
    for sparse in body.sparse_initializer:
        sparse.values.name = names[sparse.values.name]
    for node in body.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
