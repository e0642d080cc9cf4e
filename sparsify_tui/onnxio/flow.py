"""What depends on what in a graph: the ground on which it is cut into parts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from onnx import GraphProto, ModelProto, NodeProto, SparseTensorProto, TensorProto, ValueInfoProto

from sparsify_tui.onnxio.branches import take_branches
from sparsify_tui.onnxio.graphs import nested_graphs, node_bodies
from sparsify_tui.onnxio.unique import own_names
from sparsify_tui.onnxio.weights import node_constants


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A main graph with its constants apart and its other nodes in order."""

    proto: ModelProto
    """Where opsets and the IR version come from."""
    constants: Mapping[str, TensorProto]
    """Stored tensors by name; those in bodies only where they can be told apart from outside."""
    sparse: Mapping[str, SparseTensorProto]
    makers: Mapping[str, NodeProto]
    """Nodes that compute with constants alone, and no output of the model, by output."""
    nodes: tuple[NodeProto, ...]
    """All others."""
    reads: tuple[tuple[str, ...], ...]
    """What each of them takes from outside, its bodies included."""
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    """Those that are tensors; a sequence or a map cannot be compared."""
    _sources: dict[str, frozenset[str]] = field(default_factory=dict)
    _users: dict[str, list[int]] = field(default_factory=dict)

    def sources(self, name: str) -> frozenset[str]:
        """The stored constants that a constant is computed from."""
        found = self._sources.get(name)
        if found is None:
            maker = self.makers.get(name)
            read = () if maker is None else tuple(read_names(maker))
            found = frozenset({name}).union(*map(self.sources, read))
            self._sources[name] = found
        return found

    def users(self, weight: str) -> tuple[int, ...]:
        """Positions of the nodes that take the weight, in whatever form."""
        if not self._users:
            for at, names in enumerate(self.reads):
                read = (self.sources(name) for name in names if self.is_constant(name))
                for source in frozenset().union(*read):
                    self._users.setdefault(source, []).append(at)
        return tuple(self._users.get(weight, ()))

    def is_constant(self, name: str) -> bool:
        """Whether no input of the model has a say in it."""
        return name in self.constants or name in self.makers or name in self.sparse

    def dependents(self, weight: str, start: int, stop: int) -> tuple[int, ...]:
        """Positions from `start` to before `stop` that a change of the weight reaches from there.

        Args:
            weight: Name of a stored constant.
            start: First position.
            stop: End of the positions.
        """
        reached: set[str] = set()
        found: list[int] = []
        direct = set(self.users(weight))
        for at in range(start, stop):
            if at in direct or not reached.isdisjoint(self.reads[at]):
                reached.update(self.nodes[at].output)
                found.append(at)
        return tuple(found)


def flow_of(proto: ModelProto, weights: Collection[str]) -> Flow:
    """Takes a model apart, so that each of the weights named is a constant of the main graph.

    Branches whose choice the file knows are taken, and what a body stores of these weights
    moves out of it: a body may read whatever is around it.
    """
    copy = ModelProto()
    copy.CopyFrom(take_branches(proto))
    graph = copy.graph
    for body in reversed(tuple(nested_graphs(graph.node))):  # inner ones first: outer are rebuilt
        _lift(body, graph, set(weights))
    constants = {tensor.name: tensor for tensor in graph.initializer}
    constants |= dict(node_constants(graph.node))
    sparse = {tensor.values.name: tensor for tensor in graph.sparse_initializer}
    outputs = tuple(value.name for value in graph.output if _is_tensor(value))
    makers: dict[str, NodeProto] = {}
    nodes: list[NodeProto] = []
    for node in graph.node:
        if node.output and node.output[0] in constants:
            continue
        names = tuple(read_names(node))
        is_constant = all(name in constants or name in makers or name in sparse for name in names)
        if names and is_constant and not set(node.output) & set(outputs):
            makers |= {name: node for name in node.output if name}
        else:
            nodes.append(node)
    return Flow(
        proto=copy,
        constants=constants,
        sparse=sparse,
        makers=makers,
        nodes=tuple(nodes),
        reads=tuple(tuple(read_names(node)) for node in nodes),
        inputs=tuple(value.name for value in graph.input if value.name not in constants),
        outputs=outputs,
    )


def read_names(node: NodeProto) -> Iterator[str]:
    """Names that the node takes from around it, each once; its bodies reach outside, too."""
    names = [name for name in node.input if name]
    for _, body in node_bodies(node):
        names += _captured(body)
    yield from dict.fromkeys(names)


def _is_tensor(value: ValueInfoProto) -> bool:
    return value.type.WhichOneof("value") in {None, "tensor_type"}


def _captured(body: GraphProto) -> Iterator[str]:
    own = set(own_names(body))
    for node in body.node:
        yield from (name for name in read_names(node) if name not in own)
    yield from (value.name for value in body.output if value.name not in own)


def _lift(body: GraphProto, graph: GraphProto, weights: set[str]) -> None:
    """Moves the weights that a body stores into the graph around it."""
    given = {value.name for value in body.output}
    stored = {tensor.name: tensor for tensor in body.initializer}
    held = dict(node_constants(body.node))
    lifted = (weights & (stored.keys() | held.keys())) - given
    for name in sorted(lifted):
        tensor = graph.initializer.add()
        tensor.CopyFrom(stored[name] if name in stored else held[name])
        tensor.name = name
    _keep(body, lifted)


def _keep(body: GraphProto, lifted: Iterable[str]) -> None:
    gone = set(lifted)
    if not gone:
        return
    tensors = [one for one in body.initializer if one.name not in gone]
    nodes = [one for one in body.node if not (one.op_type == "Constant" and one.output[0] in gone)]
    copies = [TensorProto.FromString(one.SerializeToString()) for one in tensors]
    kept = [NodeProto.FromString(one.SerializeToString()) for one in nodes]
    del body.initializer[:]
    body.initializer.extend(copies)
    del body.node[:]
    body.node.extend(kept)
