"""Brings models into int8: what can be, what it needs, and the rewritten graph."""

from __future__ import annotations

from sparsify_tui.onnxio.quantize.edges import layer_edges
from sparsify_tui.onnxio.quantize.layers import (
    QuantLayer,
    observed_tensors,
    quantizable_layers,
    stored_weights,
    why_not,
)
from sparsify_tui.onnxio.quantize.prepare import Prepared, as_stored, exposed, prepare
from sparsify_tui.onnxio.quantize.qdq import quantize
from sparsify_tui.onnxio.quantize.ranges import Ranges

__all__ = [
    "Prepared",
    "QuantLayer",
    "Ranges",
    "as_stored",
    "exposed",
    "layer_edges",
    "observed_tensors",
    "prepare",
    "quantizable_layers",
    "quantize",
    "stored_weights",
    "why_not",
]
