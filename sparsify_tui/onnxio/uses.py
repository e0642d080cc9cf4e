"""Finds which nodes use which stored weight: the raw material of layers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from onnx import GraphProto, NodeProto

from sparsify_tui.onnxio.graphs import Scope, first_output, scoped_nodes
from sparsify_tui.onnxio.operators import PRODUCTS, computes, weighted
from sparsify_tui.onnxio.tensors import element_count, is_float
from sparsify_tui.onnxio.weights import Constants


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One node that takes a stored weight as one of its inputs."""

    node: NodeProto
    position: int
    """Which input of the node the weight is."""
    weight: str
    """Name of the stored tensor."""
    scope: Scope = ()
    """The bodies that the node is in."""


def weight_uses(graph: GraphProto, constants: Constants) -> Iterator[Use]:
    """Every use of a weight of two or more dimensions at any depth, in graph order.

    A weight holds floating-point numbers, or integers that stand for some.
    """
    for scope, node in scoped_nodes(graph):
        known = weighted(node)
        positions = known.weights if known else ()
        found = [
            Use(node=node, position=position, weight=weight, scope=scope)
            for position in positions
            if position < len(node.input)
            and (weight := _weight(node.input[position], constants)) is not None
        ]
        if not (computes(node) in PRODUCTS and _all_constant(node, positions, constants)):
            yield from found


def bias_sources(graph: GraphProto, constants: Constants) -> dict[str, tuple[str, ...]]:
    """Stored biases of each node that has one, by the node's first output.

    A bias is the constant input of that name, or the one-dimensional constant that an Add
    directly after a MatMul adds.
    """
    biases: dict[str, tuple[str, ...]] = {}
    products: set[str] = set()
    for _, node in scoped_nodes(graph):
        known = weighted(node)
        if known is not None and known.bias is not None and known.bias < len(node.input):
            biases[first_output(node)] = constants.sources(node.input[known.bias])
        elif computes(node) == "MatMul":
            products.add(first_output(node))
        elif node.op_type == "Add" and len(node.input) == 2:
            for product, other in (tuple(node.input), tuple(reversed(node.input))):
                if product in products and (source := _vector(other, constants)):
                    biases[product] = (source,)
    return biases


def _all_constant(node: NodeProto, positions: tuple[int, ...], constants: Constants) -> bool:
    sides = [node.input[position] for position in positions if position < len(node.input)]
    return len(sides) > 1 and all(map(constants.is_constant, sides))


def _vector(name: str, constants: Constants) -> str | None:
    tensor = constants.tensor(name)
    return constants.source(name) if tensor is not None and len(tensor.dims) == 1 else None


def _weight(name: str, constants: Constants) -> str | None:
    source, tensor = constants.source(name), constants.tensor(name)
    if source is None or tensor is None or len(tensor.dims) < 2 or not element_count(tensor):
        return None
    return source if is_float(tensor) or constants.grid(source) is not None else None
