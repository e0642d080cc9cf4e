"""What is known so far of each tensor while the rules walk over a graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, NodeProto

from sparsify_tui.core.text import clean_text
from sparsify_tui.onnxio.channels.edits import Edit
from sparsify_tui.onnxio.channels.units import Axes, Elements, Ids, Lock
from sparsify_tui.onnxio.graphs import first_output
from sparsify_tui.onnxio.quantize.links import needed_names
from sparsify_tui.onnxio.tensors import tensor_values

Size = int | Ids | None
"""An integer that is known, that counts elements of an axis, or of which nothing is known."""
_INTEGERS = frozenset("iu")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contraction:
    """Where a node sums over an axis of elements, one product of two tensors for each."""

    node: str
    ids: Ids
    data: int
    """Input of the node that may be masked in front of it, and its axis."""
    data_axis: int
    weight: str | None
    """The float constant that may be masked in place, and its axis."""
    weight_axis: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighing:
    """A node that multiplies data by a stored weight."""

    node: NodeProto
    weight: str
    """The stored tensor."""
    data: int
    """Which input the data is."""
    data_axis: int
    output_axis: int
    input_axis: int | None
    """Of the weight; None where each output has inputs of its own."""
    weight_axis: int
    """Of the weight, over outputs."""
    groups: int
    is_depthwise: bool
    """Whether each output has one input of its own."""


class Trace:
    """Elements of all axes of all tensors; rules ask for inputs and set outputs.

    An input that a rule does not ask for is not understood, so that it gets locked.
    """

    def __init__(self, graph: GraphProto, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.constants = {tensor.name: tensor for tensor in graph.initializer}
        held = {name: tuple(tensor.dims) for name, tensor in self.constants.items()}
        self.shapes = {**shapes, **held}
        self.elements = Elements()
        self.edits: list[Edit] = []
        self.contractions: list[Contraction] = []
        self.weighings: list[Weighing] = []
        self.lookups: list[NodeProto] = []
        """Nodes that pick rows of a stored table."""
        self.heads: list[Ids] = []
        """Axes along which products of two activations are taken side by side."""
        self.axes_of: dict[str, Axes] = {}
        self._sizes: dict[str, tuple[Size, ...]] = {}
        self._stored: dict[str, str] = {name: name for name in self.constants}
        self._raw = {value.name for value in graph.input}
        self._asked_axes: set[str] = set()
        self._asked_sizes: set[str] = set()

    def shape(self, name: str) -> tuple[int, ...]:
        """Of a tensor at the observed run."""
        return self.shapes[name]

    def axes(self, name: str) -> Axes:
        """Elements of the tensor's axes."""
        self._asked_axes.add(name)
        if name not in self.axes_of:
            shape = self.shapes[name]
            is_weight = name in self.constants
            self.axes_of[name] = tuple(
                self.elements.fresh(size) if is_weight else None for size in shape
            )
        return self.axes_of[name]

    def set_axes(self, name: str, axes: Sequence[Ids | None]) -> None:
        """Says what an output is made of."""
        assert len(axes) == len(self.shapes[name]), name
        self.axes_of[name] = tuple(axes)

    def sizes(self, name: str) -> tuple[Size, ...]:
        """What the integers of a vector or scalar stand for."""
        self._asked_sizes.add(name)
        if name in self._sizes:
            return self._sizes[name]
        values = self.integers(name)
        if values is not None and values.ndim <= 1:
            return tuple(int(value) for value in values.reshape(-1))
        shape = self.shapes[name]
        return (None,) * (shape[0] if shape else 1)

    def has_sizes(self, name: str) -> bool:
        """Whether a node before has said what its integers stand for."""
        return name in self._sizes

    def set_sizes(self, name: str, sizes: Sequence[Size]) -> None:
        """Says what the integers of an output stand for."""
        self._sizes[name] = tuple(sizes)

    def integers(self, name: str) -> NDArray[np.generic] | None:
        """Values of a constant of integers, else None."""
        self._asked_sizes.add(name)
        tensor = self.constants.get(name)
        if tensor is None:
            return None
        values = tensor_values(tensor)
        return values if values.dtype.kind in _INTEGERS else None

    def stored(self, name: str) -> str | None:
        """The constant that the tensor is, or is the dequantised form of."""
        return self._stored.get(name)

    def set_stored(self, name: str, of: str) -> None:
        """Says that a tensor holds the numbers of a constant, element by element."""
        if (source := self.stored(of)) is not None:
            self._stored[name] = source

    def is_raw(self, name: str) -> bool:
        """Whether the tensor is an input of the model, or made of some past no product."""
        return name in self._raw

    def join(self, one: Ids | None, other: Ids | None, node: NodeProto) -> Ids | None:
        """Two axes that must stay as long as each other; returns either."""
        if one is not None and other is not None and len(one) == len(other):
            self.elements.join(one, other)
            return one
        self.lock((one, other), node, "joins it with a tensor of which nothing can go")
        return None

    def lock(self, axes: Iterable[Ids | None], node: NodeProto, what: str) -> None:
        """Nothing of these axes can go, since the node does `what`."""
        for ids in axes:
            if ids is not None:
                self.elements.lock(ids, Lock(reason=_reason(node, what)))

    def lock_source(self, axes: Iterable[Ids | None], node: NodeProto, source: str) -> None:
        """Nothing of these axes can go, since a tensor without elements is where they are from."""
        if not self.is_raw(source):
            self.lock(axes, node, "takes it from a tensor of which nothing can go")
            return
        lock = Lock(reason=_reason(node, "takes what the model is fed"), end="input")
        for ids in axes:
            if ids is not None:
                self.elements.lock(ids, lock)

    def begin(self) -> None:
        """Before a rule: nothing has been asked for yet."""
        self._asked_axes.clear()
        self._asked_sizes.clear()

    def end(self, node: NodeProto) -> None:
        """After a rule: what it did not ask for is locked, and outputs it did not set are bare."""
        names = set(needed_names(node))
        for name in names - self._asked_axes - self._asked_sizes:
            self.refuse(name, Lock(reason=_reason(node, "is not understood")))
        for name in names - self._asked_sizes:
            self.lock(self._counted(name), node, "computes with its size")
        last = [*(one.node for one in self.weighings[-1:]), *self.lookups[-1:]]
        has_weights = any(one is node for one in last)
        if not has_weights and all(name in self._raw or name in self._stored for name in names):
            self._raw |= set(node.output)

    def refuse(self, name: str, lock: Lock) -> None:
        """Nothing of the tensor can go, nor of the axes that its integers count."""
        if name in self.constants:
            self.axes(name)
        for ids in (*self.axes_of.get(name, ()), *self._counted(name)):
            if ids is not None:
                self.elements.lock(ids, lock)

    def _counted(self, name: str) -> Iterator[Ids]:
        """The axes whose elements the integers of a tensor count."""
        return (size for size in self._sizes.get(name, ()) if isinstance(size, np.ndarray))


def _reason(node: NodeProto, what: str) -> str:
    return f"{clean_text(node.op_type)} {clean_text(first_output(node))} {what}"
