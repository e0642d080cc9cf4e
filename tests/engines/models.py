"""Small models, built by code."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

X = np.arange(12, dtype=np.float32).reshape(3, 4)


def model_of(
    *nodes: onnx.NodeProto,
    outputs: Sequence[onnx.ValueInfoProto],
    weights: dict[str, np.ndarray] | None = None,
    inputs: Sequence[onnx.ValueInfoProto] | None = None,
) -> onnx.ModelProto:
    """Its input is x of [batch, 4], unless others are given."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 4])
    graph = helper.make_graph(
        list(nodes),
        "g",
        [x] if inputs is None else list(inputs),
        list(outputs),
        [numpy_helper.from_array(array, name) for name, array in (weights or {}).items()],
    )
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def dense_relu() -> onnx.ModelProto:
    """y = x · 2; z = max(y − 5, 0)."""
    return model_of(
        helper.make_node("MatMul", ["x", "w"], ["y"], name="dense"),
        helper.make_node("Add", ["y", "b"], ["s"], name="shift"),
        helper.make_node("Relu", ["s"], ["z"], name="relu"),
        outputs=[
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 4]) for name in "zy"
        ],
        weights={"w": np.eye(4, dtype="f4") * 2, "b": np.full(4, -5, "f4")},
    )


def conv_norm() -> onnx.ModelProto:
    """A convolution with BatchNorm, ReLU and an Identity, from image to y."""
    rng = np.random.default_rng(0)
    weights = {"k": rng.normal(size=(6, 3, 3, 3)).astype("f4")}
    weights |= {name: rng.uniform(0.5, 2, 6).astype("f4") for name in ("g", "b", "m", "v")}
    return model_of(
        helper.make_node("Conv", ["image", "k"], ["c"], name="c"),
        helper.make_node("BatchNormalization", ["c", "g", "b", "m", "v"], ["n"], name="n"),
        helper.make_node("Relu", ["n"], ["r"], name="r"),
        helper.make_node("Identity", ["r"], ["y"], name="y"),
        inputs=[helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 8, 8])],
        outputs=[helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 6, 6, 6])],
        weights=weights,
    )


def conv_bias() -> onnx.ModelProto:
    """A convolution with a bias and a ReLU, from image to y."""
    weights = {"k": np.ones((6, 3, 3, 3), dtype="f4"), "b": np.arange(6, dtype="f4")}
    return model_of(
        helper.make_node("Conv", ["image", "k", "b"], ["c"], name="c"),
        helper.make_node("Relu", ["c"], ["y"], name="y"),
        inputs=[helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 8, 8])],
        outputs=[helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 6, 6, 6])],
        weights=weights,
    )


def image(batch: int = 2) -> np.ndarray:
    """A batch for the convolutions."""
    return np.random.default_rng(1).normal(size=(batch, 3, 8, 8)).astype("f4")


def unknown_operator() -> bytes:
    """Of a domain that no runtime knows."""
    return model_of(
        helper.make_node("Frobnicate", ["x"], ["y"], domain="nobody"),
        outputs=[helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    ).SerializeToString()


def convolution_of_a_matrix() -> bytes:
    """Shapes that cannot be."""
    return model_of(
        helper.make_node("Conv", ["x", "x"], ["y"], name="y"),
        outputs=[helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    ).SerializeToString()
