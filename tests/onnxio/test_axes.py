from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from sparsify_tui.core.structures import WeightAxes
from sparsify_tui.onnxio.axes import LayerAxes
from sparsify_tui.onnxio.read import read_model
from tests.onnxio.bodies_by_code import CHOICE, branch, choice
from tests.onnxio.graphs_by_code import build, constant, load, node, random, value

ROWS = [value("x", "N", 8)]
IMAGE = [value("x", "N", 8, 6, 6)]
TOKENS = [value("x", "N", 5, 8)]
MICROSOFT = "com.microsoft"


def axes_of(proto, folder):
    """Of the one layer that can be pruned."""
    loaded = load(proto, folder)
    (layer,) = read_model(loaded).prunable
    return LayerAxes(loaded)(layer)


def outputs_moved(nodes, weight, inputs, axis, index, shape):
    """Indices of each output axis at which anything is left when `weight` has one index only."""
    kept = np.zeros_like(weight)
    at = tuple(index if one == axis else slice(None) for one in range(weight.ndim))
    kept[at] = np.abs(weight[at]) + 1
    proto = build(nodes, {"w": kept}, inputs)
    proto.opset_import.append(helper.make_opsetid(MICROSOFT, 1))
    session = ort.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"x": np.ones(shape, np.float32)})
    return [np.unique(axis).tolist() for axis in np.nonzero(found)]


CASES = {
    "Conv": ([node("Conv", "x w", "y")], (12, 8, 3, 3), IMAGE, (2, 8, 6, 6), 1),
    "grouped Conv": ([node("Conv", "x w", "y", group=4)], (12, 2, 3, 3), IMAGE, (2, 8, 6, 6), 1),
    "depthwise": ([node("Conv", "x w", "y", group=8)], (8, 1, 3, 3), IMAGE, (2, 8, 6, 6), 1),
    "ConvTranspose": ([node("ConvTranspose", "x w", "y")], (8, 5, 2, 2), IMAGE, (2, 8, 6, 6), 1),
    "MatMul": ([node("MatMul", "x w", "y")], (8, 5), TOKENS, (2, 5, 8), 2),
    "batched MatMul": ([node("MatMul", "x w", "y")], (2, 8, 3), TOKENS, (2, 5, 8), 2),
    "MatMul, left": ([node("MatMul", "w x", "y")], (3, 5), TOKENS, (2, 5, 8), 1),
    "Gemm": ([node("Gemm", "x w", "y")], (8, 5), ROWS, (2, 8), 1),
    "Gemm, transB": ([node("Gemm", "x w", "y", transB=1)], (5, 8), ROWS, (2, 8), 1),
    "Gemm, left": ([node("Gemm", "w x", "y")], (5, 2), ROWS, (2, 8), 0),
    "Gemm, left, transA": ([node("Gemm", "w x", "y", transA=1)], (2, 5), ROWS, (2, 8), 0),
    "FusedMatMul, transB": (
        [node("FusedMatMul", "x w", "y", domain=MICROSOFT, transB=1)],
        (5, 8), TOKENS, (2, 5, 8), 2,
    ),
    "transposed": (
        [node("Transpose", "w", "t", perm=[1, 0]), node("MatMul", "x t", "y")],
        (5, 8), TOKENS, (2, 5, 8), 2,
    ),
    "transposed by default": (
        [node("Transpose", "w", "t"), node("Identity", "t", "u"), node("MatMul", "x u", "y")],
        (5, 8), TOKENS, (2, 5, 8), 2,
    ),
    "reshaped to a convolution of one position": (
        [constant("s", np.array([12, 8, 1, -1])), node("Reshape", "w s", "r"),
         node("Conv", "x r", "y")],
        (12, 8), IMAGE, (2, 8, 6, 6), 1,
    ),
    "reshaped with sizes kept": (
        [constant("s", np.array([0, -1])), node("Reshape", "w s", "r"), node("MatMul", "x r", "y")],
        (8, 5, 1, 1), TOKENS, (2, 5, 8), 2,
    ),
    "flattened": (
        [node("Flatten", "w", "f", axis=1), node("Gemm", "x f", "y", transB=1)],
        (5, 8, 1), ROWS, (2, 8), 1,
    ),
    "squeezed": (
        [constant("a", np.array([-1, 1])), node("Squeeze", "w a", "q"), node("MatMul", "x q", "y")],
        (8, 1, 5, 1), TOKENS, (2, 5, 8), 2,
    ),
    "squeezed of all ones": (
        [node("Squeeze", "w", "q"), node("Conv", "x q", "y")],
        (1, 12, 8, 3, 3), IMAGE, (2, 8, 6, 6), 1,
    ),
    "transposed and reshaped": (
        [node("Transpose", "w", "t", perm=[1, 2, 0]), constant("s", np.array([8, 5])),
         node("Reshape", "t s", "r"), node("MatMul", "x r", "y")],
        (5, 8, 1), TOKENS, (2, 5, 8), 2,
    ),
    "unsqueezed": (
        [constant("a", np.array([-1, 2])), node("Unsqueeze", "w a", "q"),
         node("Conv", "x q", "y")],
        (12, 8), IMAGE, (2, 8, 6, 6), 1,
    ),
    "a slice of more": (
        [constant("from", np.array([4])), constant("to", np.array([9])),
         constant("a", np.array([1])), node("Slice", "w from to a", "s"),
         constant("e", np.array([8, 5])), node("Reshape", "s e", "r"),
         node("Transpose", "r", "t"), node("Gemm", "x t", "y", transB=1)],
        (8, 12), ROWS, (2, 8), 1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_one_index_of_the_outputs_axis_moves_one_output(tmp_path, case):
    """As the runtime computes it: the rest of the weight being zero, so are the other outputs."""
    nodes, shape, inputs, fed, channel_axis = CASES[case]
    weight = random(*shape)
    proto = build(nodes, {"w": weight}, inputs)
    proto.opset_import.append(helper.make_opsetid(MICROSOFT, 1))
    axes = axes_of(proto, tmp_path)
    offset = 4 if case.startswith("a slice") else 0
    for output in range(3):
        index = output + offset
        moved = outputs_moved(nodes, weight, inputs, axes.outputs, index, fed)
        assert moved[channel_axis] == [output]
    assert axes.groups == 1


def test_the_inputs_axis_has_one_index_for_each_channel_that_comes_in(tmp_path):
    for case in ("Conv", "ConvTranspose", "MatMul", "Gemm", "Gemm, transB", "transposed"):
        nodes, shape, inputs, _, _ = CASES[case]
        assert shape[axes_of(build(nodes, {"w": random(*shape)}, inputs), tmp_path).inputs] == 8


def test_a_grouped_transposed_convolution_says_its_groups(tmp_path):
    nodes = [node("ConvTranspose", "x w", "y", group=4)]
    axes = axes_of(build(nodes, {"w": random(8, 3, 2, 2)}, IMAGE), tmp_path)
    assert axes == WeightAxes(outputs=1, inputs=0, groups=4)


def test_a_quantised_weight_has_the_axes_of_its_numbers(tmp_path):
    nodes = [
        node("DequantizeLinear", "q s", "d", axis=0),
        node("Transpose", "d", "t"),
        node("MatMul", "x t", "y"),
    ]
    weights = {"q": np.ones((5, 8), np.int8), "s": np.ones(5, np.float32)}
    assert axes_of(build(nodes, weights), tmp_path) == WeightAxes(outputs=0, inputs=1)


@pytest.mark.parametrize(
    ("op_type", "inputs", "axes"),
    [
        ("QLinearConv", "u s z q s z s z", WeightAxes(outputs=0, inputs=1)),
        ("ConvInteger", "u q", WeightAxes(outputs=0, inputs=1)),
    ],
)
def test_integer_operators_have_the_axes_of_what_they_compute(tmp_path, op_type, inputs, axes):
    weights = {
        "q": np.ones((4, 8, 3, 3), np.uint8),
        "s": np.float32(1),
        "z": np.array(0, np.uint8),
    }
    image = [value("u", 1, 8, 6, 6, dtype=TensorProto.UINT8)]
    assert axes_of(build([node(op_type, inputs, "y")], weights, image), tmp_path) == axes


def test_axes_that_a_reshape_joins_or_parts_are_unknown(tmp_path):
    nodes = [
        constant("s", np.array([8, 6])),
        node("Reshape", "w s", "r"),
        node("MatMul", "x r", "y"),
    ]
    joined = axes_of(build(nodes, {"w": random(8, 2, 3)}), tmp_path)
    assert joined == WeightAxes(outputs=None, inputs=0)
    parted = axes_of(build(nodes, {"w": random(4, 2, 6)}), tmp_path)
    assert parted == WeightAxes(outputs=2, inputs=None)


def test_a_reshape_to_a_computed_shape_is_not_guessed(tmp_path):
    nodes = [node("Reshape", "w s", "r"), node("MatMul", "x r", "y")]
    inputs = [value("x", "N", 8), value("s", 2, dtype=TensorProto.INT64)]
    loaded = load(build(nodes, {"w": random(8, 6)}, inputs), tmp_path)
    assert all(LayerAxes(loaded)(layer) == WeightAxes() for layer in read_model(loaded).layers)


def test_a_tied_weight_has_axes_where_all_products_agree(tmp_path):
    weights = {"w": random(8, 8), "i": np.array([1, 2])}
    first = node("MatMul", "x w", "a")
    back = [node("Transpose", "w", "t"), node("MatMul", "a t", "y")]
    agreeing = build([first, node("MatMul", "a w", "y")], weights)
    assert axes_of(agreeing, tmp_path) == WeightAxes(outputs=1, inputs=0)
    assert axes_of(build([first, *back], weights), tmp_path) == WeightAxes()
    looked_up = [node("Gather", "w i", "g"), node("Add", "x g", "a"), node("MatMul", "a w", "y")]
    proto = build(looked_up, weights, [value("x", 2, 8)])
    assert axes_of(proto, tmp_path) == WeightAxes(outputs=1, inputs=0)


def test_a_weight_in_a_branch_and_one_that_a_branch_takes_from_outside_are_found(tmp_path):
    inner = branch(node("Gemm", "x w", "r", transB=1), w=random(4, 8))
    outer = branch(node("MatMul", "x v", "r"))
    proto = build([choice(inner, outer)], {"v": random(8, 4)}, CHOICE)
    loaded = load(proto, tmp_path)
    found = {tuple(layer.shape): LayerAxes(loaded)(layer) for layer in read_model(loaded).prunable}
    assert found == {
        (4, 8): WeightAxes(outputs=0, inputs=1),
        (8, 4): WeightAxes(outputs=1, inputs=0),
    }
