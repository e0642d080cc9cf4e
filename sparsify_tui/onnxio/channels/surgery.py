"""Cuts channels out of a model, and masks them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, numpy_helper

from sparsify_tui.onnxio.channels.edits import Draft, Edit, Kept
from sparsify_tui.onnxio.channels.trace import Contraction
from sparsify_tui.onnxio.channels.units import Axes, Bools
from sparsify_tui.onnxio.tensors import FLOAT_TYPES, tensor_values


def cut(
    proto: ModelProto, axes_of: Mapping[str, Axes], edits: Sequence[Edit], kept: Kept
) -> ModelProto:
    """A copy without the elements that do not stay."""
    draft = Draft(proto)
    for edit in edits:
        edit.apply(draft, kept)
    for tensor in list(draft.proto.graph.initializer):
        _cut_tensor(tensor, axes_of.get(tensor.name, ()), kept)
    return draft.finished()


def _cut_tensor(tensor: TensorProto, axes: Axes, kept: Kept) -> None:
    stays = {at: kept(ids) for at, ids in enumerate(axes) if ids is not None}
    if all(stay.all() for stay in stays.values()):
        return
    values = tensor_values(tensor)
    for at, stay in stays.items():
        values = values if stay.all() else np.compress(stay, values, axis=at)
    tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(values), tensor.name))


def mask(
    proto: ModelProto,
    contractions: Sequence[Contraction],
    shapes: Mapping[str, tuple[int, ...]],
    kept: Kept,
) -> ModelProto:
    """A copy of the same shapes that computes what the cut one does.

    Wherever a node sums over elements that do not stay, they count nothing: its weights for
    them are zero, or what it takes is multiplied by zero where it has no weights of its own.
    """
    draft = Draft(proto)
    done: set[tuple[str, int]] = set()
    for contraction in contractions:
        stay = kept(contraction.ids)
        if stay.all():
            continue
        weight = draft.constants.get(contraction.weight or "")
        if weight is None:
            _mask_data(draft, contraction, shapes, stay)
        elif (weight.name, contraction.weight_axis) not in done:
            done.add((weight.name, contraction.weight_axis))
            values = tensor_values(weight)
            factor = _along(stay, contraction.weight_axis, values.ndim, values.dtype)
            zeroed = np.multiply(values, factor)
            weight.CopyFrom(numpy_helper.from_array(zeroed, weight.name))
    return draft.finished()


def _mask_data(
    draft: Draft, contraction: Contraction, shapes: Mapping[str, tuple[int, ...]], stay: Bools
) -> None:
    node = draft.nodes[contraction.node]
    name = node.input[contraction.data]
    beside = _along(stay, contraction.data_axis, len(shapes[name]), _float_type(draft))
    factor = draft.hold(f"{contraction.node}__mask", beside)
    output = f"{contraction.node}__masked"
    node.input[contraction.data] = draft.put_before(
        contraction.node, "Mul", name, factor, output=output
    )


def _along(stay: Bools, axis: int, rank: int, dtype: np.dtype[np.generic]) -> NDArray[np.generic]:
    """One where an element stays, else zero, in a shape that broadcasts."""
    return stay.reshape([-1 if at == axis else 1 for at in range(rank)]).astype(dtype)


def _float_type(draft: Draft) -> np.dtype[np.generic]:
    """That the model computes in: that of most of its constants' bytes."""
    bytes_of: dict[np.dtype[np.generic], int] = {}
    for tensor in draft.constants.values():
        if tensor.data_type in FLOAT_TYPES:
            values = tensor_values(tensor)
            bytes_of[values.dtype] = bytes_of.get(values.dtype, 0) + values.nbytes
    return max(bytes_of, key=lambda dtype: bytes_of[dtype], default=np.dtype(np.float32))
