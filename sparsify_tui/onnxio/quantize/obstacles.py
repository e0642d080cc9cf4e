"""Why a node of a prepared graph cannot compute in int8."""

from __future__ import annotations

from onnx import NodeProto, TensorProto

from sparsify_tui.onnxio.graphs import is_standard
from sparsify_tui.onnxio.quantize.links import Links
from sparsify_tui.onnxio.quantize.origins import PRODUCTS
from sparsify_tui.onnxio.quantize.weights import bias_values
from sparsify_tui.onnxio.tensors import dtype_name
from sparsify_tui.onnxio.views import attribute


def obstacle(node: NodeProto, links: Links) -> str:
    """What keeps the node from an integer kernel, as words after a colon; empty if nothing."""
    if not is_standard(node) or node.op_type not in PRODUCTS:
        return f"{node.op_type} has no int8 kernel"
    if reason := _weight_obstacle(node, links):
        return reason
    if node.op_type == "Gemm" and _is_scaled(node):
        return "its Gemm scales or transposes its input"
    if len(node.input) > 2 and node.input[2] and bias_values(node, links) is None:
        return "its bias is not one constant for each output"
    return ""


def _weight_obstacle(node: NodeProto, links: Links) -> str:
    weight = links.initializers.get(node.input[1])
    if weight is None:
        return _no_constant(node.input[1], links)
    if weight.data_type != TensorProto.FLOAT:
        return f"its weight is {dtype_name(weight.data_type)}, not float32"
    if node.op_type == "MatMul" and len(weight.dims) != 2:
        return f"its weight has {len(weight.dims)} dimensions, not 2"
    return ""


def _is_scaled(node: NodeProto) -> bool:
    scales = (attribute(node, "alpha"), attribute(node, "beta"))
    return any(scale not in {None, 1.0} for scale in scales) or attribute(node, "transA") == 1


def _no_constant(weight: str, links: Links) -> str:
    maker = links.makers.get(weight)
    if maker is not None and maker.op_type == "DequantizeLinear":
        return "its weight is already quantised"
    source = links.initializers.get(maker.input[0]) if maker is not None and maker.input else None
    if maker is not None and maker.op_type == "Cast" and source is not None:
        return f"its weight is {dtype_name(source.data_type)}, not float32"
    return "its weight is computed while the model runs, or is the first factor"
