"""Weights and biases as integers with one scale for each output."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto

from sparsify_tui.core.fake_quant import symmetric_scales
from sparsify_tui.onnxio.quantize.links import Links
from sparsify_tui.onnxio.views import attribute_int

Floats = NDArray[np.float32]

_BIAS_HEADROOM = 2.0**29
"""Largest bias in units of its scale: a quarter of int32, the rest is for the sum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Integers:
    """A tensor as integers; the zero point is 0."""

    values: NDArray[np.int8] | NDArray[np.int32]
    scale: Floats
    """One for each index of `axis`."""
    axis: int


def weight_axis(node: NodeProto) -> int:
    """The axis of the node's weight that runs over its outputs."""
    return 0 if node.op_type == "Conv" or attribute_int(node, "transB", 0) else 1


def bias_values(node: NodeProto, links: Links) -> Floats | None:
    """One bias for each output; None when the node has none, or none of that form."""
    values = links.float_values(node.input[2]) if len(node.input) > 2 else None
    outputs = links.initializers[node.input[1]].dims[weight_axis(node)]
    if values is None or values.size not in {1, outputs}:
        return None
    if values.size > 1 and values.shape[-1] != outputs:
        return None
    return np.broadcast_to(values.reshape(-1), (outputs,))


def integer_weight(weights: Floats, axis: int, bias: Floats | None, input_scale: float) -> Integers:
    """Symmetric int8 in [-127, 127], each channel of `axis` with its own scale.

    A channel of tiny weights and a large bias gets a larger scale than its weights need,
    since the bias, an int32 in units of input scale times weight scale, would overflow.
    """
    others = tuple(index for index in range(weights.ndim) if index != axis)
    scale = symmetric_scales(weights, bits=8, axis=axis).squeeze(others)
    if bias is not None:
        scale = np.maximum(scale, np.abs(bias) / (input_scale * _BIAS_HEADROOM))
    rounded = scale.astype(np.float32)
    values = np.rint(weights / np.expand_dims(rounded, others))
    return Integers(values=values.astype(np.int8), scale=rounded, axis=axis)


def integer_bias(bias: Floats, weight_scale: Floats, input_scale: float) -> Integers:
    """int32 in units of input scale times weight scale, as integer kernels add it."""
    scale = weight_scale * np.float32(input_scale)
    return Integers(values=np.rint(bias / scale).astype(np.int32), scale=scale, axis=0)
