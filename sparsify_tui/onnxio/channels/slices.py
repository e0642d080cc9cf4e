"""A main graph in slices, each a model that takes what the ones before it have made."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeAlias

import numpy as np
from onnx import ModelProto, NodeProto, ValueInfoProto, helper

from sparsify_tui.onnxio.flow import read_names
from sparsify_tui.onnxio.graphs import first_output

Proto: TypeAlias = ModelProto
"""A model in memory."""

_SATURATED = frozenset({"HardSigmoid", "Sigmoid", "Softmax"})
_SAME = frozenset({"Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"})


class Slices:
    """Positions are those of the nodes, which are in an order that can run.

    Args:
        proto: Weights are looked up for each slice, so that they may change in between.
    """

    def __init__(self, proto: ModelProto) -> None:
        self._proto = proto
        self._nodes = tuple(proto.graph.node)
        self._stored = frozenset(tensor.name for tensor in proto.graph.initializer)
        self._reads = tuple(tuple(read_names(node)) for node in self._nodes)
        self._places = {first_output(node): at for at, node in enumerate(self._nodes)}
        self.outputs = tuple(value.name for value in proto.graph.output)
        self._last_use = {name: at for at, names in enumerate(self._reads) for name in names}

    def place(self, node: str) -> int:
        """Position of the node of that name, which is its first output."""
        return self._places[node]

    @property
    def stop(self) -> int:
        """Position after the last node."""
        return len(self._nodes)

    def is_needed(self, tensor: str, at: int) -> bool:
        """Whether a node from that position on takes the tensor, or the model gives it out."""
        return tensor in self.outputs or self._last_use.get(tensor, -1) >= at

    def taken(self, start: int, stop: int) -> frozenset[str]:
        """What the nodes from `start` to before `stop` take from those before, or are fed."""
        made = {name for node in self._nodes[start:stop] for name in node.output}
        read = {name for names in self._reads[start:stop] for name in names}
        return frozenset(read - made - self._stored)

    def model(
        self, start: int, stop: int, dtypes: Mapping[str, np.dtype[np.generic]]
    ) -> ModelProto:
        """The nodes from `start` to before `stop`, with all outputs that are needed later.

        Args:
            start: First position.
            stop: End of the positions; at least one node is in between.
            dtypes: Element types of what they take.
        """
        nodes = self._nodes[start:stop]
        read = {name for node in nodes for name in read_names(node)}
        made = dict.fromkeys(name for node in nodes for name in node.output if name)
        graph = helper.make_graph(
            nodes,
            "slice",
            [_value(name, dtypes[name]) for name in sorted(self.taken(start, stop))],
            [ValueInfoProto(name=name) for name in made if self.is_needed(name, stop)],
        )
        graph.initializer.extend(one for one in self._proto.graph.initializer if one.name in read)
        return helper.make_model(
            graph,
            opset_imports=list(self._proto.opset_import),
            ir_version=self._proto.ir_version,
            functions=list(self._proto.functions),
        )

    def reached(self, nodes: Collection[str]) -> frozenset[str]:
        """Tensors that these nodes, named by first outputs, have a say in."""
        found: set[str] = set()
        for node, names in zip(self._nodes, self._reads, strict=True):
            if first_output(node) in nodes or not found.isdisjoint(names):
                found.update(name for name in node.output if name)
        return frozenset(found)


def unsaturated_outputs(proto: ModelProto) -> tuple[str, ...]:
    """The model's outputs, or what a final Softmax or Sigmoid makes them of.

    Near their ends these hide errors that are there.
    """
    makers = {name: node for node in proto.graph.node for name in node.output if name}
    return tuple(dict.fromkeys(_behind(value.name, makers) for value in proto.graph.output))


def _behind(tensor: str, makers: Mapping[str, NodeProto]) -> str:
    """Skips what keeps values, as far as there is something that saturates behind it."""
    at = tensor
    while (node := makers.get(at)) is not None and node.op_type in _SAME:
        at = node.input[0]
    if node is not None and node.op_type in _SATURATED and node.input[0] in makers:
        return str(node.input[0])
    return tensor


def _value(name: str, dtype: np.dtype[np.generic]) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(dtype), None)
