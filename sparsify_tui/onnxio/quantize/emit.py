"""The nodes and constants that round a tensor, or hold one as integers."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto
from onnx.helper import make_node
from onnx.numpy_helper import from_array

from sparsify_tui.onnxio.quantize.activations import Grid
from sparsify_tui.onnxio.quantize.weights import Integers
from sparsify_tui.onnxio.unique import fresh_name


class Emitter:
    """Collects nodes in order and new constants, under names that are free."""

    def __init__(self, taken: Iterable[str]) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self._taken = set(taken)

    def fresh(self, name: str) -> str:
        """A name that nothing else has."""
        free = fresh_name(name, self._taken)
        self._taken.add(free)
        return free

    def round(self, source: str, tensor: str, grid: Grid, output: str) -> None:
        """Rounds `source`, the float form of `tensor`, and gives it out as `output`."""
        integers = self.fresh(f"{tensor}__int8")
        arguments = (
            self._constant(f"{tensor}__scale", np.array(grid.scale, np.float32)),
            self._constant(f"{tensor}__zero", np.array(grid.zero_point, np.uint8)),
        )
        self.nodes += (
            make_node("QuantizeLinear", [source, *arguments], [integers], name=f"{tensor}__Q"),
            make_node("DequantizeLinear", [integers, *arguments], [output], name=f"{tensor}__DQ"),
        )

    def hold(self, name: str, integers: Integers) -> str:
        """Stores a tensor as integers; returns the name of what they stand for."""
        arguments = (
            self._constant(f"{name}__int8", integers.values),
            self._constant(f"{name}__scale", integers.scale),
            self._constant(f"{name}__zero", np.zeros(integers.scale.shape, integers.values.dtype)),
        )
        output = self.fresh(f"{name}__rounded")
        self.nodes.append(
            make_node("DequantizeLinear", arguments, [output], name=output, axis=integers.axis)
        )
        return output

    def _constant(self, name: str, values: NDArray[np.generic]) -> str:
        fresh = self.fresh(name)
        self.constants.append(from_array(values, fresh))
        return fresh
