"""What a graph itself tells of the values that its inputs take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from onnx import NodeProto, TensorProto

from sparsify_tui.onnxio.graphs import is_standard, scoped_nodes
from sparsify_tui.onnxio.load import LoadedModel
from sparsify_tui.onnxio.tensors import element_count, tensor_values
from sparsify_tui.onnxio.views import attribute_int

_SAME_VALUES = frozenset(
    {"Cast", "Expand", "Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"}
)
"""Operators whose output holds nothing but values of their first input."""
_MOST_CODES = 1 << 20
"""Length up to which a constant is looked at, whether it counts from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """By input; an input of which the graph tells nothing is in neither."""

    rows: dict[str, int]
    """Inputs that look rows up: how many there are, the least where there are several tables."""
    compared: dict[str, float]
    """Inputs that are compared with one constant: the first such constant."""


def input_hints(loaded: LoadedModel) -> Hints:
    """Reads the nodes that take an input as it is fed, in the main graph and all inside it."""
    rows: dict[str, int] = {}
    compared: dict[str, float] = {}
    for node, names in _nodes_with_origins(loaded):
        if (found := _rows(node, names, loaded)) is not None:
            name, count = found
            rows[name] = min(count, rows.get(name, count))
        elif node.op_type == "Equal":
            for name, constant in (names, names[::-1]):
                if (tensor := _tensor(constant, loaded)) is not None and element_count(tensor) == 1:
                    compared.setdefault(name, float(tensor_values(tensor).item()))
    fed = {value.name for value in loaded.proto.graph.input}
    return Hints(
        rows={name: count for name, count in rows.items() if name in fed},
        compared={name: value for name, value in compared.items() if name in fed},
    )


def _nodes_with_origins(loaded: LoadedModel) -> Iterator[tuple[NodeProto, tuple[str, str]]]:
    """Every standard node with the names from which its first two inputs have their values."""
    origins: dict[str, str] = {}
    for _, node in scoped_nodes(loaded.proto.graph):
        if not is_standard(node) or not node.input:
            continue
        first, second = (origins.get(name, name) for name in (*node.input, "")[:2])
        picks = node.op_type == "Gather" and loaded.constants.is_constant(second)
        if (picks or node.op_type in _SAME_VALUES) and node.output:
            origins[node.output[0]] = first
        else:
            yield node, (first, second)


def _rows(node: NodeProto, names: tuple[str, str], loaded: LoadedModel) -> tuple[str, int] | None:
    """The tensor of indices that the node takes, and how many rows these may name."""
    first, second = names
    if node.op_type == "Gather" and (table := _tensor(first, loaded)) is not None:
        axis = attribute_int(node, "axis", 0)
        return (second, table.dims[axis]) if -len(table.dims) <= axis < len(table.dims) else None
    if node.op_type == "OneHot" and (depth := _tensor(second, loaded)) is not None:
        return first, int(tensor_values(depth).ravel()[0])
    if node.op_type == "Equal":  # a one-hot code is often spelled as equal to 0, 1, 2 …
        for name, constant in (names, names[::-1]):
            if (codes := _codes(constant, loaded)) is not None:
                return name, codes
    return None


def _codes(name: str, loaded: LoadedModel) -> int | None:
    """Length of a constant that counts up from 0, one by one."""
    tensor = _tensor(name, loaded)
    if tensor is None or not 1 < element_count(tensor) <= _MOST_CODES:
        return None
    values = tensor_values(tensor).ravel()
    return len(values) if np.array_equal(values, np.arange(len(values))) else None


def _tensor(name: str, loaded: LoadedModel) -> TensorProto | None:
    tensor = loaded.constants.tensor(name)
    return tensor if tensor is not None and element_count(tensor) else None
