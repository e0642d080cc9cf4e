"""Floating-point operations of one node, from the shapes around it.

A multiply-add counts two. Only the products with the weight are counted: the addition of a
bias and elementwise work are left out.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from sparsify_tui.onnxio.graphs import Scope
from sparsify_tui.onnxio.operators import computes
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
        return 2 * _PRODUCTS[computes(use.node)](use, shapes)
    except (KeyError, IndexError):
        return None


def run_flops(parts: Iterable[tuple[Scope, int]]) -> int:
    """FLOPs of one run, from those of its parts and the bodies that these are in.

    Of the branches of an If the dearest counts, since only one runs. A loop's body counts
    once, since the file does not say how often it runs.
    """
    total = 0
    branches: dict[str, dict[str, list[tuple[Scope, int]]]] = defaultdict(lambda: defaultdict(list))
    for scope, flops in parts:
        if scope:
            node, _, branch = scope[0].rpartition(".")
            branches[node][branch].append((scope[1:], flops))
        else:
            total += flops
    return total + sum(max(map(run_flops, bodies.values())) for bodies in branches.values())


def are_alternatives(one: Scope, other: Scope) -> bool:
    """Whether the bodies lie in different branches of one If, of which a run takes only one."""
    for mine, its in zip(one, other, strict=False):
        if mine != its:
            return mine.rpartition(".")[0] == its.rpartition(".")[0]
    return False


def needed_tensors(use: Use) -> tuple[str, ...]:
    """Tensors whose shapes `use_flops` asks for."""
    node, weight = use.node, use.node.input[use.position]
    match computes(node):
        case "Conv" | "Gemm" | "MatMul":
            return node.output[0], weight
        case "Attention" | "ConvTranspose" | "GRU" | "LSTM" | "RNN":
            return node.input[0], weight
        case "Einsum":
            return tuple(node.input)
        case _:
            return ()


def _conv(use: Use, shapes: Shapes) -> int:
    # each output element takes one product per element of its filter, [out, in/group, ...]
    return math.prod(shapes[use.node.output[0]]) * math.prod(_weight(use, shapes)[1:])


def _conv_transpose(use: Use, shapes: Shapes) -> int:
    # each input element is spread by one filter, [in, out/group, ...]
    return math.prod(shapes[use.node.input[0]]) * math.prod(_weight(use, shapes)[1:])


def _gemm(use: Use, shapes: Shapes) -> int:
    if use.position == 0:
        inner_axis = 1 - attribute_int(use.node, "transA", 0)
    else:
        inner_axis = attribute_int(use.node, "transB", 0)
    return math.prod(shapes[use.node.output[0]]) * _weight(use, shapes)[inner_axis]


def _matmul(use: Use, shapes: Shapes) -> int:
    weight, is_left = _weight(use, shapes), use.position == 0
    # onnxruntime's FusedMatMul may take either side transposed
    transposed = attribute_int(use.node, "transA" if is_left else "transB", 0) == 1
    inner = weight[-1] if is_left != transposed or len(weight) == 1 else weight[-2]
    return math.prod(shapes[use.node.output[0]]) * inner


def _recurrent(use: Use, shapes: Shapes) -> int:
    # one step of one item multiplies by every element of the weight, in each direction
    steps_and_batch = shapes[use.node.input[0]][:2]
    return math.prod(steps_and_batch) * math.prod(_weight(use, shapes))


def _attention(use: Use, shapes: Shapes) -> int:
    # the projection of every token by the weight; the products of tokens are no layer's
    return math.prod(shapes[use.node.input[0]]) * _weight(use, shapes)[1]


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


def _weight(use: Use, shapes: Shapes) -> tuple[int, ...]:
    return shapes[use.node.input[use.position]]


_PRODUCTS: dict[str, Callable[[Use, Shapes], int]] = {
    "Attention": _attention,
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
"""Multiply-adds of a node, by the operator whose work it does."""
