"""Recognises operators without int8 kernel that do what one with such a kernel does."""

from __future__ import annotations

import numpy as np
from onnx import NodeProto
from onnx.helper import make_node
from onnx.numpy_helper import from_array

from sparsify_tui.onnxio.graphs import first_output, is_standard
from sparsify_tui.onnxio.quantize.links import Links
from sparsify_tui.onnxio.quantize.ranks import known_rank
from sparsify_tui.onnxio.tensors import tensor_values
from sparsify_tui.onnxio.views import attribute, attribute_int


def match_clip(node: NodeProto, links: Links) -> tuple[NodeProto, ...] | None:
    """Clip in place of a Max or Min with one number."""
    if not is_standard(node) or node.op_type not in {"Max", "Min"} or len(node.input) != 2:
        return None
    output = first_output(node)
    for x, limit in (tuple(node.input), tuple(reversed(node.input))):
        number = links.scalar(limit)
        if number is not None and links.is_varying(x):
            if len(links.initializers[limit].dims) > known_rank(x, links):
                return None
            name = f"{output}/limit"
            value = from_array(np.array(number, np.float32), name)
            limits = [name] if node.op_type == "Max" else ["", name]
            return (
                make_node("Constant", [], [name], name=name, value=value),
                make_node("Clip", [x, *limits], [output], name=output),
            )
    return None


def match_global_pool(node: NodeProto, links: Links) -> tuple[NodeProto, ...] | None:
    """GlobalAveragePool in place of a ReduceMean over all positions."""
    if not is_standard(node) or node.op_type != "ReduceMean":
        return None
    x, output = node.input[0], first_output(node)
    rank = known_rank(x, links)
    axes = _axes(node, links)
    if rank < 3 or {axis % rank for axis in axes} != set(range(2, rank)):
        return None
    if attribute_int(node, "keepdims", 1):
        return (make_node("GlobalAveragePool", [x], [output], name=output),)
    pooled = f"{output}/pooled"
    return (
        make_node("GlobalAveragePool", [x], [pooled], name=pooled),
        make_node("Flatten", [pooled], [output], name=output),
    )


def _axes(node: NodeProto, links: Links) -> tuple[int, ...]:
    stored = links.initializers.get(node.input[1]) if len(node.input) > 1 else None
    if stored is not None:
        return tuple(int(axis) for axis in tensor_values(stored).reshape(-1))
    axes = attribute(node, "axes")
    return tuple(axes) if isinstance(axes, list) else ()
