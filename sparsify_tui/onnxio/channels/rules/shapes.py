"""Operators that move, join, pick and part axes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx import NodeProto

from sparsify_tui.onnxio.channels.edits import Counts, Entry, Picks
from sparsify_tui.onnxio.channels.rules.elementwise import concatenate
from sparsify_tui.onnxio.channels.trace import Size, Trace
from sparsify_tui.onnxio.channels.units import Ids
from sparsify_tui.onnxio.graphs import first_output
from sparsify_tui.onnxio.views import attribute, attribute_int


def constant_integers(node: NodeProto, trace: Trace, name: str, position: int) -> list[int] | None:
    """Integers of an attribute, or of a constant input in later operator sets."""
    given = attribute(node, name)
    if isinstance(given, list):
        return [int(value) for value in given]
    if position >= len(node.input) or not node.input[position]:
        return None
    values = trace.integers(node.input[position])
    return None if values is None else [int(value) for value in values.reshape(-1)]


def has_input(node: NodeProto, position: int) -> bool:
    """Whether the node takes an input there."""
    return position < len(node.input) and bool(node.input[position])


def transpose(node: NodeProto, trace: Trace) -> None:
    """Puts axes in another order."""
    axes = trace.axes(node.input[0])
    order = attribute(node, "perm")
    places = order if isinstance(order, list) else range(len(axes))[::-1]
    trace.set_axes(node.output[0], [axes[at] for at in places])


def squeeze(node: NodeProto, trace: Trace) -> None:
    """Takes axes of one element away."""
    axes, shape = trace.axes(node.input[0]), trace.shape(node.input[0])
    listed = constant_integers(node, trace, "axes", 1)
    if listed is None and has_input(node, 1):
        return
    gone = {at for at, size in enumerate(shape) if size == 1}
    if listed is not None:
        gone = {at % len(shape) for at in listed}
    trace.lock([axes[at] for at in gone], node, "takes its axis away")
    trace.set_axes(node.output[0], [ids for at, ids in enumerate(axes) if at not in gone])
    _pass_sizes(node, trace)


def unsqueeze(node: NodeProto, trace: Trace) -> None:
    """Adds axes of one element."""
    listed = constant_integers(node, trace, "axes", 1)
    rank = len(trace.shape(node.output[0]))
    if listed is None:
        return
    new = {at % rank for at in listed}
    rest = iter(trace.axes(node.input[0]))
    trace.set_axes(node.output[0], [None if at in new else next(rest) for at in range(rank)])
    _pass_sizes(node, trace)


def _pass_sizes(node: NodeProto, trace: Trace) -> None:
    if trace.has_sizes(node.input[0]) and len(trace.shape(node.output[0])) <= 1:
        trace.set_sizes(node.output[0], trace.sizes(node.input[0]))


def concat(node: NodeProto, trace: Trace) -> None:
    """Joins tensors end to end, or the sizes that become a shape."""
    rank = len(trace.shape(node.output[0]))
    if rank == 1 and any(_counts(name, trace) for name in node.input):
        trace.set_sizes(node.output[0], [size for x in node.input for size in trace.sizes(x)])
        return
    concatenate(node, trace, attribute_int(node, "axis", 0) % rank)


def _counts(name: str, trace: Trace) -> bool:
    return trace.has_sizes(name) or trace.integers(name) is not None


def split(node: NodeProto, trace: Trace) -> None:
    """Parts an axis."""
    axes, rank = trace.axes(node.input[0]), len(trace.shape(node.input[0]))
    axis = attribute_int(node, "axis", 0) % rank
    if not all(node.output):
        return
    lengths = [trace.shape(name)[axis] for name in node.output]
    if has_input(node, 1) and constant_integers(node, trace, "split", 1) is None:
        trace.sizes(node.input[1])
        trace.lock([axes[axis]], node, "parts it at places that are computed")
        axes = (*axes[:axis], None, *axes[axis + 1 :])
    ids = axes[axis]
    parts: list[Ids | None] = [None] * len(lengths)
    if ids is not None:
        entries = tuple(enumerate(np.split(ids, np.cumsum(lengths)[:-1])))
        parts[:] = [part for _, part in entries]
        trace.edits.append(
            Counts(node=first_output(node), position=1, values=tuple(lengths), entries=entries)
        )
    for name, part in zip(node.output, parts, strict=True):
        trace.set_axes(name, (*axes[:axis], part, *axes[axis + 1 :]))


def slice_axes(node: NodeProto, trace: Trace) -> None:
    """Takes a range of some axes."""
    data = node.input[0]
    before, after = trace.shape(data), trace.shape(node.output[0])
    bounds = [constant_integers(node, trace, *which) for which in _BOUNDS]
    starts, ends, listed, steps = bounds
    if any(has_input(node, at) and bounds[at - 1] is None for at in (3, 4)):
        return  # which axes it takes parts of is computed
    count = len(trace.sizes(node.input[1]))
    trace.sizes(node.input[2])
    places = [at % len(before) for at in (listed if listed is not None else range(count))]
    steps = steps or [1] * count
    if trace.has_sizes(data) and starts and ends and len(before) == 1:
        taken = slice(starts[0], ends[0], steps[0])
        trace.set_sizes(node.output[0], trace.sizes(data)[taken])
        return
    axes = list(trace.axes(data))
    entries: tuple[list[Entry], list[Entry]] = ([], [])
    for number, at in enumerate(places):
        ids = axes[at]
        if ids is None:
            continue
        if starts is None or ends is None or steps[number] != 1:
            trace.lock([ids], node, "takes a part of it that is computed")
            axes[at] = None if before[at] != after[at] else ids
            continue
        first, last, _ = slice(starts[number], ends[number]).indices(len(ids))
        entries[0].append((number, ids[:first]))
        entries[1].append((number, ids[:last]))
        axes[at] = ids[first:last]
    for position, (values, counted) in enumerate(zip((starts, ends), entries, strict=True), 1):
        if values is not None and counted:
            trace.edits.append(
                Counts(
                    node=first_output(node),
                    position=position,
                    values=tuple(values),
                    entries=tuple(counted),
                )
            )
    trace.set_axes(node.output[0], axes)


_BOUNDS = (("starts", 1), ("ends", 2), ("axes", 3), ("steps", 4))


def gather(node: NodeProto, trace: Trace) -> None:
    """Picks places of an axis: of a table by what is fed, or of any tensor by constants."""
    data, places = node.input[:2]
    axis = attribute_int(node, "axis", 0) % len(trace.shape(data))
    picked = trace.integers(places)
    if trace.has_sizes(data):
        trace.set_sizes(node.output[0], _picked_sizes(trace.sizes(data), picked, trace, node))
        return
    axes = trace.axes(data)
    if data in trace.constants and axis == 0:
        trace.lookups.append(node)
    middle: list[Ids | None] = [None] * len(trace.shape(places))
    if picked is None:
        middle = list(trace.axes(places))
    ids = axes[axis]
    if ids is not None and picked is not None and picked.ndim <= 1:
        middle = list(_picked(node, trace, ids, picked.astype(np.int64) % len(ids)))
    else:
        trace.lock([ids], node, "looks places of it up")
    trace.set_axes(node.output[0], [*axes[:axis], *middle, *axes[axis + 1 :]])


def _picked(node: NodeProto, trace: Trace, ids: Ids, places: Ids) -> tuple[Ids, ...]:
    name = first_output(node)
    if places.ndim:
        trace.edits.append(Picks(node=name, position=1, ids=ids, places=places))
        return (ids[places],)
    place = int(places)
    trace.lock([ids[place : place + 1]], node, "takes its axis away")
    entries = ((0, ids[:place]),)
    trace.edits.append(
        Counts(node=name, position=1, values=(place,), entries=entries, is_scalar=True)
    )
    return ()


def _picked_sizes(
    sizes: Sequence[Size], picked: object, trace: Trace, node: NodeProto
) -> list[Size]:
    if not isinstance(picked, np.ndarray):
        count = (trace.shape(node.output[0]) or (1,))[0]
        counted = [size for size in sizes if isinstance(size, np.ndarray)]
        trace.lock(counted, node, "looks its size up")
        return [None] * count
    return [sizes[int(at)] for at in picked.reshape(-1)]


def measure(node: NodeProto, trace: Trace) -> None:
    """Shape: the sizes of axes, from `start` to `end`."""
    sizes = trace.axes(node.input[0])
    start, end = attribute_int(node, "start", 0), attribute_int(node, "end", len(sizes))
    trace.set_sizes(node.output[0], sizes[start:end])
