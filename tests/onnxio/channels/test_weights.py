"""Changed weights and biases."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sparsify_tui.onnxio.channels import Product
from sparsify_tui.onnxio.channels.weights import ProductWeights
from tests.analyses.channels.test_rows import product, run


def columns(op_type: str) -> Product:
    return product(op_type, weight_input_axis=0, weight_output_axis=1)


@pytest.mark.parametrize(
    ("one", "data", "weight", "attributes"),
    [
        (product("Conv"), (1, 4, 5, 5), (6, 2, 3, 3), {"group": 2}),
        (product("Gemm"), (3, 4), (5, 4), {"transB": 1, "alpha": 2.0}),
        (columns("ConvTranspose"), (1, 4, 5, 5), (4, 3, 2, 2), {}),
    ],
)
def test_a_change_is_added_to_weight_and_bias(
    one: Product, data: tuple[int, ...], weight: tuple[int, ...], attributes: dict[str, Any]
) -> None:
    proto, _, y = run(one.op_type, data, weight, **attributes)
    weights = ProductWeights(proto)
    change = np.random.default_rng(1).standard_normal(weights.matrix(one).shape)
    channels = y.shape[1]
    before = weights.matrix(one)
    weights.change(one, change, np.arange(1.0, channels + 1))
    weights.change(one, 0 * change, np.full(channels, 10.0))
    np.testing.assert_allclose(weights.matrix(one), before + change, rtol=1e-5, atol=1e-6)
    again = ProductWeights(proto)
    np.testing.assert_allclose(again.matrix(one), before + change, rtol=1e-5, atol=1e-6)
    stored = {tensor.name: tensor for tensor in proto.graph.initializer}
    bias = np.frombuffer(stored[proto.graph.node[0].input[2]].raw_data, np.float32)
    np.testing.assert_allclose(bias, np.arange(11.0, 11 + channels), rtol=1e-6)


def test_a_matmul_keeps_its_bias() -> None:
    proto, _, _ = run("MatMul", (2, 4), (4, 3))
    assert not ProductWeights(proto).has_bias(columns("MatMul"))


def test_a_weight_that_two_nodes_take_is_not_its_own() -> None:
    proto, _, _ = run("Gemm", (3, 4), (4, 4))
    assert ProductWeights(proto).is_own(columns("Gemm"))
    second = proto.graph.node.add()
    second.CopyFrom(proto.graph.node[0])
    second.output[0] = second.name = "z"
    assert not ProductWeights(proto).is_own(columns("Gemm"))
