"""Which layers of a prepared model can compute in int8, and why the others cannot."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto

from sparsify_tui.core.model import Layer, LayerId, Model
from sparsify_tui.core.text import clean_text
from sparsify_tui.onnxio.graphs import first_output
from sparsify_tui.onnxio.quantize.activations import rounded_tensors
from sparsify_tui.onnxio.quantize.links import Links
from sparsify_tui.onnxio.quantize.obstacles import obstacle
from sparsify_tui.onnxio.quantize.origins import PRODUCTS
from sparsify_tui.onnxio.quantize.prepare import Prepared
from sparsify_tui.onnxio.tensors import tensor_values
from sparsify_tui.onnxio.views import attribute_int

Kind = Literal["matrix", "depthwise", "squeeze", "pointwise", "spatial"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantLayer:
    """A layer that can compute in int8; the nodes of a tied weight are one layer."""

    id: LayerId
    """As in the model that was prepared."""
    outputs: tuple[str, ...]
    """First outputs, which are also the names, of its nodes in the prepared graph."""
    op_type: str
    kind: Kind
    """`squeeze` is a convolution over a single position."""
    input_elements: int
    """At the observed shapes; 0 where these are unknown."""


def quantizable_layers(
    prepared: Prepared, model: Model, shapes: Mapping[str, tuple[int, ...]]
) -> tuple[QuantLayer, ...]:
    """The layers that can compute in int8, in graph order.

    Args:
        prepared: The float form of the model.
        model: The model that was prepared.
        shapes: Of tensors of the prepared graph, as far as they were observed.
    """
    links = Links(prepared.proto.graph)
    found: list[QuantLayer] = []
    for layer_id, nodes in _layer_nodes(prepared, model, links).items():
        able = [node for node in nodes if not obstacle(node, links)]
        if able:
            found.append(_quant_layer(layer_id, able, links, shapes))
    return tuple(found)


def why_not(prepared: Prepared, model: Model) -> dict[LayerId, str]:
    """For each prunable layer that cannot compute in int8 the reason, in words."""
    links = Links(prepared.proto.graph)
    nodes = _layer_nodes(prepared, model, links)
    reasons = {
        layer.id: _first_reason(obstacle(node, links) for node in nodes[layer.id])
        if layer.id in nodes
        else _absence(layer)
        for layer in model.prunable
    }
    return {layer_id: reason for layer_id, reason in reasons.items() if reason}


def stored_weights(prepared: Prepared, model: Model) -> dict[LayerId, NDArray[np.generic]]:
    """The weights of the prunable layers as the prepared main graph holds them.

    Of a layer that the prepared graph computes in several places, the first.
    """
    owners = {user: layer.id for layer in model.prunable for user in layer.users}
    links = Links(prepared.proto.graph)
    found: dict[LayerId, NDArray[np.generic]] = {}
    for node in links.nodes:
        layer = owners.get(prepared.origins.get(first_output(node), first_output(node)))
        held = [links.initializers[name] for name in node.input if name in links.initializers]
        matrices = [tensor for tensor in held if len(tensor.dims) > 1]
        if layer is not None and matrices:
            found.setdefault(layer, tensor_values(matrices[0]))
    return found


def observed_tensors(prepared: Prepared, layers: Iterable[QuantLayer]) -> tuple[str, ...]:
    """The tensors whose ranges `quantize` needs: what a calibration run has to output."""
    links = Links(prepared.proto.graph)
    nodes = (links.makers[output] for layer in layers for output in layer.outputs)
    return rounded_tensors(links, nodes, between=True)


def _layer_nodes(prepared: Prepared, model: Model, links: Links) -> dict[LayerId, list[NodeProto]]:
    owners = {user: layer.id for layer in model.prunable for user in layer.users}
    nodes: dict[LayerId, list[NodeProto]] = {}
    for node in links.nodes:
        origin = prepared.origins.get(first_output(node))
        if origin in owners:
            nodes.setdefault(owners[origin], []).append(node)
    return nodes


def _quant_layer(
    layer_id: LayerId, nodes: list[NodeProto], links: Links, shapes: Mapping[str, tuple[int, ...]]
) -> QuantLayer:
    shape = shapes.get(nodes[0].input[0])
    return QuantLayer(
        id=layer_id,
        outputs=tuple(first_output(node) for node in nodes),
        op_type=nodes[0].op_type,
        kind=_kind(nodes[0], links, shape),
        input_elements=0 if shape is None else math.prod(shape),
    )


def _kind(node: NodeProto, links: Links, shape: tuple[int, ...] | None) -> Kind:
    if node.op_type != "Conv":
        return "matrix"
    _, channels, *window = links.initializers[node.input[1]].dims
    if attribute_int(node, "group", 1) > 1 and channels == 1:
        return "depthwise"
    if shape is not None and math.prod(shape[2:]) == 1:
        return "squeeze"
    return "pointwise" if math.prod(window) == 1 else "spatial"


def _first_reason(reasons: Iterable[str]) -> str:
    found = list(reasons)
    return found[0] if all(found) else ""


def _absence(layer: Layer) -> str:
    """Why the prepared main graph has no product that is the layer's."""
    if layer.scope:
        return f"it is inside {clean_text(layer.scope)}"
    if layer.quantized:
        return "its weight is already quantised"
    if layer.op_type not in PRODUCTS:
        return f"{clean_text(layer.op_type)} has no int8 kernel"
    return "the runtime merges it with its neighbours"
