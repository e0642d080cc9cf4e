"""Operators that scale channels: normalisations, and quantisation by channel."""

from __future__ import annotations

import numpy as np
from onnx import NodeProto

from sparsify_tui.onnxio.channels.edits import GroupCount
from sparsify_tui.onnxio.channels.rules.shapes import has_input
from sparsify_tui.onnxio.channels.trace import Trace
from sparsify_tui.onnxio.graphs import first_output
from sparsify_tui.onnxio.views import attribute_int


def by_channel(node: NodeProto, trace: Trace) -> None:
    """BatchNormalization and InstanceNormalization: each channel alone, with its own numbers."""
    axes = trace.axes(node.input[0])
    for name in node.input[1:]:
        trace.join(axes[1], trace.axes(name)[0], node)
    if node.op_type == "InstanceNormalization":
        trace.lock(axes[2:], node, "normalises over it")
        axes = (*axes[:2], *(None for _ in axes[2:]))
    trace.set_axes(node.output[0], axes)


def by_last_axes(node: NodeProto, trace: Trace) -> None:
    """LayerNormalization: over all axes from one on."""
    axes = trace.axes(node.input[0])
    first = attribute_int(node, "axis", -1) % len(axes)
    trace.lock(axes[first:], node, "normalises over it")
    for name in node.input[1:]:
        if name:
            trace.lock(trace.axes(name), node, "normalises with it")
    trace.set_axes(node.output[0], axes)


def by_group(node: NodeProto, trace: Trace) -> None:
    """GroupNormalization: channels that are normalised together go together."""
    axes = trace.axes(node.input[0])
    groups, ids = attribute_int(node, "num_groups", 1), axes[1]
    if ids is None:
        return
    trace.lock(axes[2:], node, "normalises over it")
    rows = ids.reshape(groups, -1)
    trace.elements.join(np.repeat(rows[:, :1], rows.shape[1] - 1, axis=1), rows[:, 1:])
    for name in node.input[1:]:
        numbers = trace.axes(name)[0]
        trace.join(ids if numbers is not None and len(numbers) == len(ids) else rows[:, 0],
                   numbers, node)  # fmt: skip
    trace.edits.append(GroupCount(node=first_output(node), attribute="num_groups", ids=rows[:, 0]))
    trace.set_axes(node.output[0], [axes[0], ids, *(None for _ in axes[2:])])


def quantize(node: NodeProto, trace: Trace) -> None:
    """QuantizeLinear and DequantizeLinear: one scale for all, or one for each channel."""
    data = node.input[0]
    axes = trace.axes(data)
    if attribute_int(node, "block_size", 0):
        return
    for position in (1, 2):
        if has_input(node, position):
            numbers = trace.axes(node.input[position])
            if len(numbers) == 1 and trace.shape(node.input[position]) != (1,):
                trace.join(axes[attribute_int(node, "axis", 1)], numbers[0], node)
            elif len(numbers) > 1:
                trace.lock([*axes, *numbers], node, "scales blocks of it")
    trace.set_axes(node.output[0], axes)
    if node.op_type == "DequantizeLinear":
        trace.set_stored(node.output[0], data)
