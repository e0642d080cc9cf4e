"""The nodes of a graph that have weights, with the elements that they take and make."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from onnx import GraphProto, NodeProto

from sparsify_tui.core.model import LayerId, Model
from sparsify_tui.onnxio.channels.trace import Trace, Weighing
from sparsify_tui.onnxio.channels.units import Ids
from sparsify_tui.onnxio.graphs import first_output, is_standard
from sparsify_tui.onnxio.quantize.prepare import Prepared

_NOTHING = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A node that multiplies data by a stored weight."""

    node: str
    """Its name in the prepared graph, which is its first output."""
    layer: LayerId | None
    """None where the file has no layer like it."""
    op_type: str
    weight: str
    """The stored tensor."""
    bias: str | None
    """The stored tensor that is added, by the node itself or by the Add that follows a MatMul."""
    data: str
    output: str
    data_axis: int
    """Of the data, over the inputs of the weight."""
    output_axis: int
    """Of the output, over the outputs of the weight."""
    weight_input_axis: int | None
    """None for a Conv in groups: its weight has the same few inputs for each output."""
    weight_output_axis: int
    depthwise: bool
    """Whether each output has one input of its own."""
    groups: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """A node with weights."""

    layer: LayerId
    """Of the file; where that has none like it, the name of the node."""
    is_conv: bool
    inputs: Ids
    """Elements that it sums over; empty for a table, and for a Conv in groups."""
    outputs: Ids
    flops: int
    """Two for each multiply-add, at the observed shapes."""
    takes_input: bool
    """Whether what the model is fed gets there past no product."""
    makes_output: bool
    """Whether what it makes becomes an output, past operators with no other varying input."""
    product: Product | None
    """None for a table."""


def find_makers(prepared: Prepared, model: Model, trace: Trace) -> tuple[Maker, ...]:
    """The nodes with weights, in graph order."""
    owners = {user: layer.id for layer in reversed(model.layers) for user in layer.users}
    weighings = {first_output(one.node): one for one in trace.weighings}
    tables = {first_output(node): node for node in trace.lookups}
    biases = _added_biases(prepared.proto.graph, trace)
    ends = _near_outputs(prepared.proto.graph, trace)
    found: list[Maker] = []
    for node in prepared.proto.graph.node:
        name = first_output(node)
        layer = owners.get(prepared.origins.get(name, name))
        if name in weighings:
            product = _product(weighings[name], layer, biases)
            found.append(_maker(weighings[name], product, trace, makes_output=name in ends))
        elif name in tables and layer is not None:
            found.append(_table(tables[name], layer, trace))
    return tuple(found)


def _product(one: Weighing, layer: LayerId | None, biases: Mapping[str, str]) -> Product:
    node, name = one.node, first_output(one.node)
    bias = node.input[2] if node.op_type != "MatMul" and len(node.input) > 2 else ""
    return Product(
        node=name,
        layer=layer,
        op_type=node.op_type,
        weight=one.weight,
        bias=bias or biases.get(name),
        data=node.input[one.data],
        output=name,
        data_axis=one.data_axis,
        output_axis=one.output_axis,
        weight_input_axis=one.input_axis,
        weight_output_axis=one.weight_axis,
        depthwise=one.is_depthwise,
        groups=one.groups,
    )


def _maker(one: Weighing, product: Product, trace: Trace, *, makes_output: bool) -> Maker:
    axes = trace.axes_of[one.node.input[1 - one.data]]
    inputs = None if one.input_axis is None else axes[one.input_axis]
    outputs = axes[one.weight_axis]
    return Maker(
        layer=product.layer or LayerId(product.node),
        is_conv=product.op_type in {"Conv", "ConvTranspose"},
        inputs=_NOTHING if inputs is None else inputs,
        outputs=_NOTHING if outputs is None else outputs,
        flops=_flops(one, trace),
        takes_input=trace.is_raw(product.data),
        makes_output=makes_output,
        product=product,
    )


def _table(node: NodeProto, layer: LayerId, trace: Trace) -> Maker:
    made = trace.axes_of[node.input[0]][-1]
    return Maker(
        layer=layer,
        is_conv=False,
        inputs=_NOTHING,
        outputs=_NOTHING if made is None else made,
        flops=0,
        takes_input=True,
        makes_output=False,
        product=None,
    )


def _flops(one: Weighing, trace: Trace) -> int:
    node = one.node
    weight = trace.shape(one.weight)
    if node.op_type == "ConvTranspose":
        return 2 * math.prod(trace.shape(node.input[0])) * math.prod(weight[1:])
    inner = math.prod(weight[1:]) if node.op_type == "Conv" else weight[one.input_axis or 0]
    return 2 * math.prod(trace.shape(first_output(node))) * inner


def _added_biases(graph: GraphProto, trace: Trace) -> dict[str, str]:
    """Constants of one dimension that an Add right after a MatMul adds, by the product."""
    takers: dict[str, list[NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            takers.setdefault(name, []).append(node)
    products = {first_output(one.node) for one in trace.weighings if one.node.op_type == "MatMul"}
    found: dict[str, str] = {}
    for product in products:
        for name in _alone_added(takers.get(product, []), product):
            dims = trace.constants[name].dims if name in trace.constants else ()
            if tuple(dims) == trace.shape(product)[-1:] and len(takers[name]) == 1:
                found[product] = name
    return found


def _alone_added(takers: list[NodeProto], product: str) -> Iterator[str]:
    if len(takers) == 1 and takers[0].op_type == "Add" and is_standard(takers[0]):
        yield from (name for name in takers[0].input if name != product)


def _near_outputs(graph: GraphProto, trace: Trace) -> set[str]:
    """Tensors that become an output past operators with no other varying input, and no product."""
    near = {value.name for value in graph.output}
    weighed = {first_output(one.node) for one in trace.weighings}
    for node in reversed(graph.node):
        varying = {name for name in node.input if name and trace.stored(name) is None}
        is_link = first_output(node) not in weighed and len(varying) == 1
        if is_link and not near.isdisjoint(node.output):
            near |= varying
    return near
