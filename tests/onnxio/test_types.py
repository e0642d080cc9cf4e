from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper

from sparsify_tui.errors import ModelError
from sparsify_tui.onnxio.read import read_model
from tests.onnxio.bodies_by_code import CHOICE, branch, choice
from tests.onnxio.graphs_by_code import build, load, node, random, value


def read(proto, folder, **kwargs):
    return read_model(load(proto, folder), **kwargs)


def test_a_node_that_gets_two_types_for_one_is_refused(tmp_path):
    with pytest.raises(ModelError, match="gets int64 and float32 where both must be the same"):
        read(
            build(
                [node("MatMul", "x w", "y")],
                {"w": random(8, 4)},
                [value("x", "N", 8, dtype=TensorProto.INT64)],
            ),
            tmp_path,
        )


def test_a_node_that_gets_a_type_it_does_not_know_is_refused(tmp_path):
    sides = [branch(node("Sqrt", "c", "r")), branch(node("Neg", "x", "r"))]
    with pytest.raises(ModelError, match="The node r_2 gets bool, which Sqrt does not take"):
        read(build([choice(*sides)], inputs=CHOICE), tmp_path)


def test_a_loop_may_carry_tensors_of_several_types(tmp_path):
    body = build(
        [node("Identity", name, f"{name}2") for name in ("go", "a", "b")],
        inputs=[value("i", dtype=TensorProto.INT64), value("go", dtype=TensorProto.BOOL),
                value("a", "N", 8), value("b", 2, dtype=TensorProto.INT64)],
        outputs=[value("go2", dtype=TensorProto.BOOL), value("a2", "N", 8),
                 value("b2", 2, dtype=TensorProto.INT64)],
    ).graph  # fmt: skip
    again = helper.make_node("Loop", ["n", "", "x", "codes"], ["y", "z"], body=body)
    weights = {"n": np.asarray(2), "codes": np.array([1, 2])}
    assert read(build([again], weights), tmp_path).params == 3
