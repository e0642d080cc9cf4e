"""Finds which nodes use which stored weight: the raw material of layers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from onnx import GraphProto, NodeProto

from sparsify_tui.onnxio.graphs import first_output, is_standard
from sparsify_tui.onnxio.tensors import element_count, is_float
from sparsify_tui.onnxio.weights import Constants

PRUNABLE = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})
QUANTIZABLE = frozenset({"Conv", "Gemm", "MatMul"})
"""Operators whose int8 form onnxruntime runs from QuantizeLinear and DequantizeLinear."""

_WEIGHT_INPUTS = {
    "Conv": (1,),
    "ConvTranspose": (1,),
    "Einsum": (0, 1),
    "GRU": (1, 2),
    "Gather": (0,),
    "Gemm": (0, 1),
    "LSTM": (1, 2),
    "MatMul": (0, 1),
    "RNN": (1, 2),
}
"""Inputs that may be a weight, by operator."""
_PRODUCTS = frozenset({"Einsum", "Gemm", "MatMul"})
"""Operators with a weight on either side, but not on both: those would be constant."""
_BIAS_INPUT = {"Conv": 2, "ConvTranspose": 2, "Gemm": 2, "GRU": 3, "LSTM": 3, "RNN": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One node that takes a stored weight as one of its inputs."""

    node: NodeProto
    position: int
    """Which input of the node the weight is."""
    weight: str
    """Name of the stored tensor."""


def weight_uses(graph: GraphProto, constants: Constants) -> Iterator[Use]:
    """Every use of a floating-point weight of two or more dimensions, in graph order."""
    for node in graph.node:
        positions = _WEIGHT_INPUTS.get(node.op_type, ()) if is_standard(node) else ()
        found = [
            Use(node=node, position=position, weight=weight)
            for position in positions
            if position < len(node.input)
            and (weight := _weight(node.input[position], constants)) is not None
        ]
        if not (node.op_type in _PRODUCTS and _all_constant(node, constants)):
            yield from found


def bias_sources(graph: GraphProto, constants: Constants) -> dict[str, str]:
    """Stored bias of each node that has one, by the node's first output.

    A bias is the constant input of that name, or the one-dimensional constant that an Add
    directly after a MatMul adds.
    """
    biases: dict[str, str] = {}
    products = {node.output[0] for node in graph.node if node.op_type == "MatMul" and node.output}
    for node in graph.node:
        position = _BIAS_INPUT.get(node.op_type, len(node.input))
        if position < len(node.input) and (source := constants.source(node.input[position])):
            biases[first_output(node)] = source
        elif node.op_type == "Add" and len(node.input) == 2:
            for product, other in (tuple(node.input), tuple(reversed(node.input))):
                if product in products and (source := _vector(other, constants)):
                    biases[product] = source
    return biases


def _vector(name: str, constants: Constants) -> str | None:
    tensor = constants.tensor(name)
    return constants.source(name) if tensor is not None and len(tensor.dims) == 1 else None


def _weight(name: str, constants: Constants) -> str | None:
    tensor = constants.tensor(name)
    if tensor is None or not is_float(tensor) or len(tensor.dims) < 2 or not element_count(tensor):
        return None
    return constants.source(name)


def _all_constant(node: NodeProto, constants: Constants) -> bool:
    return all(constants.source(name) is not None for name in node.input[:2])
