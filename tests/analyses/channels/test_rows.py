"""Rows of inputs times the matrix are the rows of the outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from sparsify_tui.analyses.channels.rows import RowForm, row_form
from sparsify_tui.engines import engine_of
from sparsify_tui.onnxio.channels import Product
from sparsify_tui.onnxio.channels.weights import ProductWeights

_RANDOM = np.random.default_rng(0)
_INPUTS_FIRST = {"weight_input_axis": 0, "weight_output_axis": 1}


def product(op_type: str, **more: Any) -> Product:
    known = {
        "layer": None, "bias": None, "data": "x", "data_axis": 1, "output_axis": 1,
        "weight_input_axis": 1, "weight_output_axis": 0, "depthwise": False, "groups": 1,
    }  # fmt: skip
    return Product(node="y", op_type=op_type, weight="w", output="y", **{**known, **more})


def run(
    op_type: str,
    data: tuple[int, ...],
    weight: tuple[int, ...],
    *,
    left: bool = False,
    **attributes: Any,
) -> tuple[onnx.ModelProto, np.ndarray, np.ndarray]:
    """A model of one node, its input, and its output."""
    names = ["w", "x"] if left else ["x", "w"]
    node = helper.make_node(op_type, names, ["y"], name="y", **attributes)
    values = _RANDOM.standard_normal(weight).astype(np.float32)
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, data)],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)],
        [numpy_helper.from_array(values, "w")],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    x = _RANDOM.standard_normal(data).astype(np.float32)
    return proto, x, engine_of().open(proto.SerializeToString(), threads=1).run({"x": x})[0]


def check(
    form: RowForm, weights: ProductWeights, one: Product, x: np.ndarray, y: np.ndarray
) -> None:
    places = form.places(x, y, 40, 0)
    assert len(places[0]) == min(40, len(form.places(x, y, 10**9, 0)[0])) > 0
    found = form.inputs(x, y.shape[2:], places) @ weights.matrix(one)
    np.testing.assert_allclose(found, form.grouped(form.outputs(y, places)), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("space", "kernel", "attributes"),
    [
        ((9,), (3,), {"pads": [1, 1]}),
        ((9, 8), (3, 3), {"pads": [1, 0, 2, 1], "strides": [2, 1]}),
        ((9, 8), (3, 2), {"dilations": [2, 3]}),
        ((9, 8), (4, 3), {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
        ((9, 8), (4, 3), {"auto_pad": "SAME_LOWER", "strides": [2, 3]}),
        ((9, 8), (2, 2), {"auto_pad": "VALID"}),
        ((5, 4, 6), (1, 3, 2), {"pads": [0, 1, 0, 0, 1, 1]}),
    ],
)
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_windows_of_a_convolution_times_its_kernel_are_its_output(
    space: tuple[int, ...], kernel: tuple[int, ...], attributes: dict[str, Any], groups: int
) -> None:
    proto, x, y = run("Conv", (3, 4, *space), (8, 4 // groups, *kernel), group=groups, **attributes)
    weights, one = ProductWeights(proto), product("Conv")
    check(row_form(one, weights), weights, one, x, y)


@pytest.mark.parametrize(
    ("op_type", "data", "weight", "more", "attributes"),
    [
        ("MatMul", (2, 5, 4), (4, 3), {"data_axis": 2, "output_axis": 2, **_INPUTS_FIRST}, {}),
        ("MatMul", (2, 4, 5), (3, 4), {"data_axis": 1, "output_axis": 1}, {"left": True}),
        ("Gemm", (6, 4), (3, 4), {}, {"transB": 1, "alpha": 0.5}),
        ("Gemm", (6, 4), (4, 3), _INPUTS_FIRST, {}),
        ("Gemm", (4, 6), (4, 3), {"data_axis": 0, **_INPUTS_FIRST}, {"transA": 1}),
    ],
)  # fmt: skip
def test_rows_of_a_product_of_matrices_times_its_matrix_are_its_output(
    op_type: str, data: Any, weight: Any, more: dict[str, Any], attributes: dict[str, Any]
) -> None:
    proto, x, y = run(op_type, data, weight, **attributes)
    weights, one = ProductWeights(proto), product(op_type, **more)
    check(row_form(one, weights), weights, one, x, y)


def test_a_transposed_convolution_without_overlap_is_a_product_of_rows() -> None:
    proto, x, y = run("ConvTranspose", (2, 4, 3, 5), (4, 3, 2, 2), strides=[2, 2])
    weights = ProductWeights(proto)
    one = product("ConvTranspose", weight_input_axis=0, weight_output_axis=1)
    form = row_form(one, weights)
    assert form.is_solvable
    check(form, weights, one, x, y)


@pytest.mark.parametrize(
    "attributes", [{"strides": [1, 1]}, {"strides": [2, 2], "pads": [1, 1, 1, 1]}]
)
def test_a_transposed_convolution_that_overlaps_has_only_rows_of_its_bias(
    attributes: dict[str, Any],
) -> None:
    proto, x, y = run("ConvTranspose", (2, 4, 3, 5), (4, 3, 2, 2), **attributes)
    form = row_form(product("ConvTranspose"), ProductWeights(proto))
    assert not form.is_solvable
    bias = form.for_bias
    places = bias.places(x, y, 10_000, 0)
    np.testing.assert_allclose(
        bias.outputs(y, places).mean(axis=0), y.mean(axis=(0, 2, 3)), rtol=1e-4, atol=1e-5
    )


def test_the_same_places_are_taken_for_the_same_seed() -> None:
    proto, x, y = run("Conv", (3, 4, 9, 9), (8, 4, 3, 3))
    form = row_form(product("Conv"), ProductWeights(proto))
    first, second, other = (np.stack(form.places(x, y, 20, seed)) for seed in (1, 1, 2))
    assert first.shape == (3, 20)
    assert (first == second).all()
    assert (first != other).any()
