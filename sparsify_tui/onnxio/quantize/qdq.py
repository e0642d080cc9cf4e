"""Writes int8 into a model: QuantizeLinear and DequantizeLinear around the chosen layers."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from onnx import ModelProto, NodeProto

from sparsify_tui.core.model import LayerId
from sparsify_tui.onnxio.quantize.activations import Rounding, plan_rounding
from sparsify_tui.onnxio.quantize.emit import Emitter
from sparsify_tui.onnxio.quantize.held import HeldWeights
from sparsify_tui.onnxio.quantize.layers import QuantLayer
from sparsify_tui.onnxio.quantize.links import Links, needed_names
from sparsify_tui.onnxio.quantize.prepare import Prepared
from sparsify_tui.onnxio.quantize.ranges import Ranges
from sparsify_tui.onnxio.unique import defined_names


def quantize(
    prepared: Prepared,
    layers: Sequence[QuantLayer],
    ranges: Ranges,
    chosen: Collection[LayerId],
    *,
    between: bool = True,
) -> ModelProto:
    """A copy in which the chosen layers compute in int8: activations u8, weights s8.

    Inputs and outputs of the model keep their names and types. Nodes keep their names; those
    that round a tensor are called `<tensor>__Q` and `<tensor>__DQ`.

    Args:
        prepared: The float form of the model.
        layers: What `quantizable_layers` found in it.
        ranges: Of `observed_tensors`; a layer whose tensors were never seen stays float.
        chosen: The layers to compute in int8.
        between: Whether additions, poolings and the like between int8 layers do, too.
    """
    graph = prepared.proto.graph
    links = Links(graph)
    names = {output for layer in layers if layer.id in chosen for output in layer.outputs}
    rounding = plan_rounding(links, ranges, names, between=between)
    emitter = Emitter(defined_names(graph))
    _emit(links, rounding, emitter)
    return _with_graph(prepared.proto, emitter)


def _emit(links: Links, rounding: Rounding, emitter: Emitter) -> None:
    copies = {
        name: name if name in rounding.replaced else emitter.fresh(f"{name}__rounded")
        for name in rounding.grids
    }
    weights = HeldWeights(links, emitter)
    layers = {node.name for node in rounding.layers}
    for name in copies.keys() - links.makers.keys():
        emitter.round(name, name, rounding.grids[name], copies[name])
    for node in links.nodes:
        emitted = NodeProto()
        emitted.CopyFrom(node)
        emitted.input[:] = [
            copies[name] if node.name in rounding.takers.get(name, ()) else name
            for name in node.input
        ]
        if node.name in layers:
            emitted.input[1:] = weights.inputs(node, rounding.grids[node.input[0]].scale)
        emitted.output[:] = [
            emitter.fresh(f"{name}__float") if name in rounding.replaced else name
            for name in node.output
        ]
        emitter.nodes.append(emitted)
        for source, name in zip(emitted.output, node.output, strict=True):
            if name in rounding.grids:
                emitter.round(source, name, rounding.grids[name], copies[name])


def _with_graph(proto: ModelProto, emitter: Emitter) -> ModelProto:
    quantized = ModelProto()
    quantized.CopyFrom(proto)
    graph = quantized.graph
    del graph.node[:]
    graph.node.extend(emitter.nodes)
    needed = {name for node in graph.node for name in needed_names(node)}
    needed.update(value.name for value in graph.output)
    stored = [tensor for tensor in graph.initializer if tensor.name in needed]
    del graph.initializer[:]
    graph.initializer.extend((*stored, *emitter.constants))
    return quantized
