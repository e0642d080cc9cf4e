"""The pruned model against the original, in turn on this machine, with its quality."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sparsify_tui.analyses.apply import (
    all_finite,
    folder_size,
    outputs_of_both,
    run_all,
    wanted_levels,
)
from sparsify_tui.analyses.clock import time_in_turn, warm_up
from sparsify_tui.analyses.opened import Opened, open_model
from sparsify_tui.codec import value_from
from sparsify_tui.core.estimate import Estimate
from sparsify_tui.core.model import LayerId, Model
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.project import BenchmarkRun, Comparison, MetricChange, Run
from sparsify_tui.core.protocols import Progress
from sparsify_tui.core.sensitivity import disagreement, relative_error, top1
from sparsify_tui.core.timing import compare_pairs, judge, summarize_runs
from sparsify_tui.identity import new_id, now
from sparsify_tui.onnxio.rewrite import prune_layers, write_model

BASELINE = "original"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One batch and thread count."""

    batch: int
    threads: int


def benchmark_optimization(
    *,
    options: dict[str, Any],
    levels: dict[str, float],
    label: str,
    name: str,
    cases: list[list[int]],
    seconds: float,
) -> Generator[Progress, None, BenchmarkRun]:
    """Measures each case interleaved, then the metric.

    Args:
        options: How the model is fed and run.
        levels: Sparsity by layer id.
        label: What the changed model is called in the result.
        name: Of the stored benchmark.
        cases: Pairs of batch and threads.
        seconds: Least time of each comparison.
    """
    yield Progress(done=0, total=1, item="reading the model")
    opened = open_model(value_from(options, RunOptions))
    for batch, _ in cases:
        opened.check_batch(batch)
    runs: list[Run] = []
    comparisons: list[Comparison] = []
    proto, reached = prune_layers(opened.loaded, opened.model, wanted_levels(levels))
    with opened.named_guesses(), tempfile.TemporaryDirectory() as folder:
        original, changed = Path(folder, "a", "model.onnx"), Path(folder, "b", "model.onnx")
        for model, file in ((opened.loaded.proto, original), (proto, changed)):
            file.parent.mkdir()
            write_model(model, file)
        for batch, threads in cases:
            case = Case(batch=opened.fixed_batch or batch, threads=threads)
            pair, comparison = yield from _compare(opened, changed, case, label, seconds)
            runs += pair
            comparisons.append(comparison)
        yield Progress(done=1, total=2, item="scoring the outputs")
        metric = measure_metric(opened, changed)
        size, squeezed = folder_size(changed.parent), compressed_size(changed.parent)
        original_squeezed = compressed_size(original.parent)
    return BenchmarkRun(
        id=new_id(),
        name=name,
        created=now(),
        model_digest=opened.model.sha256,
        optimization=label,
        environment=opened.environment,
        inputs=opened.samples.source,
        runs=tuple(runs),
        comparisons=tuple(comparisons),
        metric=metric,
        sparsity=_sparsity(opened.model, reached),
        file_bytes=size,
        compressed_bytes=squeezed,
        original_compressed_bytes=original_squeezed,
    )


def _compare(
    opened: Opened, changed: Path, case: Case, label: str, seconds: float
) -> Generator[Progress, None, tuple[list[Run], Comparison]]:
    feeds = opened.feeds(case.batch)
    files = (Path(opened.options.path), changed)
    sessions = [opened.engine.open(file, threads=case.threads, in_turn=True) for file in files]
    works = [partial(session.run, feeds) for session in sessions]
    for work in works:
        warm_up(work)
    item = f"batch {case.batch}, {case.threads} threads"
    laps = yield from time_in_turn(works[0], works[1], item, seconds)
    names = (_label(BASELINE, case), _label(label, case))
    runs = [
        Run(
            label=name,
            engine=opened.engine.name,
            batch=case.batch,
            threads=case.threads,
            timing=summarize_runs(lap.samples_ms, batch=case.batch, busy=lap.busy),
        )
        for name, lap in zip(names, laps, strict=True)
    ]
    ratio = compare_pairs(laps[0].samples_ms, laps[1].samples_ms)
    comparison = Comparison(
        a=names[0],
        b=names[1],
        ratio=Estimate(value=ratio.value, low=ratio.low, high=ratio.high, basis="measured"),
        verdict=judge(ratio, trusted=all(run.timing.trusted for run in runs)),
    )
    return runs, comparison


def _label(name: str, case: Case) -> str:
    return f"{name} b{case.batch} t{case.threads}"


def measure_metric(opened: Opened, changed: Path) -> MetricChange | None:
    """Top-1 before and after with labels; else how far the outputs agree, on up to 64 samples.

    None when there is nothing to say: the outputs are not finite, or hold no floats.
    """
    labels = opened.samples.labels
    if labels is not None and labels.ndim == 1:
        threads = opened.options.threads
        before, after = (
            run_all(opened, opened.engine.open(file, threads=threads))
            for file in (Path(opened.options.path), changed)
        )
        if before[0].ndim == 2 and len(before[0]) == len(labels):
            return MetricChange(
                name="top-1", before=top1(before, labels), after=top1(after, labels)
            )
    base, outputs = outputs_of_both(opened, changed)
    if not all_finite((*base, *outputs)):
        return None
    first = next((array for array in base if array.dtype.kind == "f"), None)
    if first is None:
        return None
    if first.ndim >= 2 and first.shape[-1] > 1:
        return MetricChange(name="agreement", before=1.0, after=1 - disagreement(base, outputs))
    return MetricChange(name="output error", before=0.0, after=relative_error(base, outputs))


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
