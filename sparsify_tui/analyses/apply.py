"""Applies an optimization to the model at once, without training."""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

from sparsify_tui.analyses.changed import build_changed
from sparsify_tui.analyses.metrics import SCORED_SAMPLES, all_finite, run_all
from sparsify_tui.analyses.opened import Opened, open_model
from sparsify_tui.analyses.turns import BASELINE, Entrant, as_part, time_case
from sparsify_tui.codec import value_from
from sparsify_tui.core.cases import Case, ChangedModel
from sparsify_tui.core.distances import distance_between
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.project import AppliedModel, Comparison
from sparsify_tui.core.protocols import Array, Progress
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import ExportError, ModelError

_LOADING_S = 4.0
"""Guessed, with the warm-up of both."""


def apply_optimization(
    *, options: dict[str, Any], model: dict[str, Any], output: str, seconds: float
) -> Generator[Progress, None, AppliedModel]:
    """Builds, reloads, runs and writes the changed model; then times it beside the original.

    Args:
        options: How the model is fed and run.
        model: What is done to it.
        output: The file, which appears only when the changed model runs.
        seconds: Least time of the comparison.
    """
    yield Progress(done=0, total=4, item="reading the model")
    opened = open_model(value_from(options, RunOptions))
    changed, target = value_from(model, ChangedModel), Path(output)
    _check_target(target, Path(opened.options.path))
    yield Progress(done=1, total=4, item="changing the model")
    with opened.named_guesses(), tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / target.name
        reached = build_changed(opened, changed.changes, trial)
        yield Progress(done=2, total=4, item="checking the outputs")
        error = _output_error(opened, trial)
        size = _publish(trial, target)
    entrant = Entrant(name=changed.name, file=target, optimization=changed.name)
    comparison = yield from _compare(opened, entrant, seconds)
    return AppliedModel(
        file=output,
        bytes=size,
        layers=reached.weights,
        output_error=error,
        source=opened.samples.source,
        int8=reached.int8,
        repairs=reached.repairs,
        channels=reached.channels,
        repaired=reached.repaired,
        calibration=reached.calibration,
        comparison=comparison,
    )


def _output_error(opened: Opened, changed: Path) -> float | None:
    """How far the outputs move; None where they do not vary at all.

    Raises:
        ModelError: They are no longer numbers.
    """
    base, outputs = outputs_of_both(opened, changed)
    if all_finite(base) and not all_finite(outputs):
        raise ModelError("The changed model gives NaN or infinity.", "Change less of it.")
    return distance_between("mse", base, outputs)


def _compare(
    opened: Opened, entrant: Entrant, seconds: float
) -> Generator[Progress, None, Comparison]:
    original = Entrant(name=BASELINE, file=Path(opened.options.path))
    case = Case(batch=opened.batch, threads=opened.options.threads)
    timing = time_case(opened, [opened.engine], [original, entrant], case, seconds)
    result = yield from as_part(timing, 3, 4, expected_s=seconds + _LOADING_S)
    return result.comparisons[0]


def outputs_of_both(opened: Opened, changed: Path) -> tuple[list[Array], list[Array]]:
    """Outputs of the original and of the changed file on up to 64 samples."""
    threads = opened.options.threads
    original = opened.engine.open(Path(opened.options.path), threads=threads)
    return (
        run_all(opened, original, SCORED_SAMPLES),
        run_all(opened, opened.engine.open(changed, threads=threads), SCORED_SAMPLES),
    )


def _publish(trial: Path, target: Path) -> int:
    """Puts the file, and its weights before it, where they belong; returns their bytes.

    Raises:
        ModelError: They cannot be written there.
    """
    parts = sorted(trial.parent.glob(f"{glob.escape(trial.name)}*"), reverse=True)
    size = sum(part.stat().st_size for part in parts)
    try:
        for part in parts:
            waiting = target.with_name(f".{part.name}.{os.getpid()}.tmp")
            try:
                shutil.copyfile(part, waiting)
                waiting.replace(target.with_name(part.name))
            finally:
                waiting.unlink(missing_ok=True)
    except OSError as error:
        raise ModelError(f"Cannot write {clean_text(target.name)}: {error.strerror}.") from error
    return size


def _check_target(target: Path, model: Path) -> None:
    """Refuses early what could not, or must not, be written."""
    shown = clean_text(target)
    if target.resolve() == model.resolve():
        raise ExportError(f"{shown} is the model itself.", "Choose another file with -o.")
    if target.is_dir():
        raise ExportError(f"{shown} is a folder.", "Name a file in it with -o.")
    if not target.parent.is_dir():
        raise ExportError(f"The folder of {shown} does not exist.", "Make it, or choose another.")
