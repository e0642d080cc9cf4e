"""In which numbers a model's weights are, and what that means for measuring and changing it."""

from __future__ import annotations

from collections.abc import Iterator

from onnx import ModelProto

from sparsify_tui.core.model import Layer
from sparsify_tui.onnxio.graphs import scoped_nodes
from sparsify_tui.onnxio.views import attribute_int

MIXED = "mixed"
_INT8 = "int8"
_BYTES = frozenset({"int8", "uint8"})
_INTEGER_OPS = frozenset({"DequantizeLinear", "DynamicQuantizeLinear", "QuantizeLinear"})
_FLOATS = {
    "bfloat16": (
        "onnxruntime's CPU runs them only where the model itself casts them to float32; pruning "
        "keeps them, and there is no int8 lane for them"
    ),
    "float16": (
        "onnxruntime's CPU casts them to float32 on loading and computes in float32; pruning keeps "
        "them, and an int8 lane needs an export in float32"
    ),
    "float64": (
        "onnxruntime's CPU computes in float64, which is slow; an int8 lane needs an export in "
        "float32"
    ),
}


def model_precision(proto: ModelProto, layers: tuple[Layer, ...]) -> str:
    """The number format that all weights share, else `mixed`; float32 where there are none.

    The prunable layers decide where there are some. A model that rounds its activations to
    integers but stores its weights as floats is mixed.
    """
    decisive = tuple(layer for layer in layers if layer.prunable) or layers
    formats = {_format(layer) for layer in decisive} | set(_packed_formats(proto))
    if not any(layer.quantized for layer in decisive) and _rounds(proto):
        formats.add(_INT8)
    if not formats:
        return "float32"
    return formats.pop() if len(formats) == 1 else MIXED


def precision_notes(proto: ModelProto, layers: tuple[Layer, ...]) -> Iterator[str]:
    """What the formats mean for pruning and for the int8 lane; nothing for float32."""
    formats = [_format(layer) for layer in layers]
    quantized = sum(layer.quantized for layer in layers)
    if model_precision(proto, layers) == _INT8 and quantized:
        yield (
            "This model is already int8: its int8 lane is the model itself, and pruning works on "
            "the stored integers."
        )
    elif quantized:
        yield (
            f"{quantized} of {len(layers)} layers are already quantised: the int8 lane leaves them "
            "as they are, and pruning works on the stored integers."
        )
    elif packed := sorted(set(_packed_formats(proto))):
        yield (
            f"This model is already {packed[0]}: its packed weights are measured as they are, "
            "and are neither pruned nor made int8."
        )
    elif _rounds(proto):
        yield (
            "This model already rounds its tensors to integers: its int8 lane is the model "
            "itself, and pruning works on the float weights that it rounds."
        )
    for name, meaning in _FLOATS.items():
        if count := formats.count(name):
            weights = "The" if count == len(layers) else f"{count} of {len(layers)}"
            yield f"{weights} weights are {name}: {meaning}."


def _format(layer: Layer) -> str:
    return _INT8 if layer.quantized and layer.dtype in _BYTES else layer.dtype


def _packed_formats(proto: ModelProto) -> Iterator[str]:
    for _, node in scoped_nodes(proto.graph):
        if node.op_type == "MatMulNBits":
            yield f"int{attribute_int(node, 'bits', 4)}"


def _rounds(proto: ModelProto) -> bool:
    return any(
        node.op_type in _INTEGER_OPS or node.op_type.startswith("QLinear")
        for _, node in scoped_nodes(proto.graph)
    )
