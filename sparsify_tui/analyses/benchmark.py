"""Optimizations beside the original: engines × batches × threads × streams, then quality."""

from __future__ import annotations

import math
import tempfile
import time
import zlib
from collections.abc import Generator, Iterable, Iterator, Sequence
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
from sparsify_tui.core.model import Model
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.project import BenchmarkRun, MeasuredModel
from sparsify_tui.core.protocols import Partial, Progress
from sparsify_tui.core.repaired import LayerWeight
from sparsify_tui.core.runs import without_case
from sparsify_tui.core.verdicts import against_original, why_not_optimized
from sparsify_tui.engines import engine_of
from sparsify_tui.errors import ModelError
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
    *,
    options: dict[str, Any],
    models: list[dict[str, Any]],
    request: dict[str, Any],
    name: str,
    so_far: dict[str, Any] | None = None,
) -> Generator[Progress | Partial, None, BenchmarkRun]:
    """Builds and scores every changed model, then measures all cases in one queue.

    Yields what it has before the first case, and after each.

    Args:
        options: How the model is fed and run.
        models: What is done to it, for each optimization.
        request: What was asked for, threads resolved.
        name: Of the stored benchmark.
        so_far: A benchmark of the same that ended early; its cases are not measured again.

    Raises:
        ModelError: No case can be measured; why the last could not.
    """
    yield Progress(done=0, total=1, item="reading the model")
    opened = open_model(value_from(options, RunOptions))
    asked = value_from(request, BenchmarkRequest)
    cases = _cases(opened, asked)
    with opened.named_guesses(), tempfile.TemporaryDirectory() as folder:
        changed = tuple(_unique(value_from(model, ChangedModel) for model in models))
        built = yield from _build(opened, changed, Path(folder))
        if so_far is None:
            yield Progress(done=0, total=len(cases), item="scoring the outputs")
            run = replace(_unmeasured(opened, asked, built, cases, Path(folder)), name=name)
        else:
            run = value_from(so_far, BenchmarkRun)
        return (yield from _measure(opened, run, asked, built))


def _unmeasured(
    opened: Opened,
    asked: BenchmarkRequest,
    built: Sequence[_Built],
    cases: tuple[Case, ...],
    folder: Path,
) -> BenchmarkRun:
    """All that a benchmark holds besides its runs."""
    scorer = Scorer(opened, asked.metric)
    original = folder / "original" / "model.onnx"
    original.parent.mkdir()
    write_model(opened.loaded.proto, original)
    return BenchmarkRun(
        id=new_id(),
        name="",
        created=now(),
        model_digest=opened.model.sha256,
        environment=opened.environment,
        inputs=opened.samples.source,
        models=tuple(_measured(opened, one, scorer) for one in built),
        runs=(),
        comparisons=(),
        original_bytes=folder_size(original.parent),
        original_compressed_bytes=compressed_size(original.parent),
        request=asked,
        cases=cases,
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
    opened: Opened, run: BenchmarkRun, asked: BenchmarkRequest, built: Sequence[_Built]
) -> Generator[Progress | Partial, None, BenchmarkRun]:
    """One queue over the cases that are left; a case that fails is told, and the next one runs."""
    engines = [engine_of(name) for name in asked.engines]
    original = Entrant(name=BASELINE, file=Path(opened.options.path))
    entrants = (original, *(one.entrant for one in built))
    works = len(engines) * len(entrants)
    each_s = asked.seconds * max(1.0, works / 2) + _LOADING_S * works
    first, total, failure = run.cases_done, len(run.cases), None
    start = time.perf_counter()
    yield Partial(value=run)
    for at in range(first, total):
        timing = time_case(opened, engines, entrants, run.cases[at], asked.seconds)
        later_s = each_s * (total - at - 1)
        try:
            part = as_part(timing, at, total, expected_s=each_s, later_s=later_s)
            run = _with_case(run, built, (yield from part))
        except ModelError as error:
            run, failure = without_case(run, error.message), error
        yield Partial(value=run)
        each_s = (time.perf_counter() - start) / (at - first + 1)
    if failure is not None and not run.runs:
        raise failure
    return run


def _with_case(run: BenchmarkRun, built: Sequence[_Built], result: CaseResult) -> BenchmarkRun:
    """The same with one case more, and what may be said of each model after it."""
    more = replace(
        run,
        runs=(*run.runs, *result.runs),
        comparisons=(*run.comparisons, *result.comparisons),
        problems=(*run.problems, *result.problems),
        cases_done=run.cases_done + 1,
    )
    judged = (
        replace(model, note=_note(more, one.changed))
        for model, one in zip(run.models, built, strict=True)
    )
    return replace(more, models=tuple(judged))


def _note(run: BenchmarkRun, changed: ChangedModel) -> str:
    own = [one for _, b, one in against_original(run) if b.optimization == changed.name]
    lacking = sum(not one.optimization for one in run.runs) - len(own)
    said = why_not_optimized(own, is_pruned_only=is_pruned_only(changed.changes))
    return said or ("not shown to be faster: it did not run in every case" if lacking else "")


def _measured(opened: Opened, built: _Built, scorer: Scorer) -> MeasuredModel:
    file, reached = built.entrant.file, built.reached
    return MeasuredModel(
        optimization=built.changed.name,
        sparsity=_sparsity(opened.model, reached.weights),
        int8_layers=len(reached.int8),
        file_bytes=folder_size(file.parent),
        compressed_bytes=compressed_size(file.parent),
        metrics=scorer.changes(file),
        note=why_not_optimized((), is_pruned_only=is_pruned_only(built.changed.changes)),
        channels=reached.channels,
        repaired=reached.repaired,
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


def _sparsity(model: Model, changed: Iterable[LayerWeight]) -> float:
    """Zeros among all prunable weights that are left."""
    stored = {layer.id: (layer.weight_params, 1 - layer.density) for layer in model.prunable}
    stored |= {one.id: (math.prod(one.shape), one.sparsity) for one in changed}
    total = sum(size for size, _ in stored.values())
    return sum(size * share for size, share in stored.values()) / total if total else 0.0
