"""Floating-point operations of one node, from the shapes around it.

A multiply-add counts two. Only the products with the weight are counted: the addition of a
bias and elementwise work are left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from sparsify_tui.onnxio.uses import Use
from sparsify_tui.onnxio.views import attribute, attribute_int

Shapes = Mapping[str, tuple[int, ...]]


def use_flops(use: Use, shapes: Shapes) -> int | None:
    """FLOPs of one use of a weight, or None where a shape is unknown or does not fit.

    Args:
        use: The node, and which of its inputs is the weight.
        shapes: Of all tensors by name; of weights as the node sees them.
    """
    try:
        return 2 * _PRODUCTS[use.node.op_type](use, shapes)
    except (KeyError, IndexError):
        return None


def needed_tensors(use: Use) -> tuple[str, ...]:
    """Tensors whose shapes `use_flops` asks for."""
    node = use.node
    if node.op_type in {"Conv", "Gemm", "MatMul"}:
        return node.output[0], node.input[use.position]
    if node.op_type == "Gather":
        return ()
    return tuple(node.input[:3])


def _conv(use: Use, shapes: Shapes) -> int:
    # each output element takes one product per element of its filter, [out, in/group, ...]
    return math.prod(shapes[use.node.output[0]]) * math.prod(shapes[use.node.input[1]][1:])


def _conv_transpose(use: Use, shapes: Shapes) -> int:
    # each input element is spread by one filter, [in, out/group, ...]
    return math.prod(shapes[use.node.input[0]]) * math.prod(shapes[use.node.input[1]][1:])


def _gemm(use: Use, shapes: Shapes) -> int:
    if use.position == 0:
        inner_axis = 1 - attribute_int(use.node, "transA", 0)
    else:
        inner_axis = attribute_int(use.node, "transB", 0)
    inner = shapes[use.node.input[use.position]][inner_axis]
    return math.prod(shapes[use.node.output[0]]) * inner


def _matmul(use: Use, shapes: Shapes) -> int:
    weight = shapes[use.node.input[use.position]]
    inner = weight[-1] if use.position == 0 or len(weight) == 1 else weight[-2]
    return math.prod(shapes[use.node.output[0]]) * inner


def _recurrent(use: Use, shapes: Shapes) -> int:
    # one step of one item multiplies by every element of the weight, in each direction
    steps_and_batch = shapes[use.node.input[0]][:2]
    return math.prod(steps_and_batch) * math.prod(shapes[use.node.input[use.position]])


def _gather(_use: Use, _shapes: Shapes) -> int:
    return 0


def _einsum(use: Use, shapes: Shapes) -> int:
    equation = attribute(use.node, "equation")
    text = equation.decode() if isinstance(equation, bytes) else ""
    terms = text.replace(" ", "").split("->")[0].split(",")
    sizes: dict[str, int] = {}
    for term, name in zip(terms, use.node.input, strict=False):
        for axis, letter in enumerate(term):
            sizes[letter] = shapes[name][axis]
    if "." in sizes:
        raise KeyError(text)
    return math.prod(sizes.values())


_PRODUCTS: dict[str, Callable[[Use, Shapes], int]] = {
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "Einsum": _einsum,
    "GRU": _recurrent,
    "Gather": _gather,
    "Gemm": _gemm,
    "LSTM": _recurrent,
    "MatMul": _matmul,
    "RNN": _recurrent,
}
"""Multiply-adds of a node, by operator."""
