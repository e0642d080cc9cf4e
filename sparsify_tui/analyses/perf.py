"""Where the time goes: end to end without the profiler, and layer by layer with it."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

from sparsify_tui.analyses.clock import time_runs, warm_up
from sparsify_tui.analyses.opened import Opened, open_model
from sparsify_tui.codec import value_from
from sparsify_tui.core.model import LayerId, Model
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.profile import LayerTime, OtherTime, PerfProfile
from sparsify_tui.core.protocols import KernelTime, Progress
from sparsify_tui.core.timing import Timing, summarize_runs
from sparsify_tui.identity import new_id, now
from sparsify_tui.onnxio.owners import Owner, kernel_owner
from sparsify_tui.onnxio.rewrite import name_nodes_by_output, write_model

PROFILED_RUNS = 20
"""With the minimum of 20 runs a node's time is within 3 %, even on a loaded machine."""
_STEPS = 4


def profile_performance(
    *, options: dict[str, Any], name: str, seconds: float
) -> Generator[Progress, None, PerfProfile]:
    """Measures the model end to end, then profiles it and charges each kernel to its layer.

    The profiler costs time at every node, so the two use sessions of their own.

    Args:
        options: How the model is fed and run.
        name: Of the stored profile.
        seconds: Least time of the whole runs.
    """
    yield Progress(done=0, total=_STEPS, item="reading the model")
    opened = open_model(value_from(options, RunOptions))
    feeds = opened.feeds(opened.batch)
    with opened.named_guesses(), tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "named.onnx"
        write_model(name_nodes_by_output(opened.loaded.proto), file)
        yield Progress(done=1, total=_STEPS, item="warming up")
        threads = opened.options.threads
        session = opened.engine.open(file, threads=threads)
        cold_ms = warm_up(lambda: session.run(feeds))
        laps = yield from time_runs(lambda: session.run(feeds), "timing whole runs", seconds)
        yield Progress(done=3, total=_STEPS, item=f"profiling {PROFILED_RUNS} runs")
        profiled = opened.engine.open(file, threads=threads, profiled=True)
        kernels = profiled.kernel_times(feeds, PROFILED_RUNS)
    total = summarize_runs(laps.samples_ms, batch=opened.batch, busy=laps.busy)
    return _profile(opened, name, total, cold_ms, kernels)


def _profile(
    opened: Opened, name: str, total: Timing, cold_ms: float, kernels: Iterable[KernelTime]
) -> PerfProfile:
    owner = kernel_owner(opened.loaded, opened.model)
    charged, others = _charge(kernels, owner)
    prunable = opened.model.prunable
    found = sum(1 for layer in prunable if layer.id in charged)
    return PerfProfile(
        id=new_id(),
        name=name,
        created=now(),
        model_digest=opened.model.sha256,
        batch=opened.batch,
        environment=opened.environment,
        inputs=opened.samples.source,
        total=total,
        cold_ms=cold_ms,
        layers=_layer_times(opened.model, charged, total.min_ms),
        others=others,
        coverage=found / len(prunable) if prunable else 1.0,
    )


def _charge(
    kernels: Iterable[KernelTime], owner: Owner
) -> tuple[dict[LayerId, float], tuple[OtherTime, ...]]:
    charged: dict[LayerId, float] = defaultdict(float)
    others = []
    for kernel in kernels:
        layer = owner(kernel.name, kernel.op_type)
        if layer is None:
            others.append(OtherTime(name=kernel.name, op_type=kernel.op_type, ms=kernel.ms))
        else:
            charged[layer] += kernel.ms
    return dict(charged), tuple(others)


def _layer_times(
    model: Model, charged: dict[LayerId, float], whole_ms: float
) -> tuple[LayerTime, ...]:
    return tuple(
        LayerTime(
            id=layer.id,
            ms=charged.get(layer.id),
            share=charged[layer.id] / whole_ms if layer.id in charged else None,
        )
        for layer in model.layers
    )
