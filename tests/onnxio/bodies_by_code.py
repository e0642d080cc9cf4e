"""Nodes with graphs inside, built by code."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import GraphProto, NodeProto, TensorProto, helper

from tests.onnxio.graphs_by_code import build, node, value

CHOICE = [value("x", 2, 8), value("c", dtype=TensorProto.BOOL)]
"""Inputs of a model with an If."""


def branch(*nodes: NodeProto, output: str = "r", **weights: np.ndarray) -> GraphProto:
    """A graph without inputs, to be a branch."""
    graph = build(nodes, weights, outputs=[onnx.ValueInfoProto(name=output)]).graph
    del graph.input[:]
    return graph


def choice(
    then_branch: GraphProto,
    else_branch: GraphProto,
    *,
    name: str = "pick",
    output: str = "y",
    condition: str = "c",
) -> NodeProto:
    """An If. Attributes of a node are written in alphabetical order: else before then."""
    branches = {"then_branch": then_branch, "else_branch": else_branch}
    return node("If", condition, output, name=name, **branches)


def loop(
    body_nodes: list[NodeProto], *scans: str, name: str = "again", **weights: np.ndarray
) -> NodeProto:
    """A Loop of `n` turns from x to y; its body makes s2 of s, and outputs `scans`, too."""
    ends = [onnx.ValueInfoProto(name=scan) for scan in ("s2", *scans)]
    body = build(
        [*body_nodes, node("Identity", "go", "going")],
        weights,
        [value("step", dtype=TensorProto.INT64), value("go", dtype=TensorProto.BOOL),
         onnx.ValueInfoProto(name="s")],
        [value("going", dtype=TensorProto.BOOL), *ends],
    ).graph  # fmt: skip
    return helper.make_node("Loop", ["n", "", "x"], ["y"], name=name, body=body)
