"""Operators that multiply data by weights, or data by data."""

from __future__ import annotations

import numpy as np
from onnx import NodeProto

from sparsify_tui.onnxio.channels.edits import GroupCount
from sparsify_tui.onnxio.channels.rules.elementwise import broadcast_axes
from sparsify_tui.onnxio.channels.trace import Contraction, Trace, Weighing
from sparsify_tui.onnxio.channels.units import Axes, Ids
from sparsify_tui.onnxio.graphs import first_output
from sparsify_tui.onnxio.views import attribute_int


def convolve(node: NodeProto, trace: Trace) -> None:
    """Conv [out, in/groups, ...] and ConvTranspose [in, out/groups, ...]."""
    data, weight = trace.axes(node.input[0]), trace.axes(node.input[1])
    trace.lock([*data[2:], *weight[2:]], node, "slides over it")
    groups = attribute_int(node, "group", 1)
    inputs, outputs = (0, 1) if node.op_type == "ConvTranspose" else (1, 0)
    if groups == 1:
        made = weight[outputs]
        _contract(node, trace, (0, 1), (1, inputs))
    else:
        made = _grouped(node, trace, data[1], weight, groups)
    if len(node.input) > 2 and node.input[2]:
        trace.join(made, trace.axes(node.input[2])[0], node)
    shape = trace.shape(node.output[0])
    trace.set_axes(node.output[0], [data[0], made, *(None for _ in shape[2:])])
    if groups == 1:
        _note(node, trace, (0, 1), (1, inputs, outputs), output_axis=1)
    else:
        _note(node, trace, (0, 1), (1, None, 0), output_axis=1, groups=groups)


def _grouped(
    node: NodeProto, trace: Trace, data: Ids | None, weight: Axes, groups: int
) -> Ids | None:
    """Whole groups go, their inputs together with their outputs."""
    trace.lock([weight[1]], node, "has as many for each group")
    if data is None:
        trace.lock_source([weight[0]], node, node.input[0])
        return weight[0] if node.op_type == "Conv" else None  # else it runs over the inputs
    if weight[0] is None:
        trace.lock([data], node, "multiplies it by what is computed")
        return None
    rows = data.reshape(groups, -1)
    trace.elements.join(np.repeat(rows[:, :1], rows.shape[1] - 1, 1), rows[:, 1:])
    stored = weight[0].reshape(groups, -1)
    trace.elements.join(np.repeat(rows[:, :1], stored.shape[1], 1), stored)
    trace.edits.append(GroupCount(node=first_output(node), attribute="group", ids=rows[:, 0]))
    return np.repeat(rows[:, 0], trace.shape(node.output[0])[1] // groups)


def multiply(node: NodeProto, trace: Trace) -> None:
    """MatMul, also of more than two dimensions, and onnxruntime's FusedMatMul."""
    left, right = node.input[:2]
    flipped = [attribute_int(node, name, 0) for name in ("transA", "transB")]
    ranks = [len(trace.shape(name)) for name in (left, right)]
    if attribute_int(node, "transBatchA", 0) or attribute_int(node, "transBatchB", 0):
        return
    rows, inner = _matrix_axes(ranks[0], flipped=bool(flipped[0]))
    columns, other = _matrix_axes(ranks[1], flipped=not flipped[1])
    _contract(node, trace, (0, inner), (1, other))
    shape = trace.shape(node.output[0])
    ends = (rows is not None) + (columns is not None)
    batch = _batch(node, trace, shape[: len(shape) - ends])
    out = list(batch)
    out += [trace.axes(left)[rows]] if rows is not None else []
    out += [trace.axes(right)[columns]] if columns is not None else []
    trace.set_axes(node.output[0], out)
    if trace.stored(right) and columns is not None:
        _note(node, trace, (0, inner), (1, other, columns), output_axis=len(out) - 1)
    elif trace.stored(left) and rows is not None:
        _note(node, trace, (1, other), (0, inner, rows), output_axis=len(batch))


def _matrix_axes(rank: int, *, flipped: bool) -> tuple[int | None, int]:
    """The axis that stays and the one that is summed over; a vector has only the latter."""
    if rank == 1:
        return None, 0
    return (rank - 1, rank - 2) if flipped else (rank - 2, rank - 1)


def _batch(node: NodeProto, trace: Trace, shape: tuple[int, ...]) -> list[Ids | None]:
    batch = broadcast_axes(node, trace, node.input[:2], shape, leave=2)
    if not any(trace.stored(name) for name in node.input[:2]):
        trace.heads += [ids for ids in batch if ids is not None]
    return batch


def multiply_add(node: NodeProto, trace: Trace) -> None:
    """Gemm: two matrices, and what is added to their product."""
    left, right, *added = (name for name in node.input if name)
    rows, inner = (1, 0) if attribute_int(node, "transA", 0) else (0, 1)
    other, columns = (1, 0) if attribute_int(node, "transB", 0) else (0, 1)
    _contract(node, trace, (0, inner), (1, other))
    out = [trace.axes(left)[rows], trace.axes(right)[columns]]
    trace.set_axes(node.output[0], out)
    for name in added:
        sizes, shape = trace.shape(name), trace.shape(node.output[0])
        for at, ids in enumerate(reversed(trace.axes(name)), 1):
            if sizes[-at] == shape[-at]:
                trace.join(ids, out[-at], node)
            else:
                trace.lock([ids], node, "repeats it")
    if trace.stored(right):
        _note(node, trace, (0, inner), (1, other, columns), output_axis=1)
    elif trace.stored(left):
        _note(node, trace, (1, other), (0, inner, rows), output_axis=0)


def _contract(node: NodeProto, trace: Trace, left: tuple[int, int], right: tuple[int, int]) -> None:
    """Sums over an axis of either input, each given as input and axis."""
    data, weight = (right, left) if trace.stored(node.input[left[0]]) else (left, right)
    name = node.input[weight[0]]
    one, other = (trace.axes(node.input[at])[axis] for at, axis in (data, weight))
    if one is None or other is None:
        trace.lock_source((one, other), node, node.input[data[0]])
        return
    trace.elements.join(one, other)
    is_plain = name in trace.constants
    trace.contractions.append(
        Contraction(
            node=first_output(node),
            ids=one,
            data=data[0],
            data_axis=data[1],
            weight=name if is_plain else None,
            weight_axis=weight[1],
        )
    )


def _note(
    node: NodeProto,
    trace: Trace,
    data: tuple[int, int],
    weight: tuple[int, int | None, int],
    *,
    output_axis: int,
    groups: int = 1,
) -> None:
    """Notes the product where one side is stored; each side is given as input and axes."""
    stored = trace.stored(node.input[weight[0]])
    if stored is None:
        return
    trace.weighings.append(
        Weighing(
            node=node,
            weight=stored,
            data=data[0],
            data_axis=data[1],
            output_axis=output_axis,
            input_axis=weight[1],
            weight_axis=weight[2],
            groups=groups,
            is_depthwise=weight[1] is None and trace.shape(node.input[0])[1] == groups,
        )
    )
