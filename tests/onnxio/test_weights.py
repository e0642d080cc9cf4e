from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto

from sparsify_tui.onnxio.weights import Constants
from tests.onnxio.graphs_by_code import build, constant, node, random

W = random(6, 4)


def constants(*nodes, weights=None):
    return Constants(build(nodes, weights).graph)


@pytest.mark.parametrize(
    ("view", "seen"),
    [
        (node("Identity", "w", "v"), W),
        (node("Transpose", "w", "v"), W.T),
        (node("Transpose", "w", "v", perm=[1, 0]), W.T),
        (node("Cast", "w", "v", to=TensorProto.DOUBLE), W.astype(np.float64)),
        (node("Reshape", "w shape", "v"), W.reshape(3, 8)),
        (node("Reshape", "w copy", "v"), W.reshape(6, 2, 2)),
        (node("Flatten", "w", "v", axis=0), W.reshape(1, 24)),
        (node("Unsqueeze", "w axes", "v"), W[:, :, None]),
        (node("Unsqueeze", "w", "v", axes=[0, 3]), W[None, :, :, None]),
    ],
)
def test_a_weight_is_found_behind_a_node_that_only_changes_its_form(view, seen):
    arguments = {
        "shape": np.array([3, -1]), "copy": np.array([0, 2, -1]), "axes": np.array([2]),
    }  # fmt: skip
    index = constants(view, weights={"w": W} | arguments)
    assert index.source("v") == "w"
    np.testing.assert_array_equal(index.stored("v"), W)
    np.testing.assert_array_equal(index.seen("v"), seen)
    assert index.seen("v").dtype == seen.dtype


def test_a_weight_is_found_behind_a_chain_of_nodes():
    index = constants(
        constant("w", W[None]),
        node("Squeeze", "w", "a", axes=[0]),
        node("Identity", "a", "b"),
        node("Transpose", "b", "c"),
    )
    assert index.source("c") == "w"
    np.testing.assert_array_equal(index.stored("c"), W[None])
    np.testing.assert_array_equal(index.seen("c"), W.T)


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ({"value_float": 2.5}, np.float32(2.5)),
        ({"value_floats": [1.0, 2.0]}, np.float32([1, 2])),
        ({"value_int": 3}, np.int64(3)),
        ({"value_ints": [4, 5]}, np.int64([4, 5])),
    ],
)
def test_a_constant_may_be_written_as_plain_numbers(attribute, expected):
    index = constants(node("Constant", "", "c", **attribute))
    np.testing.assert_array_equal(index.stored("c"), expected)
    assert index.stored("c").dtype == expected.dtype


def test_what_depends_on_an_input_is_no_constant():
    index = constants(node("Transpose", "x", "t"), node("Reshape", "w x", "r"), weights={"w": W})
    assert index.source("x") is index.source("t") is index.source("r") is None
    assert index.stored("t") is index.seen("t") is None


def test_a_text_constant_is_no_number():
    assert constants(node("Constant", "", "c", value_string="abc")).source("c") is None


@pytest.mark.parametrize(
    "view", [node("Transpose", "w", "v", perm=[5, -7]), node("Cast", "w", "v", to=999)]
)
def test_a_view_that_does_not_fit_its_weight_has_a_source_but_no_values(view):
    index = constants(view, weights={"w": W})
    assert index.source("v") == "w"
    assert index.seen("v") is None


def test_a_cycle_of_views_ends():
    index = constants(node("Identity", "b", "a"), node("Identity", "a", "b"))
    assert index.source("a") is index.source("b") is None
