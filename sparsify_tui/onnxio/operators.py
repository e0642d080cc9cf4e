"""Which operators have weights, where, and what they compute with them."""

from __future__ import annotations

from dataclasses import dataclass

from onnx import NodeProto

from sparsify_tui.onnxio.graphs import is_standard


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighted:
    """An operator with weights."""

    computes: str
    """The standard operator whose work it does."""
    weights: tuple[int, ...]
    """Inputs that may be a weight."""
    bias: int | None = None
    """The input that may be a bias."""


_STANDARD = {
    "Conv": Weighted(computes="Conv", weights=(1,), bias=2),
    "ConvInteger": Weighted(computes="Conv", weights=(1,)),
    "ConvTranspose": Weighted(computes="ConvTranspose", weights=(1,), bias=2),
    "Einsum": Weighted(computes="Einsum", weights=(0, 1)),
    "GRU": Weighted(computes="GRU", weights=(1, 2), bias=3),
    "Gather": Weighted(computes="Gather", weights=(0,)),
    "Gemm": Weighted(computes="Gemm", weights=(0, 1), bias=2),
    "LSTM": Weighted(computes="LSTM", weights=(1, 2), bias=3),
    "MatMul": Weighted(computes="MatMul", weights=(0, 1)),
    "MatMulInteger": Weighted(computes="MatMul", weights=(0, 1)),
    "QLinearConv": Weighted(computes="Conv", weights=(3,), bias=8),
    "QLinearMatMul": Weighted(computes="MatMul", weights=(0, 3)),
    "RNN": Weighted(computes="RNN", weights=(1, 2), bias=3),
}
_ONNXRUNTIME = {
    "Attention": Weighted(computes="Attention", weights=(1,), bias=2),
    "DynamicQuantizeLSTM": Weighted(computes="LSTM", weights=(1, 2), bias=3),
    "DynamicQuantizeMatMul": Weighted(computes="MatMul", weights=(1,), bias=4),
    "FusedConv": Weighted(computes="Conv", weights=(1,), bias=2),
    "FusedGemm": Weighted(computes="Gemm", weights=(0, 1), bias=2),
    "FusedMatMul": Weighted(computes="MatMul", weights=(0, 1)),
    "MatMulIntegerToFloat": Weighted(computes="MatMul", weights=(1,), bias=6),
    "QGemm": Weighted(computes="Gemm", weights=(3,), bias=6),
}
"""Of the domain com.microsoft: found in files that onnxruntime has optimised or quantised."""

PRUNABLE = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})
QUANTIZABLE = frozenset({"Conv", "Gemm", "MatMul"})
"""Operators whose int8 form onnxruntime runs from QuantizeLinear and DequantizeLinear."""
PRODUCTS = frozenset({"Einsum", "Gemm", "MatMul"})
"""What has a weight on either side, but not on both: those would be constant."""


def weighted(node: NodeProto) -> Weighted | None:
    """What is known of the node's operator, or None where it has no weights."""
    if is_standard(node):
        return _STANDARD.get(node.op_type)
    return _ONNXRUNTIME.get(node.op_type) if node.domain == "com.microsoft" else None


def computes(node: NodeProto) -> str:
    """The standard operator whose work the node does with its weight."""
    known = weighted(node)
    return known.computes if known else node.op_type
