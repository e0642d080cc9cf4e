"""The int8 copy computes nearly the same, by integer kernels, behind the same interface."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, helper

from sparsify_tui.onnxio.quantize import Ranges, quantize
from tests.onnxio.graphs_by_code import build, node, value
from tests.onnxio.quantize.nets import IMAGES, ROWS, normal, products, residual
from tests.onnxio.quantize.running import case, kernels, relative, run

INTEGER_PRODUCTS = ("MatMulIntegerToFloat", "QLinearMatMul", "QGemm")


def of_type(proto: ModelProto, op_type: str) -> list[onnx.NodeProto]:
    return [n for n in proto.graph.node if n.op_type == op_type]


def initializers(proto: ModelProto, dtype: int) -> list[str]:
    return [t.name for t in proto.graph.initializer if t.data_type == dtype and t.dims]


def test_every_chosen_layer_runs_an_integer_kernel(tmp_path: Path) -> None:
    net = case(residual(), tmp_path, IMAGES)
    quantized = net.int8()
    ran = kernels(quantized, IMAGES)
    assert net.ids == ("conv1", "conv2", "conv3", "fc")
    assert (ran["QLinearConv"], ran["QGemm"]) == (3, 1)
    assert net.error(quantized) < 0.05


def test_products_take_rounded_inputs_and_give_float(tmp_path: Path) -> None:
    net = case(products(), tmp_path, ROWS)
    quantized = net.int8()
    ran = kernels(quantized, ROWS)
    assert sum(ran[name] for name in INTEGER_PRODUCTS) == 3
    assert ran["MatMul"] == 0
    assert net.error(quantized) < 0.05
    onnx.checker.check_model(quantized, full_check=True)


def test_only_chosen_layers_are_rounded(tmp_path: Path) -> None:
    net = case(residual(), tmp_path, IMAGES)
    ran = kernels(net.int8(["conv3"]), IMAGES)
    assert (ran["QLinearConv"], ran["QGemm"]) == (1, 0)


def test_nothing_chosen_leaves_the_float_form(tmp_path: Path) -> None:
    net = case(residual(), tmp_path, IMAGES)
    assert net.int8([]).graph == net.prepared.proto.graph


def test_the_prepared_model_stays_as_it_is(tmp_path: Path) -> None:
    net = case(residual(), tmp_path, IMAGES)
    before = net.prepared.proto.SerializeToString(deterministic=True)
    net.int8()
    assert net.prepared.proto.SerializeToString(deterministic=True) == before


def test_the_addition_between_int8_layers_is_int8_only_where_asked_for(tmp_path: Path) -> None:
    net = case(_two_blocks(), tmp_path, IMAGES)
    assert kernels(net.int8(), IMAGES)["QLinearAdd"] == 2
    assert kernels(net.int8(between=False), IMAGES)["QLinearAdd"] < 2


def _two_blocks() -> ModelProto:
    nodes = [
        node("Conv", "x w0", "c0", name="stem"),
        node("Conv", "c0 w1", "c1", name="one"),
        node("Add", "c0 c1", "a1", name="add1"),
        node("Conv", "a1 w2", "c2", name="two"),
        node("Add", "a1 c2", "a2", name="add2"),
        node("Conv", "a2 w3", "y", name="head"),
    ]
    weights = {"w0": normal(16, 3, 1, 1, seed=1)} | {
        f"w{n}": normal(16, 16, 1, 1, seed=n + 1, spread=0.25) for n in (1, 2, 3)
    }
    outputs = [value("y", "N", 16, 12, 12)]
    return build(nodes, weights, [value("x", "N", 3, 12, 12)], outputs)


def test_a_relu_after_the_layer_is_part_of_its_kernel(tmp_path: Path) -> None:
    net = case(residual(), tmp_path, IMAGES)
    assert kernels(net.int8(), IMAGES)["Relu"] == 0


@pytest.mark.parametrize("clamp", ["Relu", "Clip"])
def test_a_product_before_a_clamp_and_float_work_runs_in_int8(tmp_path: Path, clamp: str) -> None:
    """onnxruntime would otherwise keep such a product in float, between two conversions."""
    limits = " low high" if clamp == "Clip" else ""
    nodes = [
        node("Gemm", "x w", "g", name="fc"),
        node(clamp, f"g{limits}", "r", name="clamp"),
        node("Softmax", "r", "y", name="softmax"),
    ]
    weights = {"w": normal(8, 16, seed=1), "low": np.float32(0), "high": np.float32(4)}
    feeds = {"x": normal(4, 8, seed=2)}
    net = case(build(nodes, weights, outputs=[value("y", "N", 16)]), tmp_path, feeds)
    assert kernels(net.int8(), feeds)["QGemm"] == 1
    assert net.error(net.int8()) < 0.05


def test_outputs_of_the_model_keep_name_and_type(tmp_path: Path) -> None:
    """Also where a convolution makes one that another layer takes."""
    nodes = [
        node("Conv", "x w1", "c1", name="one"),
        node("Conv", "c1 w2", "c2", name="two"),
    ]
    weights = {"w1": normal(16, 3, 1, 1), "w2": normal(16, 16, 1, 1, seed=1, spread=0.3)}
    outputs = [value(name, "N", 16, 12, 12) for name in ("c1", "c2")]
    proto = build(nodes, weights, [value("x", "N", 3, 12, 12)], outputs)
    net = case(proto, tmp_path, IMAGES)
    quantized = net.int8()
    assert list(quantized.graph.output) == list(net.prepared.proto.graph.output)
    assert list(quantized.graph.input) == list(net.prepared.proto.graph.input)
    assert kernels(quantized, IMAGES)["QLinearConv"] == 2
    assert net.error(quantized) < 0.05


def test_a_tied_weight_is_one_layer_with_a_copy_for_each_scale(tmp_path: Path) -> None:
    """Equal biases are no reason for a copy; the large bias asks for another weight scale."""
    nodes = [
        node("MatMul", "x w", "m1", name="one"),
        node("Tanh", "m1", "t1", name="tanh"),
        node("MatMul", "t1 w", "m2", name="two"),
        node("Sigmoid", "m2", "t2", name="sigmoid"),
        node("Gemm", "t2 w large", "y", name="three"),
    ]
    weights = {"w": normal(8, 8, spread=0.3), "large": np.full(8, 1e7, np.float32)}
    feeds = {"x": normal(4, 8, seed=1)}
    net = case(build(nodes, weights, outputs=[value("y", "N", 8)]), tmp_path, feeds)
    quantized = net.int8()
    (layer,) = net.layers
    assert len(layer.outputs) == 3
    int8 = [name for name in initializers(quantized, TensorProto.INT8) if "zero" not in name]
    assert len(int8) == 2
    assert "w" not in {tensor.name for tensor in quantized.graph.initializer}
    assert sum(kernels(quantized, feeds)[name] for name in INTEGER_PRODUCTS) == 3


def test_a_large_bias_does_not_overflow(tmp_path: Path) -> None:
    """An int32 in units of the product of scales would wrap where the weights are tiny."""
    nodes = [node("Conv", "x w b", "y", name="conv")]
    weights = {"w": normal(4, 3, 1, 1, spread=1e-9), "b": np.full(4, 50, np.float32)}
    shapes = [value("x", "N", 3, 12, 12)], [value("y", "N", 4, 12, 12)]
    net = case(build(nodes, weights, *shapes), tmp_path, IMAGES)
    assert net.error(net.int8()) < 0.01


def test_a_body_that_needs_the_output_of_a_layer_still_gets_it(tmp_path: Path) -> None:
    branch = helper.make_graph(
        [node("Mul", "c c", "square")], "then", [], [onnx.ValueInfoProto(name="square")]
    )
    other = helper.make_graph(
        [node("Neg", "c", "minus")], "else", [], [onnx.ValueInfoProto(name="minus")]
    )
    nodes = [
        node("Conv", "x w", "c", name="conv"),
        node("Relu", "c", "r", name="relu"),
        node("If", "flag", "i", name="if", then_branch=branch, else_branch=other),
        node("Add", "r i", "y", name="add"),
    ]
    inputs = [value("x", "N", 3, 12, 12), value("flag", dtype=TensorProto.BOOL)]
    proto = build(nodes, {"w": normal(4, 3, 1, 1)}, inputs, [value("y", "N", 4, 12, 12)])
    for flag in (True, False):
        net = case(proto, tmp_path, {**IMAGES, "flag": np.array(flag)})
        assert kernels(net.int8(), net.feeds)["QLinearConv"] == 1
        assert net.error(net.int8()) < 0.05


def test_a_layer_whose_input_was_never_seen_stays_float(tmp_path: Path) -> None:
    net = case(residual(), tmp_path, IMAGES)
    nothing = quantize(net.prepared, net.layers, Ranges.empty(), net.ids)
    assert nothing.graph == net.prepared.proto.graph


def test_work_between_layers_that_was_never_seen_stays_float(tmp_path: Path) -> None:
    net = case(residual(), tmp_path, IMAGES)
    bounds = {name: bound for name, bound in net.ranges.bounds.items() if name != "g"}
    ranges = replace(net.ranges, bounds=bounds)
    ran = kernels(quantize(net.prepared, net.layers, ranges, net.ids), IMAGES)
    assert (ran["QLinearConv"], ran["QLinearGlobalAveragePool"]) == (3, 0)


def test_names_that_are_taken_are_left_alone(tmp_path: Path) -> None:
    """Every name that int8 would give to something new is a weight of the model already."""
    suffixes = ("int8", "scale", "zero", "rounded", "float")
    taken = [f"{tensor}__{suffix}" for tensor in ("x", "w", "c") for suffix in suffixes]
    sums = [node("Add", f"s{n} {name}", f"s{n + 1}") for n, name in enumerate(taken)]
    nodes = [node("Conv", "x w", "c", name="conv"), node("Neg", "c", "s0"), *sums]
    ends = [node("Identity", f"s{len(taken)}", "y")]
    weights = {name: normal(4, 1, 1, seed=n) for n, name in enumerate(taken)}
    weights["w"] = normal(4, 3, 1, 1)
    shapes = [value("x", "N", 3, 12, 12)], [value("y", "N", 4, 12, 12)]
    net = case(build([*nodes, *ends], weights, *shapes), tmp_path, IMAGES)
    quantized = net.int8()
    onnx.checker.check_model(quantized, full_check=True)
    assert net.error(quantized) < 0.05


def test_zero_stands_for_zero_and_values_beyond_the_range_for_its_end(tmp_path: Path) -> None:
    nodes = [node("MatMul", "x w", "y", name="fc")]
    proto = build(nodes, {"w": np.eye(8, dtype=np.float32)}, outputs=[value("y", "N", 8)])
    net = case(proto, tmp_path, {"x": np.linspace(1, 2, 16, dtype=np.float32).reshape(2, 8)})
    far = {"x": np.array([[0, 0, -5, 1, 2, 9, 0, 0]], np.float32)}
    expected = np.array([[0, 0, 0, 1, 2, 2, 0, 0]], np.float32)
    assert relative(expected, run(net.int8(), far)["y"]) < 0.01


def test_a_range_below_zero_reaches_to_zero(tmp_path: Path) -> None:
    nodes = [node("MatMul", "x w", "y", name="fc")]
    proto = build(nodes, {"w": np.eye(8, dtype=np.float32)}, outputs=[value("y", "N", 8)])
    net = case(proto, tmp_path, {"x": np.linspace(-2, -1, 16, dtype=np.float32).reshape(2, 8)})
    far = {"x": np.array([[0, 0, -5, -1, -2, 9, 0, 0]], np.float32)}
    expected = np.array([[0, 0, -2, -1, -2, 0, 0, 0]], np.float32)
    assert relative(expected, run(net.int8(), far)["y"]) < 0.01


def test_a_tensor_of_zeros_does_no_harm(tmp_path: Path) -> None:
    net = case(residual(), tmp_path, {"x": np.zeros((1, 3, 12, 12), np.float32)})
    assert net.error(net.int8()) < 0.05


def test_work_that_ends_in_float_takes_the_float_form(tmp_path: Path) -> None:
    """Of a tensor that only a product takes rounded; and so does one with a constant factor."""
    nodes = [
        node("LayerNormalization", "x gain", "n", name="norm"),
        node("MatMul", "n w", "a", name="one"),
        node("Sigmoid", "n", "s", name="gate"),
        node("Mul", "n factors", "f", name="scale"),
        node("MatMul", "f w", "b", name="two"),
        node("Concat", "a b s", "y", name="end", axis=-1),
    ]
    weights = {"gain": np.ones(8, np.float32), "w": normal(8, 8), "factors": normal(8, seed=1)}
    feeds = {"x": normal(4, 8, seed=2)}
    net = case(build(nodes, weights, outputs=[value("y", "N", 24)]), tmp_path, feeds)
    by_name = {n.name: n for n in net.int8().graph.node}
    assert by_name["a"].input[0] != "n"
    assert by_name["s"].input[0] == "n"
    assert by_name["f"].input[0] == "n"


def test_a_resizing_is_no_reason_to_round(tmp_path: Path) -> None:
    nodes = [
        node("Conv", "x w", "c", name="conv"),
        node("Resize", "c  scales", "r", name="resize"),
        node("GlobalAveragePool", "r", "g", name="pool"),
        node("Flatten", "g", "f", name="flatten"),
        node("Gemm", "f v", "y", name="fc"),
    ]
    nodes[1].input[:] = ["c", "", "scales"]
    scales = np.array([1, 1, 2, 2], np.float32)
    weights = {"w": normal(16, 3, 1, 1), "v": normal(16, 4, seed=1), "scales": scales}
    proto = build(nodes, weights, [value("x", "N", 3, 12, 12)], [value("y", "N", 4)])
    net = case(proto, tmp_path, IMAGES)
    assert kernels(net.int8(), IMAGES)["QLinearGlobalAveragePool"] == 0
    assert net.error(net.int8()) < 0.05


def test_a_weight_that_is_also_an_output_stays(tmp_path: Path) -> None:
    nodes = [node("MatMul", "x w", "y", name="fc")]
    outputs = [value("y", "N", 4), value("w", 8, 4)]
    net = case(build(nodes, {"w": normal(8, 4)}, outputs=outputs), tmp_path, {"x": normal(2, 8)})
    assert net.error(net.int8()) < 0.05


def test_a_pooling_keeps_the_scale_of_what_it_takes(tmp_path: Path) -> None:
    nodes = [
        node("Conv", "x w1", "c", name="one"),
        node("MaxPool", "c", "p", name="pool", kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", "p w2", "y", name="two"),
    ]
    weights = {"w1": normal(16, 3, 1, 1), "w2": normal(16, 16, 1, 1, seed=1, spread=0.3)}
    shapes = [value("x", "N", 3, 12, 12)], [value("y", "N", 16, 6, 6)]
    net = case(build(nodes, weights, *shapes), tmp_path, IMAGES)
    ran = kernels(net.int8(), IMAGES)
    assert ran["QuantizeLinear"] == ran["DequantizeLinear"] == 1
    assert net.error(net.int8()) < 0.05
