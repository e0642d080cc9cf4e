"""Whether a data file fits a model."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

from sparsify_tui.analyses.opened import samples_asked
from sparsify_tui.codec import value_from
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.project import DataRole, DataSet
from sparsify_tui.core.protocols import Progress
from sparsify_tui.errors import DataError
from sparsify_tui.onnxio.hints import input_hints
from sparsify_tui.onnxio.load import load_model
from sparsify_tui.onnxio.shapes import model_inputs


def check_data(*, options: dict[str, Any], role: DataRole) -> Generator[Progress, None, DataSet]:
    """Reads the file as the model's input. Raises DataError where it does not fit."""
    asked = value_from(options, RunOptions)
    yield Progress(done=0, total=1, item="reading the data")
    loaded = load_model(Path(asked.path))
    inputs = model_inputs(loaded.proto.graph)
    samples = samples_asked(asked, inputs, input_hints(loaded), batch=1)
    if role == "test" and samples.labels is None:
        raise DataError(
            f"{samples.source} has no array called labels.",
            "A test set needs one label a sample; without labels attach it as calibration.",
        )
    return DataSet(
        role=role,
        path=str(Path(asked.data or "").resolve()),
        samples=samples.count,
        labelled=samples.labels is not None,
        problems=samples.problems(),
    )
