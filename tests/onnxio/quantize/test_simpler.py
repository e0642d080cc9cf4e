"""Operators without int8 kernel become the one that has it, where they do the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, NodeProto

from sparsify_tui.onnxio.quantize import prepare
from tests.onnxio.graphs_by_code import build, load, node, value
from tests.onnxio.quantize.nets import IMAGES, normal
from tests.onnxio.quantize.running import Case, case, kernels, relative, run, simplify

CONV = node("Conv", "x w", "c", name="conv")
WEIGHTS = {"w": normal(16, 3, 1, 1), "limit": np.full((1, 1, 1, 1), -0.4, np.float32)}
IMAGE = value("x", "N", 3, 12, 12)


def operators(*nodes: NodeProto, folder: Path, opset: int = 17, **weights: np.ndarray) -> list[str]:
    """Of the respelled form, which computes the same."""
    proto = build([CONV, *nodes], WEIGHTS | weights, [IMAGE], opset=opset)
    form = prepare(load(proto, folder), simplify, respell=True)
    assert relative(run(proto, IMAGES)["y"], run(form.proto, IMAGES)["y"]) < 1e-5
    assert form.respelled == len(form.repairs)
    return [n.op_type for n in form.proto.graph.node]


@pytest.mark.parametrize("op_type", ["Max", "Min"])
@pytest.mark.parametrize("order", ["e limit", "limit e"])
def test_a_limit_is_a_clip(tmp_path: Path, op_type: str, order: str) -> None:
    steps = [node("LeakyRelu", "c", "e", alpha=0.2), node(op_type, order, "y")]
    assert operators(*steps, folder=tmp_path) == ["Conv", "LeakyRelu", "Clip"]


def test_a_limit_for_each_channel_is_no_clip(tmp_path: Path) -> None:
    limits = normal(1, 16, 1, 1)
    assert operators(node("Max", "c limits", "y"), folder=tmp_path, limits=limits) == [
        "Conv",
        "Max",
    ]


def test_a_limit_that_adds_a_dimension_is_no_clip(tmp_path: Path) -> None:
    limit = np.zeros((1, 1, 1, 1, 1), np.float32)
    found = operators(node("Max", "c wide", "y"), folder=tmp_path, wide=limit)
    assert found == ["Conv", "Max"]


def test_where_the_dimensions_are_unknown_only_a_bare_number_is_a_limit(tmp_path: Path) -> None:
    nodes = [node("Max", "x bare", "m"), node("Min", "m vector", "y")]
    weights = {"bare": np.float32(-1), "vector": np.ones(1, np.float32)}
    form = prepare(load(build(nodes, weights), tmp_path), simplify, respell=True)
    assert [n.op_type for n in form.proto.graph.node] == ["Clip", "Min"]


@pytest.mark.parametrize("axes", [[2, 3], [-1, -2]])
@pytest.mark.parametrize("opset", [13, 18])
@pytest.mark.parametrize("keepdims", [0, 1])
def test_a_mean_over_all_positions_is_a_pooling(
    tmp_path: Path, axes: list[int], opset: int, keepdims: int
) -> None:
    if opset < 18:
        mean = node("ReduceMean", "c", "y", axes=axes, keepdims=keepdims)
    else:
        mean = node("ReduceMean", "c axes", "y", keepdims=keepdims)
    found = operators(mean, folder=tmp_path, opset=opset, axes=np.array(axes))
    assert found == ["Conv", "GlobalAveragePool", *([] if keepdims else ["Flatten"])]


@pytest.mark.parametrize("axes", [[2], [1, 2, 3], None])
def test_another_mean_is_no_pooling(tmp_path: Path, axes: list[int] | None) -> None:
    mean = node("ReduceMean", "c", "y", **({} if axes is None else {"axes": axes}))
    assert operators(mean, folder=tmp_path) == ["Conv", "ReduceMean"]


def test_a_mean_of_unknown_dimensions_stays(tmp_path: Path) -> None:
    proto = build([node("ReduceMean", "x", "y", axes=[1])], outputs=[value("y", "N", 1)])
    form = prepare(load(proto, tmp_path), simplify, respell=True)
    assert [n.op_type for n in form.proto.graph.node] == ["ReduceMean"]


def quantized(proto: ModelProto, folder: Path) -> Case:
    net = case(proto, folder, IMAGES, respell=True)
    assert net.error(net.int8()) < 0.05
    return net


def test_a_limit_that_the_values_reach_costs_no_kernel(tmp_path: Path) -> None:
    """onnxruntime drops a Clip only where the integers cannot go beyond its limits."""
    nodes = [
        CONV,
        node("LeakyRelu", "c", "e", alpha=0.2),
        node("Max", "e limit", "m"),
        node("Conv", "m v", "y", name="last"),
    ]
    proto = build(
        nodes, WEIGHTS | {"v": normal(16, 16, 1, 1)}, [IMAGE], [value("y", "N", 16, 12, 12)]
    )
    ran = kernels(quantized(proto, tmp_path).int8(), IMAGES)
    assert (ran["QLinearLeakyRelu"], ran["Clip"], ran["LeakyRelu"]) == (1, 0, 0)


def test_the_mean_at_the_end_stays_in_int8(tmp_path: Path) -> None:
    """So does the addition before it, which no layer takes."""
    nodes = [
        CONV,
        node("Conv", "c v", "d", name="two"),
        node("Add", "c d", "a"),
        node("Relu", "a", "r"),
        node("ReduceMean", "r", "p", axes=[2, 3], keepdims=0),
        node("Gemm", "p fc", "y", name="fc"),
    ]
    weights = WEIGHTS | {"v": normal(16, 16, 1, 1, spread=0.3), "fc": normal(16, 10)}
    net = quantized(build(nodes, weights, [IMAGE], [value("y", "N", 10)]), tmp_path)
    ran = kernels(net.int8(), IMAGES)
    assert (ran["QLinearAdd"], ran["QLinearGlobalAveragePool"], ran["QGemm"]) == (1, 1, 1)
    assert ran["QuantizeLinear"] == 1
    assert kernels(net.int8(between=False), IMAGES)["QLinearGlobalAveragePool"] == 0
