"""From a model file in memory to the nouns that every room shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from sparsify_tui.core.inputs import assume_shapes
from sparsify_tui.core.model import Model, TensorSpec
from sparsify_tui.core.units import format_count
from sparsify_tui.errors import SparsifyError
from sparsify_tui.onnxio.census import count_params, is_quantized, unreached_constants
from sparsify_tui.onnxio.flops import needed_tensors
from sparsify_tui.onnxio.layers import find_layers
from sparsify_tui.onnxio.limits import opset_version
from sparsify_tui.onnxio.load import LoadedModel
from sparsify_tui.onnxio.rewrite import expose_tensors, serialize
from sparsify_tui.onnxio.shapes import Shapes, infer_shapes, model_inputs, model_outputs
from sparsify_tui.onnxio.tensors import element_count
from sparsify_tui.onnxio.uses import Use, weight_uses

Trace = Callable[[bytes, tuple[TensorSpec, ...]], Mapping[str, tuple[int, ...]]]
"""Runs a serialized model once at the given inputs; shapes of its outputs by name."""


def read_model(
    loaded: LoadedModel, dims: Mapping[str, int] | None = None, trace: Trace | None = None
) -> Model:
    """Finds the layers of a model, with their parameters and FLOPs.

    Args:
        loaded: The file in memory.
        dims: Sizes of open input dimensions; the others are guessed by `assume_shapes`.
        trace: Asked for the shapes that cannot be inferred; without it those layers have
            no FLOPs. When it fails, the reason becomes a warning.

    Raises:
        UsageError: `dims` names a dimension that does not exist.
    """
    graph = loaded.proto.graph
    inputs = model_inputs(graph)
    assumed = assume_shapes(inputs, dims or {})
    uses = tuple(weight_uses(graph, loaded.constants))
    shapes, problems = _find_shapes(loaded, assumed, uses, trace)
    layers = find_layers(loaded, uses, shapes)
    known = [layer.flops for layer in layers if layer.flops is not None]
    model = Model(
        path=str(loaded.path),
        sha256=loaded.sha256,
        bytes=loaded.bytes,
        opset=opset_version(loaded.proto),
        ir_version=loaded.proto.ir_version,
        producer=f"{loaded.proto.producer_name} {loaded.proto.producer_version}".strip(),
        params=count_params(loaded),
        flops=sum(known) or None,
        inputs=inputs,
        outputs=model_outputs(graph),
        layers=layers,
        assumed=assumed,
        unreached_params=sum(element_count(tensor) for tensor in unreached_constants(loaded)),
    )
    return replace(model, warnings=(*_notes(loaded, model), *problems))


def _find_shapes(
    loaded: LoadedModel,
    assumed: tuple[TensorSpec, ...],
    uses: tuple[Use, ...],
    trace: Trace | None,
) -> tuple[Shapes, tuple[str, ...]]:
    shapes: Shapes = {}
    problems: list[str] = []
    try:
        shapes = infer_shapes(loaded.proto, assumed)
    except SparsifyError as error:
        problems.append(error.message)
    missing = {name for use in uses for name in needed_tensors(use) if name} - shapes.keys()
    if trace is not None and missing:
        try:
            traced = expose_tensors(loaded.proto, sorted(missing))
            shapes |= trace(serialize(traced), assumed)
        except SparsifyError as error:
            problems.append(f"Some FLOPs are unknown: {error}")
    return shapes, tuple(problems)


def _notes(loaded: LoadedModel, model: Model) -> Iterator[str]:
    if is_quantized(loaded.proto):
        yield "This model is already quantised: int8 weights are not reached yet."
    weights = sum(len(tensor.dims) > 1 for tensor in unreached_constants(loaded))
    if weights:
        noun = "weight" if weights == 1 else "weights"
        yield (
            f"{format_count(model.unreached_params)} parameters in {weights} {noun} inside "
            "If/Loop/Scan/functions are counted but not reached yet."
        )
    if not model.prunable:
        yield "No layer can be pruned: no Conv, Gemm or MatMul has a constant weight."
