"""Reads a model file in children, and finds inputs on which it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sparsify_tui.codec import document_from
from sparsify_tui.core.channels.groups import ChannelMap
from sparsify_tui.core.model import Model
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.trials import has_guesses
from sparsify_tui.errors import JobError
from sparsify_tui.workbench.jobs import JobDesk, OnProgress
from sparsify_tui.workbench.paths import full_path, stamp_of


async def read_model_file(
    jobs: JobDesk,
    path: Path,
    dims: Mapping[str, int],
    values: Mapping[str, float],
    on_progress: OnProgress | None = None,
) -> Model:
    """What is in the file; where sizes or scalars are guessed, a run tells whether they do.

    Raises:
        SparsifyError: The file, a size or a value does not fit.
    """
    stamp_of(path)
    options = RunOptions(
        path=full_path(path), dims=tuple(dims.items()), values=tuple(values.items())
    )
    args = {"options": document_from(options)}
    model: Model = await jobs.result("inspect", args, on_progress)
    if has_guesses(model.inputs, dims, values):
        return await _fitted(jobs, model, args, on_progress)
    return model


async def read_channels(
    jobs: JobDesk,
    model: Model,
    dims: Mapping[str, int],
    values: Mapping[str, float],
) -> ChannelMap:
    """Which channels of a model that was read can go, and why the others cannot.

    Raises:
        SparsifyError: The model does not run on these sizes and values.
    """
    options = RunOptions(
        path=model.path,
        dims=tuple(dims.items()),
        values=tuple(values.items()),
        found=model.found,
    )
    args = {"options": document_from(options)}
    found: ChannelMap = await jobs.result("groups", args)
    return found


async def _fitted(
    jobs: JobDesk, model: Model, args: Mapping[str, Any], on_progress: OnProgress | None
) -> Model:
    """The model at inputs on which it runs: a job of its own, since a run may crash or hang."""
    try:
        fitted: Model = await jobs.result("fit", args, on_progress)
    except JobError as error:
        note = f"Whether it runs on guessed inputs is not known. {error.message}"
        return replace(model, warnings=(*model.warnings, note))
    return fitted
