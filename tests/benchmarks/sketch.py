"""Grows a model node by node, with random weights that look trained."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, ValueInfoProto, helper, numpy_helper

Floats = NDArray[np.float32]

OPSET = 17


class Sketch:
    """A graph that grows node by node, with weights that look trained: tails, unlike channels."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, NDArray[np.generic]] = {}

    def add(self, scope: str, op_type: str, *inputs: str, **attributes: Any) -> str:
        """A node named as PyTorch's exporter does; returns the name of its output."""
        name = f"{scope}/{op_type}"
        output = f"{name}_output_0"
        self._nodes.append(helper.make_node(op_type, inputs, [output], name=name, **attributes))
        return output

    def constant(self, name: str, values: NDArray[np.generic]) -> str:
        """An initializer; the same name twice is the same one."""
        self._constants[name] = np.ascontiguousarray(values)
        return name

    def number(self, value: float) -> str:
        """A scalar."""
        return self.constant(f"scalar_{value:g}", np.array(value, np.float32))

    def integers(self, *values: int) -> str:
        """A vector of int64, such as a shape."""
        return self.constant(f"ints_{'_'.join(map(str, values))}", np.array(values, np.int64))

    def weights(self, *shape: int, gain: float = 2.0) -> Floats:
        """Values with a cubic tail, output channels first, each with a log-normal scale."""
        normal = self._random.standard_normal(shape, np.float32)
        values = (normal + 0.1 * normal**3) / np.sqrt(1.75)  # E n² = 1, E n⁴ = 3, E n⁶ = 15
        scales = np.exp(self._random.normal(0, 0.35, (shape[0], *(1 for _ in shape[1:]))))
        scales *= np.sqrt(gain / np.prod(shape[1:]) / (scales**2).mean())
        return np.asarray(values * scales, np.float32)

    def vector(self, size: int, spread: float, center: float = 0.0) -> Floats:
        """Normal values, such as a bias."""
        return np.asarray(center + spread * self._random.standard_normal(size, np.float32))

    def model(self, inputs: list[ValueInfoProto], output: str, value: ValueInfoProto) -> ModelProto:
        """The whole, with `output` under the name of `value`."""
        self._nodes[-1].output[0] = value.name
        assert output not in {name for node in self._nodes for name in node.input}
        constants = [numpy_helper.from_array(v, k) for k, v in self._constants.items()]
        graph = helper.make_graph(self._nodes, "main_graph", inputs, [value], constants)
        opset = helper.make_opsetid("", OPSET)
        return helper.make_model(graph, opset_imports=[opset], ir_version=8, producer_name="shaped")
