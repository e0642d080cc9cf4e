"""Two products with an operator between them, which either passes channels on or locks them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from onnx import NodeProto, ValueInfoProto

from tests.onnxio.channels.found import Found, found
from tests.onnxio.graphs_by_code import build, node, value
from tests.onnxio.quantize.nets import normal

Weights = Mapping[str, np.ndarray]
IMAGE = normal(2, 3, 6, 6)
ROWS = normal(2, 5, 6)


def images(
    between: Sequence[NodeProto],
    folder: Path,
    weights: Weights | None = None,
    *,
    made: int = 8,
    taken: int | None = None,
    opset: int = 17,
    simple: bool = True,
) -> Found:
    """Conv `first` of an image makes `a` [2, made, 6, 6]; Conv `last` takes `b`."""
    nodes = [
        node("Conv", "x w1 b1", "a", name="first"),
        *between,
        node("Conv", "b w2", "y", name="last"),
    ]
    held = {
        "w1": normal(made, 3, 1, 1, seed=1),
        "b1": normal(made, seed=2),
        "w2": normal(4, taken or made, 1, 1, seed=3),
        **(weights or {}),
    }
    proto = build(nodes, held, [value("x", "N", 3, 6, 6)], [ValueInfoProto(name="y")], opset=opset)
    return found(proto, {"x": IMAGE}, folder, simple=simple)


def rows(
    between: Sequence[NodeProto],
    folder: Path,
    weights: Weights | None = None,
    *,
    made: int = 8,
    taken: int | None = None,
    opset: int = 17,
    simple: bool = True,
) -> Found:
    """MatMul `first` of rows makes `a` [2, 5, made]; MatMul `last` takes `b`."""
    nodes = [
        node("MatMul", "x w1", "a", name="first"),
        *between,
        node("MatMul", "b w2", "y", name="last"),
    ]
    held = {
        "w1": normal(6, made, seed=1),
        "w2": normal(taken or made, 4, seed=3),
        **(weights or {}),
    }
    proto = build(nodes, held, [value("x", "N", 5, 6)], [ValueInfoProto(name="y")], opset=opset)
    return found(proto, {"x": ROWS}, folder, simple=simple)
