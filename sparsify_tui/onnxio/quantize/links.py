"""Who makes and who takes each tensor of a graph."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, NodeProto, TensorProto

from sparsify_tui.onnxio.graphs import is_standard, nested_graphs
from sparsify_tui.onnxio.tensors import tensor_values

CLAMPS = frozenset({"Clip", "Relu"})
"""Activations that a quantised output does by itself, since its range ends where they do."""


class Links:
    """Index of a prepared main graph, whose nodes are named by their first outputs."""

    def __init__(self, graph: GraphProto) -> None:
        self.nodes = tuple(graph.node)
        self.initializers = {tensor.name: tensor for tensor in graph.initializer}
        self.inputs = frozenset(value.name for value in graph.input)
        self.outputs = frozenset(value.name for value in graph.output)
        self.makers = {name: node for node in self.nodes for name in node.output if name}
        self._takers: dict[str, list[NodeProto]] = {}
        for node in self.nodes:
            for name in needed_names(node):
                self._takers.setdefault(name, []).append(node)

    def takers(self, tensor: str) -> tuple[NodeProto, ...]:
        """The nodes that need the tensor, once for each time; bodies count for their node."""
        return tuple(self._takers.get(tensor, ()))

    def only_taker(self, tensor: str) -> NodeProto | None:
        """The node that alone needs the tensor; None when others do or the caller gets it."""
        takers = self._takers.get(tensor, ())
        return takers[0] if len(takers) == 1 and tensor not in self.outputs else None

    def clamped(self, tensor: str) -> str:
        """The output of the Relu or Clip that alone takes the tensor, else the tensor itself."""
        taker = self.only_taker(tensor)
        is_clamp = taker is not None and is_standard(taker) and taker.op_type in CLAMPS
        return taker.output[0] if taker is not None and is_clamp else tensor

    def is_varying(self, tensor: str) -> bool:
        """Whether the tensor is there and depends on what the model is fed."""
        return bool(tensor) and tensor not in self.initializers

    def varying_inputs(self, node: NodeProto) -> tuple[str, ...]:
        """The node's inputs that are no constants."""
        return tuple(name for name in node.input if self.is_varying(name))

    def float_values(self, name: str) -> NDArray[np.float32] | None:
        """A float32 constant's values, None where it is none."""
        tensor = self.initializers.get(name)
        if tensor is None or tensor.data_type != TensorProto.FLOAT:
            return None
        return tensor_values(tensor).astype(np.float32, copy=False)

    def scalar(self, name: str) -> float | None:
        """A float32 constant's only value, None where it has several or is none."""
        values = self.float_values(name)
        return float(values.reshape(-1)[0]) if values is not None and values.size == 1 else None


def needed_names(node: NodeProto) -> Iterator[str]:
    """The tensors that the node takes, and those that the graphs inside it do."""
    yield from (name for name in node.input if name)
    for graph in nested_graphs([node]):
        yield from (name for inner in graph.node for name in inner.input if name)
