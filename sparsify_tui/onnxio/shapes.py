"""Shapes of a graph's tensors at assumed input shapes."""

from __future__ import annotations

import onnx
from onnx import GraphProto, ModelProto, ValueInfoProto

from sparsify_tui.core.inputs import UNNAMED
from sparsify_tui.core.model import Shape, TensorSpec
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import ModelError
from sparsify_tui.onnxio.graphs import all_tensors, bodies
from sparsify_tui.onnxio.tensors import dtype_name, element_count, is_float
from sparsify_tui.onnxio.weights import stored_constants

Shapes = dict[str, tuple[int, ...]]

_DATA_FIELDS = ("raw_data", "float_data", "double_data", "int32_data")
_SMALL = 1024
"""Elements up to which a constant may be an argument (scales, sizes) and not a weight."""


def model_inputs(graph: GraphProto) -> tuple[TensorSpec, ...]:
    """What the caller has to feed: inputs that no initializer gives a default."""
    defaults = {tensor.name for tensor in graph.initializer}
    return tuple(_spec(value) for value in graph.input if value.name not in defaults)


def model_outputs(graph: GraphProto) -> tuple[TensorSpec, ...]:
    """What a run gives back, at the shapes the file declares."""
    return tuple(_spec(value) for value in graph.output)


def infer(proto: ModelProto, inputs: tuple[TensorSpec, ...]) -> ModelProto:
    """A copy without its large weights, with what can be inferred of shapes and types.

    Raises:
        ModelError: Shape inference fails as a whole.
    """
    bare = _without_weights(proto)
    _set_inputs(bare.graph, inputs)
    try:
        return onnx.shape_inference.infer_shapes(bare, data_prop=True)
    except (onnx.shape_inference.InferenceError, RuntimeError, ValueError) as error:
        raise ModelError(f"Shapes cannot be inferred: {clean_text(error)}") from error


def known_shapes(inferred: ModelProto, inputs: tuple[TensorSpec, ...]) -> Shapes:
    """Fully known shapes of the tensors of all graphs, by name."""
    known: dict[str, Shape | None] = {}
    for graph in (inferred.graph, *bodies(inferred)):
        known |= {value.name: _shape(value) for value in (*graph.value_info, *graph.output)}
        known |= {name: tuple(tensor.dims) for name, tensor in stored_constants(graph)}
    known |= {spec.name: spec.shape for spec in inputs}
    return {name: fixed for name, shape in known.items() if (fixed := _fixed(shape)) is not None}


def _spec(value: ValueInfoProto) -> TensorSpec:
    kind = value.type.WhichOneof("value")
    dtype = value.type.tensor_type.elem_type if kind == "tensor_type" else 0
    name = dtype_name(dtype) if kind in {"tensor_type", None} else str(kind)
    return TensorSpec(name=value.name, dtype=name, shape=_shape(value) or ())


def _shape(value: ValueInfoProto) -> Shape | None:
    if not value.type.tensor_type.HasField("shape"):
        return None
    return tuple(
        dim.dim_value if dim.dim_value > 0 else dim.dim_param or UNNAMED
        for dim in value.type.tensor_type.shape.dim
    )


def _fixed(shape: Shape | None) -> tuple[int, ...] | None:
    sizes = tuple(size for size in shape or () if isinstance(size, int))
    return sizes if shape is not None and len(sizes) == len(shape) else None


def _without_weights(proto: ModelProto) -> ModelProto:
    # what exporters wrote about shapes contradicts the assumed ones, and inference would
    # otherwise carry every weight through C++ and back
    bare = ModelProto()
    bare.CopyFrom(proto)
    for graph in (bare.graph, *bodies(bare)):
        graph.ClearField("value_info")
        for output in graph.output:
            output.type.tensor_type.ClearField("shape")
    for tensor in all_tensors(bare):
        if is_float(tensor) and element_count(tensor) > _SMALL:
            for field in _DATA_FIELDS:
                tensor.ClearField(field)
    return bare


def _set_inputs(graph: GraphProto, inputs: tuple[TensorSpec, ...]) -> None:
    sizes = {spec.name: spec.shape for spec in inputs}
    for value in graph.input:
        dims = value.type.tensor_type.shape.dim
        for dim, size in zip(dims, sizes.get(value.name, ()), strict=False):
            dim.dim_value = int(size)
