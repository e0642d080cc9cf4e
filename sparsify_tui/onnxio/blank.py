"""Models that measure the machine: next to nothing, its most, and channels of any number."""

from __future__ import annotations

import itertools

import numpy as np
from onnx import GraphProto, ModelProto, TensorProto, helper, numpy_helper

_OPSET = 13
_IR_VERSION = 8
INPUT = "x"


def blank_chain(length: int) -> ModelProto:
    """`length` negations of one number, one after the other; no runtime folds them away.

    Its one input is `INPUT`, float32 of shape [1].
    """
    names = [INPUT, *(f"x{at}" for at in range(1, length + 1))]
    nodes = [
        helper.make_node("Neg", [before], [after], name=after)
        for before, after in itertools.pairwise(names)
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in names]
    return _model(helper.make_graph(nodes, "blank", [ends[0]], [ends[-1]]))


def matrix_product(size: int) -> ModelProto:
    """Two square float32 matrices multiplied, the second of them a weight of ones.

    Its one input is `INPUT`, of shape [size, size]; it costs 2 · size³ FLOPs.
    """
    square = [size, size]
    weight = numpy_helper.from_array(np.ones(square, dtype=np.float32), "weight")
    product = helper.make_node("MatMul", [INPUT, weight.name], ["y"], name="y")
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, square) for name in (INPUT, "y")]
    return _model(helper.make_graph([product], "product", [ends[0]], [ends[1]], [weight]))


def convolutions(outer: int, inner: int, side: int) -> ModelProto:
    """Two 3x3 convolutions with a Relu after each, `inner` channels between them.

    Its one input is `INPUT`, of shape [1, outer, side, side], like its output.
    """
    shape = [1, outer, side, side]
    nodes, weights = [], []
    data = INPUT
    for name, channels in (("inner", (inner, outer)), ("outer", (outer, inner))):
        ones = np.full((*channels, 3, 3), 1 / (9 * channels[1]), dtype=np.float32)
        weights.append(numpy_helper.from_array(ones, f"{name}_weight"))
        taken = [data, weights[-1].name]
        nodes.append(helper.make_node("Conv", taken, [f"{name}_sum"], pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Relu", [f"{name}_sum"], [name]))
        data = name
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in (INPUT, data)]
    return _model(helper.make_graph(nodes, "convolutions", [ends[0]], [ends[1]], weights))


def _model(graph: GraphProto) -> ModelProto:
    opset = helper.make_opsetid("", _OPSET)
    return helper.make_model(graph, opset_imports=[opset], ir_version=_IR_VERSION)
