from __future__ import annotations

import numpy as np
from onnx import helper, numpy_helper

from sparsify_tui.onnxio.read import read_model
from tests.onnxio.graphs_by_code import build, constant, load, node, random, value


def read(proto, folder, **kwargs):
    return read_model(load(proto, folder), **kwargs)


def test_every_number_that_is_stored_counts_but_no_truth_values_or_text(tmp_path):
    nodes = [
        node("MatMul", "x w", "h"),
        node("Reshape", "h s", "y"),
        constant("i", np.arange(9)),
        constant("mask", np.ones(100, np.bool_)),
        node("Constant", "", "text", value_string="abc"),
    ]
    model = read(build(nodes, {"w": random(8, 4), "s": np.array([-1])}), tmp_path)
    assert model.params == 32 + 1 + 9


def test_a_matrix_that_no_layer_takes_is_told_but_a_row_is_not(tmp_path):
    nodes = [node("MatMul", "x w", "h"), node("Add", "h table", "a"), node("Mul", "a row", "y")]
    weights = {"w": random(8, 4), "table": random(3, 4), "row": random(1, 4)}
    model = read(build(nodes, weights, [value("x", 3, 8)]), tmp_path)
    assert (model.params, model.unreached_params) == (32 + 12 + 4, 12)
    assert model.warnings == ("12 parameters in 1 matrix of Add are counted, but no layers.",)


def test_a_sparse_constant_is_told(tmp_path):
    proto = build([node("MatMul", "x w", "y")])
    sparse = helper.make_sparse_tensor(
        numpy_helper.from_array(np.float32([1, 2]), "w"),
        numpy_helper.from_array(np.array([0, 9]), "at"),
        [8, 4],
    )
    proto.graph.sparse_initializer.append(sparse)
    model = read(proto, tmp_path)
    assert (model.layers, model.params) == ((), 2)
    assert "1 constant is stored sparse" in model.warnings[0]


def test_the_bias_of_a_layer_is_part_of_it(tmp_path):
    weights = {"w": random(2, 16, 8), "r": random(2, 16, 4), "b": random(2, 32)}
    nodes = [node("LSTM", "x w r b", "y", hidden_size=4, direction="bidirectional")]
    model = read(build(nodes, weights, [value("x", 3, 1, 8)]), tmp_path)
    assert model.unreached_params == 0
    assert sum(layer.params for layer in model.layers) == model.params
