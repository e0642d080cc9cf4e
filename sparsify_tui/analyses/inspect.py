"""What is in a model file."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

from sparsify_tui.analyses.constants import check_values
from sparsify_tui.analyses.opened import ShapeTracer
from sparsify_tui.codec import value_from
from sparsify_tui.core.model import Model
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.protocols import Progress
from sparsify_tui.engines import engine_of
from sparsify_tui.onnxio.hints import input_hints
from sparsify_tui.onnxio.load import load_model
from sparsify_tui.onnxio.read import read_model
from sparsify_tui.onnxio.shapes import model_inputs


def inspect_model(*, options: dict[str, Any]) -> Generator[Progress, None, Model]:
    """Reads the file, and runs the model once where shapes cannot be inferred.

    Raises:
        SparsifyError: The file, a size or a value does not fit.
    """
    asked = value_from(options, RunOptions)
    yield Progress(done=0, total=2, item="reading the file")
    loaded = load_model(Path(asked.path))
    yield Progress(done=1, total=2, item="working out shapes")
    check_values(model_inputs(loaded.proto.graph), dict(asked.values))
    tracer = ShapeTracer(engine_of(asked.engine), asked, input_hints(loaded))
    return read_model(loaded, dict(asked.dims), tracer)
