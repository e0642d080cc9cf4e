"""Which node of the file a node of the prepared copy came from."""

from __future__ import annotations

from onnx import ModelProto, NodeProto

from sparsify_tui.onnxio.graphs import first_output, scoped_nodes

PRODUCTS = frozenset({"Conv", "Gemm", "MatMul"})
"""Operators that may compute in int8."""


def find_origins(original: ModelProto, simple: ModelProto) -> dict[str, str]:
    """First outputs of nodes in the file, by those of the products in the simplified copy.

    A fused node keeps the name of the node it began with, which was its first output. Where
    it got a new one, the file's graph is followed back from its output.
    """
    nodes = (node for _, node in scoped_nodes(original.graph))  # an If may have been resolved
    makers = {name: node for node in nodes for name in node.output if name}
    origins: dict[str, str] = {}
    for node in simple.graph.node:
        if node.op_type in PRODUCTS:
            origin = _by_name(node.name, makers) or _behind(first_output(node), makers)
            if origin is not None:
                origins[first_output(node)] = origin
    return origins


def _by_name(name: str, makers: dict[str, NodeProto]) -> str | None:
    node = makers.get(name)
    return first_output(node) if node is not None and node.op_type in PRODUCTS else None


def _behind(tensor: str, makers: dict[str, NodeProto]) -> str | None:
    found: set[str] = set()
    seen: set[str] = set()
    waiting = [tensor]
    while waiting:
        node = makers.get(waiting.pop())
        if node is None or (output := first_output(node)) in seen:
            continue
        seen.add(output)
        if node.op_type in PRODUCTS:
            found.add(output)
        else:
            waiting.extend(node.input)
    return found.pop() if len(found) == 1 else None
