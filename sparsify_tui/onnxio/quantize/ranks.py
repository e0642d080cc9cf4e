"""How many dimensions a tensor has, as far as the nodes that make it tell."""

from __future__ import annotations

from sparsify_tui.onnxio.graphs import is_standard
from sparsify_tui.onnxio.quantize.links import Links

_KEEP = frozenset(
    {
        "Add", "AveragePool", "BatchNormalization", "Clip", "GlobalAveragePool", "HardSigmoid",
        "LeakyRelu", "Max", "MaxPool", "Min", "Mul", "Relu", "Sigmoid",
    }
)  # fmt: skip
"""Operators that give out as many dimensions as the largest of their inputs has."""
_CONVOLUTIONS = frozenset({"Conv", "ConvTranspose"})


def known_rank(tensor: str, links: Links) -> int:
    """Number of dimensions, counted from the convolutions; 0 where it is unknown."""
    waiting, seen = [tensor], {tensor}
    while waiting:
        node = links.makers.get(waiting.pop())
        if node is None or not is_standard(node):
            continue
        if node.op_type in _CONVOLUTIONS and node.input[1] in links.initializers:
            return len(links.initializers[node.input[1]].dims)
        if node.op_type in _KEEP:
            new = set(links.varying_inputs(node)) - seen
            seen |= new
            waiting += new
    return 0
