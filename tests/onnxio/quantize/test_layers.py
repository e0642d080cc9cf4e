"""Layers of the prepared graph are those of the file, and each refusal has a reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper

from sparsify_tui.onnxio.quantize import (
    observed_tensors,
    prepare,
    quantizable_layers,
    why_not,
)
from sparsify_tui.onnxio.read import read_model
from tests.onnxio.graphs_by_code import build, load, node, value
from tests.onnxio.quantize.nets import IMAGES, ROWS, batch_norm, normal, products, residual
from tests.onnxio.quantize.running import Case, case, simplify

IMAGE = value("x", "N", 3, 12, 12)


def reasons(proto: ModelProto, folder: Path) -> dict[str, str]:
    """By layer; every prunable layer either can be int8 or has a reason."""
    loaded = load(proto, folder)
    model = read_model(loaded)
    prepared = prepare(loaded, simplify)
    able = {layer.id for layer in quantizable_layers(prepared, model, {})}
    unable = why_not(prepared, model)
    assert able.isdisjoint(unable)
    assert able | unable.keys() == {layer.id for layer in model.prunable}
    return dict(unable)


def layers(net: Case) -> dict[str, tuple[str, ...]]:
    return {str(layer.id): layer.outputs for layer in net.layers}


def test_a_layer_is_found_behind_the_batch_norm_that_was_folded_into_it(tmp_path: Path) -> None:
    """The runtime names the convolution's output after the BatchNorm's."""
    net = case(residual(), tmp_path, IMAGES)
    assert layers(net) == {"conv1": ("b1",), "conv2": ("c2",), "conv3": ("c3",), "fc": ("y",)}


def test_a_layer_is_found_behind_the_addition_that_was_merged_with_it(tmp_path: Path) -> None:
    nodes = [node("MatMul", "x w", "m", name="fc"), node("Add", "m b", "y", name="bias")]
    proto = build(nodes, {"w": normal(8, 4), "b": normal(4)}, outputs=[value("y", "N", 4)])
    net = case(proto, tmp_path, {"x": normal(2, 8)})
    assert layers(net) == {"fc": ("y",)}


def test_a_name_that_belongs_to_another_node_does_not_mislead(tmp_path: Path) -> None:
    """Node names are the file's own affair: here they are swapped."""
    proto = residual()
    names = {"conv2": "conv3", "conv3": "conv2"}
    for n in proto.graph.node:
        n.name = names.get(n.name, n.name)
    assert layers(case(proto, tmp_path, IMAGES)) == {
        "conv1": ("b1",), "conv3": ("c2",), "conv2": ("c3",), "fc": ("y",),
    }  # fmt: skip


def test_products_in_three_dimensions_are_found(tmp_path: Path) -> None:
    net = case(products(), tmp_path, ROWS)
    assert list(layers(net)) == ["first", "second", "third"]
    assert {layer.kind for layer in net.layers} == {"matrix"}


@pytest.mark.parametrize(
    ("kind", "weight", "side", "attributes"),
    [
        ("spatial", (4, 3, 3, 3), 12, {}),
        ("pointwise", (4, 3, 1, 1), 12, {}),
        ("depthwise", (3, 1, 3, 3), 12, {"group": 3}),
        ("spatial", (6, 3, 3, 3), 12, {"group": 2}),
        ("squeeze", (4, 3, 1, 1), 1, {}),
    ],
)
def test_the_kind_of_a_convolution(
    tmp_path: Path, kind: str, weight: tuple[int, ...], side: int, attributes: dict[str, int]
) -> None:
    nodes = [node("Conv", "x w", "y", name="conv", **attributes)]
    channels = weight[1] * attributes.get("group", 1)
    proto = build(nodes, {"w": normal(*weight)}, [value("x", "N", channels, side, side)])
    net = case(proto, tmp_path, {"x": normal(2, channels, side, side)})
    (layer,) = net.layers
    assert (layer.kind, layer.op_type) == (kind, "Conv")
    assert layer.input_elements == 2 * channels * side * side


def test_sizes_are_unknown_before_anything_was_observed(tmp_path: Path) -> None:
    net = case(residual(), tmp_path, IMAGES)
    unseen = quantizable_layers(net.prepared, net.model, {})
    assert {layer.input_elements for layer in unseen} == {0}


def test_calibration_observes_what_is_around_layers_and_between_them(
    tmp_path: Path,
) -> None:
    net = case(residual(), tmp_path, IMAGES)
    assert observed_tensors(net.prepared, net.layers) == ("x", "r1", "c2", "r2", "c3", "f", "g")


def test_nothing_is_refused_where_all_can(tmp_path: Path) -> None:
    assert reasons(residual(), tmp_path) == {}


@pytest.mark.parametrize(
    ("reason", "refused", "weights"),
    [
        ("ConvTranspose has no int8 kernel", node("ConvTranspose", "x w", "y"), (3, 4, 2, 2)),
        ("its Gemm scales or transposes its input", node("Gemm", "x w", "y", alpha=0.5), (8, 4)),
        ("its Gemm scales or transposes its input", node("Gemm", "x w", "y", transA=1), (8, 4)),
        ("its weight has 3 dimensions, not 2", node("MatMul", "x w", "y"), (2, 8, 4)),
        (
            "its weight is computed while the model runs, or is the first factor",
            node("MatMul", "w x", "y"),
            (4, 8),
        ),
    ],
)
def test_what_has_no_integer_kernel_is_refused_with_its_reason(
    tmp_path: Path, reason: str, refused: NodeProto, weights: tuple[int, ...]
) -> None:
    inputs = [IMAGE] if len(weights) == 4 else [value("x", 8, 8)]
    proto = build([refused], {"w": normal(*weights)}, inputs)
    assert list(reasons(proto, tmp_path).values()) == [reason]


def test_a_bias_that_varies_is_refused(tmp_path: Path) -> None:
    nodes = [node("Gemm", "x w b", "y", name="fc")]
    inputs = [value("x", "N", 8), value("b", 4)]
    proto = build(nodes, {"w": normal(8, 4)}, inputs)
    assert reasons(proto, tmp_path) == {"fc": "its bias is not one constant for each output"}


@pytest.mark.parametrize(("shape", "allowed"), [((4,), True), ((1, 4), True), ((1,), True),
                                                ((4, 1), False), ((4, 4), False)])  # fmt: skip
def test_a_bias_is_one_number_for_each_output_or_for_all(
    tmp_path: Path, shape: tuple[int, ...], allowed: bool
) -> None:
    nodes = [node("Gemm", "x w b", "y", name="fc")]
    weights = {"w": normal(8, 4), "b": normal(*shape)}
    proto = build(nodes, weights, [value("x", 4, 8)], [value("y", 4, 4)])
    assert ("fc" not in reasons(proto, tmp_path)) is allowed
    if allowed:
        net = case(proto, tmp_path, {"x": normal(4, 8)})
        assert net.error(net.int8()) < 0.05


def test_half_precision_is_refused(tmp_path: Path) -> None:
    nodes = [node("MatMul", "x w", "y", name="fc")]
    inputs = [value("x", "N", 8, dtype=TensorProto.FLOAT16)]
    outputs = [value("y", "N", 4, dtype=TensorProto.FLOAT16)]
    proto = build(nodes, {"w": normal(8, 4).astype(np.float16)}, inputs, outputs)
    assert reasons(proto, tmp_path) == {"fc": "its weight is float16, not float32"}


def test_half_precision_that_is_cast_before_use_can_be_int8(tmp_path: Path) -> None:
    nodes = [node("Cast", "h", "w", to=TensorProto.FLOAT), node("MatMul", "x w", "y", name="fc")]
    proto = build(nodes, {"h": normal(8, 4).astype(np.float16)}, outputs=[value("y", "N", 4)])
    assert reasons(proto, tmp_path) == {}


def test_what_is_inside_a_branch_is_refused(tmp_path: Path) -> None:
    def branch(name: str) -> onnx.GraphProto:
        inner = [node("MatMul", f"x {name}", f"out_{name}", name=f"fc_{name}")]
        return helper.make_graph(inner, name, [], [onnx.ValueInfoProto(name=f"out_{name}")])

    nodes = [node("If", "flag", "y", name="if", then_branch=branch("a"), else_branch=branch("b"))]
    inputs = [value("x", "N", 8), value("flag", dtype=TensorProto.BOOL)]
    proto = build(nodes, {"a": normal(8, 4), "b": normal(8, 4)}, inputs)
    assert reasons(proto, tmp_path) == {
        "fc_a": "it is inside if.then_branch",
        "fc_b": "it is inside if.else_branch",
    }


def test_what_is_quantised_already_is_refused(tmp_path: Path) -> None:
    nodes = [
        node("DequantizeLinear", "q scale zero", "w", axis=1),
        node("MatMul", "x w", "y", name="fc"),
    ]
    weights = {
        "q": np.arange(32, dtype=np.int8).reshape(8, 4),
        "scale": np.ones(4, np.float32),
        "zero": np.zeros(4, np.int8),
    }
    refused = reasons(build(nodes, weights), tmp_path)
    assert set(refused.values()) <= {"its weight is already quantised"}


def test_an_integer_operator_is_refused(tmp_path: Path) -> None:
    nodes = [node("ConvInteger", "x w", "y", name="conv")]
    weights = {"w": np.ones((4, 3, 1, 1), np.int8)}
    inputs = [value("x", "N", 3, 12, 12, dtype=TensorProto.UINT8)]
    outputs = [value("y", "N", 4, 12, 12, dtype=TensorProto.INT32)]
    refused = reasons(build(nodes, weights, inputs, outputs), tmp_path)
    assert set(refused.values()) <= {"its weight is already quantised"}


def test_a_tied_weight_counts_where_one_of_its_nodes_can(tmp_path: Path) -> None:
    nodes = [node("MatMul", "w x", "m", name="one"), node("MatMul", "m w", "y", name="two")]
    proto = build(nodes, {"w": normal(8, 8)}, [value("x", 8, 8)], [value("y", 8, 8)])
    net = case(proto, tmp_path, {"x": normal(8, 8)})
    assert layers(net) == {"one": ("y",)}
    assert reasons(proto, tmp_path) == {}


def test_a_convolution_with_batch_norm_but_without_weight_is_no_layer(tmp_path: Path) -> None:
    nodes = [
        node("Conv", "x w", "c", name="conv"),
        node("BatchNormalization", "c scale shift mean variance", "y", name="bn"),
    ]
    inputs = [IMAGE, value("w", 4, 3, 1, 1)]
    assert reasons(build(nodes, batch_norm(4), inputs), tmp_path) == {}
