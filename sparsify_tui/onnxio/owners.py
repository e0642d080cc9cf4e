"""Which layer a kernel of onnxruntime's profile worked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from onnx import NodeProto

from sparsify_tui.core.model import LayerId, Model
from sparsify_tui.onnxio.branches import take_branches
from sparsify_tui.onnxio.graphs import Scope, first_output, scoped_nodes
from sparsify_tui.onnxio.load import LoadedModel
from sparsify_tui.onnxio.nameless import resolve_nameless
from sparsify_tui.onnxio.operators import PRUNABLE, computes

Owner = Callable[[str, str], LayerId | None]
"""From a kernel's name and operator type in the profile to the layer it worked for."""
Kernel = tuple[str, str]
"""Name and operator type in the profile."""

_MADE_BY_FUSION = re.compile(
    r"^fused |(?:_nchwc|_nhwc|_token_\d+|(?:_MatMul)?_quant|/(?:Gemm|Mat[Mm]ul)\w*Fusion/?)$"
)
"""What onnxruntime 1.20 to 1.32 and its quantiser add to the name of the node they replace."""
_MADE_BY_CAST = re.compile(r"^InsertedPrecisionFreeCast_(?=.)")
"""Before the name of a tensor that a float16 model computes in float32."""
_MADE_BY_QUANTIZING = re.compile(
    r"(?:_QuantizeLinear_Input|_QuantizeLinear_Output|_DequantizeLinear_Output|_quantized)$"
)
"""After the name of a tensor in a copy that onnxruntime's quantiser wrote."""

_MATRIX = frozenset({"Gemm", "MatMul"})
_CONV = frozenset({"Conv"})
_LAYER_OPS: dict[str, frozenset[str]] = {
    "Conv": _CONV,
    "FusedConv": _CONV,
    "NhwcFusedConv": _CONV,
    "QLinearConv": _CONV,
    "ConvInteger": _CONV,
    "ConvIntegerToFloat": _CONV,
    "ConvTranspose": frozenset({"ConvTranspose"}),
    "DynamicQuantizeLSTM": frozenset({"LSTM"}),
    "MatMul": _MATRIX,
    "Gemm": _MATRIX,
    "FusedMatMul": _MATRIX,
    "FusedGemm": _MATRIX,
    "MatMulInteger": _MATRIX,
    "MatMulIntegerToFloat": _MATRIX,
    "DynamicQuantizeMatMul": _MATRIX,
    "QGemm": _MATRIX,
    "QLinearMatMul": _MATRIX,
}
"""Kernels that may stand for a fused group of nodes, and what the layer in it can be."""


class KernelOwner:
    """Maps the kernels of a profile to layers; calling it names the one layer, or None.

    Args:
        loaded: The file in memory.
        model: What `read_model` found in it.
        kernels: All of the profile: those whose names tell nothing are told by elimination.
    """

    def __init__(self, loaded: LoadedModel, model: Model, kernels: Iterable[Kernel]) -> None:
        nodes = [node for _, node in scoped_nodes(take_branches(loaded.proto).graph)]
        self._producers = {out: node for node in nodes for out in node.output if out}
        self._outputs = _outputs_by_name(nodes)
        self._owners = {user: x.id for x in reversed(model.layers) for user in x.users}
        self._flops = {layer.id: layer.flops for layer in model.layers}
        kernels = tuple(kernels)
        named = {owner for kernel in kernels if (owner := self._by_name(*kernel)) is not None}
        self._nameless = resolve_nameless(kernels, nodes, self._owners, named)

    def __call__(self, name: str, op_type: str) -> LayerId | None:
        """The one layer that the kernel worked for."""
        layers = self._layers(name, op_type)
        return layers[0] if len(layers) == 1 else None

    def shares(self, name: str, op_type: str) -> dict[LayerId, float]:
        """How the kernel's time divides among layers, by FLOPs; empty if it is no layer's.

        The shares add up to 1. Only a kernel such as Attention stands for several layers.
        """
        layers = self._layers(name, op_type)
        flops = [self._flops[layer] or 0 for layer in layers]
        if not all(flops):
            flops = [1] * len(layers)
        return {layer: part / sum(flops) for layer, part in zip(layers, flops, strict=True)}

    def _layers(self, name: str, op_type: str) -> tuple[LayerId, ...]:
        if (name, op_type) in self._nameless:
            return self._nameless[name, op_type]
        owner = self._by_name(name, op_type)
        return () if owner is None else (owner,)

    def _by_name(self, name: str, op_type: str) -> LayerId | None:
        known = known_name(name, self._outputs)
        if known is None:
            return None
        tensor = self._outputs[known]
        if tensor in self._owners and self._producers[tensor].op_type == op_type:
            return self._owners[tensor]
        layers = self._behind(tensor, _LAYER_OPS.get(op_type, frozenset()))
        return layers.pop() if len(layers) == 1 else None

    def _behind(self, tensor: str, layer_ops: frozenset[str]) -> set[LayerId]:
        found: set[LayerId] = set()
        seen: set[str] = set()
        waiting = [tensor]
        while waiting:
            node = self._producers.get(waiting.pop())
            if node is None or (output := first_output(node)) in seen:
                continue
            seen.add(output)
            if computes(node) in layer_ops and output in self._owners:
                found.add(self._owners[output])
            elif computes(node) not in PRUNABLE:
                waiting.extend(node.input)
        return found


def kernel_owner(loaded: LoadedModel, model: Model, kernels: Iterable[Kernel] = ()) -> KernelOwner:
    """Maps the kernels of a profile to layers.

    The model must have run as it is, with its nodes named by `name_nodes_by_output`, or as a
    copy whose nodes are named after tensors of the model. A kernel that stands for several
    fused nodes bears the name of one of them, or of their last output; from there the graph is
    followed back to the layer. Where a fusion leaves no name (`MatMulBnFusion_Gemm`,
    `Attention`), it is the layers that no other kernel can be: this needs all `kernels` of the
    profile. Elementwise work, changes of layout and products of two activations belong to no
    layer.
    """
    return KernelOwner(loaded, model, kernels)


def idle_layers(loaded: LoadedModel, model: Model, kernels: Iterable[Kernel]) -> set[LayerId]:
    """Layers in branches that were not taken, and in loops that did not run at all.

    That is where no kernel of the profile comes from.
    """
    scopes: dict[str, Scope] = {}
    for scope, node in scoped_nodes(loaded.proto.graph):
        scopes |= dict.fromkeys((node.name, *node.output), scope)
    names = {known_name(name, scopes) for name, _ in kernels}
    busy = {(), *(scopes[name] for name in names if name is not None)}
    active = {scope[:depth] for scope in busy for depth in range(len(scope) + 1)}
    return {
        layer.id
        for layer in model.layers
        if not any(scopes.get(user, ()) in active for user in layer.users)
    }


def _outputs_by_name(nodes: Sequence[NodeProto]) -> dict[str, str]:
    """The tensor that a name in a profile means: its own, or the output of the node so called."""
    named: dict[str, str] = {}
    for node in nodes:
        named[node.name] = "" if node.name in named else first_output(node)
    named |= {out: out for node in nodes for out in node.output}
    return {name: output for name, output in named.items() if name and output}


def known_name(name: str, known: Mapping[str, object]) -> str | None:
    """What a kernel is named after, without what the runtime added; None where it is unknown."""
    # the whole name first: a tensor may itself be called x_nchwc
    while name not in known:
        for addition in (_MADE_BY_FUSION, _MADE_BY_CAST, _MADE_BY_QUANTIZING):
            if (shorter := addition.sub("", name)) != name:
                name = shorter
                break
        else:
            return None
    return name
