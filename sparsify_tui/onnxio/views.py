"""Nodes that only change the form of a constant, computed with numpy."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, helper

Array = NDArray[np.generic]
View = Callable[[NodeProto, tuple[Array, ...]], Array]
"""From a node and its constant inputs to its output."""


def apply_view(node: NodeProto, inputs: tuple[Array, ...]) -> Array | None:
    """Output of a node named in `VIEWS`, or None when the node does not fit its inputs."""
    try:
        return VIEWS[node.op_type](node, inputs)
    except (ValueError, IndexError, KeyError, TypeError):
        return None


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


def attribute_ints(node: NodeProto, name: str) -> tuple[int, ...] | None:
    """Value of an attribute that lists integers, or None."""
    value = attribute(node, name)
    if isinstance(value, list) and all(isinstance(item, int) for item in value):
        return tuple(value)
    return None


def _identity(_node: NodeProto, inputs: tuple[Array, ...]) -> Array:
    return inputs[0]


def _transpose(node: NodeProto, inputs: tuple[Array, ...]) -> Array:
    return inputs[0].transpose(attribute_ints(node, "perm"))


def _cast(node: NodeProto, inputs: tuple[Array, ...]) -> Array:
    return inputs[0].astype(helper.tensor_dtype_to_np_dtype(attribute_int(node, "to", 1)))


def _reshape(node: NodeProto, inputs: tuple[Array, ...]) -> Array:
    values, wanted = inputs[0], _axes(node, inputs, "shape") or ()
    if attribute_int(node, "allowzero", 0) == 0:
        wanted = tuple(size or values.shape[axis] for axis, size in enumerate(wanted))
    return values.reshape(wanted)


def _flatten(node: NodeProto, inputs: tuple[Array, ...]) -> Array:
    axis = attribute_int(node, "axis", 1)
    return inputs[0].reshape(math.prod(inputs[0].shape[:axis]), -1)


def _squeeze(node: NodeProto, inputs: tuple[Array, ...]) -> Array:
    return inputs[0].squeeze(_axes(node, inputs, "axes"))


def _unsqueeze(node: NodeProto, inputs: tuple[Array, ...]) -> Array:
    return np.expand_dims(inputs[0], _axes(node, inputs, "axes") or ())


def _axes(node: NodeProto, inputs: tuple[Array, ...], name: str) -> tuple[int, ...] | None:
    # an input in newer operator sets, an attribute in older ones
    if len(inputs) > 1:
        return tuple(int(item) for item in inputs[1].ravel().tolist())
    return attribute_ints(node, name)


VIEWS: dict[str, View] = {
    "Cast": _cast,
    "Flatten": _flatten,
    "Identity": _identity,
    "Reshape": _reshape,
    "Squeeze": _squeeze,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
"""Operators whose output holds the same weights as their first input."""
