"""Where the time goes: end to end without the profiler, and layer by layer with it."""

from __future__ import annotations

import math
import tempfile
from collections import defaultdict
from collections.abc import Generator, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from sparsify_tui.analyses.clock import Laps, lap, time_in_rounds, warm_up
from sparsify_tui.analyses.opened import Opened, open_model
from sparsify_tui.codec import value_from
from sparsify_tui.core.model import LayerId, Model
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.profile import LayerTime, OtherTime, PerfProfile
from sparsify_tui.core.protocols import Engine, Feeds, KernelTime, Progress
from sparsify_tui.core.timing import Timing, summarize_runs
from sparsify_tui.identity import new_id, now
from sparsify_tui.onnxio.blank import INPUT, blank_chain
from sparsify_tui.onnxio.owners import Owner, kernel_owner
from sparsify_tui.onnxio.rewrite import name_nodes_by_output, write_model

FEWEST_PROFILED_RUNS = 20
"""With the minimum of 20 runs a node's time is within 3 %, even on a loaded machine."""
_MOST_PROFILED_RUNS = 200
_PROFILED_S = 3.0
_ROUNDS = 10
_BLANK_KERNELS = 200
_BLANK_RUNS = 20


def profile_performance(
    *, options: dict[str, Any], name: str, seconds: float
) -> Generator[Progress, None, PerfProfile]:
    """Measures the model end to end and kernel by kernel, and charges kernels to their layers.

    The profiler costs time at every kernel, so the two use sessions of their own, in rounds.
    What it costs is measured on kernels that do nothing, and taken off every kernel.

    Args:
        options: How the model is fed and run.
        name: Of the stored profile.
        seconds: Least time of the whole runs.
    """
    yield Progress(done=0, total=1, item="reading the model")
    opened = open_model(value_from(options, RunOptions))
    feeds = opened.feeds(opened.batch)
    with opened.named_guesses(), tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "named.onnx"
        write_model(name_nodes_by_output(opened.loaded.proto), file)
        yield Progress(done=0, total=1, item="warming up")
        session = opened.engine.open(file, threads=opened.options.threads)
        cold_ms = warm_up(lambda: session.run(feeds))
        profiled = Profiled(opened.engine, file, opened.options.threads, feeds)
        cost = ProfilerCost(opened.engine, opened.options.threads, Path(folder))

        def profile_a_round(laps: Laps) -> None:
            profiled.run_round(laps)
            cost.run_round()

        laps = yield from time_in_rounds(
            lambda: session.run(feeds), profile_a_round, _ROUNDS, "timing and profiling", seconds
        )
        cost_ms = cost.per_kernel_ms()
    total = summarize_runs(laps.samples_ms, batch=opened.batch, busy=laps.busy)
    kernels = [
        replace(kernel, ms=max(kernel.ms - cost_ms, 0.0)) for kernel in profiled.kernel_times()
    ]
    return replace(_profile(opened, name, total, cold_ms, kernels), profiler_cost_ms=cost_ms)


class Profiled:
    """A session with the profiler on, run a little in each round; first runs do not count."""

    def __init__(self, engine: Engine, file: Path, threads: int, feeds: Feeds) -> None:
        self._session = engine.open(file, threads=threads, profiled=True)
        self._feeds = feeds
        self._runs = 0
        self._counted: list[int] = []

    def run_round(self, laps: Laps) -> None:
        """As many runs as fit a share of the time, and at least a share of 20."""
        fitting = round(_PROFILED_S / _ROUNDS / (median(laps.samples_ms) / 1e3))
        least, most = FEWEST_PROFILED_RUNS // _ROUNDS, _MOST_PROFILED_RUNS // _ROUNDS
        runs = 1 + min(max(fitting, least), most)
        for _ in range(runs):
            self._session.run(self._feeds)
        self._counted += range(self._runs + 1, self._runs + runs)
        self._runs += runs

    def kernel_times(self) -> tuple[KernelTime, ...]:
        """The minimum of each kernel."""
        return self._session.kernel_times(self._counted)


class ProfilerCost:
    """What the profiler adds to each kernel, from a chain of kernels that do nothing.

    It is the difference between the sum of their profiled minima and the fastest unprofiled
    run, over their number. It is taken in the same rounds as the model, since a machine that
    changes its clock changes this, too.
    """

    def __init__(self, engine: Engine, threads: int, folder: Path) -> None:
        file = folder / "blank.onnx"
        write_model(blank_chain(_BLANK_KERNELS), file)
        self._feeds = {INPUT: np.ones(1, dtype=np.float32)}
        self._session = engine.open(file, threads=threads)
        self._profiled = Profiled(engine, file, threads, self._feeds)
        self._fastest_ms = math.inf

    def run_round(self) -> None:
        """Some runs without the profiler, and some with it."""
        work = partial(self._session.run, self._feeds)
        laps = Laps(samples_ms=tuple(lap(work) for _ in range(_BLANK_RUNS)), busy=1.0)
        self._fastest_ms = min(self._fastest_ms, *laps.samples_ms)
        self._profiled.run_round(laps)

    def per_kernel_ms(self) -> float:
        """Milliseconds a kernel, never below 0."""
        added = sum(kernel.ms for kernel in self._profiled.kernel_times()) - self._fastest_ms
        return max(added / _BLANK_KERNELS, 0.0)


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
