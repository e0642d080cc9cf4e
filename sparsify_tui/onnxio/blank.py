"""A model that does next to nothing, to find out what a measurement itself costs."""

from __future__ import annotations

import itertools

from onnx import ModelProto, TensorProto, helper

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
    graph = helper.make_graph(nodes, "blank", [ends[0]], [ends[-1]])
    opset = helper.make_opsetid("", _OPSET)
    return helper.make_model(graph, opset_imports=[opset], ir_version=_IR_VERSION)
