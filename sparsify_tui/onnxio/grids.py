"""What the integers of a quantised weight stand for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto

from sparsify_tui.onnxio.views import attribute_int

Array = NDArray[np.generic]

Stored = Callable[[str], Array | None]
"""Values of the constant of that name, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The numbers (stored − zero) × scale."""

    scale: Array
    zero: Array
    """Both in a shape that broadcasts against the stored tensor."""

    @property
    def is_uniform(self) -> bool:
        """Whether one scale and one zero serve all elements, in whatever form they are seen."""
        return self.scale.ndim == self.zero.ndim == 0

    def numbers(self, stored: Array) -> NDArray[np.float32]:
        """What the stored integers stand for, in their shape."""
        numbers: NDArray[np.float32] = (
            stored.astype(np.float32) - self.zero.astype(np.float32)
        ) * self.scale.astype(np.float32)
        return numbers

    def zeros(self, stored: Array) -> Array:
        """The integers that stand for zero, in the type of the stored ones."""
        return self.zero.astype(stored.dtype)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inputs:
    """Which inputs of an operator hold a quantised weight and its parameters."""

    weight: int
    scale: int | None
    """None where the operator leaves scaling to a later node."""
    zero: int
    axis: int | None
    """That parameters of one dimension go along; None where an attribute says."""


_INPUTS: dict[str, tuple[_Inputs, ...]] = {
    "ConvInteger": (_Inputs(weight=1, scale=None, zero=3, axis=0),),
    "DequantizeLinear": (_Inputs(weight=0, scale=1, zero=2, axis=None),),
    "DynamicQuantizeLSTM": (
        _Inputs(weight=1, scale=8, zero=9, axis=0),
        _Inputs(weight=2, scale=10, zero=11, axis=0),
    ),
    "DynamicQuantizeMatMul": (_Inputs(weight=1, scale=2, zero=3, axis=-1),),
    "MatMulInteger": (_Inputs(weight=1, scale=None, zero=3, axis=-1),),
    "MatMulIntegerToFloat": (_Inputs(weight=1, scale=3, zero=5, axis=-1),),
    "QGemm": (_Inputs(weight=3, scale=4, zero=5, axis=None),),
    "QLinearConv": (_Inputs(weight=3, scale=4, zero=5, axis=0),),
    "QLinearMatMul": (
        _Inputs(weight=0, scale=1, zero=2, axis=0),
        _Inputs(weight=3, scale=4, zero=5, axis=-1),
    ),
}  # fmt: skip


def node_grids(node: NodeProto, stored: Stored) -> dict[str, Grid]:
    """The grid of each constant quantised weight that the node takes, by its input name."""
    grids: dict[str, Grid] = {}
    for inputs in _INPUTS.get(node.op_type, ()):
        name = _input(node, inputs.weight)
        weight = stored(name)
        if weight is None or weight.dtype.kind == "f":
            continue
        scale = np.float32(1) if inputs.scale is None else stored(_input(node, inputs.scale))
        zero = stored(_input(node, inputs.zero)) if _input(node, inputs.zero) else np.float32(0)
        grid = _grid(node, inputs, weight, scale, zero)
        if grid is not None:
            grids[name] = grid
    return grids


def _grid(
    node: NodeProto, inputs: _Inputs, weight: Array, scale: object, zero: object
) -> Grid | None:
    if scale is None or zero is None:
        return None  # computed while the model runs
    axis = _axis(node) if inputs.axis is None else inputs.axis
    block = attribute_int(node, "block_size", 0)
    try:
        spread = [_spread(np.asarray(part), weight.shape, axis, block) for part in (scale, zero)]
    except (ValueError, IndexError):
        return None  # they do not fit the tensor
    return Grid(scale=spread[0], zero=spread[1])


def _axis(node: NodeProto) -> int:
    if node.op_type == "QGemm":
        return 0 if attribute_int(node, "transB", 0) else 1
    return attribute_int(node, "axis", 1)


def _spread(values: Array, shape: tuple[int, ...], axis: int, block: int) -> Array:
    """The parameters, one for all, one a slice or one a block, against the tensor's shape."""
    if values.size == 1:
        return values.reshape(())
    if values.ndim == 1:
        beside = [1] * len(shape)
        beside[axis] = values.size
        values = values.reshape(beside)
    elif block > 0 and values.shape[axis] == -(-shape[axis] // block):
        values = np.repeat(values, block, axis).take(range(shape[axis]), axis)
    np.broadcast_to(values, shape)  # raises ValueError where it does not fit
    return values


def _input(node: NodeProto, position: int) -> str:
    return node.input[position] if position < len(node.input) else ""
