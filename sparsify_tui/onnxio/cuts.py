"""Where a graph is cut: about one segment for each block, at narrow places."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from itertools import accumulate

from sparsify_tui.onnxio.flow import Flow
from sparsify_tui.onnxio.graphs import is_standard, scoped_nodes

_LAYERS = 3
"""Wanted in a segment. One segment for each block was best of one for each layer, for two, and
for the whole model: sessions cost time to make, and cuts cost fused operators."""
_FEWEST, _MOST = 2, 6
_FUSED = frozenset(
    {
        "Add", "BatchNormalization", "Clip", "Div", "Erf", "HardSigmoid", "HardSwish",
        "LeakyRelu", "Mul", "Pow", "Relu", "Sigmoid", "Sqrt", "Sub", "Tanh",
    }
)  # fmt: skip
"""Operators that a runtime fuses with the one before."""
_GLUED_COST = 0.5
_UNCUT = ("Sequence", "Optional", "SplitToSequence", "ConcatFromSequence")
"""Operators whose values are no tensors and cannot be handed from session to session."""


def cut_positions(flow: Flow, weights: Collection[str]) -> tuple[int, ...]:
    """Positions before which the graph is cut, in order; none for a graph that must stay whole.

    A heuristic: from the second to the sixth layer after a cut, the place that the fewest
    changing tensors cross, and of these the one nearest to three layers.
    """
    everything = scoped_nodes(flow.proto.graph)
    if any(node.op_type.startswith(_UNCUT) for _, node in everything):
        return ()
    users = {weight: flow.users(weight) for weight in weights}
    layers = sorted({found[0] for found in users.values() if found})
    crossing = _crossing(flow, {at for found in users.values() for at in found})
    cuts: list[int] = []
    done = 0
    while len(layers) - done > _LAYERS:
        first = layers[done + _FEWEST - 1] + 1
        last = layers[done + _MOST] if done + _MOST < len(layers) else len(flow.nodes) - 1
        best = min(
            range(first, last + 1),
            key=lambda at: (_cost(flow, crossing, at), abs(_before(layers, at) - done - _LAYERS)),
            default=None,
        )
        if best is None or _before(layers, best) >= len(layers):
            break
        cuts.append(best)
        done = _before(layers, best)
    return tuple(cuts)


def _cost(flow: Flow, crossing: Sequence[int], at: int) -> float:
    node = flow.nodes[at]
    return crossing[at] + (_GLUED_COST if is_standard(node) and node.op_type in _FUSED else 0)


def _before(layers: Sequence[int], at: int) -> int:
    """How many layers lie before the position."""
    return bisect_left(layers, at)


def _crossing(flow: Flow, users: Collection[int]) -> list[int]:
    """How many tensors that a layer may change are needed after each position."""
    changing: dict[str, int] = {}
    last: dict[str, int] = {}
    for at, (node, names) in enumerate(zip(flow.nodes, flow.reads, strict=True)):
        last |= dict.fromkeys((name for name in names if name in changing), at)
        if at in users or any(name in changing for name in names):
            changing |= dict.fromkeys(filter(None, node.output), at)
    return _running(changing, last, len(flow.nodes))


def _running(made: Mapping[str, int], last: Mapping[str, int], count: int) -> list[int]:
    steps = [0] * (count + 1)
    for name, at in made.items():
        if name in last:
            steps[at + 1] += 1
            steps[last[name] + 1] -= 1
    return list(accumulate(steps))
