"""Models that hang or kill the runtime, or want more memory than there is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


def saved(proto: ModelProto, file: Path) -> Path:
    onnx.save(proto, file)
    return file


def endless() -> ModelProto:
    """A Loop of 2^62 rounds."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["on"], ["go"]), helper.make_node("Relu", ["v"], ["w"])],
        "round",
        [_value("at", INT64, []), _value("on", BOOL, []), _value("v")],
        [_value("go", BOOL, []), _value("w")],
    )
    loop = helper.make_node("Loop", ["rounds", "true", "x"], ["y"], body=body)
    return _model([loop], rounds=np.int64(2**62), true=np.ones((), np.bool_))


def greedy() -> ModelProto:
    """Wants a tensor of 256 GB."""
    nodes = [
        helper.make_node("Expand", ["x", "shape"], ["e"]),
        helper.make_node("ReduceSum", ["e"], ["y"]),
    ]
    return _model(nodes, shape=np.array([1 << 20, 1 << 14, 1, 4]))


def crashing() -> ModelProto:
    """Divides the least int64 by (batch - 3): with a batch of 2 the processor stops the program."""
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Gather", ["shape", "zero"], ["batch"]),
        helper.make_node("Sub", ["batch", "three"], ["by"]),
        helper.make_node("Div", ["least", "by"], ["q"]),
        helper.make_node("Cast", ["q"], ["f"], to=FLOAT),
        helper.make_node("MatMul", ["x", "w"], ["p"]),
        helper.make_node("Add", ["p", "f"], ["y"]),
    ]
    return _model(
        nodes,
        zero=np.array([0]),
        three=np.array([3]),
        least=np.array([-(2**63)]),
        w=np.ones((4, 4), np.float32),
    )


def _model(nodes: Sequence[NodeProto], **constants: np.ndarray | np.generic) -> ModelProto:
    graph = helper.make_graph(
        nodes,
        "bad",
        [_value("x", FLOAT, ["n", 4])],
        [_value("y")],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _value(
    name: str, kind: int = FLOAT, shape: list[int | str] | None = None
) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)
