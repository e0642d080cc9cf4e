"""Finds inputs on which a model runs, where the guessed ones do not do."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sparsify_tui.analyses.opened import ShapeTracer, request, samples_asked
from sparsify_tui.codec import value_from
from sparsify_tui.core.inputs import assume_shapes, free_axes
from sparsify_tui.core.model import Found, Model, TensorSpec
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.protocols import Engine, Progress
from sparsify_tui.core.trials import input_options, scalars_guessed, trials
from sparsify_tui.core.units import format_bytes
from sparsify_tui.engines import engine_of
from sparsify_tui.errors import InputError, SparsifyError
from sparsify_tui.onnxio.hints import Hints, input_hints
from sparsify_tui.onnxio.load import LoadedModel, load_model
from sparsify_tui.onnxio.read import read_model
from sparsify_tui.onnxio.shapes import model_inputs

LONGEST_S = 12.0
"""Within the limit of the job, so that what was learned by then is told."""
MOST_BYTES = 500_000_000
"""A larger model costs seconds and memory to load that an inspection should not take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How the trials ended."""

    found: Found = field(default_factory=Found)
    note: str = ""
    """What a person should know of it; empty where the guesses did."""


def fit_inputs(*, options: dict[str, Any]) -> Generator[Progress, None, Model]:
    """Runs the model on guessed inputs, and on others until one run succeeds.

    What was found is in the model that is returned, which is read at those sizes; where nothing
    was found, a warning asks for what is needed.

    Raises:
        SparsifyError: The file, a size or a value does not fit.
    """
    asked = value_from(options, RunOptions)
    yield Progress(done=0, total=2, item="running it once")
    loaded, engine = load_model(Path(asked.path)), engine_of(asked.engine)
    hints = input_hints(loaded)
    fit = _fit(loaded, engine, asked, hints)
    yield Progress(done=1, total=2, item="working out shapes")
    fitted = replace(asked, found=fit.found)
    dims = {**dict(fit.found.dims), **dict(asked.dims)}
    model = read_model(loaded, dims, ShapeTracer(engine, fitted, hints))
    notes = (fit.note,) if fit.note else ()
    return replace(model, found=fit.found, warnings=(*model.warnings, *notes))


def _fit(loaded: LoadedModel, engine: Engine, asked: RunOptions, hints: Hints) -> Fit:
    if loaded.bytes > MOST_BYTES:
        return Fit(
            note=f"Whether it runs on guessed inputs was not tried: it is larger than "
            f"{format_bytes(MOST_BYTES)}."
        )
    try:
        return _tried(loaded, engine, asked, hints)
    except SparsifyError as error:  # it does not load, or an input cannot be made up
        return Fit(note=str(error))


def _tried(loaded: LoadedModel, engine: Engine, asked: RunOptions, hints: Hints) -> Fit:
    """Raises ModelError or DataError where no other size or value would help."""
    inputs = model_inputs(loaded.proto.graph)
    session = engine.open(loaded.path, threads=1)
    end = time.monotonic() + LONGEST_S
    refusal, tried = None, 0
    for found in trials(inputs, dict(asked.dims), dict(asked.values), hints.compared):
        feeds = samples_asked(replace(asked, data=None, found=found), inputs, hints, batch=1)
        try:
            session.run(feeds.batch(1))
        except InputError as error:
            refusal, tried = refusal or error, tried + 1
        else:
            return Fit(found=found, note=_note(inputs, asked, found))
        if time.monotonic() > end:
            break
    assert refusal is not None, "the first trial is the guesses themselves"
    return Fit(note=_refused(inputs, asked, refusal, tried))


def _note(inputs: tuple[TensorSpec, ...], asked: RunOptions, found: Found) -> str:
    if found.dims or found.values:
        values = ((name, f"{value:g}") for name, value in found.values)
        return (
            f"It runs with {input_options(found.dims, values)}, found by trying; "
            "the same options give others."
        )
    ones = input_options(_lengths_of_one(inputs, asked), ())
    return f"Times are for {ones}, which was guessed; the same options give others." if ones else ""


def _lengths_of_one(inputs: tuple[TensorSpec, ...], asked: RunOptions) -> Iterator[tuple[str, int]]:
    """Open dimensions other than the batch that count as a single step."""
    assumed = {spec.name: spec.shape for spec in assume_shapes(inputs, dict(asked.dims))}
    for key, spec, axis in free_axes(inputs, dict(asked.dims)):
        if axis and "float" in spec.dtype and assumed[spec.name][axis] == 1:
            yield key, 1


def _refused(
    inputs: tuple[TensorSpec, ...], asked: RunOptions, refusal: InputError, tried: int
) -> str:
    dims, values = dict(asked.dims), dict(asked.values)
    assumed = {spec.name: spec.shape for spec in assume_shapes(inputs, dims)}
    sizes = ((key, assumed[spec.name][axis]) for key, spec, axis in free_axes(inputs, dims))
    constants = ((spec.name, "V") for spec in scalars_guessed(inputs, dims, values))
    asking = request(inputs, input_options(sizes, constants))
    return f"It runs on none of {tried} guesses. {refusal.message} {asking}"
