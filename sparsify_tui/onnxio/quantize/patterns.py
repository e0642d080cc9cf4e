"""Matchers for arithmetic with constants, in which both orders of the factors count."""

from __future__ import annotations

from collections.abc import Callable

from onnx import NodeProto

from sparsify_tui.onnxio.graphs import is_standard
from sparsify_tui.onnxio.quantize.links import Links

Gate = Callable[[str, Links], str | None]
"""From a tensor's name to that of the x it was computed from, or None."""

_TOLERANCE = 1e-6
"""Of a constant, relative: float32 and what exporters print of it."""


def made_by(tensor: str, op_type: str, links: Links) -> NodeProto | None:
    """The standard node of that type that makes the tensor."""
    node = links.makers.get(tensor)
    return node if node is not None and is_standard(node) and node.op_type == op_type else None


def is_near(value: float | None, wanted: float) -> bool:
    """Whether it is the wanted constant as float32 or as a text of seven digits."""
    return value is not None and abs(value - wanted) <= _TOLERANCE * abs(wanted)


def with_constant(tensor: str, op_type: str, constant: float, links: Links) -> str | None:
    """Gives x of a tensor made as `x op constant` by an operator that takes both orders."""
    node = made_by(tensor, op_type, links)
    if node is None or len(node.input) != 2:
        return None
    first, second = map(str, node.input)
    for x, other in ((first, second), (second, first)):
        if links.is_varying(x) and is_near(links.scalar(other), constant):
            return x
    return None


def scaled(tensor: str, factor: float, links: Links) -> str | None:
    """Gives x of a tensor made as `x * factor`, or as `x / (1 / factor)`."""
    node = made_by(tensor, "Div", links)
    if node is not None and links.is_varying(node.input[0]):
        is_inverse = is_near(links.scalar(node.input[1]), 1 / factor)
        return node.input[0] if is_inverse else None
    return with_constant(tensor, "Mul", factor, links)


def gated_argument(output: str, factor: float, gate: Gate, links: Links) -> str | None:
    """Gives x where the tensor is `x * gate(x) * factor`, whichever two are multiplied first.

    Args:
        output: Name of the tensor.
        factor: The constant.
        gate: Gives x where a tensor is gate(x).
        links: Of the graph.
    """
    product = scaled(output, factor, links)
    for x, rest in factors(product, links) if product is not None else ():
        if gate(rest, links) == x:
            return x
    for first, second in factors(output, links):
        smaller = scaled(first, factor, links)
        if smaller is not None and gate(second, links) == smaller:
            return smaller
        gated = scaled(second, factor, links)
        if gated is not None and gate(gated, links) == first:
            return first
    return None


def factors(tensor: str, links: Links) -> tuple[tuple[str, str], ...]:
    """Both orders of the two factors of a product of varying tensors; none if it is no such."""
    return _operands(made_by(tensor, "Mul", links), links)


def terms(tensor: str, links: Links) -> tuple[tuple[str, str], ...]:
    """Both orders of the two terms of a sum of varying tensors; none if it is no such."""
    return _operands(made_by(tensor, "Add", links), links)


def _operands(node: NodeProto | None, links: Links) -> tuple[tuple[str, str], ...]:
    if node is None or not all(links.is_varying(name) for name in node.input):
        return ()
    first, second = map(str, node.input)
    return ((first, second), (second, first))
