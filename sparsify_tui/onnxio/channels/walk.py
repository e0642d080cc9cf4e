"""Follows channels through a whole graph, node by node."""

from __future__ import annotations

from collections.abc import Mapping

from onnx import ModelProto, NodeProto

from sparsify_tui.core.text import clean_text
from sparsify_tui.onnxio.channels.rules.table import rule_of
from sparsify_tui.onnxio.channels.trace import Trace
from sparsify_tui.onnxio.channels.units import Lock
from sparsify_tui.onnxio.limits import opset_version
from sparsify_tui.onnxio.quantize.opset import NEEDED_OPSET

_AS_EVER = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})
"""What takes the same inputs in every operator set."""


def walked(proto: ModelProto, shapes: Mapping[str, tuple[int, ...]]) -> Trace:
    """What the rules of all nodes say.

    Of a model in an older operator set than a prepared one has, products alone are understood:
    others had as attributes what their rules look for among the inputs.

    Args:
        proto: A prepared model, or one as it is stored.
        shapes: Of its tensors at one run.
    """
    graph = proto.graph
    trace = Trace(graph, shapes)
    is_old = opset_version(proto) < NEEDED_OPSET
    for node in graph.node:
        trace.begin()
        rule = None if is_old and node.op_type not in _AS_EVER else rule_of(node)
        if rule is not None and _is_known(node, trace):
            rule(node, trace)
        trace.end(node)
    for value in graph.output:
        lock = Lock(reason=f"{clean_text(value.name)} is an output of the model", end="output")
        trace.begin()
        trace.refuse(value.name, lock)
    return trace


def _is_known(node: NodeProto, trace: Trace) -> bool:
    return all(name in trace.shapes for name in (*node.input, *node.output) if name)
