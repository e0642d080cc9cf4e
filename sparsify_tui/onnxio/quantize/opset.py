"""Brings a model to an operator set that knows quantisation per channel."""

from __future__ import annotations

from collections.abc import Iterator

import onnx
from onnx import ModelProto, version_converter
from onnx.defs import OpSchema

from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import ModelError
from sparsify_tui.onnxio.graphs import body_nodes, is_standard
from sparsify_tui.onnxio.limits import opset_version

NEEDED_OPSET = 13
"""The first in which QuantizeLinear and DequantizeLinear have an axis."""

_FAILURES = (
    version_converter.ConvertError,
    onnx.shape_inference.InferenceError,
    RuntimeError,
    ValueError,
)
"""What the converter raises: its own kinds share no base but Exception."""


def raise_opset(proto: ModelProto) -> ModelProto:
    """The model in operator set 13 or newer; the same object where it is already.

    Raises:
        ModelError: onnx cannot convert it, and an operator changed its meaning in between.
    """
    if opset_version(proto) >= NEEDED_OPSET:
        return proto
    try:
        return version_converter.convert_version(proto, NEEDED_OPSET)
    except _FAILURES as error:
        if changed := sorted(set(_changed_operators(proto))):
            raise ModelError(
                f"Operator set {opset_version(proto)} cannot be converted to {NEEDED_OPSET}, "
                f"which int8 needs: {clean_text(', '.join(changed))} changed in between.",
                f"Export the model with operator set {NEEDED_OPSET} or newer.",
            ) from error
        return _declared(proto, NEEDED_OPSET)


def _changed_operators(proto: ModelProto) -> Iterator[str]:
    old = opset_version(proto)
    for nodes in (proto.graph.node, body_nodes(proto)):
        for node in nodes:
            if is_standard(node) and not _means_the_same(node.op_type, old):
                yield node.op_type


def _means_the_same(op_type: str, old: int) -> bool:
    # element types may have been added; what a node says and takes must be the same
    try:
        before = onnx.defs.get_schema(op_type, old, "")
        after = onnx.defs.get_schema(op_type, NEEDED_OPSET, "")
    except onnx.defs.SchemaError:
        return False
    return before.since_version == after.since_version or _form(before) == _form(after)


def _form(schema: OpSchema) -> tuple[object, ...]:
    attributes = {
        name: (attribute.type, attribute.required, attribute.default_value.SerializeToString())
        for name, attribute in schema.attributes.items()
    }
    return (
        attributes,
        [(value.name, value.option) for value in schema.inputs],
        [(value.name, value.option) for value in schema.outputs],
    )


def _declared(proto: ModelProto, version: int) -> ModelProto:
    copy = ModelProto()
    copy.CopyFrom(proto)
    for opset in copy.opset_import:
        if opset.domain in {"", "ai.onnx"}:
            opset.version = version
    return copy
