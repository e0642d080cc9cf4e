"""Small networks for int8, built by code."""

from __future__ import annotations

import numpy as np
from onnx import ModelProto

from tests.onnxio.graphs_by_code import build, node, value


def normal(*shape: int, seed: int = 0, spread: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, spread, shape).astype(np.float32)


def batch_norm(size: int) -> dict[str, np.ndarray]:
    return {
        "scale": np.abs(normal(size, seed=7)) + 0.5,
        "shift": normal(size, seed=8),
        "mean": normal(size, seed=9),
        "variance": np.abs(normal(size, seed=10)) + 0.5,
    }


def residual(opset: int = 17) -> ModelProto:
    """conv1+BatchNorm → Relu → conv2, plus the Relu's output → conv3 (1x1) → mean → fc."""
    nodes = [
        node("Conv", "x w1", "c1", name="conv1", pads=[1] * 4),
        node("BatchNormalization", "c1 scale shift mean variance", "b1", name="bn"),
        node("Relu", "b1", "r1", name="relu1"),
        node("Conv", "r1 w2 bias2", "c2", name="conv2", pads=[1] * 4),
        node("Add", "c2 r1", "a", name="add"),
        node("Relu", "a", "r2", name="relu2"),
        node("Conv", "r2 w3", "c3", name="conv3"),
        node("GlobalAveragePool", "c3", "g", name="pool"),
        node("Flatten", "g", "f", name="flatten"),
        node("Gemm", "f w4 bias4", "y", name="fc", transB=1),
    ]
    weights = {
        "w1": normal(16, 3, 3, 3, seed=1, spread=0.3),
        **batch_norm(16),
        "w2": normal(16, 16, 3, 3, seed=2, spread=0.1),
        "bias2": normal(16, seed=3),
        "w3": normal(32, 16, 1, 1, seed=4, spread=0.3),
        "w4": normal(10, 32, seed=5, spread=0.3),
        "bias4": normal(10, seed=6),
    }
    return build(nodes, weights, [value("x", "N", 3, 12, 12)], [value("y", "N", 10)], opset=opset)


IMAGES = {"x": normal(4, 3, 12, 12, seed=11)}


def products() -> ModelProto:
    """Two products of matrices in three dimensions with a Relu between, and one without bias."""
    nodes = [
        node("MatMul", "x w1", "m1", name="first"),
        node("Add", "m1 bias1", "a1", name="bias"),
        node("Relu", "a1", "r", name="relu"),
        node("MatMul", "r w2", "m2", name="second"),
        node("LayerNormalization", "m2 gain", "n", name="norm"),
        node("MatMul", "n w3", "y", name="third"),
    ]
    weights = {
        "w1": normal(8, 32, seed=1, spread=0.3),
        "bias1": normal(32, seed=2),
        "w2": normal(32, 16, seed=3, spread=0.3),
        "gain": np.ones(16, np.float32),
        "w3": normal(16, 4, seed=4, spread=0.3),
    }
    return build(nodes, weights, [value("x", "N", 6, 8)], [value("y", "N", 6, 4)])


ROWS = {"x": normal(3, 6, 8, seed=12)}
