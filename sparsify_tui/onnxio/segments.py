"""A model cut into segments that run one after the other, each a model of its own.

To see what a change of one weight does, only what lies behind it has to run: the *head*, which
is what depends on the weight inside its segment, with the weight as an input; then the later
segments that the change reaches.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper

from sparsify_tui.onnxio.cuts import cut_positions
from sparsify_tui.onnxio.flow import Flow, flow_of, read_names
from sparsify_tui.onnxio.graphs import node_bodies
from sparsify_tui.onnxio.load import LoadedModel
from sparsify_tui.onnxio.rewrite import serialize

Values: TypeAlias = "Mapping[str, NDArray[np.generic]]"

QUANTIZED = "__quantized"
"""Ends the private name of an input that a layer alone gets in another form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Nodes that follow each other."""

    start: int
    stop: int
    inputs: tuple[str, ...]
    """What it needs from the model's inputs and from segments before."""
    outputs: tuple[str, ...]
    """What later segments need of it, and the model's outputs that it makes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a session is made from, with the names of what goes in and out."""

    positions: tuple[int, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    fed: tuple[str, ...] = ()
    """Weights that are inputs here."""
    renamed: tuple[tuple[int, str], ...] = ()
    """Node and input that goes by its private name."""


class CutModel:
    """The segments of a model, and the parts that can be made from them.

    Args:
        loaded: The file in memory, which stays as it is.
        weights: Names of the stored tensors that are going to change.
    """

    def __init__(self, loaded: LoadedModel, weights: Collection[str]) -> None:
        self.flow: Flow = flow_of(loaded.proto, weights)
        self.weights = tuple(name for name in weights if name in self.flow.constants)
        self.segments = tuple(_segments(self.flow, cut_positions(self.flow, self.weights)))
        self._wholes = tuple(map(_whole, self.segments))
        self._users = {weight: self.flow.users(weight) for weight in self.weights}

    def users(self, weight: str) -> tuple[int, ...]:
        """Positions of the nodes that take the weight."""
        return self._users.get(weight, ())

    def home(self, weight: str) -> int:
        """Number of the first segment that uses the weight."""
        return self.segment_of(self.users(weight)[0])

    def segment_of(self, position: int) -> int:
        """Number of the segment that a node is in."""
        return bisect_right(self.segments, position, key=lambda one: one.stop)

    def uses(self, weight: str, segment: int) -> bool:
        """Whether any node of the segment takes the weight."""
        one = self.segments[segment]
        return any(one.start <= at < one.stop for at in self.users(weight))

    def whole(self, segment: int, fed: tuple[str, ...] = ()) -> Part:
        """All of a segment."""
        whole = self._wholes[segment]
        return replace(whole, fed=fed) if fed else whole

    def head(self, weight: str) -> Part:
        """What depends on the weight in its first segment; the weight is an input."""
        one = self.segments[self.home(weight)]
        positions = self.flow.dependents(weight, one.start, one.stop)
        made = set(self._made(positions))
        return Part(
            positions=positions,
            inputs=tuple(dict.fromkeys(n for n in self._needed(positions) if n not in made)),
            outputs=tuple(name for name in one.outputs if name in made),
            fed=(weight,),
        )

    def data_input(self, weight: str) -> str | None:
        """What the weight is multiplied with, where that can be changed for its layer alone.

        None where several nodes share the weight, or a body around it hides its input.
        """
        users = [self.flow.nodes[at] for at in self.users(weight)]
        if len(users) != 1 or any(node_bodies(users[0])):
            return None
        names = users[0].input
        data = [name for name in names if name and not self.flow.is_constant(name)]
        return data[0] if len(data) == 1 and data[0] in self.head(weight).inputs else None

    def quantized_head(self, weight: str) -> Part:
        """The head whose layer gets its data under a private name."""
        head, data = self.head(weight), self.data_input(weight)
        assert data is not None, "asked before"
        user = self.users(weight)[0]
        still = any(data in self.flow.reads[at] for at in head.positions if at != user)
        others = tuple(name for name in head.inputs if name != data or still)
        return Part(
            positions=head.positions,
            inputs=(*others, data + QUANTIZED),
            outputs=head.outputs,
            fed=head.fed,
            renamed=((user, data),),
        )

    def interior(self, segment: int) -> Part:
        """The segment, giving out what the heads inside it need."""
        whole = self.whole(segment)
        made = set(self._made(whole.positions))
        homes = (one for one in self.weights if self.users(one) and self.home(one) == segment)
        needed = dict.fromkeys(name for one in homes for name in self.head(one).inputs)
        outputs = tuple(name for name in needed if name in made)
        return Part(positions=whole.positions, inputs=whole.inputs, outputs=outputs)

    def exposing(self, segment: int, operators: Collection[str]) -> Part:
        """The segment, giving out what its operators of these types make."""
        whole = self.whole(segment)
        nodes = (self.flow.nodes[at] for at in whole.positions)
        outputs = (node.output[0] for node in nodes if node.op_type in operators)
        return Part(positions=whole.positions, inputs=whole.inputs, outputs=tuple(outputs))

    def model(self, part: Part, values: Values) -> bytes:
        """The part as a serialized model.

        Args:
            part: One of this model's.
            values: Examples of its inputs, for their types.

        Raises:
            ModelError: It is larger than 2 GiB.
        """
        nodes = list(self._nodes(part))
        before = self._constant_nodes(read for node in nodes for read in read_names(node))
        everything = [*before, *nodes]
        names = {read for node in everything for read in read_names(node)} | set(part.outputs)
        proto = ModelProto(ir_version=self.flow.proto.ir_version)
        proto.opset_import.extend(self.flow.proto.opset_import)
        graph = proto.graph
        graph.name = "part"
        graph.node.extend(everything)
        graph.input.extend(_declared(name, values[name]) for name in (*part.inputs, *part.fed))
        graph.output.extend(ValueInfoProto(name=name) for name in part.outputs)
        stored = self.flow.constants
        graph.initializer.extend(
            tensor if (tensor := stored[name]).name == name else _named(tensor, name)
            for name in sorted(names & stored.keys() - set(part.fed))
        )
        graph.sparse_initializer.extend(
            self.flow.sparse[name] for name in sorted(names & self.flow.sparse.keys())
        )
        return serialize(proto)

    def _nodes(self, part: Part) -> Iterator[NodeProto]:
        private = dict(part.renamed)
        for at in part.positions:
            node = self.flow.nodes[at]
            if at not in private:
                yield node
                continue
            copy = NodeProto.FromString(node.SerializeToString())
            name = private[at]
            copy.input[:] = [n + QUANTIZED if n == name else n for n in copy.input]
            yield copy

    def _constant_nodes(self, names: Iterable[str]) -> list[NodeProto]:
        """What computes the named constants, in order."""
        found: dict[int, NodeProto] = {}

        def visit(name: str) -> None:
            maker = self.flow.makers.get(name)
            if maker is not None and id(maker) not in found:
                for read in read_names(maker):
                    visit(read)
                found[id(maker)] = maker

        for name in names:
            visit(name)
        return list(found.values())

    def _needed(self, positions: Iterable[int]) -> Iterator[str]:
        for at in positions:
            yield from (n for n in self.flow.reads[at] if not self.flow.is_constant(n))

    def _made(self, positions: Iterable[int]) -> Iterator[str]:
        for at in positions:
            yield from filter(None, self.flow.nodes[at].output)


def _whole(one: Segment) -> Part:
    positions = tuple(range(one.start, one.stop))
    return Part(positions=positions, inputs=one.inputs, outputs=one.outputs)


def _segments(flow: Flow, cuts: tuple[int, ...]) -> Iterator[Segment]:
    last: dict[str, int] = {}
    for at, names in enumerate(flow.reads):
        last |= dict.fromkeys(names, at)
    last |= dict.fromkeys(flow.outputs, len(flow.nodes))
    for start, stop in pairwise((0, *cuts, len(flow.nodes))):
        made = [name for node in flow.nodes[start:stop] for name in node.output if name]
        read = dict.fromkeys(name for names in flow.reads[start:stop] for name in names)
        own = set(made)
        yield Segment(
            start=start,
            stop=stop,
            inputs=tuple(n for n in read if n not in own and not flow.is_constant(n)),
            outputs=tuple(n for n in made if last.get(n, -1) >= stop),
        )


def _declared(name: str, value: NDArray[np.generic]) -> ValueInfoProto:
    """An input of the value's type and rank; sizes stay open, since a change may move them."""
    dtype = helper.np_dtype_to_tensor_dtype(value.dtype)
    return helper.make_tensor_value_info(name, dtype, [None] * value.ndim)


def _named(tensor: TensorProto, name: str) -> TensorProto:
    copy = TensorProto()
    copy.CopyFrom(tensor)
    copy.name = name
    return copy
