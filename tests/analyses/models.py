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


def at_a_length(*sizes: int) -> ModelProto:
    """x [n, t] as [-1, *sizes], then fc: runs where t is a multiple of the sizes' product."""
    return model(
        [
            helper.make_node("Reshape", ["x", "sizes"], ["a"]),
            helper.make_node("MatMul", ["a", "fc.weight"], ["y"]),
        ],
        [tensor("x", "n", "t")],
        [tensor("y", *(None for _ in range(len(sizes) + 1)))],
        [
            numpy_helper.from_array(np.array([-1, *sizes]), "sizes"),
            weight("fc.weight", sizes[-1], 2),
        ],
    )


def of_a_height(height: int) -> ModelProto:
    """x [n, 3, h, w] → mean over the width → fc, which fixes the height."""
    return model(
        [
            helper.make_node("ReduceMean", ["x"], ["a"], axes=[3], keepdims=0),
            helper.make_node("MatMul", ["a", "fc.weight"], ["y"]),
        ],
        [tensor("x", "n", 3, "h", "w")],
        [tensor("y", "n", 3, 2)],
        [weight("fc.weight", height, 2)],
    )


def at_a_rate(rate: int) -> ModelProto:
    """fc(x), with a scalar sr that only runs where it is the rate."""
    return model(
        [
            helper.make_node("Sub", ["sr", "rate"], ["index"]),
            helper.make_node("Gather", ["one", "index"], ["o"]),
            helper.make_node("MatMul", ["x", "fc.weight"], ["a"]),
            helper.make_node("Mul", ["a", "o"], ["y"]),
        ],
        [tensor("x", "n", 4), tensor("sr", dtype=INT)],
        [tensor("y", "n", 2)],
        [
            weight("fc.weight", 4, 2),
            numpy_helper.from_array(np.array(rate), "rate"),
            numpy_helper.from_array(np.ones(1, np.float32), "one"),
        ],
    )


def branches_at(rate: int) -> ModelProto:
    """fc(x) where the scalar sr is the rate; else a reshape that never fits."""
    returned = [tensor("z", None, None)]
    other = helper.make_graph(
        [helper.make_node("Reshape", ["x", "never"], ["z"])],
        "other",
        [],
        returned,
        [numpy_helper.from_array(np.array([7, 7]), "never")],
    )
    same = helper.make_graph(
        [helper.make_node("MatMul", ["x", "fc.weight"], ["z_same"])],
        "same",
        [],
        [tensor("z_same", None, None)],
    )
    return model(
        [
            helper.make_node("Equal", ["sr", "rate"], ["c"]),
            helper.make_node("If", ["c"], ["y"], then_branch=same, else_branch=other),
        ],
        [tensor("x", "n", 4), tensor("sr", dtype=INT)],
        [tensor("y", None, None)],
        [weight("fc.weight", 4, 2), numpy_helper.from_array(np.array(rate), "rate")],
    )


def on_tokens(rows: int) -> ModelProto:
    """Mean over the masked rows of a table: ids and mask, both [n, t]."""
    return model(
        [
            helper.make_node("Gather", ["table", "ids"], ["e"]),
            helper.make_node("Cast", ["mask"], ["m"], to=FLOAT),
            helper.make_node("Unsqueeze", ["m", "last"], ["u"]),
            helper.make_node("Mul", ["e", "u"], ["p"]),
            helper.make_node("ReduceMean", ["p"], ["r"], axes=[1], keepdims=0),
            helper.make_node("MatMul", ["r", "fc.weight"], ["y"]),
        ],
        [tensor("ids", "n", "t", dtype=INT), tensor("mask", "n", "t", dtype=INT)],
        [tensor("y", "n", 2)],
        [
            weight("table", rows, 6),
            weight("fc.weight", 6, 2),
            numpy_helper.from_array(np.array([2]), "last"),
        ],
    )


def small_cnn(channels: int = 16) -> ModelProto:
    """x [n, 3, 16, 16] → conv1 → BatchNorm → Relu → conv2 → Relu → mean → fc → y [n, 4]."""
    ones = np.ones(channels, dtype=np.float32)
    statistics = {
        "bn.scale": ones * 1.5,
        "bn.bias": ones * 0.1,
        "bn.mean": ones * 0.2,
        "bn.var": ones * 0.9,
    }
    return model(
        [
            helper.make_node("Conv", ["x", "conv1.weight"], ["c1"], pads=[1, 1, 1, 1]),
            helper.make_node("BatchNormalization", ["c1", *statistics], ["n1"]),
            helper.make_node("Relu", ["n1"], ["r1"]),
            helper.make_node("Conv", ["r1", "conv2.weight"], ["c2"], pads=[1, 1, 1, 1]),
            helper.make_node("Relu", ["c2"], ["r2"]),
            helper.make_node("GlobalAveragePool", ["r2"], ["p"]),
            helper.make_node("Flatten", ["p"], ["f"]),
            helper.make_node("Gemm", ["f", "fc.weight"], ["y"], transB=1),
        ],
        [tensor("x", "n", 3, 16, 16)],
        [tensor("y", "n", 4)],
        [
            weight("conv1.weight", channels, 3, 3, 3),
            weight("conv2.weight", channels, channels, 3, 3),
            weight("fc.weight", 4, channels),
            *(numpy_helper.from_array(values, name) for name, values in statistics.items()),
        ],
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
