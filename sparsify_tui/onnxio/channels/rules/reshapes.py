"""Operators that write the same elements in another shape, or repeat them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from onnx import NodeProto

from sparsify_tui.onnxio.channels.edits import Counts, Entry, Scales
from sparsify_tui.onnxio.channels.rules.shapes import constant_integers
from sparsify_tui.onnxio.channels.trace import Size, Trace
from sparsify_tui.onnxio.channels.units import Axes, Ids
from sparsify_tui.onnxio.graphs import first_output
from sparsify_tui.onnxio.views import attribute, attribute_int

Shape = tuple[int, ...]
Block = tuple[list[int], list[int]]
"""Axes before and after that hold the same elements."""
_MOST_PARTS = 3
"""Query, key and value in one product are up to three parts; fewer heads are not worth it."""
_LEAST_BESIDE = 128


def reshape(node: NodeProto, trace: Trace) -> None:
    """Reshape, whose wanted shape is a constant or computed; sizes only change their form."""
    if trace.has_sizes(node.input[0]) and len(trace.shape(node.output[0])) <= 1:
        trace.sizes(node.input[1])
        trace.set_sizes(node.output[0], trace.sizes(node.input[0]))
        return
    before = trace.axes(node.input[0])
    after = _regrouped(node, trace, before)
    trace.set_axes(node.output[0], after)
    copied = {
        at
        for at, (one, other) in enumerate(zip(before, after, strict=False))
        if one is not None and other is not None and np.array_equal(one, other)
    }
    fit_shape(node, trace, 1, list(enumerate(after)), copied)


def flatten(node: NodeProto, trace: Trace) -> None:
    """Reshapes to a matrix by the sizes themselves."""
    trace.set_axes(node.output[0], _regrouped(node, trace, trace.axes(node.input[0])))


def fit_shape(
    node: NodeProto,
    trace: Trace,
    position: int,
    axes: Sequence[tuple[int, Ids | None]],
    copied: set[int],
) -> None:
    """Notes how the wanted shape changes.

    Args:
        node: That takes it.
        trace: What is known.
        position: Which input it is.
        axes: Elements of the axes that it names, each with its place in it.
        copied: Axes for which a 0 means the size before.
    """
    name = node.input[position]
    sizes = trace.sizes(name)
    entries: list[Entry] = []
    counted: dict[int, Ids] = {}
    for at, ids in axes:
        size = sizes[at]
        if isinstance(size, np.ndarray):
            if ids is None or len(size) != len(ids):
                trace.lock([size, ids], node, "takes its size for another axis")
                continue
            counted[at] = size
        if ids is not None and (at in counted or not _fits_itself(size, is_copied=at in copied)):
            entries.append((at, ids))
    values = trace.integers(name)
    if entries and values is not None:
        found = tuple(int(value) for value in values)
        trace.edits.append(
            Counts(node=first_output(node), position=position, values=found, entries=tuple(entries))
        )
    elif entries:
        trace.edits.append(
            Scales(
                node=first_output(node),
                position=position,
                length=len(sizes),
                entries=tuple(entries),
                counted=counted,
            )
        )


def _fits_itself(size: Size, *, is_copied: bool) -> bool:
    """Whether a wanted size is found by the runtime: from the rest, or from the shape before."""
    return isinstance(size, int) and (size == -1 or (size == 0 and is_copied))


def expand(node: NodeProto, trace: Trace) -> None:
    """Repeats axes of one element to a wanted shape."""
    before, sizes = trace.axes(node.input[0]), trace.shape(node.input[0])
    shape, wanted = trace.shape(node.output[0]), trace.sizes(node.input[1])
    first = len(shape) - len(sizes)
    after: list[Ids | None] = [None] * len(shape)
    for at, ids in enumerate(before, first):
        asked = at - len(shape) + len(wanted)
        is_known = asked < 0 or wanted[asked] is not None  # else it may be 1 or the size
        if sizes[at - first] == shape[at] and is_known:
            after[at] = ids
        else:
            trace.lock([ids], node, "repeats it")
    trace.set_axes(node.output[0], after)
    skipped = len(shape) - len(wanted)
    places = [(at, after[skipped + at]) for at in range(len(wanted)) if wanted[at] != 1]
    fit_shape(node, trace, 1, places, set())


def tile(node: NodeProto, trace: Trace) -> None:
    """Repeats whole axes."""
    axes, sizes = trace.axes(node.input[0]), trace.shape(node.input[0])
    shape = trace.shape(node.output[0])
    if constant_integers(node, trace, "repeats", 1) is None:
        trace.lock(axes, node, "repeats it as often as is computed")
        trace.sizes(node.input[1])
        return
    after = [
        None if ids is None else np.tile(ids, new // old)
        for ids, old, new in zip(axes, sizes, shape, strict=True)
    ]
    trace.set_axes(node.output[0], after)


def fill(node: NodeProto, trace: Trace) -> None:
    """ConstantOfShape: one number in every place of a wanted shape."""
    sizes = trace.sizes(node.input[0])
    trace.set_axes(node.output[0], [x if isinstance(x, np.ndarray) else None for x in sizes])


def depth_to_space(node: NodeProto, trace: Trace) -> None:
    """Each channel of the output is made of `blocksize` ² channels, which go together."""
    axes = trace.axes(node.input[0])
    side = attribute_int(node, "blocksize", 1)
    ids = axes[1]
    if ids is not None:
        is_last = attribute(node, "mode") == b"CRD"
        rows = ids.reshape(-1, side * side) if is_last else ids.reshape(side * side, -1).T
        ids = _merged(trace, rows)
    trace.lock(axes[2:], node, "mixes it with channels")
    trace.set_axes(node.output[0], [axes[0], ids, None, None])


def space_to_depth(node: NodeProto, trace: Trace) -> None:
    """Each channel of the input makes `blocksize` ² channels."""
    axes = trace.axes(node.input[0])
    ids = None if axes[1] is None else np.tile(axes[1], attribute_int(node, "blocksize", 1) ** 2)
    trace.lock(axes[2:], node, "mixes it with channels")
    trace.set_axes(node.output[0], [axes[0], ids, None, None])


def _regrouped(node: NodeProto, trace: Trace, axes: Axes) -> list[Ids | None]:
    before, after = trace.shape(node.input[0]), trace.shape(node.output[0])
    made: list[Ids | None] = [None] * len(after)
    blocks = list(blocks_of(before, after))
    within = {at for ins, _ in blocks for at in ins}
    trace.lock([ids for at, ids in enumerate(axes) if at not in within], node, "reshapes it")
    for ins, outs in blocks:
        tracked = [at for at in ins if axes[at] is not None]
        trace.lock([axes[at] for at in tracked[1:]], node, "mixes it with other channels")
        for at in tracked[:1]:
            large = [out for out in outs if after[out] > 1] or outs[:1]
            spread = _spread(axes, before, ins, at).reshape([after[out] for out in large])
            place, rows = _carried(spread)
            made[large[place]] = _merged(trace, rows)
    return made


def _spread(axes: Axes, before: Shape, block: Sequence[int], tracked: int) -> Ids:
    """The elements of one axis of a block, in every place of the block."""
    ids = axes[tracked]
    assert ids is not None
    beside = [-1 if at == tracked else 1 for at in block]
    return np.broadcast_to(ids.reshape(beside), [before[at] for at in block])


def _carried(spread: Ids) -> tuple[int, Ids]:
    """Which of several new axes channels go along, and what has to go together at each place.

    Where one parts them as they are parted already, that one; else heads, not what is inside
    of them. A short first axis before a long one parts a fused product into query, key and
    value.
    """
    sizes = spread.shape
    rows = [np.moveaxis(spread, at, 0).reshape(size, -1) for at, size in enumerate(sizes)]
    for place, parts in enumerate(rows):
        if (parts == parts[:, :1]).all():
            return place, parts
    beside = sizes[1] if len(sizes) == 2 else _LEAST_BESIDE
    place = int(len(sizes) > 1 and sizes[0] <= _MOST_PARTS and beside >= _LEAST_BESIDE)
    return place, rows[place]


def _merged(trace: Trace, rows: Ids) -> Ids:
    """Makes the elements of each row go together; gives one of each row."""
    if rows.shape[1] > 1:
        first = np.repeat(rows[:, :1], rows.shape[1] - 1, axis=1)
        apart = first != rows[:, 1:]
        trace.elements.join(first[apart], rows[:, 1:][apart])
    return rows[:, 0].copy()


def blocks_of(before: Shape, after: Shape) -> Iterator[Block]:
    """Pairs the axes of two shapes of the same elements, as finely as possible.

    Yields:
        Consecutive axes before and after that hold as many elements; axes of one element go
        with their neighbours.
    """
    left = right = 0
    while left < len(before) and right < len(after):
        ins, outs = [left], [right]
        one, other = before[left], after[right]
        while one != other:
            if one < other and left + 1 < len(before):
                left += 1
                ins.append(left)
                one *= before[left]
            elif one > other and right + 1 < len(after):
                right += 1
                outs.append(right)
                other *= after[right]
            else:
                return  # an empty tensor
        left, right = left + 1, right + 1
        while left < len(before) and before[left] == 1 and after[right : right + 1] != (1,):
            ins.append(left)
            left += 1
        while right < len(after) and after[right] == 1 and before[left : left + 1] != (1,):
            outs.append(right)
            right += 1
        yield ins, outs
