from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper

from sparsify_tui.onnxio.weights import Constants
from tests.onnxio.graphs_by_code import build, constant, node, random

W = random(6, 4)


def constants(*nodes, weights=None):
    return Constants(build(nodes, weights).graph)


@pytest.mark.parametrize(
    "view",
    [
        node("Identity", "w", "v"),
        node("Transpose", "w", "v", perm=[1, 0]),
        node("Cast", "w", "v", to=TensorProto.DOUBLE),
        node("Reshape", "w shape", "v"),
        node("Flatten", "w", "v", axis=0),
        node("Unsqueeze", "w axes", "v"),
        node("Slice", "w axes shape", "v"),
        helper.make_node("Slice", ["w", "axes", "shape", "", "axes"], ["v"]),
        node("Concat", "w w", "v", axis=0),
        node("QuantizeLinear", "w scale", "v"),
    ],
)
def test_a_weight_is_found_behind_a_node_that_only_changes_its_form(view):
    arguments = {"shape": np.array([3]), "axes": np.array([2]), "scale": np.asarray(np.float32(1))}
    index = constants(view, weights={"w": W} | arguments)
    assert index.source("v") == "w"
    assert index.is_constant("v")
    np.testing.assert_array_equal(index.stored("v"), W)


def test_what_joins_several_weights_has_them_all_as_sources():
    index = constants(
        node("Slice", "b at at", "part"), node("Concat", "part a b", "v", axis=0),
        weights={"a": W, "b": W, "at": np.array([1])},
    )  # fmt: skip
    assert index.sources("v") == ("b", "a")
    assert index.source("v") is index.stored("v") is None


def test_a_chain_that_doubles_is_followed_once():
    views = [node("Concat", f"v{i} v{i}", f"v{i + 1}", axis=0) for i in range(200)]
    assert constants(*views, weights={"v0": W}).source("v200") == "v0"


def test_a_weight_is_found_behind_a_chain_of_nodes():
    index = constants(
        constant("w", W[None]),
        node("Squeeze", "w", "a", axes=[0]),
        node("Identity", "a", "b"),
        node("Transpose", "b", "c"),
    )
    assert index.source("c") == "w"
    np.testing.assert_array_equal(index.stored("c"), W[None])


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
    assert index.stored("t") is None
    assert not index.is_constant("t")


def test_a_text_constant_is_no_number():
    assert constants(node("Constant", "", "c", value_string="abc")).source("c") is None


INTEGERS = np.arange(24, dtype=np.int8).reshape(6, 4) - 12
ROWS, COLUMNS = np.arange(1, 7, dtype=np.float32), np.arange(1, 5, dtype=np.float32)
ZERO = np.asarray(np.int8(3))


@pytest.mark.parametrize(
    ("user", "numbers"),
    [
        (node("DequantizeLinear", "q one", "v"), INTEGERS),
        (node("DequantizeLinear", "q one zero", "v"), INTEGERS - 3.0),
        (node("DequantizeLinear", "q rows", "v", axis=0), INTEGERS * ROWS[:, None]),
        (node("DequantizeLinear", "q columns", "v"), INTEGERS * COLUMNS),
        (node("DequantizeLinear", "q columns", "v", axis=-1, domain="com.microsoft"),
         INTEGERS * COLUMNS),
        (node("DequantizeLinear", "q blocks", "v", axis=0, block_size=4),
         INTEGERS * np.float32([1, 1, 1, 1, 2, 2])[:, None]),
        (node("MatMulInteger", "x q z zero", "v"), INTEGERS - 3.0),
        (node("MatMulInteger", "x q", "v"), INTEGERS),
        (node("QLinearMatMul", "x s z q columns zero s z", "v"), (INTEGERS - 3.0) * COLUMNS),
        (node("QLinearConv", "x s z q rows zero s z", "v"), (INTEGERS - 3.0) * ROWS[:, None]),
        (node("QGemm", "x s z q rows zero", "v", transB=1, domain="com.microsoft"),
         (INTEGERS - 3.0) * ROWS[:, None]),
        (node("DynamicQuantizeMatMul", "x q columns", "v", domain="com.microsoft"),
         INTEGERS * COLUMNS),
    ],
)  # fmt: skip
def test_stored_integers_stand_for_numbers(user, numbers):
    weights = {
        "q": INTEGERS, "one": np.asarray(np.float32(1)), "zero": ZERO, "rows": ROWS,
        "columns": COLUMNS, "blocks": np.repeat(np.float32([[1], [2]]), 4, axis=1),
    }  # fmt: skip
    index = constants(user, weights=weights)
    np.testing.assert_array_equal(index.numbers("q"), numbers)
    np.testing.assert_array_equal(index.stored("q"), INTEGERS)


@pytest.mark.parametrize(
    "user",
    [
        node("DequantizeLinear", "q x", "v"),
        node("DequantizeLinear", "q rows", "v", axis=1),
        node("DequantizeLinear", "q rows", "v", axis=7),
        node("DequantizeLinear", "q blocks", "v", axis=0, block_size=10**9),
        node("MatMulInteger", "x q z x", "v"),
        node("DequantizeLinear", "w one", "v"),
    ],
)
def test_integers_whose_meaning_cannot_be_told_stay_integers(user):
    weights = {
        "q": INTEGERS, "w": W, "rows": ROWS, "one": np.asarray(np.float32(1)),
        "blocks": np.ones((2, 4), np.float32),
    }  # fmt: skip
    index = constants(user, weights=weights)
    assert index.grid("q") is index.grid("w") is None
    np.testing.assert_array_equal(index.numbers("q"), INTEGERS)


def test_one_scale_serves_integers_in_any_form_but_several_do_not():
    views = [node("Transpose", "q", "t", perm=[1, 0]), node("Transpose", "p", "u", perm=[1, 0])]
    users = [node("DequantizeLinear", "t one", "v"), node("DequantizeLinear", "u columns", "w")]
    square = INTEGERS[:4]
    weights = {"q": INTEGERS, "p": square, "one": np.asarray(np.float32(2)), "columns": COLUMNS}
    index = constants(*views, *users, weights=weights)
    np.testing.assert_array_equal(index.numbers("v"), INTEGERS * 2)
    assert index.grid("p") is None


def test_a_cycle_of_views_ends():
    index = constants(node("Identity", "b", "a"), node("Identity", "a", "b"))
    assert index.source("a") is index.source("b") is None
