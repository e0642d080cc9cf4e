"""Which layer a kernel of onnxruntime's profile worked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from onnx import NodeProto

from sparsify_tui.core.model import LayerId, Model
from sparsify_tui.onnxio.graphs import first_output
from sparsify_tui.onnxio.load import LoadedModel
from sparsify_tui.onnxio.uses import PRUNABLE

Owner = Callable[[str, str], LayerId | None]
"""From a kernel's name and operator type in the profile to the layer it worked for."""

_MADE_BY_FUSION = re.compile(
    r"^fused |(?:_nchwc|_token_\d+|(?:_MatMul)?_quant|/(?:Gemm|Mat[Mm]ul)\w*Fusion/?)$"
)
"""What onnxruntime 1.20 to 1.32 and its quantiser add to the name of the node they replace."""

_MATRIX = frozenset({"Gemm", "MatMul"})
_CONV = frozenset({"Conv"})
_LAYER_OPS: dict[str, frozenset[str]] = {
    "Conv": _CONV,
    "FusedConv": _CONV,
    "NhwcFusedConv": _CONV,
    "QLinearConv": _CONV,
    "ConvInteger": _CONV,
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


def kernel_owner(loaded: LoadedModel, model: Model) -> Owner:
    """Maps the kernels of a profile to layers.

    The model must have run with its nodes named by `name_nodes_by_output`. A kernel that
    stands for several fused nodes bears the name of one of them, or of their last output;
    from there the graph is followed back to the layer. Elementwise work, changes of layout
    and products of two activations belong to no layer; nor does a kernel that could stand for
    several layers, or whose name tells nothing (`MatMulBnFusion_Gemm`, `Attention`).
    """
    producers = {out: node for node in loaded.proto.graph.node for out in node.output if out}
    owners = {user: layer.id for layer in reversed(model.layers) for user in layer.users}

    def owner(name: str, op_type: str) -> LayerId | None:
        tensor = _tensor_named(name, producers)
        if tensor is None:
            return None
        if tensor in owners and producers[tensor].op_type == op_type:
            return owners[tensor]
        layers = _layers_behind(tensor, _LAYER_OPS.get(op_type, frozenset()), producers, owners)
        return layers.pop() if len(layers) == 1 else None

    return owner


def _tensor_named(name: str, producers: Mapping[str, NodeProto]) -> str | None:
    # the whole name first: a tensor may itself be called x_nchwc
    while name not in producers:
        shorter = _MADE_BY_FUSION.sub("", name)
        if shorter == name:
            return None
        name = shorter
    return name


def _layers_behind(
    tensor: str,
    layer_ops: frozenset[str],
    producers: Mapping[str, NodeProto],
    owners: Mapping[str, LayerId],
) -> set[LayerId]:
    found: set[LayerId] = set()
    seen: set[str] = set()
    waiting = [tensor]
    while waiting:
        node = producers.get(waiting.pop())
        if node is None or (output := first_output(node)) in seen:
            continue
        seen.add(output)
        if node.op_type in layer_ops and output in owners:
            found.add(owners[output])
        elif node.op_type not in PRUNABLE:
            waiting.extend(node.input)
    return found
