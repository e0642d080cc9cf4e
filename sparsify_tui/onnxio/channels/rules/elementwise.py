"""Operators that compute each element from those at the same place."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from onnx import NodeProto

from sparsify_tui.onnxio.channels.trace import Trace
from sparsify_tui.onnxio.channels.units import Ids

_KEEP = frozenset({"Cast", "Identity"})
"""Operators that leave numbers as they are."""


def pass_through(node: NodeProto, trace: Trace) -> None:
    """One tensor in, one of the same shape out; what else it takes are single numbers."""
    trace.set_axes(node.output[0], trace.axes(node.input[0]))
    if node.op_type in _KEEP and trace.has_sizes(node.input[0]):
        trace.set_sizes(node.output[0], trace.sizes(node.input[0]))


def limit(node: NodeProto, trace: Trace) -> None:
    """Clip, whose limits are single numbers, and Dropout, whose ratio is one."""
    for name in node.input[1:]:
        if name and trace.shape(name) == ():
            trace.axes(name)
    trace.set_axes(node.output[0], trace.axes(node.input[0]))
    if len(node.output) > 1 and node.output[1]:
        trace.set_axes(node.output[1], trace.axes(node.input[0]))


def broadcast(node: NodeProto, trace: Trace) -> None:
    """Several tensors in that broadcast against each other."""
    names = [name for name in node.input if name]
    shape = trace.shape(node.output[0])
    axes = broadcast_axes(node, trace, names, shape)
    trace.set_axes(node.output[0], axes)


def broadcast_axes(
    node: NodeProto, trace: Trace, names: Iterable[str], shape: tuple[int, ...], leave: int = 0
) -> list[Ids | None]:
    """Elements of what tensors broadcast to, their last `leave` axes apart.

    Args:
        node: That broadcasts them.
        trace: What is known.
        names: The tensors.
        shape: That they broadcast to, without the axes that are left out.
        leave: How many axes at the end of each tensor take no part.
    """
    beside: list[list[Ids | None]] = [[] for _ in shape]
    for name in names:
        axes, sizes = trace.axes(name), trace.shape(name)
        count = max(len(axes) - leave, 0)
        first = len(shape) - count
        for at in range(count):
            if sizes[at] == shape[first + at]:
                beside[first + at].append(axes[at])
            else:
                trace.lock([axes[at]], node, "repeats it")
    return [_joined(node, trace, parts) for parts in beside]


def _joined(node: NodeProto, trace: Trace, parts: list[Ids | None]) -> Ids | None:
    if not parts or all(ids is None for ids in parts):
        return None
    for one, other in pairwise(parts):
        trace.join(one, other, node)
    return None if any(ids is None for ids in parts) else parts[0]


def concatenate(node: NodeProto, trace: Trace, axis: int) -> None:
    """Joins tensors end to end along an axis."""
    names = [name for name in node.input if name]
    columns = list(zip(*(trace.axes(name) for name in names), strict=True))
    out = [None if at == axis else _joined(node, trace, list(x)) for at, x in enumerate(columns)]
    if any(ids is not None for ids in columns[axis]):
        out[axis] = np.concatenate(
            [_held(node, trace, ids, trace.shape(name)[axis])
             for name, ids in zip(names, columns[axis], strict=True)]
        )  # fmt: skip
    trace.set_axes(node.output[0], out)


def _held(node: NodeProto, trace: Trace, ids: Ids | None, size: int) -> Ids:
    if ids is not None:
        return ids
    ids = trace.elements.fresh(size)
    trace.lock([ids], node, "joins it with a tensor of which nothing can go")
    return ids
