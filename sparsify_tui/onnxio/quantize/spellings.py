"""Writes activations that old exporters spell out as the operators that they mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from onnx import GraphProto, NodeProto

from sparsify_tui.onnxio.graphs import first_output
from sparsify_tui.onnxio.quantize.gelu import match_fast_gelu, match_gelu
from sparsify_tui.onnxio.quantize.hardswish import match_hard_sigmoid, match_hard_swish
from sparsify_tui.onnxio.quantize.lift import lift_graph
from sparsify_tui.onnxio.quantize.links import Links
from sparsify_tui.onnxio.quantize.replace import drop_unused, replace_nodes
from sparsify_tui.onnxio.quantize.simpler import match_clip, match_global_pool

Match = Callable[[NodeProto, Links], tuple[NodeProto, ...] | None]
"""The nodes that make the same output as this one and those it needs, or None."""

_SPELLINGS: tuple[tuple[Match, str], ...] = (
    (match_hard_swish, "HardSwish spelled as HardSigmoid and Mul"),
    (match_hard_sigmoid, "HardSigmoid spelled as one operator"),
    (match_gelu, "Gelu spelled as one operator"),
    (match_fast_gelu, "approximated Gelu spelled as one operator"),
    (match_clip, "Max or Min of one number spelled as Clip"),
    (match_global_pool, "ReduceMean spelled as GlobalAveragePool"),
)


def respell_all(graph: GraphProto) -> Counter[str]:
    """Replaces every known old spelling, in place; how many there were by what they became."""
    counts: Counter[str] = Counter()
    for match, how in _SPELLINGS:
        links = Links(graph)
        respelled = {first_output(node): match(node, links) for node in links.nodes}
        found = {name: nodes for name, nodes in respelled.items() if nodes is not None}
        if found:
            counts[how] = len(found)
            replace_nodes(graph, found)
            lift_graph(graph)
            drop_unused(graph)
    return counts
