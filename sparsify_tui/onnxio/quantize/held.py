"""Weights and biases of int8 layers, stored once for each scale they need."""

from __future__ import annotations

from onnx import NodeProto

from sparsify_tui.onnxio.quantize.emit import Emitter
from sparsify_tui.onnxio.quantize.links import Links
from sparsify_tui.onnxio.quantize.weights import (
    Integers,
    bias_values,
    integer_bias,
    integer_weight,
    weight_axis,
)


class HeldWeights:
    """Emits the integer weights of layers; those of tied weights only where they differ."""

    def __init__(self, links: Links, emitter: Emitter) -> None:
        self._links = links
        self._emitter = emitter
        self._held: dict[tuple[str, int, bytes], str] = {}

    def inputs(self, node: NodeProto, input_scale: float) -> tuple[str, ...]:
        """What the node takes after its first input: its weight, and its bias if it has one."""
        weights = self._links.float_values(node.input[1])
        assert weights is not None
        bias = bias_values(node, self._links)
        held = integer_weight(weights, weight_axis(node), bias, input_scale)
        weight = self._hold(node.input[1], held)
        if bias is None:
            return (weight,)
        integers = integer_bias(bias, held.scale, input_scale)
        return weight, self._emitter.hold(f"{node.name}__bias", integers)

    def _hold(self, name: str, integers: Integers) -> str:
        key = (name, integers.axis, integers.scale.tobytes())
        if key not in self._held:
            self._held[key] = self._emitter.hold(name, integers)
        return self._held[key]
