from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper

from sparsify_tui.onnxio.read import read_model
from tests.onnxio.graphs_by_code import build, load, node, random, value

ONE = np.asarray(np.float32(0.1))


def read(nodes, weights, folder, **kwargs):
    return read_model(load(build(nodes, weights, **kwargs), folder))


def test_a_model_of_stored_integers_is_int8(tmp_path):
    weights = {"q": np.int8([[3, -3], [5, 3]]), "s": ONE, "z": np.asarray(np.int8(3))}
    nodes = [node("DequantizeLinear", "q s z", "w"), node("MatMul", "x w", "y")]
    model = read(nodes, weights, tmp_path, inputs=[value("x", "N", 2)])
    (layer,) = model.layers
    assert (model.precision, model.params) == ("int8", 4 + 2)
    assert (layer.weight, layer.dtype, layer.quantized, layer.density) == ("q", "int8", True, 0.5)
    assert (layer.prunable, layer.quantizable) == (True, False)
    assert "already int8: its int8 lane is the model itself" in model.warnings[0]


@pytest.mark.parametrize(
    ("nodes", "op_type"),
    [
        ([node("DynamicQuantizeLinear", "x", "a b c"), node("MatMulInteger", "a q c", "y")],
         "MatMulInteger"),
        ([node("QuantizeLinear", "x s", "a"), node("QLinearMatMul", "a s z q s z s z", "y")],
         "QLinearMatMul"),
        ([node("QuantizeLinear", "x s", "a"),
          node("QGemm", "a s z q s z", "y", domain="com.microsoft")], "QGemm"),
    ],
)  # fmt: skip
def test_integer_operators_are_layers(tmp_path, nodes, op_type):
    weights = {"q": np.ones((8, 4), np.uint8), "s": ONE, "z": np.asarray(np.uint8(0))}
    model = read(nodes, weights, tmp_path)
    (layer,) = model.layers
    assert (layer.op_type, layer.prunable, layer.quantized) == (op_type, True, True)
    assert (model.precision, model.unreached_params) == ("int8", 0)


def test_a_model_with_some_layers_in_int8_is_mixed(tmp_path):
    nodes = [
        node("DequantizeLinear", "q s", "w"),
        node("MatMul", "x w", "h"),
        node("MatMul", "h v", "y"),
    ]
    weights = {"q": np.ones((8, 8), np.int8), "s": ONE, "v": random(8, 4)}
    model = read(nodes, weights, tmp_path)
    assert model.precision == "mixed"
    assert "1 of 2 layers are already quantised" in model.warnings[0]


def test_a_model_that_rounds_float_weights_while_it_runs_says_so(tmp_path):
    nodes = [
        node("QuantizeLinear", "w s", "q"), node("DequantizeLinear", "q s", "d"),
        node("MatMul", "x d", "y"),
    ]  # fmt: skip
    model = read(nodes, {"w": random(8, 4), "s": ONE}, tmp_path)
    assert (model.precision, model.layers[0].weight) == ("mixed", "w")
    assert "pruning works on the float weights that it rounds" in model.warnings[0]


def test_packed_weights_are_no_layers_and_said_to_be_so(tmp_path):
    packed = node("MatMulNBits", "x q s", "y", domain="com.microsoft", K=8, N=4, bits=4)
    model = read([packed], {"q": np.ones((4, 1, 4), np.uint8), "s": random(4)}, tmp_path)
    assert (model.precision, model.layers) == ("int4", ())
    assert "already int4" in model.warnings[0]


@pytest.mark.parametrize(
    ("dtype", "says"),
    [
        (np.float32, None),
        (np.float16, "The weights are float16: onnxruntime's CPU casts them to float32"),
        (np.float64, "The weights are float64"),
        ("bfloat16", "The weights are bfloat16"),
    ],
)
def test_the_type_of_the_weights_is_the_precision(tmp_path, dtype, says):
    bfloat16 = helper.tensor_dtype_to_np_dtype(TensorProto.BFLOAT16)
    weight = random(8, 4).astype(bfloat16 if dtype == "bfloat16" else dtype)
    model = read(
        [node("Cast", "w", "c", to=1), node("MatMul", "x c", "y")], {"w": weight}, tmp_path
    )
    assert model.precision == str(weight.dtype) == model.layers[0].dtype
    assert model.layers[0].quantizable == (says is None)
    assert [says in warning for warning in model.warnings] == ([True] if says else [])


def test_a_model_without_weights_is_float32(tmp_path):
    assert read([node("Neg", "x", "y")], {}, tmp_path).precision == "float32"


def test_a_model_without_prunable_layers_has_the_type_of_its_tables(tmp_path):
    codes = [value("x", "N", dtype=TensorProto.INT64)]
    table = {"t": random(9, 4, dtype=np.float16)}
    assert read([node("Gather", "t x", "y")], table, tmp_path, inputs=codes).precision == "float16"
