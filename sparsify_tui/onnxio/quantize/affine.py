"""Folds multiplications and additions of one constant number into the convolutions beside them.

Some exporters leave a learned scale and shift around each convolution (PP-LCNetV3). A
runtime folds them only where they are written as one number for each channel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, NodeProto
from onnx.helper import make_node
from onnx.numpy_helper import from_array

from sparsify_tui.onnxio.graphs import is_standard
from sparsify_tui.onnxio.quantize.links import Links
from sparsify_tui.onnxio.quantize.replace import drop_unused, replace_nodes
from sparsify_tui.onnxio.quantize.weights import bias_values
from sparsify_tui.onnxio.unique import defined_names, fresh_name
from sparsify_tui.onnxio.views import attribute

_Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A node that computes scale * x + shift, one of which does nothing."""

    x: str
    output: str
    scale: float = 1.0
    shift: float = 0.0


@dataclass(slots=True, kw_only=True)
class _Convolution:
    """What a node computes together with all that has been folded into it."""

    x: str
    output: str
    weights: _Array
    bias: _Array
    is_padded: bool
    shift: _Step | None = None
    """What is left of the node that makes x."""


_Fold = Callable[[_Convolution, Links], list[str]]
"""Folds into a convolution, in place; the outputs of the nodes that this saves."""


def fold_affine(graph: GraphProto) -> int:
    """Folds in place, exactly but for rounding; returns how many nodes it saved.

    A convolution keeps its node's name, and gives out what the last node folded into it did.
    """
    return sum(_fold_all(graph, fold) for fold in _FOLDS)


def _fold_all(graph: GraphProto, fold: _Fold) -> int:
    links = Links(graph)
    taken = set(defined_names(graph))
    new: dict[str, tuple[NodeProto, ...]] = {}
    count = 0
    for node in links.nodes:
        convolution = _read(node, links)
        folded = [] if convolution is None else fold(convolution, links)
        if convolution is not None and folded:
            new |= dict.fromkeys(folded, ())
            new[node.output[0]] = (_written(node, convolution, graph, taken),)
            if convolution.shift is not None:
                new[convolution.x] = (_addition(convolution.shift, graph, taken),)
            count += len(folded)
    replace_nodes(graph, new)
    drop_unused(graph)
    return count


def _fold_following(convolution: _Convolution, links: Links) -> list[str]:
    """What follows a convolution, scale * conv(x) + shift, is one with other weights."""
    folded: list[str] = []
    while (step := _step(links.only_taker(convolution.output), links)) is not None:
        convolution.weights *= step.scale
        convolution.bias = convolution.bias * step.scale + step.shift
        convolution.output = step.output
        folded.append(step.output)
    return folded


def _fold_preceding(convolution: _Convolution, links: Links) -> list[str]:
    """So is what precedes it, conv(scale * x + shift), but padding would not be shifted."""
    folded: list[str] = []
    while (step := _step(links.makers.get(convolution.x), links)) is not None:
        if links.only_taker(step.output) is None or (step.shift and convolution.is_padded):
            break
        sums = convolution.weights.reshape(len(convolution.bias), -1).sum(axis=1)
        convolution.bias = convolution.bias + step.shift * sums
        convolution.weights *= step.scale
        convolution.x = step.x
        folded.append(step.output)
    return folded


def _fold_behind_shift(convolution: _Convolution, links: Links) -> list[str]:
    """And conv(scale * x + shift) is another conv(x + shift / scale), padded or not."""
    outer = _step(links.makers.get(convolution.x), links)
    inner = None if outer is None else _step(links.makers.get(outer.x), links)
    if outer is None or inner is None or not outer.shift or inner.shift or not inner.scale:
        return []
    if any(links.only_taker(step.output) is None for step in (outer, inner)):
        return []
    convolution.weights *= inner.scale
    shift = outer.shift / inner.scale
    convolution.shift = _Step(x=inner.x, output=outer.output, shift=shift)
    return [inner.output]


_FOLDS: tuple[_Fold, ...] = (_fold_following, _fold_preceding, _fold_behind_shift)


def _step(node: NodeProto | None, links: Links) -> _Step | None:
    if node is None or not is_standard(node) or node.op_type not in {"Add", "Mul"}:
        return None
    first, second = map(str, node.input)
    for x, constant in ((first, second), (second, first)):
        number = links.scalar(constant)
        if links.is_varying(x) and number is not None:
            if len(links.initializers[constant].dims) > 1:  # x might have fewer dimensions
                return None
            if node.op_type == "Add":
                return _Step(x=x, output=node.output[0], shift=number)
            return _Step(x=x, output=node.output[0], scale=number)
    return None


def _read(node: NodeProto, links: Links) -> _Convolution | None:
    if not is_standard(node) or node.op_type != "Conv":
        return None
    weights = links.float_values(node.input[1])
    if weights is None or not links.is_varying(node.input[0]):
        return None
    bias = bias_values(node, links)
    if bias is None and len(node.input) > 2 and node.input[2]:
        return None
    pads = attribute(node, "pads")
    return _Convolution(
        x=node.input[0],
        output=node.output[0],
        weights=weights.astype(np.float64),
        bias=np.zeros(len(weights)) if bias is None else bias.astype(np.float64),
        is_padded=(isinstance(pads, list) and any(pads))
        or attribute(node, "auto_pad") not in {None, b"NOTSET", b"VALID"},
    )


def _written(
    node: NodeProto, convolution: _Convolution, graph: GraphProto, taken: set[str]
) -> NodeProto:
    name = convolution.output
    weight = _stored(f"{name}__weight", convolution.weights, graph, taken)
    bias = _stored(f"{name}__bias", convolution.bias, graph, taken)
    written = NodeProto()
    written.CopyFrom(node)
    written.input[:] = [convolution.x, weight, bias]
    written.output[:] = [convolution.output]
    return written


def _addition(step: _Step, graph: GraphProto, taken: set[str]) -> NodeProto:
    shift = _stored(f"{step.output}__shift", np.array(step.shift), graph, taken)
    return make_node("Add", [step.x, shift], [step.output], name=step.output)


def _stored(name: str, values: _Array, graph: GraphProto, taken: set[str]) -> str:
    fresh = fresh_name(name, taken)
    taken.add(fresh)
    graph.initializer.append(from_array(values.astype(np.float32), fresh))
    return fresh
