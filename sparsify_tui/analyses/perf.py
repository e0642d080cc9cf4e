"""Where the time goes: end to end without the profiler, and layer by layer with it."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sparsify_tui.analyses.channels.lanes import ChannelResult, measure_channels
from sparsify_tui.analyses.clock import Laps, time_in_rounds, warm_up
from sparsify_tui.analyses.int8 import Int8Result, measure_int8
from sparsify_tui.analyses.int8_rows import Int8Row
from sparsify_tui.analyses.kernels import Charge, Profiled, ProfilerCost, charge_kernels
from sparsify_tui.analyses.opened import Opened, open_model
from sparsify_tui.codec import value_from
from sparsify_tui.core.model import Layer, LayerId
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.profile import LayerTime, PerfProfile
from sparsify_tui.core.protocols import KernelTime, Progress
from sparsify_tui.core.timing import summarize_runs
from sparsify_tui.engines.peak import PeakMeter
from sparsify_tui.identity import new_id, now
from sparsify_tui.onnxio.blank import INPUT, matrix_product
from sparsify_tui.onnxio.owners import idle_layers
from sparsify_tui.onnxio.rewrite import name_nodes_by_output, write_model

_ROUNDS = 10
_PRODUCT_SIZE = 1024
"""Of the matrices whose product tells the peak: large enough to be limited by arithmetic."""


def profile_performance(
    *, options: dict[str, Any], name: str, seconds: float, int8: bool, channels: bool
) -> Generator[Progress, None, PerfProfile]:
    """Measures the model end to end and kernel by kernel, and charges kernels to their layers.

    The profiler costs time at every kernel, so the two use sessions of their own, in rounds.
    What it costs is measured on kernels that do nothing, and taken off every kernel.

    Args:
        options: How the model is fed and run.
        name: Of the stored profile.
        seconds: Least time of the whole runs.
        int8: Whether the int8 lane is measured, too.
        channels: Whether the channel lanes are measured, too.
    """
    yield Progress(done=0, total=1, item="reading the model")
    opened = open_model(value_from(options, RunOptions))
    with opened.named_guesses(), tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        meter = _peak_meter(opened, folder)
        cold_ms, laps, kernels, cost_ms = yield from _run(opened, folder, seconds, meter)
        lane = (yield from measure_int8(opened, folder, seconds, kernels)) if int8 else None
        narrow = (yield from measure_channels(opened, folder, seconds)) if channels else None
    total = summarize_runs(laps.samples_ms, batch=opened.batch, gauge=laps.gauge)
    charged, others = charge_kernels(kernels, opened.loaded, opened.model)
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
        layers=_layer_times(opened, charged, lane, narrow, total.min_ms),
        others=others,
        coverage=_coverage(opened, kernels, charged),
        profiler_cost_ms=cost_ms,
        peak=meter.peak(),
        int8=None if lane is None else lane.lane,
        channels=None if narrow is None else narrow.lanes,
    )


def _run(
    opened: Opened, folder: Path, seconds: float, meter: PeakMeter
) -> Generator[Progress, None, tuple[float, Laps, tuple[KernelTime, ...], float]]:
    """The first run, the unprofiled runs, the kernels, and what the profiler costs at each."""
    threads, feeds = opened.options.threads, opened.feeds(opened.batch)
    file = folder / "named.onnx"
    write_model(name_nodes_by_output(opened.loaded.proto), file)
    yield Progress(done=0, total=1, item="warming up")
    session = opened.engine.open(file, threads=threads)
    cold_ms = warm_up(lambda: session.run(feeds))
    profiled = Profiled(opened.engine, file, threads, feeds, rounds=_ROUNDS)
    cost = ProfilerCost(opened.engine, threads, folder, rounds=_ROUNDS)

    def profile_a_round(_: Laps) -> None:
        profiled.run_round()
        cost.run_round()
        meter.run_round()

    laps = yield from time_in_rounds(
        lambda: session.run(feeds), profile_a_round, _ROUNDS, "timing and profiling", seconds
    )
    cost_ms = cost.per_kernel_ms()
    return cold_ms, laps, profiled.kernel_times(cost_ms), cost_ms


def _coverage(
    opened: Opened, kernels: Sequence[KernelTime], charged: Mapping[LayerId, Charge]
) -> float:
    """Share of the prunable layers that ran and have a time; 1 where none ran."""
    names = [(kernel.name, kernel.op_type) for kernel in kernels]
    idle = idle_layers(opened.loaded, opened.model, names)
    ran = [layer.id for layer in opened.model.prunable if layer.id not in idle]
    return sum(one in charged for one in ran) / len(ran) if ran else 1.0


def _peak_meter(opened: Opened, folder: Path) -> PeakMeter:
    """Of the roofline's two limits, in the engine that the layers are timed in."""
    file = folder / "product.onnx"
    write_model(matrix_product(_PRODUCT_SIZE), file)
    ones = np.ones((_PRODUCT_SIZE, _PRODUCT_SIZE), dtype=np.float32)
    return PeakMeter(
        opened.engine,
        file,
        flops=2 * _PRODUCT_SIZE**3,
        feeds={INPUT: ones},
        threads=opened.options.threads,
    )


def _layer_times(
    opened: Opened,
    charged: Mapping[LayerId, Charge],
    lane: Int8Result | None,
    narrow: ChannelResult | None,
    whole_ms: float,
) -> tuple[LayerTime, ...]:
    rows = {} if lane is None else lane.rows
    times = tuple(
        _layer_time(opened, layer, charged.get(layer.id), rows.get(layer.id, Int8Row()), whole_ms)
        for layer in opened.model.layers
    )
    narrowed = {} if narrow is None else narrow.layer_ms
    return tuple(replace(time, channel_ms=narrowed.get(time.id, ())) for time in times)


def _layer_time(
    opened: Opened, layer: Layer, charge: Charge | None, int8: Int8Row, whole_ms: float
) -> LayerTime:
    return LayerTime(
        id=layer.id,
        ms=None if charge is None else charge.ms,
        share=None if charge is None else charge.ms / whole_ms,
        flops=None if layer.flops is None else round(layer.flops * _items(opened)),
        bytes=None if charge is None else _moved_bytes(layer, charge),
        kernel="" if charge is None else charge.kernel,
        int8_ms=int8.ms,
        int8_kernel=int8.kernel,
        int8_note=int8.note,
    )


def _moved_bytes(layer: Layer, charge: Charge) -> int | None:
    """Weights, inputs and outputs, each moved once."""
    if charge.bytes is None:
        return None
    return charge.bytes + layer.params * np.dtype(layer.dtype).itemsize


def _items(opened: Opened) -> float:
    """Batch over the one that FLOPs were counted for."""
    first = next((spec.shape[0] for spec in opened.model.assumed if spec.shape), 1)
    return opened.batch / int(first)
