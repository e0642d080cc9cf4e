"""What else has to change in nodes when channels go: counts and positions written as constants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import gcd
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, helper, numpy_helper

from sparsify_tui.onnxio.channels.units import Bools, Ids
from sparsify_tui.onnxio.graphs import first_output

Kept = Callable[[Ids], Bools]
"""Which of the elements stay."""
Entry = tuple[int, Ids]
"""A place in a vector of integers, and the elements that it stands for."""


class Draft:
    """A copy of a prepared model that is being changed."""

    def __init__(self, proto: ModelProto) -> None:
        self.proto = ModelProto()
        self.proto.CopyFrom(proto)
        graph = self.proto.graph
        self.nodes = {first_output(node): node for node in graph.node}
        self.constants = {tensor.name: tensor for tensor in graph.initializer}
        self._before: dict[str, list[NodeProto]] = {}

    def hold(self, name: str, values: NDArray[np.generic]) -> str:
        """Adds an initializer under that name, or under one like it that is free."""
        while name in self.constants or name in self.nodes:
            name += "_"
        self.proto.graph.initializer.append(numpy_helper.from_array(values, name))
        self.constants[name] = self.proto.graph.initializer[-1]
        return name

    def put_before(self, node: str, op_type: str, *inputs: str, output: str) -> str:
        """Adds a node in front of the named one; returns its output."""
        while output in self.constants or output in self.nodes:
            output += "_"
        new = helper.make_node(op_type, inputs, [output], name=output)
        self._before.setdefault(node, []).append(new)
        self.nodes[output] = new
        return output

    def finished(self) -> ModelProto:
        """The changed copy, its nodes in order."""
        if self._before:
            ordered = [
                NodeProto.FromString(each.SerializeToString())
                for node in self.proto.graph.node
                for each in (*self._before.get(first_output(node), ()), node)
            ]
            del self.proto.graph.node[:]
            self.proto.graph.node.extend(ordered)
        return self.proto


class Edit(Protocol):
    """A change of one node."""

    def apply(self, draft: Draft, kept: Kept) -> None:
        """Changes the node for the elements that stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Integers that a node takes as constants, some of which count elements."""

    node: str
    position: int
    """Which input of the node they are."""
    values: tuple[int, ...]
    entries: tuple[Entry, ...]
    is_scalar: bool = False

    def apply(self, draft: Draft, kept: Kept) -> None:
        """Gives the node integers of its own."""
        values = list(self.values)
        for at, ids in self.entries:
            values[at] = int(kept(ids).sum())
        if tuple(values) == self.values:
            return
        node = draft.nodes[self.node]
        while len(node.input) <= self.position:
            node.input.append("")
        old = draft.constants.get(node.input[self.position])
        dtype = np.int64 if old is None else helper.tensor_dtype_to_np_dtype(old.data_type)
        array = np.array(values[0] if self.is_scalar else values, dtype)
        node.input[self.position] = draft.hold(f"{self.node}__counts", array)
        for attribute in [one for one in node.attribute if one.name == "num_outputs"]:
            node.attribute.remove(attribute)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scales:
    """Integers that a node takes from other nodes, some of which should count elements.

    They are scaled and not replaced, since a count may be a multiple of the batch.
    """

    node: str
    position: int
    length: int
    entries: tuple[Entry, ...]
    """What the integers should count."""
    counted: Mapping[int, Ids]
    """What some of them count by themselves, since they are the size of another axis."""

    def apply(self, draft: Draft, kept: Kept) -> None:
        """Puts a multiplication and a division in front of the node."""
        ratios = np.ones((2, self.length), np.int64)
        for at, ids in self.entries:
            left = int(kept(ids).sum())
            found = int(kept(self.counted[at]).sum()) if at in self.counted else len(ids)
            ratios[:, at] = np.array([left, found]) // gcd(left, found)
        if (ratios == 1).all():
            return
        node = draft.nodes[self.node]
        name = node.input[self.position]
        for op_type, values in zip(("Mul", "Div"), ratios, strict=True):
            factor = draft.hold(f"{self.node}__{op_type.lower()}", values)
            output = f"{self.node}__scaled"
            name = draft.put_before(self.node, op_type, name, factor, output=output)
        node.input[self.position] = name


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCount:
    """An attribute that counts groups of as many elements each."""

    node: str
    attribute: str
    ids: Ids
    """One element of each group."""

    def apply(self, draft: Draft, kept: Kept) -> None:
        """Writes how many groups are left."""
        for attribute in draft.nodes[self.node].attribute:
            if attribute.name == self.attribute:
                attribute.i = int(kept(self.ids).sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Picks:
    """Constant places along an axis, of which some go and the rest move."""

    node: str
    position: int
    ids: Ids
    """Of the axis."""
    places: Ids

    def apply(self, draft: Draft, kept: Kept) -> None:
        """Gives the node places of its own."""
        stay = kept(self.ids)
        if stay.all():
            return
        node = draft.nodes[self.node]
        dtype = helper.tensor_dtype_to_np_dtype(
            draft.constants[node.input[self.position]].data_type
        )
        moved = (np.cumsum(stay) - 1)[self.places[stay[self.places]]]
        name = draft.hold(f"{self.node}__places", moved.astype(dtype))
        node.input[self.position] = name
