"""Small real models, built by code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

FLOAT, INT = TensorProto.FLOAT, TensorProto.INT64


def tensor(name: str, *shape: int | str, dtype: int = FLOAT) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, dtype, list(shape))


def weight(name: str, *shape: int) -> TensorProto:
    values = np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)
    return numpy_helper.from_array(values, name)


def model(
    nodes: Sequence[NodeProto],
    inputs: Sequence[ValueInfoProto],
    outputs: Sequence[ValueInfoProto],
    weights: Sequence[TensorProto] = (),
    opset: int = 17,
) -> ModelProto:
    graph = helper.make_graph(nodes, "small", inputs, outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


def two_layers(scale: float = 1.0) -> ModelProto:
    """x [n, 4] → fc1 → Relu → fc2 → y [n, 3]; `scale` makes another content."""
    second = numpy_helper.to_array(weight("fc2.weight", 3, 8)) * np.float32(scale)
    return model(
        [
            helper.make_node("Gemm", ["x", "fc1.weight"], ["a"], transB=1),
            helper.make_node("Relu", ["a"], ["b"]),
            helper.make_node("Gemm", ["b", "fc2.weight"], ["y"], transB=1),
        ],
        [tensor("x", "n", 4)],
        [tensor("y", "n", 3)],
        [weight("fc1.weight", 8, 4), numpy_helper.from_array(second, "fc2.weight")],
    )


def nothing_to_prune() -> ModelProto:
    return model([helper.make_node("Relu", ["x"], ["y"])], [tensor("x", 2)], [tensor("y", 2)])


def with_state() -> ModelProto:
    """y = fc(x) + state[0] · rate, with x [n, 4], state [2, n, 3] and a scalar rate."""
    return model(
        [
            helper.make_node("MatMul", ["x", "fc.weight"], ["a"]),
            helper.make_node("Gather", ["state", "first"], ["s"], axis=0),
            helper.make_node("Cast", ["rate"], ["r"], to=FLOAT),
            helper.make_node("Mul", ["s", "r"], ["m"]),
            helper.make_node("Add", ["a", "m"], ["y"]),
        ],
        [tensor("x", "n", 4), tensor("state", 2, "n", 3), tensor("rate", dtype=INT)],
        [tensor("y", "n", 3)],
        [weight("fc.weight", 4, 3), numpy_helper.from_array(np.array(0), "first")],
    )


def divides_by_its_norm() -> ModelProto:
    """fc(x) ÷ its norm: NaN once all weights of fc are zero."""
    return model(
        [
            helper.make_node("MatMul", ["x", "fc.weight"], ["a"]),
            helper.make_node("ReduceL2", ["a"], ["l"], axes=[1], keepdims=1),
            helper.make_node("Div", ["a", "l"], ["y"]),
        ],
        [tensor("x", "n", 4)],
        [tensor("y", "n", 3)],
        [weight("fc.weight", 4, 3)],
    )


def fixed_batch() -> ModelProto:
    return model(
        [helper.make_node("MatMul", ["x", "fc.weight"], ["y"])],
        [tensor("x", 2, 4)],
        [tensor("y", 2, 3)],
        [weight("fc.weight", 4, 3)],
    )


def saved(proto: ModelProto, path: Path) -> Path:
    onnx.save(proto, str(path))
    return path


def saved_external(proto: ModelProto, path: Path) -> Path:
    """With all weights in `<name>.data` beside it."""
    onnx.save(
        proto, str(path), save_as_external_data=True, location=f"{path.name}.data", size_threshold=0
    )
    return path
