"""Operators that look at neighbours within a channel, or sum over axes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from onnx import NodeProto

from sparsify_tui.onnxio.channels.rules.reshapes import fit_shape
from sparsify_tui.onnxio.channels.rules.shapes import constant_integers, has_input
from sparsify_tui.onnxio.channels.trace import Trace
from sparsify_tui.onnxio.channels.units import Ids
from sparsify_tui.onnxio.tensors import tensor_values
from sparsify_tui.onnxio.views import attribute, attribute_int


def pool(node: NodeProto, trace: Trace) -> None:
    """Each channel alone; places within a channel are not given out."""
    if len(node.output) > 1 and node.output[1]:
        return  # places count through all channels
    axes = trace.axes(node.input[0])
    trace.lock(axes[2:], node, "pools it")
    trace.set_axes(node.output[0], [*axes[:2], *(None for _ in axes[2:])])


def resize(node: NodeProto, trace: Trace) -> None:
    """Axes of which the size does not change stay; a wanted size may name them, too."""
    axes, sizes = trace.axes(node.input[0]), trace.shape(node.input[0])
    shape = trace.shape(node.output[0])
    listed = constant_integers(node, trace, "axes", len(node.input))
    named = [at % len(axes) for at in (listed if listed is not None else range(len(axes)))]
    scales = _scales(node, trace)
    same = {at for at in range(len(axes)) if sizes[at] == shape[at]}
    if scales is not None:
        same -= {at for at, scale in zip(named, scales, strict=True) if scale != 1}
    elif has_input(node, 2):
        trace.axes(node.input[2])
        same -= set(named)
    trace.lock([ids for at, ids in enumerate(axes) if at not in same], node, "resizes it")
    trace.set_axes(node.output[0], [ids if at in same else None for at, ids in enumerate(axes)])
    if has_input(node, 3):
        kept = [(place, axes[at]) for place, at in enumerate(named) if at in same]
        fit_shape(node, trace, 3, kept, set())


def _scales(node: NodeProto, trace: Trace) -> list[float] | None:
    if not has_input(node, 2):
        return None
    tensor = trace.constants.get(node.input[2])
    if tensor is None or 0 in tensor.dims:
        return None
    trace.axes(node.input[2])
    return [float(scale) for scale in tensor_values(tensor).reshape(-1).astype(np.float64)]


def pad(node: NodeProto, trace: Trace) -> None:
    """Axes get elements at both ends that must stay; those without any stay as they are."""
    axes = trace.axes(node.input[0])
    pads = constant_integers(node, trace, "pads", 1)
    listed = constant_integers(node, trace, "axes", 3)
    if has_input(node, 2) and trace.shape(node.input[2]) == ():
        trace.axes(node.input[2])
    if pads is None or (has_input(node, 3) and listed is None):
        trace.sizes(node.input[1])
        trace.lock(axes, node, "pads it as far as is computed")
        return
    named = [at % len(axes) for at in (listed if listed is not None else range(len(axes)))]
    after = list(axes)
    for place, at in enumerate(named):
        first, last = pads[place], pads[len(named) + place]
        if first or last:
            after[at] = _padded(node, trace, axes[at], first, last)
    trace.set_axes(node.output[0], after)


def _padded(node: NodeProto, trace: Trace, ids: Ids | None, first: int, last: int) -> Ids | None:
    is_constant = attribute(node, "mode") in {None, b"constant"}
    if ids is None or not is_constant or min(first, last) < 0:
        trace.lock([ids], node, "pads it with what is there")
        return None
    ends = [trace.elements.fresh(count) for count in (first, last)]
    trace.lock(ends, node, "adds it")
    return np.concatenate([ends[0], ids, ends[1]])


def reduce(node: NodeProto, trace: Trace) -> None:
    """Sums, means and extremes over axes, all of them where none are named."""
    axes = trace.axes(node.input[0])
    listed = constant_integers(node, trace, "axes", 1)
    if listed is None and has_input(node, 1):
        trace.lock(axes, node, "reduces what is computed")
        return
    if not listed and attribute_int(node, "noop_with_empty_axes", 0):
        trace.set_axes(node.output[0], axes)
        return
    gone = {at % len(axes) for at in listed} if listed else set(range(len(axes)))
    _without(node, trace, gone)


def arg_reduce(node: NodeProto, trace: Trace) -> None:
    """ArgMax and ArgMin along an axis."""
    _without(node, trace, {attribute_int(node, "axis", 0) % len(trace.shape(node.input[0]))})


def _without(node: NodeProto, trace: Trace, gone: Iterable[int]) -> None:
    axes, over = trace.axes(node.input[0]), set(gone)
    trace.lock([ids for at, ids in enumerate(axes) if at in over], node, "goes over it")
    kept = [None if at in over else ids for at, ids in enumerate(axes)]
    if not attribute_int(node, "keepdims", 1):
        kept = [ids for at, ids in enumerate(axes) if at not in over]
    trace.set_axes(node.output[0], kept)


def along_axis(node: NodeProto, trace: Trace) -> None:
    """Softmax and the like: elements along one axis belong together, others are apart."""
    axes = trace.axes(node.input[0])
    trace.lock([axes[attribute_int(node, "axis", -1)]], node, "goes over it")
    trace.set_axes(node.output[0], axes)


def cumulate(node: NodeProto, trace: Trace) -> None:
    """CumSum, which takes its axis as an input."""
    axes = trace.axes(node.input[0])
    place = trace.integers(node.input[1])
    over = range(len(axes)) if place is None else [int(place.reshape(-1)[0]) % len(axes)]
    trace.sizes(node.input[1])
    trace.lock([axes[at] for at in over], node, "goes over it")
    trace.set_axes(node.output[0], axes)
