"""From a model file in memory to the nouns that every room shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from sparsify_tui.core.inputs import assume_shapes
from sparsify_tui.core.model import Model, TensorSpec
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import format_count
from sparsify_tui.errors import SparsifyError
from sparsify_tui.onnxio.census import Unreached, count_params, sparse_tensors, unreached_weights
from sparsify_tui.onnxio.expose import expose_shapes
from sparsify_tui.onnxio.flops import needed_tensors, run_flops, use_flops
from sparsify_tui.onnxio.layers import find_layers
from sparsify_tui.onnxio.limits import opset_version
from sparsify_tui.onnxio.load import LoadedModel
from sparsify_tui.onnxio.precision import model_precision, precision_notes
from sparsify_tui.onnxio.rewrite import serialize
from sparsify_tui.onnxio.shapes import Shapes, infer, known_shapes, model_inputs, model_outputs
from sparsify_tui.onnxio.types import check_types
from sparsify_tui.onnxio.uses import Use, weight_uses

_MOST_NAMED = 4
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
        ModelError: A node gets types of elements that it cannot take.
        UsageError: `dims` names a dimension that does not exist.
    """
    graph = loaded.proto.graph
    inputs = model_inputs(graph)
    assumed = assume_shapes(inputs, dims or {})
    uses = tuple(weight_uses(graph, loaded.constants))
    shapes, problems = _find_shapes(loaded, assumed, uses, trace)
    layers = find_layers(loaded, uses, shapes)
    unreached = unreached_weights(loaded, layers)
    counts = [(use.scope, use_flops(use, shapes)) for use in uses]
    model = Model(
        path=str(loaded.path),
        sha256=loaded.sha256,
        bytes=loaded.bytes,
        opset=opset_version(loaded.proto),
        ir_version=loaded.proto.ir_version,
        producer=f"{loaded.proto.producer_name} {loaded.proto.producer_version}".strip(),
        params=count_params(loaded),
        flops=run_flops((scope, flops) for scope, flops in counts if flops is not None) or None,
        inputs=inputs,
        outputs=model_outputs(graph),
        layers=layers,
        assumed=assumed,
        unreached_params=sum(weight.params for weight in unreached),
        precision=model_precision(loaded.proto, layers),
    )
    notes = (
        *loaded.notes,
        *precision_notes(loaded.proto, layers),
        *_notes(loaded, model, unreached),
    )
    return replace(model, warnings=(*notes, *problems))


def _find_shapes(
    loaded: LoadedModel,
    assumed: tuple[TensorSpec, ...],
    uses: tuple[Use, ...],
    trace: Trace | None,
) -> tuple[Shapes, tuple[str, ...]]:
    shapes: Shapes = {}
    problems: list[str] = []
    try:
        inferred = infer(loaded.proto, assumed)
    except SparsifyError as error:
        problems.append(error.message)
    else:
        check_types(inferred)
        shapes = known_shapes(inferred, assumed)
    missing = {name for use in uses for name in needed_tensors(use) if name} - shapes.keys()
    if trace is not None and missing:
        try:
            exposed = expose_shapes(loaded.proto, sorted(missing))
            shapes |= exposed.shapes(trace(serialize(exposed.proto), assumed))
        except SparsifyError as error:
            problems.append(f"Some FLOPs are unknown: {error}")
    return shapes, tuple(problems)


def _notes(loaded: LoadedModel, model: Model, unreached: tuple[Unreached, ...]) -> Iterator[str]:
    if unreached:
        operators = sorted({name for weight in unreached for name in weight.users})
        noun = "matrix" if len(unreached) == 1 else "matrices"
        yield (
            f"{format_count(model.unreached_params)} parameters in {len(unreached)} {noun} of "
            f"{', '.join(map(clean_text, operators[:_MOST_NAMED]))} are counted, but no layers."
        )
    if sparse := sparse_tensors(loaded):
        noun = "constant is" if len(sparse) == 1 else "constants are"
        yield f"{len(sparse)} {noun} stored sparse, as non-zero elements only: no layers."
    if not model.prunable:
        yield "No layer can be pruned: no Conv, Gemm or MatMul has a constant weight."
