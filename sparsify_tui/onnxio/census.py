"""Counts what a model holds, layers or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from onnx import GraphProto, SparseTensorProto, TensorProto

from sparsify_tui.core.model import Layer
from sparsify_tui.onnxio.graphs import bodies, scoped_nodes
from sparsify_tui.onnxio.load import LoadedModel
from sparsify_tui.onnxio.tensors import element_count, is_float
from sparsify_tui.onnxio.uses import bias_sources
from sparsify_tui.onnxio.weights import node_constants, stored_constants

_NO_NUMBERS = frozenset({TensorProto.BOOL, TensorProto.STRING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreached:
    """A matrix of weights that is part of no layer."""

    name: str
    params: int
    users: tuple[str, ...]
    """Operators of the nodes that take it, in alphabetical order."""


def count_params(loaded: LoadedModel) -> int:
    """Numbers in the constants of all graphs, each stored tensor once.

    Initializers and Constant nodes count, scalars and integers (indices, shapes, int8
    weights) too; truth values and text do not.
    """
    return sum(element_count(t) for t in _constants(loaded) if t.data_type not in _NO_NUMBERS)


def unreached_weights(loaded: LoadedModel, layers: Iterable[Layer]) -> tuple[Unreached, ...]:
    """Floating-point constants, and integers on a grid, that could be weights but are in no layer.

    Such a constant has two or more dimensions of more than one element, and goes into an
    operator of which no layer is made.
    """
    biases = bias_sources(loaded.proto.graph, loaded.constants)
    reached = {layer.weight for layer in layers} | {
        name for part in biases.values() for name in part
    }
    users = _users(loaded)
    return tuple(
        Unreached(name=name, params=element_count(tensor), users=tuple(sorted(users[name])))
        for name, tensor in _candidates(loaded)
        if name in users and name not in reached
    )


def sparse_tensors(loaded: LoadedModel) -> tuple[SparseTensorProto, ...]:
    """Constants that are stored as their non-zero elements."""
    return tuple(tensor for graph in _graphs(loaded) for tensor in graph.sparse_initializer)


def _candidates(loaded: LoadedModel) -> Iterator[tuple[str, TensorProto]]:
    for graph in _graphs(loaded):
        for name, tensor in stored_constants(graph):
            is_weight = is_float(tensor) or loaded.constants.grid(name) is not None
            if is_weight and sum(size > 1 for size in tensor.dims) > 1:
                yield name, tensor


def _users(loaded: LoadedModel) -> dict[str, set[str]]:
    """Operators that take each stored tensor, not counting those that only change its form."""
    users: dict[str, set[str]] = {}
    for _, node in scoped_nodes(loaded.proto.graph):
        if not any(map(loaded.constants.is_constant, node.output)):
            for name in node.input:
                for source in loaded.constants.sources(name):
                    users.setdefault(source, set()).add(node.op_type)
    return users


def _constants(loaded: LoadedModel) -> Iterator[TensorProto]:
    for graph in _graphs(loaded):
        yield from (tensor for _, tensor in stored_constants(graph))
        yield from (sparse.values for sparse in graph.sparse_initializer)
    for function in loaded.proto.functions:
        yield from (tensor for _, tensor in node_constants(function.node))


def _graphs(loaded: LoadedModel) -> tuple[GraphProto, ...]:
    return loaded.proto.graph, *bodies(loaded.proto)
