"""Refuses models that no runtime could run, or that would exhaust the machine."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter

import onnx
from onnx import FunctionProto, ModelProto, NodeProto

from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import ModelError
from sparsify_tui.onnxio.graphs import all_tensors, body_nodes, is_standard, nested_graphs
from sparsify_tui.onnxio.tensors import check_tensor
from sparsify_tui.onnxio.wiring import check_wiring

MAX_NODES = 50_000

_RUNTIME_EXTRAS = frozenset(
    {
        "Affine", "Crop", "DynamicSlice", "GivenTensorFill", "ImageScaler",
        "ParametricSoftplus", "Scale", "ScaledTanh", "SimplifiedLayerNormalization",
    }
)  # fmt: skip
"""Operators that onnxruntime keeps in the default domain though ONNX does not define them."""

_EQUATION = re.compile(rb"[A-Za-z .,>-]*")

Key = tuple[str, str, str]
"""Domain, name and overload of a local function."""


def opset_version(proto: ModelProto) -> int:
    """Version of the default operator set; 1 when the file does not say."""
    return max((o.version for o in proto.opset_import if o.domain in {"", "ai.onnx"}), default=1)


def check_limits(proto: ModelProto) -> None:
    """Refuses what is known to be unusable before anything is computed from it.

    Raises:
        ModelError: An unknown version or operator, or too many nodes.
    """
    _check_versions(proto)
    _check_size(proto)
    _check_operators(proto)


def check_contents(proto: ModelProto) -> None:
    """Refuses damaged tensors, and a main graph that nothing could run.

    Raises:
        ModelError: It names the tensor.
    """
    for tensor in all_tensors(proto):
        check_tensor(tensor)
    check_wiring(proto.graph)


def _check_versions(proto: ModelProto) -> None:
    newest = onnx.defs.onnx_opset_version()
    opset = opset_version(proto)
    if not 1 <= opset <= newest:
        raise ModelError(
            f"The model uses operator set {opset}, but 1 to {newest} are known.",
            "Export it with an older operator set, or update onnx.",
        )
    if proto.ir_version > onnx.IR_VERSION:
        raise ModelError(
            f"The model uses file format {proto.ir_version}; at most {onnx.IR_VERSION} is known.",
            "Export it with an older onnx, or update onnx.",
        )


def _check_size(proto: ModelProto) -> None:
    nodes = _expanded(proto.graph.node, _function_sizes(proto.functions))
    if nodes > MAX_NODES:
        shown = f"{nodes:,}" if nodes < 10**9 else "billions of"
        raise ModelError(f"The model expands to {shown} nodes; at most {MAX_NODES:,} are handled.")


def _function_sizes(functions: Iterable[FunctionProto]) -> dict[Key, int]:
    by_key = {(f.domain, f.name, f.overload): f for f in functions}
    calls = {key: _called(f) & by_key.keys() for key, f in by_key.items()}
    sizes: dict[Key, int] = {}
    try:
        for key in TopologicalSorter(calls).static_order():
            sizes[key] = _expanded(by_key[key].node, sizes)
    except CycleError as error:
        raise ModelError("A local function of the model calls itself.") from error
    return sizes


def _called(function: FunctionProto) -> set[Key]:
    return {_key(node) for node in _with_inner(function.node)}


def _expanded(nodes: Iterable[NodeProto], sizes: dict[Key, int]) -> int:
    return sum(sizes.get(_key(node), 1) for node in _with_inner(nodes))


def _with_inner(nodes: Iterable[NodeProto]) -> Iterator[NodeProto]:
    nodes = list(nodes)
    yield from nodes
    for graph in nested_graphs(nodes):
        yield from graph.node


def _key(node: NodeProto) -> Key:
    return node.domain, node.op_type, node.overload


def _check_operators(proto: ModelProto) -> None:
    local = {(function.domain, function.name) for function in proto.functions}
    for nodes in (proto.graph.node, body_nodes(proto)):
        for node in nodes:
            known = node.op_type in _RUNTIME_EXTRAS or onnx.defs.has(node.op_type, "")
            if is_standard(node) and not known and (node.domain, node.op_type) not in local:
                raise ModelError(
                    f"The operator {clean_text(node.op_type)} is not known to ONNX.",
                    "Export the model with standard operators.",
                )
            if node.op_type == "Einsum":
                _check_equation(node)


def _check_equation(node: NodeProto) -> None:
    # onnx's shape inference never returns from an equation of other characters
    for attribute in node.attribute:
        if attribute.name == "equation" and not _EQUATION.fullmatch(attribute.s):
            raise ModelError("An Einsum of the model has an equation that cannot be read.")
