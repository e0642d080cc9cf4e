"""Follows channels through a whole graph, node by node."""

from __future__ import annotations

from collections.abc import Mapping

from onnx import GraphProto, NodeProto

from sparsify_tui.core.text import clean_text
from sparsify_tui.onnxio.channels.rules.table import rule_of
from sparsify_tui.onnxio.channels.trace import Trace
from sparsify_tui.onnxio.channels.units import Lock


def walked(graph: GraphProto, shapes: Mapping[str, tuple[int, ...]]) -> Trace:
    """What the rules of all nodes say.

    Args:
        graph: Of a prepared model.
        shapes: Of its tensors at one run.
    """
    trace = Trace(graph, shapes)
    for node in graph.node:
        trace.begin()
        rule = rule_of(node)
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
