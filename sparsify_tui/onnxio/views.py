"""Nodes that only change the form of a constant, and the attributes of nodes."""

from __future__ import annotations

from onnx import NodeProto, helper

QUANTIZERS = frozenset({"DequantizeLinear", "QuantizeLinear"})
"""They exist in onnxruntime's own domain, too."""
VIEWS = QUANTIZERS | {
    "Cast", "Concat", "Flatten", "Identity", "Reshape", "Slice", "Squeeze", "Transpose",
    "Unsqueeze",
}  # fmt: skip
"""Operators whose output holds the weights of their first input in another form, or part of
them; those of all inputs for Concat."""


def attribute(node: NodeProto, name: str) -> object:
    """Value of the node's attribute, or None."""
    for candidate in node.attribute:
        if candidate.name == name:
            return helper.get_attribute_value(candidate)
    return None


def attribute_int(node: NodeProto, name: str, default: int) -> int:
    """Value of an integer attribute."""
    value = attribute(node, name)
    return value if isinstance(value, int) else default
