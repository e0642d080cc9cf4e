"""A copy of a model that gives away the shapes of inner tensors, those in bodies included."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, ValueInfoProto, helper, numpy_helper

from sparsify_tui.onnxio.graphs import node_bodies
from sparsify_tui.onnxio.unique import defined_names, fresh_name, own_names

_NOT_RUN = (0,)
"""Shape of what stands in for a tensor of the branch that is not taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Where the shape of an inner tensor can be seen from outside."""

    tensor: str
    output: str
    """It has the shape of the tensor."""
    loops: int = 0
    """How many leading axes it has besides, one for every loop around the tensor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposed:
    """The copy, and what its further outputs show."""

    proto: ModelProto
    windows: tuple[Window, ...]

    def shapes(self, seen: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
        """Shapes by tensor, from those of the outputs; without tensors that were not made."""
        found = {
            window.tensor: seen[window.output][window.loops :]
            for window in self.windows
            if len(seen.get(window.output, ())) >= window.loops
        }
        return {name: shape for name, shape in found.items() if shape != _NOT_RUN}


def expose_shapes(proto: ModelProto, names: Collection[str]) -> Exposed:
    """A copy that also outputs the named tensors, or what has the shape of those in bodies."""
    copy = ModelProto()
    copy.CopyFrom(proto)
    graph = copy.graph
    present = {value.name for value in graph.output}
    windows = [Window(tensor=n, output=n) for n in names if n in set(own_names(graph))]
    windows += _open_nodes(graph, set(names), set(defined_names(graph)))
    outputs = [window.output for window in windows if window.output not in present]
    graph.output.extend(ValueInfoProto(name=name) for name in outputs)
    return Exposed(proto=copy, windows=tuple(windows))


def _open_nodes(graph: GraphProto, names: set[str], taken: set[str]) -> list[Window]:
    return [window for node in graph.node for window in _open_node(node, names, taken)]


def _open_node(node: NodeProto, names: set[str], taken: set[str]) -> Iterator[Window]:
    """Passes what is wanted from the node's bodies on to further outputs of the node."""
    bodies = [body for _, body in node_bodies(node)]
    if node.op_type not in {"If", "Loop", "Scan"} or not bodies:
        return
    outer = len(bodies[0].output) - (node.op_type == "Loop")  # a loop keeps its condition
    opened = [_open_body(body, names, taken) for body in bodies]
    found = [window for windows in opened for window in windows]
    if found:  # onnxruntime finds no place for an output that is left out before another one
        node.output.extend(_fresh("unused", taken) for _ in range(outer - len(node.output)))
    for window in found:
        for body, own in zip(bodies, opened, strict=True):
            shown = window.output if window in own else _stand_in(body, taken)
            body.output.append(ValueInfoProto(name=shown))
        output = _fresh(window.tensor, taken)
        node.output.append(output)
        loops = window.loops + (node.op_type != "If")
        yield Window(tensor=window.tensor, output=output, loops=loops)
    _lengthen(node, len(found))


def _open_body(body: GraphProto, names: set[str], taken: set[str]) -> list[Window]:
    inner = _open_nodes(body, names, taken)
    own = [name for name in own_names(body) if name in names]
    for name in own:
        # of a type that is the same in both branches of an If
        sizes, shown = _fresh(name, taken), _fresh(name, taken)
        body.node.append(helper.make_node("Shape", [name], [sizes]))
        body.node.append(helper.make_node("ConstantOfShape", [sizes], [shown]))
        inner.append(Window(tensor=name, output=shown))
    return inner


def _stand_in(body: GraphProto, taken: set[str]) -> str:
    name = _fresh("not_run", taken)
    value = numpy_helper.from_array(np.zeros(_NOT_RUN, np.float32), name)
    body.node.append(helper.make_node("Constant", [], [name], value=value))
    return name


def _lengthen(node: NodeProto, count: int) -> None:
    # a Scan may say for each of its outputs along which axis and in which order it stacks
    for attribute in node.attribute:
        if attribute.name in {"scan_output_axes", "scan_output_directions"}:
            attribute.ints.extend([0] * count)


def _fresh(name: str, taken: set[str]) -> str:
    fresh = fresh_name(name, taken)
    taken.add(fresh)
    return fresh
