"""What a product sums over goes with what made it; what it makes is new."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import ValueInfoProto, numpy_helper

from tests.onnxio.channels.found import Found, found
from tests.onnxio.channels.rules.chains import IMAGE, ROWS, images, rows
from tests.onnxio.graphs_by_code import build, node, value
from tests.onnxio.quantize.nets import normal


def weight_shapes(channels: Found, removed: dict[str, tuple[int, ...]]) -> dict[str, list[int]]:
    proto = channels.graph.cut({channels.groups[name].id: at for name, at in removed.items()})
    return {tensor.name: list(tensor.dims) for tensor in proto.graph.initializer}


def test_a_convolution_and_its_bias_lose_rows_and_the_next_one_columns(tmp_path: Path) -> None:
    channels = images([node("Relu", "a", "b")], tmp_path)
    shapes = weight_shapes(channels, {"first": (1, 4, 5)})
    assert shapes == {"w1": [5, 3, 1, 1], "b1": [5], "w2": [4, 5, 1, 1]}
    group = channels.groups["first"]
    assert (group.kind, group.producers, group.consumers) == ("channel", ("first",), ("last",))


def test_a_depthwise_convolution_passes_channels_on(tmp_path: Path) -> None:
    between = [node("Conv", "a w3", "b", name="deep", group=8)]
    channels = images(between, tmp_path, {"w3": normal(16, 1, 3, 3, seed=5)}, taken=16)
    group = channels.groups["first"]
    assert (group.size, group.width, group.producers) == (8, 1, ("first", "deep"))
    deep = channels.graph.products[1]
    assert (deep.depthwise, deep.groups, deep.weight_input_axis) == (True, 8, None)
    assert [block.tolist() for block in channels.graph.producer_blocks(group.id, deep)[:2]] == [
        [0, 1],
        [2, 3],
    ]
    assert channels.worst() < 1e-5
    cut = channels.graph.cut({group.id: (0,)})
    (groups,) = (
        one.i for n in cut.graph.node for one in n.attribute if one.name == "group" and one.i > 1
    )
    assert groups == 7


def test_a_convolution_in_groups_loses_whole_groups(tmp_path: Path) -> None:
    between = [node("Conv", "a w3", "b", name="grouped", group=4)]
    channels = images(between, tmp_path, {"w3": normal(12, 2, 1, 1, seed=5)}, taken=12)
    assert channels.sizes == {"first": 4}
    assert channels.groups["first"].width == 2
    assert channels.groups["first"].step == 8
    assert not channels.graph.products[1].depthwise
    assert channels.worst() < 1e-5


def test_a_convolution_in_groups_of_the_image_stays(tmp_path: Path) -> None:
    nodes = [node("Conv", "x w", "a", name="deep", group=3), node("Conv", "a w2", "y", name="last")]
    weights = {"w": normal(6, 1, 3, 3), "w2": normal(4, 6, 1, 1)}
    proto = build(nodes, weights, [value("x", "N", 3, 6, 6)], [value("y", "N", 4, 4, 4)])
    channels = found(proto, {"x": IMAGE}, tmp_path)
    assert channels.sizes == {}
    assert channels.reasons["deep"] == "Conv a takes what the model is fed"


@pytest.mark.parametrize(("groups", "size"), [(1, 8), (4, 4)])
def test_a_transposed_convolution_has_its_inputs_first(
    groups: int, size: int, tmp_path: Path
) -> None:
    between = [
        node("ConvTranspose", "a w3 b3", "c", name="up", group=groups, strides=[2, 2]),
        node("Relu", "c", "b"),
    ]
    weights = {"w3": normal(8, 12 // groups, 2, 2, seed=5), "b3": normal(12, seed=6)}
    channels = images(between, tmp_path, weights, taken=12)
    assert channels.sizes == ({"first": 8, "up": 12} if groups == 1 else {"first": size})
    assert channels.worst() < 1e-5


@pytest.mark.parametrize("flipped", [0, 1])
def test_a_matrix_product_with_its_bias_may_be_transposed(flipped: int, tmp_path: Path) -> None:
    nodes = [
        node("Gemm", "x w1 b1", "a", name="first", transB=flipped),
        node("Relu", "a", "b"),
        node("Gemm", "b w2 b2", "y", name="last", transB=flipped),
    ]
    matrices = {"w1": normal(8, 6, seed=1), "w2": normal(4, 8, seed=2)}
    weights = {name: w if flipped else np.ascontiguousarray(w.T) for name, w in matrices.items()}
    biases = {"b1": normal(8, seed=3), "b2": normal(1, 4, seed=4)}
    proto = build(nodes, weights | biases, [value("x", "N", 6)], [value("y", "N", 4)])
    channels = found(proto, {"x": normal(3, 6)}, tmp_path)
    assert channels.sizes == {"first": 8}
    product = channels.graph.products[1]
    axes = (product.weight_input_axis, product.weight_output_axis)
    assert axes == ((1, 0) if flipped else (0, 1))
    assert product.bias == "b2"
    assert channels.worst() < 1e-5


def test_the_bias_that_is_added_after_a_product_is_its_own(tmp_path: Path) -> None:
    channels = rows([node("Add", "bias a", "b")], tmp_path, {"bias": normal(8, seed=4)})
    assert [product.bias for product in channels.graph.products] == ["bias", None]


def test_a_bias_that_is_added_elsewhere_too_is_nobodys_own(tmp_path: Path) -> None:
    between = [node("Add", "bias a", "c"), node("Relu", "c", "d"), node("Add", "d bias", "b")]
    channels = rows(between, tmp_path, {"bias": normal(8, seed=4)})
    assert channels.graph.products[0].bias is None
    assert channels.worst() < 1e-5


def test_a_weight_may_be_on_the_left(tmp_path: Path) -> None:
    nodes = [
        node("MatMul", "w1 x", "a", name="first"),
        node("Relu", "a", "b"),
        node("MatMul", "w2 b", "y", name="last"),
    ]
    weights = {"w1": normal(8, 5, seed=1), "w2": normal(4, 8, seed=2)}
    proto = build(nodes, weights, [value("x", "N", 5, 6)], [value("y", "N", 4, 6)])
    channels = found(proto, {"x": ROWS}, tmp_path)
    assert channels.sizes == {"first": 8}
    first = channels.graph.products[0]
    assert (first.data, first.data_axis, first.output_axis) == ("x", 1, 1)
    assert channels.worst() < 1e-5


def test_a_product_of_two_activations_is_masked_in_front_of_it(tmp_path: Path) -> None:
    """Attention with a single head: what query and key are multiplied over has no weights."""
    nodes = [
        node("MatMul", "x wq", "q", name="query"),
        node("MatMul", "x wk", "k", name="key"),
        node("Transpose", "k", "kt", perm=[0, 2, 1]),
        node("MatMul", "q kt", "s"),
        node("Softmax", "s", "p", axis=-1),
        node("MatMul", "x wv", "v", name="value"),
        node("MatMul", "p v", "m"),
        node("MatMul", "m wo", "y", name="out"),
    ]
    weights = {name: normal(6, 8, seed=at) for at, name in enumerate(("wq", "wk", "wv"))}
    weights["wo"] = normal(8, 4, seed=9)
    proto = build(nodes, weights, [value("x", "N", 5, 6)], [value("y", "N", 5, 4)])
    channels = found(proto, {"x": ROWS}, tmp_path)
    assert channels.sizes == {"query": 8, "value": 8}
    assert channels.groups["query"].producers == ("query", "key")
    assert channels.worst() < 1e-5
    masked = channels.graph.masked({channels.groups["query"].id: (3,)})
    assert "Mul" in {n.op_type for n in masked.graph.node}


def test_layers_that_share_a_weight_are_cut_alike(tmp_path: Path) -> None:
    """What the second use makes is what it takes, so that all three tensors go together."""
    nodes = [
        node("MatMul", "x w1", "a", name="first"),
        node("MatMul", "a w", "b", name="tied"),
        node("Relu", "b", "c"),
        node("MatMul", "c w", "d", name="again"),
        node("MatMul", "d w2", "y", name="last"),
    ]
    weights = {"w1": normal(6, 8, seed=1), "w": normal(8, 8, seed=2), "w2": normal(8, 4, seed=3)}
    proto = build(nodes, weights, [value("x", "N", 5, 6)], [value("y", "N", 5, 4)])
    channels = found(proto, {"x": ROWS}, tmp_path)
    assert channels.sizes == {"first": 8}
    shapes = weight_shapes(channels, {"first": (0, 7)})
    assert shapes == {"w1": [6, 6], "w": [6, 6], "w2": [6, 4]}
    assert channels.worst() < 1e-5


def test_a_constant_that_two_layers_share_ties_them(tmp_path: Path) -> None:
    nodes = [
        node("Conv", "x w1 c", "a", name="one"),
        node("Conv", "a w2 c", "b", name="two"),
        node("Conv", "b w3", "y", name="last"),
    ]
    weights = {
        "w1": normal(8, 3, 1, 1), "w2": normal(8, 8, 1, 1), "w3": normal(4, 8, 1, 1),
        "c": normal(8),
    }  # fmt: skip
    proto = build(nodes, weights, [value("x", "N", 3, 6, 6)], [value("y", "N", 4, 6, 6)])
    channels = found(proto, {"x": IMAGE}, tmp_path)
    assert channels.sizes == {"one": 8}
    assert channels.worst() < 1e-5


def test_a_table_that_is_looked_up_makes_channels(tmp_path: Path) -> None:
    nodes = [
        node("Gather", "table ids", "a", name="words"),
        node("ReduceMean", "a", "b", axes=[1], keepdims=0),
        node("Gemm", "b w", "y", name="last"),
    ]
    weights = {"table": normal(20, 8), "w": normal(8, 4)}
    ids = value("ids", "N", 5, dtype=7)
    proto = build(nodes, weights, [ids], [value("y", "N", 4)])
    channels = found(proto, {"ids": np.arange(10).reshape(2, 5)}, tmp_path)
    assert channels.sizes == {"words": 8}
    assert channels.worst() < 1e-5


def test_masking_zeroes_what_consumers_take_and_nothing_else(tmp_path: Path) -> None:
    channels = images([node("Sigmoid", "a", "b")], tmp_path)
    masked = channels.graph.masked({channels.groups["first"].id: (2,)})
    weights = {one.name: numpy_helper.to_array(one) for one in masked.graph.initializer}
    before = {
        one.name: numpy_helper.to_array(one) for one in channels.graph.proto.graph.initializer
    }
    assert np.array_equal(weights["w1"], before["w1"])
    assert np.array_equal(weights["b1"], before["b1"])
    assert not weights["w2"][:, 2].any()
    assert np.array_equal(np.delete(weights["w2"], 2, 1), np.delete(before["w2"], 2, 1))


def test_a_convolution_in_groups_by_a_kernel_that_is_fed_locks_what_it_slides_over(
    tmp_path: Path,
) -> None:
    between = [node("Conv", "a k", "b", name="slid", group=8)]
    held = {"w1": normal(8, 3, 1, 1, seed=1), "w2": normal(4, 8, 1, 1, seed=3)}
    nodes = [
        node("Conv", "x w1", "a", name="first"),
        *between,
        node("Conv", "b w2", "y", name="last"),
    ]
    inputs = [value("x", "N", 3, 6, 6), value("k", 8, 1, 3, 3)]
    proto = build(nodes, held, inputs, [ValueInfoProto(name="y")])

    channels = found(proto, {"x": IMAGE, "k": normal(8, 1, 3, 3, seed=4)}, tmp_path)

    assert channels.sizes == {}
    assert any("by what is computed" in one.reason for one in channels.graph.map.locked)


def test_a_transposed_convolution_in_groups_of_the_image_stays(tmp_path: Path) -> None:
    nodes = [
        node("ConvTranspose", "x w", "a", name="wide", group=3),
        node("Conv", "a w2", "y", name="last"),
    ]
    held = {"w": normal(3, 2, 2, 2, seed=1), "w2": normal(4, 6, 1, 1, seed=2)}
    proto = build(nodes, held, [value("x", "N", 3, 6, 6)], [ValueInfoProto(name="y")])

    assert found(proto, {"x": IMAGE}, tmp_path).sizes == {}
