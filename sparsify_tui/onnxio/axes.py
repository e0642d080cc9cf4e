"""Which axis of a stored weight runs over the outputs of its layer, and which over the inputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from onnx import NodeProto

from sparsify_tui.core.model import Layer
from sparsify_tui.core.structures import WeightAxes
from sparsify_tui.onnxio.graphs import scoped_nodes
from sparsify_tui.onnxio.load import LoadedModel
from sparsify_tui.onnxio.operators import PRUNABLE, computes, weighted
from sparsify_tui.onnxio.views import QUANTIZERS, attribute, attribute_int
from sparsify_tui.onnxio.weights import Constants

_Shape = tuple[int, ...]

_UNKNOWN = WeightAxes()
_SAME = QUANTIZERS | {"Cast", "Identity"}
"""Views of the same shape."""


class LayerAxes:
    """Tells the axes of the layers of one model.

    Args:
        loaded: The file in memory.
    """

    def __init__(self, loaded: LoadedModel) -> None:
        self._constants = loaded.constants
        self._makers = {
            output: node
            for _, node in scoped_nodes(loaded.proto.graph)
            for output in node.output
            if output
        }

    def __call__(self, layer: Layer) -> WeightAxes:
        """Axes of the layer's weight as it is stored; None for what its users disagree on."""
        found = {
            axes
            for user in dict.fromkeys(layer.users)
            for axes in self._axes_of_user(self._makers[user], layer)
        }
        return found.pop() if len(found) == 1 else _UNKNOWN

    def _axes_of_user(self, node: NodeProto, layer: Layer) -> list[WeightAxes]:
        """One for each input of the node that is the weight; none where it is no product."""
        known = weighted(node)
        if known is None or known.computes not in PRUNABLE:
            return []
        return [
            self._axes_of_input(node, position, layer)
            for position in known.weights
            if position < len(node.input)
            and self._constants.source(node.input[position]) == layer.weight
        ]

    def _axes_of_input(self, node: NodeProto, position: int, layer: Layer) -> WeightAxes:
        views: list[NodeProto] = []
        name = node.input[position]
        while name != layer.weight:
            views.append(self._makers[name])
            name = views[-1].input[0]
        stored = _stored_axes(views[::-1], layer.shape, self._constants)
        if stored is None:
            return _UNKNOWN
        outputs, inputs = _product_axes(node, position, len(stored))
        return WeightAxes(
            outputs=stored[outputs],
            inputs=stored[inputs],
            groups=attribute_int(node, "group", 1) if computes(node) == "ConvTranspose" else 1,
        )


def _product_axes(node: NodeProto, position: int, rank: int) -> tuple[int, int]:
    """The axes over outputs and over inputs of the weight as the node takes it."""
    kind = computes(node)
    if kind in {"Conv", "ConvTranspose"}:
        return (0, 1) if kind == "Conv" else (1, 0)
    is_left = position == 0
    transposed = attribute_int(node, "transA" if is_left else "transB", 0)
    rows, columns = rank - 2, rank - 1
    return (rows, columns) if is_left != bool(transposed) else (columns, rows)


def _stored_axes(
    views: Iterable[NodeProto], shape: _Shape, constants: Constants
) -> tuple[int | None, ...] | None:
    """The stored axis that each axis of the last view is; None for one that is none alone.

    None for all where a view cannot be followed.
    """
    axes: tuple[int | None, ...] = tuple(range(len(shape)))
    for view in views:
        if view.op_type == "Transpose":
            order = _ints(view, "perm") or tuple(reversed(range(len(shape))))
            axes, shape = tuple(axes[at] for at in order), tuple(shape[at] for at in order)
        elif (sizes := _SIZES.get(view.op_type)) is not None:
            after = sizes(view, shape, constants)
            if after is None:
                return None
            if view.op_type != "Slice":
                axes = tuple(None if at is None else axes[at] for at in _kept(shape, after))
            shape = after
        elif view.op_type not in _SAME:
            return None
    return axes


def _kept(before: _Shape, after: _Shape) -> Iterator[int | None]:
    """For each axis after a change of shape the one before it that it is, in row-major order.

    That one has the same size, and as many elements in the axes to its left.
    """
    places = {(size, math.prod(before[:at])): at for at, size in enumerate(before)}
    for at, size in enumerate(after):
        yield places.get((size, math.prod(after[:at])))


def _reshaped(node: NodeProto, shape: _Shape, constants: Constants) -> _Shape | None:
    wanted = _ints(node, "shape", 1, constants)
    if wanted is None:
        return None
    sizes = [shape[at] if size == 0 and at < len(shape) else size for at, size in enumerate(wanted)]
    known = math.prod(size for size in sizes if size != -1)
    after = tuple(math.prod(shape) // max(known, 1) if size == -1 else size for size in sizes)
    return after if math.prod(after) == math.prod(shape) else None


def _flattened(node: NodeProto, shape: _Shape, _: Constants) -> _Shape | None:
    at = attribute_int(node, "axis", 1)
    return math.prod(shape[:at]), math.prod(shape[at:])


def _squeezed(node: NodeProto, shape: _Shape, constants: Constants) -> _Shape | None:
    axes = _ints(node, "axes", 1, constants)
    if axes is None:
        return tuple(size for size in shape if size != 1)
    gone = {axis % len(shape) for axis in axes}
    return tuple(size for at, size in enumerate(shape) if at not in gone)


def _unsqueezed(node: NodeProto, shape: _Shape, constants: Constants) -> _Shape | None:
    axes = _ints(node, "axes", 1, constants)
    if axes is None:
        return None
    rank, rest = len(shape) + len(axes), iter(shape)
    new = {axis % rank for axis in axes}
    return tuple(1 if at in new else next(rest) for at in range(rank))


def _sliced(node: NodeProto, shape: _Shape, constants: Constants) -> _Shape | None:
    starts = _ints(node, "starts", 1, constants)
    ends = _ints(node, "ends", 2, constants)
    if starts is None or ends is None:
        return None
    axes = _ints(node, "axes", 3, constants) or range(len(starts))
    steps = _ints(node, "steps", 4, constants) or [1] * len(starts)
    sizes = list(shape)
    for axis, *part in zip(axes, starts, ends, steps, strict=True):
        sizes[axis] = len(range(*slice(*part).indices(sizes[axis])))
    return tuple(sizes)


_SIZES: Mapping[str, Callable[[NodeProto, _Shape, Constants], _Shape | None]] = {
    "Flatten": _flattened,
    "Reshape": _reshaped,
    "Slice": _sliced,
    "Squeeze": _squeezed,
    "Unsqueeze": _unsqueezed,
}
"""The shape after a view; None where it depends on what is not stored."""


def _ints(
    node: NodeProto, name: str, position: int = 0, constants: Constants | None = None
) -> Sequence[int] | None:
    """Integers of an attribute, or since later opsets of a constant input."""
    given = attribute(node, name)
    if given is None and constants is not None and position < len(node.input):
        stored = constants.stored(node.input[position])
        given = None if stored is None else stored.ravel().tolist()
    return given if isinstance(given, list) else None
