"""Applies an optimization to the model at once, without training."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sparsify_tui.analyses.opened import Opened, open_model
from sparsify_tui.codec import value_from
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.project import AppliedModel
from sparsify_tui.core.protocols import Array, Progress, Session
from sparsify_tui.core.sensitivity import relative_error
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import ExportError, ModelError
from sparsify_tui.onnxio.rewrite import prune_layers, write_model

_SCORED_SAMPLES = 64


def apply_optimization(
    *, options: dict[str, Any], levels: dict[str, float], output: str
) -> Generator[Progress, None, AppliedModel]:
    """Prunes, writes, reloads and runs; the file appears only when all of that worked."""
    yield Progress(done=0, total=3, item="reading the model")
    opened = open_model(value_from(options, RunOptions))
    target = Path(output)
    _check_target(target, Path(opened.options.path))
    yield Progress(done=1, total=3, item="pruning")
    proto, reached = prune_layers(opened.loaded, opened.model, wanted_levels(levels))
    with opened.named_guesses(), tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / target.name
        write_model(proto, trial)
        yield Progress(done=2, total=3, item="checking the outputs")
        base, changed = outputs_of_both(opened, trial)
        size = folder_size(Path(folder))
    if all_finite(base) and not all_finite(changed):
        raise ModelError("The pruned model gives NaN or infinity.", "Lower the levels.")
    write_model(proto, target)
    return AppliedModel(
        file=output,
        bytes=size,
        layers=tuple(reached.items()),
        output_error=relative_error(base, changed),
        source=opened.samples.source,
    )


def wanted_levels(levels: Mapping[str, float]) -> dict[LayerId, float]:
    """The layers that are to be pruned; a level of 0 leaves a weight as it is."""
    return {LayerId(layer): level for layer, level in levels.items() if level > 0}


def folder_size(folder: Path) -> int:
    """Bytes of the files in it: a model, and its weights where they are a file of their own."""
    return sum(part.stat().st_size for part in folder.iterdir())


def all_finite(outputs: Iterable[Array]) -> bool:
    """Whether the floats among the outputs hold neither NaN nor infinity."""
    return all(bool(np.isfinite(one).all()) for one in outputs if one.dtype.kind == "f")


def outputs_of_both(opened: Opened, changed: Path) -> tuple[list[Array], list[Array]]:
    """Outputs of the original and of the changed file on up to 64 samples."""
    threads = opened.options.threads
    original = opened.engine.open(Path(opened.options.path), threads=threads)
    return (
        run_all(opened, original, _SCORED_SAMPLES),
        run_all(opened, opened.engine.open(changed, threads=threads), _SCORED_SAMPLES),
    )


def run_all(opened: Opened, session: Session, most: int | None = None) -> list[Array]:
    """Outputs on all samples, or the first `most`, joined along the first axis."""
    parts: list[list[Array]] = []
    batch = opened.scoring_batch
    for feeds, rows in opened.samples.batches(batch):
        outputs = session.run(feeds)
        parts.append([_rows(array, batch, len(rows)) for array in outputs])
        if most is not None and rows[-1] + 1 >= most:
            break
    return [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]


def _rows(array: Array, batch: int, count: int) -> Array:
    """Drops the rows that filled up the last batch, where the first axis is the sample."""
    if array.ndim == 0:
        return array[None]
    return array[:count] if len(array) == batch else array


def _check_target(target: Path, model: Path) -> None:
    """Refuses early what could not, or must not, be written."""
    shown = clean_text(target)
    if target.resolve() == model.resolve():
        raise ExportError(f"{shown} is the model itself.", "Choose another file with -o.")
    if target.is_dir():
        raise ExportError(f"{shown} is a folder.", "Name a file in it with -o.")
    if not target.parent.is_dir():
        raise ExportError(f"The folder of {shown} does not exist.", "Make it, or choose another.")
