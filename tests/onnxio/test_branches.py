from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest

from sparsify_tui.onnxio.branches import take_branches
from sparsify_tui.onnxio.graphs import scoped_nodes
from tests.onnxio.bodies_by_code import branch
from tests.onnxio.graphs_by_code import build, constant, node, random


def run(proto):
    session = ort.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": random(2, 8)})[0]


def two_choices():
    inner = node(
        "If", "no", "t", then_branch=branch(node("Abs", "x", "s"), output="s"),
        else_branch=branch(node("MatMul", "x b", "e"), output="e", b=random(8, 3)),
    )  # fmt: skip
    outer = node(
        "If", "yes", "y", then_branch=branch(inner, output="t"),
        else_branch=branch(node("Neg", "x", "f"), output="f"),
    )  # fmt: skip
    return [node("Identity", "true", "yes"), outer]


def test_a_branch_of_known_choice_takes_the_place_of_its_if():
    weights = {"true": np.array([1], np.bool_), "no": np.array(0, np.bool_)}
    proto = build(two_choices(), weights)
    before = proto.SerializeToString(deterministic=True)
    taken = take_branches(proto)
    assert [n.op_type for _, n in scoped_nodes(taken.graph) if n.op_type != "Identity"] == [
        "MatMul"
    ]
    np.testing.assert_array_equal(run(taken), run(proto))
    assert proto.SerializeToString(deterministic=True) == before


def test_a_choice_inside_a_branch_that_is_open_is_taken_too():
    sides = [branch(*two_choices()[1:], output="y2"), branch(node("Neg", "x", "z"), output="z")]
    sides[0].node[0].output[0] = "y2"
    nodes = [
        constant("zero", np.float32(0)), node("ReduceSum", "x", "sum", keepdims=0),
        node("Greater", "sum zero", "c"),
        node("If", "c", "y", then_branch=sides[0], else_branch=sides[1]),
    ]  # fmt: skip
    flags = {"yes": np.array(1, np.bool_), "no": np.array(0, np.bool_)}
    proto = build(nodes, flags)
    taken = take_branches(proto)
    assert sum(n.op_type == "If" for _, n in scoped_nodes(taken.graph)) == 1
    np.testing.assert_array_equal(run(taken), run(proto))


@pytest.mark.parametrize("condition", ["x", "several"])
def test_a_model_whose_choices_are_open_is_given_back_itself(condition):
    sides = [branch(node(op_type, "x", "r")) for op_type in ("Neg", "Abs")]
    pick = node("If", condition, "y", then_branch=sides[0], else_branch=sides[1])
    proto = build([pick], {"several": np.ones(2, np.bool_)})
    assert take_branches(proto) is proto
