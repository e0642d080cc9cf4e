"""Optimizations beside the original: engines × batches × threads × streams, then quality."""

from __future__ import annotations

import tempfile
import time
import zlib
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sparsify_tui.analyses.changed import Reached, build_changed
from sparsify_tui.analyses.metrics import Scorer
from sparsify_tui.analyses.opened import Opened, open_model
from sparsify_tui.analyses.turns import BASELINE, CaseResult, Entrant, as_part, time_case
from sparsify_tui.codec import value_from
from sparsify_tui.core.cases import BenchmarkRequest, Case, ChangedModel
from sparsify_tui.core.changes import Changes
from sparsify_tui.core.model import LayerId, Model
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.project import BenchmarkRun, Comparison, MeasuredModel, Run
from sparsify_tui.core.protocols import Progress
from sparsify_tui.core.verdicts import why_not_optimized
from sparsify_tui.engines import engine_of
from sparsify_tui.identity import new_id, now
from sparsify_tui.onnxio.rewrite import write_model

_CHUNK = 1 << 20
_LOADING_S = 2.0
"""Guessed for each session until the first case is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Built:
    """An optimization as a file."""

    changed: ChangedModel
    entrant: Entrant
    reached: Reached


def benchmark_models(
    *, options: dict[str, Any], models: list[dict[str, Any]], request: dict[str, Any], name: str
) -> Generator[Progress, None, BenchmarkRun]:
    """Builds every changed model, measures all cases in one queue, then scores the outputs.

    Args:
        options: How the model is fed and run.
        models: What is done to it, for each optimization.
        request: What was asked for, threads resolved.
        name: Of the stored benchmark.
    """
    yield Progress(done=0, total=1, item="reading the model")
    opened = open_model(value_from(options, RunOptions))
    asked = value_from(request, BenchmarkRequest)
    cases = _cases(opened, asked)
    scorer = Scorer(opened, asked.metric)
    with opened.named_guesses(), tempfile.TemporaryDirectory() as folder:
        original = Path(folder, "original", "model.onnx")
        original.parent.mkdir()
        write_model(opened.loaded.proto, original)
        changed = _unique(value_from(model, ChangedModel) for model in models)
        built = yield from _build(opened, changed, Path(folder))
        entrants = (
            Entrant(name=BASELINE, file=Path(opened.options.path)),
            *(one.entrant for one in built),
        )
        results = yield from _measure(opened, asked, entrants, cases)
        yield Progress(done=len(cases), total=len(cases) + 1, item="scoring the outputs")
        runs = tuple(run for result in results for run in result.runs)
        comparisons = tuple(one for result in results for one in result.comparisons)
        return BenchmarkRun(
            id=new_id(),
            name=name,
            created=now(),
            model_digest=opened.model.sha256,
            environment=opened.environment,
            inputs=opened.samples.source,
            models=tuple(_measured(opened, one, runs, comparisons, scorer) for one in built),
            runs=runs,
            comparisons=comparisons,
            problems=tuple(problem for result in results for problem in result.problems),
            original_bytes=folder_size(original.parent),
            original_compressed_bytes=compressed_size(original.parent),
            request=asked,
        )


def _cases(opened: Opened, asked: BenchmarkRequest) -> tuple[Case, ...]:
    """Every case once, with the batch that a model fixes. Raises UsageError."""
    for batch in asked.batches:
        opened.check_batch(batch)
    wanted = asked.cases(opened.options.threads)
    return tuple(
        dict.fromkeys(replace(case, batch=opened.fixed_batch or case.batch) for case in wanted)
    )


def _unique(models: Iterable[ChangedModel]) -> Iterator[ChangedModel]:
    """The same with names by which they can be told apart, from the original too."""
    taken = {BASELINE}
    for model in models:
        name, number = model.name, 2
        while name in taken:
            name, number = f"{model.name} ({number})", number + 1
        taken.add(name)
        yield replace(model, name=name)


def _build(
    opened: Opened, models: Iterable[ChangedModel], folder: Path
) -> Generator[Progress, None, list[_Built]]:
    built = []
    for at, changed in enumerate(models):
        yield Progress(done=0, total=1, item=f"building {changed.name}")
        file = folder / str(at) / "model.onnx"
        file.parent.mkdir()
        reached = build_changed(opened, changed.changes, file)
        entrant = Entrant(
            name=changed.name,
            file=file,
            optimization=changed.name,
            prediction=changed.prediction,
        )
        built.append(_Built(changed=changed, entrant=entrant, reached=reached))
    return built


def _measure(
    opened: Opened, asked: BenchmarkRequest, entrants: Sequence[Entrant], cases: Sequence[Case]
) -> Generator[Progress, None, list[CaseResult]]:
    """One queue over all cases; the time left is that of all of them."""
    engines = [engine_of(name) for name in asked.engines]
    works = len(engines) * len(entrants)
    each_s = asked.seconds * max(1.0, works / 2) + _LOADING_S * works
    results = []
    start = time.perf_counter()
    for at, case in enumerate(cases):
        timing = time_case(opened, engines, entrants, case, asked.seconds)
        later_s = each_s * (len(cases) - at - 1)
        part = as_part(timing, at, len(cases) + 1, expected_s=each_s, later_s=later_s)
        results.append((yield from part))
        each_s = (time.perf_counter() - start) / (at + 1)
    return results


def _measured(
    opened: Opened,
    built: _Built,
    runs: Sequence[Run],
    comparisons: Sequence[Comparison],
    scorer: Scorer,
) -> MeasuredModel:
    name, reached = built.changed.name, built.reached
    labels = {run.label: run.optimization for run in runs}
    own = [one for one in comparisons if labels[one.b] == name and not labels[one.a]]
    return MeasuredModel(
        optimization=name,
        sparsity=_sparsity(opened.model, reached.levels),
        int8_layers=len(reached.int8),
        file_bytes=folder_size(built.entrant.file.parent),
        compressed_bytes=compressed_size(built.entrant.file.parent),
        metrics=scorer.changes(built.entrant.file),
        note=why_not_optimized(own, is_pruned_only=is_pruned_only(built.changed.changes)),
    )


def is_pruned_only(changes: Changes) -> bool:
    """Whether zeros among the weights are all that is changed."""
    return bool(changes.levels) and not changes.needs_preparation


def folder_size(folder: Path) -> int:
    """Bytes of the files in it: a model, and its weights where they are a file of their own."""
    return sum(part.stat().st_size for part in folder.iterdir())


def compressed_size(folder: Path) -> int:
    """Bytes of a model's files after a fast deflate."""
    return sum(map(_compressed, folder.iterdir()))


def _compressed(file: Path) -> int:
    deflate = zlib.compressobj(level=1)
    total = 0
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            total += len(deflate.compress(chunk))
    return total + len(deflate.flush())


def _sparsity(model: Model, reached: Mapping[LayerId, float]) -> float:
    total = sum(layer.weight_params for layer in model.prunable)
    zeros = sum(
        reached.get(layer.id, 1 - layer.density) * layer.weight_params for layer in model.prunable
    )
    return zeros / total if total else 0.0
