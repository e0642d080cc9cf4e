"""Which tensors are rounded to int8, and which nodes take the rounded copy."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from onnx import NodeProto

from sparsify_tui.onnxio.graphs import is_standard
from sparsify_tui.onnxio.quantize.links import Links
from sparsify_tui.onnxio.quantize.ranges import Ranges

_BETWEEN = frozenset(
    {
        "Add", "AveragePool", "Concat", "Flatten", "GlobalAveragePool", "LeakyRelu", "MaxPool",
        "Mul", "Reshape", "Resize", "Sigmoid", "Squeeze", "Transpose", "Unsqueeze",
    }
)  # fmt: skip
"""Operators that onnxruntime runs on int8 and that are no layers."""
_DEARER = frozenset({"Concat", "Resize"})
"""They gain nothing in int8 unless what is around them is rounded anyway."""
_OF_TWO = frozenset({"Add", "Mul"})
"""Their int8 kernels take two tensors that vary."""
_KEEP_SCALE = frozenset(
    {"Flatten", "MaxPool", "Reshape", "Resize", "Squeeze", "Transpose", "Unsqueeze"}
)
"""They give out some of what they take, in the same scale."""
_MOVE = _KEEP_SCALE - {"MaxPool"}
"""Only their first input is data."""
_LEVELS = 255
_SMALLEST_SCALE = 1e-9
_SCALE_OF_CONSTANT = 1e-3
_NEAR_ONE = 1 + 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The numbers that a uint8 tensor stands for: (q - zero_point) * scale."""

    scale: float
    zero_point: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounding:
    """What int8 does to the activations of a graph."""

    layers: tuple[NodeProto, ...]
    """The nodes that compute in int8."""
    grids: Mapping[str, Grid]
    """Of every tensor that is rounded, in graph order."""
    replaced: frozenset[str]
    """Those of which no float form is left: outputs of layers."""
    takers: Mapping[str, Collection[str]]
    """By tensor of which a float form is left, the nodes that take the rounded copy."""


def plan_rounding(
    links: Links, ranges: Ranges, chosen: Collection[str], *, between: bool
) -> Rounding:
    """Rounds the input of every chosen node, and the output where `rounded_output` says so.

    Args:
        links: Of the prepared graph.
        ranges: A node whose tensors were never seen stays float.
        chosen: Names of nodes.
        between: Whether nodes between rounded tensors take the rounded copies, too.
    """
    layers = tuple(
        node
        for node in links.nodes
        if node.name in chosen and ranges.bounds.keys() >= set(rounded_around(node, links))
    )
    around = rounded_tensors(links, layers, between=between)
    rounded = dict.fromkeys(name for name in around if name in ranges.bounds)
    takers: dict[str, set[str]] = {name: set() for name in rounded}
    for node in layers:
        takers[node.input[0]].add(node.name)
    for node in links.nodes if between else ():
        if _is_between(node, links, rounded):
            for name in data_inputs(node, links):
                takers[name].add(node.name)
    return Rounding(
        layers=layers,
        grids={name: _grid(name, links, ranges, rounded) for name in rounded},
        replaced=frozenset(out for node in layers if (out := rounded_output(node, links))),
        takers=takers,
    )


def rounded_tensors(links: Links, layers: Iterable[NodeProto], *, between: bool) -> tuple[str, ...]:
    """The tensors around the layers, and those between them that can stay in int8."""
    rounded = dict.fromkeys(name for node in layers for name in rounded_around(node, links))
    wanted = set(rounded)
    for node in reversed(links.nodes) if between else ():
        if _grows(node) and links.clamped(node.output[0]) in wanted:
            wanted.update(data_inputs(node, links))
    for node in links.nodes if between else ():
        if _grows(node) and _takes_only(node, links, rounded):
            output = links.clamped(node.output[0])
            if output in wanted:
                rounded[output] = None
    return tuple(rounded)


def rounded_output(node: NodeProto, links: Links) -> str | None:
    """What the node gives out rounded when it computes in int8; None where it gives float.

    onnxruntime has an integer Conv only where the output is rounded, too, while its integer
    products of matrices can give float, unless a Relu or Clip alone takes it. Such a clamp
    is part of the rounding.
    """
    output = links.clamped(node.output[0])
    return output if node.op_type == "Conv" or output != node.output[0] else None


def rounded_around(node: NodeProto, links: Links) -> tuple[str, ...]:
    """The tensors that are rounded when the node computes in int8."""
    output = rounded_output(node, links)
    return (node.input[0],) if output is None else (node.input[0], output)


def data_inputs(node: NodeProto, links: Links) -> tuple[str, ...]:
    """The node's inputs that an int8 kernel takes as int8."""
    return tuple(node.input[:1]) if node.op_type in _MOVE else links.varying_inputs(node)


def is_passed(node: NodeProto) -> bool:
    """Whether the node's operator can work between rounded tensors."""
    return is_standard(node) and node.op_type in _BETWEEN


def _grows(node: NodeProto) -> bool:
    return is_passed(node) and node.op_type not in _DEARER


def _is_between(node: NodeProto, links: Links, rounded: Collection[str]) -> bool:
    return (
        is_passed(node)
        and links.clamped(node.output[0]) in rounded
        and _takes_only(node, links, rounded)
    )


def _takes_only(node: NodeProto, links: Links, rounded: Collection[str]) -> bool:
    inputs = data_inputs(node, links)
    is_fit = len(inputs) == 2 if node.op_type in _OF_TWO else len(inputs) > 0
    return is_fit and all(name in rounded for name in inputs)


def _grid(name: str, links: Links, ranges: Ranges, rounded: Collection[str]) -> Grid:
    maker = links.makers.get(name)
    while maker is not None and maker.op_type in _KEEP_SCALE and maker.input[0] in rounded:
        name = maker.input[0]
        maker = links.makers.get(name)
    low, high = ranges.bounds[name]
    is_clip = maker is not None and maker.op_type == "Clip"
    return _grid_of(min(low, 0.0), max(high, 0.0), inside=is_clip)


def _grid_of(low: float, high: float, *, inside: bool) -> Grid:
    """The grid over a range that has 0 in it.

    Args:
        low: Its smallest value.
        high: Its largest value.
        inside: Whether no point may lie beyond, for onnxruntime to drop the Clip before it.
    """
    scale = (high - low) / _LEVELS
    if scale <= _SMALLEST_SCALE:
        return Grid(scale=_SCALE_OF_CONSTANT, zero_point=0)
    zero_point = min(max(round(-low / scale), 0), _LEVELS)
    if inside:
        below = -low / zero_point if zero_point else math.inf
        above = high / (_LEVELS - zero_point) if zero_point < _LEVELS else math.inf
        scale = min(below, above) / _NEAR_ONE
    return Grid(scale=scale, zero_point=zero_point)
